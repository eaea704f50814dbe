//! Letters, the press that prints them, and what must hold of every sheet that came out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use keyline::adapter::paper::{
    Composer, Letterhead, PrinterOptions, PrinterPress, Stationery, Templates,
};
use keyline::domain::job::{BatchName, Envelope};
use keyline::domain::mailer::{ControlNumber, Destination, Mailer};
use keyline::domain::paper::{Printing, Ticket};
use keyline::domain::pin::Pin;
use keyline::port::Press;

use crate::printing::Device;

const PATIENCE: Duration = Duration::from_secs(30);
/// Between two questions to a printer, which does not call by itself.
const GLANCE: Duration = Duration::from_millis(20);

/// The control number of the letter with this number, and its PIN.
pub(crate) fn control(number: u64) -> ControlNumber {
    let drawn = 1_000_000_007 * (number + 1);
    ControlNumber::draw(drawn.to_be_bytes()).expect("a number")
}

pub(crate) fn pin(number: u64) -> String {
    format!("{:08}", 73_094_186 + 1_234_567 * number)
}

pub(crate) fn letter(number: u64) -> Mailer {
    Mailer {
        language: "en".to_owned(),
        recipient: "Anna Example".to_owned(),
        department: None,
        destination: Destination::Internal(Some("Building 7".to_owned())),
        key_model: "YubiKey 5C NFC".to_owned(),
        serial_ending: Some("0815".to_owned()),
        envelope: Envelope(u32::try_from(number).expect("a small number")),
        batch: BatchName("onboarding".to_owned()),
        sequence: 1,
        control: control(number),
        date: jiff::civil::date(2026, 11, 22),
        force_pin_change: false,
        pin: Pin::new(&pin(number)).expect("a PIN"),
    }
}

pub(crate) fn press(options: PrinterOptions) -> PrinterPress {
    try_press(options).expect("a press")
}

/// A press, or why there is none.
pub(crate) fn try_press(options: PrinterOptions) -> Result<PrinterPress, String> {
    let templates = Templates::shipped().expect("templates");
    let head = Letterhead::of("Contoso Ltd");
    let composer = Composer::new(templates, head, Stationery::default()).expect("a composer");
    PrinterPress::open(options, composer).map_err(|fault| fault.to_string())
}

pub(crate) fn press_at(uri: &str) -> PrinterPress {
    press(PrinterOptions::of(uri))
}

/// Hands the letter with this number over.
pub(crate) fn deliver(press: &PrinterPress, number: u64) -> Ticket {
    let delivered = press.deliver(&letter(number)).expect("accepted");
    delivered.ticket.expect("a ticket")
}

/// Asks until the printer says what is wanted.
///
/// # Panics
/// When it takes too long, with what it said last.
pub(crate) fn follow_until(
    press: &PrinterPress,
    ticket: &Ticket,
    mut wanted: impl FnMut(&Printing) -> bool,
) -> Printing {
    let since = Instant::now();
    loop {
        let said = press.follow(ticket);
        match said {
            Ok(said) if wanted(&said) => return said,
            said => assert!(since.elapsed() < PATIENCE, "it said last: {said:?}"),
        }
        std::thread::sleep(GLANCE);
    }
}

/// What the printer says of a sheet in the end.
pub(crate) fn end_of(press: &PrinterPress, ticket: &Ticket) -> Printing {
    follow_until(press, ticket, |said| {
        !matches!(said, Printing::Underway { .. })
    })
}

/// Asks until the printer waits for this.
pub(crate) fn follow_until_waiting(press: &PrinterPress, ticket: &Ticket, words: &str) {
    follow_until(
        press,
        ticket,
        |said| matches!(said, Printing::Underway { waits_for: Some(what) } if what.contains(words)),
    );
}

/// How often each of the letters came out, by number; every sheet that did is read, and has the PIN that belongs to its control
/// number.
pub(crate) fn sheets_by_letter(device: &Device) -> BTreeMap<u64, usize> {
    let mut counted = BTreeMap::new();
    for page in device.pages() {
        let digits: String = page.chars().filter(char::is_ascii_digit).collect();
        let number = (0..1000)
            .find(|number| page.contains(&control(*number).grouped()))
            .unwrap_or_else(|| panic!("a sheet of no letter: {page}"));
        assert!(digits.contains(&pin(number)), "another PIN: {page}");
        *counted.entry(number).or_default() += 1;
    }
    counted
}

/// Panics unless each of these letters came out once, and no other.
pub(crate) fn assert_out(device: &Device, letters: &[u64]) {
    let once: BTreeMap<u64, usize> = letters.iter().map(|&letter| (letter, 1)).collect();
    assert_eq!(sheets_by_letter(device), once);
}

pub(crate) fn whereabouts(press: &PrinterPress, number: u64) -> Result<Option<Ticket>, String> {
    press
        .whereabouts(&control(number), letter(number).envelope)
        .map(|found| found.and_then(|delivered| delivered.ticket))
        .map_err(|fault| fault.to_string())
}
