//! The power goes before or after any call of a reissue, once and once more in the next run. Then the day goes on undisturbed.

use super::*;
use crate::domain::credential::CredentialId;

/// What lies in the slot when the power is back.
#[derive(Clone, Copy, Debug)]
enum Restart {
    PutBack,
    LeftIn,
    /// Another one of the same model, blank.
    AnotherBlank,
    /// Another one of the same model, with a PIN and a passkey that are not ours.
    AnotherUsed,
    Nothing,
}

fn restart(line: &Line, how: Restart) {
    match how {
        Restart::PutBack => line.put(0),
        Restart::LeftIn => line.world.state().keys[0].shut(),
        Restart::AnotherBlank => {
            let other = line.world.add_key(plain_key());
            line.put(other);
        }
        Restart::AnotherUsed => {
            let other = KeyState::used(None, "739154").holding(9, "bo@contoso.com");
            let other = line.world.add_key(other);
            line.put(other);
        }
        Restart::Nothing => line.world.take_out(1),
    }
}

fn has_reissued(line: &Line) -> bool {
    let mut happenings = line.world.happenings(line.job.id).into_iter();
    happenings.any(|happening| matches!(happening, Happening::Reissued { .. }))
}

/// The administrator asks, and asks again as long as nobody has said yes; then the station goes on.
fn go_on(line: &Line) {
    if !has_reissued(line) && ask(line).is_err() {
        return;
    }
    let _ = line.run();
}

fn cut(line: &Line, tick: usize) -> bool {
    line.world.cut_at(tick);
    go_on(line);
    line.world.mend()
}

fn cut_everywhere(policy: &Policy, key: &KeyState) {
    let start = doubtful(policy.clone(), key.clone());
    let made: Option<CredentialId> = start.state().left_behind();
    let (mut singles, mut pairs) = (0, 0);
    for how in [
        Restart::PutBack,
        Restart::LeftIn,
        Restart::AnotherBlank,
        Restart::AnotherUsed,
        Restart::Nothing,
    ] {
        for first in 1.. {
            let line = start.copy();
            if !cut(&line, first) {
                break;
            }
            singles += 1;
            for second in 1.. {
                let line = line.copy();
                restart(&line, how);
                let burnt = cut(&line, second);
                pairs += 1;
                if burnt {
                    line.put(0);
                }
                let context = format!("{how:?}, cut at {first} and {second}");
                if !has_reissued(&line) {
                    assert!(ask(&line).is_ok(), "{context}");
                }
                line.carry_on()
                    .unwrap_or_else(|stuck| panic!("{context}: {stuck}"));
                assert_reissued(&line, &context);
                assert_eq!(line.state().left_behind(), made, "{context}");
                if !burnt {
                    break;
                }
            }
        }
    }
    assert!(singles > 100 && pairs > 1000, "{singles} and {pairs}");
}

#[test]
fn a_key_with_a_serial_survives_every_pair_of_cuts() {
    cut_everywhere(&Policy::default(), &key());
}

#[test]
fn a_key_without_a_serial_survives_every_pair_of_cuts() {
    cut_everywhere(&Policy::default(), &plain_key());
}

#[test]
fn a_key_that_shows_nothing_survives_every_pair_of_cuts() {
    cut_everywhere(&Policy::default(), &silent_key());
}

#[test]
fn a_forced_change_survives_every_pair_of_cuts() {
    cut_everywhere(&forced(), &key());
    cut_everywhere(&strict(), &plain_key());
}

#[test]
fn a_forced_change_on_a_key_that_shows_nothing_survives_every_pair_of_cuts() {
    cut_everywhere(&strict(), &silent_key());
}
