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

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::domain::person::Grants;

    fn known(claims: Option<TokenClaims>) -> Whoami {
        Whoami {
            tenant: "contoso.com".to_owned(),
            client_id: "0c0ffee0-0000-4000-8000-000000000001".to_owned(),
            method: SignInMethod::Certificate,
            claims,
            certificate: Some(("AB".repeat(32), Timestamp(1_780_000_000_000))),
            since: None,
        }
    }

    fn check(known: &Whoami, expected: Expect) {
        let style = Style {
            json: false,
            zone: jiff::tz::TimeZone::UTC,
        };
        let mut text = Vec::new();
        whoami(known, &style, &mut text).expect("a vector takes everything");
        expected.assert_eq(&String::from_utf8(text).expect("text"));
    }

    #[test]
    fn a_token_that_says_nothing_and_one_without_permissions_are_told_apart() {
        check(
            &known(None),
            expect![[r#"
            tenant        contoso.com
            application   0c0ffee0-0000-4000-8000-000000000001
            signs in      as itself, with a certificate
            certificate   SHA-256 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB
              until       2026-05-28 20:26:40 +00:00
            permissions   the token does not say
        "#]],
        );
        check(
            &known(Some(TokenClaims::default())),
            expect![[r#"
            tenant        contoso.com
            application   0c0ffee0-0000-4000-8000-000000000001
            signs in      as itself, with a certificate
            certificate   SHA-256 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB
              until       2026-05-28 20:26:40 +00:00
            permissions   none: nobody has consented to any for this application
        "#]],
        );
    }

    #[test]
    fn a_person_and_several_permissions_stand_below_each_other() {
        let claims = TokenClaims {
            grants: Grants {
                permissions: vec![
                    "User.ReadBasic.All".to_owned(),
                    "Policy.Read.All".to_owned(),
                ],
                delegated: true,
                account: Some("ada\u{202e}@contoso.com".to_owned()),
                tenant: Some("7e4a4700-0000-4000-8000-000000000001".to_owned()),
                application: None,
            },
            name: Some("Ada Brook".to_owned()),
            expires: Some(Timestamp(1_780_000_000_000)),
        };
        let known = Whoami {
            method: SignInMethod::Delegated,
            certificate: None,
            since: Some(Timestamp(1_770_000_000_000)),
            ..known(Some(claims))
        };
        check(
            &known,
            expect![[r#"
            tenant        contoso.com (7e4a4700-0000-4000-8000-000000000001)
            application   0c0ffee0-0000-4000-8000-000000000001
            signs in      in the name of an administrator
            account       Ada Brook (ada�@contoso.com)
            signed in     2026-02-02 02:40:00 +00:00
            permissions   User.ReadBasic.All
                          Policy.Read.All
            token until   2026-05-28 20:26:40 +00:00
        "#]],
        );
    }
}
