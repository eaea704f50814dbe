//! What backups leave that were killed: a file that nobody will finish, perhaps with copies of PINs in flight that only the
//! station's own key opens. The next backup into the same folder takes it away. Never touches a file that is not proved to be one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::store::APPLICATION_ID;

/// The last letters of a backup's name while it is not whole.
pub(super) const PART: &str = ".part";
/// What SQLite puts beside a file.
const BESIDE: [&str; 3] = ["-journal", "-wal", "-shm"];
/// What keyline puts beside a ledger.
const OURS: [&str; 3] = [PART, ".lock", ".sock"];
const MODE: u32 = 0o600;
/// The header of an SQLite file, up to the id of the application that it belongs to:
/// <https://www.sqlite.org/fileformat2.html#database_header>.
const HEADER_BYTES: usize = 72;
const SIGNATURE: &[u8] = b"SQLite format 3\0";

/// The ending that keeps a name from being a backup's: the file would be taken for something that lies beside another one.
pub(super) fn reserved_ending(name: &Path) -> Option<&'static str> {
    let name = name.file_name()?.as_encoded_bytes();
    BESIDE
        .into_iter()
        .chain(OURS)
        .find(|ending| name.ends_with(ending.as_bytes()))
}

/// Removes unfinished backups from a folder, as far as that can be done: none of them keeps a new one from being made.
pub(super) fn clear(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Whoever makes a backup holds its lock; ours is held until the file is gone.
        if let Ok(Some(lock)) = abandoned(&path) {
            for ending in BESIDE {
                let _gone = fs::remove_file(beside(&path, ending));
            }
            if fs::remove_file(&path).is_ok() {
                tracing::info!(file = %path.display(), "an unfinished backup was removed");
            }
            drop(lock);
        }
    }
}

/// The lock of an unfinished backup that nobody works on; `None` when it is something else.
fn abandoned(path: &Path) -> io::Result<Option<File>> {
    let named = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().ends_with(PART.as_bytes()));
    // Looked at before it is opened: a pipe would wait for its writer.
    if !named || !path.symlink_metadata()?.is_file() {
        return Ok(None);
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header)?;
    let ours = header.starts_with(SIGNATURE) && header.ends_with(&APPLICATION_ID.to_be_bytes());
    if !ours || file.try_lock().is_err() {
        return Ok(None);
    }
    let (held, here) = (file.metadata()?, path.symlink_metadata()?);
    let one_and_the_same = (held.dev(), held.ino()) == (here.dev(), here.ino());
    let made_by_us = held.nlink() == 1
        && held.mode() & 0o7777 == MODE
        && held.uid() == rustix::process::geteuid().as_raw();
    Ok((one_and_the_same && made_by_us).then_some(file))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
