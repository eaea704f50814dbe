//! `keyline console …`: who may sign in to the console, and the console over a copy of a ledger.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::account::{AccountName, Role};

const ADD: &str = "Examples:
  keyline console user add anna --role operator
  keyline console user add admin --role administrator --passphrase-file passphrase.txt
  pass show keyline/anna | keyline console user add anna --role operator --passphrase-file -

A passphrase has 12 characters or more. It is asked for twice and not shown, and is never an
argument, which other users of this computer could read. It works at once, also beside a running
station. An operator works at the bench; an administrator may do everything else as well.";

const LIST: &str = "Examples:
  keyline console user list
  keyline console user list --json";

const REMOVE: &str = "Examples:
  keyline console user remove anna";

const PASSPHRASE: &str = "Examples:
  keyline console user passphrase anna

Whoever is signed in with the passphrase before has to sign in anew.";

pub(super) const CONSOLE: &str = "Examples:
  keyline ledger backup copy.db             at the station
  keyline console --ledger copy.db          on the administrator's own computer
  keyline console user add anna --role operator

A running station serves its own console: see [console] in its configuration. --ledger serves the
pages of the administrator over a copy, on this computer alone, until Ctrl-C, and changes nothing
in it. There PINs are opened, in the browser: the recovery identity never reaches a program of
keyline. Each opening is written down first in the file COPY.openings.jsonl: who, why, when.";

/// `keyline console …`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Console {
    /// Serve the administrator's pages over a copy of a ledger, until Ctrl-C
    #[arg(long, value_name = "COPY")]
    pub ledger: Option<PathBuf>,
    /// Where to listen, on this computer; without it at a free port
    #[arg(long, value_name = "ADDRESS", requires = "ledger", value_parser = loopback)]
    pub listen: Option<SocketAddr>,
    #[command(subcommand)]
    pub command: Option<ConsoleCommand>,
}

/// An address on this computer alone.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "an address and a port are needed, such as 127.0.0.1:8137".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("a copy is served on this computer alone: 127.0.0.1 or [::1]".to_owned())
    }
}

/// `keyline console user …`, and whatever else is no page.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConsoleCommand {
    /// Who may sign in: add, list, remove, set another passphrase
    #[command(arg_required_else_help = true)]
    User {
        #[command(subcommand)]
        command: ConsoleUser,
    },
}

/// `keyline console user …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConsoleUser {
    /// Let somebody sign in
    #[command(after_help = ADD)]
    Add {
        /// The name to sign in with: letters a to z, digits, dot, hyphen, underscore
        #[arg(value_name = "NAME")]
        name: AccountName,
        /// What they may do
        #[arg(long, value_name = "ROLE")]
        role: RoleWord,
        #[command(flatten)]
        passphrase: PassphraseFrom,
    },
    /// List who may sign in; changes nothing
    #[command(after_help = LIST)]
    List {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Take an account away; its sessions end at once
    #[command(after_help = REMOVE)]
    Remove {
        /// The name of the account
        #[arg(value_name = "NAME")]
        name: AccountName,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Set another passphrase
    #[command(after_help = PASSPHRASE)]
    Passphrase {
        /// The name of the account
        #[arg(value_name = "NAME")]
        name: AccountName,
        #[command(flatten)]
        passphrase: PassphraseFrom,
    },
}

/// Where a passphrase comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct PassphraseFrom {
    /// Read the passphrase from FILE, or from stdin with -; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print JSON, for scripts; nobody is asked then
    #[arg(long, requires = "passphrase_file")]
    pub json: bool,
}

/// A role, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleWord {
    /// Works at the bench
    Operator,
    /// May do everything
    Administrator,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Operator => Self::Operator,
            RoleWord::Administrator => Self::Administrator,
        }
    }
}
