//! The three ways of a policy with what is on the key: random, specified, keep.

use super::*;
use crate::app::world::When;
use crate::domain::policy::{Delivery, ResetMode};

fn keep() -> Policy {
    Policy {
        reset: ResetMode::Keep,
        ..Policy::default()
    }
}

#[test]
fn keep_adds_a_passkey_and_nothing_else() {
    let line = Line::new(keep(), KeyState::used(Some("32070001"), "739154"));
    line.world.give_current_pin(line.job.id, "739154");
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.story(), "began 1, make passkey, done, register, done");
    let state = line.world.state();
    assert_eq!(state.keys[0].pin.as_deref(), Some("739154"));
    assert!(state.press.sheets.is_empty() && state.ledger.sealed.is_empty());
}

#[test]
fn keep_asks_at_the_slot_when_the_job_gives_no_pin() {
    let line = Line::new(keep(), KeyState::used(None, "739154"));
    assert_eq!(line.run(), Ending::Held(Fault::CurrentPinMissing));
    line.world.tell(line.job.id, [Happening::Released]);
    line.world.state().typed_pin = Some("739154".to_owned());
    // Nothing of ours tells a nameless key from another: the bench looks at it anew.
    assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
    assert!(!line.state().wants_its_key());
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn keep_with_a_wrong_pin_costs_one_try_and_waits_for_the_administrator() {
    let line = Line::new(keep(), KeyState::used(Some("32070001"), "739154"));
    line.world.give_current_pin(line.job.id, "111222");
    let ending = line.run();
    assert!(matches!(ending, Ending::Held(Fault::PinWrong { .. })));
    assert_eq!(line.world.state().keys[0].retries, 7);
    assert_eq!(line.world.count(Op::Post), 0);
}

#[test]
fn keep_finds_that_the_key_is_registered_for_this_user_already() {
    let used = KeyState::used(Some("32070001"), "739154").holding(7, "anna@contoso.com");
    let line = Line::new(keep(), used);
    line.world.give_current_pin(line.job.id, "739154");
    let kind = crate::domain::credential::CredentialKind::SecurityKey;
    line.world.add_foreign("anna@contoso.com", 7, kind);
    assert_eq!(line.run(), Ending::Held(Fault::CredentialExcluded));
    assert_eq!(line.world.count(Op::MakeCredential), 0);
    line.assert_sound("untouched");
}

#[test]
fn keep_lets_a_nameless_key_go_whose_passkey_came_to_nothing() {
    let line = Line::new(keep(), KeyState::used(None, "739154"));
    line.world.give_current_pin(line.job.id, "739154");
    let away = Fault::SignIn {
        what: "no token".to_owned(),
    };
    line.world.trick(Op::Post, When::Before, away.clone());
    assert_eq!(line.run(), Ending::Stopped(away));
    // The challenge runs out, and the power goes before the next ceremony.
    line.world.tell(
        line.job.id,
        [Happening::Abandoned {
            reason: Fault::RegistrationUncertain,
            credential: None,
            restart: Step::MakeCredential,
        }],
    );
    assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
    assert!(!line.state().wants_its_key(), "the bench looks at it anew");
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn specified_sets_the_pin_of_the_job_file() {
    let policy = Policy {
        reset: ResetMode::Specified,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    line.world.specify_pin(line.job.id, "739154");
    line.world.trick(Op::SetPin, When::After, Fault::KeyMute);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.state().keys[0].pin.as_deref(), Some("739154"));
    line.assert_sound("specified");
}

#[test]
fn a_pin_that_many_keys_may_have_proves_no_nameless_key() {
    let policy = Policy {
        reset: ResetMode::Specified,
        ..Policy::default()
    };
    for in_doubt in [Op::SetPin, Op::MakeCredential] {
        let line = Line::new(policy.clone(), plain_key());
        line.world.specify_pin(line.job.id, "739154");
        line.world.trick(in_doubt, When::Before, Fault::KeyMute);
        assert_eq!(line.run(), Ending::Stopped(Fault::KeyMute));
        // Another row gives the same PIN.
        let other = line.world.add_key(KeyState::used(None, "739154"));
        line.put(other);
        let ending = line.run();
        let stopped = [Fault::WrongKey, Fault::KeyUsed].map(Ending::Stopped);
        assert!(stopped.contains(&ending), "{ending:?}");
        assert_eq!(line.world.state().keys[other].residents, []);
        assert_eq!(line.world.count(Op::TryPin), 0);
        assert!(!line.state().wants_its_key(), "the bench looks at it anew");
        line.assert_sound("the same PIN");
    }
}

#[test]
fn specified_without_a_pin_is_held_before_the_key_is_wiped() {
    let policy = Policy {
        reset: ResetMode::Specified,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    assert_eq!(line.run(), Ending::Held(Fault::SpecifiedPinMissing));
    assert_eq!(line.world.count(Op::Reset), 0);
}

#[test]
fn a_letter_for_a_specified_pin_is_checked_at_its_own_length() {
    let policy = Policy {
        reset: ResetMode::Specified,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    line.world.specify_pin(line.job.id, "7391");
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.state().press.checked, [4]);
}

#[test]
fn without_delivery_no_letter_is_made_and_the_pin_stays_recoverable() {
    let policy = Policy {
        delivery: Delivery::None,
        ..Policy::default()
    };
    let line = Line::new(policy, key());
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::PressCheck), 0);
    assert!(line.world.state().press.sheets.is_empty());
    assert_eq!(line.world.state().ledger.sealed.len(), 1);
    line.assert_sound("no delivery");
}

#[test]
fn a_factory_fresh_key_saves_its_reset_where_the_policy_allows() {
    let policy = Policy {
        skip_reset_when_blank: true,
        ..Policy::default()
    };
    let line = Line::new(policy.clone(), key());
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::Reset), 0);
    let line = Line::new(policy, KeyState::used(Some("32070001"), "739154"));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::Reset), 1);
}

#[test]
fn a_pin_shorter_than_the_key_takes_is_refused_before_the_reset() {
    let mut strict = key();
    strict.min_pin_length = 12;
    let line = Line::new(Policy::default(), strict);
    assert_eq!(
        line.run(),
        Ending::AnotherKey(Fault::PinTooShort {
            needed: 12,
            drawn: 8
        })
    );
    assert_eq!(line.world.count(Op::Reset), 0);
}

#[test]
fn the_same_key_enrolled_anew_for_its_person_leaves_no_dead_passkey_behind() {
    let first = Line::new(Policy::default(), key());
    assert_eq!(first.run(), Ending::Finished);
    let mut again = first.job.request.clone();
    again.replace = true;
    let job = first.world.add_job(again);
    let second = Line::on(first.world.copy(), job, Policy::default());
    second.put(0);
    assert_eq!(second.run(), Ending::Finished);
    second.clear_up();
    let user = second.job.request.user.as_str();
    // The policy deletes nothing; but the first passkey went with the reset, and no key can sign in with it.
    let left = second.world.state().tenant.of(user).len();
    assert_eq!(left, 1);
}
