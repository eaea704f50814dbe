//! What a service asked one of us to wait counts for all of us: slots that each find out by themselves would be the storm that
//! it defends itself against.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::time::Timestamp;

/// How long a service is left alone that is overloaded and does not say for how long, once one request has tried in vain.
pub(super) const UNSAID_WAIT: Duration = Duration::from_secs(5);
/// A longer wish is somebody's mistake; after so long it is asked whether it still holds.
pub(super) const WISH_MAX: Duration = Duration::from_secs(15 * 60);

/// Which closing it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// Open, unless the service asked to wait.
#[derive(Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    closings: u64,
    closed: Option<Closed>,
}

struct Closed {
    ticket: Ticket,
    /// By the clock on the wall, and by one that nobody can set: it is over when either says so.
    until: Timestamp,
    begun: Instant,
    wait: Duration,
}

impl Gate {
    /// How long it stays closed.
    pub(super) fn closed(&self, now: Timestamp) -> Option<(Duration, Ticket)> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = state.closed.as_ref()?;
        let by_the_wall = u64::try_from(now.millis_until(closed.until)).unwrap_or(0);
        let left = closed
            .wait
            .saturating_sub(closed.begun.elapsed())
            .min(Duration::from_millis(by_the_wall));
        if left.is_zero() {
            state.closed = None;
            return None;
        }
        Some((left, closed.ticket))
    }

    /// Nobody asks for so long, which is no longer than [`WISH_MAX`]. A longer closing that lasts is not cut short.
    pub(super) fn close(&self, now: Timestamp, wait: Duration) -> Ticket {
        let wait = wait.min(WISH_MAX);
        let longer = self.closed(now).filter(|(left, _)| *left >= wait);
        if let Some((_, ticket)) = longer {
            return ticket;
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.closings = state.closings.wrapping_add(1);
        let ticket = Ticket(state.closings);
        let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        state.closed = Some(Closed {
            ticket,
            until: Timestamp(now.0.saturating_add(millis)),
            begun: Instant::now(),
            wait,
        });
        ticket
    }

    /// Somebody has waited as long as this closing was to last.
    pub(super) fn open(&self, ticket: Ticket) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state
            .closed
            .as_ref()
            .is_some_and(|closed| closed.ticket == ticket)
        {
            state.closed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn left(gate: &Gate, now: Timestamp) -> Option<u64> {
        gate.closed(now)
            .map(|(left, _)| u64::try_from(left.as_millis()).unwrap().div_ceil(1000))
    }

    #[test]
    fn it_is_closed_as_long_as_was_asked_and_a_shorter_wish_does_not_cut_that_short() {
        let gate = Gate::default();
        assert_eq!(left(&gate, NOW), None);
        let long = gate.close(NOW, seconds(40));
        assert_eq!(left(&gate, NOW), Some(40));
        assert_eq!(gate.close(NOW.plus_seconds(1), seconds(5)), long);
        assert_eq!(left(&gate, NOW.plus_seconds(10)), Some(30));
        let longer = gate.close(NOW.plus_seconds(10), seconds(60));
        gate.open(long);
        assert_eq!(left(&gate, NOW.plus_seconds(10)), Some(60));
        gate.open(longer);
        assert_eq!(left(&gate, NOW.plus_seconds(10)), None);
        gate.close(NOW, seconds(7));
        assert_eq!(left(&gate, NOW.plus_seconds(7)), None);
    }

    #[test]
    fn a_clock_that_is_set_back_and_a_wish_for_days_keep_nobody_waiting() {
        let gate = Gate::default();
        gate.close(NOW, Duration::from_millis(20));
        let begun = Instant::now();
        while gate.closed(NOW.plus_seconds(-86_400)).is_some() {
            assert!(begun.elapsed() < seconds(5), "it stays closed");
            std::thread::yield_now();
        }
        gate.close(NOW, seconds(86_400));
        assert_eq!(left(&gate, NOW), Some(WISH_MAX.as_secs()));
    }
}
