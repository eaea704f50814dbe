//! The bench on a terminal: bars where a terminal is, plain lines elsewhere, and the words that the operator types.
//!
//! It reads the board and asks the station for things; it decides nothing. A PIN is shown only where a policy asks for it, only
//! on a terminal, and is gone with the next change.

mod bars;
mod hands;
mod input;
mod keyboard;
mod lines;
mod progress;
mod table;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::app::board::Board;
use crate::app::station::Handle;

pub use crate::face::prompt::Prompt;
pub use progress::Progress;
pub use table::final_table;

/// How often the board is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(80);

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// stderr is a terminal: bars instead of lines.
    pub live: bool,
    /// stdin is the keyboard of that terminal.
    pub keyboard: bool,
    pub colour: bool,
}

impl Look {
    /// Looks at the terminal and its environment.
    pub fn detect() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let live = io::stderr().is_terminal() && !dumb;
        Self {
            live,
            keyboard: live && io::stdin().is_terminal(),
            colour: live && !plain,
        }
    }
}

/// The view and the keyboard, each on a thread of its own, until [`Terminal::stop`].
///
/// While it lives on a terminal, typed characters are not echoed by the system: it must be stopped, or dropped, before the
/// process ends.
#[must_use = "the terminal stays without echo until it is stopped"]
pub struct Terminal {
    stop: Sender<()>,
    view: Option<JoinHandle<()>>,
    typing: Option<JoinHandle<()>>,
    over: Arc<AtomicBool>,
    prompt: Arc<Prompt>,
}

impl Terminal {
    /// Shows `board` and passes on to `station` what the operator types. `prompt` is the same that the station's ports have.
    pub fn start(board: Arc<Board>, station: Handle, look: Look, prompt: Arc<Prompt>) -> Self {
        let (stop, stopped) = channel();
        let (tell, told) = channel();
        let over = Arc::new(AtomicBool::new(false));
        let typed = Arc::new(input::Typed::default());
        let typing = input::start(input::Desk {
            board: Arc::clone(&board),
            station,
            look,
            prompt: Arc::clone(&prompt),
            typed: Arc::clone(&typed),
            tell,
            over: Arc::clone(&over),
            named: hands::Named::default(),
        });
        let asked = Arc::clone(&prompt);
        let view = thread::spawn(move || show(&board, look, &typed, &asked, &told, &stopped));
        Self {
            stop,
            view: Some(view),
            typing: Some(typing),
            over,
            prompt,
        }
    }

    /// Shows the last state, gives the terminal back as it was, and ends.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        self.prompt.close();
        // A view that has ended already is what we want.
        let _ = self.stop.send(());
        for thread in [self.view.take(), self.typing.take()].into_iter().flatten() {
            drop(thread.join());
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.end();
    }
}

fn show(
    board: &Board,
    look: Look,
    typed: &input::Typed,
    prompt: &Prompt,
    told: &Receiver<String>,
    stopped: &Receiver<()>,
) {
    let mut bars = look.live.then(|| bars::Bars::new(look.colour));
    let mut lines = lines::Lines::new(TimeZone::system());
    loop {
        let last = stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout);
        let mut said = lines.news(&board.take_news());
        said.extend(told.try_iter().map(|line| lines.stamp(&line)));
        match &mut bars {
            Some(bars) => {
                said.extend(lines.stops(board));
                bars.say(&said);
                bars.draw(board, &typed.shown(), &prompt.asking());
            }
            None => {
                said.extend(lines.changes(board));
                lines::print(&said);
            }
        }
        if last {
            break;
        }
    }
    if let Some(bars) = bars {
        bars.finish();
    }
}

#[cfg(test)]
mod tests;
