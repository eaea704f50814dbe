//! `keyline entra setup` on the command line.

use std::path::PathBuf;

use clap::Args;

pub(super) const SETUP: &str = "Examples:
  keyline entra setup                          what has to exist, step by step
  keyline entra setup --json | jq -r '.admin_consent_url'
  keyline entra setup --certificate            where the configuration names it
  keyline entra setup --certificate keys/2027.pem

The certificate is made here: RSA, signed by itself, good for a year. FILE gets it with its private
key, for the station alone; beside it, ending in .cer, lies what is uploaded to the app registration.
Nothing is written over. To renew it, give another name, upload the new .cer, and name the new file
in the configuration.";

/// `keyline entra setup`
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Setup {
    /// Make the certificate that the station signs in with, and its private key
    ///
    /// Without FILE: where the configuration names one, else entra.pem among the station's keys.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub certificate: Option<Option<PathBuf>>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}
