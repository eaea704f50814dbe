//! What the papers of a batch are made of, gathered from the ledger: every job with its key, its bag and each sheet that was
//! drawn for it, and where that sheet is now. Reads only, holds one journal at a time, and never sees a PIN.
//!
//! # Why
//! A number is drawn before a printer is asked, so a sheet that nobody has seen is counted as well. At the end of a batch the
//! numbers that were drawn are the sheets that are confirmed, void, in doubt and waiting, and those that certainly never
//! came out: a count that does not come to that is a sheet that is missing.

mod sheets;
mod slips;

pub use self::sheets::{Drawn, Fate, Void};
pub use self::slips::{Slip, Slips, slips};

use crate::domain::authenticator::Slot;
use crate::domain::custody::Custody;
use crate::domain::enrollment::{Command, Enrollment, Standing};
use crate::domain::event::{Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId, Role};
use crate::domain::paper::Leaving;
use crate::domain::time::Timestamp;
use crate::port::{JobRecord, Ledger, Stamped};

/// Characters of a serial that a paper shows: enough to tell keys apart on a desk.
pub const SERIAL_ENDING: usize = 4;

/// A batch, in the order of its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub name: BatchName,
    pub items: Vec<Item>,
}

/// One job of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub job: JobId,
    /// Which of the job files of this name it came with, from 1.
    pub file: u32,
    /// Place in that file, from 1.
    pub sequence: u32,
    pub envelope: Envelope,
    pub person: String,
    pub department: Option<String>,
    /// A place or person of internal mail.
    pub deliver_to: Option<String>,
    pub role: Role,
    pub standing: Standing,
    pub held: Option<Fault>,
    /// What is done or waited for, while the job is under way.
    pub next: Option<Next>,
    pub key: Option<KeyWords>,
    /// When a key was bound for the first time, as a place in the ledger.
    pub begun: Option<i64>,
    pub sheets: Vec<Drawn>,
    pub bagged: Option<Timestamp>,
    pub letter_enveloped: Option<Timestamp>,
    pub bag_dispatched: Option<Timestamp>,
    pub letter_dispatched: Option<Timestamp>,
    /// Who has the key, once the job is done.
    pub custody: Custody,
}

/// What a job under way does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A key has to come into a slot.
    Key,
    Step(Step),
    /// A person has to confirm it.
    Word(Step),
}

/// The key in the words of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyWords {
    pub slot: Slot,
    pub model: String,
    pub serial_ending: Option<String>,
}

/// How many sheets are where. `drawn` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub drawn: usize,
    pub confirmed: usize,
    pub void: usize,
    pub unknown: usize,
    pub waiting: usize,
    pub never_printed: usize,
}

/// Gathers the batch, as the ledger is while this reads it. `None`: there is no such batch.
///
/// # Errors
/// [`Fault::Ledger`] when it cannot be read, or a journal makes no sense.
pub fn gather(ledger: &dyn Ledger, name: &BatchName) -> Result<Option<Batch>, Fault> {
    let records = ledger.jobs(Some(name))?;
    let mut items: Vec<Item> = Vec::with_capacity(records.len());
    for record in records {
        // Each file begins its own sequence; jobs come in the order of their files.
        let file = match items.last() {
            Some(last) if record.job.sequence <= last.sequence => last.file.saturating_add(1),
            Some(last) => last.file,
            None => 1,
        };
        let rows = ledger.journal(record.job.id)?;
        items.push(item(record, file, &rows)?);
    }
    Ok((!items.is_empty()).then(|| Batch {
        name: name.clone(),
        items,
    }))
}

impl Batch {
    /// Where the sheets of the batch are.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for sheet in self.items.iter().flat_map(|item| &item.sheets) {
            let of = match sheet.fate {
                Fate::Confirmed { .. } => &mut count.confirmed,
                Fate::Void { .. } => &mut count.void,
                Fate::Unknown { .. } => &mut count.unknown,
                Fate::Waiting => &mut count.waiting,
                Fate::NeverPrinted => &mut count.never_printed,
            };
            *of = of.saturating_add(1);
            count.drawn = count.drawn.saturating_add(1);
        }
        count
    }

    /// The jobs as their letters lie in the tray: in the order in which the newest sheets were drawn, then keys in work, then
    /// what has not begun.
    pub fn by_hand(&self) -> Vec<&Item> {
        let mut items: Vec<&Item> = self.items.iter().collect();
        items.sort_by_key(|item| {
            let drawn = item.sheets.last().map(|sheet| sheet.order);
            (
                drawn.is_none(),
                drawn,
                item.begun.is_none(),
                item.begun,
                item.job,
            )
        });
        items
    }

    /// Places of a file's sequence that no job has: there should be none.
    pub fn missing(&self) -> Vec<(u32, u32)> {
        let mut missing = Vec::new();
        let mut due = (1, 1);
        for item in &self.items {
            if item.file != due.0 {
                due = (item.file, 1);
            }
            missing.extend((due.1..item.sequence).map(|place| (item.file, place)));
            due.1 = item.sequence.saturating_add(1);
        }
        missing
    }
}

