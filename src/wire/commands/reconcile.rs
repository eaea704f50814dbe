//! `keyline reconcile`: the ledger is read here and the tenant is asked here, beside a running station or without one. What is
//! to be deleted is handed to the station that runs; without one it is deleted here, under the ledger's lock.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::adapter::entra::Entra;
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::duties::Sides;
use crate::app::reconcile::{self, Difference, Kind, Progress, Removal, Report};
use crate::domain::credential::CredentialId;
use crate::domain::job::ERASED_PERSON;
use crate::face::cli::Reconcile;
use crate::face::control::{self, Ask};
use crate::face::progress;
use crate::face::report;
use crate::face::say::{self, Complaint, ExitCode, clean, news::count};
use crate::face::{ask, say::reconcile::hints};
use crate::port::{CancelFlag, Clock, Ledger, PasskeyState, TrialBook};
use crate::wire::commands::{Ended, admin, online};
use crate::wire::config::{Config, ConfigFault};
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, attend, log, station};

/// How long a running station is watched that was asked to delete something.
const STATION_PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(250);

pub(super) fn reconcile(path: &Path, wish: &Reconcile, out: &mut dyn Write) -> Ended {
    let (exit, deletion) = match compare_all(path, wish, out) {
        Ok(done) => done,
        Err(complaint) => {
            if wish.json {
                report::not_compared(&complaint, out)?;
            }
            return Err(complaint);
        }
    };
    deletion?;
    Ok(exit)
}

/// How the comparison ended, and what became of the deleting: what was found out is told, whatever came of that.
fn compare_all(
    path: &Path,
    wish: &Reconcile,
    out: &mut dyn Write,
) -> Result<(ExitCode, Result<(), Complaint>), Complaint> {
    let config = Config::load(path).map_err(WireFault::from)?;
    let objections = config.check();
    if !objections.is_empty() {
        return Err(WireFault::from(ConfigFault::objections(&config.file, &objections)).into());
    }
    let ledger = station::read_ledger(&config)?;
    let users = people(&ledger, &wish.users)?;
    let cancel = CancelFlag::default();
    let entra = Entra::new(
        config.entra(),
        config.sign_in_way(),
        Arc::new(SystemClock),
        cancel.clone(),
    )
    .map_err(WireFault::from)?;
    let sides = Sides {
        ledger: &ledger,
        relying_party: &entra,
        clock: &SystemClock,
    };
    let mut report = compare(&sides, &users, &cancel)?;
    let deletion = if wish.delete {
        delete(&config, &sides, &mut report)
    } else {
        Ok(())
    };
    // What could not be deleted of the ledger's is tried again first.
    let see_to_test = wish.delete && deletion.is_ok();
    let test = online::left_by_a_test(&config, &ledger, &entra, see_to_test, &cancel);
    // Whatever became of it: what is open now may be at Entra, and the answer says so.
    let open = ledger.open_trial()?;
    report::reconcile(&report, open.as_ref(), wish.json, out)?;
    for hint in hints(&report) {
        ask::say(&format!("hint: {hint}"));
    }
    let mut exit = say::reconcile::exit(&report);
    if open.is_some() {
        exit = exit.worst(ExitCode::Waiting);
    }
    let tested = test.map(|row| {
        if let Some(row) = row {
            online::tell_of_test(&row);
        }
    });
    Ok((exit, deletion.and(tested)))
}

/// Whom to compare: those who were named, or everybody whom the ledger knows.
fn people(ledger: &SqliteLedger, named: &[String]) -> Result<Vec<String>, Complaint> {
    let mut everybody = Vec::new();
    let mut known = BTreeSet::new();
    for record in ledger.jobs(None)? {
        let user = record.job.request.user;
        if user != ERASED_PERSON && known.insert(user.to_lowercase()) {
            everybody.push(user);
        }
    }
    for name in named {
        if !known.contains(&name.trim().to_lowercase()) {
            return Err(Complaint::usage(
                format!("This ledger knows no user `{}`.", clean(name)),
                "Give the user name as the job file had it. `keyline jobs list` shows whom the ledger knows.",
            ));
        }
    }
    let wanted: BTreeSet<String> = named
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    everybody.retain(|user| wanted.is_empty() || wanted.contains(&user.to_lowercase()));
    Ok(everybody)
}

fn compare(sides: &Sides<'_>, users: &[String], cancel: &CancelFlag) -> Result<Report, Complaint> {
    let mut bar = progress::Progress::begin("comparing", users.len());
    let mut show = |progress| match progress {
        Progress::Compared(done) => bar.reached(done),
        Progress::Waiting { seconds } => {
            let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
            bar.waits(format!("Entra asks for {}", count(seconds, "second")));
        }
    };
    Ok(reconcile::compare(sides, users, cancel, &mut show)?)
}

/// Deletes what the journal calls abandoned, or has the running station do it.
fn delete(config: &Config, sides: &Sides<'_>, report: &mut Report) -> Result<(), Complaint> {
    let mut abandoned: Vec<(&mut Difference, CredentialId)> = report
        .differences
        .iter_mut()
        .filter(|difference| difference.kind == Kind::Abandoned)
        .filter_map(|difference| {
            let credential = difference.credential.clone()?;
            Some((difference, credential))
        })
        .collect();
    if abandoned.is_empty() {
        return Ok(());
    }
    let (mut ours, mut log) = (None, None);
    let mut bar = progress::Progress::begin("deleting", abandoned.len());
    for (done, (difference, credential)) in abandoned.iter_mut().enumerate() {
        bar.reached(done);
        let asked = Ask::Reopen {
            credential: credential.clone(),
            actor: admin::actor(),
        };
        let answer = match ours {
            None => control::ask(&attend::socket_path(config)?, &asked)?,
            Some(_) => None,
        };
        difference.removal = Some(match answer {
            Some(answer) => answer.into_result().map(|_| Removal::HandedOver)?,
            None => {
                let ledger = match ours.take() {
                    Some(ledger) => ledger,
                    None => {
                        refuse_as_root_for_another(&config.path(&config.ledger.file))?;
                        // What changes something at Entra stands in the log with its request-id.
                        log = Some(log::open(config).map_err(WireFault::from)?);
                        station::open_ledger(config)?
                    }
                };
                let sides = Sides {
                    ledger: &ledger,
                    ..*sides
                };
                let removal = reconcile::delete(&sides, credential, &admin::actor());
                ours = Some(ledger);
                removal?
            }
        });
    }
    drop((ours, log));
    watch(sides.ledger, &mut abandoned, &mut bar)
}

/// Waits a while for the station to have deleted what was handed to it.
fn watch(
    ledger: &dyn Ledger,
    abandoned: &mut [(&mut Difference, CredentialId)],
    bar: &mut progress::Progress,
) -> Result<(), Complaint> {
    let until = Instant::now() + STATION_PATIENCE;
    loop {
        let mut waiting = 0;
        for (difference, credential) in &mut *abandoned {
            if difference.removal != Some(Removal::HandedOver) {
                continue;
            }
            let gone = ledger
                .passkey(credential)?
                .is_some_and(|passkey| passkey.state == PasskeyState::Gone);
            if gone {
                difference.removal = Some(Removal::Deleted);
            } else {
                waiting += 1;
            }
        }
        bar.reached(abandoned.len().saturating_sub(waiting));
        if waiting == 0 || Instant::now() >= until {
            return Ok(());
        }
        SystemClock.wait(GLANCE, &CancelFlag::default());
    }
}
