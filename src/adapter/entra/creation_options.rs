//! GET fido2Methods/creationOptions. Liberal in what it reads: at the root or under `value`, with `@odata` noise at any
//! level, a timeout of 0, three encodings of ids. The challenge and the user handle are read in one way only.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::credential::{CreationOptions, CredentialProtection, RpId, UserHandle};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::answer::{Answer, unusable};
use super::config::Api;
use super::token::Token;
use super::transport::Call;
use super::{Entra, claims, encoding};

/// Bytes. WebAuthn §13.4.3 asks for 16 at least; Entra's have about 5,200.
const CHALLENGE_BYTES: std::ops::RangeInclusive<usize> = 16..=65_536;
/// Bytes, WebAuthn §5.4.3.
const USER_HANDLE_BYTES: std::ops::RangeInclusive<usize> = 1..=64;
/// Characters, RFC 1035 §2.3.4.
const HOST_NAME_CHARACTERS_MAX: usize = 253;
/// What WebAuthn §5.4 supposes when a relying party names no algorithm: ES256, then RS256.
const ALGORITHMS_DEFAULT: [i64; 2] = [-7, -257];
/// How long a challenge of v1.0 lives, in seconds, when the answer does not say.
const CHALLENGE_SECONDS_DEFAULT: i64 = 300;

