//! `keyline mds` on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use crate::domain::authenticator::Aaguid;

pub(super) const MDS: &str = "Examples:
  keyline mds update                        fetch the file of the FIDO Metadata Service
  keyline mds import blob.jwt               take it from a file, where the station has no internet
  keyline mds show                          what is here
  keyline mds show 2fc0579f-8113-47ea-b116-bb5a8db9202a
  keyline mds show --json | jq .next_update

A new file comes out every month or so. A running station takes it up without a restart.";

const IMPORT: &str = "Examples:
  keyline mds import blob.jwt                    downloaded from https://mds3.fidoalliance.org/";

const UPDATE: &str = "Examples:
  keyline mds update";

const SHOW: &str = "Examples:
  keyline mds show
  keyline mds show 2fc0579f-8113-47ea-b116-bb5a8db9202a
  keyline mds show --json | jq .next_update";

/// `keyline mds …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Mds {
    /// Take metadata from a file
    ///
    /// The file must be signed by the FIDO Alliance, and not be older than what is here. Whoever downloads it accepts the terms that
    /// stand in it.
    #[command(after_help = IMPORT)]
    Import {
        /// The file, as mds3.fidoalliance.org hands it out
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Fetch the metadata over the internet
    ///
    /// From the address in `[metadata] url`, over this computer's proxy where it has one. It proves nothing by where it came from: its
    /// signature is verified as for a file.
    #[command(after_help = UPDATE)]
    Update {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of a model, or of all; changes nothing
    #[command(after_help = SHOW)]
    Show {
        /// The model, as `keyline keys identify` shows it; without one, what is here
        #[arg(value_name = "AAGUID", value_parser = aaguid)]
        aaguid: Option<Aaguid>,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

fn aaguid(text: &str) -> Result<Aaguid, String> {
    Aaguid::try_from(text).map_err(|error| error.to_string())
}
