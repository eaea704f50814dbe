//! The contract of `port::Ledger`, told over the trait alone.

use keyline::domain::authenticator::Serial;
use keyline::domain::enrollment::{Enrollment, Standing};
use keyline::domain::event::{Attempt, Happening, Intent, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::{BatchName, JobId};
use keyline::domain::pin::Pin;
use keyline::domain::policy::{Configuration, Plan};
use keyline::port::{Admitted, Duty, DutyOutcome, Ledger};

use super::bench::*;

#[test]
fn a_job_goes_all_the_way_and_can_be_read_back() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    assert_eq!(jobs, [JobId(1), JobId(2)]);
    let mut hand = Hand::new(&ledger, jobs[0]);
    hand.reset("20123456").set_pin(&pin("48261739")).make();
    assert_eq!(
        ledger.attestation(jobs[0], Attempt(1)).unwrap(),
        Some(attestation(jobs[0], 1))
    );
    assert_eq!(
        ledger.pin_in_flight(jobs[0], Attempt(1)).unwrap(),
        pin("48261739")
    );
    hand.register(&[]).deliver();

    let record = ledger.job(jobs[0]).unwrap().unwrap();
    assert_eq!(record.standing, Standing::Done);
    assert_eq!(record.serial, Serial::new("20123456"));
    assert_eq!(record.control, Some(control(jobs[0], 1)));
    assert_eq!(record.job.request, request("adele@contoso.com"));
    assert_eq!(record.job.envelope.to_string(), "0001");
    let journal = ledger.journal(jobs[0]).unwrap();
    let state = Enrollment::replay(journal.iter().map(|stamped| &stamped.event)).unwrap();
    assert_eq!(state, hand.state);
    assert!(journal.iter().all(|stamped| stamped.actor == ACTOR));
    assert_eq!(ledger.attestation(jobs[0], Attempt(1)).unwrap(), None);
    assert!(matches!(
        ledger.pin_in_flight(jobs[0], Attempt(1)),
        Err(Fault::Unsealable { .. })
    ));
    let open = ledger.open_jobs().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].job.id, jobs[1]);
}

#[test]
fn admission_repeats_by_claim_and_knows_content() {
    let bench = Bench::new();
    let ledger = bench.create();
    let first = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    assert_eq!(
        admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]),
        first
    );
    let mut again = admission("a", vec![draft(2, "adele@contoso.com")]);
    again.claim = "another claim of the same bytes".to_owned();
    assert_eq!(
        ledger.admit(&again, ACTOR, NOON.plus_seconds(9)).unwrap(),
        Admitted::KnownContent {
            batch: BatchName("onboarding".to_owned()),
            at: NOON
        }
    );
    let second = admit(&ledger, "b", &["megan@contoso.com"]);
    let records = ledger.jobs(None).unwrap();
    let numbers: Vec<_> = records
        .iter()
        .map(|record| (record.job.id.0, record.job.envelope.0, record.job.sequence))
        .collect();
    assert_eq!(numbers, [(1, 1, 1), (2, 2, 2), (3, 3, 1)]);
    assert_eq!(second, [JobId(3)]);
}

#[test]
fn rows_can_be_held_from_the_start() {
    let bench = Bench::new();
    let ledger = bench.create();
    let mut file = admission(
        "a",
        vec![draft(2, "adele@contoso.com"), draft(3, "alex@contoso.com")],
    );
    let fault = Fault::KeyEnrolledFor {
        holder: "Adele Vance".to_owned(),
        envelope: "0007".to_owned(),
    };
    file.held = vec![(1, fault.clone())];
    ledger.admit(&file, ACTOR, NOON).unwrap();
    let record = ledger.job(JobId(2)).unwrap().unwrap();
    assert_eq!(
        (record.standing, record.held),
        (Standing::Held, Some(fault))
    );
    Hand::new(&ledger, JobId(2)).write(Happening::Released);
    assert_eq!(
        ledger.job(JobId(2)).unwrap().unwrap().standing,
        Standing::Waiting
    );
}

