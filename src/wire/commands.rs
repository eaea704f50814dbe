//! One function per command of the command line: builds what it needs and hands it to the face that shows it.

pub(in crate::wire) mod admin;
mod batches;
mod book;
pub(in crate::wire) mod check;
mod console;
pub mod custody;
mod entra;
pub mod keys;
pub(in crate::wire) mod ledger;
mod mailer;
pub(in crate::wire) mod mds;
pub(in crate::wire) mod online;
pub(in crate::wire) mod people;
mod perform;
pub(in crate::wire) mod pins;
mod printers;
mod reconcile;
mod reply;
mod setup;
mod slips;
mod specimen;
mod stock;
mod trail;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::entra::EntraConfigError;
use crate::adapter::system;
use crate::app::station::Summary;
use crate::domain::custody::Fate;
use crate::face::cli::{
    CONFIG_DEFAULT, CONFIG_INSTALLED, Cli, Command, Keys, People, Slots, completions, man,
};
use crate::face::say::{Complaint, ExitCode, cannot_write};
use crate::face::terminal::final_table;
use crate::wire::attend::Attendance;
use crate::wire::config::{Config, Remedy};
use crate::wire::{WireFault, demo, init, log, run, station};

/// What a command comes to.
pub type Ended = Result<ExitCode, Complaint>;

/// Carries out what was typed. Answers go to `out`, talk to stderr through the faces.
///
/// # Errors
/// What went wrong and what to do, for stderr.
pub fn carry_out(cli: &Cli, out: &mut dyn Write) -> Ended {
    system::harden()?;
    let config = meant(&cli.config);
    match &cli.command {
        Command::Init(wish) if wish.configured => told_of(&init::init_configured(config)?),
        Command::Init(wish) => init(&cli.config, wish),
        Command::Run(wish) => run(config, wish, out),
        Command::Check(wish) => match &wish.file {
            Some(file) => check::check(config, file, out),
            None => online::check(config, wish, out),
        },
        Command::Status { json } => admin::status(config, *json, out),
        Command::Jobs { command } => admin::jobs(config, command, out),
        Command::Users { command } => people::users(config, command, out),
        Command::Groups { command } => people::groups(config, command, out),
        Command::Mailer { command } => mailer::mailer(config, command, out),
        Command::Printers(wish) => printers::printers(config, wish, out),
        Command::Batches(wish) => batches::batches(config, wish, out),
        Command::Keys {
            command: Keys::Identify { json },
        } => keys::identify(config, *json, out),
        Command::Keys {
            command: Keys::Return(wish),
        } => custody::take_back(config, wish, out),
        Command::Keys {
            command: Keys::Lost(wish),
        } => custody::retire(config, Fate::Lost, wish, out),
        Command::Keys {
            command: Keys::Scrap(wish),
        } => custody::retire(config, Fate::Scrapped, wish, out),
        Command::Handover(wish) => custody::handover(config, wish, out),
        Command::Keys {
            command: Keys::List(wish),
        } => keys::list(config, wish, out),
        Command::Keys {
            command: Keys::Remove(wish),
        } => keys::remove(config, wish, out),
        Command::Stock(wish) => stock::stock(config, wish, out),
        Command::Mds { command } => mds::mds(config, command, out),
        Command::Slots {
            command: Slots::Learn,
        } => keys::learn(config, out),
        Command::Pins { command } => pins::show(config, command, out),
        Command::Ledger { command } => ledger::ledger(config, command, out),
        Command::People {
            command: People::Erase { user, json },
        } => admin::erase(config, user, *json, out),
        Command::Reconcile(wish) => reconcile::reconcile(config, wish, out),
        Command::Entra(command) => entra::entra(config, command, out),
        Command::Console(command) => console::console(config, command, out),
        Command::Demo(wish) => demo(wish, out),
        Command::Completions { shell } => completions(*shell, out)
            .map(|()| ExitCode::Done)
            .map_err(|error| cannot_write(&error)),
        Command::Man => man(out)
            .map(|()| ExitCode::Done)
            .map_err(|error| cannot_write(&error)),
    }
}

/// The configuration that is meant: that of the installed station, where nobody named one and none lies here.
fn meant(named: &Path) -> &Path {
    let installed = Path::new(CONFIG_INSTALLED);
    let other = named == Path::new(CONFIG_DEFAULT) && !named.exists() && installed.exists();
    if other { installed } else { named }
}

fn init(config: &Path, wish: &crate::face::cli::Init) -> Ended {
    let elsewhere = (config != Path::new(CONFIG_DEFAULT)).then(|| config.to_owned());
    let made = init::init(&init::Request {
        folder: wish.dir.clone(),
        config: elsewhere,
        recipients: wish.recipients.clone(),
        practice_identity: wish.practice_identity.clone(),
        settings: Vec::new(),
    })?;
    // "." says little to whoever looks at it later.
    let place = wish.dir.canonicalize().unwrap_or_else(|_| wish.dir.clone());
    let title = format!("A new station is ready in {}.", place.display());
    ready(
        &title,
        &made,
        "fill in [entra] in that file, then check it:",
    )
}

fn told_of(made: &init::Made) -> Ended {
    ready(
        "The station is ready, as its configuration says.",
        made,
        "check everything:",
    )
}

