//! The sign of life of the station's loop, for whoever has to notice that it hangs.
//!
//! # Why
//! A thread of its own would go on telling that all is well while the loop stands still. So the loop itself gives every sign,
//! between two turns; this file never starts anything.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::board::Counts;

/// For a station that nobody watches: the loop is woken for nothing no more often than this.
const UNWATCHED: Duration = Duration::from_secs(3600);
/// No loop is busy with nothing but signs of life.
const EVERY_MIN: Duration = Duration::from_millis(1);

/// What the loop tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Keys and folder are watched: the station can be used.
    Stands,
    /// The loop turns.
    Lives,
    /// Nothing new is started; the steps in hand are finished.
    Stops,
}

/// Who is told, and how often.
pub struct Pulse {
    every: Duration,
    tell: Box<dyn FnMut(Sign, Counts) + Send>,
    stopping: bool,
}

impl Pulse {
    /// `tell` hears [`Sign::Lives`] this often, from the loop itself: it must not block.
    pub fn new(every: Duration, tell: impl FnMut(Sign, Counts) + Send + 'static) -> Self {
        Self {
            every: every.max(EVERY_MIN),
            tell: Box::new(tell),
            stopping: false,
        }
    }

    /// Nobody listens.
    pub fn unheard() -> Self {
        Self::new(UNWATCHED, |_, _| {})
    }

    /// When the next [`Sign::Lives`] is due. To be called where timers run.
    pub(super) fn beats(&self) -> Interval {
        let mut beats = interval(self.every);
        // After a stall one sign is enough: it is no debt.
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats
    }

    /// Gives a sign; [`Sign::Stops`] only once.
    pub(super) fn tell(&mut self, sign: Sign, counts: Counts) {
        let again = self.stopping && sign == Sign::Stops;
        self.stopping |= sign == Sign::Stops;
        if !again {
            (self.tell)(sign, counts);
        }
    }
}
