//! Whole enrolments and refusals, through CTAPHID, against the firmware core.

use ciborium::Value;

use crate::adapter::ctap::Verifier;
use crate::adapter::ctap::cbor;
use crate::adapter::ctap::credential_management::HeldCredential;
use crate::domain::credential::{AttestationVerdict, CredentialId, CredentialProtection, RpId};
use crate::domain::fault::Fault;
use crate::port::{AttestationCheck, Authenticator, Configuration, MakeCredential, PinVerdict};

use super::firmware::{Firmware, Touch};
use super::{client_data, options, pin};

type Members = Vec<(Value, Value)>;

fn member(info: &mut Members, key: u8) -> &mut Value {
    let key = Value::from(key);
    if !info.iter().any(|(known, _)| *known == key) {
        info.push((key.clone(), Value::Null));
    }
    &mut info.iter_mut().find(|(known, _)| *known == key).unwrap().1
}

fn as_it_is(_: &mut Members) {}

fn protocol_one(info: &mut Members) {
    *member(info, 0x06) = Value::Array(vec![Value::from(1)]);
}

/// As CTAP 2.0: no permissions, no protocol list.
fn old(info: &mut Members) {
    info.retain(|(key, _)| *key != Value::from(0x06));
    let Value::Map(options) = member(info, 0x04) else {
        panic!()
    };
    options.retain(|(name, _)| name.as_text() != Some("pinUvAuthToken"));
}

fn two_ids_at_once(info: &mut Members) {
    *member(info, 0x07) = Value::from(2);
}

fn small_messages(info: &mut Members) {
    *member(info, 0x05) = Value::from(1024);
}

#[track_caller]
fn enrols(change: fn(&mut Members)) {
    let firmware = Firmware::new();
    let mut key = firmware.doctored_key(change);
    assert_eq!(key.capabilities().unwrap().client_pin, Some(false));
    key.reset().unwrap();
    key.set_pin(&pin("135790")).unwrap();
    assert!(key.capabilities().unwrap().has_pin());
    assert_eq!(key.pin_retries().unwrap(), 8);
    assert_eq!(key.try_pin(&pin("135790")).unwrap(), PinVerdict::Right);
    assert_eq!(
        key.try_pin(&pin("135791")).unwrap(),
        PinVerdict::Wrong {
            retries_left: Some(7)
        }
    );

    let client_data_json = client_data();
    let options = options();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let made = key.make_credential(&request, &pin("135790")).unwrap();
    assert_eq!(key.pin_retries().unwrap(), 8);
    assert_eq!(
        (made.format.as_str(), made.algorithm, made.hmac_secret),
        ("packed", -7, true)
    );
    assert_eq!(
        made.credential_protection,
        Some(CredentialProtection::UserVerificationOptional)
    );
    assert_eq!(made.aaguid, key.capabilities().unwrap().aaguid);
    assert_eq!(Verifier.judge(&made), AttestationVerdict::Agrees);
    // The object begins {"fmt": "packed", "attStmt": ...: shorter names first.
    assert_eq!(
        made.attestation_object[..20],
        *b"\xa3\x63fmt\x66packed\x67attStmt"
    );

    assert_eq!(
        key.assert_silently(&options.rp_id, &[]).unwrap(),
        Some(made.credential_id.clone())
    );
    let stranger = CredentialId(vec![9; 64]);
    let both = [stranger.clone(), made.credential_id.clone()];
    assert_eq!(
        key.assert_silently(&options.rp_id, &both).unwrap(),
        Some(made.credential_id.clone())
    );
    assert_eq!(
        key.assert_silently(&options.rp_id, &[stranger]).unwrap(),
        None
    );
    assert_eq!(
        key.assert_silently(&RpId("contoso.com".to_owned()), &[])
            .unwrap(),
        None
    );
}

#[test]
fn a_key_is_enrolled_with_protocol_two() {
    enrols(as_it_is);
}

#[test]
fn a_key_is_enrolled_with_protocol_one() {
    enrols(protocol_one);
}

#[test]
fn a_key_is_enrolled_with_a_token_of_ctap_2_0() {
    enrols(old);
}

