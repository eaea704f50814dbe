//! Plans for every mode, refusals before anything is done, and names that fit.

use super::*;

fn good_key() -> Capabilities {
    Capabilities {
        versions: vec!["U2F_V2".to_owned(), "FIDO_2_0".to_owned()],
        extensions: vec!["hmac-secret".to_owned()],
        aaguid: Aaguid([1; 16]),
        client_pin: Some(false),
        resident_keys: true,
        always_uv: Some(false),
        set_min_pin_length: true,
        authenticator_config: true,
        credential_management: true,
        pin_uv_auth_token: true,
        max_message_size: 1200,
        pin_protocols: vec![2, 1],
        max_credentials_in_list: Some(8),
        min_pin_length: 4,
        force_pin_change: false,
        remaining_credentials: Some(25),
        firmware_version: None,
        long_touch_for_reset: false,
        algorithms: vec![-7],
    }
}

fn keep() -> Policy {
    Policy {
        reset: ResetMode::Keep,
        delivery: Delivery::None,
        ..Policy::default()
    }
}

fn steps(policy: &Policy, key: &Capabilities, restart: Step) -> Vec<Step> {
    let drawn = (policy.reset != ResetMode::Keep).then_some(policy.pin.length);
    Plan::new(policy, key, drawn, restart)
        .expect("a plan")
        .steps
}

use Step::{Configure, Deliver, MakeCredential, Register, Reset, SetPin};

#[test]
fn a_new_key_is_reset_gets_a_pin_a_passkey_and_a_letter() {
    let plain = [Reset, SetPin, MakeCredential, Register, Deliver];
    for reset in [ResetMode::Random, ResetMode::Specified] {
        let policy = Policy {
            reset,
            ..Policy::default()
        };
        assert_eq!(steps(&policy, &good_key(), Reset), plain);
    }
    let configured = Policy {
        always_uv: true,
        ..Policy::default()
    };
    assert_eq!(
        steps(&configured, &good_key(), Reset),
        [Reset, SetPin, MakeCredential, Register, Configure, Deliver]
    );
    let unsent = Policy {
        delivery: Delivery::None,
        ..Policy::default()
    };
    assert_eq!(
        steps(&unsent, &good_key(), Reset),
        [Reset, SetPin, MakeCredential, Register]
    );
}

#[test]
fn a_kept_key_gets_a_passkey_alone() {
    let mut used = good_key();
    used.client_pin = Some(true);
    assert_eq!(steps(&keep(), &used, Reset), [MakeCredential, Register]);
}

#[test]
fn a_reissue_changes_the_pin_and_configures_and_delivers_as_the_policy_asks() {
    let steps = |policy: &Policy| Plan::reissue(policy, &good_key()).map(|plan| plan.steps);
    let plain = Policy::default();
    assert_eq!(steps(&plain), Ok(vec![Step::ChangePin, Deliver]));
    let forced = Policy {
        force_pin_change: true,
        ..Policy::default()
    };
    assert_eq!(
        steps(&forced),
        Ok(vec![Step::ChangePin, Configure, Deliver])
    );
    let no_letter = Policy {
        delivery: Delivery::None,
        ..Policy::default()
    };
    assert_eq!(steps(&no_letter), Ok(vec![Step::ChangePin]));
    // A policy that was changed since may ask for more than the key can do.
    let cannot = Capabilities {
        set_min_pin_length: false,
        ..good_key()
    };
    let refused = Plan::reissue(&forced, &cannot);
    assert!(matches!(refused, Err(Fault::Unsupported { .. })));
}

#[test]
fn a_restart_leaves_out_what_is_done() {
    let policy = Policy::default();
    let from = |restart| steps(&policy, &good_key(), restart);
    assert_eq!(from(SetPin), [SetPin, MakeCredential, Register, Deliver]);
    assert_eq!(from(MakeCredential), [MakeCredential, Register, Deliver]);
}

