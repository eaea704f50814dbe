//! The straight way: options, registration, list, sign-in, deletion; on both versions, for all people.

use std::time::Duration;

use keyline::adapter::entra::Api;
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{CredentialId, CredentialKind, CredentialProtection};
use keyline::domain::fault::Fault;
use keyline::port::{Deleted, RelyingParty};
use keyline::practice::tenant::{Existing, Operation, TenantSetup};

use crate::bench::{ADA, Bench, JUERGEN};
use crate::software_key::SoftwareKey;

fn existing(name: &str, id_bytes: usize) -> Existing {
    Existing {
        display_name: name.to_owned(),
        aaguid: Aaguid([9; 16]),
        credential_id: None,
        id_bytes: Some(id_bytes),
        method: None,
        created: None,
        synced: false,
    }
}

#[test]
fn a_key_is_registered_listed_used_and_deleted_on_both_versions() {
    for api in [Api::V1_0, Api::Beta] {
        let bench = Bench::with(TenantSetup::default(), api);
        bench.entra.ready().unwrap();
        let key = SoftwareKey::new(1);
        let method = bench.enroll(ADA, &key).unwrap();

        let listed = bench.entra.credentials(ADA).unwrap();
        let [one] = listed.as_slice() else {
            panic!("{listed:?}")
        };
        assert_eq!(one.method, method);
        assert!(one.may_be.contains(&CredentialId(key.id.clone())));
        assert_eq!(
            (one.display_name.as_str(), one.aaguid),
            ("Key 4711", Some(key.aaguid))
        );
        assert_eq!(one.kind, CredentialKind::SecurityKey);
        assert!(one.created.is_some());

        let (auth_data, client_data, signature) = key.assert(b"a sign-in challenge", 2);
        let signed_in = bench
            .tenant
            .verify_assertion(ADA, &auth_data, &client_data, &signature)
            .unwrap();
        assert_eq!(signed_in.credential_id.0, key.id);
        assert_eq!(signed_in.sign_count, 2);

        assert_eq!(bench.entra.delete(ADA, &method), Ok(Deleted::Now));
        assert_eq!(bench.entra.delete(ADA, &method), Ok(Deleted::WasGone));
        assert_eq!(bench.entra.credentials(ADA), Ok(Vec::new()));
        assert_eq!(bench.clock.waits(), Vec::<Duration>::new());
        assert_eq!(
            bench.tenant.requests(Operation::Token),
            1,
            "the token is kept"
        );
    }
}

#[test]
fn a_sign_in_by_another_persons_key_with_an_old_counter_or_a_spoiled_signature_fails() {
    let bench = Bench::new();
    let (adas, juergens) = (SoftwareKey::new(1), SoftwareKey::new(2));
    bench.enroll(ADA, &adas).unwrap();
    bench.enroll(JUERGEN, &juergens).unwrap();
    let sign_in = |user: &str, (data, client, signature): (Vec<u8>, Vec<u8>, Vec<u8>)| {
        bench
            .tenant
            .verify_assertion(user, &data, &client, &signature)
    };
    assert!(sign_in(JUERGEN, adas.assert(b"c", 5)).is_err());
    let mut spoiled = adas.assert(b"c", 5);
    spoiled.1.push(b' ');
    assert!(sign_in(ADA, spoiled).is_err());
    assert!(sign_in(ADA, adas.assert(b"c", 5)).is_ok());
    assert!(
        sign_in(ADA, adas.assert(b"c", 5)).is_err(),
        "the counter stood still"
    );
}

#[test]
fn the_options_are_as_large_and_as_long_lived_as_entras() {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    assert_eq!(options.challenge.len(), 5198);
    assert_eq!(options.challenge.split(|byte| *byte == b'.').count(), 5);
    assert_eq!(options.user_handle.0.len(), 51);
    assert_eq!(options.user_name, ADA);
    assert_eq!(options.algorithms, [-7, -257]);
    assert!(options.hmac_secret);
    assert_eq!(
        options.credential_protection,
        Some(CredentialProtection::UserVerificationOptional)
    );
    let again = bench.entra.creation_options(ADA).unwrap();
    assert_ne!(options.challenge, again.challenge);
    assert_eq!(options.user_handle, again.user_handle);

    let beta = Bench::with(TenantSetup::default(), Api::Beta);
    let longer = beta.entra.creation_options(ADA).unwrap();
    let seconds = options.expires.seconds_until(longer.expires);
    assert!((3290..3310).contains(&seconds), "{seconds}");
}

