//! Bodies in the shape of Entra's: a challenge of 5 KB that looks like a five-part JWE, `@odata` noise, credential ids in mixed
//! encodings. Only properties that the metadata of Graph v1.0 declares, and annotations.

use serde_json::{Value, json};

use crate::domain::time::Timestamp;

use super::encoding::{IdForm, base64url};
use super::people::Person;
use super::policy;
use super::refusal::Refusal;
use super::state::{State, TenantCredential};

/// Characters of the five parts of a challenge that was seen in the wild; 5,198 bytes with the dots.
const JWE_PART_CHARACTERS: [usize; 5] = [1688, 342, 22, 3120, 22];

/// Which version is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1_0,
    Beta,
}

impl Version {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::V1_0 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// The text inside a challenge; its base64url is what the client gets.
pub(super) fn challenge(state: &State) -> Result<String, Refusal> {
    let [header, rest @ ..] = JWE_PART_CHARACTERS;
    // The header says what it is for a reader, and is filled up to its length by a would-be certificate.
    let start = r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","x5c":["practice"#;
    let end = r#""],"x5t":"practice"}"#;
    let filler = (header / 4 * 3).saturating_sub(start.len() + end.len());
    let text = format!("{start}{}{end}", "A".repeat(filler));
    let mut parts = vec![base64url(text.as_bytes())];
    for characters in rest {
        let bytes = state.random(characters * 3 / 4)?;
        parts.push(base64url(&bytes));
    }
    Ok(parts.join("."))
}

/// The answer to creationOptions.
pub(super) fn creation_options(
    state: &mut State,
    user: &str,
    version: Version,
    seconds: i64,
) -> Result<Value, Refusal> {
    policy::admit_person(state, state.person(user)?)?;
    if state.setup.limit_at_options {
        state.room_for_another(&state.person(user)?.id)?;
    }
    let challenge = base64url(challenge(state)?.as_bytes());
    let expires = state.issue_challenge(user, &challenge, seconds)?;
    let person = state.person(user)?;
    let seed = state.setup.seed;
    let known = if state.faults.exclude_lags {
        state.listed(user)?
    } else {
        state.credentials(user)?.iter().collect()
    };
    let exclude: Vec<Value> = known
        .into_iter()
        .zip(0_u64..)
        .map(|(one, index)| {
            noisy(
                "webauthnPublicKeyCredentialDescriptor",
                json!({
                    "id": IdForm::mixed(seed, index).write(&one.id.0),
                    "type": "public-key",
                    "transports": [],
                }),
            )
        })
        .collect();
    let mut body = noisy(
        "webauthnCredentialCreationOptions",
        json!({
            "challengeTimeoutDateTime": written(expires),
            "publicKey": public_key(state, person, &challenge, exclude),
        }),
    );
    put(
        &mut body,
        "@odata.context",
        json!(format!(
            "{}{}/$metadata#microsoft.graph.webauthnCredentialCreationOptions",
            state.base,
            version.path()
        )),
    );
    Ok(if state.setup.wrapped_options {
        json!({ "value": body })
    } else {
        body
    })
}

fn public_key(state: &State, person: &Person, challenge: &str, exclude: Vec<Value>) -> Value {
    let algorithm = |alg: i32| {
        noisy(
            "webauthnPublicKeyCredentialParameters",
            json!({ "type": "public-key", "alg": alg }),
        )
    };
    noisy(
        "webauthnPublicKeyCredentialCreationOptions",
        json!({
            "rp": noisy(
                "webauthnPublicKeyCredentialRpEntity",
                json!({ "id": state.setup.rp_id, "name": "Microsoft" }),
            ),
            "user": noisy(
                "webauthnPublicKeyCredentialUserEntity",
                json!({
                    "id": base64url(&state.user_handle(person)),
                    "displayName": person.display_name,
                    "name": person.upn,
                }),
            ),
            "challenge": challenge,
            "pubKeyCredParams": [algorithm(-7), algorithm(-257)],
            // Both have been seen; 0 means none.
            "timeout": if state.setup.seed.is_multiple_of(2) { 0 } else { 60_000 },
            "excludeCredentials": exclude,
            "authenticatorSelection": noisy(
                "webauthnAuthenticatorSelectionCriteria",
                json!({
                    "authenticatorAttachment": "cross-platform",
                    "requireResidentKey": true,
                    "userVerification": "required",
                }),
            ),
            "attestation": "direct",
            "extensions": noisy(
                "webauthnAuthenticationExtensionsClientInputs",
                json!({
                    "hmacCreateSecret": true,
                    "enforceCredentialProtectionPolicy": true,
                    "credentialProtectionPolicy": "userVerificationOptional",
                }),
            ),
        }),
    )
}

/// One passkey, as POST, list and get show it.
pub(super) fn method(credential: &TenantCredential) -> Value {
    noisy(
        "fido2AuthenticationMethod",
        json!({
            "id": credential.method.0,
            "displayName": credential.display_name,
            "createdDateTime": written(credential.created),
            "aaGuid": credential.aaguid.to_string(),
            "model": credential.model,
            "attestationCertificates": credential.certificates,
            "attestationLevel": if credential.certificates.is_empty() { "notAttested" } else { "attested" },
            "passkeyType": if credential.synced { "synced" } else { "deviceBound" },
        }),
    )
}

/// One page of the list, from entry `skip` on.
pub(super) fn list(
    state: &State,
    user: &str,
    version: Version,
    skip: usize,
) -> Result<Value, Refusal> {
    let person = state.person(user)?;
    let listed = state.listed(user)?;
    let page = state.setup.page_size.max(1);
    let value: Vec<Value> = listed
        .iter()
        .skip(skip)
        .take(page)
        .map(|one| method(one))
        .collect();
    let base = format!("{}{}", state.base, version.path());
    let mut body = json!({
        "@odata.context": format!("{base}/$metadata#users('{}')/authentication/fido2Methods", person.id),
        "value": value,
    });
    if listed.len() > skip.saturating_add(page) {
        let link = format!(
            "{base}/users/{}/authentication/fido2Methods?$skiptoken={}",
            person.id,
            skip + page
        );
        put(&mut body, "@odata.nextLink", json!(link));
    }
    Ok(body)
}

/// RFC 3339 with a Z, to the second, as Graph writes it.
pub(super) fn written(moment: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(moment.0)
        .map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn noisy(kind: &str, mut value: Value) -> Value {
    put(
        &mut value,
        "@odata.type",
        json!(format!("#microsoft.graph.{kind}")),
    );
    value
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
