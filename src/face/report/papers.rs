//! The papers of a batch in words: run sheet, packing list, hand-over list, end of the batch. Each as a paper and as a table for
//! spreadsheets. No PIN, no address, of a serial the end only; a name where a hand needs it.

mod end;
mod list;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::app::papers::{Batch, Fate, Item, Next};
use crate::domain::document::{Column, Document, Long, Part, Sheet, Table};
use crate::domain::enrollment::Standing;
use crate::domain::time::Timestamp;
use crate::face::say::clean::clean;
use crate::face::say::{fault, moment, news, steps};

/// The papers that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// For whoever folds the letters and puts them into envelopes, in the order of the tray.
    RunSheet,
    /// For whoever packs the keys' bags.
    PackingList,
    /// For those who get a key, to sign.
    HandOver,
    /// What was drawn, what became of it, and what the ledger's audit chain says, for two persons to sign.
    End,
}

impl Paper {
    pub const ALL: [Self; 4] = [Self::RunSheet, Self::PackingList, Self::HandOver, Self::End];

    /// What its files are called, behind the batch.
    pub const fn file_stem(self) -> &'static str {
        match self {
            Self::RunSheet => "run-sheet",
            Self::PackingList => "packing-list",
            Self::HandOver => "hand-over",
            Self::End => "end-of-batch",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::RunSheet => "Run sheet",
            Self::PackingList => "Packing list",
            Self::HandOver => "Hand-over list",
            Self::End => "End of the batch",
        }
    }
}

/// What the papers say beside the batch itself.
#[derive(Clone, Debug)]
pub struct About {
    /// The layout of the letters, and how it is folded (`none`, `half`, `z`, `wrap`).
    pub profile: String,
    pub fold: String,
    /// The day on the papers, in `zone`.
    pub date: Date,
    pub zone: TimeZone,
    pub chain: Chain,
}

/// Where the ledger's audit chain stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub row: i64,
    pub hash: String,
    pub signed: Option<Signed>,
}

/// The last row of the audit chain that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub row: i64,
    pub hash: String,
    pub at: Timestamp,
    pub key: String,
}

/// One paper of `batch`, in both shapes.
pub fn make(paper: Paper, batch: &Batch, about: &About) -> (Document, Sheet) {
    let (parts, sheet) = match paper {
        Paper::RunSheet => list::run_sheet(batch, about),
        Paper::PackingList => list::packing_list(batch, about),
        Paper::HandOver => list::hand_over(batch),
        Paper::End => end::end(batch, about),
    };
    let document = Document {
        title: paper.title().to_owned(),
        subject: format!("Batch {}", clean(&batch.name.0)),
        foot: format!("{} · {} · no PINs", clean(&batch.name.0), about.date),
        parts,
    };
    (document, sheet)
}

/// How a letter is folded, for hands.
fn fold_words(fold: &str) -> &str {
    match fold {
        "none" => "not folded",
        "half" => "folded once, print inside",
        "z" => "Z-fold: to and fro, the address outside. A wrap fold would turn the PIN outward",
        "wrap" => "wrap fold: both outer panels over the middle one",
        other => other,
    }
}

/// Where a job is, in a few words.
fn state(item: &Item) -> String {
    match item.standing {
        Standing::Cancelled => "cancelled".to_owned(),
        Standing::Held => "held".to_owned(),
        Standing::Waiting => "waits for a key".to_owned(),
        Standing::Done => match item.sheet().map(|sheet| &sheet.fate) {
            Some(Fate::Confirmed { .. }) => "letter confirmed".to_owned(),
            Some(Fate::Void { .. }) => "letter void".to_owned(),
            Some(Fate::Unknown { .. } | Fate::Waiting | Fate::NeverPrinted) | None => {
                "done, no letter".to_owned()
            }
        },
        Standing::UnderWay => match item.next {
            Some(Next::Key) => "waits for its key".to_owned(),
            Some(Next::Word(step)) => format!("to confirm: {}", steps::to_do(step)),
            Some(Next::Step(step)) => format!("in work: {}", steps::to_do(step)),
            None => "in work".to_owned(),
        },
    }
}

/// Why the person has no good letter yet; nothing when they have one, or the policy makes none.
fn lacks(item: &Item) -> Option<String> {
    match item.standing {
        Standing::Done if item.sheets.is_empty() || item.has_letter() => None,
        Standing::Done => {
            Some("done, but its letter is void: the person needs a replacement".to_owned())
        }
        Standing::Held => Some(item.held.as_ref().map_or_else(
            || "held".to_owned(),
            |why| format!("held: {}", fault::message(why)),
        )),
        Standing::Cancelled => Some("cancelled by the administrator".to_owned()),
        Standing::UnderWay => Some(format!("still open: {}", state(item))),
        Standing::Waiting => Some("still open: no key yet".to_owned()),
    }
}

/// The place in the batch; with the number of the file, where several files have the batch's name.
fn place(batch: &Batch, file: u32, sequence: u32) -> String {
    if files(batch) > 1 {
        format!("{file}/{sequence}")
    } else {
        sequence.to_string()
    }
}

fn files(batch: &Batch) -> u32 {
    batch.items.last().map_or(0, |item| item.file)
}

fn letter_code(item: &Item) -> String {
    format!("L-{}", item.envelope)
}

fn bag_code(item: &Item) -> String {
    format!("B-{}", item.envelope)
}

fn serial(item: &Item) -> String {
    let ending = item.key.as_ref().and_then(|key| key.serial_ending.as_ref());
    ending.map_or_else(String::new, |ending| format!("…{}", clean(ending)))
}

fn model(item: &Item) -> String {
    item.key
        .as_ref()
        .map_or_else(String::new, |key| clean(&key.model))
}

fn day(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(String::new, |at| {
        let local = moment::local(at, zone);
        local.get(..16).unwrap_or(&local).to_owned()
    })
}

fn utc(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, moment::utc)
}

/// The control number as it stands on the letter, in groups.
fn control(text: &str) -> String {
    crate::domain::mailer::ControlNumber::parse(text).map_or_else(
        |_| clean(text),
        crate::domain::mailer::ControlNumber::grouped,
    )
}

fn column(head: &str, share: u16, long: Long) -> Column {
    Column {
        head: head.to_owned(),
        share,
        long,
    }
}

fn table(columns: Vec<Column>, rows: Vec<Vec<String>>) -> Part {
    Part::Table(Table {
        columns,
        rows,
        tall: false,
    })
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn fact(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn jobs(number: usize) -> String {
    news::count(number, "job")
}
