//! What an administrator may do to a job, where it stands, and what is left in the journal.

use super::*;
use crate::app::world::{Op, START, When, World, began, course, credential, policies, started};
use crate::domain::enrollment::Command;
use crate::domain::policy::Policy;
use crate::port::Duty;

const JOB: JobId = JobId(1);

fn ledger(happenings: impl IntoIterator<Item = Happening>) -> World {
    let ledger = World::with_jobs(&["anna.lang@contoso.com"]);
    ledger.tell(JOB, happenings);
    ledger
}

fn held() -> Happening {
    Happening::Held {
        fault: Fault::RegistrationUncertain,
    }
}

fn hold() -> Change {
    Change::Hold {
        reason: "on leave".to_owned(),
    }
}

fn reissue() -> Change {
    Change::Reissue {
        reason: "spoiled".to_owned(),
    }
}

fn reissued() -> Happening {
    Happening::Reissued {
        reason: "spoiled".to_owned(),
        void: None,
    }
}

/// Whether the station still has a copy of a PIN of the job.
fn has_pin(ledger: &World) -> bool {
    !ledger.state().ledger.in_flight.is_empty()
}

fn ask(ledger: &World, what: &Change) -> Result<Changed, Unchanged> {
    let policies = policies(Policy::default());
    change(ledger, &policies, JOB, what, "admin", START)
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let everything = || course("123", Step::Deliver);
    let cancelled = || vec![Happening::Cancelled { credential: None }];
    for (happenings, what, why) in [
        (everything(), hold(), Unchanged::Done),
        (everything(), Change::Release, Unchanged::Done),
        (everything(), Change::Cancel, Unchanged::Done),
        (everything(), Change::Retry, Unchanged::Done),
        (cancelled(), Change::Cancel, Unchanged::Cancelled),
        (cancelled(), Change::Retry, Unchanged::Cancelled),
        (everything(), reissue(), Unchanged::HandedOver),
        (cancelled(), reissue(), Unchanged::Cancelled),
        (vec![], reissue(), Unchanged::NoLetter),
        (
            course("123", Step::MakeCredential),
            reissue(),
            Unchanged::NoLetter,
        ),
        (
            [course("123", Step::Deliver), vec![held()]].concat(),
            reissue(),
            Unchanged::HandedOver,
        ),
        (
            [course("123", Step::Register), vec![reissued()]].concat(),
            reissue(),
            Unchanged::ReissuedAlready,
        ),
        (vec![], Change::Release, Unchanged::NotHeld),
        (vec![], Change::Retry, Unchanged::NotBegun),
        (
            vec![held()],
            hold(),
            Unchanged::HeldAlready(Fault::RegistrationUncertain),
        ),
    ] {
        let ledger = ledger(happenings);
        let before = ledger.happenings(JOB);
        assert_eq!(ask(&ledger, &what), Err(why), "{what:?}");
        assert_eq!(ledger.happenings(JOB), before);
    }
    let nobody = change(
        &ledger([]),
        &Policies::default(),
        JobId(9),
        &Change::Cancel,
        "admin",
        START,
    );
    assert_eq!(nobody, Err(Unchanged::NoSuchJob(JobId(9))));
}

#[test]
fn a_job_is_held_and_goes_on_where_it_was() {
    let ledger = ledger(course("123", Step::SetPin));
    let before = ledger.enrollment(JOB);
    assert_eq!(ask(&ledger, &hold()), Ok(Changed::Held));
    assert_eq!(ledger.enrollment(JOB).standing(), Standing::Held);
    assert_eq!(ask(&ledger, &Change::Release), Ok(Changed::Released));
    assert_eq!(ledger.enrollment(JOB), before);
}

#[test]
fn releasing_a_job_in_doubt_leaves_the_doubt() {
    let mut story = course("123", Step::MakeCredential);
    story.extend([started(Step::Register), held()]);
    let ledger = ledger(story);
    assert_eq!(ask(&ledger, &Change::Release), Ok(Changed::Released));
    assert_eq!(
        ledger.enrollment(JOB).next(),
        Command::Probe(Step::Register)
    );
}

#[test]
fn a_letter_in_doubt_is_void_and_the_job_goes_on_with_its_key() {
    let mut story = course("123", Step::Register);
    story.extend([started(Step::Deliver), held()]);
    let ledger = ledger(story);
    let void = Some("4820 9173 5525".to_owned());
    assert_eq!(
        ask(&ledger, &reissue()),
        Ok(Changed::Reissued { void: void.clone() })
    );
    let told = Happening::Reissued {
        reason: "spoiled".to_owned(),
        void,
    };
    assert_eq!(ledger.happenings(JOB).last(), Some(&told));
    let state = ledger.enrollment(JOB);
    assert_eq!(state.standing(), Standing::UnderWay, "one row, no release");
    let restart = Step::ChangePin;
    assert_eq!(state.next(), Command::Bind { restart });
    assert!(state.wants_its_key() && has_pin(&ledger));
    assert_eq!(ledger.state().ledger.open_duties(), []);
}

