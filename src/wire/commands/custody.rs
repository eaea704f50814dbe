//! `keyline handover`, and `keyline keys return`, `lost` and `scrap`: what the administrator says of keys that were given out. It is
//! written down first, by the running station or here; what follows at Entra is done by whoever wrote it. Asks before something
//! goes that cannot be brought back.

mod taking;

pub use taking::wipe_next;
pub(super) use taking::{retire, take_back};

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

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
use crate::face::control::Ask;
use crate::face::report::{self, find_one, name};
use crate::face::say::{self, Complaint, ExitCode, clean};
use crate::port::{Clock as _, JobRecord, Ledger};
use crate::wire::commands::reply::{Reply, reply};
use crate::wire::commands::{Ended, admin};
use crate::wire::config::Config;
use crate::wire::{WireFault, log, station};

/// It was said before.
const BEFORE: &str = "before";
/// It cannot be said of this key now.
const NOT_YET: &str = "not_yet";

pub(super) fn handover(path: &Path, wish: &Handover, out: &mut dyn Write) -> Ended {
    reply(wish.json, out, |reply| {
        hand_over_what_is_meant(path, wish, reply)
    })
}

fn hand_over_what_is_meant(path: &Path, wish: &Handover, reply: &mut Reply<'_>) -> Ended {
    let config = admin::load(path)?;
    let ledger = station::read_ledger(&config)?;
    match (&wish.job, &wish.batch) {
        (Some(job), _) => one(&config, &ledger, job, wish.yes, reply),
        (None, batch) => {
            let batch = batch.as_deref().unwrap_or_default();
            whole(&config, &ledger, batch, wish.yes, reply)
        }
    }
}

fn one(
    config: &Config,
    ledger: &SqliteLedger,
    job: &str,
    yes: bool,
    reply: &mut Reply<'_>,
) -> Ended {
    let record = find_one(ledger, job)?;
    let who = name(&record);
    match verdict(ledger, &record)? {
        Ok(()) => {}
        Err(Unchanged::NotHandedOver(NotHandedOver::Already)) => {
            return again(config, ledger, &record, reply);
        }
        Err(why) => return Err(say::admin::refused(&why, &who)),
    }
    agree(1, older(&record), yes, reply)?;
    let mut told = Ok(());
    let asked = [hand_over(&record)];
    let ours = admin::put_all(config, &asked, &mut |_, answer| {
        told = answer.into_result().map(|sentence| {
            reply.item("keys", key(&record, "handed_over", &sentence));
            reply.line(&sentence);
        });
        Ok(())
    })?;
    told?;
    older_go(config, ours, &BTreeSet::from([record.job.id]), reply)?;
    Ok(ExitCode::Done)
}

/// It was said before; whoever says it again may want to know what became of the older passkeys.
fn again(
    config: &Config,
    ledger: &SqliteLedger,
    record: &JobRecord,
    reply: &mut Reply<'_>,
) -> Ended {
    let jobs = BTreeSet::from([record.job.id]);
    let who = clean(&name(record));
    let older = duties::waiting(ledger, &jobs, SystemClock.now())?;
    let nothing = if older == 0 {
        "; nothing more is needed"
    } else {
        ""
    };
    let told = format!("{who} is handed over already{nothing}.");
    reply.item("keys", key(record, BEFORE, &told));
    reply.line(&told);
    if older == 0 {
        reply.fact("older_passkeys_left", 0);
        return Ok(ExitCode::Done);
    }
    match taking::unless_a_station_runs(config)? {
        Some(ours) => older_go(config, Some(ours), &jobs, reply)?,
        None => {
            reply.fact("older_passkeys_left", older);
            return Err(say::custody::still_there(older));
        }
    }
    Ok(ExitCode::Done)
}

/// Where no station runs that does it, the older passkeys of these jobs go now. Says which stay.
fn older_go(
    config: &Config,
    ours: Option<Arc<SqliteLedger>>,
    jobs: &BTreeSet<JobId>,
    reply: &mut Reply<'_>,
) -> Result<(), Complaint> {
    let Some(ledger) = ours else {
        // The running station deletes them, and tells nobody here.
        reply.fact("older_passkeys_left", Value::Null);
        return Ok(());
    };
    let done = work_off(config, Some(Arc::clone(&ledger)), jobs)?;
    reply.fact("older_passkeys_deleted", done.deleted);
    for why in &done.spared {
        reply.item("older_passkeys_spared", why.as_str());
        reply.line(&say::custody::spared(why));
    }
    let older = duties::waiting(ledger.as_ref(), jobs, SystemClock.now())?;
    reply.fact("older_passkeys_left", older);
    match older {
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
    reply: &mut Reply<'_>,
) -> Ended {
    let records = ledger.jobs(Some(&BatchName(batch.to_owned())))?;
    if records.is_empty() {
        return Err(report::no_such_batch(ledger, batch)?);
    }
    let mut tally = Tally::default();
    let mut ready = Vec::new();
    let mut jobs = BTreeSet::new();
    let mut left = Vec::new();
    for record in records {
        match verdict(ledger, &record)? {
            Ok(()) => ready.push(record),
            Err(Unchanged::NotHandedOver(NotHandedOver::Already)) => {
                tally.before += 1;
                jobs.insert(record.job.id);
                left.push(key(&record, BEFORE, ""));
            }
            // Nobody waits for it any more.
            Err(Unchanged::Cancelled) => {}
            Err(why) => {
                tally.stay += 1;
                let why = in_few_words(&why);
                line(&record, &why, reply);
                left.push(key(&record, NOT_YET, &why));
            }
        }
    }
    agree(ready.len(), ready.iter().map(older).sum(), yes, reply)?;
    for one in left {
        reply.item("keys", one);
    }
    let asked: Vec<Ask> = ready.iter().map(hand_over).collect();
    let ours = admin::put_all(config, &asked, &mut |at, answer| {
        let Some(record) = ready.get(at) else {
            return Ok(());
        };
        match answer.into_result() {
            Err(complaint) => {
                tally.stay += 1;
                line(record, &complaint.message, reply);
                reply.item("keys", key(record, NOT_YET, &complaint.message));
            }
            Ok(sentence) => {
                tally.now += 1;
                jobs.insert(record.job.id);
                reply.item("keys", key(record, "handed_over", &sentence));
            }
        }
        Ok(())
    })?;
    reply.line(&format!(
        "{} handed over now, {} before, {} not yet.",
        tally.now, tally.before, tally.stay
    ));
    older_go(config, ours, &jobs, reply)?;
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

fn line(record: &JobRecord, why: &str, reply: &mut Reply<'_>) {
    reply.line(&format!("{}: {}", clean(&name(record)), clean(why)));
}

/// What became of one key, for scripts.
fn key(record: &JobRecord, result: &str, message: &str) -> Value {
    json!({
        "job": record.job.id,
        "envelope": record.job.envelope.to_string(),
        "user": record.job.request.user,
        "serial": record.serial,
        "result": result,
        "message": message,
    })
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
fn agree(keys: usize, older: usize, yes: bool, reply: &Reply<'_>) -> Result<(), Complaint> {
    if yes || older == 0 {
        return Ok(());
    }
    ask::insist(&say::custody::may_go(keys, older), reply.is_json())
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
