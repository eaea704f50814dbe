//! Scans and the one key at the terminal: what the station is told, and what the operator reads.

use std::cell::RefCell;

use super::*;
use crate::app::trail::What;
use crate::app::world::stage;
use crate::domain::authenticator::Slot;
use crate::domain::mailer::ControlNumber;
use crate::face::terminal::input::{Word, read};

fn bag(job: u32, slot: u16, by: Bagging) -> Unconfirmed {
    let slot = Slot(slot);
    stage::unconfirmed(job, Awaited::Bag { slot, by })
}

fn letter(job: u32, by: Confirm, doubtful: bool) -> Unconfirmed {
    let control = "4820 9173 5525".to_owned();
    let awaited = Awaited::Letter {
        control,
        by,
        doubtful,
    };
    stage::unconfirmed(job, awaited)
}

fn board(waiting: Vec<Unconfirmed>) -> Board {
    let board = Board::default();
    stage::await_words(&board, waiting);
    board
}

/// Everything that the station was told, by a line that somebody typed; its answer is `answer`.
fn typed(
    line: &str,
    board: &Board,
    named: &Named,
    answer: &Result<What, Refusal>,
) -> (Vec<Deed>, Option<String>) {
    let told = RefCell::new(Vec::new());
    let tell = |deed| {
        told.borrow_mut().push(deed);
        let what = answer.clone();
        Some(what.map(|what| Acted {
            what,
            left: None,
            doubt: None,
            elsewhere: None,
        }))
    };
    let said = match read(line) {
        Word::Scanned(code) => Some(scanned(code, board, &tell)),
        Word::Pressed(step) => Some(pressed(step, board, named, &tell)),
        Word::Unclear(help) => Some(help.to_owned()),
        Word::Nothing => None,
        other => panic!("{other:?}"),
    };
    (told.into_inner(), said)
}

fn jobs(deeds: &[Deed]) -> Vec<i64> {
    let job = |deed: &Deed| match deed {
        Deed::Pressed { job, .. } => job.0,
        other => panic!("{other:?}"),
    };
    deeds.iter().map(job).collect()
}

#[test]
fn a_scan_is_handed_on_whatever_the_slots_ask() {
    let board = board(vec![
        bag(42, 3, Bagging::Scan),
        letter(41, Confirm::Scan, false),
    ]);
    let taken = Ok(What::Confirmed(Envelope(41)));
    let number = ControlNumber::draw([7; 8]).unwrap();
    for line in [
        number.to_string(),
        number.grouped(),
        format!("PM1ÖonboardingÖ{number}Ö7"),
        "B-0042".to_owned(),
    ] {
        let (told, said) = typed(&line, &board, &Named::default(), &taken);
        assert!(
            matches!(told.as_slice(), [Deed::Scanned(_)]),
            "{line}: {told:?}"
        );
        let said = said.unwrap();
        assert!(said.starts_with("L-0041 is confirmed."), "{said}");
    }
}

#[test]
fn what_is_no_code_reaches_nobody() {
    let board = board(vec![letter(41, Confirm::Key, false)]);
    let taken = Ok(What::Confirmed(Envelope(41)));
    let named = Named::default();
    typed("p", &board, &named, &taken);
    for (line, silent) in [
        ("", true),
        ("   ", true),
        ("cccccchhvtlrvkvnjjnlkkbrrbdvkbfhtjhljdvgdkgn", true),
        ("755224", true),
        ("482091735500", false),
        ("PM1:onboarding:4820", false),
        ("B-004", false),
        ("P-0042", false),
        ("p 42", false),
    ] {
        let (told, said) = typed(line, &board, &named, &taken);
        assert!(told.is_empty(), "{line}: {told:?}");
        assert_eq!(said.is_none(), silent, "{line}: {said:?}");
    }
}