#[test]
fn a_letter_that_certainly_was_not_made_is_reissued_with_nothing_void() {
    let mut story = course("123", Step::Register);
    story.extend([
        started(Step::Deliver),
        Happening::NotDone {
            step: Step::Deliver,
            fault: Fault::Interrupted,
        },
    ]);
    let ledger = ledger(story);
    assert_eq!(
        ask(&ledger, &reissue()),
        Ok(Changed::Reissued { void: None })
    );
}

#[test]
fn a_cancelled_job_leaves_a_duty_and_no_pin_of_the_stations() {
    let mut story = course("123", Step::MakeCredential);
    story.push(started(Step::Register));
    let ledger = ledger(story);
    assert!(has_pin(&ledger));
    assert_eq!(
        ask(&ledger, &Change::Cancel),
        Ok(Changed::Cancelled {
            begun: true,
            void: None
        })
    );
    assert_eq!(ledger.enrollment(JOB).standing(), Standing::Cancelled);
    assert_eq!(
        ledger.state().ledger.open_duties(),
        [Duty::Orphan(credential())]
    );
    assert!(!has_pin(&ledger));
}

#[test]
fn a_job_that_never_began_is_cancelled_without_a_trace() {
    let ledger = ledger([]);
    assert_eq!(
        ask(&ledger, &Change::Cancel),
        Ok(Changed::Cancelled {
            begun: false,
            void: None
        })
    );
    assert!(ledger.state().ledger.open_duties().is_empty());
}

#[test]
fn a_retry_gives_up_the_key_and_waits_for_another() {
    let mut doubt = course("123", Step::MakeCredential);
    doubt.extend([started(Step::Register), held()]);
    let mut letter = course("123", Step::Register);
    letter.extend([started(Step::Deliver), held()]);
    let control = "4820 9173 5525";
    for (story, orphan, void) in [
        (vec![began("123"), started(Step::Reset)], false, None),
        (course("123", Step::SetPin), false, None),
        (course("123", Step::MakeCredential), true, None),
        (doubt, true, None),
        (letter, true, Some(control)),
    ] {
        let ledger = ledger(story);
        assert_eq!(
            ask(&ledger, &Change::Retry),
            Ok(Changed::Retried {
                begun: true,
                reissue: false,
                void: void.map(str::to_owned),
            })
        );
        let state = ledger.enrollment(JOB);
        assert_eq!(
            state.next(),
            Command::Bind {
                restart: Step::Reset
            }
        );
        assert!(!state.wants_its_key());
        assert_eq!(!ledger.state().ledger.open_duties().is_empty(), orphan);
        ledger.tell(JOB, [began("456")]);
        assert_eq!(ledger.enrollment(JOB).attempt(), Attempt(2));
    }
}

#[test]
fn a_key_that_an_abandoned_attempt_kept_can_be_given_up_too() {
    let mut story = course("123", Step::MakeCredential);
    story.push(Happening::Abandoned {
        reason: Fault::PinRefused,
        credential: Some(credential()),
        restart: Step::MakeCredential,
    });
    let ledger = ledger(story);
    assert!(ledger.enrollment(JOB).wants_its_key());
    assert_eq!(
        ask(&ledger, &Change::Retry),
        Ok(Changed::Retried {
            begun: true,
            reissue: false,
            void: None,
        })
    );
    assert!(!ledger.enrollment(JOB).wants_its_key());
}

#[test]
fn a_retry_that_was_cut_between_its_two_events_can_be_made_again() {
    let mut story = course("123", Step::SetPin);
    story.extend([
        held(),
        Happening::Abandoned {
            reason: Fault::KeyGone,
            credential: None,
            restart: Step::Reset,
        },
    ]);
    let ledger = ledger(story);
    assert_eq!(
        ask(&ledger, &Change::Retry),
        Ok(Changed::Retried {
            begun: false,
            reissue: false,
            void: None,
        })
    );
    assert_eq!(ledger.enrollment(JOB).standing(), Standing::UnderWay);
}

#[test]
fn a_ledger_that_fails_changes_nothing() {
    let ledger = ledger(course("123", Step::SetPin));
    let before = ledger.enrollment(JOB);
    let full = Fault::Ledger {
        what: "the disk is full".to_owned(),
    };
    ledger.trick(Op::Append, When::Before, full);
    assert!(matches!(
        ask(&ledger, &Change::Cancel),
        Err(Unchanged::Fault(Fault::Ledger { .. }))
    ));
    assert_eq!(ledger.enrollment(JOB), before);
}
