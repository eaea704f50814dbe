//! Keys that were given out: what the ledger says of them, what becomes due, and that no entry can be turned without being found.

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::domain::authenticator::Serial;
use keyline::domain::credential::MethodId;
use keyline::domain::custody::{Custody, Fate};
use keyline::domain::event::Happening;
use keyline::domain::job::JobId;
use keyline::port::{Duty, DutyOutcome, Ledger, PasskeyState};

use super::audit::{sound, tamper};
use super::bench::*;

fn retired(fate: Fate) -> Happening {
    Happening::Retired {
        fate,
        reason: "Adele Vance left".to_owned(),
    }
}

fn old() -> MethodId {
    MethodId("of old".to_owned())
}

fn due(duties: Vec<Duty>) -> With<'static> {
    With {
        obligations: duties,
        ..With::default()
    }
}

/// Adele has her key, Alex's came back, Megan's is on its way and keeps an older one.
fn given_out(bench: &Bench) -> (SqliteLedger, Vec<JobId>) {
    let ledger = bench.create();
    let users = ["adele@contoso.com", "alex@contoso.com", "megan@contoso.com"];
    let jobs = admit(&ledger, "a", &users);
    for (job, serial) in jobs.iter().zip(["1001", "1002", "1003"]) {
        let mut hand = Hand::new(&ledger, *job);
        hand.reset(serial).set_pin(&pin("48261739")).make();
        hand.register_and_leave(&[], &[old()]).deliver();
    }
    let replaced = vec![Duty::Replaced(old())];
    Hand::new(&ledger, jobs[0]).write_with(Happening::HandedOver, due(replaced));
    let gone = vec![Duty::Retired(method(jobs[1], 1))];
    Hand::new(&ledger, jobs[1])
        .write_with(retired(Fate::Returned), due(gone))
        .write(Happening::Wiped);
    (ledger, jobs)
}

fn custody(ledger: &SqliteLedger, job: JobId) -> Custody {
    ledger.job(job).unwrap().unwrap().custody
}

#[test]
fn who_has_which_key_is_told_and_what_follows_is_due() {
    let bench = Bench::new();
    let (ledger, jobs) = given_out(&bench);
    sound(&ledger);
    let with_person = Custody {
        handed_over: true,
        ..Custody::default()
    };
    assert_eq!(custody(&ledger, jobs[0]), with_person);
    let back = custody(&ledger, jobs[1]);
    assert_eq!((back.retired, back.wiped), (Some(Fate::Returned), true));
    let on_its_way = custody(&ledger, jobs[2]);
    assert_eq!((on_its_way.handed_over, on_its_way.pending), (false, 1));
    let holder = &ledger
        .holders_of_serial(&Serial::new("1002").unwrap())
        .unwrap()[0];
    assert_eq!(holder.custody.retired, Some(Fate::Returned));

    let later = NOON.plus_seconds(1000);
    let open = ledger.obligations(later).unwrap();
    let what: Vec<_> = open
        .iter()
        .map(|one| (one.job, one.duty.clone(), one.keeps.clone()))
        .collect();
    let keeps = Some(method(jobs[0], 1));
    assert_eq!(
        what,
        [
            (jobs[0], Duty::Replaced(old()), keeps),
            (jobs[1], Duty::Retired(method(jobs[1], 1)), None),
        ]
    );
    // It counts for nobody from that moment on, and is gone when it was deleted.
    assert_eq!(ledger.live_methods("alex@contoso.com").unwrap(), []);
    for one in &open {
        let settled = DutyOutcome::Settled { deleted: true };
        ledger
            .settle(one.id, &DutyOutcome::Deleting, ACTOR, later)
            .unwrap();
        ledger.settle(one.id, &settled, ACTOR, later).unwrap();
        sound(&ledger);
    }
    let passkey = ledger.passkey(&credential(jobs[1], 1)).unwrap().unwrap();
    assert_eq!(
        (passkey.state, passkey.given_up),
        (PasskeyState::Gone, false)
    );
    assert_eq!(ledger.obligations(later).unwrap(), []);
    // Nothing but the fate is told of why in the chain, which outlives the person.
    let chained: String = sql(&bench.path())
        .query_row("SELECT group_concat(event) FROM journal", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(chained.contains("returned") && !chained.contains("Adele"));
    assert!(chained.matches("\"void\"").count() == 0);
    let void: String = sql(&bench.path())
        .query_row(
            "SELECT group_concat(job) FROM delivery WHERE state = 'void'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(void, jobs[1].to_string());
    drop(ledger);
    sound(&bench.open().unwrap());
}

#[test]
fn no_entry_of_a_key_that_was_given_out_can_be_turned() {
    let bench = Bench::new();
    drop(given_out(&bench));
    let whole = std::fs::read(bench.path()).unwrap();
    for turned in [
        "UPDATE job SET handed_over = 0 WHERE id = 1",
        "UPDATE job SET handed_over = 1 WHERE id = 3",
        "UPDATE job SET retired = 'lost' WHERE id = 2",
        "UPDATE job SET retired = NULL WHERE id = 2",
        "UPDATE job SET wiped = 0 WHERE id = 2",
        "UPDATE job SET pending = 0 WHERE id = 3",
        "UPDATE delivery SET state = 'delivered' WHERE job = 2",
        "UPDATE passkey SET state = 'registered' WHERE job = 2",
        "UPDATE obligation SET kind = 'orphan' WHERE kind = 'retired'",
        "UPDATE obligation SET target = 'another' WHERE kind = 'retired'",
        "UPDATE obligation SET state = 'settled' WHERE kind = 'replaced'",
        "DELETE FROM obligation WHERE kind = 'retired'",
        "INSERT INTO obligation (job, kind, target, state, due) VALUES (3, 'replaced', 'of old', 'open', 0)",
    ] {
        std::fs::write(bench.path(), &whole).unwrap();
        assert_eq!(tamper(&bench, turned), 1, "{turned}");
        let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
        let verdict = reader.verify(None).unwrap();
        assert!(matches!(verdict, Verdict::Broken(_)), "{turned}");
    }
}

#[test]
fn what_waited_in_an_older_schema_is_kept() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com"]);
    let mut hand = Hand::new(&ledger, jobs[0]);
    hand.reset("1001").set_pin(&pin("48261739")).make();
    hand.register(&[old()]).deliver();
    drop(ledger);
    // As the second schema had it.
    sql(&bench.path())
        .execute_batch(
            "DROP VIEW who_holds_which_key; DROP VIEW keys_to_be_deleted; DROP INDEX job_pending;
             ALTER TABLE job DROP COLUMN handed_over; ALTER TABLE job DROP COLUMN retired;
             ALTER TABLE job DROP COLUMN wiped; ALTER TABLE job DROP COLUMN pending;
             CREATE VIEW who_holds_which_key AS SELECT 1; CREATE VIEW keys_to_be_deleted AS SELECT 1;
             DROP TABLE stock; DROP TABLE removal; PRAGMA user_version = 2;",
        )
        .unwrap();
    let ledger = bench.open().unwrap();
    let open = ledger.obligations(NOON.plus_seconds(1000)).unwrap();
    assert_eq!(open[0].duty, Duty::Replaced(old()));
    assert_eq!(custody(&ledger, jobs[0]), Custody::default());
    sound(&ledger);
    Hand::new(&ledger, jobs[0]).write(Happening::HandedOver);
    sound(&ledger);
}
