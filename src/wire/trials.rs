//! Sheets of a profile in a language with the longest that they have to take, set and thrown away: for `keyline mailer check`, and for
//! what a configuration has to be able to print.

use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::app::Policies;
use crate::domain::fault::Fault;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{ControlNumber, Destination, Mailer, SheetKind};
use crate::domain::pin::{Alphabet, Pin};
use crate::domain::policy::ResetMode;
use crate::face::report::specimen::{Outcome, Trial};
use crate::port::Clock;

/// Longer than all but very few people's. A person's own name and address are tried when their job file is taken in, so what does
/// not fit is told before anybody waits for it.
const NAME: &str = "Maximiliane-Charlotte Hohenstein-Wittgenstein";
/// It has a line of its own between the two.
const DEPARTMENT: &str = "Research and Development, Applied Physics";
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

/// One profile, and the PINs that it has to take.
pub(super) struct Bench<'a> {
    pub(super) composer: &'a Composer,
    pub(super) templates: &'a Templates,
    pub(super) profile: &'a str,
    pub(super) pins: Vec<Sample>,
    /// Whether each sheet becomes a PDF, and the longest PIN is looked for: slower, and says nothing more about settings.
    pub(super) whole: bool,
}

/// A PIN to try, and what it is called.
pub(super) struct Sample {
    pub(super) what: String,
    digits: String,
    /// The policy that draws such PINs; `None`: what any layout has to take.
    pub(super) policy: Option<String>,
    /// With a letter that asks for a new PIN at first use, without, or both.
    changes: Vec<bool>,
}

impl Sample {
    /// Eight digits.
    pub(super) fn usual() -> Self {
        Self {
            what: "8 digits".to_owned(),
            digits: DIGITS.to_owned(),
            policy: None,
            changes: vec![false, true],
        }
    }

    /// As many characters as each policy draws that has a letter made.
    pub(super) fn drawn(policies: &Policies) -> impl Iterator<Item = Self> {
        let drawing = policies
            .by_name
            .iter()
            .filter(|(_, policy)| policy.makes_letter() && policy.reset == ResetMode::Random);
        drawing.map(|(name, policy)| Self {
            what: format!("{} characters (policy `{name}`)", policy.pin.length),
            digits: match policy.pin.alphabet {
                Alphabet::Digits => "0".repeat(policy.pin.length),
                Alphabet::Alphanumeric => LETTERS.chars().take(policy.pin.length).collect(),
            },
            policy: Some(name.clone()),
            changes: vec![policy.force_pin_change],
        })
    }
}

impl Bench<'_> {
    /// Each sheet of `kind` in `language` that has to fit.
    ///
    /// # Errors
    /// What is no matter of the letter.
    pub(super) fn tried(&self, kind: SheetKind, language: &str) -> Result<Vec<Trial>, Fault> {
        let mut trials = Vec::new();
        for sample in &self.pins {
            let changes: &[bool] = match kind {
                SheetKind::Pin => &sample.changes,
                SheetKind::Key | SheetKind::Receipt | SheetKind::Label => &[false],
            };
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
        if let Some(first) = trials
            .first_mut()
            .filter(|_| self.whole && kind == SheetKind::Pin)
        {
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
    ) -> Result<Outcome, Fault> {
        let mailer = longest(language, digits, change)?;
        let set = if self.whole || kind != SheetKind::Pin {
            self.composer.specimen(kind, &mailer).map(|pdf| pages(&pdf))
        } else {
            self.composer.check(&mailer).map(|()| 1)
        };
        Ok(match set {
            Ok(1) => Outcome::Fits,
            Ok(many) => Outcome::Fails(format!("it has {many} pages, and a sheet has one")),
            Err(Fault::Mailer { what }) => match self.composer.lacks_font(kind, language) {
                Some(why) => Outcome::NoFont(why),
                None => Outcome::Fails(what),
            },
            Err(fault) => return Err(fault),
        })
    }

    /// How many wide letters a PIN may have; `None` when not even the shortest fits.
    fn longest_pin(&self, language: &str) -> Result<Option<usize>, Fault> {
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
        department: Some(DEPARTMENT.to_owned()),
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

/// A control number that belongs to no sheet of any ledger, with its check digits.
pub(super) fn no_number() -> Result<ControlNumber, Fault> {
    ControlNumber::draw([0; 8]).ok_or_else(|| Fault::Internal {
        what: "zero is no control number".to_owned(),
    })
}

pub(super) fn pin(text: &str) -> Result<Pin, Fault> {
    Pin::new(text).map_err(|unfit| Fault::Internal {
        what: unfit.to_string(),
    })
}
