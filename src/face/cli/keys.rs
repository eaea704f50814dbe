//! `keyline keys list` and `keyline keys remove`: a person's passkeys at Entra.

use clap::{ArgGroup, Args};

use super::values::reason;

pub(super) const LIST: &str = "Examples:
  keyline keys list anna@contoso.com
  keyline keys list anna@contoso.com --json | jq '.keys[] | select(.synced)'

Shown are all passkeys of the person, those in phones and computers as well. \"Attested\" means
that the model was proved when the passkey was registered. What was not enrolled here says so.";

pub(super) const IDENTIFY: &str = "Examples:
  keyline keys identify                          then put the key into any slot or reader
  keyline keys identify --json | jq -r '.holders[].user'";

pub(super) const REMOVE: &str = "Examples:
  keyline keys remove anna@contoso.com \"Old key\"
  keyline keys remove anna@contoso.com 0042 12345678 --reason \"found in a drawer\"
  keyline keys remove anna@contoso.com --all
  keyline keys remove anna@contoso.com --all-passkeys --yes

KEY is the name of a passkey, its id or the first 8 characters of it, or, where it was enrolled
here, its serial number or envelope. What is lost is told first, and asked for; without a
terminal, and with --json, only --yes goes on. Each deletion is written into the ledger before and
after; one that was cut off is told at the next run. One passkey that cannot be deleted does not
keep the others.

A key whose job is not done is refused, because the job counts on it: end the job first, or say
--of-open-jobs. To take back a key that somebody has, with PIN and letter: keyline keys return.

Exit code 0: they are gone, also where one was not there any more. 2: nobody could be asked, or
KEY is unclear. 3: refused because of an open job. 6: Entra refused one, or the way to it failed;
what was not deleted is told. 130: nobody agreed.";

/// `keyline keys list`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ListKeys {
    /// User principal name or object id
    #[arg(value_name = "USER")]
    pub user: String,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline keys remove`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(override_usage = "keyline keys remove [OPTIONS] <USER> <KEY...|--all|--all-passkeys>")]
#[command(group(ArgGroup::new("which").args(["keys", "all", "all_passkeys"]).required(true)))]
pub struct RemoveKeys {
    /// User principal name or object id
    #[arg(value_name = "USER")]
    pub user: String,
    /// Name, id, serial or envelope; several may be given
    #[arg(value_name = "KEY")]
    pub keys: Vec<String>,
    /// All security keys; passkeys in phones and computers stay
    #[arg(long)]
    pub all: bool,
    /// All passkeys, those in phones and computers as well
    #[arg(long)]
    pub all_passkeys: bool,
    /// Also keys whose jobs are not done
    #[arg(long)]
    pub of_open_jobs: bool,
    /// Ask nobody
    #[arg(long)]
    pub yes: bool,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
    /// Why; it is kept with the ledger
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
}
