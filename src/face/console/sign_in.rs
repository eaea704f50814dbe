//! Signing in and out. A passphrase comes in with a form, is compared, and is wiped; it is never written anywhere.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::fields::Fields;
use super::guard::session_cookie;
use super::page::{self, Shell};
use super::visit::{Visit, next, query};
use super::{Settings, Shared};
use crate::domain::account::{Account, Passphrase};

/// What came of a passphrase.
pub(super) enum Tried {
    Right(Account),
    Wrong,
    /// Too many wrong ones: seconds to wait.
    Wait(i64),
    /// The accounts cannot be read.
    Broken,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct Form<'a> {
    shell: Shell,
    next: &'a str,
    name: &'a str,
    trouble: Option<String>,
    /// There is no account yet.
    first: bool,
}

/// `GET /sign-in`
pub(super) async fn form(visit: Visit, uri: axum::http::Uri) -> Response {
    let wish = query(&uri, "next").unwrap_or_default();
    let nobody = visit.apart(nobody_yet).await.unwrap_or(false);
    show(&visit, (StatusCode::OK, None), (next(&wish), ""), nobody)
}

/// `POST /sign-in`: `name`, `passphrase`, `next`.
pub(super) async fn sign_in(visit: Visit, headers: HeaderMap, fields: Fields) -> Response {
    let name = fields.get("name").to_owned();
    let next = next(fields.get("next")).to_owned();
    let tried = attempt(&visit, &name, fields).await;
    let account = match tried {
        Tried::Right(account) => account,
        other @ (Tried::Wrong | Tried::Wait(_) | Tried::Broken) => {
            let (status, text) = trouble(&visit, &other);
            let mut response = show(&visit, (status, Some(text)), (&next, &name), false);
            retry_after(&other, &mut response);
            return response;
        }
    };
    // A session that this browser had is over: nobody goes on in somebody else's.
    if let Some(guest) = &visit.guest {
        visit.shared.sessions.end(guest.session);
    }
    begin(&visit, account, &headers, &next)
}

/// `POST /sign-out`
pub(super) async fn sign_out(visit: Visit) -> Response {
    if let Some(guest) = &visit.guest {
        visit.shared.sessions.end(guest.session);
        tracing::info!(name = %guest.account.name, "signed out of the console");
    }
    let mut response = page::go("/sign-in");
    set_cookie(&visit.shared.settings, &mut response, "", "; Max-Age=0");
    response
}

/// Tries the passphrase in the field `passphrase` for `name`.
pub(super) async fn attempt(visit: &Visit, name: &str, fields: Fields) -> Tried {
    let shared = &visit.shared;
    if let Err(seconds) = shared.gate.knock(name, shared.now()) {
        tracing::warn!(seconds, "too many wrong passphrases; a sign-in has to wait");
        return Tried::Wait(seconds);
    }
    let Some(_place) = shared.gate.place().await else {
        return Tried::Broken;
    };
    let tried = name.to_owned();
    let verified = visit
        .apart(move |shared| {
            let passphrase = Passphrase::offered(fields.get("passphrase"));
            shared.accounts.verify(&tried, &passphrase)
        })
        .await;
    match verified {
        Some(Ok(Some(account))) => {
            shared.gate.right(name);
            Tried::Right(account)
        }
        Some(Ok(None)) => {
            // Not the name: some type their passphrase there.
            tracing::warn!("a wrong name or passphrase at the console");
            Tried::Wrong
        }
        Some(Err(fault)) => {
            tracing::error!(%fault, "the accounts cannot be read");
            Tried::Broken
        }
        None => Tried::Broken,
    }
}

/// Begins a session for this browser and goes on to `next`.
pub(super) fn begin(visit: &Visit, account: Account, headers: &HeaderMap, next: &str) -> Response {
    let shared = &visit.shared;
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let name = account.name.clone();
    let begun = shared
        .sessions
        .begin(account, agent, shared.entropy.as_ref(), shared.now());
    match begun {
        Ok(token) => {
            tracing::info!(%name, "signed in to the console");
            let mut response = page::go(next);
            set_cookie(&shared.settings, &mut response, &token, "");
            response
        }
        Err(fault) => {
            tracing::error!(%fault, "no session could be begun");
            let text = visit.words.say("refusal.internal");
            visit.refuse(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// What the visitor is told of it.
pub(super) fn trouble(visit: &Visit, tried: &Tried) -> (StatusCode, String) {
    match tried {
        Tried::Right(_) => (StatusCode::OK, String::new()),
        Tried::Wrong => (
            StatusCode::UNAUTHORIZED,
            visit.words.say("sign_in.wrong").to_owned(),
        ),
        Tried::Wait(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            visit
                .words
                .count("sign_in.wait", usize::try_from(*seconds).unwrap_or(1)),
        ),
        Tried::Broken => (
            StatusCode::INTERNAL_SERVER_ERROR,
            visit.words.say("sign_in.broken").to_owned(),
        ),
    }
}

/// Says in the answer when to come back.
pub(super) fn retry_after(tried: &Tried, response: &mut Response) {
    if let Tried::Wait(seconds) = tried {
        let seconds = HeaderValue::from(*seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
}

/// Whether there is no account at all.
pub(super) fn nobody_yet(shared: &Shared) -> bool {
    shared.accounts.list().is_ok_and(|list| list.is_empty())
}

fn show(
    visit: &Visit,
    (status, trouble): (StatusCode, Option<String>),
    (next, name): (&str, &str),
    first: bool,
) -> Response {
    page::page(
        status,
        &Form {
            shell: Shell::of(visit),
            next,
            name,
            trouble,
            first,
        },
    )
}

fn set_cookie(settings: &Settings, response: &mut Response, token: &str, more: &str) {
    let name = session_cookie(settings);
    let secure = if settings.secure { "; Secure" } else { "" };
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
