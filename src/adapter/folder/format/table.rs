//! CSV as spreadsheets write it: any of four delimiters, a `sep=` line, quotation marks, line breaks inside of them. A header
//! is required. Cells are texts and stay so: nothing that begins with `=` is ever computed.

use csv::{ByteRecord, ReaderBuilder, StringRecord, WriterBuilder};

use super::{WIPED, Wipe};
use crate::domain::job::BatchName;
use crate::domain::job::column::{Column, Heading};
use crate::domain::job::row::{BadRow, Cell, Code, RawRow, trim};
use crate::domain::job::sheet::{ROWS_MAX, Sheet, Unit, Unusable};

const DELIMITERS: [u8; 4] = [b';', b',', b'\t', b'|'];
/// The header is looked for in so much of the file.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// A file cut into its header and the text that begins with it.
pub(super) struct Cut<'a> {
    /// From the header on.
    pub(super) body: &'a str,
    /// Lines before `body`.
    pub(super) lines_before: u32,
    pub(super) delimiter: u8,
    pub(super) header: StringRecord,
}

/// Reads all rows.
///
/// # Errors
/// When the form of the file hides its rows. Complaints about columns go into [`Sheet::spoiled`], so that rows are told of too.
pub(super) fn read(text: &str, batch: BatchName) -> Result<Sheet, Unusable> {
    let cut = cut(text)?;
    if let Some(line) = open_quote(cut.body, cut.delimiter) {
        return Err(Unusable::because(BadRow::at(
            line.saturating_add(cut.lines_before),
            None,
            Code::QuoteOpen,
            "A quotation mark is opened here and never closed, so the rows after it cannot be told apart.",
            "Close it, or delete it; inside a quoted cell a quotation mark is written twice.",
        )));
    }
    let headings: Vec<Heading> = cut.header.iter().map(Heading::read).collect();
    let mut sheet = Sheet {
        unit: Unit::Line,
        batch,
        policy: None,
        rows: Vec::new(),
        bad_rows: Vec::new(),
        spoiled: Vec::new(),
    };
    check_headings(&cut, &headings, &mut sheet.spoiled);
    let headed = headings.contains(&Heading::Known(Column::User));
    if !headed {
        return Err(Unusable {
            unit: Unit::Line,
            reasons: sheet.spoiled,
        });
    }
    read_rows(&cut, &headings, &mut sheet)?;
    Ok(sheet)
}

fn read_rows(cut: &Cut<'_>, headings: &[Heading], sheet: &mut Sheet) -> Result<(), Unusable> {
    let mut reader = reader(cut.body, cut.delimiter);
    let mut record = StringRecord::new();
    let mut lines = LineCounter::of(cut.body, cut.lines_before.saturating_add(1));
    let mut is_header = true;
    while reader.read_record(&mut record).map_err(|_| not_csv())? {
        let at = record.position().map_or(0, csv::Position::byte);
        let line = lines.at(usize::try_from(at).unwrap_or(usize::MAX));
        if std::mem::take(&mut is_header) || record.iter().all(|cell| trim(cell).is_empty()) {
            continue;
        }
        if sheet.rows.len() + sheet.bad_rows.len() > ROWS_MAX {
            return Err(Unusable::because(BadRow::whole(
                Code::TooManyRows,
                format!("The file has more than {ROWS_MAX} rows."),
                "Split it into several files.",
            )));
        }
        if let Some(bad) = check_width(&record, headings.len(), line) {
            sheet.bad_rows.push(bad);
            continue;
        }
        // When a column stands twice, which is complained of already, the first counts.
        let mut cells: Vec<(Column, Cell)> = Vec::with_capacity(headings.len());
        for (heading, cell) in headings.iter().zip(record.iter()) {
            if let Heading::Known(column) = heading
                && !cell.is_empty()
                && cells.iter().all(|(known, _)| known != column)
            {
                cells.push((*column, Cell::text(cell)));
            }
        }
        sheet.rows.push(RawRow {
            line,
            cells,
            refused: false,
        });
    }
    Ok(())
}

/// A row with other cells than the header has columns. Empty cells at the end are what spreadsheets add and leave out.
fn check_width(record: &StringRecord, width: usize, line: u32) -> Option<BadRow> {
    let surplus = record.iter().skip(width).any(|cell| !trim(cell).is_empty());
    if surplus {
        return Some(BadRow::at(
            line,
            None,
            Code::CellCount,
            format!(
                "This row has {} cells; the header has {width}.",
                record.len()
            ),
            "Put a cell that contains the delimiter in quotation marks.",
        ));
    }
    None
}

