//! A vendor's list of serial numbers: a table with a column for them, or nothing but one serial per line. Pure: it is handed bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use csv::StringRecord;

use super::table::{self, LineCounter};
use super::{Kind, decode};
use crate::domain::job::row::{BadRow, Code, trim};
use crate::domain::job::sheet::{Unit, Unusable};
use crate::domain::stock::{Repeated, StockKey, read_line};

/// Keys of one list: more than any hall has.
pub const STOCK_ROWS_MAX: usize = 100_000;
/// Names of columns as vendors and spreadsheets have them, without spaces and signs.
const SERIAL: [&str; 10] = [
    "serial",
    "serials",
    "serialnumber",
    "serialnumbers",
    "serialno",
    "serialnr",
    "sn",
    "seriennummer",
    "keyserial",
    "keyserialnumber",
];
const MODEL: [&str; 7] = [
    "model",
    "modell",
    "product",
    "productname",
    "devicetype",
    "keymodel",
    "type",
];

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockList {
    /// Each serial once, in the order of the list.
    pub keys: Vec<StockKey>,
    /// Lines that name a key once more.
    pub repeated: Vec<Repeated>,
}

/// Where a key is named first, by its serial: the line, and its place among the keys.
type Seen = BTreeMap<String, (u32, usize)>;

impl StockList {
    fn take(&mut self, line: u32, key: StockKey, seen: &mut Seen) {
        match seen.entry(key.serial.as_str().to_ascii_lowercase()) {
            Entry::Vacant(free) => {
                free.insert((line, self.keys.len()));
                self.keys.push(key);
            }
            Entry::Occupied(known) => {
                let (first, at) = *known.get();
                let model = self.keys.get(at).and_then(|key| key.model.clone());
                self.repeated.push(Repeated {
                    line,
                    first,
                    models: key.model.zip(model).filter(|(this, that)| this != that),
                    serial: key.serial,
                });
            }
        }
    }
}

/// Which cell is what.
#[derive(Clone, Copy, Debug, Default)]
struct Columns {
    serial: usize,
    model: Option<usize>,
    aaguid: Option<usize>,
    /// The first line is a key already.
    headless: bool,
}

