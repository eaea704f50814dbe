//! The bodies that app registrations are changed with at the practice tenant: no property that is not declared, no value of another
//! type. Changes nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::refusal::Refusal;

/// A certificate of an app registration.
pub(super) struct Key {
    pub(super) id: String,
    /// DER.
    pub(super) der: Vec<u8>,
    pub(super) name: Value,
}

/// A `keyCredential` as it is sent: one that is there, by its `keyId`, or a new one.
pub(super) fn key(there: &[Key], sent: &Value) -> Result<Key, Refusal> {
    let bytes = serde_json::to_vec(sent).unwrap_or_default();
    let names = [
        "customKeyIdentifier",
        "displayName",
        "endDateTime",
        "key",
        "keyId",
        "startDateTime",
        "type",
        "usage",
    ];
    let mut sent = members(&bytes, &names)?;
    let der = match text(&mut sent, "key")? {
        None => None,
        Some(key) => Some(STANDARD.decode(key).map_err(|_| bad("key is no base64"))?),
    };
    let mut told = |name| text(&mut sent, name).map(Option::unwrap_or_default);
    if told("type")? != "AsymmetricX509Cert" || told("usage")? != "Verify" {
        return Err(bad("type or usage of a key credential is another"));
    }
    let name = json!(text(&mut sent, "displayName")?);
    if let Some(id) = text(&mut sent, "keyId")? {
        let mut keys = there.iter();
        let old = keys
            .find(|one| one.id == id)
            .ok_or_else(|| bad("keyId is that of no key credential"))?;
        if der.is_some_and(|der| der != old.der) {
            return Err(bad("a key credential that is there cannot be changed"));
        }
        let der = old.der.clone();
        return Ok(Key { id, der, name });
    }
    let der = der.ok_or_else(|| bad("a new key credential has no key"))?;
    if X509Certificate::from_der(&der).is_err() {
        return Err(bad("key is no certificate"));
    }
    Ok(Key {
        id: Uuid::new_v4().to_string(),
        der,
        name,
    })
}

/// An entry of `requiredResourceAccess`.
pub(super) fn check_access(entry: &Value) -> Result<(), Refusal> {
    let bytes = |value: &Value| serde_json::to_vec(value).unwrap_or_default();
    let mut entry = members(&bytes(entry), &["resourceAppId", "resourceAccess"])?;
    text(&mut entry, "resourceAppId")?.ok_or_else(|| bad("resourceAppId is missing"))?;
    let mut seen = Vec::new();
    for one in list(&mut entry, "resourceAccess")?.unwrap_or_default() {
        let mut one = members(&bytes(&one), &["id", "type"])?;
        let id = text(&mut one, "id")?.filter(|id| Uuid::try_parse(id).is_ok());
        let id = id.ok_or_else(|| bad("an id in resourceAccess is no GUID"))?;
        let kind = text(&mut one, "type")?.unwrap_or_default();
        if !matches!(kind.as_str(), "Role" | "Scope") || seen.contains(&id) {
            return Err(bad(
                "a type in resourceAccess is unknown, or an id is there twice",
            ));
        }
        seen.push(id);
    }
    Ok(())
}

/// The members of a body, which has none but these and annotations.
pub(super) fn members(body: &[u8], known: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| bad("the body is no JSON"))?;
    let Value::Object(members) = body else {
        return Err(bad("the body is no object"));
    };
    let stranger = members
        .keys()
        .find(|name| !known.contains(&name.as_str()) && !name.contains("@odata"));
    match stranger {
        Some(name) => Err(bad(format!("the property {name} is not known here"))),
        None => Ok(members),
    }
}

pub(super) fn text(of: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match of.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(bad(format!("{name} is no text"))),
    }
}

pub(super) fn list(of: &mut Map<String, Value>, name: &str) -> Result<Option<Vec<Value>>, Refusal> {
    match of.remove(name) {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(bad(format!("{name} is no list"))),
    }
}

pub(super) fn bad(why: impl Into<String>) -> Refusal {
    Refusal::bad("practiceBadRequest", why)
}
