//! The command line: what can be typed, and the help that an administrator can learn from. It only reads arguments; what
//! they bring about is wired elsewhere.

mod batches;
mod check;
mod console;
mod custody;
mod entra;
mod examples;
mod jobs;
mod keys;
mod ledger;
mod mailer;
mod manual;
mod mds;
mod people;
mod pins;
mod printers;
mod reconcile;
mod setup;
mod slots;
mod specimen;
mod stock;
#[cfg(test)]
mod tests;
mod trail;
mod values;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, CommandFactory as _, Parser, Subcommand};

use crate::face::cli::examples::{COMPLETIONS, DEMO, FIRST_STEPS, INIT, MAN, RUN, STATUS};
use crate::face::cli::values::at_least_one;
use crate::face::say::Complaint;

pub use batches::{Batches, OfBatches, Slip};
pub use check::Check;
pub use console::{Console, ConsoleCommand, ConsoleUser, PassphraseFrom};
pub use custody::{Handover, Retirement, Return};
pub use entra::{Entra, Login};
pub use jobs::{Added, FromGroup, Jobs};
pub use keys::{ListKeys, RemoveKeys};
pub use ledger::Ledger;
pub use mailer::{Kind, Mailer};
pub use manual::man;
pub use mds::Mds;
pub use people::{Groups, Users};
pub use pins::Pins;
pub use printers::Printers;
pub use reconcile::Reconcile;
pub use setup::{Perform, Setup};
pub use slots::Slots;
pub use stock::{OfStock, Stock};
pub use values::badge;

/// Where the configuration lies when nobody says otherwise.
pub const CONFIG_DEFAULT: &str = "config/station.toml";
/// Where the package puts it: the station that is meant where none lies in the current folder.
pub const CONFIG_INSTALLED: &str = "/etc/keyline/station.toml";

/// An enrollment station for FIDO2 security keys in Microsoft Entra ID.
///
/// Drop a job file (who gets a key) into the queue, put blank keys into the slots, touch them when told. Each key is wiped,
/// given a PIN, enrolled for its person at Entra and written into the ledger; a letter with the PIN comes out.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(
    name = "keyline",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = FIRST_STEPS
)]
pub struct Cli {
    /// The configuration of the station; where there is none here, /etc/keyline/station.toml.
    #[arg(long, global = true, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    pub config: PathBuf,
    #[command(subcommand)]
    pub command: Command,
}

