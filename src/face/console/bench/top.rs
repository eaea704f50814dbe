//! The top line: how far the batch is, when it will be done, and whatever stands in its way. Made from the board alone.

use std::time::{Duration, Instant};

use crate::app::board::{Counts, Standstill, View};
use crate::app::preflight::LITTLE_ROOM_BYTES;
use crate::domain::station::signal::SlotState;
use crate::face::console::bench::card::by;
use crate::face::console::bench::moment::Anchor;
use crate::face::say::clean::clean;

/// So many keys have to be finished before anybody says how long the rest takes.
const FINISHES_MIN: usize = 3;
/// An hour, in milliseconds.
const HOUR_MS: u128 = 3_600_000;
/// A mebibyte.
const MIB: u64 = 1024 * 1024;

/// What the top line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) counts: Counts,
    pub(super) all: usize,
    pub(super) percent: usize,
    /// When the last key will be done, should the line go on as it did: milliseconds since 1970.
    pub(super) end: Option<i64>,
    /// Why no letter comes out.
    pub(super) printer: Option<String>,
    /// Whole mebibytes that are free where the ledger is.
    pub(super) disk_mib: Option<u64>,
    pub(super) disk_is_low: bool,
    pub(super) paused: bool,
    pub(super) stops: usize,
    /// Some of them are jobs on hold: one button says that somebody has seen them.
    pub(super) unseen: bool,
    /// Whoever called for the supervisor, and where: a slot, or the bench.
    pub(super) calls: Vec<(Option<u16>, String)>,
}

/// What the top line says now.
pub(super) fn of(view: &View, anchor: Anchor, free_bytes: Option<u64>) -> Top {
    let counts = view.counts;
    let left = counts.waiting.saturating_add(counts.under_way);
    let all = left.saturating_add(counts.held).saturating_add(counts.done);
    Top {
        counts,
        all,
        percent: counts
            .done
            .saturating_mul(100)
            .checked_div(all)
            .unwrap_or(0),
        end: estimate(&view.finishes, left).map(|end| anchor.ms(end)),
        printer: view.standstill.as_ref().map(|why| match why {
            Standstill::WaitsFor(what) | Standstill::Away(what) => clean(what),
        }),
        disk_mib: free_bytes.and_then(|bytes| bytes.checked_div(MIB)),
        disk_is_low: free_bytes.is_some_and(|bytes| bytes < LITTLE_ROOM_BYTES),
        paused: view.paused,
        stops: stops(view),
        unseen: view.unseen > 0,
        calls: view
            .calls
            .iter()
            .map(|(slot, call)| (slot.map(|slot| slot.0), by(&call.by)))
            .collect(),
    }
}

/// Stops that nobody has looked after: jobs on hold that nobody has seen, keys that lie refused in their slots, and calls that nobody has come to.
fn stops(view: &View) -> usize {
    let refused = view
        .slots
        .values()
        .filter(|slot| matches!(slot.state, SlotState::Refused { .. }))
        .count();
    view.unseen
        .saturating_add(refused)
        .saturating_add(view.calls.len())
}

/// The mean time from one finished key to the next; `None` before there are enough of them.
fn pace(finishes: &[Instant]) -> Option<Duration> {
    if finishes.len() < FINISHES_MIN {
        return None;
    }
    let took = finishes
        .last()?
        .saturating_duration_since(*finishes.first()?);
    let gaps = u32::try_from(finishes.len().saturating_sub(1)).ok()?;
    took.checked_div(gaps)
}

/// When `left` more keys are done. Counted from the last one, so that it stands still until the next.
fn estimate(finishes: &[Instant], left: usize) -> Option<Instant> {
    if left == 0 {
        return None;
    }
    let left = u32::try_from(left).ok()?;
    let rest = pace(finishes)?.checked_mul(left)?;
    finishes.last()?.checked_add(rest)
}

/// Keys in an hour, of the whole station: for administrators. Never of a person.
pub(super) fn keys_per_hour(view: &View) -> Option<u128> {
    HOUR_MS.checked_div(pace(&view.finishes)?.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::board::{Board, Call};
    use crate::app::world::stage;
    use crate::domain::authenticator::Slot;
    use crate::domain::fault::Fault;
    use crate::domain::time::Timestamp;

    fn every(seconds: u64, keys: u64) -> Vec<Instant> {
        let first = Instant::now();
        (0..keys)
            .map(|key| first + Duration::from_secs(key * seconds))
            .collect()
    }

    #[test]
    fn the_end_is_told_from_the_last_keys_and_stands_still_between_them() {
        let finishes = every(30, 5);
        let end = estimate(&finishes, 4).expect("enough keys");
        assert_eq!(end, finishes[4] + Duration::from_secs(120));
        assert_eq!(estimate(&finishes[..2], 4), None, "two keys tell nothing");
        assert_eq!(estimate(&finishes, 0), None, "nothing is left");
    }

    #[test]
    fn a_station_has_a_rate() {
        let view = View {
            finishes: every(30, 5),
            ..View::default()
        };
        assert_eq!(keys_per_hour(&view), Some(120));
        assert_eq!(keys_per_hour(&View::default()), None);
    }

    #[test]
    fn whatever_nobody_has_looked_after_is_a_stop() {
        let board = Board::default();
        let fault = Fault::KeyHoldsPasskey;
        stage::slot(&board, 1, &SlotState::Refused { fault }, None);
        stage::counts(&board, 6, 2);
        let mut view = board.view();
        view.counts.held = 2;
        view.unseen = 2;
        let call = Call {
            by: "ines".to_owned(),
            at: Timestamp(0),
        };
        view.calls.insert(Some(Slot(3)), call);
        let anchor = Anchor::new(Timestamp(0));
        let top = of(&view, anchor, Some(5 * MIB));
        assert_eq!(top.stops, 4);
        assert_eq!((top.all, top.percent), (11, 18));
        view.unseen = 0;
        let top_after = of(&view, anchor, None);
        assert_eq!(
            (top_after.stops, top_after.unseen),
            (2, false),
            "somebody has seen them"
        );
        assert!(top.disk_is_low && top.disk_mib == Some(5));
        assert_eq!(top.calls, [(Some(3), "ines".to_owned())]);
        assert_eq!(of(&View::default(), anchor, None).percent, 0);
    }
}
