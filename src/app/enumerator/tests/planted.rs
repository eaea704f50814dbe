//! Tests of the test: defects that were planted, each found, and by what.

use super::*;
use crate::app::enumerator::bugs::Bug;

/// Two disturbances show every planted defect.
const ENOUGH: usize = 2;

/// Walks with the defect and returns what was broken, in the order of the words; nothing of the kind is broken without it.
pub(super) fn planted(scenario: Scenario, bug: Bug, by: &str) {
    let caught = |report: &Report| {
        let broken: Vec<String> = report.violations.keys().cloned().collect();
        broken.into_iter().find(|broken| broken.starts_with(by))
    };
    let sound = walk(&scenario, ENOUGH);
    assert!(sound.violations.is_empty(), "{sound}");
    let bent = Scenario {
        bug: Some(bug),
        ..scenario
    };
    let report = walk(&bent, ENOUGH);
    let found = caught(&report);
    let found = found.unwrap_or_else(|| panic!("{bug:?} is not caught by {by}: {report}"));
    println!("{bug:?}: caught by \"{found}\"");
}

fn plain() -> Scenario {
    anna("planted", Policy::default(), named())
}

#[test]
fn a_pin_that_is_set_before_it_is_in_the_ledger() {
    planted(plain(), Bug::PinBeforeJournal, "I1");
}

#[test]
fn a_new_passkey_made_blindly_after_a_timeout() {
    planted(plain(), Bug::BlindAfterTimeout, "I3");
}

#[test]
fn old_credentials_deleted_first() {
    planted(with_old_keys(plain()), Bug::OldKeysFirst, "I2");
}

#[test]
fn no_look_at_the_key_after_a_restart() {
    planted(plain(), Bug::AnyKeyWillDo, "I6");
}

#[test]
fn a_mailer_that_is_sent_twice_when_in_doubt() {
    planted(plain(), Bug::MailerTwice, "I5");
}

#[test]
fn an_abandonment_in_two_transactions() {
    planted(
        Scenario {
            moves: vec![Change::Retry],
            ..plain()
        },
        Bug::AbandonInTwo,
        "I3",
    );
}

#[test]
fn a_toggle_that_is_repeated() {
    let policy = Policy {
        always_uv: true,
        ..Policy::default()
    };
    let scenario = anna("planted", policy, named());
    planted(scenario, Bug::ToggleRepeated, "policy");
}

#[test]
fn a_sealed_pin_overwritten_by_the_next_attempt() {
    let scenario = anna("planted", Policy::default(), nameless());
    planted(scenario, Bug::PinOverwritten, "I1");
}

#[test]
fn the_primary_key_on_the_backup_keys_list() {
    let first = anna("planted", after(Policy::default()), named());
    first.root.add_job(Request {
        role: Role::Backup,
        ..request(ANNA)
    });
    let second = first.root.add_key(KeyState::blank(Some("32070002")));
    let scenario = Scenario {
        own_keys: vec![0, second],
        ..first
    };
    planted(scenario, Bug::PrimaryOnTheList, "I3");
}

#[test]
fn a_pin_that_the_journal_tells() {
    planted(plain(), Bug::PinTold, "I7");
}
