//! `keyline mailer check`: which sheets fit and which do not, in one line each; what fits is only counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::{Value, json};

use crate::domain::mailer::SheetKind;
use crate::face::report::{json, written};
use crate::face::say::Complaint;
use crate::face::say::clean::clean;
use crate::face::say::news::{count, sentence};

/// One sheet that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub profile: String,
    pub kind: SheetKind,
    pub language: String,
    /// Whether a native speaker has read its words.
    pub reviewed: bool,
    /// With which PIN; empty where there is none on it.
    pub with: String,
    pub outcome: Outcome,
    /// How many letters a PIN may have in this language; with the first trial of each.
    pub longest_pin: Option<usize>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Fits,
    /// The language's script needs a font that is not there; how it can be had.
    NoFont(String),
    Fails(String),
}

impl Trial {
    /// Whether something has to be mended.
    pub const fn fails(&self) -> bool {
        matches!(self.outcome, Outcome::Fails(_))
    }

    const fn lacks_font(&self) -> bool {
        matches!(self.outcome, Outcome::NoFont(_))
    }

    const fn word(&self) -> &'static str {
        match self.outcome {
            Outcome::Fits => "fits",
            Outcome::NoFont(_) => "no font",
            Outcome::Fails(_) => "fails",
        }
    }

    fn why(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Fits => None,
            Outcome::NoFont(why) | Outcome::Fails(why) => Some(why),
        }
    }
}

/// Writes what came of the trials.
///
/// # Errors
/// When `to` fails.
pub fn trials(trials: &[Trial], json: bool, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if json {
            let sheets: Vec<Value> = trials.iter().map(as_json).collect();
            return json::write(&json!({ "sheets": sheets }), to);
        }
        let mut profiles: BTreeMap<&str, BTreeMap<&str, Vec<&Trial>>> = BTreeMap::new();
        for trial in trials {
            let kinds = profiles.entry(&trial.profile).or_default();
            kinds.entry(trial.kind.word()).or_default().push(trial);
        }
        for (profile, kinds) in &profiles {
            for (kind, tried) in kinds {
                writeln!(to, "{}", line(profile, kind, tried))?;
                for ((with, why), languages) in failures(tried) {
                    let with = if with.is_empty() {
                        String::new()
                    } else {
                        format!(", PIN of {with}")
                    };
                    let languages = clean(&languages.join(" "));
                    writeln!(to, "  {languages}{with}: {}", sentence(why))?;
                }
            }
        }
        for warning in warnings(trials) {
            writeln!(to, "warning: {warning}")?;
        }
        Ok(())
    })
}

/// What fails, with the languages in which it does.
fn failures<'a>(tried: &[&'a Trial]) -> BTreeMap<(&'a str, &'a str), Vec<&'a str>> {
    let mut failures: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for trial in tried.iter().filter(|trial| trial.fails()) {
        let what = (trial.with.as_str(), trial.why().unwrap_or_default());
        failures.entry(what).or_default().push(&trial.language);
    }
    failures
}

fn line(profile: &str, kind: &str, tried: &[&Trial]) -> String {
    let number = |word: &str| tried.iter().filter(|trial| trial.word() == word).count();
    let languages: BTreeSet<&str> = tried.iter().map(|trial| trial.language.as_str()).collect();
    let verdict = match (number("fails"), number("no font")) {
        (0, 0) => format!("{}: fits", count(languages.len(), "language")),
        (0, _) => {
            let lack = tried.iter().filter(|trial| trial.lacks_font());
            let lack: BTreeSet<&str> = lack.map(|trial| trial.language.as_str()).collect();
            let names: Vec<&str> = lack.iter().copied().collect();
            format!(
                "{} of {} fit; no font for {}",
                languages.len().saturating_sub(lack.len()),
                count(languages.len(), "language"),
                clean(&names.join(", "))
            )
        }
        (fails, _) => format!(
            "{}: {fails} of {} do not fit",
            count(languages.len(), "language"),
            count(tried.len(), "trial")
        ),
    };
    let pin = tried.iter().filter_map(|trial| trial.longest_pin).min();
    let pin = pin.map_or_else(String::new, |pin| {
        format!(
            "; this layout has room for a PIN of {}",
            count(pin, "letter")
        )
    });
    format!("{:12}  {kind:8}  {verdict}{pin}", clean(profile))
}

