//! What `keyline console …` answers. Never a passphrase.

use std::io;
use std::path::Path;

use crate::domain::account::{Account, AccountName, AccountsFault, PassphraseUnfit};
use crate::domain::fault::Fault;
use crate::face::say::{Complaint, ExitCode};

/// An account was added.
pub fn added(account: &Account) -> String {
    format!(
        "{} may sign in to the console now, as {}.",
        account.name,
        account.role.as_str()
    )
}

/// An account was taken away.
pub fn removed(name: &AccountName) -> String {
    format!(
        "{name} may not sign in to the console any more; open sessions of that account are over."
    )
}

/// Another passphrase was set.
pub fn passphrase_set(name: &AccountName) -> String {
    format!(
        "{name} signs in with the new passphrase from now on; open sessions of that account are over."
    )
}

/// A sentence as a part of another one.
pub fn inner(sentence: &str) -> String {
    sentence.trim_end_matches('.').to_owned()
}

/// Nobody has an account.
pub const NOBODY: &str = "Nobody may sign in to the console yet. `keyline console user add NAME --role administrator` lets somebody in, or the link that the station says on its terminal when it starts.";

/// Nobody can be asked for a passphrase, or nothing was typed.
pub fn no_passphrase() -> Complaint {
    Complaint::usage(
        "No passphrase was typed.",
        "Type it at a terminal when you are asked, or give it with --passphrase-file FILE, or with --passphrase-file - on stdin.",
    )
}

/// The two that were typed differ.
pub fn not_the_same() -> Complaint {
    Complaint::usage(
        "The two passphrases are not the same, so nothing was changed.",
        "Type the same command again.",
    )
}

/// The pages over a copy are served.
pub fn copy(link: &str, openings: &Path) -> String {
    format!(
        "The console over this copy is at the link below, until Ctrl-C. It works once: whoever opens it chooses a name, which stands beside each opening, and a passphrase; both are forgotten at the end.
  {link}
Openings are written down in {}.",
        openings.display()
    )
}

/// What was named as a copy is a ledger that a station works on.
pub fn no_copy(file: &Path) -> Complaint {
    Complaint::usage(
        format!(
            "{} is the ledger of a station on this computer, and a station opens no PIN: whoever owns it owns its pages.",
            file.display()
        ),
        "Make a copy with `keyline ledger backup COPY`, take it to your own computer, and serve it there.",
    )
}

/// The copy cannot be served.
pub fn copy_unfit(fault: &Fault) -> Complaint {
    Complaint::usage(
        Complaint::from(fault).message,
        "Give --ledger a copy of a station's ledger, such as `keyline ledger backup COPY` makes.",
    )
}

/// Openings could not be written down, so nothing is served.
pub fn openings_unwritable(file: &Path, error: &io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!(
            "Openings cannot be written down beside {}: {error}.",
            file.display()
        ),
        "Put the copy into a folder that you may write to.",
    )
}

/// An opening could not be written down.
pub fn opening_unwritable(file: &Path, error: &io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!("{} cannot be written: {error}.", file.display()),
        "Look at its folder: is the disk full, or was the file taken away?",
    )
}

/// The pages cannot be served.
pub fn not_served(error: &io::Error) -> Complaint {
    Complaint::usage(
        format!("The console cannot be served: {error}."),
        "Leave --listen out for a free port, or name another one.",
    )
}

/// A page wants something of a station, and there is a copy alone.
pub fn copy_alone() -> Complaint {
    Complaint::new(
        ExitCode::Refused,
        "This is a copy of a ledger, and no station is behind it: nothing is changed here.",
        "Do it at the station itself.",
    )
}

/// A bare `keyline console`.
pub fn nothing_asked() -> Complaint {
    Complaint::usage(
        "Nothing was asked for.",
        "keyline console user --help, or keyline console --ledger COPY",
    )
}

/// A file with a passphrase could not be read.
pub fn unreadable(place: &str, why: &impl ToString) -> Complaint {
    Complaint::usage(
        format!(
            "The passphrase cannot be read from {place}: {}.",
            why.to_string()
        ),
        "Name a file that holds the passphrase and nothing else.",
    )
}

/// What was typed is no passphrase.
pub fn unfit(why: PassphraseUnfit) -> Complaint {
    let why = why.to_string();
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    Complaint::usage(
        format!("{}{}.", first.unwrap_or_default(), letters.as_str()),
        "A few words in a row are good, and easy to keep in mind.",
    )
}

impl From<AccountsFault> for Complaint {
    fn from(fault: AccountsFault) -> Self {
        let (exit, hint) = match &fault {
            AccountsFault::Unknown(_) => (
                ExitCode::Usage,
                "`keyline console user list` shows who has one.",
            ),
            AccountsFault::Taken(_) => (
                ExitCode::Usage,
                "Choose another name. `keyline console user passphrase NAME` sets another passphrase.",
            ),
            AccountsFault::LastAdministrator(_) => (
                ExitCode::Usage,
                "Add another administrator first, or remove all other accounts before this one.",
            ),
            AccountsFault::TooMany(_) => (
                ExitCode::Usage,
                "Remove those of people who do not work here any more.",
            ),
            AccountsFault::Unnoted(_) => (
                ExitCode::Journal,
                "Mend what is said there, and type the same command again.",
            ),
            AccountsFault::Broken { .. } => (
                ExitCode::Journal,
                "Mend the file, or move it away and add the accounts anew. Nobody can sign in before.",
            ),
            AccountsFault::Unusable { .. } => (
                ExitCode::Journal,
                "Look at the folder's owner, its mode and the room on its disk; `keyline init` makes it.",
            ),
        };
        let message = match &fault {
            AccountsFault::Unknown(_)
            | AccountsFault::Taken(_)
            | AccountsFault::LastAdministrator(_)
            | AccountsFault::Unnoted(_)
            | AccountsFault::TooMany(_) => format!("Nothing was changed: {fault}."),
            AccountsFault::Broken { .. } | AccountsFault::Unusable { .. } => format!("{fault}."),
        };
        Self::new(exit, message, hint)
    }
}
