//! Writing down what belongs to no job: by the running station, or here where none runs. Decides nothing.

use std::path::PathBuf;

use tracing_appender::non_blocking::WorkerGuard;

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::face::control::{self, Answer, Ask};
use crate::face::say::{Complaint, ExitCode};
use crate::port::{Clock, Keeping, Kept, Ledger};
use crate::wire::commands::admin;
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, attend, log, station};

/// Where it is written, found out with the first word.
pub(super) struct Book<'a> {
    config: &'a Config,
    socket: PathBuf,
    /// Held until the last word: no station begins in between.
    ours: Option<(SqliteLedger, WorkerGuard)>,
}

impl<'a> Book<'a> {
    /// A book for this station. Nothing is opened yet.
    ///
    /// # Errors
    /// When the ledger's place cannot be told.
    pub(super) fn of(config: &'a Config) -> Result<Self, Complaint> {
        Ok(Self {
            config,
            socket: attend::socket_path(config)?,
            ours: None,
        })
    }

    /// Writes it down; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it is not, or nobody can tell.
    pub(super) fn keep(&mut self, keeping: Keeping) -> Result<Kept, Complaint> {
        let actor = admin::actor();
        if self.ours.is_none() {
            let asked = Ask::Keep {
                keeping: keeping.clone(),
                actor: actor.clone(),
            };
            match control::ask(&self.socket, &asked)? {
                Some(Answer::Kept { kept }) => return Ok(kept),
                Some(other) => {
                    return Err(other.into_result().err().unwrap_or_else(not_understood));
                }
                None => {}
            }
        }
        let (ledger, _) = match &mut self.ours {
            Some(ours) => ours,
            None => {
                refuse_as_root_for_another(&self.config.path(&self.config.ledger.file))?;
                // What changes something at Entra stands in the log with its request-id.
                let log = log::open(self.config).map_err(WireFault::from)?;
                let ledger = station::open_ledger(self.config)?;
                self.ours.insert((ledger, log))
            }
        };
        Ok(ledger.keep(&keeping, &actor, SystemClock.now())?)
    }
}

fn not_understood() -> Complaint {
    Complaint::new(
        ExitCode::Waiting,
        "The running station answered something else than was asked.",
        "Use the same version of keyline as the station.",
    )
}
