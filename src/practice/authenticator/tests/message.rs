//! Whole messages in process: reset window, touch, deadline, cancel, power and memory, attestation.

use opensk::api::persist::Persist;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;
use crate::domain::authenticator::Attachment;
use crate::port::Repowered;

#[test]
fn get_info_tells_the_model() {
    let mut transport = PracticeTransport::open(&plugged(1)).unwrap();
    let answer = ask(&mut transport, GET_INFO).unwrap();
    assert_eq!(aaguid(&answer), PRACTICE_AAGUID.0);
    assert_eq!(transport.attachment(), Attachment::Practice);
    assert!(transport.product().contains("simulated"));
    let serial = transport.serial().unwrap().unwrap();
    assert_eq!(serial.as_str(), "PRACTICE-000001");
}

#[test]
fn the_training_model_differs_and_tells_no_serial() {
    let key = manufacturer()
        .retool(Model::training())
        .unwrap()
        .make(9)
        .unwrap();
    key.plug().unwrap();
    let mut transport = PracticeTransport::open(&key).unwrap();
    let answer = ask(&mut transport, GET_INFO).unwrap();
    assert_eq!(aaguid(&answer), TRAINING_AAGUID.0);
    assert_eq!(transport.serial(), Ok(None));
    assert!(key.serial().is_some(), "it is still printed on it");
}

#[test]
fn reset_is_refused_after_the_window() {
    let key = plugged(1);
    key.shift_clock(Duration::from_secs(11));
    assert_eq!(status(&key, RESET), NOT_ALLOWED);
    key.plug().unwrap();
    assert_eq!(status(&key, GET_INFO), 0x00);
    key.shift_clock(Duration::from_secs(9));
    assert_eq!(status(&key, RESET), 0x00);
}

#[test]
fn reset_is_refused_after_another_command_until_the_power_was_gone() {
    let mut transport = PracticeTransport::open(&plugged(1)).unwrap();
    assert_eq!(ask(&mut transport, GET_PIN_RETRIES).unwrap()[0], 0x00);
    assert_eq!(ask(&mut transport, RESET).unwrap(), [NOT_ALLOWED]);
    assert_eq!(transport.repower(), Ok(Repowered::Yes));
    assert_eq!(ask(&mut transport, RESET).unwrap(), [0x00]);
}

#[test]
fn nobody_touches_until_the_deadline() {
    let key = plugged(1);
    key.set_touch(Touch::Never);
    let mut transport = PracticeTransport::open(&key).unwrap();
    let patience = Duration::from_millis(300);
    let (result, heard) = exchange(&mut transport, RESET, patience, &CancelFlag::default());
    assert_eq!(result, Err(Fault::KeyMute));
    assert!(heard.contains(&Keepalive::UserPresenceNeeded));
    // The key was told to stop, and listens again.
    assert!(!key.press());
    assert_eq!(ask(&mut transport, GET_INFO).unwrap()[0], 0x00);
}

#[test]
fn a_cancelled_wait_ends_at_once() {
    let key = plugged(1);
    key.set_touch(Touch::Never);
    let mut transport = PracticeTransport::open(&key).unwrap();
    let cancel = CancelFlag::default();
    let since = Instant::now();
    let canceller = {
        let (key, cancel) = (key.clone(), cancel.clone());
        std::thread::spawn(move || {
            assert!(key.wait_for_blink(PLENTY));
            cancel.cancel();
        })
    };
    let (result, _) = exchange(&mut transport, SELECTION, PLENTY, &cancel);
    canceller.join().unwrap();
    assert_eq!(result, Err(Fault::Cancelled));
    assert!(since.elapsed() < PLENTY);
}

#[test]
fn a_touch_counts_only_while_the_key_blinks() {
    let key = plugged(1);
    key.set_touch(Touch::ByHand);
    assert!(!key.press(), "nothing asks for a touch yet");
    let hand = {
        let key = key.clone();
        std::thread::spawn(move || key.wait_for_blink(PLENTY) && key.press())
    };
    assert_eq!(status(&key, SELECTION), 0x00);
    assert!(hand.join().unwrap());
}

#[test]
fn a_declined_touch_and_a_late_one() {
    let key = plugged(1);
    key.set_touch(Touch::Deny);
    assert_eq!(status(&key, SELECTION), 0x27);
    key.set_touch(Touch::After(Duration::from_millis(250)));
    let mut transport = PracticeTransport::open(&key).unwrap();
    let since = Instant::now();
    let (result, heard) = exchange(&mut transport, SELECTION, PLENTY, &CancelFlag::default());
    assert_eq!(result, Ok(vec![0x00]));
    assert!(since.elapsed() >= Duration::from_millis(250));
    assert!(heard.contains(&Keepalive::UserPresenceNeeded));
}

#[test]
fn a_key_pulled_in_the_middle_is_gone_for_good_from_this_transport() {
    let key = plugged(1);
    key.set_touch(Touch::Never);
    let mut transport = PracticeTransport::open(&key).unwrap();
    let thief = {
        let key = key.clone();
        std::thread::spawn(move || {
            assert!(key.wait_for_blink(PLENTY));
            key.unplug();
        })
    };
    assert_eq!(ask(&mut transport, RESET), Err(Fault::KeyGone));
    thief.join().unwrap();
    key.plug().unwrap();
    assert_eq!(ask(&mut transport, GET_INFO), Err(Fault::KeyGone));
    assert_eq!(transport.serial(), Err(Fault::KeyGone));
    assert_eq!(transport.repower(), Err(Fault::KeyGone));
    assert_eq!(status(&key, GET_INFO), 0x00);
}