/// What keyline is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Make a new station: configuration, policies, queue folders, keys, ledger
    ///
    /// Writes everything that a station needs into a folder, readable for its owner alone. Refuses to overwrite anything.
    #[command(after_help = INIT)]
    Init(Init),
    /// Run the station: take job files, enroll keys
    ///
    /// Runs until it is stopped. Ctrl-C finishes the steps in hand and ends; a second Ctrl-C ends at once. Either is safe: what was
    /// in doubt is settled at the next start.
    #[command(after_help = RUN)]
    Run(Run),
    /// Check a job file or the configuration; with --online the tenant and the bench as well
    ///
    /// Lists everything that is wrong at once: where, what, and what would be right. Changes nothing, unless --enrol-test asks for it.
    #[command(after_help = check::CHECK)]
    Check(Check),
    /// Show how the work stands; changes nothing
    #[command(after_help = STATUS)]
    Status {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Add jobs, look at them, hold them, let them go on, give them up
    ///
    /// While a station runs these commands reach it and it makes the change; otherwise they change the ledger themselves.
    #[command(after_help = jobs::JOBS, arg_required_else_help = true)]
    Jobs {
        #[command(subcommand)]
        command: Jobs,
    },
    /// Find people in the tenant
    #[command(arg_required_else_help = true)]
    Users {
        #[command(subcommand)]
        command: Users,
    },
    /// Find groups in the tenant, and list who is in them
    #[command(arg_required_else_help = true)]
    Groups {
        #[command(subcommand)]
        command: Groups,
    },
    /// Letters and bags: confirm, spoil, reissue, dispatch
    #[command(after_help = mailer::MAILER, arg_required_else_help = true)]
    Mailer {
        #[command(subcommand)]
        command: Mailer,
    },
    /// List printers and say how they stand; changes nothing
    #[command(after_help = printers::PRINTERS)]
    Printers(Printers),
    /// List the batches; write the papers of one, or its labels and letters
    #[command(after_help = batches::BATCHES)]
    Batches(Batches),
    /// Say that a person has the key and its PIN; their older passkeys may go then
    #[command(after_help = custody::HANDOVER)]
    Handover(Handover),
    /// Look at keys, take them back, delete passkeys of a person
    #[command(arg_required_else_help = true)]
    Keys {
        #[command(subcommand)]
        command: Keys,
    },
    /// Which keys are ours: count them, take a vendor's list
    #[command(after_help = stock::STOCK)]
    Stock(Stock),
    /// Models of keys: what the FIDO Alliance says of them
    #[command(after_help = mds::MDS, arg_required_else_help = true)]
    Mds {
        #[command(subcommand)]
        command: Mds,
    },
    /// Teach the station its slots
    #[command(arg_required_else_help = true)]
    Slots {
        #[command(subcommand)]
        command: Slots,
    },
    /// Open sealed PINs, with the recovery identity
    #[command(arg_required_else_help = true)]
    Pins {
        #[command(subcommand)]
        command: Pins,
    },
    /// Look after the ledger: is it whole, and a copy of it
    #[command(arg_required_else_help = true)]
    Ledger {
        #[command(subcommand)]
        command: Ledger,
    },
    /// Forget people
    #[command(arg_required_else_help = true)]
    People {
        #[command(subcommand)]
        command: People,
    },
    /// Compare the ledger with the tenant, in both directions
    ///
    /// Reads the passkeys of everybody whom the ledger knows, and says what only one side has. Changes nothing without --delete.
    #[command(after_help = reconcile::RECONCILE)]
    Reconcile(Reconcile),
    /// Set the tenant up, sign in to it, show which account or app the station uses
    #[command(subcommand, after_help = entra::ENTRA, arg_required_else_help = true)]
    Entra(Entra),
    /// The console in the browser: who may sign in; PINs out of a copy
    #[command(after_help = console::CONSOLE, arg_required_else_help = true)]
    Console(Console),
    /// Show the whole line at work, with practice keys and a practice tenant
    ///
    /// Runs the ordinary station in a fresh folder. Only the keys and the tenant are practice: nothing outside that folder is
    /// touched, and nothing leaves this computer but the letters for --printer, which say that they are practice.
    #[command(
        after_help = DEMO
    )]
    Demo(Demo),
    /// Print a completion script for a shell
    #[command(
        after_help = COMPLETIONS
    )]
    Completions {
        /// The shell that shall complete keyline's words
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = MAN)]
    Man,
}

/// `keyline init`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(group(
    ArgGroup::new("seals").args(["recipients", "practice_identity", "configured"]).required(true).multiple(true)
))]
pub struct Init {
    /// The folder of the new station
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Seal PINs to this age recipient; may be given several times
    #[arg(long = "recipient", value_name = "age1…")]
    pub recipients: Vec<String>,
    /// Make a recovery pair here and write its private half to FILE: for practice only
    #[arg(long, value_name = "FILE")]
    pub practice_identity: Option<PathBuf>,
    /// The configuration is written already: make the ledger, keys and queue that it names
    ///
    /// For a station that came as a package. The recipients are those of the configuration, and it is not touched.
    #[arg(long, conflicts_with_all = ["recipients", "practice_identity", "dir"])]
    pub configured: bool,
}

/// `keyline run`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Run {
    /// Start at most N jobs
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub limit: Option<usize>,
    /// End when nothing is left to do
    #[arg(long)]
    pub until_empty: bool,
    /// Badge or number of the person at the bench
    #[arg(long, value_name = "BADGE", value_parser = badge)]
    pub operator: Option<String>,
}

