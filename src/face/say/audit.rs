//! A row of the journal in a sentence, whatever its kind. Names nobody that the row does not name.

use serde_json::Value;

use crate::domain::event::Event;
use crate::face::say::clean::clean;
use crate::face::say::journal;

/// What the row says. A row that nobody understands any more is told as it is.
pub fn line(kind: &str, event: &str) -> String {
    if kind == "event"
        && let Ok(event) = serde_json::from_str::<Event>(event)
    {
        return journal::line(&event);
    }
    let Ok(value) = serde_json::from_str::<Value>(event) else {
        return clean(event);
    };
    let said = match kind {
        "admitted" => admitted(&value),
        "duty" => duty(&value),
        "note" => value.get("note").and_then(Value::as_str).map(note(&value)),
        "erased" => Some(format!("A person was erased from {}.", jobs(&value))),
        "retention" => text(&value, "what").map(|what| {
            format!(
                "Kept long enough and deleted: {} of {}.",
                clean(what),
                jobs(&value)
            )
        }),
        _ => None,
    };
    said.unwrap_or_else(|| clean(event))
}

fn admitted(value: &Value) -> Option<String> {
    let replaces = value.get("replace").and_then(Value::as_bool) == Some(true);
    Some(format!(
        "Admitted from line {} of its file: policy {}, {}{}.",
        value.get("line")?,
        clean(text(value, "policy")?),
        clean(text(value, "role")?),
        if replaces { ", replacing a key" } else { "" }
    ))
}

fn duty(value: &Value) -> Option<String> {
    let what = match text(value, "kind")? {
        "replaced" => "The passkey that was replaced",
        "retired" => "The passkey of the key that was taken back",
        "orphan" => "The passkey that an attempt may have left behind",
        _ => return None,
    };
    let deleted = value.get("deleted").and_then(Value::as_bool) == Some(true);
    let state = match text(value, "outcome")? {
        "deleting" => "is about to be deleted at Entra",
        "settled" if deleted => "was deleted at Entra",
        "settled" => "is not at Entra",
        "open" => "will be looked for at Entra again",
        "spared" => "was left alone",
        _ => return None,
    };
    let target = clean(text(value, "target")?);
    Some(format!("{what} {state} ({target})."))
}

/// A note, with what else its row has.
fn note(value: &Value) -> impl Fn(&str) -> String {
    let rest: Vec<String> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "note")
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    move |note| {
        if rest.is_empty() {
            clean(note)
        } else {
            clean(&format!("{note} ({})", rest.join(", ")))
        }
    }
}

fn jobs(value: &Value) -> String {
    let listed = value.get("jobs").and_then(Value::as_array);
    let listed: Vec<String> = listed
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    match listed.as_slice() {
        [] => "no job".to_owned(),
        [one] => format!("job {one}"),
        more => format!("jobs {}", more.join(", ")),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_kind_are_told() {
        for (kind, event, told) in [
            (
                "admitted",
                r#"{"line":2,"policy":"standard","role":"primary","replace":true}"#,
                "Admitted from line 2 of its file: policy standard, primary, replacing a key.",
            ),
            (
                "duty",
                r#"{"kind":"replaced","outcome":"settled","deleted":true,"target":"m-1"}"#,
                "The passkey that was replaced was deleted at Entra (m-1).",
            ),
            (
                "note",
                r#"{"note":"a station started"}"#,
                "a station started",
            ),
            (
                "note",
                r#"{"note":"stock","serials":["1"]}"#,
                r#"stock (serials ["1"])"#,
            ),
            (
                "erased",
                r#"{"jobs":[1,2]}"#,
                "A person was erased from jobs 1, 2.",
            ),
            (
                "retention",
                r#"{"what":"sealed PINs","jobs":[7]}"#,
                "Kept long enough and deleted: sealed PINs of job 7.",
            ),
            ("event", "no JSON\u{202E}", "no JSON\u{FFFD}"),
            ("unheard-of", "{}", "{}"),
        ] {
            assert_eq!(line(kind, event), told);
        }
    }
}
