//! The station is stopped in the middle, and another one over the same folder finishes what it began.

use std::time::{Duration, Instant};

use keyline::adapter::ledger::SqliteLedger;
use keyline::app::admin::Change;
use keyline::app::station::Request;
use keyline::domain::event::Step;
use keyline::domain::fault::Fault;
use keyline::practice::authenticator::Touch;
use keyline::practice::tenant::{Faults, Operation, Trick};

use crate::line::{Layout, Line, PATIENCE, begun};

#[test]
fn another_station_finishes_what_one_that_was_broken_off_began() {
    let line = Line::set(&Layout::default());
    let keys = line.add_keys(4);
    for key in &keys {
        key.set_touch(Touch::ByHand);
    }
    line.drop_people("four.csv", 0..4);
    let running = line.start(true);
    // One key stands before its reset, the other before its passkey.
    assert!(keys[0].wait_for_blink(PATIENCE) && keys[1].wait_for_blink(PATIENCE));
    keys[1].press();
    running.wait_for("the second key makes its passkey", |_| {
        begun(running.ledger.as_ref(), Step::MakeCredential) == 1
    });
    assert!(keys[1].wait_for_blink(PATIENCE));
    let summary = running.stop_now();
    assert!(summary.interrupted && summary.done == 0, "{summary:?}");
    for key in &keys {
        key.set_touch(Touch::After(Duration::ZERO));
    }
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 4, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn a_registration_whose_reply_was_cut_off_with_the_station_is_found() {
    let line = Line::set(&Layout::default());
    line.tenant(|tenant| tenant.misbehave(Operation::Register, 1_000, Trick::CommitThenDrop));
    line.add_keys(2);
    line.drop_people("two.csv", 0..2);
    let running = line.start(true);
    running.wait_for("both registrations begun", |_| {
        begun(running.ledger.as_ref(), Step::Register) == 2
            && line.tenant(|tenant| tenant.requests(Operation::Register)) >= 2
    });
    drop(running.stop_now());
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    let (summary, ledger) = line.start(true).finish();
    assert!(summary.held.is_empty(), "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn an_orderly_stop_finishes_the_steps_in_hand() {
    let line = Line::set(&Layout {
        slots: 1,
        ..Layout::default()
    });
    let keys = line.add_keys(2);
    keys[0].set_touch(Touch::ByHand);
    line.drop_people("two.csv", 0..2);
    let running = line.start(true);
    assert!(keys[0].wait_for_blink(PATIENCE));
    running.handle.ask(Request::Stop);
    keys[0].set_touch(Touch::After(Duration::ZERO));
    let (summary, ledger) = running.finish();
    assert!(summary.interrupted && summary.done == 0, "{summary:?}");
    assert_eq!(begun(ledger.as_ref(), Step::SetPin), 0);
    drop(ledger);
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

#[test]
fn breaking_off_does_not_wait_for_a_tenant_that_asks_for_patience() {
    let line = Line::set(&Layout::default());
    let later = Trick::Throttle {
        retry_after_seconds: Some(29),
        as_date: false,
    };
    line.tenant(|tenant| tenant.misbehave(Operation::Register, 1_000, later));
    line.clock.stop_hurrying();
    line.add_keys(1);
    line.drop_people("one.csv", 0..1);
    let running = line.start(false);
    running.wait_for("the wait", |_| line.clock.longest_wait().as_secs() >= 29);
    let stopped = Instant::now();
    let summary = running.stop_now();
    assert!(summary.interrupted && summary.done == 0, "{summary:?}");
    assert!(stopped.elapsed().as_secs() < 10, "{:?}", stopped.elapsed());
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
}

/// What the help of `keyline ledger backup` says of a job that was in the middle of its key.
#[test]
fn a_restored_backup_holds_what_was_in_flight_and_a_retry_finishes_it() {
    let line = Line::set(&Layout {
        slots: 1,
        policy: "used_keys = \"reset\"\n",
        ..Layout::default()
    });
    let keys = line.add_keys(2);
    keys[0].set_touch(Touch::ByHand);
    line.drop_people("one.csv", 0..1);
    let running = line.start(true);
    assert!(keys[0].wait_for_blink(PATIENCE));
    keys[0].press();
    running.wait_for("the passkey begun", |_| {
        begun(running.ledger.as_ref(), Step::MakeCredential) == 1
    });
    let ledger = line.base.config.path(&line.base.config.ledger.file);
    let copy = line.base.home.path().join("copy.db");
    let reader = SqliteLedger::open_reader(&ledger).expect("a ledger");
    let made = reader.back_up(&copy).expect("a backup");
    assert_eq!((made.counts.sealed_pins, made.counts.in_flight), (1, 0));
    drop(reader);
    drop(running.stop_now());
    for ending in ["-wal", "-shm"] {
        // They are there only when somebody had it open to the last.
        drop(std::fs::remove_file(format!(
            "{}{ending}",
            ledger.display()
        )));
    }
    std::fs::rename(copy, &ledger).expect("the backup in its place");
    for key in &keys {
        key.set_touch(Touch::After(Duration::ZERO));
    }
    line.put_into_crate(&keys[0]);
    let running = line.start(false);
    running.wait_for("the job held", |view| view.counts.held == 1);
    let job = running.ledger.jobs(None).expect("jobs").remove(0);
    assert!(
        matches!(job.held, Some(Fault::Unsealable { .. })),
        "{job:?}"
    );
    let changed = running
        .handle
        .change(job.job.id, Change::Retry, "administrator".to_owned());
    assert!(matches!(changed, Some(Ok(_))), "{changed:?}");
    running.wait_for("the job done", |view| view.counts.done == 1);
    running.handle.ask(Request::Stop);
    let (_, ledger) = running.finish();
    line.assert_sound(ledger.as_ref(), 0);
}
