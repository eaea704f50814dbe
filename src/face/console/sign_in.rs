//! Signing in and out. A passphrase comes in with a form, is compared, and is wiped; it is never written anywhere.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::fields::Fields;
use super::gate::Whom;
use super::guard::session_cookie;
use super::page::{self, Shell};
use super::visit::{Visit, cookie, next, query};
use super::{Settings, Shared};
use crate::domain::account::{Account, Passphrase};

/// How long a browser keeps in mind that somebody signed in there: 30 days. The station forgets it when it ends.
const DEVICE_SECONDS: u32 = 30 * 24 * 3600;

/// What came of a passphrase.
pub(super) enum Tried {
    Right(Account),
    /// `last`: whoever tried has to sign in as a stranger does.
    Wrong {
        last: bool,
    },
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
    let device = cookie(&headers, device_cookie(&visit.shared.settings)).map(str::to_owned);
    let whom = Whom::Name {
        name: &name,
        device: device.as_deref(),
    };
    let tried = attempt(&visit, whom, &name, fields).await;
    let account = match tried {
        Tried::Right(account) => account,
        other @ (Tried::Wrong { .. } | Tried::Wait(_) | Tried::Broken) => {
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
pub(super) async fn attempt(visit: &Visit, whom: Whom<'_>, name: &str, fields: Fields) -> Tried {
    let shared = &visit.shared;
    let this = match shared.gate.knock(whom, shared.now()) {
        Ok(this) => this,
        Err(seconds) => {
            tell_wrong(shared);
            return Tried::Wait(seconds);
        }
    };
    let Some(place) = shared.gate.place(Some(this)).await else {
        return Tried::Broken;
    };
    let tried = name.to_owned();
    let verified = visit
        .apart(move |shared| {
            let passphrase = Passphrase::offered(fields.get("passphrase"));
            let verified = shared.accounts.verify(&tried, &passphrase);
            drop(place);
            verified
        })
        .await;
    match verified {
        Some(Ok(Some(account))) => {
            shared.gate.right(this);
            Tried::Right(account)
        }
        Some(Ok(None)) => {
            tell_wrong(shared);
            Tried::Wrong {
                last: !shared.gate.wrong(this),
            }
        }
        Some(Err(fault)) => {
            tracing::error!(%fault, "the accounts cannot be read");
            Tried::Broken
        }
        None => Tried::Broken,
    }
}

/// A line in the log about wrong passphrases, once in a while: whoever floods the sign-in fills no disk.
fn tell_wrong(shared: &Shared) {
    if let Some(count) = shared.gate.tell(shared.now()) {
        // Not the name: some type their passphrase there.
        tracing::warn!(count, "wrong names or passphrases at the console");
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
            remember(visit, name.as_str(), headers, &mut response);
            response
        }
        Err(fault) => {
            tracing::error!(%fault, "no session could be begun");
            let text = visit.words.say("refusal.internal");
            visit.refuse(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// From now on this browser is one in which that name has signed in: no flood of strangers keeps it out.
fn remember(visit: &Visit, name: &str, headers: &HeaderMap, response: &mut Response) {
    let shared = &visit.shared;
    let cookie_name = device_cookie(&shared.settings);
    let known = cookie(headers, cookie_name);
    let now = shared.now();
    let entropy = shared.entropy.as_ref();
    // Without randomness there is no session either, and that was told.
    if let Ok(Some(token)) = shared.gate.remember(name, known, entropy, now) {
        let more = format!("; Max-Age={DEVICE_SECONDS}");
        set(&shared.settings, response, (cookie_name, &token), &more);
    }
}

/// The name of the cookie that tells a browser in which somebody has signed in; it opens nothing.
const fn device_cookie(settings: &Settings) -> &'static str {
    if settings.secure {
        "__Host-keyline-device"
    } else {
        "keyline-device"
    }
}

/// What the visitor is told of it.
pub(super) fn trouble(visit: &Visit, tried: &Tried) -> (StatusCode, String) {
    match tried {
        Tried::Right(_) => (StatusCode::OK, String::new()),
        Tried::Wrong { .. } => (
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
    set(settings, response, (session_cookie(settings), token), more);
}

fn set(settings: &Settings, response: &mut Response, (name, value): (&str, &str), more: &str) {
    let secure = if settings.secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
