//! The start page, what is nowhere, and the two things that a visitor chooses: language and look. They change nothing of the
//! station and are remembered by the browser alone.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::fields::Fields;
use super::guard::Arrival;
use super::visit::{LANGUAGE_COOKIE, LOOK_COOKIE, Look, Visit, next};
use super::words::Words;
use super::{page, routes};

/// Seconds that a browser remembers a choice: a year.
const REMEMBERED_SECONDS: u32 = 31_536_000;

/// `GET /`: the first page that this role has.
pub(super) async fn start(visit: Visit) -> Response {
    let role = visit.guest.as_ref().map(|guest| guest.account.role);
    let is_copy = visit.shared.oversight.means.pins.is_copy();
    let first = role.and_then(|role| {
        if is_copy {
            routes::copy_ways(role).next()
        } else {
            routes::ways(role).next()
        }
    });
    page::go(first.map_or("/sign-in", |(path, _)| path))
}

/// `POST /choose`: `language` or `look`, and `next`.
pub(super) async fn choose(visit: Visit, fields: Fields) -> Response {
    let mut response = page::go(next(fields.get("next")));
    if let Some(words) = Words::of(fields.get("language")) {
        remember(&visit, &mut response, LANGUAGE_COOKIE, words.language());
    }
    let look = fields.get("look");
    if !look.is_empty() {
        remember(&visit, &mut response, LOOK_COOKIE, Look::of(look).as_str());
    }
    response
}

/// Whatever no route stands for.
pub(super) async fn nothing_here(request: Request) -> Response {
    none(&request, StatusCode::NOT_FOUND)
}

/// A route is asked in a way that it has not.
pub(super) async fn not_so(request: Request) -> Response {
    none(&request, StatusCode::METHOD_NOT_ALLOWED)
}

fn none(request: &Request, status: StatusCode) -> Response {
    match request.extensions().get::<Arrival>() {
        Some(Arrival { visit, .. }) => visit.refuse(status, visit.words.say("refusal.nothing")),
        None => status.into_response(),
    }
}

fn remember(visit: &Visit, response: &mut Response, name: &str, value: &str) {
    let secure = if visit.shared.settings.secure {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!(
        "{name}={value}; Path=/; Max-Age={REMEMBERED_SECONDS}; SameSite=Strict; HttpOnly{secure}"
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
