//! Who attends a running station: the terminal with whoever sits at it, and the socket over which other commands reach it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::station::Handle;
use crate::face::control::{self, Erase};
use crate::face::say::{Complaint, news::count};
use crate::face::terminal::{Look, Prompt, Terminal};
use crate::port::{Clock, Operator};
use crate::wire::config::Config;
use crate::wire::station::Parts;

/// The person at the terminal, and what the terminal can do.
pub struct Attendance {
    look: Look,
    prompt: Arc<Prompt>,
}

/// What attends a station while it runs; ends with it.
#[must_use = "the terminal is given back when this is dropped"]
pub struct Attending {
    _terminal: Terminal,
    _socket: control::Server,
}

impl Attendance {
    /// Looks at the terminal.
    pub fn here() -> Self {
        let look = Look::detect();
        Self {
            look,
            prompt: Arc::new(Prompt::new(look.keyboard)),
        }
    }

    /// The operator, for the station's ports.
    pub fn operator(&self) -> Arc<dyn Operator> {
        self.prompt.clone()
    }

    /// Begins to attend a station that is about to run.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn begin(
        &self,
        config: &Config,
        parts: &Parts,
        handle: &Handle,
    ) -> Result<Attending, Complaint> {
        let answer = control::over_station(
            parts.ledger.clone(),
            handle.clone(),
            erasing(parts.ledger.clone()),
        );
        let socket = control::serve(&socket_path(config), answer)?;
        let terminal = Terminal::start(
            parts.board.clone(),
            handle.clone(),
            self.look,
            self.prompt.clone(),
        );
        Ok(Attending {
            _terminal: terminal,
            _socket: socket,
        })
    }
}

/// Where a running station of this configuration listens.
pub fn socket_path(config: &Config) -> PathBuf {
    config.path(&config.ledger.file).with_extension("sock")
}

/// Erasing a person, for whoever holds the ledger.
pub fn erasing(ledger: Arc<SqliteLedger>) -> Erase {
    Arc::new(move |user, actor| {
        let erased = ledger.erase_person(user, actor, SystemClock.now())?;
        Ok(format!(
            "The person is erased: {} name nobody any more, {} are gone. The audit chain still verifies.",
            count(erased.jobs.len(), "job"),
            count(erased.sealed_pins, "sealed PIN")
        ))
    })
}
