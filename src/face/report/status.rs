//! `keyline status`

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::enrollment::Standing;
use crate::domain::job::JobId;
use crate::domain::mailbox::Lying;
use crate::face::grid::{self, Side};
use crate::face::report::letters::ToConfirm;
use crate::face::report::{Leaver, Style, files, json, letters, name, paper, read, stock, written};
use crate::face::say::{self, Complaint, clean::clean, fault, moment, news};
use crate::port::{JobRecord, Ledger};

/// How many jobs stand where.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    waiting: usize,
    under_way: usize,
    held: usize,
    done: usize,
    cancelled: usize,
}

impl Tally {
    fn count(&mut self, standing: Standing) {
        let of = match standing {
            Standing::Waiting => &mut self.waiting,
            Standing::UnderWay => &mut self.under_way,
            Standing::Held => &mut self.held,
            Standing::Done => &mut self.done,
            Standing::Cancelled => &mut self.cancelled,
        };
        *of = of.saturating_add(1);
    }

    fn json(&self) -> Value {
        json!({
            "waiting": self.waiting,
            "under_way": self.under_way,
            "held": self.held,
            "done": self.done,
            "cancelled": self.cancelled,
        })
    }

    fn cells(&self) -> [String; 5] {
        [
            self.done,
            self.under_way,
            self.waiting,
            self.held,
            self.cancelled,
        ]
        .map(|number| number.to_string())
    }
}

/// What a ledger does not know of the work.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Why the printer of the running station stands still, if it does.
    pub printer: Option<String>,
    /// What lies in the queue; nothing where it cannot be looked at.
    pub files: Lying,
}

/// Writes how the work stands: counts per batch, what is held and why, what is under way, and what lies `beside` the ledger.
///
/// # Errors
/// When the ledger cannot be read, or `to` fails.
pub fn status(
    ledger: &dyn Ledger,
    beside: &Beside,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    let records = read(ledger.jobs(None))?;
    let mut all = Tally::default();
    let mut batches: BTreeMap<&str, Tally> = BTreeMap::new();
    for record in &records {
        all.count(record.standing);
        batches
            .entry(&record.job.batch.0)
            .or_default()
            .count(record.standing);
    }
    let of = |standing| -> Vec<&JobRecord> {
        let there = records.iter();
        there.filter(|one| one.standing == standing).collect()
    };
    let (mut held, under_way) = (of(Standing::Held), of(Standing::UnderWay));
    held.sort_by_key(|record| Leaver::of(record));
    let Found {
        void,
        doubts,
        wanted,
        confirm,
        printed,
    } = found(ledger, held.iter().chain(&under_way))?;
    let paper = read(ledger.paper())?;
    let (keys, older) = to_hand_over(&records);
    let waiting = say::custody::waiting(keys, older);
    let listed = read(ledger.stock())?;
    let printer = beside.printer.as_ref().map(|why| match printed.as_slice() {
        [] => why.clone(),
        printed => format!("{why} In the printer: {}.", printed.join(", ")),
    });
    written(to, |to| {
        if style.json {
            let jobs = |records: &[&JobRecord]| -> Vec<Value> {
                records.iter().map(|record| json::job(record)).collect()
            };
            let value = json!({
                "counts": all.json(),
                "batches": tallies(&batches),
                "paper": paper::json(&paper),
                "held": jobs(&held),
                "under_way": jobs(&under_way),
                "to_confirm": confirm.json(),
                "handover": { "keys": keys, "older_passkeys": older },
                "printer": printer,
                "stock": stock::stock_facts(&listed),
                "files": files::of(&beside.files),
            });
            json::write(&value, to)
        } else if records.is_empty() {
            writeln!(to, "{NO_JOBS}")?;
            stock::line(&listed, 0, to)?;
            files::write(&beside.files, to)
        } else {
            table(&all, &batches, to)?;
            paper::table(&paper, to)?;
            stock::line(&listed, all.waiting, to)?;
            if let Some(printer) = &printer {
                writeln!(to, "\n{printer}")?;
            }
            confirm.write(to)?;
            if let Some(waiting) = &waiting {
                writeln!(to, "\n{waiting}")?;
            }
            going_on(&under_way, &void, &wanted, style, to)?;
            held_jobs(&held, &void, &doubts, style, to)?;
            files::write(&beside.files, to)
        }
    })
}

fn tallies(batches: &BTreeMap<&str, Tally>) -> serde_json::Map<String, Value> {
    let batches = batches.iter();
    batches
        .map(|(name, tally)| ((*name).to_owned(), tally.json()))
        .collect()
}

/// Keys that wait for their hand-over with older passkeys behind them, and how many those are. What is retired waits for nobody.
fn to_hand_over(records: &[JobRecord]) -> (usize, usize) {
    let waits = records.iter().map(|record| record.custody);
    let waits = waits.filter(|custody| custody.pending > 0 && custody.retired.is_none());
    waits.fold((0, 0), |(keys, older), custody| {
        let pending = usize::try_from(custody.pending).unwrap_or(usize::MAX);
        (keys.saturating_add(1), older.saturating_add(pending))
    })
}

