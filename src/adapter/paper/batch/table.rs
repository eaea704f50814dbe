//! A table over as many pages as it takes. Rows are never torn, and the head stands on every page.

use super::super::shape::Line;
use super::book::{Book, Font, MARGIN_MM};
use crate::domain::document::{Column, Long, Table};

const CELL: Font = Font::regular(8.5);
const HEAD: Font = Font::bold(8.0);
/// mm. Between columns, half of it on either side of a cell.
const GUTTER_MM: f32 = 2.4;
/// mm. Above and below the lines of a cell.
const PADDING_MM: f32 = 0.8;
/// mm. A row to sign in.
const TALL_MM: f32 = 9.5;
/// Lines of a cell; what is longer ends in an ellipsis.
const CELL_LINES_MAX: usize = 4;

/// Where a column stands, mm.
struct Place<'a> {
    column: &'a Column,
    x: f32,
    width: f32,
}

pub(super) fn set(book: &mut Book<'_>, table: &Table) {
    let places = places(book.width(), &table.columns);
    // A head alone at the foot of a page helps nobody.
    let two_rows = 3.0 * (CELL.leading() + 2.0 * PADDING_MM);
    book.need(two_rows);
    head(book, &places);
    let lowest = if table.tall { TALL_MM } else { 0.0 };
    for row in &table.rows {
        let cells: Vec<Vec<Line>> = places
            .iter()
            .zip(row)
            .map(|(place, text)| cell(book, CELL, place, text))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
        let height = (times(CELL.leading(), lines.max(1)) + 2.0 * PADDING_MM).max(lowest);
        if book.need(height) {
            head(book, &places);
        }
        put(book, CELL, &places, cells);
        book.space(height);
        book.rule(MARGIN_MM, 0.0, book.width(), 0.25);
    }
}

fn places(width: f32, columns: &[Column]) -> Vec<Place<'_>> {
    let shares: f32 = columns.iter().map(|column| f32::from(column.share)).sum();
    let mut x = MARGIN_MM;
    columns
        .iter()
        .map(|column| {
            let width = width * f32::from(column.share) / shares.max(1.0);
            let place = Place {
                column,
                x,
                width: width - GUTTER_MM,
            };
            x += width;
            place
        })
        .collect()
}

fn head(book: &mut Book<'_>, places: &[Place<'_>]) {
    let cells = places
        .iter()
        .map(|place| vec![book.cut(HEAD, &place.column.head, place.width)])
        .collect();
    put(book, HEAD, places, cells);
    book.space(HEAD.leading() + 2.0 * PADDING_MM);
    book.rule(MARGIN_MM, 0.0, book.width(), 0.8);
}

fn cell(book: &mut Book<'_>, font: Font, place: &Place<'_>, text: &str) -> Vec<Line> {
    if text.is_empty() {
        return Vec::new();
    }
    match place.column.long {
        Long::Wrapped => book.wrapped(font, text, place.width, CELL_LINES_MAX),
        Long::Cut => vec![book.cut(font, text, place.width)],
    }
}

fn put(book: &mut Book<'_>, font: Font, places: &[Place<'_>], cells: Vec<Vec<Line>>) {
    for (place, lines) in places.iter().zip(cells) {
        for (index, line) in lines.into_iter().enumerate() {
            let down = PADDING_MM + times(font.leading(), index);
            book.place(font, place.x, down, line);
        }
    }
}

/// `length` so many times.
fn times(length: f32, count: usize) -> f32 {
    // A page has no more lines than that.
    length * f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
