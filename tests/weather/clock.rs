//! The wall clock in a hurry, so that no test sits out what a throttled station waits for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use keyline::adapter::system::SystemClock;
use keyline::domain::time::Timestamp;
use keyline::port::{CancelFlag, Clock};

/// Waits pass so many times faster than they are asked for. The tenant's own behaviour is in real time.
pub(crate) const HURRY: u32 = 20;

/// The wall clock with short waits, which a test can put forward.
#[derive(Default)]
pub(crate) struct HurriedClock {
    ahead_millis: AtomicI64,
    /// Milliseconds asked for in the longest wait.
    longest: AtomicU64,
    unhurried: AtomicBool,
    /// Since when, on the wall, the time of day runs as fast as the waits do.
    racing_since: OnceLock<Timestamp>,
}

impl HurriedClock {
    /// Puts it forward.
    pub(crate) fn pass(&self, seconds: i64) {
        self.ahead_millis
            .fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// From now on the time of day passes as fast as waits do, for a tenant whose clock runs so fast as well.
    pub(crate) fn race(&self) {
        self.racing_since.get_or_init(|| SystemClock.now());
    }

    /// From now on waits are as long as they are asked for.
    pub(crate) fn stop_hurrying(&self) {
        self.unhurried.store(true, Ordering::SeqCst);
    }

    /// The longest wait that anybody asked for.
    pub(crate) fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::SeqCst))
    }
}

impl Clock for HurriedClock {
    fn now(&self) -> Timestamp {
        let wall = SystemClock.now();
        let since = self.racing_since.get().copied().unwrap_or(wall);
        let gained = since.millis_until(wall) * i64::from(HURRY - 1);
        Timestamp(wall.0 + gained + self.ahead_millis.load(Ordering::SeqCst))
    }

    fn today(&self) -> jiff::civil::Date {
        SystemClock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.longest.fetch_max(millis, Ordering::SeqCst);
        let hurry = if self.unhurried.load(Ordering::SeqCst) {
            1
        } else {
            HURRY
        };
        SystemClock.wait(duration / hurry, cancel)
    }
}
