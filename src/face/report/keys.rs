//! `keyline keys list`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::app::keys::{Gone, PersonsKey};
use crate::domain::credential::CredentialKind;
use crate::face::report::{Style, json, written};
use crate::face::say::{self, Complaint, clean::clean, moment};

/// Writes the passkeys of `user`.
///
/// # Errors
/// When `to` fails.
pub fn keys(
    user: &str,
    keys: &[PersonsKey],
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            let keys: Vec<Value> = keys.iter().map(of_key).collect();
            json::write(&json!({ "user": user, "keys": keys }), to)
        } else if keys.is_empty() {
            writeln!(to, "{} has no passkey at Entra.", clean(user))
        } else {
            keys.iter().try_for_each(|key| block(key, style, to))
        }
    })
}

/// When a passkey was added, for people.
pub fn added(key: &PersonsKey, style: &Style) -> Option<String> {
    let created = key.credential.created?;
    Some(moment::local(created, &style.zone))
}

fn block(key: &PersonsKey, style: &Style, to: &mut dyn Write) -> io::Result<()> {
    let dash = || "-".to_owned();
    let aaguid = key.credential.aaguid.map_or_else(dash, |id| id.to_string());
    let lines = [
        ("model", say::keys::model(key)),
        ("AAGUID", aaguid),
        ("added", added(key, style).unwrap_or_else(dash)),
        ("attested", say::keys::attested(key).to_owned()),
        ("kind", say::keys::kind(key).to_owned()),
        ("enrolled", say::keys::enrolled(key.enrolled.as_ref())),
        ("id", clean(&key.credential.method.0)),
    ];
    writeln!(to, "{}", say::keys::name(key))?;
    for (title, value) in lines {
        writeln!(to, "  {title:<10}{value}")?;
    }
    Ok(())
}

/// What came of a passkey that was to go, for scripts.
pub fn gone_key(key: &PersonsKey, gone: &Gone) -> Value {
    let (result, why) = match gone {
        Gone::Deleted => ("deleted", None),
        Gone::WasGone => ("was_gone", None),
        Gone::Failed(why) if why.leaves_doubt() => ("unknown", Some(why)),
        Gone::Failed(why) => ("failed", Some(why)),
        Gone::Untried => ("untried", None),
    };
    let mut value = of_key(key);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("result".to_owned(), result.into());
        fields.insert("why".to_owned(), why.map(json::held).into());
    }
    value
}

fn of_key(key: &PersonsKey) -> Value {
    let credential = &key.credential;
    let enrolled = key.enrolled.as_ref().map(|one| {
        json!({
            "job": one.job,
            "batch": one.batch,
            "envelope": one.envelope.to_string(),
            "serial": one.serial,
            "standing": one.standing,
            "given_up": one.given_up,
        })
    });
    json!({
        "id": credential.method,
        "name": credential.display_name,
        "model": credential.model,
        "aaguid": credential.aaguid.map(|aaguid| aaguid.to_string()),
        "added": credential.created.map(moment::utc),
        "attested": credential.attested,
        "synced": credential.synced,
        "security_key": credential.kind == CredentialKind::SecurityKey,
        "enrolled": enrolled,
    })
}
