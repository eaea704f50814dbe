//! What chance does to single calls: the network loses them or their replies, the press jams, a hand pulls the key, the list
//! lags. A script decides each, so that every course can be walked.

use crate::app::world::printer::away;
use crate::app::world::{Op, State, When};
use crate::domain::fault::Fault;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Fine,
    LostBefore,
    ReplyLost,
    Lags,
    ReplyLostAndLags,
}

const TURNS: [Turn; 5] = [
    Turn::Fine,
    Turn::LostBefore,
    Turn::ReplyLost,
    Turn::Lags,
    Turn::ReplyLostAndLags,
];

/// The weather of one life of the program. The default is fine weather.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// Calls that may go wrong.
    pub(crate) ops: &'static [Op],
    /// Seconds until a method shows in the list where it lags; 0: it never does.
    pub(crate) lag: i64,
    /// How many calls may still go wrong.
    pub(crate) troubles: usize,
    /// What becomes of the calls, in their order; after its end all is fine.
    pub(crate) script: Vec<usize>,
    /// Between how many courses there was a choice at each of them.
    pub(crate) asked: Vec<usize>,
}

impl Weather {
    pub(super) fn turn(&mut self, op: Op) -> Turn {
        // A printer has ways of its own.
        if matches!(op, Op::Follow | Op::WasDelivered) {
            return Turn::Fine;
        }
        let lags = op == Op::Post && self.lag > 0;
        TURNS[self.choose(op, if lags { 5 } else { 3 })]
    }

    /// Which of so many courses a call takes; the first of them is the good one.
    pub(super) fn choose(&mut self, op: Op, courses: usize) -> usize {
        if self.troubles == 0 || !self.ops.contains(&op) {
            return 0;
        }
        let choice = self.script.get(self.asked.len()).copied().unwrap_or(0);
        self.asked.push(courses);
        if choice > 0 {
            self.troubles -= 1;
        }
        choice
    }

    pub(super) fn lag_of(&self, turn: Turn) -> Option<i64> {
        matches!(turn, Turn::Lags | Turn::ReplyLostAndLags).then_some(self.lag)
    }

    /// The scripts that differ from this one, which was just walked, in what comes after its end.
    pub(crate) fn further(&self) -> Vec<Vec<usize>> {
        let mut further = Vec::new();
        for at in self.script.len()..self.asked.len() {
            for choice in 1..self.asked[at] {
                let mut script = self.script.clone();
                script.resize(at, 0);
                script.push(choice);
                further.push(script);
            }
        }
        further
    }
}

impl State {
    /// A call, or the reply to it, goes astray.
    pub(super) fn lost(&mut self, op: Op, when: When) -> Fault {
        let fault = match (op, when) {
            (Op::PressDeliver, When::Before) if self.press.prints => away(),
            (Op::PressDeliver, When::Before) => Fault::Mailer {
                what: "the paper has jammed".to_owned(),
            },
            _ => op.dead(),
        };
        // A key does not answer because somebody pulled it.
        if fault == Fault::KeyGone {
            let slots: Vec<u16> = self.slots.keys().copied().collect();
            for slot in slots {
                if let Some(key) = self.slots.remove(&slot) {
                    self.keys[key].power_up();
                }
            }
            self.version += 1;
        }
        fault
    }
}
