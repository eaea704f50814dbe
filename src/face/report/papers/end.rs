//! The report at the end of a batch: the count of sheets, every number that counts for nothing and why, every place of the
//! sequence without a letter and why, and what the audit chain said. Two persons sign it.

use crate::app::papers::{Batch, Count, Drawn, Fate, Item, Void};
use crate::domain::custody;
use crate::domain::document::{Long, Part, Sheet};
use crate::domain::enrollment::Standing;
use crate::domain::paper::Confirm;
use crate::face::report::papers::{
    About, Chain, column, control, day, fact, files, heads, jobs, lacks, letter_code, place, table,
    utc,
};
use crate::face::say::clean::clean;
use crate::face::say::news::count;
use crate::face::say::{fault, moment};

pub(super) fn end(batch: &Batch, about: &About) -> (Vec<Part>, Sheet) {
    let counted = batch.count();
    let mut parts = vec![Part::Heading("The jobs".to_owned()), jobs_part(batch)];
    parts.push(Part::Heading("The sheets".to_owned()));
    parts.push(sheets_part(counted));
    parts.push(Part::Text(
        "A number is drawn before the printer is asked, and one number stands on one sheet. The sheets that were drawn are \
         confirmed, void, in doubt or waiting. Count the paper, shredded sheets as well, and write down what you find."
            .to_owned(),
    ));
    parts.extend(numbers(batch, about));
    parts.extend(gaps(batch));
    parts.push(Part::Heading("The audit chain".to_owned()));
    parts.push(chain_part(&about.chain, about));
    parts.push(Part::Heading("Signed".to_owned()));
    parts.push(Part::Signatures(vec![
        "at the bench: date, name, signature".to_owned(),
        "second person: date, name, signature".to_owned(),
    ]));
    (parts, sheet(batch, counted, &about.chain))
}

fn jobs_part(batch: &Batch) -> Part {
    let of = |standing| {
        let these = batch.items.iter().filter(|item| item.standing == standing);
        these.count()
    };
    let when = |moment: fn(&Item) -> bool| batch.items.iter().filter(|item| moment(item)).count();
    let standings = [
        ("done", of(Standing::Done)),
        ("under way", of(Standing::UnderWay)),
        ("waiting for a key", of(Standing::Waiting)),
        ("held", of(Standing::Held)),
        ("cancelled", of(Standing::Cancelled)),
    ];
    let standings: Vec<String> = standings
        .into_iter()
        .map(|(name, number)| format!("{number} {name}"))
        .collect();
    let from = usize::try_from(files(batch)).unwrap_or(usize::MAX);
    Part::Facts(vec![
        fact(
            "Jobs",
            format!(
                "{} from {}: {}",
                jobs(batch.items.len()),
                count(from, "job file"),
                standings.join(", ")
            ),
        ),
        fact(
            "Bags",
            format!(
                "{} confirmed, {} sent",
                when(|item| item.bagged.is_some()),
                when(|item| item.bag_dispatched.is_some())
            ),
        ),
        fact(
            "Letters",
            format!(
                "{} in envelopes, {} sent",
                when(|item| item.letter_enveloped.is_some()),
                when(|item| item.letter_dispatched.is_some())
            ),
        ),
        fact(
            "Keys",
            format!(
                "{} handed over, {} returned, {} lost, {} scrapped",
                when(|item| item.custody.handed_over && item.custody.retired.is_none()),
                when(|item| item.custody.retired == Some(custody::Fate::Returned)),
                when(|item| item.custody.retired == Some(custody::Fate::Lost)),
                when(|item| item.custody.retired == Some(custody::Fate::Scrapped))
            ),
        ),
    ])
}

