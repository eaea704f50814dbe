//! The same pages at a station: in earnest they open nothing, in practice the note stands in the station's own chain.

use keyline::adapter::ledger::{SqliteLedger, Verdict};

use super::evening::{PIN, people};
use super::{ask, plaintext, refused};
use crate::house::House;
use crate::office::Desk;

/// The notes of openings: actor, what the chain has, what lies outside it.
fn notes(file: &std::path::Path) -> Vec<(String, String, Option<String>)> {
    let db = rusqlite::Connection::open(file).expect("a ledger");
    let mut rows = db
        .prepare(
            "SELECT journal.actor, journal.event, detail.event FROM journal LEFT JOIN detail USING (seq)
             WHERE journal.kind = 'note' AND journal.event LIKE '%is opened%' ORDER BY seq",
        )
        .expect("a question");
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows")
}

#[test]
fn a_station_opens_nothing_and_says_where() {
    let house = House::new();
    people(house.shared.ledger.as_ref());
    let adam = house.signed_in("adam");
    for path in ["/pins", "/pins?text=anna", "/pins/1"] {
        let page = adam.get(path);
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("keyline console --ledger"), "{path}");
        assert!(!page.text.contains("data-open-pin"), "{path}");
    }
    let told = refused(&adam, 1, &[("reason", "curious")]);
    assert!(told.contains("opens no PIN"), "{told}");
    let file = house.config.path(&house.config.ledger.file);
    assert_eq!(notes(&file), []);
    // What needs no PIN works from here as well.
    let sent = adam.post("/pins/1", &[("change", "hand_over")]);
    assert_eq!(sent.status, 303, "{}", sent.text);
    let record = house.shared.ledger.job(keyline::domain::job::JobId(1));
    assert!(
        record
            .expect("a ledger")
            .expect("a job")
            .custody
            .handed_over
    );
}

#[test]
fn in_practice_the_opening_stands_in_the_chain_and_its_reason_beside_it() {
    let desk = Desk::set(0, vec![("metadata", "practice_root", "root.pem".into())]);
    people(desk.parts.ledger.as_ref());
    let adam = desk.signed_in("adam");
    assert!(
        adam.get("/pins/1")
            .text
            .contains("data-open-pin=\"/pins/1/open\"")
    );
    let why = "Anna lost the letter";
    let (status, told) = ask(&adam, 1, &[("reason", why)]);
    assert_eq!(status, 200, "{told}");
    let identity = std::fs::read_to_string(&desk.line.identity).expect("an identity");
    let plain = plaintext(&told, &identity);
    assert!(String::from_utf8_lossy(&plain).contains(PIN));

    let file = desk.line.config.path(&desk.line.config.ledger.file);
    let noted = notes(&file);
    let [(actor, chained, Some(detail))] = noted.as_slice() else {
        panic!("{noted:?}");
    };
    assert_eq!(actor, "console:adam");
    assert!(chained.contains("PIN of job 1") && !chained.contains(why));
    assert!(detail.contains(why), "{detail}");
    let reader = SqliteLedger::open_reader(&file).expect("a ledger");
    let verdict = reader.audit(&[], &mut |_, _| {}).expect("a walk");
    assert!(matches!(verdict, Verdict::Sound(_)), "the chain verifies");
}
