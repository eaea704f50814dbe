//! Whose key is it that lies in a slot while jobs are under way: swapped keys, finished keys, keys that a hub brings back.

use super::*;
use crate::domain::credential::CredentialId;

/// A nameless used key that shows this passkey of a job under way.
fn showing(credential: u8) -> Reading {
    let mut reading = used("");
    reading.passkey = Some(CredentialId(vec![credential]));
    reading
}

/// A nameless job whose passkey has this id.
fn made(number: i64, slot: u16, credential: u8) -> Candidate {
    Candidate {
        made: Some(CredentialId(vec![credential])),
        ..begun(number, slot, "")
    }
}

#[test]
fn nameless_keys_that_were_swapped_find_their_jobs_by_the_passkeys_on_them() {
    let mut hall = Hall::new(vec![made(1, 1, 11), made(2, 2, 22)]);
    assert_eq!(runs(&hall.put(1, showing(22))), [(1, 2)]);
    assert_eq!(runs(&hall.put(2, showing(11))), [(2, 1)]);
    let mut hall = Hall::new(vec![made(1, 1, 11)]);
    assert_eq!(runs(&hall.put(7, showing(11))), [(7, 1)], "in any slot");
}

#[test]
fn a_nameless_key_that_shows_another_passkey_is_not_even_tried() {
    let mut hall = Hall::new(vec![made(1, 1, 11)]);
    assert_eq!(runs(&hall.put(1, showing(99))), []);
    let wrong = SlotState::WantsBack {
        job: JobId(1),
        fault: Fault::WrongKey,
        key_in: true,
    };
    assert_eq!(hall.state(1), wrong);
}

fn finished_for(mut reading: Reading, job: i64) -> Reading {
    reading.enrolled_for = Some(EnrolledFor {
        fate: None,
        job: JobId(job),
        user: "bo@contoso.com".to_owned(),
        person: "Bo Berg".to_owned(),
        envelope: "0042".to_owned(),
    });
    reading
}

fn bos() -> Fault {
    Fault::KeyEnrolledFor {
        holder: "Bo Berg".to_owned(),
        envelope: "0042".to_owned(),
    }
}

#[test]
fn the_finished_key_of_the_last_person_is_named_in_a_slot_that_waits_for_another() {
    for serial in ["z", ""] {
        let mut hall = Hall::new(vec![begun(1, 1, "")]);
        assert_eq!(runs(&hall.put(1, finished_for(used(serial), 77))), []);
        let wrong = SlotState::WantsBack {
            job: JobId(1),
            fault: bos(),
            key_in: true,
        };
        assert_eq!(hall.state(1), wrong);
    }
}

#[test]
fn a_key_that_has_become_somebodys_while_its_job_was_held_is_theirs_whatever_its_serial_says() {
    let mut hall = Hall::new(vec![begun(1, 1, "a"), candidate(2)]);
    assert_eq!(runs(&hall.put(1, finished_for(used("a"), 77))), []);
    assert!(matches!(
        hall.state(1),
        SlotState::WantsBack { fault, .. } if fault == bos()
    ));
    assert_eq!(runs(&hall.put(3, finished_for(used("b"), 77))), []);
    assert_eq!(hall.state(3), SlotState::Refused { fault: bos() });
}

#[test]
fn the_persons_own_key_comes_back_to_the_job_that_replaces_it() {
    for serial in ["a", ""] {
        let mut job = begun(1, 1, serial);
        job.replace = true;
        job.user = "bo@contoso.com".to_owned();
        let mut hall = Hall::new(vec![job]);
        let mut own = finished_for(showing(5), 77);
        own.identity.serial = Serial::new(serial);
        assert_eq!(runs(&hall.put(1, own)), [(1, 1)], "serial {serial:?}");
    }
}

#[test]
fn no_policy_wipes_a_used_key_unasked_while_a_job_wants_one_like_it_back() {
    let next = Candidate {
        used_keys: UsedKeys::Reset,
        ..candidate(2)
    };
    let mut hall = Hall::new(vec![begun(1, 1, ""), next]);
    assert_eq!(runs(&hall.put(5, used(""))), []);
    let question = Question::WipeUsedKey;
    let job = JobId(2);
    let asked = 1;
    let asks = SlotState::Asking {
        job,
        question,
        asked,
    };
    assert_eq!(hall.state(5), asks);
    // A key that tells its serial is not the one.
    hall.lift(5);
    assert_eq!(runs(&hall.put(5, used("z"))), [(5, 2)]);
}

#[test]
fn one_key_seen_in_two_slots_gets_one_job() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2), candidate(3)]);
    assert_eq!(runs(&hall.put(1, blank("a"))), [(1, 1)]);
    assert_eq!(runs(&hall.put(2, card("a"))), []);
    assert_eq!(hall.state(2), SlotState::NoJob);
    let orders = hall.end(1, 1, Ending::Finished, None);
    assert_eq!(runs(&orders), [], "it was read before it was enrolled");
    hall.lift(1);
    hall.lift(2);
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 2)]);
}

/// Four keys at work, in slots 1 to 4, the last two without a serial.
fn four_at_work() -> Hall {
    let mut hall = Hall::new((1..=4).map(candidate).collect());
    for (slot, serial) in [(1, "a"), (2, "b"), (3, ""), (4, "")] {
        assert_eq!(runs(&hall.put(slot, blank(serial))).len(), 1);
    }
    hall
}

/// The runs end, each finding its key gone.
fn all_gone(hall: &mut Hall) -> Vec<Order> {
    let serials = [(1, "a"), (2, "b"), (3, ""), (4, "")];
    let ends = serials.map(|(slot, serial)| {
        let job = i64::from(slot);
        let gone = Ending::Stopped(Fault::KeyGone);
        hall.end(slot, job, gone, Some(begun(job, slot, serial)))
    });
    ends.into_iter().flatten().collect()
}

#[test]
fn a_hub_that_starts_anew_brings_every_key_back_to_its_job() {
    let slots = [1, 2, 3, 4];
    let at_start = false;
    // Whether the runs notice before the keys are back, or after.
    for late in [false, true] {
        let mut hall = four_at_work();
        for slot in slots {
            hall.lift(slot);
        }
        if !late {
            all_gone(&mut hall);
        }
        for slot in slots.map(Slot) {
            hall.tell(Signal::Arrived { slot, at_start });
        }
        if late {
            all_gone(&mut hall);
        }
        let mut back: Vec<_> = [(4, ""), (3, ""), (2, "b"), (1, "a")]
            .into_iter()
            .flat_map(|(slot, serial)| runs(&hall.read(slot, blank(serial))))
            .collect();
        back.sort_unstable();
        assert_eq!(back, [(1, 1), (2, 2), (3, 3), (4, 4)], "late: {late}");
    }
}

#[test]
fn keys_that_come_back_at_other_places_of_the_hub_are_known_or_asked_about() {
    let mut hall = four_at_work();
    for slot in 1..=4 {
        hall.lift(slot);
    }
    all_gone(&mut hall);
    assert_eq!(runs(&hall.put(12, blank("a"))), [(12, 1)]);
    assert_eq!(runs(&hall.put(11, blank("b"))), [(11, 2)]);
    // Nameless keys have their PIN by now and nothing else that would tell them: each goes back to the slot it came from.
    hall.put(13, used(""));
    hall.put(14, used(""));
    for slot in [13, 14] {
        assert_eq!(hall.state(slot), SlotState::NoJob);
        hall.lift(slot);
    }
    assert_eq!(runs(&hall.put(3, used(""))), [(3, 3)]);
    assert_eq!(runs(&hall.put(4, used(""))), [(4, 4)]);
}
