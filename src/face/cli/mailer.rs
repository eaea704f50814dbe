//! `keyline mailer …`: what becomes of letters and bags once they are there.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::face::say::clean::clean;

use super::specimen::{CALIBRATE, CHECK, PREVIEW};
use super::trail::{CONFIRM, DISPATCH, REISSUE, SPOIL};
use super::values::reason;

pub(super) const MAILER: &str = "JOB may be a job's number, a user (anna@contoso.com), an envelope (0042), a control number from a
letter or the serial number of a key.

Examples:
  keyline mailer confirm 482091735525
  keyline mailer spoil 0042 --reason \"torn\"
  keyline mailer dispatch onboarding --dry-run
  keyline mailer reissue 0042 --reason \"nobody knows whether it came out\"
  keyline mailer preview din5008b --lang de -o letter.pdf";

/// `keyline mailer …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Mailer {
    /// Void a letter and have a new one made, with a new PIN
    ///
    /// For a letter that could not be written, or of which nobody knows whether it came out. The key is needed once more: put it
    /// back into a slot, and it gets a new PIN. Its passkey stays. The old letter's control number is void. A letter that was
    /// confirmed is not reissued. Where the policy asks for no confirmation, a letter counts as confirmed as soon as its PDF
    /// lies in the letters' folder. From then on the person needs a new enrollment (a job file with `replace` = yes).
    #[command(after_help = REISSUE)]
    Reissue {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Why; it stands in the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Say that a letter is there and good, that it lies in its envelope, or that a key lies in its bag
    ///
    /// Scan or type what is in your hand: the square code of a letter, its control number, or the label of a bag.
    #[command(after_help = CONFIRM)]
    Confirm {
        /// Codes as they were scanned; `-` alone reads them from stdin, line by line
        #[arg(value_name = "CODE", required = true)]
        codes: Vec<String>,
        /// Print one line of JSON for each code, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Declare a letter void: torn, misprinted or lost
    #[command(after_help = SPOIL)]
    Spoil {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// What happened to it; it stands in the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Note down what of a batch leaves the house: bags, and days later their letters
    #[command(after_help = DISPATCH)]
    Dispatch {
        /// The job file's name without its ending
        #[arg(value_name = "BATCH")]
        batch: String,
        /// Only say what would leave; changes nothing
        #[arg(long)]
        dry_run: bool,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Write a specimen of a letter, to look at
    #[command(after_help = PREVIEW)]
    Preview {
        /// The layout, by name
        #[arg(value_name = "PROFILE")]
        profile: String,
        /// The language of the letter; the configuration's when it is left out
        #[arg(long, visible_alias = "language", value_name = "LANGUAGE")]
        lang: Option<String>,
        /// Which sheet; the first that the layout is for when it is left out
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// Whom it goes to
        #[arg(
            long,
            visible_alias = "user",
            value_name = "NAME",
            default_value = "Anna Lang",
            value_parser = name
        )]
        name: String,
        /// The PDF; `-`: stdout
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Write over FILE
        #[arg(long)]
        force: bool,
    },
    /// Write a page to measure a layout with: rulers, folds, window; no letter
    #[command(after_help = CALIBRATE)]
    Calibrate {
        /// The layout, by name
        #[arg(value_name = "PROFILE")]
        profile: String,
        /// The PDF; `-`: stdout
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Write over FILE
        #[arg(long)]
        force: bool,
    },
    /// Try every layout in every language: does everything fit, is every character there?
    #[command(after_help = CHECK)]
    Check {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// The sheets that a layout may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The letter with the PIN
    Pin,
    /// The letter that travels with the key
    Key,
    /// What the person signs and sends back
    Receipt,
    /// The slip for the key's bag
    Label,
}

/// A name as a job file takes it.
fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a name has at least one character".to_owned());
    }
    if clean(text) != text {
        return Err("a name has no control or direction characters".to_owned());
    }
    Ok(text.to_owned())
}