#[test]
fn a_blank_key_is_not_reset_where_the_policy_says_so_and_a_used_one_is() {
    let policy = Policy {
        skip_reset_when_blank: true,
        ..Policy::default()
    };
    let mut key = good_key();
    assert_eq!(steps(&policy, &key, Reset)[0], SetPin);
    key.client_pin = Some(true);
    assert_eq!(steps(&policy, &key, Reset)[0], Reset);
}

#[track_caller]
fn refused(policy: &Policy, change: impl FnOnce(&mut Capabilities)) -> Fault {
    let mut key = good_key();
    change(&mut key);
    let drawn = (policy.reset != ResetMode::Keep).then_some(policy.pin.length);
    Plan::new(policy, &key, drawn, Reset).expect_err("a refusal")
}

fn is_unsupported(fault: Fault, word: &str) -> bool {
    matches!(fault, Fault::Unsupported { what } if what.contains(word))
}

#[test]
fn what_the_key_cannot_do_is_refused_before_there_is_a_plan() {
    let policy = Policy::default();
    let listed = Policy {
        models: vec![Aaguid([9; 16])],
        ..Policy::default()
    };
    let aaguid = Aaguid([1; 16]);
    assert_eq!(refused(&listed, |_| {}), Fault::ModelNotAllowed { aaguid });
    let u2f = |key: &mut Capabilities| key.versions = vec!["U2F_V2".to_owned()];
    assert!(is_unsupported(refused(&policy, u2f), "FIDO2"));
    let no_rk = |key: &mut Capabilities| key.resident_keys = false;
    assert!(is_unsupported(refused(&policy, no_rk), "passkeys"));
    let no_pin = |key: &mut Capabilities| key.client_pin = None;
    assert!(is_unsupported(refused(&policy, no_pin), "PIN"));
    let full = |key: &mut Capabilities| key.remaining_credentials = Some(0);
    assert_eq!(refused(&keep(), full), Fault::StorageFull);
    let strict = |key: &mut Capabilities| key.min_pin_length = 9;
    let (needed, drawn) = (9, 8);
    assert_eq!(
        refused(&policy, strict),
        Fault::PinTooShort { needed, drawn }
    );
}

#[test]
fn what_the_key_cannot_be_configured_to_is_refused_too() {
    let always_uv = Policy {
        always_uv: true,
        ..Policy::default()
    };
    let fault = refused(&always_uv, |key| key.always_uv = None);
    assert!(is_unsupported(fault, "always_uv"));
    let minimum = Policy {
        min_pin_length: Some(6),
        ..Policy::default()
    };
    let fault = refused(&minimum, |key| key.set_min_pin_length = false);
    assert!(is_unsupported(fault, "min_pin_length"));
    let forced = Policy {
        force_pin_change: true,
        ..Policy::default()
    };
    let fault = refused(&forced, |key| key.set_min_pin_length = false);
    assert!(is_unsupported(fault, "force_pin_change"));
}

#[test]
fn a_full_key_that_is_reset_anyway_is_welcome() {
    let mut key = good_key();
    key.remaining_credentials = Some(0);
    assert_eq!(steps(&Policy::default(), &key, Reset)[0], Reset);
}

#[test]
fn only_what_is_missing_is_configured() {
    let wanted = Configuration {
        always_uv: true,
        min_pin_length: Some(8),
        force_pin_change: true,
    };
    let mut key = good_key();
    assert_eq!(wanted.missing(&key), wanted);
    key.always_uv = Some(true);
    key.min_pin_length = 8;
    key.force_pin_change = true;
    assert!(wanted.missing(&key).is_empty());
    key.min_pin_length = 6;
    assert_eq!(wanted.missing(&key).min_pin_length, Some(8));
}

#[test]
fn every_objection_to_a_policy_is_told_at_once() {
    assert_eq!(Policy::default().check(), Ok(()));
    let bad = Policy {
        pin: PinRule {
            length: 5,
            ..PinRule::default()
        },
        min_pin_length: Some(64),
        delivery: Delivery::Link,
        key_name: "{model} {serial}".to_owned(),
        ..Policy::default()
    };
    let unfit = bad.check().unwrap_err();
    assert_eq!(
        unfit,
        [
            PolicyUnfit::Pin(PinUnfit::LengthOutOfRange {
                length: 5,
                minimum: 6
            }),
            PolicyUnfit::MinimumOutOfRange(64),
            PolicyUnfit::LinkNotYet,
            PolicyUnfit::SerialNotFirst,
        ]
    );
}

