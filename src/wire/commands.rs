//! One function per command of the command line: builds what it needs and hands it to the face that shows it.

mod admin;
pub mod keys;
mod pins;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::folder::check_file;
use crate::adapter::paper::Templates;
use crate::adapter::system;
use crate::app::intake;
use crate::app::station::Summary;
use crate::face::cli::{Cli, Command, Keys, People, Pins, Slots, completions, man};
use crate::face::say::{Complaint, ExitCode};
use crate::face::terminal::final_table;
use crate::wire::attend::Attendance;
use crate::wire::config::Config;
use crate::wire::{WireFault, demo, init, log, policies, run, station};

/// What a command comes to.
pub type Ended = Result<ExitCode, Complaint>;

/// Carries out what was typed. Answers go to `out`, talk to stderr through the faces.
///
/// # Errors
/// What went wrong and what to do, for stderr.
pub fn carry_out(cli: &Cli, out: &mut dyn Write) -> Ended {
    system::harden()?;
    match &cli.command {
        Command::Init(wish) => init(&cli.config, wish),
        Command::Run(wish) => run(&cli.config, wish, out),
        Command::Check { file } => check(&cli.config, file, out),
        Command::Status { json } => admin::status(&cli.config, *json, out),
        Command::Jobs { command } => admin::jobs(&cli.config, command, out),
        Command::Keys {
            command: Keys::Identify,
        } => keys::identify(&cli.config, out),
        Command::Slots {
            command: Slots::Learn,
        } => keys::learn(&cli.config, out),
        Command::Pins {
            command:
                Pins::Show {
                    job,
                    identity,
                    ledger,
                },
        } => pins::show(&cli.config, job, identity, ledger.as_deref(), out),
        Command::People {
            command: People::Erase { user },
        } => admin::erase(&cli.config, user, out),
        Command::Demo(wish) => demo(wish, out),
        Command::Completions { shell } => {
            completions(*shell, out);
            Ok(ExitCode::Done)
        }
        Command::Man => man(out)
            .map(|()| ExitCode::Done)
            .map_err(|error| cannot_write(&error)),
    }
}

fn init(config: &Path, wish: &crate::face::cli::Init) -> Ended {
    let elsewhere =
        (config != Path::new(crate::face::cli::CONFIG_DEFAULT)).then(|| config.to_owned());
    let made = init::init(&init::Request {
        folder: wish.dir.clone(),
        config: elsewhere,
        recipients: wish.recipients.clone(),
        practice_identity: wish.practice_identity.clone(),
        settings: Vec::new(),
    })?;
    let mut talk = std::io::stderr();
    let mut told = format!(
        "A new station is ready in {}.\n  configuration  {}\n  job files      {}\n  ledger         {}\n",
        wish.dir.display(),
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
        "\nNext: fill in [entra] in {}, then `keyline check` that file.\n",
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
    })?;
    let _log = log::open(&stage.config).map_err(WireFault::from)?;
    let attendance = Attendance::here();
    let parts = stage.assemble(attendance.operator())?;
    stage.announce();
    stage.drop_job_file()?;
    let summary = run::run(&stage.config, &parts, &stage.run_wish(), |parts, handle| {
        let hands = stage.hands(parts.board.clone())?;
        Ok::<_, Complaint>((attendance.begin(&stage.config, parts, &handle)?, hands))
    })?;
    let exit = close(&parts, &summary, out)?;
    stage.say_where(out).map_err(|error| cannot_write(&error))?;
    Ok(exit)
}

/// After the run: the table of what was done, and the worst outcome.
fn close(parts: &station::Parts, summary: &Summary, out: &mut dyn Write) -> Ended {
    if let Err(fault) = parts.ledger.tidy() {
        tracing::warn!(%fault, "the ledger could not be tidied");
    }
    final_table(&parts.board.finished(0), out).map_err(|error| cannot_write(&error))?;
    if let Some(fault) = &summary.broken {
        return Err(fault.into());
    }
    Ok(ExitCode::of_run(summary))
}

