//! Figures of the PIN mailer on one core: letters per second, bytes each, peak memory. `cargo bench --bench mailer`. With a folder
//! as argument it writes one letter per profile and language there instead, to be looked at; their PIN is made up.

use std::time::Instant;

use keyline::adapter::paper::{Composer, Letterhead, Stationery, Templates};
use keyline::domain::job::{BatchName, Envelope};
use keyline::domain::mailer::{ControlNumber, Destination, Mailer, SheetKind};
use keyline::domain::pin::Pin;

const ROUNDS: u32 = 1000;
const ROUNDS_OF_BYTES: usize = 1000;
/// Memory is compared between this round and the last.
const WARM: u32 = 100;
/// The third has a letter that few names have, so that a face is cut for it alone.
const NAMES: [&str; 4] = [
    "Zoë Fitzgerald-Hughes",
    "Jürgen Müller",
    "Zuzanna Łukasiewicz",
    "François Lefèvre",
];

fn main() {
    let folder = std::env::args()
        .nth(1)
        .filter(|word| !word.starts_with('-'));
    match folder {
        Some(folder) => samples(&folder),
        None => figures(),
    }
}

fn composer(profile: &str) -> Composer {
    let templates = Templates::shipped().expect("the shipped templates");
    let stationery = Stationery {
        profile: profile.to_owned(),
        ..Stationery::default()
    };
    Composer::new(templates, Letterhead::of("Contoso"), stationery).expect("a composer")
}

fn figures() {
    let begun = Instant::now();
    let composer = composer(Templates::PROFILE);
    let ready = begun.elapsed();
    let first = Instant::now();
    composer.render(&letter("de", 0)).expect("a letter");
    println!(
        "ready after {:.0} ms, the first letter of a language after {:.0} ms more",
        ready.as_secs_f64() * 1e3,
        first.elapsed().as_secs_f64() * 1e3
    );
    println!(
        "letters per second, kilobytes each, memory after {WARM} and {ROUNDS} letters, its peak:"
    );
    for language in ["de", "en", "pl", "he", "ar"] {
        let begun = Instant::now();
        let mut bytes = 0;
        let mut warm = 0;
        for round in 0..ROUNDS {
            let pdf = composer.render(&letter(language, round));
            bytes += pdf.expect("a letter").len();
            if round == WARM {
                warm = kilobytes("VmRSS:");
            }
        }
        println!(
            "  {language} {:6.0} {:6.1} {:6.1} {:6.1} {:6.1} MB",
            f64::from(ROUNDS) / begun.elapsed().as_secs_f64(),
            kilo(bytes / ROUNDS_OF_BYTES),
            megabytes(warm),
            megabytes(kilobytes("VmRSS:")),
            megabytes(kilobytes("VmHWM:")),
        );
    }
}

fn samples(folder: &str) {
    let templates = Templates::shipped().expect("the shipped templates");
    let serves = |kinds: &[SheetKind]| kinds.contains(&SheetKind::Pin);
    let profiles = templates.profiles().filter(|(_, kinds)| serves(kinds));
    for (profile, _) in profiles {
        let composer = composer(profile);
        for language in templates.languages() {
            let mut letter = letter(language, 1);
            letter.force_pin_change = true;
            match composer.render(&letter) {
                Ok(pdf) => {
                    let name = format!("{folder}/{profile}-{language}.pdf");
                    std::fs::write(name, &*pdf).expect("a file");
                }
                Err(fault) => println!("{profile}, {language}: {fault}"),
            }
        }
    }
}

/// A line of what the kernel says of this process.
fn kilobytes(key: &str) -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn megabytes(kilobytes: u32) -> f64 {
    f64::from(kilobytes) / 1024.0
}

fn kilo(bytes: usize) -> f64 {
    u32::try_from(bytes).map_or(f64::NAN, f64::from) / 1024.0
}

fn letter(language: &str, round: u32) -> Mailer {
    let mut drawn = [0; 8];
    drawn[4..].copy_from_slice(&round.to_be_bytes());
    let names = NAMES.iter().cycle();
    let skip = usize::try_from(round).unwrap_or(0) % NAMES.len();
    Mailer {
        language: language.to_owned(),
        recipient: names
            .skip(skip)
            .map(|name| (*name).to_owned())
            .next()
            .unwrap_or_default(),
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
