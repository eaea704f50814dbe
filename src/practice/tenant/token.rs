//! The practice tenant's token endpoint: client credentials with a secret, refused with the AADSTS codes that Entra gives.

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::faults::Operation;
use super::http::Visit;
use super::shapes;
use super::state::State;

struct TokenRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
}

/// POST {tenant}/oauth2/v2.0/token.
pub(super) async fn issue(visit: Visit, Path(tenant): Path<String>, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::Token, |state| {
            let form: std::collections::BTreeMap<String, String> =
                url::form_urlencoded::parse(&body).into_owned().collect();
            let take = |name: &str| form.get(name).cloned();
            let request = TokenRequest {
                grant_type: take("grant_type"),
                client_id: take("client_id"),
                client_secret: take("client_secret"),
                scope: take("scope"),
            };
            Ok(sign_in(state, &tenant, &request))
        })
        .await
}

fn sign_in(state: &mut State, tenant: &str, request: &TokenRequest) -> (u16, Option<Value>) {
    let setup = &state.setup;
    let scope_fits = request
        .scope
        .as_deref()
        .is_some_and(|scope| scope.ends_with("/.default"));
    let (status, error, code, why) = if !tenant.eq_ignore_ascii_case(&setup.tenant) {
        (400, "invalid_request", 90_002, "no such tenant")
    } else if request.grant_type.as_deref() != Some("client_credentials") {
        (
            400,
            "unsupported_grant_type",
            70_003,
            "only client_credentials is known here",
        )
    } else if !scope_fits {
        (
            400,
            "invalid_scope",
            1_002_012,
            "the scope does not end in /.default",
        )
    } else if request.client_id.as_deref() != Some(setup.client_id.as_str()) {
        (400, "unauthorized_client", 700_016, "no such application")
    } else if request.client_secret.as_deref() != Some(setup.client_secret.as_str()) {
        (
            401,
            "invalid_client",
            7_000_215,
            "the client secret is wrong",
        )
    } else {
        let seconds = setup.token_seconds;
        return match state.issue_token() {
            Ok(token) => (
                200,
                Some(json!({
                    "token_type": "Bearer",
                    "expires_in": seconds,
                    "ext_expires_in": seconds,
                    "access_token": token,
                })),
            ),
            Err(_) => (500, None),
        };
    };
    let body = json!({
        "error": error,
        "error_description": format!("AADSTS{code}: {why} (invented text of the practice tenant)"),
        "error_codes": [code],
        "timestamp": shapes::written(state.now()),
        "trace_id": Uuid::new_v4().to_string(),
        "correlation_id": Uuid::new_v4().to_string(),
    });
    (status, Some(body))
}
