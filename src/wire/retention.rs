//! What is kept only for some days: sealed PINs, personal data, archived job files (`[retention]` of the configuration). The
//! ledger says which jobs are over; the folder removes their files. Never touches a job that is open.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::adapter::folder::Folder;
use crate::adapter::ledger::{Days, SqliteLedger};
use crate::domain::time::Timestamp;
use crate::port::Clock;
use crate::wire::WireFault;
use crate::wire::config::{Config, RetentionSection};
use crate::wire::station::Parts;

const SECONDS_PER_DAY: i64 = 86_400;

/// What was given up at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenUp {
    pub sealed_pins: usize,
    pub people: usize,
    /// Job files in `done/`, `rejected/` and `hold/`, each with its report.
    pub files: usize,
}

/// The rules of one station, and what they are applied to.
pub struct Retention {
    ledger: Arc<SqliteLedger>,
    folder: Arc<Folder>,
    clock: Arc<dyn Clock>,
    rules: RetentionSection,
    actor: String,
}

impl Retention {
    /// The configuration's rules for this station.
    pub fn new(config: &Config, parts: &Parts, actor: &str) -> Self {
        Self {
            ledger: parts.ledger.clone(),
            folder: parts.folder.clone(),
            clock: parts.ports.clock.clone(),
            rules: config.retention,
            actor: actor.to_owned(),
        }
    }

    /// Gives up what is due at `now`. May be repeated.
    ///
    /// # Errors
    /// When the ledger or the folder fail; what was given up by then stays given up.
    pub fn apply(&self, now: Timestamp) -> Result<GivenUp, WireFault> {
        let some = |days: u32| (days > 0).then_some(days);
        let days = Days {
            sealed_pins: some(self.rules.sealed_pins_days),
            personal_data: some(self.rules.personal_data_days),
            archived: some(self.rules.archived_files_days),
        };
        let retained = self.ledger.apply_retention(days, &self.actor, now)?;
        let mut given_up = GivenUp {
            sealed_pins: retained.sealed_pins,
            people: retained.people,
            files: 0,
        };
        if let Some(days) = days.archived {
            let claims: BTreeSet<String> = retained
                .archived
                .into_iter()
                .map(|file| file.claim)
                .collect();
            let before = now.plus_seconds(-SECONDS_PER_DAY * i64::from(days));
            given_up.files = self.folder.expire(&claims, before)?;
        }
        Ok(given_up)
    }

    /// As [`Retention::apply`], now: no job waits for it, so a fault is only logged, and the next day tries again.
    pub fn apply_or_warn(&self) {
        match self.apply(self.clock.now()) {
            Ok(given_up) if given_up == GivenUp::default() => {}
            Ok(given_up) => tracing::info!(
                sealed_pins = given_up.sealed_pins,
                people = given_up.people,
                files = given_up.files,
                "kept no longer"
            ),
            Err(fault) => {
                tracing::warn!(%fault, "what is due could not be given up")
            }
        }
    }
}
