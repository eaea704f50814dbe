//! The letter within the enrollment: what may be said of its sheet, who may confirm it, what leaves the bench afterwards.
//!
//! # Why
//! A sheet moves in one direction only. What nobody can tell stays so, whatever a printer says later: its number may belong to
//! another job by then. And what is void is never confirmed.

use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Leaving, Outlet, Sheet, Ticket};

impl Enrollment {
    /// The sheet of this attempt, once a printer has it.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheet.as_ref()
    }

    /// What the printer knows the sheet of this attempt by, also once it is on paper.
    pub fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    /// Why nobody can tell what became of the sheet of this attempt, as the printer told it.
    pub fn doubt(&self) -> Option<&str> {
        match &self.sheet {
            Some(Sheet::Unknown { why }) => Some(why),
            Some(Sheet::Accepted { .. } | Sheet::OnPaper) | None => None,
        }
    }

    /// Why the sheet of this attempt is void.
    pub fn spoiled(&self) -> Option<&str> {
        self.spoiled.as_deref()
    }

    /// Whether the sheet of this attempt is void before anybody has confirmed it: only another PIN and another letter help.
    pub fn is_void(&self) -> bool {
        self.spoiled.is_some() && self.unconfirmed().is_some()
    }

    /// Whether the sheet with this number, which was drawn for this job, counts for nothing, whyever: wherever it still waits, it must
    /// not come out any more.
    pub fn is_void_sheet(&self, control: &ControlNumber) -> bool {
        // Compared as numbers: older journals have them in groups.
        let is_it = |text: Option<&str>| {
            text.is_some_and(|text| ControlNumber::parse(text).as_ref() == Ok(control))
        };
        let counts = is_it(self.unconfirmed()) || is_it(self.delivered());
        !counts || self.spoiled.is_some()
    }

    /// Whether this left the bench, once the job was done.
    pub fn has_left(&self, what: Leaving) -> bool {
        self.left.contains(&what)
    }

    /// The control number of the sheet that is printed just now, or waits for its confirmation.
    pub fn unconfirmed(&self) -> Option<&str> {
        match &self.phase {
            Phase::InDoubt(Intent::Deliver { control, .. }) => Some(control),
            Phase::InDoubt(Intent::Plain | Intent::Register { .. })
            | Phase::AwaitingKey { .. }
            | Phase::Ready
            | Phase::Cancelled => None,
        }
    }

    /// Where the sheet went, or was about to go, that is printed just now or waits for its confirmation; `None` also in the journals
    /// of older versions.
    pub fn outlet(&self) -> Option<&Outlet> {
        match &self.phase {
            Phase::InDoubt(Intent::Deliver { outlet, .. }) => outlet.as_ref(),
            Phase::InDoubt(Intent::Plain | Intent::Register { .. })
            | Phase::AwaitingKey { .. }
            | Phase::Ready
            | Phase::Cancelled => None,
        }
    }

    /// Whether a person with the sheet in hand may confirm it: it was handed over, and is not void.
    pub fn may_confirm(&self, control: &str) -> bool {
        self.unconfirmed() == Some(control) && self.spoiled.is_none()
    }

    /// Whether the sheet with this number can be declared void: it may exist, and has not left the house.
    pub fn may_spoil(&self, control: &str) -> bool {
        self.spoiled.is_none()
            && match &self.phase {
                Phase::InDoubt(_) => self.unconfirmed() == Some(control),
                Phase::Ready => {
                    self.current().is_none()
                        && self.delivered.as_deref() == Some(control)
                        && !self.has_left(Leaving::LetterDispatched)
                        && !self.handed_over
                }
                Phase::AwaitingKey { .. } | Phase::Cancelled => false,
            }
    }

    /// Whether this may leave the bench now. The bag goes before its letter, where the key has one, and no letter goes without
    /// its envelope; what is void stays.
    pub fn may_leave(&self, what: Leaving) -> bool {
        let done = self.is_finished() && !self.handed_over && self.retired.is_none();
        let has_letter = self.delivered.is_some() && self.spoiled.is_none();
        let has_bag = self.plan.steps.contains(&Step::Bag);
        done && !self.has_left(what)
            && match what {
                // It goes into its envelope before it leaves, so afterwards nobody can say so any more.
                Leaving::LetterEnveloped => has_letter && !self.has_left(Leaving::LetterDispatched),
                Leaving::BagDispatched => has_bag,
                Leaving::LetterDispatched => {
                    has_letter
                        && self.has_left(Leaving::LetterEnveloped)
                        && (!has_bag || self.has_left(Leaving::BagDispatched))
                }
            }
    }

    /// The bag, the sheet, and what leaves the bench; `None` when it cannot follow.
    pub(super) fn fold_paper(&mut self, happening: &Happening) -> Option<()> {
        match happening {
            Happening::Bagged => {
                let due = self.phase == Phase::Ready && self.current() == Some(Step::Bag);
                due.then(|| self.at = self.at.saturating_add(1))
            }
            Happening::Printed { control, sheet } => {
                let may = self.may_be_printed(control, sheet);
                may.then(|| self.print(sheet))
            }
            Happening::Spoiled { control, reason } => {
                self.may_spoil(control).then(|| self.spoil(reason))
            }
            Happening::Left { what } => self.may_leave(*what).then(|| {
                self.left.insert(*what);
            }),
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Abandoned { .. }
            | Happening::Reissued { .. }
            | Happening::HandedOver
            | Happening::Retired { .. }
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released
            | Happening::Cancelled { .. } => None,
        }
    }

    fn may_be_printed(&self, control: &str, sheet: &Sheet) -> bool {
        self.may_confirm(control)
            && match sheet {
                Sheet::Accepted { .. } => self.sheet.is_none(),
                // A press that does not print has its sheet as soon as it is handed over.
                Sheet::OnPaper | Sheet::Unknown { .. } => {
                    matches!(self.sheet, None | Some(Sheet::Accepted { .. }))
                }
            }
    }

    fn print(&mut self, sheet: &Sheet) {
        if let Sheet::Accepted { ticket } = sheet {
            self.ticket = Some(ticket.clone());
        }
        self.sheet = Some(sheet.clone());
    }

    /// Once a printer has taken a sheet, or a person has called it void, nobody can say any more that there is none.
    pub(super) fn may_be_undone(&self, step: Step) -> bool {
        step != Step::Deliver || (self.sheet.is_none() && self.spoiled.is_none())
    }

    /// A release makes no void letter good: the job waits on for a reissue.
    pub(super) fn release(&mut self) {
        let void = self.spoiled.clone().filter(|_| self.is_void());
        self.held = void.map(|reason| Fault::LetterSpoiled { reason });
    }

    /// What is void is not delivered any more, and nothing is but the very sheet that was handed over.
    pub(super) fn may_finish(&self, step: Step, evidence: &Evidence) -> bool {
        step != Step::Deliver
            || match evidence {
                Evidence::Delivered { control, .. } => self.may_confirm(control),
                Evidence::Plain | Evidence::Made { .. } | Evidence::Registered { .. } => false,
            }
    }

    pub(super) fn deliver(&mut self, control: &str) {
        self.delivered = Some(control.to_owned());
        // Whoever confirms the sheet settles the doubt about it, and no other hold.
        if self.held == Some(Fault::DeliveryUncertain) {
            self.held = None;
        }
    }

    /// Before the confirmation the key gets another PIN, so the job waits for somebody who has that done. After it the job is
    /// done, and what is void is told in lists and papers.
    fn spoil(&mut self, reason: &str) {
        self.spoiled = Some(reason.to_owned());
        if self.current() == Some(Step::Deliver) {
            self.held = Some(Fault::LetterSpoiled {
                reason: reason.to_owned(),
            });
        }
    }
}
