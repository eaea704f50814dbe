//! Papers of many pages: whole, within their columns, and the same again.

use printpdf::{Op, TextItem, TextMatrix};

use super::*;
use crate::adapter::paper::{Letterhead, Stationery, Templates};
use crate::domain::document::{Column, Long, Table};

fn composer() -> Composer {
    let templates = Templates::shipped().expect("the shipped templates");
    let head = Letterhead::of("Contoso");
    Composer::new(templates, head, Stationery::default()).expect("a composer")
}

fn column(head: &str, share: u16, long: Long) -> Column {
    Column {
        head: head.to_owned(),
        share,
        long,
    }
}

const NAMES: [&str; 10] = [
    "Anna Lang",
    "Łukasz Żółć-Gęślą",
    "عبد الله بن عبد العزيز آل سعود",
    "נועה בן־דוד",
    "Θεόδωρος Παπαδόπουλος",
    "Дарья Воробьёва",
    "ปิยะพงษ์ เจริญสุขสวัสดิ์พานิช",
    "देवनागरी क्षत्रिय",
    "Maximiliane-Charlotte von und zu Hohenstein-Wittgenstein-Berleburg, genannt von der Aue auf Schloss Neuenburg am Inn bei den drei Eichen und dem alten Turm, Freifrau zu Sayn und im ganzen Land bekannt",
    "Wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
];
const HEAD: &str = "quxum";

fn list(rows: usize) -> Document {
    let names = NAMES.iter().cycle().take(rows).enumerate();
    Document {
        title: "Run sheet".to_owned(),
        subject: "Batch onboarding".to_owned(),
        foot: "onboarding · 2026-05-04 · no PINs".to_owned(),
        parts: vec![
            Part::Facts(vec![("Folding".to_owned(), "Z-fold".to_owned())]),
            Part::Heading("Everybody".to_owned()),
            Part::Table(Table {
                columns: vec![
                    column("no.", 10, Long::Cut),
                    column(HEAD, 60, Long::Wrapped),
                    column("name, cut", 30, Long::Cut),
                ],
                rows: names
                    .map(|(row, name)| {
                        vec![row.to_string(), (*name).to_owned(), (*name).to_owned()]
                    })
                    .collect(),
                tall: false,
            }),
            Part::Signatures(vec!["at the bench".to_owned(), "second person".to_owned()]),
        ],
    }
}

const DAY: Date = jiff::civil::date(2026, 5, 4);
const SHEET_MM: (f32, f32) = (210.0, 297.0);

/// The pages of `document`.
fn pages(composer: &Composer, document: &Document) -> Vec<Vec<Op>> {
    let mut book = Book::new(&composer.faces, &composer.fonts, SHEET_MM, "running head");
    for part in &document.parts {
        set(&mut book, part);
    }
    book.close(&document.foot).pages
}

/// The glyphs of each run of a page.
fn runs(page: &[Op]) -> Vec<Vec<u16>> {
    let shown = page.iter().filter_map(|op| match op {
        Op::ShowText { items } => Some(items),
        _ => None,
    });
    shown
        .map(|items| {
            let glyphs = items.iter().filter_map(|item| match item {
                TextItem::GlyphIds(glyphs) => Some(glyphs),
                TextItem::Text(_) | TextItem::Offset(_) => None,
            });
            glyphs.flatten().map(|glyph| glyph.gid).collect()
        })
        .collect()
}

fn shows(composer: &Composer, page: &[Op], font: Font, text: &str) -> bool {
    let mut book = Book::new(&composer.faces, &composer.fonts, SHEET_MM, "");
    let line = book.cut(font, text, 500.0);
    let wanted: Vec<u16> = line.glyphs.iter().map(|glyph| glyph.id).collect();
    runs(page).contains(&wanted)
}

#[test]
fn the_same_paper_is_the_same_file_and_has_all_its_pages() {
    let composer = composer();
    let one = composer.paper(&list(90), DAY).expect("it can be set");
    let again = composer.paper(&list(90), DAY).expect("it can be set");
    assert!(one.pdf == again.pdf, "the bytes differ");
    assert!(one.pages > 2, "{} pages", one.pages);
    assert!(one.unshown.is_empty(), "{:?}", one.unshown);
    let text = String::from_utf8_lossy(&one.pdf);
    let count = text.matches("/Type/Page").count() - text.matches("/Type/Pages").count();
    assert_eq!(count, one.pages);
    assert!(!text.contains("onboarding"), "the metadata name the batch");
}

#[test]
fn every_page_has_the_tables_head_and_its_number() {
    let composer = composer();
    let mut document = list(100);
    // The lines for pens may have a page of their own.
    document.parts.pop();
    let pages = pages(&composer, &document);
    let count = pages.len();
    assert!(count > 2, "{count} pages");
    for (number, page) in (1..).zip(&pages) {
        let foot = format!("Page {number} of {count}");
        assert!(shows(&composer, page, Font::regular(7.5), &foot), "{foot}");
        assert!(
            shows(&composer, page, Font::bold(8.0), HEAD),
            "page {number}"
        );
    }
}

#[test]
fn nothing_is_wider_than_its_column_or_leaves_the_page() {
    let composer = composer();
    let mut book = Book::new(&composer.faces, &composer.fonts, SHEET_MM, "");
    for name in NAMES {
        for width in [8.0, 13.0, 30.0, 61.0] {
            let line = book.cut(Font::regular(8.5), name, width);
            assert!(line.width <= width + 0.01, "{name} in {width}");
            assert!(!line.glyphs.is_empty(), "{name} in {width}");
            let lines = book.wrapped(Font::regular(8.5), name, width, 3);
            assert!((1..=3).contains(&lines.len()), "{name} in {width}");
            for line in lines {
                assert!(line.width <= width + 0.01, "{name} in {width}");
            }
        }
    }
    for page in pages(&composer, &list(100)) {
        for op in &page {
            if let Op::SetTextMatrix {
                matrix: TextMatrix::Translate(x, y),
            } = op
            {
                assert!((0.0..SHEET_MM.0).contains(&(x.0 * MM_PER_PT)));
                assert!(
                    (8.0..SHEET_MM.1 - 14.0).contains(&(y.0 * MM_PER_PT)),
                    "{y:?}"
                );
            }
        }
    }
}

#[test]
fn what_no_font_has_is_told_and_the_paper_is_made_all_the_same() {
    let mut document = list(1);
    document
        .parts
        .push(Part::Text("王芳 and \u{F8FF}".to_owned()));
    let set = composer().paper(&document, DAY).expect("it can be set");
    let unshown: String = set.unshown.iter().collect();
    assert_eq!(unshown, "王芳\u{F8FF}");
}

#[test]
fn a_letter_paper_has_its_lists_on_letter() {
    let stationery = Stationery {
        profile: "us10".to_owned(),
        ..Stationery::default()
    };
    let templates = Templates::shipped().expect("the shipped templates");
    let composer = Composer::new(templates, Letterhead::of("Contoso"), stationery);
    let (width, height) = composer.expect("a composer").sheet_mm();
    assert!((width - 215.9).abs() < 0.01 && (height - 279.4).abs() < 0.01);
}
