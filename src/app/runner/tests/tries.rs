//! What a wrong PIN may cost: one try per insertion, never the last three, and never a key that is not bound.

use super::*;
use crate::app::world::When;
use crate::domain::policy::ResetMode;

/// Tries that a key has from the factory, and those that stay its owner's.
const ALL: u32 = 8;
const SPARED: u32 = 3;

/// Anna's job has set its PIN on a nameless key, which was pulled then; and a stranger's key of the same model.
fn pulled() -> (Line, usize) {
    let line = Line::new(Policy::default(), plain_key());
    line.world
        .trick(Op::MakeCredential, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    let stranger = line.world.add_key(KeyState::used(None, "739154"));
    (line, stranger)
}

fn retries(line: &Line, key: usize) -> u32 {
    line.world.state().keys[key].retries
}

#[test]
fn a_strangers_key_put_in_again_and_again_keeps_three_tries() {
    let (line, stranger) = pulled();
    for insertion in 1..=ALL {
        line.put(stranger);
        assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
        let left = ALL.saturating_sub(insertion).max(SPARED);
        assert_eq!(retries(&line, stranger), left, "insertion {insertion}");
    }
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("the stranger's key was spared");
}

#[test]
fn a_key_with_three_tries_left_is_not_tried_at_all() {
    for left in 0..=SPARED {
        let (line, stranger) = pulled();
        line.world.state().keys[stranger].retries = left;
        line.put(stranger);
        assert_eq!(line.run(), Ending::Stopped(Fault::WrongKey));
        assert_eq!(retries(&line, stranger), left);
        assert_eq!(line.world.count(Op::TryPin), 0);
    }
}

#[test]
fn a_kept_key_with_a_wrong_pin_is_tried_once_per_insertion_and_never_below_three() {
    let keep = Policy {
        reset: ResetMode::Keep,
        ..Policy::default()
    };
    for serial in [Some("32070001"), None] {
        let line = Line::new(keep.clone(), KeyState::used(serial, "739154"));
        line.world.give_current_pin(line.job.id, "111222");
        let mut faults = Vec::new();
        for _ in 0..2 * ALL {
            line.put(0);
            let before = retries(&line, 0);
            match line.run() {
                Ending::Held(fault) => {
                    faults.push(fault);
                    line.world.tell(line.job.id, [Happening::Released]);
                }
                // Without a serial the bench has to look at the key anew.
                ending => assert_eq!(ending, Ending::Stopped(Fault::WrongKey), "{serial:?}"),
            }
            assert!(before - retries(&line, 0) <= 1, "one try per insertion");
        }
        assert_eq!(retries(&line, 0), SPARED, "{faults:?}");
        let wrong = |left| Fault::PinWrong {
            retries_left: Some(left),
        };
        assert_eq!(faults[..5], [7, 6, 5, 4, 3].map(wrong));
        let spared = Fault::PinSpared { retries_left: 3 };
        assert!(faults.len() > 5 && faults[5..].iter().all(|fault| *fault == spared));
        assert_eq!(line.world.count(Op::MakeCredential), 0);
        // Its owner enters the right PIN elsewhere: that gives all tries back, and the job the right PIN.
        line.world.state().keys[0].retries = ALL;
        line.world.give_current_pin(line.job.id, "739154");
        let endings = [(); 2].map(|()| {
            line.put(0);
            line.run()
        });
        assert!(endings.contains(&Ending::Finished), "{endings:?}");
        line.assert_sound("kept");
    }
}

#[test]
fn our_own_key_on_which_somebody_tried_pins_is_wiped_anew_instead_of_tried() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::SetPin, When::After, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    line.world.state().keys[0].retries = SPARED;
    line.put(0);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::TryPin), 0);
    assert_eq!(line.world.count(Op::Reset), 2);
    line.assert_sound("wiped anew");
}

/// Anna's key, pulled at `op`; then somebody changed its PIN. With the PIN that the station had set.
fn changed_at(op: Op, key: KeyState) -> (Line, Option<String>) {
    let policy = Policy {
        always_uv: true,
        ..Policy::default()
    };
    let line = Line::new(policy, key);
    line.world.trick(op, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone), "{op:?}");
    let mut state = line.world.state();
    let ours = state.keys[0].pin.replace("739154".to_owned());
    state.keys[0].pin_is_ours = false;
    drop(state);
    (line, ours)
}

#[test]
fn a_pin_that_somebody_changed_is_tried_once_per_insertion_and_never_below_three() {
    // A nameless key is known by its passkey once it has one, and without it the try is what proves it.
    for (op, key) in [
        (Op::MakeCredential, key()),
        (Op::Configure, key()),
        (Op::Configure, plain_key()),
    ] {
        let (line, ours) = changed_at(op, key);
        for insertion in 1..=2 * ALL {
            line.put(0);
            let left = ALL.saturating_sub(insertion).max(SPARED);
            let fault = if insertion <= ALL - SPARED {
                Fault::PinWrong {
                    retries_left: Some(left),
                }
            } else {
                Fault::PinSpared { retries_left: left }
            };
            assert_eq!(line.run(), Ending::Held(fault), "{op:?} {insertion}");
            assert_eq!(retries(&line, 0), left);
            line.world.tell(line.job.id, [Happening::Released]);
        }
        assert!(!line.story().contains("abandoned"), "{}", line.story());
        let registered = line.world.state().tenant.of("anna@contoso.com").len();
        assert_eq!(registered, usize::from(op == Op::Configure));
        // With the PIN that the station set, entered elsewhere, everything goes on where it was.
        let mut state = line.world.state();
        let changed_back = &mut state.keys[0];
        changed_back.pin = ours;
        changed_back.pin_is_ours = true;
        changed_back.retries = ALL;
        drop(state);
        line.put(0);
        assert_eq!(line.run(), Ending::Finished);
        assert_eq!(line.world.count(Op::Reset), 1);
        line.assert_sound("changed back");
    }
}

#[test]
fn a_key_with_three_tries_left_is_not_configured_unless_nothing_is_missing() {
    for when in [When::Before, When::After] {
        let (line, _) = changed_at(Op::Configure, key());
        if when == When::After {
            // What the key shows needs no PIN.
            line.world.state().keys[0].always_uv = true;
        }
        for left in (0..=SPARED).rev() {
            line.world.state().keys[0].retries = left;
            line.put(0);
            let ending = line.run();
            if when == When::After {
                assert_eq!(ending, Ending::Finished);
            } else {
                let spared = Fault::PinSpared { retries_left: left };
                assert_eq!(ending, Ending::Held(spared));
                line.world.tell(line.job.id, [Happening::Released]);
            }
            assert_eq!(retries(&line, 0), left);
        }
        assert!(!line.story().contains("abandoned"), "{}", line.story());
    }
}
