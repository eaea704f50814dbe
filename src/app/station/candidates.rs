//! From the ledger's open jobs to what the bench must know of them.

use crate::app::{Policies, Ports, journal};
use crate::domain::enrollment::{Command, Standing};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::signal::Candidate;
use crate::port::JobRecord;

/// Every open job that is not held, in order.
pub(super) fn all(ports: &Ports, policies: &Policies) -> Result<Vec<Candidate>, Fault> {
    let records = ports.ledger.open_jobs()?;
    let mut candidates = Vec::with_capacity(records.len());
    for record in &records {
        candidates.extend(candidate(ports, policies, record)?);
    }
    Ok(candidates)
}

/// Why the jobs are held that are.
pub(super) fn held(ports: &Ports) -> Result<Vec<Fault>, Fault> {
    let records = ports.ledger.open_jobs()?;
    Ok(records
        .into_iter()
        .filter(|record| record.standing == Standing::Held)
        .filter_map(|record| record.held)
        .collect())
}

/// One job as it stands now; `None` when it is held, done or cancelled.
pub(super) fn one(
    ports: &Ports,
    policies: &Policies,
    job: JobId,
) -> Result<Option<Candidate>, Fault> {
    match ports.ledger.job(job)? {
        Some(record) => candidate(ports, policies, &record),
        None => Ok(None),
    }
}

fn candidate(
    ports: &Ports,
    policies: &Policies,
    record: &JobRecord,
) -> Result<Option<Candidate>, Fault> {
    let (mut wants, mut keyless) = (None, false);
    match record.standing {
        Standing::Held | Standing::Done | Standing::Cancelled => return Ok(None),
        Standing::Waiting => {}
        Standing::UnderWay => {
            let enrollment = journal::replay(ports.ledger.as_ref(), record.job.id)?;
            if enrollment.wants_its_key() {
                wants = enrollment.binding().cloned();
            } else {
                keyless = matches!(enrollment.next(), Command::Run(_) | Command::Probe(_));
            }
        }
    }
    let request = &record.job.request;
    let policy = policies.get(&request.policy).cloned().unwrap_or_default();
    Ok(Some(Candidate {
        job: record.job.id,
        batch: record.job.batch.clone(),
        user: request.user.clone(),
        role: request.role,
        serial: request.serial.clone(),
        replace: request.replace,
        reset: policy.reset,
        used_keys: policy.used_keys,
        wants,
        keyless,
    }))
}
