//! `keyline printers`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::fault::Fault;
use crate::domain::paper::printer::PrinterDescription;
use crate::face::grid::{self, Side};
use crate::face::report::{json, written};
use crate::face::say::printers::{NONE, concern, silent, state, yes};
use crate::face::say::{Complaint, clean::clean};

/// Columns of what a line is about.
const LABEL_WIDTH: usize = 12;

/// Writes what is known of printers, and why some say nothing: URI and fault.
///
/// # Errors
/// When `to` fails.
pub fn printers(
    found: &[PrinterDescription],
    failed: &[(String, Fault)],
    as_json: bool,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            json::write(&value(found, failed), to)
        } else {
            text(found, failed, to)
        }
    })
}

fn value(found: &[PrinterDescription], failed: &[(String, Fault)]) -> Value {
    let failed: Vec<Value> = failed
        .iter()
        .map(|(uri, fault)| json!({ "uri": uri, "why": silent(fault) }))
        .collect();
    let printers: Vec<Value> = found
        .iter()
        .map(|printer| {
            let mut value = json!(printer);
            let warnings: Vec<String> = printer.concerns.iter().map(concern).collect();
            if let Some(object) = value.as_object_mut() {
                object.insert("warnings".to_owned(), json!(warnings));
            }
            value
        })
        .collect();
    json!({ "printers": printers, "failed": failed })
}

fn text(
    found: &[PrinterDescription],
    failed: &[(String, Fault)],
    to: &mut dyn Write,
) -> io::Result<()> {
    if found.is_empty() && failed.is_empty() {
        return writeln!(to, "{NONE}");
    }
    if found.len() > 1 {
        let columns = [
            ("printer", Side::Left),
            ("state", Side::Left),
            ("PDF", Side::Left),
            ("colour", Side::Left),
            ("two sides", Side::Left),
            ("uri", Side::Open),
        ];
        let rows: Vec<[String; 6]> = found.iter().map(cells).collect();
        grid::write(columns, &rows, to)?;
        writeln!(to)?;
    }
    for (index, printer) in found.iter().enumerate() {
        if index > 0 {
            writeln!(to)?;
        }
        describe(printer, to)?;
    }
    for (uri, fault) in failed {
        writeln!(to, "{}: {}", clean(uri), silent(fault))?;
    }
    Ok(())
}

fn cells(printer: &PrinterDescription) -> [String; 6] {
    [
        printer.name.clone(),
        state(printer),
        yes(Some(printer.takes_pdf)).to_owned(),
        yes(printer.colour).to_owned(),
        yes(printer.duplex).to_owned(),
        printer.uri.clone(),
    ]
}

fn describe(printer: &PrinterDescription, to: &mut dyn Write) -> io::Result<()> {
    let ours = if printer.configured {
        " (prints the letters of this station)"
    } else {
        ""
    };
    writeln!(to, "{}{ours}", clean(&printer.name))?;
    let list = |words: &[String]| {
        if words.is_empty() {
            "it does not say".to_owned()
        } else {
            words.join(", ")
        }
    };
    let unsaid = || "it does not say".to_owned();
    let lines = [
        ("uri", printer.uri.clone()),
        (
            "model",
            printer.make_and_model.clone().unwrap_or_else(unsaid),
        ),
        ("state", state(printer)),
        ("PDF", yes(Some(printer.takes_pdf)).to_owned()),
        (
            "media",
            printer.media_default.clone().unwrap_or_else(unsaid),
        ),
        ("  ready", list(&printer.media_ready)),
        ("  known", printer.media_count.to_string()),
        ("trays", list(&printer.trays)),
        ("colour", yes(printer.colour).to_owned()),
        ("two sides", yes(printer.duplex).to_owned()),
    ];
    for (label, value) in lines {
        writeln!(to, "  {label:LABEL_WIDTH$}{}", clean(&value))?;
    }
    if let Some(policy) = &printer.error_policy {
        writeln!(to, "  {:LABEL_WIDTH$}{}", "on failure", clean(policy))?;
    }
    for warning in printer.concerns.iter().map(concern) {
        writeln!(to, "  warning: {warning}")?;
    }
    Ok(())
}
