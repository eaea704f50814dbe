//! A station that is told to stop while the tenant keeps it waiting stops within a second, and the next one goes on where it
//! stood.

use std::time::{Duration, Instant};

use keyline::practice::tenant::{Operation, Trick};

use crate::line::{Layout, Line};

/// What the tenant keeps us waiting is many times as long.
const STOP_MAX: Duration = Duration::from_secs(1);
const WAIT_SECONDS: u64 = 25;

/// Stops a line whose first request of this kind is struck by `trick`. Returns how long that took.
fn stop_during(on: Operation, trick: &Trick) -> Duration {
    let line = Line::set(&Layout::default());
    line.clock.stop_hurrying();
    line.tenant(|tenant| tenant.misbehave(on, 4, trick.clone()));
    line.add_keys(2);
    line.drop_people("two.csv", 0..2);
    let running = line.start(true);
    running.wait_for("the request", |_| {
        line.tenant(|tenant| tenant.requests(on)) > 0
    });
    let asked = Instant::now();
    let summary = running.stop_now();
    let took = asked.elapsed();
    assert!(summary.interrupted, "{on:?} {trick:?}: {summary:?}");
    // The same people, in fine weather.
    line.tenant(|tenant| tenant.set_faults(keyline::practice::tenant::Faults::default()));
    let (summary, ledger) = line.start(true).finish();
    assert_eq!(summary.done, 2, "{on:?} {trick:?}: {summary:?}");
    line.assert_sound(ledger.as_ref(), 0);
    took
}

#[test]
fn a_stop_ends_every_wait_for_the_tenant_within_a_second() {
    let throttle = Trick::Throttle {
        retry_after_seconds: Some(WAIT_SECONDS),
        as_date: false,
    };
    let millis = WAIT_SECONDS * 1000;
    let tricks = [
        throttle,
        Trick::SlowBytes { millis },
        Trick::Slow { millis },
    ];
    for on in [
        Operation::Token,
        Operation::Root,
        Operation::CreationOptions,
        Operation::Register,
    ] {
        for trick in &tricks {
            let took = stop_during(on, trick);
            println!("{on:?} {trick:?}: stopped after {took:?}");
            assert!(took < STOP_MAX, "{on:?} {trick:?}: {took:?}");
        }
    }
}
