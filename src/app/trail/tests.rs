//! What is taken from a person's hands, what is refused, and what is in the journal then.

mod leaving;

use self::leaving::leaving;

use super::*;
use crate::app::world::{Op, START, When, World, began, done, started};
use crate::domain::event::Intent;
use crate::domain::paper::Ticket;
use crate::domain::policy::Policy;
use crate::domain::scan;

const JOB: JobId = JobId(1);
const ENVELOPE: Envelope = Envelope(1);

fn control(number: u64) -> ControlNumber {
    ControlNumber::draw(number.to_be_bytes()).unwrap()
}

fn code(line: &str) -> Deed {
    Deed::Scanned(scan::read(line).unwrap_or_else(|| panic!("`{line}` is no code")))
}

fn sheet(number: u64) -> Deed {
    code(&control(number).to_string())
}

/// The letter with this number is begun.
fn printing(number: u64) -> Happening {
    Happening::Started {
        step: Step::Deliver,
        intent: Intent::Deliver {
            control: control(number).to_string(),
            outlet: None,
        },
    }
}

fn printed(number: u64, sheet: Sheet) -> Happening {
    Happening::Printed {
        control: control(number).to_string(),
        sheet,
    }
}

fn accepted(number: u64) -> Happening {
    let ticket = Ticket {
        printer: "ipp://printer.contoso.com/pin".to_owned(),
        job: 7,
        uuid: None,
        name: "keyline-7".to_owned(),
    };
    printed(number, Sheet::Accepted { ticket })
}

/// A key that is done but for its bag, if it has one, and its letter.
fn key_is_done(bag: bool) -> Vec<Happening> {
    let Happening::Began { binding, mut plan } = began("123") else {
        panic!("a beginning");
    };
    if bag {
        let letter = plan.steps.len() - 1;
        plan.steps.insert(letter, Step::Bag);
    }
    let mut course = vec![Happening::Began { binding, plan }];
    for step in [
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::Register,
    ] {
        course.extend([started(step), done(step)]);
    }
    course
}

/// A sheet that came out and waits for its scan.
fn on_paper() -> Vec<Happening> {
    let mut story = key_is_done(true);
    story.extend([
        Happening::Bagged,
        printing(5),
        accepted(5),
        printed(5, Sheet::OnPaper),
    ]);
    story
}

fn confirmed() -> Happening {
    Happening::Done {
        step: Step::Deliver,
        evidence: Evidence::Delivered {
            control: control(5).to_string(),
            target: "tray".to_owned(),
            confirmed: Some(Confirm::Scan),
        },
    }
}

fn spoiled() -> Happening {
    Happening::Spoiled {
        control: control(5).to_string(),
        reason: "torn".to_owned(),
    }
}

/// The sheet is confirmed, and lies in its envelope.
fn enveloped() -> Vec<Happening> {
    let mut story = on_paper();
    story.extend([confirmed(), left(Leaving::LetterEnveloped)]);
    story
}

fn world(happenings: impl IntoIterator<Item = Happening>) -> World {
    let world = World::with_jobs(&["anna@contoso.com", "bert@contoso.com"]);
    world.tell(JOB, happenings);
    world
}

fn policies(policy: Policy) -> Policies {
    Policies {
        by_name: [("standard".to_owned(), policy)].into(),
        ..Policies::default()
    }
}

fn hand(world: &World, deed: &Deed, policy: Policy) -> Result<Acted, Refusal> {
    let now = crate::port::Clock::now(world);
    let policies = policies(policy);
    let desk = Desk {
        ledger: world,
        press: Some(world),
        policies: &policies,
        actor: "4711",
        now,
    };
    let record = subject(world, deed)?;
    act(&desk, &record, deed)
}

fn take(world: &World, deed: &Deed) -> Result<What, Refusal> {
    hand(world, deed, Policy::default()).map(|acted| acted.what)
}

fn left(what: Leaving) -> Happening {
    Happening::Left { what }
}

#[test]
fn the_first_scan_confirms_the_second_is_the_envelope_and_the_third_is_told() {
    let world = world(on_paper());
    assert_eq!(take(&world, &sheet(5)), Ok(What::Confirmed(ENVELOPE)));
    let told = world.happenings(JOB);
    let Some(Happening::Done {
        step: Step::Deliver,
        evidence:
            Evidence::Delivered {
                control: number,
                target,
                confirmed,
            },
    }) = told.last()
    else {
        panic!("{told:?}");
    };
    assert_eq!(*number, control(5).to_string());
    assert_eq!(target, "ipp://printer.contoso.com/pin");
    assert_eq!(*confirmed, Some(Confirm::Scan));
    assert_eq!(world.enrollment(JOB).standing(), Standing::Done);
    assert!(
        world.state().ledger.in_flight.is_empty(),
        "no copy of the PIN is left"
    );
    // What a scanner reads twice is one scan.
    world.pass_seconds(4);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Confirmed(ENVELOPE)));
    assert_eq!(world.happenings(JOB), told);
    world.pass_seconds(1);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Enveloped(ENVELOPE)));
    let before = world.happenings(JOB);
    assert_eq!(before.last(), Some(&left(Leaving::LetterEnveloped)));
    let already = What::EnvelopedAlready {
        envelope: ENVELOPE,
        gone: None,
    };
    assert_eq!(take(&world, &sheet(5)), Ok(already));
    assert_eq!(world.happenings(JOB), before);
}

