//! What goes wrong with the key, the person at it, the network and the paper: whose move it is, and that nothing was broken.

use super::*;
use crate::app::world::When;

fn finishes_after(line: &Line) {
    line.carry_on()
        .unwrap_or_else(|stuck| panic!("never finished: {stuck}"));
    line.assert_sound("in the end");
}

#[test]
fn a_key_that_is_pulled_and_put_back_goes_on_where_it_was() {
    for op in [Op::Reset, Op::SetPin, Op::MakeCredential] {
        for when in [When::Before, When::After] {
            for key in [key(), plain_key()] {
                let line = Line::new(Policy::default(), key);
                line.world.trick(op, when, Fault::KeyGone);
                assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
                line.put(0);
                assert_eq!(line.run(), Ending::Finished, "{op:?} {when:?}");
                line.assert_sound(&format!("{op:?} {when:?}"));
            }
        }
    }
}

#[test]
fn another_key_put_back_is_a_stop_and_stays_as_it_was() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::SetPin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let mut stranger = KeyState::blank(Some("32070002"));
    stranger.pin = Some("739154".to_owned());
    let other = line.world.add_key(stranger);
    line.put(other);
    assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
    let state = line.world.state();
    assert_eq!(state.keys[other].pin.as_deref(), Some("739154"));
    assert_eq!(state.keys[other].retries, 8, "not even a try");
    drop(state);
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("the right key came back");
}

#[test]
fn a_key_of_another_model_is_a_stop() {
    let line = Line::new(Policy::default(), plain_key());
    line.world
        .trick(Op::MakeCredential, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let mut other = plain_key();
    other.model = 2;
    let other = line.world.add_key(other);
    line.put(other);
    assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
    finishes_after(&line);
}

#[test]
fn a_nameless_key_proves_itself_by_our_pin_with_one_try() {
    let line = Line::new(Policy::default(), plain_key());
    line.world
        .trick(Op::MakeCredential, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let other = line.world.add_key(KeyState::used(None, "739154"));
    line.put(other);
    assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
    assert_eq!(line.world.state().keys[other].retries, 7);
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::TryPin), 2);
}

#[test]
fn a_blank_key_may_take_the_place_of_a_blank_one_and_is_bound_anew() {
    let line = Line::new(Policy::default(), plain_key());
    line.world.trick(Op::Reset, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let other = line.world.add_key(plain_key());
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    assert!(
        line.story()
            .starts_with("began 1, reset, rebound, reset, done")
    );
    line.assert_sound("rebound");
}

#[test]
fn the_gate_stays_shut_while_the_service_is_away() {
    for (op, fault) in [
        (Op::Ready, sign_in()),
        (Op::Ready, Fault::Clock { seconds: 400 }),
        (Op::Options, unreachable()),
        (Op::Options, Fault::Throttled { seconds: 30 }),
    ] {
        let line = Line::new(Policy::default(), key());
        line.world.trick(op, When::Before, fault.clone());
        assert_eq!(line.run(), Ending::Stopped(fault));
        assert_eq!(line.world.count(Op::Reset), 0, "no key was wiped");
        assert_eq!(line.story(), "", "not even bound");
        assert_eq!(line.run(), Ending::Finished);
    }
}

#[test]
fn a_token_that_is_gone_at_the_post_waits_and_goes_on_by_itself() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::Post, When::Before, sign_in());
    assert_eq!(line.run(), Ending::Stopped(sign_in()));
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Finished, "no key is needed any more");
    line.assert_sound("sign-in is back");
}

#[test]
fn a_letter_that_cannot_be_printed_is_known_before_the_key_is_touched() {
    let line = Line::new(Policy::default(), key());
    line.world.state().press.lacks = Some('L');
    let ending = line.run();
    assert!(
        matches!(&ending, Ending::Held(Fault::Mailer { what }) if what.contains("`L`")),
        "{ending:?}"
    );
    assert_eq!(line.world.count(Op::Reset), 0);
    assert_eq!(line.world.count(Op::Options), 0);
    line.world.state().press.lacks = None;
    finishes_after(&line);
}

