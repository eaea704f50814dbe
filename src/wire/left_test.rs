//! What a killed `keyline check --online --enrol-test` left at Entra, seen to by a station that runs: its test passkey goes, or it
//! is certain that there is none. It holds up nothing, and nothing that goes wrong with it stops the station.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::adapter::ctap::software;
use crate::adapter::ledger::SqliteLedger;
use crate::app::Ports;
use crate::app::board::{Board, News};
use crate::app::enrol_test::{self, Settled, Tools};
use crate::domain::fault::Fault;
use crate::face::say;
use crate::port::{CancelFlag, TrialBook as _};
use crate::wire::station::Parts;

/// Between two tries where the tenant did not answer.
const AGAIN: Duration = Duration::from_secs(300);

/// A look at it that is under way; dropped, it ends.
pub(super) struct LeftTest {
    stop: CancelFlag,
    /// Ends a request that hangs.
    waits: CancelFlag,
    thread: Option<JoinHandle<()>>,
}

impl LeftTest {
    /// Begins to see to it, where something was left.
    pub(super) fn begin(parts: &Parts, actor: &str) -> Self {
        let stop = CancelFlag::default();
        let thread = match parts.ledger.open_trial() {
            Ok(None) => None,
            Ok(Some(_)) => {
                let work = Work {
                    ports: parts.ports.clone(),
                    ledger: parts.ledger.clone(),
                    board: parts.board.clone(),
                    actor: actor.to_owned(),
                    stop: stop.clone(),
                };
                std::thread::Builder::new()
                    .name("left test".to_owned())
                    .spawn(move || work.until_settled())
                    .inspect_err(
                        |error| tracing::warn!(%error, "nobody looks after a test passkey"),
                    )
                    .ok()
            }
            Err(fault) => {
                tracing::warn!(fault = %fault.brief(), "whether a test left a passkey cannot be read");
                None
            }
        };
        Self {
            stop,
            waits: parts.cancel.clone(),
            thread,
        }
    }
}

impl Drop for LeftTest {
    fn drop(&mut self) {
        self.stop.cancel();
        let Some(thread) = self.thread.take() else {
            return;
        };
        if !thread.is_finished() {
            // The run is over, and nobody else asks the tenant any more. What it was about to find stays written down.
            self.waits.cancel();
        }
        // A panic there was reported there.
        let _ = thread.join();
    }
}

struct Work {
    ports: Ports,
    ledger: Arc<SqliteLedger>,
    board: Arc<Board>,
    actor: String,
    stop: CancelFlag,
}

impl Work {
    fn until_settled(&self) {
        let tools = Tools {
            relying_party: self.ports.relying_party.as_ref(),
            book: self.ledger.as_ref(),
            clock: self.ports.clock.as_ref(),
            entropy: self.ports.entropy.as_ref(),
            attest: &software::attest,
            cancel: &self.stop,
            actor: &self.actor,
        };
        // Each told once, however often it is looked at.
        let (mut told_open, mut told_fault) = (false, false);
        loop {
            let wait = match enrol_test::settle(&tools) {
                Ok(Settled::Nothing) => return,
                Ok(Settled::Deleted(trial)) => return self.settled(trial.user, true),
                Ok(Settled::NeverAppeared(trial)) => return self.settled(trial.user, false),
                Ok(Settled::NotYet { trial, certain }) => {
                    if !std::mem::replace(&mut told_open, true) {
                        let what = say::preflight::left_open(&trial);
                        self.board.announce(News::Trouble { what });
                    }
                    let left = self.ports.clock.now().millis_until(certain);
                    Duration::from_millis(u64::try_from(left).unwrap_or(0))
                }
                Err(Fault::Cancelled) => return,
                Err(fault) => {
                    tracing::warn!(fault = %fault.brief(), "what a test left is looked at again later");
                    if !std::mem::replace(&mut told_fault, true) {
                        let what = say::preflight::left_unseen(&fault);
                        self.board.announce(News::Trouble { what });
                    }
                    AGAIN
                }
            };
            if !self.ports.clock.wait(wait, &self.stop) {
                return;
            }
        }
    }

    fn settled(&self, user: String, deleted: bool) {
        self.board.announce(News::TestSettled { user, deleted });
    }
}
