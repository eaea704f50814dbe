//! `keyline entra whoami`: as whom the station signs in, and what its token says that it may do. Never the token.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::sign_in::{SignInMethod, TokenClaims};
use crate::domain::time::Timestamp;
use crate::face::report::{Style, json, written};
use crate::face::say::clean::clean;
use crate::face::say::entra::{NO_PERMISSIONS, OPAQUE, method};
use crate::face::say::{Complaint, moment};

/// Columns of what a line is about.
const LABEL_WIDTH: usize = 14;

/// What is known of the sign-in.
#[derive(Clone, Debug)]
pub struct Whoami {
    /// As the configuration names them.
    pub tenant: String,
    pub client_id: String,
    pub method: SignInMethod,
    /// `None`: the token is opaque.
    pub claims: Option<TokenClaims>,
    /// SHA-256 of the certificate, and the moment until which it counts.
    pub certificate: Option<(String, Timestamp)>,
    /// When the administrator signed in.
    pub since: Option<Timestamp>,
}

/// Writes it.
///
/// # Errors
/// When `to` fails.
pub fn whoami(known: &Whoami, style: &Style, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if style.json {
            json::write(&value(known), to)
        } else {
            text(known, style, to)
        }
    })
}

fn value(known: &Whoami) -> Value {
    let claims = known.claims.as_ref();
    let grants = claims.map(|claims| &claims.grants);
    json!({
        "tenant": known.tenant,
        "tenant_id": grants.and_then(|grants| grants.tenant.as_ref()),
        "client_id": known.client_id,
        "method": known.method,
        "account": grants.and_then(|grants| grants.account.as_ref()),
        "name": claims.and_then(|claims| claims.name.as_ref()),
        "signed_in": known.since.map(moment::utc),
        "certificate": known.certificate.as_ref().map(|(thumbprint, until)| json!({
            "thumbprint": thumbprint,
            "valid_until": moment::utc(*until),
        })),
        "permissions": grants.map(|grants| &grants.permissions),
        "token_expires": claims.and_then(|claims| claims.expires).map(moment::utc),
    })
}

fn text(known: &Whoami, style: &Style, to: &mut dyn Write) -> io::Result<()> {
    let mut line = |label: &str, value: &str| writeln!(to, "{label:LABEL_WIDTH$}{}", clean(value));
    let claims = known.claims.as_ref();
    let grants = claims.map(|claims| &claims.grants);
    let tenant = match grants.and_then(|grants| grants.tenant.as_ref()) {
        Some(id) if *id != known.tenant => format!("{} ({id})", known.tenant),
        Some(_) | None => known.tenant.clone(),
    };
    line("tenant", &tenant)?;
    line("application", &known.client_id)?;
    line("signs in", method(known.method))?;
    if let Some(account) = grants.and_then(|grants| grants.account.as_ref()) {
        let name = claims.and_then(|claims| claims.name.as_ref());
        let who = name.map_or_else(|| account.clone(), |name| format!("{name} ({account})"));
        line("account", &who)?;
    }
    if let Some(since) = known.since {
        line("signed in", &moment::local(since, &style.zone))?;
    }
    if let Some((thumbprint, until)) = &known.certificate {
        line("certificate", &format!("SHA-256 {thumbprint}"))?;
        line("  until", &moment::local(*until, &style.zone))?;
    }
    match grants.map(|grants| grants.permissions.as_slice()) {
        None => line("permissions", OPAQUE)?,
        Some([]) => line("permissions", NO_PERMISSIONS)?,
        Some([first, others @ ..]) => {
            line("permissions", first)?;
            for permission in others {
                line("", permission)?;
            }
        }
    }
    if let Some(expires) = claims.and_then(|claims| claims.expires) {
        line("token until", &moment::local(expires, &style.zone))?;
    }
    Ok(())
}