/// `keyline keys …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Keys {
    /// List a person's passkeys at Entra; changes nothing
    #[command(after_help = keys::LIST)]
    List(ListKeys),
    /// Delete passkeys of a person at Entra
    #[command(after_help = keys::REMOVE)]
    Remove(RemoveKeys),
    /// Say whose key this is: insert any key; changes nothing
    ///
    /// Shows model, serial number, and, if this ledger knows the key, its person, envelope and state. No PIN is needed.
    #[command(after_help = keys::IDENTIFY)]
    Identify {
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Take a key back into stock: its passkey goes from Entra, and it is wiped
    #[command(after_help = custody::RETURN)]
    Return(Return),
    /// Note down that a key is lost: its passkey goes from Entra
    #[command(after_help = custody::LOST)]
    Lost(Retirement),
    /// Note down that a key is to be destroyed: its passkey goes from Entra
    #[command(after_help = custody::SCRAP)]
    Scrap(Retirement),
}

/// `keyline people …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum People {
    /// Erase a person's name, addresses and user name from the ledger
    ///
    /// Open jobs of that person must be done or cancelled first. The audit trail stays and still verifies: it holds only salted hashes. Keys
    /// and passkeys are not touched. This cannot be undone.
    #[command(after_help = people::ERASE)]
    Erase {
        /// User principal name or object id
        #[arg(value_name = "USER")]
        user: String,
        /// Print JSON, for scripts
        #[arg(long)]
        json: bool,
    },
}

/// `keyline demo`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Demo {
    /// How many keys are enrolled
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = at_least_one)]
    pub keys: usize,
    /// How many slots the bench has
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_least_one)]
    pub slots: usize,
    /// Makes the practice tenant's moods and the practice people's speed repeatable
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Work in this folder and leave everything there
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Print the letters at this printer; without it they become files
    #[arg(long, value_name = "URI")]
    pub printer: Option<String>,
    /// Serve the console as well, on a free port, until Ctrl-C; its link is printed
    #[arg(long)]
    pub console: bool,
}

/// What the arguments came to.
#[derive(Debug)]
pub enum Parsed {
    Command(Box<Cli>),
    /// Help or version, to be printed on stdout.
    Text(String),
}

/// Reads the arguments, the program's name first.
///
/// # Errors
/// What is wrong with them, and how it would be right.
pub fn parse<I, T>(arguments: I) -> Result<Parsed, Complaint>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            if let Command::Check(wish) = &cli.command {
                wish.is_about_something()?;
            }
            Ok(Parsed::Command(Box::new(cli)))
        }
        Err(error) if error.use_stderr() => Err(complaint(&error)),
        Err(error) => Ok(Parsed::Text(error.render().to_string())),
    }
}

/// Whether a script reads the answer, also to arguments that cannot be understood. Told by the words alone: no option takes `--json`
/// for its value.
pub fn wants_json(arguments: &[OsString]) -> bool {
    let mut options = arguments.iter().take_while(|word| *word != "--");
    options.any(|word| word == "--json")
}

/// Writes the completion script for `shell`.
///
/// # Errors
/// Those of `to`.
pub fn completions(shell: clap_complete::Shell, to: &mut dyn Write) -> io::Result<()> {
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keyline", &mut script);
    to.write_all(&script)?;
    to.flush()
}

/// The parser's own text, in the shape of all our complaints.
fn complaint(error: &clap::Error) -> Complaint {
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Complaint::usage(
            "What shall be done is missing.",
            format!("These are the choices.\n\n{}", text.trim_end()),
        );
    }
    if error.kind() == ErrorKind::MissingSubcommand
        && let Some((_, choices)) = text.split_once("[subcommands: ")
        && let Some((choices, _)) = choices.split_once(']')
    {
        return Complaint::usage(
            "What shall be done is missing.",
            format!("One of these: {choices}. Add `--help` to learn more."),
        );
    }
    let mut message = String::new();
    let mut hints = Vec::new();
    for (index, paragraph) in text.split("\n\n").enumerate() {
        let paragraph = paragraph.trim();
        if index == 0 {
            message = sentence(paragraph.strip_prefix("error: ").unwrap_or(paragraph));
        } else if let Some(tip) = paragraph.strip_prefix("tip: ") {
            hints.push(sentence(tip));
        } else if let Some(usage) = paragraph.strip_prefix("Usage: ") {
            hints.push(format!("Usage: {usage}"));
        }
    }
    hints.push("Add `--help` to learn more.".to_owned());
    Complaint::usage(message, hints.join("\n      "))
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let text = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    let whole = text.ends_with(['.', '!', '?']) || text.contains('\n');
    if whole { text } else { text + "." }
}
