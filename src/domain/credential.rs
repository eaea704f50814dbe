//! The registration ceremony in the words of WebAuthn Level 3: options in, attestation out, what the relying party keeps.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Aaguid;
use crate::domain::time::Timestamp;

/// The id of a public key credential: opaque bytes, at most 1023 (WebAuthn §4). Written as unpadded base64url.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CredentialId(#[serde(with = "hex_bytes")] pub Vec<u8>);

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({self})")
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The id under which Entra keeps an authentication method: opaque text. Often, not always, the credential id in base64url
/// with the number of missing padding characters behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MethodId(pub String);

/// WebAuthn `user.id`: at most 64 bytes, stored on the key verbatim. It makes sign-in without a user name work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserHandle(#[serde(with = "hex_bytes")] pub Vec<u8>);

/// `rp.id`, the domain that a credential is bound to, such as `login.microsoft.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RpId(pub String);

impl RpId {
    /// The origin that Entra expects in clientDataJSON: the relying party's id under https.
    pub fn origin(&self) -> String {
        format!("https://{}", self.0)
    }
}

/// The credProtect extension (CTAP 2.1 §12.1). The number is the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CredentialProtection {
    UserVerificationOptional,
    UserVerificationOptionalWithCredentialIdList,
    UserVerificationRequired,
}

impl CredentialProtection {
    /// The value on the wire, 1 to 3.
    pub const fn level(self) -> u8 {
        match self {
            Self::UserVerificationOptional => 1,
            Self::UserVerificationOptionalWithCredentialIdList => 2,
            Self::UserVerificationRequired => 3,
        }
    }

    /// The policy of a wire value; `None` outside 1 to 3.
    pub const fn from_level(level: u8) -> Option<Self> {
        match level {
            1 => Some(Self::UserVerificationOptional),
            2 => Some(Self::UserVerificationOptionalWithCredentialIdList),
            3 => Some(Self::UserVerificationRequired),
            _ => None,
        }
    }
}

/// PublicKeyCredentialCreationOptions as the relying party handed them out, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationOptions {
    pub rp_id: RpId,
    pub rp_name: String,
    pub user_handle: UserHandle,
    pub user_name: String,
    pub user_display_name: String,
    /// Decoded. Entra's are about 5 KB.
    pub challenge: Vec<u8>,
    /// COSE algorithm numbers in the relying party's order of preference.
    pub algorithms: Vec<i64>,
    /// Every credential id that an entry of `excludeCredentials` may stand for.
    pub exclude: Vec<CredentialId>,
    /// `extensions.hmacCreateSecret`: needed for Windows sign-in without network.
    pub hmac_secret: bool,
    pub credential_protection: Option<CredentialProtection>,
    pub enforce_credential_protection: bool,
    /// `challengeTimeoutDateTime`: when the relying party stops accepting an answer.
    pub expires: Timestamp,
}

impl CreationOptions {
    /// The clientDataJSON bytes in the member order of WebAuthn §5.8.1.1, with the challenge in unpadded base64url.
    pub fn client_data_json(&self) -> Vec<u8> {
        // Neither base64url nor a host name needs escaping in JSON; the adapter refuses an rp.id that is not a host name.
        format!(
            r#"{{"type":"webauthn.create","challenge":"{}","origin":"{}","crossOrigin":false}}"#,
            URL_SAFE_NO_PAD.encode(&self.challenge),
            self.rp_id.origin()
        )
        .into_bytes()
    }
}

/// What authenticatorMakeCredential gave back, ready to be registered (WebAuthn §6.5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    pub credential_id: CredentialId,
    pub aaguid: Aaguid,
    /// The bytes that were hashed and signed, about 7 KB.
    pub client_data_json: Vec<u8>,
    /// CBOR `{fmt, attStmt, authData}` in canonical form.
    pub attestation_object: Vec<u8>,
    /// Attestation statement format identifier: `packed`, `none`, `fido-u2f` …
    pub format: String,
    /// The credProtect level that the key reports back; `None` when it did not apply one.
    pub credential_protection: Option<CredentialProtection>,
    /// Whether the key confirmed hmac-secret.
    pub hmac_secret: bool,
    /// COSE algorithm of the new key.
    pub algorithm: i64,
}

/// What a check of an attestation statement came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum AttestationVerdict {
    /// The signature over authData and clientDataHash is right.
    Agrees,
    /// The signature is wrong, or the statement contradicts the authenticator data.
    Disagrees(String),
    /// A form that this check does not know: not an objection.
    CannotJudge(String),
}

/// One entry of a user's `fido2Methods`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredCredential {
    pub method: MethodId,
    /// Every credential id that the method id may stand for; empty when it is no encoding of one.
    pub may_be: Vec<CredentialId>,
    pub display_name: String,
    pub aaguid: Option<Aaguid>,
    pub model: String,
    pub created: Option<Timestamp>,
    /// Synced passkeys and those in the Authenticator app are not security keys.
    pub kind: CredentialKind,
    /// `attestationLevel`: whether its model was proved when it was registered; `None` where the list does not tell.
    pub attested: Option<bool>,
    /// `passkeyType`: whether copies of it may be on several devices; `None` where the list does not tell.
    pub synced: Option<bool>,
}

/// Whether an entry of `fido2Methods` is a security key, as far as the list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    SecurityKey,
    /// Microsoft Authenticator on a phone, or a synced passkey.
    OtherPasskey,
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(
            &bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>(),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        if text.len() % 2 != 0 || !text.is_ascii() {
            return Err(D::Error::custom(
                "an even number of hexadecimal digits is needed",
            ));
        }
        (0..text.len())
            .step_by(2)
            .map(|at| {
                let pair = text.get(at..at + 2).unwrap_or("");
                u8::from_str_radix(pair, 16).map_err(D::Error::custom)
            })
            .collect()
    }
}
