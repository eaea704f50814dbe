//! `keyline mailer …`: letters that nobody can trust any more.

use clap::Subcommand;

pub(super) const MAILER: &str = "JOB may be a job's number, a user (anna@contoso.com), an envelope (0042), a control number from a
letter or the serial number of a key.

Examples:
  keyline mailer reissue 0042 --reason \"the printer tore it\"";

/// `keyline mailer …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Mailer {
    /// Void a letter and have a new one made, with a new PIN
    ///
    /// For a letter that was spoiled, or of which nobody knows whether it came out. The key is needed once more: put it back into a
    /// slot, and it gets a new PIN. Its passkey stays. The old letter's control number is void. Once a letter was handed over there
    /// is no reissue: the person then needs a new enrollment (a job file with `replace` = yes).
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
