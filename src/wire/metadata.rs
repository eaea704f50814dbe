//! What `[metadata]` names: the kept file as the station's models, whose signature is taken, and where a new file comes from.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::adapter::RegularFile;
use crate::adapter::ledger::{SqliteLedger, newest_metadata};
use crate::adapter::mds::{Catalogue, Floors, Kept, MdsFault, Source, Trust};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::metadata::Signer;
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
    let floors = floors(ledger)?;
    let catalogue = Catalogue::over(kept(config).not_below(floors))?;
    if let Some(shelf) = catalogue.shelf()
        && let Some(stale) = say::mds::stale(&shelf.edition, SystemClock.now().utc_day())
    {
        tracing::warn!("{stale}");
    }
    Ok(catalogue)
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
    let in_use = models.shelf().map(|shelf| shelf.edition.signer);
    Ok(lost(config, floors(ledger)?, in_use))
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
