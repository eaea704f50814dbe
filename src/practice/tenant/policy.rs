//! The practice tenant's passkey policy, kept as the very body that Graph would answer with, in its older or its newer shape, and
//! what it refuses. The codes of the refusals are invented and say so.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::extract::Extension;
use axum::http::Response;
use serde_json::{Value, json};

use super::faults::Operation;
use super::http::Visit;
use super::people::Person;
use super::refusal::Refusal;
use super::shapes::Version;
use super::state::State;
use super::verify::Proof;
use super::{AaguidPolicy, TenantSetup, bodies};

/// Below a version.
pub(super) const PATH: &str =
    "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";

/// The policy of a tenant that was set up so, in the older shape.
pub(super) fn initial(setup: &TenantSetup) -> Value {
    let (enforced, kind, models) = match &setup.aaguids {
        AaguidPolicy::Any => (false, "block", &[][..]),
        AaguidPolicy::Allow(models) => (true, "allow", models.as_slice()),
        AaguidPolicy::Block(models) => (true, "block", models.as_slice()),
    };
    let models: Vec<String> = models.iter().map(ToString::to_string).collect();
    json!({
        "id": "Fido2",
        "state": "enabled",
        "isSelfServiceRegistrationAllowed": true,
        "isAttestationEnforced": setup.attestation_enforced,
        "keyRestrictions": { "isEnforced": enforced, "enforcementType": kind, "aaGuids": models },
        "includeTargets": [{ "targetType": "group", "id": "all_users", "isRegistrationRequired": false }],
        "excludeTargets": [],
    })
}

/// Answers a GET.
pub(super) async fn answer(visit: Visit, Extension(version): Extension<Version>) -> Response<Body> {
    visit
        .serve(Operation::Policy, |state| {
            Ok((200, Some(shown(state, version))))
        })
        .await
}

/// What a change names: what it does not name stays.
pub(super) fn change(state: &mut State, body: &[u8]) -> Result<(), Refusal> {
    const KIND: &str = "#microsoft.graph.fido2AuthenticationMethodConfiguration";
    let bad = |why: &str| Refusal::bad("practiceBadRequest", why);
    let names = ["@odata.type", "state", "isSelfServiceRegistrationAllowed"];
    let mut members = bodies::members(body, &names)?;
    if members.remove("@odata.type") != Some(json!(KIND)) {
        return Err(bad("@odata.type is missing or another"));
    }
    for (name, value) in members {
        let fits = match name.as_str() {
            "state" => value == "enabled" || value == "disabled",
            _ => value.is_boolean(),
        };
        if !fits {
            return Err(bad("a property has a value that is none of its own"));
        }
        if let Some(policy) = state.policy.as_object_mut() {
            policy.insert(name, value);
        }
    }
    Ok(())
}

/// The policy, each object with its type, as Graph sprinkles it.
fn shown(state: &State, version: Version) -> Value {
    let mut body = state.policy.clone();
    name_type(&mut body, "fido2AuthenticationMethodConfiguration");
    if let Some(members) = body.as_object_mut() {
        let context = format!(
            "{}{}/$metadata#authenticationMethodConfigurations/$entity",
            state.base,
            version.path()
        );
        members.insert("@odata.context".to_owned(), json!(context));
    }
    body
}

fn name_type(value: &mut Value, kind: &str) {
    if let Some(list) = value.as_array_mut() {
        list.iter_mut().for_each(|entry| name_type(entry, kind));
    }
    let Some(members) = value.as_object_mut() else {
        return;
    };
    for (name, inner) in members.iter_mut() {
        match name.as_str() {
            "keyRestrictions" => name_type(inner, "fido2KeyRestrictions"),
            "includeTargets" => name_type(inner, "passkeyAuthenticationMethodTarget"),
            "excludeTargets" => name_type(inner, "excludeTarget"),
            "passkeyProfiles" => name_type(inner, "passkeyProfile"),
            _ => {}
        }
    }
    let kind = format!("#microsoft.graph.{kind}");
    members.insert("@odata.type".to_owned(), json!(kind));
}

