//! Which keys may be touched (D3).

use super::*;
use crate::domain::credential::CredentialId;

fn asking(hall: &Hall, slot: u16) -> Option<Question> {
    match hall.state(slot) {
        SlotState::Asking { question, .. } => Some(question),
        _ => None,
    }
}

fn under(used_keys: UsedKeys) -> Hall {
    Hall::new(vec![Candidate {
        used_keys,
        ..candidate(1)
    }])
}

#[test]
fn a_used_key_is_asked_about_and_wiped_only_after_a_yes() {
    let mut hall = under(UsedKeys::Ask);
    assert_eq!(runs(&hall.put(1, used("a"))), []);
    assert_eq!(asking(&hall, 1), Some(Question::WipeUsedKey));
    assert_eq!(
        runs(&hall.tell(Signal::Confirmed { slot: Slot(1) })),
        [(1, 1)]
    );
}

#[test]
fn a_yes_is_for_the_key_in_the_slot_and_not_for_the_next_one() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, used("a"));
    hall.tell(Signal::Confirmed { slot: Slot(1) });
    hall.end(1, 1, Ending::Finished, None);
    hall.lift(1);
    assert_eq!(runs(&hall.put(1, used("b"))), []);
    assert_eq!(asking(&hall, 1), Some(Question::WipeUsedKey));
}

#[test]
fn a_yes_for_one_person_is_none_for_the_next() {
    let mut hall = Hall {
        station: Station::new(ConfirmCards::Batch, None),
    };
    hall.tell(Signal::Jobs(vec![candidate(1), candidate(2)]));
    hall.put(1, used("a"));
    assert_eq!(asking(&hall, 1), Some(Question::WipeUsedKey));
    let orders = hall.tell(Signal::Confirmed { slot: Slot(1) });
    assert_eq!(runs(&orders), [], "it waits for Entra");
    // Meanwhile the first job is cancelled.
    let job = JobId(1);
    hall.tell(Signal::Changed { job, now: None });
    let orders = hall.tell(Signal::Prepared { job: JobId(2) });
    assert_eq!(runs(&orders), []);
    assert_eq!(asking(&hall, 1), Some(Question::WipeUsedKey));
}

#[test]
fn a_yes_to_nothing_does_nothing() {
    let mut hall = under(UsedKeys::Ask);
    assert_eq!(hall.tell(Signal::Confirmed { slot: Slot(1) }), []);
    assert_eq!(runs(&hall.put(1, used("a"))), []);
}

#[test]
fn a_used_key_is_taken_or_refused_as_the_policy_says() {
    assert_eq!(runs(&under(UsedKeys::Reset).put(1, used("a"))), [(1, 1)]);
    let mut hall = under(UsedKeys::Refuse);
    assert_eq!(runs(&hall.put(1, used("a"))), []);
    let fault = Fault::KeyUsed;
    assert_eq!(hall.state(1), SlotState::Refused { fault });
}

#[test]
fn a_passkey_on_the_key_stops_the_job_under_every_policy() {
    for used_keys in [UsedKeys::Ask, UsedKeys::Reset, UsedKeys::Refuse] {
        let mut hall = under(used_keys);
        let mut reading = used("a");
        reading.passkey = Some(CredentialId(vec![1]));
        assert_eq!(runs(&hall.put(1, reading)), []);
        let fault = Fault::KeyHoldsPasskey;
        assert_eq!(hall.state(1), SlotState::Refused { fault });
        assert_eq!(hall.tell(Signal::Confirmed { slot: Slot(1) }), []);
    }
}

#[test]
fn replace_takes_a_key_with_a_passkey() {
    let mut hall = Hall::new(vec![Candidate {
        replace: true,
        ..candidate(1)
    }]);
    let mut reading = used("a");
    reading.passkey = Some(CredentialId(vec![1]));
    assert_eq!(runs(&hall.put(1, reading)), [(1, 1)]);
}

fn of_somebody(user: &str) -> Reading {
    let mut reading = blank("a");
    reading.enrolled_for = Some(EnrolledFor {
        fate: None,
        job: JobId(77),
        user: user.to_owned(),
        person: "Bo Berg".to_owned(),
        envelope: "0042".to_owned(),
    });
    reading
}

#[test]
fn a_key_that_was_enrolled_for_somebody_is_refused_by_name() {
    for replace in [false, true] {
        let mut hall = Hall::new(vec![Candidate {
            replace,
            ..candidate(1)
        }]);
        assert_eq!(runs(&hall.put(1, of_somebody("bo@contoso.com"))), []);
        let fault = Fault::KeyEnrolledFor {
            holder: "Bo Berg".to_owned(),
            envelope: "0042".to_owned(),
        };
        assert_eq!(hall.state(1), SlotState::Refused { fault });
    }
}

