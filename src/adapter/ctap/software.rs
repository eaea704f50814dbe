//! A passkey in software, for the trial of a tenant without a key: format `none` (WebAuthn Level 3 §8.7), the AAGUID zero, a
//! P-256 key whose private half is wiped before anything is sent. Whatever becomes of it at the tenant, it signs nobody in.
//!
//! It is no authenticator, and no station takes it for one.

use ciborium::value::Value;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{Attestation, CreationOptions, CredentialId};
use crate::domain::fault::Fault;

use super::auth_data::flag;
use super::cbor::{self, Builder};

/// What a passkey without a model says (§6.5.2).
pub const AAGUID: Aaguid = Aaguid([0; 16]);
/// Bytes.
const CREDENTIAL_ID_BYTES: usize = 32;
/// COSE algorithm ES256.
const ES256: i64 = -7;
/// A random number that is no scalar of P-256 is less likely than a broken machine.
const DRAWS_MAX: usize = 8;

/// Answers `options` as a key would that says nothing of itself.
///
/// # Errors
/// [`Fault::Unsupported`] when the relying party does not take ES256; [`Fault::Internal`] without randomness.
pub fn attest(options: &CreationOptions) -> Result<Attestation, Fault> {
    if !options.algorithms.contains(&ES256) {
        return Err(Fault::Unsupported {
            what: "a test passkey with another algorithm than ES256".to_owned(),
        });
    }
    let mut id = vec![0; CREDENTIAL_ID_BYTES];
    fill(&mut id)?;
    let mut auth_data = Sha256::digest(options.rp_id.0.as_bytes()).to_vec();
    // No bit of a backup: it counts as bound to a device, as security keys do.
    auth_data.push(flag::UP | flag::UV | flag::AT);
    auth_data.extend(0_u32.to_be_bytes());
    auth_data.extend(AAGUID.0);
    let length = u16::try_from(id.len()).map_err(|_| internal("a long credential id"))?;
    auth_data.extend(length.to_be_bytes());
    auth_data.extend(&id);
    auth_data.extend(cbor::encode(&public_key()?)?);
    let object = Builder::new()
        .with("fmt", "none")
        .with("attStmt", Value::Map(Vec::new()))
        .with("authData", auth_data);
    Ok(Attestation {
        credential_id: CredentialId(id),
        aaguid: AAGUID,
        client_data_json: options.client_data_json(),
        attestation_object: cbor::encode(&object.into())?,
        format: "none".to_owned(),
        credential_protection: None,
        hmac_secret: false,
        algorithm: ES256,
    })
}

/// The public half of a pair whose private half nobody keeps, as COSE_Key (RFC 9053 §7.1).
fn public_key() -> Result<Value, Fault> {
    let mut scalar = Zeroizing::new([0; 32]);
    for _ in 0..DRAWS_MAX {
        fill(scalar.as_mut_slice())?;
        let Ok(secret) = SecretKey::from_slice(scalar.as_slice()) else {
            continue;
        };
        let point = secret.public_key().to_sec1_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else {
            continue;
        };
        return Ok(Builder::new()
            .with(1, 2)
            .with(3, ES256)
            .with(-1, 1)
            .with(-2, x.to_vec())
            .with(-3, y.to_vec())
            .into());
    }
    Err(internal("the system's randomness never fits P-256"))
}

fn fill(bytes: &mut [u8]) -> Result<(), Fault> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|error| internal(&format!("no randomness: {error}")))
}

fn internal(what: &str) -> Fault {
    Fault::Internal {
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::ctap::Verifier;
    use crate::domain::credential::{AttestationVerdict, RpId, UserHandle};
    use crate::domain::time::Timestamp;
    use crate::port::AttestationCheck;

    fn options(algorithms: &[i64]) -> CreationOptions {
        CreationOptions {
            rp_id: RpId("login.microsoft.com".to_owned()),
            rp_name: "Microsoft".to_owned(),
            user_handle: UserHandle(vec![7; 51]),
            user_name: "test@contoso.com".to_owned(),
            user_display_name: "Test".to_owned(),
            challenge: vec![9; 5198],
            algorithms: algorithms.to_vec(),
            exclude: Vec::new(),
            hmac_secret: true,
            credential_protection: None,
            enforce_credential_protection: true,
            expires: Timestamp(0),
        }
    }

    #[test]
    fn our_own_verifier_takes_it_and_no_two_are_alike() {
        let one = attest(&options(&[-257, -7])).expect("an attestation");
        let two = attest(&options(&[-7])).expect("an attestation");
        assert_eq!(Verifier.judge(&one), AttestationVerdict::Agrees);
        assert_ne!(one.credential_id, two.credential_id);
        assert_ne!(one.attestation_object, two.attestation_object);
    }

    #[test]
    fn what_cannot_be_made_is_refused_before_anything_is_sent() {
        let fault = attest(&options(&[-257])).expect_err("no ES256");
        assert!(matches!(fault, Fault::Unsupported { .. }), "{fault}");
    }
}
