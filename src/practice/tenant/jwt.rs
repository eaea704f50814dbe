//! Access tokens of the practice tenant: the shape and claims that Entra's have, with a signature that only this process could
//! check. They are of no value anywhere else.

use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::time::Timestamp;

use super::encoding::base64url;

/// `tid` of the practice tenant.
pub(super) const TENANT_ID: &str = "7e4a4700-0000-4000-8000-000000000001";

/// For whom a token is.
pub(super) enum Bearer<'a> {
    /// The application itself; these are its `roles`.
    Application { roles: &'a [String] },
    /// The application in the name of a person; `scp`.
    Person {
        scopes: &'a [String],
        upn: &'a str,
        name: &'a str,
    },
}

/// A token of `client_id` for the Graph at `audience`, from `now` for `seconds`.
pub(super) fn mint(
    key: &hmac::Key,
    audience: &str,
    client_id: &str,
    bearer: &Bearer<'_>,
    (now, seconds): (Timestamp, i64),
) -> String {
    let begin = now.0.div_euclid(1000);
    let mut claims = json!({
        "aud": audience.trim_end_matches('/'),
        "iss": format!("https://sts.windows.net/{TENANT_ID}/"),
        "iat": begin,
        "nbf": begin,
        "exp": begin.saturating_add(seconds),
        "appid": client_id,
        "tid": TENANT_ID,
        "uti": Uuid::new_v4().to_string(),
        "ver": "1.0",
    });
    let mut put = |name: &str, value: Value| {
        if let Some(claims) = claims.as_object_mut() {
            claims.insert(name.to_owned(), value);
        }
    };
    match bearer {
        Bearer::Application { roles } => {
            put("idtyp", json!("app"));
            put("roles", json!(roles));
        }
        Bearer::Person { scopes, upn, name } => {
            put("idtyp", json!("user"));
            put("scp", json!(scopes.join(" ")));
            put("upn", json!(upn));
            put("name", json!(name));
        }
    }
    let header = json!({ "alg": "HS256", "kid": "practice", "typ": "JWT" });
    let signed = format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    );
    let signature = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", base64url(signature.as_ref()))
}
