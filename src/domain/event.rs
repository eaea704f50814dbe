//! The words of the journal: steps, what happened to them, and what each left behind. Plain data, in the past tense.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::{Aaguid, Binding};
use crate::domain::credential::{
    AttestationVerdict, CredentialId, CredentialProtection, MethodId, RpId,
};
use crate::domain::custody::Fate;
use crate::domain::fault::Fault;
use crate::domain::metadata::Vetting;
use crate::domain::paper::{Confirm, Leaving, Outlet, Sheet};
use crate::domain::policy::Plan;
use crate::domain::time::Timestamp;

/// One action of an enrollment. Each is one effect on the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// authenticatorReset: everything on the key is gone.
    Reset,
    /// The sealed PIN goes onto a key without one.
    SetPin,
    /// The passkey is made on the key.
    MakeCredential,
    /// The passkey is registered at Entra: the POST only.
    Register,
    /// Minimum PIN length, forced PIN change, alwaysUv.
    Configure,
    /// A new PIN in place of the one we set (a reissue).
    ChangePin,
    /// The key goes into its bag, and a person confirms it.
    Bag,
    /// The PIN mailer.
    Deliver,
}

/// How a step that may have happened is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Twice leaves the world as once does.
    Repeat,
    /// The world can be asked.
    Probe,
}

impl Step {
    /// How to find out, or why one need not.
    pub const fn doubt(self) -> Doubt {
        match self {
            // The same rp and user.id replace a half-made credential on a key that we reset.
            // Nothing but a person's word, which can be given again.
            Self::Reset | Self::MakeCredential | Self::Bag => Doubt::Repeat,
            // Paper that cannot be asked answers with a fault, and the operator is asked instead.
            Self::SetPin | Self::Register | Self::Configure | Self::ChangePin | Self::Deliver => {
                Doubt::Probe
            }
        }
    }

    /// Whether the step needs the key in its slot.
    pub const fn needs_key(self) -> bool {
        match self {
            Self::Reset
            | Self::SetPin
            | Self::MakeCredential
            | Self::Configure
            | Self::ChangePin => true,
            Self::Register | Self::Bag | Self::Deliver => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "reset",
            Self::SetPin => "set PIN",
            Self::MakeCredential => "make passkey",
            Self::Register => "register",
            Self::Configure => "configure",
            Self::ChangePin => "change PIN",
            Self::Bag => "bag",
            Self::Deliver => "deliver",
        })
    }
}

/// The number of a try at one job, from 1. Zero: no key was ever bound.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The attempt after this one.
    pub const fn following(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What must be fixed before a step is tried, beyond the step itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    #[default]
    Plain,
    /// The user's older methods, frozen before the new one exists, so that the new one can never be among them.
    Register {
        /// Those that go as soon as the new one is in the list.
        replaces: Vec<MethodId>,
        /// Those that go once the person has the new key; absent in the ledgers of older versions.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        after_handover: Vec<MethodId>,
    },
    /// The one sheet that is about to be printed.
    Deliver {
        control: String,
        /// Where it goes; absent in the ledgers of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outlet: Option<Outlet>,
    },
}

/// How we know that the passkey is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The answer to the POST.
    Reply,
    /// The list of the user's methods, after a doubt.
    List,
}

/// What a step left behind: ids and verdicts, never a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    Plain,
    Made {
        credential: CredentialId,
        rp_id: RpId,
        aaguid: Aaguid,
        format: String,
        algorithm: i64,
        credential_protection: Option<CredentialProtection>,
        hmac_secret: bool,
        own_check: AttestationVerdict,
        second_opinion: AttestationVerdict,
        /// What the metadata had to say; absent where it knows the model not, or is not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vetting: Option<Box<Vetting>>,
        /// When Entra stops taking this attestation.
        expires: Timestamp,
    },
    Registered {
        method: MethodId,
        witness: Witness,
    },
    /// The letter is there, and confirmed.
    Delivered {
        control: String,
        target: String,
        /// How; absent in the ledgers of older versions, which confirmed nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirmed: Option<Confirm>,
    },
}

/// Something that is true from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Happening {
    /// A key was bound and its plan fixed: an attempt begins. Nothing was done to the key yet.
    Began {
        binding: Binding,
        plan: Plan,
    },
    /// Another key, blank like the first one, takes its place before anything was kept on either.
    Rebound {
        binding: Binding,
    },
    Started {
        step: Step,
        intent: Intent,
    },
    Done {
        step: Step,
        evidence: Evidence,
    },
    /// It is certain that the step had no effect.
    NotDone {
        step: Step,
        fault: Fault,
    },
    /// A person confirmed that the key lies in its bag.
    Bagged,
    /// What is known of the sheet that was handed to a printer.
    Printed {
        control: String,
        sheet: Sheet,
    },
    /// The sheet with this number is void: torn, misprinted, lost.
    Spoiled {
        control: String,
        reason: String,
    },
    /// Something left the bench after the letter was confirmed.
    Left {
        what: Leaving,
    },
    /// The person has the key and its PIN: the older methods that waited for it go from now on.
    HandedOver,
    /// The person does not have the key any more, or never will: its credential goes, and its PIN and letter are void.
    Retired {
        fate: Fate,
        reason: String,
    },
    /// The key that came back was reset: nothing of its person is on it any more.
    Wiped,
    /// The attempt is over. The credential that it may have left at Entra is to be looked for and deleted.
    Abandoned {
        reason: Fault,
        credential: Option<CredentialId>,
        restart: Step,
    },
    /// The letter is not to be trusted: it is void, and the same key, with the same passkey, gets a new PIN and a new letter.
    /// The attempt is over, and so is a hold.
    Reissued {
        reason: String,
        /// The control number of the letter that may exist.
        void: Option<String>,
    },
    /// Somebody has to act before the job goes on.
    Held {
        fault: Fault,
    },
    Released,
    /// The administrator gave the job up.
    Cancelled {
        credential: Option<CredentialId>,
    },
}

impl Happening {
    /// The step that it tells of, when it is one step's.
    pub fn step(&self) -> Option<Step> {
        match self {
            Self::Started { step, .. } | Self::Done { step, .. } | Self::NotDone { step, .. } => {
                Some(*step)
            }
            Self::Began { .. }
            | Self::Rebound { .. }
            | Self::Bagged
            | Self::Printed { .. }
            | Self::Spoiled { .. }
            | Self::Left { .. }
            | Self::HandedOver
            | Self::Retired { .. }
            | Self::Wiped
            | Self::Abandoned { .. }
            | Self::Reissued { .. }
            | Self::Held { .. }
            | Self::Released
            | Self::Cancelled { .. } => None,
        }
    }
}

/// One row of a job's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub attempt: Attempt,
    #[serde(flatten)]
    pub happening: Happening,
}
