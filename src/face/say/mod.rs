//! Every word that a person reads from this program: faults with a hint, what the operator is to do, news, exit codes.
//!
//! Letters and job-file complaints have their own words beside their own rules. Nothing in here prints by itself, and no
//! sentence carries a PIN.

pub mod admin;
pub mod audit;
pub mod clean;
pub mod console;
pub mod custody;
pub mod entra;
pub mod exit;
pub mod fault;
pub mod journal;
pub mod keys;
pub mod mds;
pub mod moment;
pub mod news;
mod notice;
pub mod people;
pub mod perform;
pub mod pins;
pub mod preflight;
pub mod printers;
pub mod reconcile;
pub mod service;
pub mod setup;
pub mod slips;
pub mod slot;
pub mod steps;
pub mod stock;
pub mod trail;

use std::io::{self, Write};

pub use clean::clean;
pub use exit::ExitCode;

use crate::domain::fault::Fault;

/// Something that went wrong, ready to be read: what happened, what to do, and how the program ends for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nobody hears of it otherwise"]
pub struct Complaint {
    pub exit: ExitCode,
    /// One sentence or more, with full stops.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Complaint {
    /// A complaint in words of the caller's own. Text from outside is made harmless when it is written.
    pub fn new(exit: ExitCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message, hint)
    }

    /// Writes `error: …`, a blank line and `hint: …`.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(
            to,
            "error: {}\n\nhint: {}",
            clean::lines(&self.message),
            clean::lines(&self.hint)
        )
    }
}

/// The answer could not be written to where it goes: the disk is full, or the place is gone.
pub fn cannot_write(error: &io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!("The answer could not be written: {error}."),
        "Look at where the output goes, and at the room there.",
    )
}

impl From<&Fault> for Complaint {
    fn from(fault: &Fault) -> Self {
        Self {
            exit: ExitCode::of(fault),
            message: fault::message(fault),
            hint: fault::hint_to_command(fault),
        }
    }
}

impl From<Fault> for Complaint {
    fn from(fault: Fault) -> Self {
        Self::from(&fault)
    }
}
