//! A letter that nobody can trust: the same key gets a new PIN, whatever is cut, pulled, swapped or lost on the way. Its passkey
//! stays, and the old PIN is never lost before the new one is certain.

use super::*;
use crate::app::admin::{self, Change, Changed, Unchanged};
use crate::app::world::When;
use crate::domain::event::Attempt;
use crate::domain::policy::ResetMode;

/// Anna's key is enrolled, and nobody knows whether her letter came out.
fn doubtful(policy: Policy, key: KeyState) -> Line {
    let line = Line::new(policy, key);
    line.world.state().press.blind = true;
    line.world
        .trick(Op::PressDeliver, When::After, Fault::DeliveryUncertain);
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    line.world.state().press.blind = false;
    line
}

/// The same, and the administrator has asked for a new letter.
fn reissued(policy: Policy, key: KeyState) -> Line {
    let line = doubtful(policy, key);
    assert!(matches!(ask(&line), Ok(Changed::Reissued { .. })));
    line
}

fn ask(line: &Line) -> Result<Changed, Unchanged> {
    let ports = line.world.ports();
    let change = Change::Reissue {
        reason: "the printer ate it".to_owned(),
    };
    admin::change(
        ports.ledger.as_ref(),
        &line.policies(),
        line.job.id,
        &change,
        "admin",
        ports.clock.now(),
    )
}

fn forced() -> Policy {
    Policy {
        force_pin_change: true,
        ..Policy::default()
    }
}

fn strict() -> Policy {
    Policy {
        always_uv: true,
        min_pin_length: Some(8),
        ..forced()
    }
}

/// Shows nothing unasked, as at credProtect level 3.
fn silent_key() -> KeyState {
    let mut key = plain_key();
    key.silent = true;
    key
}

fn sealed(line: &Line, attempt: u32) -> String {
    line.world.state().ledger.sealed[&(line.job.id, Attempt(attempt))].clone()
}

/// Everything that must be so after a reissue, beside what must always be so.
fn assert_reissued(line: &Line, context: &str) {
    line.assert_sound(context);
    let story = line.story();
    let state = line.world.state();
    let job = state.ledger.state_of(line.job.id);
    let key = &state.keys[0];
    assert_eq!(state.bound[&line.job.id], 0, "{context}\n{story}");
    let old = &state.ledger.sealed[&(line.job.id, Attempt(1))];
    assert_ne!(
        key.pin.as_ref(),
        Some(old),
        "the old PIN\n{context}\n{story}"
    );
    assert_eq!(key.retries, 8, "{context}\n{story}");
    assert_eq!(
        key.force_pin_change, line.policy.force_pin_change,
        "{context}\n{story}"
    );
    assert_eq!(key.always_uv, line.policy.always_uv, "{context}\n{story}");
    assert_eq!(state.tenant.of("anna@contoso.com").len(), 1, "{context}");
    assert_eq!(state.ledger.open_duties(), [], "{context}\n{story}");
    // The letter of record is the last one, and the first one is void.
    let void = &state.press.sheets[0];
    assert_eq!(void.pin, *old, "{context}");
    assert_ne!(job.delivered(), Some(void.control.as_str()), "{context}");
    let calls = &state.calls;
    let count = |op| calls.iter().filter(|call| **call == op).count();
    for op in [Op::Reset, Op::SetPin, Op::MakeCredential, Op::Post] {
        assert_eq!(count(op), 1, "{op:?} once in a life\n{context}\n{story}");
    }
}

#[test]
fn the_same_key_gets_a_new_pin_and_the_person_a_new_letter() {
    let line = doubtful(Policy::default(), key());
    let [void] = controls(&line).try_into().expect("one letter");
    assert_eq!(
        ask(&line),
        Ok(Changed::Reissued {
            void: Some(void.clone())
        })
    );
    assert_eq!(line.run(), Ending::Finished);
    assert!(
        line.story()
            .ends_with("held, reissued, began 2, change PIN, done, deliver, done"),
        "{}",
        line.story()
    );
    let told = Happening::Reissued {
        reason: "the printer ate it".to_owned(),
        void: Some(void),
    };
    assert!(line.world.happenings(line.job.id).contains(&told));
    assert_eq!(line.world.count(Op::TryPin), 0, "the serial is enough");
    assert_reissued(&line, "a good day");
}

#[test]
fn a_forced_change_is_forced_again_and_nothing_else_is_set_twice() {
    let line = reissued(strict(), plain_key());
    assert_eq!(line.run(), Ending::Finished);
    assert!(
        line.story()
            .ends_with("began 2, change PIN, done, configure, done, deliver, done"),
        "{}",
        line.story()
    );
    assert_eq!(line.world.count(Op::Configure), 2);
    assert_reissued(&line, "forced");
}

