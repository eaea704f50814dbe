//! What hands do to paper and bags: a scanned sheet is confirmed and then put into its envelope, a key is bagged, a letter is
//! spoiled, a batch is dispatched. Everything is written into the job's journal with its actor; nothing is printed from here.
//!
//! # Why
//! What is scanned comes from whoever holds it, so it is taken whatever the slots ask, and whatever is not the job's current
//! sheet is void: a person with a void letter in hand must hear of it at once. Nothing in here may run while the job is in
//! work: a running station does it in its own loop, as with [`admin`](crate::app::admin), and without one the ledger's lock
//! keeps one from starting.

mod at_press;
mod dispatch;

use crate::app::Policies;
use crate::app::journal::{append, replay};
use crate::domain::enrollment::{Command, Enrollment, Standing};
use crate::domain::event::{Evidence, Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Astray, Bagging, Confirm, Leaving, Sheet};
use crate::domain::scan::{Code, Printed};
use crate::domain::time::Timestamp;
use crate::port::{JobRecord, Ledger, Press};

pub use dispatch::{Fate, Line, Stay, Thing};

/// What stands in the journal for a sheet of which no printer ever told.
const FROM_HAND: &str = "the operator's hand";
/// Within so long after its confirmation the same code is what a hand scanner read twice: nobody folds a sheet that fast.
const DOUBLE_READ_MS: i64 = 5_000;

/// What a person did, or wants done.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A code came from the hand scanner, or was typed.
    Scanned(Code),
    /// The one key was pressed that confirms what this job awaits, where its policy says `key`.
    Pressed { job: JobId, step: Step },
    /// The letter is torn, misprinted or lost.
    Spoiled {
        job: JobId,
        reason: String,
        /// The sheet's own number, where that is what the job was named by: an older sheet's is void already.
        sheet: Option<ControlNumber>,
    },
    /// Whatever of the job may leave the house now has left it.
    Dispatched {
        job: JobId,
        /// Nothing is written: it is only asked what would leave.
        rehearsal: bool,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "whoever did it wants to know"]
pub struct Acted {
    pub what: What,
    /// What the press still keeps of the sheet, and why it could not be taken away.
    pub left: Option<Fault>,
    /// Why nobody could tell whether the sheet came out, before it was confirmed: there may be a second one.
    pub doubt: Option<String>,
    /// Where a void sheet may still come out that nobody here can ask: a printer that is not the station's any more.
    pub elsewhere: Option<Astray>,
}

/// Where a letter is that is not here any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was sent.
    Dispatched,
    /// Its person has it, and the key, from somebody's hand.
    HandedOver,
}

/// What was written down, or stood there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// This is the sheet, and it is good. Nothing is new when the scanner read it twice.
    Confirmed(Envelope),
    /// It was confirmed some seconds before; scanned once more it lies in its envelope.
    Enveloped(Envelope),
    /// Nothing is new: it lies in its envelope, or has left the house.
    EnvelopedAlready {
        envelope: Envelope,
        gone: Option<Gone>,
    },
    Bagged(Envelope),
    /// Nothing is new: the key lies in its bag.
    BaggedAlready(Envelope),
    Spoiled {
        envelope: Envelope,
        control: String,
        /// The job was done: the person needs a replacement. Otherwise the same key gets a new PIN.
        late: bool,
    },
    Dispatched(Vec<Line>),
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "whoever did it wants to know"]
pub enum Refusal {
    /// No letter of this ledger has the number.
    UnknownLetter(ControlNumber),
    /// The square code names another batch or place than the letter with its number has.
    NotTogether(Envelope),
    /// The sheet must be destroyed. `reason`: it was spoiled; otherwise another one took its place, or nobody wants it.
    Void {
        envelope: Envelope,
        reason: Option<String>,
    },
    UnknownBag(Envelope),
    /// The job does not wait for its bag; those jobs do.
    BagNotAwaited {
        envelope: Envelope,
        expected: Vec<Envelope>,
    },
    /// `L-0042` was typed, which confirms nothing; those letters are waited for.
    NumberWanted {
        envelope: Envelope,
        expected: Vec<Envelope>,
    },
    NoSuchJob(JobId),
    /// The job has no sheet that could be void.
    NoLetter,
    SpoiledAlready,
    LetterGone,
    Cancelled,
    /// The policy wants the code.
    ScanWanted(Step),
    /// The job does not wait for this.
    NotAwaited(Step),
    /// The bench does not offer that, or not any more.
    NotOffered,
    /// The station works on the job just now.
    InWork(Envelope),
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What is needed for a deed.
pub struct Desk<'a> {
    pub ledger: &'a dyn Ledger,
    /// Where a confirmed sheet is forgotten and a void one taken back; `None`: nobody is there who could.
    pub press: Option<&'a dyn Press>,
    pub policies: &'a Policies,
    pub actor: &'a str,
    pub now: Timestamp,
}

