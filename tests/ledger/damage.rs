//! A flipped byte anywhere in the files of a ledger: it is found before the station writes anything, or it changes nothing that
//! the ledger says. Never a panic, and never a write to a file that is not whole.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use keyline::domain::fault::Fault;

use super::audit::full;
use super::bench::*;

/// What the journal does not answer for: attestations that are looked at anew before they count; copies in flight, whose sealing
/// answers for them; names of files.
const NOT_ANSWERED_FOR: [&str; 3] = ["attestation", "batch", "in_flight"];
/// Columns of the same kind: they are for lists and for the time after.
const COLUMNS_NOT_ANSWERED_FOR: [&str; 6] = [
    "job.held",
    "delivery.target",
    "obligation.looks",
    "obligation.why",
    "person.user",
    "sealed_pin.at",
];

/// A flip of the whole byte, of its lowest and of its highest bit.
pub(super) const FLIPS: [u8; 3] = [0xFF, 0x01, 0x80];

/// What came of opening a ledger with one changed byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Came {
    Refused,
    /// It opened, and says what it said before.
    Harmless,
    /// It opened, and something is another that nothing answers for.
    Beside,
}

/// Everything that a ledger says: table and column, and the values in order.
pub(super) type Said = BTreeMap<String, Vec<String>>;

pub(super) fn everything(path: &Path) -> rusqlite::Result<Said> {
    let db =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let names = |sql: &str| -> rusqlite::Result<Vec<String>> {
        db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let mut said = Said::new();
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table'")? {
        for column in names(&format!("SELECT name FROM pragma_table_info('{table}')"))? {
            // Checkpoints come and go with openings; the journal answers for what they sign.
            if table == "checkpoint" {
                continue;
            }
            let values = db
                .prepare(&format!("SELECT {column} FROM {table} ORDER BY 1"))?
                .query_map([], |row| Ok(format!("{:?}", row.get_ref(0)?)))?
                .collect::<Result<_, _>>()?;
            said.insert(format!("{table}.{column}"), values);
        }
    }
    Ok(said)
}