#[test]
fn a_change_whose_reply_is_lost_is_settled_by_looking_and_costs_no_try_in_the_end() {
    for when in [When::Before, When::After] {
        for policy in [Policy::default(), forced(), strict()] {
            for key in [key(), plain_key(), silent_key()] {
                let context = format!("{when:?}, forced {}", policy.force_pin_change);
                let line = reissued(policy.clone(), key);
                line.world.trick(Op::ChangePin, when, Fault::KeyMute);
                assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute), "{context}");
                line.put(0);
                assert_eq!(line.run(), Ending::Finished, "{context}");
                let changes = line.world.count(Op::ChangePin);
                assert_eq!(changes, 1, "{context}");
                assert_reissued(&line, &context);
            }
        }
    }
}

#[test]
fn a_change_that_is_still_demanded_does_not_prove_that_the_old_pin_is_there() {
    let line = reissued(forced(), key());
    line.world.trick(Op::ChangePin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    // The firmware was cut off between the new PIN and its mark.
    line.world.state().keys[0].force_pin_change = true;
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::ChangePin), 1);
    assert_reissued(&line, "half a change");
}

#[test]
fn the_likelier_pin_is_tried_first() {
    for (policy, when) in [
        (forced(), When::Before),
        (forced(), When::After),
        (Policy::default(), When::After),
    ] {
        let line = reissued(policy, key());
        line.world.trick(Op::ChangePin, when, Fault::KeyMute);
        assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
        assert_eq!(line.run(), Ending::Finished);
        assert_eq!(line.world.count(Op::TryPin), 1, "{when:?}");
    }
}

