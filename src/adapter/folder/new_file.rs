//! A job file that keyline itself writes: text that every spreadsheet opens as text, and a file that lies in `new/` whole or not
//! at all, with or without a running station.

use std::ffi::OsString;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use super::claim::NAME_BYTES_MAX;
use super::format::{BATCH_CHARS_MAX, FILE_BYTES_MAX};
use super::room::{Room, Rooms};
use super::sweep::{draft_name, sweep};
use crate::domain::job::column::Column;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::mailbox::MailboxFault;

/// By it spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
/// Whose own column the directory's id is: nobody reads it here.
const OBJECT_ID: &str = "x_object_id";
/// When it was ordered, and a number of that order alone. Without it the same order given again would have the same bytes, and
/// the station would take it for the same file.
const ORDERED: &str = "x_ordered";
/// Stands invisibly before what a spreadsheet would compute. The intake takes it off again, so that a name stays what it is.
const WORD_JOINER: char = '\u{2060}';
/// What begins a formula, also as wide characters.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Files of one name that may wait at the same time.
const NAMES_MAX: u32 = 99;

/// A job file in the making.
pub struct NewFile {
    columns: Vec<Column>,
    ordered: String,
    writer: csv::Writer<Vec<u8>>,
    rows: usize,
}

impl NewFile {
    /// An empty one with these columns, one for the directory's ids, and one by which it is unlike every other file.
    ///
    /// # Errors
    /// Never in practice: it is written into memory.
    pub fn new(columns: &[Column]) -> Result<Self, MailboxFault> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.to_vec());
        let head = columns.iter().map(|column| column.word());
        writer
            .write_record(head.chain([OBJECT_ID, ORDERED]))
            .map_err(|error| failed(&error))?;
        Ok(Self {
            columns: columns.to_vec(),
            ordered: format!(
                "{:.3} {:08x}",
                Timestamp::now(),
                Uuid::new_v4().as_fields().0
            ),
            writer,
            rows: 0,
        })
    }

    /// How many rows it has.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When one file cannot have so many rows.
    pub fn push(&mut self, row: &Proposal) -> Result<(), MailboxFault> {
        let bytes = u64::try_from(self.writer.get_ref().len()).unwrap_or(u64::MAX);
        if self.rows >= ROWS_MAX || bytes >= FILE_BYTES_MAX - ROW_BYTES_MAX {
            return Err(failed(&format!(
                "one job file holds {ROWS_MAX} rows and {FILE_BYTES_MAX} bytes at most; take a smaller group"
            )));
        }
        let id = row.object_id.as_ref().map_or("", |id| id.0.as_str());
        let cells = self.columns.iter().map(|column| row.get(*column));
        self.writer
            .write_record(cells.chain([id, &self.ordered]).map(harmless))
            .map_err(|error| failed(&error))?;
        self.rows += 1;
        Ok(())
    }

    /// Puts it into `new/` of the queue at `root`, under a name that begins with `title` and names the batch. Returns the name.
    /// Overwrites nothing.
    ///
    /// # Errors
    /// As the folder fails; nothing of it lies in the queue then.
    pub fn drop_into(self, root: &Path, title: &str) -> Result<String, MailboxFault> {
        lay(root, (&plain(title), "csv"), &self.into_bytes()?)
    }

    /// What the file will be, for [`put`].
    ///
    /// # Errors
    /// Never in practice: it is written into memory.
    pub fn into_bytes(self) -> Result<Vec<u8>, MailboxFault> {
        self.writer
            .into_inner()
            .map_err(|error| failed(&error.into_error()))
    }
}

/// Puts a job file that somebody handed over into `new/` of the queue at `root`, as it is, under its own name or one close to
/// it. Returns the name. Overwrites nothing.
///
/// # Errors
/// As the folder fails; nothing of it lies in the queue then.
pub fn put(root: &Path, name: &str, bytes: &[u8]) -> Result<String, MailboxFault> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "csv"));
    lay(root, (&plain(stem), &plain(ending)), bytes)
}

fn lay(root: &Path, name: (&str, &str), bytes: &[u8]) -> Result<String, MailboxFault> {
    let rooms = Rooms::open(root)?;
    sweep(&rooms);
    let draft = draft_name();
    rooms.write(Room::New, &draft, bytes, false)?;
    let named = give_name(&rooms, &draft, name);
    if named.is_err() {
        // What went wrong first is what is told.
        let _ = rooms.remove(Room::New, &draft);
    }
    named
}

/// Bytes. More than the longest row has, whatever is escaped in it.
const ROW_BYTES_MAX: u64 = 64 * 1024;

fn give_name(
    rooms: &Rooms,
    draft: &OsString,
    (title, ending): (&str, &str),
) -> Result<String, MailboxFault> {
    for number in 1..=NAMES_MAX {
        let name = match number {
            1 => format!("{title}.{ending}"),
            number => format!("{title} ({number}).{ending}"),
        };
        if rooms.stat(Room::New, name.as_ref())?.is_none() {
            rooms.rename((Room::New, draft), (Room::New, name.as_ref()))?;
            return Ok(name);
        }
    }
    Err(failed(&format!(
        "{NAMES_MAX} files of this name wait in new/ already"
    )))
}

