//! What a change made void and what still waits in a printer: it is taken back before the answer is given, and where that is not
//! certain, the answer says what to do.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::app::admin::Changed;
use crate::face::report::name;
use crate::face::say::{self, Complaint};
use crate::port::{JobRecord, Press};

/// Whoever asked is answered well within the time that the socket gives, and nobody behind them waits for a printer that is away.
/// The attempt itself goes on for as long as it takes.
const TAKE_BACK: Duration = Duration::from_secs(10);

/// What was done to the job, in words. `press` is opened only where a letter is void.
pub(super) fn told(
    changed: Changed,
    record: &JobRecord,
    press: &dyn Fn() -> Result<Arc<dyn Press>, Complaint>,
) -> String {
    let mut told = say::admin::done(&changed, &name(record));
    if let Some(control) = changed.void().map(str::to_owned)
        && !is_taken_back(changed, record, press)
    {
        told.push_str(&say::admin::may_still_print(&control));
    }
    told
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
            tracing::warn!(job = job.0, %fault, "the printer may still have a void letter");
        }
        // Whoever asked may have been answered by now.
        let _ = done.send(taken.is_ok());
    });
    is_done.recv_timeout(TAKE_BACK).unwrap_or(false)
}
