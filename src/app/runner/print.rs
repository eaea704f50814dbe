//! The sheet: handed over once, followed until the device has done with it, confirmed by whoever the policy names.
//!
//! Never prints a letter that may be there already, and never asks a printer again about a sheet of which nobody can tell.

use std::time::Duration;

use crate::app::board::{News, Standstill};
use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::perform::Prepared;
use crate::app::spooled;
use crate::domain::enrollment::Command;
use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Confirm, Printing, Sheet, Ticket};
use crate::domain::station::signal::Ending;
use crate::port::Delivered;

/// How long after a sheet was handed over the printer is asked first; then each time for twice as long.
const FOLLOW_MIN: Duration = Duration::from_millis(250);
/// The longest pause between two questions. There is no end to them: whoever fills in paper may come after lunch.
const FOLLOW_MAX: Duration = Duration::from_secs(1);
/// Where a sheet is that was found after an interruption.
const FOUND: &str = "found after an interruption";

impl Run<'_> {
    /// Whether what comes next is the printer's: the slot is for the next key then.
    pub(super) fn leaves_the_slot(&self, command: &Command) -> bool {
        let paper = matches!(
            command,
            Command::Run(Step::Deliver)
                | Command::Probe(Step::Deliver)
                | Command::Await(Step::Deliver)
        );
        paper && self.hand.is_some() && self.bench.ports.press.prints()
    }

    /// The number of the sheet. A printer that takes nothing just now leaves no trace in the journal.
    pub(super) fn prepare_sheet(&mut self) -> Result<Prepared, Fault> {
        let press = &self.bench.ports.press;
        press.can_take()?;
        if press.prints() {
            self.bench.board.set_standstill(None);
        }
        self.take_void_letters_back();
        let control = self.draw_control()?.to_string();
        let outlet = Some(press.outlet());
        Ok((Intent::Deliver { control, outlet }, None))
    }

    /// The one effect of the step.
    pub(super) fn hand_over(&mut self) -> Result<(), Ending> {
        let control = self.control()?;
        let delivered = self
            .pin_on_key()
            .and_then(|pin| self.mailer(&control, pin))
            .and_then(|mailer| self.bench.ports.press.deliver(&mailer));
        match delivered {
            Ok(delivered) => self.handed_over(control, delivered),
            Err(Fault::DeliveryUncertain) if self.bench.ports.press.prints() => {
                self.after_a_lost_reply(control)
            }
            Err(fault) => self.settle(Step::Deliver, Outcome::failed(fault)),
        }
    }

    fn handed_over(&mut self, control: String, delivered: Delivered) -> Result<(), Ending> {
        match delivered.ticket {
            Some(ticket) => self.note_sheet(control, Sheet::Accepted { ticket }),
            None if self.is_device_enough() => self.confirm(control, delivered.place),
            None => self.is_on_paper(control),
        }
    }

    /// The printer may have taken it. When it knows the sheet, it is followed; otherwise the request may still be on its way, so
    /// that not to be known proves nothing.
    fn after_a_lost_reply(&mut self, control: String) -> Result<(), Ending> {
        match self.whereabouts(&control) {
            Ok(Some(delivered)) => self.handed_over(control, delivered),
            Ok(None) | Err(Fault::DeliveryUncertain) => {
                self.is_unknown(control, "the printer did not answer")
            }
            Err(fault) => self.settle(Step::Deliver, Outcome::Doubt(fault)),
        }
    }

    /// A sheet was, or may have been, handed over before: what the journal knows of it decides what is asked.
    pub(super) fn look_after_sheet(&mut self) -> Result<(), Ending> {
        let control = self.control()?;
        match self.enrollment.sheet().cloned() {
            Some(Sheet::Accepted { ticket }) => self.follow(control, &ticket),
            // Its number may be another job's by now, so no printer is asked any more.
            Some(Sheet::Unknown { .. }) => self.leave_in_doubt(Fault::DeliveryUncertain),
            Some(Sheet::OnPaper) => Err(Ending::Awaits(Step::Deliver)),
            None => match self.whereabouts_after_a_cut(&control) {
                Ok(Some(delivered)) => {
                    let place = FOUND.to_owned();
                    self.handed_over(control, Delivered { place, ..delivered })
                }
                Ok(None) => self.settle(Step::Deliver, Outcome::NotDone(Fault::Interrupted)),
                Err(Fault::DeliveryUncertain) if self.bench.ports.press.prints() => {
                    self.is_unknown(control, "the printer cannot tell after an interruption")
                }
                Err(fault) => self.settle(Step::Deliver, Outcome::Doubt(fault)),
            },
        }
    }

    /// Until the device has done with the sheet, however long that takes.
    fn follow(&mut self, control: String, ticket: &Ticket) -> Result<(), Ending> {
        let (ports, board) = (self.bench.ports, self.bench.board);
        let mut pause = FOLLOW_MIN;
        loop {
            match ports.press.follow(ticket) {
                Ok(Printing::OnPaper) => {
                    board.set_standstill(None);
                    return self.is_on_paper(control);
                }
                Ok(Printing::Unknown { why }) => {
                    board.set_standstill(None);
                    return self.is_unknown(control, &why);
                }
                Ok(Printing::Underway { waits_for }) => {
                    board.set_standstill(waits_for.map(Standstill::WaitsFor));
                }
                Err(Fault::PrinterAway { what }) => {
                    board.set_standstill(Some(Standstill::Away(what)));
                }
                Err(fault) => return self.leave_in_doubt(fault),
            }
            if !ports.clock.wait(pause, self.bench.cancel) {
                return Err(Ending::Stopped(Fault::Cancelled));
            }
            pause = pause.saturating_mul(2).min(FOLLOW_MAX);
        }
    }

    fn is_on_paper(&mut self, control: String) -> Result<(), Ending> {
        self.note_sheet(control, Sheet::OnPaper)?;
        if !self.is_device_enough() {
            self.bench.board.announce(News::LetterOut {
                envelope: self.job.envelope.to_string(),
                by: self.policy.confirmation(),
            });
        }
        Ok(())
    }

    fn is_unknown(&mut self, control: String, why: &str) -> Result<(), Ending> {
        let why = why.to_owned();
        tracing::warn!(
            job = self.job.id.0,
            why,
            "nobody can tell whether the letter came out"
        );
        self.note_sheet(control, Sheet::Unknown { why })
    }

    fn note_sheet(&mut self, control: String, sheet: Sheet) -> Result<(), Ending> {
        let printed = Happening::Printed { control, sheet };
        self.record(printed, None, &Outcome::plain())
    }

    /// Whether nobody has to look at the sheet.
    pub(super) fn is_device_enough(&self) -> bool {
        self.policy.confirmation() == Confirm::Device
    }

    /// The device says that the sheet is there, and that is enough for the policy.
    pub(super) fn take_its_word(&mut self) -> Result<(), Ending> {
        let control = self.control()?;
        let printer = self.enrollment.ticket().map(|ticket| &ticket.printer);
        let target = printer.map_or_else(|| FOUND.to_owned(), Clone::clone);
        self.confirm(control, target)
    }

    fn confirm(&mut self, control: String, target: String) -> Result<(), Ending> {
        let evidence = Evidence::Delivered {
            control,
            target,
            confirmed: Some(Confirm::Device),
        };
        self.settle(Step::Deliver, Outcome::done(evidence))
    }

    /// The letter is confirmed, or an earlier one void: nobody needs its copy any more. What is left of it is told, and stops nothing.
    pub(super) fn forget_sheet(&self) {
        let ports = self.bench.ports;
        let cleared = spooled::clear(ports.ledger.as_ref(), ports.press.as_ref(), self.job.id);
        if let Err(fault) = cleared {
            tracing::warn!(job = self.job.id.0, fault = %fault.brief(), "the copy of a letter is left");
            let what = fault.to_string();
            self.bench.board.announce(News::Trouble { what });
        }
    }

    /// "Certainly not" is believed of the very place that the sheet was to go to, and of no other.
    fn whereabouts_after_a_cut(&self, control: &str) -> Result<Option<Delivered>, Fault> {
        match self.enrollment.outlet() {
            Some(outlet) if self.bench.ports.press.reaches(outlet) => self.whereabouts(control),
            Some(_) => Err(Fault::DeliveryUncertain),
            // The journal of an older version does not say where: today's place may still find it.
            None => match self.whereabouts(control)? {
                None => Err(Fault::DeliveryUncertain),
                found => Ok(found),
            },
        }
    }

    fn whereabouts(&self, control: &str) -> Result<Option<Delivered>, Fault> {
        let control = parsed(control)?;
        let envelope = self.job.envelope;
        self.bench.ports.press.whereabouts(&control, envelope)
    }

    /// The number of the sheet in doubt.
    fn control(&mut self) -> Result<String, Ending> {
        let control = self.enrollment.unconfirmed().map(str::to_owned);
        control.ok_or_else(|| {
            Ending::Stopped(Fault::Internal {
                what: "a letter in doubt without a number".to_owned(),
            })
        })
    }
}

fn parsed(control: &str) -> Result<ControlNumber, Fault> {
    ControlNumber::parse(control).map_err(|wrong| Fault::Ledger {
        what: wrong.to_string(),
    })
}
