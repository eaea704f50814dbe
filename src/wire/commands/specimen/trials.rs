//! Every sheet of every profile in every language with the longest that it has to take, set and thrown away.

use super::{Desk, no_number, pin};
use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{Destination, Mailer, SheetKind};
use crate::domain::pin::Alphabet;
use crate::face::report::specimen::{Outcome, Trial};
use crate::face::say::Complaint;
use crate::face::terminal::Progress;
use crate::port::Clock;
use crate::wire::{WireFault, policies};

/// Longer than all but very few people's. A person's own name and address are tried when their job file is taken in, so what does
/// not fit is told before anybody waits for it.
const NAME: &str = "Maximiliane-Charlotte Hohenstein-Wittgenstein";
/// As many lines as a job file may give, each as wide as lines of addresses get.
const ADDRESS: [&str; 5] = [
    "Workplace Services, post room 17",
    "Building 4, stairs B, third floor",
    "Wissenschaftlerstraße 123–125",
    "12345 Sankt Margarethen an der Donau",
    "REPUBLIC OF TRINIDAD AND TOBAGO",
];
/// As long as a device's own name is shown.
const MODEL: &str = "Security Key NFC by Manufacturer Enterpr";
const BATCH: &str = "onboarding-2026-05-04-headquarters-north";
/// The widest of the digits, and one too many in a row to be drawn.
const DIGITS: &str = "00000000";
/// What every key takes.
const PIN_LENGTH_MIN: usize = 4;
/// The longest PIN that a key takes, of wide letters with long names.
const LETTERS: &str = "nwqmzvxnwqmzvxnwqmzvxnwqmzvxnwqmzvxnwqmzvxnwqmzvxnwqmzvxnwqmzvx";

/// Tries them all.
pub(super) fn all(desk: &Desk) -> Result<Vec<Trial>, Complaint> {
    let templates = desk.templates()?;
    let profiles: Vec<(String, Vec<SheetKind>)> = templates
        .profiles()
        .map(|(name, kinds)| (name.to_owned(), kinds.to_vec()))
        .collect();
    let mut progress = Progress::begin("setting sheets");
    let total = u64::try_from(profiles.len()).unwrap_or(u64::MAX);
    let mut trials = Vec::new();
    for (done, (profile, kinds)) in (0_u64..).zip(profiles) {
        progress.step(done, total);
        let composer = desk.composer(desk.templates()?, &profile)?;
        let bench = Bench {
            composer: &composer,
            templates: &templates,
            profile: &profile,
            pins: desk.pins(&profile)?,
        };
        for kind in kinds {
            for language in templates.languages_of(kind) {
                trials.extend(bench.tried(kind, language)?);
            }
        }
    }
    Ok(trials)
}

/// One profile, and the PINs that it has to take.
struct Bench<'a> {
    composer: &'a Composer,
    templates: &'a Templates,
    profile: &'a str,
    pins: Vec<Sample>,
}

/// A PIN to try, and what it is called.
struct Sample {
    what: String,
    digits: String,
}

impl Desk {
    /// Eight digits; for the station's own layout also as many characters as each of its policies draws.
    fn pins(&self, profile: &str) -> Result<Vec<Sample>, Complaint> {
        let mut pins = vec![Sample {
            what: "8 digits".to_owned(),
            digits: DIGITS.to_owned(),
        }];
        let own = self.0.as_ref().filter(|own| own.paper.profile == profile);
        if let Some(config) = own {
            for (name, policy) in policies::load(config).map_err(WireFault::from)?.by_name {
                let widest = match policy.pin.alphabet {
                    Alphabet::Digits => "0".repeat(policy.pin.length),
                    Alphabet::Alphanumeric => LETTERS.chars().take(policy.pin.length).collect(),
                };
                pins.push(Sample {
                    what: format!("{} characters (policy `{name}`)", policy.pin.length),
                    digits: widest,
                });
            }
        }
        Ok(pins)
    }
}

impl Bench<'_> {
    fn tried(&self, kind: SheetKind, language: &str) -> Result<Vec<Trial>, Complaint> {
        let mut trials = Vec::new();
        let changes: &[bool] = match kind {
            SheetKind::Pin => &[false, true],
            SheetKind::Key | SheetKind::Receipt | SheetKind::Label => &[false],
        };
        for sample in &self.pins {
            for change in changes {
                let with = match (kind, change) {
                    (SheetKind::Pin, false) => sample.what.clone(),
                    (SheetKind::Pin, true) => format!("{}, to be changed", sample.what),
                    (SheetKind::Key | SheetKind::Receipt | SheetKind::Label, _) => String::new(),
                };
                trials.push(Trial {
                    profile: self.profile.to_owned(),
                    kind,
                    language: language.to_owned(),
                    reviewed: self
                        .templates
                        .is_reviewed(kind, language)
                        .unwrap_or_default(),
                    with,
                    outcome: self.outcome(kind, language, &sample.digits, *change)?,
                    longest_pin: None,
                });
            }
            if kind != SheetKind::Pin {
                break;
            }
        }
        if let Some(first) = trials.first_mut().filter(|_| kind == SheetKind::Pin) {
            first.longest_pin = self.longest_pin(language)?;
        }
        Ok(trials)
    }

    fn outcome(
        &self,
        kind: SheetKind,
        language: &str,
        digits: &str,
        change: bool,
    ) -> Result<Outcome, Complaint> {
        let mailer = longest(language, digits, change)?;
        Ok(match self.composer.specimen(kind, &mailer) {
            Ok(pdf) => match pages(&pdf) {
                1 => Outcome::Fits,
                many => Outcome::Fails(format!("it has {many} pages, and a sheet has one")),
            },
            Err(Fault::Mailer { what }) => match self.composer.lacks_font(kind, language) {
                Some(why) => Outcome::NoFont(why),
                None => Outcome::Fails(what),
            },
            Err(fault) => return Err(Complaint::from(&fault)),
        })
    }

    /// How many wide letters a PIN may have; `None` when not even the shortest fits.
    fn longest_pin(&self, language: &str) -> Result<Option<usize>, Complaint> {
        let (mut fits, mut beyond) = (None, LETTERS.len() + 1);
        let mut low = PIN_LENGTH_MIN;
        while low < beyond {
            let middle = low.midpoint(beyond);
            let letters: String = LETTERS.chars().take(middle).collect();
            let mailer = longest(language, &letters, true)?;
            if self.composer.check(&mailer).is_ok() {
                fits = Some(middle);
                low = middle + 1;
            } else {
                beyond = middle;
            }
        }
        Ok(fits)
    }
}

/// How often the PDF says that something is a page.
fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    let after = text.split("/Type/Page").skip(1);
    after.filter(|rest| !rest.starts_with('s')).count()
}

fn longest(language: &str, digits: &str, force_pin_change: bool) -> Result<Mailer, Fault> {
    let rows = u32::try_from(ROWS_MAX).unwrap_or(u32::MAX);
    Ok(Mailer {
        language: language.to_owned(),
        recipient: NAME.to_owned(),
        department: None,
        destination: Destination::Postal(ADDRESS.map(str::to_owned).to_vec()),
        key_model: MODEL.to_owned(),
        serial_ending: Some("WWWW".to_owned()),
        envelope: Envelope(999_999),
        batch: BatchName(BATCH.to_owned()),
        sequence: rows,
        control: no_number()?,
        date: SystemClock.today(),
        force_pin_change,
        pin: pin(digits)?,
    })
}
