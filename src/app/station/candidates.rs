//! From the ledger's open jobs to what the bench must know of them.

use std::collections::BTreeMap;

use crate::app::{Policies, Ports, journal};
use crate::domain::enrollment::{Command, Standing};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::signal::Candidate;
use crate::port::JobRecord;

/// The open jobs: those that the bench may work on, in order, and why the others are held.
pub(in crate::app) struct Open {
    pub(in crate::app) candidates: Vec<Candidate>,
    pub(in crate::app) held: BTreeMap<JobId, Fault>,
}

/// Every open job.
pub(in crate::app) fn all(ports: &Ports, policies: &Policies) -> Result<Open, Fault> {
    let records = ports.ledger.open_jobs()?;
    let mut open = Open {
        candidates: Vec::with_capacity(records.len()),
        held: BTreeMap::new(),
    };
    for record in &records {
        open.candidates.extend(candidate(ports, policies, record)?);
        open.held.extend(hold_of(record));
    }
    Ok(open)
}

/// One job as it stands now; empty when it is done or cancelled.
pub(in crate::app) fn one(ports: &Ports, policies: &Policies, job: JobId) -> Result<Open, Fault> {
    let record = ports.ledger.job(job)?;
    Ok(Open {
        candidates: match &record {
            Some(record) => candidate(ports, policies, record)?.into_iter().collect(),
            None => Vec::new(),
        },
        held: record.iter().filter_map(hold_of).collect(),
    })
}

fn hold_of(record: &JobRecord) -> Option<(JobId, Fault)> {
    let held = record.standing == Standing::Held;
    held.then(|| record.held.clone().map(|fault| (record.job.id, fault)))
        .flatten()
}

fn candidate(
    ports: &Ports,
    policies: &Policies,
    record: &JobRecord,
) -> Result<Option<Candidate>, Fault> {
    let (mut wants, mut made, mut keyless) = (None, None, false);
    match record.standing {
        Standing::Held | Standing::Done | Standing::Cancelled => return Ok(None),
        Standing::Waiting => {}
        Standing::UnderWay => {
            let enrollment = journal::replay(ports.ledger.as_ref(), record.job.id)?;
            if enrollment.wants_its_key() {
                wants = enrollment.binding().cloned();
                made = enrollment.left_behind();
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
        made,
        keyless,
    }))
}