fn sheets_part(counted: Count) -> Part {
    let row = |name: &str, number: usize| vec![name.to_owned(), number.to_string(), String::new()];
    table(
        vec![
            column("", 60, Long::Wrapped),
            column("by the ledger", 25, Long::Cut),
            column("counted by hand", 30, Long::Cut),
        ],
        vec![
            row("confirmed", counted.confirmed),
            row("void", counted.void),
            row("in doubt: may have come out", counted.unknown),
            row(
                "waiting for the printer or for a confirmation",
                counted.waiting,
            ),
            row("sheets, the sum of these", sheets_of(counted)),
            row(
                "numbers whose sheet certainly never came out",
                counted.never_printed,
            ),
            row("numbers drawn, with these", counted.drawn),
        ],
    )
}

/// The sheets that there are, or may be.
const fn sheets_of(counted: Count) -> usize {
    counted
        .confirmed
        .saturating_add(counted.void)
        .saturating_add(counted.unknown)
        .saturating_add(counted.waiting)
}

/// The numbers that do not belong to a good letter.
fn numbers(batch: &Batch, about: &About) -> Vec<Part> {
    let mut rows = Vec::new();
    for item in &batch.items {
        for sheet in &item.sheets {
            if let Some((state, why)) = flawed(sheet) {
                rows.push(vec![
                    control(&sheet.control),
                    place(batch, item.file, item.sequence),
                    letter_code(item),
                    day(Some(sheet.at), &about.zone),
                    state.to_owned(),
                    why,
                ]);
            }
        }
    }
    let heading = Part::Heading("Numbers that count for nothing, or not yet".to_owned());
    if rows.is_empty() {
        return vec![heading, Part::Text("None.".to_owned())];
    }
    let columns = vec![
        column("control number", 30, Long::Cut),
        column("place", 12, Long::Cut),
        column("letter", 16, Long::Cut),
        column("drawn", 27, Long::Cut),
        column("state", 26, Long::Wrapped),
        column("why", 68, Long::Wrapped),
    ];
    vec![heading, table(columns, rows)]
}

/// What is the matter with a sheet that is not confirmed.
fn flawed(sheet: &Drawn) -> Option<(&'static str, String)> {
    let state = state_of(&sheet.fate);
    match &sheet.fate {
        Fate::Confirmed { .. } => None,
        Fate::Void { .. } | Fate::Unknown { .. } | Fate::Waiting | Fate::NeverPrinted => {
            Some((state, why(&sheet.fate)))
        }
    }
}

const fn state_of(fate: &Fate) -> &'static str {
    match fate {
        Fate::Confirmed { .. } => "confirmed",
        Fate::Void { .. } => "void",
        Fate::Unknown { .. } => "in doubt",
        Fate::Waiting => "waiting",
        Fate::NeverPrinted => "never printed",
    }
}

fn why(fate: &Fate) -> String {
    match fate {
        Fate::Confirmed { how } => match how {
            Some(Confirm::Scan) => "its code was scanned, or its number typed".to_owned(),
            Some(Confirm::Key) => "by a key press".to_owned(),
            Some(Confirm::Device) => "by the device's word".to_owned(),
            None => String::new(),
        },
        Fate::Void { why } => match why {
            Void::Spoiled { reason, confirmed } => {
                let when = if *confirmed { "after" } else { "before" };
                format!("spoiled {when} its confirmation: {}", clean(reason))
            }
            Void::Reissued { reason } => format!("made anew with another PIN: {}", clean(reason)),
            Void::GivenUp { reason } => {
                format!("given up with its key: {}", fault::message(reason))
            }
            Void::Cancelled => "its job was cancelled".to_owned(),
        },
        Fate::Unknown { why: Some(why) } => clean(why),
        Fate::Unknown { why: None } => "nobody knows whether it came out".to_owned(),
        Fate::Waiting => "at the printer, or to be confirmed".to_owned(),
        Fate::NeverPrinted => "the printer did not take it".to_owned(),
    }
}