/// The job that the deed is about.
///
/// # Errors
/// When it is about none.
pub fn subject(ledger: &dyn Ledger, deed: &Deed) -> Result<JobRecord, Refusal> {
    let job = match deed {
        Deed::Scanned(Code::Sheet { control, .. }) => ledger
            .job_of_letter(control)?
            .ok_or(Refusal::UnknownLetter(*control))?,
        Deed::Scanned(Code::Bag(envelope)) => ledger
            .job_of_envelope(*envelope)?
            .ok_or(Refusal::UnknownBag(*envelope))?,
        Deed::Scanned(Code::Letter(envelope)) => {
            let expected = awaited(ledger, Step::Deliver)?;
            return Err(Refusal::NumberWanted {
                envelope: *envelope,
                expected,
            });
        }
        Deed::Pressed { job, .. } | Deed::Spoiled { job, .. } | Deed::Dispatched { job, .. } => {
            *job
        }
    };
    ledger.job(job)?.ok_or(Refusal::NoSuchJob(job))
}

/// Writes the deed down, durable when this returns. `record` is the deed's [`subject`].
///
/// # Errors
/// Why nothing was written.
pub fn act(desk: &Desk<'_>, record: &JobRecord, deed: &Deed) -> Result<Acted, Refusal> {
    let case = Case {
        desk,
        record,
        state: replay(desk.ledger, record.job.id)?,
    };
    match deed {
        Deed::Scanned(Code::Sheet { control, printed }) => case.sheet(*control, printed.as_ref()),
        Deed::Scanned(Code::Bag(_)) => case.bag(),
        Deed::Scanned(Code::Letter(envelope)) => Err(Refusal::NumberWanted {
            envelope: *envelope,
            expected: awaited(desk.ledger, Step::Deliver)?,
        }),
        Deed::Pressed { step, .. } => case.pressed(*step),
        Deed::Spoiled { reason, sheet, .. } => case.spoil(reason, *sheet),
        Deed::Dispatched { rehearsal, .. } => {
            Ok(nothing_left(What::Dispatched(case.dispatch(*rehearsal)?)))
        }
    }
}

/// The envelopes of the jobs that wait for this word of a person, in the order of the jobs.
///
/// # Errors
/// Those of the ledger.
pub fn awaited(ledger: &dyn Ledger, step: Step) -> Result<Vec<Envelope>, Fault> {
    let mut found = Vec::new();
    for record in ledger.open_jobs()? {
        if record.standing == Standing::UnderWay
            && replay(ledger, record.job.id)?.next() == Command::Await(step)
        {
            found.push(record.job.envelope);
        }
    }
    Ok(found)
}

/// A job under somebody's hands.
struct Case<'a> {
    desk: &'a Desk<'a>,
    record: &'a JobRecord,
    state: Enrollment,
}