#[test]
fn the_wrong_item_is_named_with_the_one_that_is_due() {
    let void = Err(Refusal::Void {
        envelope: Envelope(42),
        reason: None,
    });
    let code = ControlNumber::draw([7; 8]).unwrap().to_string();
    let wrong = "This is letter L-0042; slot 3 waits for bag B-0042.";
    let mut waiting = vec![bag(42, 3, Bagging::Scan)];
    let (_, said) = typed(&code, &board(waiting.clone()), &Named::default(), &void);
    assert!(said.unwrap().ends_with(wrong));
    // With two of them nobody knows which one is meant, and a wrong bag is no letter.
    let (_, said) = typed("B-0042", &board(waiting.clone()), &Named::default(), &void);
    assert!(!said.unwrap().contains("This is letter"));
    waiting.push(bag(43, 4, Bagging::Scan));
    let (_, said) = typed(&code, &board(waiting), &Named::default(), &void);
    assert!(!said.unwrap().contains("This is letter"));
}

#[test]
fn one_key_confirms_what_was_named_and_names_the_next() {
    let named = Named::default();
    let taken = Ok(What::Confirmed(Envelope(41)));
    let waiting = || {
        vec![
            letter(40, Confirm::Scan, false),
            letter(39, Confirm::Key, true),
            letter(41, Confirm::Key, false),
            bag(43, 3, Bagging::Key),
            letter(44, Confirm::Key, false),
        ]
    };
    let first = board(waiting());
    let (told, said) = typed("p", &first, &named, &taken);
    assert_eq!(jobs(&told), Vec::<i64>::new());
    assert_eq!(
        said.unwrap(),
        "L-0041 (Anna Lang) waits longest. When its sheet is in your hand, and good, type: p"
    );
    let (told, said) = typed("P ", &first, &named, &taken);
    assert_eq!(jobs(&told), [41]);
    let said = said.unwrap();
    assert!(said.starts_with("L-0041 is confirmed."), "{said}");
    assert!(said.contains("L-0044 (Anna Lang) waits longest."), "{said}");
    // The board still shows the one that was just confirmed: it is not confirmed once more.
    let (told, said) = typed("p", &first, &named, &taken);
    assert_eq!(jobs(&told), Vec::<i64>::new());
    assert!(
        said.unwrap()
            .starts_with("L-0041 (Anna Lang) waits longest.")
    );
    let (told, said) = typed("b", &first, &named, &taken);
    assert_eq!(jobs(&told), Vec::<i64>::new());
    assert_eq!(
        said.unwrap(),
        "B-0043 (Anna Lang, slot 3) waits longest. When its key lies in that bag, type: b"
    );
    let (told, _) = typed("b", &first, &named, &taken);
    assert_eq!(jobs(&told), [43]);
}

#[test]
fn a_letter_that_was_not_named_is_not_confirmed() {
    let named = Named::default();
    let taken = Ok(What::Confirmed(Envelope(41)));
    let two = board(vec![
        letter(41, Confirm::Key, false),
        letter(44, Confirm::Key, false),
    ]);
    typed("p", &two, &named, &taken);
    // Somebody else has confirmed it meanwhile.
    let one = board(vec![letter(44, Confirm::Key, false)]);
    let (told, said) = typed("p", &one, &named, &taken);
    assert!(told.is_empty());
    assert!(said.unwrap().starts_with("L-0044"));
    let none = board(vec![letter(40, Confirm::Scan, false)]);
    let (told, said) = typed("p", &none, &named, &taken);
    assert!(told.is_empty());
    assert!(said.unwrap().starts_with("No letter waits"));
    let (told, _) = typed("p", &one, &named, &taken);
    assert!(told.is_empty(), "it has to be named again");
}

#[test]
fn a_confirmation_says_what_was_in_doubt() {
    let acted = Acted {
        what: What::Confirmed(Envelope(3)),
        left: None,
        doubt: Some("the printer gave the job up".to_owned()),
        elsewhere: None,
    };
    let said = say::done(&acted);
    assert!(said.starts_with("L-0003 is confirmed."), "{said}");
    assert!(
        said.ends_with("It was in doubt (the printer gave the job up): if a second sheet with this PIN is about, destroy it."),
        "{said}"
    );
}
