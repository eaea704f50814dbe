//! authenticatorGetInfo (CTAP 2.1 §6.4) read into [`Capabilities`]. Unknown members are ignored; a known one of the wrong
//! type means that the answer cannot be trusted.

use ciborium::value::Value;

use crate::domain::authenticator::{Aaguid, Capabilities};
use crate::domain::fault::Fault;

use super::cbor::{self, Map, garbled, required};

/// Bytes that every key takes (§6.4, maxMsgSize).
const MESSAGE_BYTES_DEFAULT: usize = 1024;
/// Code points (§6.4, minPINLength).
const PIN_CODE_POINTS_DEFAULT: usize = 4;

/// Members of the answer, §6.4.
mod member {
    pub(super) const VERSIONS: u8 = 0x01;
    pub(super) const EXTENSIONS: u8 = 0x02;
    pub(super) const AAGUID: u8 = 0x03;
    pub(super) const OPTIONS: u8 = 0x04;
    pub(super) const MAX_MSG_SIZE: u8 = 0x05;
    pub(super) const PIN_UV_AUTH_PROTOCOLS: u8 = 0x06;
    pub(super) const MAX_CREDENTIAL_COUNT_IN_LIST: u8 = 0x07;
    pub(super) const ALGORITHMS: u8 = 0x0A;
    pub(super) const FORCE_PIN_CHANGE: u8 = 0x0C;
    pub(super) const MIN_PIN_LENGTH: u8 = 0x0D;
    pub(super) const FIRMWARE_VERSION: u8 = 0x0E;
    pub(super) const REMAINING_DISCOVERABLE_CREDENTIALS: u8 = 0x14;
    /// CTAP 2.2.
    pub(super) const LONG_TOUCH_FOR_RESET: u8 = 0x18;
}

/// What getInfo said, and what we need of it beyond the domain's interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub capabilities: Capabilities,
    /// `options.credMgmt`: the standard's command, else only its preview (0x41) is there.
    pub standard_credential_management: bool,
}

/// Reads the CBOR of an answer, without its status byte.
///
/// # Errors
/// [`Fault::KeyGarbled`].
pub fn parse(answer: &[u8]) -> Result<Info, Fault> {
    let info = Map::new(cbor::decode(answer)?, "getInfo")?;
    let options = info
        .map(member::OPTIONS, "getInfo options")?
        .unwrap_or_default();
    let option = |name: &str| options.flag(name, name);
    let on = |name: &str| option(name).map(|value| value == Some(true));
    let aaguid: [u8; 16] = required(info.bytes(member::AAGUID, "the AAGUID")?, "the AAGUID")?
        .try_into()
        .map_err(|_| garbled("the AAGUID is not 16 bytes long"))?;
    let pin_protocols = integers(&info, member::PIN_UV_AUTH_PROTOCOLS, "pinUvAuthProtocols")?
        .into_iter()
        // A protocol whose number does not fit is one that we do not know either.
        .filter_map(|number| u8::try_from(number).ok())
        .collect();
    let standard_credential_management = on("credMgmt")?;
    let capabilities = Capabilities {
        versions: texts(&info, member::VERSIONS, "versions")?,
        extensions: texts(&info, member::EXTENSIONS, "extensions")?,
        aaguid: Aaguid(aaguid),
        client_pin: option("clientPin")?,
        resident_keys: on("rk")?,
        always_uv: option("alwaysUv")?,
        set_min_pin_length: on("setMinPINLength")?,
        authenticator_config: on("authnrCfg")?,
        credential_management: standard_credential_management || on("credentialMgmtPreview")?,
        pin_uv_auth_token: on("pinUvAuthToken")?,
        max_message_size: size(&info, member::MAX_MSG_SIZE, "maxMsgSize")?
            .unwrap_or(MESSAGE_BYTES_DEFAULT),
        pin_protocols,
        // Zero would mean that no list can be sent at all; the standard demands one and more.
        max_credentials_in_list: size(
            &info,
            member::MAX_CREDENTIAL_COUNT_IN_LIST,
            "maxCredentialCountInList",
        )?
        .filter(|count| *count > 0),
        min_pin_length: size(&info, member::MIN_PIN_LENGTH, "minPINLength")?
            .unwrap_or(PIN_CODE_POINTS_DEFAULT),
        force_pin_change: info
            .flag(member::FORCE_PIN_CHANGE, "forcePINChange")?
            .unwrap_or(false),
        remaining_credentials: size(
            &info,
            member::REMAINING_DISCOVERABLE_CREDENTIALS,
            "remainingDiscoverableCredentials",
        )?,
        firmware_version: info.unsigned(member::FIRMWARE_VERSION, "firmwareVersion")?,
        long_touch_for_reset: info
            .flag(member::LONG_TOUCH_FOR_RESET, "longTouchForReset")?
            .unwrap_or(false),
        algorithms: algorithms(&info)?,
    };
    Ok(Info {
        capabilities,
        standard_credential_management,
    })
}

fn size(info: &Map, key: u8, what: &str) -> Result<Option<usize>, Fault> {
    // What does not fit into a usize is as good as unbounded.
    Ok(info
        .unsigned(key, what)?
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
}

fn texts(info: &Map, key: u8, what: &str) -> Result<Vec<String>, Fault> {
    info.array(key, what)?
        .unwrap_or_default()
        .iter()
        .map(|item| required(item.as_text().map(str::to_owned), what))
        .collect()
}

fn integers(info: &Map, key: u8, what: &str) -> Result<Vec<i128>, Fault> {
    info.array(key, what)?
        .unwrap_or_default()
        .iter()
        .map(|item| required(item.as_integer().map(i128::from), what))
        .collect()
}

fn algorithms(info: &Map) -> Result<Vec<i64>, Fault> {
    let mut algorithms = Vec::new();
    for entry in info
        .array(member::ALGORITHMS, "algorithms")?
        .unwrap_or_default()
    {
        let entry = Map::new(entry.clone(), "an entry of algorithms")?;
        if entry.get("type").and_then(Value::as_text) == Some("public-key") {
            algorithms.push(required(entry.signed("alg", "alg")?, "alg")?);
        }
    }
    Ok(algorithms)
}
