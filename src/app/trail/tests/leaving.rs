//! What of a job leaves the house, on which day, and why the rest stays.

use super::*;
use crate::domain::custody;

const DAY_SECONDS: i64 = 86_400;

/// What a dispatch of the job makes of its things.
pub(super) fn leaving(world: &World, policy: Policy, rehearsal: bool) -> Vec<(Thing, Fate)> {
    let deed = Deed::Dispatched {
        job: JOB,
        rehearsal,
    };
    let acted = hand(world, &deed, policy).unwrap();
    let What::Dispatched(lines) = acted.what else {
        panic!("{acted:?}");
    };
    assert!(
        lines
            .iter()
            .all(|line| line.job == JOB && line.envelope == ENVELOPE)
    );
    lines
        .into_iter()
        .map(|line| (line.thing, line.fate))
        .collect()
}

/// So many days after the world's beginning.
fn early(days: i64) -> Fate {
    Fate::Stays(Stay::TooEarly {
        from: START.plus_seconds(days * DAY_SECONDS),
    })
}

fn in_days(gap_days: u32) -> Policy {
    Policy {
        gap_days,
        ..Policy::default()
    }
}

#[test]
fn a_letter_leaves_full_days_after_its_bag_whatever_the_calendar_says() {
    let world = world(enveloped());
    let first = [(Thing::Bag, Fate::Leaves), (Thing::Letter, early(1))];
    let before = world.happenings(JOB);
    assert_eq!(leaving(&world, in_days(1), true), first);
    assert_eq!(world.happenings(JOB), before, "a rehearsal writes nothing");
    assert_eq!(leaving(&world, in_days(1), false), first);
    assert_eq!(
        world.happenings(JOB).last(),
        Some(&left(Leaving::BagDispatched))
    );
    // By every calendar it is another day by now.
    world.pass_seconds(DAY_SECONDS - 1);
    let too_early = [(Thing::Bag, Fate::Left), (Thing::Letter, early(1))];
    assert_eq!(leaving(&world, in_days(1), false), too_early);
    world.pass_seconds(1);
    assert_eq!(
        leaving(&world, in_days(1), false),
        [(Thing::Bag, Fate::Left), (Thing::Letter, Fate::Leaves)]
    );
    let before = world.happenings(JOB);
    assert_eq!(before.last(), Some(&left(Leaving::LetterDispatched)));
    assert_eq!(
        leaving(&world, in_days(1), false),
        [(Thing::Bag, Fate::Left), (Thing::Letter, Fate::Left)]
    );
    assert_eq!(world.happenings(JOB), before);
    let gone = What::EnvelopedAlready {
        envelope: ENVELOPE,
        gone: Some(Gone::Dispatched),
    };
    assert_eq!(take(&world, &sheet(5)), Ok(gone));
}

#[test]
fn without_a_gap_both_leave_at_once_the_bag_first() {
    let world = world(enveloped());
    assert_eq!(
        leaving(&world, in_days(0), false),
        [(Thing::Bag, Fate::Leaves), (Thing::Letter, Fate::Leaves)]
    );
    let told = world.happenings(JOB);
    assert!(told.ends_with(&[
        left(Leaving::BagDispatched),
        left(Leaving::LetterDispatched)
    ]));
}

#[test]
fn a_letter_that_nobody_scanned_is_enveloped_by_its_dispatch_and_no_later_scan_changes_that() {
    for by in [Some(Confirm::Key), Some(Confirm::Device), None] {
        let done = Happening::Done {
            step: Step::Deliver,
            evidence: Evidence::Delivered {
                control: control(5).to_string(),
                target: "tray".to_owned(),
                confirmed: by,
            },
        };
        let world = world([on_paper(), vec![done]].concat());
        let both = [(Thing::Bag, Fate::Leaves), (Thing::Letter, Fate::Leaves)];
        assert_eq!(leaving(&world, in_days(0), false), both);
        let told = world.happenings(JOB);
        assert!(told.ends_with(&[
            left(Leaving::BagDispatched),
            left(Leaving::LetterEnveloped),
            left(Leaving::LetterDispatched)
        ]));
        let gone = What::EnvelopedAlready {
            envelope: ENVELOPE,
            gone: Some(Gone::Dispatched),
        };
        assert_eq!(take(&world, &sheet(5)), Ok(gone));
        assert_eq!(world.happenings(JOB), told);
    }
}

#[test]
fn where_keys_have_no_bags_the_days_count_from_the_finished_key() {
    let mut story = key_is_done(false);
    story.push(printing(5));
    let world = world(story);
    world.pass_seconds(DAY_SECONDS);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Confirmed(ENVELOPE)));
    assert_eq!(
        leaving(&world, in_days(1), false),
        [(Thing::Letter, Fate::Stays(Stay::NotEnveloped))]
    );
    world.pass_seconds(5);
    assert_eq!(take(&world, &sheet(5)), Ok(What::Enveloped(ENVELOPE)));
    assert_eq!(
        leaving(&world, in_days(2), false),
        [(Thing::Letter, early(2))]
    );
    assert_eq!(
        leaving(&world, in_days(1), false),
        [(Thing::Letter, Fate::Leaves)]
    );
    assert_eq!(
        world.happenings(JOB).last(),
        Some(&left(Leaving::LetterDispatched))
    );
}

