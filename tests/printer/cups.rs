//! Against a private print server (`cupsd`) with a device of its own.

use keyline::domain::fault::Fault;
use keyline::domain::paper::Printing;
use keyline::port::Press as _;

use crate::bench::{
    assert_out, deliver, end_of, follow_until, follow_until_waiting, letter, press_at,
    sheets_by_letter, whereabouts,
};
use crate::printing::{Cups, CupsSetup, Mood, unavailable, wait};

fn is_unknown(said: &Printing, words: &str) -> bool {
    matches!(said, Printing::Unknown { why } if why.contains(words))
}

#[test]
fn a_letter_goes_through_a_print_server_that_keeps_no_copy() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    press.can_take().unwrap();
    for number in 0..3 {
        let ticket = deliver(&press, number);
        assert!(ticket.uuid.is_some());
        assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
        assert_eq!(whereabouts(&press, number).unwrap(), Some(ticket));
    }
    assert!(matches!(
        press_at(&server.uri()).deliver(&letter(1)),
        Err(Fault::Mailer { .. })
    ));
    wait("the copies to go", || server.kept_documents() == 0);
    assert_out(&server.device, &[0, 1, 2]);
}

#[test]
fn without_paper_the_job_waits_at_the_server_and_goes_on_when_fed() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    server.device.set(Mood::OutOfPaper).unwrap();
    let ticket = deliver(&press, 0);
    follow_until_waiting(&press, &ticket, "paper");
    press.can_take().unwrap();
    server.device.feed().unwrap();
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    assert_out(&server.device, &[0]);
}

#[test]
fn a_job_that_is_given_up_or_cancelled_leaves_a_doubt_whether_it_printed_or_not() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    for (number, mood) in [(0, Mood::GivesUp), (1, Mood::GivesUpAfter)] {
        server.device.set(mood).unwrap();
        let ticket = deliver(&press, number);
        let end = end_of(&press, &ticket);
        assert!(is_unknown(&end, "gave the job up"), "{end:?}");
    }
    server.device.set(Mood::Slow).unwrap();
    let ticket = deliver(&press, 2);
    server.device.wait_until_begun(3);
    server.administer("cancel", &[&ticket.job.to_string()]);
    let end = end_of(&press, &ticket);
    assert!(is_unknown(&end, "cancelled"), "{end:?}");
    assert_out(&server.device, &[1]);
}

#[test]
fn a_stopped_queue_is_away_and_a_job_in_it_waits_for_its_start() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    server.administer("cupsdisable", &["Letters"]);
    for refused in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
        let Err(Fault::PrinterAway { what }) = refused else {
            panic!("{refused:?}");
        };
        assert!(what.contains("stopped"), "{what}");
    }
    server.administer("cupsenable", &["Letters"]);
    server.administer("cupsreject", &["Letters"]);
    let refused = press.can_take();
    assert!(matches!(&refused, Err(Fault::PrinterAway { what }) if what.contains("takes no jobs")));
    server.administer("cupsaccept", &["Letters"]);
    let ticket = deliver(&press, 0);
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    assert_out(&server.device, &[0]);
}

#[test]
fn a_server_that_prints_a_failed_job_again_is_waited_for_and_two_sheets_are_a_doubt() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start_with(&CupsSetup {
        error_policy: "stop-printer",
        ..CupsSetup::default()
    })
    .unwrap();
    let press = press_at(&server.uri());
    server.device.set(Mood::SlowAfter).unwrap();
    let ticket = deliver(&press, 0);
    // The station has seen it in print, as it does a few times a second.
    follow_until(&press, &ticket, |_| server.device.begun() == 1);
    server.device.wait_for_sheets(1);
    server.administer("cupsdisable", &["Letters"]);
    follow_until_waiting(&press, &ticket, "start the printer again");
    server.device.set(Mood::Fine).unwrap();
    server.administer("cupsenable", &["Letters"]);
    let end = end_of(&press, &ticket);
    assert!(is_unknown(&end, "two sheets"), "{end:?}");
    assert_eq!(sheets_by_letter(&server.device)[&0], 2, "CUPS does that");
}
