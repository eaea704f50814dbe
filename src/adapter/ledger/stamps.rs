//! Notices when the clock was set back. It does the ledger no harm, since rows are ordered by their numbers; but whoever reads
//! their times should know.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// Milliseconds. A clock that is kept right goes back by less.
const CORRECTION_MILLIS_MAX: i64 = 5_000;

/// The latest stamp in the journal, and whether it was told that the clock is behind it.
pub(super) struct Stamps {
    latest: AtomicI64,
    told: AtomicBool,
}

impl Stamps {
    /// For a journal whose last row has this stamp.
    pub(super) fn new(latest: Timestamp) -> Self {
        Self {
            latest: AtomicI64::new(latest.0),
            told: AtomicBool::new(false),
        }
    }

    /// Takes the stamp of a row that is about to be written. Says once in the log when the clock was set back, and once more only
    /// when that happens again.
    pub(super) fn see(&self, at: Timestamp) {
        let latest = self.latest.fetch_max(at.0, Ordering::SeqCst);
        let behind = latest.saturating_sub(at.0);
        if behind <= CORRECTION_MILLIS_MAX {
            self.told.store(false, Ordering::SeqCst);
        } else if !self.told.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                seconds = behind / 1000,
                "the clock of this computer was set back: it is behind the last entry of the ledger. The order of entries is right, their times are not"
            );
        }
    }
}