#[test]
fn pins_of_the_job_file_come_back() {
    let bench = Bench::new();
    let ledger = bench.create();
    let mut row = draft(2, "adele@contoso.com");
    row.pin = Some(pin("73519264"));
    row.current_pin = Some(pin("alt-1234"));
    ledger
        .admit(
            &admission("a", vec![row, draft(3, "alex@contoso.com")]),
            ACTOR,
            NOON,
        )
        .unwrap();
    assert_eq!(
        ledger.specified_pin(JobId(1)).unwrap(),
        Some(pin("73519264"))
    );
    assert_eq!(ledger.current_pin(JobId(1)).unwrap(), Some(pin("alt-1234")));
    assert_eq!(ledger.specified_pin(JobId(2)).unwrap(), None);
    assert_eq!(ledger.current_pin(JobId(2)).unwrap(), None);
    let job = ledger.job(JobId(1)).unwrap().unwrap().job;
    assert!(job.has_specified_pin && job.has_current_pin);
}

#[test]
fn no_step_puts_a_pin_on_a_key_that_is_not_sealed() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let mut hand = Hand::new(&ledger, job);
    hand.reset("20123456");
    let refused = hand.try_write(started(Step::SetPin), With::default());
    assert!(
        matches!(refused, Err(Fault::Internal { .. })),
        "{refused:?}"
    );
    // The refusal left nothing behind.
    hand.set_pin(&pin("48261739"));
}

#[test]
fn a_sealed_pin_is_never_overwritten() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let mut hand = Hand::new(&ledger, job);
    let with = |pin| With {
        pin: Some(pin),
        ..With::default()
    };
    let (ours, other) = (pin("48261739"), pin("11223344"));
    hand.reset("20123456")
        .write_with(started(Step::SetPin), with(&ours))
        .write(Happening::NotDone {
            step: Step::SetPin,
            fault: Fault::PinAuthBlocked,
        });
    let refused = hand.try_write(started(Step::SetPin), with(&other));
    assert!(
        matches!(refused, Err(Fault::Internal { .. })),
        "{refused:?}"
    );
    hand.write_with(started(Step::SetPin), with(&ours))
        .done(Step::SetPin);
    assert_eq!(ledger.pin_in_flight(job, Attempt(1)).unwrap(), ours);
}

#[test]
fn two_hands_on_one_job_do_not_tear_its_journal() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let hold = || Happening::Held {
        fault: Fault::Cancelled,
    };
    let refused = |hand: &mut Hand<'_>| match hand.try_write(hold(), With::default()) {
        Err(Fault::Internal { what }) => what,
        other => panic!("{other:?}"),
    };
    // One that cannot follow at all, and one that could, but would lead elsewhere than its writer believes.
    let mut late = Hand::new(&ledger, job);
    Hand::new(&ledger, job).begin("1");
    assert!(refused(&mut late).contains("cannot follow"));
    let mut late = Hand::new(&ledger, job);
    Hand::new(&ledger, job).start(Step::Reset);
    assert!(refused(&mut late).contains("has moved on"));
    Hand::new(&ledger, job).write(hold());
}

#[test]
fn find_takes_whatever_stands_on_paper_or_key() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    Hand::new(&ledger, jobs[0]).enroll("SER-2", &pin("48261739"));
    // A serial that looks like the number of a job.
    Hand::new(&ledger, jobs[1]).begin("1");
    let find = |text: &str| -> Vec<i64> {
        let found = ledger.find(text).unwrap();
        found.into_iter().map(|record| record.job.id.0).collect()
    };
    assert_eq!(find("1"), [1, 2]);
    assert_eq!(find("2"), [2]);
    assert_eq!(find("0002"), [2]);
    assert_eq!(find("L-0002"), [2]);
    assert_eq!(find("b-1"), [1]);
    assert_eq!(find(" ADELE@Contoso.COM "), [1]);
    assert_eq!(find("ser-2"), [1]);
    assert_eq!(find(&control(jobs[0], 1)), [1]);
    assert_eq!(find("700 001 01"), [1]);
    assert_eq!(find("L-0099"), [0_i64; 0]);
    assert_eq!(find(""), [0_i64; 0]);
    assert_eq!(find("%"), [0_i64; 0]);
}