#[test]
fn both_pins_are_known_while_the_change_is_in_doubt() {
    let line = reissued(Policy::default(), key());
    line.world.trick(Op::ChangePin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let state = line.state();
    assert_eq!(state.pin_of(), Some(Attempt(2)));
    assert_eq!(state.pin_before(), Some(Attempt(1)));
    assert!(state.wants_its_key());
    let in_flight = line.world.state().ledger.in_flight.len();
    assert_eq!(in_flight, 2, "either may be needed");
}

#[test]
fn a_strangers_key_is_neither_changed_nor_worn_out() {
    let mut others = vec![
        KeyState::used(None, "739154"),
        KeyState::used(None, "739154").holding(9, "bo@contoso.com"),
        KeyState::blank(None),
        KeyState::used(Some("32070009"), "739154"),
    ];
    others[1].force_pin_change = true;
    for other in others {
        for in_doubt in [false, true] {
            let line = reissued(Policy::default(), silent_key());
            if in_doubt {
                line.world.trick(Op::ChangePin, When::After, Fault::KeyGone);
                assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
            }
            let at = line.world.add_key(other.clone());
            for _ in 0..6 {
                line.put(at);
                assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
            }
            let left = line.world.state().keys[at].retries;
            assert!(left >= RETRIES_LEFT_MIN, "{left} tries are left");
            assert_eq!(line.world.state().keys[at].pin, other.pin);
            line.put(0);
            assert_eq!(line.run(), Ending::Finished);
            assert_reissued(&line, "a stranger in between");
        }
    }
}

/// Of the eight tries of a stranger's key at least so many stay.
const RETRIES_LEFT_MIN: u32 = 3;

#[test]
fn a_key_that_was_wiped_is_told_and_given_up_by_the_administrator_alone() {
    for in_doubt in [false, true] {
        let line = reissued(Policy::default(), key());
        if in_doubt {
            line.world.trick(Op::ChangePin, When::After, Fault::KeyGone);
            assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
        }
        let wiped = line.world.add_key(key());
        line.put(wiped);
        let ending = line.run();
        let Ending::Held(fault @ Fault::OnHold { .. }) = ending else {
            panic!("{ending:?}");
        };
        assert!(fault.to_string().contains("wiped"), "{fault}");
        let made = line.state().left_behind().expect("a passkey");
        let ports = line.world.ports();
        let retried = admin::change(
            ports.ledger.as_ref(),
            &line.policies(),
            line.job.id,
            &Change::Retry,
            "admin",
            ports.clock.now(),
        );
        assert_eq!(
            retried,
            Ok(Changed::Retried {
                begun: true,
                reissue: true,
                void: None,
            })
        );
        let duties = line.world.state().ledger.open_duties();
        assert_eq!(duties, [crate::port::Duty::Orphan(made)]);
        assert_eq!(line.run(), Ending::Finished);
        line.clear_up();
        line.assert_sound("a fresh enrollment");
        let methods = line.world.state().tenant.of("anna@contoso.com").len();
        assert_eq!(methods, 1, "the old passkey is gone from Entra");
    }
}

#[test]
fn a_pin_that_is_no_longer_ours_holds_the_job_after_one_try() {
    let line = reissued(Policy::default(), key());
    line.world.state().keys[0].pin = Some("739154".to_owned());
    let wrong = |left| Fault::PinWrong {
        retries_left: Some(left),
    };
    assert_eq!(line.run(), Ending::Held(wrong(7)));
    // Whoever releases it without finding out spends tries, but never the last three.
    let mut endings = Vec::new();
    for _ in 0..6 {
        line.world.tell(line.job.id, [Happening::Released]);
        endings.push(line.run());
    }
    assert_eq!(endings.last(), Some(&Ending::Held(wrong(3))));
    assert_eq!(line.world.state().keys[0].retries, 3);
    assert_eq!(line.state().pin_of(), Some(Attempt(1)));
    assert_eq!(
        line.world.state().ledger.sealed.len(),
        2,
        "nothing overwritten"
    );
}

#[test]
fn a_change_in_doubt_on_a_key_with_few_tries_is_not_guessed() {
    let line = reissued(Policy::default(), key());
    line.world.trick(Op::ChangePin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    line.world.state().keys[0].retries = 3;
    let few = Fault::PinWrong {
        retries_left: Some(3),
    };
    assert_eq!(line.run(), Ending::Held(few));
    assert_eq!(line.world.state().keys[0].retries, 3);
    assert_eq!(
        line.state().pin_before(),
        Some(Attempt(1)),
        "the doubt stays"
    );
}

#[test]
fn a_pin_that_the_key_refuses_is_followed_by_another_one() {
    let line = reissued(forced(), plain_key());
    line.world
        .trick(Op::ChangePin, When::Before, Fault::PinRefused);
    assert_eq!(line.run(), Ending::Finished);
    assert!(
        line.story()
            .contains("change PIN, not done, abandoned to change PIN, began 3, change PIN, done"),
        "{}",
        line.story()
    );
    let pins = [sealed(&line, 1), sealed(&line, 2), sealed(&line, 3)];
    assert_eq!(line.state().pin_of(), Some(Attempt(3)));
    assert!(pins[0] != pins[1] && pins[1] != pins[2]);
    assert_reissued(&line, "another PIN");
}

#[test]
fn what_would_give_up_a_new_key_holds_the_job_of_a_reissue() {
    for op in [Op::ChangePin, Op::Configure] {
        let line = reissued(forced(), key());
        line.world.trick(op, When::Before, Fault::PinBlocked);
        assert_eq!(line.run(), Ending::Held(Fault::PinBlocked), "{op:?}");
        assert!(line.state().made().is_some());
        assert_eq!(line.world.state().ledger.open_duties(), []);
    }
}

#[test]
fn no_pin_is_changed_for_a_letter_that_cannot_be_made() {
    let line = reissued(Policy::default(), key());
    line.world.state().press.lacks = Some('L');
    let ending = line.run();
    assert!(
        matches!(ending, Ending::Held(Fault::Mailer { .. })),
        "{ending:?}"
    );
    assert_eq!(line.world.count(Op::ChangePin), 0);
    line.world.state().press.lacks = None;
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Finished);
    assert_reissued(&line, "the letter can be made again");
}

#[test]
fn a_specified_pin_is_followed_by_a_drawn_one() {
    let policy = Policy {
        reset: ResetMode::Specified,
        min_pin_length: Some(10),
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    line.world.specify_pin(line.job.id, "7391548260");
    line.world
        .trick(Op::PressDeliver, When::After, Fault::DeliveryUncertain);
    line.world.state().press.blind = true;
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    assert!(ask(&line).is_ok());
    assert_eq!(line.run(), Ending::Finished);
    assert_ne!(sealed(&line, 2), "7391548260");
    assert_eq!(sealed(&line, 2).len(), 10, "as long as the key asks for");
    assert_reissued(&line, "specified");
}

#[test]
fn a_second_letter_in_doubt_is_reissued_as_well() {
    let line = reissued(forced(), plain_key());
    line.world.state().press.blind = true;
    line.world
        .trick(Op::PressDeliver, When::After, Fault::DeliveryUncertain);
    assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
    let second = controls(&line).pop();
    assert_eq!(ask(&line), Ok(Changed::Reissued { void: second }));
    assert_eq!(ask(&line), Err(Unchanged::ReissuedAlready));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.state().pin_of(), Some(Attempt(3)));
    assert_eq!(line.world.state().press.sheets.len(), 3);
    assert_reissued(&line, "twice");
}

#[test]
fn a_letter_that_was_handed_over_is_not_reissued() {
    let line = Line::new(Policy::default(), key());
    assert_eq!(ask(&line), Err(Unchanged::NoLetter));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(ask(&line), Err(Unchanged::HandedOver));
}

#[test]
fn without_the_stations_copy_of_the_old_pin_nothing_is_reissued() {
    let line = doubtful(Policy::default(), key());
    line.world.state().ledger.in_flight.clear();
    let before = line.story();
    assert_eq!(ask(&line), Err(Unchanged::PinForgotten));
    assert_eq!(line.story(), before);
}
