//! authenticatorMakeCredential (CTAP 2.1 §6.1): a discoverable credential, verified by PIN; and its attestation object as
//! WebAuthn wants it. Never judges the attestation.

use ciborium::value::Value;
use sha2::{Digest, Sha256};

use crate::domain::authenticator::Capabilities;
use crate::domain::credential::{Attestation, CreationOptions, CredentialId, CredentialProtection};
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::port::MakeCredential;

use super::assertion::{chunks, descriptors};
use super::auth_data;
use super::cbor::{self, Builder, Map, garbled, required};
use super::client_pin::permission;
use super::key::{Key, TOUCH_SECONDS};
use super::pin_protocol::Token;
use super::status::{Command, unsupported};

/// Bytes of a name that every key keeps (WebAuthn Level 3 §5.4.1); longer ones make some keys refuse.
const NAME_BYTES_MAX: usize = 64;

/// Parameters of the command, §6.1.
mod parameter {
    pub(super) const CLIENT_DATA_HASH: u8 = 0x01;
    pub(super) const RP: u8 = 0x02;
    pub(super) const USER: u8 = 0x03;
    pub(super) const PUB_KEY_CRED_PARAMS: u8 = 0x04;
    pub(super) const EXCLUDE_LIST: u8 = 0x05;
    pub(super) const EXTENSIONS: u8 = 0x06;
    pub(super) const OPTIONS: u8 = 0x07;
    pub(super) const PIN_UV_AUTH_PARAM: u8 = 0x08;
    pub(super) const PIN_UV_AUTH_PROTOCOL: u8 = 0x09;
}

/// Members of the answer, §6.1.2.
mod member {
    pub(super) const FMT: u8 = 0x01;
    pub(super) const AUTH_DATA: u8 = 0x02;
    pub(super) const ATT_STMT: u8 = 0x03;
    /// An enterprise attestation was made, which we never ask for.
    pub(super) const EP_ATT: u8 = 0x04;
}

