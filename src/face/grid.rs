//! Tables for terminals: columns as wide as what is in them, measured as the eye sees it.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use crate::face::say::clean::{clean, pad, pad_left};

/// Columns of a cell; names can be longer than any terminal.
const CELL_WIDTH_MAX: usize = 40;

/// How a column is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
    /// Text that may be as long as it is; the last column only.
    Open,
}

/// Writes rows under a head. Cells are made harmless here.
pub(super) fn write<const N: usize>(
    columns: [(&str, Side); N],
    rows: &[[String; N]],
    to: &mut dyn Write,
) -> io::Result<()> {
    let head = columns.map(|(name, _)| name.to_owned());
    let mut widths = [0_usize; N];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(clean(cell).width()).min(CELL_WIDTH_MAX);
        }
    }
    for row in std::iter::once(&head).chain(rows) {
        let line: Vec<String> = row
            .iter()
            .zip(widths)
            .zip(columns)
            .map(|((cell, width), (_, side))| match side {
                Side::Left => pad(cell, width),
                Side::Right => pad_left(cell, width),
                Side::Open => clean(cell),
            })
            .collect();
        writeln!(to, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}
