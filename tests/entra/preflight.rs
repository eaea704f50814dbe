//! What the tenant lets be registered and what the token allows, read by the adapter over real HTTP; and that the practice
//! tenant's POST refuses what its policy refuses.

use std::sync::Arc;

use keyline::adapter::entra::{Api, Entra, SecretSource};
use keyline::app::tenant_policy::TenantPolicy;
use keyline::domain::authenticator::Aaguid;
use keyline::domain::fault::Fault;
use keyline::domain::passkey_policy::{Audience, Candidate, PolicyVerdict};
use keyline::domain::person::ObjectId;
use keyline::port::{CancelFlag, Directory, RelyingParty};
use keyline::practice::tenant::{EVERY_PERMISSION, Operation, PracticeGroup, TenantSetup, Trick};
use serde_json::{Value, json};

use crate::bench::{ADA, Bench, JUERGEN, config, refused, secret_file};
use crate::software_key::SoftwareKey;

const GROUP: &str = "5a3b1d90-0000-4000-8000-00000000000a";
const OURS: Aaguid = Aaguid([0x4B; 16]);

/// A tenant whose administrator has consented to everything.
pub(crate) fn consented(api: Api) -> Bench {
    let setup = TenantSetup {
        permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
        ..TenantSetup::default()
    };
    Bench::with(setup, api)
}

fn changed(bench: &Bench, pointer: &str, to: Value) {
    let mut policy = bench.tenant.policy();
    *policy.pointer_mut(pointer).expect("a member") = to;
    bench.tenant.set_policy(policy);
}

/// A policy with profiles: everybody may bring `everybody`, the group `admins`.
pub(crate) fn profiles(everybody: Value, admins: Value) -> Value {
    let named = |id: &str, name: &str, mut profile: Value| {
        profile["id"] = json!(id);
        profile["name"] = json!(name);
        profile
    };
    json!({
        "id": "Fido2",
        "state": "enabled",
        "isSelfServiceRegistrationAllowed": true,
        "passkeyProfiles": [named("P-1", "Everybody", everybody), named("P-2", "Admins", admins)],
        "defaultPasskeyProfile": "P-1",
        "includeTargets": [
            { "targetType": "group", "id": "all_users", "allowedPasskeyProfiles": [] },
            { "targetType": "group", "id": GROUP, "allowedPasskeyProfiles": ["P-2"] },
        ],
        "excludeTargets": [],
    })
}

pub(crate) fn profile(
    types: &str,
    attestation: &str,
    enforced: bool,
    kind: &str,
    models: &[Aaguid],
) -> Value {
    let models: Vec<String> = models.iter().map(ToString::to_string).collect();
    json!({
        "passkeyTypes": types,
        "attestationEnforcement": attestation,
        "keyRestrictions": { "isEnforced": enforced, "enforcementType": kind, "aaGuids": models },
    })
}

/// What the adapter's reading says of our key, and what the tenant says to it.
fn verdict_and_answer(bench: &Bench, attested: bool) -> (PolicyVerdict, Result<(), Fault>) {
    let policy = bench.entra.passkey_policy().expect("a policy");
    let candidate = Candidate {
        aaguid: OURS,
        attested: Some(attested),
    };
    let key = if attested {
        SoftwareKey::with_certificate(1, OURS)
    } else {
        SoftwareKey::new(1)
    };
    let answer = bench.enroll(ADA, &key).map(drop);
    (policy.verdict(candidate, Some(&[].into())), answer)
}

#[test]
fn profiles_say_beforehand_what_the_post_says_afterwards() {
    let free = || profile("deviceBound,synced", "disabled", false, "block", &[]);
    let cases = [
        ("free", profiles(free(), free()), false, true),
        (
            "listed",
            profiles(
                profile("deviceBound", "disabled", true, "allow", &[OURS]),
                free(),
            ),
            false,
            true,
        ),
        (
            "not listed",
            profiles(
                profile("deviceBound", "disabled", true, "allow", &[]),
                free(),
            ),
            false,
            false,
        ),
        (
            "blocked",
            profiles(
                profile("deviceBound", "disabled", true, "block", &[OURS]),
                free(),
            ),
            false,
            false,
        ),
        (
            "synced alone",
            profiles(profile("synced", "disabled", false, "block", &[]), free()),
            false,
            false,
        ),
        (
            "attestation, and none",
            profiles(
                profile("deviceBound", "registrationOnly", false, "block", &[]),
                free(),
            ),
            false,
            false,
        ),
        (
            "attestation, and one",
            profiles(
                profile("deviceBound", "registrationOnly", false, "block", &[]),
                free(),
            ),
            true,
            true,
        ),
    ];
    for (name, policy, attested, allowed) in cases {
        let bench = consented(Api::V1_0);
        bench.tenant.set_policy(policy);
        let (verdict, answer) = verdict_and_answer(&bench, attested);
        assert_eq!(
            verdict == PolicyVerdict::Allowed,
            allowed,
            "{name}: {verdict:?}"
        );
        assert_eq!(answer.is_ok(), allowed, "{name}: {answer:?}");
    }
}

