//! The body of a registration. Graph's types are closed: a member that they do not declare is refused, and so is anything
//! but unpadded base64url.

use serde_json::{Map, Value};

use super::encoding::strict;
use super::refusal::Refusal;

/// Characters, in UTF-16 units.
const DISPLAY_NAME_CHARACTERS_MAX: usize = 30;

/// A registration that is well formed; nothing is proved yet.
pub(super) struct Registration {
    pub(super) display_name: String,
    pub(super) credential_id: Vec<u8>,
    pub(super) client_data_json: Vec<u8>,
    pub(super) attestation_object: Vec<u8>,
}

/// Reads the body of a POST.
pub(super) fn parse(body: &[u8]) -> Result<Registration, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::bad("practiceBadRequest", "the body is not JSON"))?;
    let root = closed(
        "the body",
        Some(&body),
        &["displayName", "publicKeyCredential"],
    )?;
    let credential = closed(
        "publicKeyCredential",
        root.get("publicKeyCredential"),
        &["id", "response", "clientExtensionResults"],
    )?;
    let response = closed(
        "response",
        credential.get("response"),
        &["clientDataJSON", "attestationObject"],
    )?;
    // An open type: whatever it holds, it must be an object.
    if credential
        .get("clientExtensionResults")
        .is_some_and(|results| !results.is_object())
    {
        return Err(Refusal::bad(
            "practiceBadRequest",
            "clientExtensionResults is no object",
        ));
    }
    let display_name = match root.get("displayName") {
        None => String::new(),
        Some(name) => name
            .as_str()
            .ok_or_else(|| Refusal::bad("practiceBadRequest", "displayName is no text"))?
            .to_owned(),
    };
    if display_name.encode_utf16().count() > DISPLAY_NAME_CHARACTERS_MAX {
        return Err(Refusal::bad(
            "practiceDisplayNameTooLong",
            format!("displayName has more than {DISPLAY_NAME_CHARACTERS_MAX} characters"),
        ));
    }
    Ok(Registration {
        display_name,
        credential_id: bytes(credential, "id")?,
        client_data_json: bytes(response, "clientDataJSON")?,
        attestation_object: bytes(response, "attestationObject")?,
    })
}

fn closed<'a>(
    what: &str,
    value: Option<&'a Value>,
    declared: &[&str],
) -> Result<&'a Map<String, Value>, Refusal> {
    let members = value.and_then(Value::as_object).ok_or_else(|| {
        Refusal::bad(
            "practiceBadRequest",
            format!("{what} is missing or no object"),
        )
    })?;
    let unknown = members
        .keys()
        .find(|name| !declared.contains(&name.as_str()) && !name.starts_with("@odata."));
    match unknown {
        Some(name) => Err(Refusal::bad(
            "practiceUnknownProperty",
            format!("{what} has no property `{name}`"),
        )),
        None => Ok(members),
    }
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refusal> {
    members
        .get(name)
        .and_then(Value::as_str)
        .and_then(strict)
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| {
            Refusal::bad(
                "practiceBadRequest",
                format!("{name} is missing or not unpadded base64url"),
            )
        })
}
