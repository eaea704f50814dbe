//! What an authenticator is to us: its model, its unit, what it can do, and whether it is the one a job began with.
//!
//! Words follow CTAP 2.1 §6.4 (authenticatorGetInfo). Nothing here talks to a device.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::model;

/// The model of an authenticator, 16 bytes (WebAuthn §6.5.1). Shown in the usual 8-4-4-4-12 form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Aaguid(pub [u8; 16]);

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aaguid({self})")
    }
}

impl From<Aaguid> for String {
    fn from(aaguid: Aaguid) -> Self {
        aaguid.to_string()
    }
}

impl TryFrom<String> for Aaguid {
    type Error = NotAnAaguid;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<&str> for Aaguid {
    type Error = NotAnAaguid;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
        // A sign would pass for a digit below.
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAnAaguid(text.to_owned()));
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAnAaguid(text.to_owned()))?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAnAaguid(text.to_owned()))?;
        }
        Ok(Self(bytes))
    }
}

/// A text that is not 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an AAGUID (32 hexadecimal digits, as in 2fc0579f-8113-47ea-b116-bb5a8db9202a)"
)]
pub struct NotAnAaguid(pub String);

/// The serial number that the vendor gave to one unit, as printed on it. Digits for YubiKeys; never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(String);

impl Serial {
    /// A serial from what a key or a job file says; `None` when nothing is left after trimming.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The serial as the vendor prints it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last `count` characters: enough to tell keys apart on a desk, too little to find one by.
    pub fn ending(&self, count: usize) -> &str {
        let skip = self.0.chars().count().saturating_sub(count);
        self.0
            .char_indices()
            .nth(skip)
            .map_or("", |(at, _)| self.0.get(at..).unwrap_or(""))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a key is attached. One key may be seen on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// USB HID, CTAP 2.1 §11.2.
    Hid,
    /// A smart-card or NFC reader, CTAP 2.1 §11.3.
    Pcsc,
    /// A simulated authenticator inside this process.
    Practice,
}

/// What authenticatorGetInfo said (CTAP 2.1 §6.4), reduced to what we decide by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub versions: Vec<String>,
    pub extensions: Vec<String>,
    pub aaguid: Aaguid,
    /// `options.clientPin`: `Some(true)` when a PIN is set, `Some(false)` when none is, `None` when it has no PIN at all.
    pub client_pin: Option<bool>,
    /// `options.rk`: can hold discoverable credentials.
    pub resident_keys: bool,
    /// `options.alwaysUv`: `None` when the feature is absent.
    pub always_uv: Option<bool>,
    /// `options.setMinPINLength`.
    pub set_min_pin_length: bool,
    /// `options.authnrCfg`.
    pub authenticator_config: bool,
    /// `options.credMgmt` or its preview.
    pub credential_management: bool,
    /// `options.pinUvAuthToken`: permissions are understood.
    pub pin_uv_auth_token: bool,
    /// Bytes (§6.4, 0x05); 1024 when absent.
    pub max_message_size: usize,
    /// PIN/UV auth protocols in the key's order of preference.
    pub pin_protocols: Vec<u8>,
    /// How many ids one excludeList or allowList may hold; `None` when the key does not say.
    pub max_credentials_in_list: Option<usize>,
    /// Unicode code points (§6.4, 0x0D); 4 when absent.
    pub min_pin_length: usize,
    /// §6.4, 0x0C: the PIN must be changed before any token is given.
    pub force_pin_change: bool,
    /// §6.4, 0x14: discoverable credentials that still fit, when the key says.
    pub remaining_credentials: Option<usize>,
    pub firmware_version: Option<u64>,
    /// CTAP 2.2 §6.4, 0x18: a reset needs a touch of ten seconds.
    pub long_touch_for_reset: bool,
    /// COSE algorithms for new credentials, in the key's order; empty when the key does not say.
    pub algorithms: Vec<i64>,
}

impl Capabilities {
    /// Whether a PIN is set on the key now.
    pub fn has_pin(&self) -> bool {
        self.client_pin == Some(true)
    }

    /// Whether the key lists `extension` (WebAuthn extension identifier, such as `hmac-secret`).
    pub fn supports(&self, extension: &str) -> bool {
        self.extensions.iter().any(|known| known == extension)
    }
}

/// What stays the same in getInfo over the life of one unit: model and firmware. What it speaks does not: some firmware no
/// longer lists U2F once alwaysUv is on. Two units of one model have the same fingerprint, so it can only rule a key out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    pub aaguid: Aaguid,
    pub firmware_version: Option<u64>,
}

impl From<&Capabilities> for Fingerprint {
    fn from(info: &Capabilities) -> Self {
        Self {
            aaguid: info.aaguid,
            firmware_version: info.firmware_version,
        }
    }
}

/// The place where a key is put: a USB port or a reader. Slots are numbered from 1, in the order the operator taught us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u16);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.0)
    }
}

/// Everything we know of the key that lies in a slot, read without changing anything on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub attachment: Attachment,
    pub serial: Option<Serial>,
    pub capabilities: Capabilities,
    /// The product string of the device or the name of the reader, for people only.
    pub product: String,
}

/// The key that a job's attempt is bound to. In the journal before anything is done to the key (I6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub slot: Slot,
    pub attachment: Attachment,
    pub serial: Option<Serial>,
    /// What people call the model.
    pub model: String,
    pub fingerprint: Fingerprint,
}

impl Binding {
    /// Binds what lies in `slot`.
    pub fn new(slot: Slot, identity: &Identity) -> Self {
        Self {
            slot,
            attachment: identity.attachment,
            serial: identity.serial.clone(),
            model: model::name(
                identity.capabilities.aaguid,
                identity.attachment,
                &identity.product,
            ),
            fingerprint: Fingerprint::from(&identity.capabilities),
        }
    }

