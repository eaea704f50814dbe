//! `keyline entra setup`: what has to exist in the tenant, and the certificate that was made, for people and for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::app::preflight::Need;
use crate::domain::sign_in::SignInMethod;
use crate::domain::tenant_setup::{APP_NAME, GRAPH_APP_ID, POLICY_PATH, app_role_id};
use crate::domain::time::Timestamp;
use crate::face::report::{Style, json, written};
use crate::face::say::clean::clean;
use crate::face::say::perform::{CONFIGURED, CONFIGURED_UNDONE, NEXT, NEXT_UNDONE};
use crate::face::say::preflight::purpose;
use crate::face::say::setup::{
    AFTERWARDS, CERTIFICATE_NEXT, INTRODUCTION, KEEP_PRIVATE, Known, covered_by, permissions_used,
    steps,
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
    let permissions: Vec<Value> = permissions_used()
        .map(|permission| {
            json!({
                "name": permission.name,
                // Of the application permission; the delegated one of the same name has another, which the portal finds.
                "app_role_id": app_role_id(permission.name).filter(|_| !delegated),
                "need": need(permission.need),
                "purpose": purpose(&permission),
                "covered_by": covered_by(&permission),
            })
        })
        .collect();
    let asked = permissions_used().filter(|permission| covered_by(permission).is_none());
    let roles: Vec<Value> = asked
        .filter_map(|permission| app_role_id(permission.name))
        .map(|id| json!({ "id": id, "type": "Role" }))
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
        "required_resource_access": (!delegated)
            .then(|| json!([{ "resourceAppId": GRAPH_APP_ID, "resourceAccess": roles }])),
        "admin_consent_url": known.consent,
        "passkey_policy": {
            "path": POLICY_PATH,
            "needed": { "state": "enabled", "isSelfServiceRegistrationAllowed": true },
        },
    })
}

const fn need(need: Need) -> &'static str {
    match need {
        Need::Required => "required",
        Need::Useful => "useful",
        Need::ForSome => "for_some",
    }
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

/// What the configuration has to say once the tenant is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    pub tenant: String,
    pub client_id: String,
    /// The file of the certificate, where there is one.
    pub certificate: Option<String>,
    /// It says so.
    pub is_configured: bool,
    /// Nothing is left to be done.
    pub is_whole: bool,
}

/// Writes the lines for the configuration, as TOML has them.
///
/// # Errors
/// When `to` fails.
pub fn settings(settings: &Settings, to: &mut dyn Write) -> Result<(), Complaint> {
    let toml = |text: &str| toml::Value::String(text.to_owned());
    written(to, |to| {
        if settings.is_configured {
            let words = if settings.is_whole {
                CONFIGURED
            } else {
                CONFIGURED_UNDONE
            };
            return writeln!(to, "{words}");
        }
        writeln!(to, "\n[entra]")?;
        writeln!(to, "tenant = {}", toml(&settings.tenant))?;
        writeln!(to, "client_id = {}", toml(&settings.client_id))?;
        if let Some(file) = &settings.certificate {
            writeln!(to, "method = \"certificate\"")?;
            writeln!(to, "certificate = {{ file = {} }}", toml(file))?;
        }
        let words = if settings.is_whole { NEXT } else { NEXT_UNDONE };
        writeln!(to, "\n{words}")
    })
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
            for permission in permissions_used() {
                assert!(text.contains(permission.name), "{text}");
                assert!(text.contains(purpose(&permission)), "{text}");
            }
            assert!(
                permissions_used().eq(crate::app::preflight::PERMISSIONS)
                    && !text.contains("Mail.Send")
            );
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
        let first = "0400e371-7db1-4338-a269-96069eb65227";
        assert_eq!(id(&read(SignInMethod::Certificate)), Some(json!(first)));
        assert_eq!(id(&read(SignInMethod::Delegated)), Some(Value::Null));
        // All but the one that another gives as well.
        let access = read(SignInMethod::Certificate);
        let access = access.pointer("/required_resource_access/0/resourceAccess");
        let access = access.and_then(Value::as_array).expect("a list");
        assert_eq!(access.len(), 5);
        assert!(
            !access
                .iter()
                .any(|one| { one.get("id") == Some(&json!(app_role_id("User.ReadBasic.All"))) })
        );
        assert_eq!(
            read(SignInMethod::Certificate).get("tenant"),
            Some(&Value::Null)
        );
    }
}
