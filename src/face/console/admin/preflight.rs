//! The preflight as a page: what `keyline check --online` tells, looked at when somebody presses the button. It takes seconds and
//! asks the tenant, so one runs at a time, with a pause between.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::audit::tell_refusal;
use super::notice::Notice;
use super::task::State;
use crate::app::preflight::{Grade, Row};
use crate::domain::time::Timestamp;
use crate::face::console::words::Words;
use crate::face::console::{Shell, Visit, page};
use crate::face::say::clean::lines;
use crate::face::say::{clean, moment, preflight as say};

struct Line {
    /// A word for style sheets.
    grade: &'static str,
    grade_said: &'static str,
    topic: &'static str,
    found: String,
    todo: String,
}

#[derive(Template)]
#[template(path = "admin/preflight.html")]
struct Preflight {
    shell: Shell,
    notice: Option<Notice>,
    under_way: bool,
    done: u64,
    total: u64,
    /// When the last one ended; empty while there was none.
    at: String,
    lines: Vec<Line>,
    verdict: String,
    stops: bool,
    trouble: Option<(String, String)>,
}

/// `GET /preflight`
pub(in crate::face::console) async fn show(visit: Visit) -> Response {
    let mut template = Preflight {
        shell: Shell::of(&visit),
        notice: visit.shared.oversight.notices.take(&visit),
        under_way: false,
        done: 0,
        total: 0,
        at: String::new(),
        lines: Vec::new(),
        verdict: String::new(),
        stops: false,
        trouble: None,
    };
    match visit.shared.oversight.examine.state() {
        State::Idle => {}
        State::UnderWay { done, total, .. } => {
            template.under_way = true;
            template.done = done;
            template.total = total;
        }
        State::Over { at, ended } => {
            template.at = moment::local(at, &TimeZone::system());
            match &*ended {
                Ok(rows) => {
                    template.lines = rows.iter().map(|row| line(visit.words, row, at)).collect();
                    template.verdict = lines(&say::verdict(rows));
                    template.stops = rows.iter().any(|row| row.grade == Grade::Stop);
                }
                Err(why) => template.trouble = Some((lines(&why.message), lines(&why.hint))),
            }
        }
    }
    page(StatusCode::OK, &template)
}

/// `POST /preflight`
pub(in crate::face::console) async fn begin(visit: Visit) -> Response {
    let oversight = Arc::clone(&visit.shared.oversight);
    let (clock, examine) = (
        Arc::clone(&visit.shared.clock),
        Arc::clone(&oversight.means.examine),
    );
    let begun = oversight
        .examine
        .begin(move || clock.now(), move |tell| examine(tell));
    tell_refusal(&visit, begun);
    page::go("/preflight")
}

fn line(words: &'static Words, row: &Row, now: Timestamp) -> Line {
    let (grade, grade_said) = match row.grade {
        Grade::Ok => ("ok", words.say("preflight.grade.ok")),
        Grade::Warning => ("warning", words.say("preflight.grade.warning")),
        Grade::Stop => ("stop", words.say("preflight.grade.stop")),
    };
    Line {
        grade,
        grade_said,
        topic: say::topic(row.topic),
        found: clean(&say::what(row, now)),
        todo: say::todo(row).as_deref().map(clean).unwrap_or_default(),
    }
}