/// Either is enough for creation options and for a registration, for an application and for a person alike.
const PERMISSIONS: [&str; 2] = [
    "UserAuthMethod-Passkey.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

const SUBJECT: &str = "creationOptions";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    challenge_timeout_date_time: Option<String>,
    public_key: PublicKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicKey {
    rp: Entity,
    user: Entity,
    challenge: String,
    pub_key_cred_params: Option<Vec<Parameters>>,
    exclude_credentials: Option<Vec<Descriptor>>,
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    id: String,
    name: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Parameters {
    alg: i64,
}

#[derive(Deserialize)]
struct Descriptor {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    hmac_create_secret: Option<bool>,
    enforce_credential_protection_policy: Option<bool>,
    credential_protection_policy: Option<String>,
}

/// Fetches fresh options for `user`.
pub(super) fn fetch(entra: &Entra, user: &str) -> Result<CreationOptions, Fault> {
    let function = match (entra.config.api, entra.config.challenge_timeout_minutes) {
        // The function form with parentheses; the query form is answered with 405.
        (Api::Beta, Some(minutes)) => {
            format!("creationOptions(challengeTimeoutInMinutes={minutes})")
        }
        (Api::V1_0 | Api::Beta, _) => "creationOptions".to_owned(),
    };
    let url = entra.methods_url(user, Some(&function))?;
    let token = entra.token()?;
    let answer = entra.send(&Call::get(SUBJECT, url))?;
    if answer.status == 403
        && answer.is_graphs()
        && let Some(fault) = nobody_may(&token, &answer)
    {
        // A consent that is given meanwhile shows in the next token alone.
        entra.tokens.forget(&token);
        return Err(fault);
    }
    let answer = answer.accepted()?;
    answer.read(|body| decode(body, entra.clock.now()))
}

/// Whether it is the station's own token that a 403 is about: it says of itself that it bears no permission that would do. Then no
/// other person would fare better.
fn nobody_may(token: &Token, answer: &Answer) -> Option<Fault> {
    let granted = claims::read(token.reveal())?.grants.permissions;
    let enough = granted.iter().any(|one| {
        PERMISSIONS
            .iter()
            .any(|name| one.eq_ignore_ascii_case(name))
    });
    (!enough).then(|| Fault::NotPermitted {
        why: format!(
            "the token bears neither {}; Entra said {}",
            PERMISSIONS.join(" nor "),
            answer.in_its_words()
        ),
        refused: Vec::new(),
    })
}

/// Reads an answer. `now` counts only where the answer names no end of its challenge.
pub(super) fn decode(body: &[u8], now: Timestamp) -> Result<CreationOptions, Fault> {
    let mut root: Value =
        serde_json::from_slice(body).map_err(|error| unusable(SUBJECT, &error))?;
    if root.get("publicKey").is_none()
        && let Some(wrapped) = root.get_mut("value")
    {
        root = wrapped.take();
    }
    let body: Body = serde_json::from_value(root).map_err(|error| unusable(SUBJECT, &error))?;
    let options = body.public_key;

    let challenge = one_way("challenge", &options.challenge, &CHALLENGE_BYTES)?;
    let user_handle = one_way("user.id", &options.user.id, &USER_HANDLE_BYTES)?;
    let (hmac_secret, credential_protection, enforce) = extensions(options.extensions)?;
    let expires = match body.challenge_timeout_date_time {
        Some(text) => moment(&text)
            .ok_or_else(|| wrong("challengeTimeoutDateTime is not a moment in time"))?,
        None => now.plus_seconds(CHALLENGE_SECONDS_DEFAULT),
    };
    Ok(CreationOptions {
        rp_id: host_name(&options.rp.id)?,
        rp_name: options.rp.name.unwrap_or_default(),
        user_handle: UserHandle(user_handle),
        user_name: options.user.name.unwrap_or_default(),
        user_display_name: options.user.display_name.unwrap_or_default(),
        challenge,
        algorithms: algorithms(options.pub_key_cred_params),
        exclude: exclude(options.exclude_credentials),
        hmac_secret,
        credential_protection,
        enforce_credential_protection: enforce,
        expires,
    })
}

fn one_way(
    name: &str,
    text: &str,
    length: &std::ops::RangeInclusive<usize>,
) -> Result<Vec<u8>, Fault> {
    let bytes = encoding::bytes(text).ok_or_else(|| wrong(&format!("{name} is not base64url")))?;
    if !length.contains(&bytes.len()) {
        return Err(wrong(&format!(
            "{name} has {} bytes, {} to {} are possible",
            bytes.len(),
            length.start(),
            length.end()
        )));
    }
    Ok(bytes)
}

/// `rp.id` goes unescaped into clientDataJSON and into an origin, so it must be a host name and nothing else.
fn host_name(text: &str) -> Result<RpId, Fault> {
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = text.len() <= HOST_NAME_CHARACTERS_MAX
        && text.contains('.')
        && text.split('.').all(label_fits)
        // An address of four numbers is no name (WebAuthn §5.1.3 asks for a domain).
        && text.parse::<std::net::Ipv4Addr>().is_err();
    if is_name {
        Ok(RpId(text.to_owned()))
    } else {
        Err(wrong("rp.id is not a host name"))
    }
}

fn algorithms(parameters: Option<Vec<Parameters>>) -> Vec<i64> {
    match parameters {
        Some(list) if !list.is_empty() => list.into_iter().map(|one| one.alg).collect(),
        Some(_) | None => ALGORITHMS_DEFAULT.to_vec(),
    }
}

fn exclude(descriptors: Option<Vec<Descriptor>>) -> Vec<crate::domain::credential::CredentialId> {
    let mut ids = Vec::new();
    for descriptor in descriptors.unwrap_or_default() {
        let readings = encoding::credential_ids(&descriptor.id);
        if readings.is_empty() {
            // One unreadable id of another key must not keep the person from getting this one.
            tracing::warn!(
                "an entry of excludeCredentials is in no known encoding and is left out"
            );
        }
        for id in readings {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}

fn extensions(
    inputs: Option<Extensions>,
) -> Result<(bool, Option<CredentialProtection>, bool), Fault> {
    let Some(inputs) = inputs else {
        return Ok((false, None, false));
    };
    let policy = match inputs.credential_protection_policy.as_deref() {
        None | Some("") => None,
        Some("userVerificationOptional") => Some(CredentialProtection::UserVerificationOptional),
        Some("userVerificationOptionalWithCredentialIDList") => {
            Some(CredentialProtection::UserVerificationOptionalWithCredentialIdList)
        }
        Some("userVerificationRequired") => Some(CredentialProtection::UserVerificationRequired),
        Some(_) => {
            return Err(wrong(
                "credentialProtectionPolicy is none of CTAP 2.1 §12.1",
            ));
        }
    };
    Ok((
        inputs.hmac_create_secret.unwrap_or(false),
        policy,
        inputs.enforce_credential_protection_policy.unwrap_or(false),
    ))
}

/// An OData DateTimeOffset; one without an offset is taken for UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })?;
    Some(Timestamp(moment.as_millisecond()))
}

fn wrong(what: &str) -> Fault {
    Fault::AnswerUnusable {
        what: format!("{SUBJECT}: {what}"),
        request_id: String::new(),
    }
}
