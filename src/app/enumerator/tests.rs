//! The scenarios, and what they have to show.

mod eligibility;
mod form;
mod handover;
mod planted;
mod printer;

use super::*;
use crate::app::admin::Change;
use crate::app::world::{KeyState, Op, When, request};
use crate::domain::credential::CredentialKind;
use crate::domain::fault::Fault;
use crate::domain::job::{Request, Role};
use crate::domain::policy::{DeleteExisting, Delivery, Policy, ResetMode, UsedKeys};

const ANNA: &str = "anna@contoso.com";
const BO: &str = "bo@contoso.com";

/// Cuts, lives that came to nothing, and moves of the administrator in one history. `KEYLINE_CUTS` in the environment asks for
/// fewer, or for more.
const DISTURBANCES: usize = 3;

fn disturbances() -> usize {
    let wanted = std::env::var("KEYLINE_CUTS").ok();
    let wanted = wanted.map(|text| text.parse().expect("KEYLINE_CUTS is a number"));
    wanted.unwrap_or(DISTURBANCES)
}

fn named() -> KeyState {
    KeyState::blank(Some("32070001"))
}

fn nameless() -> KeyState {
    KeyState::blank(None)
}

/// One job for Anna with this key, a stranger's key of the same make, and a drawer of blank ones.
fn anna(name: &'static str, policy: Policy, key: KeyState) -> Scenario {
    let world = World::new();
    world.add_job(request(ANNA));
    let serial = key.serial.map(|_| "32079999");
    world.add_key(key);
    let mut strange = KeyState::used(serial, "739154");
    // Where the policy takes any used key, nobody is asked.
    strange.not_ours = policy.used_keys == UsedKeys::Ask && policy.reset != ResetMode::Keep;
    world.add_key(strange);
    world.add_key(nameless());
    Scenario {
        name,
        policy,
        root: world,
        own_keys: vec![0],
        ops: &[Op::Post],
        troubles: 2,
        lag: 0,
        moves: Vec::new(),
        tears: false,
        accounts: false,
        bug: None,
    }
}

/// Anna has an old key in a drawer at home, and a passkey on her telephone.
fn with_old_keys(scenario: Scenario) -> Scenario {
    let world = &scenario.root;
    world.add_foreign(ANNA, 7, CredentialKind::SecurityKey);
    world.add_foreign(ANNA, 8, CredentialKind::OtherPasskey);
    let mut old = KeyState::used(None, "260471").holding(7, ANNA);
    old.not_ours = true;
    world.add_key(old);
    scenario
}

/// All jobs of the scenario are done, undisturbed.
fn done(scenario: &Scenario) -> World {
    let world = scenario.root.copy();
    assert_eq!(people::day(scenario, &world), Vec::<String>::new());
    world
}

/// All jobs are done, and one comes that takes any key in hand.
fn replacing(scenario: &Scenario) -> World {
    let world = done(scenario);
    world
        .state()
        .keys
        .iter_mut()
        .for_each(|key| key.not_ours = false);
    world
}

fn after(policy: Policy) -> Policy {
    Policy {
        delete_existing: DeleteExisting::AfterEnrollment,
        ..policy
    }
}

fn holds(scenario: &Scenario) {
    holds_with(scenario, disturbances());
}

fn holds_with(scenario: &Scenario, disturbances: usize) {
    let report = walk(scenario, disturbances);
    println!("{report}");
    if disturbances < DISTURBANCES {
        println!("  shortened: histories of {DISTURBANCES} are not walked");
    }
    assert!(report.violations.is_empty(), "{report}");
}

#[test]
fn a_key_with_a_serial() {
    holds(&anna("a key with a serial", Policy::default(), named()));
}

#[test]
fn a_key_without_a_serial() {
    holds(&anna(
        "a key without a serial",
        Policy::default(),
        nameless(),
    ));
}

#[test]
fn a_list_that_lags() {
    let scenario = anna("a list that lags", Policy::default(), nameless());
    holds(&Scenario {
        lag: 20,
        ..scenario
    });
}

#[test]
fn a_list_that_lags_for_longer_than_we_wait() {
    let scenario = anna("a list that lags by minutes", Policy::default(), named());
    scenario.root.state().tenant.exclude_lags = true;
    holds(&Scenario {
        lag: 200,
        ..scenario
    });
}

#[test]
fn a_key_that_is_configured() {
    let policy = Policy {
        always_uv: true,
        min_pin_length: Some(8),
        force_pin_change: true,
        ..Policy::default()
    };
    for key in [named(), nameless()] {
        holds(&anna("a key that is configured", policy.clone(), key));
    }
}

#[test]
fn a_key_that_asks_for_its_pin_at_every_use() {
    let policy = Policy {
        always_uv: true,
        ..Policy::default()
    };
    holds(&anna("always_uv alone", policy, named()));
}

#[test]
fn a_blank_key_that_is_not_reset() {
    let policy = Policy {
        skip_reset_when_blank: true,
        ..Policy::default()
    };
    for key in [named(), nameless()] {
        holds(&anna("skip_reset_when_blank", policy.clone(), key));
    }
}

#[test]
fn old_keys_that_go_afterwards() {
    let scenario = anna("old keys go afterwards", after(Policy::default()), named());
    holds(&with_old_keys(Scenario {
        ops: &[Op::Post, Op::Delete],
        lag: 20,
        ..scenario
    }));
}

#[test]
fn a_key_that_keeps_its_pin() {
    let policy = Policy {
        reset: ResetMode::Keep,
        delivery: Delivery::None,
        ..Policy::default()
    };
    for serial in [Some("32070001"), None] {
        let key = KeyState::used(serial, "591826");
        let scenario = anna("a key that keeps its PIN", policy.clone(), key);
        scenario.root.give_current_pin(JobId(1), "591826");
        holds(&scenario);
    }
}