#[test]
fn a_press_that_fails_surely_holds_the_job_and_prints_one_sheet_after_release() {
    let line = Line::new(Policy::default(), key());
    let fault = Fault::Mailer {
        what: "out of paper".to_owned(),
    };
    line.world
        .trick(Op::PressDeliver, When::Before, fault.clone());
    assert_eq!(line.run(), Ending::Held(fault));
    finishes_after(&line);
    assert_eq!(line.world.state().press.sheets.len(), 1);
    assert_eq!(controls(&line).len(), 2, "each try has a number of its own");
}

#[test]
fn a_touch_that_is_missed_is_asked_for_again_but_not_for_ever() {
    let line = Line::new(Policy::default(), key());
    line.world
        .trick(Op::MakeCredential, When::Before, Fault::TouchMissing);
    assert_eq!(line.run(), Ending::Finished);

    let line = Line::new(Policy::default(), key());
    for _ in 0..3 {
        line.world
            .trick(Op::MakeCredential, When::Before, Fault::TouchMissing);
    }
    assert_eq!(line.run(), Ending::Stopped(Fault::TouchMissing));
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn a_reset_that_is_not_touched_asks_for_the_key_to_be_put_back() {
    let line = Line::new(Policy::default(), key());
    line.world
        .trick(Op::Reset, When::Before, Fault::TouchMissing);
    assert_eq!(line.run(), Ending::Stopped(Fault::TouchMissing));
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn a_reset_that_comes_too_late_works_when_the_key_is_put_back() {
    for key in [
        key(),
        plain_key(),
        KeyState::used(Some("32070001"), "739154"),
    ] {
        let line = Line::new(Policy::default(), key);
        line.world.state().keys[0].shut();
        assert_eq!(line.run(), Ending::Stopped(Fault::ResetTooLate));
        line.put(0);
        assert_eq!(line.run(), Ending::Finished);
        line.assert_sound("put back");
    }
}

#[test]
fn a_reader_that_can_take_the_power_away_opens_the_window_by_itself() {
    let mut card = key();
    card.repowers = true;
    let line = Line::new(Policy::default(), card);
    line.world.state().keys[0].shut();
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::Repower), 1);
}

#[test]
fn a_card_that_refuses_its_reset_has_its_power_taken_once_and_then_is_another_ones_turn() {
    for fault in [Fault::ResetTooLate, Fault::ResetRefused] {
        let mut card = key();
        card.attachment = crate::domain::authenticator::Attachment::Pcsc;
        card.repowers = true;
        let line = Line::new(Policy::default(), card);
        line.world.trick(Op::Reset, When::Before, fault.clone());
        assert_eq!(line.run(), Ending::Finished, "{fault:?}");
        assert_eq!(line.world.count(Op::Repower), 1);
        line.assert_sound("the power was taken");
    }
    let mut card = key();
    card.repowers = true;
    let line = Line::new(Policy::default(), card);
    for _ in 0..2 {
        line.world
            .trick(Op::Reset, When::Before, Fault::ResetTooLate);
    }
    assert_eq!(line.run(), Ending::Stopped(Fault::ResetTooLate), "lift it");
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    let mut card = key();
    card.repowers = true;
    let line = Line::new(Policy::default(), card);
    for _ in 0..2 {
        line.world
            .trick(Op::Reset, When::Before, Fault::ResetRefused);
    }
    assert_eq!(line.run(), Ending::AnotherKey(Fault::ResetRefused));
}

#[test]
fn a_used_nameless_key_whose_reset_was_too_late_is_let_go_to_be_judged_anew() {
    let line = Line::new(Policy::default(), KeyState::used(None, "739154"));
    line.world.state().keys[0].shut();
    assert_eq!(line.run(), Ending::Stopped(Fault::ResetTooLate));
    assert_eq!(line.story(), "began 1, reset, not done, abandoned to reset");
    assert!(!line.state().wants_its_key());
    // Firmware that takes a reset only as the first command takes none after the bench has looked at what is on the key.
    line.put(0);
    line.world.state().keys[0].shut();
    assert_eq!(line.run(), Ending::AnotherKey(Fault::ResetRefused));
    assert_eq!(line.world.state().keys[0].pin.as_deref(), Some("739154"));
    let other = line.world.add_key(KeyState::used(None, "246802"));
    line.put(other);
    line.world.state().keys[other].shut();
    assert_eq!(
        line.run(),
        Ending::Stopped(Fault::ResetTooLate),
        "the next key has a chance of its own"
    );
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("the second key was in time");
}

