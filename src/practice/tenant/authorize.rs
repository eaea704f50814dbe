//! Where people sign in at the practice tenant: the device code endpoint, the authorize endpoint, and the two pages on which
//! somebody says yes or no. There is no password to type, and every page says that it is practice.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{Response, StatusCode, header};
use axum::response::{Html, IntoResponse};
use serde_json::json;
use url::Url;

use super::Inner;
use super::encoding::base64url;
use super::faults::Operation;
use super::http::Visit;
use super::sign_ins::{Asked, Authorization, SignInAnswer};
use super::state::State;
use super::token::{Denied, Form, asks_to_last, check_client, form, scopes};

/// Characters of a code that is typed, without those that look alike.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 9;
/// base64url of a SHA-256.
const CHALLENGE_LENGTH: usize = 43;

/// POST {tenant}/oauth2/v2.0/devicecode.
pub(super) async fn device_code(
    visit: Visit,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Response<Body> {
    visit
        .serve(Operation::DeviceCode, |state| {
            let form = form(&body);
            if let Err(denied) =
                check_client(state, &tenant, &form).and_then(|()| check_scope(&form))
            {
                return Ok((denied.status(), Some(denied.body(state))));
            }
            let device_code = base64url(&state.random(64)?);
            let letters = state.random(CODE_LENGTH)?;
            let user_code: String = letters
                .iter()
                .filter_map(|byte| CODE_LETTERS.get(usize::from(byte % 32)))
                .map(|letter| char::from(*letter))
                .collect();
            let (seconds, interval) = (
                state.setup.device_code_seconds,
                state.setup.device_interval_seconds,
            );
            let expires = state.now().plus_seconds(seconds);
            let address = format!("{}practice/device", state.base);
            let body = json!({
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": address,
                "expires_in": seconds,
                "interval": interval,
                "message": format!("Open {address} and type {user_code} (invented text of the practice tenant)"),
            });
            state
                .sign_ins
                .begin_device(device_code, user_code, expires, interval, asked(&form));
            Ok((200, Some(body)))
        })
        .await
}

/// GET {tenant}/oauth2/v2.0/authorize: shows the question.
pub(super) async fn authorize(
    Shared(inner): Shared<Arc<Inner>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let mut state = inner.state();
    let form = form(query.unwrap_or_default().as_bytes());
    match begin(&mut state, &tenant, &form) {
        Ok(ticket) => page(&format!(
            "<p>May keyline work as {}?</p><p><a href=\"{base}practice/sign-in?ticket={ticket}&amp;answer=approve\">Yes</a> \
             <a href=\"{base}practice/sign-in?ticket={ticket}&amp;answer=decline\">No</a></p>",
            state.administrator().1,
            base = state.base,
        )),
        Err(denied) => (
            StatusCode::BAD_REQUEST,
            page(&format!("<p>{}</p>", denied.description())),
        )
            .into_response(),
    }
}

fn begin(state: &mut State, tenant: &str, form: &Form) -> Result<String, Denied> {
    check_client(state, tenant, form)?;
    check_scope(form)?;
    let invalid = |code, why| Denied::grant("invalid_request", code, why);
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    if field("response_type") != "code" {
        return Err(invalid(900_144, "response_type is not code"));
    }
    if field("code_challenge_method") != "S256" || field("code_challenge").len() != CHALLENGE_LENGTH
    {
        return Err(invalid(
            501_491,
            "the code_challenge is missing or not S256",
        ));
    }
    let redirect_uri = field("redirect_uri");
    let registered = Url::parse(&redirect_uri).is_ok_and(|url| {
        url.scheme() == "http" && url.host_str() == Some("localhost") && url.path() == "/"
    });
    if !registered {
        return Err(invalid(50_011, "the redirect_uri is not http://localhost"));
    }
    let ticket = state
        .random(24)
        .map(|bytes| base64url(&bytes))
        .map_err(|_| invalid(90_033, "there is no randomness"))?;
    let authorization = Authorization {
        redirect_uri,
        state: field("state"),
        challenge: field("code_challenge"),
        whose: asked(form),
    };
    state.sign_ins.begin_browser(ticket.clone(), authorization);
    Ok(ticket)
}

/// Whose sign-in begins, and the permissions by their names alone.
fn asked(form: &Form) -> Asked {
    Asked {
        client_id: form.get("client_id").cloned().unwrap_or_default(),
        scopes: scopes(form),
        lasts: asks_to_last(form),
    }
}

fn check_scope(form: &Form) -> Result<(), Denied> {
    if form.get("scope").is_some_and(|scope| scope.contains('/')) {
        return Ok(());
    }
    Err(Denied::grant(
        "invalid_scope",
        70_011,
        "the scope has no permission",
    ))
}

/// GET practice/sign-in: the answer in the browser, which goes back to where it came from.
pub(super) async fn answer(
    Shared(inner): Shared<Arc<Inner>>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let mut state = inner.state();
    let form = form(query.unwrap_or_default().as_bytes());
    let ticket = form.get("ticket").map_or("", String::as_str);
    let approved = form.get("answer").is_some_and(|answer| answer == "approve");
    let Ok(code) = state.random(96).map(|bytes| base64url(&bytes)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let now = state.now();
    let answered = if approved {
        state.sign_ins.answer_browser(ticket, code.clone(), now)
    } else {
        state.sign_ins.decline_browser(ticket)
    };
    let back = answered.and_then(|authorization| {
        let mut url = Url::parse(&authorization.redirect_uri).ok()?;
        let parameters = if approved {
            [("code", code.as_str()), ("state", &authorization.state)]
        } else {
            [("error", "access_denied"), ("state", &authorization.state)]
        };
        url.query_pairs_mut().extend_pairs(parameters);
        Some(url)
    });
    match back {
        Some(url) => (StatusCode::FOUND, [(header::LOCATION, url.to_string())]).into_response(),
        None => (
            StatusCode::BAD_REQUEST,
            page("<p>This question is over.</p>"),
        )
            .into_response(),
    }
}

/// GET practice/device.
pub(super) async fn device_page() -> Response<Body> {
    page(
        "<form method=\"post\"><p><label>Code <input name=\"user_code\" autofocus></label></p>\
         <p><button name=\"answer\" value=\"approve\">Yes, keyline may work as me</button> \
         <button name=\"answer\" value=\"decline\">No</button></p></form>",
    )
}

/// POST practice/device.
pub(super) async fn device_answer(
    Shared(inner): Shared<Arc<Inner>>,
    body: Bytes,
) -> Response<Body> {
    let form = form(&body);
    let answer = if form.get("answer").is_some_and(|answer| answer == "approve") {
        SignInAnswer::Approve
    } else {
        SignInAnswer::Decline
    };
    let mut state = inner.state();
    let now = state.now();
    let code = form.get("user_code").map_or("", String::as_str);
    if state.sign_ins.answer_device(code, answer, now) {
        page("<p>Done. You can close this window.</p>")
    } else {
        (StatusCode::BAD_REQUEST, page("<p>No such code.</p>")).into_response()
    }
}

/// POST practice/sign-out: every refresh token ends.
pub(super) async fn sign_out(Shared(inner): Shared<Arc<Inner>>) -> StatusCode {
    inner.state().sign_ins.revoke();
    StatusCode::NO_CONTENT
}

fn page(body: &str) -> Response<Body> {
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Practice tenant</title></head>\
         <body><h1>Practice tenant</h1><p>This is keyline's practice tenant, not Microsoft. Nobody needs a password here.</p>{body}</body></html>"
    ))
    .into_response()
}