#[test]
fn the_persons_own_key_is_taken_when_it_is_to_be_replaced() {
    let mut hall = Hall::new(vec![Candidate {
        replace: true,
        ..candidate(1)
    }]);
    let orders = hall.put(1, of_somebody("User1@Contoso.com"));
    assert_eq!(runs(&orders), [(1, 1)]);
}

#[test]
fn cards_are_confirmed_once_per_batch() {
    let mut other = candidate(3);
    other.batch = BatchName("second".to_owned());
    let mut hall = Hall::new(vec![candidate(1), candidate(2), other]);
    assert_eq!(runs(&hall.put(1, card("a"))), []);
    assert!(matches!(
        asking(&hall, 1),
        Some(Question::TakeCards { batch }) if batch.0 == "onboarding"
    ));
    assert_eq!(
        runs(&hall.tell(Signal::Confirmed { slot: Slot(1) })),
        [(1, 1)]
    );
    assert_eq!(runs(&hall.put(2, card("b"))), [(2, 2)]);
    assert_eq!(runs(&hall.put(3, card("c"))), []);
    assert!(matches!(asking(&hall, 3), Some(Question::TakeCards { .. })));
}

#[test]
fn two_cards_that_wait_are_answered_by_one_yes() {
    let mut hall = Hall::new(vec![candidate(1), candidate(2)]);
    hall.put(1, card("a"));
    hall.put(2, card("b"));
    let orders = hall.tell(Signal::Confirmed { slot: Slot(2) });
    assert_eq!(runs(&orders).len(), 2);
}

#[test]
fn a_used_card_is_asked_about_both_things() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let mut reading = card("a");
    reading.identity.capabilities.client_pin = Some(true);
    hall.put(1, reading);
    assert_eq!(asking(&hall, 1), Some(Question::WipeUsedKey));
    assert_eq!(runs(&hall.tell(Signal::Confirmed { slot: Slot(1) })), []);
    assert!(matches!(asking(&hall, 1), Some(Question::TakeCards { .. })));
    assert_eq!(
        runs(&hall.tell(Signal::Confirmed { slot: Slot(1) })),
        [(1, 1)]
    );
}

#[test]
fn a_key_that_is_kept_is_asked_about_nothing() {
    let mut hall = Hall::new(vec![Candidate {
        reset: ResetMode::Keep,
        used_keys: UsedKeys::Refuse,
        ..candidate(1)
    }]);
    let mut reading = card("a");
    reading.identity.capabilities.client_pin = Some(true);
    reading.passkey = Some(CredentialId(vec![1]));
    assert_eq!(runs(&hall.put(1, reading)), [(1, 1)]);
}

#[test]
fn an_unreadable_key_stops_its_slot_alone() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let slot = Slot(1);
    let at_start = false;
    hall.tell(Signal::Arrived { slot, at_start });
    let fault = Fault::KeyMute;
    hall.tell(Signal::Unreadable { slot, fault });
    assert!(matches!(hall.state(1), SlotState::Refused { .. }));
    assert_eq!(runs(&hall.put(2, blank("b"))), [(2, 1)]);
}

#[test]
fn a_card_that_came_back_is_read_again_once_somebody_has_agreed_and_serves_nobody_before() {
    let mut hall = Hall::new(vec![candidate(1)]);
    let batch = BatchName("last year".to_owned());
    let job = JobId(90);
    let mut back = card("a");
    back.came_back = Some(CameBack::Unconfirmed {
        job,
        batch: batch.clone(),
    });
    assert_eq!(runs(&hall.put(1, back)), []);
    let question = Question::TakeCards {
        batch: batch.clone(),
    };
    let asked = 1;
    let asks = SlotState::Asking {
        job,
        question,
        asked,
    };
    assert_eq!(hall.state(1), asks);
    assert!(!hall.station.cards().are_taken_for(&batch));
    let slot = Slot(1);
    let orders = hall.tell(Signal::Confirmed { slot });
    assert!(orders.contains(&Order::Read { slot }), "{orders:?}");
    assert!(hall.station.cards().are_taken_for(&batch));
    assert_eq!(hall.state(1), SlotState::Reading);
}

#[test]
fn a_key_that_came_back_with_a_foreign_passkey_is_refused_even_when_no_job_waits() {
    for jobs in [vec![], vec![candidate(1)]] {
        let mut hall = Hall::new(jobs);
        let mut back = used("a");
        back.passkey = Some(CredentialId(vec![8; 16]));
        back.came_back = Some(CameBack::Foreign);
        assert_eq!(runs(&hall.put(1, back)), []);
        let fault = Fault::KeyHoldsPasskey;
        assert_eq!(hall.state(1), SlotState::Refused { fault });
    }
}