#[test]
fn after_a_cut_a_used_nameless_key_is_not_wiped_on_a_guess() {
    let line = Line::new(Policy::default(), plain_key());
    line.world.trick(Op::Reset, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let other = line.world.add_key(KeyState::used(None, "739154"));
    line.put(other);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyUsed));
    let state = line.world.state();
    assert_eq!(state.keys[other].pin.as_deref(), Some("739154"));
    assert_eq!(state.keys[other].retries, 8);
}

#[test]
fn a_pin_that_the_key_refuses_is_drawn_anew_under_another_attempt() {
    let line = Line::new(Policy::default(), key());
    line.world
        .trick(Op::SetPin, When::Before, Fault::PinRefused);
    assert_eq!(line.run(), Ending::Finished);
    assert!(
        line.story()
            .contains("set PIN, not done, abandoned to set PIN, began 2, set PIN, done")
    );
    let state = line.world.state();
    let pins: Vec<_> = state.ledger.sealed.values().collect();
    assert_eq!(pins.len(), 2);
    assert_ne!(pins[0], pins[1]);
    drop(state);
    line.assert_sound("the second PIN");
}

#[test]
fn a_key_that_refuses_every_pin_goes_to_the_red_tray() {
    let line = Line::new(Policy::default(), key());
    for _ in 0..3 {
        line.world
            .trick(Op::SetPin, When::Before, Fault::PinRefused);
    }
    assert_eq!(line.run(), Ending::AnotherKey(Fault::PinRefused));
    let other = line.world.add_key(KeyState::blank(Some("32070002")));
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("another key");
}

#[test]
fn a_wrong_attestation_never_leaves_the_station() {
    let mut bad = key();
    bad.bad_attestation = true;
    let line = Line::new(Policy::default(), bad);
    let ending = line.run();
    assert!(matches!(
        ending,
        Ending::AnotherKey(Fault::AttestationWrong { .. })
    ));
    assert_eq!(line.world.count(Op::Post), 0);
    let other = line.world.add_key(plain_key());
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("another key");
}

#[test]
fn a_key_that_cannot_do_what_the_policy_asks_is_refused_untouched() {
    let line = Line::new(
        Policy {
            models: vec![crate::domain::authenticator::Aaguid([9; 16])],
            ..Policy::default()
        },
        key(),
    );
    assert!(matches!(
        line.run(),
        Ending::AnotherKey(Fault::ModelNotAllowed { .. })
    ));
    assert_eq!(line.story(), "");
    assert_eq!(line.world.count(Op::Reset), 0);
}

#[test]
fn a_job_that_names_a_serial_takes_no_other_key() {
    let line = Line::new(Policy::default(), key());
    let mut job = line.job.clone();
    job.request.serial = crate::domain::authenticator::Serial::new("99999999");
    let line = Line::on(line.world, job, Policy::default());
    let wanted = "99999999".to_owned();
    assert_eq!(
        line.run(),
        Ending::AnotherKey(Fault::WrongSerial { wanted })
    );
    assert_eq!(line.world.count(Op::Reset), 0);
}

#[test]
fn a_ledger_that_fails_stops_before_the_effect() {
    let line = Line::new(Policy::default(), key());
    let full = Fault::Ledger {
        what: "the disk is full".to_owned(),
    };
    // The binding goes through, the intent of the reset does not.
    line.world.trick(Op::Append, When::Before, full.clone());
    assert_eq!(line.run(), Ending::Stopped(full));
    assert_eq!(line.world.count(Op::Reset), 0);
    finishes_after(&line);
}

fn sign_in() -> Fault {
    Fault::SignIn {
        what: "the secret has expired".to_owned(),
    }
}

fn unreachable() -> Fault {
    Fault::Unreachable {
        what: "no route".to_owned(),
    }
}
