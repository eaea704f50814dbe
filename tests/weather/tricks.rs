//! Every operation misbehaves in every way, within our patience and beyond it. Nobody at the bench does anything about it.

use keyline::domain::event::Step;
use keyline::practice::tenant::{Faults, Operation, TenantSetup, Trick};

use crate::line::{Layout, Line, begun};

/// Every kind of request that the line sends in these tests.
const OPERATIONS: [Operation; 6] = [
    Operation::Token,
    Operation::Root,
    Operation::CreationOptions,
    Operation::Register,
    Operation::List,
    Operation::Delete,
];

/// With this every operation is needed: the older keys are listed, and deleted.
const REPLACES: &str = "delete_existing = \"after_enrollment\"\n";

/// Two people with an older key each, under `trick` for the first `times` requests of one kind.
fn weather(on: Operation, times: u32, trick: &Trick) -> Line {
    weather_with(Layout::default(), on, times, trick)
}

fn weather_with(layout: Layout, on: Operation, times: u32, trick: &Trick) -> Line {
    let line = Line::set(&Layout {
        policy: REPLACES,
        ..layout
    });
    for user in line.users(0..2) {
        line.give_old_key(&user);
    }
    line.tenant(|tenant| tenant.misbehave(on, times, trick.clone()));
    line.add_keys(2);
    line.drop_people("two.csv", 0..2);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 2, "{on:?} {trick:?}: {summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 2, "{on:?} {trick:?}");
    let asked = line.tenant(|tenant| tenant.requests(on));
    assert!(
        asked >= u64::from(times),
        "{on:?} was struck less than {times} times"
    );
    line
}

#[test]
fn a_short_retry_after_is_waited_for() {
    let trick = Trick::Throttle {
        retry_after_seconds: Some(7),
        as_date: false,
    };
    for on in OPERATIONS {
        let line = weather(on, 2, &trick);
        let longest = line.clock.longest_wait().as_secs();
        assert!(longest >= 7, "{on:?}: waited {longest} s at most");
    }
}

#[test]
fn a_retry_after_beyond_our_patience_is_told_and_kept_by_every_slot() {
    for on in OPERATIONS {
        let line = Line::set(&Layout {
            policy: REPLACES,
            // What was fetched before the wait is still good after it.
            tenant: |setup| TenantSetup {
                challenge_seconds: 3600,
                ..setup
            },
            ..Layout::default()
        });
        for user in line.users(0..2) {
            line.give_old_key(&user);
        }
        let trick = Trick::Throttle {
            retry_after_seconds: Some(300),
            as_date: false,
        };
        line.tenant(|tenant| tenant.misbehave(on, 1, trick));
        line.add_keys(2);
        line.drop_people("two.csv", 0..2);
        let running = line.start(true);
        let total = || line.tenant(|tenant| OPERATIONS.map(|on| tenant.requests(on)));
        running.wait_for("the throttled request", |_| {
            line.tenant(|tenant| tenant.requests(on)) > 0
        });
        if on != Operation::Delete && on != Operation::List {
            // Old credentials go without anybody at the bench; all else is told there.
            running.wait_for("news of the wait", |_| running.says_network());
        }
        // What was under way when the answer came may still arrive; after that it is quiet.
        let version = running.board.view().version;
        running.wait_for("some ticks", |view| view.version > version + 4);
        let asked = total();
        let version = running.board.view().version;
        running.wait_for("more ticks", |view| view.version > version + 4);
        let quiet = if on == Operation::Token {
            [0; 6]
        } else {
            asked
        };
        let now = total();
        for (now, quiet) in now.iter().zip(quiet).skip(1) {
            assert_eq!(*now, quiet, "{on:?}: asked during the wait: {now:?}");
        }
        line.pass(301);
        let (summary, ledger) = running.finish();
        assert_eq!(summary.done, 2, "{on:?}: {summary:?}");
        line.assert_sound(ledger.as_ref(), 0);
        assert_eq!(begun(ledger.as_ref(), Step::Reset), 2, "{on:?}");
    }
}

#[test]
fn failures_of_the_service_pass() {
    for on in OPERATIONS {
        weather(on, 6, &Trick::Fail { status: 503 });
    }
}

#[test]
fn dropped_connections_leave_nothing_behind_whether_the_service_had_acted_or_not() {
    for trick in [Trick::DropBeforeCommit, Trick::CommitThenDrop] {
        for on in OPERATIONS {
            weather(on, 5, &trick);
        }
    }
}

#[test]
fn half_answers_strange_pages_and_redirects_are_no_answers_and_wrong_labels_do_not_matter() {
    for trick in [Trick::Half, Trick::Page, Trick::Redirect] {
        for on in OPERATIONS {
            weather(on, 2, &trick);
        }
    }
    for on in OPERATIONS {
        weather(on, 1, &Trick::Mislabel);
    }
    weather(Operation::Token, 6, &Trick::Page);
    weather(Operation::CreationOptions, 6, &Trick::Half);
}

#[test]
fn tokens_that_expire_in_between_are_renewed() {
    for on in OPERATIONS {
        // A station asks for one token an hour.
        let times = if on == Operation::Token { 1 } else { 2 };
        weather(on, times, &Trick::ExpireTokens);
    }
}

#[test]
fn slow_answers_are_waited_for_and_answers_later_than_our_patience_are_doubts() {
    let layout = || Layout {
        timeout_seconds: 1,
        ..Layout::default()
    };
    for on in [
        Operation::Register,
        Operation::CreationOptions,
        Operation::Delete,
    ] {
        weather_with(layout(), on, 2, &Trick::Slow { millis: 300 });
        weather_with(layout(), on, 2, &Trick::Slow { millis: 1300 });
    }
}

#[test]
fn a_lost_reply_and_a_list_that_lags_still_give_one_credential() {
    let line = Line::set(&Layout::default());
    line.tenant(|tenant| {
        tenant.set_faults(Faults {
            list_lag_seconds: 2,
            ..Faults::default()
        });
        tenant.misbehave(Operation::Register, 3, Trick::CommitThenDrop);
    });
    line.add_keys(3);
    line.drop_people("three.csv", 0..3);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 3, "{summary:?}");
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    line.assert_sound(ledger.as_ref(), 0);
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 3);
}
