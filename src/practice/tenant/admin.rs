//! `/practice/…`: what the handle can do, for programs outside this process, such as an independent client that checks a
//! sign-in. Not part of Graph, without a token, on loopback only.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::encoding::{base64url, strict};
use super::faults::Faults;
use super::refusal::Refusal;
use super::state::TenantCredential;
use super::{Existing, Inner, authorize};

type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// The routes below `/practice`.
pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/people", get(people))
        .route("/faults", get(faults).put(set_faults))
        .route("/policy", get(policy).put(set_policy))
        .route("/permissions", get(permissions).put(set_permissions))
        .route("/clock", post(clock))
        .route("/sign-in", get(authorize::answer))
        .route("/sign-out", post(authorize::sign_out))
        .route(
            "/device",
            get(authorize::device_page).post(authorize::device_answer),
        )
        .route(
            "/users/{user}/credentials",
            get(credentials).post(add_existing),
        )
        .route("/users/{user}/assertions", post(assertion))
}

async fn people(Shared(inner): Shared<Arc<Inner>>) -> Json<Value> {
    Json(json!(inner.state().people))
}

async fn faults(Shared(inner): Shared<Arc<Inner>>) -> Json<Faults> {
    Json(inner.state().faults.clone())
}

async fn set_faults(Shared(inner): Shared<Arc<Inner>>, Json(faults): Json<Faults>) -> Json<Faults> {
    inner.state().faults = faults.clone();
    Json(faults)
}

async fn policy(Shared(inner): Shared<Arc<Inner>>) -> Json<Value> {
    Json(inner.state().policy.clone())
}

/// The body is a whole `fido2AuthenticationMethodConfiguration`.
async fn set_policy(Shared(inner): Shared<Arc<Inner>>, Json(policy): Json<Value>) -> Json<Value> {
    inner.state().policy = policy.clone();
    Json(policy)
}

async fn permissions(Shared(inner): Shared<Arc<Inner>>) -> Json<Vec<String>> {
    Json(inner.state().setup.permissions.clone())
}

async fn set_permissions(
    Shared(inner): Shared<Arc<Inner>>,
    Json(permissions): Json<Vec<String>>,
) -> Json<Vec<String>> {
    inner.state().setup.permissions = permissions.clone();
    Json(permissions)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

async fn clock(Shared(inner): Shared<Arc<Inner>>, Json(advance): Json<Advance>) -> Json<Value> {
    let mut state = inner.state();
    state.ahead_seconds = state.ahead_seconds.saturating_add(advance.advance_seconds);
    Json(json!({ "ahead_seconds": state.ahead_seconds }))
}

async fn credentials(Shared(inner): Shared<Arc<Inner>>, Path(user): Path<String>) -> Answer {
    let state = inner.state();
    let list = state.credentials(&user).map_err(refused)?;
    Ok(Json(list.iter().map(shown).collect()))
}

async fn add_existing(
    Shared(inner): Shared<Arc<Inner>>,
    Path(user): Path<String>,
    Json(existing): Json<Existing>,
) -> Answer {
    let added = inner.state().add_existing(&user, existing);
    added.map(|one| Json(shown(&one))).map_err(refused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    authenticator_data: String,
    client_data_json: String,
    signature: String,
}

async fn assertion(
    Shared(inner): Shared<Arc<Inner>>,
    Path(user): Path<String>,
    Json(assertion): Json<Assertion>,
) -> Answer {
    let bytes = |name: &str, text: &str| {
        strict(text).ok_or_else(|| {
            refused(Refusal::bad(
                "practiceBadRequest",
                format!("{name} is not unpadded base64url"),
            ))
        })
    };
    let signed_in = inner
        .state()
        .sign_in(
            &user,
            &bytes("authenticator_data", &assertion.authenticator_data)?,
            &bytes("client_data_json", &assertion.client_data_json)?,
            &bytes("signature", &assertion.signature)?,
        )
        .map_err(refused)?;
    Ok(Json(json!({
        "credential_id": base64url(&signed_in.credential_id.0),
        "sign_count": signed_in.sign_count,
        "challenge": signed_in.challenge,
    })))
}

/// A passkey with its public key, all bytes in unpadded base64url.
fn shown(one: &TenantCredential) -> Value {
    json!({
        "id": base64url(&one.id.0),
        "method": one.method.0,
        "display_name": one.display_name,
        "aaguid": one.aaguid.to_string(),
        "sign_count": one.sign_count,
        "public_key": one.public_key.as_ref().map(|key| json!({
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "x": base64url(&key.x),
            "y": base64url(&key.y),
        })),
    })
}

fn refused(refusal: Refusal) -> (StatusCode, Json<Value>) {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(refusal.body("", "", "")))
}
