//! A letter waits for paper in a print server and becomes void, and the station is cut down between the row and the cancelling. The
//! next start has it cancelled: somebody fills in paper, and it never comes out.

use keyline::adapter::paper::{
    Composer, Letterhead, PrinterOptions, PrinterPress, Stationery, Templates,
};
use keyline::domain::job::{BatchName, Envelope};
use keyline::domain::mailer::{ControlNumber, Destination, Mailer};
use keyline::domain::pin::Pin;
use keyline::port::Press;

use crate::apart::apart;
use crate::check;
use crate::hands::Hands;
use crate::home::{Home, Person};
use crate::leg::{self, Around, At};
use crate::many::Hall;
use crate::printing::{Cups, Mood, unavailable, wait};

const ONE: &[Person] = &[(1, "standard")];

/// What makes the letter void while a station runs.
const WORDS: [&[&str]; 2] = [
    &["mailer", "spoil", "1", "--reason", "jammed"],
    &["jobs", "cancel", "1"],
];

#[test]
fn a_letter_that_is_void_when_the_power_goes_never_comes_out() {
    let test = "void::a_letter_that_is_void_when_the_power_goes_never_comes_out";
    if !apart(test) || unavailable().is_some() {
        return;
    }
    let hall = Hall::new();
    for (reader, word) in (0..).zip(WORDS) {
        never_comes_out(&hall, reader, word);
    }
}

fn never_comes_out(hall: &Hall, reader: u16, word: &[&str]) {
    let server = Cups::start().unwrap();
    server.device.set(Mood::OutOfPaper).unwrap();
    let home = Home::new(&hall.template, false, reader, ONE, Some(server.uri()));
    let mut hands = Hands::new(hall, reader, 1);
    let around = Around {
        home: &home,
        pcscd: &hall.pcscd,
        more: &[],
        printer: None,
    };
    let cut = At::Named {
        name: "before press.take_back",
        loss: None,
    };
    let trace = home.outside("passed");
    let mut bag = home.command(&hall.pcscd, &["mailer", "confirm", "B-0001"]);
    let mut void = home.command(&hall.pcscd, word);
    let device = server.device.clone();
    let beside = std::thread::spawn(move || {
        // Before that nobody listens.
        wait("the key", || {
            std::fs::read_to_string(&trace).is_ok_and(|passed| passed.contains("entra.register"))
        });
        wait("its bag", || bag.output().unwrap().status.success());
        device.wait_until_begun(1);
        // The station that would answer is cut down.
        void.output().unwrap();
    });
    let ended = leg::run(&around, &mut hands, Some(cut));
    beside.join().unwrap();
    assert_eq!(ended.code, None, "{word:?}: {:?}", ended.said);

    let press = press_at(&server.uri());
    let journals = check::journals(&home).unwrap();
    let waits = press.waiting().unwrap();
    assert_eq!(waits.len(), 1, "{word:?}");
    assert!(journals[0].state.is_void_sheet(&waits[0]), "{word:?}");
    let before = check::entries(&home);
    let ended = leg::run(&around, &mut hands, None);
    assert!(!ended.hung, "{word:?}: {:?}", ended.said);
    assert_eq!(press.waiting().unwrap(), [], "{word:?}");
    assert_eq!(check::entries(&home), before, "{word:?}: no row follows");

    server.device.set(Mood::Fine).unwrap();
    server.device.feed().unwrap();
    let delivered = press.deliver(&another()).unwrap();
    assert!(delivered.ticket.is_some());
    server.device.wait_for_sheets(1);
    let out = server.device.pages();
    assert_eq!(out.len(), 1, "{word:?}: the void letter came out");
    assert!(out[0].contains(&another().control.grouped()), "{word:?}");
}

fn press_at(uri: &str) -> PrinterPress {
    let templates = Templates::shipped().unwrap();
    let head = Letterhead::of("Contoso Ltd");
    let composer = Composer::new(templates, head, Stationery::default()).unwrap();
    PrinterPress::open(PrinterOptions::of(uri), composer).unwrap()
}

/// A letter of nobody here.
fn another() -> Mailer {
    Mailer {
        language: "en".to_owned(),
        recipient: "Anna Example".to_owned(),
        department: None,
        destination: Destination::Internal(Some("Building 7".to_owned())),
        key_model: "Security Key".to_owned(),
        serial_ending: None,
        envelope: Envelope(4711),
        batch: BatchName("another".to_owned()),
        sequence: 1,
        control: ControlNumber::draw(7_u64.to_be_bytes()).unwrap(),
        date: jiff::civil::date(2026, 11, 22),
        force_pin_change: false,
        pin: Pin::new("73094186").unwrap(),
    }
}