/// The files of a ledger that nobody has open, by ending.
pub(super) struct Files(pub(super) BTreeMap<&'static str, Vec<u8>>);

impl Files {
    pub(super) fn of(path: &Path) -> Self {
        let mut files = BTreeMap::new();
        for ending in ["", "-wal"] {
            // A log that is empty says as much as none.
            match std::fs::read(beside(path, ending)) {
                Ok(bytes) if !bytes.is_empty() => drop(files.insert(ending, bytes)),
                Ok(_) | Err(_) => {}
            }
        }
        Self(files)
    }

    pub(super) fn write(&self, path: &Path) {
        for ending in ["", "-wal", "-shm"] {
            let file = beside(path, ending);
            match self.0.get(ending) {
                Some(bytes) => std::fs::write(file, bytes).unwrap(),
                None => drop(std::fs::remove_file(file)),
            }
        }
    }
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// Changes one byte, opens, and judges.
pub(super) fn judge(
    bench: &Bench,
    files: &Files,
    before: &Said,
    ending: &'static str,
    at: usize,
    flip: u8,
) -> Came {
    let mut changed = Files(files.0.clone());
    changed.0.get_mut(ending).unwrap()[at] ^= flip;
    changed.write(&bench.path());
    let place = format!("byte {at} of ledger.db{ending} with {flip:#04x}");
    let opened = catch_unwind(AssertUnwindSafe(|| bench.open()))
        .unwrap_or_else(|_| panic!("{place}: a panic"));
    match opened {
        Err(Fault::Ledger { what } | Fault::LedgerUnfit { what } | Fault::StationKeys { what }) => {
            assert!(!what.is_empty());
            let now = Files::of(&bench.path());
            assert!(
                now.0 == changed.0,
                "{place}: refused, and written to: {what}"
            );
            Came::Refused
        }
        Err(other) => panic!("{place}: {other:?}"),
        Ok(ledger) => {
            drop(ledger);
            let after =
                everything(&bench.path()).unwrap_or_else(|error| panic!("{place}: {error}"));
            let other: Vec<&String> = before
                .iter()
                .filter(|(column, values)| after.get(*column) != Some(values))
                .map(|(column, _)| column)
                .collect();
            let beside = |column: &&String| {
                let table = column.split('.').next().unwrap();
                NOT_ANSWERED_FOR.contains(&table)
                    || COLUMNS_NOT_ANSWERED_FOR.contains(&column.as_str())
            };
            assert!(
                other.iter().all(beside),
                "{place}: opened with other {other:?}"
            );
            if other.is_empty() {
                Came::Harmless
            } else {
                Came::Beside
            }
        }
    }
}

/// What a page of a ledger is, by its first byte, and the table or index that it belongs to.
fn kind(bytes: &[u8], page: usize) -> &'static str {
    let first = if page == 1 { bytes[100] } else { bytes[0] };
    match first {
        0x0D => "table leaf",
        0x05 => "table interior",
        0x0A => "index leaf",
        0x02 => "index interior",
        _ => "overflow or free",
    }
}

pub(super) const PAGE_BYTES: usize = 4096;
/// Bytes between two that are changed in the content of a page; a prime, so that every kind of place is met.
const STRIDE: usize = 397;

#[test]
fn a_changed_byte_in_the_file_is_found_or_changes_nothing() {
    let bench = Bench::new();
    drop(full(&bench));
    let files = Files::of(&bench.path());
    assert!(!files.0.contains_key("-wal"), "it was closed");
    let before = everything(&bench.path()).unwrap();
    let mut seen: BTreeMap<(&str, Came), usize> = BTreeMap::new();
    for (page, bytes) in (1..).zip(files.0[""].chunks(PAGE_BYTES)) {
        let start = (page - 1) * PAGE_BYTES;
        let mut places: Vec<(usize, &str)> = (0..PAGE_BYTES)
            .step_by(STRIDE)
            .map(|at| (at, kind(bytes, page)))
            .collect();
        if page == 1 {
            places.extend((0..100).map(|at| (at, "header of the file")));
        }
        places.extend((0..12).map(|at| (at, kind(bytes, page))));
        for (index, (at, kind)) in places.into_iter().enumerate() {
            let came = judge(&bench, &files, &before, "", start + at, FLIPS[index % 3]);
            *seen.entry((kind, came)).or_default() += 1;
        }
    }
    report("ledger.db", &seen);
    for kind in ["header of the file", "table leaf", "index leaf"] {
        assert!(
            seen.contains_key(&(kind, Came::Refused)),
            "{kind}: {seen:?}"
        );
    }
}

#[test]
fn a_changed_byte_in_a_row_of_the_journal_is_found() {
    let bench = Bench::new();
    drop(full(&bench));
    let files = Files::of(&bench.path());
    let before = everything(&bench.path()).unwrap();
    let db = sql(&bench.path());
    let hashes: Vec<Vec<u8>> = db
        .prepare("SELECT hash FROM journal")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(db);
    for hash in hashes {
        let bytes = &files.0[""];
        let at = bytes
            .windows(32)
            .rposition(|window| window == hash)
            .unwrap();
        assert_eq!(
            judge(&bench, &files, &before, "", at + 7, 0x10),
            Came::Refused
        );
    }
}

#[test]
fn a_ledger_that_forgot_what_it_is_is_not_given_a_new_name() {
    for statement in [
        "DELETE FROM meta WHERE key = 'ledger'",
        "UPDATE meta SET key = 'lfdger' WHERE key = 'ledger'",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = 0",
        "UPDATE passkey SET method = 'another' WHERE job = 1",
        "UPDATE passkey SET credential = randomblob(28) WHERE job = 1",
        "DELETE FROM passkey WHERE job = 1",
        "UPDATE person SET user_key = 'adfle@contoso.com' WHERE user_key = 'adele@contoso.com'",
    ] {
        let bench = Bench::new();
        drop(full(&bench));
        sql(&bench.path()).execute_batch(statement).unwrap();
        let files = Files::of(&bench.path());
        let refused = bench.open().map(drop);
        assert!(
            matches!(&refused, Err(Fault::Ledger { what }) if what.contains("damaged") && what.contains("restore the last backup")),
            "{statement}: {refused:?}"
        );
        assert!(
            Files::of(&bench.path()).0 == files.0,
            "{statement}: written to"
        );
    }
}

pub(super) fn report(file: &str, seen: &BTreeMap<(&str, Came), usize>) {
    println!("changed bytes in {file}:");
    for ((kind, came), count) in seen {
        println!("  {kind:<20} {came:?}: {count}");
    }
}