/// The places of the sequence without a good letter.
fn gaps(batch: &Batch) -> Vec<Part> {
    let heading = Part::Heading("Places of the sequence without a letter".to_owned());
    let mut rows: Vec<(u32, u32, Vec<String>)> = Vec::new();
    for item in &batch.items {
        if let Some(why) = lacks(item) {
            let cells = vec![
                place(batch, item.file, item.sequence),
                letter_code(item),
                why,
            ];
            rows.push((item.file, item.sequence, cells));
        }
    }
    for (file, sequence) in batch.missing() {
        let why = "the ledger has no job there, which no batch should have: keep this paper, and run `keyline ledger verify`";
        let cells = vec![place(batch, file, sequence), String::new(), why.to_owned()];
        rows.push((file, sequence, cells));
    }
    rows.sort_by_key(|(file, sequence, _)| (*file, *sequence));
    if rows.is_empty() {
        return vec![
            heading,
            Part::Text("None: the sequence is whole.".to_owned()),
        ];
    }
    let columns = vec![
        column("place", 14, Long::Cut),
        column("letter", 18, Long::Cut),
        column("why", 148, Long::Wrapped),
    ];
    let rows = rows.into_iter().map(|(_, _, cells)| cells).collect();
    vec![heading, table(columns, rows)]
}

fn chain_part(chain: &Chain, about: &About) -> Part {
    let mut facts = vec![
        fact("Last row", chain.row.to_string()),
        fact("Its hash", chain.hash.clone()),
    ];
    match &chain.signed {
        Some(signed) => facts.extend([
            fact(
                "Checkpoint",
                format!(
                    "row {}, signed {}",
                    signed.row,
                    moment::local(signed.at, &about.zone)
                ),
            ),
            fact("Its hash", signed.hash.clone()),
            fact("Signed by", signed.key.clone()),
        ]),
        None => facts.push(fact("Checkpoint", "none yet: nothing is signed")),
    }
    Part::Facts(facts)
}

/// Everything again, one row each: counts, sheets, places without a letter, the audit chain.
fn sheet(batch: &Batch, counted: Count, chain: &Chain) -> Sheet {
    let head = heads(&[
        "kind", "state", "number", "file", "sequence", "letter", "control", "why", "utc",
    ]);
    let width = head.len();
    let mut rows = Vec::new();
    for (state, number) in [
        ("confirmed", counted.confirmed),
        ("void", counted.void),
        ("in doubt", counted.unknown),
        ("waiting", counted.waiting),
        ("sheets", sheets_of(counted)),
        ("never printed", counted.never_printed),
        ("drawn", counted.drawn),
    ] {
        rows.push(heads(&["count", state, &number.to_string()]));
    }
    for item in &batch.items {
        let (file, sequence) = (item.file.to_string(), item.sequence.to_string());
        for sheet in &item.sheets {
            rows.push(vec![
                "sheet".to_owned(),
                state_of(&sheet.fate).to_owned(),
                String::new(),
                file.clone(),
                sequence.clone(),
                letter_code(item),
                control(&sheet.control),
                why(&sheet.fate),
                utc(Some(sheet.at)),
            ]);
        }
        if let Some(why) = lacks(item) {
            let standing = item.standing.to_string();
            let code = letter_code(item);
            rows.push(heads(&[
                "gap", &standing, "", &file, &sequence, &code, "", &why,
            ]));
        }
    }
    for (file, sequence) in batch.missing() {
        let (file, sequence) = (file.to_string(), sequence.to_string());
        rows.push(heads(&["gap", "missing", "", &file, &sequence]));
    }
    rows.push(heads(&[
        "chain",
        "last row",
        &chain.row.to_string(),
        "",
        "",
        "",
        "",
        &chain.hash,
    ]));
    if let Some(signed) = &chain.signed {
        rows.push(heads(&[
            "chain",
            "checkpoint",
            &signed.row.to_string(),
            "",
            "",
            "",
            "",
            &signed.hash,
            &moment::utc(signed.at),
        ]));
    }
    for row in &mut rows {
        row.resize(width, String::new());
    }
    Sheet { head, rows }
}
