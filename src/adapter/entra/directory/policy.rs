//! GET policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2: the tenant's passkey policy, in its older
//! shape (one set of rules for everybody) and in its newer one (passkey profiles). A word that is not known here makes the whole
//! policy unreadable: a guess would send keys to be wiped in vain, or hold them back.

use serde::Deserialize;

use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::{
    Audience, KeyRestrictions, PasskeyPolicy, PasskeyProfile, Target,
};
use crate::domain::person::ObjectId;

use super::super::Entra;
use super::super::answer::unusable;
use super::super::transport::Call;

const SUBJECT: &str = "the passkey (FIDO2) policy";
/// What an older policy, which has no profiles, reads as.
const ONLY_PROFILE: &str = "default";
/// The id of the include target that means everybody.
const ALL_USERS: &str = "all_users";

/// `fido2AuthenticationMethodConfiguration`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    state: String,
    is_self_service_registration_allowed: Option<bool>,
    is_attestation_enforced: Option<bool>,
    key_restrictions: Option<Restrictions>,
    include_targets: Option<Vec<Include>>,
    exclude_targets: Option<Vec<Exclude>>,
    passkey_profiles: Option<Vec<Profile>>,
    default_passkey_profile: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restrictions {
    is_enforced: Option<bool>,
    enforcement_type: Option<String>,
    aa_guids: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Include {
    id: String,
    allowed_passkey_profiles: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Exclude {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: String,
    name: Option<String>,
    /// Words with commas between them, `deviceBound,synced`.
    passkey_types: Option<String>,
    attestation_enforcement: Option<String>,
    is_attestation_enforced: Option<bool>,
    key_restrictions: Option<Restrictions>,
}

pub(super) fn fetch(entra: &Entra) -> Result<PasskeyPolicy, Fault> {
    let url = entra.url(&[
        "policies",
        "authenticationMethodsPolicy",
        "authenticationMethodConfigurations",
        "fido2",
    ])?;
    let answer = entra.send(&Call::get("policy", url))?;
    if answer.status == 404 && answer.is_graphs() {
        // Elsewhere a 404 means a user; nobody was asked for here.
        let (code, message) = answer.said();
        let none = format!("the tenant answers that it has none ({code}: {message})");
        return answer.owns(Err(wrong(&none)));
    }
    let answer = answer.accepted()?;
    answer.read(decode)
}

/// Reads an answer.
pub(in super::super) fn decode(body: &[u8]) -> Result<PasskeyPolicy, Fault> {
    let body: Body = serde_json::from_slice(body).map_err(|error| unusable(SUBJECT, &error))?;
    let enabled = match body.state.as_str() {
        "enabled" => true,
        "disabled" => false,
        _ => return Err(unknown("state")),
    };
    let listed = body.passkey_profiles.unwrap_or_default();
    let (profiles, default_profile) = if listed.is_empty() {
        let only = PasskeyProfile {
            id: ONLY_PROFILE.to_owned(),
            name: String::new(),
            device_bound: true,
            attestation_enforced: body.is_attestation_enforced.unwrap_or(false),
            restrictions: restrictions(body.key_restrictions)?,
        };
        (vec![only], Some(ONLY_PROFILE.to_owned()))
    } else {
        let read = listed.into_iter().map(profile);
        let default = body.default_passkey_profile.filter(|id| !id.is_empty());
        (
            read.collect::<Result<_, Fault>>()?,
            default.map(|id| lower(&id)),
        )
    };
    let targets = body.include_targets.unwrap_or_default().into_iter();
    let groups = body.exclude_targets.unwrap_or_default().into_iter();
    Ok(PasskeyPolicy {
        enabled,
        self_service: body.is_self_service_registration_allowed.unwrap_or(false),
        profiles,
        default_profile,
        include: targets.map(target).collect(),
        exclude: groups.map(|group| ObjectId(lower(&group.id))).collect(),
    })
}

fn profile(profile: Profile) -> Result<PasskeyProfile, Fault> {
    let types = profile.passkey_types.as_deref().unwrap_or("");
    let attestation_enforced = match (
        profile.attestation_enforcement.as_deref(),
        profile.is_attestation_enforced,
    ) {
        (Some("disabled"), _) | (None, Some(false)) => false,
        (Some("registrationOnly"), _) | (None, Some(true)) => true,
        (Some(_), _) | (None, None) => return Err(unknown("attestationEnforcement")),
    };
    Ok(PasskeyProfile {
        name: profile.name.unwrap_or_default(),
        id: lower(&profile.id),
        device_bound: types.split(',').any(|word| word.trim() == "deviceBound"),
        attestation_enforced,
        restrictions: restrictions(profile.key_restrictions)?,
    })
}

fn restrictions(said: Option<Restrictions>) -> Result<KeyRestrictions, Fault> {
    let Some(said) = said else {
        return Ok(KeyRestrictions::default());
    };
    let enforced = said.is_enforced.unwrap_or(false);
    let allow = match said.enforcement_type.as_deref() {
        Some("allow") => true,
        Some("block") => false,
        // Where nothing is enforced the word does not count.
        Some(_) | None if !enforced => false,
        Some(_) | None => return Err(unknown("enforcementType")),
    };
    let mut aaguids = Vec::new();
    for text in said.aa_guids.unwrap_or_default() {
        let aaguid = Aaguid::try_from(text.as_str());
        aaguids.push(aaguid.map_err(|_| wrong("aaGuids has an entry that is no AAGUID"))?);
    }
    Ok(KeyRestrictions {
        enforced,
        allow,
        aaguids,
    })
}

fn target(target: Include) -> Target {
    let audience = if target.id.eq_ignore_ascii_case(ALL_USERS) {
        Audience::AllUsers
    } else {
        Audience::Group(ObjectId(lower(&target.id)))
    };
    let profiles = target.allowed_passkey_profiles.unwrap_or_default();
    Target {
        audience,
        profiles: profiles.iter().map(|id| lower(id)).collect(),
    }
}

/// GUIDs are compared as text, and Graph does not promise one case.
fn lower(id: &str) -> String {
    id.to_ascii_lowercase()
}

fn unknown(member: &str) -> Fault {
    wrong(&format!("{member} has a value that is not known here"))
}

fn wrong(what: &str) -> Fault {
    Fault::AnswerUnusable {
        what: format!("{SUBJECT}: {what}"),
        request_id: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::passkey_policy::{Candidate, PolicyVerdict};

    const MODEL: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";

    fn older() -> Value {
        json!({
            "@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration",
            "id": "Fido2",
            "state": "enabled",
            "isSelfServiceRegistrationAllowed": true,
            "isAttestationEnforced": false,
            "keyRestrictions": { "isEnforced": true, "enforcementType": "block", "aaGuids": [MODEL.to_uppercase()] },
            "includeTargets": [{ "targetType": "group", "id": "all_users", "isRegistrationRequired": false }],
            "excludeTargets": [],
        })
    }

    fn newer() -> Value {
        let free = json!({ "isEnforced": false, "enforcementType": "allow", "aaGuids": [] });
        let profile = |id: &str, types: &str, enforcement: &str| json!({ "id": id, "name": id, "passkeyTypes": types, "attestationEnforcement": enforcement, "keyRestrictions": free });
        json!({
            "state": "enabled",
            "isSelfServiceRegistrationAllowed": true,
            // What the profiles say counts, not what is left of the older shape.
            "isAttestationEnforced": true,
            "keyRestrictions": { "isEnforced": true, "enforcementType": "allow", "aaGuids": [] },
            "passkeyProfiles": [profile("P1", "deviceBound,synced", "disabled"), profile("P2", "synced", "registrationOnly")],
            "defaultPasskeyProfile": "p1",
            "includeTargets": [
                { "id": "all_users", "allowedPasskeyProfiles": [] },
                { "id": "AAAA", "allowedPasskeyProfiles": ["P2"] },
            ],
            "excludeTargets": [{ "id": "BBBB" }],
        })
    }

    fn read(value: &Value) -> Result<PasskeyPolicy, Fault> {
        decode(value.to_string().as_bytes())
    }

    fn changed(mut value: Value, pointer: &str, to: Value) -> Value {
        *value.pointer_mut(pointer).expect("a member") = to;
        value
    }

    #[test]
    fn the_older_shape_is_one_profile_for_everybody() {
        let policy = read(&older()).expect("a policy");
        let model = Aaguid::try_from(MODEL).expect("an AAGUID");
        let verdict = |aaguid| {
            let candidate = Candidate {
                aaguid,
                attested: None,
            };
            policy.verdict(candidate, None)
        };
        assert!(matches!(verdict(model), PolicyVerdict::Refused(_)));
        assert_eq!(verdict(Aaguid([1; 16])), PolicyVerdict::Allowed);
    }

    #[test]
    fn the_newer_shape_has_profiles_and_what_is_left_of_the_older_one_does_not_count() {
        let policy = read(&newer()).expect("a policy");
        let [one, two] = policy.profiles.as_slice() else {
            panic!("{policy:?}");
        };
        assert!(one.device_bound && !one.attestation_enforced && !one.restrictions.enforced);
        assert!(!two.device_bound && two.attestation_enforced);
        assert_eq!(policy.default_profile.as_deref(), Some("p1"));
        let group = Audience::Group(ObjectId("aaaa".to_owned()));
        assert!(policy.include.contains(&Target {
            audience: group,
            profiles: vec!["p2".to_owned()]
        }));
        assert_eq!(policy.exclude, [ObjectId("bbbb".to_owned())]);
    }

    #[test]
    fn what_is_left_out_is_never_taken_for_a_yes() {
        let mut bare = older();
        for member in ["isSelfServiceRegistrationAllowed", "includeTargets"] {
            bare.as_object_mut().expect("an object").remove(member);
        }
        let policy = read(&bare).expect("a policy");
        assert!(!policy.self_service && policy.include.is_empty());
    }

    #[test]
    fn a_word_that_is_not_known_makes_the_policy_unreadable() {
        for (value, pointer, to) in [
            (older(), "/state", json!("paused")),
            (older(), "/keyRestrictions/enforcementType", json!("weigh")),
            (older(), "/keyRestrictions/aaGuids/0", json!("YubiKey")),
            (
                newer(),
                "/passkeyProfiles/0/attestationEnforcement",
                json!("unknownFutureValue"),
            ),
            (newer(), "/passkeyProfiles/0/id", json!(7)),
        ] {
            let fault = read(&changed(value, pointer, to)).expect_err(pointer);
            assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
        }
    }
}
