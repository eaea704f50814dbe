//! Against `ippeveprinter`, a whole IPP printer without paper.

use keyline::adapter::paper::PrinterOptions;
use keyline::domain::fault::Fault;
use keyline::domain::paper::Printing;
use keyline::port::Press as _;

use crate::bench::{
    assert_out, control, deliver, end_of, follow_until_waiting, letter, press, press_at,
    whereabouts,
};
use crate::printing::{Mood, Printer, unavailable};

#[test]
fn a_letter_is_accepted_followed_onto_paper_and_never_printed_twice() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let press = press_at(&printer.uri());
    press.can_take().unwrap();
    let ticket = deliver(&press, 0);
    assert_eq!(ticket.printer, printer.uri());
    assert_eq!(ticket.name, format!("PM-{}", control(0)));
    assert!(ticket.uuid.is_some());
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    // The same press, one that knows nothing of it, and after a crash.
    let other = press_at(&printer.uri());
    for press in [&press, &other] {
        let again = press.deliver(&letter(0));
        let Err(Fault::Mailer { what }) = again else {
            panic!("{again:?}");
        };
        assert!(what.contains("already"), "{what}");
        assert_eq!(whereabouts(press, 0).unwrap(), Some(ticket.clone()));
        assert_eq!(
            whereabouts(press, 1),
            Err(Fault::DeliveryUncertain.to_string())
        );
    }
    let next = deliver(&other, 1);
    assert_eq!(end_of(&other, &next), Printing::OnPaper);
    assert_out(&printer.device, &[0, 1]);
}

#[test]
fn without_paper_it_waits_takes_no_other_and_goes_on_when_fed() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let press = press_at(&printer.uri());
    printer.device.set(Mood::OutOfPaper).unwrap();
    let ticket = deliver(&press, 0);
    follow_until_waiting(&press, &ticket, "paper");
    assert_eq!(printer.device.in_hand(), 1);
    // It can take a job as far as anybody can tell; asked to, this one says that it is busy, and that is no doubt.
    press.can_take().unwrap();
    let busy = press.deliver(&letter(1)).unwrap_err();
    assert!(matches!(busy, Fault::PrinterAway { .. }), "{busy}");
    assert_out(&printer.device, &[]);
    printer.device.feed().unwrap();
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    printer.device.set(Mood::Fine).unwrap();
    let ticket = deliver(&press, 1);
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    assert_out(&printer.device, &[0, 1]);
}

#[test]
fn a_printer_that_does_not_take_pdf_or_the_paper_is_refused_with_what_to_do() {
    if unavailable().is_some() {
        return;
    }
    let raster = Printer::start_with(&["-f", "image/pwg-raster"]).unwrap();
    let pdf = Printer::start().unwrap();
    let with = |change: fn(&mut PrinterOptions)| {
        let mut options = PrinterOptions::of(&pdf.uri());
        change(&mut options);
        options
    };
    for (options, said) in [
        (PrinterOptions::of(&raster.uri()), "does not take PDF"),
        (
            with(|options| options.media = "iso_a3_297x420mm".to_owned()),
            "iso_a4_210x297mm",
        ),
        (
            with(|options| options.media = "A4".to_owned()),
            "no size of paper",
        ),
        (
            with(|options| options.sides = "two-sided-long-edge".to_owned()),
            "one of one-sided",
        ),
        (
            with(|options| options.tray = Some("tray-7".to_owned())),
            "by-pass-tray",
        ),
    ] {
        let press = press(options);
        for refused in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
            let Err(Fault::Mailer { what }) = refused else {
                panic!("{said}: {refused:?}");
            };
            assert!(what.contains(said), "{what}");
        }
    }
    let tray = press(with(|options| {
        options.tray = Some("by-pass-tray".to_owned())
    }));
    let ticket = deliver(&tray, 1);
    assert_eq!(end_of(&tray, &ticket), Printing::OnPaper);
    assert_out(&raster.device, &[]);
    assert_out(&pdf.device, &[1]);
}

#[test]
fn a_sheet_that_is_given_up_and_a_printer_that_vanishes_leave_a_doubt() {
    if unavailable().is_some() {
        return;
    }
    let mut printer = Printer::start().unwrap();
    let press = press_at(&printer.uri());
    for (number, mood) in [(0, Mood::GivesUp), (1, Mood::GivesUpAfter)] {
        printer.device.set(mood).unwrap();
        let ticket = deliver(&press, number);
        let end = end_of(&press, &ticket);
        assert!(
            matches!(&end, Printing::Unknown { why } if why.contains("gave the job up")),
            "{end:?}"
        );
    }
    printer.device.set(Mood::Slow).unwrap();
    let ticket = deliver(&press, 2);
    printer.device.wait_until_begun(3);
    printer.kill();
    // Not to be reached is no answer: it is asked again.
    for said in [press.follow(&ticket).map(drop), press.can_take()] {
        assert!(matches!(said, Err(Fault::PrinterAway { .. })), "{said:?}");
    }
    assert!(whereabouts(&press, 2).is_err_and(|why| why.contains("the printer is away")));
    printer.start_again().unwrap();
    // It counts its jobs from the start, and knows none of the old ones.
    let said = press.follow(&ticket).unwrap();
    assert!(matches!(&said, Printing::Unknown { .. }), "{said:?}");
    assert_eq!(
        whereabouts(&press, 2),
        Err(Fault::DeliveryUncertain.to_string())
    );
    // The sheet comes out all the same, and its number was used.
    printer.device.feed().unwrap();
    printer.device.wait_for_sheets(2);
    printer.device.set(Mood::Fine).unwrap();
    assert!(matches!(
        press.deliver(&letter(2)),
        Err(Fault::Mailer { .. })
    ));
    let mut last = None;
    for number in 3..6 {
        let next = deliver(&press, number);
        assert_eq!(end_of(&press, &next), Printing::OnPaper);
        last = Some(next);
    }
    // Another job has the old number now.
    assert_eq!(last.map(|last| last.job), Some(ticket.job));
    let said = press.follow(&ticket).unwrap();
    assert!(
        matches!(&said, Printing::Unknown { why } if why.contains("another job")),
        "{said:?}"
    );
    assert_out(&printer.device, &[1, 2, 3, 4, 5]);
}

#[test]
fn a_printer_has_to_prove_that_it_is_the_printer() {
    if unavailable().is_some() {
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let mine = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: &str| {
        let path = keys.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca_file = write("localhost.crt", &mine.cert.pem());
    write("localhost.key", &mine.signing_key.serialize_pem());
    let wrong = write("other.crt", &other.cert.pem());
    let folder = keys.path().display().to_string();
    let printer = Printer::start_with(&["-f", "application/pdf", "-K", &folder]).unwrap();
    let with = |ca_file| {
        press(PrinterOptions {
            ca_file,
            ..PrinterOptions::of(&printer.secure_uri())
        })
    };
    for press in [with(None), with(Some(wrong))] {
        for said in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
            let Err(Fault::Mailer { what }) = said else {
                panic!("{said:?}");
            };
            assert!(what.contains("cannot prove"), "{what}");
            assert!(what.contains("ca_file"), "{what}");
        }
    }
    let press = with(Some(ca_file));
    let ticket = deliver(&press, 1);
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    assert_out(&printer.device, &[1]);
}
