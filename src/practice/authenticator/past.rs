//! Keys that somebody used before: with a PIN, with a passkey, or with both.

use std::time::{Duration, Instant};

use ciborium::Value;
use opensk::api::persist::Persist;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::key::{SimulatedKey, Touch};
use super::making::Manufacturer;
use super::transport::PracticeTransport;
use crate::domain::credential::{RpId, UserHandle};
use crate::domain::fault::{CtapStatus, Fault};
use crate::domain::pin::Pin;
use crate::port::{CancelFlag, Conduct, Transport};

/// How long the making of a passkey may take on the busiest machine; nobody has to touch anything.
const MAKING_MAX: Duration = Duration::from_secs(20);

/// What somebody did with a key before it came to the bench.
#[derive(Default)]
pub struct Past<'a> {
    pub pin: Option<&'a Pin>,
    /// A discoverable credential at this relying party for this user.
    pub passkey: Option<(&'a RpId, &'a UserHandle)>,
}

impl Manufacturer {
    /// A key that somebody used, without power.
    ///
    /// # Errors
    /// As [`Manufacturer::make`]; [`Fault::Ctap`] when the firmware refuses the passkey.
    pub fn make_used(&self, number: u32, past: &Past<'_>) -> Result<SimulatedKey, Fault> {
        let key = self.make(number)?;
        if let Some((rp, user)) = past.passkey {
            key.set_touch(Touch::After(Duration::ZERO));
            key.plug()?;
            make_passkey(&key, rp, user)?;
            key.unplug();
        }
        let mut memory = key.photograph();
        if let Some(pin) = past.pin {
            let (hash, length) = pin_properties(pin)?;
            memory
                .set_pin(&hash, length)
                .map_err(|status| Fault::Internal {
                    what: format!("a simulated key takes no PIN: {status:?}"),
                })?;
        }
        Ok(self.rebuild(number, memory))
    }
}

/// The first 16 bytes of SHA-256 over the PIN, and its length in code points, as the firmware keeps them
/// (CTAP 2.1 §6.5.5.5).
fn pin_properties(pin: &Pin) -> Result<([u8; 16], u8), Fault> {
    let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(pin.reveal().as_bytes())));
    let hash = digest.first_chunk().copied().unwrap_or_default();
    let length = u8::try_from(pin.code_points()).map_err(|_| Fault::PinRefused)?;
    Ok((hash, length))
}

/// authenticatorMakeCredential (CTAP 2.1 §6.1) for a discoverable credential, on a key without a PIN.
fn make_passkey(key: &SimulatedKey, rp: &RpId, user: &UserHandle) -> Result<(), Fault> {
    let text = |text: &str| Value::Text(text.to_owned());
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let numbered = |number: i64, value| (Value::Integer(number.into()), value);
    let es256 = Value::Map(vec![
        (text("alg"), Value::Integer((-7).into())),
        (text("type"), text("public-key")),
    ]);
    let user = Value::Map(vec![
        (text("id"), bytes(&user.0)),
        (text("name"), text("a former holder")),
    ]);
    let mut request = vec![0x01];
    let map = Value::Map(vec![
        numbered(1, bytes(&[0; 32])),
        numbered(2, Value::Map(vec![(text("id"), text(&rp.0))])),
        numbered(3, user),
        numbered(4, Value::Array(vec![es256])),
        numbered(7, Value::Map(vec![(text("rk"), Value::Bool(true))])),
    ]);
    ciborium::into_writer(&map, &mut request).map_err(|error| Fault::Internal {
        what: format!("the request for a practice passkey: {error}"),
    })?;
    let answer = PracticeTransport::open(key)?.exchange(
        &request,
        &mut Conduct {
            deadline: Instant::now() + MAKING_MAX,
            cancel: &CancelFlag::default(),
            on_keepalive: &mut |_| {},
        },
    )?;
    match answer.first() {
        Some(0) => Ok(()),
        Some(status) => Err(Fault::Ctap {
            command: "authenticatorMakeCredential".to_owned(),
            status: CtapStatus(*status),
        }),
        None => Err(Fault::KeyGarbled {
            what: "an empty answer".to_owned(),
        }),
    }
}
