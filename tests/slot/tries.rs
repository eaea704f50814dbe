//! A key that keeps its PIN, and a job that was given a wrong one: one try per insertion, and three are left in the end.

use keyline::app::admin::{Change, Changed};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::SlotState;

use crate::bench::{Table, look, pin, state};

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
    let release = || {
        let actor = "4711".to_owned();
        let changed = running.handle.change(JOB, Change::Release, actor);
        assert_eq!(changed, Some(Ok(Changed::Released)));
    };
    for left in [7, 6, 5, 4, 3, 3, 3] {
        table.put(1, &keys[0]);
        running.wait_for("the job is held", |view| {
            matches!(state(view, 1), SlotState::Held { .. })
        });
        let SlotState::Held { fault, .. } = state(&running.board.view(), 1) else {
            unreachable!("it was held just now");
        };
        // Released while the key still lies there: it is not tried again before it was lifted.
        release();
        let key = table.take(1);
        running.wait_for("the slot to be free", |view| {
            !matches!(state(view, 1), SlotState::Held { .. })
        });
        let retries = look(&key, |authenticator| authenticator.pin_retries());
        assert_eq!(retries, Ok(left), "{fault:?}");
        let tried = Fault::PinWrong {
            retries_left: Some(left),
        };
        let spared = Fault::PinSpared { retries_left: left };
        assert!(fault == tried || left == 3 && fault == spared, "{fault:?}");
    }
    drop(running.stop_now());
    // The right PIN still opens it, and gives it all its tries back.
    look(&keys[0], |authenticator| {
        let verdict = authenticator.try_pin(&pin(RIGHT)).expect("an answer");
        assert_eq!(verdict, keyline::port::PinVerdict::Right);
        assert_eq!(authenticator.pin_retries(), Ok(8));
    });
}
