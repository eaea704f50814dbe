//! Bags and letters at the bench: the slot waits for the bag, the printer has one sheet at a time, and nobody waits for it.

use super::*;
use crate::domain::event::Step;
use crate::domain::station::signal::InSlot;

/// The job waits for its bag at this slot.
fn bagged(number: i64, slot: u16) -> Candidate {
    Candidate {
        bag: Some(Slot(slot)),
        ..candidate(number)
    }
}

fn printing(number: i64, prints: Prints) -> Candidate {
    Candidate {
        prints,
        ..keyless(number)
    }
}

fn due(number: i64) -> Candidate {
    printing(number, Prints::Due)
}

/// Job 1 has enrolled its key in slot 1, and job 2 waits.
fn before_the_bag() -> Hall {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    hall.end(1, 1, Ending::Awaits(Step::Bag), Some(bagged(1, 1)));
    hall
}

fn at(lies: InSlot) -> SlotState {
    let job = JobId(1);
    SlotState::Bagging { job, lies }
}

fn confirm(hall: &mut Hall, now: Option<Candidate>) -> Vec<Order> {
    hall.tell(Signal::Changed {
        job: JobId(1),
        now: now.map(Box::new),
    })
}

fn aside(orders: &[Order]) -> Vec<i64> {
    orders
        .iter()
        .filter_map(|order| match order {
            Order::RunAside { job } => Some(job.0),
            _ => None,
        })
        .collect()
}

fn ended_aside(hall: &mut Hall, job: i64, ending: Ending, now: Option<Candidate>) -> Vec<Order> {
    let job = JobId(job);
    let mut orders = hall.tell(Signal::Changed {
        job,
        now: now.map(Box::new),
    });
    orders.extend(hall.tell(Signal::EndedAside { job, ending }));
    orders
}

#[test]
fn a_slot_takes_no_next_key_before_the_bag_of_the_last_one_is_confirmed() {
    let mut hall = before_the_bag();
    assert_eq!(hall.state(1), at(InSlot::Own));
    hall.lift(1);
    assert_eq!(hall.state(1), at(InSlot::Nothing));
    let early = hall.tell(Signal::Arrived {
        slot: Slot(1),
        at_start: false,
    });
    assert_eq!(early, [], "what comes too early is not even read");
    assert_eq!(hall.state(1), at(InSlot::Next));
    assert_eq!(aside(&confirm(&mut hall, Some(due(1)))), [1]);
    assert_eq!(hall.state(1), SlotState::LiftFirst);
    hall.lift(1);
    assert_eq!(runs(&hall.put(1, blank("b"))), [(1, 2)]);
}

#[test]
fn a_slot_is_free_as_soon_as_the_bag_is_confirmed() {
    let mut hall = before_the_bag();
    hall.lift(1);
    confirm(&mut hall, Some(due(1)));
    assert_eq!(hall.state(1), SlotState::Empty);
    assert_eq!(runs(&hall.put(1, blank("b"))), [(1, 2)]);
    // Somebody was quicker with the bag than with the key.
    let mut hall = before_the_bag();
    confirm(&mut hall, Some(due(1)));
    assert_eq!(hall.state(1), SlotState::KeyDone { job: JobId(1) });
    hall.lift(1);
    assert_eq!(hall.state(1), SlotState::Empty);
}

#[test]
fn the_key_is_pulled_or_exchanged_before_its_run_has_ended() {
    for (exchanged, lies) in [(false, InSlot::Nothing), (true, InSlot::Next)] {
        let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
        hall.put(1, blank("a"));
        hall.lift(1);
        if exchanged {
            hall.tell(Signal::Arrived {
                slot: Slot(1),
                at_start: false,
            });
        }
        let orders = hall.end(1, 1, Ending::Awaits(Step::Bag), Some(bagged(1, 1)));
        assert_eq!((orders, hall.state(1)), (vec![], at(lies)));
    }
}

#[test]
fn the_other_slots_go_on_while_one_waits_for_a_bag() {
    let mut hall = before_the_bag();
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 2)]);
    assert!(hall.station.is_working());
    let ending = Ending::Awaits(Step::Bag);
    hall.end(2, 2, ending, Some(bagged(2, 2)));
    assert_eq!(hall.station.queue(), (0, 2));
    assert!(hall.station.is_idle(), "what is left is a person's");
}

