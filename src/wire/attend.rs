//! Who attends a running station: the terminal and whoever sits at it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::app::station::Handle;
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::face::say::{news, slot};
use crate::port::{CancelFlag, Operator};
use crate::wire::WireFault;
use crate::wire::config::Config;
use crate::wire::station::Parts;

struct Nobody;

impl Operator for Nobody {
    fn current_pin(&self, _slot: Slot, _person: &str) -> Option<Pin> {
        None
    }
}

/// The person at the terminal.
pub fn operator() -> Arc<dyn Operator> {
    Arc::new(Nobody)
}

/// Shows the board until dropped.
pub struct Terminal {
    stop: CancelFlag,
    thread: Option<JoinHandle<()>>,
}

/// Starts to show the board.
///
/// # Errors
/// When there is no thread for it.
pub fn terminal(_config: &Config, parts: &Parts, _handle: Handle) -> Result<Terminal, WireFault> {
    let stop = CancelFlag::default();
    let (stopped, board) = (stop.clone(), parts.board.clone());
    let thread = std::thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(move || {
            let mut told = std::collections::BTreeMap::new();
            loop {
                let last = stopped.is_cancelled();
                for item in board.take_news() {
                    show(&news::line(&item));
                }
                for (number, view) in board.view().slots {
                    let words = slot::words(number, &view);
                    let line = format!(
                        "slot {}: {} {}",
                        number.0,
                        slot::person(view.case.as_ref()),
                        words.big
                    );
                    if told.get(&number) != Some(&line) {
                        show(&line);
                        told.insert(number, line);
                    }
                }
                if last {
                    return;
                }
                std::thread::sleep(Duration::from_millis(80));
            }
        })
        .map_err(|error| Fault::Internal {
            what: error.to_string(),
        })?;
    Ok(Terminal {
        stop,
        thread: Some(thread),
    })
}

fn show(line: &str) {
    use std::io::Write;
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// After the run: what is in flight no longer is, so nothing of it stays in the files.
pub fn close(parts: &Parts) {
    if let Err(fault) = parts.ledger.tidy() {
        tracing::warn!(%fault, "the ledger could not be tidied");
    }
}
