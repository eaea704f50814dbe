//! What `[metadata]` names: the kept file as the station's models, whose signature is taken, and where a new file comes from.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::adapter::RegularFile;
use crate::adapter::ledger::{SqliteLedger, newest_metadata};
use crate::adapter::mds::{Catalogue, Floors, Kept, MdsFault, Source, Trust};
use crate::adapter::system::SystemClock;
use crate::app::Policies;
use crate::app::board::{Board, News};
use crate::domain::fault::Fault;
use crate::domain::metadata::Signer;
use crate::domain::policy::RevokedModels;
use crate::face::say;
use crate::port::{Clock as _, Keeping, Ledger as _, Models};
use crate::wire::WireFault;
use crate::wire::config::Config;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataSection {
    pub file: PathBuf,
    pub url: Url,
    pub ca_file: PathBuf,
    pub practice_root: PathBuf,
}

/// Bytes. A certificate has a few kilobytes.
const ROOT_BYTES_MAX: u64 = 64 << 10;

/// What the station knows of models, whose ledger this is.
///
/// # Errors
/// When there is a kept file and it cannot be used, or is older than one that was here before.
pub(super) fn catalogue(config: &Config, ledger: &SqliteLedger) -> Result<Catalogue, WireFault> {
    Ok(Catalogue::over(kept(config).not_below(floors(ledger)?))?)
}

/// Why a station does not begin where nothing that counts is kept any more: genuine metadata was here, and a policy refuses what it
/// calls revoked. A file that is gone must not lift what a file that went back does not.
pub(super) fn missed(
    config: &Config,
    floors: Floors,
    in_use: Option<Signer>,
    policies: &Policies,
) -> Option<MdsFault> {
    let refusing = policies
        .by_name
        .iter()
        .find(|(_, policy)| policy.revoked_models == RevokedModels::Refuse);
    match (in_use, floors.of(Signer::Fido), refusing) {
        (None, Some(number), Some((name, _))) => Some(MdsFault::Lost {
            file: config.path(&config.metadata.file).display().to_string(),
            number,
            policy: name.clone(),
        }),
        (Some(_), _, _) | (None, None, _) | (None, Some(_), None) => None,
    }
}

/// Tells log and bench what is to be said of the metadata, and refuses what [`missed`] does.
///
/// # Errors
/// [`MdsFault::Lost`], and those of the ledger.
pub(super) fn begin(
    config: &Config,
    ledger: &SqliteLedger,
    models: &dyn Models,
    policies: &Policies,
    board: &Board,
) -> Result<(), WireFault> {
    let in_use = models.shelf().map(|shelf| shelf.edition.signer);
    match missed(config, floors(ledger)?, in_use, policies) {
        Some(fault) => Err(fault.into()),
        None => Ok(tell(config, ledger, models, board)?),
    }
}

/// Tells log and bench what is to be said of the metadata. Also told again, once a day: it becomes out of date while a station
/// runs.
///
/// # Errors
/// Those of the ledger.
pub(super) fn tell(
    config: &Config,
    ledger: &SqliteLedger,
    models: &dyn Models,
    board: &Board,
) -> Result<(), Fault> {
    for what in warnings(config, ledger, models)? {
        tracing::warn!("{what}");
        board.announce(News::Trouble { what });
    }
    Ok(())
}

/// The highest numbers that were here before.
///
/// # Errors
/// When the ledger cannot be asked.
pub(super) fn floors(ledger: &SqliteLedger) -> Result<Floors, Fault> {
    let mut floors = Floors::default();
    for signer in [Signer::Fido, Signer::Practice] {
        if let Some(number) = newest_metadata(ledger, signer)? {
            floors = floors.with(signer, number);
        }
    }
    Ok(floors)
}

/// What is said where what counts now, signed by `in_use`, is less than what was here before: nothing at all, or a file for
/// practice in the place of a genuine one; and where a file lies there that does not count.
pub(super) fn lost(config: &Config, floors: Floors, in_use: Option<Signer>) -> Vec<String> {
    let before = match in_use {
        Some(Signer::Fido) => None,
        Some(Signer::Practice) => floors.of(Signer::Fido),
        None => {
            let practice = names_practice_root(config).then(|| floors.of(Signer::Practice));
            floors.of(Signer::Fido).or(practice.flatten())
        }
    };
    let file = config.path(&config.metadata.file);
    let left_out = in_use.is_none() && matches!(Kept::at(&file).load(), Ok(Some(_)));
    let left_out = left_out.then(|| say::mds::for_practice(&file.display().to_string()));
    left_out
        .into_iter()
        .chain(before.map(say::mds::lost))
        .collect()
}

/// What is to be said of what is in use, at the bench as well.
///
/// # Errors
/// Those of the ledger.
pub(super) fn warnings(
    config: &Config,
    ledger: &SqliteLedger,
    models: &dyn Models,
) -> Result<Vec<String>, Fault> {
    let shelf = models.shelf();
    let edition = shelf.as_ref().map(|shelf| &shelf.edition);
    let mut told = lost(
        config,
        floors(ledger)?,
        edition.map(|edition| edition.signer),
    );
    let today = SystemClock.now().utc_day();
    told.extend(edition.and_then(|edition| say::mds::stale(edition, today)));
    Ok(told)
}

