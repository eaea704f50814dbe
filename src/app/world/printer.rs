//! A printer: what it was handed over, what lies in its tray, and what it says of that, which is not always the truth.

use crate::app::world::desk::Sheet;
use crate::app::world::{Op, State};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Printing, Ticket};
use crate::port::Delivered;

/// The URI of the printer, before the station was given another.
pub(super) const PRINTER: &str = "ipp://printer.example/ipp/print";

/// A sheet that the printer has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) sheet: Sheet,
    /// It came out.
    pub(super) is_out: bool,
    /// The printer still knows of it. What it has forgotten may be another's number by now.
    pub(crate) is_known: bool,
}

/// What becomes of a sheet each time somebody asks.
#[derive(Clone, Copy)]
enum Fate {
    ComesOut,
    WaitsForPaper,
    NoAnswer,
    AbortedOnPaper,
    AbortedBefore,
    /// The bytes went nowhere, and the printer calls that done.
    OnPaperItSays,
}

const FATES: [Fate; 6] = [
    Fate::ComesOut,
    Fate::WaitsForPaper,
    Fate::NoAnswer,
    Fate::AbortedOnPaper,
    Fate::AbortedBefore,
    Fate::OnPaperItSays,
];

/// What whoever asks for a sheet after an interruption may find.
#[derive(Clone, Copy)]
enum Memory {
    Whole,
    NoAnswer,
    /// The printer has started anew: what it had came out, or did not, and is forgotten.
    LostOnPaper,
    LostBefore,
}

const MEMORIES: [Memory; 4] = [
    Memory::Whole,
    Memory::NoAnswer,
    Memory::LostOnPaper,
    Memory::LostBefore,
];

pub(super) fn away() -> Fault {
    Fault::PrinterAway {
        what: "it does not answer".to_owned(),
    }
}

fn ticket(job: usize) -> Ticket {
    Ticket {
        printer: PRINTER.to_owned(),
        job: i32::try_from(job).expect("few sheets"),
        uuid: None,
        name: format!("keyline {job}"),
    }
}

fn delivered(job: usize) -> Delivered {
    Delivered {
        place: "printer.example".to_owned(),
        ticket: Some(ticket(job)),
    }
}

impl State {
    pub(super) fn accept(&mut self, sheet: Sheet) -> Delivered {
        self.press.accepted.push(Accepted {
            sheet,
            is_out: false,
            is_known: true,
        });
        let inside = self.press.accepted.iter();
        let inside = inside.filter(|one| one.is_known && !one.is_out).count();
        self.press.most_at_once = self.press.most_at_once.max(inside);
        delivered(self.press.accepted.len() - 1)
    }

    pub(super) fn follow(&mut self, ticket: &Ticket) -> Result<Printing, Fault> {
        let job = usize::try_from(ticket.job).expect("a number of ours");
        let unknown = || Printing::Unknown {
            why: "aborted by the system".to_owned(),
        };
        if !self.press.accepted[job].is_known {
            return Ok(unknown());
        }
        if self.press.accepted[job].is_out {
            return Ok(Printing::OnPaper);
        }
        if self.press.lacks_paper {
            return Ok(Printing::Underway {
                waits_for: Some("paper in tray 2".to_owned()),
            });
        }
        let fate = FATES[self.weather.choose(Op::Follow, FATES.len())];
        match fate {
            Fate::ComesOut => {
                self.comes_out(job);
                Ok(Printing::OnPaper)
            }
            Fate::WaitsForPaper => Ok(Printing::Underway {
                waits_for: Some("paper in tray 2".to_owned()),
            }),
            Fate::NoAnswer => Err(away()),
            Fate::AbortedOnPaper => {
                self.comes_out(job);
                self.press.accepted[job].is_known = false;
                Ok(unknown())
            }
            Fate::AbortedBefore => {
                self.press.accepted[job].is_known = false;
                Ok(unknown())
            }
            Fate::OnPaperItSays => {
                self.press.accepted[job].is_known = false;
                Ok(Printing::OnPaper)
            }
        }
    }