/// A title that can be a file's name and a batch's: neither hidden nor a path, short enough for a number and an ending.
fn plain(title: &str) -> String {
    let spare = " (99)".len();
    let mut plain = String::new();
    for letter in title.trim().chars().take(BATCH_CHARS_MAX - spare) {
        let odd = letter.is_control() || matches!(letter, '/' | '\\' | '\u{FFFD}');
        let hides = plain.is_empty() && matches!(letter, '.' | '~');
        let letter = if odd || hides { '_' } else { letter };
        if plain.len() + letter.len_utf8() + spare + ".json".len() > NAME_BYTES_MAX {
            break;
        }
        plain.push(letter);
    }
    let plain = plain.trim().to_owned();
    if plain.is_empty() {
        "new".to_owned()
    } else {
        plain
    }
}

fn harmless(cell: &str) -> String {
    if cell.trim_start().starts_with(FORMULA) {
        format!("{WORD_JOINER}{cell}")
    } else {
        cell.to_owned()
    }
}

fn failed(error: &dyn std::fmt::Display) -> MailboxFault {
    MailboxFault::Failed {
        act: "make a job file".to_owned(),
        place: Room::New.name().to_owned(),
        what: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::folder::format;
    use crate::domain::job::row::Rules;

    const COLUMNS: [Column; 2] = [Column::User, Column::Name];

    fn rules() -> Rules {
        Rules {
            policies: vec!["standard".to_owned()],
            default_policy: Some("standard".to_owned()),
            languages: Vec::new(),
        }
    }

    fn file(names: &[&str]) -> NewFile {
        let mut file = NewFile::new(&COLUMNS).expect("a file");
        for (number, name) in (1..).zip(names) {
            let mut row = Proposal::new(&format!("person{number}@contoso.com"));
            row.set(Column::Name, name);
            file.push(&row).expect("room");
        }
        file
    }

    fn queue() -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder");
        Rooms::create(home.path()).expect("a queue");
        home
    }

    #[test]
    fn odd_names_come_through_as_they_are_and_no_spreadsheet_computes_them() {
        let names = [
            "=cmd|' /C calc'!A0",
            "+1",
            "-Anna",
            "@SUM(A1)",
            "＝1",
            "O'Brien, \"Shay\"; |x",
            "C# \\ ü 王芳 עדי",
        ];
        let home = queue();
        let name = file(&names)
            .drop_into(home.path(), "odd")
            .expect("it lies there");
        let bytes = std::fs::read(home.path().join("new").join(&name)).expect("bytes");
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        for cell in text.split([',', '\n', '"', ';', '|']) {
            assert!(!cell.starts_with(FORMULA), "{cell}");
        }
        let taken = format::parse(&name, &bytes, &rules()).expect("a job file");
        assert_eq!(taken.bad_rows, []);
        let read: Vec<String> = taken
            .drafts
            .into_iter()
            .filter_map(|draft| draft.request.name)
            .collect();
        assert_eq!(read, names);
    }

    #[test]
    fn a_file_lies_there_under_a_name_of_its_own_and_nothing_else_does() {
        let home = queue();
        let drop = |title: &str| {
            file(&["Anna"])
                .drop_into(home.path(), title)
                .expect("named")
        };
        assert_eq!(drop("Vertrieb 2026"), "Vertrieb 2026.csv");
        assert_eq!(drop("Vertrieb 2026"), "Vertrieb 2026 (2).csv");
        assert_eq!(drop("../~x/\u{7}"), "_._~x__.csv");
        assert_eq!(drop(" "), "new.csv");
        let long = drop(&"ü".repeat(300));
        assert!(
            long.len() <= NAME_BYTES_MAX && long.ends_with("ü.csv"),
            "{long}"
        );
        let long = drop(&"ü".repeat(300));
        let bytes = std::fs::read(home.path().join("new").join(&long)).expect("bytes");
        format::parse(&long, &bytes, &rules()).expect("a batch name that is taken");
        let entries = std::fs::read_dir(home.path().join("new")).expect("entries");
        assert_eq!(entries.count(), 6);
        let gone = file(&["Anna"]).drop_into(&home.path().join("nowhere"), "x");
        assert!(gone.is_err());
    }

    #[test]
    fn the_same_order_given_again_is_another_file() {
        let home = queue();
        let written = || {
            let name = file(&["Anna"]).drop_into(home.path(), "added");
            std::fs::read(home.path().join("new").join(name.expect("named"))).expect("bytes")
        };
        let (first, second) = (written(), written());
        assert_ne!(first, second);
        let drafts = |bytes: &[u8]| {
            let taken = format::parse("added.csv", bytes, &rules()).expect("a job file");
            assert_eq!(taken.bad_rows, []);
            let requests = taken.drafts.into_iter().map(|draft| draft.request);
            requests.collect::<Vec<_>>()
        };
        assert_eq!(drafts(&first), drafts(&second));
    }

    #[test]
    fn a_file_that_was_handed_over_lies_there_as_it_is() {
        let home = queue();
        let put = |name: &str| put(home.path(), name, b"{}").expect("it lies there");
        assert_eq!(put("March.json"), "March.json");
        assert_eq!(put("March.json"), "March (2).json");
        assert_eq!(put("../../etc/x.toml"), "_._.._etc_x.toml");
        let bytes = std::fs::read(home.path().join("new/March (2).json")).expect("bytes");
        assert_eq!(bytes, b"{}");
    }

    #[test]
    fn a_file_has_an_end() {
        let mut file = file(&[]);
        file.rows = ROWS_MAX;
        assert!(file.push(&Proposal::new("anna@contoso.com")).is_err());
    }
}
