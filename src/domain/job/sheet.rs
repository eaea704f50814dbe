//! A whole job file, whatever its format was: its rows checked together, all complaints at once.

use std::collections::{HashMap, HashSet};

use super::column::Column;
use super::row::{self, BadRow, Code, RawRow, Rules};
use super::{BatchName, Draft, Role};

/// Rows in one job file. More is a mistake, or needs a batch of its own.
pub const ROWS_MAX: usize = 50_000;

/// What the lines of a file are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// CSV: the line in the file.
    Line,
    /// TOML and JSON: the number of the entry.
    Entry,
}

/// A file read but not yet checked.
#[derive(Debug)]
pub struct Sheet {
    pub unit: Unit,
    pub batch: BatchName,
    /// A policy that the file names for all its rows; goes before [`Rules::default_policy`].
    pub policy: Option<String>,
    pub rows: Vec<RawRow>,
    /// Complaints of the reader about single rows, which are then not among `rows`.
    pub bad_rows: Vec<BadRow>,
    /// Complaints about the file as a whole, such as an unknown column: nothing in it may be used.
    pub spoiled: Vec<BadRow>,
}

/// A job file whose form is right. It may hold good and bad rows; what to do with a mixed one is the caller's decision
/// (`bad_rows = reject_file | hold_rows`).
#[derive(Debug)]
pub struct JobFile {
    pub unit: Unit,
    pub batch: BatchName,
    /// In the order of the file.
    pub drafts: Vec<Draft>,
    /// By line, then in the order of the columns.
    pub bad_rows: Vec<BadRow>,
}

/// A file of which nothing can be used, with every complaint about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    pub unit: Unit,
    pub reasons: Vec<BadRow>,
}

impl Unusable {
    /// A file with one fault that hides all others.
    pub fn because(reason: BadRow) -> Self {
        Self {
            unit: Unit::Line,
            reasons: vec![reason],
        }
    }
}

/// Checks every row and the rows against each other.
///
/// # Errors
/// [`Unusable`] when something concerns the file as a whole: the complaints about its rows are then listed as well.
pub fn check(sheet: Sheet, rules: &Rules) -> Result<JobFile, Unusable> {
    let Sheet {
        unit,
        batch,
        policy,
        rows,
        mut bad_rows,
        mut spoiled,
    } = sheet;
    let mut rules = rules.clone();
    if let Some(policy) = policy {
        rules.default_policy = Some(check_default(policy, &rules, &mut spoiled));
    }
    if rows.len() > ROWS_MAX {
        spoiled.push(BadRow::whole(
            Code::TooManyRows,
            format!("The file has {} rows; {ROWS_MAX} are the most.", rows.len()),
            "Split it into several files.",
        ));
        return Err(Unusable {
            unit,
            reasons: spoiled,
        });
    }
    if rows.is_empty() && bad_rows.is_empty() && spoiled.is_empty() {
        spoiled.push(BadRow::whole(
            Code::NoRows,
            "The file names no user.",
            "Add one row for each person who shall get a key.",
        ));
    }
    let mut drafts = Vec::with_capacity(rows.len());
    for raw in &rows {
        match row::check(raw, &rules) {
            Ok(draft) if !raw.refused => drafts.push(draft),
            Ok(_) => {}
            Err(complaints) => bad_rows.extend(complaints),
        }
    }
    refuse_doubles(&rows, &mut drafts, &mut bad_rows, unit);
    bad_rows.sort_by_key(|bad| bad.line);
    if spoiled.is_empty() {
        Ok(JobFile {
            unit,
            batch,
            drafts,
            bad_rows,
        })
    } else {
        spoiled.extend(bad_rows);
        Err(Unusable {
            unit,
            reasons: spoiled,
        })
    }
}

fn check_default(policy: String, rules: &Rules, spoiled: &mut Vec<BadRow>) -> String {
    if rules.policies.contains(&policy) {
        return policy;
    }
    let guess = super::column::nearest(
        &policy.to_lowercase(),
        rules.policies.iter().map(String::as_str),
    );
    let guess = guess.map_or_else(String::new, |guess| format!("Did you mean {guess}? "));
    spoiled.push(BadRow::whole(
        Code::UnknownPolicy,
        "The policy that the file names for all its entries does not exist.",
        format!("{guess}The policies are: {}.", rules.policies.join(", ")),
    ));
    // Rows are then checked as if the name were right: one mistake, one complaint.
    rules.policies.first().cloned().unwrap_or(policy)
}

/// Takes out every draft whose user stands in the file twice in the same role, and complains at each of the places, also
/// where a row has other faults.
fn refuse_doubles(
    rows: &[RawRow],
    drafts: &mut Vec<Draft>,
    bad_rows: &mut Vec<BadRow>,
    unit: Unit,
) {
    let mut places: HashMap<(String, Role), Vec<u32>> = HashMap::with_capacity(rows.len());
    for raw in rows {
        if let Some(who) = row::who(raw) {
            places.entry(who).or_default().push(raw.line);
        }
    }
    let mut doubled = HashSet::new();
    for lines in places.into_values().filter(|lines| lines.len() > 1) {
        for line in &lines {
            let others: Vec<String> = lines
                .iter()
                .filter(|other| *other != line)
                .take(OTHERS_TOLD_MAX)
                .map(u32::to_string)
                .collect();
            bad_rows.push(BadRow::at(
                *line,
                Some(Column::User),
                Code::DuplicateUser,
                format!(
                    "This user is in the file more than once in the same role: see also {} {}.",
                    unit.word(),
                    others.join(", ")
                ),
                "Keep one of them, or write backup into the column role of the second key.",
            ));
            doubled.insert(*line);
        }
    }
    drafts.retain(|draft| !doubled.contains(&draft.line));
}

/// So many other places of a double are named.
const OTHERS_TOLD_MAX: usize = 5;

impl Unit {
    /// The word that people read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Entry => "entry",
        }
    }
}
