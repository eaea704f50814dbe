//! What came of doing, or asking about, one step.

use crate::domain::credential::Attestation;
use crate::domain::event::{Evidence, Step};
use crate::domain::fault::Fault;

/// The answer to one step.
#[must_use = "an outcome that is not written down is lost"]
pub(super) enum Outcome {
    Done {
        evidence: Box<Evidence>,
        attestation: Option<Box<Attestation>>,
    },
    /// It is certain that the step had no effect.
    NotDone(Fault),
    /// Nobody knows.
    Doubt(Fault),
    /// The attempt cannot go on; the next one starts at `restart`.
    Abandon { reason: Fault, restart: Step },
}

impl Outcome {
    /// Done, with this to remember.
    pub(super) fn done(evidence: Evidence) -> Self {
        Self::Done {
            evidence: Box::new(evidence),
            attestation: None,
        }
    }

    /// Done, with nothing to remember.
    pub(super) fn plain() -> Self {
        Self::done(Evidence::Plain)
    }

    /// A failure, sorted by whether it leaves a doubt.
    pub(super) fn failed(fault: Fault) -> Self {
        if fault.leaves_doubt() {
            Self::Doubt(fault)
        } else {
            Self::NotDone(fault)
        }
    }

    /// The attestation that has to be kept with this outcome.
    pub(super) fn attestation(&self) -> Option<&Attestation> {
        match self {
            Self::Done { attestation, .. } => attestation.as_deref(),
            Self::NotDone(_) | Self::Doubt(_) | Self::Abandon { .. } => None,
        }
    }
}
