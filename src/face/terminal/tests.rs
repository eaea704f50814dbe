//! The bench as lines, and what is and is not taken for a typed word.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::hands::Named;
use super::input::{Seen, Way, Word, act, read, visible};
use super::keyboard::Line;
use super::lines::Lines;
use super::*;
use crate::app::board::{Board, Finished, News};
use crate::app::station::Request;
use crate::app::world::stage;
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, JobId};
use crate::domain::pin::Pin;
use crate::domain::station::signal::{Question, SlotState};
use crate::port::Operator as _;

const JOB: JobId = JobId(42);
const OTP: &str = "cccccchhvtlrvkvnjjnlkkbrrbdvkbfhtjhljdvgdkgn";

fn lines() -> Lines {
    Lines::new(TimeZone::UTC)
}

fn changes(lines: &mut Lines, board: &Board, expected: &Expect) {
    let told: Vec<String> = lines
        .changes(board)
        .iter()
        // The time of day is the only thing that differs from run to run.
        .map(|line| format!("00:00:00{}\n", &line[8..]))
        .collect();
    expected.assert_eq(&told.concat());
}

fn finished() -> Finished {
    Finished {
        case: stage::case("Anna Lang"),
        slot: Some(Slot(2)),
        model: "Practice Key".to_owned(),
        serial: Some("10000042".to_owned()),
        total: Duration::from_millis(12_340),
        own: Duration::from_millis(4),
    }
}

