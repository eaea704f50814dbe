//! What instants of this process are on the wall clock. A page counts down by itself, so it is told when, never how long: then the
//! same card is the same text, however often it is made.

use std::time::Instant;

use crate::domain::time::Timestamp;

/// One moment, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    here: Instant,
    there: Timestamp,
}

impl Anchor {
    /// Now is `now`.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            here: Instant::now(),
            there: now,
        }
    }

    /// Milliseconds since 1970 (UTC).
    pub(super) fn ms(&self, instant: Instant) -> i64 {
        let off =
            |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match instant.checked_duration_since(self.here) {
            Some(after) => self.there.0.saturating_add(off(after)),
            None => {
                let before = self.here.saturating_duration_since(instant);
                self.there.0.saturating_sub(off(before))
            }
        }
    }
}
