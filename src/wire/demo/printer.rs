//! The printer of a demo that has one: asked before anything is made, so that nobody waits for letters that cannot come out. Prints
//! nothing itself; the station does, as it always does.

use crate::adapter::paper::printer::{describe, objection};
use crate::adapter::paper::{PrinterOptions, PrinterPress};
use crate::domain::paper::printer::PrinterDescription;
use crate::face::say::printers::concern;
use crate::wire::WireFault;
use crate::wire::config::Printer;
use crate::wire::policies;

/// What a printer in America has in it.
const LETTER: &str = "na_letter_8.5x11in";
/// The layout for it.
const LETTER_PROFILE: &str = "us10";

/// A printer that takes letters.
pub(super) struct Chosen {
    /// As it was given: some printers want a query.
    uri: String,
    /// What it is called in words.
    pub(super) name: String,
    /// Whether its paper is Letter and not A4.
    is_letter: bool,
    /// What should be changed about it, in words.
    pub(super) concerns: Vec<String>,
}

impl Chosen {
    /// Asks the printer.
    ///
    /// # Errors
    /// [`WireFault::Usage`] for what is no printer's URI; a fault when it is away, or takes no letters.
    pub(super) fn ask(uri: &str) -> Result<Self, WireFault> {
        // The demo's configuration has its own rules for a URI, and is written only when the folder is made.
        let uri = match objection(uri) {
            None => Printer::try_from(uri.to_owned()),
            Some(what) => Err(what),
        };
        let uri = uri.and_then(|printer| {
            let uri = printer.uri().map(ToString::to_string);
            uri.ok_or_else(|| "`--printer` names no printer".to_owned())
        });
        let uri = uri.map_err(|what| WireFault::Usage {
            what,
            hint: "`keyline printers` lists what is there".to_owned(),
        })?;
        let mut options = PrinterOptions::of(&uri);
        let is_letter = has_letter_alone(&describe(&options, true)?);
        if is_letter {
            LETTER.clone_into(&mut options.media);
        }
        PrinterPress::try_out(&options)?;
        let about = describe(&options, true)?;
        Ok(Self {
            uri,
            name: about.uri.clone(),
            is_letter,
            concerns: about.concerns.iter().map(concern).collect(),
        })
    }

    /// Where the demo's configuration differs because of it.
    pub(super) fn settings(&self) -> Vec<(&'static str, &'static str, toml::Value)> {
        let text = |text: &str| toml::Value::String(text.to_owned());
        let mut settings = vec![("paper", "printer", text(&self.uri))];
        if self.is_letter {
            settings.push(("paper", "media", text(LETTER)));
            settings.push(("paper", "profile", text(LETTER_PROFILE)));
        }
        settings
    }
}

fn has_letter_alone(about: &PrinterDescription) -> bool {
    let lies_there = |size: &str| about.media_ready.iter().any(|media| media.contains(size));
    let is_default = |size: &str| {
        let default = about.media_default.as_deref();
        default.is_some_and(|media| media.contains(size))
    };
    !lies_there("a4_210x297mm")
        && (lies_there(LETTER) || about.media_ready.is_empty() && is_default(LETTER))
}

/// The demo's policies: the shipped ones, but keys that are simulated go into no bags. The sheets are real, and are confirmed as
/// sheets are.
pub(super) fn policies_without_bags() -> impl Iterator<Item = (&'static str, String)> {
    const USUAL: &str = "\n# bag = \"scan\"\n";
    const NONE: &str = "\nbag = \"none\"\n";
    policies::SHIPPED
        .iter()
        .filter(|(_, text)| text.contains(USUAL))
        .map(|(name, text)| (*name, text.replacen(USUAL, NONE, 1)))
}
