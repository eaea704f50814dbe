//! A printer: one sheet at a time, each followed to its end, none of them twice.

use super::*;
use crate::app::admin::{self, Change, Changed, Unchanged};
use crate::app::board::{News, Standstill};
use crate::app::world::{SPOOL, Weather, When, course, started};
use crate::domain::event::Evidence;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Bagging, Confirm, Sheet};
use crate::port::Clock;

/// Whoever asks for a sheet is told, by what becomes of it: it comes out, or else.
const OUT: usize = 0;
const NO_PAPER: usize = 1;
const NO_ANSWER: usize = 2;
const ABORTED_ON_PAPER: usize = 3;
const ABORTED_BEFORE: usize = 4;
const SAYS_SO: usize = 5;

/// No bags, and letters that are confirmed so.
fn policy(confirm: Confirm) -> Policy {
    Policy {
        confirm: Some(confirm),
        bag: Some(Bagging::None),
        ..Policy::default()
    }
}

fn line(policy: Policy) -> Line {
    let line = Line::new(policy, key());
    line.world.state().press.prints = true;
    line
}

/// The key is done and out of the slot; its letter is not printed yet.
fn ready(confirm: Confirm) -> Line {
    let line = line(policy(confirm));
    assert_eq!(line.run(), Ending::KeyDone);
    line.world.take_out(1);
    line
}

/// What becomes of the sheet, question after question.
fn fates(line: &Line, script: &[usize]) {
    line.world.state().weather = Weather {
        ops: &[Op::Follow],
        troubles: script.len(),
        script: script.to_vec(),
        ..Weather::default()
    };
}

fn control(line: &Line) -> String {
    let control = line.state().unconfirmed().map(str::to_owned);
    control.expect("a letter in doubt")
}

fn scanned(line: &Line) {
    let evidence = Evidence::Delivered {
        control: control(line),
        target: "printer.example".to_owned(),
        confirmed: Some(Confirm::Scan),
    };
    let step = Step::Deliver;
    let (ports, done) = (line.world.ports(), Happening::Done { step, evidence });
    let (ledger, now) = (ports.ledger.as_ref(), ports.clock.now());
    journal::append(ledger, line.job.id, line.state(), done, "4711", now).expect("it follows");
}

fn change(line: &Line, change: &Change) -> Result<Changed, Unchanged> {
    let ports = line.world.ports();
    let (ledger, now) = (ports.ledger.as_ref(), ports.clock.now());
    admin::change(ledger, &line.policies(), line.job.id, change, "admin", now)
}

fn reissue() -> Change {
    Change::Reissue {
        reason: "torn".to_owned(),
    }
}

fn has_pin(line: &Line) -> bool {
    !line.world.state().ledger.in_flight.is_empty()
}

#[test]
fn the_slot_is_free_before_the_letter_is_printed() {
    let line = line(policy(Confirm::Scan));
    assert_eq!(line.run(), Ending::KeyDone);
    assert!(line.story().ends_with("register, done"), "{}", line.story());
    assert_eq!(line.world.count(Op::PressDeliver), 0);
    // The slot may be asked again, and has nothing to do with the letter.
    assert_eq!(line.run(), Ending::KeyDone);
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    assert!(line.story().ends_with("deliver, printed, printed"));
    assert_eq!(line.world.state().press.sheets.len(), 1);
    assert!(has_pin(&line), "the letter may have to be made anew");
    let news = line.board.take_news();
    let by = Confirm::Scan;
    let envelope = line.job.envelope.to_string();
    assert_eq!(news, [News::LetterOut { envelope, by }]);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    assert_eq!(line.world.count(Op::Follow), 1);
    scanned(&line);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("a good day");
}

#[test]
fn the_key_is_in_its_bag_before_its_letter_is_printed() {
    let line = line(Policy::default());
    assert_eq!(line.run(), Ending::Awaits(Step::Bag));
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Awaits(Step::Bag));
    assert_eq!(line.world.count(Op::PressDeliver), 0);
    line.world.tell(line.job.id, [Happening::Bagged]);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
}