    /// Whether `identity` can be the bound key, as far as one can tell without spending a command that costs something.
    pub fn recognise(&self, identity: &Identity) -> Recognition {
        if self.fingerprint != Fingerprint::from(&identity.capabilities) {
            return Recognition::Other;
        }
        match (&self.serial, &identity.serial) {
            (Some(ours), Some(theirs)) if ours == theirs => Recognition::Same,
            (Some(_), Some(_)) => Recognition::Other,
            // Some keys give their serial on one transport only, so a missing one proves nothing.
            (None, _) | (_, None) => Recognition::Possible,
        }
    }
}

/// The answer to "is this the bound key?"
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a key that nobody recognised must not be touched"]
pub enum Recognition {
    /// The vendor serial says so.
    Same,
    /// The model fits; our PIN or our credential has to prove it.
    Possible,
    /// Another unit or another model.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "2fc0579f-8113-47ea-b116-bb5a8db9202a";

    #[test]
    fn an_aaguid_reads_and_writes_its_usual_form() {
        let aaguid = Aaguid::try_from(TEXT).unwrap();
        assert_eq!(aaguid.to_string(), TEXT);
        assert_eq!(aaguid.0[0], 0x2F);
        for same in [
            "2FC0579F811347EAB116BB5A8DB9202A",
            " 2fc0579f-8113-47ea-b116-bb5a8db9202a ",
        ] {
            assert_eq!(Aaguid::try_from(same), Ok(aaguid));
        }
        let stored = serde_json::to_string(&aaguid).unwrap();
        assert_eq!(stored, format!("\"{TEXT}\""));
        assert_eq!(serde_json::from_str::<Aaguid>(&stored).unwrap(), aaguid);
    }

    #[test]
    fn what_is_no_aaguid_is_refused_and_quoted() {
        for text in [
            "",
            "2fc0579f",
            "2fc0579f-8113-47ea-b116-bb5a8db9202",
            "2fc0579f-8113-47ea-b116-bb5a8db9202ag",
            "zzc0579f-8113-47ea-b116-bb5a8db9202a",
            "+fc0579f-8113-47ea-b116-bb5a8db9202a",
            "éééééééééééééééé",
        ] {
            let wrong = Aaguid::try_from(text).unwrap_err();
            assert_eq!(wrong, NotAnAaguid(text.to_owned()));
        }
    }

    #[test]
    fn a_serial_is_trimmed_and_never_empty() {
        assert_eq!(Serial::new(" 32070001 ").unwrap().as_str(), "32070001");
        assert_eq!(Serial::new("  "), None);
    }

    #[test]
    fn the_ending_of_a_serial_is_cut_between_characters() {
        let serial = |text| Serial::new(text).unwrap();
        assert_eq!(serial("32070001").ending(4), "0001");
        assert_eq!(serial("123").ending(4), "123");
        assert_eq!(serial("1234").ending(4), "1234");
        assert_eq!(serial("Nº1é").ending(2), "1é");
        assert_eq!(serial("1234").ending(0), "");
    }

    fn identity(serial: &str) -> Identity {
        Identity {
            attachment: Attachment::Hid,
            serial: Serial::new(serial),
            capabilities: Capabilities {
                versions: vec!["FIDO_2_1".to_owned()],
                extensions: vec!["hmac-secret".to_owned()],
                aaguid: Aaguid([1; 16]),
                client_pin: Some(false),
                resident_keys: true,
                always_uv: None,
                set_min_pin_length: false,
                authenticator_config: false,
                credential_management: false,
                pin_uv_auth_token: false,
                max_message_size: 1024,
                pin_protocols: vec![1],
                max_credentials_in_list: None,
                min_pin_length: 4,
                force_pin_change: false,
                remaining_credentials: None,
                firmware_version: Some(5),
                long_touch_for_reset: false,
                algorithms: Vec::new(),
            },
            product: "Practice Key".to_owned(),
        }
    }

    #[test]
    fn a_bound_key_is_known_by_its_serial_alone() {
        let bound = Binding::new(Slot(1), &identity("1"));
        assert_eq!(bound.recognise(&identity("1")), Recognition::Same);
        assert_eq!(bound.recognise(&identity("2")), Recognition::Other);
        assert_eq!(bound.recognise(&identity("")), Recognition::Possible);
        let nameless = Binding::new(Slot(1), &identity(""));
        assert_eq!(nameless.recognise(&identity("")), Recognition::Possible);
        assert_eq!(nameless.recognise(&identity("1")), Recognition::Possible);
    }

    #[test]
    fn another_model_or_firmware_is_another_key_whatever_its_serial() {
        let bound = Binding::new(Slot(1), &identity("1"));
        let changes: [fn(&mut Capabilities); 2] = [
            |key| key.aaguid = Aaguid([2; 16]),
            |key| key.firmware_version = Some(6),
        ];
        for change in changes {
            let mut other = identity("1");
            change(&mut other.capabilities);
            assert_eq!(bound.recognise(&other), Recognition::Other);
        }
    }

    #[test]
    fn what_we_do_to_a_key_does_not_make_it_another_one() {
        let bound = Binding::new(Slot(1), &identity("1"));
        let mut configured = identity("1");
        configured.capabilities.client_pin = Some(true);
        configured.capabilities.always_uv = Some(true);
        configured.capabilities.min_pin_length = 8;
        configured.capabilities.force_pin_change = true;
        configured.capabilities.remaining_credentials = Some(3);
        // With alwaysUv on, OpenSK no longer lists U2F.
        configured.capabilities.versions = vec!["FIDO_2_1".to_owned(), "FIDO_2_0".to_owned()];
        assert_eq!(bound.recognise(&configured), Recognition::Same);
    }
}