#[test]
fn a_letter_is_taken_whatever_was_said_of_it_before() {
    let unknown = || {
        printed(
            5,
            Sheet::Unknown {
                why: "aborted".to_owned(),
            },
        )
    };
    let uncertain = || Happening::Held {
        fault: Fault::DeliveryUncertain,
    };
    for more in [
        vec![],
        vec![accepted(5)],
        vec![uncertain()],
        vec![accepted(5), unknown(), uncertain()],
    ] {
        let mut story = key_is_done(false);
        story.push(printing(5));
        let doubt = more.contains(&unknown()).then(|| "aborted".to_owned());
        story.extend(more);
        let world = world(story);
        let (what, left) = (What::Confirmed(ENVELOPE), None);
        let acted = hand(&world, &sheet(5), Policy::default());
        let acted = acted.map(|acted| (acted.what, acted.left, acted.doubt));
        assert_eq!(acted, Ok((what, left, doubt)));
        assert_eq!(world.enrollment(JOB).standing(), Standing::Done);
    }
}

#[test]
fn an_administrators_hold_stays_on_a_letter_that_was_confirmed() {
    let mut story = on_paper();
    story.push(Happening::Held {
        fault: Fault::OnHold {
            why: "on leave".to_owned(),
        },
    });
    let world = world(story);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Confirmed(ENVELOPE)));
    assert_eq!(world.enrollment(JOB).standing(), Standing::Held);
    let lines = leaving(&world, Policy::default(), false);
    assert_eq!(lines, [(Thing::Job, Fate::Stays(Stay::Held))]);
}

#[test]
fn a_square_code_must_belong_together() {
    for (line, fits) in [
        (format!("PM1:onboarding:{}:1", control(5)), true),
        (format!("PM1ÖONBOARDINGÖ{}Ö1", control(5)), true),
        (format!("PM1:onboarding:{}:2", control(5)), false),
        (format!("PM1:other:{}:1", control(5)), false),
    ] {
        let world = world(on_paper());
        let before = world.happenings(JOB);
        let taken = take(&world, &code(&line));
        if fits {
            assert_eq!(taken, Ok(What::Confirmed(ENVELOPE)), "{line}");
        } else {
            assert_eq!(taken, Err(Refusal::NotTogether(ENVELOPE)), "{line}");
            assert_eq!(world.happenings(JOB), before);
        }
    }
}

#[test]
fn what_is_void_is_never_taken_again() {
    let reissued = || Happening::Reissued {
        reason: "doubt".to_owned(),
        void: Some(control(5).to_string()),
    };
    let not_done = || Happening::NotDone {
        step: Step::Deliver,
        fault: Fault::Interrupted,
    };
    let torn = Some("torn".to_owned());
    // Once a printer has a sheet, nobody says any more that there is none.
    let handed_over = || {
        let mut story = key_is_done(true);
        story.extend([Happening::Bagged, printing(5)]);
        story
    };
    for (first, more, reason) in [
        (on_paper(), vec![spoiled()], torn.clone()),
        (on_paper(), vec![confirmed(), spoiled()], torn.clone()),
        (
            on_paper(),
            vec![confirmed(), left(Leaving::LetterEnveloped), spoiled()],
            torn,
        ),
        (on_paper(), vec![reissued()], None),
        (handed_over(), vec![not_done()], None),
        (handed_over(), vec![not_done(), printing(6)], None),
        (
            on_paper(),
            vec![Happening::Cancelled { credential: None }],
            None,
        ),
    ] {
        let world = world([first, more.clone()].concat());
        let before = world.happenings(JOB);
        let envelope = ENVELOPE;
        let void = Refusal::Void { envelope, reason };
        assert_eq!(take(&world, &sheet(5)), Err(void), "{more:?}");
        assert_eq!(world.happenings(JOB), before);
    }
}

#[test]
fn what_nobody_knows_is_said_so() {
    let world = world(on_paper());
    assert_eq!(
        take(&world, &sheet(77)),
        Err(Refusal::UnknownLetter(control(77)))
    );
    assert_eq!(
        take(&world, &code("B-0099")),
        Err(Refusal::UnknownBag(Envelope(99)))
    );
    let expected = vec![ENVELOPE];
    let envelope = ENVELOPE;
    assert_eq!(
        take(&world, &code("L-0001")),
        Err(Refusal::NumberWanted { envelope, expected })
    );
}