#[test]
fn one_hold_at_a_time() {
    let key = plugged(1);
    let first = PracticeTransport::open(&key).unwrap();
    assert_eq!(
        PracticeTransport::open(&key).err(),
        Some(Fault::KeyHeldElsewhere)
    );
    drop(first);
    assert!(PracticeTransport::open(&key).is_ok());
    key.unplug();
    assert_eq!(PracticeTransport::open(&key).err(), Some(Fault::KeyGone));
}

#[test]
fn memory_survives_a_replug_and_is_this_keys_own() {
    let maker = manufacturer();
    let (ours, other) = (maker.make(1).unwrap(), maker.make(2).unwrap());
    ours.plug().unwrap();
    other.plug().unwrap();
    let credential = new_credential(&ours);
    assert_ne!(credential, new_credential(&other));
    ours.unplug();
    ours.plug().unwrap();
    assert_eq!(status(&ours, &get_assertion(&credential)), 0x00);
    assert_eq!(status(&other, &get_assertion(&credential)), NO_CREDENTIALS);
    assert_ne!(ours.serial(), other.serial());

    let twin = maker.rebuild(3, ours.photograph());
    twin.plug().unwrap();
    assert_eq!(status(&twin, &get_assertion(&credential)), 0x00);
}

#[test]
fn a_lost_answer_is_a_thing_done() {
    let key = plugged(1);
    let credential = new_credential(&key);
    key.plug().unwrap();
    key.arrange(Mishap::AfterCommand(0x07));
    let mut transport = PracticeTransport::open(&key).unwrap();
    assert_eq!(ask(&mut transport, RESET), Err(Fault::KeyGone));
    key.plug().unwrap();
    assert_eq!(status(&key, &get_assertion(&credential)), NO_CREDENTIALS);
}

#[test]
fn a_command_that_never_arrived_changed_nothing() {
    let key = plugged(1);
    let credential = new_credential(&key);
    key.plug().unwrap();
    key.arrange(Mishap::BeforeCommand(0x07));
    let mut transport = PracticeTransport::open(&key).unwrap();
    assert_eq!(ask(&mut transport, RESET), Err(Fault::KeyGone));
    key.plug().unwrap();
    assert_eq!(status(&key, &get_assertion(&credential)), 0x00);
}

#[test]
fn a_reset_cut_in_the_middle_is_finished_at_the_next_start() {
    let key = plugged(1);
    let credential = new_credential(&key);
    let before = key.photograph().iter().unwrap().count();
    key.plug().unwrap();
    key.arrange(Mishap::AfterWrites(1));
    let mut transport = PracticeTransport::open(&key).unwrap();
    assert_eq!(ask(&mut transport, RESET), Err(Fault::KeyGone));
    key.unplug();
    let after = key.photograph().iter().unwrap().count();
    assert_eq!(after, before + 1, "the firmware noted that a reset began");
    key.plug().unwrap();
    assert_eq!(status(&key, &get_assertion(&credential)), NO_CREDENTIALS);
}

#[test]
fn the_batch_certificate_is_what_webauthn_demands() {
    let maker = manufacturer();
    let key = maker.make(1).unwrap();
    key.plug().unwrap();
    let mut transport = PracticeTransport::open(&key).unwrap();
    let answer = map(&ask(&mut transport, &make_credential()).unwrap());
    let mut signed = field(&answer, &int(2)).unwrap().into_bytes().unwrap();
    signed.extend_from_slice(&[0xC1; 32]);
    let statement = field(&answer, &int(3)).unwrap().into_map().unwrap();
    let chain = field(&statement, &text("x5c"))
        .unwrap()
        .into_array()
        .unwrap();
    let leaf = chain[0].as_bytes().unwrap();
    assert_eq!(leaf, maker.batch_certificate());

    let (_, leaf) = X509Certificate::from_der(leaf).unwrap();
    let (_, root) = X509Certificate::from_der(maker.root()).unwrap();
    assert_eq!(leaf.version().0, 2, "version 3");
    assert!(!leaf.is_ca());
    assert!(root.is_ca());
    assert_eq!(leaf.issuer(), root.subject());
    let unit = leaf.subject().iter_organizational_unit().next().unwrap();
    assert_eq!(unit.as_str().unwrap(), "Authenticator Attestation");
    let common = leaf.subject().iter_common_name().next().unwrap();
    assert!(common.as_str().unwrap().starts_with("Keyline Practice"));
    let extension = leaf
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_id_string() == "1.3.6.1.4.1.45724.1.1.4")
        .unwrap();
    assert!(!extension.critical);
    assert_eq!(extension.value[..2], [0x04, 0x10]);
    assert_eq!(extension.value[2..], PRACTICE_AAGUID.0);

    let verify = |spki: &[u8], message: &[u8], signature: &[u8]| {
        let key = VerifyingKey::from_public_key_der(spki).unwrap();
        key.verify(message, &Signature::from_der(signature).unwrap())
    };
    let signature = field(&statement, &text("sig"))
        .unwrap()
        .into_bytes()
        .unwrap();
    verify(leaf.public_key().raw, &signed, &signature).unwrap();
    verify(
        root.public_key().raw,
        leaf.tbs_certificate.as_ref(),
        &leaf.signature_value.data,
    )
    .unwrap();
}

#[test]
fn a_model_with_self_attestation_shows_no_certificate() {
    let maker = Manufacturer::new(Model {
        attestation: AttestationKind::SelfSigned,
        ..Model::practice()
    })
    .unwrap();
    let key = maker.make(1).unwrap();
    key.plug().unwrap();
    let mut transport = PracticeTransport::open(&key).unwrap();
    let answer = map(&ask(&mut transport, &make_credential()).unwrap());
    let statement = field(&answer, &int(3)).unwrap().into_map().unwrap();
    assert_eq!(field(&answer, &int(1)), Some(text("packed")));
    assert_eq!(field(&statement, &text("x5c")), None);
}