#[test]
fn the_older_shape_says_beforehand_what_the_post_says_afterwards() {
    for (pointer, to, attested, allowed) in [
        ("/isAttestationEnforced", json!(true), false, false),
        ("/isAttestationEnforced", json!(true), true, true),
        (
            "/keyRestrictions",
            json!({ "isEnforced": true, "enforcementType": "block", "aaGuids": [OURS.to_string()] }),
            false,
            false,
        ),
        (
            "/isSelfServiceRegistrationAllowed",
            json!(false),
            false,
            false,
        ),
        ("/state", json!("disabled"), false, false),
        (
            "/excludeTargets",
            json!([{ "targetType": "group", "id": "all_users" }]),
            false,
            false,
        ),
        ("/includeTargets", json!([]), false, false),
    ] {
        let bench = consented(Api::V1_0);
        changed(&bench, pointer, to);
        let (verdict, answer) = verdict_and_answer(&bench, attested);
        if pointer != "/excludeTargets" {
            assert_eq!(
                verdict == PolicyVerdict::Allowed,
                allowed,
                "{pointer}: {verdict:?}"
            );
        }
        assert_eq!(answer.is_ok(), allowed, "{pointer}: {answer:?}");
    }
}

#[test]
fn a_group_brings_its_profile_and_an_excluded_group_beats_it() {
    let bench = consented(Api::V1_0);
    let ada = bench.tenant.people().into_iter().find(|one| one.upn == ADA);
    let ada = ada.expect("a person");
    bench.tenant.add_group(PracticeGroup {
        id: GROUP.to_owned(),
        display_name: "Admins".to_owned(),
        description: String::new(),
        members: vec![ada.id],
    });
    let blocking = profile("deviceBound", "disabled", true, "block", &[OURS]);
    let free = profile("deviceBound", "disabled", false, "block", &[]);
    bench.tenant.set_policy(profiles(blocking, free));
    let verdict = |user: &str| {
        let policy = bench.entra.passkey_policy().expect("a policy");
        let groups = bench.entra.groups_of(user).expect("groups");
        let candidate = Candidate {
            aaguid: OURS,
            attested: None,
        };
        policy.verdict(candidate, Some(&groups))
    };
    assert_eq!(verdict(ADA), PolicyVerdict::Allowed);
    bench.enroll(ADA, &SoftwareKey::new(1)).expect("a passkey");
    assert!(matches!(verdict(JUERGEN), PolicyVerdict::Refused(_)));
    let fault = bench.enroll(JUERGEN, &SoftwareKey::new(2));
    assert_eq!(refused(fault).1, "practiceAaguidNotAllowed");

    changed(
        &bench,
        "/excludeTargets",
        json!([{ "targetType": "group", "id": GROUP }]),
    );
    assert!(matches!(verdict(ADA), PolicyVerdict::Refused(_)));
    let fault = bench.enroll(ADA, &SoftwareKey::new(3));
    assert_eq!(refused(fault).1, "practiceUserNotInPolicy");
}

#[test]
fn profiles_and_their_targets_come_through_on_both_versions() {
    for api in [Api::V1_0, Api::Beta] {
        let bench = consented(api);
        let strict = profile("deviceBound", "registrationOnly", true, "allow", &[OURS]);
        let free = profile("deviceBound,synced", "disabled", false, "block", &[]);
        bench.tenant.set_policy(profiles(free, strict));
        let policy = bench.entra.passkey_policy().expect("a policy");
        let [everybody, admins] = policy.include.as_slice() else {
            panic!("{policy:?}");
        };
        assert_eq!(everybody.audience, Audience::AllUsers);
        assert_eq!(admins.audience, Audience::Group(ObjectId(GROUP.to_owned())));
        let label = |target| {
            let ids = policy.profiles_of(target).expect("profiles");
            policy.profile(ids[0]).expect("a profile").label()
        };
        assert_eq!(label(everybody), "the passkey profile Everybody");
        assert_eq!(label(admins), "the passkey profile Admins");
    }
}

#[test]
fn permissions_that_were_not_given_are_missing_in_the_token_and_at_the_door() {
    let setup = TenantSetup {
        permissions: vec!["Mail.Send".to_owned()],
        ..TenantSetup::default()
    };
    let bench = Bench::with(setup, Api::V1_0);
    let grants = bench
        .entra
        .grants()
        .expect("a token")
        .expect("a readable one");
    assert_eq!(grants.permissions, ["Mail.Send"]);
    assert!(!grants.delegated);
    assert!(grants.tenant.is_some() && grants.application.is_some());
    let denied = (403, "Authorization_RequestDenied".to_owned());
    assert_eq!(refused(bench.entra.passkey_policy()), denied);
    let nobody = bench.entra.creation_options(ADA).expect_err("a 403");
    assert!(
        matches!(&nobody, Fault::NotPermitted { why, refused } if refused.is_empty() && why.contains(EVERY_PERMISSION[0]) && why.contains(&denied.1)),
        "{nobody}"
    );
    assert_eq!(refused(bench.entra.credentials(ADA)), denied);
    bench.entra.ready().expect("signing in needs no permission");

    bench.tenant.set_permissions(&EVERY_PERMISSION);
    assert_eq!(
        refused(bench.entra.passkey_policy()),
        denied,
        "an old token"
    );
    // As an administrator's consent counts: with the next token.
    bench.advance(3600);
    bench.entra.passkey_policy().expect("the policy");
}

