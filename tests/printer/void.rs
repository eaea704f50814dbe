//! A letter that waits in a print server and becomes void: no reissue leaves it there, with a station and without one; and what a
//! station says of a queue that prints again.

use std::sync::mpsc::channel;

use keyline::app::admin::Change;
use keyline::app::board::News;
use keyline::app::station::Request;
use keyline::domain::paper::Printing;
use keyline::face::control::{self, Ask};
use keyline::wire::attend;

use crate::batch::{keyline, said, station};
use crate::bench::{deliver, end_of, press_at};
use crate::line::Knows;
use crate::printing::{Cups, CupsSetup, Mood, unavailable};

/// Somebody fills in paper, and another letter comes out, but not the one that is void.
fn assert_nothing_comes(server: &Cups) {
    server.device.set(Mood::Fine).unwrap();
    server.device.feed().unwrap();
    let press = press_at(&server.uri());
    let next = deliver(&press, 7);
    assert_eq!(end_of(&press, &next), Printing::OnPaper);
    assert_eq!(server.device.sheets().len(), 1, "the void letter came out");
}

/// `beside`: the running station is asked; otherwise the command finds none.
fn reissue(beside: bool) {
    let server = Cups::start().unwrap();
    server.device.set(Mood::OutOfPaper).unwrap();
    let line = station(&server.uri(), 1);
    let (device, (send, told)) = (server.device.clone(), channel());
    let key = line.maker.make(1).expect("a key");
    line.run_attended(Knows::nothing(), vec![key], |parts, handle| {
        let erase = attend::erasing(parts.ledger.clone());
        let press = parts.ports.press.clone();
        let answer = control::over_station(
            parts.ledger.clone(),
            handle.clone(),
            press,
            std::sync::Arc::clone(&parts.board),
            erase,
        );
        let handle = handle.clone();
        std::thread::spawn(move || {
            device.wait_until_begun(1);
            if beside {
                let change = Change::Reissue {
                    reason: "jammed".to_owned(),
                };
                let asked = Ask::Change {
                    job: "1".to_owned(),
                    change,
                    actor: "admin".to_owned(),
                };
                send.send(answer(&asked).into_result()).unwrap();
            }
            handle.ask(Request::Stop);
        });
    });
    let told = if beside {
        told.recv().unwrap().unwrap()
    } else {
        keyline(&line, &["mailer", "reissue", "1", "--reason", "jammed"])
    };
    assert!(told.contains("is void"), "{told}");
    assert!(!told.contains("may still print"), "{told}");
    assert_nothing_comes(&server);
}

#[test]
fn a_void_letter_never_comes_out_of_a_print_server_without_a_station() {
    if unavailable().is_none() {
        reissue(false);
    }
}

#[test]
fn a_void_letter_never_comes_out_of_a_print_server_beside_a_station() {
    if unavailable().is_none() {
        reissue(true);
    }
}

/// The sheet may lie in the tray or wait; a server that is gone tells neither.
#[test]
fn whoever_cannot_ask_the_print_server_says_so() {
    if unavailable().is_some() {
        return;
    }
    let mut server = Cups::start().unwrap();
    server.device.set(Mood::OutOfPaper).unwrap();
    let line = station(&server.uri(), 1);
    let device = server.device.clone();
    let key = line.maker.make(1).expect("a key");
    line.run_attended(Knows::nothing(), vec![key], |_, handle| {
        let handle = handle.clone();
        std::thread::spawn(move || {
            device.wait_until_begun(1);
            handle.ask(Request::Stop);
        });
    });
    server.kill();
    let (told, note) = said(&line, &["mailer", "spoil", "1", "--reason", "jammed"]);
    assert!(told.contains("is void: destroy it."), "{told}");
    assert!(!told.contains("printed as soon as"), "{told}");
    for words in [
        "note: Nobody could ask the printer for the void letter: The printer is away: ",
        "it may still come out: cancel PM-",
    ] {
        assert!(note.contains(words), "{words}: {note}");
    }
    let told = keyline(&line, &["jobs", "cancel", "1"]);
    assert!(
        told.contains("The printer may still print it: cancel PM-"),
        "{told}"
    );
}

#[test]
fn a_station_says_once_that_its_queue_prints_again() {
    if unavailable().is_some() {
        return;
    }
    for (policy, times) in [("retry-job", 1), ("stop-printer", 1), ("abort-job", 0)] {
        let server = Cups::start_with(&CupsSetup {
            error_policy: policy,
            ..CupsSetup::default()
        })
        .unwrap();
        let line = station(&server.uri(), 1);
        let key = line.maker.make(1).expect("a key");
        let (summary, parts) = line.run_attended(Knows::nothing(), vec![key], |_, _| ());
        assert_eq!(summary.done, 1, "{summary:?}");
        let news = parts.board.take_news();
        let line_to_change = "lpadmin -p Letters -o printer-error-policy=abort-job";
        let told = news
            .iter()
            .filter(|news| matches!(news, News::Trouble { what } if what.contains(line_to_change)));
        assert_eq!(told.count(), times, "{policy}: {news:?}");
    }
}