    pub(super) fn remember(&mut self, control: &str) -> Result<Option<Delivered>, Fault> {
        let mut accepted = self.press.accepted.iter();
        let job = accepted.position(|one| one.sheet.control == control);
        let memory = MEMORIES[self.weather.choose(Op::WasDelivered, MEMORIES.len())];
        match (memory, job) {
            (Memory::NoAnswer, _) => Err(away()),
            (Memory::Whole, None) => Ok(None),
            (Memory::Whole, Some(job)) if self.press.accepted[job].is_known => {
                Ok(Some(delivered(job)))
            }
            (Memory::LostOnPaper, Some(job)) => {
                self.comes_out(job);
                self.press.accepted[job].is_known = false;
                Err(Fault::DeliveryUncertain)
            }
            (Memory::LostBefore, Some(job)) => {
                self.press.accepted[job].is_known = false;
                Err(Fault::DeliveryUncertain)
            }
            (Memory::Whole, Some(_)) | (Memory::LostOnPaper | Memory::LostBefore, None) => {
                Err(Fault::DeliveryUncertain)
            }
        }
    }

    /// A letter with this number waits in it, whosever it is.
    pub(crate) fn lay_in(&mut self, control: &str) {
        self.accept(Sheet {
            control: control.to_owned(),
            envelope: Envelope(1),
            recipient: "Anna Lang".to_owned(),
            pin: control.to_owned(),
            is_void: false,
            is_scanned: false,
        });
    }

    /// What has not come out yet and may.
    pub(super) fn waiting(&self) -> Vec<ControlNumber> {
        let inside = self.press.accepted.iter();
        let inside = inside.filter(|one| one.is_known && !one.is_out);
        let numbers = inside.map(|one| ControlNumber::parse(&one.sheet.control));
        numbers.map(|number| number.expect("a number")).collect()
    }

    /// What has not come out never will.
    pub(super) fn take_back(&mut self, control: &str) {
        for one in &mut self.press.accepted {
            one.is_known &= one.is_out || one.sheet.control != control;
        }
    }

    /// Somebody puts paper in: what waits comes out, whether anybody asks for it or not.
    pub(crate) fn feed(&mut self) {
        self.press.lacks_paper = false;
        for job in 0..self.press.accepted.len() {
            if self.press.accepted[job].is_known {
                self.comes_out(job);
            }
        }
    }

    /// What no honest printer does.
    pub(crate) fn print_once_more(&mut self, ticket: &Ticket) {
        let job = usize::try_from(ticket.job).expect("a number of ours");
        let sheet = self.press.accepted[job].sheet.clone();
        self.press.sheets.push(sheet);
        self.no_pin_twice();
    }

    fn comes_out(&mut self, job: usize) {
        if !std::mem::replace(&mut self.press.accepted[job].is_out, true) {
            let sheet = self.press.accepted[job].sheet.clone();
            self.press.sheets.push(sheet);
        }
    }

    /// A sheet is printed only for the letter that the journal is about, and no PIN stands on two of them.
    pub(super) fn must_be_due(&mut self, sheet: &Sheet) {
        let due = self.running.is_none_or(|job| {
            let state = self.ledger.state_of(job);
            state.may_confirm(&sheet.control) && state.held().is_none()
        });
        if !due {
            let control = &sheet.control;
            self.broken
                .push(format!("I5: {control} is printed, and no journal wants it"));
        }
    }

    pub(super) fn no_pin_twice(&mut self) {
        let sheets = &self.press.sheets;
        let twice = sheets
            .iter()
            .enumerate()
            .any(|(at, sheet)| sheets[..at].iter().any(|other| other.pin == sheet.pin));
        if twice {
            self.broken.push("I5: two sheets carry one PIN".to_owned());
        }
    }
}
