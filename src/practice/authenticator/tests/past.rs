//! Used keys: the PIN on them is the one that was said, and the passkey answers for its relying party alone.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::{FromSec1Point, Sec1Point, ToSec1Point};
use p256::{NistP256, PublicKey};
use sha2::{Digest, Sha256};

use super::*;
use crate::domain::credential::{RpId, UserHandle};
use crate::domain::pin::Pin;

const PIN_INVALID: u8 = 0x31;

/// One try of `pin` by getPinToken under protocol one (CTAP 2.1 §6.5.5.7.1, §6.5.6).
fn try_pin(key: &SimulatedKey, pin: &Pin) -> u8 {
    let mut transport = PracticeTransport::open(key).unwrap();
    let agreement = command(0x06, Value::Map(vec![(int(1), int(1)), (int(2), int(2))]));
    let answer = map(&ask(&mut transport, &agreement).unwrap());
    let theirs = field(&answer, &int(1)).unwrap().into_map().unwrap();
    let coordinate = |key: i64| -> [u8; 32] {
        let bytes = field(&theirs, &int(key)).unwrap().into_bytes().unwrap();
        bytes.try_into().unwrap()
    };
    let point = Sec1Point::<NistP256>::from_affine_coordinates(
        &coordinate(-2).into(),
        &coordinate(-3).into(),
        false,
    );
    let theirs = PublicKey::from_sec1_point(&point).unwrap();
    let ours = EphemeralSecret::generate();
    let shared = Sha256::digest(ours.diffie_hellman(&theirs).raw_secret_bytes());
    let ours = ours.public_key().to_sec1_point(false);

    let mut hash = Sha256::digest(pin.reveal().as_bytes())[..16].to_vec();
    cbc::Encryptor::<Aes256>::new_from_slices(&shared, &[0; 16])
        .unwrap()
        .encrypt_padded::<NoPadding>(&mut hash, 16)
        .unwrap();
    let cose = Value::Map(vec![
        (int(1), int(2)),
        (int(3), int(-25)),
        (int(-1), int(1)),
        (int(-2), Value::Bytes(ours.x().unwrap().to_vec())),
        (int(-3), Value::Bytes(ours.y().unwrap().to_vec())),
    ]);
    let token = command(
        0x06,
        Value::Map(vec![
            (int(1), int(1)),
            (int(2), int(5)),
            (int(3), cose),
            (int(6), Value::Bytes(hash)),
        ]),
    );
    ask(&mut transport, &token).unwrap()[0]
}

/// A silent getAssertion without a list.
fn discover(rp: &str) -> Vec<u8> {
    let options = Value::Map(vec![(text("up"), Value::Bool(false))]);
    command(
        0x02,
        Value::Map(vec![
            (int(1), text(rp)),
            (int(2), Value::Bytes(vec![0; 32])),
            (int(5), options),
        ]),
    )
}

#[test]
fn a_used_key_knows_its_pin_and_its_passkey() {
    let pin = Pin::new("73194628").unwrap();
    let wrong = Pin::new("73194627").unwrap();
    let (rp, user) = (RpId("login.example".into()), UserHandle(vec![5; 16]));
    let key = manufacturer()
        .make_used(
            4,
            &Past {
                pin: Some(&pin),
                passkey: Some((&rp, &user)),
            },
        )
        .unwrap();
    assert!(!key.is_plugged());
    key.plug().unwrap();
    assert_eq!(try_pin(&key, &wrong), PIN_INVALID);
    assert_eq!(try_pin(&key, &pin), 0x00);
    let mut transport = PracticeTransport::open(&key).unwrap();
    let answer = map(&ask(&mut transport, &discover("login.example")).unwrap());
    let holder = field(&answer, &int(4)).unwrap().into_map().unwrap();
    assert_eq!(field(&holder, &text("id")), Some(Value::Bytes(vec![5; 16])));
    let elsewhere = ask(&mut transport, &discover("login.other.example")).unwrap();
    assert_eq!(elsewhere, [NO_CREDENTIALS]);
}

#[test]
fn a_key_without_a_past_is_blank() {
    let key = manufacturer().make_used(4, &Past::default()).unwrap();
    key.plug().unwrap();
    let pin = Pin::new("73194628").unwrap();
    // The standard names no status for this; OpenSK takes PUAT_REQUIRED.
    assert_eq!(try_pin(&key, &pin), 0x36);
    let nothing = discover("login.example");
    assert_eq!(status(&key, &nothing), NO_CREDENTIALS);
}