#[test]
fn what_cannot_leave_says_why() {
    let void = || Stay::Void {
        reason: "torn".to_owned(),
    };
    let whole = |stay| vec![(Thing::Job, Fate::Stays(stay))];
    let letter = |stay| vec![(Thing::Letter, Fate::Stays(stay))];
    for (story, fates) in [
        // Where keys go into no bags, none is spoken of.
        (vec![], letter(Stay::NotDone)),
        (vec![began("123")], letter(Stay::NotDone)),
        (key_is_done(true), whole(Stay::NotBagged)),
        (on_paper(), whole(Stay::NotConfirmed)),
        ([on_paper(), vec![spoiled()]].concat(), whole(void())),
        (
            [on_paper(), vec![Happening::Cancelled { credential: None }]].concat(),
            whole(Stay::Cancelled),
        ),
        (
            [on_paper(), vec![confirmed(), spoiled()]].concat(),
            vec![
                (Thing::Bag, Fate::Stays(void())),
                (Thing::Letter, Fate::Stays(void())),
            ],
        ),
        (
            [
                on_paper(),
                vec![confirmed(), left(Leaving::BagDispatched), spoiled()],
            ]
            .concat(),
            vec![
                (Thing::Bag, Fate::Left),
                (Thing::Letter, Fate::Stays(void())),
            ],
        ),
    ] {
        let world = world(story);
        world.pass_seconds(9 * DAY_SECONDS);
        let before = world.happenings(JOB);
        assert_eq!(leaving(&world, in_days(1), false), fates);
        assert_eq!(world.happenings(JOB), before);
    }
}

#[test]
fn what_was_given_out_by_hand_or_taken_back_is_not_sent() {
    let lost = || Happening::Retired {
        fate: custody::Fate::Lost,
        reason: "stolen".to_owned(),
    };
    let void = || {
        Fate::Stays(Stay::Void {
            reason: "its key is lost".to_owned(),
        })
    };
    let without_bag = || [key_is_done(false), vec![printing(5), confirmed()]].concat();
    for (story, fates) in [
        (
            [without_bag(), vec![Happening::HandedOver]].concat(),
            vec![(Thing::Letter, Fate::HandedOver)],
        ),
        (
            [without_bag(), vec![lost()]].concat(),
            vec![(Thing::Letter, void())],
        ),
        (
            [on_paper(), vec![confirmed(), lost()]].concat(),
            vec![(Thing::Bag, void()), (Thing::Letter, void())],
        ),
        (
            [
                on_paper(),
                vec![confirmed(), left(Leaving::BagDispatched), lost()],
            ]
            .concat(),
            vec![(Thing::Bag, Fate::Left), (Thing::Letter, void())],
        ),
    ] {
        let world = world(story);
        world.pass_seconds(9 * DAY_SECONDS);
        let before = world.happenings(JOB);
        assert_eq!(leaving(&world, in_days(1), false), fates);
        assert_eq!(world.happenings(JOB), before);
    }
    let handed_over = world([without_bag(), vec![Happening::HandedOver]].concat());
    let again = What::EnvelopedAlready {
        envelope: ENVELOPE,
        gone: Some(Gone::HandedOver),
    };
    assert_eq!(take(&handed_over, &sheet(5)), Ok(again));
}

#[test]
fn before_a_key_is_begun_its_policy_says_whether_there_is_a_bag() {
    let with_bags = Policy {
        bag: Some(Bagging::Scan),
        ..Policy::default()
    };
    let lines = leaving(&world([]), with_bags, true);
    assert_eq!(lines, [(Thing::Job, Fate::Stays(Stay::NotDone))]);
}

#[test]
fn power_that_goes_while_a_batch_leaves_loses_no_line() {
    let story = || enveloped();
    for cut in 1..40 {
        let world = world(story());
        world.cut_at(cut);
        let deed = Deed::Dispatched {
            job: JOB,
            rehearsal: false,
        };
        let cut_off = hand(&world, &deed, in_days(0)).is_err();
        world.mend();
        let told = world.happenings(JOB);
        leaving(&world, in_days(0), false);
        let after = world.happenings(JOB);
        assert!(after.starts_with(&told));
        let both = [
            left(Leaving::BagDispatched),
            left(Leaving::LetterDispatched),
        ];
        assert!(after.ends_with(&both), "{cut} {cut_off}: {after:?}");
        assert_eq!(after.len(), story().len() + 2);
    }
}

#[test]
fn everything_is_counted() {
    let world = world([on_paper(), vec![confirmed()]].concat());
    world.pass_seconds(5);
    assert!(take(&world, &sheet(5)).is_ok());
    leaving(&world, in_days(0), false);
    let paper = world.paper().unwrap();
    let counts = paper.values().next().copied().unwrap();
    let whole = crate::port::PaperCounts {
        confirmed: 1,
        bagged: 1,
        enveloped: 1,
        bags_dispatched: 1,
        letters_dispatched: 1,
        ..crate::port::PaperCounts::default()
    };
    assert_eq!(counts, whole);
}

#[test]
fn after_a_key_or_a_clock_that_went_back_the_first_scan_is_the_envelope() {
    let by_key = Happening::Done {
        step: Step::Deliver,
        evidence: Evidence::Delivered {
            control: control(5).to_string(),
            target: "tray".to_owned(),
            confirmed: Some(Confirm::Key),
        },
    };
    for (done, seconds) in [(by_key, 0), (confirmed(), -3600)] {
        let world = world([on_paper(), vec![done]].concat());
        world.pass_seconds(seconds);
        assert_eq!(take(&world, &sheet(5)), Ok(What::Enveloped(ENVELOPE)));
    }
}

#[test]
fn the_number_of_an_older_sheet_does_not_spoil_the_new_one() {
    let world = world(on_paper());
    assert_eq!(
        spoil_sheet(&world, Some(control(6))),
        Err(Refusal::SpoiledAlready)
    );
    assert!(world.enrollment(JOB).spoiled().is_none());
    assert!(spoil_sheet(&world, Some(control(5))).is_ok());
}
