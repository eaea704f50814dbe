//! Everything that a run needs, tried beforehand: `keyline check` on a configuration. Changes nothing, holds no lock, and asks
//! nobody on the network but the printer.

mod sign_in;

use std::collections::BTreeSet;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

use crate::adapter::entra::SecretSource;
use crate::adapter::folder;
use crate::adapter::ledger::{Recipients, SqliteLedger, StationKeys};
use crate::adapter::system::SystemClock;
use crate::app::Policies;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::paper::printer::Concern;
use crate::face::say::{self, fault::message};
use crate::port::{Clock as _, Ledger as _};
use crate::wire::config::{Config, Remedy, Spool};
use crate::wire::{WireFault, metadata, policies, printer, station, stationery, suitability};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// A run would refuse, or fail, for each of these.
    pub(super) objections: Vec<String>,
    /// As `objections`, in policies.
    pub(super) policies: Vec<String>,
    /// Not right here and now, but perhaps right for the service.
    pub(super) warnings: Vec<String>,
    /// How the printer stands, where there is one that answers.
    pub(super) printer: Option<String>,
    /// The names of the policies that can be used.
    pub(super) usable_policies: Vec<String>,
}

/// The same, apart by what it is about.
pub(super) struct Parts {
    pub(super) settings: Findings,
    pub(super) printer: Findings,
    pub(super) ledger: Findings,
    pub(super) folders: Findings,
    /// The policies that can be used.
    pub(super) usable: Policies,
}

/// Tries everything that `config` names.
pub(super) fn examine(config: &Config) -> Findings {
    let parts = take_apart(config);
    let mut all = Findings {
        printer: parts.printer.printer.clone(),
        usable_policies: parts.usable.by_name.keys().cloned().collect(),
        ..Findings::default()
    };
    for part in [parts.settings, parts.printer, parts.ledger, parts.folders] {
        all.objections.extend(part.objections);
        all.policies.extend(part.policies);
        all.warnings.extend(part.warnings);
    }
    all
}

/// As [`examine`], for whoever shows each part by itself.
pub(super) fn take_apart(config: &Config) -> Parts {
    let mut settings = Findings {
        objections: config.check(),
        ..Findings::default()
    };
    let usable = examine_policies(config, &mut settings);
    sign_in::examine(config, &mut settings);
    if let Err(fault) = Recipients::parse(&config.ledger.recipients) {
        settings.objections.push(message(&fault));
    }
    examine_paper(config, &usable, &mut settings);
    examine_metadata(config, &usable, &mut settings);
    let (mut printer, mut ledger) = (Findings::default(), Findings::default());
    examine_printer(config, &mut printer);
    examine_ledger(config, &mut ledger);
    Parts {
        settings,
        printer,
        ledger,
        folders: examine_folders(config),
        usable,
    }
}

fn examine_policies(config: &Config, found: &mut Findings) -> Policies {
    let (policies, faults) = policies::read_all(config);
    for (name, policy) in &policies.by_name {
        let warning = policies::warning(policy);
        found
            .warnings
            .extend(warning.map(|warning| format!("policy `{name}`: {warning}")));
    }
    for fault in faults {
        if fault.remedy == Remedy::MendPolicy {
            found.policies.push(fault.to_string());
        } else {
            found.objections.push(fault.to_string());
        }
    }
    policies
}

fn examine_folders(config: &Config) -> Findings {
    let mut found = Findings::default();
    let queue = config.path(&config.queue.folder);
    found.objections.extend(unusable("[queue] folder", &queue));
    if queue.is_dir() {
        for room in folder::rooms() {
            found
                .objections
                .extend(unusable("[queue] folder", &queue.join(room)));
        }
    }
    for (setting, folder) in [
        ("[letters] folder", &config.letters.folder),
        ("[log] folder", &config.log.folder),
    ] {
        found
            .objections
            .extend(unusable(setting, &config.path(folder)));
    }
    found
}

