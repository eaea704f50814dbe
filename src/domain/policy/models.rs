//! What the site makes of what the FIDO Metadata Service says of models and of a key's attestation.

use serde::{Deserialize, Serialize};

/// What to do with a key of a model that the FIDO Metadata Service calls revoked or compromised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokedModels {
    /// It is laid aside before anything is done to it.
    #[default]
    Refuse,
    /// It is taken, and the log and the journal say so.
    Warn,
}

/// What to do with a key whose attestation leads to none of the roots that the metadata has for its model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttestationRule {
    /// It is laid aside, and its passkey is never registered.
    #[default]
    Verify,
    /// It is taken, and the log and the journal say so.
    Warn,
}
