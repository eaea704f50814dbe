//! `keyline reconcile`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::app::reconcile::{Difference, Report};
use crate::face::grid::{self, Side};
use crate::face::report::{json, written};
use crate::face::say::{self, Complaint, clean::clean, fault};

/// Writes what differs and what was counted.
///
/// # Errors
/// When `to` fails.
pub fn reconcile(report: &Report, as_json: bool, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            json::write(&value(report), to)
        } else {
            text(report, to)
        }
    })
}

fn text(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{}", say::reconcile::verdict(report))?;
    if !report.differences.is_empty() {
        writeln!(to)?;
        let columns = [
            ("user", Side::Left),
            ("job", Side::Right),
            ("passkey", Side::Left),
            ("what", Side::Open),
        ];
        let rows: Vec<[String; 4]> = report.differences.iter().map(cells).collect();
        grid::write(columns, &rows, to)?;
    }
    if !report.failed.is_empty() {
        writeln!(to, "\nNot compared:")?;
        for (user, why) in &report.failed {
            writeln!(to, "  {}: {}", clean(user), fault::message(why))?;
        }
    }
    writeln!(to)?;
    say::reconcile::totals(report)
        .iter()
        .try_for_each(|line| writeln!(to, "{line}"))
}

fn cells(difference: &Difference) -> [String; 4] {
    let dash = || "-".to_owned();
    let name = if difference.display_name.is_empty() {
        difference
            .method
            .as_ref()
            .map_or_else(dash, |id| id.0.clone())
    } else {
        difference.display_name.clone()
    };
    [
        difference.user.clone(),
        difference.job.map_or_else(dash, |job| job.to_string()),
        name,
        say::reconcile::what(difference),
    ]
}

fn value(report: &Report) -> Value {
    let differences: Vec<Value> = report.differences.iter().map(of_difference).collect();
    let failed: Vec<Value> = report
        .failed
        .iter()
        .map(|(user, why)| json!({ "user": user, "why": json::held(why) }))
        .collect();
    json!({
        "people": report.people,
        "agreeing": report.agreeing,
        "in_flight": report.in_flight,
        "replaced": report.replaced,
        "foreign": {
            "security_keys": report.foreign_keys,
            "other_passkeys": report.foreign_passkeys,
        },
        "differences": differences,
        "failed": failed,
    })
}

fn of_difference(difference: &Difference) -> Value {
    json!({
        "user": difference.user,
        "what": say::reconcile::word(difference.kind),
        "job": difference.job,
        "credential": difference.credential,
        "method": difference.method,
        "name": difference.display_name,
        "removal": difference.removal.map(say::reconcile::removal),
    })
}