#[test]
fn every_existing_passkey_is_among_the_excluded_whatever_its_encoding() {
    for seed in 0..6 {
        let bench = Bench::with(
            TenantSetup {
                seed,
                wrapped_options: seed == 5,
                ..TenantSetup::default()
            },
            Api::V1_0,
        );
        let ids: Vec<CredentialId> = [16, 32, 48, 64, 33]
            .into_iter()
            .map(|bytes| {
                bench
                    .tenant
                    .add_existing(ADA, existing("old", bytes))
                    .unwrap()
                    .id
            })
            .collect();
        let options = bench.entra.creation_options(ADA).unwrap();
        let listed = bench.entra.credentials(ADA).unwrap();
        for id in &ids {
            assert!(options.exclude.contains(id), "seed {seed}: {id}");
            assert!(
                listed.iter().any(|one| one.may_be.contains(id)),
                "seed {seed}: {id}"
            );
        }
    }
}

#[test]
fn everybody_is_found_by_name_and_by_id_and_nobody_else_is() {
    let bench = Bench::new();
    let people = bench.tenant.people();
    assert_eq!(people.len(), 24);
    for person in people {
        for user in [&person.upn, &person.id, &person.upn.to_uppercase()] {
            let options = bench.entra.creation_options(user).unwrap();
            assert_eq!(options.user_name, person.upn);
            assert_eq!(options.user_display_name, person.display_name);
        }
    }
    for user in [
        "nobody@contoso.com",
        "guest_x.com#EXT#@contoso.com",
        "a/b",
        "?",
        "ä@x",
    ] {
        let unknown = |fault: &Fault| matches!(fault, Fault::UserUnknown { request_id, code, message } if !request_id.is_empty() && code == "Request_ResourceNotFound" && message.contains(user));
        assert!(
            unknown(&bench.entra.creation_options(user).unwrap_err()),
            "{user}"
        );
        assert!(
            unknown(&bench.entra.credentials(user).unwrap_err()),
            "{user}"
        );
    }
    for user in ["", ".", ".."] {
        let fault = bench.entra.credentials(user).unwrap_err();
        assert!(matches!(fault, Fault::Internal { .. }), "{fault}");
    }
}

#[test]
fn phones_and_synced_passkeys_are_no_security_keys() {
    let bench = Bench::new();
    let phone = Aaguid::try_from("90a3ccdf-635c-4729-a248-9b709135078f").unwrap();
    for one in [
        existing("key", 32),
        Existing {
            aaguid: phone,
            ..existing("phone", 32)
        },
        Existing {
            synced: true,
            ..existing("synced", 32)
        },
    ] {
        bench.tenant.add_existing(ADA, one).unwrap();
    }
    let keys: Vec<String> = bench
        .entra
        .credentials(ADA)
        .unwrap()
        .into_iter()
        .filter(|one| one.kind == CredentialKind::SecurityKey)
        .map(|one| one.display_name)
        .collect();
    assert_eq!(keys, ["key"]);
}

#[test]
fn a_long_list_is_read_over_all_its_pages() {
    let bench = Bench::with(
        TenantSetup {
            page_size: 2,
            ..TenantSetup::default()
        },
        Api::V1_0,
    );
    for number in 0..5 {
        bench
            .tenant
            .add_existing(ADA, existing(&format!("old {number}"), 32))
            .unwrap();
    }
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 5);
    assert_eq!(bench.tenant.requests(Operation::List), 3);
}

#[test]
fn what_the_tenant_holds_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let setup = || TenantSetup {
        state_file: Some(folder.path().join("tenant.json")),
        ..TenantSetup::default()
    };
    let (key, waiting) = (SoftwareKey::new(1), SoftwareKey::new(2));
    let bench = Bench::with(setup(), Api::V1_0);
    bench.enroll(ADA, &key).unwrap();
    let options = bench.entra.creation_options(JUERGEN).unwrap();
    let before = bench.tenant.credentials(ADA).unwrap();
    bench.tenant.stop();

    let bench = Bench::with(setup(), Api::V1_0);
    assert_eq!(bench.tenant.credentials(ADA).unwrap(), before);
    bench
        .entra
        .register(JUERGEN, "Key", &waiting.attest(&options))
        .unwrap();
    let (data, client, signature) = key.assert(b"c", 9);
    bench
        .tenant
        .verify_assertion(ADA, &data, &client, &signature)
        .unwrap();
}
