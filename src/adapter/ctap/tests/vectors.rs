//! Both PIN/UV auth protocols against values worked out with other software (Python's integers and hashes, OpenSSL's AES).

use p256::SecretKey;

use crate::adapter::ctap::cbor::{self, Builder, Map};
use crate::adapter::ctap::pin_protocol::{Protocol, SharedSecret, agree};
use crate::domain::fault::Fault;

const OUR_X: &str = "515c3d6eb9e396b904d3feca7f54fdcd0cc1e997bf375dca515ad0a6c3b4035f";
const OUR_Y: &str = "4536be3a50f318fbf9a5475902a221502bef0d57e08c53b2cc0a56f17d9f9354";
const THEIR_X: &str = "1f140146bfb1b251f84f4ddbe0d4cdcfd77afd984a9520e35794021f8312bb9e";
const THEIR_Y: &str = "ec995a08b1fa7704df3dcc0b50a9665263fb7711f95f9f8a449c5096e47c892b";
const IV: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn theirs(x: &str, y: &str) -> Map {
    let key = Builder::new()
        .with(1, 2)
        .with(3, -25)
        .with(-1, 1)
        .with(-2, bytes(x))
        .with(-3, bytes(y));
    Map::new(key.into(), "a key").unwrap()
}

fn secret(protocol: Protocol) -> SharedSecret {
    let ours: Vec<u8> = (1..=32).collect();
    let ours = SecretKey::from_slice(&ours).unwrap();
    let (key, secret) = agree(protocol, &ours, &theirs(THEIR_X, THEIR_Y)).unwrap();
    // {1: 2, 3: -25, -1: 1, -2: x, -3: y}
    let sent = hex(&cbor::encode(&key).unwrap());
    assert_eq!(
        sent,
        format!("a5010203381820012158 20{OUR_X}225820{OUR_Y}").replace(' ', "")
    );
    secret
}

fn padded_pin() -> Vec<u8> {
    let mut padded = b"135790".to_vec();
    padded.resize(64, 0);
    padded
}

#[test]
fn protocol_one_encrypts_and_authenticates() {
    let secret = secret(Protocol::One);
    let encrypted = secret.encrypt(&padded_pin()).unwrap();
    assert_eq!(
        hex(&encrypted),
        "9e41c5d2e0a1f38b7eb7ffad5a4099f1ccdfd89fbb030fc8b3b13552a777cb77\
         87a3da3b6e9b79cbdf58bc65017f6e529cb3c9f31030b138dbe0bca635981c79"
    );
    assert_eq!(
        hex(&secret.authenticate(&encrypted).unwrap()),
        "6639ba8e1561d0bbf1fd12f86e678e56"
    );
    let token = bytes("469eca23e67aec7eb0c07d6de291c126d8bebee97ea0ff705ed3e0a775e00249");
    let token = secret.decrypt_token(&token).unwrap();
    assert_eq!(
        hex(&token.authenticate(b"message").unwrap()),
        "69b2615da8c2d460d244229059d990f0"
    );
}

#[test]
fn protocol_two_encrypts_and_authenticates() {
    let secret = secret(Protocol::Two);
    let encrypted = secret
        .encrypt_with(bytes(IV).try_into().unwrap(), &padded_pin())
        .unwrap();
    assert_eq!(
        hex(&encrypted),
        format!(
            "{IV}db545968c24fe8fcfe7fb2c8c2f100200dc56ad5367e89c333fd13b9fe9570ad\
             12db6aea2f3471d0750d6f63a76df7b614d3638c4a4823af62921a8854658a92"
        )
    );
    assert_eq!(
        hex(&secret.authenticate(&encrypted).unwrap()),
        "30d5caed8a62b854b6bacfeddcd4cf1781118279b6167b685c72e6467d4db461"
    );
    let token = format!("{IV}5d57b867a24f41102ae0751b66fbd1fb1e4db7d8a816ca42e8e979dbeceb623e");
    let token = secret.decrypt_token(&bytes(&token)).unwrap();
    assert_eq!(
        hex(&token.authenticate(b"message").unwrap()),
        "69b2615da8c2d460d244229059d990f0b7b522e38a12f000fad733b379e43873"
    );
    // Each initialisation vector is new.
    assert_ne!(
        secret.encrypt(&padded_pin()).unwrap(),
        secret.encrypt(&padded_pin()).unwrap()
    );
}

#[test]
fn points_off_the_curve_and_odd_tokens_are_refused() {
    let ours = SecretKey::from_slice(&[1; 32]).unwrap();
    let garbled = |fault: Fault| matches!(fault, Fault::KeyGarbled { .. });
    assert!(agree(Protocol::Two, &ours, &theirs(THEIR_X, OUR_Y)).is_err_and(garbled));
    assert!(agree(Protocol::Two, &ours, &theirs("00", OUR_Y)).is_err_and(garbled));
    for length in [0, 15, 16, 31, 33, 64] {
        assert!(
            secret(Protocol::Two)
                .decrypt_token(&vec![0; length])
                .is_err_and(garbled),
            "{length}"
        );
    }
    for length in [0, 15, 17, 48] {
        assert!(
            secret(Protocol::One)
                .decrypt_token(&vec![0; length])
                .is_err_and(garbled),
            "{length}"
        );
    }
}

#[test]
fn the_keys_own_preference_decides() {
    assert_eq!(Protocol::choose(&[]), Some(Protocol::One));
    assert_eq!(Protocol::choose(&[2, 1]), Some(Protocol::Two));
    assert_eq!(Protocol::choose(&[7, 1, 2]), Some(Protocol::One));
    assert_eq!(Protocol::choose(&[7]), None);
}