#[test]
fn where_the_printers_word_is_enough_nobody_is_asked() {
    let line = ready(Confirm::Device);
    assert_eq!(line.run(), Ending::Finished);
    let happenings = line.world.happenings(line.job.id);
    let Some(Happening::Done { evidence, .. }) = happenings.last() else {
        panic!("{happenings:?}");
    };
    let Evidence::Delivered {
        control,
        target,
        confirmed,
    } = evidence
    else {
        panic!("{evidence:?}");
    };
    assert_eq!(*confirmed, Some(Confirm::Device));
    assert_eq!(target, "ipp://printer.example/ipp/print");
    let control = ControlNumber::parse(control).expect("a number");
    assert_eq!(
        line.world.state().press.forgotten,
        [(SPOOL.to_owned(), control)]
    );
    assert!(!has_pin(&line));
    assert_eq!(line.board.finished(0).len(), 1, "with its slot and key");
    assert!(line.board.finished(0)[0].slot.is_some());
    assert_eq!(line.board.take_news(), []);
    line.assert_sound("confirmed by the device");
}

#[test]
fn what_the_press_keeps_of_a_confirmed_letter_is_told_and_stops_nothing() {
    let line = ready(Confirm::Device);
    let what = "spool/1.pdf cannot be removed".to_owned();
    let fault = Fault::Mailer { what };
    line.world.trick(Op::Forget, When::Before, fault.clone());
    assert_eq!(line.run(), Ending::Finished);
    let what = fault.to_string();
    assert_eq!(line.board.take_news(), [News::Trouble { what }]);
}

#[test]
fn a_printer_that_is_away_leaves_no_trace() {
    let line = ready(Confirm::Scan);
    let (before, rows) = (line.story(), line.world.count(Op::Append));
    let what = "no route".to_owned();
    let away = Fault::PrinterAway { what };
    line.world.trick(Op::CanTake, When::Before, away.clone());
    assert_eq!(line.run(), Ending::Stopped(away));
    assert_eq!((line.story(), line.world.count(Op::Append)), (before, rows));
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
}

#[test]
fn a_printer_that_took_nothing_is_tried_again_with_another_number() {
    let line = ready(Confirm::Scan);
    let what = "busy".to_owned();
    let busy = Fault::PrinterAway { what };
    line.world
        .trick(Op::PressDeliver, When::Before, busy.clone());
    assert_eq!(line.run(), Ending::Stopped(busy));
    assert!(line.story().ends_with("deliver, not done"));
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    let numbers = controls(&line);
    assert!(numbers.len() == 2 && numbers[0] != numbers[1]);
}

#[test]
fn a_printer_without_paper_is_waited_for_without_an_end_and_told_of_once() {
    let line = ready(Confirm::Scan);
    fates(&line, &[&[NO_PAPER; 5000][..], &[OUT]].concat());
    let before = line.world.state().now;
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    let waited = line.world.state().now - before;
    // 250 ms, 500 ms, and a second from then on.
    assert_eq!(waited, 250 + 500 + 4998 * 1000);
    let waits = Standstill::WaitsFor("paper in tray 2".to_owned());
    let news = line.board.take_news();
    assert_eq!(news[..2], [News::Printer(waits), News::PrinterBack]);
    assert_eq!(news.len(), 3, "{news:?}");
}

#[test]
fn a_printer_that_does_not_answer_is_asked_again_and_told_of_once() {
    let line = ready(Confirm::Scan);
    fates(&line, &[NO_ANSWER, NO_ANSWER, NO_PAPER, OUT]);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    let away = Standstill::Away("it does not answer".to_owned());
    let waits = Standstill::WaitsFor("paper in tray 2".to_owned());
    let news = line.board.take_news();
    let told = [News::Printer(away), News::Printer(waits), News::PrinterBack];
    assert_eq!(news[..3], told);
    assert_eq!(line.world.count(Op::PressDeliver), 1);
}

