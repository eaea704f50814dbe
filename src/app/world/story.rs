//! What a journal tells of a job, for tests: its events in the order in which they come.

use crate::app::world::{LedgerState, START};
use crate::domain::authenticator::{Aaguid, Attachment, Binding, Fingerprint, Serial, Slot};
use crate::domain::credential::{AttestationVerdict, CredentialId, MethodId, RpId};
use crate::domain::event::{Evidence, Happening, Intent, Step, Witness};
use crate::domain::job::JobId;
use crate::domain::paper::Confirm;
use crate::domain::policy::{Configuration, Plan};

/// A key as a journal remembers it.
pub(crate) fn binding(serial: &str) -> Binding {
    Binding {
        model: "Security Key".to_owned(),
        slot: Slot(2),
        attachment: Attachment::Hid,
        serial: Serial::new(serial),
        fingerprint: Fingerprint {
            aaguid: Aaguid([0x2f; 16]),
            firmware_version: Some(0x0005_0703),
        },
    }
}

pub(crate) fn began(serial: &str) -> Happening {
    Happening::Began {
        binding: binding(serial),
        plan: Plan {
            steps: vec![
                Step::Reset,
                Step::SetPin,
                Step::MakeCredential,
                Step::Register,
                Step::Deliver,
            ],
            configuration: Configuration::default(),
        },
    }
}

pub(crate) fn started(step: Step) -> Happening {
    Happening::Started {
        step,
        intent: match step {
            Step::Register => Intent::Register {
                replaces: Vec::new(),
                after_handover: Vec::new(),
            },
            Step::Deliver => Intent::Deliver {
                control: "4820 9173 5525".to_owned(),
                outlet: None,
            },
            Step::Reset
            | Step::SetPin
            | Step::MakeCredential
            | Step::Configure
            | Step::Bag
            | Step::ChangePin => Intent::Plain,
        },
    }
}

pub(crate) fn done(step: Step) -> Happening {
    Happening::Done {
        step,
        evidence: match step {
            Step::MakeCredential => Evidence::Made {
                credential: credential(),
                rp_id: RpId("login.microsoft.com".to_owned()),
                aaguid: Aaguid([0x2f; 16]),
                format: "packed".to_owned(),
                algorithm: -7,
                credential_protection: None,
                hmac_secret: true,
                own_check: AttestationVerdict::Agrees,
                second_opinion: AttestationVerdict::Agrees,
                vetting: None,
                expires: START.plus_seconds(300),
            },
            Step::Register => Evidence::Registered {
                method: MethodId("method-1".to_owned()),
                witness: Witness::Reply,
            },
            Step::Deliver => Evidence::Delivered {
                control: "4820 9173 5525".to_owned(),
                target: "mailers/0001.pdf".to_owned(),
                confirmed: Some(Confirm::Device),
            },
            Step::Reset | Step::SetPin | Step::Configure | Step::Bag | Step::ChangePin => {
                Evidence::Plain
            }
        },
    }
}

/// The passkey that [`done`] tells of.
pub(crate) fn credential() -> CredentialId {
    CredentialId(vec![7; 16])
}

/// Everything of a job up to and including `last`.
pub(crate) fn course(serial: &str, last: Step) -> Vec<Happening> {
    let mut course = vec![began(serial)];
    for step in [
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::Register,
        Step::Deliver,
    ] {
        course.extend([started(step), done(step)]);
        if step == last {
            break;
        }
    }
    course
}

impl LedgerState {
    /// A job's journal in short words.
    pub(crate) fn story(&self, job: JobId) -> String {
        let rows = self.journal.get(&job).into_iter().flatten();
        let events = rows.map(|row| &row.event);
        let words: Vec<String> = events
            .map(|event| match &event.happening {
                Happening::Began { .. } => format!("began {}", event.attempt.0),
                Happening::Rebound { .. } => "rebound".to_owned(),
                Happening::Started { step, .. } => format!("{step}"),
                Happening::Done { .. } => "done".to_owned(),
                Happening::NotDone { .. } => "not done".to_owned(),
                Happening::Abandoned { restart, .. } => format!("abandoned to {restart}"),
                Happening::Reissued { .. } => "reissued".to_owned(),
                Happening::Bagged => "bagged".to_owned(),
                Happening::Printed { .. } => "printed".to_owned(),
                Happening::Spoiled { .. } => "spoiled".to_owned(),
                Happening::Left { .. } => "left".to_owned(),
                Happening::HandedOver => "handed over".to_owned(),
                Happening::Retired { fate, .. } => fate.word().to_owned(),
                Happening::Wiped => "wiped".to_owned(),
                Happening::Held { .. } => "held".to_owned(),
                Happening::Released => "released".to_owned(),
                Happening::Cancelled { .. } => "cancelled".to_owned(),
            })
            .collect();
        words.join(", ")
    }
}
