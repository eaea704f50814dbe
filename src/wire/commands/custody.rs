//! `keyline handover`, and `keyline keys return`, `lost` and `scrap`: what the administrator says of keys that were given out. It is
//! written down first, by the running station or here; what follows at Entra is done by whoever wrote it. Asks before something
//! goes that cannot be brought back.

mod late;
mod taking;

pub use taking::wipe_next;
pub(super) use taking::{retire, take_back};

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::admin::{Change, Unchanged, may_hand_over};
use crate::app::duties::{self, Sides, Worked};
use crate::app::journal;
use crate::domain::custody::NotHandedOver;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, JobId};
use crate::face::ask;
use crate::face::cli::Handover;
use crate::face::control::{Answer, Ask};
use crate::face::report::{self, find_one, name};
use crate::face::say::{self, Complaint, ExitCode, clean};
use crate::port::{Clock as _, JobRecord, Ledger};
use crate::wire::commands::{Ended, admin, cannot_write, said};
use crate::wire::config::Config;
use crate::wire::{WireFault, log, station};

pub(super) fn handover(path: &Path, wish: &Handover, out: &mut dyn Write) -> Ended {
    late::told(out, |out| hand_over_what_is_meant(path, wish, out))
}

fn hand_over_what_is_meant(path: &Path, wish: &Handover, out: &mut dyn Write) -> Ended {
    let config = admin::load(path)?;
    let ledger = station::read_ledger(&config)?;
    match (&wish.job, &wish.batch) {
        (Some(job), _) => one(&config, &ledger, job, wish.yes, out),
        (None, batch) => {
            let batch = batch.as_deref().unwrap_or_default();
            whole(&config, &ledger, batch, wish.yes, out)
        }
    }
}

fn one(config: &Config, ledger: &SqliteLedger, job: &str, yes: bool, out: &mut dyn Write) -> Ended {
    let record = find_one(ledger, job)?;
    let who = name(&record);
    match verdict(ledger, &record)? {
        Ok(()) => {}
        Err(Unchanged::NotHandedOver(NotHandedOver::Already)) => {
            return again(config, ledger, &record, out);
        }
        Err(why) => return Err(say::admin::refused(&why, &who)),
    }
    agree(1, older(&record), yes)?;
    let mut told = Ok(());
    let asked = [hand_over(&record)];
    let ours = admin::put_all(config, &asked, &mut |_, answer| {
        told = answer
            .into_result()
            .and_then(|sentence| said(out, &format!("{sentence}\n")).map(drop));
        Ok(())
    })?;
    told?;
    older_go(config, ours, &BTreeSet::from([record.job.id]), out)?;
    Ok(ExitCode::Done)
}

/// It was said before; whoever says it again may want to know what became of the older passkeys.
fn again(config: &Config, ledger: &SqliteLedger, record: &JobRecord, out: &mut dyn Write) -> Ended {
    let jobs = BTreeSet::from([record.job.id]);
    let who = clean(&name(record));
    let older = duties::waiting(ledger, &jobs, SystemClock.now())?;
    if older == 0 {
        let told = format!("{who} is handed over already; nothing more is needed.\n");
        return said(out, &told);
    }
    let _done = said(out, &format!("{who} is handed over already.\n"))?;
    match taking::unless_a_station_runs(config)? {
        Some(ours) => older_go(config, Some(ours), &jobs, out)?,
        None => return Err(say::custody::still_there(older)),
    }
    Ok(ExitCode::Done)
}

/// Where no station runs that does it, the older passkeys of these jobs go now. Says which stay.
fn older_go(
    config: &Config,
    ours: Option<Arc<SqliteLedger>>,
    jobs: &BTreeSet<JobId>,
    out: &mut dyn Write,
) -> Result<(), Complaint> {
    let Some(ledger) = ours else {
        return Ok(());
    };
    let done = work_off(config, Some(Arc::clone(&ledger)), jobs)?;
    for why in &done.spared {
        let _done = said(out, &format!("{}\n", say::custody::spared(why)))?;
    }
    match duties::waiting(ledger.as_ref(), jobs, SystemClock.now())? {
        0 => Ok(()),
        older => Err(say::custody::still_there(older)),
    }
}

/// What became of the keys of a batch.
#[derive(Default)]
struct Tally {
    now: usize,
    before: usize,
    stay: usize,
}

