//! The trial: a passkey in software, made for a named test user, registered, seen and deleted again. It is written down before it
//! is sent, so that whatever is cut, the next look finds what may have been left.

use crate::domain::credential::CredentialId;
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

/// A test passkey that may be at Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// As it was typed: UPN or object id.
    pub user: String,
    pub credential: CredentialId,
    /// Its name at Entra, which no other passkey has: Entra's own id need not tell the credential's.
    pub display_name: String,
    pub begun: Timestamp,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialEnd {
    /// Entra had refused it, so there was nothing to delete.
    Refused,
    Deleted,
    /// Its reply was lost, and it did not appear.
    NeverAppeared,
}

/// Where a trial is written down. At most one is open at a time. Every method that writes returns once it is on the disk.
pub trait TrialBook: Send + Sync {
    /// The trial that was begun and not ended.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    fn open_trial(&self) -> Result<Option<Trial>, Fault>;

    /// Before the passkey is sent.
    ///
    /// # Errors
    /// [`Fault::Ledger`], also when one is open: what that one left comes first.
    fn begin_trial(&self, trial: &Trial, actor: &str) -> Result<(), Fault>;

    /// When it is certain that nothing of it is at Entra.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    fn end_trial(&self, end: TrialEnd, actor: &str, at: Timestamp) -> Result<(), Fault>;
}
