//! The promise that no secret leaves its place: whole runs of the station at the most talkative level of the log, and then a
//! search of everything that they left behind, said, or showed of themselves while they ran.

mod demo;
mod job_file;

#[path = "../support/files.rs"]
mod files;
#[expect(dead_code, reason = "these tests need a part of the station's support")]
#[path = "../support/line.rs"]
mod line;
#[path = "../support/spellings.rs"]
mod spellings;

use std::path::Path;
use std::sync::Arc;

use keyline::adapter::ledger::{Identities, Prompt, SqliteLedger, open_pins};
use keyline::domain::pin::Pin;
use keyline::port::Ledger as _;
use zeroize::Zeroizing;

use spellings::Secret;

/// Every PIN that the ledger at `path` keeps, opened with the recovery identity.
fn pins(path: &Path, identity: &Path) -> Vec<(String, Pin)> {
    let ledger = SqliteLedger::open_reader(path).expect("a ledger");
    let identities = Identities::read(identity, Arc::new(Nobody)).expect("an identity");
    let jobs = ledger.jobs(None).expect("jobs");
    let opened = jobs.iter().flat_map(|record| {
        let opened = open_pins(&ledger, record.job.id, &identities).expect("sealed PINs");
        opened
            .into_iter()
            .map(|pin| (format!("the PIN of job {}", record.job.id), pin.pin))
    });
    opened.collect()
}

fn as_secrets(pins: &[(String, Pin)]) -> Vec<Secret> {
    pins.iter()
        .map(|(name, pin)| Secret::new(name, pin.reveal()))
        .collect()
}

/// Where any of `secrets` stands in the files below `folder`, but for those that `may` hold secrets.
fn leaks(folder: &Path, secrets: &[Secret], may: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in files::below(folder) {
        if !path.is_file() || may(&path) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        found.extend(leaks_in(&path.display().to_string(), &bytes, secrets));
        // A name is content as well.
        let name = path.file_name().expect("a name").as_encoded_bytes();
        found.extend(leaks_in(
            &format!("the name of {}", path.display()),
            name,
            secrets,
        ));
    }
    found
}

fn leaks_in(place: &str, bytes: &[u8], secrets: &[Secret]) -> Vec<String> {
    secrets
        .iter()
        .filter_map(|secret| {
            let how = secret.found_in(bytes)?;
            Some(format!("{} ({how}) in {place}", secret.name))
        })
        .collect()
}

struct Nobody;

impl Prompt for Nobody {
    fn say(&self, _message: &str) {}

    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn ask(&self, _question: &str) -> Option<String> {
        None
    }

    fn ask_secret(&self, _question: &str) -> Option<Zeroizing<String>> {
        None
    }
}
