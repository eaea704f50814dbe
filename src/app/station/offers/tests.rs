//! What is offered, for every way a slot can stand and a letter can wait; and that nothing else is.

use super::*;
use crate::app::board::{Board, Case, View};
use crate::app::world::stage;
use crate::domain::fault::Fault;
use crate::domain::station::signal::{InSlot, Question};

/// The job of [`stage::case`].
const JOB: JobId = JobId(42);
const ALL: [Offer; 7] = [
    Offer::Skip,
    Offer::Another,
    Offer::Cancel,
    Offer::Bagged,
    Offer::Good,
    Offer::Spoiled,
    Offer::Reissue,
];

fn case(bag: Bagging) -> Case {
    let case = stage::case("Anna Lang");
    assert_eq!(case.job, JOB);
    Case { bag, ..case }
}

/// What the board offers for this job there.
fn offered(view: &View, slot: Option<u16>, job: i64) -> Vec<Offer> {
    let stands = |offer: &Offer| {
        let offered = Offered {
            slot: slot.map(Slot),
            job: JobId(job),
            offer: *offer,
        };
        offered.stands(view)
    };
    ALL.into_iter().filter(stands).collect()
}

#[test]
fn a_card_offers_what_it_shows_for_its_own_job_and_in_its_own_slot() {
    use Offer::{Another, Bagged, Cancel, Skip};
    let fault = || Fault::KeyGone;
    let (job, key_in, lies) = (JOB, true, InSlot::Own);
    let question = Question::WipeUsedKey;
    let (back, asked) = (fault(), 1);
    let ways: [(SlotState, &[Offer]); 11] = [
        (SlotState::Working { job }, &[Cancel]),
        (
            SlotState::WantsBack {
                job,
                fault: back,
                key_in,
            },
            &[Skip, Another, Cancel],
        ),
        (
            SlotState::AwaitingService {
                job,
                fault: fault(),
            },
            &[Skip, Another, Cancel],
        ),
        (
            SlotState::Asking {
                job,
                question,
                asked,
            },
            &[Skip, Cancel],
        ),
        (SlotState::AwaitingOptions { job }, &[Skip, Cancel]),
        (SlotState::Bagging { job, lies }, &[Bagged]),
        (
            SlotState::Held {
                job,
                fault: fault(),
            },
            &[],
        ),
        (SlotState::Done { job }, &[]),
        (SlotState::KeyDone { job }, &[]),
        (SlotState::Refused { fault: fault() }, &[]),
        (SlotState::Reading, &[]),
    ];
    for (state, offers) in ways {
        let board = Board::default();
        stage::slot(&board, 3, &state, Some(case(Bagging::Key)));
        let view = board.view();
        assert_eq!(offered(&view, Some(3), 42), offers, "{state:?}");
        assert_eq!(offered(&view, Some(3), 7), [], "another job: {state:?}");
        assert_eq!(offered(&view, Some(4), 42), [], "another slot: {state:?}");
        assert_eq!(offered(&view, None, 42), [], "no letter: {state:?}");
    }
}

#[test]
fn a_bag_whose_label_is_to_be_scanned_has_no_button() {
    let board = Board::default();
    let (job, lies) = (JOB, InSlot::Own);
    let state = SlotState::Bagging { job, lies };
    stage::slot(&board, 3, &state, Some(case(Bagging::Scan)));
    assert_eq!(offered(&board.view(), Some(3), 42), []);
}

#[test]
fn an_empty_slot_offers_to_skip_whoever_comes_next_and_nobody_behind_them() {
    let board = Board::default();
    stage::slot(&board, 1, &SlotState::Empty, None);
    let mut view = board.view();
    assert_eq!(offered(&view, Some(1), 42), [], "nobody waits");
    let behind = Case {
        job: JobId(43),
        ..case(Bagging::None)
    };
    view.upcoming = vec![case(Bagging::None), behind];
    // The second slot was never used.
    for slot in [1, 2] {
        assert_eq!(offered(&view, Some(slot), 42), [Offer::Skip]);
        assert_eq!(offered(&view, Some(slot), 43), [], "not their turn yet");
    }
}

#[test]
fn a_letter_offers_what_its_policy_and_its_doubt_allow() {
    let letter = |by, doubtful| Awaited::Letter {
        control: "12345678".to_owned(),
        by,
        doubtful,
    };
    let slot = Slot(1);
    let by = Bagging::Scan;
    for (awaited, offers) in [
        (
            letter(Confirm::Key, false),
            &[Offer::Good, Offer::Spoiled][..],
        ),
        (letter(Confirm::Scan, false), &[Offer::Spoiled]),
        (letter(Confirm::Device, false), &[Offer::Spoiled]),
        (letter(Confirm::Key, true), &[Offer::Reissue]),
        (Awaited::Bag { slot, by }, &[]),
    ] {
        let board = Board::default();
        stage::await_words(&board, vec![stage::unconfirmed(5, awaited.clone())]);
        let view = board.view();
        assert_eq!(offered(&view, None, 5), offers, "{awaited:?}");
        assert_eq!(offered(&view, None, 6), [], "another job: {awaited:?}");
        assert_eq!(offered(&view, Some(1), 5), [], "no card: {awaited:?}");
    }
}
