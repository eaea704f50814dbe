//! A bar for work that takes longer than a person likes to wait without a sign. Quiet where there is no terminal.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter work needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far some work is. The bar goes away with the value.
pub struct Progress {
    title: &'static str,
    live: bool,
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For work that begins now.
    pub fn begin(title: &'static str) -> Self {
        Self {
            title,
            live: io::stderr().is_terminal(),
            begun: Instant::now(),
            bar: None,
        }
    }

    /// So much of so much is done.
    pub fn step(&mut self, done: u64, total: u64) {
        if !self.live || (self.bar.is_none() && self.begun.elapsed() < PATIENCE) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg} [{bar:30}] {percent:>3} %")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("=>.");
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.set_style(style);
            bar.set_message(self.title);
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
