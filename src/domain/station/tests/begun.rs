//! Jobs that have begun: their keys come back, or do not, or others come instead.

use super::*;

/// A hall in which job 1 has begun on the key "a" in slot 1, and the key was pulled.
fn pulled() -> Hall {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.lift(1);
    let gone = Ending::Stopped(Fault::KeyGone);
    hall.end(1, 1, gone, Some(begun(1, 1, "a")));
    hall
}

#[test]
fn a_pulled_key_is_wanted_back_and_goes_on() {
    let mut hall = pulled();
    let wants = SlotState::WantsBack {
        job: JobId(1),
        fault: Fault::KeyGone,
        key_in: false,
    };
    assert_eq!(hall.state(1), wants);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
}

#[test]
fn the_wrong_key_stops_its_slot_and_the_others_go_on() {
    let mut hall = pulled();
    assert_eq!(runs(&hall.put(1, blank("b"))), []);
    let wrong = SlotState::WantsBack {
        job: JobId(1),
        fault: Fault::WrongKey,
        key_in: true,
    };
    assert_eq!(hall.state(1), wrong);
    assert_eq!(runs(&hall.put(2, blank("c"))), [(2, 2)]);
    hall.lift(1);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
}

#[test]
fn the_right_key_is_known_in_another_slot() {
    let mut hall = pulled();
    assert_eq!(runs(&hall.put(2, blank("a"))), [(2, 1)]);
    assert_eq!(hall.state(1), SlotState::Empty, "slot 1 is free again");
}

#[test]
fn a_nameless_key_is_taken_for_its_job_in_its_own_slot_only() {
    let mut hall = Hall::new(vec![begun(1, 1, ""), candidate(2)]);
    assert_eq!(runs(&hall.put(2, blank(""))), [(2, 2)]);
    assert_eq!(runs(&hall.put(1, blank(""))), [(1, 1)]);
}

#[test]
fn two_keys_that_were_swapped_both_find_their_jobs() {
    for first in [1, 2] {
        let mut hall = Hall::new(vec![begun(1, 1, "a"), begun(2, 2, "b")]);
        let key = |slot| if slot == 1 { blank("b") } else { blank("a") };
        let mut started = runs(&hall.put(first, key(first)));
        started.extend(runs(&hall.put(3 - first, key(3 - first))));
        started.sort_unstable();
        assert_eq!(started, [(1, 2), (2, 1)]);
    }
}

#[test]
fn after_a_restart_the_slot_waits_for_its_key() {
    let hall = Hall::new(vec![begun(1, 4, "a")]);
    assert!(matches!(
        hall.state(4),
        SlotState::WantsBack { key_in: false, .. }
    ));
    assert!(!hall.station.is_idle(), "somebody has to put it back");
}

#[test]
fn an_exchange_while_the_slot_works_is_read_anew_and_stopped() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.lift(1);
    let (slot, at_start) = (Slot(1), false);
    assert_eq!(hall.tell(Signal::Arrived { slot, at_start }), []);
    let gone = Ending::Stopped(Fault::KeyGone);
    let orders = hall.end(1, 1, gone, Some(begun(1, 1, "a")));
    assert!(orders.contains(&Order::Read { slot }));
    assert_eq!(runs(&hall.read(1, blank("x"))), []);
    assert!(matches!(
        hall.state(1),
        SlotState::WantsBack {
            fault: Fault::WrongKey,
            ..
        }
    ));
}

#[test]
fn the_next_key_is_taken_at_once_when_the_last_one_was_lifted_early() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.lift(1);
    let (slot, at_start) = (Slot(1), false);
    hall.tell(Signal::Arrived { slot, at_start });
    let orders = hall.end(1, 1, Ending::Finished, None);
    assert!(orders.contains(&Order::Read { slot }));
    assert_eq!(runs(&hall.read(1, blank("b"))), [(1, 2)]);
}

#[test]
fn a_key_exchanged_while_it_is_read_is_read_again() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let (slot, at_start) = (Slot(1), false);
    hall.tell(Signal::Arrived { slot, at_start });
    hall.lift(1);
    hall.tell(Signal::Arrived { slot, at_start });
    assert_eq!(hall.read(1, blank("a")), [Order::Read { slot }]);
    assert_eq!(runs(&hall.read(1, blank("b"))), [(1, 1)]);
}

#[test]
fn a_job_that_waits_for_the_service_goes_on_at_the_tick_with_its_key() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, blank("a"));
    let away = Ending::Stopped(unreachable());
    assert_eq!(hall.end(1, 1, away, Some(begun(1, 1, "a"))), []);
    assert!(matches!(hall.state(1), SlotState::AwaitingService { .. }));
    assert_eq!(runs(&hall.tell(Signal::Tick)), [(1, 1)]);
    assert_eq!(hall.tell(Signal::Tick), []);
}

#[test]
fn a_slot_that_waits_for_the_service_lets_go_of_a_job_that_is_given_up_or_starts_anew() {
    for now in [None, Some(candidate(1))] {
        let mut hall = Hall::new(vec![candidate(1)]);
        hall.put(1, blank("a"));
        let away = Ending::Stopped(unreachable());
        hall.end(1, 1, away, Some(begun(1, 1, "a")));
        let (job, now) = (JobId(1), now.map(Box::new));
        let orders = hall.tell(Signal::Changed { job, now });
        assert_eq!(runs(&orders), []);
        assert_eq!(hall.state(1), SlotState::LiftFirst);
        assert_eq!(runs(&hall.tell(Signal::Tick)), []);
    }
}

