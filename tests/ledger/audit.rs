//! The audit chain: whatever is changed, added or taken away is found and named; erasing people and letting PINs go is not.

use keyline::adapter::ledger::{Broken, Days, Sound, SqliteLedger, Verdict};
use keyline::domain::event::{Happening, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::paper::Leaving;
use keyline::port::{Duty, DutyOutcome, Ledger};
use proptest::prelude::*;

use super::bench::*;

/// A ledger with everything in it: two finished jobs, an open one, one held with a name in the reason, duties, notes.
pub(crate) fn full(bench: &Bench) -> SqliteLedger {
    let ledger = bench.create();
    let jobs = admit(
        &ledger,
        "a",
        &[
            "adele@contoso.com",
            "alex@contoso.com",
            "megan@contoso.com",
            "lynne@contoso.com",
        ],
    );
    ledger.note("shift change", "badge 8", NOON).unwrap();
    Hand::new(&ledger, jobs[0]).enroll("1001", &pin("48261739"));
    let mut hand = Hand::new(&ledger, jobs[1]);
    hand.reset("1002")
        .set_pin(&pin("73519264"))
        .make()
        .write_with(
            Happening::Abandoned {
                reason: Fault::Transport {
                    what: "the reader of Alex Wilber is gone".to_owned(),
                },
                credential: Some(credential(jobs[1], 1)),
                restart: Step::Reset,
            },
            With {
                obligations: vec![Duty::Orphan(credential(jobs[1], 1))],
                ..With::default()
            },
        );
    hand.enroll("1003", &pin("91736482"));
    let due = ledger.obligations(hand.at).unwrap();
    ledger
        .settle(
            due[0].id,
            &DutyOutcome::Settled { deleted: true },
            ACTOR,
            hand.at,
        )
        .unwrap();
    Hand::new(&ledger, jobs[2]).write(Happening::Held {
        fault: Fault::KeyEnrolledFor {
            holder: "Adele Vance".to_owned(),
            envelope: "0001".to_owned(),
        },
    });
    Hand::new(&ledger, jobs[3])
        .reset("1004")
        .set_pin(&pin("28461937"));
    ledger
}

pub(super) fn sound(ledger: &SqliteLedger) -> Sound {
    match ledger.verify(None).unwrap() {
        Verdict::Sound(sound) => sound,
        Verdict::Broken(broken) => panic!("{broken:?}"),
    }
}

fn broken(ledger: &SqliteLedger) -> Broken {
    match ledger.verify(None).unwrap() {
        Verdict::Sound(sound) => panic!("nothing was found: {sound:?}"),
        Verdict::Broken(broken) => broken,
    }
}

/// Changes the file as somebody would who has it, and knows SQL.
pub(super) fn tamper(bench: &Bench, statement: &str) -> usize {
    let db = sql(&bench.path());
    db.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
         DROP TRIGGER journal_keeps_its_rows; DROP TRIGGER journal_keeps_all_rows; DROP TRIGGER sealed_pin_keeps_its_rows;",
    )
    .unwrap();
    db.execute(statement, []).unwrap()
}

#[test]
fn an_untouched_ledger_is_sound_also_after_a_restart() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let first = sound(&ledger);
    assert!(first.rows > 30 && first.signed_by.len() <= 1, "{first:?}");
    drop(ledger);
    let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
    let closed = sound(&reader);
    // Closing signs the last row.
    assert_eq!((closed.unsigned_rows, &closed.head), (0, &first.head));
    let key = bench.keys().verifying_key().to_bytes();
    assert!(matches!(
        reader.verify(Some(key)).unwrap(),
        Verdict::Sound(_)
    ));
    let stranger = Bench::new().keys().verifying_key().to_bytes();
    assert!(matches!(
        reader.verify(Some(stranger)).unwrap(),
        Verdict::Broken(_)
    ));
}

/// Letters are put into envelopes, and bags leave, when their batch is over and signed.
#[test]
fn what_leaves_the_bench_after_its_batch_ended_leaves_the_ledger_sound() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com"]);
    let mut hand = Hand::new(&ledger, jobs[0]);
    hand.enroll("1001", &pin("48261739"));
    let signed = sound(&ledger).checkpoints;
    hand.write(Happening::Left {
        what: Leaving::LetterEnveloped,
    });
    assert_eq!(sound(&ledger).checkpoints, signed);
    drop(ledger);
    sound(&SqliteLedger::open_reader(&bench.path()).unwrap());
    sound(&bench.open().unwrap());
    // The row with which the batch ended is still looked for.
    tamper(&bench, "DELETE FROM checkpoint");
    broken(&SqliteLedger::open_reader(&bench.path()).unwrap());
}

#[test]
fn the_journal_itself_refuses_changes() {
    let bench = Bench::new();
    drop(full(&bench));
    let db = sql(&bench.path());
    for statement in [
        "UPDATE journal SET actor = 'x'",
        "DELETE FROM journal",
        "UPDATE sealed_pin SET at = 0",
    ] {
        assert!(db.execute(statement, []).is_err(), "{statement}");
    }
}