fn check_headings(cut: &Cut<'_>, headings: &[Heading], spoiled: &mut Vec<BadRow>) {
    let line = cut.lines_before.saturating_add(1);
    if !headings.contains(&Heading::Known(Column::User)) {
        let guess = headings.iter().zip(cut.header.iter()).find(|(heading, _)| {
            matches!(
                heading,
                Heading::Unknown {
                    nearest: Some(Column::User)
                }
            )
        });
        // Without a column user the first line may be a row, and a row may hold a PIN: it is not quoted.
        let hint = if guess.is_some() {
            "One of the columns looks like a misspelt user: name it user."
        } else {
            "The first line has to name the columns, such as user,name,language. Only user is required."
        };
        spoiled.push(BadRow::at(
            line,
            None,
            Code::HeaderMissing,
            "The first line does not name a column user.",
            hint,
        ));
        return;
    }
    for (at, (heading, text)) in headings.iter().zip(cut.header.iter()).enumerate() {
        let column = at.saturating_add(1).to_string();
        match heading {
            Heading::Unknown { nearest } => {
                let mut bad = unknown_column(line, &column, text, *nearest);
                bad.column = Some(column);
                spoiled.push(bad);
            }
            Heading::Known(known) if headings.iter().take(at).any(|other| other == heading) => {
                spoiled.push(BadRow::at(
                    line,
                    Some(*known),
                    Code::DuplicateColumn,
                    format!("The column {known} is there twice."),
                    "Keep one, or begin the name of the other with x_ to have it ignored.",
                ));
            }
            Heading::Known(_) | Heading::Ignored => {}
        }
    }
}

/// The complaint about a name that is no column. `place` is said instead of the name when the name has digits in it.
pub(super) fn unknown_column(
    line: u32,
    place: &str,
    text: &str,
    nearest: Option<Column>,
) -> BadRow {
    let short: String = trim(text).chars().take(40).collect();
    let named = if short.chars().any(char::is_numeric) || short.chars().any(char::is_control) {
        format!("The name of {place} is not known.")
    } else {
        format!("There is no column \"{short}\".")
    };
    let guess = nearest.map_or_else(
        || "Leave it out".to_owned(),
        |nearest| format!("Did you mean {nearest}? Otherwise leave it out"),
    );
    BadRow::at(
        line,
        None,
        Code::UnknownColumn,
        named,
        format!("{guess}, or begin its name with x_ to have it ignored."),
    )
}

/// Finds the `sep=` line, the header and the delimiter: the one under which most of the header's cells are columns we know.
pub(super) fn cut(text: &str) -> Result<Cut<'_>, Unusable> {
    let mut body = text;
    let mut lines_before = 0;
    // Empty lines ahead of the header are skipped by the reader as well; here they are counted.
    let mut told = None;
    loop {
        let (line, rest) = body.split_once('\n').unwrap_or((body, ""));
        let bare = line.trim_end_matches('\r');
        if let Some(delimiter) = told.is_none().then(|| separator(bare)).flatten() {
            told = Some(delimiter);
        } else if !trim(bare).is_empty() || rest.is_empty() {
            break;
        }
        body = rest;
        lines_before += 1;
    }
    let head = floor(body, HEADER_BYTES_MAX);
    let header = |delimiter: u8| {
        let mut record = StringRecord::new();
        let found = reader(head, delimiter).read_record(&mut record);
        found.is_ok_and(|found| found).then_some(record)
    };
    let known = |record: &StringRecord| {
        let known = |cell: &&str| matches!(Heading::read(cell), Heading::Known(_));
        record.iter().filter(known).count()
    };
    let best = match told {
        Some(delimiter) => header(delimiter).map(|header| (delimiter, header)),
        None => DELIMITERS
            .into_iter()
            .rev()
            .filter_map(|delimiter| Some((delimiter, header(delimiter)?)))
            .max_by_key(|(_, record)| (known(record), record.len())),
    };
    match best {
        Some((delimiter, header)) if header.iter().any(|cell| !trim(cell).is_empty()) => Ok(Cut {
            body,
            lines_before,
            delimiter,
            header,
        }),
        _ => Err(Unusable::because(BadRow::whole(
            Code::FileEmpty,
            "There is nothing in the file but empty lines.",
            "Was it saved? The first line names the columns, each further line a person.",
        ))),
    }
}