/// A firmware with a PIN, at its key.
fn with_pin(change: fn(&mut Members)) -> (Firmware, crate::adapter::ctap::Key) {
    let firmware = Firmware::new();
    let mut key = firmware.doctored_key(change);
    key.set_pin(&pin("135790")).unwrap();
    (firmware, key)
}

#[test]
fn a_key_is_configured_once_and_then_knows_its_forced_change() {
    let (_firmware, mut key) = with_pin(as_it_is);
    let wanted = Configuration {
        always_uv: true,
        min_pin_length: Some(6),
        force_pin_change: true,
    };
    key.configure(&pin("135790"), wanted).unwrap();
    let info = key.capabilities().unwrap();
    assert_eq!(
        (info.always_uv, info.min_pin_length, info.force_pin_change),
        (Some(true), 6, true)
    );
    // A second time there is nothing to do, and no toggle is undone.
    key.configure(&pin("135790"), wanted).unwrap();
    assert_eq!(key.capabilities().unwrap().always_uv, Some(true));
    // This core says PIN_INVALID to the right PIN now; only the counter tells.
    assert_eq!(
        key.try_pin(&pin("000000")).unwrap(),
        PinVerdict::Wrong {
            retries_left: Some(7)
        }
    );
    assert_eq!(key.try_pin(&pin("135790")).unwrap(), PinVerdict::Right);
    let client_data_json = client_data();
    let options = options();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    assert_eq!(
        key.make_credential(&request, &pin("135790")),
        Err(Fault::PinChangeForced)
    );
    let wrong = key.make_credential(&request, &pin("000000"));
    assert_eq!(
        wrong,
        Err(Fault::PinWrong {
            retries_left: Some(7)
        })
    );
    key.change_pin(&pin("135790"), &pin("246802")).unwrap();
    assert!(!key.capabilities().unwrap().force_pin_change);
    key.make_credential(&request, &pin("246802")).unwrap();
    // Still uses alwaysUv: even so, a silent assertion needs no PIN here.
    assert!(key.assert_silently(&options.rp_id, &[]).unwrap().is_some());
}

#[test]
fn a_pin_that_is_too_short_for_the_key_is_named() {
    let (_firmware, mut key) = with_pin(as_it_is);
    let wanted = Configuration {
        min_pin_length: Some(6),
        ..Configuration::default()
    };
    key.configure(&pin("135790"), wanted).unwrap();
    let changed = key.change_pin(&pin("135790"), &pin("1357"));
    assert_eq!(
        changed,
        Err(Fault::PinTooShort {
            needed: 6,
            drawn: 4
        })
    );
    assert_eq!(
        key.change_pin(&pin("135791"), &pin("246802")),
        Err(Fault::PinWrong {
            retries_left: Some(7)
        })
    );
}

#[test]
fn three_wrong_pins_block_until_the_key_is_taken_out() {
    let (_firmware, mut key) = with_pin(as_it_is);
    assert_eq!(
        key.try_pin(&pin("000000")),
        Ok(PinVerdict::Wrong {
            retries_left: Some(7)
        })
    );
    assert_eq!(
        key.try_pin(&pin("000000")),
        Ok(PinVerdict::Wrong {
            retries_left: Some(6)
        })
    );
    assert_eq!(key.try_pin(&pin("000000")), Err(Fault::PinAuthBlocked));
    assert_eq!(key.try_pin(&pin("135790")), Err(Fault::PinAuthBlocked));
    assert_eq!(key.pin_retries(), Ok(5));
}

#[test]
fn a_reset_has_its_window_and_its_touch() {
    let firmware = Firmware::new();
    let mut key = firmware.key();
    firmware.touch(Touch::Declined);
    assert_eq!(key.reset(), Err(Fault::TouchDeclined));
    firmware.touch(Touch::Missing);
    assert_eq!(key.reset(), Err(Fault::TouchMissing));
    assert_eq!(key.select(), Err(Fault::TouchMissing));
    firmware.touch(Touch::Given);
    key.select().unwrap();
    firmware.later(11_000);
    assert_eq!(key.reset(), Err(Fault::ResetTooLate));
}

