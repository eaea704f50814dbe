//! The power goes before or after any call of any port: once, and once more in the next run. Then the day goes on undisturbed.

use std::collections::BTreeSet;

use super::*;
use crate::domain::credential::CredentialKind;
use crate::domain::policy::DeleteExisting;

/// What lies in the slot when the power is back.
#[derive(Clone, Copy, Debug)]
enum Restart {
    /// The same key, taken out and put back.
    PutBack,
    /// The same key, never lifted: its reset window has passed.
    LeftIn,
    /// Another blank one of the same model; the first one comes back later.
    AnotherBlank,
    /// Another one of the same model, with a PIN that is not ours.
    AnotherUsed,
    Nothing,
}

const RESTARTS: [Restart; 5] = [
    Restart::PutBack,
    Restart::LeftIn,
    Restart::AnotherBlank,
    Restart::AnotherUsed,
    Restart::Nothing,
];

fn restart(line: &Line, how: Restart) {
    match how {
        Restart::PutBack => line.put(0),
        Restart::LeftIn => line.world.state().keys[0].shut(),
        Restart::AnotherBlank => {
            let other = line.world.add_key(plain_key());
            line.put(other);
        }
        Restart::AnotherUsed => {
            let other = line.world.add_key(KeyState::used(None, "739154"));
            line.put(other);
        }
        Restart::Nothing => line.world.take_out(1),
    }
}

/// Whether the power went at that tick at all.
fn cut(line: &Line, tick: usize) -> bool {
    line.world.cut_at(tick);
    let _ = line.run();
    line.world.mend()
}

fn then_undisturbed(line: &Line, context: &str) {
    line.carry_on()
        .unwrap_or_else(|stuck| panic!("{context}: {stuck}"));
    line.assert_sound(context);
    line.clear_up();
    line.assert_sound(context);
    assert_eq!(
        line.world.state().ledger.open_duties(),
        [],
        "{context}: {}",
        line.story()
    );
}

/// Every cut, singly and in pairs, under one policy and with one kind of key.
fn cut_everywhere(policy: &Policy, key: &KeyState, lag: i64) {
    let mut singles = 0;
    let mut pairs = 0;
    for how in RESTARTS {
        for first in 1.. {
            let line = Line::new(policy.clone(), key.clone());
            line.world.state().tenant.lag = lag;
            line.world
                .add_foreign("anna@contoso.com", 7, CredentialKind::SecurityKey);
            let drawer = plain_key().holding(7, "anna@contoso.com");
            line.world.add_key(drawer);
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
                then_undisturbed(&line, &context);
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
    cut_everywhere(&Policy::default(), &key(), 0);
}

#[test]
fn a_key_without_a_serial_survives_every_pair_of_cuts() {
    cut_everywhere(&Policy::default(), &plain_key(), 0);
}

#[test]
fn a_list_that_lags_survives_every_pair_of_cuts() {
    cut_everywhere(&Policy::default(), &plain_key(), 20);
}

#[test]
fn a_configured_key_survives_every_pair_of_cuts() {
    let policy = Policy {
        always_uv: true,
        min_pin_length: Some(8),
        force_pin_change: true,
        ..Policy::default()
    };
    cut_everywhere(&policy, &plain_key(), 0);
}

#[test]
fn old_credentials_go_only_after_the_new_key_whatever_is_cut() {
    let policy = Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..Policy::default()
    };
    cut_everywhere(&policy, &key(), 20);
}

#[test]
fn a_blank_key_that_is_not_reset_survives_every_pair_of_cuts() {
    let policy = Policy {
        skip_reset_when_blank: true,
        ..Policy::default()
    };
    cut_everywhere(&policy, &plain_key(), 0);
}

#[test]
fn a_reply_lost_at_every_call_is_the_same_doubt() {
    let lost: BTreeSet<Op> = [
        Op::Reset,
        Op::SetPin,
        Op::MakeCredential,
        Op::Configure,
        Op::Post,
        Op::PressDeliver,
    ]
    .into();
    for op in lost {
        for times in 1..=2 {
            for key in [key(), plain_key()] {
                let policy = Policy {
                    always_uv: true,
                    ..Policy::default()
                };
                let line = Line::new(policy, key);
                for _ in 0..times {
                    line.world
                        .trick(op, crate::app::world::When::After, dead(op));
                }
                then_undisturbed(&line, &format!("{op:?} lost {times} times"));
            }
        }
    }
}

fn dead(op: Op) -> Fault {
    match op {
        Op::Post => Fault::Unreachable {
            what: "no answer".to_owned(),
        },
        Op::PressDeliver => Fault::DeliveryUncertain,
        _ => Fault::KeyMute,
    }
}
