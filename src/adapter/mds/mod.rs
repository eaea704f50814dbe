//! The FIDO Metadata Service: its signed file is verified, read, and kept as what keyline needs of it; and a key's attestation
//! certificates are held against the roots of its model. Never decides about a key, and never takes what it could not verify.
//!
//! # Why
//! Path building and signatures are webpki's. The rest is ours: known readers of this format give the whole file up for one
//! missing member of one entry, which genuine files have had, and verify by the clock of the machine alone.
//!
//! What was read is kept in a file of its own beside the ledger, and not in the ledger: it is public, it is imported while a
//! station works on the ledger, and it is replaced as a whole by a rename. Its highest number is in the ledger all the same: a
//! file can be removed, damaged, or put back from a copy.
//!
//! - [`blob`]: the signature, the chain behind it, and whose it is.
//! - [`entries`]: what the file says of models; a broken entry costs only itself.
//! - [`store`]: the kept file; its number never goes back.
//! - [`floors`]: the numbers that it never goes below.
//! - [`catalogue`]: [`crate::port::Models`] over the kept file, which may be replaced meanwhile.
//! - [`chain`]: from a key's certificates to a model's roots.
//! - [`download`]: the file from the service.

pub mod blob;
pub mod catalogue;
pub mod chain;
pub mod download;
pub mod entries;
pub mod floors;
pub mod store;

use std::path::Path;

pub use blob::Trust;
pub use catalogue::Catalogue;
pub use download::Source;
pub use floors::Floors;
pub use store::{Import, Kept};

/// Why metadata could not be had, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MdsFault {
    /// It is not what the service signs, or not whole.
    #[error("this is not a file of the FIDO Metadata Service: {what}")]
    NotMetadata { what: String },
    /// It may be, but that is not proved.
    #[error("the metadata is not to be trusted: {what}")]
    NotTrusted { what: String },
    /// Proved, and older than what is there, or was.
    #[error("the metadata is number {offered}, and number {kept} is here already")]
    Older { offered: u64, kept: u64 },
    /// What is kept is older than what was here once.
    #[error("{file} is number {number}, and number {newest} was here before")]
    GoneBack {
        file: String,
        number: u64,
        newest: u64,
    },
    /// Nothing that counts is kept, although genuine metadata was here, and a policy refuses what it calls revoked.
    #[error(
        "metadata number {number} was here before, and {file} holds none that counts: no model would be known to be revoked, and the policy `{policy}` refuses revoked models. Import it again: `keyline mds import FILE` takes it from a file, `keyline mds update` fetches it"
    )]
    Lost {
        file: String,
        number: u64,
        policy: String,
    },
    /// The service, or the way to it.
    #[error("the metadata could not be fetched: {what}")]
    Unreachable { what: String },
    /// What was kept is damaged.
    #[error("{file} cannot be used: {what}")]
    Damaged { file: String, what: String },
    /// A file could not be read or written.
    #[error("{place}: {what}")]
    Files { place: String, what: String },
}

impl MdsFault {
    pub(crate) fn files(place: &Path, error: &impl ToString) -> Self {
        Self::Files {
            place: place.display().to_string(),
            what: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
