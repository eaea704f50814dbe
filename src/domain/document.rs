//! A paper of a batch before it has a shape: words, facts and tables. The same value becomes a PDF and a table file, so what one
//! says the other says too. There is no place for a PIN in it.

/// One paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// What it is: "Run sheet".
    pub title: String,
    /// What it is about: the batch.
    pub subject: String,
    /// Stands at the foot of every page, such as when it was made.
    pub foot: String,
    pub parts: Vec<Part>,
}

/// One part of a paper, below the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Heading(String),
    Text(String),
    /// What something is called, and what it is.
    Facts(Vec<(String, String)>),
    Table(Table),
    /// Lines for pens, each with who signs there.
    Signatures(Vec<String>),
}

/// Rows under a head that stands on every page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    /// As many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// Whether a row is high enough to be signed in.
    pub tall: bool,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub head: String,
    /// Of the width of the page, in proportion to the other columns.
    pub share: u16,
    pub long: Long,
}

/// What becomes of a text that is wider than its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Long {
    /// It goes on in the next line, a few lines at most.
    Wrapped,
    /// It ends in an ellipsis.
    Cut,
}

/// Rows and columns for a spreadsheet, the head first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// What begins a formula in a spreadsheet, also as wide characters and behind what a spreadsheet strips.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A cell that a spreadsheet does not compute: with an apostrophe before what would be a formula.
pub fn no_formula(cell: &str) -> String {
    if cell.trim_start_matches(' ').starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}
