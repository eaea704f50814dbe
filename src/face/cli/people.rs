//! `keyline users …` and `keyline groups …`: looking at the tenant's directory.

use clap::Subcommand;

const USERS_FIND: &str = "Examples:
  keyline users find anna
  keyline users find anna.lang@contoso.com --json | jq -r '.[].id'

Finds people whose name, user name or mail begins with the text, or who have it as a word in their
name. The application needs User.Read.All, or User.ReadBasic.All for names alone.";

const GROUPS_FIND: &str = "Examples:
  keyline groups find sales

The application needs GroupMember.Read.All.";

const MEMBERS: &str = "Examples:
  keyline groups members Sales
  keyline groups members Sales --csv > sales.csv
  keyline groups members 9a1b…-… --json | jq length

All people in the group and in the groups in it, as they come: also ten thousand of them. When
Entra asks for patience it is waited for. A list that ends with an error is not whole; with --json
its last element says so, as `error`.

Exit code 0: the whole list. 2: no such group, or several; then they are listed. 6: Entra or the
network failed.";

pub(super) const ERASE: &str = "Examples:
  keyline people erase anna@contoso.com
  keyline jobs cancel anna@contoso.com           first, where a job of theirs is open";

/// `keyline users …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Users {
    /// Find people by name, user name or mail; changes nothing
    #[command(after_help = USERS_FIND)]
    Find {
        /// What their name, user name or mail begins with, or a word of their name
        #[arg(value_name = "TEXT")]
        text: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// `keyline groups …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Groups {
    /// Find groups by name; changes nothing
    #[command(after_help = GROUPS_FIND)]
    Find {
        /// What the name begins with, or a word of it
        #[arg(value_name = "TEXT")]
        text: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// List who is in a group, also through other groups; changes nothing
    #[command(after_help = MEMBERS)]
    Members {
        /// The group's object id, or its whole name
        #[arg(value_name = "GROUP")]
        group: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
        /// Print CSV, for spreadsheets
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}
