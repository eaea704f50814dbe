//! How a mistake in somebody's TOML text is told: where it stands, what it is, and what would be right. Knows no file and no
//! setting.

use crate::domain::job::column::nearest;

/// An objection, and the byte that it is about.
pub(super) struct Objection(pub(super) usize, pub(super) String);

/// All of them in the order of the text, each with its place.
pub(super) fn in_order(text: &str, mut objections: Vec<Objection>) -> Vec<String> {
    objections.sort_by_key(|objection| objection.0);
    objections
        .into_iter()
        .map(|Objection(at, what)| placed(text, at, &what))
        .collect()
}

/// A text that is no TOML. The parser's own words quote the line, which may hold a secret, so only its message is told.
pub(super) fn broken(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    placed(text, at, error.message())
}

/// A word that nobody knows, and the one that was meant.
pub(super) fn unknown(kind: &str, word: &str, known: &[&str]) -> String {
    match nearest(&word.to_lowercase(), known.iter().copied()) {
        Some(nearest) => format!("there is no {kind} `{word}`; did you mean `{nearest}`?"),
        None => format!(
            "there is no {kind} `{word}`; there are {}",
            known.join(", ")
        ),
    }
}

/// The parser names types of the language that it is written in.
pub(super) fn plain(message: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join(" ");
    for kind in ["u64", "u32", "usize"] {
        if let Some(start) = message.strip_suffix(&format!("expected {kind}")) {
            return format!("{start}expected a whole number, 0 or more");
        }
    }
    message
}

/// The line of the byte `at`, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

/// `what` with the line and the column of the byte `at`, both from 1.
fn placed(text: &str, at: usize, what: &str) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = line(text, at);
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {what}")
}
