//! `keyline entra …` on the command line.

use clap::{Args, Subcommand};

use super::setup::{SETUP, Setup};

pub(super) const ENTRA: &str = "Examples:
  keyline entra setup                       what has to exist in the tenant, in order
  keyline entra setup --certificate         a certificate for the station's own sign-in
  keyline entra setup --perform             make all of it, with an administrator's sign-in
  keyline entra whoami                      does the sign-in work, and what may the station do?
  keyline entra login                       with method = \"delegated\": an administrator signs in
  keyline entra login --device-code         for a computer without a browser
  keyline entra logout

No token is ever shown. An administrator's sign-in is kept sealed beside the ledger.";

pub(super) const LOGIN: &str = "Examples:
  keyline entra login
  keyline entra login --device-code

The app registration needs, under Authentication: for the browser the redirect URI
http://localhost of the kind \"Mobile and desktop applications\"; for a device code \"Allow public
client flows\" set to Yes, and no Conditional Access policy that blocks the flow. Its delegated
permissions need consent, and the administrator the role Authentication Administrator (or
Privileged Authentication Administrator). Ends with 6 when nobody signed in.";

const LOGOUT: &str = "Examples:
  keyline entra logout                      this station has no administrator's sign-in any more
  keyline entra login                       and somebody else's takes its place";

pub(super) const WHOAMI: &str = "Examples:
  keyline entra whoami
  keyline entra whoami --json | jq -r '.permissions[]'

Signs in as the configuration says and shows what the token says of itself. Ends with 6 when the
station cannot sign in.";

/// `keyline entra …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Entra {
    /// Say what has to exist in the tenant, or make it; make the station's certificate
    ///
    /// Without --certificate and --perform it changes nothing and needs no sign-in.
    #[command(after_help = SETUP)]
    Setup(Setup),
    /// Sign an administrator in, in whose name the station works
    ///
    /// For stations with method = "delegated". The sign-in lasts until it lies unused for 90 days, or is ended at Entra.
    #[command(after_help = LOGIN)]
    Login(Login),
    /// Forget the administrator's sign-in
    ///
    /// Says what stays at Entra.
    #[command(after_help = LOGOUT)]
    Logout,
    /// Show as whom the station signs in, and what it may do; changes nothing
    #[command(after_help = WHOAMI)]
    Whoami {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// `keyline entra login`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Login {
    /// With a code that is typed on any device
    ///
    /// Taken without being named where this computer has no desktop.
    #[arg(long, conflicts_with = "browser")]
    pub device_code: bool,
    /// In a browser on this computer
    ///
    /// Taken without being named where this computer has a desktop.
    #[arg(long)]
    pub browser: bool,
}