fn too_many_slots() -> Complaint {
    Complaint::usage(
        "No bench has so many slots.",
        "Give --slots a smaller number, such as 4.",
    )
}

/// A job file, a configuration or a policy; which one, its ending and its content tell.
fn check(config: &Path, file: &Path, out: &mut dyn Write) -> Ended {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let is_toml = file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let table = if is_toml {
        toml::from_str::<toml::Table>(&text).ok()
    } else {
        None
    };
    let has = |name: &str| table.as_ref().is_some_and(|table| table.contains_key(name));
    let in_policies = file
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|name| name == "policies");
    if is_toml && in_policies && !has("job") {
        policies::parse(&text).map_err(|what| {
            Complaint::new(
                ExitCode::Refused,
                format!("{}: {what}", file.display()),
                "Mend the policy; nothing runs under it before.",
            )
        })?;
        return said(out, &format!("{}: the policy is right.\n", file.display()));
    }
    if has("entra") || has("ledger") || has("queue") || file == config {
        return check_config(file, out);
    }
    check_job_file(config, file, out)
}

fn check_config(file: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(file).map_err(WireFault::from)?;
    let policies = policies::load(&config).map_err(WireFault::from)?;
    crate::adapter::entra::Entra::new(
        config.entra(),
        config.entra.client_secret.clone(),
        Arc::new(system::SystemClock),
        crate::port::CancelFlag::default(),
    )
    .map_err(WireFault::from)?;
    drop(station::read_ledger(&config)?);
    let names: Vec<&str> = policies.by_name.keys().map(String::as_str).collect();
    said(
        out,
        &format!(
            "{}: the configuration is right.\n  tenant      {} over {} ({})\n  policies    {}\n  recipients  {}\n  ledger      {}\n",
            file.display(),
            config.entra.tenant,
            config.entra.graph,
            config.entra.api.path(),
            names.join(", "),
            config.ledger.recipients.len(),
            config.path(&config.ledger.file).display()
        ),
    )
}

fn check_job_file(config: &Path, file: &Path, out: &mut dyn Write) -> Ended {
    let config = Config::load(config).map_err(WireFault::from)?;
    let policies = policies::load(&config).map_err(WireFault::from)?;
    let templates = Templates::shipped()?;
    let languages = templates.languages().map(str::to_owned).collect();
    let rules = intake::rules(&policies, languages);
    let name = file
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (unit, count, bad) = match check_file(file, &rules) {
        Ok(parsed) => {
            let (unit, count) = (parsed.unit, parsed.drafts.len());
            let ledger = station::read_ledger(&config)?;
            (
                unit,
                count,
                intake::objections(parsed, &policies, config.habits(), &ledger)?,
            )
        }
        Err(unusable) => (unusable.unit, 0, unusable.reasons),
    };
    if bad.is_empty() {
        return said(
            out,
            &format!("{}: {count} rows, all of them right.\n", file.display()),
        );
    }
    let fate = crate::domain::job::reason::Fate::Checked;
    out.write_all(crate::domain::job::reason::tell(&name, unit, fate, &bad).as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Refused)
}

fn said(out: &mut dyn Write, text: &str) -> Ended {
    out.write_all(text.as_bytes())
        .map_err(|error| cannot_write(&error))?;
    Ok(ExitCode::Done)
}

/// The reader of our output has gone away, or the disk is full.
fn cannot_write(error: &std::io::Error) -> Complaint {
    Complaint::new(
        ExitCode::Journal,
        format!("The answer could not be written: {error}."),
        "Look at where the output goes.",
    )
}

impl From<WireFault> for Complaint {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::Fault(fault) => Self::from(&fault),
            WireFault::Config(fault) => Self::usage(
                fault.to_string(),
                "Mend the file; `keyline check` tells whether it is right.",
            ),
            WireFault::Entra(fault) => Self::usage(
                format!("[entra] {fault}."),
                "Mend the configuration; the values are on the app registration's overview page.",
            ),
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