/// `sep=;` as spreadsheets write and read it, quoted or not.
fn separator(line: &str) -> Option<u8> {
    let line = line.trim_matches('"');
    let sign = line
        .strip_prefix("sep=")
        .or_else(|| line.strip_prefix("SEP="))?;
    match sign.as_bytes() {
        [sign] if DELIMITERS.contains(sign) => Some(*sign),
        _ => None,
    }
}

pub(super) fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// The line, from 1, where a quotation mark is opened that is open at the end of the text.
pub(super) fn open_quote(text: &str, delimiter: u8) -> Option<u32> {
    let bytes = text.as_bytes();
    let find = |from: usize| {
        let found = text.get(from..)?.find('"')?;
        from.checked_add(found)
    };
    let mut from = 0;
    while let Some(opened) = find(from) {
        from = opened.saturating_add(1);
        let before = opened.checked_sub(1).and_then(|at| bytes.get(at));
        // Inside a cell that does not begin with it, a quotation mark means itself.
        if !before.is_none_or(|byte| *byte == delimiter || matches!(byte, b'\n' | b'\r')) {
            continue;
        }
        loop {
            let Some(closed) = find(from) else {
                return Some(LineCounter::of(text, 1).at(opened));
            };
            from = closed.saturating_add(1);
            if bytes.get(from) != Some(&b'"') {
                break;
            }
            from = from.saturating_add(1);
        }
    }
    None
}

/// Counts lines up to where a record begins, which the reader itself gets wrong after empty lines and bare carriage returns.
pub(super) struct LineCounter<'a> {
    text: &'a [u8],
    done: usize,
    line: u32,
}

impl<'a> LineCounter<'a> {
    /// `line` is that of the first byte.
    pub(super) fn of(text: &'a str, line: u32) -> Self {
        Self {
            text: text.as_bytes(),
            done: 0,
            line,
        }
    }

    /// The line of the first byte at or after `at` that is not itself a line break. Positions only grow.
    pub(super) fn at(&mut self, at: usize) -> u32 {
        while let Some(byte) = self.text.get(self.done) {
            let next = self.text.get(self.done.saturating_add(1));
            if self.done >= at && !matches!(byte, b'\n' | b'\r') {
                break;
            }
            if *byte == b'\n' || (*byte == b'\r' && next != Some(&b'\n')) {
                self.line = self.line.saturating_add(1);
            }
            self.done = self.done.saturating_add(1);
        }
        self.line
    }
}

fn floor(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or(text)
}

pub(super) fn not_csv() -> Unusable {
    Unusable::because(BadRow::whole(
        Code::Syntax,
        "The file cannot be read as CSV.",
        "Save it again as \"CSV UTF-8\".",
    ))
}

/// The file with `***` for every cell that is or may be a PIN; `None` when its columns cannot be told.
pub(super) fn wipe(text: &str) -> Option<Wipe> {
    let cut = cut(text).ok()?;
    let headings: Vec<Heading> = cut.header.iter().map(Heading::read).collect();
    if !headings.contains(&Heading::Known(Column::User))
        || open_quote(cut.body, cut.delimiter).is_some()
    {
        return None;
    }
    let secret: Vec<bool> = headings
        .iter()
        .zip(cut.header.iter())
        .map(|(heading, text)| heading.is_wiped(text))
        .collect();
    let mut writer = WriterBuilder::new()
        .delimiter(cut.delimiter)
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::from(*b"\xEF\xBB\xBF"));
    let mut wiped = false;
    let mut record = ByteRecord::new();
    let mut reader = reader(cut.body, cut.delimiter);
    let mut is_header = true;
    while reader.read_byte_record(&mut record).ok()? {
        if std::mem::take(&mut is_header) {
            writer.write_byte_record(&record).ok()?;
            continue;
        }
        // In a row with too many cells they have slipped, and any of them may be the PIN.
        let slipped = secret.contains(&true) && record.len() > headings.len();
        for (at, cell) in record.iter().enumerate() {
            let hide = !cell.is_empty() && (slipped || secret.get(at).copied().unwrap_or(true));
            wiped |= hide;
            let shown = if hide { WIPED.as_bytes() } else { cell };
            writer.write_field(shown).ok()?;
        }
        writer.write_record(None::<&[u8]>).ok()?;
    }
    if !wiped {
        return Some(Wipe::Nothing);
    }
    writer.into_inner().ok().map(Wipe::Rewritten)
}
