//! A clock that is set back: stamps, duties, retention. The log says it once.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use keyline::adapter::ledger::{Days, SqliteLedger, Verdict};
use keyline::domain::time::Timestamp;
use keyline::port::{DutyOutcome, Ledger};

use super::audit::full;
use super::bench::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

thread_local! {
    /// What this thread has logged.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes into the log of the thread that logs: other tests are not heard.
struct Heard;

impl io::Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to listen, once for all tests.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing_subscriber::fmt().with_writer(|| Heard).init());
}

/// How often the log says that the clock was set back, up to now.
fn says() -> usize {
    let text = LOGGED.with_borrow(|logged| String::from_utf8(logged.clone()).unwrap());
    text.matches("the clock of this computer was set back")
        .count()
}

fn note(ledger: &SqliteLedger, at: Timestamp) {
    ledger.note("shift change", ACTOR, at).unwrap();
}

#[test]
fn the_log_says_once_that_the_clock_was_set_back() {
    listen();
    let bench = Bench::new();
    let ledger = bench.create();
    note(&ledger, NOON);
    // As the time service does.
    note(&ledger, Timestamp(NOON.0 - 2_000));
    assert_eq!(says(), 0);
    for seconds in [HOUR, HOUR - 1, 10] {
        note(&ledger, NOON.plus_seconds(-seconds));
    }
    assert_eq!(says(), 1);
    note(&ledger, NOON.plus_seconds(1));
    assert_eq!(says(), 1);
    note(&ledger, NOON.plus_seconds(-DAY));
    assert_eq!(says(), 2);
    drop(ledger);
    // The next start knows what the last one wrote.
    let ledger = bench.open().unwrap();
    note(&ledger, NOON.plus_seconds(-DAY - HOUR));
    assert_eq!(says(), 3);
    assert!(matches!(ledger.verify(None), Ok(Verdict::Sound(_))));
}

#[test]
fn rows_keep_their_order_whatever_the_clock_says() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    let mut hand = Hand::new(&ledger, job);
    hand.reset("1001").set_pin(&pin("48261739"));
    hand.at = NOON.plus_seconds(-30 * DAY);
    hand.make().register(&[]).deliver();
    drop(ledger);
    let ledger = bench.open().unwrap();
    let numbers: Vec<i64> = ledger
        .journal(job)
        .unwrap()
        .iter()
        .map(|row| row.sequence)
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert!(matches!(ledger.verify(None), Ok(Verdict::Sound(_))));
}

#[test]
fn retention_gives_nothing_up_early_when_the_clock_goes_back() {
    let bench = Bench::new();
    let ledger = full(&bench);
    let days = Days {
        sealed_pins: Some(30),
        personal_data: Some(30),
        archived: Some(30),
    };
    for back in [0, DAY, 400 * DAY, 30 * 365 * DAY] {
        let given_up = ledger
            .apply_retention(days, ACTOR, NOON.plus_seconds(-back))
            .unwrap();
        assert_eq!(
            (given_up.sealed_pins, given_up.people),
            (0, 0),
            "{back} s back"
        );
    }
    // And what is due later is given up then.
    let given_up = ledger
        .apply_retention(days, ACTOR, NOON.plus_seconds(31 * DAY))
        .unwrap();
    assert!(
        given_up.sealed_pins > 0 && given_up.people > 0,
        "{given_up:?}"
    );
}

#[test]
fn a_duty_that_was_put_off_under_a_clock_that_was_ahead_is_due_now() {
    let bench = Bench::new();
    let ledger = bench.create();
    let job = admit(&ledger, "a", &["adele@contoso.com"])[0];
    Hand::new(&ledger, job)
        .reset("1001")
        .set_pin(&pin("48261739"))
        .make()
        .register(&[method(job, 9)])
        .deliver();
    let duty = ledger
        .obligations(NOON.plus_seconds(HOUR))
        .unwrap()
        .remove(0);
    let ahead = NOON.plus_seconds(365 * DAY);
    let again = DutyOutcome::Again {
        due: ahead.plus_seconds(10),
    };
    ledger.settle(duty.id, &again, ACTOR, ahead).unwrap();
    assert_eq!(ledger.obligations(ahead).unwrap(), [], "not yet");
    // The clock is right again.
    assert_eq!(
        ledger.obligations(NOON.plus_seconds(HOUR)).unwrap().len(),
        1
    );
    let soon = DutyOutcome::Again {
        due: NOON.plus_seconds(HOUR + 3600),
    };
    ledger.settle(duty.id, &soon, ACTOR, NOON).unwrap();
    assert_eq!(ledger.obligations(NOON.plus_seconds(HOUR)).unwrap(), []);
}
