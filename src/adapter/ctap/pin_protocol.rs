//! PIN/UV auth protocols one and two (CTAP 2.1 §6.5.6, §6.5.7): key agreement, encryption, authentication.
//!
//! Everything secret in here is wiped when dropped. Nothing in here talks to a key.

use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use ciborium::value::Value;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::fault::Fault;

use super::cbor::{Builder, Map, garbled, required};

/// Bytes of an AES block and of an initialisation vector.
const BLOCK_BYTES: usize = 16;
/// Bytes of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;
/// Tries to draw a scalar below the order of P-256; one suffices but for odds of 2^-32.
const DRAWS_MAX: usize = 8;

/// A PIN/UV auth protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    One,
    Two,
}

impl Protocol {
    /// The first protocol in the key's order of preference that we know. A key that lists none speaks protocol one
    /// (CTAP 2.0 §5.4).
    pub fn choose(listed: &[u8]) -> Option<Self> {
        if listed.is_empty() {
            return Some(Self::One);
        }
        listed.iter().find_map(|number| match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        })
    }

    /// The wire value.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// What both sides derived from the key agreement.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SharedSecret {
    #[zeroize(skip)]
    protocol: Protocol,
    authentication: [u8; 32],
    encryption: [u8; 32],
}

/// A pinUvAuthToken, decrypted.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Token {
    #[zeroize(skip)]
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Token {
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// pinUvAuthParam over `message`.
    pub fn authenticate(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        authenticate(self.protocol, &self.bytes, message)
    }
}

/// Our half of a key agreement: the COSE key to send, and the secret shared with `theirs` (§6.5.6, encapsulate).
///
/// # Errors
/// [`Fault::KeyGarbled`] when the key's half is no point on P-256; [`Fault::Internal`] when the system has no randomness.
pub fn encapsulate(protocol: Protocol, theirs: &Map) -> Result<(Value, SharedSecret), Fault> {
    agree(protocol, &draw_scalar()?, theirs)
}

/// As [`encapsulate`], with a scalar handed in.
pub fn agree(
    protocol: Protocol,
    ours: &SecretKey,
    theirs: &Map,
) -> Result<(Value, SharedSecret), Fault> {
    let theirs = public_key(theirs)?;
    let z = ours.diffie_hellman(&theirs);
    let secret = SharedSecret::derive(protocol, z.raw_secret_bytes())?;
    Ok((cose_key(&ours.public_key())?, secret))
}

