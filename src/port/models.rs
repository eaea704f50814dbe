//! Models of keys: what the FIDO Metadata Service says of them, and whether a key is what it calls itself.

use std::sync::Arc;

use crate::domain::credential::Attestation;
use crate::domain::metadata::{Entry, Provenance, Shelf};
use crate::domain::time::Timestamp;

/// What is known of models. Never asks the network: what there is was imported.
pub trait Models: Send + Sync {
    /// The edition that counts now; `None` where none was imported. A new one counts without a restart.
    fn shelf(&self) -> Option<Arc<Shelf>>;

    /// Where the certificates in `attestation` lead, under what `entry` says of the model (WebAuthn Level 3 §7.1, steps 22 to
    /// 24). Whether the attestation's signature is right is for [`crate::port::AttestationCheck`] to say.
    fn provenance(&self, entry: &Entry, attestation: &Attestation, now: Timestamp) -> Provenance;
}

/// Nothing was imported, and nothing is claimed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetadata;

impl Models for NoMetadata {
    fn shelf(&self) -> Option<Arc<Shelf>> {
        None
    }

    fn provenance(&self, _: &Entry, _: &Attestation, _: Timestamp) -> Provenance {
        Provenance::Unclaimed("there is no metadata".to_owned())
    }
}
