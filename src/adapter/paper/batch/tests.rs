//! Papers of many pages: whole, within their columns, the same again, and quick.

use super::*;
use crate::adapter::paper::{Letterhead, Stationery, Templates};
use crate::domain::document::{Column, Long, Table};

fn composer() -> Composer {
    let templates = Templates::shipped().expect("the shipped templates");
    Composer::new(templates, Letterhead::of("Contoso"), Stationery::default()).expect("a composer")
}

fn column(head: &str, share: u16, long: Long) -> Column {
    Column {
        head: head.to_owned(),
        share,
        long,
    }
}

const NAMES: [&str; 9] = [
    "Anna Lang",
    "Łukasz Żółć-Gęślą",
    "عبد الله بن عبد العزيز آل سعود",
    "נועה בן־דוד",
    "Θεόδωρος Παπαδόπουλος",
    "Дарья Воробьёва",
    "ปิยะพงษ์ เจริญสุขสวัสดิ์พานิช",
    "देवनागरी क्षत्रिय",
    "Maximiliane-Charlotte von und zu Hohenstein-Wittgenstein-Berleburg, genannt von der Aue auf Schloss Neuenburg am Inn bei den drei Eichen und dem alten Turm, Freifrau zu Sayn",
];

fn list(rows: usize) -> Document {
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
                    column("name", 60, Long::Wrapped),
                    column("name, cut", 30, Long::Cut),
                    column("state", 30, Long::Wrapped),
                ],
                rows: (0..rows)
                    .map(|row| {
                        let name = NAMES[row % NAMES.len()].to_owned();
                        vec![
                            row.to_string(),
                            name.clone(),
                            name,
                            "in work: register the passkey with Entra".to_owned(),
                        ]
                    })
                    .collect(),
                tall: false,
            }),
            Part::Signatures(vec!["at the bench".to_owned(), "second person".to_owned()]),
        ],
    }
}

fn day() -> Date {
    jiff::civil::date(2026, 5, 4)
}

#[test]
fn look() {
    let started = std::time::Instant::now();
    let c = composer();
    let set = c.paper(&list(100), day()).unwrap();
    std::fs::write("/tmp/papers-look.pdf", &set.pdf).unwrap();
    println!(
        "{} pages {} bytes {:?} {:?}",
        set.pages,
        set.pdf.len(),
        started.elapsed(),
        set.unshown
    );
}
