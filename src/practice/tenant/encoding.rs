//! base64 as Entra writes it, with all the ways it has had of writing a credential id. Written apart from the adapter that
//! reads them, so that one mistake is not made twice.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A way of writing a credential id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdForm {
    /// Standard base64 with padding.
    Standard,
    /// base64url and the number of missing padding characters.
    PaddingCount,
    /// Unpadded base64url.
    Plain,
}

impl IdForm {
    /// The form of the entry at `index`; all three occur, beginning where `seed` says.
    pub(super) fn mixed(seed: u64, index: u64) -> Self {
        match seed.wrapping_add(index) % 3 {
            0 => Self::Standard,
            1 => Self::PaddingCount,
            _ => Self::Plain,
        }
    }

    pub(super) fn write(self, id: &[u8]) -> String {
        match self {
            Self::Standard => STANDARD.encode(id),
            Self::PaddingCount => {
                let missing = (3 - id.len() % 3) % 3;
                format!("{}{missing}", URL_SAFE_NO_PAD.encode(id))
            }
            Self::Plain => base64url(id),
        }
    }
}

/// Unpadded base64url.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Strictly unpadded base64url.
pub(super) fn strict(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
