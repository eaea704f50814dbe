//! `keyline check --online`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::app::preflight::{Grade, PERMISSIONS, Row, TenantFacts};
use crate::domain::time::Timestamp;
use crate::face::grid::{self, Side};
use crate::face::report::{json, written};
use crate::face::say::{Complaint, moment, preflight as say};

/// Writes the rows as a table with what to do below it, or as JSON.
///
/// # Errors
/// When `to` fails.
pub fn preflight(
    rows: &[Row],
    tenant: &TenantFacts,
    now: Timestamp,
    as_json: bool,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if as_json {
            json::write(&value(rows, tenant, now), to)
        } else {
            text(rows, now, to)
        }
    })
}

/// Writes, for scripts, why nothing could be checked.
///
/// # Errors
/// When `to` fails.
pub fn not_checked(why: &Complaint, to: &mut dyn Write) -> Result<(), Complaint> {
    let told = json!({ "checked": false, "error": json::error(why) });
    written(to, |to| json::write(&told, to))
}

fn text(rows: &[Row], now: Timestamp, to: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("state", Side::Left),
        ("what", Side::Left),
        ("found", Side::Open),
    ];
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| {
            [
                say::grade(row.grade).to_owned(),
                say::topic(row.topic).to_owned(),
                say::what(row, now),
            ]
        })
        .collect();
    grid::write(columns, &cells, to)?;
    for (grade, head) in [
        (Grade::Stop, "To mend before the first key:"),
        (Grade::Warning, "Worth a look:"),
    ] {
        let said = say::todos(rows, grade, now);
        if !said.is_empty() {
            writeln!(to, "\n{head}")?;
        }
        said.iter()
            .try_for_each(|line| writeln!(to, "  {}", crate::face::say::clean(line)))?;
    }
    writeln!(to, "\n{}", say::verdict(rows))
}

fn value(rows: &[Row], tenant: &TenantFacts, now: Timestamp) -> Value {
    let all: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "topic": row.topic,
                "grade": row.grade,
                "found": say::what(row, now),
                "todo": say::todo(row),
            })
        })
        .collect();
    let granted = tenant.grants.as_ref().ok().and_then(Option::as_ref);
    let permissions: Vec<Value> = PERMISSIONS
        .iter()
        .map(|permission| {
            let by = granted.and_then(|grants| permission.given_by(&grants.permissions));
            json!({
                "name": permission.name,
                "purpose": say::purpose(permission),
                "given_by": by,
            })
        })
        .collect();
    let stops = rows.iter().any(|row| row.grade == Grade::Stop);
    let error = stops.then(|| {
        let hint =
            "Do what the `todo` of each row says whose `grade` is \"stop\", then check again.";
        json::error(&Complaint::new(say::exit(rows), say::verdict(rows), hint))
    });
    let mut told = json!({
        "checked": true,
        "ready": !stops,
        "at": moment::utc(now),
        "rows": all,
        "permissions": granted.map(|_| permissions),
        "passkey_policy": tenant.policy.as_ref().ok(),
        "clock_ahead_seconds": tenant.reached.as_ref().ok().copied().flatten(),
    });
    if let (Some(fields), Some(error)) = (told.as_object_mut(), error) {
        fields.insert("error".to_owned(), error);
    }
    told
}
