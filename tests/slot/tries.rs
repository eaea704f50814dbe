//! A key that keeps its PIN, and a job that was given a wrong one; a key whose PIN somebody changed while its job was under
//! way: one try per insertion, and three are left in the end.

use keyline::app::admin::{Change, Changed};
use keyline::domain::event::Attempt;
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::SlotState;
use keyline::practice::authenticator::{Mishap, SimulatedKey};

use crate::bench::{Table, assert_one_each, is_done, is_missed, look, pin, state};
use crate::line::Running;

const RIGHT: &str = "739154";
const JOB: JobId = JobId(1);

#[test]
fn a_wrong_pin_is_tried_once_per_insertion_until_three_tries_are_left() {
    let table = Table::under(1, "reset = \"keep\"\ndelivery = \"none\"\n");
    let keys = table.keys(1, Some(&pin(RIGHT)));
    let user = &table.line.users(0..1)[0];
    let file = format!("user,current_pin\n{user},111222\n");
    table.line.drop_file("keep.csv", &file);
    let running = table.start(false);
    until_three_are_left(&table, &running, &keys[0]);
    drop(running.stop_now());
    // The right PIN still opens it, and gives it all its tries back.
    look(&keys[0], |authenticator| {
        let verdict = authenticator.try_pin(&pin(RIGHT)).expect("an answer");
        assert_eq!(verdict, keyline::port::PinVerdict::Right);
        assert_eq!(authenticator.pin_retries(), Ok(8));
    });
}

/// Whoever releases the job without finding out spends tries, but never the last three.
fn until_three_are_left(table: &Table, running: &Running, key: &SimulatedKey) {
    let release = || {
        let actor = "4711".to_owned();
        let changed = running.handle.change(JOB, Change::Release, actor);
        assert_eq!(changed, Some(Ok(Changed::Released)));
    };
    for left in [7, 6, 5, 4, 3, 3, 3] {
        table.put(1, key);
        running.wait_for("the job is held", |view| {
            matches!(state(view, 1), SlotState::Held { .. })
        });
        let SlotState::Held { fault, .. } = state(&running.board.view(), 1) else {
            unreachable!("it was held just now");
        };
        // Released while the key still lies there: it is not tried again before it was lifted.
        release();
        table.take(1);
        running.wait_for("the slot to be free", |view| {
            !matches!(state(view, 1), SlotState::Held { .. })
        });
        let retries = look(key, |authenticator| authenticator.pin_retries());
        assert_eq!(retries, Ok(left), "{fault:?}");
        let tried = Fault::PinWrong {
            retries_left: Some(left),
        };
        let spared = Fault::PinSpared { retries_left: left };
        assert!(fault == tried || left == 3 && fault == spared, "{fault:?}");
    }
}

#[test]
fn a_pin_that_somebody_changed_under_way_costs_no_more_than_five_tries_and_no_passkey() {
    // authenticatorMakeCredential (CTAP 2.1 §6.1) and authenticatorConfig (§6.11).
    for (command, registered) in [(0x01, 0), (0x0D, 1)] {
        let table = Table::under(1, "always_uv = true\n");
        let keys = table.keys(1, None);
        let users = table.line.drop_people("one.csv", 0..1);
        let running = table.start(false);
        keys[0].arrange(Mishap::BeforeCommand(command));
        table.put(1, &keys[0]);
        running.wait_for("the key has lost its power", |view| is_missed(view, 1));
        let sealed = running.ledger.pin_in_flight(JOB, Attempt(1));
        let ours = sealed.expect("the PIN under way");
        let theirs = pin(RIGHT);
        let change = |from, to| look(&keys[0], |key| key.change_pin(from, to));
        change(&ours, &theirs).expect("another PIN");
        until_three_are_left(&table, &running, &keys[0]);
        let listed = table.line.tenant(|tenant| tenant.credentials(&users[0]));
        assert_eq!(listed.expect("a list").len(), registered);
        // Whoever changed it changes it back, and the job goes on with the same key and the same passkey.
        change(&theirs, &ours).expect("our PIN");
        table.put(1, &keys[0]);
        running.wait_for("the key is done", |view| is_done(view, 1));
        table.take(1);
        drop(running.stop_now());
        assert_one_each(&table.line, &users, &keys);
    }
}