/// Says what was made, and what comes next.
fn ready(title: &str, made: &init::Made, next: &str) -> Ended {
    let mut talk = std::io::stderr();
    let mut told = format!(
        "{title}\n  configuration  {}\n  job files      {}\n  ledger         {}\n",
        made.config.display(),
        made.queue.join("new").display(),
        made.ledger.display()
    );
    if let Some(identity) = &made.identity {
        told.push_str(&format!(
            "\nwarning: {} opens every PIN of this station. That is for practice: in production make the pair on\nanother computer and give `keyline init --recipient age1…`.\n",
            identity.display()
        ));
    }
    told.push_str(&format!(
        "\nNext: {next} keyline check {}\n",
        made.config.display()
    ));
    talk.write_all(told.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Done)
}

fn run(path: &Path, wish: &crate::face::cli::Run, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    let _log = log::open(&config).map_err(WireFault::from)?;
    let attendance = Attendance::here();
    let keys = Arc::new(station::hardware(&config));
    let parts = station::assemble(&config, keys, attendance.operator())?;
    let request = run::Wish {
        limit: wish.limit,
        until_empty: wish.until_empty,
        operator: wish
            .operator
            .clone()
            .unwrap_or_else(|| "unnamed".to_owned()),
    };
    let summary = run::run(&config, &parts, &request, |parts, handle| {
        attendance.begin(&config, parts, &handle)
    })?;
    close(&parts, &summary, out)
}

fn demo(wish: &crate::face::cli::Demo, out: &mut dyn Write) -> Ended {
    let slots = u16::try_from(wish.slots).map_err(|_| too_many_slots())?;
    let stage = demo::Stage::set(demo::Wish {
        keys: wish.keys,
        slots,
        seed: wish.seed.unwrap_or(0),
        keep: wish.keep.clone(),
        printer: wish.printer.clone(),
        console: wish.console,
    })?;
    let _log = log::open(&stage.config).map_err(WireFault::from)?;
    let attendance = Attendance::in_practice();
    let parts = stage.assemble(attendance.operator())?;
    stage.announce();
    stage.drop_job_file()?;
    let summary = run::run(&stage.config, &parts, &stage.run_wish(), |parts, handle| {
        let hands = stage.hands(parts.board.clone())?;
        Ok::<_, Complaint>((attendance.begin(&stage.config, parts, &handle)?, hands))
    })?;
    let exit = close(&parts, &summary, out)?;
    let told = stage.say_where(out);
    if !summary.interrupted {
        told.map_err(|error| cannot_write(&error))?;
    }
    Ok(exit)
}

/// After the run: the table of what was done, and the worst outcome.
fn close(parts: &station::Parts, summary: &Summary, out: &mut dyn Write) -> Ended {
    if let Err(fault) = parts.ledger.tidy() {
        tracing::warn!(%fault, "the ledger could not be tidied");
    }
    let told = final_table(&parts.board.finished(0), summary.held.len(), out);
    if let Some(fault) = &summary.broken {
        return Err(fault.into());
    }
    // Whoever ended the run may have closed the terminal with it: nobody is left to read the table.
    if !summary.interrupted {
        told.map_err(|error| cannot_write(&error))?;
    }
    Ok(ExitCode::of_run(summary))
}

fn too_many_slots() -> Complaint {
    Complaint::usage(
        "No bench has so many slots.",
        "Give --slots a smaller number, such as 4.",
    )
}

fn said(out: &mut dyn Write, text: &str) -> Ended {
    out.write_all(text.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Done)
}

/// A policy was refused.
const MEND_POLICY: &str = "Mend the policy; nothing runs under it before.";

/// How a command ends that met such a fault, and what is to be done.
const fn remedy(remedy: Remedy) -> (ExitCode, &'static str) {
    match remedy {
        Remedy::Mend => (
            ExitCode::Usage,
            "Mend the file; `keyline check` tells whether it is right.",
        ),
        Remedy::MendPolicy => (ExitCode::Refused, MEND_POLICY),
        Remedy::MendTemplate => (
            ExitCode::Usage,
            "Mend the template that is named, or `[paper] templates` in the configuration where the folder is another one; `keyline check FILE` tells whether a template is right.",
        ),
        Remedy::Init => (
            ExitCode::Usage,
            "Go to the station's folder, or name its file with --config. `keyline init` makes a new station.",
        ),
        Remedy::Access => (
            ExitCode::Usage,
            "Run this as the station's user, to whom its files belong.",
        ),
        Remedy::Folder => (
            ExitCode::Usage,
            "Look at the folder's owner, its mode and what lies in its place, or name another one in the configuration.",
        ),
        Remedy::Variable => (ExitCode::Usage, "Set it to one of these, or unset it."),
    }
}

impl From<WireFault> for Complaint {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::Fault(fault) => Self::from(&fault),
            WireFault::Metadata(fault) => mds::complaint(&fault),
            WireFault::Config(fault) => {
                let (exit, hint) = remedy(fault.remedy);
                Self::new(exit, fault.to_string(), hint)
            }
            WireFault::Entra(fault) => {
                let hint = if matches!(fault, EntraConfigError::CaFile { .. }) {
                    "Look at the file, its owner and its mode, or name another one in the configuration."
                } else {
                    "Mend the configuration; the values are on the app registration's overview page."
                };
                Self::usage(format!("[entra] {fault}."), hint)
            }
            WireFault::Mailbox(fault) => Self::new(
                ExitCode::Journal,
                format!("The queue cannot be used: {fault}."),
                "Mend the folder, or name another one in the configuration.",
            ),
            WireFault::Usage { what, hint } => Self::usage(format!("{what}."), format!("{hint}.")),
            WireFault::Files { place, what } => Self::new(
                ExitCode::Journal,
                format!("{place}: {what}."),
                "Look at the folder's owner, its mode and the room on its disk.",
            ),
        }
    }
}
