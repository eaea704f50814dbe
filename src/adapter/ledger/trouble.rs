//! What goes wrong inside the ledger, until it leaves as a [`Fault`] in words for the administrator. It never quotes a
//! value that was to be stored.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::domain::fault::Fault;

/// An error on its way out. [`Trouble::into_fault`] gives it words.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
    Fault(Fault),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Trouble {
    /// The fault that people read, with the ledger's path.
    pub(super) fn into_fault(self, path: &Path) -> Fault {
        let shown = path.display();
        let what = match self {
            Self::Fault(fault) => return fault,
            // The texts of JSON errors name a place and a type; serde quotes no secret, since none is ever in there.
            Self::Json(error) => format!("a row of {shown} cannot be read: {error}"),
            Self::Sqlite(error) if is_no_value_of_ours(&error) => {
                return damaged(path, "a value in it is none that keyline writes");
            }
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => {
                    format!("the disk with {shown} is full; make room on it")
                }
                Some(ErrorCode::ReadOnly) => return read_only_fault(path),
                Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => format!(
                    "{shown} cannot be opened; look at the permissions of the file and its folder"
                ),
                Some(ErrorCode::NotADatabase) => return not_a_ledger(path),
                Some(ErrorCode::DatabaseCorrupt) => {
                    return damaged(path, "SQLite cannot read all of it");
                }
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                    format!("another program keeps {shown} locked")
                }
                Some(ErrorCode::SystemIoFailure) => {
                    format!("the disk failed on {shown} ({error})")
                }
                Some(_) | None => format!("{shown}: {error}"),
            },
        };
        Fault::Ledger { what }
    }
}

/// Whether a row was found that is not of the kind that was asked for.
const fn is_no_value_of_ours(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows
    )
}

/// A [`Fault::Ledger`] about a file operation.
pub(super) fn file_fault(doing: &str, path: &Path, error: &io::Error) -> Fault {
    ledger_fault(format!("cannot {doing} {}: {error}", path.display()))
}

/// A [`Fault::Ledger`] in these words.
pub(super) fn ledger_fault(what: impl Into<String>) -> Fault {
    Fault::Ledger { what: what.into() }
}

/// A file that is not as it was written.
pub(super) fn damaged(path: &Path, how: &str) -> Fault {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.display();
    ledger_fault(format!(
        "{} is damaged ({how}): move it away together with {name}-wal and {name}-shm, which would spoil what comes after it, and keep them; then restore the last backup in its place, and look at the disk",
        path.display()
    ))
}

/// As the fault, of a file that was only looked at.
pub(super) fn untouched(fault: Fault) -> Fault {
    let told = |what: String| format!("{what}; nothing was written to it");
    if let Fault::Ledger { what } = fault {
        ledger_fault(told(what))
    } else if let Fault::LedgerUnfit { what } = fault {
        unfit(told(what))
    } else {
        fault
    }
}

/// A file that this process may not write, whoever forbids it.
pub(super) fn read_only_fault(path: &Path) -> Fault {
    ledger_fault(format!(
        "{} cannot be written: the file, its folder or the disk is read-only for this user; make it writable for the station's user, or mount the disk for writing",
        path.display()
    ))
}

/// What lies there does not begin as a ledger does.
pub(super) fn not_a_ledger(path: &Path) -> Fault {
    unfit(format!(
        "{} is not a keyline ledger, or its first page is damaged",
        path.display()
    ))
}

/// A [`Fault::LedgerUnfit`] in these words.
pub(super) fn unfit(what: impl Into<String>) -> Fault {
    Fault::LedgerUnfit { what: what.into() }
}

/// A [`Fault::Internal`]: a caller broke the contract of the port.
pub(super) fn misuse(what: impl Into<String>) -> Fault {
    Fault::Internal { what: what.into() }
}
