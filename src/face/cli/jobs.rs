//! `keyline jobs …`: the jobs, and how people get into the queue.

use clap::{Args, Subcommand};

use crate::domain::job::Role;

use super::values::reason;

pub(super) const JOBS: &str = "JOB may be a job's number, a user (anna@contoso.com), an envelope (0042), a control number from a
letter or the serial number of a key. If it fits several jobs, they are listed and nothing is
changed.

Examples:
  keyline jobs list --batch onboarding
  keyline jobs show anna@contoso.com
  keyline jobs hold 0042 --reason \"on leave until May\"
  keyline jobs release 0042
  keyline jobs add anna@contoso.com --policy standard
  keyline jobs from-group Sales --policy standard --missing-only --dry-run";

const ADD: &str = "Examples:
  keyline jobs add anna@contoso.com
  keyline jobs add anna@contoso.com --policy standard --role backup --language de
  keyline jobs add anna@contoso.com --address 'Lindenallee 12|10115 Berlin'

The row is checked as the station would check it before anything is written.

Exit code 0: it lies in the queue. 3: the row or the person was refused; what and why is told.";

const FROM_GROUP: &str = "Examples:
  keyline jobs from-group Sales --policy standard --dry-run          who would get a key?
  keyline jobs from-group Sales --policy standard --missing-only     only who has none yet
  keyline jobs from-group 9a1b…-… --policy spare --role backup

The job file appears in new/ whole at once, named after the group and the minute; a running
station takes it as any other. When Entra asks for patience it is waited for, and only what is
missing is asked again. The application needs GroupMember.Read.All and User.Read.All; with
User.ReadBasic.All alone the directory does not say whose account is disabled, and that is told.

Exit code 0: done. 2: no such group, or several. 3: the rows would be refused. 6: Entra or the
network failed: nothing was written, or some people could not be asked and were left out.";

const LIST: &str = "Examples:
  keyline jobs list
  keyline jobs list --batch onboarding
  keyline jobs list --json | jq '.[] | select(.standing == \"held\")'";

const SHOW: &str = "Examples:
  keyline jobs show 0042
  keyline jobs show anna@contoso.com
  keyline jobs show 0042 --json | jq .journal";

const HOLD: &str = "Examples:
  keyline jobs hold 0042 --reason \"on leave until May\"";

const RELEASE: &str = "Examples:
  keyline jobs release 0042
  keyline jobs release anna@contoso.com";

const CANCEL: &str = "Examples:
  keyline jobs cancel 0042
  keyline jobs cancel anna@contoso.com           who has left, or needs no key";

const RETRY: &str = "Examples:
  keyline jobs retry 0042";

/// `keyline jobs …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Jobs {
    /// List jobs; changes nothing
    #[command(after_help = LIST)]
    List {
        /// Only the jobs of this batch (the job file's name without its ending)
        #[arg(long, value_name = "BATCH")]
        batch: Option<String>,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Show a job and its whole journal; changes nothing
    #[command(after_help = SHOW)]
    Show {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Stop a job from starting or going on, until it is released
    #[command(after_help = HOLD)]
    Hold {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Why; it stands in the journal and is shown with the job
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "held by the administrator",
            value_parser = reason
        )]
        reason: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Let a held job go on where it was
    #[command(after_help = RELEASE)]
    Release {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Give a job up for good
    ///
    /// Nothing more is done for it, at whatever step it is: a station that works on it breaks off what the key is doing and lets it
    /// go, and waits only for what Entra was asked just then. While its letter is being made it is refused, and nothing is changed.
    /// If its passkey may already be at Entra, it is looked for there and deleted. A key that was begun must be wiped before it is
    /// used again.
    #[command(after_help = CANCEL)]
    Cancel {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Start a job anew, with another key
    ///
    /// Releases the job, gives up the key it began with, and waits for a fresh one. A passkey that the old key may have left at
    /// Entra is looked for there and deleted. Use it when a key is lost, broken or spoiled half-way.
    #[command(after_help = RETRY)]
    Retry {
        /// Number, user, envelope, control number or serial
        #[arg(value_name = "JOB")]
        job: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Put one person into the queue, as a job file of one row
    ///
    /// Works beside a running station and without one. The person is looked up first; where the directory may not be read, that is said
    /// and the row is written as typed.
    #[command(after_help = ADD)]
    Add(Added),
    /// Make a job file of a group and put it into the queue
    ///
    /// All members, also those of groups in the group. Guests, disabled accounts and people of whom no more than the id may be read
    /// are left out and listed with the reason.
    #[command(name = "from-group", after_help = FROM_GROUP)]
    FromGroup(FromGroup),
}

/// `keyline jobs add`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Added {
    /// User principal name or object id
    #[arg(value_name = "USER")]
    pub user: String,
    /// The policy; the station's default when it is left out
    #[arg(long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// primary or backup
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<Role>,
    /// Language of the letter, such as de
    #[arg(long, visible_alias = "lang", value_name = "TAG")]
    pub language: Option<String>,
    /// Name on the letter, instead of the directory's
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Department, instead of the directory's
    #[arg(long, value_name = "TEXT")]
    pub department: Option<String>,
    /// Postal address without the name; several lines are separated by |
    #[arg(long, value_name = "LINES")]
    pub address: Option<String>,
    /// Only the key with this serial number will do
    #[arg(long, value_name = "SERIAL")]
    pub serial: Option<String>,
    /// For yourselves; kept with the job
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Enroll the key even if it holds a passkey or belongs to this person already
    #[arg(long)]
    pub replace: bool,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

/// `keyline jobs from-group`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct FromGroup {
    /// The group's object id, or its whole name
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// The policy of all rows
    #[arg(long, value_name = "POLICY")]
    pub policy: String,
    /// Leave out who has a security key at Entra already
    #[arg(long)]
    pub missing_only: bool,
    /// Show the rows and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// primary or backup
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<Role>,
    /// Language of all letters, such as de; otherwise each person's own where there are letters in it
    #[arg(long, visible_alias = "lang", value_name = "TAG")]
    pub language: Option<String>,
    /// Print JSON, for scripts
    #[arg(long)]
    pub json: bool,
}

fn role(text: &str) -> Result<Role, String> {
    [Role::Primary, Role::Backup]
        .into_iter()
        .find(|role| role.word() == text.trim().to_lowercase())
        .ok_or_else(|| "primary or backup is needed".to_owned())
}
