//! POST, GET and DELETE of a user's `fido2Methods`. The POST sends exactly the members that Graph's closed types declare,
//! in unpadded base64url, and is never repeated when it may have arrived.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{Attestation, CredentialKind, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::port::Deleted;

use super::answer::unusable;
use super::creation_options::moment;
use super::patience::Replay;
use super::transport::{Call, Payload};
use super::{Entra, encoding, next_page};

/// Characters as the service counts them, in UTF-16 units. In no document of Graph, but enforced.
pub const DISPLAY_NAME_CHARACTERS_MAX: usize = 30;
/// Pages of one list. A person has a handful of methods; this ends a service that pages in a circle.
const LIST_PAGES_MAX: usize = 20;
/// Passkeys that live in a phone or in a computer: Microsoft Authenticator for Android and for iOS, and Windows Hello (hardware,
/// VBS hardware, software; FIDO Metadata Service).
const NOT_SECURITY_KEYS: [&str; 5] = [
    "de1e552d-db1d-4423-a619-566b625cdc84",
    "90a3ccdf-635c-4729-a248-9b709135078f",
    "08987058-cadc-4b81-b6e1-30de50dcbe96",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2",
];

const SUBJECT: &str = "fido2Methods";

/// Registers `attestation`. A doubt ([`Fault::Unreachable`]) stays one: the caller asks the list or sends the same again.
pub(super) fn register(
    entra: &Entra,
    user: &str,
    display_name: &str,
    attestation: &Attestation,
) -> Result<MethodId, Fault> {
    let characters = display_name.encode_utf16().count();
    if !(1..=DISPLAY_NAME_CHARACTERS_MAX).contains(&characters) {
        return Err(Fault::Internal {
            what: format!(
                "the key's name at Entra has {characters} characters; 1 to {DISPLAY_NAME_CHARACTERS_MAX} are possible. Nothing was sent"
            ),
        });
    }
    let body = registration(display_name, attestation);
    let call = Call {
        name: "register",
        method: Method::POST,
        url: entra.methods_url(user, None)?,
        payload: Payload::Json(&body),
        replay: Replay::OnlyUndone,
    };
    let answer = entra.send(&call)?.accepted()?;
    // The service has said yes: whatever is wrong with the rest, "not done" would be a lie.
    registered(&answer.body).ok_or_else(|| Fault::Unreachable {
        what: format!(
            "the registration was answered with {}, but the answer cannot be read (request {})",
            answer.status, answer.request_id
        ),
    })
}

/// The body of the POST.
pub(super) fn registration(display_name: &str, attestation: &Attestation) -> Value {
    let mut extension_results = json!({});
    if attestation.hmac_secret {
        extension_results = json!({ "hmacCreateSecret": true });
    }
    json!({
        "displayName": display_name,
        "publicKeyCredential": {
            "id": encoding::base64url(&attestation.credential_id.0),
            "response": {
                "clientDataJSON": encoding::base64url(&attestation.client_data_json),
                "attestationObject": encoding::base64url(&attestation.attestation_object),
            },
            "clientExtensionResults": extension_results,
        },
    })
}

/// The new method's id out of a 2xx.
pub(super) fn registered(body: &[u8]) -> Option<MethodId> {
    #[derive(Deserialize)]
    struct Created {
        id: String,
    }
    let created: Created = serde_json::from_slice(body).ok()?;
    (!created.id.is_empty()).then_some(MethodId(created.id))
}

/// All of a user's methods, over all pages.
pub(super) fn list(entra: &Entra, user: &str) -> Result<Vec<RegisteredCredential>, Fault> {
    let mut url = entra.methods_url(user, None)?;
    let mut credentials = Vec::new();
    for _ in 0..LIST_PAGES_MAX {
        let answer = entra.send(&Call::get("list", url))?.accepted()?;
        let page = answer.read(decode_page)?;
        credentials.extend(page.credentials);
        let Some(next) = page.next else {
            return Ok(credentials);
        };
        url = answer.owns(next_page(&entra.config.graph, &next, SUBJECT))?;
    }
    Err(wrong(&format!(
        "the list has more than {LIST_PAGES_MAX} pages"
    )))
}

/// Deletes one method; one that is not there is gone.
pub(super) fn delete(entra: &Entra, user: &str, method: &MethodId) -> Result<Deleted, Fault> {
    let call = Call {
        name: "delete",
        method: Method::DELETE,
        url: entra.methods_url(user, Some(&method.0))?,
        payload: Payload::Nothing,
        replay: Replay::Safe,
    };
    let answer = entra.send(&call)?;
    // A 404 by something on the way must not count as a deleted key.
    if answer.status == 404 && answer.is_graphs() {
        return Ok(Deleted::WasGone);
    }
    let answer = answer.accepted()?;
    // Nor a page that some network answers everything with.
    if answer.is_graphs() {
        Ok(Deleted::Now)
    } else {
        Err(answer.not_graphs())
    }
}

/// One page of a list.
pub(super) struct Page {
    pub(super) credentials: Vec<RegisteredCredential>,
    pub(super) next: Option<String>,
}

/// Reads one page.
pub(super) fn decode_page(body: &[u8]) -> Result<Page, Fault> {
    #[derive(Deserialize)]
    struct Body {
        value: Vec<Method>,
        #[serde(rename = "@odata.nextLink")]
        next: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Method {
        id: String,
        display_name: Option<String>,
        // An older example of the documentation writes creationDateTime.
        #[serde(alias = "creationDateTime")]
        created_date_time: Option<String>,
        aa_guid: Option<String>,
        model: Option<String>,
        attestation_level: Option<String>,
        passkey_type: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| unusable(SUBJECT, &error))?;
    let credentials = body.value.into_iter().map(|method| {
        let aaguid = method
            .aa_guid
            .as_deref()
            .and_then(|text| Aaguid::try_from(text).ok());
        RegisteredCredential {
            may_be: encoding::credential_ids(&method.id),
            method: MethodId(method.id),
            display_name: method.display_name.unwrap_or_default(),
            kind: kind(aaguid, method.passkey_type.as_deref()),
            aaguid,
            model: method.model.unwrap_or_default(),
            created: method.created_date_time.as_deref().and_then(moment),
            // An unknown word says neither.
            attested: match method.attestation_level.as_deref() {
                Some("attested") => Some(true),
                Some("notAttested") => Some(false),
                Some(_) | None => None,
            },
            synced: match method.passkey_type.as_deref() {
                Some("synced") => Some(true),
                Some("deviceBound") => Some(false),
                Some(_) | None => None,
            },
        }
    });
    Ok(Page {
        credentials: credentials.collect(),
        next: body.next.filter(|link| !link.is_empty()),
    })
}

fn kind(aaguid: Option<Aaguid>, passkey_type: Option<&str>) -> CredentialKind {
    let elsewhere = aaguid.is_some_and(|model| {
        NOT_SECURITY_KEYS
            .iter()
            .any(|other| Aaguid::try_from(*other) == Ok(model))
    });
    if elsewhere || passkey_type == Some("synced") {
        CredentialKind::OtherPasskey
    } else {
        CredentialKind::SecurityKey
    }
}

fn wrong(what: &str) -> Fault {
    Fault::AnswerUnusable {
        what: format!("{SUBJECT}: {what}"),
        request_id: String::new(),
    }
}
