//! authenticatorGetAssertion (CTAP 2.1 §6.2) without a touch: does this key hold one of these credentials? Never signs
//! anyone in: the challenge is a constant that no relying party issues.

use ciborium::value::Value;
use sha2::{Digest, Sha256};

use crate::domain::credential::{CredentialId, RpId};
use crate::domain::fault::{CtapStatus, Fault};

use super::cbor::{self, Builder, Map};
use super::key::{ANSWER_SECONDS, Key};
use super::pin_protocol::Token;
use super::status::{self, Command};

/// Hashed in place of client data.
const SILENT_CLIENT_DATA: &[u8] = b"keyline: silent assertion, never sent to a relying party";
/// Bytes of an array's head and of the key before it, at most.
const LIST_HEAD_BYTES: usize = 4;

/// Parameters of the command, §6.2.
mod parameter {
    pub(super) const RP_ID: u8 = 0x01;
    pub(super) const CLIENT_DATA_HASH: u8 = 0x02;
    pub(super) const ALLOW_LIST: u8 = 0x03;
    pub(super) const OPTIONS: u8 = 0x05;
    pub(super) const PIN_UV_AUTH_PARAM: u8 = 0x06;
    pub(super) const PIN_UV_AUTH_PROTOCOL: u8 = 0x07;
}

impl Key {
    /// Which of `allow` the key holds, or with an empty list any discoverable credential that it shows. A `token` with the
    /// permission `ga` shows those under credProtect, too.
    ///
    /// A key that wants verification even for this (PUAT_REQUIRED) shows as little as one with nothing on it: `None`.
    pub(super) fn assert_without_touch(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
        token: Option<&Token>,
    ) -> Result<Option<CredentialId>, Fault> {
        let info = self.info()?.capabilities;
        let request = |list: &[CredentialId]| silent_request(rp, list, token);
        let base = cbor::encode(&request(&[])?.into())?.len();
        let lists = chunks(
            allow,
            info.max_credentials_in_list,
            info.max_message_size.saturating_sub(base + 1),
        )?;
        if lists.is_empty() {
            return self.assert_once(request(&[])?, &[]);
        }
        for list in lists {
            if let Some(found) = self.assert_once(request(list)?, list)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn assert_once(
        &mut self,
        request: Builder,
        list: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault> {
        match self.attempt(Command::GetAssertion, request, ANSWER_SECONDS)? {
            Ok(answer) => held(&answer, list).map(Some),
            Err(
                CtapStatus::NO_CREDENTIALS
                | CtapStatus::INVALID_CREDENTIAL
                | CtapStatus::PUAT_REQUIRED,
            ) => Ok(None),
            Err(status) => Err(status::fault(Command::GetAssertion, status)),
        }
    }
}

fn silent_request(
    rp: &RpId,
    list: &[CredentialId],
    token: Option<&Token>,
) -> Result<Builder, Fault> {
    let hash: [u8; 32] = Sha256::digest(SILENT_CLIENT_DATA).into();
    let mut request = Builder::new()
        .with(parameter::RP_ID, rp.0.as_str())
        .with(parameter::CLIENT_DATA_HASH, hash.to_vec())
        .with(parameter::OPTIONS, Builder::new().with("up", false));
    // An empty list is an error to some keys; no list means "any discoverable one".
    if !list.is_empty() {
        request = request.with(parameter::ALLOW_LIST, descriptors(list));
    }
    if let Some(token) = token {
        request = request
            .with(parameter::PIN_UV_AUTH_PARAM, token.authenticate(&hash)?)
            .with(parameter::PIN_UV_AUTH_PROTOCOL, token.protocol().number());
    }
    Ok(request)
}

/// The id in an answer. With one id asked for the key may leave it out (§6.2.2).
fn held(answer: &Map, list: &[CredentialId]) -> Result<CredentialId, Fault> {
    match (answer.map(0x01, "credential")?, list) {
        (Some(credential), _) => {
            let id = cbor::required(
                credential.bytes("id", "the credential's id")?,
                "the credential's id",
            )?;
            Ok(CredentialId(id.to_vec()))
        }
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(cbor::garbled("an assertion that names no credential")),
    }
}

/// PublicKeyCredentialDescriptors.
pub(super) fn descriptors(list: &[CredentialId]) -> Value {
    Value::Array(list.iter().map(descriptor).collect())
}

pub(super) fn descriptor(id: &CredentialId) -> Value {
    Builder::new()
        .with("id", id.0.clone())
        .with("type", "public-key")
        .into()
}

/// Splits `list` so that no part has more than `count` ids or takes more than `bytes` in a request (getInfo's
/// maxCredentialCountInList and maxMsgSize). An id that is too long for any request goes alone: the key says so itself.
pub(super) fn chunks(
    list: &[CredentialId],
    count: Option<usize>,
    bytes: usize,
) -> Result<Vec<&[CredentialId]>, Fault> {
    let mut parts = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let mut room = bytes.saturating_sub(LIST_HEAD_BYTES);
        let mut taken = 0;
        for id in rest.iter().take(count.unwrap_or(usize::MAX)) {
            let size = cbor::encode(&descriptor(id))?.len();
            if size > room {
                break;
            }
            room -= size;
            taken += 1;
        }
        let Some((part, after)) = rest.split_at_checked(taken.max(1)) else {
            break;
        };
        parts.push(part);
        rest = after;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_by_count_and_by_bytes() {
        let ids: Vec<_> = (0..5).map(|n| CredentialId(vec![n; 40])).collect();
        let sizes = |count, bytes| {
            let parts = chunks(&ids, count, bytes).unwrap();
            assert_eq!(parts.concat(), ids);
            parts.iter().map(|part| part.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(None, 7609), [5]);
        assert_eq!(sizes(Some(2), 7609), [2, 2, 1]);
        // One descriptor takes 62 bytes: {"id": h'..40 bytes..', "type": "public-key"}.
        assert_eq!(sizes(None, 2 * 62 + LIST_HEAD_BYTES), [2, 2, 1]);
        assert_eq!(sizes(None, 2 * 62 + LIST_HEAD_BYTES - 1), [1, 1, 1, 1, 1]);
        assert_eq!(sizes(None, 0), [1, 1, 1, 1, 1]);
        assert!(chunks(&[], None, 0).unwrap().is_empty());
    }
}
