//! What needs no server: encodings, the reading of answers, configuration, secrets.

mod claims;
mod config;
mod pipes;
mod robustness;
mod said;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{CredentialKind, CredentialProtection};
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp(1_780_000_000_000);

fn lengths(text: &str) -> Vec<usize> {
    credential_ids(text).iter().map(|id| id.0.len()).collect()
}

#[test]
fn every_known_encoding_of_a_credential_id_yields_the_right_id() {
    // Ids that were seen in the wild, with the length of the right reading.
    for (text, right) in [
        ("TZ2KrDEawbrIGQsnheGZ/BG9Nfnb7blSGwQYMGyJIhM=", 32),
        (
            "prXptqCfm_ohEAcE2Jw6CUtUb4uWpb2vaS-cFB82ruMhcIRAE17S0g1bkPjtsC6S0",
            48,
        ),
        ("MMeD8wrNCZ-0hbfdYvvAIzrsrTGd_uXdt2iXbYlGJSs1", 32),
        ("-2_GRUg2-HYz6_1YG4YRAQ2", 16),
        ("_jpuR-TGZgk6aQCLF3BQjA2", 16),
        ("ru_zzE2oTRFddC7NnqguQg2", 16),
        (
            "0S64X8KwFmCeJjHzK1oE/39T+JYhfYbhFurwOxMMjtvRWc/sLYq8AMJVuva823XQ",
            48,
        ),
    ] {
        assert!(
            lengths(text).contains(&right),
            "{text}: {:?}",
            lengths(text)
        );
    }
}

#[test]
fn an_ambiguous_id_is_given_in_both_readings_and_a_clear_one_in_one() {
    assert_eq!(
        lengths("MMeD8wrNCZ-0hbfdYvvAIzrsrTGd_uXdt2iXbYlGJSs1"),
        [32, 33]
    );
    assert_eq!(lengths("-2_GRUg2-HYz6_1YG4YRAQ2"), [16, 17]);
    assert_eq!(
        lengths("TZ2KrDEawbrIGQsnheGZ/BG9Nfnb7blSGwQYMGyJIhM="),
        [32]
    );
    assert_eq!(
        lengths("prXptqCfm_ohEAcE2Jw6CUtUb4uWpb2vaS-cFB82ruMhcIRAE17S0g1bkPjtsC6S0"),
        [48]
    );
}

#[test]
fn what_is_no_credential_id_yields_none() {
    for text in [
        "",
        "0",
        "=",
        "73e4b2c6-8a2f-4d3e-9b1a-5c7d8e9f0a1b",
        "not base64!",
        "ü",
    ] {
        assert!(credential_ids(text).is_empty(), "{text}");
    }
}

proptest! {
    #[test]
    fn an_id_is_found_again_in_each_of_its_three_forms(id in proptest::collection::vec(any::<u8>(), 1..200)) {
        let plain = URL_SAFE_NO_PAD.encode(&id);
        let missing = (4 - plain.len() % 4) % 4;
        let standard = base64::engine::general_purpose::STANDARD.encode(&id);
        for text in [plain.clone(), format!("{plain}{missing}"), standard] {
            prop_assert!(credential_ids(&text).iter().any(|found| found.0 == id), "{}", text);
        }
    }

    #[test]
    fn a_path_segment_never_leaves_its_place(raw in "\\PC{1,40}") {
        if let Ok(encoded) = encoding::path_segment(&raw) {
            prop_assert!(!encoded.contains(['/', '?', '#', '\'', ' ']) && encoded.is_ascii());
            let mut url = Url::parse("https://graph.example/").unwrap();
            url.set_path(&format!("v1.0/users/{encoded}/authentication"));
            prop_assert_eq!(url.path_segments().unwrap().count(), 4);
        }
    }
}

fn good_options() -> Value {
    json!({
        "@odata.context": "https://graph.example/beta/$metadata#x",
        "challengeTimeoutDateTime": "2026-05-28T20:31:40Z",
        "publicKey": {
            "@odata.type": "#microsoft.graph.webauthnPublicKeyCredentialCreationOptions",
            "rp": { "@odata.type": "#x", "id": "login.microsoft.com", "name": "Microsoft" },
            "user": { "id": "T0Y6Ehqp2EfQP0iExdt54DFwdWuaH7qIZbZGpOc92RGnvbXyRPvU-8AOp9r1T7Cebfc2", "displayName": "Kim User", "name": "kim@contoso.com" },
            "challenge": URL_SAFE_NO_PAD.encode([7_u8; 5198]),
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
            "timeout": 0,
            "excludeCredentials": [
                { "id": "-2_GRUg2-HYz6_1YG4YRAQ2", "type": "public-key", "transports": [] },
                { "id": "???" },
            ],
            "authenticatorSelection": { "requireResidentKey": true },
            "attestation": "direct",
            "extensions": { "hmacCreateSecret": true, "enforceCredentialProtectionPolicy": true, "credentialProtectionPolicy": "userVerificationOptional" },
        },
    })
}