impl Item {
    /// The sheet that counts: the newest one.
    pub fn sheet(&self) -> Option<&Drawn> {
        self.sheets.last()
    }

    /// Whether the person's letter is confirmed and good.
    pub fn has_letter(&self) -> bool {
        self.sheet()
            .is_some_and(|sheet| matches!(sheet.fate, Fate::Confirmed { .. }))
    }
}

fn item(record: JobRecord, file: u32, rows: &[Stamped]) -> Result<Item, Fault> {
    let enrollment =
        Enrollment::replay(rows.iter().map(|row| &row.event)).map_err(|impossible| {
            Fault::Ledger {
                what: impossible.to_string(),
            }
        })?;
    let next = match enrollment.next() {
        Command::Bind { .. } if record.standing == Standing::UnderWay => Some(Next::Key),
        Command::Run(step) | Command::Probe(step) => Some(Next::Step(step)),
        Command::Await(step) => Some(Next::Word(step)),
        Command::Bind { .. } | Command::Hold(_) | Command::Finish | Command::Rest => None,
    };
    let left = |what: Leaving| {
        let is_it = |row: &&Stamped| row.event.happening == Happening::Left { what };
        rows.iter().find(is_it).map(|row| row.at)
    };
    let request = record.job.request;
    Ok(Item {
        job: record.job.id,
        file,
        sequence: record.job.sequence,
        envelope: record.job.envelope,
        person: request.name.unwrap_or(request.user),
        department: request.department,
        deliver_to: request.deliver_to,
        role: request.role,
        standing: record.standing,
        held: record.held,
        next,
        key: key(rows),
        begun: rows
            .iter()
            .find(|row| matches!(row.event.happening, Happening::Began { .. }))
            .map(|row| row.sequence),
        sheets: sheets::of(rows),
        bagged: bagged(rows),
        letter_enveloped: left(Leaving::LetterEnveloped),
        bag_dispatched: left(Leaving::BagDispatched),
        letter_dispatched: left(Leaving::LetterDispatched),
        custody: record.custody,
    })
}

/// The key that was bound last. One that was given up is in no bag and on no list.
fn key(rows: &[Stamped]) -> Option<KeyWords> {
    let mut key = None;
    for row in rows {
        match &row.event.happening {
            Happening::Began { binding, .. } | Happening::Rebound { binding } => {
                key = Some(KeyWords {
                    slot: binding.slot,
                    model: binding.model.clone(),
                    serial_ending: binding
                        .serial
                        .as_ref()
                        .map(|serial| serial.ending(SERIAL_ENDING).to_owned()),
                });
            }
            Happening::Abandoned {
                restart: Step::Reset,
                ..
            }
            | Happening::Cancelled { .. } => key = None,
            Happening::Abandoned { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Spoiled { .. }
            | Happening::Left { .. }
            | Happening::HandedOver
            | Happening::Retired { .. }
            | Happening::Wiped
            | Happening::Reissued { .. }
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }
    key
}

/// When the key went into the bag that it is in. For a new PIN it comes out again, and a key that is given up is in none.
fn bagged(rows: &[Stamped]) -> Option<Timestamp> {
    let mut bagged = None;
    for row in rows {
        match &row.event.happening {
            Happening::Bagged => bagged = Some(row.at),
            Happening::Reissued { .. }
            | Happening::Cancelled { .. }
            | Happening::Abandoned {
                restart: Step::Reset,
                ..
            } => bagged = None,
            Happening::Abandoned { .. }
            | Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Printed { .. }
            | Happening::Spoiled { .. }
            | Happening::Left { .. }
            | Happening::HandedOver
            | Happening::Retired { .. }
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released => {}
        }
    }
    bagged
}

#[cfg(test)]
mod tests;
