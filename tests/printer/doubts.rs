//! Where nobody can tell what became of a letter, the press says so, sends nothing twice, and finds what can be found.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keyline::adapter::paper::PrinterOptions;
use keyline::adapter::paper::printer::Password;
use keyline::domain::fault::Fault;
use keyline::domain::paper::Printing;
use keyline::port::Press as _;
use zeroize::Zeroizing;

use crate::bench::{
    assert_out, control, deliver, end_of, letter, press, press_at, sheets_by_letter, whereabouts,
};
use crate::printing::{Mood, Printer, unavailable};
use crate::tap::{Tap, Trick};

#[test]
fn a_letter_whose_answer_is_lost_is_a_doubt_and_is_found_again_by_its_name() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let tap = Tap::to(&printer.uri()).unwrap();
    let press = press_at(&tap.uri());
    for (number, trick) in [
        (0, Trick::LoseAnswer),
        (1, Trick::LoseLetter),
        (2, Trick::CutLetter),
    ] {
        tap.set(trick.clone());
        let before = tap.letters();
        let lost = press.deliver(&letter(number));
        assert_eq!(lost, Err(Fault::DeliveryUncertain), "{trick:?}");
        assert_eq!(tap.letters(), before + 1, "{trick:?}: sent once");
        tap.set(Trick::None);
        // Whatever came of it, the number is used.
        let again = press.deliver(&letter(number));
        assert!(matches!(again, Err(Fault::Mailer { .. })), "{again:?}");
        // As after a crash: another run, which remembers nothing.
        let later = press_at(&tap.uri());
        match whereabouts(&later, number) {
            Ok(Some(ticket)) => {
                let end = end_of(&later, &ticket);
                let whole = trick == Trick::LoseAnswer;
                assert!(!whole || end == Printing::OnPaper, "{trick:?}: {end:?}");
            }
            other => {
                assert_ne!(trick, Trick::LoseAnswer);
                assert_eq!(
                    other,
                    Err(Fault::DeliveryUncertain.to_string()),
                    "{trick:?}"
                );
            }
        }
        assert_eq!(tap.letters(), before + 1, "{trick:?}: never again");
    }
    // What of a cut letter reached this printer it hands on; a page is not in it, because a PDF has its table at its end.
    for sheet in printer.device.sheets() {
        let bytes = fs::read(&sheet).unwrap();
        if !bytes.trim_ascii_end().ends_with(b"%%EOF") {
            fs::remove_file(sheet).unwrap();
        }
    }
    let out = sheets_by_letter(&printer.device);
    assert!(out.values().all(|&count| count == 1), "{out:?}");
    assert_eq!(out.get(&0), Some(&1));
    assert_eq!(out.len(), 1);
}

