//! People with disabled accounts, models that the tenant refuses, and a directory in bad weather.

use super::planted::planted;
use super::*;
use crate::app::enumerator::bugs::Bug;
use crate::app::world::policy_for;
use crate::domain::passkey_policy::Audience;

/// The model of the drawer's keys.
const ALLOWED: u8 = 1;
const OTHER: u8 = 2;

/// Anna's account is disabled, Bo's is not. Somebody enables hers after the last disturbance.
fn anna_is_away(key: KeyState) -> Scenario {
    let serial = key.serial.map(|_| "32070002");
    let first = anna("a disabled account", Policy::default(), key);
    first.root.add_job(request(BO));
    let second = first.root.add_key(KeyState::blank(serial));
    let mut state = first.root.state();
    state.directory.disabled.insert(ANNA.to_owned());
    drop(state);
    Scenario {
        own_keys: vec![0, second],
        ..first
    }
}

/// The tenant takes the drawer's keys, and not the one that Anna's job begins with.
fn refused_model(mut key: KeyState) -> Scenario {
    key.model = OTHER;
    let scenario = anna("a model that is refused", Policy::default(), key);
    let mut state = scenario.root.state();
    state.directory.policy = Some(policy_for(Audience::AllUsers, &[ALLOWED]));
    state.directory.is_heard = true;
    drop(state);
    scenario
}

#[test]
fn a_person_whose_account_is_disabled() {
    for key in [named(), nameless()] {
        holds(&anna_is_away(key));
    }
}

#[test]
fn a_model_that_the_tenant_refuses() {
    for key in [named(), nameless()] {
        holds(&refused_model(key));
    }
}

#[test]
fn an_account_that_is_disabled_and_enabled_at_any_time() {
    for key in [named(), nameless()] {
        let scenario = anna("an account that comes and goes", Policy::default(), key);
        holds(&Scenario {
            accounts: true,
            ..scenario
        });
    }
}

#[test]
fn a_directory_in_bad_weather() {
    for key in [named(), nameless()] {
        let scenario = anna("a directory in bad weather", Policy::default(), key);
        holds(&Scenario {
            ops: &[Op::Person, Op::Post],
            accounts: true,
            troubles: 1,
            ..scenario
        });
    }
    for key in [named(), nameless()] {
        let scenario = refused_model(key);
        // What does not come through cannot be gone by: Entra refuses the passkey then, and another key takes its place.
        scenario.root.state().directory.is_heard = false;
        holds(&Scenario {
            name: "a policy in bad weather",
            ops: &[Op::Person, Op::Policy],
            moves: vec![Change::Retry],
            ..scenario
        });
    }
}

#[test]
fn a_disabled_account_that_nobody_looks_at() {
    planted(anna_is_away(named()), Bug::DisabledOverlooked, "vetting");
}

#[test]
fn a_policy_that_nobody_goes_by() {
    planted(refused_model(named()), Bug::PolicyOverlooked, "vetting");
}
