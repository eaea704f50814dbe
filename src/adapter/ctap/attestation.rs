//! [`AttestationCheck`]: whether an attestation statement (WebAuthn Level 3 §6.5, §8) holds together. Our own verdict
//! decides; a second, independent implementation is asked for its opinion. Trust in the vendor is not judged here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ciborium::value::Value;
use ctap_hid_fido2::fidokey::make_credential::make_credential_response;
use ctap_hid_fido2::verifier::verify_attestation;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{Attestation, AttestationVerdict};
use crate::domain::fault::Fault;
use crate::domain::metadata::Certificate;
use crate::port::AttestationCheck;

use super::auth_data::{self, AttestedCredential, AuthData, flag};
use super::cbor::{self, Builder, Map, required};

/// COSE algorithm ES256.
const ES256: i64 = -7;
/// COSE algorithm ESP256: ES256 under its later name.
const ESP256: i64 = -9;
/// id-fido-gen-ce-aaguid, 1.3.6.1.4.1.45724.1.1.4, as it stands in a certificate (WebAuthn §8.2.1).
const AAGUID_EXTENSION: [u8; 11] = [
    0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xE5, 0x1C, 0x01, 0x01, 0x04,
];

/// Checks attestation statements: `packed` (self and basic, ES256), `fido-u2f` and `none`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verifier;

impl AttestationCheck for Verifier {
    fn judge(&self, attestation: &Attestation) -> AttestationVerdict {
        match Parts::of(attestation).and_then(|parts| parts.verdict()) {
            Ok(()) => AttestationVerdict::Agrees,
            Err(Objection::Wrong(why)) => AttestationVerdict::Disagrees(why),
            Err(Objection::Unknown(why)) => AttestationVerdict::CannotJudge(why),
        }
    }

    fn certificates(&self, attestation: &Attestation) -> Result<Vec<Certificate>, Fault> {
        let object = Map::new(
            cbor::decode(&attestation.attestation_object)?,
            "the attestation object",
        )?;
        let statement = required(object.map("attStmt", "attStmt")?, "attStmt")?;
        let shown = statement.array("x5c", "x5c")?.unwrap_or_default();
        shown
            .iter()
            .map(|one| match one.as_bytes() {
                Some(der) => Ok(Certificate(der.clone())),
                None => Err(cbor::garbled("x5c holds something that is no certificate")),
            })
            .collect()
    }

    fn second_opinion(&self, attestation: &Attestation) -> AttestationVerdict {
        match Parts::of(attestation).and_then(|parts| opinion(&parts, attestation)) {
            Ok(()) => AttestationVerdict::Agrees,
            Err(Objection::Wrong(why)) => AttestationVerdict::Disagrees(why),
            Err(Objection::Unknown(why)) => AttestationVerdict::CannotJudge(why),
        }
    }
}

/// Why a statement is not simply right.
enum Objection {
    Wrong(String),
    Unknown(String),
}

impl From<Fault> for Objection {
    fn from(fault: Fault) -> Self {
        Self::Wrong(fault.to_string())
    }
}

fn wrong<T>(why: impl Into<String>) -> Result<T, Objection> {
    Err(Objection::Wrong(why.into()))
}

fn unknown<T>(why: impl Into<String>) -> Result<T, Objection> {
    Err(Objection::Unknown(why.into()))
}

/// An attestation object taken apart.
struct Parts {
    format: String,
    statement: Map,
    raw_auth_data: Vec<u8>,
    auth_data: AuthData,
    credential: AttestedCredential,
    rp_id: String,
    client_data_hash: [u8; 32],
}

impl Parts {
    /// Takes it apart, and checks everything that needs no signature.
    fn of(attestation: &Attestation) -> Result<Self, Objection> {
        let object = Map::new(
            cbor::decode(&attestation.attestation_object)?,
            "the attestation object",
        )?;
        let format = required(object.text("fmt", "fmt")?, "fmt")?.to_owned();
        let statement = required(object.map("attStmt", "attStmt")?, "attStmt")?;
        let raw_auth_data = required(object.bytes("authData", "authData")?, "authData")?.to_vec();
        let auth_data = auth_data::parse(&raw_auth_data)?;
        let rp_id = relying_party(&attestation.client_data_json)?;
        if auth_data.rp_id_hash != <[u8; 32]>::from(Sha256::digest(rp_id.as_bytes())) {
            return wrong(format!("the authenticator data is not for {rp_id}"));
        }
        for (bit, name) in [(flag::UP, "UP"), (flag::UV, "UV"), (flag::AT, "AT")] {
            if auth_data.flags & bit == 0 {
                return wrong(format!("the flag {name} is not set"));
            }
        }
        let credential = required(auth_data.attested.clone(), "the attested credential data")?;
        if credential.credential_id != attestation.credential_id.0 {
            return wrong("the authenticator data names another credential");
        }
        if credential.aaguid != attestation.aaguid {
            return wrong("the authenticator data names another AAGUID");
        }
        let client_data_hash = Sha256::digest(&attestation.client_data_json).into();
        Ok(Self {
            format,
            statement,
            raw_auth_data,
            auth_data,
            credential,
            rp_id,
            client_data_hash,
        })
    }

