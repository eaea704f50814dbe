//! Looking at jobs and changing them. A running station is asked over its socket; without one the ledger is opened here,
//! and its lock keeps a station from starting meanwhile.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::folder::lying;
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::admin::Change;
use crate::face::ask;
use crate::face::cli::Jobs;
use crate::face::control::{self, Alone, Answer, Ask};
use crate::face::report::{self, Beside, Style};
use crate::face::say::{Complaint, ExitCode};
use crate::port::Clock;
use crate::wire::commands::reply::reply;
use crate::wire::commands::{Ended, people, trail};
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, attend, policies, station};

pub(super) fn status(config: &Path, json: bool, out: &mut dyn Write) -> Ended {
    let config = load(config)?;
    let ledger = station::read_ledger(&config)?;
    // Only a running station knows it: it is nothing that a ledger keeps.
    let printer = control::look(&attend::socket_path(&config)?, &Ask::Printer);
    let queue = config.path(&config.queue.folder);
    let beside = Beside {
        printer,
        // Whoever may read the ledger alone is told what it says all the same.
        files: lying(&queue).unwrap_or_default(),
    };
    report::status(&ledger, &beside, &Style::here(json), out)?;
    Ok(ExitCode::Done)
}

pub(super) fn jobs(path: &Path, command: &Jobs, out: &mut dyn Write) -> Ended {
    let config = load(path)?;
    let (job, change, json) = match command {
        Jobs::Add(wish) => return people::add(path, wish, out),
        Jobs::FromGroup(wish) => return people::from_group(path, wish, out),
        Jobs::List { batch, json } => {
            let ledger = station::read_ledger(&config)?;
            report::list(&ledger, batch.as_deref(), &Style::here(*json), out)?;
            return Ok(ExitCode::Done);
        }
        Jobs::Show { job, json } => {
            let ledger = station::read_ledger(&config)?;
            let record = report::find_one(&ledger, job)?;
            report::show(&ledger, &record, &Style::here(*json), out)?;
            return Ok(ExitCode::Done);
        }
        Jobs::Hold { job, reason, json } => {
            let reason = reason.clone();
            (job, Change::Hold { reason }, json)
        }
        Jobs::Release { job, json } => (job, Change::Release, json),
        Jobs::Cancel { job, json } => (job, Change::Cancel, json),
        Jobs::Retry { job, json } => (job, Change::Retry, json),
    };
    let asked = Ask::Change {
        job: job.clone(),
        change,
        actor: actor(),
    };
    bring_about(&config, &asked, *json, out)
}

pub(super) fn erase(config: &Path, user: &str, json: bool, out: &mut dyn Write) -> Ended {
    let asked = Ask::Erase {
        user: user.to_owned(),
        actor: actor(),
    };
    bring_about(&load(config)?, &asked, json, out)
}

/// What was done is told in words, or as data with the words in it.
pub(super) fn bring_about(config: &Config, asked: &Ask, json: bool, out: &mut dyn Write) -> Ended {
    let answer = put(config, asked)?;
    let note = match &answer {
        Answer::Acted { note, .. } => note.clone(),
        Answer::Done { .. }
        | Answer::Kept { .. }
        | Answer::Part { .. }
        | Answer::Refused { .. } => None,
    };
    let ended = reply(json, out, |reply| {
        match &answer {
            Answer::Done { message, facts } => {
                reply.facts(facts.clone());
                reply.fact("message", message.as_str());
            }
            Answer::Acted {
                message,
                result,
                item,
                note,
            } => {
                reply.facts(trail::taken(message, result, item, note.as_deref()));
            }
            Answer::Kept { .. } | Answer::Part { .. } | Answer::Refused { .. } => {}
        }
        reply.line(&answer.into_result()?);
        Ok(ExitCode::Done)
    });
    if let Some(note) = note {
        ask::say(&format!("note: {note}"));
    }
    ended
}

/// Asks the running station, or does it here where none runs. A refusal is an answer.
pub(super) fn put(config: &Config, asked: &Ask) -> Result<Answer, Complaint> {
    let mut answered = None;
    put_all(config, std::slice::from_ref(asked), &mut |_, answer| {
        answered = Some(answer);
        Ok(())
    })?;
    answered.ok_or_else(|| Complaint::usage("Nobody answered.", "Try again."))
}

/// Asks for several things, one after another, and tells each answer with its place. Returns the ledger, still held, where no
/// station runs.
pub(super) fn put_all(
    config: &Config,
    asked: &[Ask],
    tell: &mut dyn FnMut(usize, Answer) -> Result<(), Complaint>,
) -> Result<Option<Arc<SqliteLedger>>, Complaint> {
    let socket = attend::socket_path(config)?;
    let mut ours: Option<Arc<SqliteLedger>> = None;
    for (at, one) in asked.iter().enumerate() {
        if ours.is_none()
            && let Some(answer) = control::ask(&socket, one)?
        {
            tell(at, answer)?;
            continue;
        }
        let ledger = match &ours {
            Some(ledger) => Arc::clone(ledger),
            None => {
                refuse_as_root_for_another(&config.path(&config.ledger.file))?;
                let ledger = Arc::new(station::open_ledger(config)?);
                Arc::clone(ours.insert(ledger))
            }
        };
        tell(at, alone(config, ledger, one))?;
    }
    Ok(ours)
}

fn alone(config: &Config, ledger: Arc<SqliteLedger>, asked: &Ask) -> Answer {
    let erase = attend::erasing(ledger.clone());
    let alone = Alone {
        ledger,
        policies: &|| {
            policies::load(config).map_err(|fault| Complaint::from(WireFault::from(fault)))
        },
        press: &|| Ok(station::open_press(config)?.0),
        erase: &|user, actor| erase(user, actor),
        now: SystemClock.now(),
    };
    control::by_ourselves(&alone, asked)
}

pub(super) fn load(path: &Path) -> Result<Config, WireFault> {
    Ok(Config::load(path)?)
}

/// Who changes something from the command line: the account, for the journal.
pub(in crate::wire) fn actor() -> String {
    let name = std::env::var("USER").unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .take(32)
        .collect();
    if name.is_empty() {
        "administrator".to_owned()
    } else {
        format!("administrator {name}")
    }
}