fn whole(
    config: &Config,
    ledger: &SqliteLedger,
    batch: &str,
    yes: bool,
    out: &mut dyn Write,
) -> Ended {
    let records = ledger.jobs(Some(&BatchName(batch.to_owned())))?;
    if records.is_empty() {
        return Err(report::no_such_batch(ledger, batch)?);
    }
    let mut tally = Tally::default();
    let mut ready = Vec::new();
    let mut jobs = BTreeSet::new();
    for record in records {
        match verdict(ledger, &record)? {
            Ok(()) => ready.push(record),
            Err(Unchanged::NotHandedOver(NotHandedOver::Already)) => {
                tally.before += 1;
                jobs.insert(record.job.id);
            }
            // Nobody waits for it any more.
            Err(Unchanged::Cancelled) => {}
            Err(why) => {
                tally.stay += 1;
                line(&record, &in_few_words(&why), out)?;
            }
        }
    }
    agree(ready.len(), ready.iter().map(older).sum(), yes)?;
    let asked: Vec<Ask> = ready.iter().map(hand_over).collect();
    let ours = admin::put_all(config, &asked, &mut |at, answer| {
        let Some(record) = ready.get(at) else {
            return Ok(());
        };
        match answer {
            Answer::Refused { message, .. } => {
                tally.stay += 1;
                line(record, &message, out)
            }
            Answer::Done { .. }
            | Answer::Acted { .. }
            | Answer::Kept { .. }
            | Answer::Part { .. } => {
                tally.now += 1;
                jobs.insert(record.job.id);
                Ok(())
            }
        }
    })?;
    let told = format!(
        "{} handed over now, {} before, {} not yet.\n",
        tally.now, tally.before, tally.stay
    );
    let _done = said(out, &told)?;
    older_go(config, ours, &jobs, out)?;
    Ok(if tally.now == 0 && tally.stay > 0 {
        ExitCode::Waiting
    } else {
        ExitCode::Done
    })
}

fn verdict(ledger: &SqliteLedger, record: &JobRecord) -> Result<Result<(), Unchanged>, Complaint> {
    let enrollment = journal::replay(ledger, record.job.id)?;
    match may_hand_over(ledger, record, &enrollment) {
        Err(Unchanged::Fault(fault)) => Err(fault.into()),
        verdict => Ok(verdict),
    }
}

fn in_few_words(why: &Unchanged) -> String {
    if let Unchanged::NotHandedOver(why) = why {
        return say::custody::not_yet(*why).to_owned();
    }
    why.to_string()
}

fn line(record: &JobRecord, why: &str, out: &mut dyn Write) -> Result<(), Complaint> {
    writeln!(out, "{}: {}", clean(&name(record)), clean(why)).map_err(|error| cannot_write(&error))
}

fn older(record: &JobRecord) -> usize {
    usize::try_from(record.custody.pending).unwrap_or(usize::MAX)
}

fn hand_over(record: &JobRecord) -> Ask {
    asked(record, Change::HandOver)
}

/// By the number in the first column of every list, which always means that job.
fn asked(record: &JobRecord, change: Change) -> Ask {
    Ask::Change {
        job: record.job.id.to_string(),
        change,
        actor: admin::actor(),
    }
}

/// Asks only where something goes that cannot be brought back.
fn agree(keys: usize, older: usize, yes: bool) -> Result<(), Complaint> {
    if yes || older == 0 {
        return Ok(());
    }
    insist(&say::custody::may_go(keys, older))
}

/// Nothing is done unless somebody says yes.
fn insist(question: &str) -> Result<(), Complaint> {
    match ask::agrees(question) {
        Some(true) => Ok(()),
        Some(false) => Err(Complaint::new(
            ExitCode::Interrupted,
            "Nothing was changed.",
            "Type the same again when you are sure.",
        )),
        None => Err(Complaint::usage(
            format!("{question} Nobody can be asked here, so nothing was changed."),
            "Add --yes when that is what you want.",
        )),
    }
}

/// What these jobs have to be rid of at Entra is deleted now, where no station runs that does it. `ours`: the ledger, held.
fn work_off(
    config: &Config,
    ours: Option<Arc<SqliteLedger>>,
    jobs: &BTreeSet<JobId>,
) -> Result<Worked, Complaint> {
    let Some(ledger) = ours else {
        return Ok(Worked::default());
    };
    // What changes something at Entra stands in the log with its request-id.
    let _log = log::open(config).map_err(WireFault::from)?;
    let later = |why: Complaint| {
        Complaint::new(
            ExitCode::RelyingParty,
            format!(
                "It is noted down, but not everything could be deleted at Entra now. {}",
                why.message
            ),
            format!("The station does it when it runs next. {}", why.hint),
        )
    };
    let entra = station::tenant(config).map_err(|why| later(why.into()))?;
    let sides = Sides {
        ledger: ledger.as_ref(),
        relying_party: &entra,
        clock: &SystemClock,
    };
    duties::work_for(&sides, jobs, &admin::actor()).map_err(|fault: Fault| later(fault.into()))
}
