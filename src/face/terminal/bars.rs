//! The bench on a terminal: per slot one line in big words with its bar and one that says why, then the queue, then what is typed.

use std::collections::BTreeMap;
use std::io;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::board::{Board, Counts, SlotView};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::station::signal::SlotState;
use crate::face::prompt::Wanted;
use crate::face::say::clean::{fit, pad};
use crate::face::say::news::count;
use crate::face::say::slot::{self, Tone, Words};
use crate::face::say::stock;

/// Columns of a terminal that does not tell.
const WIDTH_DEFAULT: usize = 80;
/// Rows of a terminal that does not tell.
const ROWS_DEFAULT: usize = 24;
const BIG_WIDTH: usize = 22;
const SLOT_WIDTH: usize = 8;
/// Rows below the slots, and one to spare.
const ROWS_BELOW: usize = 4;

struct Pair {
    big: ProgressBar,
    small: ProgressBar,
}

/// The live view.
pub(super) struct Bars {
    all: MultiProgress,
    slots: BTreeMap<Slot, Pair>,
    queue: ProgressBar,
    typed: ProgressBar,
    colour: bool,
}

impl Bars {
    pub(super) fn new(colour: bool) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let queue = all.add(bar("{bar:20} {msg}", 1));
        let typed = all.add(bar("{msg}", 1));
        Self {
            all,
            slots: BTreeMap::new(),
            queue,
            typed,
            colour,
        }
    }

    /// Lines that stay, above the bars.
    pub(super) fn say(&self, lines: &[String]) {
        for line in lines {
            // A terminal that has gone stops no station.
            drop(self.all.println(line));
        }
    }

    pub(super) fn draw(&mut self, board: &Board, typed: &str, asking: &[Wanted]) {
        let view = board.view();
        let (width, rows) = size();
        let wanted = view.slots.len().saturating_mul(2);
        let roomy = rows >= wanted.saturating_add(ROWS_BELOW);
        for (number, slot) in &view.slots {
            self.add(*number);
            let words = match asking.iter().find(|wanted| wanted.slot == *number) {
                Some(wanted) => asking_pin(*number, &wanted.person),
                None => slot::words(*number, slot),
            };
            if let Some(pair) = self.slots.get(number) {
                let mut below = roomy.then(|| words.small.clone());
                board.with_shown_pin(*number, |pin| {
                    below = Some(format!("PIN  {}", pin.reveal()));
                });
                draw_slot(pair, slot, &words, below.as_deref(), width, self.colour);
            }
        }
        self.draw_queue(view.counts, width);
        let typed = if typed.is_empty() {
            String::new()
        } else {
            format!("> {typed}")
        };
        set(&self.typed, fit(&typed, width));
    }

    /// Takes the bars away: nothing that was shown only for the moment stays on the screen.
    pub(super) fn finish(self) {
        for pair in self.slots.values() {
            pair.big.finish_and_clear();
            pair.small.finish_and_clear();
        }
        self.queue.finish_and_clear();
        self.typed.finish_and_clear();
        drop(self.all.clear());
    }

    fn add(&mut self, slot: Slot) {
        if self.slots.contains_key(&slot) {
            return;
        }
        // Slots stand in the order of their numbers, whatever order their first keys came in.
        let at = self.slots.range(..slot).count().saturating_mul(2);
        let big = self.all.insert(at, bar("{prefix} {bar:6} {msg}", STEPS));
        big.set_prefix(pad(&slot.to_string(), SLOT_WIDTH));
        let small = self.all.insert(at.saturating_add(1), bar("{msg}", 1));
        self.slots.insert(slot, Pair { big, small });
    }

    fn draw_queue(&self, counts: Counts, width: usize) {
        let all = [counts.waiting, counts.under_way, counts.held, counts.done]
            .into_iter()
            .fold(0, usize::saturating_add);
        self.queue
            .set_length(u64::try_from(all.max(1)).unwrap_or(u64::MAX));
        self.queue
            .set_position(u64::try_from(counts.done).unwrap_or(u64::MAX));
        let mut line = format!(
            "{} done, {} under way, {} waiting, {} held",
            counts.done, counts.under_way, counts.waiting, counts.held
        );
        for (letters, what) in [(counts.to_print, "print"), (counts.to_confirm, "confirm")] {
            if letters > 0 {
                let letters = count(letters, "letter");
                line.push_str(&format!(", {letters} to {what}"));
            }
        }
        if let Some(spare) = counts.spare {
            line.push_str(&format!(", {}", stock::spare(spare)));
        }
        set(&self.queue, fit(&line, width.saturating_sub(21)));
    }
}

