//! The journal as a file, made page by page while it is sent: however long it is, it never lies in memory whole.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::pager::Query;
use super::filter;
use crate::domain::document::no_formula;
use crate::face::console::gate::Line;
use crate::face::console::{Shared, Visit};
use crate::face::say::audit::line;
use crate::face::say::{clean, moment};
use crate::port::browse::{From, TrailFilter, TrailRow};

/// Rows that are read at a time.
const ROWS_AT_A_TIME: u32 = 500;
/// The first line of the CSV.
const HEAD: [&str; 8] = [
    "row", "at", "actor", "kind", "job", "envelope", "user", "what",
];
/// Spreadsheets take CSV for UTF-8 only behind it.
const BYTE_ORDER_MARK: &str = "\u{FEFF}";

#[derive(Clone, Copy)]
enum Kind {
    Csv,
    JsonLines,
}

/// `GET /audit/export.csv`
pub(in crate::face::console) async fn csv(visit: Visit) -> Response {
    export(&visit, Kind::Csv)
}

/// `GET /audit/export.jsonl`
pub(in crate::face::console) async fn json_lines(visit: Visit) -> Response {
    export(&visit, Kind::JsonLines)
}

/// How far it is.
struct Export {
    shared: Arc<Shared>,
    filter: TrailFilter,
    kind: Kind,
    /// The row that was sent last; `None` behind the last one.
    last: Option<i64>,
}

fn export(visit: &Visit, kind: Kind) -> Response {
    let (filter, _) = filter(&Query::of(visit), &TimeZone::system());
    tracing::info!(by = visit.actor(), "the journal is exported");
    let begin = Export {
        shared: Arc::clone(&visit.shared),
        filter,
        kind,
        last: Some(0),
    };
    let parts = stream::unfold(begin, |export| async move { next(export).await });
    let (of, name) = match kind {
        Kind::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"keyline-journal.csv\"",
        ),
        Kind::JsonLines => (
            "application/jsonl; charset=utf-8",
            "attachment; filename=\"keyline-journal.jsonl\"",
        ),
    };
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(of));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}

/// The next part, and how far it is then.
async fn next(mut export: Export) -> Option<(Result<Bytes, Broken>, Export)> {
    let last = export.last.take()?;
    let (shared, filter) = (Arc::clone(&export.shared), export.filter.clone());
    let read = shared.apart(Line::Office, move |shared| {
        let browse = &shared.oversight.means.browse;
        browse.trail(&filter, From::After(last), ROWS_AT_A_TIME)
    });
    let rows = match read.await {
        Some(Ok(rows)) => rows,
        Some(Err(fault)) => {
            tracing::error!(%fault, "the export of the journal broke off");
            return Some((Err(Broken), export));
        }
        None => return Some((Err(Broken), export)),
    };
    let is_full = u32::try_from(rows.len()).is_ok_and(|rows| rows == ROWS_AT_A_TIME);
    export.last = rows.last().map(|row| row.sequence).filter(|_| is_full);
    let text = match export.kind {
        Kind::Csv => table(&rows, last == 0),
        Kind::JsonLines => Ok(rows.iter().map(|row| format!("{}\n", value(row))).collect()),
    };
    Some((text.map(Bytes::from), export))
}

/// The file ends here, before its end: its reader is told by the connection that breaks.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off; the station's log says why")]
struct Broken;

fn value(row: &TrailRow) -> Value {
    let event = serde_json::from_str(&row.event).unwrap_or(Value::Null);
    json!({
        "row": row.sequence,
        "at": moment::utc(row.at),
        "actor": row.actor,
        "kind": row.kind,
        "job": row.job,
        "envelope": row.envelope.map(|envelope| envelope.to_string()),
        "user": row.user,
        "event": event,
        "what": line(&row.kind, &row.event),
    })
}

fn table(rows: &[TrailRow], begins: bool) -> Result<String, Broken> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |cells: &[String]| writer.write_record(cells).map_err(|_| Broken);
    if begins {
        write(&HEAD.map(str::to_owned))?;
    }
    for row in rows {
        let cells = [
            row.sequence.to_string(),
            moment::utc(row.at),
            row.actor.clone(),
            row.kind.clone(),
            row.job.map_or_else(String::new, |job| job.to_string()),
            row.envelope
                .map_or_else(String::new, |envelope| envelope.to_string()),
            row.user.clone().unwrap_or_default(),
            line(&row.kind, &row.event),
        ];
        write(&cells.map(|cell| no_formula(&clean(&cell))))?;
    }
    let bytes = writer.into_inner().map_err(|_| Broken)?;
    let text = String::from_utf8(bytes).map_err(|_| Broken)?;
    Ok(if begins {
        format!("{BYTE_ORDER_MARK}{text}")
    } else {
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::job::JobId;
    use crate::domain::time::Timestamp;

    #[test]
    fn no_cell_is_computed_and_each_is_read_back() {
        let row = TrailRow {
            sequence: 7,
            at: Timestamp(1_772_443_800_123),
            actor: "=cmd|'/c calc'!A1".to_owned(),
            kind: "note".to_owned(),
            job: Some(JobId(3)),
            envelope: None,
            user: Some("a\"b,\u{202E}c\n@contoso.com".to_owned()),
            event: r#"{"note":"one, two"}"#.to_owned(),
        };
        let text = table(std::slice::from_ref(&row), true).expect("a table");
        let text = text.strip_prefix(BYTE_ORDER_MARK).expect("a mark");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        let cells: Vec<&str> = rows[0].iter().collect();
        assert_eq!(
            cells,
            [
                "7",
                "2026-03-02T09:30:00.123Z",
                "'=cmd|'/c calc'!A1",
                "note",
                "3",
                "",
                "a\"b,\u{FFFD}c\u{FFFD}@contoso.com",
                "one, two"
            ]
        );
        assert_eq!(rows.len(), 1);
        assert!(!table(&[row], false).expect("a table").starts_with("row"));
    }
}