/// The number that is kept stands in the ledger from now on. An import that was cut off just before that is made up for.
///
/// # Errors
/// Those of the ledger.
pub(super) fn note(catalogue: &Catalogue, ledger: &SqliteLedger) -> Result<(), Fault> {
    let Some(shelf) = catalogue.shelf() else {
        return Ok(());
    };
    let (signer, number) = (shelf.edition.signer, shelf.edition.number);
    if newest_metadata(ledger, signer)?.is_none_or(|newest| newest < number) {
        let keeping = Keeping::Metadata { signer, number };
        ledger.keep(&keeping, "station", SystemClock.now())?;
    }
    Ok(())
}

/// The kept file's place. One that a practice root has signed counts only while such a root is named.
pub(super) fn kept(config: &Config) -> Kept {
    let kept = Kept::at(&config.path(&config.metadata.file));
    if names_practice_root(config) {
        kept
    } else {
        kept.genuine_only()
    }
}

/// Whether the configuration is one of practice, in which models are known by metadata that somebody made for it.
pub(in crate::wire) fn names_practice_root(config: &Config) -> bool {
    !config.metadata.practice_root.as_os_str().is_empty()
}

/// Whose signature is taken: the FIDO Alliance's, or that of a practice root where one is named.
///
/// # Errors
/// When that root cannot be read.
pub(super) fn trust(config: &Config) -> Result<Trust, WireFault> {
    let root = &config.metadata.practice_root;
    if root.as_os_str().is_empty() {
        return Ok(Trust::fido()?);
    }
    Ok(practice(&config.path(root))?)
}

/// Where a new file comes from.
pub(super) fn source(config: &Config) -> Source {
    let metadata = &config.metadata;
    Source {
        url: metadata.url.clone(),
        ca_file: (!metadata.ca_file.as_os_str().is_empty()).then(|| config.path(&metadata.ca_file)),
    }
}

/// What of the section could not work.
pub(super) fn objection(config: &Config) -> Option<String> {
    let why = source(config).objection()?;
    // Without user name and password, which may be a secret.
    let url = &config.metadata.url;
    Some(format!(
        "[metadata] url `{}://{}` {why}",
        url.scheme(),
        url.host_str().unwrap_or("")
    ))
}

fn practice(root: &Path) -> Result<Trust, MdsFault> {
    let pem =
        RegularFile::read(root, ROOT_BYTES_MAX).map_err(|error| MdsFault::files(root, &error))?;
    let pem =
        std::str::from_utf8(&pem).map_err(|_| MdsFault::files(root, &"this is no certificate"))?;
    Trust::practice(pem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;

    fn config(home: &Path, practice_root: &str) -> Config {
        let mut config = Config::parse(&format!(
            "[metadata]\npractice_root = \"{practice_root}\"\n"
        ))
        .expect("it parses");
        config.root = home.to_owned();
        config
    }

    #[test]
    fn metadata_for_practice_in_the_place_of_genuine_metadata_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let config = config(home.path(), "root.pem");
        let floors = Floors::default()
            .with(Signer::Fido, 31)
            .with(Signer::Practice, 7);
        let told = |in_use| lost(&config, floors, in_use).join("\n");
        assert_eq!(told(Some(Signer::Fido)), "");
        for in_use in [Some(Signer::Practice), None] {
            let told = told(in_use);
            assert!(told.contains("Metadata number 31 was here"), "{told}");
        }
        let practice = Floors::default().with(Signer::Practice, 7);
        assert_eq!(lost(&config, practice, Some(Signer::Practice)), [""; 0]);
    }

    #[test]
    fn lost_metadata_stops_a_station_only_where_it_was_genuine_and_a_policy_goes_by_it() {
        let home = tempfile::tempdir().expect("a folder");
        let config = config(home.path(), "");
        let policy = |revoked_models| Policy {
            revoked_models,
            ..Policy::default()
        };
        let policies = |listed: &[(&str, RevokedModels)]| Policies {
            by_name: listed
                .iter()
                .map(|(name, rule)| ((*name).to_owned(), policy(*rule)))
                .collect(),
            default_name: String::new(),
            default_language: String::new(),
        };
        let (lenient, strict) = (
            policies(&[("a", RevokedModels::Warn)]),
            policies(&[("a", RevokedModels::Warn), ("b", RevokedModels::Refuse)]),
        );
        let genuine = Floors::default().with(Signer::Fido, 31);
        let practice = Floors::default().with(Signer::Practice, 7);
        let missed = |floors, in_use, policies| missed(&config, floors, in_use, policies);
        assert_eq!(missed(genuine, Some(Signer::Practice), &strict), None);
        assert_eq!(missed(genuine, None, &lenient), None);
        assert_eq!(missed(practice, None, &strict), None);
        let fault = missed(genuine, None, &strict).expect("it is missed");
        let told = fault.to_string();
        for part in ["number 31", "policy `b`", "keyline mds import FILE"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn a_pipe_in_the_place_of_the_practice_root_is_refused_at_once() {
        let home = tempfile::tempdir().expect("a folder");
        let root = home.path().join("root.pem");
        let owner = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &root, owner).expect("a pipe");
        match practice(&root) {
            Err(MdsFault::Files { place, what }) => {
                assert!(place.ends_with("root.pem"), "{place}");
                assert!(what.contains("it is a pipe"), "{what}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it was read"),
        }
    }
}
