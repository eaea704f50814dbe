//! A letter that a change makes void and that may still wait in the printer.

use super::*;
use crate::app::world::{Op, SPOOL, When};
use crate::domain::event::Intent;
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Outlet;

const MAY_PRINT: &str = " The printer may still print it: cancel PM-482091735525 there.";

/// A job whose letter is in the printer, or was.
fn letter_in_printer() -> World {
    sent_to(None)
}

fn sent_to(outlet: Option<Outlet>) -> World {
    let ledger = ledger();
    let mut story = course("123", Step::Register);
    story.push(Happening::Started {
        step: Step::Deliver,
        intent: Intent::Deliver {
            control: "4820 9173 5525".to_owned(),
            outlet,
        },
    });
    ledger.tell(JobId(1), story);
    ledger.state().press.prints = true;
    ledger
}

#[test]
fn what_may_be_in_a_former_printer_or_folder_is_not_called_taken_back() {
    let uri = "ipp://old.example/ipp/print".to_owned();
    let path = "/srv/old letters".to_owned();
    for (outlet, said) in [
        (
            Outlet::Printer { uri, spool: None },
            "It may have been sent to ipp://old.example/ipp/print, where the station does not print any more, and may still come out there: cancel PM-482091735525 there, and destroy it if it comes out.",
        ),
        (
            Outlet::Folder { path },
            "It may lie in /srv/old letters, where the station puts no letters any more: delete the file with 482091735525 in its name, if there is one.",
        ),
    ] {
        for wanted in changes() {
            let ledger = sent_to(Some(outlet.clone()));
            let (told, facts) = asked_for_facts(&ledger, wanted, Some(ledger.clone()));
            assert!(told.ends_with(said), "{told}");
            assert_eq!(facts["may_still_print"], true, "{facts}");
        }
        let ledger = sent_to(Some(outlet));
        let note = spoil(&ledger, Some(&ledger)).unwrap();
        assert_eq!(note, said.replacen("It", "The void letter", 1));
    }
}

fn changes() -> [Change; 3] {
    let reason = "nothing came out".to_owned();
    [Change::Reissue { reason }, Change::Cancel, Change::Retry]
}

fn asked(ledger: &World, wanted: Change, press: Option<World>) -> String {
    asked_for_facts(ledger, wanted, press).0
}

