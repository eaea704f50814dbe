//! Whole batches through a printer that somebody else uses, that is stopped, that does not take PDF, or that vanishes in mid-job. As in
//! [`crate::batch`], every page that came out is read back.

use std::sync::Arc;
use std::thread::JoinHandle;

use keyline::app::board::{Board, Standstill};
use keyline::domain::fault::Fault;

use crate::batch::{assert_doubts, assert_sound, assert_sound_pages, keyline, moved, run, station};
use crate::bench::{control, deliver, press_at};
use crate::line::{Knows, Line};
use crate::printing::{Mood, Printer, unavailable, wait};
use crate::tap::{Tap, Trick};

/// Whoever does something beside a running station. What goes wrong there fails the test.
struct Beside(Option<JoinHandle<()>>);

impl Beside {
    fn a_station(what: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(std::thread::spawn(what)))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let ended = self.0.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "what was done beside it");
        }
    }
}

fn stands_still(board: &Board, words: &str) -> bool {
    match board.view().standstill {
        Some(Standstill::Away(what) | Standstill::WaitsFor(what)) => what.contains(words),
        None => false,
    }
}

fn keys(line: &Line, keys: u32) -> Vec<keyline::practice::authenticator::SimulatedKey> {
    let supply = (1..=keys).map(|key| line.maker.make(key).expect("a key"));
    supply.collect()
}

/// Somebody else prints just then: a letter that is refused for that is no doubt, and comes out later, under another number.
#[test]
fn a_batch_through_a_printer_that_is_busy_with_somebody_elses_job() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let moods = [Mood::Slow, Mood::Fine, Mood::Fine, Mood::Fine];
    printer.device.plan(&moods).unwrap();
    let theirs = 7;
    deliver(&press_at(&printer.uri()), theirs);
    printer.device.wait_until_begun(1);
    let line = station(&printer.uri(), 3);
    let (summary, _) = line.run_attended(Knows::nothing(), keys(&line, 3), |parts, _| {
        let (board, device) = (Arc::clone(&parts.board), printer.device.clone());
        Beside::a_station(move || {
            wait("to be told", || stands_still(&board, "server-error-busy"));
            assert_eq!(device.begun(), 1);
            device.feed().unwrap();
        })
    });
    assert_doubts(&line, &summary, 3, 0);
    let mut pages = printer.device.pages();
    let all = pages.len();
    pages.retain(|page| !page.contains(&control(theirs).grouped()));
    assert_eq!((all, pages.len()), (4, 3));
    assert_sound_pages(&line, &pages);
}

/// Stopped with a letter in it, which is waited for, and then before the next one, which is not sent.
#[test]
fn a_batch_through_a_printer_that_is_stopped_and_started_again() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let moods = [Mood::Fine, Mood::Paused, Mood::Fine, Mood::Fine];
    printer.device.plan(&moods).unwrap();
    let tap = Arc::new(Tap::to(&printer.uri()).unwrap());
    let line = station(&tap.uri(), 4);
    let (summary, _) = line.run_attended(Knows::nothing(), keys(&line, 4), |parts, _| {
        let (board, device) = (Arc::clone(&parts.board), printer.device.clone());
        let tap = Arc::clone(&tap);
        Beside::a_station(move || {
            wait("the letter that waits", || {
                stands_still(&board, "somebody to start the printer again")
            });
            assert_eq!(device.in_hand(), 1);
            tap.set(Trick::Stopped);
            let sent = tap.letters();
            device.feed().unwrap();
            wait("the next letter", || stands_still(&board, "is stopped"));
            assert_eq!((sent, tap.letters()), (2, 2), "nothing is sent to it");
            tap.set(Trick::None);
        })
    });
    assert_doubts(&line, &summary, 4, 0);
    assert_eq!(tap.letters(), 4);
    assert_eq!(printer.device.sheets().len(), 4);
    assert_sound(&line, &printer.device);
}

/// Keys are enrolled, letters wait; with a printer that takes PDF they come out, and nobody has to touch a key again.
#[test]
fn a_batch_through_a_printer_that_does_not_take_pdf_and_then_through_one_that_does() {
    if unavailable().is_some() {
        return;
    }
    let raster = Printer::start_with(&["-f", "image/pwg-raster"]).unwrap();
    let pdf = Printer::start().unwrap();
    let line = station(&raster.uri(), 3);
    let summary = run(&line, 3);
    assert_eq!(summary.done, 0, "{summary:?}");
    assert_eq!(summary.held.len(), 3, "{summary:?}");
    for fault in &summary.held {
        let told = matches!(fault, Fault::Mailer { what } if what.contains("does not take PDF"));
        assert!(told, "{fault:?}");
    }
    assert_eq!(raster.device.begun(), 0);
    let line = moved(line, &raster.uri(), &pdf.uri());
    for job in ["1", "2", "3"] {
        keyline(&line, &["jobs", "release", job]);
    }
    let summary = run(&line, 0);
    assert_doubts(&line, &summary, 3, 0);
    assert_eq!(pdf.device.sheets().len(), 3);
    assert_eq!(raster.device.begun(), 0);
    assert_sound(&line, &pdf.device);
}

/// It loses its record of the job, counts its jobs from one again, and the sheet comes out all the same.
#[test]
fn a_batch_through_a_printer_that_vanishes_in_mid_job() {
    if unavailable().is_some() {
        return;
    }
    let mut printer = Printer::start().unwrap();
    let moods = [Mood::Fine, Mood::Slow, Mood::Fine, Mood::Fine];
    printer.device.plan(&moods).unwrap();
    let line = station(&printer.uri(), 4);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            printer.device.wait_until_begun(2);
            printer.kill();
            printer.device.feed().unwrap();
            printer.device.wait_for_sheets(2);
            printer.start_again().unwrap();
        });
        run(&line, 4)
    });
    assert_doubts(&line, &summary, 3, 1);
    assert_eq!(printer.device.sheets().len(), 4);
    assert_sound(&line, &printer.device);
}
