//! The journal by time, person and key; the walk that verifies it; and its export, as CSV for people and as JSON lines for
//! programs. What was sealed stays sealed: no row has a PIN.

mod export;

pub(in crate::face::console) use self::export::{csv, json_lines};

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Walked;
use super::notice::Notice;
use super::pager::Query;
use super::queue::{internal, unreadable};
use super::task::{Refused, State};
use crate::domain::time::Timestamp;
use crate::face::console::{Shell, Visit, page};
use crate::face::report::audit;
use crate::face::say::audit::line;
use crate::face::say::clean::lines;
use crate::face::say::{clean, moment};
use crate::port::browse::{From, TrailFilter, TrailRow};

/// Rows on one page.
pub const ROWS_PER_PAGE: u32 = 100;

struct Line {
    sequence: i64,
    at: String,
    actor: String,
    job: Option<i64>,
    user: String,
    text: String,
}

/// How the walk stands, for the page.
pub(super) struct Standing {
    pub(super) under_way: bool,
    pub(super) done: u64,
    /// Zero while nobody knows.
    pub(super) total: u64,
    pub(super) at: String,
    pub(super) good: Option<String>,
    pub(super) bad: Option<String>,
    pub(super) hint: String,
}

impl Standing {
    pub(super) const fn nothing() -> Self {
        Self {
            under_way: false,
            done: 0,
            total: 0,
            at: String::new(),
            good: None,
            bad: None,
            hint: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Audit {
    shell: Shell,
    notice: Option<Notice>,
    query: [String; 5],
    trouble: bool,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    csv: String,
    json_lines: String,
    walk: Standing,
}

/// `GET /audit`: `from`, `until`, `person`, `key`, `actor`, `before`.
pub(in crate::face::console) async fn list(visit: Visit) -> Response {
    let query = Query::of(&visit);
    let zone = TimeZone::system();
    let (filter, trouble) = filter(&query, &zone);
    let from = match query.get("before").parse() {
        Ok(before) => From::Before(before),
        Err(_) => From::Newest,
    };
    let rows = visit
        .apart(move |shared| {
            let browse = &shared.oversight.means.browse;
            browse.trail(&filter, from, ROWS_PER_PAGE)
        })
        .await;
    let rows = match rows {
        Some(Ok(rows)) => rows,
        Some(Err(why)) => return unreadable(&visit, &why),
        None => return internal(&visit),
    };
    let is_full = u32::try_from(rows.len()).is_ok_and(|rows| rows == ROWS_PER_PAGE);
    let last = rows.last().map(|row| row.sequence.to_string());
    let older = last
        .filter(|_| is_full)
        .map(|last| query.with("/audit", &[("before", &last)]));
    let newest = (from != From::Newest).then(|| query.with("/audit", &[("before", "")]));
    let template = Audit {
        notice: visit.shared.oversight.notices.take(&visit),
        query: ["from", "until", "person", "key", "actor"].map(|name| clean(query.get(name))),
        trouble,
        lines: rows.iter().map(|row| of_row(row, &zone)).collect(),
        older,
        newest,
        csv: query.with("/audit/export.csv", &[("before", "")]),
        json_lines: query.with("/audit/export.jsonl", &[("before", "")]),
        walk: walked(&visit, &zone),
        shell: Shell::of(&visit),
    };
    page(StatusCode::OK, &template)
}

/// `POST /audit/verify`
pub(in crate::face::console) async fn verify(visit: Visit) -> Response {
    let oversight = Arc::clone(&visit.shared.oversight);
    let (clock, walk) = (
        Arc::clone(&visit.shared.clock),
        Arc::clone(&oversight.means.walk),
    );
    let begun = oversight
        .walk
        .begin(move || clock.now(), move |tell| walk(tell));
    tell_refusal(&visit, begun);
    page::go("/audit#walk")
}

/// Tells why something was not begun, on the page that follows.
pub(super) fn tell_refusal(visit: &Visit, begun: Result<(), Refused>) {
    let text = match begun {
        Ok(()) => return,
        Err(Refused::UnderWay) => visit.words.say("admin.under_way").to_owned(),
        Err(Refused::TooSoon(seconds)) => visit
            .words
            .count("admin.too_soon", usize::try_from(seconds).unwrap_or(0)),
    };
    let notices = &visit.shared.oversight.notices;
    notices.keep(visit, Notice::refusal(&text));
}

/// What is asked for, and whether something in it could not be understood.
fn filter(query: &Query, zone: &TimeZone) -> (TrailFilter, bool) {
    let mut trouble = false;
    let mut midnight = |name: &str, days: i64| {
        let text = query.get(name);
        if text.is_empty() {
            return None;
        }
        let moment = text.parse::<Date>().ok().and_then(|day| {
            let day = day
                .checked_add(jiff::Span::new().try_days(days).ok()?)
                .ok()?;
            let there = day.to_zoned(zone.clone()).ok()?;
            Some(Timestamp(there.timestamp().as_millisecond()))
        });
        trouble |= moment.is_none();
        moment
    };
    let filter = TrailFilter {
        from: midnight("from", 0),
        // The whole of the last day.
        until: midnight("until", 1),
        person: query.get("person").to_owned(),
        key: query.get("key").to_owned(),
        actor: query.get("actor").to_owned(),
    };
    (filter, trouble)
}

fn of_row(row: &TrailRow, zone: &TimeZone) -> Line {
    Line {
        sequence: row.sequence,
        at: moment::local(row.at, zone),
        actor: clean(&row.actor),
        job: row.job.map(|job| job.0),
        user: clean(row.user.as_deref().unwrap_or_default()),
        text: line(&row.kind, &row.event),
    }
}

fn walked(visit: &Visit, zone: &TimeZone) -> Standing {
    let mut standing = Standing::nothing();
    match visit.shared.oversight.walk.state() {
        State::Idle => {}
        State::UnderWay { done, total, .. } => {
            standing = Standing {
                under_way: true,
                done,
                total,
                ..standing
            };
        }
        State::Over { at, ended } => {
            standing.at = moment::local(at, zone);
            match &*ended {
                Ok(Walked::Sound(found)) => {
                    let mut text = Vec::new();
                    // Memory cannot refuse to be written to.
                    let _ = audit::verified(found, false, &mut text);
                    standing.good = Some(lines(&String::from_utf8_lossy(&text)));
                }
                Ok(Walked::Broken(damage)) => {
                    let complaint = audit::complaint(damage);
                    standing.bad = Some(lines(&complaint.message));
                    standing.hint = lines(&complaint.hint);
                }
                Err(complaint) => {
                    standing.bad = Some(lines(&complaint.message));
                    standing.hint = lines(&complaint.hint);
                }
            }
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_days_here() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let asked = |from: &str, until: &str| {
            let query = Query::default().with("/audit", &[("from", from), ("until", until)]);
            filter(&Query::in_path(&query), &zone)
        };
        let (found, trouble) = asked("2026-03-02", "2026-03-02");
        let begins = Timestamp(1_772_406_000_000);
        assert_eq!(found.from, Some(begins));
        assert_eq!(found.until, Some(begins.plus_seconds(86_400)));
        assert!(!trouble);
        let (found, trouble) = asked("yesterday", "");
        assert_eq!((found.from, found.until, trouble), (None, None, true));
    }
}