#[test]
fn obligations_wait_for_the_new_key_and_are_settled_once() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "adele@contoso.com"]);
    Hand::new(&ledger, jobs[0]).enroll("1", &pin("48261739"));
    assert_eq!(
        ledger.live_methods("Adele@contoso.com").unwrap(),
        [method(jobs[0], 1)]
    );

    let mut hand = Hand::new(&ledger, jobs[1]);
    hand.reset("2")
        .set_pin(&pin("73519264"))
        .make()
        .register(&[method(jobs[0], 1)]);
    let later = NOON.plus_seconds(1000);
    assert_eq!(ledger.obligations(later).unwrap(), []);
    hand.deliver();
    let due = ledger.obligations(later).unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].duty, Duty::Replaced(method(jobs[0], 1)));
    assert_eq!(due[0].keeps, Some(method(jobs[1], 1)));
    assert_eq!(due[0].user, "adele@contoso.com");
    assert_eq!(
        ledger.live_methods("adele@contoso.com").unwrap(),
        [method(jobs[1], 1)]
    );

    let settle = |outcome| ledger.settle(due[0].id, &outcome, ACTOR, later);
    settle(DutyOutcome::Deleting).unwrap();
    settle(DutyOutcome::Again {
        due: later.plus_seconds(60),
    })
    .unwrap();
    assert_eq!(ledger.obligations(later).unwrap(), []);
    assert_eq!(
        ledger.obligations(later.plus_seconds(60)).unwrap()[0].looks,
        1
    );
    settle(DutyOutcome::Settled { deleted: true }).unwrap();
    assert_eq!(ledger.obligations(later.plus_seconds(60)).unwrap(), []);
    assert!(settle(DutyOutcome::Deleting).is_err());
}

#[test]
fn an_abandoned_passkey_is_nobodys_and_is_looked_for() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let mut hand = Hand::new(&ledger, job);
    hand.reset("1")
        .set_pin(&pin("48261739"))
        .make()
        .register(&[]);
    let lost = credential(job, 1);
    assert_eq!(
        ledger.holder_of_credential(&lost).unwrap().unwrap().person,
        "Name of adele@contoso.com"
    );
    hand.write_with(
        Happening::Abandoned {
            reason: Fault::KeyGone,
            credential: Some(lost.clone()),
            restart: Step::Reset,
        },
        With {
            obligations: vec![Duty::Orphan(lost.clone())],
            ..With::default()
        },
    );
    assert_eq!(ledger.live_methods("adele@contoso.com").unwrap(), []);
    assert_eq!(
        ledger
            .holders_of_serial(&Serial::new("1").unwrap())
            .unwrap(),
        []
    );
    // Nobody holds a key by it any more.
    assert_eq!(ledger.holder_of_credential(&lost).unwrap(), None);
    let due = ledger.obligations(hand.at).unwrap();
    assert_eq!((&due[0].duty, &due[0].keeps), (&Duty::Orphan(lost), &None));
    hand.enroll("1", &pin("73519264"));
    assert_eq!(
        ledger.live_methods("adele@contoso.com").unwrap(),
        [method(job, 2)]
    );
    assert_eq!(
        ledger
            .holders_of_serial(&Serial::new("1").unwrap())
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_cancelled_job_leaves_no_pin_in_flight_and_no_orphan() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    let mut hand = Hand::new(&ledger, jobs[0]);
    hand.reset("1").set_pin(&pin("48261739")).make();
    hand.write(Happening::Cancelled {
        credential: Some(credential(jobs[0], 1)),
    });
    assert_eq!(
        ledger.job(jobs[0]).unwrap().unwrap().standing,
        Standing::Cancelled
    );
    assert!(ledger.pin_in_flight(jobs[0], Attempt(1)).is_err());
    let due = ledger.obligations(hand.at).unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].duty, Duty::Orphan(credential(jobs[0], 1)));
    assert_eq!(ledger.jobs_of_user("adele@contoso.com").unwrap(), []);
}