    fn verdict(&self) -> Result<(), Objection> {
        match self.format.as_str() {
            "packed" => self.packed(),
            "fido-u2f" => self.fido_u2f(),
            "none" if self.statement.members().is_empty() => Ok(()),
            "none" => wrong("an attestation of format none has a statement"),
            other => unknown(format!("attestation format {other}")),
        }
    }

    /// WebAuthn §8.2.
    fn packed(&self) -> Result<(), Objection> {
        let algorithm = required(self.statement.signed("alg", "alg")?, "alg")?;
        let signature = required(self.statement.bytes("sig", "sig")?, "sig")?;
        let message = [self.raw_auth_data.as_slice(), &self.client_data_hash].concat();
        let Some(leaf) = self.leaf()? else {
            if algorithm != self.credential.algorithm()? {
                return wrong("a self attestation under another algorithm than the credential's");
            }
            return verify(
                algorithm,
                &credential_point(&self.credential)?,
                &message,
                signature,
            );
        };
        let certificate = certificate(leaf)?;
        if let Some(aaguid) = certified_aaguid(&certificate)?
            && aaguid != self.credential.aaguid
        {
            return wrong(format!(
                "the attestation certificate is for the model {aaguid}"
            ));
        }
        if !matches!(algorithm, ES256 | ESP256) {
            // WebAuthn §5.8.5 gives each algorithm its curve. Who copies a vendor's certificate must not get by with a signature
            // that nobody looks at.
            let is_p256 = certified_point(&certificate)
                .is_ok_and(|point| VerifyingKey::from_sec1_bytes(&point).is_ok());
            let why = format!("COSE algorithm {algorithm}");
            return if is_p256 {
                wrong(format!("{why} with a certificate for another one"))
            } else {
                unknown(why)
            };
        }
        verify(ES256, &certified_point(&certificate)?, &message, signature)
    }

    /// WebAuthn §8.6.
    fn fido_u2f(&self) -> Result<(), Objection> {
        let signature = required(self.statement.bytes("sig", "sig")?, "sig")?;
        let leaf = required(self.leaf()?, "x5c")?;
        if self.credential.aaguid != Aaguid([0; 16]) {
            return wrong("a U2F attestation with an AAGUID");
        }
        let message = [
            [0x00].as_slice(),
            &self.auth_data.rp_id_hash,
            &self.client_data_hash,
            &self.credential.credential_id,
            &credential_point(&self.credential)?,
        ]
        .concat();
        verify(
            ES256,
            &certified_point(&certificate(leaf)?)?,
            &message,
            signature,
        )
    }

    /// The first certificate of `x5c`, where there is an `x5c`.
    fn leaf(&self) -> Result<Option<&[u8]>, Objection> {
        let Some(chain) = self.statement.array("x5c", "x5c")? else {
            return Ok(None);
        };
        match chain.first().and_then(Value::as_bytes) {
            Some(leaf) => Ok(Some(leaf)),
            None => wrong("x5c holds no certificate"),
        }
    }
}

/// The relying party's id: its origin is the id under https, so our own client data names it.
fn relying_party(client_data_json: &[u8]) -> Result<String, Objection> {
    let client_data: serde_json::Value = serde_json::from_slice(client_data_json)
        .or_else(|_| wrong("the client data is no JSON"))?;
    let origin = client_data.get("origin").and_then(|origin| origin.as_str());
    match origin.and_then(|origin| origin.strip_prefix("https://")) {
        Some(rp_id) => Ok(rp_id.to_owned()),
        None => wrong("the client data names no https origin"),
    }
}