fn asked_for_facts(ledger: &World, wanted: Change, press: Option<World>) -> (String, Value) {
    let erase = |_: &str, _: &str| unreachable!();
    let open = || -> Result<Arc<dyn Press>, Complaint> {
        match &press {
            Some(press) => Ok(Arc::new(press.clone())),
            None => Err(Complaint::usage("There is no printer.", "Name one.")),
        }
    };
    let alone = Alone {
        press: &open,
        ..alone(ledger, &erase)
    };
    match by_ourselves(&alone, &change("1", wanted)) {
        Answer::Done { message, facts } => (message, facts),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_taken_back_before_the_answer() {
    for wanted in changes() {
        let ledger = letter_in_printer();
        let told = asked(&ledger, wanted, Some(ledger.clone()));
        assert!(told.contains("4820 9173 5525 is void"), "{told}");
        assert!(!told.contains("may still print"), "{told}");
        assert_eq!(ledger.count(Op::TakeBack), 1, "{told}");
    }
}

#[test]
fn what_cannot_be_taken_back_is_said_and_the_change_stands() {
    for wanted in changes() {
        let ledger = letter_in_printer();
        let what = "it does not answer".to_owned();
        ledger.trick(Op::TakeBack, When::Before, Fault::PrinterAway { what });
        let told = asked(&ledger, wanted.clone(), Some(ledger.clone()));
        assert!(told.ends_with(MAY_PRINT), "{told}");
        let ledger = letter_in_printer();
        let before = ledger.happenings(JobId(1));
        let told = asked(&ledger, wanted, None);
        assert!(told.ends_with(MAY_PRINT), "{told}");
        assert_ne!(ledger.happenings(JobId(1)), before);
    }
}

#[test]
fn no_press_is_opened_for_a_job_without_a_letter() {
    let ledger = ledger();
    let told = asked(&ledger, Change::Cancel, None);
    assert!(!told.contains("may still print"), "{told}");
}

/// The row was written, and the command was cut down before it asked the printer.
#[test]
fn whoever_repeats_a_command_that_was_cut_down_has_its_letter_cancelled() {
    let jam = || "4820 9173 5525".to_owned();
    for (row, wanted) in [
        (Happening::Cancelled { credential: None }, Change::Cancel),
        (
            Happening::Abandoned {
                reason: Fault::KeyGone,
                credential: None,
                restart: Step::Reset,
            },
            Change::Retry,
        ),
        (
            Happening::Reissued {
                reason: "jammed".to_owned(),
                void: Some(jam()),
            },
            Change::Reissue {
                reason: "jammed".to_owned(),
            },
        ),
    ] {
        let ledger = letter_in_printer();
        ledger.state().lay_in("482091735525");
        ledger.tell(JobId(1), [row]);
        let erase = |_: &str, _: &str| unreachable!();
        let open = || -> Result<Arc<dyn Press>, Complaint> { Ok(Arc::new(ledger.clone())) };
        let alone = Alone {
            press: &open,
            ..alone(&ledger, &erase)
        };
        let _refused = by_ourselves(&alone, &change("1", wanted.clone()));
        assert_eq!(ledger.count(Op::TakeBack), 1, "{wanted:?}");
        ledger.state().feed();
        assert_eq!(ledger.state().press.sheets, [], "{wanted:?}");
    }
}

fn spoil(ledger: &World, press: Option<&World>) -> Option<String> {
    let erase = |_: &str, _: &str| unreachable!();
    let open = || -> Result<Arc<dyn Press>, Complaint> {
        match press {
            Some(press) => Ok(Arc::new(press.clone())),
            None => Err(Complaint::usage("The logo is gone.", "Bring it back.")),
        }
    };
    let alone = Alone {
        press: &open,
        ..alone(ledger, &erase)
    };
    let asked = Ask::Hands {
        hands: Hands::Spoiled {
            job: "1".to_owned(),
            reason: "jammed".to_owned(),
        },
        actor: "admin".to_owned(),
    };
    let told = by_ourselves(&alone, &asked);
    assert!(ledger.enrollment(JobId(1)).is_void());
    match told {
        Answer::Acted { note, message, .. } => {
            assert!(!message.contains("is printed as soon as"), "{message}");
            note
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_spoils_a_letter_hears_that_it_may_still_come_out() {
    let ledger = letter_in_printer();
    assert_eq!(spoil(&ledger, Some(&ledger)), None);
    assert_eq!(ledger.count(Op::TakeBack), 1);

    let ledger = letter_in_printer();
    let what = "it does not answer".to_owned();
    ledger.trick(Op::TakeBack, When::Before, Fault::PrinterAway { what });
    let away = spoil(&ledger, Some(&ledger)).unwrap();
    let closed = spoil(&letter_in_printer(), None).unwrap();
    for (note, why) in [
        (away, "The printer is away: it does not answer."),
        (closed, "The logo is gone."),
    ] {
        for words in [
            why,
            "may still come out: cancel PM-482091735525 at the printer",
            "destroy it when it comes",
        ] {
            assert!(note.contains(words), "{words}: {note}");
        }
    }
}

#[test]
fn the_copy_of_a_void_letter_goes_from_where_it_was_spooled_and_what_stays_is_said() {
    let control = ControlNumber::parse("482091735525").unwrap();
    let copy = (SPOOL.to_owned(), control);
    let outlet = Outlet::Printer {
        uri: "ipp://old.example/ipp/print".to_owned(),
        spool: Some(SPOOL.to_owned()),
    };
    let stuck = Fault::Mailer {
        what: "PM-482091735525.pdf cannot be removed".to_owned(),
    };
    for prints in [true, false] {
        for wanted in changes() {
            for stays in [false, true] {
                let ledger = sent_to(Some(outlet.clone()));
                ledger.state().press.prints = prints;
                ledger.state().press.kept = vec![copy.clone()];
                if stays {
                    ledger.trick(Op::Forget, When::Before, stuck.clone());
                }
                // The second look, after the answer, finds no fault any more.
                let told = asked(&ledger, wanted.clone(), Some(ledger.clone()));
                let said = " Something of it is still there, though. ";
                assert_eq!(told.contains(said), stays, "{told}");
                assert_eq!(told.contains("PM-482091735525.pdf"), stays, "{told}");
                assert_eq!(ledger.state().press.kept, []);
            }
        }
        let ledger = sent_to(Some(outlet.clone()));
        ledger.state().press.prints = prints;
        ledger.state().press.kept = vec![copy.clone()];
        spoil(&ledger, Some(&ledger));
        assert_eq!(ledger.state().press.kept, []);
    }
}
