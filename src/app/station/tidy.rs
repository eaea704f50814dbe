//! Copies of letters that a press still keeps although nobody needs them: the power went between a confirmation and the removal,
//! or the letter was confirmed or voided while no station ran. Never touches a letter that still waits for its confirmation.

use crate::app::{Ports, journal};
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;

/// Has the press forget every letter that is confirmed or void. A number that this ledger does not know stays: it may be another
/// station's.
///
/// # Errors
/// The first thing that could not be looked at or removed, and where it lies.
pub(super) fn tidy(ports: &Ports) -> Result<(), Fault> {
    for control in ports.press.kept()? {
        tidy_one(ports, &control)?;
    }
    Ok(())
}

fn tidy_one(ports: &Ports, control: &ControlNumber) -> Result<(), Fault> {
    let ledger = ports.ledger.as_ref();
    let Some(job) = ledger.job_of_letter(control)? else {
        return Ok(());
    };
    let Some(record) = ledger.job(job)? else {
        return Ok(());
    };
    let enrollment = journal::replay(ledger, job)?;
    if enrollment.may_confirm(&control.to_string()) {
        return Ok(());
    }
    ports.press.forget(control, record.job.envelope)
}
