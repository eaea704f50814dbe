//! The tenant is not there, or its clock and ours disagree. No key is wiped meanwhile, the slots and the news say what is
//! waited for, and work goes on by itself.

use std::time::Duration;

use keyline::app::board::News;
use keyline::domain::event::Step;
use keyline::domain::station::signal::SlotState;
use keyline::practice::authenticator::Touch;
use keyline::practice::tenant::{Faults, Operation, Trick};

use crate::line::{Layout, Line, PATIENCE, begun, photograph_of_new};

fn waits(state: &SlotState) -> bool {
    matches!(
        state,
        SlotState::AwaitingOptions { .. } | SlotState::AwaitingService { .. }
    )
}

/// Both slots wait, the news say so, no reset has begun and no key was changed; then `mend`, and everything finishes.
fn nothing_is_wiped_until(line: &Line, mend: impl FnOnce(&Line)) {
    let keys = line.add_keys(2);
    let new: Vec<_> = keys.iter().map(photograph_of_new).collect();
    let users = line.drop_people("two.csv", 0..2);
    let running = line.start(true);
    running.wait_for("both slots waiting", |view| {
        view.slots.len() == 2 && view.slots.values().all(|slot| waits(&slot.state))
    });
    running.wait_for("news of the network", |_| running.says_network());
    // Further tries change nothing.
    let asked = running.board.view().version;
    running.wait_for("another tick", |view| view.version > asked + 4);
    assert_eq!(begun(running.ledger.as_ref(), Step::Reset), 0);
    for (key, new) in keys.iter().zip(&new) {
        assert!(key.photograph() == *new, "a key was changed");
    }
    assert!(!running.news().contains(&News::NetworkBack));
    mend(line);
    running.wait_for("the network is back", |_| {
        running.news().contains(&News::NetworkBack)
    });
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, users.len(), "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 2);
}

#[test]
fn a_tenant_that_is_down_at_the_start_wipes_nothing_and_is_met_when_it_comes() {
    let line = Line::set(&Layout::default());
    let users = line.users(0..2);
    line.take_tenant_down();
    // The directory is asked for names while the tenant is up.
    let keys = line.add_keys(2);
    let new: Vec<_> = keys.iter().map(photograph_of_new).collect();
    line.drop_file("two.csv", &format!("user\n{}\n", users.join("\n")));
    let running = line.start(true);
    running.wait_for("both slots waiting", |view| {
        view.slots.len() == 2 && view.slots.values().all(|slot| waits(&slot.state))
    });
    running.wait_for("news of the network", |_| running.says_network());
    assert_eq!(begun(running.ledger.as_ref(), Step::Reset), 0);
    for (key, new) in keys.iter().zip(&new) {
        assert!(key.photograph() == *new, "a key was changed");
    }
    line.bring_tenant_back();
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_clock_that_disagrees_wipes_nothing() {
    for offset in [-900, 900] {
        let line = Line::set(&Layout::default());
        line.tenant(|tenant| {
            tenant.set_faults(Faults {
                date_offset_seconds: offset,
                ..Faults::default()
            });
        });
        nothing_is_wiped_until(&line, |line| {
            line.tenant(|tenant| tenant.set_faults(Faults::default()));
        });
    }
}

#[test]
fn a_refused_sign_in_wipes_nothing() {
    let line = Line::set(&Layout::default());
    line.tenant(|tenant| {
        tenant.misbehave(Operation::Token, 1_000_000, Trick::Fail { status: 401 });
    });
    nothing_is_wiped_until(&line, |line| {
        line.tenant(|tenant| tenant.set_faults(Faults::default()));
    });
}

#[test]
fn options_at_hand_are_no_leave_to_wipe_while_the_tenant_is_away() {
    let line = Line::set(&Layout::default());
    line.drop_people("two.csv", 0..2);
    let running = line.start(false);
    let asked = |of| line.tenant(|tenant| tenant.requests(of));
    running.wait_for("options at hand", |view| {
        view.counts.waiting == 2 && asked(Operation::CreationOptions) == 2
    });
    // The answers have been taken in once the counters stand still for the station as well.
    running.wait_for("answers taken in", |view| view.version > 20);
    line.take_tenant_down();
    let keys = line.add_keys(2);
    running.wait_for("both slots waiting", |view| {
        view.slots.len() == 2 && view.slots.values().all(|slot| waits(&slot.state))
    });
    running.wait_for("news of the network", |_| running.says_network());
    assert_eq!(begun(running.ledger.as_ref(), Step::Reset), 0);
    line.bring_tenant_back();
    running.wait_for("both done", |view| view.counts.done == 2);
    assert_eq!(keys.len(), 2);
    let ledger = running.ledger.clone();
    running.stop_now();
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_tenant_that_goes_away_while_keys_are_in_hand_finds_them_again() {
    let line = Line::set(&Layout::default());
    let keys = line.add_keys(4);
    for key in &keys {
        key.set_touch(Touch::ByHand);
    }
    line.drop_people("four.csv", 0..4);
    let running = line.start(true);
    // Both keys wait for the touch of their reset: the gate is behind them.
    let first = &keys[..2];
    for key in first {
        assert!(key.wait_for_blink(PATIENCE));
    }
    line.take_tenant_down();
    for key in &keys {
        key.set_touch(Touch::After(Duration::ZERO));
    }
    running.wait_for("both slots waiting", |view| {
        view.slots.len() == 2
            && view
                .slots
                .values()
                .all(|slot| matches!(slot.state, SlotState::AwaitingService { .. }))
    });
    running.wait_for("news of the network", |_| running.says_network());
    // The keys that were begun go on; nobody else's key is wiped.
    assert_eq!(begun(running.ledger.as_ref(), Step::Reset), 2);
    line.bring_tenant_back();
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 4, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 4);
}

#[test]
fn a_person_whom_the_tenant_does_not_know_does_not_hold_up_the_next_one() {
    let line = Line::set(&Layout {
        slots: 1,
        ..Layout::default()
    });
    let users = line.users(0..2);
    line.add_keys(2);
    line.drop_file(
        "three.csv",
        &format!("user\nnobody@contoso.com\n{}\n", users.join("\n")),
    );
    let running = line.start(true);
    let (summary, ledger) = running.finish();
    assert_eq!((summary.done, summary.held.len()), (2, 1), "{summary:?}");
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 2);
    for user in users {
        let all = line.tenant(|tenant| tenant.credentials(&user));
        assert_eq!(all.map(|all| all.len()), Ok(1));
    }
}
