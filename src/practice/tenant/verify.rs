//! What Entra checks of a registration and of a sign-in (WebAuthn §7.1, §7.2), with `ring`: other code than the one that
//! makes attestations and judges them before they are sent. ES256 only; whether a certificate chain ends at a known root is
//! not asked.

use std::collections::BTreeMap;

use ciborium::Value as Cbor;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::domain::authenticator::Aaguid;

use super::refusal::Refusal;

/// Flags of authenticator data, WebAuthn §6.1.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;
/// COSE algorithm ES256.
const ES256: i64 = -7;
/// id-fido-gen-ce-aaguid, WebAuthn §8.2.1.
const AAGUID_EXTENSION: &str = "1.3.6.1.4.1.45724.1.1.4";
/// Bytes, WebAuthn §4.
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;

/// An ES256 public key: the coordinates, 32 bytes each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    pub x: Vec<u8>,
    pub y: Vec<u8>,
}

impl PublicKey {
    /// SEC 1 uncompressed.
    fn point(&self) -> Vec<u8> {
        let mut point = vec![0x04];
        point.extend(&self.x);
        point.extend(&self.y);
        point
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signed_by(&self.point(), message, signature)
    }
}

/// What a registration proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) credential_id: Vec<u8>,
    pub(super) aaguid: Aaguid,
    pub(super) public_key: PublicKey,
    pub(super) sign_count: u32,
    /// SHA-1 thumbprints, upper-case hexadecimal; empty for self attestation and none.
    pub(super) certificates: Vec<String>,
}

/// What clientDataJSON said.
pub(super) struct ClientData {
    pub(super) challenge: String,
}

/// authenticatorData, taken apart.
struct AuthenticatorData {
    flags: u8,
    sign_count: u32,
    /// AAGUID, credential id, key.
    attested: Option<(Aaguid, Vec<u8>, PublicKey)>,
}

/// Checks type and origin of `bytes` (§5.8.1).
pub(super) fn client_data(bytes: &[u8], kind: &str, rp_id: &str) -> Result<ClientData, Refusal> {
    let bad = |why: &str| Refusal::bad("practiceClientData", format!("clientDataJSON: {why}"));
    let members: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|_| bad("it is no JSON object"))?;
    let text = |name: &str| members.get(name).and_then(serde_json::Value::as_str);
    if text("type") != Some(kind) {
        return Err(bad(&format!("type is not {kind}")));
    }
    if text("origin") != Some(format!("https://{rp_id}").as_str()) {
        return Err(bad("origin is not https and rp.id"));
    }
    if members
        .get("crossOrigin")
        .is_some_and(|value| value != false)
    {
        return Err(bad("crossOrigin is not false"));
    }
    let challenge = text("challenge").ok_or_else(|| bad("challenge is missing"))?;
    Ok(ClientData {
        challenge: challenge.to_owned(),
    })
}

/// Checks an attestation object against the client data that it answers.
pub(super) fn attestation(
    object: &[u8],
    client_data_json: &[u8],
    rp_id: &str,
) -> Result<Proof, Refusal> {
    let bad = |why: &str| Refusal::bad("practiceAttestation", format!("attestationObject: {why}"));
    let mut rest = object;
    let parsed: Cbor = ciborium::from_reader(&mut rest).map_err(|_| bad("it is not CBOR"))?;
    if !rest.is_empty() {
        return Err(bad("something follows its CBOR"));
    }
    let format = member(&parsed, "fmt")
        .and_then(Cbor::as_text)
        .ok_or_else(|| bad("fmt is missing"))?;
    let statement = member(&parsed, "attStmt").ok_or_else(|| bad("attStmt is missing"))?;
    let auth_data = member(&parsed, "authData")
        .and_then(Cbor::as_bytes)
        .ok_or_else(|| bad("authData is missing"))?;

    let data = authenticator_data(auth_data, rp_id)?;
    let needed = USER_PRESENT | USER_VERIFIED | ATTESTED;
    if data.flags & needed != needed {
        return Err(bad("the flags UP, UV and AT are not all set"));
    }
    let (aaguid, credential_id, public_key) = data
        .attested
        .ok_or_else(|| bad("there is no attested credential data"))?;
    let mut message = auth_data.clone();
    message.extend(digest(&SHA256, client_data_json).as_ref());
    let certificates = match format {
        "packed" => packed(statement, &message, &public_key, aaguid)?,
        "none" if statement.as_map().is_some_and(Vec::is_empty) => Vec::new(),
        "none" => return Err(bad("a statement of format none is not empty")),
        _ => return Err(bad("its format is neither packed nor none")),
    };
    Ok(Proof {
        credential_id,
        aaguid,
        public_key,
        sign_count: data.sign_count,
        certificates,
    })
}

/// Checks a sign-in with `key` (§7.2) and returns the signature counter.
pub(super) fn assertion(
    key: &PublicKey,
    auth_data: &[u8],
    client_data_json: &[u8],
    signature: &[u8],
    rp_id: &str,
) -> Result<u32, Refusal> {
    let bad = |why: &str| Refusal::bad("practiceAssertion", format!("assertion: {why}"));
    let data = authenticator_data(auth_data, rp_id)?;
    let needed = USER_PRESENT | USER_VERIFIED;
    if data.flags & needed != needed {
        return Err(bad("the flags UP and UV are not both set"));
    }
    let mut message = auth_data.to_vec();
    message.extend(digest(&SHA256, client_data_json).as_ref());
    if !key.verify(&message, signature) {
        return Err(bad("the signature does not verify"));
    }
    Ok(data.sign_count)
}

