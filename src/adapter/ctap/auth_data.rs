//! Authenticator data (WebAuthn Level 3 §6.1) taken apart. Judges nothing.

use ciborium::value::Value;

use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;

use super::cbor::{Map, decode_first, garbled};

/// Bits of the flags byte.
pub mod flag {
    /// User present.
    pub const UP: u8 = 0x01;
    /// User verified.
    pub const UV: u8 = 0x04;
    /// Attested credential data included.
    pub const AT: u8 = 0x40;
    /// Extension data included.
    pub const ED: u8 = 0x80;
}

/// Authenticator data, taken apart.
#[derive(Clone, Debug)]
pub struct AuthData {
    pub rp_id_hash: [u8; 32],
    pub flags: u8,
    pub sign_count: u32,
    pub attested: Option<AttestedCredential>,
    /// Empty when the key sent none.
    pub extensions: Map,
}

/// Attested credential data (§6.5.2).
#[derive(Clone, Debug)]
pub struct AttestedCredential {
    pub aaguid: Aaguid,
    pub credential_id: Vec<u8>,
    /// COSE_Key.
    pub public_key: Map,
}

impl AttestedCredential {
    /// COSE `alg` of the credential's key.
    ///
    /// # Errors
    /// [`Fault::KeyGarbled`] when there is none.
    pub fn algorithm(&self) -> Result<i64, Fault> {
        self.public_key
            .signed(3, "the credential's algorithm")?
            .ok_or_else(|| garbled("the credential's algorithm is missing"))
    }
}

/// Takes `bytes` apart, to the last one.
///
/// # Errors
/// [`Fault::KeyGarbled`].
pub fn parse(bytes: &[u8]) -> Result<AuthData, Fault> {
    let short = || garbled("the authenticator data ends too early");
    let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
    let (flags, rest) = rest.split_first().ok_or_else(short)?;
    let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let attested = if flags & flag::AT == 0 {
        None
    } else {
        let (aaguid, after) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or_else(short)?;
        let (id, after) = after
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or_else(short)?;
        let (public_key, after) = decode_first(after)?;
        rest = after;
        Some(AttestedCredential {
            aaguid: Aaguid(*aaguid),
            credential_id: id.to_vec(),
            public_key: Map::new(public_key, "the credential's public key")?,
        })
    };
    let mut extensions = Value::Map(Vec::new());
    if flags & flag::ED != 0 {
        (extensions, rest) = decode_first(rest)?;
    }
    if !rest.is_empty() {
        return Err(garbled(format!(
            "{} bytes behind the authenticator data",
            rest.len()
        )));
    }
    Ok(AuthData {
        rp_id_hash: *rp_id_hash,
        flags: *flags,
        sign_count: u32::from_be_bytes(*sign_count),
        attested,
        extensions: Map::new(extensions, "the extension data")?,
    })
}
