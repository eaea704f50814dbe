//! The tenant's address for other programs, and its end.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyline::domain::fault::Fault;
use keyline::port::RelyingParty;
use keyline::practice::tenant::{Tenant, TenantSetup};
use serde_json::{Value, json};

use crate::bench::{ADA, Bench};
use crate::software_key::SoftwareKey;
use crate::wire::plain_client;

#[test]
fn another_program_can_read_passkeys_and_check_a_sign_in() {
    let bench = Bench::new();
    let client = plain_client();
    let base = format!("{}practice", bench.tenant.url());
    let get = |path: &str| -> Value {
        client
            .get(format!("{base}/{path}"))
            .send()
            .unwrap()
            .json()
            .unwrap()
    };
    let post = |path: &str, body: Value| {
        client
            .post(format!("{base}/{path}"))
            .json(&body)
            .send()
            .unwrap()
    };

    let key = SoftwareKey::new(1);
    bench.enroll(ADA, &key).unwrap();
    let held = get(&format!("users/{ADA}/credentials"));
    assert_eq!(held[0]["id"], URL_SAFE_NO_PAD.encode(&key.id));
    let point = key.key.verifying_key().to_sec1_point(false);
    assert_eq!(
        held[0]["public_key"]["x"],
        URL_SAFE_NO_PAD.encode(&point.as_bytes()[1..33])
    );
    assert_eq!(
        held[0]["public_key"]["y"],
        URL_SAFE_NO_PAD.encode(&point.as_bytes()[33..])
    );

    let (auth_data, client_data, signature) = key.assert(b"challenge", 2);
    let assertion = json!({
        "authenticator_data": URL_SAFE_NO_PAD.encode(auth_data),
        "client_data_json": URL_SAFE_NO_PAD.encode(client_data),
        "signature": URL_SAFE_NO_PAD.encode(signature),
    });
    let path = format!("users/{ADA}/assertions");
    let signed_in: Value = post(&path, assertion.clone()).json().unwrap();
    assert_eq!(signed_in["credential_id"], URL_SAFE_NO_PAD.encode(&key.id));
    assert_eq!(signed_in["challenge"], URL_SAFE_NO_PAD.encode(b"challenge"));
    assert_eq!(
        post(&path, assertion).status(),
        400,
        "the same again is a replay"
    );

    let old = json!({ "display_name": "old", "aaguid": "2fc0579f-8113-47ea-b116-bb5a8db9202a" });
    assert_eq!(post(&format!("users/{ADA}/credentials"), old).status(), 200);
    assert_eq!(bench.tenant.credentials(ADA).unwrap().len(), 2);
}

#[test]
fn another_program_can_arrange_misbehaviour() {
    let bench = Bench::new();
    let client = plain_client();
    let base = format!("{}practice", bench.tenant.url());
    let get = |path: &str| -> Value {
        client
            .get(format!("{base}/{path}"))
            .send()
            .unwrap()
            .json()
            .unwrap()
    };
    let put = |path: &str, body: Value| {
        client
            .put(format!("{base}/{path}"))
            .json(&body)
            .send()
            .unwrap()
    };
    assert_eq!(get("people").as_array().unwrap().len(), 24);

    let faults = json!({ "list_lag_seconds": 60, "next": [
        { "on": "register", "times": 1, "trick": "commit_then_drop" },
        { "on": "list", "times": 1, "trick": { "throttle": { "retry_after_seconds": 2 } } },
    ]});
    assert_eq!(put("faults", faults).status(), 200);
    let lost = bench.enroll(ADA, &SoftwareKey::new(1));
    assert!(matches!(lost, Err(Fault::Unreachable { .. })));
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 0);
    assert_eq!(bench.clock.waits().len(), 1);
    let advance = json!({ "advance_seconds": 61 });
    client
        .post(format!("{base}/clock"))
        .json(&advance)
        .send()
        .unwrap();
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 1);
    assert_eq!(put("faults", json!({ "typo": 1 })).status(), 422);
    assert_eq!(get("faults")["next"], json!([]));
}

#[test]
fn a_stopped_tenant_frees_its_port() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let port = tenant.url().port().unwrap();
    let taken = Tenant::start(TenantSetup {
        port,
        ..TenantSetup::default()
    });
    assert!(taken.is_err());
    tenant.stop();
    Tenant::start(TenantSetup {
        port,
        ..TenantSetup::default()
    })
    .unwrap();
}
