//! Models of keys: what the FIDO Metadata Service says of them, and whether a key is what it calls itself.

use std::sync::Arc;

use crate::domain::metadata::{Certificate, Entry, Provenance, Shelf};
use crate::domain::time::Timestamp;

/// What is known of models. Never asks the network: what there is was imported.
pub trait Models: Send + Sync {
    /// The edition that counts now; `None` where none was imported. A new one counts without a restart.
    fn shelf(&self) -> Option<Arc<Shelf>>;

    /// Where the certificates lead that a key has `shown`, its own first, under what `entry` says of its model (WebAuthn Level 3
    /// §7.1, steps 22 to 24); none when it vouches for itself. Whether it may show them, because it has signed with the private
    /// half of the first, is for [`crate::port::AttestationCheck`] to say.
    fn provenance(&self, entry: &Entry, shown: &[Certificate], now: Timestamp) -> Provenance;
}

/// Nothing was imported, and nothing is claimed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetadata;

impl Models for NoMetadata {
    fn shelf(&self) -> Option<Arc<Shelf>> {
        None
    }

    fn provenance(&self, _: &Entry, _: &[Certificate], _: Timestamp) -> Provenance {
        Provenance::Unclaimed("there is no metadata".to_owned())
    }
}
