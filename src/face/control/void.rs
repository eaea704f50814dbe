//! What a change made void and what still waits in a printer: it is taken back before the answer is given, and where that is not
//! certain, the answer says what to do. Without a station, what an earlier command left there goes as well.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::app::admin::{Change, Changed};
use crate::app::spooled;
use crate::app::void::{self, at_large};
use crate::domain::event::{Happening, Intent};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Astray;
use crate::face::control::{Alone, Told};
use crate::face::report::{changed_facts, name};
use crate::face::say::{self, Complaint};
use crate::port::{JobRecord, Ledger, Press};

/// Whoever asked is answered well within the time that the socket gives, and nobody behind them waits for a printer that is away.
/// The attempt itself goes on for as long as it takes.
const TAKE_BACK: Duration = Duration::from_secs(10);

/// What was done to the job. `press` is opened only where a letter is void.
pub(super) fn told(
    ledger: &dyn Ledger,
    changed: Changed,
    record: &JobRecord,
    press: &dyn Fn() -> Result<Arc<dyn Press>, Complaint>,
) -> Told {
    let mut message = say::admin::done(&changed, &name(record));
    // It is done whether the ledger can be read again or not.
    let after = ledger.job(record.job.id).ok().flatten();
    let mut facts = changed_facts(after.as_ref().unwrap_or(record), &changed);
    if let Some(control) = changed.void().map(str::to_owned) {
        // Today's printer is asked all the same: there may be a copy.
        let is_taken_back = is_taken_back(changed, record, press);
        let elsewhere = press()
            .ok()
            .and_then(|press| waits_elsewhere(ledger, press.as_ref(), record, &control));
        let in_printer = elsewhere.is_some() || !is_taken_back;
        match elsewhere {
            Some(astray) => {
                message.push(' ');
                message.push_str(&say::admin::waits_elsewhere("It", &astray));
            }
            None if is_taken_back => {}
            None => message.push_str(&say::admin::may_still_print(&control)),
        }
        if let Ok(press) = press()
            && let Err(fault) = spooled::clear(ledger, press.as_ref(), record.job.id)
        {
            tracing::warn!(job = record.job.id.0, fault = %fault.brief(), "the copy of a void letter is left");
            message.push_str(&say::trail::left(&fault));
        }
        if let Some(fields) = facts.as_object_mut() {
            fields.insert("may_still_print".to_owned(), in_printer.into());
        }
    }
    Told { message, facts }
}

/// Where the letter may wait that nobody here can ask.
fn waits_elsewhere(
    ledger: &dyn Ledger,
    press: &dyn Press,
    record: &JobRecord,
    control: &str,
) -> Option<Astray> {
    let control = ControlNumber::parse(control).ok()?;
    at_large::elsewhere(ledger, press, record.job.id, &control).ok()?
}

/// Whether nothing of a void letter waits in the printer any more.
fn is_taken_back(
    changed: Changed,
    record: &JobRecord,
    press: &dyn Fn() -> Result<Arc<dyn Press>, Complaint>,
) -> bool {
    let press = match press() {
        Ok(press) => press,
        Err(complaint) => {
            let why = complaint.message;
            tracing::warn!(why, "nobody can ask the printer for a void letter");
            return false;
        }
    };
    let (job, envelope) = (record.job.id, record.job.envelope);
    let (done, is_done) = channel();
    thread::spawn(move || {
        let taken = changed.take_void_back(press.as_ref(), envelope);
        if let Err(fault) = &taken {
            tracing::warn!(job = job.0, fault = %fault.brief(), "the printer may still have a void letter");
        }
        // Whoever asked may have been answered by now.
        let _ = done.send(taken.is_ok());
    });
    is_done.recv_timeout(TAKE_BACK).unwrap_or(false)
}

/// A press that is opened once, and only where somebody asks for it.
pub(super) struct Lazy<'a> {
    open: &'a dyn Fn() -> Result<Arc<dyn Press>, Complaint>,
    opened: OnceCell<Result<Arc<dyn Press>, Complaint>>,
}

impl<'a> Lazy<'a> {
    pub(super) fn new(open: &'a dyn Fn() -> Result<Arc<dyn Press>, Complaint>) -> Self {
        Self {
            open,
            opened: OnceCell::new(),
        }
    }

    pub(super) fn get(&self) -> Result<Arc<dyn Press>, Complaint> {
        self.opened.get_or_init(|| (self.open)()).clone()
    }
}

/// Whether such a change makes a letter void, where there is one.
pub(super) const fn may_make_void(change: &Change) -> bool {
    match change {
        Change::Cancel | Change::Retry | Change::Reissue { .. } | Change::Retire { .. } => true,
        Change::Hold { .. } | Change::Release | Change::HandOver => false,
    }
}

/// Where no station runs: has the copies of the job's void letters removed, and everything cancelled that waits in the printer and is void. Only for a job that had a letter, so that no
/// other command waits for a printer. What fails is tried again by the next station.
pub(super) fn cancel_others(alone: &Alone<'_>, job: JobId, actor: &str, press: &Lazy<'_>) {
    if !had_a_letter(alone.ledger.as_ref(), job).unwrap_or(false) {
        return;
    }
    let Ok(press) = press.get() else {
        return;
    };
    if let Err(fault) = spooled::clear(alone.ledger.as_ref(), press.as_ref(), job) {
        tracing::warn!(job = job.0, fault = %fault.brief(), "the copy of a void letter is left");
    }
    if !press.prints() {
        return;
    }
    let ledger = Arc::clone(&alone.ledger);
    let (actor, now) = (actor.to_owned(), alone.now);
    let (done, is_done) = channel();
    thread::spawn(move || {
        let asked = void::cancel_waiting(ledger.as_ref(), press.as_ref(), &actor, now);
        if let Err(fault) = asked {
            tracing::warn!(fault = %fault.brief(), "the printer may still have a void letter");
        }
        // Whoever asked may have been answered by now.
        let _ = done.send(());
    });
    // Whatever comes of it is in the log.
    let _ = is_done.recv_timeout(TAKE_BACK);
}

/// Whether a control number was ever drawn for the job.
fn had_a_letter(ledger: &dyn Ledger, job: JobId) -> Result<bool, Fault> {
    let rows = ledger.journal(job)?;
    Ok(rows.iter().any(|row| {
        matches!(
            row.event.happening,
            Happening::Started {
                intent: Intent::Deliver { .. },
                ..
            }
        )
    }))
}