/// A packed statement (§8.2): by the leaf of `x5c`, or by the new key itself. Returns the thumbprints.
fn packed(
    statement: &Cbor,
    message: &[u8],
    own: &PublicKey,
    aaguid: Aaguid,
) -> Result<Vec<String>, Refusal> {
    let bad = |why: &str| Refusal::bad("practiceAttestation", format!("packed attestation: {why}"));
    if member(statement, "alg").and_then(integer) != Some(ES256) {
        return Err(bad("alg is not ES256"));
    }
    let signature = member(statement, "sig")
        .and_then(Cbor::as_bytes)
        .ok_or_else(|| bad("sig is missing"))?;
    let Some(chain) = member(statement, "x5c") else {
        return if own.verify(message, signature) {
            Ok(Vec::new())
        } else {
            Err(bad("the self signature does not verify"))
        };
    };
    let chain: Vec<&Vec<u8>> = chain
        .as_array()
        .map(|list| list.iter().filter_map(Cbor::as_bytes).collect())
        .unwrap_or_default();
    let leaf = chain.first().ok_or_else(|| bad("x5c is empty"))?;
    let (_, certificate) =
        X509Certificate::from_der(leaf).map_err(|_| bad("its certificate cannot be read"))?;
    if certificate.is_ca() {
        return Err(bad("its certificate is a certification authority's"));
    }
    let point = &certificate.public_key().subject_public_key.data;
    if !signed_by(point, message, signature) {
        return Err(bad("the signature does not verify under the certificate"));
    }
    let named = certificate
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_id_string() == AAGUID_EXTENSION);
    if let Some(named) = named {
        // An OCTET STRING of 16 bytes within the extension's value.
        let same = named
            .value
            .strip_prefix(&[0x04, 0x10])
            .is_some_and(|inner| inner == aaguid.0);
        if !same {
            return Err(bad("the certificate is for another AAGUID"));
        }
    }
    Ok(chain.into_iter().map(|der| thumbprint(der)).collect())
}

fn signed_by(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(message, signature)
        .is_ok()
}

fn thumbprint(der: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(40);
    for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// Takes authenticator data apart (§6.1) and checks that it is for `rp_id` and ends where it should.
fn authenticator_data(bytes: &[u8], rp_id: &str) -> Result<AuthenticatorData, Refusal> {
    let bad = |why: &str| Refusal::bad("practiceAuthData", format!("authenticator data: {why}"));
    let short = || bad("it breaks off");
    let (hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
    if hash.as_slice() != digest(&SHA256, rp_id.as_bytes()).as_ref() {
        return Err(bad("rpIdHash is another relying party's"));
    }
    let ([flags], rest) = rest.split_first_chunk::<1>().ok_or_else(short)?;
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let mut attested = None;
    if flags & ATTESTED != 0 {
        let (aaguid, tail) = rest.split_first_chunk::<16>().ok_or_else(short)?;
        let (length, tail) = tail.split_first_chunk::<2>().ok_or_else(short)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
            return Err(bad("the credential id has an impossible length"));
        }
        let (id, tail) = tail.split_at_checked(length).ok_or_else(short)?;
        rest = tail;
        let key: Cbor =
            ciborium::from_reader(&mut rest).map_err(|_| bad("the public key is not CBOR"))?;
        let key = cose_key(&key).ok_or_else(|| bad("the public key is no ES256 key"))?;
        attested = Some((Aaguid(*aaguid), id.to_vec(), key));
    }
    if flags & EXTENSIONS != 0 {
        let extensions: Cbor =
            ciborium::from_reader(&mut rest).map_err(|_| bad("the extensions are not CBOR"))?;
        if !extensions.is_map() {
            return Err(bad("the extensions are no map"));
        }
    }
    if !rest.is_empty() {
        return Err(bad("something follows its end"));
    }
    Ok(AuthenticatorData {
        flags: *flags,
        sign_count: u32::from_be_bytes(*count),
        attested,
    })
}

/// An EC2 key on P-256 for ES256 (RFC 9053 §7.1).
fn cose_key(key: &Cbor) -> Option<PublicKey> {
    let entry = |label: i64| {
        key.as_map()?
            .iter()
            .find(|(name, _)| integer(name) == Some(label))
            .map(|(_, value)| value)
    };
    let number = |label| entry(label).and_then(integer);
    if number(1) != Some(2) || number(3) != Some(ES256) || number(-1) != Some(1) {
        return None;
    }
    let coordinate = |label| {
        entry(label)
            .and_then(Cbor::as_bytes)
            .filter(|bytes| bytes.len() == 32)
            .cloned()
    };
    Some(PublicKey {
        x: coordinate(-2)?,
        y: coordinate(-3)?,
    })
}

fn member<'a>(map: &'a Cbor, name: &str) -> Option<&'a Cbor> {
    map.as_map()?
        .iter()
        .find(|(key, _)| key.as_text() == Some(name))
        .map(|(_, value)| value)
}

fn integer(value: &Cbor) -> Option<i64> {
    i64::try_from(i128::from(value.as_integer()?)).ok()
}
