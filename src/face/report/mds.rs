//! `keyline mds show`

use std::io::Write;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::domain::metadata::{Edition, Entry, Report, Shelf, Vouching};
use crate::face::report::{Style, json, written};
use crate::face::say::{Complaint, clean::clean, mds, moment, news::count};

/// Writes what the edition is.
///
/// # Errors
/// When `to` fails.
pub fn edition(
    edition: &Edition,
    today: Date,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            return json::write(&edition_value(edition, today), to);
        }
        writeln!(to, "{}", mds::edition(edition))?;
        if let Some(left_out) = mds::left_out(edition) {
            writeln!(to, "{left_out}")?;
        }
        writeln!(
            to,
            "Imported {}; SHA-256 of the signed file {}.",
            moment::local(edition.imported, &style.zone),
            edition.sha256
        )
    })
}

/// Writes what `shelf` says of one of its models. Only a script gets the logo, a data URL that nobody has looked into.
///
/// # Errors
/// When `to` fails.
pub fn model(
    shelf: &Shelf,
    entry: &Entry,
    logo: Option<&str>,
    today: Date,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            let value = model_value(&shelf.edition, entry, logo, today);
            return json::write(&value, to);
        }
        for (title, value) in lines(entry, today) {
            writeln!(to, "{title:<16}{}", clean(&value))?;
        }
        writeln!(
            to,
            "{:<16}number {}, next update {}",
            "metadata", shelf.edition.number, shelf.edition.next_update
        )
    })
}

fn lines(entry: &Entry, today: Date) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("model", entry.name.clone()),
        ("AAGUID", entry.aaguid.to_string()),
        ("certification", certification(entry, today)),
        ("alarm", alarm(entry, today)),
    ];
    for report in &entry.reports {
        let since = report
            .since
            .map_or_else(|| "(no date)".to_owned(), |since| since.to_string());
        lines.push(("report", format!("{since}  {}", report.status)));
    }
    let vouching = match (entry.roots.len(), entry.vouching) {
        (0, _) => "not checked: the metadata has no roots for it".to_owned(),
        (roots, Vouching::ByVendor) => {
            format!("by the vendor's certificate, {}", count(roots, "root"))
        }
        (roots, Vouching::BySelf) => format!(
            "by the vendor's certificate, {}, or by the key alone, which proves no model",
            count(roots, "root")
        ),
    };
    lines.push(("attestation", vouching));
    if entry.unreadable > 0 {
        lines.push((
            "not read",
            format!("{} of its entry", count(entry.unreadable, "part")),
        ));
    }
    lines
}

/// The certification of a model, and since when.
pub fn certification(entry: &Entry, today: Date) -> String {
    match entry.certification(today) {
        Some(report) => since(report),
        None => "none".to_owned(),
    }
}

/// Why a model is not to be trusted, or that nothing is known against it.
pub fn alarm(entry: &Entry, today: Date) -> String {
    match entry.alarm(None, today) {
        Some(report) => since(report),
        None => "none".to_owned(),
    }
}

fn since(report: &Report) -> String {
    let words = mds::status(&report.status);
    match report.since {
        Some(since) => format!("{words} ({}, since {since})", report.status),
        None => format!("{words} ({})", report.status),
    }
}

/// The edition for scripts.
pub fn edition_value(edition: &Edition, today: Date) -> Value {
    json!({
        "number": edition.number,
        "next_update": edition.next_update.to_string(),
        "stale": edition.is_stale(today),
        "signer": edition.signer,
        "sha256": edition.sha256,
        "imported": moment::utc(edition.imported),
        "models": edition.models,
        "left_out": {
            "other_protocols": edition.others,
            "broken": edition.broken,
            "repeated": edition.repeated,
        },
    })
}

fn model_value(edition: &Edition, entry: &Entry, logo: Option<&str>, today: Date) -> Value {
    let reports: Vec<Value> = entry
        .reports
        .iter()
        .map(|report| {
            json!({
                "status": report.status,
                "since": report.since.map(|since| since.to_string()),
                "firmware": report.version,
                "of_one_batch": report.batch.is_some(),
            })
        })
        .collect();
    json!({
        "aaguid": entry.aaguid,
        "name": entry.name,
        "certification": entry.certification(today).map(|report| &report.status),
        "alarm": entry.alarm(None, today).map(|report| &report.status),
        "reports": reports,
        "roots": entry.roots.len(),
        "may_vouch_for_itself": entry.vouching == Vouching::BySelf,
        "logo": logo,
        "metadata": edition_value(edition, today),
    })
}
