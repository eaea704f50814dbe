//! What the papers say, and what they never say.

use super::*;
use crate::app::papers::{Drawn, KeyWords, Void};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId, Role};
use crate::domain::paper::Confirm;

const AT: Timestamp = Timestamp(1_772_443_800_000);

fn item(sequence: u32, standing: Standing, sheets: &[(&str, Fate)]) -> Item {
    Item {
        job: JobId(i64::from(sequence)),
        file: 1,
        sequence,
        envelope: Envelope(sequence),
        person: format!("=Person {sequence}"),
        department: Some("Sales\u{202e}".to_owned()),
        deliver_to: None,
        role: Role::Primary,
        standing,
        held: None,
        next: None,
        key: Some(KeyWords {
            slot: Slot(3),
            model: "Security Key".to_owned(),
            serial_ending: Some("0042".to_owned()),
        }),
        begun: Some(i64::from(sequence)),
        sheets: sheets
            .iter()
            .map(|(control, fate)| Drawn {
                control: (*control).to_owned(),
                order: i64::from(sequence),
                at: AT,
                fate: fate.clone(),
            })
            .collect(),
        bagged: Some(AT),
        letter_enveloped: None,
        bag_dispatched: None,
        letter_dispatched: None,
    }
}

fn batch() -> Batch {
    let confirmed = Fate::Confirmed {
        how: Some(Confirm::Scan),
    };
    let spoiled = Fate::Void {
        why: Void::Spoiled {
            reason: "coffee".to_owned(),
            confirmed: false,
        },
    };
    let reissued = [("482091735525", spoiled), ("2", confirmed)];
    let mut held = item(2, Standing::Held, &[("3", Fate::Unknown { why: None })]);
    held.held = Some(Fault::DeliveryUncertain);
    let mut open = item(3, Standing::UnderWay, &[]);
    open.next = Some(Next::Word(Step::Bag));
    let mut waiting = item(5, Standing::Waiting, &[]);
    waiting.key = None;
    waiting.begun = None;
    Batch {
        name: BatchName("onboarding".to_owned()),
        items: vec![item(1, Standing::Done, &reissued), held, open, waiting],
    }
}

fn about() -> About {
    About {
        profile: "din5008b".to_owned(),
        fold: "z".to_owned(),
        date: jiff::civil::date(2026, 3, 2),
        zone: TimeZone::UTC,
        chain: Chain {
            row: 812,
            hash: "ab".repeat(32),
            signed: Some(Signed {
                row: 800,
                hash: "cd".repeat(32),
                at: AT,
                key: "ef".repeat(32),
            }),
        },
    }
}

/// A paper as plain text.
fn text(document: &Document) -> String {
    let mut text = format!("{} / {}\n", document.title, document.subject);
    for part in &document.parts {
        match part {
            Part::Heading(heading) => text.push_str(&format!("# {heading}\n")),
            Part::Text(words) => text.push_str(&format!("{words}\n")),
            Part::Facts(facts) => {
                for (name, value) in facts {
                    text.push_str(&format!("{name}: {value}\n"));
                }
            }
            Part::Table(table) => {
                for row in &table.rows {
                    text.push_str(&format!("| {}\n", row.join(" | ")));
                }
            }
            Part::Signatures(people) => {
                text.push_str(&format!("____ {}\n", people.join(" ____ ")));
            }
        }
    }
    text
}

#[test]
fn the_end_of_the_batch_accounts_for_every_number_and_place() {
    let (document, sheet) = make(Paper::End, &batch(), &about());
    expect_test::expect![[""]].assert_eq(&text(&document));
    let kinds = |kind: &str| sheet.rows.iter().filter(|row| row[0] == kind).count();
    assert_eq!(
        [kinds("sheet"), kinds("gap"), kinds("chain")],
        [3, 4, 2],
        "{:?}",
        sheet.rows
    );
}

#[test]
fn the_run_sheet_says_how_letters_are_folded_and_follows_the_tray() {
    let (document, sheet) = make(Paper::RunSheet, &batch(), &about());
    expect_test::expect![[""]].assert_eq(&text(&document));
    assert!(sheet.rows.iter().all(|row| row[8] == "z"));
}

#[test]
fn only_finished_keys_are_signed_for_and_keys_alone_are_packed() {
    let (document, _) = make(Paper::HandOver, &batch(), &about());
    expect_test::expect![[""]].assert_eq(&text(&document));
    let (document, _) = make(Paper::PackingList, &batch(), &about());
    expect_test::expect![[""]].assert_eq(&text(&document));
}

#[test]
fn tables_are_whole_and_nothing_turns_a_line() {
    for paper in Paper::ALL {
        let (document, sheet) = make(paper, &batch(), &about());
        assert!(sheet.rows.iter().all(|row| row.len() == sheet.head.len()));
        for part in &document.parts {
            if let Part::Table(table) = part {
                let width = table.columns.len();
                assert!(table.rows.iter().all(|row| row.len() == width));
            }
        }
        let all = format!("{document:?}{sheet:?}");
        assert!(!all.contains('\u{202e}'), "{paper:?}");
    }
}
