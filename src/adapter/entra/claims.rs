//! What an access token says of itself. Its payload is read and never verified: the service judges its own tokens, and a token
//! that is not a JWT is opaque, which is no fault.

use serde_json::Value;

use crate::domain::person::Grants;
use crate::domain::sign_in::TokenClaims;
use crate::domain::time::Timestamp;

use super::{answer, encoding};

/// The claims in `token`; `None` when it is opaque.
pub(super) fn read(token: &str) -> Option<TokenClaims> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims: Value = serde_json::from_slice(&encoding::bytes(payload)?).ok()?;
    let claims = claims.as_object()?;
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| claims.get(*name).and_then(Value::as_str))
            .filter(|text| !text.is_empty())
            .map(answer::shown)
    };
    // Only a token of a person has scopes; one of an application without any permission has no `roles` either.
    let scopes = text(&["scp"]);
    let roles = claims.get("roles").and_then(Value::as_array);
    let permissions = match &scopes {
        Some(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
        None => roles
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(answer::shown)
            .collect(),
    };
    Some(TokenClaims {
        grants: Grants {
            permissions,
            delegated: scopes.is_some(),
            account: text(&["upn", "preferred_username", "unique_name"]),
            tenant: text(&["tid"]),
            application: text(&["appid", "azp"]),
        },
        name: text(&["name"]),
        expires: claims
            .get("exp")
            .and_then(Value::as_i64)
            .map(|seconds| Timestamp(seconds.saturating_mul(1000))),
    })
}
