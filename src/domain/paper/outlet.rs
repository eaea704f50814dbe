//! Where a press puts its sheets, for the journal, and a sheet that lies where today's press cannot ask. Holds neither a user nor a
//! password, and nothing of what a sheet says.
//!
//! # Why
//! A cut can come between the handing over and the printer's answer, and the configuration can change before the next start. Whoever
//! then asks today's press gets the answer of a stranger, and a stranger's "never heard of it" would print the letter a second time.

use serde::{Deserialize, Serialize};

use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Ticket;

/// Where sheets go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlet {
    /// A printer, by its URI.
    Printer { uri: String },
    /// A folder, by its absolute path.
    Folder { path: String },
}

/// A sheet that today's press can neither ask about nor take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Astray {
    /// Another printer has taken it.
    Taken { ticket: Ticket },
    /// It was about to be handed over there, and no answer is known.
    Perhaps {
        control: ControlNumber,
        outlet: Outlet,
    },
}

impl Astray {
    /// Why nobody can tell what became of the sheet.
    pub fn why(&self) -> String {
        match self {
            Self::Taken { ticket } => ticket.elsewhere(),
            Self::Perhaps {
                control,
                outlet: Outlet::Printer { uri },
            } => format!(
                "it may have been sent to {uri} as {}, and the station does not print there any more: look for it there, and cancel it there if it still waits",
                job_name(control)
            ),
            Self::Perhaps {
                control,
                outlet: Outlet::Folder { path },
            } => format!(
                "it may lie in {path} as a file with {control} in its name, and the station puts no letters there any more: look for it there"
            ),
        }
    }
}

/// What the letter with this number is called at a printer. It names neither person nor key; the number stands on the sheet.
pub fn job_name(control: &ControlNumber) -> String {
    format!("PM-{control}")
}
