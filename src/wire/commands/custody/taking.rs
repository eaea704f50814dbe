//! Taking keys back: which key is meant, what its person is left with, and the wiping of a key that came back.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::admin::Change;
use crate::app::journal;
use crate::app::restock::{Looked, Met, Wiping};
use crate::domain::authenticator::Serial;
use crate::domain::custody::Fate;
use crate::domain::enrollment::Standing;
use crate::domain::fault::{Fault, Move};
use crate::domain::job::{ERASED_PERSON, JobId};
use crate::domain::station::signal::{CameBack, Cards, ConfirmCards};
use crate::face::ask;
use crate::face::cli::{Retirement, Return};
use crate::face::control::Answer;
use crate::face::report::{find_one, job_facts, name};
use crate::face::say::{self, Complaint, ExitCode, clean, fault};
use crate::port::{
    Attendant, CancelFlag, Clock, JobRecord, Keys, Ledger, PasskeyState, RelyingParty,
};
use crate::wire::commands::custody::{asked, work_off};
use crate::wire::commands::reply::{Reply, reply};
use crate::wire::commands::{Ended, admin, keys};
use crate::wire::config::Config;
use crate::wire::station;

/// How long a running station is watched that is to delete a passkey.
const STATION_PATIENCE: Duration = Duration::from_secs(15);
const GLANCE: Duration = Duration::from_millis(250);
/// How long the key is waited for that is to be wiped.
const KEY_PATIENCE: Duration = Duration::from_secs(120);

pub(in crate::wire::commands) fn take_back(
    path: &Path,
    wish: &Return,
    out: &mut dyn Write,
) -> Ended {
    reply(wish.retirement.json, out, |reply| {
        take_and_wipe(path, wish, reply)
    })
}

fn take_and_wipe(path: &Path, wish: &Return, reply: &mut Reply<'_>) -> Ended {
    // The key is looked up once: what was typed may mean another one after the first was taken back.
    let job = take_from_person(path, Fate::Returned, &wish.retirement, reply)?;
    let config = admin::load(path)?;
    let record = station::read_ledger(&config)?.job(job)?;
    let is_wiped = record.is_none_or(|record| record.custody.wiped);
    reply.fact("wiped", is_wiped);
    if is_wiped {
        return Ok(ExitCode::Done);
    }
    let runs = SqliteLedger::is_in_use(&config.path(&config.ledger.file))?;
    if wish.wipe_later || runs {
        ask::say(if runs {
            "Put the key into any slot of the running station: it is wiped there."
        } else {
            "The key is not wiped yet: put it into any slot of the station when it runs next, or type the same again without --wipe-later."
        });
        return Ok(ExitCode::Waiting);
    }
    let ledger = station::open_ledger(&config)?;
    ledger.sign_lock("a command that wipes a key");
    wipe_next(&station::hardware(&config), &ledger, job, KEY_PATIENCE)?;
    reply.fact("wiped", true);
    reply.line("The key is wiped. It may be enrolled anew.");
    Ok(ExitCode::Done)
}

pub(in crate::wire::commands) fn retire(
    path: &Path,
    fate: Fate,
    wish: &Retirement,
    out: &mut dyn Write,
) -> Ended {
    reply(wish.json, out, |reply| {
        take_from_person(path, fate, wish, reply).map(|_| ExitCode::Done)
    })
}

/// The job whose key it was.
fn take_from_person(
    path: &Path,
    fate: Fate,
    wish: &Retirement,
    reply: &mut Reply<'_>,
) -> Result<JobId, Complaint> {
    let config = admin::load(path)?;
    let ledger = station::read_ledger(&config)?;
    let record = find_key(&ledger, &wish.key)?;
    let who = clean(&name(&record));
    let is_already = record.custody.retired == Some(fate);
    let ours = if is_already {
        // Whoever types it again may want what was cut off before.
        let told = format!("The key of {who} is {} already.", fate.word());
        reply.facts(job_facts(&record));
        reply.fact("message", told.as_str());
        reply.line(&told);
        unless_a_station_runs(&config)?
    } else {
        if record.standing == Standing::Done && record.custody.retired.is_none() {
            warn(&config, &ledger, &record, wish)?;
        }
        write_down(&config, &record, fate, &wish.reason, reply)?
    };
    reply.fact("already", is_already);
    let by_station = ours.is_none();
    // What was spared waited for a hand-over that never comes: it was told above.
    let _done = work_off(&config, ours, &BTreeSet::from([record.job.id]))?;
    let gone = is_gone(&ledger, &record, by_station)?;
    let is_erased = record.job.request.user == ERASED_PERSON;
    reply.fact("passkey_deleted", (!is_erased).then_some(gone));
    ask::say(match gone {
        _ if is_erased => {
            "The person was erased, so its passkey cannot be found from here: look for it in the Entra admin center."
        }
        true => "Its passkey is deleted at Entra.",
        false => {
            "Its passkey was not seen at Entra, or is deleted there in a moment; the station looks for it again."
        }
    });
    Ok(record.job.id)
}

/// By the running station, or here. Returns the ledger, still held, where no station runs.
fn write_down(
    config: &Config,
    record: &JobRecord,
    fate: Fate,
    reason: &str,
    reply: &mut Reply<'_>,
) -> Result<Option<Arc<SqliteLedger>>, Complaint> {
    let change = Change::Retire {
        fate,
        reason: reason.to_owned(),
    };
    let mut told = Ok(());
    let ours = admin::put_all(config, &[asked(record, change)], &mut |_, answer| {
        if let Answer::Done { facts, .. } = &answer {
            reply.facts(facts.clone());
        }
        told = answer.into_result().map(|sentence| {
            reply.fact("message", sentence.as_str());
            reply.line(&sentence);
        });
        Ok(())
    })?;
    told.map(|()| ours)
}