#[test]
fn what_lies_beside_the_chain_is_answered_for() {
    let attempts = [
        "UPDATE request SET request = json_set(request, '$.address', json_array('12 Elsewhere Street')) WHERE job = 1",
        "UPDATE request SET person = (SELECT max(id) FROM person) WHERE job = 1",
        "DELETE FROM request WHERE job = 1",
        "UPDATE person SET salt = randomblob(32) WHERE id = 1",
        "UPDATE detail SET event = replace(event, 'Adele', 'Mallory')",
        "DELETE FROM detail",
        "INSERT INTO detail SELECT seq, job, event FROM journal WHERE kind = 'event' LIMIT 1",
        "UPDATE sealed_pin SET sealed = randomblob(700) WHERE job = 1",
        "DELETE FROM sealed_pin WHERE job = 1",
        "INSERT INTO sealed_pin SELECT job, attempt + 7, kind, sealed, at FROM sealed_pin LIMIT 1",
        "UPDATE job SET envelope = 77 WHERE id = 1",
        "UPDATE job SET policy = 'lenient' WHERE id = 1",
        "UPDATE job SET serial = '6666' WHERE id = 1",
        "UPDATE job SET standing = 'done' WHERE id = 3",
        "UPDATE job SET control = NULL WHERE id = 1",
        "UPDATE job SET method = 'other' WHERE id = 1",
        "UPDATE checkpoint SET hash = randomblob(32)",
        "UPDATE checkpoint SET at = at + 1",
        "UPDATE checkpoint SET signature = randomblob(64)",
        "UPDATE checkpoint SET key = randomblob(32)",
        "DELETE FROM journal WHERE seq = 5",
        "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM checkpoint)",
        "UPDATE meta SET value = 'another' WHERE key = 'ledger'",
        "UPDATE job SET updated = updated - 1 WHERE id = 1",
        "UPDATE job SET has_pin = 1 WHERE id = 1",
        "UPDATE job SET has_current_pin = 1 WHERE id = 4",
        "UPDATE passkey SET state = 'abandoned' WHERE job = 1",
        "UPDATE passkey SET state = 'gone' WHERE job = 1",
        "UPDATE passkey SET state = 'ragistered' WHERE job = 1",
        "UPDATE passkey SET state = 'registered' WHERE job = 2 AND attempt = 1",
        "UPDATE passkey SET registered = 1 WHERE job = 1",
        "DELETE FROM passkey WHERE job = 1",
        "UPDATE obligation SET state = 'open'",
        "UPDATE obligation SET due = due + 1",
        "UPDATE obligation SET target = 'method-1-1', kind = 'replaced'",
        "DELETE FROM obligation",
        "INSERT INTO obligation (job, kind, target, state, due) VALUES (1, 'replaced', 'method-1-1', 'open', 1)",
        "INSERT INTO obligation (job, kind, target, state, due) SELECT 1, 'orphan', lower(hex(credential)), 'open', 1
         FROM passkey WHERE job = 1",
        "UPDATE attempt SET serial = '1002' WHERE job = 1",
        "UPDATE attempt SET slot = 3 WHERE job = 1",
        "DELETE FROM attempt WHERE job = 1",
        "UPDATE delivery SET state = 'void' WHERE job = 1",
        "DELETE FROM delivery",
    ];
    for attempt in attempts {
        let bench = Bench::new();
        drop(full(&bench));
        assert!(tamper(&bench, attempt) > 0, "{attempt} did nothing");
        let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
        assert!(
            matches!(reader.verify(None).unwrap(), Verdict::Broken(_)),
            "{attempt} was not found"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any column of any row of the journal, changed in any way, is found, and the row is named.
    #[test]
    fn a_changed_row_is_found_and_named(pick in 0_usize..1000, column in 0_usize..10, byte in 0_usize..200, bit in 0_u8..8) {
        let columns = ["job", "attempt", "at", "kind", "event", "actor", "person_hash", "sealed_hash", "prev_hash", "hash"];
        let bench = Bench::new();
        FULL.with(|full| full.copy_to(&bench));
        let rows: i64 = sql(&bench.path()).query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
        let seq = 1 + i64::try_from(pick).unwrap() % rows;
        let column = columns[column];
        let old: rusqlite::types::Value = sql(&bench.path())
            .query_row(&format!("SELECT {column} FROM journal WHERE seq = {seq}"), [], |row| row.get(0))
            .unwrap();
        let new = flip(old, column, byte, bit);
        let db = sql(&bench.path());
        db.execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; DROP TRIGGER journal_keeps_its_rows;",
        ).unwrap();
        db.execute(&format!("UPDATE journal SET {column} = ?1 WHERE seq = ?2"), rusqlite::params![new, seq]).unwrap();
        drop(db);
        let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
        prop_assert_eq!(broken(&reader).row, seq);
    }
}

thread_local! {
    static FULL: Template = Template::new();
}

/// A full ledger, closed, to be copied for every case.
struct Template {
    bench: Bench,
}

impl Template {
    fn new() -> Self {
        let bench = Bench::new();
        drop(full(&bench));
        Self { bench }
    }

    fn copy_to(&self, bench: &Bench) {
        std::fs::copy(self.bench.path(), bench.path()).unwrap();
    }
}

fn flip(
    value: rusqlite::types::Value,
    column: &str,
    byte: usize,
    bit: u8,
) -> rusqlite::types::Value {
    use rusqlite::types::Value;
    let turn = |mut bytes: Vec<u8>| {
        let at = byte % bytes.len();
        bytes[at] ^= 1 << bit;
        bytes
    };
    match value {
        Value::Null if column.ends_with("hash") => Value::Blob(vec![bit; 32]),
        Value::Null => Value::Integer(i64::from(bit)),
        Value::Integer(number) => Value::Integer(number ^ (1 << (byte % 31))),
        Value::Text(text) => Value::Text(format!("{text}{bit}")),
        Value::Blob(bytes) => Value::Blob(turn(bytes)),
        Value::Real(_) => unreachable!("the schema has no such column"),
    }
}

#[test]
fn names_are_not_in_the_chain() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let db = sql(&bench.path());
    let mut statement = db.prepare("SELECT event || actor FROM journal").unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    for row in rows {
        let row = row.unwrap();
        for personal in ["Adele", "Alex", "adele@", "Name of", "contoso"] {
            assert!(!row.contains(personal), "{row}");
        }
    }
    // Outside the chain the words are kept.
    let held = ledger.job(JobId(3)).unwrap().unwrap().held;
    assert!(matches!(held, Some(Fault::KeyEnrolledFor { holder, .. }) if holder == "Adele Vance"));
    let journal = ledger.journal(JobId(3)).unwrap();
    assert!(format!("{journal:?}").contains("Adele Vance"));
}

