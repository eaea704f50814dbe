//! Figures of the PIN mailer on one core: letters per second, bytes each. `cargo bench --bench mailer`. With a folder as
//! argument it also writes one letter per language there, to be looked at; their PIN is made up.

use std::time::Instant;

use keyline::adapter::paper::{Composer, Letterhead, Stationery, Templates};
use keyline::domain::job::{BatchName, Envelope};
use keyline::domain::mailer::{ControlNumber, Destination, Mailer};
use keyline::domain::pin::Pin;

const ROUNDS: u32 = 1000;
const ROUNDS_OF_BYTES: usize = 1000;

fn main() {
    let templates = Templates::shipped().expect("the shipped templates");
    let languages: Vec<String> = templates.languages().map(str::to_owned).collect();
    let composer = Composer::new(templates, Letterhead::of("Contoso"), Stationery::default())
        .expect("a composer");
    let begun = Instant::now();
    let mut bytes = 0;
    for round in 0..ROUNDS {
        bytes += composer
            .render(&letter("de", round))
            .expect("a letter")
            .len();
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = f64::from(ROUNDS);
    println!(
        "{ROUNDS} letters: {:.0} per second, {} bytes each",
        count / seconds,
        bytes / ROUNDS_OF_BYTES
    );
    if let Some(folder) = std::env::args()
        .nth(1)
        .filter(|word| !word.starts_with('-'))
    {
        for language in languages {
            for forced in [false, true] {
                let mut letter = letter(&language, 1);
                letter.force_pin_change = forced;
                let pdf = composer.render(&letter).expect("a letter");
                let name = format!(
                    "{folder}/{language}-{}.pdf",
                    if forced { "change" } else { "keep" }
                );
                std::fs::write(name, &*pdf).expect("a file");
            }
        }
    }
}

fn letter(language: &str, round: u32) -> Mailer {
    let mut drawn = [0; 8];
    drawn[4..].copy_from_slice(&round.to_be_bytes());
    Mailer {
        language: language.to_owned(),
        recipient: "Zoë Fitzgerald-Hughes".to_owned(),
        department: Some("Research and Development".to_owned()),
        destination: Destination::Postal(vec![
            "Am Rosengarten 4a".to_owned(),
            "80331 München".to_owned(),
        ]),
        key_model: "Security Key".to_owned(),
        serial_ending: Some("4711".to_owned()),
        envelope: Envelope(round + 1),
        batch: BatchName("onboarding".to_owned()),
        sequence: round + 1,
        control: ControlNumber::draw(drawn).expect("a control number"),
        date: jiff::civil::date(2026, 11, 22),
        force_pin_change: false,
        pin: Pin::new("73094186").expect("a PIN"),
    }
}
