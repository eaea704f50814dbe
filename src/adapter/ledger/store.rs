//! The file: opening, pragmas, migrations, and the look for damage that comes before all of it. Nothing in here knows a job, and
//! nothing in here writes to a file that was not found whole.

use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::domain::fault::Fault;

use super::frames;
use super::keys::sync_directory;
use super::trouble::{
    Trouble, damaged, file_fault, not_a_ledger, read_only_fault, unfit, untouched,
};
use super::verify::{self, Verdict};

/// "keyL": tells a ledger from any other SQLite file.
pub const APPLICATION_ID: i32 = 0x6B65_794C;
/// Another process that reads keeps a writer waiting for a moment at most.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// In order; the number of a migration is its place, from 1.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_tables.sql"),
    include_str!("migrations/0002_views.sql"),
    include_str!("migrations/0003_custody.sql"),
    include_str!("migrations/0004_stock.sql"),
];

/// The schema that this program writes.
pub fn schema_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// See [`super::SqliteLedger::place`].
pub(super) fn place(path: &Path) -> Result<PathBuf, Fault> {
    match path.symlink_metadata() {
        // What is missing there is told by whoever opens it.
        Ok(there) if there.is_symlink() && path.exists() => path
            .canonicalize()
            .map_err(|error| file_fault("follow the link", path, &error)),
        Ok(_) | Err(_) => Ok(path.to_owned()),
    }
}

/// A folder holds no ledger, and opening a pipe would wait for ever.
fn refuse_other_than_file(path: &Path) -> Result<(), Fault> {
    match path.metadata() {
        Ok(there) if there.is_dir() => Err(unfit(format!("{} is a folder", path.display()))),
        Ok(there) if !there.is_file() => Err(unfit(format!("{} is no file", path.display()))),
        // What is missing is told, or made, by whoever opens it.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// As [`place`], for whoever opens it. A file with a second name is refused: under each name it would have another lock and
/// another write-ahead log.
pub(super) fn only_place(path: &Path) -> Result<PathBuf, Fault> {
    let path = place(path)?;
    refuse_other_than_file(&path)?;
    let names = path.metadata().map_or(1, |there| there.nlink());
    if names > 1 {
        return Err(unfit(format!(
            "{} has {names} names (hard links), and what is written under one of them is not seen under another: find them with `find / -samefile {}`, and remove all but the one that the configuration names; read another as a copy that `cp` made",
            path.display(),
            path.display()
        )));
    }
    Ok(path)
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
///
/// A damaged file is refused before anything could be written to it: SQLite itself writes when it opens a file with a
/// write-ahead log, and again when it closes it.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    frames::check(path).map_err(untouched)?;
    inspect(path).map_err(untouched)?;
    let mut db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(told)?;
    // SQLite opens for reading what it may not write, and says so only when something is written.
    if db.is_readonly("main").map_err(told)? {
        return Err(read_only_fault(path));
    }
    identify(&db, path)?;
    set_up(&db).map_err(told)?;
    migrate(&mut db, path)?;
    Ok(db)
}

/// Everything that tells whether the ledger is as it was written, before it is opened for writing.
fn inspect(path: &Path) -> Result<(), Fault> {
    let db = open_reader(path)?;
    check(&db, path)?;
    let told = |trouble: Trouble| trouble.into_fault(path);
    if meta(&db, "ledger").map_err(told)?.is_none() {
        return require_empty(&db, path);
    }
    match verify::verify(&db, &[], &mut |_, _| {}).map_err(told)? {
        Verdict::Sound(_) => Ok(()),
        Verdict::Broken(broken) => Err(damaged(
            path,
            &format!("row {} of its audit chain: {}", broken.row, broken.why),
        )),
    }
}

/// A ledger without an id is one that was just made; anything else has lost it.
fn require_empty(db: &Connection, path: &Path) -> Result<(), Fault> {
    let rows: i64 = db
        .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
        .map_err(|error| Trouble::from(error).into_fault(path))?;
    if rows > 0 {
        return Err(damaged(path, "it does not know its own id any more"));
    }
    Ok(())
}

/// A connection that only reads. A ledger of an older version is read from a migrated copy in memory.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    let db = open_source(path)?;
    if identify(&db, path)? == schema_version() {
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

/// The file itself, for reading, whatever its version. A log that lost entries is refused: SQLite would forget them without a
/// word, and show what was before them as what is.
pub(super) fn open_source(path: &Path) -> Result<Connection, Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    if !path.exists() {
        return Err(unfit(format!("{} is not there", path.display())));
    }
    refuse_other_than_file(path)?;
    frames::check_at_rest(path)?;
    let db = read_only(path).map_err(told)?;
    // Whoever only reads leaves the write-ahead log where it is.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(told)?;
    Ok(db)
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
            if wal_path(path).exists() {
                return Err(error);
            }
            let uri = format!("file:{}?immutable=1", percent(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).and_then(probe)
        })
}

/// Where SQLite keeps what is committed and not yet in the file itself.
pub(super) fn wal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
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
    #[cfg(feature = "crash-points")]
    weaken(db)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// For the test of a test alone: a test that finds no losses under NORMAL would find none under FULL either.
#[cfg(feature = "crash-points")]
fn weaken(db: &Connection) -> rusqlite::Result<()> {
    match std::env::var("KEYLINE_CRASH_SYNCHRONOUS") {
        Ok(mode) => db.pragma_update(None, "synchronous", mode),
        Err(_) => Ok(()),
    }
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
        return Err(not_a_ledger(path));
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
        tx.execute_batch(sql).map_err(|error| {
            if !matches!(error, rusqlite::Error::SqlInputError { .. }) {
                return told(error);
            }
            // Our own SQL does not fit: the file is not what its number says.
            damaged(
                path,
                &format!("its schema is not the one that its number, {version}, says"),
            )
        })?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(told)?;
        tx.pragma_update(None, "user_version", number)
            .map_err(told)?;
        tx.commit().map_err(told)?;
    }
    Ok(())
}

/// Looks for damage in the structure of the file: pages, trees, indexes, rows that point nowhere.
pub(super) fn check(db: &Connection, path: &Path) -> Result<(), Fault> {
    let told = |error: rusqlite::Error| Trouble::from(error).into_fault(path);
    let verdict: String = db
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(told)?;
    let dangling: i64 = db
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })
        .map_err(told)?;
    if verdict != "ok" {
        return Err(damaged(path, told_by_sqlite(&verdict)));
    }
    if dangling > 0 {
        return Err(damaged(path, &format!("{dangling} rows point nowhere")));
    }
    let mut fresh = Connection::open_in_memory().map_err(told)?;
    migrate(&mut fresh, path)?;
    if schema(db).map_err(told)? != schema(&fresh).map_err(told)? {
        return Err(damaged(
            path,
            "its tables, triggers or views are not those that keyline makes",
        ));
    }
    Ok(())
}

/// The first finding of SQLite, without the heading that it puts above it.
fn told_by_sqlite(verdict: &str) -> &str {
    verdict
        .trim_start_matches("*** in database main ***")
        .trim()
        .lines()
        .next()
        .unwrap_or("SQLite does not say how")
}

/// What the tables, indexes, triggers and views are, as bytes: a damaged word need not be a text.
fn schema(db: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    db.prepare(
        "SELECT CAST(type || ' ' || name || ' ' || sql AS BLOB) FROM sqlite_schema
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
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
