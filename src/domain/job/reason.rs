//! The text that lies beside a rejected file: what is wrong with it, for reading. Says what, where and what to do.

use std::fmt::Write as _;

use super::row::BadRow;
use super::sheet::Unit;

/// So many complaints are written out in the readable text; the JSON beside it has them all.
pub const TOLD_MAX: usize = 200;

/// What became of the rows of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No row was taken.
    FileRejected,
    /// The good rows were taken; those told of were not.
    RowsHeld,
    /// Nobody wanted to take any: the file was only looked at.
    Checked,
}

/// The text for people. `name` is the file's name as it was dropped.
pub fn tell(name: &str, unit: Unit, fate: Fate, bad: &[BadRow]) -> String {
    let mut text = String::new();
    let things = match bad.len() {
        1 => "1 thing needs".to_owned(),
        count => format!("{count} things need"),
    };
    // Writing to a String cannot fail.
    let _ = match fate {
        Fate::FileRejected => writeln!(
            text,
            "{name} was not taken: {things} mending.\nNo row of it was admitted."
        ),
        Fate::Checked => writeln!(text, "{name}: {things} mending."),
        Fate::RowsHeld => writeln!(
            text,
            "{name} was taken in part: {things} mending.\nThe rows below were not admitted; all others were."
        ),
    };
    for bad in bad.iter().take(TOLD_MAX) {
        let _ = writeln!(text);
        let place = match (bad.line, &bad.column) {
            (0, None) => "the whole file".to_owned(),
            (0, Some(column)) => format!("column {column}"),
            (line, None) => format!("{} {line}", unit.word()),
            (line, Some(column)) => format!("{} {line}, column {column}", unit.word()),
        };
        let _ = writeln!(text, "{place}\n  {}\n  -> {}", bad.message, bad.hint);
    }
    if let Some(more) = bad.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        let _ = writeln!(
            text,
            "\n... and {more} more, in the .json file beside this one."
        );
    }
    let _ = match fate {
        Fate::FileRejected => writeln!(text, "\nMend the file and put it into new/ again."),
        Fate::Checked => writeln!(text, "\nThis was only a check: nothing was taken."),
        Fate::RowsHeld => writeln!(
            text,
            "\nPut the mended rows, and only those, into new/ as a new file."
        ),
    };
    text
}
