//! The lock that keeps a second keyline away from the ledger, and the note in it that says who has it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::domain::fault::Fault;

use super::trouble::{file_fault, read_only_fault};

/// Held as long as this process works on the ledger.
pub(super) struct Lock {
    // The kernel lets go of the lock when the last copy of the file is closed, also after a kill.
    file: File,
    since: String,
}

impl Lock {
    /// Says what this process is, for whoever comes second.
    pub(super) fn sign(&self, who: &str) {
        let note = format!(
            "process {}, {who}, since {}",
            std::process::id(),
            self.since
        );
        let mut file = &self.file;
        // The lock holds also on a full disk, where only the name cannot be written.
        let _unsigned = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A program that another thread is just starting has a copy of the file until it runs; that must hold nobody up.
        let _closed_anyway = self.file.unlock();
    }
}

/// Locks the ledger at `path` for this process, or says who has it.
pub(super) fn lock(path: &Path) -> Result<Lock, Fault> {
    let beside = lock_path(path);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&beside)
        .map_err(|error| {
            let forbidden = [ErrorKind::ReadOnlyFilesystem, ErrorKind::PermissionDenied];
            if forbidden.contains(&error.kind()) {
                read_only_fault(path)
            } else {
                file_fault("open", &beside, &error)
            }
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // What cannot be read is simply not named.
            let _unread = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                holder => holder.to_owned(),
            };
            return Err(Fault::LedgerHeld {
                ledger: path.display().to_string(),
                holder,
            });
        }
        Err(TryLockError::Error(error)) => return Err(file_fault("lock", &beside, &error)),
    }
    let now = jiff::Timestamp::now();
    let lock = Lock {
        file,
        since: now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    };
    lock.sign("a keyline command");
    Ok(lock)
}

/// Whether another process holds the lock of the ledger at `path`. Makes nothing.
pub(super) fn is_locked(path: &Path) -> Result<bool, Fault> {
    let beside = lock_path(path);
    let file = match File::open(&beside) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(file_fault("open", &beside, &error)),
    };
    // A shared lock: two that only ask do not see each other.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(file_fault("lock", &beside, &error)),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
