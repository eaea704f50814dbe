//! Old keys that stay until their person has the new one, whatever is cut, and whichever letter arrives in the end.

use super::*;
use crate::app::enumerator::bugs::Bug;
use crate::app::enumerator::tests::planted::planted;
use crate::domain::custody::Fate;

fn parcels(policy: Policy) -> Policy {
    Policy {
        delete_existing: DeleteExisting::AfterDelivery,
        ..policy
    }
}

/// Anna has an old key, and gets a new one by parcel.
fn by_parcel(name: &'static str) -> Scenario {
    by_parcel_with(name, named())
}

fn by_parcel_with(name: &'static str, key: KeyState) -> Scenario {
    let scenario = anna(name, parcels(Policy::default()), key);
    with_old_keys(Scenario {
        ops: &[Op::Post, Op::Delete],
        moves: vec![Change::HandOver],
        lag: 20,
        ..scenario
    })
}

fn lost() -> Change {
    Change::Retire {
        fate: Fate::Lost,
        reason: "the parcel never arrived".to_owned(),
    }
}

/// The first parcel is on its way, and Anna gets another key.
fn another_parcel(name: &'static str, second: Request) -> Scenario {
    after_a_parcel(by_parcel(name), second)
}

fn after_a_parcel(first: Scenario, second: Request) -> Scenario {
    let serial = first.root.state().keys[0].serial.map(|_| "32070002");
    let root = if second.replace {
        replacing(&first)
    } else {
        done(&first)
    };
    let key = root.add_key(KeyState::blank(serial));
    root.add_job(second);
    Scenario {
        root,
        own_keys: vec![0, key],
        ..first
    }
}

#[test]
fn old_keys_stay_until_the_new_one_is_handed_over() {
    holds(&by_parcel("old keys go with the hand-over"));
}

#[test]
fn a_newer_job_takes_over_what_waits() {
    let second = another_parcel("another parcel", request(ANNA));
    holds(&second);
    let replaces = Request {
        replace: true,
        ..request(ANNA)
    };
    let second = another_parcel("another parcel in the place of the first", replaces);
    holds(&second);
}

#[test]
fn a_key_without_a_serial_that_is_taken_for_the_next_job() {
    let first = by_parcel_with("another parcel, keys without serials", nameless());
    let replaces = Request {
        replace: true,
        ..request(ANNA)
    };
    holds_with(&after_a_parcel(first, replaces), disturbances().min(2));
}

#[test]
fn a_newer_job_that_is_given_up_takes_nothing_away() {
    let second = another_parcel("another parcel, given up", request(ANNA));
    let moves = vec![Change::HandOver, Change::Cancel];
    holds_with(&Scenario { moves, ..second }, disturbances().min(2));
}

#[test]
fn a_parcel_that_is_lost_costs_nobody_their_old_key() {
    let first = by_parcel("a lost parcel");
    let moves = vec![Change::HandOver, lost()];
    holds(&Scenario { moves, ..first });
    let second = another_parcel("another parcel for a lost one", request(ANNA));
    let moves = vec![Change::HandOver, lost()];
    holds_with(&Scenario { moves, ..second }, disturbances().min(2));
}

#[test]
fn a_backup_key_takes_nothing_over_from_the_primary() {
    let backup = Request {
        role: Role::Backup,
        ..request(ANNA)
    };
    let second = another_parcel("a backup key by another parcel", backup);
    holds_with(&second, disturbances().min(2));
}

#[test]
fn old_keys_that_go_with_the_parcel_are_caught() {
    planted(
        by_parcel("planted: old keys go with the parcel"),
        Bug::OldKeysWithTheParcel,
        "I2",
    );
}
