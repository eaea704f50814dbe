//! Files in the queue that are no jobs yet, as a part of `keyline status`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::mailbox::Lying;
use crate::face::say::clean::clean;
use crate::face::say::news::{count, sentence};

/// Files of a folder that are named; the others are counted.
const NAMED_MAX: usize = 5;

/// For scripts: all of them.
pub(super) fn of(lying: &Lying) -> Value {
    let hold = lying.hold.iter();
    let hold: Vec<Value> = hold
        .map(|file| json!({ "name": file.name, "reason": file.reason }))
        .collect();
    json!({ "new": lying.new, "hold": hold })
}

/// For people; nothing where nothing lies there.
///
/// # Errors
/// Those of `to`.
pub(super) fn write(lying: &Lying, to: &mut dyn Write) -> io::Result<()> {
    let lies = |number| if number == 1 { "lies" } else { "lie" };
    let more = |all: usize, to: &mut dyn Write| match all.saturating_sub(NAMED_MAX) {
        0 => Ok(()),
        rest => writeln!(to, "  and {rest} more"),
    };
    if !lying.new.is_empty() {
        let number = lying.new.len();
        writeln!(
            to,
            "\n{} {} in new/ and {} not taken in yet; a running station does that in a moment:",
            count(number, "file"),
            lies(number),
            if number == 1 { "is" } else { "are" }
        )?;
        for name in lying.new.iter().take(NAMED_MAX) {
            writeln!(to, "  {}", clean(name))?;
        }
        more(number, to)?;
    }
    if !lying.hold.is_empty() {
        let number = lying.hold.len();
        writeln!(
            to,
            "\n{} {} in hold/ for your decision:",
            count(number, "file"),
            lies(number)
        )?;
        for file in lying.hold.iter().take(NAMED_MAX) {
            let why = file
                .reason
                .as_deref()
                .map_or_else(|| "the station did not lay it there.".to_owned(), sentence);
            writeln!(to, "  {}: {why}", clean(&file.name))?;
        }
        more(number, to)?;
        writeln!(
            to,
            "    -> What would be right stands beside each, in its .reason.txt."
        )?;
    }
    Ok(())
}
