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
        custody: crate::domain::custody::Custody::default(),
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
    expect_test::expect![[r#"
        End of the batch / Batch onboarding
        # The jobs
        Jobs: 4 jobs from 1 job file: 1 done, 1 under way, 1 waiting for a key, 1 held, 0 cancelled
        Bags: 4 confirmed, 0 sent
        Letters: 0 in envelopes, 0 sent
        Keys: 0 handed over, 0 returned, 0 lost, 0 scrapped
        # The sheets
        | confirmed | 1 | 
        | void | 1 | 
        | in doubt: may have come out | 1 | 
        | waiting for the printer or for a confirmation | 0 | 
        | sheets, the sum of these | 3 | 
        | numbers whose sheet certainly never came out | 0 | 
        | numbers drawn, with these | 3 | 
        A number is drawn before the printer is asked, and one number stands on one sheet. The sheets that were drawn are confirmed, void, in doubt or waiting. Count the paper, shredded sheets as well, and write down what you find.
        # Numbers that count for nothing, or not yet
        | 4820 9173 5525 | 1 | L-0001 | 2026-03-02 09:30 | void | spoiled before its confirmation: coffee
        | 3 | 2 | L-0002 | 2026-03-02 09:30 | in doubt | nobody knows whether it came out
        # Places of the sequence without a letter
        | 2 | L-0002 | held: It is not known whether the letter came out.
        | 3 | L-0003 | still open: to confirm: put the key into its bag
        | 4 |  | the ledger has no job there, which no batch should have: keep this paper, and run `keyline ledger verify`
        | 5 | L-0005 | still open: no key yet
        # The audit chain
        Last row: 812
        Its hash: abababababababababababababababababababababababababababababababab
        Checkpoint: row 800, signed 2026-03-02 09:30:00 +00:00
        Its hash: cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
        Signed by: efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef
        # Signed
        ____ at the bench: date, name, signature ____ second person: date, name, signature
    "#]].assert_eq(&text(&document));
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
    expect_test::expect![[r#"
        Run sheet / Batch onboarding
        Letters: profile din5008b
        Folding: Z-fold: to and fro, the address outside. A wrap fold would turn the PIN outward
        Order: as the newest sheets were printed, then keys in work, then what has not begun
        | 1 | 3 | 1 | L-0001 | =Person 1 | Security Key | …0042 | letter confirmed
        | 2 | 3 | 2 | L-0002 | =Person 2 | Security Key | …0042 | held
        | 3 | 3 | 3 | L-0003 | =Person 3 | Security Key | …0042 | to confirm: put the key into its bag
        | 4 |  | 5 | L-0005 | =Person 5 |  |  | waits for a key
    "#]].assert_eq(&text(&document));
    assert!(sheet.rows.iter().all(|row| row[8] == "z"));
}

#[test]
fn only_finished_keys_are_signed_for_and_keys_alone_are_packed() {
    let (document, _) = make(Paper::HandOver, &batch(), &about());
    expect_test::expect![[r#"
        Hand-over list / Batch onboarding
        Whoever signs has the security key of that bag, closed and undamaged. The PIN comes by itself, in a letter.
        3 people of the batch are not on this list: they have no finished key.
        | B-0001 | =Person 1 | Sales� | …0042 |  | 
    "#]].assert_eq(&text(&document));
    let (document, _) = make(Paper::PackingList, &batch(), &about());
    expect_test::expect![[r#"
        Packing list / Batch onboarding
        Keys: 3 of 4 jobs
        Bags: the key alone; its letter goes another way, on another day
        | B-0001 | Security Key | …0042 | =Person 1 | Sales� | 2026-03-02 09:30 | 
        | B-0002 | Security Key | …0042 | =Person 2 | Sales� | 2026-03-02 09:30 | 
        | B-0003 | Security Key | …0042 | =Person 3 | Sales� | 2026-03-02 09:30 | 
    "#]]
    .assert_eq(&text(&document));
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
