//! Drives a board as the station would.

use std::time::Duration;

use crate::app::board::{Awaited, Board, Case, Counts, Finished, News, Standstill, Unconfirmed};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::paper::Bagging;
use crate::domain::pin::Pin;
use crate::domain::station::signal::SlotState;

pub(crate) fn case(person: &str) -> Case {
    Case {
        job: JobId(42),
        person: person.to_owned(),
        department: None,
        envelope: "0042".to_owned(),
        bag: Bagging::None,
    }
}

pub(crate) fn slot(board: &Board, slot: u16, state: &SlotState, case: Option<Case>) {
    board.set_slot(Slot(slot), state, case);
}

pub(crate) fn step(board: &Board, slot: u16, step: Step) {
    board.set_step(Slot(slot), Some(step));
}

pub(crate) fn touch(board: &Board, slot: u16, touch: bool) {
    board.set_touch(Slot(slot), touch);
}

pub(crate) fn long_touch(board: &Board, slot: u16, long: bool) {
    board.set_long_touch(Slot(slot), long);
}

pub(crate) fn counts(board: &Board, waiting: usize, done: usize) {
    board.set_counts(Counts {
        waiting,
        under_way: 1,
        held: 0,
        done,
        ..Counts::default()
    });
}

/// A key that this person got.
pub(crate) fn finished_by(person: &str) -> Finished {
    Finished {
        case: case(person),
        slot: Some(Slot(1)),
        model: "Practice Key".to_owned(),
        serial: None,
        total: Duration::from_secs(9),
        own: Duration::from_millis(2),
    }
}

pub(crate) fn finished(board: &Board, finished: Finished) {
    board.add_finished(finished);
}

pub(crate) fn pin(board: &Board, slot: u16, pin: &str) {
    board.show_pin(Slot(slot), Pin::new(pin).unwrap());
}

pub(crate) fn news(board: &Board, news: News) {
    board.announce(news);
}

/// Something of Anna's job that waits for a person's word.
pub(crate) fn unconfirmed(job: u32, awaited: Awaited) -> Unconfirmed {
    let case = Case {
        job: JobId(i64::from(job)),
        envelope: format!("{job:04}"),
        ..case("Anna Lang")
    };
    Unconfirmed { case, awaited }
}

pub(crate) fn standstill(board: &Board, standstill: Standstill) {
    board.set_standstill(Some(standstill));
}

pub(crate) fn await_words(board: &Board, unconfirmed: Vec<Unconfirmed>) {
    board.set_unconfirmed(unconfirmed);
}