/// Languages without a font, and those that nobody has reviewed, each once.
fn warnings(trials: &[Trial]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut fonts: BTreeMap<&str, &str> = BTreeMap::new();
    for trial in trials {
        if let Outcome::NoFont(why) = &trial.outcome {
            fonts.entry(&trial.language).or_insert(why);
        }
    }
    let fonts = fonts.iter();
    warnings.extend(fonts.map(|(language, why)| {
        format!(
            "Nothing in `{}` can be printed yet: {}",
            clean(language),
            sentence(why)
        )
    }));
    let sheets = trials.iter();
    let all = unread(sheets.map(|trial| (trial.kind, trial.language.as_str(), trial.reviewed)));
    if !all.is_empty() {
        warnings.push(format!(
            "No native speaker has read the letters in {}. Have them read before they are sent, and set `reviewed = true` in a copy of your own.",
            clean(&all.join(", "))
        ));
    }
    warnings
}

/// What no native speaker has read: a language of which no sheet was, or else each sheet with its language, as `key/de`.
pub fn unread<'a>(sheets: impl Iterator<Item = (SheetKind, &'a str, bool)>) -> Vec<String> {
    let mut languages: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
    for (kind, language, reviewed) in sheets {
        // A label has the words of the key's letter.
        let kind = match kind {
            SheetKind::Pin | SheetKind::Key | SheetKind::Receipt => kind,
            SheetKind::Label => SheetKind::Key,
        };
        let kinds = languages.entry(language).or_default();
        kinds.insert(kind.word(), reviewed);
    }
    let mut all = Vec::new();
    for (language, kinds) in languages {
        if kinds.values().any(|reviewed| *reviewed) {
            let unread = kinds.iter().filter(|(_, reviewed)| !**reviewed);
            all.extend(unread.map(|(kind, _)| format!("{kind}/{language}")));
        } else {
            all.push(language.to_owned());
        }
    }
    all
}

fn as_json(trial: &Trial) -> Value {
    json!({
        "profile": trial.profile,
        "kind": trial.kind.word(),
        "language": trial.language,
        "reviewed": trial.reviewed,
        "with": trial.with,
        "outcome": trial.word(),
        "why": trial.why(),
        "longest_pin": trial.longest_pin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_without_a_font_are_named_and_not_counted_as_fitting() {
        let trial = |language: &str, outcome| Trial {
            profile: "c5".to_owned(),
            kind: SheetKind::Pin,
            language: language.to_owned(),
            reviewed: true,
            with: String::new(),
            outcome,
            longest_pin: Some(18),
        };
        let (de, fr) = (trial("de", Outcome::Fits), trial("fr", Outcome::Fits));
        let ja = trial("ja", Outcome::NoFont("name one".to_owned()));
        assert_eq!(
            line("c5", "pin", &[&de, &ja, &fr]),
            "c5            pin       2 of 3 languages fit; no font for ja; this layout has room for a PIN of 18 letters"
        );
        assert!(line("c5", "pin", &[&de, &fr]).contains("2 languages: fits"));
    }

    #[test]
    fn a_sheet_that_nobody_has_read_is_told_with_its_language() {
        let sheets = [
            (SheetKind::Pin, "de", true),
            (SheetKind::Key, "de", false),
            (SheetKind::Label, "de", false),
            (SheetKind::Receipt, "de", false),
            (SheetKind::Pin, "en", true),
            (SheetKind::Pin, "fr", false),
            (SheetKind::Key, "fr", false),
        ];
        let told = unread(sheets.into_iter());
        assert_eq!(told, ["key/de", "receipt/de", "fr"]);
    }
}