impl Key {
    pub(super) fn make(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault> {
        let info = self.info()?.capabilities;
        let options = request.options;
        can_make(&info, options)?;
        let hash: [u8; 32] = Sha256::digest(request.client_data_json).into();
        let base = cbor::encode(&parameters(&info, options, &hash, &[], None)?.into())?.len();
        // The token's two members come on top of what `base` counts: at most 32 bytes with their heads.
        let room = info.max_message_size.saturating_sub(base + TOKEN_BYTES + 1);
        let lists = chunks(&options.exclude, info.max_credentials_in_list, room)?;
        let permissions = match lists.as_slice() {
            [] | [_] => permission::MAKE_CREDENTIAL,
            _ => permission::MAKE_CREDENTIAL | permission::GET_ASSERTION,
        };
        let token = self.token(pin, permissions, Some(&options.rp_id.0))?;
        let exclude = self.exclude_list(options, &lists, &token)?;
        let parameters = parameters(&info, options, &hash, &exclude, Some(&token))?;
        // §6.4, 0x14 has changed afterwards.
        self.forget_info();
        let answer = self.command(Command::MakeCredential, parameters, TOUCH_SECONDS)?;
        attestation(&answer, request.client_data_json)
    }

    /// The ids to send. Of a list too long for one request only what the key holds is sent, so that it still refuses by
    /// itself, after its touch, as the standard has it; an id that it hides from us cannot be held by it under our PIN.
    fn exclude_list(
        &mut self,
        options: &CreationOptions,
        lists: &[&[CredentialId]],
        token: &Token,
    ) -> Result<Vec<CredentialId>, Fault> {
        if let [] | [_] = lists {
            return Ok(options.exclude.clone());
        }
        let held = self.assert_without_touch(&options.rp_id, &options.exclude, Some(token))?;
        Ok(held.into_iter().collect())
    }
}

/// pinUvAuthParam of protocol two and pinUvAuthProtocol, with keys and heads.
const TOKEN_BYTES: usize = 3 + 32 + 2;

/// Refuses what getInfo rules out, before anybody touches the key.
fn can_make(info: &Capabilities, options: &CreationOptions) -> Result<(), Fault> {
    if !info.resident_keys {
        return Err(unsupported("discoverable credentials"));
    }
    let known = |algorithm| info.algorithms.contains(algorithm);
    if !info.algorithms.is_empty() && !options.algorithms.iter().any(known) {
        return Err(unsupported("none of the relying party's algorithms"));
    }
    let protection = options
        .credential_protection
        .filter(|level| *level > CredentialProtection::UserVerificationOptional);
    if options.enforce_credential_protection
        && protection.is_some()
        && !info.supports("credProtect")
    {
        return Err(unsupported("credProtect, which the relying party enforces"));
    }
    Ok(())
}

fn parameters(
    info: &Capabilities,
    options: &CreationOptions,
    hash: &[u8; 32],
    exclude: &[CredentialId],
    token: Option<&Token>,
) -> Result<Builder, Fault> {
    let algorithms = options
        .algorithms
        .iter()
        .map(|algorithm| {
            Builder::new()
                .with("alg", *algorithm)
                .with("type", "public-key")
                .into()
        })
        .collect();
    let mut parameters = Builder::new()
        .with(parameter::CLIENT_DATA_HASH, hash.to_vec())
        .with(
            parameter::RP,
            Builder::new()
                .with("id", options.rp_id.0.as_str())
                .with_some("name", name(&options.rp_name)),
        )
        .with(
            parameter::USER,
            Builder::new()
                .with("id", options.user_handle.0.clone())
                .with_some("name", name(&options.user_name))
                .with_some("displayName", name(&options.user_display_name)),
        )
        .with(parameter::PUB_KEY_CRED_PARAMS, Value::Array(algorithms))
        .with(parameter::OPTIONS, Builder::new().with("rk", true));
    if !exclude.is_empty() {
        parameters = parameters.with(parameter::EXCLUDE_LIST, descriptors(exclude));
    }
    let extensions = extensions(info, options);
    if !extensions.is_empty() {
        parameters = parameters.with(parameter::EXTENSIONS, extensions);
    }
    if let Some(token) = token {
        parameters = parameters
            .with(parameter::PIN_UV_AUTH_PARAM, token.authenticate(hash)?)
            .with(parameter::PIN_UV_AUTH_PROTOCOL, token.protocol().number());
    }
    Ok(parameters)
}

fn extensions(info: &Capabilities, options: &CreationOptions) -> Builder {
    let protection = options
        .credential_protection
        .filter(|_| info.supports("credProtect"));
    let hmac_secret = (options.hmac_secret && info.supports("hmac-secret")).then_some(true);
    Builder::new()
        .with_some("credProtect", protection.map(CredentialProtection::level))
        .with_some("hmac-secret", hmac_secret)
}

/// A name as keys take it: not empty, at most 64 bytes, cut between characters.
fn name(text: &str) -> Option<&str> {
    let mut end = text.len().min(NAME_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).filter(|text| !text.is_empty())
}

fn attestation(answer: &Map, client_data_json: &[u8]) -> Result<Attestation, Fault> {
    let format = required(answer.text(member::FMT, "fmt")?, "fmt")?;
    let auth_data = required(answer.bytes(member::AUTH_DATA, "authData")?, "authData")?;
    let statement = required(answer.get(member::ATT_STMT), "attStmt")?;
    if !statement.is_map() {
        return Err(garbled("attStmt is no map"));
    }
    answer.flag(member::EP_ATT, "epAtt")?;
    // The statement signs authData, not itself: writing it anew in canonical order changes no signed byte.
    let object = Builder::new()
        .with("fmt", format)
        .with("attStmt", statement.clone())
        .with("authData", auth_data.to_vec());
    let attestation_object = cbor::encode(&object.into())?;
    let data = auth_data::parse(auth_data)?;
    let credential = required(data.attested, "the attested credential data")?;
    let protection = match data.extensions.unsigned("credProtect", "credProtect")? {
        None => None,
        Some(level) => {
            let level = u8::try_from(level)
                .ok()
                .and_then(CredentialProtection::from_level);
            Some(level.ok_or_else(|| garbled("credProtect is out of range"))?)
        }
    };
    Ok(Attestation {
        algorithm: credential.algorithm()?,
        credential_id: CredentialId(credential.credential_id),
        aaguid: credential.aaguid,
        client_data_json: client_data_json.to_vec(),
        attestation_object,
        format: format.to_owned(),
        credential_protection: protection,
        hmac_secret: data
            .extensions
            .flag("hmac-secret", "hmac-secret")?
            .unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_between_characters_and_empty_ones_left_out() {
        assert_eq!(name(""), None);
        assert_eq!(name("Zoë"), Some("Zoë"));
        let long = format!("{}ëë", "a".repeat(63));
        assert_eq!(name(&long).map(str::len), Some(63));
    }
}