#[test]
fn a_bag_is_taken_by_the_job_that_waits_for_it_and_by_no_other() {
    let world = world(key_is_done(true));
    assert_eq!(
        take(&world, &code("B-0002")),
        Err(Refusal::BagNotAwaited {
            envelope: Envelope(2),
            expected: vec![ENVELOPE],
        })
    );
    assert_eq!(take(&world, &code("b-0001")), Ok(What::Bagged(ENVELOPE)));
    assert_eq!(world.enrollment(JOB).next(), Command::Run(Step::Deliver));
    let before = world.happenings(JOB);
    assert_eq!(
        take(&world, &code("B-0001")),
        Ok(What::BaggedAlready(ENVELOPE))
    );
    assert_eq!(world.happenings(JOB), before);
}

#[test]
fn one_key_confirms_only_where_the_policy_says_so() {
    let key = |step| Deed::Pressed { job: JOB, step };
    let by_key = || Policy {
        bag: Some(Bagging::Key),
        confirm: Some(Confirm::Key),
        ..Policy::default()
    };
    let world = world(key_is_done(true));
    assert_eq!(
        take(&world, &key(Step::Bag)),
        Err(Refusal::ScanWanted(Step::Bag))
    );
    let letter = hand(&world, &key(Step::Deliver), by_key());
    assert_eq!(letter, Err(Refusal::NotAwaited(Step::Deliver)));
    let bag = hand(&world, &key(Step::Bag), by_key());
    assert_eq!(bag.map(|acted| acted.what), Ok(What::Bagged(ENVELOPE)));
    // The printer has it, and has not said that it is on paper.
    world.tell(JOB, [printing(5), accepted(5)]);
    let early = hand(&world, &key(Step::Deliver), by_key());
    assert_eq!(early, Err(Refusal::NotAwaited(Step::Deliver)));
    world.tell(JOB, [printed(5, Sheet::OnPaper)]);
    assert_eq!(
        take(&world, &key(Step::Deliver)),
        Err(Refusal::ScanWanted(Step::Deliver))
    );
    let letter = hand(&world, &key(Step::Deliver), by_key());
    assert_eq!(
        letter.map(|acted| acted.what),
        Ok(What::Confirmed(ENVELOPE))
    );
    let told = world.happenings(JOB);
    assert!(
        matches!(
            told.last(),
            Some(Happening::Done {
                evidence: Evidence::Delivered {
                    confirmed: Some(Confirm::Key),
                    ..
                },
                ..
            })
        ),
        "{told:?}"
    );
}

fn spoil(world: &World) -> Result<What, Refusal> {
    spoil_sheet(world, None)
}

fn spoil_sheet(world: &World, sheet: Option<ControlNumber>) -> Result<What, Refusal> {
    let deed = Deed::Spoiled {
        job: JOB,
        reason: "torn".to_owned(),
        sheet,
    };
    take(world, &deed)
}

#[test]
fn a_letter_is_spoiled_until_it_is_dispatched() {
    let what = |late| {
        Ok(What::Spoiled {
            envelope: ENVELOPE,
            control: control(5).to_string(),
            late,
        })
    };
    let early = world(on_paper());
    assert_eq!(spoil(&early), what(false));
    assert_eq!(early.enrollment(JOB).standing(), Standing::Held);
    assert_eq!(early.happenings(JOB).last(), Some(&spoiled()));
    assert_eq!(spoil(&early), Err(Refusal::SpoiledAlready));
    assert!(early.enrollment(JOB).may_reissue());
    let mut story = [enveloped(), vec![left(Leaving::BagDispatched)]].concat();
    let late = world(story.clone());
    assert_eq!(spoil(&late), what(true));
    assert_eq!(late.enrollment(JOB).standing(), Standing::Done);

    story.push(left(Leaving::LetterDispatched));
    assert_eq!(spoil(&world(story)), Err(Refusal::LetterGone));
    assert_eq!(spoil(&world(key_is_done(true))), Err(Refusal::NoLetter));
    assert_eq!(spoil(&world([])), Err(Refusal::NoLetter));
    let cancelled = [on_paper(), vec![Happening::Cancelled { credential: None }]].concat();
    assert_eq!(spoil(&world(cancelled)), Err(Refusal::Cancelled));
}

#[test]
fn a_ledger_that_fails_takes_nothing_and_the_same_scan_is_good_afterwards() {
    let world = world(on_paper());
    let before = world.happenings(JOB);
    let full = Fault::Ledger {
        what: "the disk is full".to_owned(),
    };
    world.trick(Op::Append, When::Before, full.clone());
    assert_eq!(take(&world, &sheet(5)), Err(Refusal::Fault(full)));
    assert_eq!(world.happenings(JOB), before);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Confirmed(ENVELOPE)));
}

#[test]
fn the_journal_names_whoever_scanned_and_when() {
    let world = world(on_paper());
    world.pass_seconds(60);
    assert!(take(&world, &sheet(5)).is_ok());
    let rows = world.journal(JOB).unwrap();
    let last = rows.last().unwrap();
    assert_eq!(last.actor, "4711");
    assert_eq!(last.at, START.plus_seconds(60));
}
