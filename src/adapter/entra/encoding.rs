//! The encodings of ids and paths. Entra has written credential ids in three ways, and one text may be read in two;
//! then both readings are given, because a superfluous id in an exclude list is harmless and a missing one is not.
//!
//! None of this is ever applied to a challenge or a user handle except [`bytes()`], which reads one way only.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::domain::credential::CredentialId;
use crate::domain::fault::Fault;

/// Bytes, WebAuthn §4 "Credential ID".
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;
/// Padding is taken off before; bits left over in the last character are nobody's business.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Unpadded base64url, as Graph demands it.
pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64 in either alphabet, padded or not; `None` when it is neither.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().trim_end_matches('=');
    let url_safe: String = body
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    LENIENT.decode(url_safe).ok()
}

/// Every credential id that `text` may stand for: base64 with padding, base64url, or base64url with the number of missing
/// padding characters behind it. Empty when it is no encoding of an id, such as a GUID.
pub fn credential_ids(text: &str) -> Vec<CredentialId> {
    let text = text.trim();
    // A GUID is by chance also base64url, but 27 bytes that look like one are no credential id.
    if uuid::Uuid::try_parse(text).is_ok() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let readings = [with_padding_count(text), bytes(text)];
    for id in readings.into_iter().flatten() {
        let fits = !id.is_empty() && id.len() <= CREDENTIAL_ID_BYTES_MAX;
        let id = CredentialId(id);
        if fits && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

/// The form with a trailing 0, 1 or 2, when that digit is the number of padding characters which the rest lacks.
fn with_padding_count(text: &str) -> Option<Vec<u8>> {
    let padding = match text.chars().next_back()? {
        '0' => 0,
        '1' => 1,
        '2' => 2,
        _ => return None,
    };
    let body = text.get(..text.len().checked_sub(1)?)?;
    if body.is_empty() || body.ends_with('=') || !(body.len() + padding).is_multiple_of(4) {
        return None;
    }
    bytes(body)
}

/// One path segment, percent-encoded: `#` of guest names and `'` of O'Reilly included.
///
/// # Errors
/// [`Fault::Internal`] for what can be no segment; an address must never lead to another resource.
pub(super) fn path_segment(raw: &str) -> Result<String, Fault> {
    if raw.is_empty() || raw == "." || raw == ".." || raw.chars().any(char::is_control) {
        return Err(Fault::Internal {
            // Without what it is: most are user names, and no log line names a person.
            what:
                "a name that is empty, dots, or has control characters cannot be part of an address"
                    .to_owned(),
        });
    }
    let mut encoded = String::with_capacity(raw.len());
    for byte in raw.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~@()=,".contains(&byte);
        if plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(encoded)
}
