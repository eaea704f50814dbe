//! `keyline mailer …`: letters that nobody can trust any more.

use clap::Subcommand;

pub(super) const MAILER: &str = "JOB may be a job's number, a user (anna@contoso.com), an envelope (0042), a control number from a
letter or the serial number of a key.

Examples:
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
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a reason has at least one character".to_owned()),
        text => Ok(text.to_owned()),
    }
}