#[test]
fn an_erased_person_is_gone_from_the_bytes_and_the_chain_still_verifies() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let before = sound(&ledger);
    let erased = ledger
        .erase_person("ADELE@contoso.com", ACTOR, NOON.plus_seconds(500))
        .unwrap();
    assert_eq!((erased.jobs, erased.sealed_pins), (vec![1], 1));
    let after = sound(&ledger);
    assert_eq!(after.rows, before.rows + 1);
    assert!(!contains(&bench.bytes(), b"adele@contoso.com"));
    assert!(contains(&bench.bytes(), b"alex@contoso.com"));
    let record = ledger.job(JobId(1)).unwrap().unwrap();
    assert_eq!(record.job.request.user, "a person who was erased");
    assert_eq!(record.serial.unwrap().as_str(), "1001");
    assert_eq!(record.job.request.policy, "standard");
    assert_eq!(ledger.find("adele@contoso.com").unwrap(), []);
    let holders = ledger
        .holders_of_serial(&keyline::domain::authenticator::Serial::new("1001").unwrap())
        .unwrap();
    assert_eq!(holders[0].person, "a person who was erased");
    // Their key still counts as one of ours.
    assert!(
        ledger
            .live_methods("adele@contoso.com")
            .unwrap()
            .contains(&method(JobId(1), 1))
    );
    let journal = ledger.journal(JobId(1)).unwrap();
    assert!(!format!("{journal:?}").contains("Adele"));
}

#[test]
fn nobody_is_erased_while_something_is_open() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let refused = ledger.erase_person("lynne@contoso.com", ACTOR, NOON);
    assert!(
        matches!(&refused, Err(Fault::Ledger { what }) if what.contains("job 4")),
        "{refused:?}"
    );
    let refused = ledger.erase_person("nobody@contoso.com", ACTOR, NOON);
    assert!(
        matches!(&refused, Err(Fault::Ledger { what }) if what.contains("does not know")),
        "{refused:?}"
    );
}

#[test]
fn retention_lets_go_of_what_is_over_and_of_nothing_else() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let done = admit(&ledger, "b", &["diego@contoso.com"])[0];
    Hand::new(&ledger, done).enroll("1005", &pin("28193746"));
    let days = |count| Days {
        sealed_pins: Some(count),
        personal_data: None,
        archived: Some(count),
    };
    let early = ledger
        .apply_retention(days(30), ACTOR, NOON.plus_seconds(29 * 86_400))
        .unwrap();
    assert_eq!((early.sealed_pins, early.archived.len()), (0, 0));
    let later = NOON.plus_seconds(31 * 86_400);
    let given_up = ledger.apply_retention(days(30), ACTOR, later).unwrap();
    // Jobs 1, 2 (two attempts) and 5; job 4 is open. Only the file of the second batch is over.
    assert_eq!((given_up.sealed_pins, given_up.people), (4, 0));
    assert_eq!(given_up.archived.len(), 1);
    assert_eq!(given_up.archived[0].claim, "b");
    sound(&ledger);
    let people = Days {
        personal_data: Some(30),
        ..Days::default()
    };
    assert_eq!(
        ledger.apply_retention(people, ACTOR, later).unwrap().people,
        3
    );
    sound(&ledger);
    assert!(contains(&bench.bytes(), b"lynne@contoso.com"));
    assert!(!contains(&bench.bytes(), b"diego@contoso.com"));
    assert_eq!(
        ledger
            .apply_retention(days(30), ACTOR, later)
            .unwrap()
            .sealed_pins,
        0
    );
}
