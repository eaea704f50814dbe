//! `keyline check --online`: asks the tenant, looks at this computer, and on request tries it all with a test passkey.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use crate::adapter::ctap::software;
use crate::adapter::entra::{Entra, EntraConfigError};
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::{SystemClock, SystemEntropy};
use crate::app::enrol_test::{self, LAG_SECONDS_MAX, Progress, Settled, Tools};
use crate::app::preflight::{self, Finding, Grade, Row, TenantFacts, Topic, TrialResult};
use crate::domain::fault::Fault;
use crate::domain::metadata::Proof;
use crate::domain::passkey_policy::PolicyVerdict;
use crate::face::ask;
use crate::face::cli::Check;
use crate::face::progress;
use crate::face::report;
use crate::face::say::{self, Complaint, ExitCode};
use crate::port::{CancelFlag, Clock, Directory, Ledger, TrialBook};
use crate::wire::commands::{Ended, admin};
use crate::wire::config::Config;
use crate::wire::init::refuse_as_root_for_another;
use crate::wire::{WireFault, bench_check, log, station};

pub(super) fn check(path: &Path, wish: &Check, out: &mut dyn Write) -> Ended {
    match examine(path, wish, out) {
        Err(complaint) if wish.json => {
            report::not_checked(&complaint, out)?;
            Err(complaint)
        }
        ended => ended,
    }
}

fn examine(path: &Path, wish: &Check, out: &mut dyn Write) -> Ended {
    let user = wish.enrol_test.as_deref();
    let user = user.map(say::keys::person).transpose()?;
    let config = Config::load(path).map_err(WireFault::from)?;
    let mut bar = progress::Progress::begin("checking", 2);
    let cancel = CancelFlag::default();
    let entra = tenant_of(&config);
    let (mut rows, tenant) = look_with(&config, &entra, &mut |done, _| {
        bar.reached(usize::try_from(done).unwrap_or(0));
    });
    drop(bar);
    if let Some(user) = user {
        match &entra {
            Ok(entra) if tenant.reached.is_ok() && tenant.grants.is_ok() => {
                rows.retain(|row| !matches!(row.finding, Finding::TrialOpen(_)));
                rows.extend(enrol_test(&config, entra, &tenant, user, &cancel)?);
            }
            Ok(_) | Err(_) => rows.push(of_trial(Grade::Stop, Finding::TrialNotTried)),
        }
    }
    report::preflight(&rows, &tenant, SystemClock.now(), wish.json, out)?;
    if cancel.is_cancelled() {
        return Ok(ExitCode::Interrupted);
    }
    Ok(say::preflight::exit(&rows))
}

/// Everything that a line needs, looked at; changes nothing. Tells how many of its two parts are done.
pub(in crate::wire) fn look(
    config: &Config,
    tell: &mut dyn FnMut(u64, u64),
) -> (Vec<Row>, TenantFacts) {
    look_with(config, &tenant_of(config), tell)
}

fn look_with(
    config: &Config,
    entra: &Result<Entra, EntraConfigError>,
    tell: &mut dyn FnMut(u64, u64),
) -> (Vec<Row>, TenantFacts) {
    let tenant = match entra {
        Ok(entra) => preflight::ask(entra, entra.reach()),
        Err(unusable) => nobody(&Fault::SignIn {
            what: unusable.to_string(),
        }),
    };
    tell(1, 2);
    let (station, models) = bench_check::look(config);
    let rows = preflight::assemble(&station, &tenant, &models, SystemClock.now());
    (rows, tenant)
}

/// With a flag of its own, which nobody raises: the signal that ends the waits must not keep the test passkey from being deleted.
fn tenant_of(config: &Config) -> Result<Entra, EntraConfigError> {
    Entra::new(
        config.entra(),
        config.sign_in_way(),
        Arc::new(SystemClock),
        CancelFlag::default(),
    )
}

/// What is known of a tenant that cannot even be asked.
fn nobody(why: &Fault) -> TenantFacts {
    TenantFacts {
        reached: Err(why.clone()),
        grants: Err(why.clone()),
        policy: Err(why.clone()),
        groups: Default::default(),
    }
}

/// The rows of the trial. What goes wrong with it is a row as well: the others are told all the same.
fn enrol_test(
    config: &Config,
    entra: &Entra,
    tenant: &TenantFacts,
    user: &str,
    cancel: &CancelFlag,
) -> Result<Vec<Row>, Complaint> {
    refuse_as_root_for_another(&config.path(&config.ledger.file)).map_err(Complaint::from)?;
    // What changes something at Entra stands in the log with its request-id.
    let _log = log::open(config).map_err(WireFault::from)?;
    let ledger = match station::open_ledger(config) {
        Ok(ledger) => ledger,
        Err(WireFault::Fault(fault)) => {
            return Ok(vec![of_trial(Grade::Stop, Finding::TrialFailed(fault))]);
        }
        Err(other) => return Err(other.into()),
    };
    ledger.sign_lock("a test of the tenant");
    end_on_signals(cancel.clone());
    let mut rows = Vec::new();
    let tried = try_out(entra, &ledger, tenant, user, cancel, &mut rows);
    if let Err(fault) = tried {
        rows.push(of_trial(Grade::Stop, Finding::TrialFailed(fault)));
    }
    Ok(rows)
}