#[test]
fn each_change_is_a_line_and_nothing_else_is() {
    let (board, mut lines) = (Board::default(), lines());
    changes(&mut lines, &board, &expect![""]);
    stage::slot(&board, 2, &SlotState::Empty, None);
    changes(
        &mut lines,
        &board,
        &expect![[r#"
        00:00:00  slot 2: insert a key.
    "#]],
    );
    stage::counts(&board, 3, 0);
    changes(&mut lines, &board, &expect![""]);
    stage::slot(
        &board,
        2,
        &SlotState::Working { job: JOB },
        Some(stage::case("Anna\u{1b}[2J \u{202E}Lang")),
    );
    stage::step(&board, 2, Step::Reset);
    stage::touch(&board, 2, true);
    changes(
        &mut lines,
        &board,
        &expect![[r#"
        00:00:00  slot 2: touch the key (Anna�[2J �Lang, envelope 0042). The light blinks: a touch lets the station wipe it.
    "#]],
    );
    stage::touch(&board, 2, false);
    changes(
        &mut lines,
        &board,
        &expect![[r#"
        00:00:00  slot 2: leave it in (Anna�[2J �Lang, envelope 0042). The station is wiping the key.
    "#]],
    );
    stage::slot(
        &board,
        2,
        &SlotState::Done { job: JOB },
        Some(stage::case("Anna Lang")),
    );
    stage::pin(&board, 2, "48151623");
    stage::finished(&board, finished());
    changes(
        &mut lines,
        &board,
        &expect![[r#"
            00:00:00  slot 2: done: envelope 0042 (Anna Lang, Practice Key, serial 10000042, 12.3 s); 1 done, 3 to go.
        "#]],
    );
    stage::slot(&board, 2, &SlotState::Empty, None);
    changes(
        &mut lines,
        &board,
        &expect![[r#"
        00:00:00  slot 2: insert a key.
    "#]],
    );
    changes(&mut lines, &board, &expect![""]);
}

#[test]
fn a_key_that_was_done_between_two_looks_is_told_of() {
    let (board, mut lines) = (Board::default(), lines());
    stage::finished(&board, finished());
    stage::finished(&board, finished());
    stage::slot(&board, 2, &SlotState::Empty, None);
    assert_eq!(lines.changes(&board).len(), 3);
}

#[test]
fn no_plain_line_ever_has_the_pin_that_a_policy_shows() {
    let (board, mut lines) = (Board::default(), lines());
    stage::slot(
        &board,
        1,
        &SlotState::Done { job: JOB },
        Some(stage::case("Anna Lang")),
    );
    stage::pin(&board, 1, "48151623");
    stage::news(&board, News::NetworkBack);
    let mut said = lines.news(&board.take_news());
    said.extend(lines.changes(&board));
    assert_eq!(said.len(), 1);
    assert!(!said.concat().contains("48151623"));
}

#[test]
fn words_are_understood_and_what_keys_type_is_not() {
    let slot = Slot(3);
    let unclear = |word: Word| matches!(word, Word::Unclear(_));
    for (line, word) in [
        ("wipe 3", Word::Wipe(slot)),
        ("  WIPE   3 ", Word::Wipe(slot)),
        ("take 3", Word::Take(slot)),
        ("cards", Word::Cards),
        ("Cards", Word::Cards),
        ("badge 4711", Word::Badge("4711".to_owned())),
        ("badge Anna Lang", Word::Badge("Anna Lang".to_owned())),
        ("quit", Word::Quit),
        ("pin 3 48151623", Word::Pin(slot, Pin::new("48151623").ok())),
        (
            "pin 3 with space",
            Word::Pin(slot, Pin::new("with space").ok()),
        ),
        ("pin 3 -", Word::Pin(slot, None)),
        ("", Word::Nothing),
        ("   ", Word::Nothing),
        (OTP, Word::Nothing),
        (
            "CCCCCCHHVTLRVKVNJJNLKKBRRBDVKBFHTJHLJDVGDKGN",
            Word::Nothing,
        ),
        ("cccccccccccccccccccccccccccccccc", Word::Nothing),
        ("755224", Word::Nothing),
        ("84755224", Word::Nothing),
    ] {
        assert_eq!(read(line), word, "{line}");
    }
    for half in [
        "wipe 3", "wipe ", "badge ", "pin 3 ", "pin 3", "take", "quit ",
    ] {
        assert_eq!(read(&format!("{half}{OTP}")), Word::Nothing, "{half}");
    }
    for line in [
        "wipe",
        "wipe all",
        "wipe -1",
        "wipe 3 4",
        "wipe +3",
        "wipe 99999",
        "take three",
        "y",
        "yes",
        "cards 3",
        "quit now",
        "badge",
        "badge \u{202E}",
        "pin",
        "pin 3",
        "pin 3 123",
        "pin anna 48151623",
        "48151623x",
    ] {
        assert!(unclear(read(line)), "{line}");
    }
}

#[test]
fn what_is_typed_is_shown_unless_it_may_be_a_pin() {
    for (typed, shown) in [
        ("", ""),
        ("w", "w"),
        ("wipe 3", "wipe 3"),
        ("badge 4711", "badge 4711"),
        ("pin 3 ", "pin 3 "),
        ("pin 3 4815", "pin 3 ••••"),
        ("pin 3 a b", "pin 3 •••"),
        ("4815", "••••"),
        ("B-00", "B-00"),
        ("b-00x", "•••••"),
        ("4820 9173", "•••••••••"),
        ("hello", "•••••"),
        (OTP, ""),
        ("ccccccccccccc", ""),
    ] {
        assert_eq!(visible(typed), shown, "{typed}");
    }
}

/// What acting on a line asks of the station, and what it answers.
fn acted(board: &Board, line: &str) -> (Vec<Request>, Option<String>) {
    acted_on(&Seen::now(board, &Prompt::new(true)), board, line)
}

/// The same where this was asked when the line was begun.
fn acted_on(seen: &Seen, board: &Board, line: &str) -> (Vec<Request>, Option<String>) {
    let asked = RefCell::new(Vec::new());
    let way = Way {
        ask: &|request| {
            asked.borrow_mut().push(request);
            true
        },
        tell: &|deed| panic!("{deed:?}"),
        named: &Named::default(),
        seen,
    };
    let answer = act(read(line), board, &Prompt::new(true), &way);
    (asked.into_inner(), answer)
}

fn asks(question: Question, asked: u64) -> SlotState {
    SlotState::Asking {
        job: JOB,
        question,
        asked,
    }
}

#[test]
fn a_line_answers_what_was_asked_when_it_was_begun_and_nothing_that_came_meanwhile() {
    let board = Board::default();
    stage::slot(&board, 1, &asks(Question::WipeUsedKey, 7), None);
    let seen = Seen::now(&board, &Prompt::new(true));
    let (requests, answer) = acted_on(&seen, &board, "wipe 1");
    assert_eq!((requests.len(), answer), (1, None));
    // The key was exchanged while somebody typed: the words are the same.
    stage::slot(&board, 1, &asks(Question::WipeUsedKey, 8), None);
    let (requests, answer) = acted_on(&seen, &board, "wipe 1");
    assert_eq!(requests, []);
    assert!(answer.unwrap().starts_with("Nothing was done"));
}

#[test]
fn only_what_a_slot_asks_is_confirmed() {
    let board = Board::default();
    let batch = || BatchName("onboarding".to_owned());
    for (slot, question) in [
        (1, Question::WipeUsedKey),
        (2, Question::TakeCards { batch: batch() }),
        (4, Question::TakeCards { batch: batch() }),
    ] {
        stage::slot(&board, slot, &asks(question, 7), None);
    }
    let confirm = |slot| Request::Confirm {
        slot: Slot(slot),
        asked: 7,
    };
    for (line, requests) in [
        ("wipe 1", vec![confirm(1)]),
        ("take 2", vec![confirm(2)]),
        ("cards", vec![confirm(2), confirm(4)]),
        ("badge 4711", vec![Request::Actor("4711".to_owned())]),
    ] {
        assert_eq!(acted(&board, line), (requests, None), "{line}");
    }
    for line in ["wipe 2", "take 1", "wipe 3", "pin 1 48151623"] {
        let (requests, answer) = acted(&board, line);
        assert!(
            requests.is_empty() && answer.unwrap().starts_with("Nothing was"),
            "{line}"
        );
    }
    assert_eq!(acted(&board, OTP), (vec![], None));
    assert_eq!(acted(&board, "quit").0, [Request::Stop]);
    let (requests, answer) = acted(&board, "48151623x");
    assert!(requests.is_empty() && !answer.unwrap().contains("4815"));
}

#[test]
fn bytes_become_lines() {
    let mut line = Line::default();
    assert!(line.feed(b"wip").is_empty());
    assert_eq!(line.so_far().as_str(), "wip");
    let whole = line.feed(b"e 3\nbadge \xc3\xa9x\x7f\x7fa\nrest");
    let texts: Vec<&str> = whole.iter().map(|line| line.as_str()).collect();
    assert_eq!(texts, ["wipe 3", "badge a"]);
    assert!(line.feed(b"\x15").is_empty());
    assert_eq!(line.feed(b"quit\r")[0].as_str(), "quit");
    assert!(line.feed(&[b'x'; 600]).is_empty());
    assert!(
        line.feed(b"\n").is_empty(),
        "a line that is too long is no line"
    );
    assert!(
        line.feed(b"\xff\xfe\n").is_empty(),
        "nor is one that is no text"
    );
}

#[test]
fn a_slot_that_asks_for_a_pin_gets_what_is_typed_for_it() {
    let prompt = Arc::new(Prompt::new(true));
    let slot = Slot(3);
    let asker = Arc::clone(&prompt);
    let answered = thread::spawn(move || asker.current_pin(slot, "Anna Lang"));
    while prompt.asking().is_empty() {
        thread::yield_now();
    }
    let [wanted] = &prompt.asking()[..] else {
        panic!("{:?}", prompt.asking());
    };
    assert_eq!((wanted.slot, wanted.person.as_str()), (slot, "Anna Lang"));
    let asked = wanted.asked;
    assert!(!prompt.answer(Slot(2), asked, None));
    assert!(!prompt.answer(slot, asked + 1, None));
    assert!(prompt.answer(slot, asked, Pin::new("48151623").ok()));
    assert_eq!(answered.join().unwrap(), Pin::new("48151623").ok());
    assert!(prompt.asking().is_empty());
}

#[test]
fn nobody_is_asked_where_nobody_can_type_unseen() {
    assert_eq!(Prompt::new(false).current_pin(Slot(1), "Anna Lang"), None);
    let prompt = Prompt::new(true);
    prompt.close();
    assert_eq!(prompt.current_pin(Slot(1), "Anna Lang"), None);
}

#[test]
fn words_of_a_refusal_reach_the_line() {
    let (board, mut lines) = (Board::default(), lines());
    let state = SlotState::Refused {
        fault: Fault::KeyUsed,
    };
    stage::slot(&board, 1, &state, None);
    changes(
        &mut lines,
        &board,
        &expect![[r#"
        00:00:00  slot 1: lay this key aside. Somebody has used this key before: it has a PIN. Then take another key.
    "#]],
    );
}

#[test]
fn where_bars_show_the_rest_only_what_went_wrong_is_a_line() {
    let (board, mut lines) = (Board::default(), lines());
    let refused = SlotState::Refused {
        fault: Fault::KeyUsed,
    };
    stage::slot(&board, 1, &refused, None);
    stage::slot(&board, 2, &SlotState::Empty, None);
    assert_eq!(lines.stops(&board).len(), 1);
    assert!(lines.stops(&board).is_empty());
}