fn certificate(der: &[u8]) -> Result<X509Certificate<'_>, Objection> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => wrong("bytes behind the attestation certificate"),
        Err(_) => wrong("the attestation certificate cannot be read"),
    }
}

/// The AAGUID that the certificate is for, where it says so: an octet string inside the extension.
fn certified_aaguid(certificate: &X509Certificate<'_>) -> Result<Option<Aaguid>, Objection> {
    let mut extensions = certificate.extensions().iter();
    let Some(extension) = extensions.find(|extension| extension.oid.as_bytes() == AAGUID_EXTENSION)
    else {
        return Ok(None);
    };
    match extension.value {
        [0x04, 0x10, aaguid @ ..] => match aaguid.try_into() {
            Ok(aaguid) => Ok(Some(Aaguid(aaguid))),
            Err(_) => wrong("the certificate's AAGUID is not 16 bytes long"),
        },
        _ => wrong("the certificate's AAGUID cannot be read"),
    }
}

/// The certified key as an uncompressed point. Whether it lies on P-256 is for [`verify`] to say.
fn certified_point(certificate: &X509Certificate<'_>) -> Result<Vec<u8>, Objection> {
    let key = &certificate.public_key().subject_public_key.data;
    if key.len() == 65 {
        Ok(key.to_vec())
    } else {
        unknown("a certificate without a P-256 key")
    }
}

/// The credential's key as an uncompressed point.
fn credential_point(credential: &AttestedCredential) -> Result<Vec<u8>, Objection> {
    let key = &credential.public_key;
    if credential.algorithm()? != ES256 {
        return unknown(format!("COSE algorithm {}", credential.algorithm()?));
    }
    let mut point = vec![0x04];
    for (label, what) in [(-2, "the credential's x"), (-3, "the credential's y")] {
        let coordinate = required(key.bytes(label, what)?, what)?;
        if coordinate.len() != 32 {
            return wrong(format!("{what} is not 32 bytes long"));
        }
        point.extend(coordinate);
    }
    Ok(point)
}

fn verify(algorithm: i64, point: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Objection> {
    if algorithm != ES256 {
        return unknown(format!("COSE algorithm {algorithm}"));
    }
    let Ok(key) = VerifyingKey::from_sec1_bytes(point) else {
        return unknown("a key that is not on P-256");
    };
    let Ok(signature) = DerSignature::from_bytes(signature) else {
        return wrong("the signature is no ECDSA signature");
    };
    key.verify(message, &signature)
        .or_else(|_| wrong("the signature is wrong"))
}

/// The other implementation reads a makeCredential answer. It panics or prints on forms that it does not know, so it is
/// shown only what it knows: packed with a certificate, ES256, and the three members of the statement.
fn opinion(parts: &Parts, attestation: &Attestation) -> Result<(), Objection> {
    let algorithm = parts.statement.signed("alg", "alg")?;
    if parts.format != "packed"
        || algorithm != Some(ES256)
        || parts.credential.algorithm()? != ES256
    {
        return unknown("only packed attestations under ES256 are shown to it");
    }
    let Some(leaf) = parts.leaf()? else {
        return unknown("no certificate: nothing that it could judge");
    };
    certificate(leaf)?;
    credential_point(&parts.credential)?;
    let known = ["hmac-secret", "credProtect", "minPinLength", "credBlob"];
    let foreign =
        |(name, _): &(Value, Value)| name.as_text().is_none_or(|name| !known.contains(&name));
    if parts.auth_data.extensions.members().iter().any(foreign) {
        return unknown("an extension that it does not know");
    }
    let statement = Builder::new()
        .with("alg", ES256)
        .with_some("sig", parts.statement.get("sig").cloned())
        .with("x5c", Value::Array(vec![Value::Bytes(leaf.to_vec())]));
    let answer = Builder::new()
        .with(1, parts.format.as_str())
        .with(2, parts.raw_auth_data.clone())
        .with(3, statement);
    let answer = cbor::encode(&answer.into())?;
    let judged = catch_unwind(AssertUnwindSafe(|| {
        let read = make_credential_response::parse_cbor(&answer).ok()?;
        Some(verify_attestation(&parts.rp_id, &attestation.client_data_json, &read).is_success)
    }));
    match judged {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) => wrong("the second implementation finds the signature wrong"),
        Ok(None) => unknown("the second implementation cannot read it"),
        Err(_) => unknown("the second implementation failed"),
    }
}

#[cfg(test)]
mod tests;