/// What is known of models. A run that would forget its alarms does not begin; one that never knew any does.
fn examine_metadata(config: &Config, policies: &Policies, found: &mut Findings) {
    // What is wrong with the ledger is told where it is looked at.
    let floors = station::read_ledger(config)
        .ok()
        .and_then(|ledger| metadata::floors(&ledger).ok())
        .unwrap_or_default();
    match metadata::kept(config).not_below(floors).load() {
        Ok(None) => match metadata::missed(config, floors, None, policies) {
            Some(fault) => found.objections.push(format!("[metadata] file: {fault}")),
            None => found.warnings.extend(metadata::lost(config, floors, None)),
        },
        Ok(Some(shelf)) => {
            let signer = Some(shelf.edition.signer);
            found
                .warnings
                .extend(metadata::lost(config, floors, signer));
            let today = SystemClock.now().utc_day();
            found
                .warnings
                .extend(say::mds::stale(&shelf.edition, today));
        }
        Err(fault) => found.objections.push(format!("[metadata] file: {fault}")),
    }
    let section = &config.metadata;
    for (setting, file) in [
        ("ca_file", &section.ca_file),
        ("practice_root", &section.practice_root),
    ] {
        if file.as_os_str().is_empty() {
            continue;
        }
        let file = config.path(file);
        if let Some(why) = unreadable(&file) {
            let told = format!("[metadata] {setting} names {}: {why}", file.display());
            found.objections.push(told);
        }
    }
}

/// The printer's password, and the files and folders that `[paper]` names.
fn examine_paper(config: &Config, policies: &Policies, found: &mut Findings) {
    let paper = &config.paper;
    let before = found.objections.len();
    found.warnings.extend(config.paper_warnings());
    if let Some(source) = &paper.password
        && let Err(why) = source.reveal_as("printer's password")
    {
        match source {
            SecretSource::File(_) => found.objections.push(why),
            SecretSource::Env(_) | SecretSource::Credential(_) => found.warnings.push(why),
        }
    }
    for (setting, file) in config.paper_files() {
        if let Some(why) = unreadable(&file) {
            let why = format!("names {}: {why}", file.display());
            found.objections.push(config.about_paper(setting, &why));
        }
    }
    if let Spool::Folder(folder) = &paper.spool {
        found
            .objections
            .extend(unusable("[paper] spool", &config.path(folder)));
    }
    let templates = config.path(&paper.templates);
    if !paper.templates.as_os_str().is_empty() && !templates.is_dir() {
        let why = format!("names {}, which is no folder", templates.display());
        found.objections.push(config.about_paper("templates", &why));
    }
    // What is missing was told; what is there may still be no font and no logo.
    if found.objections.len() == before
        && config.check_templates().is_empty()
        && let Err(fault) = examine_letters(config, policies, found)
    {
        found
            .objections
            .push(if let WireFault::Config(fault) = &fault {
                fault.what.clone()
            } else {
                fault.to_string()
            });
    }
}

/// Whether letters can be made with all of it.
fn examine_letters(
    config: &Config,
    policies: &Policies,
    found: &mut Findings,
) -> Result<(), WireFault> {
    let composer = stationery::composer(config, stationery::templates(config)?)?;
    let templates = stationery::templates(config)?;
    let asked_for = languages_asked_for(config);
    let unsettable = suitability::examine(config, &templates, composer, policies, &asked_for)?;
    found.objections.extend(unsettable.objections);
    found.policies.extend(unsettable.policies);
    found.warnings.extend(unsettable.warnings);
    Ok(())
}

/// The languages that open jobs name. Of a ledger that cannot be read another part tells.
fn languages_asked_for(config: &Config) -> BTreeSet<String> {
    let ledger = SqliteLedger::open_reader(&config.path(&config.ledger.file));
    let jobs = ledger.and_then(|ledger| ledger.jobs(None));
    jobs.unwrap_or_default()
        .into_iter()
        .filter(|record| !matches!(record.standing, Standing::Done | Standing::Cancelled))
        .filter_map(|record| record.job.request.language)
        .collect()
}

/// What the printer says. One that is away now is no mistake: letters wait for it.
fn examine_printer(config: &Config, found: &mut Findings) {
    // Without its password, which was complained of, it would only say so again.
    if printer::options(config).is_err() {
        return;
    }
    let mut told = |fault: &Fault| {
        if matches!(fault, Fault::PrinterAway { .. }) {
            found.warnings.push(message(fault));
        } else {
            let why = format!("[paper] {}", say::printers::silent(fault));
            found.objections.push(why);
        }
    };
    match printer::ask(config) {
        Ok(None) => {}
        Err(fault) => told(&fault),
        Ok(Some(asked)) => {
            if let Err(fault) = &asked.can_take {
                told(fault);
            }
            let about = &asked.description;
            found.printer = Some(format!("{} ({})", about.uri, say::printers::state(about)));
            let concerns = about.concerns.iter();
            // The configuration itself tells of a way that is in clear.
            let concerns =
                concerns.filter(|concern| !matches!(concern, Concern::Unencrypted { .. }));
            found.warnings.extend(concerns.map(say::printers::concern));
        }
    }
}