#[test]
fn a_job_that_needs_no_key_any_more_runs_once_at_a_time() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, blank("a"));
    let away = Ending::Stopped(unreachable());
    let orders = hall.end(1, 1, away, Some(keyless(1)));
    assert_eq!(orders, [], "it has its slot and waits there");
    let orders = hall.tell(Signal::Tick);
    assert_eq!(
        orders,
        [Order::Run {
            slot: Slot(1),
            job: JobId(1)
        }]
    );
}

#[test]
fn a_keyless_job_runs_aside_and_rests_between_two_ticks() {
    let mut hall = Hall::new(Vec::new());
    let job = JobId(1);
    let orders = hall.tell(Signal::Jobs(vec![keyless(1)]));
    assert_eq!(orders, [Order::RunAside { job }]);
    assert_eq!(hall.tell(Signal::Tick), [], "it is running");
    let ending = Ending::Stopped(unreachable());
    assert_eq!(hall.tell(Signal::EndedAside { job, ending }), []);
    assert!(!hall.station.is_idle());
    assert_eq!(hall.tell(Signal::Tick), [Order::RunAside { job }]);
    let ending = Ending::Finished;
    assert_eq!(hall.tell(Signal::EndedAside { job, ending }), []);
    assert!(hall.station.is_idle());
}

#[test]
fn the_key_of_a_job_that_runs_aside_may_be_lifted_and_another_put_in() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.lift(1);
    let away = Ending::Stopped(unreachable());
    let orders = hall.end(1, 1, away, Some(keyless(1)));
    assert_eq!(hall.state(1), SlotState::Empty);
    assert_eq!(orders, [Order::RunAside { job: JobId(1) }]);
    assert_eq!(runs(&hall.put(1, blank("b"))), [(1, 2)]);
}

#[test]
fn a_held_job_does_not_block_its_slot_nor_the_line() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.end(1, 1, Ending::Held(Fault::DeliveryUncertain), None);
    assert!(matches!(hall.state(1), SlotState::Held { .. }));
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 2)]);
    hall.end(2, 2, Ending::Finished, None);
    hall.lift(1);
    assert_eq!(hall.state(1), SlotState::Empty);
    assert!(hall.station.is_idle());
}

#[test]
fn a_failed_key_goes_to_the_tray_and_its_job_comes_next() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    let failed = Ending::AnotherKey(Fault::PinRefused);
    hall.end(1, 1, failed, Some(candidate(1)));
    let fault = Fault::PinRefused;
    assert_eq!(hall.state(1), SlotState::Refused { fault });
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 1)]);
}

#[test]
fn a_job_that_let_go_of_its_key_frees_the_slot_when_the_key_is_lifted() {
    let mut hall = Hall::new(vec![candidate(1)]);
    hall.put(1, used(""));
    hall.tell(Signal::Confirmed { slot: Slot(1) });
    let late = Ending::Stopped(Fault::ResetTooLate);
    hall.end(1, 1, late, Some(candidate(1)));
    assert_eq!(hall.state(1), SlotState::LiftFirst);
    hall.lift(1);
    hall.put(1, used(""));
    assert!(
        matches!(hall.state(1), SlotState::Asking { .. }),
        "judged anew"
    );
}

#[test]
fn the_same_key_again_after_it_is_done_gets_no_second_job() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    hall.end(1, 1, Ending::Finished, None);
    assert_eq!(hall.tell(Signal::Tick), []);
    assert_eq!(hall.state(1), SlotState::Done { job: JobId(1) });
}

#[test]
fn a_held_job_that_goes_on_asks_for_its_key_where_it_lies_and_where_it_lay() {
    let fault = Fault::DeliveryUncertain;
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, blank("a"));
    let held = Ending::Held(fault.clone());
    hall.end(1, 1, held, None);
    let laid_aside = SlotState::Held {
        job: JobId(1),
        fault,
    };
    assert_eq!(hall.state(1), laid_aside);
    // A letter is reissued: the key comes back before the next job gets the slot.
    hall.tell(Signal::Changed {
        job: JobId(1),
        now: Some(Box::new(begun(1, 1, "a"))),
    });
    let wants = |fault, key_in| SlotState::WantsBack {
        job: JobId(1),
        fault,
        key_in,
    };
    assert_eq!(hall.state(1), wants(Fault::Cancelled, true));
    hall.lift(1);
    assert_eq!(hall.state(1), wants(Fault::Cancelled, false));
    assert_eq!(runs(&hall.put(1, blank("b"))), []);
    assert_eq!(hall.state(1), wants(Fault::WrongKey, true));
    hall.lift(1);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
}

#[test]
fn a_nameless_key_that_is_enrolled_anew_comes_back_although_it_still_shows_its_person() {
    let anew = |replace| Candidate {
        replace,
        ..begun(1, 1, "")
    };
    for (user, replace, comes_back) in [
        ("User1@contoso.com", true, true),
        ("user1@contoso.com", false, false),
        ("bo@contoso.com", true, false),
    ] {
        let mut hall = Hall::new(vec![anew(replace)]);
        let mut reading = used("");
        reading.enrolled_for = Some(EnrolledFor {
            fate: None,
            job: JobId(77),
            user: user.to_owned(),
            person: "Somebody".to_owned(),
            envelope: "0042".to_owned(),
        });
        assert_eq!(runs(&hall.put(1, reading)).len() == 1, comes_back, "{user}");
    }
}