fn decode(value: &Value) -> Result<CreationOptions, Fault> {
    creation_options::decode(value.to_string().as_bytes(), NOW)
}

#[test]
fn options_are_read_at_the_root_and_under_value() {
    let options = decode(&good_options()).unwrap();
    assert_eq!(options.rp_id.0, "login.microsoft.com");
    assert_eq!(options.challenge, vec![7; 5198]);
    // The last digit belongs to the user handle: the padding rule is not for it.
    assert_eq!(options.user_handle.0.len(), 51);
    assert!(options.user_handle.0.starts_with(b"OF:"));
    assert_eq!(options.algorithms, [-7, -257]);
    assert_eq!(options.exclude.len(), 2);
    assert!(options.hmac_secret && options.enforce_credential_protection);
    assert_eq!(
        options.credential_protection,
        Some(CredentialProtection::UserVerificationOptional)
    );
    assert_eq!(options.expires, Timestamp(1_780_000_300_000));
    assert_eq!(
        decode(&json!({ "value": good_options() })).unwrap(),
        options
    );
}

#[test]
fn a_challenge_that_ends_in_a_digit_is_never_shortened() {
    let mut body = good_options();
    // 23 characters that would also fit the padding rule.
    body["publicKey"]["challenge"] = json!("AAAAAAAAAAAAAAAAAAAAAA2");
    assert_eq!(decode(&body).unwrap().challenge.len(), 17);
}

#[test]
fn options_that_could_do_harm_are_refused_by_name() {
    for (pointer, value, words) in [
        (
            "/publicKey/rp/id",
            json!("login.microsoft.com\",\"x\":\""),
            "rp.id is not a host name",
        ),
        (
            "/publicKey/rp/id",
            json!("login.microsoft.com:443"),
            "rp.id is not a host name",
        ),
        (
            "/publicKey/rp/id",
            json!("10.0.0.1"),
            "rp.id is not a host name",
        ),
        (
            "/publicKey/rp/id",
            json!("https://x.example"),
            "rp.id is not a host name",
        ),
        ("/publicKey/challenge", json!("AA"), "challenge has 1 bytes"),
        (
            "/publicKey/challenge",
            json!("%%%"),
            "challenge is not base64url",
        ),
        ("/publicKey/user/id", json!(""), "user.id has 0 bytes"),
        (
            "/publicKey/user/id",
            json!("A".repeat(100)),
            "user.id has 75 bytes",
        ),
        (
            "/publicKey/extensions/credentialProtectionPolicy",
            json!("strict"),
            "credentialProtectionPolicy",
        ),
        (
            "/challengeTimeoutDateTime",
            json!("soon"),
            "challengeTimeoutDateTime",
        ),
        ("/publicKey", json!(null), "creationOptions"),
    ] {
        let mut body = good_options();
        *body.pointer_mut(pointer).unwrap() = value;
        let Err(Fault::AnswerUnusable { what, .. }) = decode(&body) else {
            panic!("{pointer} was taken");
        };
        assert!(what.contains(words), "{what}");
    }
}

#[test]
fn the_registration_holds_exactly_the_declared_members_in_unpadded_base64url() {
    let attestation = Attestation {
        credential_id: crate::domain::credential::CredentialId(vec![0xFB; 16]),
        aaguid: Aaguid([1; 16]),
        client_data_json: b"{}".to_vec(),
        attestation_object: vec![0xA0],
        format: "packed".to_owned(),
        credential_protection: None,
        hmac_secret: true,
        algorithm: -7,
    };
    assert_eq!(
        fido2_methods::registration("YubiKey 5C 23616243", &attestation),
        json!({
            "displayName": "YubiKey 5C 23616243",
            "publicKeyCredential": {
                "id": "-_v7-_v7-_v7-_v7-_v7-w",
                "response": { "clientDataJSON": "e30", "attestationObject": "oA" },
                "clientExtensionResults": { "hmacCreateSecret": true },
            },
        })
    );
    let plain = Attestation {
        hmac_secret: false,
        ..attestation
    };
    assert_eq!(
        fido2_methods::registration("x", &plain)["publicKeyCredential"]["clientExtensionResults"],
        json!({})
    );
}

