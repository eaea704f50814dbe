//! What people say to the bench: no to a question, a pause, and who comes next.

use super::*;

#[test]
fn a_used_key_that_is_to_stay_as_it_is_stops_its_slot_and_its_job_takes_another() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, used("a"));
    let asks = SlotState::Asking {
        job: JobId(1),
        question: Question::WipeUsedKey,
        asked: 1,
    };
    assert_eq!(hall.state(1), asks);
    assert_eq!(runs(&hall.tell(Signal::Declined { slot: Slot(1) })), []);
    let fault = Fault::KeyUsed;
    assert_eq!(hall.state(1), SlotState::Refused { fault });
    assert_eq!(runs(&hall.tell(Signal::Confirmed { slot: Slot(1) })), []);
    assert_eq!(
        runs(&hall.put(2, blank("b"))),
        [(2, 1)],
        "the job is free again"
    );
}

#[test]
fn a_card_that_lies_there_by_mistake_is_not_taken_and_the_next_one_is_asked_for_again() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, card("a"));
    assert_eq!(runs(&hall.tell(Signal::Declined { slot: Slot(1) })), []);
    let fault = Fault::Cancelled;
    assert_eq!(hall.state(1), SlotState::Refused { fault });
    hall.put(2, card("b"));
    let asks = matches!(hall.state(2), SlotState::Asking { .. });
    assert!(asks, "nobody agreed to cards: {:?}", hall.state(2));
}

#[test]
fn no_to_a_slot_that_asks_nothing_does_nothing() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, blank("a"));
    let before = hall.state(1);
    hall.tell(Signal::Declined { slot: Slot(1) });
    assert_eq!(hall.state(1), before);
}

#[test]
fn in_a_pause_no_job_starts_and_after_it_the_key_that_lies_there_goes_on() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    hall.tell(Signal::Pause { paused: true });
    assert_eq!(runs(&hall.put(2, blank("b"))), []);
    assert_eq!(
        hall.state(1),
        SlotState::Working { job: JobId(1) },
        "work goes on"
    );
    hall.end(1, 1, Ending::Finished, None);
    assert!(
        !hall.station.is_idle(),
        "a pause is no end: somebody waits still"
    );
    let orders = hall.tell(Signal::Pause { paused: false });
    assert_eq!(runs(&orders), [(2, 2)]);
}

#[test]
fn those_who_come_next_stand_in_no_slot() {
    let mut hall = Hall::new((1..=4).map(candidate).collect());
    let next = |hall: &Hall| hall.station.upcoming(2).collect::<Vec<_>>();
    assert_eq!(next(&hall), [JobId(1), JobId(2)]);
    hall.put(1, blank("a"));
    hall.put(2, used("b"));
    assert_eq!(next(&hall), [JobId(3), JobId(4)]);
}

/// The number of what slot 1 asks.
fn number(hall: &Hall) -> Option<u64> {
    match hall.state(1) {
        SlotState::Asking { asked, .. } => Some(asked),
        _ => None,
    }
}

#[test]
fn a_question_keeps_its_number_while_it_is_asked_and_the_same_words_about_another_key_are_a_new_one()
 {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, used("a"));
    let first = number(&hall).expect("a question");
    // Whatever happens elsewhere, it is the same question.
    hall.tell(Signal::Tick);
    hall.put(2, blank("b"));
    assert_eq!(number(&hall), Some(first));
    hall.lift(1);
    assert_eq!(number(&hall), None);
    hall.put(1, used("c"));
    let second = number(&hall).expect("a question");
    assert_ne!(first, second, "the same job, the same words, another key");
    // The job is gone: the key that lies there is asked about for the next one.
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, used("a"));
    let first = number(&hall).expect("a question");
    let (job, now) = (JobId(1), None);
    hall.tell(Signal::Changed { job, now });
    assert!(number(&hall).is_some_and(|second| second != first));
}
