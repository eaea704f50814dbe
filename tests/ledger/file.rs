//! The file: durability settings, the lock, modes, old and new schemas, damage, what a cut leaves.

use std::os::unix::fs::PermissionsExt;

use keyline::adapter::ledger::{
    APPLICATION_ID, Opening, SqliteLedger, StationKeys, schema_version,
};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::Step;
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::port::Ledger;

use super::bench::*;

fn words<T>(result: Result<T, Fault>) -> String {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(Fault::Ledger { what } | Fault::LedgerUnfit { what } | Fault::StationKeys { what }) => {
            what
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_was_appended_is_there_after_a_kill_and_what_was_not_is_not() {
    let bench = Bench::new();
    let job = {
        let ledger = bench.create();
        let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
        Hand::new(&ledger, job).reset("1").set_pin(&pin("48261739"));
        // A killed process runs no destructor.
        let copy = bench.folder.path().join("killed");
        std::fs::create_dir(&copy).unwrap();
        for ending in ["", "-wal"] {
            let name = format!("ledger.db{ending}");
            std::fs::copy(bench.folder.path().join(&name), copy.join(&name)).unwrap();
        }
        job
    };
    let killed = bench.folder.path().join("killed/ledger.db");
    {
        let torn = sql(&killed);
        torn.execute_batch(
            "BEGIN; INSERT INTO meta VALUES ('half', 'written'); DELETE FROM sealed_pin;",
        )
        .unwrap();
        // Dropped without commit.
    }
    let ledger = SqliteLedger::open(&killed, bench.opening()).unwrap();
    let hand = Hand::new(&ledger, job);
    assert_eq!(hand.state.current(), Some(Step::MakeCredential));
    assert_eq!(
        ledger.pin_in_flight(job, hand.state.attempt()).unwrap(),
        pin("48261739")
    );
    let halves: i64 = sql(&killed)
        .query_row("SELECT count(*) FROM meta WHERE key = 'half'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(halves, 0);
}

#[test]
fn a_refused_admission_leaves_nothing() {
    let bench = Bench::new();
    let ledger = bench.create();
    let mut file = admission("a", vec![draft(2, "adele@contoso.com")]);
    file.held = vec![(7, Fault::KeyUsed)];
    assert!(ledger.admit(&file, ACTOR, NOON).is_err());
    assert_eq!(ledger.jobs(None).unwrap(), []);
    assert_eq!(admit(&ledger, "a", &["adele@contoso.com"]), [JobId(1)]);
}

#[test]
fn a_second_keyline_is_refused_and_told_who_is_there() {
    let bench = Bench::new();
    let first = bench.create();
    let refused = bench.open().map(drop);
    let told = |refused: Result<(), Fault>, who: &str| {
        let process = format!("process {}, {who}, since 20", std::process::id());
        assert!(
            matches!(&refused, Err(Fault::LedgerHeld { holder, .. })
                if holder.starts_with(&process) && holder.ends_with(" UTC")),
            "{refused:?}"
        );
    };
    told(refused, "a keyline command");
    first.sign_lock("a station");
    told(bench.open().map(drop), "a station");
    drop(first);
    bench.open().unwrap();
}

/// Lock and write-ahead log lie beside the file itself, by whatever link it is named.
#[test]
fn a_link_to_a_ledger_is_the_same_ledger() {
    let bench = Bench::new();
    let first = bench.create();
    admit(&first, "a", &["adele@contoso.com"]);
    let link = bench.folder.path().join("link.db");
    std::os::unix::fs::symlink("ledger.db", &link).unwrap();
    let second = SqliteLedger::open(&link, bench.opening()).map(drop);
    assert!(
        matches!(&second, Err(Fault::LedgerHeld { .. })),
        "{second:?}"
    );
    assert!(SqliteLedger::is_in_use(&link).unwrap());
    assert_eq!(
        SqliteLedger::place(&link).unwrap(),
        bench.path().canonicalize().unwrap()
    );
    let seen = SqliteLedger::open_reader(&link).unwrap();
    assert_eq!(seen.jobs(None).unwrap().len(), 1);
    drop((first, seen));
    // Of two names of one file neither has the log of the other.
    let other = bench.folder.path().join("other.db");
    std::fs::hard_link(bench.path(), &other).unwrap();
    for path in [&bench.path(), &other, &link] {
        for refused in [
            SqliteLedger::open(path, bench.opening()).map(drop),
            SqliteLedger::open_reader(path).map(drop),
        ] {
            let what = words(refused);
            assert!(
                what.contains("2 names (hard links)") && what.contains("remove"),
                "{what}"
            );
        }
    }
    std::fs::remove_file(&other).unwrap();
    assert!(SqliteLedger::open(&link, bench.opening()).is_ok());
    assert!(!bench.folder.path().join("link.db.lock").exists());
}

#[test]
fn files_are_for_the_station_alone() {
    let bench = Bench::new();
    let ledger = bench.create();
    admit(&ledger, "a", &["adele@contoso.com"]);
    let mut seen = 0;
    for folder in [
        bench.folder.path().to_owned(),
        bench.folder.path().join("keys"),
    ] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{:?}", entry.path());
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "{seen} files");
}

#[test]
fn keys_that_others_can_read_are_refused() {
    let bench = Bench::new();
    let path = bench.folder.path().join("keys/signing.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = StationKeys::load(&bench.folder.path().join("keys"), None).map(drop);
    assert!(
        matches!(&refused, Err(Fault::StationKeys { what }) if what.contains("chmod 600")),
        "{refused:?}"
    );
}

#[test]
fn keys_may_come_as_credentials_and_then_stay_as_they_are() {
    let bench = Bench::new();
    let (keys, credentials) = (
        bench.folder.path().join("keys"),
        bench.folder.path().join("credentials"),
    );
    std::fs::rename(&keys, &credentials).unwrap();
    let opening = Opening {
        tenant: TENANT.to_owned(),
        recipients: bench.recipients(),
        keys: StationKeys::load(&keys, Some(&credentials)).unwrap(),
    };
    let before = std::fs::read(credentials.join("in-flight.key")).unwrap();
    let ledger = SqliteLedger::create(&bench.path(), opening).unwrap();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job).enroll("1", &pin("48261739"));
    drop(ledger);
    assert_eq!(
        std::fs::read(credentials.join("in-flight.key")).unwrap(),
        before
    );
    assert_eq!(std::fs::read_dir(&credentials).unwrap().count(), 3);
    // Without credentials the directory has to have them.
    assert!(words(StationKeys::load(&keys, None)).contains("cannot read"));
    std::fs::write(credentials.join("content.key"), "nonsense\n").unwrap();
    assert!(words(StationKeys::load(&keys, Some(&credentials))).contains("is not a station key"));
}

#[test]
fn init_overwrites_neither_keys_nor_ledger() {
    let bench = Bench::new();
    drop(bench.create());
    assert!(words(SqliteLedger::create(&bench.path(), bench.opening())).contains("cannot create"));
    assert!(
        words(StationKeys::create(&bench.folder.path().join("keys"))).contains("cannot create")
    );
}

#[test]
fn two_ledgers_do_not_share_station_keys() {
    let bench = Bench::new();
    drop(bench.create());
    let other = bench.folder.path().join("other.db");
    assert!(words(SqliteLedger::create(&other, bench.opening())).contains("another ledger"));
}

#[test]
fn another_tenant_needs_another_ledger() {
    let bench = Bench::new();
    drop(bench.create());
    let mut opening = bench.opening();
    opening.tenant = "fabrikam.com".to_owned();
    assert!(words(SqliteLedger::open(&bench.path(), opening)).contains("fabrikam.com"));
}

#[test]
fn a_ledger_may_learn_its_tenant_at_the_first_start() {
    let bench = Bench::new();
    let mut opening = bench.opening();
    opening.tenant = String::new();
    let ledger = SqliteLedger::create(&bench.path(), opening).unwrap();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let mut hand = Hand::new(&ledger, job);
    hand.reset("1");
    let pin = pin("48261739");
    let with = With {
        pin: Some(&pin),
        ..With::default()
    };
    assert!(words(hand.try_write(started(Step::SetPin), with)).contains("tenant"));
    drop(ledger);
    let ledger = bench.open().unwrap();
    Hand::new(&ledger, job).set_pin(&pin);
    drop(ledger);
    let mut opening = bench.opening();
    opening.tenant = TENANT.to_uppercase();
    let ledger = SqliteLedger::open(&bench.path(), opening).unwrap();
    assert_eq!(
        ledger
            .pin_in_flight(job, Hand::new(&ledger, job).state.attempt())
            .unwrap(),
        pin
    );
}

/// The first schema, as its migration made it, with one job in it.
fn old_ledger(bench: &Bench) {
    drop(bench.create());
    let ledger = bench.open().unwrap();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job).enroll("20123456", &pin("48261739"));
    drop(ledger);
    sql(&bench.path())
        .execute_batch(
            "DROP VIEW who_holds_which_key; DROP VIEW keys_to_be_deleted; DROP VIEW batches; DROP INDEX job_pending;
             ALTER TABLE job DROP COLUMN handed_over; ALTER TABLE job DROP COLUMN retired;
             ALTER TABLE job DROP COLUMN wiped; ALTER TABLE job DROP COLUMN pending; DROP TABLE stock; DROP TABLE removal;
             PRAGMA user_version = 1;",
        )
        .unwrap();
}

fn holder(path: &std::path::Path) -> rusqlite::Result<String> {
    sql(path).query_row("SELECT person FROM who_holds_which_key", [], |row| {
        row.get(0)
    })
}

#[test]
fn an_older_schema_is_brought_up_to_date() {
    let bench = Bench::new();
    old_ledger(&bench);
    assert!(holder(&bench.path()).is_err());
    // A reader leaves the file as it is.
    let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
    assert_eq!(
        reader.job(JobId(1)).unwrap().unwrap().standing,
        Standing::Done
    );
    drop(reader);
    assert!(holder(&bench.path()).is_err());
    bench.open().unwrap();
    assert_eq!(holder(&bench.path()).unwrap(), "Name of adele@contoso.com");
    let version: i64 = sql(&bench.path())
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, schema_version());
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let bench = Bench::new();
    drop(bench.create());
    sql(&bench.path())
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(words(bench.open()).contains("newer keyline"));
    assert!(words(SqliteLedger::open_reader(&bench.path())).contains("newer keyline"));
}

