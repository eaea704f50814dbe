//! `keyline entra setup`: what has to exist in the tenant, and the certificate that was made, for people and for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::sign_in::SignInMethod;
use crate::domain::tenant_setup::{APP_NAME, APP_ROLES, GRAPH_APP_ID, POLICY_PATH};
use crate::domain::time::Timestamp;
use crate::face::report::{Style, json, written};
use crate::face::say::clean::clean;
use crate::face::say::setup::{
    AFTERWARDS, CERTIFICATE_NEXT, INTRODUCTION, KEEP_PRIVATE, Known, purpose, steps,
};
use crate::face::say::{Complaint, moment};

/// Columns of a label.
const LABEL_WIDTH: usize = 10;

/// A certificate that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// As the configuration may name it.
    pub private: String,
    pub public: String,
    /// SHA-256, upper-case hexadecimal.
    pub thumbprint: String,
    pub subject: String,
    pub until: Timestamp,
}

/// Writes what has to exist.
///
/// # Errors
/// When `to` fails.
pub fn needed(known: &Known, style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            return json::write(&value(known), to);
        }
        writeln!(to, "{INTRODUCTION}")?;
        for (number, step) in (1..).zip(steps(known)) {
            writeln!(to, "\n{number}. {}", step.title)?;
            for (label, text) in step.lines {
                writeln!(to, "   {label:LABEL_WIDTH$}{text}")?;
            }
        }
        writeln!(to, "\n{AFTERWARDS}")
    })
}

fn value(known: &Known) -> Value {
    let delegated = known.method == SignInMethod::Delegated;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let permissions: Vec<Value> = APP_ROLES
        .iter()
        .map(|role| {
            json!({
                "name": role.name,
                // Of the application permission; the delegated one of the same name has another, which the portal finds.
                "app_role_id": (!delegated).then_some(role.id),
                "need": role.need.as_str(),
                "purpose": purpose(role),
            })
        })
        .collect();
    json!({
        "tenant": some(&known.tenant),
        "client_id": some(&known.client_id),
        "method": known.method,
        "app_registration": { "name": APP_NAME, "sign_in_audience": "AzureADMyOrg" },
        "permissions_of": { "name": "Microsoft Graph", "app_id": GRAPH_APP_ID },
        "permission_kind": if delegated { "delegated" } else { "application" },
        "permissions": permissions,
        // What Graph and the portal's Manifest page call it.
        "required_resource_access": (!delegated).then(|| {
            let roles = APP_ROLES.iter().map(|role| json!({ "id": role.id, "type": "Role" }));
            json!([{ "resourceAppId": GRAPH_APP_ID, "resourceAccess": roles.collect::<Vec<_>>() }])
        }),
        "admin_consent_url": known.consent,
        "passkey_policy": {
            "path": POLICY_PATH,
            "needed": { "state": "enabled", "isSelfServiceRegistrationAllowed": true },
        },
    })
}

/// Writes what was made.
///
/// # Errors
/// When `to` fails.
pub fn certificate(made: &Made, style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            return json::write(&made_value(made), to);
        }
        text(made, style, to)
    })
}

fn made_value(made: &Made) -> Value {
    json!({
        "private": made.private,
        "upload": made.public,
        "subject": made.subject,
        "thumbprint": made.thumbprint,
        "valid_until": moment::utc(made.until),
        "settings": { "method": "certificate", "certificate": { "file": made.private } },
    })
}

fn text(made: &Made, style: &Style, to: &mut dyn Write) -> io::Result<()> {
    // As TOML writes a text.
    let file = toml::Value::String(made.private.clone());
    let until = moment::local(made.until, &style.zone);
    writeln!(to, "A certificate was made, {}.\n", clean(&made.subject))?;
    for (label, text) in [
        ("secret", clean(&made.private)),
        ("", KEEP_PRIVATE.to_owned()),
        ("upload", clean(&made.public)),
        ("SHA-256", made.thumbprint.clone()),
        ("until", until),
    ] {
        writeln!(to, "   {label:LABEL_WIDTH$}{text}")?;
    }
    writeln!(
        to,
        "\n[entra]\nmethod = \"certificate\"\ncertificate = {{ file = {file} }}\n\n{CERTIFICATE_NEXT}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(method: SignInMethod) -> Known {
        Known {
            tenant: String::new(),
            client_id: String::new(),
            method,
            consent: None,
        }
    }

    fn shown(known: &Known, json: bool) -> String {
        let style = Style {
            json,
            zone: jiff::tz::TimeZone::UTC,
        };
        let mut text = Vec::new();
        needed(known, &style, &mut text).expect("a vector takes everything");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn every_permission_is_named_with_what_it_is_for_whoever_signs_in() {
        for (method, kind) in [
            (SignInMethod::ClientSecret, "Application permissions"),
            (SignInMethod::Certificate, "Application permissions"),
            (SignInMethod::Delegated, "Delegated permissions"),
        ] {
            let text = shown(&known(method), false);
            assert!(text.contains(kind), "{text}");
            for role in APP_ROLES {
                assert!(text.contains(role.name), "{text}");
                assert_ne!(purpose(&role), "another function", "{}", role.name);
            }
            assert!(text.contains("shown here once"), "{text}");
        }
    }

    #[test]
    fn each_way_to_sign_in_has_its_own_page() {
        let text = |method| shown(&known(method), false);
        assert!(text(SignInMethod::Certificate).contains("Upload certificate"));
        assert!(text(SignInMethod::ClientSecret).contains("New client secret"));
        let delegated = text(SignInMethod::Delegated);
        assert!(
            delegated.contains("http://localhost") && delegated.contains("keyline entra login")
        );
        assert!(!delegated.contains("New client secret"), "{delegated}");
    }

    #[test]
    fn a_delegated_permission_has_another_id_than_the_applications() {
        let read =
            |method| -> Value { serde_json::from_str(&shown(&known(method), true)).expect("JSON") };
        let id = |value: &Value| value.pointer("/permissions/0/app_role_id").cloned();
        let first = APP_ROLES.first().expect("a permission").id;
        assert_eq!(id(&read(SignInMethod::Certificate)), Some(json!(first)));
        assert_eq!(id(&read(SignInMethod::Delegated)), Some(Value::Null));
        let access = read(SignInMethod::Certificate);
        let access = access.pointer("/required_resource_access/0/resourceAccess");
        assert_eq!(
            access.and_then(Value::as_array).map(Vec::len),
            Some(APP_ROLES.len())
        );
        assert_eq!(
            read(SignInMethod::Certificate).get("tenant"),
            Some(&Value::Null)
        );
    }
}