impl Case<'_> {
    fn envelope(&self) -> Envelope {
        self.record.job.envelope
    }

    fn write(&self, before: Enrollment, happening: Happening) -> Result<Enrollment, Fault> {
        let Desk {
            ledger, actor, now, ..
        } = *self.desk;
        append(ledger, self.record.job.id, before, happening, actor, now)
    }

    fn sheet(&self, control: ControlNumber, printed: Option<&Printed>) -> Result<Acted, Refusal> {
        let job = &self.record.job;
        if printed.is_some_and(|printed| !printed.belongs_to(&job.batch, job.sequence)) {
            return Err(Refusal::NotTogether(job.envelope));
        }
        // Compared as numbers: older journals have them in groups.
        let is_this = |text: &&str| ControlNumber::parse(text) == Ok(control);
        let void = |reason: Option<&str>| Refusal::Void {
            envelope: job.envelope,
            reason: reason.map(str::to_owned),
        };
        if let Some(number) = self.state.unconfirmed().filter(is_this) {
            return match self.state.spoiled() {
                Some(reason) => Err(void(Some(reason))),
                None => self.confirm(number.to_owned(), Confirm::Scan),
            };
        }
        let over = self.state.standing() != Standing::Cancelled && self.state.current().is_none();
        if self.state.delivered().filter(is_this).is_none() || !over {
            return Err(void(None));
        }
        if let Some(reason) = self.state.spoiled() {
            return Err(void(Some(reason)));
        }
        if self.state.may_leave(Leaving::LetterEnveloped) {
            if self.is_double_read()? {
                return Ok(nothing_left(What::Confirmed(job.envelope)));
            }
            let what = Leaving::LetterEnveloped;
            self.write(self.state.clone(), Happening::Left { what })?;
            return Ok(nothing_left(What::Enveloped(job.envelope)));
        }
        let gone = if self.state.has_left(Leaving::LetterDispatched) {
            Some(Gone::Dispatched)
        } else {
            let handed_over = self.state.custody().handed_over;
            handed_over.then_some(Gone::HandedOver)
        };
        let envelope = job.envelope;
        Ok(nothing_left(What::EnvelopedAlready { envelope, gone }))
    }

    /// Who confirmed the sheet that was delivered, and when.
    fn confirmation(&self) -> Result<Option<(Timestamp, Confirm)>, Fault> {
        let rows = self.desk.ledger.journal(self.record.job.id)?;
        Ok(rows.into_iter().rev().find_map(|row| {
            let Happening::Done {
                evidence: Evidence::Delivered { confirmed, .. },
                ..
            } = row.event.happening
            else {
                return None;
            };
            confirmed.map(|by| (row.at, by))
        }))
    }

    /// Whether the scan that confirmed the letter is only a moment old.
    fn is_double_read(&self) -> Result<bool, Fault> {
        let Some((at, Confirm::Scan)) = self.confirmation()? else {
            return Ok(false);
        };
        // A clock that was set back makes nobody wait.
        Ok((0..DOUBLE_READ_MS).contains(&at.millis_until(self.desk.now)))
    }

    /// With this the job is done, so the station's own copies of its PINs go in the same transaction.
    fn confirm(&self, number: String, by: Confirm) -> Result<Acted, Refusal> {
        let done = Happening::Done {
            step: Step::Deliver,
            evidence: Evidence::Delivered {
                target: self.place(&number)?,
                control: number.clone(),
                confirmed: Some(by),
            },
        };
        self.write(self.state.clone(), done)?;
        Ok(Acted {
            what: What::Confirmed(self.envelope()),
            doubt: self.state.doubt().map(str::to_owned),
            elsewhere: None,
            left: self.copies_left(),
        })
    }

    /// Where the sheet came from.
    fn place(&self, number: &str) -> Result<String, Fault> {
        let rows = self.desk.ledger.journal(self.record.job.id)?;
        let printer = rows.into_iter().rev().find_map(|row| {
            if let Happening::Printed { control, sheet } = row.event.happening
                && let Sheet::Accepted { ticket } = sheet
                && control == number
            {
                return Some(ticket.printer);
            }
            None
        });
        Ok(printer.unwrap_or_else(|| FROM_HAND.to_owned()))
    }

    fn bag(&self) -> Result<Acted, Refusal> {
        let envelope = self.envelope();
        if self.state.next() == Command::Await(Step::Bag) {
            self.write(self.state.clone(), Happening::Bagged)?;
            return Ok(nothing_left(What::Bagged(envelope)));
        }
        let steps = &self.state.plan().steps;
        let bag = steps.iter().position(|step| *step == Step::Bag);
        let now = self
            .state
            .current()
            .and_then(|step| steps.iter().position(|other| *other == step));
        let over = now.is_none() && self.state.standing() != Standing::Cancelled;
        if bag.is_some_and(|bag| over || now.is_some_and(|now| bag < now)) {
            return Ok(nothing_left(What::BaggedAlready(envelope)));
        }
        Err(Refusal::BagNotAwaited {
            envelope,
            expected: awaited(self.desk.ledger, Step::Bag)?,
        })
    }

    fn pressed(&self, step: Step) -> Result<Acted, Refusal> {
        let policy = self.desk.policies.get(&self.record.job.request.policy)?;
        let by_key = match step {
            Step::Bag => policy.bagging() == Bagging::Key,
            Step::Deliver => policy.confirm == Some(Confirm::Key),
            Step::Reset
            | Step::SetPin
            | Step::MakeCredential
            | Step::Register
            | Step::Configure
            | Step::ChangePin => return Err(Refusal::NotAwaited(step)),
        };
        if self.state.next() != Command::Await(step) {
            return Err(Refusal::NotAwaited(step));
        }
        if !by_key {
            return Err(Refusal::ScanWanted(step));
        }
        match self.state.unconfirmed() {
            Some(number) => self.confirm(number.to_owned(), Confirm::Key),
            None => self.bag(),
        }
    }

    fn spoil(&self, reason: &str, sheet: Option<ControlNumber>) -> Result<Acted, Refusal> {
        if self.state.standing() == Standing::Cancelled {
            return Err(Refusal::Cancelled);
        }
        if self.state.spoiled().is_some() {
            return Err(Refusal::SpoiledAlready);
        }
        let late = self.state.current().is_none();
        let number = match self.state.unconfirmed() {
            Some(number) => number,
            None if late => self.state.delivered().ok_or(Refusal::NoLetter)?,
            None => return Err(Refusal::NoLetter),
        }
        .to_owned();
        if sheet.is_some_and(|sheet| sheet.to_string() != number) {
            return Err(Refusal::SpoiledAlready);
        }
        if !self.state.may_spoil(&number) {
            return Err(Refusal::LetterGone);
        }
        let spoiled = Happening::Spoiled {
            control: number.clone(),
            reason: reason.to_owned(),
        };
        self.write(self.state.clone(), spoiled)?;
        let (sheet, copies) = (self.take_back(&number), self.copies_left());
        Ok(Acted {
            left: sheet.or(copies),
            doubt: None,
            elsewhere: self.elsewhere(&number),
            what: What::Spoiled {
                envelope: self.envelope(),
                control: number,
                late,
            },
        })
    }
}

const fn nothing_left(what: What) -> Acted {
    Acted {
        what,
        left: None,
        doubt: None,
        elsewhere: None,
    }
}

#[cfg(test)]
mod tests;
