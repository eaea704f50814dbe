//! What this computer has for the preflight: the offline check's findings, printer, USB keys, readers, disks, ledger. Changes
//! nothing, holds no lock.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::ctap::keys::{ReaderChoice, survey};
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system;
use crate::app::preflight::{
    DiskFacts, Grade, LedgerHealth, Models, ReaderFacts, StationFacts, Topic, UsbFacts,
};
use crate::domain::fault::Fault;
use crate::port::TrialBook as _;
use crate::wire::config::Config;
use crate::wire::preflight::{self, Findings};
use crate::wire::{metadata, station};

/// Everything but the tenant, and the models that the policies list.
pub(super) fn look(config: &Config) -> (StationFacts, Models) {
    let parts = preflight::take_apart(config);
    let mut told = Vec::new();
    for (topic, found) in [
        (Topic::Configuration, &parts.settings),
        (Topic::Configuration, &parts.folders),
        (Topic::Printer, &parts.printer),
        (Topic::Ledger, &parts.ledger),
    ] {
        tell(topic, found, &mut told);
    }
    let (ledger, open_trial) = match read_ledger(config) {
        // The offline check has told why it cannot be read.
        Err(_) if !parts.ledger.objections.is_empty() => (None, None),
        Err(fault) => (Some(Err(fault)), None),
        Ok((health, trial)) => (Some(Ok(health)), trial),
    };
    let models = parts
        .usable
        .by_name
        .iter()
        .map(|(name, policy)| (name.clone(), policy.models.clone()));
    let facts = StationFacts {
        told,
        usable_policies: parts.usable.by_name.len(),
        printer: parts.printer.printer.clone(),
        prints: config.paper.printer.uri().is_some(),
        usb: usb(config),
        readers: readers(config),
        disks: disks(config),
        ledger,
        open_trial,
        // A file that cannot be used was told of by the offline check.
        shelf: metadata::kept(config).load().ok().flatten().map(Arc::new),
    };
    (facts, models.collect())
}

fn tell(topic: Topic, found: &Findings, told: &mut Vec<(Topic, Grade, String)>) {
    for (topic, grade, texts) in [
        (topic, Grade::Stop, &found.objections),
        (Topic::Policies, Grade::Stop, &found.policies),
        (topic, Grade::Warning, &found.warnings),
    ] {
        told.extend(texts.iter().map(|text| (topic, grade, text.clone())));
    }
}

type Ledger = (LedgerHealth, Option<crate::port::Trial>);

fn read_ledger(config: &Config) -> Result<Ledger, Fault> {
    let path = config.path(&config.ledger.file);
    let ledger = SqliteLedger::open_reader(&path)?;
    ledger.look_over()?;
    let anchor = ledger.anchor()?;
    let health = LedgerHealth {
        jobs: usize::try_from(ledger.counts()?.jobs).unwrap_or(usize::MAX),
        rows: anchor.row,
        signed: anchor.checkpoint.map(|last| (last.row, last.at)),
        in_use: SqliteLedger::is_in_use(&path)?,
    };
    Ok((health, ledger.open_trial()?))
}

fn usb(config: &Config) -> UsbFacts {
    let watched = config.slots.hid;
    let nodes = if watched {
        survey::usb_nodes()
    } else {
        Ok(Vec::new())
    };
    let shown = |node: survey::UsbNode| (node.node.display().to_string(), node.reachable);
    UsbFacts {
        watched,
        nodes: nodes.map(|nodes| nodes.into_iter().map(shown).collect()),
        rule: survey::installed_rule().map(|path| path.display().to_string()),
        all_powerful: rustix::process::geteuid().is_root(),
    }
}

fn readers(config: &Config) -> ReaderFacts {
    let choice = station::reader_choice(config);
    let watched = choice != ReaderChoice::None;
    ReaderFacts {
        watched,
        alone: !config.slots.hid,
        found: if watched {
            survey::readers(&choice)
        } else {
            Ok((Vec::new(), 0))
        },
    }
}

/// The disks that the station writes to, each once.
fn disks(config: &Config) -> Vec<DiskFacts> {
    let ledger = config.path(&config.ledger.file);
    let mut places = vec![
        ("the ledger", ledger.parent().map(Path::to_owned)),
        ("the queue", Some(config.path(&config.queue.folder))),
        ("the log", Some(config.path(&config.log.folder))),
    ];
    if config.paper.printer.uri().is_none() {
        places.push(("letters", Some(config.path(&config.letters.folder))));
    }
    let mut found: Vec<(u64, DiskFacts)> = Vec::new();
    for (what, folder) in places {
        // A folder that is missing will be made on the disk of the one above it.
        let there = folder
            .as_deref()
            .and_then(|folder| folder.ancestors().find(|path| path.exists()))
            .unwrap_or(Path::new("."));
        let device = there.metadata().map_or(0, |metadata| metadata.dev());
        if let Some((_, disk)) = found.iter_mut().find(|(known, _)| *known == device) {
            disk.places.push(what);
            continue;
        }
        let free_bytes = system::free_bytes(there).map_err(|error| error.to_string());
        let disk = DiskFacts {
            places: vec![what],
            free_bytes,
        };
        found.push((device, disk));
    }
    found.into_iter().map(|(_, disk)| disk).collect()
}
