//! `keyline keys list` and `keyline keys remove`: a person's passkeys at Entra.

use std::io::Write;
use std::path::Path;

use crate::adapter::entra::Entra;
use crate::adapter::ledger::SqliteLedger;
use crate::app::keys::{self, Choice, CutOff, Gone, Order, PersonsKey};
use crate::face::ask;
use crate::face::cli::{ListKeys, RemoveKeys};
use crate::face::report::{self, Style};
use crate::face::say::{self, Complaint, ExitCode, clean, moment};
use crate::wire::commands::Ended;
use crate::wire::commands::book::Book;
use crate::wire::commands::reply::{Reply, reply};
use crate::wire::config::Config;
use crate::wire::{WireFault, station};

/// A person's list, and what is needed to change it.
struct Found {
    config: Config,
    entra: Entra,
    keys: Vec<PersonsKey>,
    /// Earlier removals of this person that were cut off.
    cut_off: Vec<CutOff>,
}

/// `keyline keys list`
pub(in crate::wire::commands) fn list(path: &Path, wish: &ListKeys, out: &mut dyn Write) -> Ended {
    let found = find(path, &wish.user)?;
    let style = Style::here(wish.json);
    tell_of_cut_off(&found.cut_off, &style);
    report::keys(&wish.user, &found.keys, &style, out)?;
    Ok(ExitCode::Done)
}

/// `keyline keys remove`
pub(in crate::wire::commands) fn remove(
    path: &Path,
    wish: &RemoveKeys,
    out: &mut dyn Write,
) -> Ended {
    reply(wish.json, out, |reply| {
        remove_what_is_meant(path, wish, reply)
    })
}

fn remove_what_is_meant(path: &Path, wish: &RemoveKeys, reply: &mut Reply<'_>) -> Ended {
    let found = find(path, &wish.user)?;
    let style = Style::here(false);
    tell_of_cut_off(&found.cut_off, &style);
    let choice = if wish.all_passkeys {
        Choice::AllPasskeys
    } else if wish.all {
        Choice::SecurityKeys
    } else {
        Choice::Named(wish.keys.clone())
    };
    let chosen = keys::choose(&found.keys, &choice)
        .map_err(|unclear| say::keys::unclear(&unclear, &wish.user))?;
    let counted_on = chosen.iter().find(|key| key.is_of_open_job());
    if let Some(key) = counted_on.filter(|_| !wish.of_open_jobs) {
        return Err(say::keys::of_open_job(key));
    }
    let mut book = Book::of(&found.config)?;
    if chosen.is_empty() {
        ask::say(&format!(
            "{} has no such passkey at Entra: nothing to delete.",
            clean(&wish.user)
        ));
    } else {
        agree(wish, &found, &chosen, &style)?;
    }
    let order = Order {
        user: wish.user.trim(),
        reason: wish.reason.as_deref(),
        cut_off: &found.cut_off,
    };
    let mut told = Vec::new();
    let came = keys::remove(
        &found.entra,
        &order,
        &chosen,
        &mut |keeping| book.keep(keeping),
        &mut |key, gone| {
            told.push(report::gone_key(key, gone));
            reply.line(&say::keys::came(key, gone));
        },
    );
    // Also where the ledger failed in between: what is deleted is deleted.
    if came.is_ok() || !told.is_empty() {
        reply.fact("user", order.user);
        reply.fact("keys", told);
    }
    Ok(close(&came?))
}

fn close(came: &[Gone]) -> ExitCode {
    if let Some(hint) = say::keys::hint(came) {
        ask::say(&format!("hint: {hint}"));
    }
    say::keys::exit(came)
}

/// Says what is lost, and asks.
fn agree(
    wish: &RemoveKeys,
    found: &Found,
    chosen: &[PersonsKey],
    style: &Style,
) -> Result<(), Complaint> {
    ask::say(&say::keys::about_to_go(&wish.user, chosen.len(), wish.yes));
    for key in chosen {
        let added = report::added(key, style);
        ask::say(&format!("  {}", say::keys::lost(key, added.as_deref())));
    }
    if chosen.len() == found.keys.len() {
        ask::say(&say::keys::last_one(&wish.user));
    }
    if wish.yes {
        return Ok(());
    }
    ask::insist(say::keys::QUESTION, wish.json)
}

fn find(path: &Path, user: &str) -> Result<Found, Complaint> {
    // Whatever is wrong with what was typed is told before anybody is asked.
    let user = say::keys::person(user)?;
    let config = Config::load(path).map_err(WireFault::from)?;
    let ledger: SqliteLedger = station::read_ledger(&config)?;
    let entra = station::tenant(&config)?;
    let keys = keys::list(&ledger, &entra, user)?;
    let cut_off = keys::cut_off(&ledger, user, &keys)?;
    Ok(Found {
        config,
        entra,
        keys,
        cut_off,
    })
}

fn tell_of_cut_off(cut_off: &[CutOff], style: &Style) {
    for earlier in cut_off {
        let at = moment::local(earlier.open.at, &style.zone);
        ask::say(&format!("note: {}", say::keys::cut_off(earlier, &at)));
    }
}
