//! A printer that waits for paper, aborts, forgets, and says what is not so; people who bag, scan and tear; and a program that
//! may end anywhere in between.

use super::*;
use crate::app::enumerator::bugs::Bug;
use crate::domain::paper::{Bagging, Confirm};

const PRINTER: &[Op] = &[Op::PressDeliver, Op::Follow, Op::WasDelivered];

pub(super) fn printed(confirm: Confirm, bag: Bagging) -> Policy {
    Policy {
        confirm: Some(confirm),
        bag: Some(bag),
        // How often a letter is made anew is a matter of another test.
        reissues_max: 100,
        ..Policy::default()
    }
}

/// Anna's key is enrolled, or in need of its bag, and her letter is to be printed.
fn letter(name: &'static str, policy: Policy, key: KeyState) -> Scenario {
    let scenario = anna(name, policy, key);
    scenario.root.state().press.prints = true;
    without_printing(&scenario, 0);
    assert!(scenario.root.enrollment(JobId(1)).method().is_some());
    Scenario {
        ops: PRINTER,
        ..scenario
    }
}

/// The key is enrolled while the printer is switched off.
fn without_printing(scenario: &Scenario, key: usize) {
    let world = &scenario.root;
    for _ in 0..2 {
        let what = "switched off".to_owned();
        world.trick(Op::CanTake, When::Before, Fault::PrinterAway { what });
    }
    let mut shift = Shift::new(scenario, world.clone());
    shift.put(key);
    shift.lift();
    drop(shift);
    world.untrick();
}

fn reissue() -> Change {
    Change::Reissue {
        reason: "torn".to_owned(),
    }
}

#[test]
fn a_letter_that_somebody_scans() {
    let policy = printed(Confirm::Scan, Bagging::None);
    holds(&letter("a letter that is scanned", policy, named()));
}

#[test]
fn a_letter_for_which_the_printers_word_is_enough() {
    let policy = printed(Confirm::Device, Bagging::None);
    let scenario = letter("the printer's word", policy, named());
    // Whoever takes its word has no letter where it lies.
    holds(&Scenario {
        ops: &[Op::PressDeliver, Op::WasDelivered],
        ..scenario
    });
}

#[test]
fn a_key_in_its_bag_and_then_its_letter() {
    let policy = printed(Confirm::Scan, Bagging::Scan);
    let scenario = letter("a bag and a letter", policy, named());
    assert!(!scenario.root.enrollment(JobId(1)).wants_its_key());
    holds(&scenario);
}

#[test]
fn a_letter_that_is_torn_and_made_anew() {
    let policy = printed(Confirm::Scan, Bagging::None);
    let scenario = letter("a letter that is torn", policy, named());
    holds(&Scenario {
        troubles: 1,
        tears: true,
        moves: vec![reissue(), Change::Release],
        ..scenario
    });
}

/// The key as well: the printer is there from the first step on.
#[test]
fn a_printer_from_the_first_step_on() {
    let policy = printed(Confirm::Scan, Bagging::Scan);
    let scenario = anna("a printer", policy, named());
    scenario.root.state().press.prints = true;
    // Each step of a key has its own walks, at any depth.
    holds_with(
        &Scenario {
            ops: &[Op::Follow],
            troubles: 1,
            ..scenario
        },
        disturbances().min(2),
    );
}

#[test]
fn two_letters_in_one_printer() {
    let policy = printed(Confirm::Scan, Bagging::None);
    let first = letter("two letters", policy, named());
    first.root.add_job(request(BO));
    let second = first.root.add_key(KeyState::blank(Some("32070002")));
    let both = Scenario {
        own_keys: vec![0, second],
        ops: &[Op::Follow],
        troubles: 1,
        ..first
    };
    without_printing(&both, second);
    let ready = |job| both.root.enrollment(JobId(job)).method().is_some();
    assert!(ready(1) && ready(2));
    holds(&both);
}

#[test]
fn a_file_that_somebody_confirms() {
    let policy = printed(Confirm::Scan, Bagging::None);
    let scenario = letter("a file", policy, named());
    scenario.root.state().press.prints = false;
    holds(&Scenario {
        ops: &[Op::PressDeliver],
        ..scenario
    });
}

fn torn() -> Scenario {
    let policy = printed(Confirm::Scan, Bagging::None);
    let scenario = letter("planted", policy, named());
    Scenario {
        troubles: 1,
        tears: true,
        ..scenario
    }
}

#[test]
fn an_unknown_sheet_that_is_sent_again() {
    planted::planted(torn(), Bug::UnknownSentAgain, "I5: two sheets");
}

#[test]
fn a_vanished_record_that_is_taken_for_not_printed() {
    planted::planted(torn(), Bug::VanishedIsNotPrinted, "I5: two sheets");
}

#[test]
fn a_void_sheet_that_is_confirmed() {
    planted::planted(torn(), Bug::SpoilForgotten, "I5: job 1's letter is void");
}

#[test]
fn a_pin_that_is_forgotten_before_the_confirmation() {
    planted::planted(torn(), Bug::PinForgottenEarly, "liveness");
}
