//! The file: opening, the lock that keeps a second keyline out, pragmas, migrations. Nothing in here knows a job.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::domain::fault::Fault;

use super::keys::sync_directory;
use super::trouble::{Trouble, file_fault, ledger_fault, unfit};

/// "keyL": tells a ledger from any other SQLite file.
pub const APPLICATION_ID: i32 = 0x6B65_794C;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// In order; the number of a migration is its place, from 1.
const MIGRATIONS: [&str; 2] = [
    include_str!("migrations/0001_tables.sql"),
    include_str!("migrations/0002_views.sql"),
];

/// The schema that this program writes.
pub fn schema_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Held as long as this process works on the ledger.
pub(super) struct Lock {
    // The kernel lets go of the lock when the file is closed, also after a kill.
    _file: File,
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
        .map_err(|error| file_fault("open", &beside, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // What cannot be read is simply not named.
            let _unread = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                pid => format!("process {pid}"),
            };
            return Err(Fault::LedgerHeld {
                ledger: path.display().to_string(),
                holder,
            });
        }
        Err(TryLockError::Error(error)) => return Err(file_fault("lock", &beside, &error)),
    }
    file.set_len(0)
        .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()))
        .map_err(|error| file_fault("write", &beside, &error))?;
    Ok(Lock { _file: file })
}

/// Whether another process holds the lock of the ledger at `path`. Makes nothing.
pub(super) fn is_locked(path: &Path) -> Result<bool, Fault> {
    let beside = lock_path(path);
    let file = match File::open(&beside) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
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

/// Makes an empty file of mode 0600 where the ledger will be. SQLite gives `-wal` and `-shm` the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), Fault> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| file_fault("create", path, &error))?;
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// The connection that writes, with the schema brought up to date.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Fault> {
    let told = |trouble: Trouble| trouble.into_fault(path);
    let mut db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| told(error.into()))?;
    identify(&db, path)?;
    set_up(&db).map_err(|error| told(error.into()))?;
    migrate(&mut db, path)?;
    check(&db, path)?;
    Ok(db)
}

/// A connection that only reads. A ledger of an older version is read from a migrated copy in memory.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    if !path.exists() {
        return Err(unfit(format!("{} is not there", path.display())));
    }
    let db = read_only(path).map_err(told)?;
    let version = identify(&db, path)?;
    if version == schema_version() {
        db.pragma_update(None, "query_only", true).map_err(told)?;
        return Ok(db);
    }
    let mut copy = Connection::open_in_memory().map_err(told)?;
    rusqlite::backup::Backup::new(&db, &mut copy)
        .and_then(|backup| backup.run_to_completion(1024, Duration::ZERO, None))
        .map_err(told)?;
    migrate(&mut copy, path)?;
    Ok(copy)
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let probe = |db: Connection| {
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(db)
    };
    Connection::open_with_flags(path, flags)
        .and_then(probe)
        .or_else(|error| {
            // A copy on a read-only medium has no place for the `-shm` file that WAL wants; nobody else changes it either.
            let mut wal = path.as_os_str().to_owned();
            wal.push("-wal");
            if Path::new(&wal).exists() {
                return Err(error);
            }
            let uri = format!("file:{}?immutable=1", percent(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).and_then(probe)
        })
}

fn percent(path: &Path) -> String {
    path.to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a commit has reached the disk when it returns. With NORMAL a power cut loses committed rows.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// The schema version of a ledger; an empty file is version 0.
fn identify(db: &Connection, path: &Path) -> Result<i64, Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    let version: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(told)?;
    let application: i32 = db
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .map_err(told)?;
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(told)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(unfit(format!("{} is not a keyline ledger", path.display())));
    }
    if version > schema_version() {
        return Err(unfit(format!(
            "{} was written by a newer keyline (schema {version}; this program knows {}): install that version",
            path.display(),
            schema_version()
        )));
    }
    Ok(version)
}

/// Runs the migrations that are missing, each in a transaction of its own with its number.
fn migrate(db: &mut Connection, path: &Path) -> Result<(), Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    let version = identify(db, path)?;
    for (number, sql) in (1_i64..).zip(MIGRATIONS) {
        if number <= version {
            continue;
        }
        let tx = db.transaction().map_err(told)?;
        tx.execute_batch(sql).map_err(told)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(told)?;
        tx.pragma_update(None, "user_version", number)
            .map_err(told)?;
        tx.commit().map_err(told)?;
    }
    Ok(())
}

/// Looks for damage before anything is built on it.
fn check(db: &Connection, path: &Path) -> Result<(), Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    let verdict: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(told)?;
    let dangling: i64 = db
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .map_err(told)?;
    if verdict != "ok" || dangling > 0 {
        return Err(ledger_fault(format!(
            "{} is damaged ({verdict}; {dangling} rows point nowhere); keep the file, and restore the last backup",
            path.display()
        )));
    }
    Ok(())
}

/// What was written about this ledger when it was made; `None` in a new one.
pub(super) fn meta(db: &Connection, key: &str) -> Result<Option<String>, Trouble> {
    Ok(db
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?)
}

pub(super) fn put_meta(db: &Connection, key: &str, value: &str) -> Result<(), Trouble> {
    db.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2)",
        params![key, value],
    )?;
    Ok(())
}