#[test]
fn of_an_unknown_sheet_no_printer_is_asked_again() {
    for fate in [ABORTED_ON_PAPER, ABORTED_BEFORE] {
        let line = ready(Confirm::Device);
        fates(&line, &[NO_PAPER, fate]);
        let held = Ending::Held(Fault::DeliveryUncertain);
        assert_eq!(line.run(), held, "whatever the policy says");
        assert!(line.story().ends_with("deliver, printed, printed, held"));
        for _ in 0..3 {
            line.world.tell(line.job.id, [Happening::Released]);
            assert_eq!(line.run(), held);
        }
        let asked = [Op::PressDeliver, Op::Follow, Op::WasDelivered];
        // Two questions, of which the first was for paper.
        assert_eq!(asked.map(|op| line.world.count(op)), [1, 2, 0]);
        if fate == ABORTED_ON_PAPER {
            scanned(&line);
            assert_eq!(line.run(), Ending::Finished);
            line.assert_sound("found in the tray");
        }
    }
}

#[test]
fn a_lost_reply_is_asked_for_and_never_answered_by_a_second_sheet() {
    // The printer has it, and says so.
    let line = ready(Confirm::Scan);
    let lost = Fault::DeliveryUncertain;
    line.world
        .trick(Op::PressDeliver, When::After, lost.clone());
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    // It does not know it: the request may still be on its way.
    let line = ready(Confirm::Scan);
    line.world
        .trick(Op::PressDeliver, When::Before, lost.clone());
    assert_eq!(line.run(), Ending::Held(lost.clone()));
    assert!(line.story().ends_with("deliver, printed, held"));
    // It does not answer at all: asked again later.
    let line = ready(Confirm::Scan);
    let away = Fault::PrinterAway {
        what: "no route".to_owned(),
    };
    line.world.trick(Op::PressDeliver, When::After, lost);
    line.world
        .trick(Op::WasDelivered, When::Before, away.clone());
    assert_eq!(line.run(), Ending::Stopped(away));
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    assert_eq!(line.world.state().press.sheets.len(), 1);
}

/// A clock on which the first pause is cut short.
struct Cut(World, CancelFlag);

impl Clock for Cut {
    fn now(&self) -> crate::domain::time::Timestamp {
        self.0.now()
    }

    fn today(&self) -> jiff::civil::Date {
        self.0.today()
    }

    fn wait(&self, _: Duration, _: &CancelFlag) -> bool {
        self.1.cancel();
        false
    }
}

#[test]
fn a_station_that_stops_leaves_the_sheet_in_the_printer_and_goes_on_with_it() {
    let line = ready(Confirm::Scan);
    fates(&line, &[NO_PAPER, OUT]);
    let mut ports = line.world.ports();
    let cancel = CancelFlag::default();
    ports.clock = std::sync::Arc::new(Cut(line.world.clone(), cancel.clone()));
    assert_eq!(
        line.run_on(&ports, &cancel),
        Ending::Stopped(Fault::Cancelled)
    );
    assert!(matches!(line.state().sheet(), Some(Sheet::Accepted { .. })));
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    assert_eq!(line.world.count(Op::PressDeliver), 1);
    assert_eq!(line.world.count(Op::WasDelivered), 0, "the ticket is known");
}

