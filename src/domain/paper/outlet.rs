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
    Printer {
        uri: String,
        /// The absolute path of the folder that keeps a copy of each sheet until somebody has confirmed it; absent without one, and in
        /// the ledgers of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spool: Option<String>,
    },
    /// A folder, by its absolute path.
    Folder { path: String },
}

impl Outlet {
    /// Where copies of the sheets lie.
    pub fn spool(&self) -> Option<&str> {
        match self {
            Self::Printer { spool, .. } => spool.as_deref(),
            Self::Folder { .. } => None,
        }
    }
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
                outlet: Outlet::Printer { uri, .. },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_version_wrote_is_read_and_a_printer_without_a_spool_is_written_as_it_was() {
        let old = r#"{"printer":{"uri":"ipp://p/x"}}"#;
        let outlet: Outlet = serde_json::from_str(old).expect("it is read");
        assert_eq!(outlet.spool(), None);
        assert_eq!(serde_json::to_string(&outlet).expect("text"), old);
        let new = r#"{"printer":{"uri":"ipp://p/x","spool":"/srv/spool"}}"#;
        let outlet: Outlet = serde_json::from_str(new).expect("it is read");
        assert_eq!(outlet.spool(), Some("/srv/spool"));
        assert_eq!(serde_json::to_string(&outlet).expect("text"), new);
    }
}
