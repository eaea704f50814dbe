//! TOML and JSON: both are read into one small tree that keeps the order and every double key, then taken for rows.
//! Parsers' own messages are shown only where they cannot quote the file.

use serde::Serialize;

use super::table::unknown_column;
use super::{WIPED, Wipe, check_batch};
use crate::domain::job::BatchName;
use crate::domain::job::column::{Column, Heading, normal};
use crate::domain::job::row::{BadRow, Cell, Code, RawRow, trim};
use crate::domain::job::sheet::{ROWS_MAX, Sheet, Unit, Unusable};

mod node;
use node::Node;

/// `batch`, `policy`, and `[[job]]` entries.
pub(super) fn read_toml(text: &str, batch: BatchName) -> Result<Sheet, Unusable> {
    let root = parse_toml(text).map_err(Unusable::because)?;
    read(root, batch)
}

/// An array of entries, or an object of `batch`, `policy` and `jobs`.
pub(super) fn read_json(text: &str, batch: BatchName) -> Result<Sheet, Unusable> {
    let root = parse_json(text).map_err(Unusable::because)?;
    read(root, batch)
}

/// The same file with `***` for PINs; `None` when it cannot be read.
pub(super) fn wipe_toml(text: &str) -> Option<Wipe> {
    let mut root = parse_toml(text).ok()?;
    if !wipe(&mut root) {
        return Some(Wipe::Nothing);
    }
    toml::to_string(&root)
        .ok()
        .map(|text| Wipe::Rewritten(text.into_bytes()))
}

/// The same for JSON.
pub(super) fn wipe_json(text: &str) -> Option<Wipe> {
    let mut root = parse_json(text).ok()?;
    if !wipe(&mut root) {
        return Some(Wipe::Nothing);
    }
    let mut out = Vec::new();
    root.serialize(&mut serde_json::Serializer::pretty(&mut out))
        .ok()?;
    Some(Wipe::Rewritten(out))
}

fn parse_toml(text: &str) -> Result<Node, BadRow> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let breaks = before.map_or(0, |before| before.matches('\n').count());
        let line = u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1);
        syntax("TOML", line)
    })
}

fn parse_json(text: &str) -> Result<Node, BadRow> {
    serde_json::from_str(text)
        .map_err(|error| syntax("JSON", u32::try_from(error.line()).unwrap_or(u32::MAX)))
}

fn syntax(format: &str, line: u32) -> BadRow {
    BadRow::whole(
        Code::Syntax,
        format!("The file is not right {format} at line {line} or just before it."),
        "Look there for a missing quotation mark, comma or bracket, or for a name that stands twice.",
    )
}

fn read(root: Node, batch: BatchName) -> Result<Sheet, Unusable> {
    let mut sheet = Sheet {
        unit: Unit::Entry,
        batch,
        policy: None,
        rows: Vec::new(),
        bad_rows: Vec::new(),
        spoiled: Vec::new(),
    };
    let entries = match root {
        Node::List(entries) => entries,
        Node::Map(fields) => read_top(fields, &mut sheet),
        Node::Null | Node::Flag(_) | Node::Number(_) | Node::Text(_) => {
            return Err(Unusable::because(BadRow::whole(
                Code::Syntax,
                "The file holds no list of entries.",
                "Write a list of objects, or an object with a list named jobs.",
            )));
        }
    };
    if entries.len() > ROWS_MAX {
        return Err(Unusable::because(BadRow::whole(
            Code::TooManyRows,
            format!(
                "The file has {} entries; {ROWS_MAX} are the most.",
                entries.len()
            ),
            "Split it into several files.",
        )));
    }
    for (at, entry) in entries.into_iter().enumerate() {
        let line = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        read_entry(entry, line, &mut sheet);
    }
    Ok(sheet)
}

/// The fields around the entries. Returns the entries.
fn read_top(fields: Vec<(String, Node)>, sheet: &mut Sheet) -> Vec<Node> {
    let mut entries = None;
    for (name, value) in fields {
        match (normal(&name).as_str(), value) {
            ("batch", Node::Text(text)) => match check_batch(&text) {
                Ok(batch) => sheet.batch = batch,
                Err(bad) => sheet.spoiled.push(bad),
            },
            ("policy", Node::Text(text)) => sheet.policy = Some(trim(&text).to_owned()),
            ("job" | "jobs", Node::List(list)) if entries.is_none() => entries = Some(list),
            ("job" | "jobs", Node::List(_)) => sheet.spoiled.push(BadRow::whole(
                Code::DuplicateColumn,
                "There are two lists of entries.",
                "Put all entries into one.",
            )),
            (known @ ("batch" | "policy" | "job" | "jobs"), _) => {
                sheet.spoiled.push(BadRow::whole(
                    Code::WrongType,
                    format!("The field {known} is not what belongs there."),
                    "batch and policy are texts; jobs is a list of entries, [[job]] in TOML.",
                ));
            }
            (_, _) => {
                // The nearest known word is a column only when somebody forgot the list around an entry.
                let mut bad = unknown_column(0, "a field beside the entries", &name, None);
                "Beside the entries there are only batch and policy. In TOML each person begins with a line [[job]]."
                    .clone_into(&mut bad.hint);
                sheet.spoiled.push(bad);
            }
        }
    }
    entries.unwrap_or_default()
}

fn read_entry(entry: Node, line: u32, sheet: &mut Sheet) {
    let Node::Map(fields) = entry else {
        sheet.bad_rows.push(BadRow::at(
            line,
            None,
            Code::NotARow,
            "This entry is not an object.",
            "Write each person as an object with at least user.",
        ));
        return;
    };
    let mut cells: Vec<(Column, Cell)> = Vec::with_capacity(fields.len());
    let complaints = sheet.bad_rows.len();
    for (name, value) in fields {
        let heading = Heading::read(&name);
        match heading {
            Heading::Ignored => {}
            Heading::Unknown { nearest } => {
                sheet
                    .bad_rows
                    .push(unknown_column(line, "a field here", &name, nearest));
            }
            Heading::Known(column) if cells.iter().any(|(known, _)| *known == column) => {
                sheet.bad_rows.push(BadRow::at(
                    line,
                    Some(column),
                    Code::DuplicateColumn,
                    format!("{column} is there twice."),
                    "Keep one of them.",
                ));
            }
            Heading::Known(column) => cells.extend(value.into_cell().map(|cell| (column, cell))),
        }
    }
    let refused = sheet.bad_rows.len() > complaints;
    sheet.rows.push(RawRow {
        line,
        cells,
        refused,
    });
}

/// Overwrites what may be a PIN, in entries and anywhere below. Returns whether anything was.
fn wipe(node: &mut Node) -> bool {
    match node {
        Node::Null | Node::Flag(_) | Node::Number(_) | Node::Text(_) => false,
        Node::List(list) => list.iter_mut().fold(false, |any, node| wipe(node) | any),
        Node::Map(fields) => fields.iter_mut().fold(false, |any, (name, value)| {
            let frame = matches!(normal(name).as_str(), "batch" | "job" | "jobs");
            let hidden = if !frame && Heading::read(name).is_wiped(name) && !value.is_null() {
                *value = Node::text(WIPED);
                true
            } else {
                wipe(value)
            };
            hidden | any
        }),
    }
}
