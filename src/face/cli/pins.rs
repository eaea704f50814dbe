//! `keyline pins …` on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use crate::face::cli::examples::PINS;
use crate::face::cli::values::reason;

/// `keyline pins …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Pins {
    /// Show the PIN of a job's key
    ///
    /// Meant for the administrator's own computer, with a copy of the ledger. The PIN goes to stdout and nowhere else. With the station's own
    /// ledger the opening is noted in its audit chain first, by the running station where one runs; what cannot be noted is not opened. With
    /// a copy, or from a folder that has no configuration of that station, nothing is noted, and the command says so.
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
        /// Open a PIN that is void as well, because its key came back, is lost or scrapped, or serves another job
        #[arg(long, value_name = "REASON", value_parser = reason)]
        void: Option<String>,
    },
}
