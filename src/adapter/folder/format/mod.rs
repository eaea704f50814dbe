//! Job files from bytes to checked rows, and back to bytes without PINs. Pure: it is handed bytes and a name, and opens nothing.

use zeroize::Zeroizing;

use crate::domain::job::BatchName;
use crate::domain::job::row::{BadRow, Code, Rules, trim};
use crate::domain::job::sheet::{self, JobFile, Unusable};
use crate::domain::mailbox::PinsLeft;

mod decode;
pub mod stock;
mod table;
mod tree;

/// The largest job file that is read: far more than [`sheet::ROWS_MAX`] rows need.
pub const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A batch name is printed on reports.
pub const BATCH_CHARS_MAX: usize = 80;

/// What a wiped PIN looks like.
const WIPED: &str = "***";

/// Reads and checks a job file. The format follows from the name's ending: `.csv`, `.tsv`, `.txt`, `.toml`, `.json`.
///
/// # Errors
/// [`Unusable`], with all complaints, when no row of it may be used.
pub fn parse(name: &str, bytes: &[u8], rules: &Rules) -> Result<JobFile, Unusable> {
    let kind = Kind::of(name, bytes).map_err(Unusable::because)?;
    let batch = batch_name(name).map_err(Unusable::because)?;
    let text = decode::text(bytes).map_err(Unusable::because)?;
    let sheet = match kind {
        Kind::Table => table::read(&text, batch),
        Kind::Toml => tree::read_toml(&text, batch),
        Kind::Json => tree::read_json(&text, batch),
    }?;
    sheet::check(sheet, rules)
}

/// The same file with every PIN replaced by `***`, and what is now known of it. Without PINs, and where nothing is sure, the
/// bytes are those that came.
pub fn without_pins(name: &str, bytes: &[u8]) -> (Zeroizing<Vec<u8>>, PinsLeft) {
    let wiped = Kind::of(name, bytes).ok().and_then(|kind| {
        let text = decode::text(bytes).ok()?;
        match kind {
            Kind::Table => table::wipe(&text),
            Kind::Toml => tree::wipe_toml(&text),
            Kind::Json => tree::wipe_json(&text),
        }
    });
    match wiped {
        Some(Wipe::Nothing) => (Zeroizing::new(bytes.to_vec()), PinsLeft::NoneThere),
        Some(Wipe::Rewritten(text)) => (Zeroizing::new(text), PinsLeft::Wiped),
        None => (Zeroizing::new(bytes.to_vec()), PinsLeft::Unknown),
    }
}

/// What wiping came to.
enum Wipe {
    Nothing,
    Rewritten(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Table,
    Toml,
    Json,
}

impl Kind {
    fn of(name: &str, bytes: &[u8]) -> Result<Self, BadRow> {
        // Zip (.xlsx, .ods) and OLE (.xls): a workbook, whatever its name says.
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            return Err(BadRow::whole(
                Code::UnknownFormat,
                "This is a spreadsheet workbook, not a job file.",
                "In the spreadsheet choose Save as, type \"CSV UTF-8\", and drop that file.",
            ));
        }
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_lowercase());
        match ending.as_deref() {
            Some("csv" | "tsv" | "txt") => Ok(Self::Table),
            Some("toml") => Ok(Self::Toml),
            Some("json") => Ok(Self::Json),
            _ => Err(BadRow::whole(
                Code::UnknownFormat,
                "The file's name does not end in .csv, .toml or .json.",
                "Name the file after what is in it. queue/samples has one of each.",
            )),
        }
    }
}

fn batch_name(name: &str) -> Result<BatchName, BadRow> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    check_batch(stem)
}

/// A batch name that fits on a report.
fn check_batch(text: &str) -> Result<BatchName, BadRow> {
    use unicode_normalization::UnicodeNormalization;
    let text: String = trim(text).nfc().collect();
    let count = text.chars().count();
    if count == 0 || count > BATCH_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(BadRow::whole(
            Code::FileName,
            "The name of the batch does not do.",
            format!(
                "Give the file, or its field batch, a name of 1 to {BATCH_CHARS_MAX} plain characters."
            ),
        ));
    }
    Ok(BatchName(text))
}

#[cfg(test)]
mod tests;
