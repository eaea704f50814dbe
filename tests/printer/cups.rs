//! Against a private print server (`cupsd`) with a device of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use keyline::domain::fault::Fault;
use keyline::domain::paper::Printing;
use keyline::port::Press as _;

use crate::bench::{
    assert_out, control, deliver, end_of, follow_until, follow_until_waiting, letter, press_at,
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
fn a_job_that_a_stopped_queue_puts_back_is_a_doubt_and_never_comes_out_again() {
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
    let end = end_of(&press, &ticket);
    assert!(is_unknown(&end, "put it back"), "{end:?}");
    server.device.set(Mood::Fine).unwrap();
    server.administer("cupsenable", &["Letters"]);
    let next = deliver(&press, 1);
    assert_eq!(end_of(&press, &next), Printing::OnPaper);
    assert_out(&server.device, &[0, 1]);
}

/// With the sheet out or not, and followed from its start or by a station that has just been started.
#[test]
fn a_job_that_the_server_would_try_again_is_a_doubt_and_never_comes_out_again() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start_with(&CupsSetup {
        error_policy: "retry-job",
        // Long enough for the second job to be asked for late, and short enough for it to come out again otherwise.
        settings: vec!["PreserveJobFiles No", "JobRetryInterval 3"],
    })
    .unwrap();
    let press = press_at(&server.uri());
    for (number, mood) in [(0, Mood::GivesUpAfter), (1, Mood::GivesUp)] {
        server.device.set(mood).unwrap();
        let before = server.device.begun();
        let ticket = deliver(&press, number);
        wait("it to fail", || {
            server.device.begun() > before && server.device.in_hand() == 0
        });
        let later = press_at(&server.uri());
        let end = end_of(&later, &ticket);
        assert!(is_unknown(&end, "put it back"), "{end:?}");
        let end = press.follow(&ticket).unwrap();
        assert!(is_unknown(&end, "cancelled"), "{end:?}");
    }
    server.device.set(Mood::Fine).unwrap();
    let begun = server.device.begun();
    // One that is tried again would be begun by now.
    let since = std::time::Instant::now();
    wait("the time of a retry", || since.elapsed().as_secs() >= 5);
    assert_eq!(server.device.begun(), begun);
    let next = deliver(&press, 2);
    assert_eq!(end_of(&press, &next), Printing::OnPaper);
    assert_out(&server.device, &[0, 2]);
}

#[test]
fn a_server_that_is_killed_loses_its_record_and_the_number_goes_to_another_job() {
    if unavailable().is_some() {
        return;
    }
    let mut server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    server.device.set(Mood::SlowAfter).unwrap();
    let ticket = deliver(&press, 0);
    server.device.wait_for_sheets(1);
    server.kill();
    assert!(matches!(
        press.follow(&ticket),
        Err(Fault::PrinterAway { .. })
    ));
    server.device.set(Mood::Fine).unwrap();
    server.start_again().unwrap();
    // The server writes its records down twice a minute, so the job may be there, and then it is printed once more; or not.
    let said = press.follow(&ticket).unwrap();
    let next = deliver(&press, 1);
    assert_eq!(end_of(&press, &next), Printing::OnPaper);
    assert_eq!(next.job, ticket.job, "the number is given twice");
    assert!(is_unknown(&said, "knows nothing of the job"), "{said:?}");
    let said = press.follow(&ticket).unwrap();
    assert!(is_unknown(&said, "belongs to another job"), "{said:?}");
    // Another run finds nothing, and does not take that for an answer.
    let later = press_at(&server.uri());
    assert_eq!(
        whereabouts(&later, 0),
        Err(Fault::DeliveryUncertain.to_string())
    );
    assert_out(&server.device, &[0, 1]);
}

#[test]
fn a_server_that_is_stopped_in_mid_job_prints_again_and_that_is_a_doubt() {
    if unavailable().is_some() {
        return;
    }
    let mut server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    server.device.set(Mood::SlowAfter).unwrap();
    let ticket = deliver(&press, 0);
    follow_until(&press, &ticket, |_| server.device.begun() == 1);
    server.device.wait_for_sheets(1);
    // Seen in print, before it is stopped. The server tells in whole seconds when it began a job.
    press.follow(&ticket).unwrap();
    let seconds = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let begun = seconds();
    wait("another second", || seconds() > begun);
    server.stop();
    server.device.set(Mood::Fine).unwrap();
    server.start_again().unwrap();
    let end = end_of(&press, &ticket);
    assert!(is_unknown(&end, "two sheets"), "{end:?}");
    assert_eq!(sheets_by_letter(&server.device)[&0], 2, "CUPS does that");
}

#[test]
fn a_record_that_the_server_has_purged_is_a_doubt_and_too_many_jobs_are_none() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start_with(&CupsSetup {
        settings: vec!["PreserveJobFiles No", "MaxJobs 2"],
        ..CupsSetup::default()
    })
    .unwrap();
    let press = press_at(&server.uri());
    let first = deliver(&press, 0);
    assert_eq!(end_of(&press, &first), Printing::OnPaper);
    for number in 1..4 {
        let next = deliver(&press, number);
        assert_eq!(end_of(&press, &next), Printing::OnPaper);
    }
    let said = press.follow(&first).unwrap();
    assert!(is_unknown(&said, "knows nothing of the job"), "{said:?}");
    assert!(matches!(
        press.deliver(&letter(0)),
        Err(Fault::Mailer { .. })
    ));
    // Other people's jobs, as far as this press knows.
    let others = press_at(&server.uri());
    server.device.set(Mood::Slow).unwrap();
    let waiting = [deliver(&others, 10), deliver(&others, 11)];
    let full = press.deliver(&letter(4));
    assert!(matches!(full, Err(Fault::PrinterAway { .. })), "{full:?}");
    server.device.feed().unwrap();
    // Room for two records is too little to tell of both, whatever came out.
    for ticket in waiting {
        end_of(&others, &ticket);
    }
    server.device.set(Mood::Fine).unwrap();
    let ticket = deliver(&press, 4);
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    assert_out(&server.device, &[0, 1, 2, 3, 4, 10, 11]);
}

#[test]
fn a_void_letter_that_still_waits_is_taken_back() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start().unwrap();
    let press = press_at(&server.uri());
    server.device.set(Mood::OutOfPaper).unwrap();
    let ticket = deliver(&press, 0);
    follow_until_waiting(&press, &ticket, "paper");
    let behind = deliver(&press, 1);
    let envelope = letter(0).envelope;
    press.take_back(&control(1), envelope).unwrap();
    let end = end_of(&press, &behind);
    assert!(is_unknown(&end, "cancelled"), "{end:?}");
    press.take_back(&control(1), envelope).unwrap();
    server.device.feed().unwrap();
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    // What is done stays done.
    press.take_back(&control(0), envelope).unwrap();
    assert_eq!(press.follow(&ticket).unwrap(), Printing::OnPaper);
    assert_out(&server.device, &[0]);
}
