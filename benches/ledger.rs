//! Figures of the ledger on this machine: admission, appends, size, verification. `cargo bench --bench ledger`.

#[path = "../tests/ledger/bench.rs"]
#[expect(dead_code, reason = "the tests of the ledger use the rest")]
mod bench;

use std::time::{Duration, Instant};

use keyline::port::Ledger;

use bench::*;

fn main() {
    let bench = Bench::new();
    let ledger = bench.create();
    let rows = 10_000;
    let drafts = (2..rows + 2)
        .map(|line| draft(line, &format!("user{line}@contoso.com")))
        .collect();
    let begun = Instant::now();
    ledger.admit(&admission("a", drafts), ACTOR, NOON).unwrap();
    let admitted = begun.elapsed();
    ledger.truncate_wal().unwrap();
    let size = |ending| {
        std::fs::metadata(format!("{}{ending}", bench.path().display()))
            .unwrap()
            .len()
    };
    eprintln!(
        "admission of {rows} rows: {admitted:?}, {} bytes per job",
        size("") / u64::from(rows)
    );

    let with_pins = (2..302)
        .map(|line| {
            let mut row = draft(line, &format!("pin{line}@contoso.com"));
            row.pin = Some(pin("48261739"));
            row
        })
        .collect();
    let begun = Instant::now();
    ledger
        .admit(&admission("b", with_pins), ACTOR, NOON)
        .unwrap();
    eprintln!("admission of 300 rows with PINs: {:?}", begun.elapsed());
    ledger.truncate_wal().unwrap();

    let before = size("");
    let mut appends = Vec::new();
    for job in ledger.open_jobs().unwrap().into_iter().take(200) {
        let mut hand = Hand::new(&ledger, job.job.id);
        hand.timings = Some(Vec::new());
        hand.enroll(&format!("{}", job.job.id), &pin("48261739"));
        appends.extend(hand.timings.unwrap());
    }
    ledger.truncate_wal().unwrap();
    appends.sort();
    let at = |percent: usize| appends[(appends.len() - 1) * percent / 100];
    eprintln!(
        "{} appends: p50 {:?}, p99 {:?}, worst {:?}; {} bytes per finished job",
        appends.len(),
        at(50),
        at(99),
        at(100),
        (size("") - before) / 200
    );
    let begun = Instant::now();
    ledger.verify(None).unwrap();
    eprintln!("verify: {:?}", begun.elapsed());
    let begun = Instant::now();
    ledger
        .back_up(&bench.folder.path().join("copy.db"))
        .unwrap();
    eprintln!("backup: {:?}", begun.elapsed());
    let begun = Instant::now();
    let open = ledger.open_jobs().unwrap().len();
    eprintln!("open jobs ({open}): {:?}", begun.elapsed());
    drop(ledger);
    let begun = Instant::now();
    let _ledger = bench.open().unwrap();
    eprintln!("start: {:?}; ledger of {} bytes", begun.elapsed(), size(""));
    assert!(at(50) < Duration::from_secs(1));
}
