//! Paper, the person at the bench, time and chance.

use std::time::Duration;

use crate::app::world::printer::{Accepted, PRINTER};
use crate::app::world::{Op, World};
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, Request};
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::{Outlet, Printing, Ticket};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{CancelFlag, Clock, Delivered, Entropy, Operator, Press};

/// Where the printer's letters are spooled, before the station was given another.
pub(crate) const SPOOL: &str = "/srv/spool";
/// And after that.
pub(crate) const NEW_SPOOL: &str = "/srv/new spool";

/// A sheet that left the press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) control: String,
    pub(crate) envelope: Envelope,
    pub(crate) recipient: String,
    pub(crate) pin: String,
    /// Whoever had it in hand has declared it void.
    pub(crate) is_void: bool,
    /// Somebody has scanned it, and was answered.
    pub(crate) is_scanned: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PressState {
    pub(crate) sheets: Vec<Sheet>,
    /// Sheets come out of a printer, by and by.
    pub(crate) prints: bool,
    /// The station prints elsewhere than its tickets say.
    pub(crate) moved: bool,
    /// Its trays are empty.
    pub(crate) lacks_paper: bool,
    /// The most sheets that lay in it at one time.
    pub(crate) most_at_once: usize,
    /// What that printer was handed over.
    pub(crate) accepted: Vec<Accepted>,
    /// The letters whose copies were removed, and the folders.
    pub(crate) forgotten: Vec<(String, ControlNumber)>,
    /// The letters of which copies lie in folders.
    pub(crate) kept: Vec<(String, ControlNumber)>,
    /// The folders that nobody can look into.
    pub(crate) unreadable: Vec<String>,
    /// How long the PINs of the letters were that were checked beforehand.
    pub(crate) checked: Vec<usize>,
    /// The press cannot tell whether a sheet came out.
    pub(crate) blind: bool,
    /// A character that the press has no glyph for.
    pub(crate) lacks: Option<char>,
}

/// A request for `user` under the policy `standard`.
pub(crate) fn request(user: &str) -> Request {
    Request {
        user: user.to_owned(),
        policy: "standard".to_owned(),
        name: Some("Anna Lang".to_owned()),
        ..Request::default()
    }
}

fn printer(uri: &str, spool: &str) -> Outlet {
    Outlet::Printer {
        uri: uri.to_owned(),
        spool: Some(spool.to_owned()),
    }
}

fn folder(path: &str) -> Outlet {
    Outlet::Folder {
        path: path.to_owned(),
    }
}

impl Press for World {
    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        let length = mailer.pin.code_points();
        self.call(Op::PressCheck, |state| match state.press.lacks {
            Some(character) if mailer.recipient.contains(character) => Err(Fault::Mailer {
                what: format!("no glyph for `{character}`"),
            }),
            Some(_) | None => {
                state.press.checked.push(length);
                Ok(())
            }
        })
    }

    fn prints(&self) -> bool {
        self.state().press.prints
    }

    fn can_take(&self) -> Result<(), Fault> {
        self.call(Op::CanTake, |_| Ok(()))
    }

    fn outlet(&self) -> Outlet {
        let state = self.state();
        match (state.press.prints, state.press.moved) {
            (true, false) => printer(PRINTER, SPOOL),
            (true, true) => printer("ipp://new.example/ipp/print", NEW_SPOOL),
            (false, false) => folder("letters"),
            (false, true) => folder("new letters"),
        }
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        self.outlet() == *outlet
    }

    fn serves(&self, _: &Ticket) -> bool {
        let state = self.state();
        state.press.prints && !state.press.moved
    }

    fn follow(&self, ticket: &Ticket) -> Result<Printing, Fault> {
        self.call(Op::Follow, |state| state.follow(ticket))
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        let state = self.state();
        if state.press.unreadable.iter().any(|one| one == folder) {
            let what = format!("{folder} is gone");
            return Err(Fault::Mailer { what });
        }
        let kept = state.press.kept.iter();
        let there = kept.filter(|(place, _)| place == folder);
        Ok(there.map(|(_, control)| *control).collect())
    }

    fn waiting(&self) -> Result<Vec<ControlNumber>, Fault> {
        self.call(Op::Waiting, |state| Ok(state.waiting()))
    }

    fn take_back(&self, control: &ControlNumber, _: Envelope) -> Result<(), Fault> {
        self.call(Op::TakeBack, |state| {
            state.take_back(&control.to_string());
            Ok(())
        })
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        self.call(Op::Forget, |state| {
            let forgotten = (folder.to_owned(), *control);
            state.press.kept.retain(|kept| *kept != forgotten);
            state.press.forgotten.push(forgotten);
            Ok(())
        })
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        self.call(Op::PressDeliver, |state| {
            let control = mailer.control.to_string();
            let accepted = state.press.accepted.iter().map(|accepted| &accepted.sheet);
            let mut known = state.press.sheets.iter().chain(accepted);
            if known.any(|sheet| sheet.control == control) {
                return Err(Fault::Mailer {
                    what: "this sheet is there already".to_owned(),
                });
            }
            let sheet = Sheet {
                control,
                envelope: mailer.envelope,
                recipient: mailer.recipient.clone(),
                pin: mailer.pin.reveal().to_owned(),
                is_void: false,
                is_scanned: false,
            };
            state.must_be_due(&sheet);
            if state.press.prints {
                return Ok(state.accept(sheet));
            }
            state.press.sheets.push(sheet);
            Ok(Delivered {
                place: "tray 1".to_owned(),
                ticket: None,
            })
        })
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        _: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        self.call(Op::WasDelivered, |state| {
            if state.press.blind {
                return Err(Fault::DeliveryUncertain);
            }
            let control = control.to_string();
            if state.press.prints {
                return state.remember(&control);
            }
            let there = state
                .press
                .sheets
                .iter()
                .any(|sheet| sheet.control == control);
            Ok(there.then(|| Delivered {
                place: "tray 1".to_owned(),
                ticket: None,
            }))
        })
    }
}

impl Operator for World {
    fn current_pin(&self, _: Slot, _: &str) -> Option<Pin> {
        self.state()
            .typed_pin
            .as_deref()
            .and_then(|text| Pin::new(text).ok())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp(self.state().now)
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 3, 2)
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let millis = i64::try_from(duration.as_millis()).expect("a short wait");
        let mut state = self.state();
        // Whoever waits for paper waits for a person, and turns without a rest meanwhile: hours would pass for everybody else
        // between two of their calls.
        if !state.press.lacks_paper {
            state.now += millis;
        }
        drop(state);
        // Others want to have a look at the world as well.
        std::thread::yield_now();
        !cancel.is_cancelled()
    }
}

impl Entropy for World {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        self.call(Op::Entropy, |state| {
            for byte in bytes {
                // A small generator (xorshift): the same world draws the same PINs.
                state.entropy ^= state.entropy << 13;
                state.entropy ^= state.entropy >> 7;
                state.entropy ^= state.entropy << 17;
                *byte = state.entropy.to_le_bytes()[3];
            }
            Ok(())
        })
    }
}