/// What the journals of the jobs tell that are not done.
#[derive(Default)]
struct Found {
    void: Void,
    /// Why nobody can tell of a letter.
    doubts: BTreeMap<JobId, String>,
    /// Whose key has to come back.
    wanted: BTreeSet<JobId>,
    confirm: ToConfirm,
    /// The letters that the printer has.
    printed: Vec<String>,
}

fn found<'a>(
    ledger: &dyn Ledger,
    records: impl Iterator<Item = &'a &'a JobRecord>,
) -> Result<Found, Complaint> {
    let mut found = Found::default();
    for record in records {
        let id = record.job.id;
        let rows = read(ledger.journal(id))?;
        if letters::wants_key(&rows) {
            found.wanted.insert(id);
        }
        found.confirm.look_at(record, &rows);
        let open = letters::open(&rows);
        if open.in_printer && record.standing == Standing::UnderWay {
            let letter = say::trail::letter(record.job.envelope);
            found.printed.push(letter);
        }
        found.doubts.extend(open.doubt.map(|doubt| (id, doubt)));
        let numbers = letters::void(&rows).join(", ");
        if !numbers.is_empty() {
            found.void.insert(id, clean(&numbers));
        }
    }
    Ok(found)
}

/// Writes the batches, and how many jobs of each stand where.
///
/// # Errors
/// When the ledger cannot be read, or `to` fails.
pub fn batches(ledger: &dyn Ledger, style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    let records = read(ledger.jobs(None))?;
    let mut all = Tally::default();
    let mut batches: BTreeMap<&str, Tally> = BTreeMap::new();
    for record in &records {
        all.count(record.standing);
        let batch = batches.entry(&record.job.batch.0).or_default();
        batch.count(record.standing);
    }
    let paper = read(ledger.paper())?;
    written(to, |to| {
        if style.json {
            json::write(
                &json!({ "batches": tallies(&batches), "paper": paper::json(&paper) }),
                to,
            )
        } else if records.is_empty() {
            writeln!(to, "{NO_JOBS}")
        } else {
            table(&all, &batches, to)?;
            paper::table(&paper, to)
        }
    })
}

/// Nobody has dropped a file yet.
const NO_JOBS: &str = "There are no jobs yet. Drop a job file into the queue's new/ folder.";

fn table(all: &Tally, batches: &BTreeMap<&str, Tally>, to: &mut dyn Write) -> io::Result<()> {
    let row = |name: &str, tally: &Tally| {
        let [done, under_way, waiting, held, cancelled] = tally.cells();
        [name.to_owned(), done, under_way, waiting, held, cancelled]
    };
    let mut rows: Vec<[String; 6]> = batches
        .iter()
        .map(|(name, tally)| row(name, tally))
        .collect();
    if rows.len() > 1 {
        rows.push(row("all", all));
    }
    let columns = [
        ("batch", Side::Left),
        ("done", Side::Right),
        ("under way", Side::Right),
        ("waiting", Side::Right),
        ("held", Side::Right),
        ("cancelled", Side::Right),
    ];
    grid::write(columns, &rows, to)
}

/// The control numbers of each job's void letters.
type Void = BTreeMap<JobId, String>;

fn going_on(
    records: &[&JobRecord],
    void: &Void,
    wanted: &BTreeSet<JobId>,
    style: &Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{} under way:", news::count(records.len(), "job"))?;
    for record in records {
        let since = moment::local(record.updated, &style.zone);
        writeln!(to, "  {}, last step {since}", clean(&name(record)))?;
        void_letters(record, void, to)?;
        if wanted.contains(&record.job.id) {
            writeln!(to, "    {}", key_back(record))?;
        }
    }
    Ok(())
}

/// A reissue goes on with the key that the job had.
fn key_back(record: &JobRecord) -> String {
    let key = record.serial.as_ref().map_or_else(
        || "its key (without a serial number)".to_owned(),
        |serial| format!("key {}", clean(serial.as_str())),
    );
    format!(
        "put {key} of envelope {} back into a slot: it gets a new PIN",
        record.job.envelope
    )
}

fn void_letters(record: &JobRecord, void: &Void, to: &mut dyn Write) -> io::Result<()> {
    match void.get(&record.job.id) {
        Some(numbers) => writeln!(to, "    void letters: {numbers}"),
        None => Ok(()),
    }
}

fn held_jobs(
    records: &[&JobRecord],
    void: &Void,
    doubts: &BTreeMap<JobId, String>,
    style: &Style,
    to: &mut dyn Write,
) -> io::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let of = |leaver| {
        let those = records.iter().filter(|record| Leaver::of(record) == leaver);
        those.count()
    };
    let heading = say::people::held(records.len(), of(Leaver::Disabled), of(Leaver::Unknown));
    writeln!(to, "\n{heading}")?;
    for record in records {
        let since = moment::local(record.updated, &style.zone);
        writeln!(to, "  {}, since {since}", clean(&name(record)))?;
        void_letters(record, void, to)?;
        if let Some(why) = &record.held {
            let doubt = doubts.get(&record.job.id).map(String::as_str);
            writeln!(to, "    {}", fault::held(why, doubt))?;
            writeln!(to, "    -> {}", fault::hint(why))?;
        }
    }
    Ok(())
}
