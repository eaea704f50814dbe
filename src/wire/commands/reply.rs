//! The answer of a command that changes something: lines for people while it goes on, or one JSON value for scripts when it is over,
//! with what went wrong in it. What cannot be written keeps nothing from being done, and is complained of when all is. Never writes
//! again after a failure: no part is missing in between.

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::face::report;
use crate::wire::commands::{Ended, cannot_write};

/// An answer under way.
pub(super) struct Reply<'a> {
    out: &'a mut dyn Write,
    /// What a script is told; people are told in lines.
    facts: Option<Map<String, Value>>,
    failed: Option<io::Error>,
}

/// Does `work`, whatever becomes of what it says.
///
/// # Errors
/// What goes wrong with the work; if nothing does, that its answer could not be written.
pub(super) fn reply(
    json: bool,
    out: &mut dyn Write,
    work: impl FnOnce(&mut Reply<'_>) -> Ended,
) -> Ended {
    let mut reply = Reply {
        out,
        facts: json.then(Map::new),
        failed: None,
    };
    let ended = work(&mut reply);
    reply.end(ended)
}

impl Reply<'_> {
    /// Whether a script reads it, which nobody asks anything.
    pub(super) const fn is_json(&self) -> bool {
        self.facts.is_some()
    }

    /// Says it to people.
    pub(super) fn line(&mut self, text: &str) {
        if self.is_json() || self.failed.is_some() {
            return;
        }
        self.failed = writeln!(self.out, "{text}").err();
    }

    /// Says to people what is written by somebody else.
    pub(super) fn text(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.is_json() || self.failed.is_some() {
            return;
        }
        self.failed = write(self.out).err();
    }

    /// Tells a script a fact; the last word under a name counts.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(facts) = &mut self.facts {
            facts.insert(name.to_owned(), value.into());
        }
    }

    /// Tells a script all fields of an object.
    pub(super) fn facts(&mut self, object: Value) {
        if let (Some(facts), Value::Object(fields)) = (&mut self.facts, object) {
            facts.extend(fields);
        }
    }

    /// Tells a script one more item of a list.
    pub(super) fn item(&mut self, list: &str, item: impl Into<Value>) {
        let Some(facts) = &mut self.facts else {
            return;
        };
        let items = facts
            .entry(list)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = items {
            items.push(item.into());
        }
    }

    fn end(mut self, ended: Ended) -> Ended {
        // Of a command that came to nothing a script is told as of every other.
        if let Some(facts) = self.facts.take().filter(|facts| !facts.is_empty()) {
            self.failed = report::facts(facts, ended.as_ref().err(), self.out).err();
        }
        let exit = ended?;
        // What is kept back until now may fail as well.
        match self.failed.map_or_else(|| self.out.flush(), Err) {
            Ok(()) => Ok(exit),
            Err(error) => Err(cannot_write(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::say::{Complaint, ExitCode};

    /// Takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn no_such_key() -> Complaint {
        Complaint::usage("No such key.", "Type another.")
    }

    #[test]
    fn the_work_is_done_and_the_complaint_comes_after_it() {
        for json in [false, true] {
            let mut done = false;
            let ended = reply(json, &mut Full, |reply| {
                reply.line("noted down");
                reply.fact("noted", true);
                done = true;
                Ok(ExitCode::Done)
            });
            assert!(done);
            assert_eq!(ended.expect_err("a full disk").exit, ExitCode::Journal);
        }
    }

    #[test]
    fn what_went_wrong_with_the_work_is_told_first() {
        let ended = reply(false, &mut Full, |reply| {
            reply.line("noted down");
            Err(no_such_key())
        });
        assert_eq!(ended, Err(no_such_key()));
        let mut good = Vec::new();
        let ended = reply(false, &mut good, |reply| {
            reply.fact("noted", true);
            reply.item("list", 1);
            reply.line("noted down");
            Ok(ExitCode::Done)
        });
        assert_eq!(ended.ok(), Some(ExitCode::Done));
        assert_eq!(good, b"noted down\n");
    }

    #[test]
    fn a_script_is_told_in_one_value_with_what_went_wrong_in_it() {
        let told = |fails: bool, says: bool| {
            let mut text = Vec::new();
            let ended = reply(true, &mut text, |reply| {
                reply.line("for people");
                if says {
                    reply.fact("job", 7);
                    reply.facts(serde_json::json!({ "user": "anna", "job": 8 }));
                    reply.item("keys", "a");
                    reply.item("keys", "b");
                }
                if fails {
                    return Err(no_such_key());
                }
                Ok(ExitCode::Waiting)
            });
            assert_eq!(ended.is_err(), fails);
            text
        };
        let read = |text: &[u8]| -> Value { serde_json::from_slice(text).expect("one value") };
        let value = read(&told(false, true));
        assert_eq!(
            value,
            serde_json::json!({ "job": 8, "user": "anna", "keys": ["a", "b"] })
        );
        let value = read(&told(true, true));
        assert_eq!(
            (&value["job"], &value["error"]["exit_code"]),
            (&8.into(), &2.into())
        );
        assert_eq!(told(true, false), b"", "told as of every other command");
    }
}