const STEPS: u64 = 6;

/// How far a step is along the way.
const fn progress(step: Step) -> u64 {
    match step {
        Step::Reset => 0,
        Step::SetPin | Step::ChangePin => 1,
        Step::MakeCredential => 2,
        Step::Register => 3,
        Step::Configure => 4,
        Step::Bag | Step::Deliver => 5,
    }
}

fn draw_slot(
    pair: &Pair,
    view: &SlotView,
    words: &Words,
    below: Option<&str>,
    width: usize,
    colour: bool,
) {
    let done = matches!(view.state, SlotState::Done { .. });
    let along = if done {
        STEPS
    } else {
        view.step.map_or(0, progress)
    };
    pair.big.set_position(along);
    let who = match &view.case {
        Some(case) => format!(
            "{}  {}",
            pad(&case.person, 24),
            fit(&slot::number(case), 16)
        ),
        None => String::new(),
    };
    let busy = view.case.is_some() && !done;
    let seconds = if busy {
        format!("  {} s", view.since.elapsed().as_secs())
    } else {
        String::new()
    };
    let rest = width.saturating_sub(BIG_WIDTH.saturating_add(20));
    // Where there is no room below, the reason stands behind.
    let behind = match below {
        Some(_) => fit(&format!("{who}{seconds}"), rest),
        None => fit(&format!("{who}{seconds}  {}", words.small), rest),
    };
    let big = paint(
        &pad(&words.big.to_uppercase(), BIG_WIDTH),
        words.tone,
        colour,
    );
    set(&pair.big, format!("{} {big} {behind}", mark(words.tone)));
    let small = below.map_or_else(String::new, |below| {
        fit(&format!("{:9}{below}", ""), width.saturating_sub(1))
    });
    set(&pair.small, small);
}

fn asking_pin(slot: Slot, person: &str) -> Words {
    Words {
        tone: Tone::Act,
        big: format!("type: pin {}", slot.0),
        small: format!(
            "Then a space, the PIN that this key has now, and Enter. It is for {person}. Without it: `pin {} -`",
            slot.0
        ),
    }
}

/// The tone as a sign, so that no colour is needed.
const fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Free => " ",
        Tone::Works => ".",
        Tone::Act => ">",
        Tone::Waits => "~",
        Tone::Stop => "!",
        Tone::Done => "+",
    }
}

fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let code = match tone {
        Tone::Free => "2",
        Tone::Works => "0",
        Tone::Act => "1;33",
        Tone::Waits => "36",
        Tone::Stop => "1;31",
        Tone::Done => "1;32",
    };
    if colour {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

fn bar(template: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=>.");
    ProgressBar::new(length).with_style(style)
}

/// Sets the text, and has it drawn only when it is another.
fn set(bar: &ProgressBar, text: String) {
    if bar.message() != text {
        bar.set_message(text);
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    rustix::termios::tcgetwinsize(io::stderr()).map_or((WIDTH_DEFAULT, ROWS_DEFAULT), |size| {
        let or = |value: u16, default| match value {
            0 => default,
            value => usize::from(value),
        };
        (
            or(size.ws_col, WIDTH_DEFAULT),
            or(size.ws_row, ROWS_DEFAULT),
        )
    })
}
