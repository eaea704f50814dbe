//! A bar for work of a command that takes longer than a moment. On a terminal alone; elsewhere nothing is shown.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Work that consists of so many pieces. Its bar goes when it is dropped.
pub struct Progress {
    begun: Instant,
    bar: ProgressBar,
    shown: bool,
}

impl Progress {
    /// Work on `total` pieces, called `what`.
    pub fn begin(what: &'static str, total: usize) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(u64::try_from(total).unwrap_or(u64::MAX)),
            ProgressDrawTarget::hidden(),
        );
        bar.set_prefix(what);
        // A template that does not fit would be a defect of ours; the plain bar does as well.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self {
            begun: Instant::now(),
            bar,
            shown: false,
        }
    }

    /// There are so many, as it turned out.
    pub fn of(&mut self, total: usize) {
        self.bar
            .set_length(u64::try_from(total).unwrap_or(u64::MAX));
    }

    /// So many pieces are done.
    pub fn reached(&mut self, done: usize) {
        self.show();
        self.bar.set_message("");
        self.bar
            .set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    /// Why it does not go on just now.
    pub fn waits(&mut self, why: String) {
        self.show();
        self.bar.set_message(why);
    }

    fn show(&mut self) {
        if !self.shown && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            // Where stderr is no terminal this stays hidden.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
