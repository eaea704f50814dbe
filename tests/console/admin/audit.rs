//! The journal: what is asked for, page by page, verified, and as files.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::bench_of_ledgers::{NOON, sql};
use super::super::house::Page;
use super::desk::Desk;

/// What a walk, or a preflight, may take on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The page once nothing is under way on it.
pub(super) fn over(desk: &Desk, path: &str) -> Page {
    let begun = Instant::now();
    loop {
        let page = desk.page(path);
        if !page.text.contains("data-under-way") {
            return page;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", page.text);
        std::thread::yield_now();
    }
}

/// The numbers of the rows on a page.
fn rows(page: &Page) -> Vec<i64> {
    page.text
        .split("<tr>\n    <td class=\"figures\">")
        .skip(1)
        .filter_map(|rest| rest.split('<').next()?.parse().ok())
        .collect()
}

fn total(desk: &Desk) -> i64 {
    let config = &desk.house.config;
    let ledger = sql(&config.path(&config.ledger.file));
    let count = ledger.query_row("SELECT count(*) FROM journal", [], |row| row.get(0));
    count.expect("a count")
}

#[test]
fn the_journal_is_found_by_time_person_and_key() {
    let desk = Desk::new();
    let all = rows(&desk.page("/audit"));
    assert_eq!(all, (1..=total(&desk)).rev().collect::<Vec<_>>());
    let found = |asked: &str| rows(&desk.page(&format!("/audit?{asked}"))).len();
    let of_job = |job| {
        let journal = desk.house.shared.ledger.journal(job).expect("a journal");
        // And the row of its admission.
        journal.len() + 1
    };
    assert_eq!(found("person=BERT"), of_job(desk.under_way));
    assert_eq!(found("person=%25"), 0);
    assert_eq!(found("key=10000044"), of_job(desk.done));
    assert_eq!(
        found("key=1000004"),
        of_job(desk.done) + of_job(desk.under_way)
    );
    assert_eq!(found("actor=console%3Aadam"), 2);
    assert_eq!(found("actor=console%3Aadam&person=emil"), 1);
    let day = NOON.utc_day();
    let tomorrow = day
        .tomorrow()
        .and_then(|day| day.tomorrow())
        .expect("a day");
    // The two changes of the console were made by the house's clock, months before.
    assert_eq!(
        found(&format!("until={}", day.yesterday().expect("a day"))),
        2
    );
    assert_eq!(found(&format!("from={tomorrow}")), 0);
    let page = desk.page("/audit?from=soon");
    assert_eq!(rows(&page).len(), all.len());
    assert!(page.text.contains("could not be understood"));
    assert!(desk.page("/audit?lang=de").text.contains("Kette prüfen"));
}

#[test]
fn a_long_journal_is_shown_page_by_page_and_no_row_is_lost() {
    let desk = Desk::new();
    desk.admit_more("large", 150);
    let total = total(&desk);
    let (mut seen, mut path) = (Vec::new(), "/audit".to_owned());
    loop {
        let page = desk.page(&path);
        seen.extend(rows(&page));
        let Some((before, _)) = page.text.split_once("\">Older rows") else {
            break;
        };
        let (_, address) = before.rsplit_once("href=\"").expect("a link");
        path = address.replace("&#38;", "&");
    }
    assert_eq!(seen, (1..=total).rev().collect::<Vec<_>>());
}

#[test]
fn the_export_is_read_back_row_by_row() {
    let desk = Desk::new();
    // Several parts, and a name that a spreadsheet would compute.
    desk.admit_more("large", 700);
    let total = total(&desk);
    let csv = desk.adam.get("/audit/export.csv");
    assert!(
        csv.header("content-disposition")
            .contains("keyline-journal.csv")
    );
    assert!(csv.header("content-type").starts_with("text/csv"));
    let text = csv.text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let cells: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let numbers: Vec<i64> = cells
        .iter()
        .map(|row| row[0].parse().expect("a number"))
        .collect();
    assert_eq!(numbers, (1..=total).collect::<Vec<_>>());
    let lines = desk.adam.get("/audit/export.jsonl");
    let values: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(i64::try_from(values.len()), Ok(total));
    assert!(
        values
            .iter()
            .zip(1..)
            .all(|(value, row)| value["row"] == row)
    );
    assert!(values.iter().all(|value| !value["event"].is_null()));
    for exported in [&csv.text, &lines.text] {
        assert!(!exported.contains(super::desk::PIN), "an export has a PIN");
        assert!(exported.contains("console:adam"));
    }
    let some = desk.adam.get("/audit/export.csv?person=bert");
    assert!(some.text.contains("bert@contoso.com") && !some.text.contains("anna@contoso.com"));
}

#[test]
fn a_ledger_that_somebody_changed_does_not_verify() {
    let desk = Desk::new();
    let press = || {
        let sent = desk.adam.post("/audit/verify", &[]);
        assert_eq!((sent.status, sent.header("location")), (303, "/audit#walk"));
        over(&desk, "/audit")
    };
    let page = press();
    assert!(
        page.text.contains("told-good") && page.text.contains("as they were written"),
        "{}",
        page.text
    );
    // Who presses again at once waits: the clock here stands.
    let page = press();
    assert!(
        page.text
            .contains("It ended just now. Try again in 5 seconds."),
        "{}",
        page.text
    );
    let config = &desk.house.config;
    let ledger = sql(&config.path(&config.ledger.file));
    let trigger: String = ledger
        .query_row(
            "SELECT sql FROM sqlite_master WHERE name = 'journal_keeps_its_rows'",
            [],
            |row| row.get(0),
        )
        .expect("a trigger");
    let change = "UPDATE journal SET actor = 'nobody' WHERE seq = 2";
    ledger
        .execute_batch(&format!(
            "DROP TRIGGER journal_keeps_its_rows; {change}; {trigger}"
        ))
        .expect("a change");
    desk.house.clock.on(10);
    let page = press();
    assert!(
        page.text.contains("told-bad") && page.text.contains("row 2"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("as they were written"));
}
