//! The papers of a batch as PDF of many pages, on the same shaping and fonts as the letters: tables whose heads stand on every
//! page, names in any script, nothing over anything else. They hold names, so whoever stores them keeps them to their reader;
//! there is no PIN in them to wipe.
//!
//! # Why
//! A name that no font can show stops a letter, because a person is to read it. A list has to name that very job, so here a
//! question mark stands for the character, and whoever asked is told which.

mod book;
mod pdf;
mod slips;
mod spreadsheet;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;

pub use self::slips::{Slips, UnfitSlip};
pub use self::spreadsheet::spreadsheet;

use self::book::{Book, Closed, Font, MARGIN_MM};
use self::pdf::Pages;
use super::Composer;
use super::shape::MM_PER_PT;
use crate::domain::document::{Document, Part};
use crate::domain::fault::Fault;

/// A paper as a PDF.
pub struct Typeset {
    pub pdf: Vec<u8>,
    pub pages: usize,
    /// The characters that no font has, for which a question mark stands.
    pub unshown: BTreeSet<char>,
}

const TITLE: Font = Font::bold(15.0);
const SUBJECT: Font = Font::regular(10.5);
const HEADING: Font = Font::bold(10.5);
const TEXT: Font = Font::regular(8.5);
const LABEL: Font = Font::bold(8.5);

/// mm. Where the values of facts begin.
const FACT_INDENT_MM: f32 = 30.0;
/// mm. Between parts.
const GAP_MM: f32 = 3.0;
/// mm. A heading is not the last thing on its page.
const HEADING_ROOM_MM: f32 = 22.0;
/// Lines of a text between tables.
const TEXT_LINES_MAX: usize = 40;
/// mm. Above a line for a pen.
const PEN_ROOM_MM: f32 = 16.0;
const PEN_LINE_MM: f32 = 80.0;

impl Composer {
    /// A paper on A4, or on Letter where the letters are. The same paper and date give the same bytes.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when the PDF cannot be made.
    pub fn paper(&self, document: &Document, date: Date) -> Result<Typeset, Fault> {
        let running = format!("{} · {}", document.title, document.subject);
        let mut book = Book::new(&self.faces, &self.fonts, self.sheet_mm(), &running);
        book.line(TITLE, &document.title);
        book.line(SUBJECT, &document.subject);
        for part in &document.parts {
            book.space(GAP_MM);
            set(&mut book, part);
        }
        let Closed {
            pages,
            used,
            unshown,
        } = book.close(&document.foot);
        let count = pages.len();
        let pages = Pages {
            pages: pdf::sized(self.sheet_mm(), pages),
            used,
            logo: None,
        };
        let pdf = pdf::write(&self.fonts, &document.title, pages, date)?;
        Ok(Typeset {
            pdf,
            pages: count,
            unshown,
        })
    }

    /// What offices have beside the paper of the letters.
    fn sheet_mm(&self) -> (f32, f32) {
        const A4_MM: (f32, f32) = (210.0, 297.0);
        const LETTER_MM: (f32, f32) = (215.9, 279.4);
        let is_letter = self
            .paper_mm()
            .is_ok_and(|(width, _)| (width - LETTER_MM.0).abs() < 1.0);
        if is_letter { LETTER_MM } else { A4_MM }
    }
}

fn set(book: &mut Book<'_>, part: &Part) {
    match part {
        Part::Heading(text) => {
            book.need(HEADING_ROOM_MM);
            book.line(HEADING, text);
        }
        Part::Text(text) => {
            for line in book.wrapped(TEXT, text, book.width(), TEXT_LINES_MAX) {
                book.set_line(TEXT, MARGIN_MM, line);
            }
        }
        Part::Facts(facts) => {
            for (name, value) in facts {
                fact(book, name, value);
            }
        }
        Part::Table(table) => table::set(book, table),
        Part::Signatures(people) => signatures(book, people),
    }
}

fn fact(book: &mut Book<'_>, name: &str, value: &str) {
    let width = book.width() - FACT_INDENT_MM;
    let lines = book.wrapped(TEXT, value, width, TEXT_LINES_MAX);
    let label = book.cut(LABEL, name, FACT_INDENT_MM - 2.0);
    book.need(TEXT.leading());
    book.place(LABEL, MARGIN_MM, 0.0, label);
    if lines.is_empty() {
        book.space(TEXT.leading());
    }
    for line in lines {
        book.set_line(TEXT, MARGIN_MM + FACT_INDENT_MM, line);
    }
}

/// Lines for pens, two in a row, none alone on the next page.
fn signatures(book: &mut Book<'_>, people: &[String]) {
    let step = book.width() / 2.0;
    for pair in people.chunks(2) {
        book.need(PEN_ROOM_MM + 2.0 * TEXT.leading());
        book.space(PEN_ROOM_MM);
        for (x, who) in [MARGIN_MM, MARGIN_MM + step].into_iter().zip(pair) {
            book.rule(x, 0.0, PEN_LINE_MM, 0.5);
            let line = book.cut(TEXT, who, PEN_LINE_MM);
            book.place(TEXT, x, 1.0, line);
        }
        book.space(TEXT.leading() + 1.0);
    }
}

/// Points of leading to mm.
const fn leading_mm(points: f32) -> f32 {
    points * MM_PER_PT
}
