//! What the practice tenant refuses, as Entra does: each test takes a registration that is right and spoils one thing.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use keyline::adapter::entra::Api;
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{Attestation, CreationOptions};
use keyline::domain::fault::Fault;
use keyline::port::RelyingParty;
use keyline::practice::tenant::{AaguidPolicy, Operation, TenantSetup};
use serde_json::{Value, json};

use crate::bench::{ADA, Bench, JUERGEN, refused};
use crate::software_key::{AT, SoftwareKey, UP, UV};

/// Registers what `make` makes of fresh options, and returns the refusal's code.
fn refusal_of(make: impl FnOnce(&CreationOptions) -> Attestation) -> String {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    let (status, code) = refused(bench.entra.register(ADA, "Key", &make(&options)));
    assert_eq!(status, 400);
    assert_eq!(bench.tenant.credentials(ADA).unwrap(), []);
    assert_eq!(bench.tenant.requests(Operation::Register), 1);
    code
}

fn spoiled(change: impl FnOnce(&mut SoftwareKey)) -> String {
    let mut key = SoftwareKey::new(1);
    change(&mut key);
    refusal_of(|options| key.attest(options))
}

#[test]
fn each_thing_that_entra_checks_is_checked() {
    assert_eq!(spoiled(|key| key.flags = UP | AT), "practiceAttestation");
    assert_eq!(spoiled(|key| key.flags = UV | AT), "practiceAttestation");
    assert_eq!(spoiled(|key| key.flags = UP | UV), "practiceAuthData");
    assert_eq!(
        spoiled(|key| key.flags = UP | UV | AT | 0x80),
        "practiceAuthData"
    );
    assert_eq!(
        spoiled(|key| key.rp_id = "contoso.com".to_owned()),
        "practiceAuthData"
    );
    assert_eq!(
        spoiled(|key| key.origin = "https://login.microsoft.com.evil.example".to_owned()),
        "practiceClientData"
    );
    assert_eq!(
        spoiled(|key| key.origin = "http://login.microsoft.com".to_owned()),
        "practiceClientData"
    );
    assert_eq!(
        refusal_of(|options| {
            let mut options = options.clone();
            options.challenge.reverse();
            SoftwareKey::new(1).attest(&options)
        }),
        "practiceChallenge"
    );
    assert_eq!(
        refusal_of(|options| {
            let mut attestation = SoftwareKey::new(1).attest(options);
            attestation.credential_id.0.reverse();
            attestation
        }),
        "practiceCredentialId"
    );
    assert_eq!(
        refusal_of(|options| {
            let mut attestation = SoftwareKey::new(1).attest(options);
            attestation.attestation_object.push(0);
            attestation
        }),
        "practiceAttestation"
    );
    // Other client data than was signed, with everything in it right.
    assert_eq!(
        refusal_of(|options| {
            let mut attestation = SoftwareKey::new(1).attest(options);
            attestation.client_data_json.push(b'\n');
            attestation
        }),
        "practiceAttestation"
    );
}

#[test]
fn no_single_flipped_byte_of_an_attestation_passes() {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    let right = SoftwareKey::with_certificate(1, Aaguid([0x4B; 16])).attest(&options);
    // The certificate's own issuer signature is not ours to check, so only what lies before and after x5c is flipped.
    let x5c = right
        .attestation_object
        .windows(4)
        .position(|window| window == b"cx5c")
        .unwrap();
    let auth_data = right
        .attestation_object
        .windows(9)
        .position(|window| window == b"hauthData")
        .unwrap();
    let places = (0..x5c).chain(auth_data..right.attestation_object.len());
    for place in places {
        let mut attestation = right.clone();
        attestation.attestation_object[place] ^= 0x01;
        refused(bench.entra.register(ADA, "Key", &attestation));
    }
    bench.entra.register(ADA, "Key", &right).unwrap();
}

#[test]
fn a_certificate_counts_and_must_be_for_this_model() {
    let setup = || TenantSetup {
        attestation_enforced: true,
        ..TenantSetup::default()
    };
    let model = Aaguid([0x4B; 16]);
    let bench = Bench::with(setup(), Api::V1_0);
    bench
        .enroll(ADA, &SoftwareKey::with_certificate(1, model))
        .unwrap();
    let held = bench.tenant.credentials(ADA).unwrap();
    assert_eq!(held[0].certificates.len(), 1);
    assert_eq!(held[0].certificates[0].len(), 40);

    let other = SoftwareKey::with_certificate(2, Aaguid([1; 16]));
    assert_eq!(refused(bench.enroll(ADA, &other)).1, "practiceAttestation");
    let by_itself = SoftwareKey::new(3);
    assert_eq!(
        refused(bench.enroll(ADA, &by_itself)).1,
        "practiceAttestation"
    );
}

#[test]
fn challenges_expire_belong_to_one_person_and_serve_more_than_once() {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    let (one, two, three) = (
        SoftwareKey::new(1),
        SoftwareKey::new(2),
        SoftwareKey::new(3),
    );
    let to_another = bench.entra.register(JUERGEN, "Key", &one.attest(&options));
    assert_eq!(refused(to_another).1, "practiceChallenge");
    bench
        .entra
        .register(ADA, "Key", &one.attest(&options))
        .unwrap();
    bench
        .entra
        .register(ADA, "Key", &two.attest(&options))
        .unwrap();
    bench.advance(301);
    let late = bench.entra.register(ADA, "Key", &three.attest(&options));
    assert_eq!(refused(late).1, "practiceChallengeExpired");
}

#[test]
fn a_credential_id_is_registered_once_for_all_people() {
    let bench = Bench::new();
    let key = SoftwareKey::new(1);
    bench.enroll(ADA, &key).unwrap();
    for user in [ADA, JUERGEN] {
        let twice = refused(bench.enroll(user, &key));
        assert_eq!(twice, (409, "practiceCredentialExists".to_owned()));
    }
}