impl SharedSecret {
    /// The kdf of each protocol.
    fn derive(protocol: Protocol, z: &[u8]) -> Result<Self, Fault> {
        let mut secret = Self {
            protocol,
            authentication: [0; 32],
            encryption: [0; 32],
        };
        match protocol {
            Protocol::One => {
                // One hash is both keys.
                let mut hash: [u8; 32] = Sha256::digest(z).into();
                secret.authentication.copy_from_slice(&hash);
                secret.encryption.copy_from_slice(&hash);
                hash.zeroize();
            }
            Protocol::Two => {
                let kdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z);
                let too_long = |_| internal("HKDF");
                kdf.expand(b"CTAP2 HMAC key", &mut secret.authentication)
                    .map_err(too_long)?;
                kdf.expand(b"CTAP2 AES key", &mut secret.encryption)
                    .map_err(too_long)?;
            }
        }
        Ok(secret)
    }

    /// Encrypts whole blocks.
    pub fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut iv = [0; BLOCK_BYTES];
        if self.protocol == Protocol::Two {
            fill(&mut iv)?;
        }
        self.encrypt_with(iv, plain)
    }

    /// As [`SharedSecret::encrypt`], with the initialisation vector handed in: zero for protocol one.
    pub fn encrypt_with(&self, iv: [u8; BLOCK_BYTES], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut buffer = Zeroizing::new(plain.to_vec());
        let cipher = cbc::Encryptor::<aes::Aes256>::new(&self.encryption.into(), &iv.into());
        let encrypted = cipher
            .encrypt_padded::<NoPadding>(&mut buffer, plain.len())
            .map_err(|_| internal("AES: not whole blocks"))?;
        Ok(match self.protocol {
            Protocol::One => encrypted.to_vec(),
            Protocol::Two => [&iv, encrypted].concat(),
        })
    }

    /// Decrypts a token (§6.5.5.7.2). Protocol one gives 16 or 32 bytes, protocol two 32.
    pub fn decrypt_token(&self, encrypted: &[u8]) -> Result<Token, Fault> {
        let (iv, body) = match self.protocol {
            Protocol::One => ([0; BLOCK_BYTES], encrypted),
            Protocol::Two => {
                let (iv, body) = encrypted
                    .split_first_chunk()
                    .ok_or_else(|| garbled("the encrypted token is too short"))?;
                (*iv, body)
            }
        };
        let fits = match self.protocol {
            Protocol::One => matches!(body.len(), 16 | 32),
            Protocol::Two => body.len() == 32,
        };
        if !fits {
            return Err(garbled(format!(
                "an encrypted token of {} bytes",
                encrypted.len()
            )));
        }
        let mut token = Token {
            protocol: self.protocol,
            bytes: body.to_vec(),
        };
        let cipher = cbc::Decryptor::<aes::Aes256>::new(&self.encryption.into(), &iv.into());
        cipher
            .decrypt_padded::<NoPadding>(&mut token.bytes)
            .map_err(|_| garbled("the encrypted token"))?;
        Ok(token)
    }

    /// pinUvAuthParam over `message`.
    pub fn authenticate(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        authenticate(self.protocol, &self.authentication, message)
    }
}

fn authenticate(protocol: Protocol, key: &[u8], message: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| internal("HMAC"))?;
    mac.update(message);
    let tag = mac.finalize().into_bytes();
    let length = match protocol {
        Protocol::One => 16,
        Protocol::Two => 32,
    };
    Ok(tag.iter().copied().take(length).collect())
}

fn draw_scalar() -> Result<SecretKey, Fault> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..DRAWS_MAX {
        fill(bytes.as_mut_slice())?;
        if let Ok(scalar) = SecretKey::from_slice(bytes.as_slice()) {
            return Ok(scalar);
        }
    }
    Err(internal("the system's randomness never fits P-256"))
}

/// Fills `bytes` from the operating system.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), Fault> {
    SysRng
        .try_fill_bytes(bytes)
        .map_err(|error| internal(&format!("no randomness: {error}")))
}

/// A COSE_Key for key agreement (§6.5.6): EC2 on P-256, with the algorithm -25 although no HKDF with it is meant.
fn cose_key(public: &PublicKey) -> Result<Value, Fault> {
    let point = public.to_sec1_point(false);
    let (Some(x), Some(y)) = (point.x(), point.y()) else {
        return Err(internal("an uncompressed point without coordinates"));
    };
    Ok(Builder::new()
        .with(1, 2)
        .with(3, -25)
        .with(-1, 1)
        .with(-2, x.to_vec())
        .with(-3, y.to_vec())
        .into())
}

fn public_key(cose: &Map) -> Result<PublicKey, Fault> {
    let coordinate = |key: i8, what: &str| -> Result<[u8; COORDINATE_BYTES], Fault> {
        required(cose.bytes(key, what)?, what)?
            .try_into()
            .map_err(|_| garbled(format!("{what} is not 32 bytes long")))
    };
    let mut point = vec![0x04];
    point.extend_from_slice(&coordinate(-2, "the key agreement's x")?);
    point.extend_from_slice(&coordinate(-3, "the key agreement's y")?);
    PublicKey::from_sec1_bytes(&point)
        .map_err(|_| garbled("the key agreement is no point on P-256"))
}

fn internal(what: &str) -> Fault {
    Fault::Internal {
        what: what.to_owned(),
    }
}
