//! Reading a job's journal, and appending to it when nobody works on the job. A run in progress appends by itself, because it
//! has secrets to store with its events.

use crate::domain::credential::MethodId;
use crate::domain::enrollment::{Command, Enrollment};
use crate::domain::event::{Event, Evidence, Happening};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::{Duty, Entry, Ledger};

/// The state of a job, folded from its journal.
///
/// # Errors
/// [`Fault::Ledger`] when it cannot be read, or its events cannot follow each other.
pub fn replay(ledger: &dyn Ledger, job: JobId) -> Result<Enrollment, Fault> {
    let journal = ledger.journal(job)?;
    Enrollment::replay(journal.iter().map(|row| &row.event)).map_err(|impossible| Fault::Ledger {
        what: impossible.to_string(),
    })
}

/// Appends one event and returns the state that it leads to. What Entra has to be rid of from then on becomes a duty in
/// the same transaction, and a job with nothing left to do lets go of the station's own copies of its PINs.
///
/// # Errors
/// Those of the ledger; [`Fault::Internal`] when the event cannot follow.
pub fn append(
    ledger: &dyn Ledger,
    job: JobId,
    before: Enrollment,
    happening: Happening,
    actor: &str,
    at: Timestamp,
) -> Result<Enrollment, Fault> {
    let event = Event {
        attempt: before.attempt(),
        happening,
    };
    let state = before.apply(&event).map_err(|impossible| Fault::Internal {
        what: impossible.to_string(),
    })?;
    let obligations = duties(&event.happening, &state);
    let entry = Entry {
        job,
        event: &event,
        state: &state,
        pin: None,
        attestation: None,
        obligations: &obligations,
        forget_in_flight: matches!(state.next(), Command::Finish | Command::Rest),
    };
    ledger.append(&entry, actor, at)?;
    Ok(state)
}

/// What Entra has to be rid of from this event on; `state` is the one that it leads to.
pub(crate) fn duties(happening: &Happening, state: &Enrollment) -> Vec<Duty> {
    match happening {
        Happening::Done {
            evidence: Evidence::Registered { .. },
            ..
        } => replaced(state.replaces()),
        Happening::HandedOver => replaced(state.after_handover()),
        Happening::Retired { .. } => state
            .method()
            .cloned()
            .map(Duty::Retired)
            .into_iter()
            .collect(),
        Happening::Abandoned { credential, .. } | Happening::Cancelled { credential } => {
            credential.iter().cloned().map(Duty::Orphan).collect()
        }
        Happening::Began { .. }
        | Happening::Rebound { .. }
        | Happening::Started { .. }
        | Happening::Done { .. }
        | Happening::NotDone { .. }
        | Happening::Bagged
        | Happening::Printed { .. }
        | Happening::Spoiled { .. }
        | Happening::Left { .. }
        | Happening::Wiped
        | Happening::Reissued { .. }
        | Happening::Held { .. }
        | Happening::Released => Vec::new(),
    }
}

fn replaced(methods: &[MethodId]) -> Vec<Duty> {
    methods.iter().cloned().map(Duty::Replaced).collect()
}