#[test]
fn models_are_allowed_and_blocked() {
    let mine = SoftwareKey::new(1).aaguid;
    for (policy, taken) in [
        (AaguidPolicy::Allow(vec![mine]), true),
        (AaguidPolicy::Allow(vec![Aaguid([1; 16])]), false),
        (AaguidPolicy::Block(vec![mine]), false),
        (AaguidPolicy::Block(vec![Aaguid([1; 16])]), true),
    ] {
        let setup = TenantSetup {
            aaguids: policy.clone(),
            ..TenantSetup::default()
        };
        let bench = Bench::with(setup, Api::V1_0);
        let result = bench.enroll(ADA, &SoftwareKey::new(1));
        assert_eq!(result.is_ok(), taken, "{policy:?}");
        if !taken {
            assert_eq!(refused(result).1, "practiceAaguidNotAllowed");
        }
    }
}

#[test]
fn a_user_has_no_more_passkeys_than_the_tenant_allows() {
    let setup = TenantSetup {
        passkeys_per_user_max: 1,
        ..TenantSetup::default()
    };
    let bench = Bench::with(setup, Api::V1_0);
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    let second = refused(bench.enroll(ADA, &SoftwareKey::new(2)));
    assert_eq!(second.1, "practiceTooManyPasskeys");
}

#[test]
fn a_tenant_may_refuse_options_at_its_limit_already() {
    let setup = TenantSetup {
        passkeys_per_user_max: 1,
        limit_at_options: true,
        ..TenantSetup::default()
    };
    let bench = Bench::with(setup, Api::V1_0);
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    let (status, code) = refused(bench.entra.creation_options(ADA));
    assert_eq!((status, code.as_str()), (400, "practiceTooManyPasskeys"));
}

#[test]
fn a_name_that_is_too_long_is_refused_here_before_it_is_sent_and_there_when_it_comes() {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    let attestation = SoftwareKey::new(1).attest(&options);
    for name in [String::new(), "x".repeat(31), "🔑".repeat(16)] {
        let fault = bench.entra.register(ADA, &name, &attestation).unwrap_err();
        assert!(matches!(fault, Fault::Internal { .. }), "{fault}");
    }
    assert_eq!(bench.tenant.requests(Operation::Register), 0);
    let name = "ü".repeat(30);
    bench.entra.register(ADA, &name, &attestation).unwrap();

    let mut raw = raw_registration(&bench, 2);
    raw["displayName"] = json!("x".repeat(31));
    assert_eq!(
        post(&bench, &raw),
        (400, "practiceDisplayNameTooLong".to_owned())
    );
}

/// The body of a registration that would be taken.
fn raw_registration(bench: &Bench, number: u8) -> Value {
    let options = bench.entra.creation_options(ADA).unwrap();
    let attestation = SoftwareKey::new(number).attest(&options);
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    json!({
        "displayName": "Key",
        "publicKeyCredential": {
            "id": text(&attestation.credential_id.0),
            "response": {
                "clientDataJSON": text(&attestation.client_data_json),
                "attestationObject": text(&attestation.attestation_object),
            },
        },
    })
}

fn post(bench: &Bench, body: &Value) -> (u16, String) {
    let client = crate::wire::plain_client();
    let token = crate::wire::token(&client, &bench.tenant);
    let url = format!(
        "{}v1.0/users/{ADA}/authentication/fido2Methods",
        bench.tenant.url()
    );
    let answer = client
        .post(url)
        .bearer_auth(token)
        .json(body)
        .send()
        .unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().unwrap();
    let error = &body["error"];
    if status >= 400 {
        let words = error["message"].as_str().unwrap();
        assert!(
            words.contains("invented text of the practice tenant"),
            "{words}"
        );
    }
    (status, error["code"].as_str().unwrap_or("").to_owned())
}

#[test]
fn types_are_closed_and_base64url_has_no_padding() {
    let bench = Bench::new();
    let good = raw_registration(&bench, 1);
    for (place, member) in [
        ("", "rawId"),
        ("/publicKeyCredential", "type"),
        ("/publicKeyCredential", "rawId"),
        ("/publicKeyCredential", "authenticatorAttachment"),
        ("/publicKeyCredential/response", "transports"),
    ] {
        let mut body = good.clone();
        body.pointer_mut(place).unwrap()[member] = json!("x");
        let refusal = post(&bench, &body);
        assert_eq!(
            refusal,
            (400, "practiceUnknownProperty".to_owned()),
            "{place}/{member}"
        );
    }
    let client_data = good
        .pointer("/publicKeyCredential/response/clientDataJSON")
        .unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(client_data.as_str().unwrap())
        .unwrap();
    let longer = [
        bytes.as_slice(),
        b" ".repeat(3 - bytes.len() % 3 + 1).as_slice(),
    ]
    .concat();
    for padded in [URL_SAFE.encode(&longer), STANDARD.encode(&longer)] {
        assert!(padded.ends_with('='));
        let mut body = good.clone();
        body["publicKeyCredential"]["response"]["clientDataJSON"] = json!(padded);
        assert_eq!(post(&bench, &body), (400, "practiceBadRequest".to_owned()));
    }
    for missing in ["id", "response"] {
        let mut body = good.clone();
        body["publicKeyCredential"]
            .as_object_mut()
            .unwrap()
            .remove(missing);
        assert_eq!(post(&bench, &body), (400, "practiceBadRequest".to_owned()));
    }
    let mut body = good;
    body["publicKeyCredential"]["clientExtensionResults"] = json!({ "anything": { "goes": 1 } });
    assert_eq!(post(&bench, &body).0, 201);
}