pub(super) fn unless_a_station_runs(
    config: &Config,
) -> Result<Option<Arc<SqliteLedger>>, Complaint> {
    if SqliteLedger::is_in_use(&config.path(&config.ledger.file))? {
        return Ok(None);
    }
    Ok(Some(Arc::new(station::open_ledger(config)?)))
}

/// The job of the key that is meant. A serial number means whoever has the key now, whoever had it before.
fn find_key(ledger: &dyn Ledger, text: &str) -> Result<JobRecord, Complaint> {
    let text = text.trim();
    let mut found = ledger.find(text)?;
    let by_serial = Serial::new(text).filter(|_| found.len() > 1);
    if let Some(serial) = by_serial
        && found.iter().all(|one| one.serial.as_ref() == Some(&serial))
        && let Some(holder) = ledger.holders_of_serial(&serial)?.first()
        && let Some(record) = ledger.job(holder.job)?
    {
        return Ok(record);
    }
    // A person whose other jobs came to nothing is meant with the key that they have. Where one was taken back before, nobody
    // can tell whether that one is meant again: a command that is repeated must not take the person's next key.
    found.retain(|one| one.standing == Standing::Done);
    match (found.pop(), found.is_empty()) {
        (Some(record), true) => Ok(record),
        _ => find_one(ledger, text),
    }
}

/// Says what the person is left with, and asks.
fn warn(
    config: &Config,
    ledger: &dyn Ledger,
    record: &JobRecord,
    wish: &Retirement,
) -> Result<(), Complaint> {
    let others = others(config, ledger, record);
    let told = say::custody::last_method(&clean(&name(record)), others);
    if wish.yes {
        ask::say(&told);
        return Ok(());
    }
    let question = format!(
        "{told} The passkey of this key is deleted at Entra then, and that cannot be undone."
    );
    ask::insist(&question, wish.json)
}

/// How many passkeys the person has at Entra beside the one of this key. `None` when it could not be asked.
fn others(config: &Config, ledger: &dyn Ledger, record: &JobRecord) -> Option<usize> {
    let user = &record.job.request.user;
    if user == ERASED_PERSON {
        return None;
    }
    let own = journal::replay(ledger, record.job.id).ok()?;
    let listed = station::tenant(config).ok()?.credentials(user);
    match listed {
        Ok(listed) => Some(
            listed
                .iter()
                .filter(|entry| Some(&entry.method) != own.method())
                .count(),
        ),
        Err(fault) => {
            ask::say(&fault::message(&fault));
            None
        }
    }
}

/// Whether the passkey of the job is known to be deleted. A running station is given some seconds for it.
fn is_gone(ledger: &dyn Ledger, record: &JobRecord, by_station: bool) -> Result<bool, Complaint> {
    let until = Instant::now() + STATION_PATIENCE;
    loop {
        let passkeys = ledger.passkeys_of_user(&record.job.request.user)?;
        let gone = passkeys
            .iter()
            .filter(|one| one.job == record.job.id && !one.given_up)
            .all(|one| one.state == PasskeyState::Gone);
        if gone || !by_station || Instant::now() >= until {
            return Ok(gone);
        }
        SystemClock.wait(GLANCE, &CancelFlag::default());
    }
}

/// Waits for the key of `job` among those that arrive at `keys`, and wipes it. Other keys are not touched.
///
/// # Errors
/// When no key comes within `patience`, or it cannot be wiped; nothing is lost then, and it can be tried again.
pub fn wipe_next(
    keys: &dyn Keys,
    ledger: &dyn Ledger,
    job: JobId,
    patience: Duration,
) -> Result<(), Complaint> {
    let actor = admin::actor();
    let events = keys::watch(keys)?;
    let looked = Looked::default();
    // Whoever lays it on a reader now has just said which key is to be wiped.
    let cards = Cards::new(ConfirmCards::Never);
    ask::say(
        "Insert the key, or lay it on a reader, and touch it when it blinks. If it is in already: lift it and put it back.",
    );
    loop {
        let place = keys::next_key(&events, patience)?;
        let attendant = Attendant {
            cancel: CancelFlag::default(),
            on_touch: Box::new(|_| {}),
        };
        let wiped = keys.open(&place, attendant).and_then(|mut key| {
            let wiping = Wiping {
                ledger,
                clock: &SystemClock,
                place: &place,
                looked: &looked,
                cards: &cards,
                actor: &actor,
            };
            match wiping.came_back(key.as_mut())? {
                Some(back) if back.job == job => wiping.wipe(key.as_mut(), &back).map(Some),
                Some(_) | None => Ok(None),
            }
        });
        match wiped {
            Ok(Some(Met::Wiped(_))) => return Ok(()),
            Ok(Some(Met::Left(CameBack::Foreign | CameBack::Unconfirmed { .. }))) => {
                return Err(Complaint::from(&Fault::KeyHoldsPasskey));
            }
            Ok(None) => ask::say("This is another key, and it stays as it is. Lift it."),
            // It says by itself what to do: take it out and put it back.
            Err(fault) if fault.whose_move() == Move::PutBack => {
                ask::say(&format!(
                    "{} {}",
                    fault::message(&fault),
                    fault::hint(&fault)
                ));
            }
            Err(fault) => return Err(Complaint::from(&fault)),
        }
    }
}
