//! What a policy changes in a key's own configuration (CTAP 2.1 §6.11), and what of it a key still lacks.

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Capabilities;

/// What Configure shall bring about; only what is missing is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    pub always_uv: bool,
    /// Unicode code points.
    pub min_pin_length: Option<usize>,
    pub force_pin_change: bool,
}

impl Configuration {
    /// Whether there is nothing to configure.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What of it the key does not have yet. alwaysUv is a toggle, so it must never be asked for twice.
    pub fn missing(self, key: &Capabilities) -> Self {
        Self {
            always_uv: self.always_uv && key.always_uv != Some(true),
            min_pin_length: self
                .min_pin_length
                .filter(|minimum| key.min_pin_length < *minimum),
            force_pin_change: self.force_pin_change && !key.force_pin_change,
        }
    }
}