/// Why a file cannot be read.
fn unreadable(file: &Path) -> Option<&'static str> {
    let Ok(metadata) = file.metadata() else {
        return Some("there is no such file");
    };
    if !metadata.is_file() {
        return Some("that is no file");
    }
    let readable = accessat(CWD, file, Access::READ_OK, AtFlags::EACCESS).is_ok();
    (!readable).then_some("this user may not read it")
}

/// The ledger, the station's keys, and whether they belong together.
fn examine_ledger(config: &Config, found: &mut Findings) {
    let keys = station::station_keys(config);
    if keys.is_err() {
        let faults = StationKeys::objections(
            &config.path(&config.ledger.keys),
            station::credentials().as_deref(),
        );
        found.objections.extend(faults.iter().map(message));
    }
    let path = config.path(&config.ledger.file);
    match SqliteLedger::open_reader(&path) {
        Ok(ledger) => {
            let faults = ledger.objections(&config.entra.tenant, keys.as_ref().ok());
            found.objections.extend(faults.iter().map(message));
        }
        Err(fault) => found.objections.push(message(&fault)),
    }
    if path.exists() {
        // SQLite keeps files of its own beside the ledger.
        let folder = path.parent().unwrap_or(Path::new("."));
        found.objections.extend(unusable("[ledger] file", folder));
        found.objections.extend(refused(
            "[ledger] file",
            &path,
            Access::READ_OK | Access::WRITE_OK,
        ));
    }
}

/// Why the station could not work in a folder, which may be made when it is missing.
fn unusable(setting: &str, folder: &Path) -> Option<String> {
    let there = folder
        .ancestors()
        .find(|path| path.symlink_metadata().is_ok())
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Some(format!(
            "{setting}: {} cannot be used: {} is no folder",
            folder.display(),
            there.display()
        ));
    }
    let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    refused(setting, there, wanted)
}

fn refused(setting: &str, path: &Path, wanted: Access) -> Option<String> {
    let why = match accessat(CWD, path, wanted, AtFlags::EACCESS) {
        Ok(()) => return None,
        Err(Errno::ACCESS | Errno::PERM) => "this user may not read and write it".to_owned(),
        Err(Errno::ROFS) => "it lies on a disk that is read-only".to_owned(),
        Err(other) => other.to_string(),
    };
    Some(format!("{setting}: {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_missing_can_be_made_unless_a_file_is_in_the_way() {
        let home = tempfile::tempdir().expect("a folder");
        let at = |name: &str| home.path().join(name);
        assert_eq!(unusable("[log] folder", &at("")), None);
        assert_eq!(unusable("[log] folder", &at("a/b/c")), None);
        assert!(!at("a").exists(), "a look makes nothing");
        std::fs::write(at("file"), "").expect("a file");
        for name in ["file", "file/mailers"] {
            let why = unusable("[letters] folder", &at(name)).expect("a file is in the way");
            assert!(why.ends_with("file is no folder"), "{why}");
        }
    }

    #[test]
    fn what_paper_names_is_looked_for_and_told_with_its_line() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("file"), "x").expect("a file");
        let text = "[paper]\nprinter = \"ipps://p/x\"\nca_file = \"ca.pem\"\nspool = \"file\"\nuser = \"anna\"\n\
                    password = { file = \"secret\" }\ntemplates = \"file\"\nfonts = [\"file\", \"cjk.otf\"]\nlogo = \".\"\n";
        let mut config = Config::parse(text).expect("it parses");
        config.root = home.path().to_owned();
        let mut found = Findings::default();
        let (policies, _) = policies::read_all(&config);
        examine_paper(&config, &policies, &mut found);
        let told = found.objections.join("\n");
        for part in [
            "the file secret with the printer's password cannot be read",
            "line 3: [paper] ca_file names",
            "line 8: [paper] fonts names",
            "cjk.otf: there is no such file",
            "line 9: [paper] logo names",
            "that is no file",
            "[paper] spool:",
            "line 7: [paper] templates names",
        ] {
            assert!(told.contains(part), "{part} in:\n{told}");
        }
        assert_eq!(found.objections.len(), 6, "{told}");
        let [spool] = found.warnings.as_slice() else {
            panic!("{:?}", found.warnings);
        };
        assert!(
            spool.contains("line 4: [paper] spool is a folder"),
            "{spool}"
        );
    }
}
