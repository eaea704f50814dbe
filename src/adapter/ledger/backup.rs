//! A copy of the ledger at one moment, for an administrator: whole, verified, without the copies of PINs in flight. Never
//! overwrites a file, and never leaves a half-written one under the name that was asked for.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::domain::fault::Fault;

use super::keys::sync_directory;
use super::store::APPLICATION_ID;
use super::trouble::{Trouble, file_fault, ledger_fault};
use super::verify::{Progress, Sound, Verdict};
use super::{leftover, store, verify};

/// Pages between two words about the progress: a few milliseconds.
const PAGES_PER_STEP: i32 = 512;
/// Follows no link, and waits for nobody at the other end of a pipe.
const DOOR: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    pub sound: Sound,
    pub counts: Counts,
    pub bytes: u64,
}

/// What a ledger holds, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub schema: i64,
    pub jobs: i64,
    pub people: i64,
    /// PINs that a recovery identity opens.
    pub sealed_pins: i64,
    /// Copies of PINs that the station itself opens while their jobs are open. A backup has none.
    pub in_flight: i64,
}

/// Counts what is there.
pub(super) fn counts(db: &Connection) -> Result<Counts, Trouble> {
    let count = |what: &str| db.query_row(&format!("SELECT {what}"), [], |row| row.get(0));
    Ok(Counts {
        schema: count("user_version FROM pragma_user_version")?,
        jobs: count("count(*) FROM job")?,
        people: count("count(*) FROM person")?,
        sealed_pins: count("count(*) FROM sealed_pin")?,
        in_flight: count("count(*) FROM in_flight")?,
    })
}

/// See [`super::SqliteLedger::back_up`].
pub(super) fn back_up(from: &Path, to: &Path, progress: Progress<'_>) -> Result<BackedUp, Fault> {
    let taken = || {
        ledger_fault(format!(
            "{} is there already; a backup never overwrites a file",
            to.display()
        ))
    };
    if to.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let folder = folder_of(to);
    if !folder.is_dir() {
        return Err(ledger_fault(format!(
            "the folder {} is not there",
            folder.display()
        )));
    }
    if let Some(ending) = leftover::reserved_ending(to) {
        return Err(ledger_fault(format!(
            "{} cannot be the name of a backup: a name with {ending} at its end belongs to what lies beside a ledger",
            to.display()
        )));
    }
    leftover::clear(folder);
    let mut part = Part::begin(to)?;
    copy(from, &part.path, progress)?;
    let (sound, counts) = examine(&part.path, progress)?;
    let bytes = part
        .file
        .sync_all()
        .and_then(|()| part.file.metadata())
        .map_err(|error| file_fault("write", &part.path, &error))?
        .len();
    match give_name(&part.path, to) {
        Ok(()) => part.named = true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken()),
        Err(error) => return Err(file_fault("write", to, &error)),
    }
    sync_directory(folder)?;
    Ok(BackedUp {
        sound,
        counts,
        bytes,
    })
}

fn folder_of(file: &Path) -> &Path {
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The copy while it is not whole. Goes with the value, unless it has got its name.
struct Part {
    path: PathBuf,
    file: File,
    named: bool,
}

impl Part {
    fn begin(to: &Path) -> Result<Self, Fault> {
        let mut name = to.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        let wrong = |error: io::Error| file_fault("write", &path, &error);
        let in_the_way = |why: &str| {
            ledger_fault(format!(
                "{} is in the way: {why}; remove it, or give the backup another name",
                path.display()
            ))
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(DOOR.bits().cast_signed())
            .open(&path)
            .map_err(|error| match Errno::from_io_error(&error) {
                Some(Errno::LOOP) => in_the_way("it is a link to another place"),
                Some(Errno::ISDIR) => in_the_way("it is a folder"),
                Some(_) | None => wrong(error),
            })?;
        if !file.metadata().map_err(wrong)?.is_file() {
            return Err(in_the_way("it is no regular file"));
        }
        let busy = || ledger_fault(format!("another backup to {} is under way", to.display()));
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy()),
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        // Whoever held the lock until now may have given this very file its name, or taken it away.
        let ours = file.metadata().map_err(wrong)?;
        match std::fs::symlink_metadata(&path) {
            Ok(here) if (here.dev(), here.ino()) == (ours.dev(), ours.ino()) => {}
            Ok(_) => return Err(busy()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(busy()),
            Err(error) => return Err(wrong(error)),
        }
        if ours.uid() != geteuid().as_raw() {
            return Err(in_the_way("it belongs to another user"));
        }
        if ours.nlink() != 1 {
            return Err(in_the_way("its content has another name as well"));
        }
        // One that was left behind keeps the permissions that somebody gave it.
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(wrong)?;
        // What a power cut left behind is of no use.
        file.set_len(0).map_err(wrong)?;
        Ok(Self {
            path,
            file,
            named: false,
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.named {
            // The next backup of this name takes away what stays.
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

/// SQLite's own online backup, over one read transaction: what the station commits meanwhile is not in it.
fn copy(from: &Path, part: &Path, progress: Progress<'_>) -> Result<(), Fault> {
    let source = store::open_source(from)?;
    let read = |error: rusqlite::Error| Trouble::from(error).into_fault(from);
    let write = |error: rusqlite::Error| Trouble::from(error).into_fault(part);
    let snapshot = source.unchecked_transaction().map_err(read)?;
    // A transaction takes its snapshot with its first read.
    snapshot
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(read)?;
    let mut copy = Connection::open(part).map_err(write)?;
    // The copy's own first page reaches the disk last. With this one a backup that is killed before then is known for what it is.
    copy.pragma_update(None, "application_id", APPLICATION_ID)
        .map_err(write)?;
    {
        let backup = Backup::new(&snapshot, &mut copy).map_err(write)?;
        while backup.step(PAGES_PER_STEP).map_err(write)? != StepResult::Done {
            let pages = backup.progress();
            let number = |pages: i32| u64::try_from(pages).unwrap_or(0);
            let total = number(pages.pagecount);
            progress(total.saturating_sub(number(pages.remaining)), total);
        }
    }
    strip(&copy).map_err(write)?;
    copy.close().map_err(|(_, error)| write(error))
}

/// One file that says nothing of PINs in flight, not even in the room that they took.
fn strip(copy: &Connection) -> rusqlite::Result<()> {
    // A file beside it would keep what is deleted here; and what a cut interrupts is thrown away whole.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.pragma_update(None, "journal_mode", "MEMORY")?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy.pragma_update(None, "secure_delete", true)?;
    copy.execute("DELETE FROM in_flight", [])?;
    // So that no page keeps what was deleted.
    copy.execute_batch("VACUUM")
}

/// A copy that does not verify is no backup.
fn examine(part: &Path, progress: Progress<'_>) -> Result<(Sound, Counts), Fault> {
    let told = |trouble: Trouble| trouble.into_fault(part);
    let db = store::open_reader(part)?;
    store::check(&db, part)?;
    match verify::verify(&db, &[], progress).map_err(told)? {
        Verdict::Sound(sound) => Ok((sound, counts(&db).map_err(told)?)),
        Verdict::Broken(broken) => Err(ledger_fault(format!(
            "the copy was thrown away, because the ledger does not verify: row {} of its audit chain: {}",
            broken.row, broken.why
        ))),
    }
}

/// Renames without overwriting; where the file system cannot do that, by a second name.
fn give_name(part: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, part, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            std::fs::hard_link(part, to)?;
            std::fs::remove_file(part)
        }
        named => Ok(named?),
    }
}
