//! `keyline pins …` on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use crate::face::cli::examples::PINS;

/// `keyline pins …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Pins {
    /// Show the PIN of a job's key
    ///
    /// Meant for the administrator's own computer, with a copy of the ledger. The PIN goes to stdout and nowhere else. With the station's own
    /// ledger the look is noted in its audit chain, unless a station works on it just then.
    #[command(
        after_help = PINS
    )]
    Show {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// The file with the private half of a recovery pair
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
        /// A copy of the ledger, instead of the station's own
        #[arg(long, value_name = "COPY")]
        ledger: Option<PathBuf>,
    },
}