/// Refuses people for whom no passkey can be registered by others.
pub(super) fn admit_person(state: &State, person: &Person) -> Result<(), Refusal> {
    let policy = &state.policy;
    let says = |name: &str| policy.get(name);
    if says("state").and_then(Value::as_str) != Some("enabled") {
        return Err(Refusal::bad(
            "practicePolicyDisabled",
            "the passkey (FIDO2) policy is disabled",
        ));
    }
    if says("isSelfServiceRegistrationAllowed") != Some(&json!(true)) {
        return Err(Refusal::bad(
            "practiceSelfServiceOff",
            "the passkey (FIDO2) policy does not allow self-service set-up",
        ));
    }
    let groups = state.directory.groups_of(person);
    let excluded = list(policy, "excludeTargets").any(|target| in_scope(target, &groups));
    let included = list(policy, "includeTargets").any(|target| in_scope(target, &groups));
    if excluded || !included {
        return Err(Refusal::bad(
            "practiceUserNotInPolicy",
            "the passkey (FIDO2) policy is not for this user",
        ));
    }
    Ok(())
}

/// Refuses a passkey that no profile in the person's scope allows.
pub(super) fn admit_passkey(state: &State, person: &Person, proof: &Proof) -> Result<(), Refusal> {
    admit_person(state, person)?;
    let policy = &state.policy;
    let profiles: Vec<&Value> = list(policy, "passkeyProfiles").collect();
    if profiles.is_empty() {
        let enforced = policy.get("isAttestationEnforced") == Some(&json!(true));
        return admit_under(policy, enforced, proof);
    }
    let groups = state.directory.groups_of(person);
    let default = policy.get("defaultPasskeyProfile").and_then(Value::as_str);
    let mut refusal = Refusal::bad(
        "practiceUserNotInPolicy",
        "no passkey profile is for this user",
    );
    for target in list(policy, "includeTargets").filter(|target| in_scope(target, &groups)) {
        let mut named: Vec<&str> = list(target, "allowedPasskeyProfiles")
            .filter_map(Value::as_str)
            .collect();
        if named.is_empty() {
            named.extend(default);
        }
        for profile in &profiles {
            let text = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or("");
            if !named.iter().any(|id| id.eq_ignore_ascii_case(text("id"))) {
                continue;
            }
            if !text("passkeyTypes").contains("deviceBound") {
                refusal = Refusal::bad(
                    "practicePasskeyType",
                    "the profile takes no device-bound passkeys",
                );
                continue;
            }
            let enforced = text("attestationEnforcement") != "disabled";
            match admit_under(profile, enforced, proof) {
                Ok(()) => return Ok(()),
                Err(why) => refusal = why,
            }
        }
    }
    Err(refusal)
}

/// One set of rules: that of a profile, or of a whole policy of the older shape.
fn admit_under(rules: &Value, attestation_enforced: bool, proof: &Proof) -> Result<(), Refusal> {
    if attestation_enforced && proof.certificates.is_empty() {
        return Err(Refusal::bad(
            "practiceAttestation",
            "attestation is enforced, and the passkey has no certificate",
        ));
    }
    let Some(restrictions) = rules.get("keyRestrictions") else {
        return Ok(());
    };
    if restrictions.get("isEnforced") != Some(&json!(true)) {
        return Ok(());
    }
    let model = proof.aaguid.to_string();
    let is_listed = list(restrictions, "aaGuids")
        .filter_map(Value::as_str)
        .any(|listed| listed.eq_ignore_ascii_case(&model));
    let allows = restrictions.get("enforcementType") == Some(&json!("allow"));
    if is_listed == allows {
        return Ok(());
    }
    Err(Refusal::bad(
        "practiceAaguidNotAllowed",
        format!("the policy does not allow {model}"),
    ))
}

fn in_scope(target: &Value, groups: &BTreeSet<String>) -> bool {
    let id = target.get("id").and_then(Value::as_str).unwrap_or("");
    id.eq_ignore_ascii_case("all_users") || groups.contains(&id.to_ascii_lowercase())
}

fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of.get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}