#[test]
fn other_files_are_refused_in_words() {
    let bench = Bench::new();
    let refused = bench.open().map(drop);
    assert!(
        matches!(&refused, Err(Fault::LedgerUnfit { what }) if what.contains("is not there")),
        "{refused:?}"
    );
    std::fs::write(
        bench.path(),
        "not a database, but long enough to look at".repeat(50),
    )
    .unwrap();
    assert!(words(bench.open()).contains("is not a keyline ledger"));
    std::fs::remove_file(bench.path()).unwrap();
    sql(&bench.path())
        .execute_batch("CREATE TABLE songs (title TEXT)")
        .unwrap();
    assert!(words(bench.open()).contains("is not a keyline ledger"));
    assert!(words(SqliteLedger::open_reader(&bench.path())).contains("is not a keyline ledger"));
}

#[test]
fn a_ledger_says_what_it_is() {
    let bench = Bench::new();
    drop(bench.create());
    let id: i32 = sql(&bench.path())
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .unwrap();
    assert_eq!(id, APPLICATION_ID);
}

#[test]
fn a_copy_without_write_permission_can_be_read() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let copy = bench.folder.path().join("copy.db");
    ledger.back_up(&copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o400)).unwrap();
    let reader = SqliteLedger::open_reader(&copy).unwrap();
    assert_eq!(reader.open_jobs().unwrap()[0].job.id, job);
    let said = words(reader.note("x", ACTOR, NOON));
    assert!(said.contains("reading alone"), "{said}");
    assert!(words(ledger.back_up(&copy)).contains("never overwrites"));
}