#[test]
fn a_printer_that_cannot_be_reached_or_refuses_has_no_sheet_and_there_is_no_doubt() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let tap = Tap::to(&printer.uri()).unwrap();
    let press = press_at(&tap.uri());
    for (answer, away, part) in [
        ("503 Service Unavailable", true, "serves nobody"),
        ("500 Internal Server Error", true, "failed"),
        ("404 Not Found", false, "no printer at this address"),
        ("426 Upgrade Required", false, "ipps://"),
        ("403 Forbidden", false, "print nothing"),
        ("401 Unauthorized", false, "`user` and `password`"),
        (
            "302 Found\r\nLocation: http://localhost:9/",
            false,
            "refuses",
        ),
        ("200 OK", false, "does not answer as a printer"),
    ] {
        tap.set(Trick::Answer(format!(
            "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )));
        for said in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
            let (was_away, what) = match said {
                Err(Fault::PrinterAway { what }) => (true, what),
                Err(Fault::Mailer { what }) => (false, what),
                other => panic!("{answer}: {other:?}"),
            };
            assert_eq!(was_away, away, "{answer}: {what}");
            assert!(what.contains(part), "{answer}: {what}");
        }
    }
    assert_eq!(tap.letters(), 0);
    let uri = printer.uri();
    drop(printer);
    let gone = press_at(&uri);
    for said in [gone.can_take(), gone.deliver(&letter(0)).map(drop)] {
        assert!(matches!(said, Err(Fault::PrinterAway { .. })), "{said:?}");
    }
}

#[test]
fn user_and_password_are_sent_and_wrong_ones_are_refused_before_a_letter() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let tap = Tap::to(&printer.uri()).unwrap();
    // `keyline:open sesame`, as RFC 7617 writes it.
    tap.set(Trick::Wants(
        "Basic a2V5bGluZTpvcGVuIHNlc2FtZQ==".to_owned(),
    ));
    let as_user = |password: &str| {
        press(PrinterOptions {
            user: Some("keyline".to_owned()),
            password: Some(Password::new(Zeroizing::new(password.to_owned()))),
            ..PrinterOptions::of(&tap.uri())
        })
    };
    let Err(Fault::Mailer { what }) = as_user("wrong horse").deliver(&letter(0)) else {
        panic!("a wrong password was taken");
    };
    assert!(what.contains("password"), "{what}");
    assert!(!what.contains("horse"), "{what}");
    assert_eq!(tap.letters(), 0);
    let press = as_user("open sesame");
    let ticket = deliver(&press, 0);
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    // A real one refuses as well, with a user that nobody has.
    let guarded = Printer::start_with(&["-f", "application/pdf", "-A"]).unwrap();
    let refused = press_at(&guarded.uri()).deliver(&letter(1));
    assert!(matches!(refused, Err(Fault::Mailer { .. })), "{refused:?}");
    let stranger = crate::bench::press(PrinterOptions {
        user: Some("nobody-at-all".to_owned()),
        password: Some(Password::new(Zeroizing::new("wrong horse".to_owned()))),
        ..PrinterOptions::of(&guarded.uri())
    });
    let refused = stranger.deliver(&letter(1));
    assert!(matches!(refused, Err(Fault::Mailer { .. })), "{refused:?}");
    assert_out(&guarded.device, &[]);
}

#[test]
fn a_copy_is_kept_for_its_owner_alone_until_its_sheet_is_confirmed_or_void() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let tap = Tap::to(&printer.uri()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let spool = folder.path().join("spool");
    let press = press(PrinterOptions {
        spool: Some(spool.clone()),
        ..PrinterOptions::of(&tap.uri())
    });
    let copy = |number| spool.join(format!("PM-{}.pdf", control(number)));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&spool), 0o700);
    for number in 0..3 {
        let ticket = deliver(&press, number);
        assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
        assert_eq!(mode(&copy(number)), 0o600);
    }
    let envelope = letter(0).envelope;
    let real = spool.canonicalize().unwrap().display().to_string();
    assert_eq!(press.outlet().spool(), Some(real.as_str()));
    press.forget(&control(0), &real).unwrap();
    press.take_back(&control(1), envelope).unwrap();
    press.forget(&control(1), &real).unwrap();
    // Once more, as after a cut.
    press.forget(&control(0), &real).unwrap();
    assert_eq!(press.kept(&real), Ok(vec![control(2)]));
    assert!(!copy(0).exists() && !copy(1).exists() && copy(2).exists());
    // A refusal leaves nothing, a doubt leaves the copy.
    printer.device.set(Mood::Slow).unwrap();
    let ticket = deliver(&press, 3);
    printer.device.wait_until_begun(4);
    assert!(matches!(
        press.deliver(&letter(4)),
        Err(Fault::PrinterAway { .. })
    ));
    assert!(!copy(4).exists());
    printer.device.feed().unwrap();
    assert_eq!(end_of(&press, &ticket), Printing::OnPaper);
    tap.set(Trick::LoseLetter);
    assert_eq!(press.deliver(&letter(5)), Err(Fault::DeliveryUncertain));
    assert!(copy(5).exists());
    // What others may read is no place for it.
    fs::set_permissions(&spool, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(
        crate::bench::try_press(PrinterOptions {
            spool: Some(spool.clone()),
            ..PrinterOptions::of(&tap.uri())
        })
        .is_err_and(|why| why.contains("chmod 700"))
    );
    assert_out(&printer.device, &[0, 1, 2, 3]);
}
