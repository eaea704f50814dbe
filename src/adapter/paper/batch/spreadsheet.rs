//! Rows and columns as spreadsheets open them: CSV in UTF-8 with a byte order mark. What a spreadsheet would take for a formula
//! is text.

use crate::domain::document::{Sheet, no_formula};
use crate::domain::fault::Fault;

/// By it spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
/// The sheet as CSV (RFC 4180).
///
/// # Errors
/// [`Fault::Mailer`] when its rows differ in length.
pub fn spreadsheet(sheet: &Sheet) -> Result<Vec<u8>, Fault> {
    let wrong = |error: csv::Error| Fault::Mailer {
        what: format!("a table cannot be written: {error}"),
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.to_vec());
    for row in std::iter::once(&sheet.head).chain(&sheet.rows) {
        let cells = row.iter().map(|cell| no_formula(cell));
        writer.write_record(cells).map_err(wrong)?;
    }
    writer.into_inner().map_err(|error| Fault::Mailer {
        what: format!("a table cannot be written: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_umlauts_survive() {
        let cells = [
            "=HYPERLINK(\"x\")",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1+1",
            "\t=1",
            "＝1",
            "Zoë, \"the\" Łukasz",
            "a-b",
        ];
        let sheet = Sheet {
            head: vec!["name".to_owned()],
            rows: cells.iter().map(|cell| vec![(*cell).to_owned()]).collect(),
        };
        let bytes = spreadsheet(&sheet).expect("it can be written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(
            text,
            "\u{FEFF}name\r\n\"'=HYPERLINK(\"\"x\"\")\"\r\n'+1\r\n'-1\r\n'@SUM(A1)\r\n' =1+1\r\n'\t=1\r\n'＝1\r\n\"Zoë, \"\"the\"\" Łukasz\"\r\na-b\r\n"
        );
    }
}