fn try_out(
    entra: &Entra,
    ledger: &SqliteLedger,
    tenant: &TenantFacts,
    user: &str,
    cancel: &CancelFlag,
    rows: &mut Vec<Row>,
) -> Result<(), Fault> {
    let actor = admin::actor();
    let tools = tools(entra, ledger, cancel, &actor);
    let jobs = ledger.jobs_of_user(user)?.len();
    if jobs > 0 {
        let user = user.to_owned();
        rows.push(of_trial(
            Grade::Warning,
            Finding::TrialUserHasJobs { user, jobs },
        ));
    }
    match enrol_test::settle(&tools)? {
        Settled::Nothing => {}
        Settled::Deleted(trial) => rows.push(settled(trial.user, true)),
        Settled::NeverAppeared(trial) => rows.push(settled(trial.user, false)),
        // One at a time: two that may appear could not be told apart by whoever reads this.
        Settled::NotYet { trial, .. } => {
            rows.push(of_trial(Grade::Warning, Finding::TrialOpen(trial)));
            rows.push(of_trial(Grade::Stop, Finding::TrialNotTried));
            return Ok(());
        }
    }
    let began = Instant::now();
    let total = usize::try_from(LAG_SECONDS_MAX).unwrap_or(0);
    let mut bar = progress::Progress::begin("test passkey", total);
    let mut show = |progress| match progress {
        Progress::Asking => bar.waits("asking for options".to_owned()),
        Progress::Registering => bar.waits("registering it".to_owned()),
        Progress::Looking { seconds } => {
            bar.reached(usize::try_from(seconds).unwrap_or(0));
            bar.waits("seconds; waiting until Entra lists it".to_owned());
        }
        Progress::Deleting => bar.waits("deleting it".to_owned()),
    };
    let outcome = enrol_test::run(&tools, user, &mut show)?;
    drop(bar);
    rows.push(preflight::trial(TrialResult {
        user: user.to_owned(),
        outcome,
        foretold: foretold(entra, tenant, user),
        seconds: began.elapsed().as_secs(),
    }));
    Ok(())
}

/// What an earlier test may have left at Entra, to be told with [`tell_of_test`]; with `delete` it is seen to. For
/// `keyline reconcile`.
pub(super) fn left_by_a_test(
    config: &Config,
    reader: &SqliteLedger,
    entra: &Entra,
    delete: bool,
    cancel: &CancelFlag,
) -> Result<Option<Row>, Complaint> {
    let Some(left) = reader.open_trial()? else {
        return Ok(None);
    };
    if !delete {
        return Ok(Some(of_trial(Grade::Warning, Finding::TrialOpen(left))));
    }
    refuse_as_root_for_another(&config.path(&config.ledger.file)).map_err(Complaint::from)?;
    let _log = log::open(config).map_err(WireFault::from)?;
    let ledger = station::open_ledger(config)?;
    let actor = admin::actor();
    let tools = tools(entra, &ledger, cancel, &actor);
    Ok(match enrol_test::settle(&tools)? {
        Settled::Nothing => None,
        Settled::Deleted(trial) => Some(settled(trial.user, true)),
        Settled::NeverAppeared(trial) => Some(settled(trial.user, false)),
        Settled::NotYet { trial, .. } => Some(of_trial(Grade::Warning, Finding::TrialOpen(trial))),
    })
}

/// Tells what [`left_by_a_test`] found.
pub(super) fn tell_of_test(row: &Row) {
    ask::say(&say::preflight::what(row, SystemClock.now()));
    if let Some(todo) = say::preflight::todo(row) {
        ask::say(&format!("hint: {todo}"));
    }
}

/// Why the tenant's policy refuses a passkey that says nothing of itself, where that can be told.
fn foretold(entra: &Entra, tenant: &TenantFacts, user: &str) -> Option<String> {
    let policy = tenant.policy.as_ref().ok()?;
    if !policy.enabled || !policy.self_service {
        // That refuses real keys as well.
        return None;
    }
    let proof = Proof::Missing("it is made in software, and proves nothing of itself".to_owned());
    let groups = entra.groups_of(user).ok();
    match proof.verdict(policy, software::AAGUID, groups.as_ref()) {
        PolicyVerdict::Refused(why) => Some(why),
        PolicyVerdict::Allowed | PolicyVerdict::Unclear(_) => None,
    }
}

fn tools<'a>(
    entra: &'a Entra,
    ledger: &'a SqliteLedger,
    cancel: &'a CancelFlag,
    actor: &'a str,
) -> Tools<'a> {
    Tools {
        relying_party: entra,
        book: ledger,
        clock: &SystemClock,
        entropy: &SystemEntropy,
        attest: &software::attest,
        cancel,
        actor,
    }
}

fn settled(user: String, deleted: bool) -> Row {
    of_trial(Grade::Ok, Finding::TrialSettled { user, deleted })
}

const fn of_trial(grade: Grade, finding: Finding) -> Row {
    Row {
        topic: Topic::EnrolTest,
        grade,
        finding,
    }
}

/// The first signal ends the waits, and what was registered is deleted at once. After a second one the next start does it. Returns
/// when it listens.
pub(super) fn end_on_signals(cancel: CancelFlag) {
    let (listening, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
            ) else {
                return;
            };
            // Nobody waits any longer who has been told.
            let _ = listening.send(());
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if cancel.is_cancelled() {
                    // It stands in the ledger, so nothing is lost by it.
                    std::process::exit(ExitCode::Interrupted.number().into());
                }
                cancel.cancel();
            }
        });
    });
    // Where no signal can be heard, the thread ends, and so does this.
    let _ = heard.recv();
}
