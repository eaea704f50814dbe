//! The practice tenant says nothing that Graph v1.0 does not declare: every member of every answer is a property of the type
//! that its `@odata.type` names (Microsoft Graph metadata v1.0, `schemas/v1.0-Prod.csdl`), or an annotation.

use keyline::adapter::entra::Api;
use keyline::domain::authenticator::Aaguid;
use keyline::practice::tenant::{EVERY_PERMISSION, Existing, TenantSetup};
use serde_json::Value;

use crate::bench::{ADA, Bench};
use crate::software_key::SoftwareKey;
use crate::wire::{plain_client, token};

const FIDO2_POLICY: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";

/// Type and declared properties; `id` of a method comes from its base type `entity`.
const DECLARED: [(&str, &[&str]); 14] = [
    (
        "webauthnCredentialCreationOptions",
        &["challengeTimeoutDateTime", "publicKey"],
    ),
    (
        "webauthnPublicKeyCredentialCreationOptions",
        &[
            "attestation",
            "authenticatorSelection",
            "challenge",
            "excludeCredentials",
            "extensions",
            "pubKeyCredParams",
            "rp",
            "timeout",
            "user",
        ],
    ),
    ("webauthnPublicKeyCredentialRpEntity", &["id", "name"]),
    (
        "webauthnPublicKeyCredentialUserEntity",
        &["displayName", "id", "name"],
    ),
    ("webauthnPublicKeyCredentialParameters", &["alg", "type"]),
    (
        "webauthnPublicKeyCredentialDescriptor",
        &["id", "transports", "type"],
    ),
    (
        "webauthnAuthenticatorSelectionCriteria",
        &[
            "authenticatorAttachment",
            "requireResidentKey",
            "userVerification",
        ],
    ),
    // An open type: these are the inputs that have been seen.
    (
        "webauthnAuthenticationExtensionsClientInputs",
        &[
            "hmacCreateSecret",
            "enforceCredentialProtectionPolicy",
            "credentialProtectionPolicy",
        ],
    ),
    (
        "fido2AuthenticationMethod",
        &[
            "id",
            "createdDateTime",
            "aaGuid",
            "attestationCertificates",
            "attestationLevel",
            "displayName",
            "model",
            "passkeyType",
        ],
    ),
    (
        "fido2AuthenticationMethodConfiguration",
        &[
            "id",
            "state",
            "defaultPasskeyProfile",
            "excludeTargets",
            "includeTargets",
            "isAttestationEnforced",
            "isSelfServiceRegistrationAllowed",
            "keyRestrictions",
            "passkeyProfiles",
        ],
    ),
    (
        "fido2KeyRestrictions",
        &["aaGuids", "enforcementType", "isEnforced"],
    ),
    (
        "passkeyAuthenticationMethodTarget",
        &[
            "id",
            "targetType",
            "isRegistrationRequired",
            "allowedPasskeyProfiles",
        ],
    ),
    ("excludeTarget", &["id", "targetType"]),
    (
        "passkeyProfile",
        &[
            "id",
            "name",
            "passkeyTypes",
            "attestationEnforcement",
            "keyRestrictions",
        ],
    ),
];

/// Checks `value` and all below it; returns how many typed objects there were.
fn check(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(check).sum(),
        Value::Object(members) => {
            let kind = members.get("@odata.type").and_then(Value::as_str);
            // Only the collection itself has no type.
            let declared: &[&str] = kind.map_or(&["value"], |kind| {
                let name = kind.strip_prefix("#microsoft.graph.").unwrap();
                let found = DECLARED.iter().find(|(known, _)| *known == name);
                found.unwrap_or_else(|| panic!("{name} is not declared")).1
            });
            for name in members.keys().filter(|name| !name.starts_with("@odata.")) {
                assert!(declared.contains(&name.as_str()), "{kind:?} has no {name}");
            }
            usize::from(kind.is_some()) + members.values().map(check).sum::<usize>()
        }
        _ => 0,
    }
}