#[test]
fn keep_allows_no_setting_that_changes_the_key() {
    let policy = Policy {
        always_uv: true,
        force_pin_change: true,
        min_pin_length: Some(6),
        ..keep()
    };
    let settings: Vec<String> = policy
        .check()
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(settings.len(), 3);
    assert!(policy.configuration().is_empty());
    assert_eq!(keep().check(), Ok(()));
}

#[test]
fn keep_promises_no_letter_and_saves_no_reset() {
    let policy = Policy {
        delivery: Delivery::Mailer,
        skip_reset_when_blank: true,
        ..keep()
    };
    assert_eq!(
        policy.check(),
        Err(vec![
            PolicyUnfit::KeepMakesNoLetter,
            PolicyUnfit::KeepSkipsNothing
        ])
    );
    assert!(!policy.makes_letter());
}

#[test]
fn every_setting_is_named_for_whoever_looks_for_a_policy() {
    let policy = Policy {
        min_pin_length: Some(8),
        confirm: Some(Confirm::Scan),
        bag: Some(Bagging::Key),
        ..Policy::default()
    };
    let value = serde_json::to_value(policy).unwrap();
    let mut written: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut named = Policy::settings();
    written.sort_unstable();
    named.sort_unstable();
    assert_eq!(written, named);
}

#[test]
fn a_minimum_above_the_drawn_length_is_a_contradiction() {
    let policy = Policy {
        min_pin_length: Some(9),
        ..Policy::default()
    };
    let (minimum, drawn) = (9, 8);
    assert_eq!(
        policy.check(),
        Err(vec![PolicyUnfit::MinimumAboveLength { minimum, drawn }])
    );
}

#[test]
fn a_name_that_cannot_be_made_is_an_objection() {
    let named = |key_name: &str| {
        let policy = Policy {
            key_name: key_name.to_owned(),
            ..Policy::default()
        };
        policy.check()
    };
    assert_eq!(named("  "), Err(vec![PolicyUnfit::NameEmpty]));
    let unknown = PolicyUnfit::UnknownPlaceholder("person".to_owned());
    assert_eq!(named("{serial} {person}"), Err(vec![unknown]));
    let unclosed = PolicyUnfit::UnknownPlaceholder("serial".to_owned());
    assert_eq!(named("{serial"), Err(vec![unclosed]));
    assert_eq!(named("Key of {role}"), Ok(()));
}

fn named(template: &str, serial: Option<&str>, model: &str) -> String {
    let parts = NameParts {
        serial,
        model,
        envelope: "0042",
        role: "backup",
    };
    key_name(template, parts)
}

#[test]
fn a_name_has_thirty_characters_at_most_and_its_serial_whole() {
    let model = "Sécurité Clé USB-C NFC Édition";
    let name = named("{serial} {model}", Some("32070001"), model);
    assert_eq!(name.chars().count(), KEY_NAME_LENGTH_MAX);
    assert!(name.starts_with("32070001 Sécurité"));
    assert_eq!(named("{serial} {role}", Some("1"), "x"), "1 backup");
}

#[test]
fn a_key_without_a_serial_is_named_by_its_envelope() {
    assert_eq!(named("{serial} {model}", None, "Key"), "0042 Key");
    assert_eq!(named("{envelope}/{role}", None, "Key"), "0042/backup");
}

#[test]
fn a_cut_name_does_not_end_in_a_blank_and_has_no_double_ones() {
    let model = "a key  of   twenty chars yes";
    let name = named("{serial}  {model}", Some("1234567"), model);
    assert_eq!(name, name.trim());
    assert!(!name.contains("  "));
}

#[test]
fn a_placeholder_in_a_model_name_is_not_filled_in() {
    assert_eq!(named("{serial} {model}", Some("1"), "{role}"), "1 {role}");
}