#[test]
fn a_pin_that_the_job_file_gives() {
    let policy = Policy {
        reset: ResetMode::Specified,
        always_uv: true,
        ..Policy::default()
    };
    for key in [named(), nameless()] {
        let scenario = anna("a PIN of the job file", policy.clone(), key);
        scenario.root.specify_pin(JobId(1), "591826");
        holds(&scenario);
    }
}

#[test]
fn a_used_key_that_may_be_wiped() {
    let policy = Policy {
        used_keys: UsedKeys::Reset,
        ..Policy::default()
    };
    for serial in [Some("32070001"), None] {
        let key = KeyState::used(serial, "591826");
        for key in [key.clone(), key.lenient()] {
            holds(&anna("a used key that may be wiped", policy.clone(), key));
        }
    }
}

#[test]
fn a_key_that_is_pulled_at_any_time() {
    let policy = Policy {
        always_uv: true,
        ..Policy::default()
    };
    for key in [named(), nameless()] {
        let scenario = anna("a key that is pulled", policy.clone(), key);
        holds(&Scenario {
            ops: &[
                Op::Reset,
                Op::SetPin,
                Op::TryPin,
                Op::MakeCredential,
                Op::Configure,
            ],
            ..scenario
        });
    }
}

#[test]
fn a_press_that_jams_and_does_not_answer() {
    let reissue = Change::Reissue {
        reason: "nobody has seen the letter".to_owned(),
    };
    for blind in [false, true] {
        let scenario = anna("a press that jams", Policy::default(), named());
        scenario.root.state().press.blind = blind;
        holds(&Scenario {
            ops: &[Op::PressDeliver],
            moves: vec![Change::Release, reissue.clone()],
            ..scenario
        });
    }
}

/// Anna's key is enrolled, nobody knows whether her letter came out, and the job is held for that.
fn doubtful(scenario: &Scenario) -> World {
    let world = scenario.root.copy();
    world.state().press.blind = true;
    let lost = Fault::DeliveryUncertain;
    world.trick(Op::PressDeliver, When::After, lost);
    live(scenario, &world, Start::Put(0));
    let held = world.enrollment(JobId(1)).held().cloned();
    assert_eq!(held, Some(Fault::DeliveryUncertain));
    world.state().press.blind = false;
    world
}

#[test]
fn a_letter_that_is_made_anew() {
    let strict = Policy {
        always_uv: true,
        min_pin_length: Some(8),
        force_pin_change: true,
        ..Policy::default()
    };
    let mut silent = nameless();
    silent.silent = true;
    for policy in [Policy::default(), strict] {
        for key in [named(), nameless(), silent.clone()] {
            let scenario = anna("a letter made anew", policy.clone(), key);
            let reason = "the printer ate it".to_owned();
            let anew = Scenario {
                root: doubtful(&scenario),
                ops: &[Op::ChangePin, Op::TryPin, Op::PressDeliver],
                moves: vec![Change::Reissue { reason }, Change::Release],
                ..scenario
            };
            // The first of them is the administrator's.
            holds_with(&anew, disturbances() + 1);
        }
    }
}

#[test]
fn an_administrator_who_steps_in() {
    let hold = Change::Hold {
        reason: "ask Anna first".to_owned(),
    };
    for key in [named(), nameless()] {
        let scenario = anna("an administrator who steps in", Policy::default(), key);
        holds(&Scenario {
            moves: vec![hold.clone(), Change::Release, Change::Retry, Change::Cancel],
            ..scenario
        });
    }
}

#[test]
fn the_same_key_anew_for_its_person() {
    for key in [named(), nameless(), nameless().lenient()] {
        let first = anna("the same key anew", Policy::default(), key);
        let root = replacing(&first);
        root.add_job(Request {
            replace: true,
            ..request(ANNA)
        });
        holds(&Scenario {
            root,
            own_keys: vec![0, 0],
            ops: &[Op::Post, Op::Delete],
            // Whoever cancels after the reset leaves a person without the key that the ledger still says they have: that is
            // the order, and no cut.
            moves: vec![Change::Retry],
            ..first
        });
    }
}

#[test]
fn another_key_in_the_place_of_a_lost_one() {
    let first = anna(
        "another key for a lost one",
        after(Policy::default()),
        named(),
    );
    let root = replacing(&first);
    let second = root.add_key(KeyState::blank(Some("32070002")));
    root.add_job(Request {
        replace: true,
        ..request(ANNA)
    });
    holds(&Scenario {
        root,
        own_keys: vec![0, second],
        ops: &[Op::Post, Op::Delete],
        moves: vec![Change::Retry, Change::Cancel],
        lag: 20,
        ..first
    });
}

#[test]
fn a_backup_key_beside_the_primary() {
    for key in [named(), nameless()] {
        let serial = key.serial.map(|_| "32070002");
        let first = anna("a backup key", after(Policy::default()), key);
        let first = with_old_keys(first);
        first.root.add_job(Request {
            role: Role::Backup,
            ..request(ANNA)
        });
        let second = first.root.add_key(KeyState::blank(serial));
        holds(&Scenario {
            own_keys: vec![0, second],
            ops: &[Op::Post, Op::Delete],
            ..first
        });
    }
}

#[test]
fn two_people_one_after_the_other() {
    for key in [named(), nameless()] {
        let serial = key.serial.map(|_| "32070002");
        let first = anna("two people", Policy::default(), key);
        first.root.add_job(request(BO));
        let second = first.root.add_key(KeyState::blank(serial));
        holds(&Scenario {
            own_keys: vec![0, second],
            ..first
        });
    }
}
