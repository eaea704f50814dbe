//! What the audit computes from the journal: it misses signatures that must be there, knows what became of passkeys that were
//! replaced and looked for again, and tells of damage in few words.

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::domain::credential::MethodId;
use keyline::domain::event::Happening;
use keyline::port::{Duty, DutyOutcome, Ledger};

use super::audit::{full, sound, tamper};
use super::bench::*;

/// One batch that has ended, so that its last row is signed.
fn ended(bench: &Bench) -> SqliteLedger {
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job).enroll("1001", &pin("48261739"));
    ledger
}

#[test]
fn a_checkpoint_that_must_be_there_is_missed() {
    let bench = Bench::new();
    let ledger = ended(&bench);
    assert_eq!(sound(&ledger).checkpoints, 1);
    // Many rows at once are signed once, and rows by the way as often as they must be.
    let many: Vec<String> = (0..600).map(|n| format!("user{n}@contoso.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    admit(&ledger, "b", &many);
    assert_eq!(sound(&ledger).checkpoints, 2);
    for second in 1..=300 {
        ledger
            .note("shift change", ACTOR, NOON.plus_seconds(second))
            .unwrap();
    }
    assert_eq!(sound(&ledger).checkpoints, 3);
    drop(ledger);
    let whole = std::fs::read(bench.path()).unwrap();
    let numbers: Vec<i64> = sql(&bench.path())
        .prepare("SELECT seq FROM checkpoint ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    // The one that closing wrote is not missed: a station that was cut off writes none.
    let (last, must) = numbers.split_last().unwrap();
    assert_eq!(must.len(), 3);
    for (seq, found) in must.iter().map(|seq| (seq.to_string(), Some(*seq))).chain([
        (last.to_string(), None),
        ("seq".to_owned(), must.first().copied()),
    ]) {
        std::fs::write(bench.path(), &whole).unwrap();
        tamper(&bench, &format!("DELETE FROM checkpoint WHERE seq = {seq}"));
        let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
        match (reader.verify(None).unwrap(), found) {
            (Verdict::Sound(_), None) => {}
            (Verdict::Broken(broken), Some(row)) => {
                assert_eq!(
                    (broken.row, broken.why.contains("is gone")),
                    (row, true),
                    "{broken:?}"
                );
            }
            (verdict, _) => panic!("{seq}: {verdict:?}"),
        }
    }
}

#[test]
fn damage_is_told_in_few_and_clean_words() {
    let bench = Bench::new();
    drop(full(&bench));
    tamper(
        &bench,
        "UPDATE journal SET actor = CAST(x'ff41' AS TEXT) WHERE seq = 5",
    );
    let audit = |path: &std::path::Path| {
        SqliteLedger::open_reader(path)
            .and_then(|ledger| ledger.audit(&[], &mut |_, _| {}))
            .unwrap_err()
            .to_string()
    };
    let db = sql(&bench.path());
    for trigger in [
        "journal_keeps_its_rows BEFORE UPDATE ON journal\nBEGIN\n    SELECT RAISE (ABORT, 'the journal is never changed');",
        "journal_keeps_all_rows BEFORE DELETE ON journal\nBEGIN\n    SELECT RAISE (ABORT, 'the journal is never shortened');",
        "sealed_pin_keeps_its_rows BEFORE UPDATE ON sealed_pin\nBEGIN\n    SELECT RAISE (ABORT, 'a sealed PIN is never overwritten');",
    ] {
        db.execute_batch(&format!("CREATE TRIGGER {trigger}\nEND"))
            .unwrap();
    }
    drop(db);
    let told = audit(&bench.path());
    assert!(
        told.contains("a value in it is none that keyline writes") && !told.contains("utf"),
        "{told}"
    );
    let bench = Bench::new();
    drop(full(&bench));
    let mut bytes = std::fs::read(bench.path()).unwrap();
    for page in 2..bytes.len() / 4096 {
        let whole = bytes[page * 4096];
        bytes[page * 4096] ^= 0x10;
        std::fs::write(bench.path(), &bytes).unwrap();
        let told = audit(&bench.path());
        assert!(
            told.contains("damaged") && !told.contains("***") && !told.contains('\n'),
            "{told}"
        );
        bytes[page * 4096] = whole;
    }
}

#[test]
fn replaced_and_reopened_passkeys_are_what_the_journal_says() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(
        &ledger,
        "a",
        &["adele@contoso.com", "adele@contoso.com", "alex@contoso.com"],
    );
    Hand::new(&ledger, jobs[0]).enroll("1", &pin("48261739"));
    let mut hand = Hand::new(&ledger, jobs[1]);
    hand.reset("2").set_pin(&pin("73519264")).make();
    hand.register(&[method(jobs[0], 1), MethodId("of old".to_owned())]);
    sound(&ledger);
    hand.deliver();
    let mut lost = Hand::new(&ledger, jobs[2]);
    lost.reset("3").set_pin(&pin("91736482")).make();
    lost.write(Happening::Cancelled {
        credential: Some(credential(jobs[2], 1)),
    });
    let later = NOON.plus_seconds(1000);
    for outcome in [
        DutyOutcome::Deleting,
        DutyOutcome::Again { due: later },
        DutyOutcome::Settled { deleted: true },
    ] {
        for due in ledger.obligations(later).unwrap() {
            let outcome = match (&due.duty, &outcome) {
                (Duty::Replaced(method), DutyOutcome::Settled { .. }) if method.0 != "of old" => {
                    DutyOutcome::Spared {
                        why: "it is in use".to_owned(),
                    }
                }
                _ => outcome.clone(),
            };
            ledger.settle(due.id, &outcome, ACTOR, later).unwrap();
            sound(&ledger);
        }
    }
    assert_eq!(ledger.obligations(later).unwrap(), []);
    ledger
        .reopen(&credential(jobs[2], 1), ACTOR, later.plus_seconds(7))
        .unwrap();
    sound(&ledger);
}