/// As a queue that tries again does, once somebody has put paper in.
#[test]
fn a_letter_that_waits_in_the_printer_never_comes_out_once_it_is_void() {
    for wish in [reissue(), Change::Cancel, Change::Retry] {
        let line = ready(Confirm::Scan);
        fates(&line, &[NO_PAPER]);
        let mut ports = line.world.ports();
        let cancel = CancelFlag::default();
        ports.clock = std::sync::Arc::new(Cut(line.world.clone(), cancel.clone()));
        let stopped = Ending::Stopped(Fault::Cancelled);
        assert_eq!(line.run_on(&ports, &cancel), stopped);
        let void = control(&line);
        let changed = change(&line, &wish).expect("a change");
        assert_eq!(changed.void(), Some(void.as_str()), "{wish:?}");
        let taken = changed.take_void_back(&line.world, line.job.envelope);
        assert_eq!(taken, Ok(()));
        line.world.state().feed();
        assert!(line.world.state().press.sheets.is_empty(), "{wish:?}");
        if wish != reissue() {
            continue;
        }
        line.world.put(1, 0);
        assert_eq!(line.run(), Ending::KeyDone);
        line.world.take_out(1);
        assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
        assert_eq!(line.world.state().press.sheets.len(), 1);
        assert_ne!(control(&line), void);
        scanned(&line);
        line.assert_sound("made anew");
    }
}

#[test]
fn a_void_sheet_is_confirmed_by_nobody_and_released_by_nobody() {
    let line = ready(Confirm::Scan);
    fates(&line, &[SAYS_SO]);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    let (reason, control) = ("nothing came out".to_owned(), control(&line));
    let spoiled = Happening::Spoiled {
        control: control.clone(),
        reason: reason.clone(),
    };
    line.world.tell(line.job.id, [spoiled]);
    let held = Fault::LetterSpoiled { reason };
    assert_eq!(line.run(), Ending::Held(held.clone()));
    assert_eq!(change(&line, &Change::Release), Err(Unchanged::LetterVoid));
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Held(held));
    let void = Some(control);
    assert_eq!(change(&line, &reissue()), Ok(Changed::Reissued { void }));
    line.world.put(1, 0);
    assert_eq!(line.run(), Ending::KeyDone);
    line.world.take_out(1);
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    scanned(&line);
    line.assert_sound("made anew");
}

#[test]
fn a_letter_is_made_anew_only_so_often() {
    let line = line(Policy {
        reissues_max: 2,
        ..policy(Confirm::Scan)
    });
    for round in 0..3 {
        line.world.put(1, 0);
        assert_eq!(line.run(), Ending::KeyDone);
        line.world.take_out(1);
        assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
        let answer = change(&line, &reissue());
        if round < 2 {
            assert!(matches!(answer, Ok(Changed::Reissued { void: Some(_) })));
        } else {
            assert_eq!(answer, Err(Unchanged::ReissuedTooOften { most: 2 }));
        }
    }
    scanned(&line);
    line.assert_sound("the third letter");
}

#[test]
fn a_file_waits_for_its_confirmation_where_the_policy_says_so() {
    let line = Line::new(policy(Confirm::Scan), key());
    assert_eq!(line.run(), Ending::Awaits(Step::Deliver));
    assert!(line.story().ends_with("deliver, printed"));
    assert_eq!(line.state().sheet(), Some(&Sheet::OnPaper));
}

#[test]
fn a_file_that_waits_for_its_confirmation_is_found_wherever_the_power_goes() {
    let first = Line::new(policy(Confirm::Key), key());
    for at in 1..400 {
        let line = first.copy();
        line.world.cut_at(at);
        drop(line.run());
        if !line.world.mend() {
            return;
        }
        for _ in 0..8 {
            line.put(0);
            if line.run() == Ending::Awaits(Step::Deliver) {
                break;
            }
        }
        scanned(&line);
        assert_eq!(line.run(), Ending::Finished);
        line.assert_sound(&format!("cut at {at}"));
    }
    panic!("the run never ended by itself");
}

/// An older version wrote down the letter's number, and not where it went.
#[test]
fn a_letter_of_which_no_place_is_known_is_never_said_not_to_exist() {
    for prints in [true, false] {
        let line = line(policy(Confirm::Device));
        line.world.state().press.prints = prints;
        line.world.tell(line.job.id, course("123", Step::Register));
        line.world.tell(line.job.id, [started(Step::Deliver)]);
        line.world.take_out(1);
        assert_eq!(line.run(), Ending::Held(Fault::DeliveryUncertain));
        assert_eq!(line.world.count(Op::PressDeliver), 0);
    }
}