#[test]
fn a_consent_that_was_missing_counts_for_the_next_job_and_a_person_who_is_refused_stands_alone() {
    let bench = Bench::with(
        TenantSetup {
            permissions: vec!["User.Read.All".to_owned()],
            ..TenantSetup::default()
        },
        Api::V1_0,
    );
    let nobody = bench.entra.creation_options(ADA).expect_err("a 403");
    assert!(matches!(nobody, Fault::NotPermitted { .. }), "{nobody}");
    // The token was good for an hour, but not for this.
    bench.tenant.set_permissions(&[EVERY_PERMISSION[0]]);
    bench.entra.creation_options(ADA).expect("a new token");
    bench
        .tenant
        .misbehave(Operation::CreationOptions, 1, Trick::Fail { status: 403 });
    assert_eq!(refused(bench.entra.creation_options(ADA)).0, 403);
}

#[test]
fn a_policy_that_is_not_there_or_not_understood_is_no_user_unknown() {
    let bench = consented(Api::V1_0);
    changed(&bench, "/state", json!("paused"));
    let fault = bench.entra.passkey_policy().expect_err("an unknown word");
    assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
    bench
        .tenant
        .misbehave(Operation::Policy, 1, Trick::Fail { status: 404 });
    let fault = bench.entra.passkey_policy().expect_err("a 404");
    assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
}

/// The line's reading of the policy, over the bench's tenant and clock.
fn held(bench: &Bench) -> (TenantPolicy, tempfile::NamedTempFile) {
    let file = secret_file(&TenantSetup::default().client_secret);
    let entra = Entra::new(
        config(bench.tenant.url(), Api::V1_0),
        SecretSource::File(file.path().to_owned()),
        bench.clock.clone(),
        CancelFlag::default(),
    );
    let entra = Arc::new(entra.expect("an address"));
    (TenantPolicy::new(entra, bench.clock.clone()), file)
}

#[test]
fn the_line_asks_for_the_policy_once_in_ten_minutes_however_many_keys_come() {
    let bench = consented(Api::V1_0);
    let (policy, _secret) = held(&bench);
    let asked = || bench.tenant.requests(Operation::Policy);
    assert_eq!(asked(), 0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(policy.current().expect("a policy").enabled));
        }
    });
    assert_eq!(asked(), 1);
    changed(&bench, "/state", json!("disabled"));
    bench.advance(599);
    assert!(policy.current().expect("the held one").enabled);
    bench.advance(2);
    assert!(!policy.current().expect("a new one").enabled);
    assert_eq!(asked(), 2);
}

#[test]
fn a_denied_reading_costs_no_call_per_key_and_a_lost_one_leaves_what_was_read() {
    let bench = consented(Api::V1_0);
    bench
        .tenant
        .set_permissions(&["UserAuthMethod-Passkey.ReadWrite.All"]);
    let (policy, _secret) = held(&bench);
    for _ in 0..5 {
        assert_eq!(refused(policy.current()).0, 403);
    }
    assert_eq!(bench.tenant.requests(Operation::Policy), 1);

    bench.tenant.set_permissions(&EVERY_PERMISSION);
    bench.advance(3700);
    policy.current().expect("a policy");
    bench.advance(601);
    bench
        .tenant
        .misbehave(Operation::Policy, 4, Trick::Fail { status: 503 });
    policy.current().expect("what was read before");
    let asked = bench.tenant.requests(Operation::Policy);
    policy.current().expect("the same, without a call");
    assert_eq!(bench.tenant.requests(Operation::Policy), asked);
    bench.advance(61);
    policy.current().expect("a new one");
    assert_eq!(bench.tenant.requests(Operation::Policy), asked + 1);
}

#[test]
fn another_program_can_change_policy_and_permissions() {
    let bench = consented(Api::V1_0);
    let client = crate::wire::plain_client();
    let base = format!("{}practice", bench.tenant.url());
    let mut policy: Value = client
        .get(format!("{base}/policy"))
        .send()
        .and_then(|answer| answer.json())
        .expect("a policy");
    policy["state"] = json!("disabled");
    let put = |path: &str, body: &Value| {
        let answer = client.put(format!("{base}/{path}")).json(body).send();
        answer.expect("an answer").status()
    };
    assert_eq!(put("policy", &policy), 200);
    assert!(!bench.entra.passkey_policy().expect("a policy").enabled);
    assert_eq!(put("permissions", &json!([])), 200);
    bench.advance(3600);
    assert_eq!(refused(bench.entra.passkey_policy()).0, 403);
}
