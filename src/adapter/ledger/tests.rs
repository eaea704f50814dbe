//! What only shows from inside: the pragmas of the writing connection, and a disk that gives no more.

use super::*;
use crate::domain::job::{Draft, Request};

fn fresh() -> (tempfile::TempDir, SqliteLedger) {
    let folder = tempfile::tempdir().unwrap();
    let keys = StationKeys::create(folder.path()).unwrap();
    let recipient = generate_practice_identity(&folder.path().join("recovery.txt")).unwrap();
    let opening = Opening {
        tenant: "contoso.com".to_owned(),
        recipients: Recipients::parse(&[recipient]).unwrap(),
        keys,
    };
    let ledger = SqliteLedger::create(&folder.path().join("ledger.db"), opening).unwrap();
    (folder, ledger)
}

fn admission(claim: &str, rows: u32) -> Admission {
    let draft = |line| Draft {
        line,
        request: Request {
            user: format!("user{line}@contoso.com"),
            ..Request::default()
        },
        pin: None,
        current_pin: None,
    };
    Admission {
        batch: BatchName("onboarding".to_owned()),
        claim: claim.to_owned(),
        content: [u8::try_from(claim.len()).unwrap(); 32],
        file_name: "onboarding.csv".to_owned(),
        drafts: (2..rows + 2).map(draft).collect(),
        held: Vec::new(),
    }
}

fn pragma<T: rusqlite::types::FromSql>(ledger: &SqliteLedger, name: &str) -> T {
    lock(&ledger.station.as_ref().unwrap().writer)
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_commit_is_on_the_disk_when_it_returns() {
    let (_folder, ledger) = fresh();
    assert_eq!(pragma::<String>(&ledger, "journal_mode"), "wal");
    // 2 is FULL.
    assert_eq!(pragma::<i64>(&ledger, "synchronous"), 2);
    assert_eq!(pragma::<i64>(&ledger, "foreign_keys"), 1);
    assert_eq!(pragma::<i64>(&ledger, "secure_delete"), 1);
}

#[test]
fn a_full_disk_is_told_in_words_and_leaves_nothing_half() {
    let (_folder, ledger) = fresh();
    let now = Timestamp(0);
    ledger.admit(&admission("a", 1), "badge 7", now).unwrap();
    let pages: i64 = pragma(&ledger, "page_count");
    pragma::<i64>(&ledger, &format!("max_page_count = {}", pages + 4));
    let refused = ledger.admit(&admission("bb", 2000), "badge 7", now);
    assert!(
        matches!(&refused, Err(Fault::Ledger { what }) if what.contains("is full")),
        "{refused:?}"
    );
    assert_eq!(ledger.jobs(None).unwrap().len(), 1);
    pragma::<i64>(&ledger, "max_page_count = 1000000");
    ledger
        .admit(&admission("bb", 2000), "badge 7", now)
        .unwrap();
    assert_eq!(ledger.jobs(None).unwrap().len(), 2001);
}

#[test]
fn a_read_only_disk_is_told_in_words() {
    let (_folder, ledger) = fresh();
    lock(&ledger.station.as_ref().unwrap().writer)
        .execute_batch("PRAGMA query_only = ON")
        .unwrap();
    let refused = ledger.note("station started", "badge 7", Timestamp(0));
    assert!(
        matches!(&refused, Err(Fault::Ledger { what }) if what.contains("read-only")),
        "{refused:?}"
    );
}

#[test]
fn a_panic_in_a_transaction_leaves_nothing() {
    let (_folder, ledger) = fresh();
    let torn = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        ledger.write("badge 7", Timestamp(0), |pen| -> Result<(), Trouble> {
            admission::admit(pen, &admission("a", 3))?;
            panic!("a cut between two statements");
        })
    }));
    assert!(torn.is_err());
    assert_eq!(ledger.jobs(None).unwrap(), []);
    ledger
        .admit(&admission("a", 3), "badge 7", Timestamp(0))
        .unwrap();
    assert_eq!(ledger.jobs(None).unwrap().len(), 3);
}
