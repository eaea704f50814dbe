//! `keyline mailer …`: what becomes of letters and bags once they are there.

use clap::Subcommand;

use super::trail::{CONFIRM, DISPATCH, SPOIL};

pub(super) const MAILER: &str = "JOB may be a job's number, a user (anna@contoso.com), an envelope (0042), a control number from a
letter or the serial number of a key.

Examples:
  keyline mailer confirm 482091735525
  keyline mailer spoil 0042 --reason \"torn\"
  keyline mailer dispatch onboarding --dry-run
  keyline mailer reissue 0042 --reason \"nobody knows whether it came out\"";

/// `keyline mailer …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Mailer {
    /// Void a letter and have a new one made, with a new PIN
    ///
    /// For a letter that could not be written, or of which nobody knows whether it came out. The key is needed once more: put it
    /// back into a slot, and it gets a new PIN. Its passkey stays. The old letter's control number is void. A job is done the moment
    /// its PDF lies in the letters' folder, and then there is no reissue: print a torn sheet again from the PDF while it is still
    /// there; after that the person needs a new enrollment (a job file with `replace` = yes).
    Reissue {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Why; it stands in the journal
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
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
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a reason has at least one character".to_owned()),
        text => Ok(text.to_owned()),
    }
}