#[test]
fn the_list_tells_security_keys_from_phones_and_synced_passkeys() {
    let method =
        |aaguid: &str, kind: &str| json!({ "id": "a", "aaGuid": aaguid, "passkeyType": kind });
    let page = json!({ "value": [
        method("2fc0579f-8113-47ea-b116-bb5a8db9202a", "deviceBound"),
        method("de1e552d-db1d-4423-a619-566b625cdc84", "deviceBound"),
        method("90A3CCDF-635C-4729-A248-9B709135078F", "deviceBound"),
        method("08987058-cadc-4b81-b6e1-30de50dcbe96", "deviceBound"),
        method("2fc0579f-8113-47ea-b116-bb5a8db9202a", "synced"),
        { "id": "-2_GRUg2-HYz6_1YG4YRAQ2", "creationDateTime": "2020-08-10T06:44:09Z" },
    ]});
    let page = fido2_methods::decode_page(page.to_string().as_bytes()).unwrap();
    let kinds: Vec<_> = page.credentials.iter().map(|one| one.kind).collect();
    let (key, other) = (CredentialKind::SecurityKey, CredentialKind::OtherPasskey);
    assert_eq!(kinds, [key, other, other, other, other, key]);
    let last = page.credentials.last().unwrap();
    assert_eq!(last.created, Some(Timestamp(1_597_041_849_000)));
    assert!(last.may_be.iter().any(|id| id.0.len() == 16));
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let seconds = |text| answer::retry_after(text, NOW).map(|wait| wait.as_secs());
    assert_eq!(seconds("7"), Some(7));
    assert_eq!(seconds("Thu, 28 May 2026 20:26:50 GMT"), Some(10));
    assert_eq!(seconds("Thu, 28 May 2020 20:26:50 GMT"), Some(0));
    assert_eq!(seconds("-1"), None);
    assert_eq!(seconds("soon"), None);
}

#[test]
fn a_refusal_shows_one_line_of_bounded_length() {
    let answer = Answer {
        status: 400,
        request_id: "r-1".to_owned(),
        from_graph: true,
        retry_after: None,
        date: None,
        body: json!({ "error": { "code": "Bad\u{1b}[2J", "message": "a\nb".repeat(1000) } })
            .to_string()
            .into_bytes()
            .into(),
    };
    let text = answer.refused().to_string();
    let odd: BTreeSet<char> = text.chars().filter(|c| c.is_control()).collect();
    assert!(odd.is_empty() && text.len() < 700, "{text}");
}

fn answered(status: u16, from_graph: bool, body: &Value) -> Answer {
    Answer {
        status,
        request_id: "r-1".to_owned(),
        from_graph,
        retry_after: None,
        date: None,
        body: body.to_string().into_bytes().into(),
    }
}

#[test]
fn code_message_and_request_id_are_told_as_the_service_gave_them() {
    let error = json!({ "error": { "code": "tooBusy", "message": "Come back later." } });
    let whole = answered(503, true, &error);
    let told = [
        whole.failed(),
        answered(401, true, &error).refused_token(),
        answered(403, true, &error).refused(),
        answered(502, false, &json!("a gateway's page")).failed(),
    ];
    let told = told.map(|fault| fault.to_string());
    assert_eq!(
        told,
        [
            "the network or the service does not answer: the service failed with 503 tooBusy: Come back later (request r-1)",
            "the station cannot sign in to the tenant: Graph does not take a fresh token: 401 tooBusy: Come back later (request r-1)",
            "Entra refused with 403 tooBusy: Come back later. (request r-1)",
            "the network or the service does not answer: the service failed with 502 (request r-1)",
        ]
    );
}

#[test]
fn a_request_id_is_found_in_the_body_as_well() {
    let inner = |id: Value| json!({ "error": { "code": "x", "innerError": { "request-id": id } } });
    let found = |body: &Value| answer::request_id(body.to_string().as_bytes());
    assert_eq!(found(&inner(json!("r\u{1b}-7"))), Some("r -7".to_owned()));
    for none in [
        inner(json!("")),
        inner(json!(7)),
        json!({ "error": "x" }),
        json!([]),
    ] {
        assert_eq!(found(&none), None, "{none}");
    }
}
