//! The end of the station's log, the newest line first. The log holds no secret; what it quotes from outside is made harmless
//! here all the same.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::pager::Query;
use super::queue::internal;
use crate::domain::time::Timestamp;
use crate::face::console::{Shell, Visit, page};
use crate::face::say::clean::{fit, lines};
use crate::face::say::{clean, moment};

/// Lines on the page.
pub const LINES_MAX: usize = 300;
/// Columns of one line; what is longer is in the file.
const LINE_COLUMNS_MAX: usize = 1000;

/// The end of the newest log file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// Where it is.
    pub file: String,
    /// Its last lines, JSON each. The first one may be cut.
    pub text: String,
}

/// The levels, the worst first, and the keys of their words.
const LEVELS: [(&str, &str); 5] = [
    ("error", "log.level.error"),
    ("warn", "log.level.warn"),
    ("info", "log.level.info"),
    ("debug", "log.level.debug"),
    ("trace", "log.level.trace"),
];

#[derive(Debug, PartialEq, Eq)]
struct Line {
    at: String,
    /// A word for style sheets.
    level: &'static str,
    level_said: &'static str,
    target: String,
    text: String,
}

struct Choice {
    word: &'static str,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "admin/log.html")]
struct Log {
    shell: Shell,
    file: String,
    lines: Vec<Line>,
    levels: Vec<Choice>,
    trouble: Option<String>,
}

/// `GET /log`: `level`, the least bad one that is shown.
pub(in crate::face::console) async fn list(visit: Visit) -> Response {
    let query = Query::of(&visit);
    let most = LEVELS
        .iter()
        .position(|(word, _)| *word == query.get("level"))
        .unwrap_or(LEVELS.len());
    let Some(read) = visit.apart(|shared| (shared.oversight.means.log)()).await else {
        return internal(&visit);
    };
    let zone = TimeZone::system();
    let (file, shown, trouble) = match read {
        Ok(tail) => {
            let shown = newest(&tail.text, most, &visit, &zone);
            (clean(&tail.file), shown, None)
        }
        Err(why) => (String::new(), Vec::new(), Some(lines(&why.message))),
    };
    let levels = LEVELS
        .iter()
        .map(|(word, key)| Choice {
            word,
            label: visit.words.say(key),
            chosen: *word == query.get("level"),
        })
        .collect();
    let template = Log {
        shell: Shell::of(&visit),
        file,
        lines: shown,
        levels,
        trouble,
    };
    page(StatusCode::OK, &template)
}

fn newest(text: &str, most: usize, visit: &Visit, zone: &TimeZone) -> Vec<Line> {
    text.lines()
        .rev()
        .filter_map(|line| entry(line, zone))
        .filter(|(level, _)| *level <= most)
        .take(LINES_MAX)
        .map(|(level, line)| Line {
            level_said: LEVELS
                .get(level)
                .map_or("", |(_, key)| visit.words.say(key)),
            ..line
        })
        .collect()
}

/// One line and the place of its level among [`LEVELS`]. `None` for what is no whole line of a log.
fn entry(line: &str, zone: &TimeZone) -> Option<(usize, Line)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let word = text("level")?.to_ascii_lowercase();
    let place = LEVELS.iter().position(|(known, _)| *known == word)?;
    let (level, _) = LEVELS.get(place)?;
    let at = text("timestamp")?;
    let at = at.parse::<jiff::Timestamp>().map_or_else(
        |_| clean(at),
        |at| moment::local(Timestamp(at.as_millisecond()), zone),
    );
    let fields = value.get("fields").and_then(Value::as_object);
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in fields.into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if name == "message" {
            parts.insert(0, value);
        } else {
            parts.push(format!("{name}={value}"));
        }
    }
    let line = Line {
        at,
        level,
        level_said: "",
        target: clean(text("target").unwrap_or_default()),
        text: fit(&parts.join("  "), LINE_COLUMNS_MAX),
    };
    Some((place, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_told_with_its_fields_and_made_harmless() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let whole = r#"{"timestamp":"2026-03-02T09:30:00.5Z","level":"WARN","fields":{"job":7,"message":"held \u202Ex","fault":"a\nb"},"target":"keyline::app"}"#;
        let (level, line) = entry(whole, &zone).expect("a line");
        assert_eq!(level, 1);
        assert_eq!(line.at, "2026-03-02 10:30:00 +01:00");
        assert_eq!((line.level, line.target.as_str()), ("warn", "keyline::app"));
        assert!(line.text.starts_with("held \u{FFFD}x  "), "{}", line.text);
        assert!(line.text.contains("job=7") && line.text.contains("fault=a\u{FFFD}b"));
        for broken in ["", "ut off\"}", "{}", r#"{"level":"loud","timestamp":"x"}"#] {
            assert_eq!(entry(broken, &zone), None, "{broken}");
        }
    }
}