#[test]
fn a_reader_reads_and_writes_nothing() {
    let bench = Bench::new();
    let ledger = bench.create();
    admit(&ledger, "a", &["adele@contoso.com"]);
    let reader = keyline::adapter::ledger::SqliteLedger::open_reader(&bench.path()).unwrap();
    assert_eq!(reader.jobs(None).unwrap(), ledger.jobs(None).unwrap());
    assert!(matches!(
        reader.note("x", ACTOR, NOON),
        Err(Fault::Ledger { .. })
    ));
    assert!(reader.pin_in_flight(JobId(1), Attempt(1)).is_err());
}

/// A job whose letter is void.
fn reissued<'a>(ledger: &'a dyn Ledger, job: JobId, pin: &Pin) -> Hand<'a> {
    let mut hand = Hand::new(ledger, job);
    hand.reset("20123456").set_pin(pin).make().register(&[]);
    let void = control(job, 1);
    hand.write(Happening::Started {
        step: Step::Deliver,
        intent: Intent::Deliver {
            control: void.clone(),
            outlet: None,
        },
    })
    .write(Happening::Held {
        fault: Fault::DeliveryUncertain,
    })
    .write(Happening::Reissued {
        reason: "torn in Adele's printer".to_owned(),
        void: Some(void),
    });
    hand
}

#[test]
fn a_void_letter_stays_void_and_its_reason_out_of_the_chain() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    reissued(&ledger, job, &pin("48261739"));
    let void = control(job, 1);
    let record = ledger.job(job).unwrap().unwrap();
    assert_eq!(record.standing, Standing::UnderWay);
    assert_eq!((record.held, record.control), (None, None));
    let known = ledger.find(&void).unwrap();
    assert_eq!(known.len(), 1, "it still leads to the job");
    let asked = |question: &str| -> String {
        sql(&bench.path())
            .query_row(question, [], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(asked("SELECT state FROM delivery"), "void");
    let chained = asked("SELECT event FROM journal WHERE event LIKE '%reissued%'");
    assert!(
        !chained.contains("Adele") && chained.contains(&void),
        "{chained}"
    );
}

#[test]
fn a_reissue_keeps_the_old_pin_until_the_new_letter_is_handed_over() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let (old, new, other) = (pin("48261739"), pin("73094186"), pin("11223399"));
    let mut hand = reissued(&ledger, job, &old);
    hand.write(Happening::Began {
        binding: binding(Some("20123456")),
        plan: Plan {
            steps: vec![Step::ChangePin, Step::Deliver],
            configuration: Configuration::default(),
        },
    });
    let change = || started(Step::ChangePin);
    let unsealed = hand.try_write(change(), With::default());
    assert!(
        matches!(unsealed, Err(Fault::Internal { .. })),
        "{unsealed:?}"
    );
    let with = |pin| With {
        pin: Some(pin),
        ..With::default()
    };
    hand.write_with(change(), with(&new));
    // Either may be on the key now.
    for (attempt, pin) in [(1, &old), (2, &new)] {
        assert_eq!(ledger.pin_in_flight(job, Attempt(attempt)).unwrap(), *pin);
    }
    hand.write(Happening::NotDone {
        step: Step::ChangePin,
        fault: Fault::KeyGone,
    });
    let third = hand.try_write(change(), with(&other));
    assert!(matches!(third, Err(Fault::Internal { .. })), "{third:?}");
    hand.write_with(change(), with(&new)).done(Step::ChangePin);
    assert_eq!(ledger.pin_in_flight(job, Attempt(1)).unwrap(), old);
    hand.deliver();
    for attempt in [1, 2] {
        let gone = ledger.pin_in_flight(job, Attempt(attempt));
        assert!(matches!(gone, Err(Fault::Unsealable { .. })), "{attempt}");
    }
    let kept: i64 = sql(&bench.path())
        .query_row("SELECT count(*) FROM sealed_pin", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 2, "no sealed PIN is overwritten or taken away");
}
