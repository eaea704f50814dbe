//! How far the auditor's walk is, for a bar. Decides nothing.

use super::Progress;

/// How far the walk is.
pub(super) struct Pace<'a> {
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) tell: Progress<'a>,
}

impl Pace<'_> {
    pub(super) fn step(&mut self) {
        self.done += 1;
        // A bar needs no more than this.
        if self.done.is_multiple_of(256) || self.done == self.total {
            (self.tell)(self.done, self.total);
        }
    }
}