#[test]
fn a_bag_is_waited_for_after_a_restart_as_well() {
    let mut hall = Hall::new(vec![bagged(1, 1), candidate(2)]);
    assert_eq!(hall.state(1), at(InSlot::Nothing));
    let orders = hall.tell(Signal::Arrived {
        slot: Slot(1),
        at_start: true,
    });
    assert_eq!((orders, hall.state(1)), (vec![], at(InSlot::Next)));
    confirm(&mut hall, Some(due(1)));
    assert_eq!(hall.state(1), SlotState::LiftFirst);
}

#[test]
fn two_bags_at_one_slot_are_waited_for_one_after_the_other() {
    let mut hall = Hall::new(vec![bagged(1, 1), bagged(2, 1)]);
    assert_eq!(hall.state(1), at(InSlot::Nothing));
    confirm(&mut hall, None);
    let (job, lies) = (JobId(2), InSlot::Nothing);
    assert_eq!(hall.state(1), SlotState::Bagging { job, lies });
}

#[test]
fn a_job_that_is_held_or_given_up_at_its_bag_lets_go_of_the_slot() {
    for (lifted, state) in [(true, SlotState::Empty), (false, SlotState::LiftFirst)] {
        let mut hall = before_the_bag();
        if lifted {
            hall.lift(1);
        }
        confirm(&mut hall, None);
        assert_eq!(hall.state(1), state);
    }
}

#[test]
fn one_letter_is_printed_at_a_time_in_the_order_of_the_jobs() {
    let mut hall = Hall::new(Vec::new());
    let orders = hall.tell(Signal::Jobs(vec![due(1), due(2), keyless(3)]));
    // What is no printer's goes on beside it.
    assert_eq!(aside(&orders), [3, 1]);
    let confirmation = Ending::Awaits(Step::Deliver);
    assert_eq!(aside(&ended_aside(&mut hall, 1, confirmation, None)), [2]);
    assert_eq!(hall.station.to_print(), 1);
}

#[test]
fn a_sheet_that_may_lie_in_the_printer_comes_before_every_other() {
    let mut hall = Hall::new(Vec::new());
    let late = printing(5, Prints::InFlight);
    let orders = hall.tell(Signal::Jobs(vec![due(1), late]));
    assert_eq!(aside(&orders), [5]);
    let orders = ended_aside(&mut hall, 5, Ending::Awaits(Step::Deliver), None);
    assert_eq!(aside(&orders), [1]);
}

#[test]
fn while_the_printer_is_away_it_is_asked_once_per_tick() {
    let mut hall = Hall::new(Vec::new());
    let orders = hall.tell(Signal::Jobs(vec![due(1), due(2), due(3)]));
    assert_eq!(aside(&orders), [1]);
    for _ in 0..3 {
        let what = "no route".to_owned();
        let away = Ending::Stopped(Fault::PrinterAway { what });
        let orders = ended_aside(&mut hall, 1, away, Some(due(1)));
        assert_eq!(
            aside(&orders),
            Vec::<i64>::new(),
            "the others have the same printer"
        );
        assert_eq!(aside(&hall.tell(Signal::Tick)), [1]);
    }
}

#[test]
fn keys_go_on_while_the_printer_waits_for_paper() {
    let mut second = candidate(2);
    second.user = candidate(1).user;
    let mut hall = Hall::new(vec![candidate(1), second, candidate(3)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    let orders = hall.end(1, 1, Ending::KeyDone, Some(due(1)));
    assert_eq!(aside(&orders), [1]);
    assert_eq!(hall.state(1), SlotState::KeyDone { job: JobId(1) });
    hall.lift(1);
    // The same person's second key as well: the first one has all that it gets.
    assert_eq!(runs(&hall.put(1, blank("b"))), [(1, 2)]);
    assert_eq!(runs(&hall.put(2, blank("c"))), [(2, 3)]);
    assert!(!hall.station.is_idle());
}
