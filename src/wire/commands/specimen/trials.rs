//! Every sheet of every profile in every language with the longest that it has to take, set and thrown away.

use super::{Desk, no_number, pin};
use crate::adapter::paper::{Composer, Templates};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{Destination, Mailer, SheetKind};
use crate::face::report::specimen::{Outcome, Trial};
use crate::face::say::Complaint;
use crate::face::terminal::Progress;
use crate::port::Clock;

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
/// The longest PIN that a key takes, of wide letters with long names.
const LETTERS: &str = "NWQMJuxNWQMJuxNWQMJuxNWQMJuxNWQMJuxNWQMJuxNWQMJuxNWQMJuxNWQMJux";

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
        for kind in kinds {
            for language in templates.languages_of(kind) {
                trials.extend(tried(&composer, &templates, &profile, kind, language)?);
            }
        }
    }
    Ok(trials)
}

fn tried(
    composer: &Composer,
    templates: &Templates,
    profile: &str,
    kind: SheetKind,
    language: &str,
) -> Result<Vec<Trial>, Complaint> {
    let variants: &[(&str, &str, bool)] = match kind {
        SheetKind::Pin => &[
            ("8 digits", DIGITS, false),
            ("8 digits, to be changed", DIGITS, true),
            ("63 letters", LETTERS, false),
            ("63 letters, to be changed", LETTERS, true),
        ],
        SheetKind::Key | SheetKind::Receipt | SheetKind::Label => &[("", DIGITS, false)],
    };
    let mut trials = Vec::new();
    for (what, digits, change) in variants {
        let mailer = longest(language, digits, *change)?;
        let outcome = match composer.specimen(kind, &mailer) {
            Ok(pdf) => match pages(&pdf) {
                1 => Outcome::Fits,
                many => Outcome::Fails(format!("it has {many} pages, and a sheet has one")),
            },
            Err(Fault::Mailer { what }) => match composer.lacks_font(kind, language) {
                Some(why) => Outcome::NoFont(why),
                None => Outcome::Fails(what),
            },
            Err(fault) => return Err(Complaint::from(&fault)),
        };
        trials.push(Trial {
            profile: profile.to_owned(),
            kind,
            language: language.to_owned(),
            reviewed: templates.is_reviewed(kind, language).unwrap_or(false),
            with: (*what).to_owned(),
            outcome,
        });
    }
    Ok(trials)
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