/// Reads a list. `name` tells nothing but that the file is no workbook.
///
/// # Errors
/// Everything that is wrong with it: then nothing of it is to be used.
pub fn parse(bytes: &[u8]) -> Result<StockList, Unusable> {
    // Whatever its name: a list may be called as the vendor likes.
    Kind::of("list.csv", bytes).map_err(Unusable::because)?;
    let text = decode::text(bytes).map_err(Unusable::because)?;
    let cut = table::cut(&text)?;
    if let Some(line) = table::open_quote(cut.body, cut.delimiter) {
        return Err(Unusable::because(BadRow::at(
            line.saturating_add(cut.lines_before),
            None,
            Code::QuoteOpen,
            "A quotation mark is opened here and never closed.",
            "Close it, or delete it.",
        )));
    }
    let first_line = cut.lines_before.saturating_add(1);
    let columns = columns(&cut.header, first_line).map_err(Unusable::because)?;
    let mut reader = table::reader(cut.body, cut.delimiter);
    let mut lines = LineCounter::of(cut.body, first_line);
    let mut record = StringRecord::new();
    let mut list = StockList::default();
    let (mut seen, mut reasons) = (Seen::new(), Vec::new());
    let mut is_header = !columns.headless;
    while reader
        .read_record(&mut record)
        .map_err(|_| table::not_csv())?
    {
        let at = record.position().map_or(0, csv::Position::byte);
        let line = lines.at(usize::try_from(at).unwrap_or(usize::MAX));
        if std::mem::take(&mut is_header) || record.iter().all(|cell| trim(cell).is_empty()) {
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        match read_line(
            line,
            cell(Some(columns.serial)),
            cell(columns.model),
            cell(columns.aaguid),
        ) {
            Ok(Some(key)) => list.take(line, key, &mut seen),
            Ok(None) => reasons.push(BadRow::at(
                line,
                None,
                Code::SerialShape,
                "This line names no serial number.",
                "Write the serial number, or remove the line.",
            )),
            Err(reason) => reasons.push(reason),
        }
        if list.keys.len() > STOCK_ROWS_MAX {
            return Err(Unusable::because(BadRow::whole(
                Code::TooManyRows,
                format!("The list has more than {STOCK_ROWS_MAX} keys."),
                "Split it into several files.",
            )));
        }
    }
    if !reasons.is_empty() {
        let unit = Unit::Line;
        return Err(Unusable { unit, reasons });
    }
    if list.keys.is_empty() {
        return Err(Unusable::because(BadRow::whole(
            Code::FileEmpty,
            "The list names no key.",
            "Was it saved? One line per key, with its serial number.",
        )));
    }
    Ok(list)
}

fn columns(header: &StringRecord, line: u32) -> Result<Columns, BadRow> {
    let named = |names: &[&str]| {
        header.iter().position(|cell| {
            let plain: String = cell
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect();
            names.contains(&plain.as_str())
        })
    };
    if let Some(serial) = named(&SERIAL) {
        return Ok(Columns {
            serial,
            model: named(&MODEL),
            aaguid: named(&["aaguid"]),
            headless: false,
        });
    }
    // One serial per line, without a heading: a serial has a digit, a heading that we do not know seldom has one.
    let filled = header.iter().filter(|cell| !trim(cell).is_empty()).count();
    let first = header.get(0).unwrap_or_default();
    if filled == 1 && first.chars().any(|c| c.is_ascii_digit()) {
        return Ok(Columns {
            headless: true,
            ..Columns::default()
        });
    }
    Err(BadRow::at(
        line,
        None,
        Code::HeaderMissing,
        "No column is named serial.",
        "Name the column of the serial numbers `serial` in the first line; `model` and `aaguid` may stand beside it.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serials(bytes: &[u8]) -> Vec<String> {
        let list = parse(bytes).expect("a list");
        list.keys
            .iter()
            .map(|key| {
                let model = key.model.as_deref().unwrap_or("-");
                format!("{} {model}", key.serial)
            })
            .collect()
    }

    #[test]
    fn lists_are_read_as_vendors_and_spreadsheets_write_them() {
        let utf16: Vec<u8> = "\u{feff}Serial Number\tProduct\r\n17\tKey A\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, keys) in [
            (&b"serial\n17\n18\n"[..], vec!["17 -", "18 -"]),
            (b"17\r\n18\r\n\r\n", vec!["17 -", "18 -"]),
            (
                b"sep=;\r\nModel;S/N\r\nKey A;0017\r\nKey B;=\"0018\"\r\n",
                vec!["0017 Key A", "0018 Key B"],
            ),
            (
                b"\xEF\xBB\xBFPO,serial,aaguid\n1,17,2fc0579f-8113-47ea-b116-bb5a8db9202a\n",
                vec!["17 YubiKey 5 Series with NFC"],
            ),
            (&utf16, vec!["17 Key A"]),
        ] {
            assert_eq!(serials(bytes), keys);
        }
    }

    #[test]
    fn a_key_that_is_named_twice_is_one_key_and_both_lines_are_told() {
        let list = parse(b"serial,model\nab-1,A\nab-2,\nAB-1,A\nab-1,B\nab-2,B\n").expect("a list");
        assert_eq!(list.keys.len(), 2);
        let told: Vec<_> = list
            .repeated
            .iter()
            .map(|one| (one.line, one.first, one.models.clone()))
            .collect();
        let two = ("B".to_owned(), "A".to_owned());
        assert_eq!(told, [(4, 2, None), (5, 2, Some(two)), (6, 3, None)]);
    }

    #[test]
    fn a_list_with_anything_wrong_is_not_used_and_every_line_is_told() {
        let told = |bytes: &[u8]| -> Vec<(u32, Code)> {
            let unusable = parse(bytes).expect_err("no list");
            unusable
                .reasons
                .iter()
                .map(|bad| (bad.line, bad.code))
                .collect()
        };
        assert_eq!(
            told(b"serial;model\n17;a\n1.23E+07;a\n;b\nx y;c\n"),
            [
                (3, Code::SerialRounded),
                (4, Code::SerialShape),
                (5, Code::SerialShape)
            ]
        );
        assert_eq!(
            told(b"serial,aaguid\n17,nonsense\n"),
            [(2, Code::WrongType)]
        );
        assert_eq!(told(b"user,name\na,b\n"), [(1, Code::HeaderMissing)]);
        assert_eq!(told(b"serial\n"), [(0, Code::FileEmpty)]);
        assert_eq!(told(b"PK\x03\x04rest"), [(0, Code::UnknownFormat)]);
        assert_eq!(told(b"serial\n\"17\n18\n"), [(2, Code::QuoteOpen)]);
    }
}