#[test]
fn answers_hold_only_declared_properties() {
    for api in [Api::V1_0, Api::Beta] {
        let setup = TenantSetup {
            page_size: 1,
            permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
            ..TenantSetup::default()
        };
        let bench = Bench::with(setup, api);
        let existing = Existing {
            display_name: "old".to_owned(),
            aaguid: Aaguid([1; 16]),
            credential_id: None,
            id_bytes: None,
            method: None,
            created: None,
            synced: true,
        };
        bench.tenant.add_existing(ADA, existing).unwrap();
        let method = bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
        let client = plain_client();
        let token = token(&client, &bench.tenant);
        let base = bench.tenant.url().join(api.path()).unwrap();
        let methods = format!("{base}/users/{ADA}/authentication/fido2Methods");
        for (url, typed) in [
            (base.to_string(), 0),
            (methods.clone(), 1),
            (format!("{methods}?$skiptoken=1"), 1),
            (format!("{methods}/{}", method.0), 1),
            // Options, public key, rp, user, two algorithms, two excluded, selection, extensions.
            (format!("{methods}/creationOptions"), 10),
            // The policy, its key restrictions, one target.
            (format!("{base}/{FIDO2_POLICY}"), 3),
        ] {
            let answer = client.get(&url).bearer_auth(&token).send().unwrap();
            assert_eq!(answer.status(), 200, "{url}");
            for header in ["request-id", "client-request-id", "date", "cache-control"] {
                assert!(answer.headers().contains_key(header), "{header}");
            }
            assert_eq!(check(&answer.json().unwrap()), typed, "{url}");
        }
    }
}

#[test]
fn a_policy_with_profiles_holds_only_declared_properties() {
    let bench = crate::preflight::consented(Api::V1_0);
    let free = crate::preflight::profile("deviceBound", "disabled", false, "block", &[]);
    let mut policy = crate::preflight::profiles(free.clone(), free);
    policy["excludeTargets"] = serde_json::json!([{ "targetType": "group", "id": "x" }]);
    bench.tenant.set_policy(policy);
    let client = plain_client();
    let token = token(&client, &bench.tenant);
    let url = format!("{}v1.0/{FIDO2_POLICY}", bench.tenant.url());
    let answer = client.get(&url).bearer_auth(&token).send().unwrap();
    // The policy, two profiles with their restrictions, three targets.
    assert_eq!(check(&answer.json().unwrap()), 8);
}

#[test]
fn the_shape_check_sees_an_undeclared_property() {
    let body = serde_json::json!({ "@odata.type": "#microsoft.graph.webauthnPublicKeyCredentialRpEntity", "icon": 1 });
    assert!(std::panic::catch_unwind(|| check(&body)).is_err());
}

#[test]
fn forms_that_entra_stopped_to_take_are_not_taken() {
    let bench = Bench::new();
    let client = plain_client();
    let token = token(&client, &bench.tenant);
    let base = bench.tenant.url();
    let methods = format!("users/{ADA}/authentication/fido2Methods");
    for path in [
        format!("beta/{methods}/creationOptions?challengeTimeoutInMinutes=5"),
        format!("v1.0/{methods}/creationOptions(challengeTimeoutInMinutes=5)"),
        format!("beta/{methods}/creationOptions(minutes=5)"),
    ] {
        let answer = client
            .get(format!("{base}{path}"))
            .bearer_auth(&token)
            .send()
            .unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        let body: Value = answer.json().unwrap();
        assert_eq!(body["error"]["code"], "methodNotAllowed");
    }
    let patch = client
        .patch(format!("{base}v1.0/{methods}"))
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(patch.status(), 405);
    let nobody = client.get(format!("{base}v1.0/{methods}")).send().unwrap();
    assert_eq!(nobody.status(), 401);
}