#[track_caller]
fn excludes(change: fn(&mut Members), strangers: u8) {
    let (_firmware, mut key) = with_pin(change);
    let client_data_json = client_data();
    let mut options = options();
    // Shown only to a verified user, so that a check without a token would miss it.
    options.credential_protection = Some(CredentialProtection::UserVerificationRequired);
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let made = key.make_credential(&request, &pin("135790")).unwrap();
    assert_eq!(key.assert_silently(&options.rp_id, &[]).unwrap(), None);

    let mut again = options.clone();
    again.user_handle.0 = vec![8; 48];
    again.exclude = (0..strangers).map(|n| CredentialId(vec![n; 64])).collect();
    let request = MakeCredential {
        options: &again,
        client_data_json: &client_data_json,
    };
    key.make_credential(&request, &pin("135790")).unwrap();
    again.exclude.push(made.credential_id);
    let request = MakeCredential {
        options: &again,
        client_data_json: &client_data_json,
    };
    assert_eq!(
        key.make_credential(&request, &pin("135790")),
        Err(Fault::CredentialExcluded)
    );
}

#[test]
fn a_known_credential_excludes_another_whatever_the_length_of_the_list() {
    excludes(as_it_is, 1);
    excludes(two_ids_at_once, 6);
    excludes(small_messages, 40);
}

#[test]
fn credentials_are_counted_listed_and_deleted() {
    let (_firmware, mut key) = with_pin(as_it_is);
    assert_eq!(key.held_credentials(&pin("135790")).unwrap(), []);
    let client_data_json = client_data();
    let mut made = Vec::new();
    for (rp, user) in [
        ("login.microsoft.com", 1),
        ("login.microsoft.com", 2),
        ("contoso.com", 3),
    ] {
        let mut options = options();
        options.rp_id = RpId(rp.to_owned());
        options.user_handle.0 = vec![user; 16];
        let request = MakeCredential {
            options: &options,
            client_data_json: &client_data_json,
        };
        let id = key
            .make_credential(&request, &pin("135790"))
            .unwrap()
            .credential_id;
        made.push(HeldCredential {
            rp_id: options.rp_id,
            user_handle: options.user_handle,
            id,
        });
    }
    let room = key.credential_room(&pin("135790")).unwrap();
    assert_eq!((room.existing, room.remaining), (3, 147));
    let sorted = |mut list: Vec<HeldCredential>| {
        list.sort_by(|a, b| a.id.cmp(&b.id));
        list
    };
    assert_eq!(
        sorted(key.held_credentials(&pin("135790")).unwrap()),
        sorted(made.clone())
    );
    let gone = made.remove(1);
    key.delete_held(&pin("135790"), &gone.id).unwrap();
    key.delete_held(&pin("135790"), &gone.id).unwrap();
    assert_eq!(
        sorted(key.held_credentials(&pin("135790")).unwrap()),
        sorted(made)
    );
}

#[test]
fn what_the_key_cannot_do_is_said_before_anybody_touches_it() {
    let (_firmware, mut key) = with_pin(|info| {
        *member(info, 0x02) = Value::Array(vec![]);
        *member(info, 0x04) = Value::Map(vec![
            (Value::from("rk"), true.into()),
            (Value::from("clientPin"), true.into()),
        ]);
    });
    let client_data_json = client_data();
    let mut options = options();
    options.credential_protection = Some(CredentialProtection::UserVerificationRequired);
    options.enforce_credential_protection = true;
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    assert!(matches!(
        key.make_credential(&request, &pin("135790")),
        Err(Fault::Unsupported { .. })
    ));
    for wanted in [
        Configuration {
            always_uv: true,
            ..Configuration::default()
        },
        Configuration {
            force_pin_change: true,
            ..Configuration::default()
        },
    ] {
        assert!(matches!(
            key.configure(&pin("135790"), wanted),
            Err(Fault::Unsupported { .. })
        ));
    }
    // What is not enforced is left out, and the answer says so.
    options.enforce_credential_protection = false;
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let made = key.make_credential(&request, &pin("135790")).unwrap();
    assert_eq!(
        (made.credential_protection, made.hmac_secret),
        (None, false)
    );
}

#[test]
fn the_attestation_object_survives_a_round_trip() {
    let (_firmware, mut key) = with_pin(as_it_is);
    let client_data_json = client_data();
    let options = options();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let made = key.make_credential(&request, &pin("135790")).unwrap();
    let read = cbor::decode(&made.attestation_object).unwrap();
    assert_eq!(cbor::encode(&read).unwrap(), made.attestation_object);
}
