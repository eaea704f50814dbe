//! What has to exist in the tenant, in words: in the order in which it is made, with the names under which Microsoft's pages show it.

use crate::app::preflight::{Need, PERMISSIONS, Permission};
use crate::domain::sign_in::SignInMethod;
use crate::domain::tenant_setup::{APP_NAME, app_role_id};
use crate::face::say::clean::clean;
use crate::face::say::preflight::purpose;

/// Above the steps.
pub const INTRODUCTION: &str = "What has to exist in the tenant before this station can enroll keys, in this order. The pages are those of the\n\
     Microsoft Entra admin center, https://entra.microsoft.com; its search finds them by these names. Nothing was changed.";
/// Below them.
pub const AFTERWARDS: &str = "docs/entra.md says more of each step (/usr/share/doc/keyline/entra.md where keyline came as a package).";

/// What the configuration says already.
#[derive(Clone, Debug)]
pub struct Known {
    /// Empty: not configured yet.
    pub tenant: String,
    pub client_id: String,
    pub method: SignInMethod,
    /// Where an administrator consents, once tenant and application are configured.
    pub consent: Option<String>,
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub title: &'static str,
    /// A label, or none for more lines below the last one, and what it says.
    pub lines: Vec<(&'static str, String)>,
}

/// All of them.
pub fn steps(known: &Known) -> Vec<Step> {
    vec![
        registration(known),
        permissions(known),
        consent(known),
        sign_in(known),
        policy(),
        proof(),
    ]
}

fn step(title: &'static str, lines: &[(&'static str, &str)]) -> Step {
    let lines = lines
        .iter()
        .map(|(label, text)| (*label, (*text).to_owned()));
    Step {
        title,
        lines: lines.collect(),
    }
}

fn registration(known: &Known) -> Step {
    let mut step = step(
        "An app registration",
        &[
            ("page", "App registrations, New registration"),
            ("name", APP_NAME),
            (
                "accounts",
                "Accounts in this organizational directory only (single tenant)",
            ),
            ("role", "Application Developer or higher"),
            (
                "then",
                "From its Overview page into [entra] of the configuration:",
            ),
        ],
    );
    let value = |is: &str, otherwise: &str| {
        if is.is_empty() {
            format!("\"\", which is to become the {otherwise}")
        } else {
            format!("\"{}\"", clean(is))
        }
    };
    let tenant = value(&known.tenant, "Directory (tenant) ID");
    let client_id = value(&known.client_id, "Application (client) ID");
    step.lines.push(("", format!("tenant = {tenant}")));
    step.lines.push(("", format!("client_id = {client_id}")));
    step
}

fn permissions(known: &Known) -> Step {
    let kind = if known.method == SignInMethod::Delegated {
        "Delegated permissions"
    } else {
        "Application permissions"
    };
    let mut step = step("Its permissions", &[]);
    step.lines.push((
        "page",
        format!("its API permissions, Add a permission, Microsoft Graph, {kind}"),
    ));
    for (need, label) in [
        (Need::Required, "needed"),
        (Need::Useful, "useful"),
        (Need::ForSome, "for some"),
    ] {
        let mut label = label;
        for permission in permissions_used().filter(|one| one.need == need) {
            step.lines.push((label, permission.name.to_owned()));
            step.lines.push(("", format!("  {}", purpose(&permission))));
            if let Some(broader) = covered_by(&permission) {
                step.lines
                    .push(("", format!("  (superfluous beside {broader})")));
            }
            label = "";
        }
    }
    step
}

/// Those that the station makes use of.
pub fn permissions_used() -> impl Iterator<Item = Permission> {
    let all = PERMISSIONS.into_iter();
    all.filter(|permission| app_role_id(permission.name).is_some())
}

/// Another one of them that gives this one as well.
pub fn covered_by(permission: &Permission) -> Option<&'static str> {
    permissions_used()
        .map(|other| other.name)
        .find(|other| permission.or.contains(other))
}

fn consent(known: &Known) -> Step {
    let mut step = step(
        "An administrator's consent",
        &[
            ("page", "its API permissions, Grant admin consent"),
            (
                "role",
                "Privileged Role Administrator or Global Administrator",
            ),
        ],
    );
    let address = known.consent.as_deref().map_or_else(
        || "shown here once tenant and client_id are configured".to_owned(),
        clean,
    );
    step.lines.push(("or open", address));
    step
}

fn sign_in(known: &Known) -> Step {
    match known.method {
        SignInMethod::Certificate => step(
            "The station's sign-in: a certificate (method = \"certificate\")",
            &[
                ("here", "keyline entra setup --certificate"),
                (
                    "page",
                    "its Certificates & secrets, Certificates, Upload certificate",
                ),
                (
                    "what",
                    "the file that ends in .cer, never the one with the private key",
                ),
            ],
        ),
        SignInMethod::ClientSecret => step(
            "The station's sign-in: a client secret (method = \"client_secret\")",
            &[
                (
                    "page",
                    "its Certificates & secrets, Client secrets, New client secret",
                ),
                (
                    "what",
                    "the Value, which is shown only once (not the Secret ID)",
                ),
                (
                    "where",
                    "in a file or a systemd credential that client_secret names; never in the configuration",
                ),
                (
                    "better",
                    "a certificate: `keyline entra setup --certificate`",
                ),
            ],
        ),
        SignInMethod::Delegated => step(
            "The station's sign-in: an administrator's (method = \"delegated\")",
            &[
                ("page", "its Authentication"),
                (
                    "browser",
                    "the redirect URI http://localhost of the kind \"Mobile and desktop applications\"",
                ),
                ("code", "\"Allow public client flows\" set to Yes"),
                (
                    "role",
                    "Authentication Administrator or Privileged Authentication Administrator",
                ),
                ("here", "keyline entra login"),
            ],
        ),
    }
}

fn policy() -> Step {
    step(
        "The passkey policy",
        &[
            ("page", "Authentication methods, Policies, Passkey (FIDO2)"),
            ("role", "Authentication Policy Administrator"),
            (
                "enable",
                "\"Enable\" on, for all users or for the groups that get keys",
            ),
            (
                "set up",
                "\"Allow self-service set up\" set to Yes: without it Graph registers no key for others.",
            ),
            ("", "It lets people register keys of their own as well."),
            (
                "models",
                "with \"Enforce key restrictions\", the AAGUIDs of your models have to be allowed",
            ),
            (
                "attested",
                "with \"Enforce attestation\", Entra takes only models of the FIDO Metadata Service",
            ),
        ],
    )
}

fn proof() -> Step {
    step(
        "The proof",
        &[
            ("here", "keyline check --online"),
            (
                "",
                "looks at sign-in, permissions, policy and bench; consent counts with the next token",
            ),
            ("then", "keyline check --online --enrol-test USER"),
            (
                "",
                "registers a passkey made in software for a test user, sees it listed and deletes it",
            ),
        ],
    )
}

/// What was made, and what is to be done with it.
pub const CERTIFICATE_NEXT: &str = "Next: upload the .cer file under App registrations, the station's application, Certificates & secrets, Certificates,\n\
     Upload certificate. Then write the lines above into the configuration and try it: keyline entra whoami\n\
     Before it ends, make another one under another name and upload that; both count until you delete the old one there.";

/// The private key is not for anybody else.
pub const KEEP_PRIVATE: &str = "It holds the private key: keep it on this station, readable for its user alone, and never upload it.";
