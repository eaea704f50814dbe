//! Stands before every page. Who calls, under which name, from which page, with which right: whatever is not in order goes no
//! further. It never looks at what a page says.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use zeroize::Zeroizing;

use super::fields::Fields;
use super::routes::{FORM_BYTES_MAX, Who};
use super::session::{Guest, SessionId, same};
use super::visit::{Visit, cookie};
use super::{Settings, Shared, hosts, page};
use crate::domain::account::{Account, AccountsFault, Role};

/// Bytes that a large body has to bring in each second; whoever sends one has signed in.
const LARGE_BODY_BYTES_PER_SECOND: usize = 64 * 1024;
/// Seconds after which a place for a large body may be free again.
const UPLOAD_AGAIN_SECONDS: HeaderValue = HeaderValue::from_static("10");
/// What a window asks for by itself, without anybody sitting there.
const BY_ITSELF: &str = "/bench/events";
/// The header in which a script sends what a form has in its field [`CSRF_FIELD`].
const CSRF_HEADER: &str = "x-keyline-csrf";
/// The hidden field of every form that changes something.
const CSRF_FIELD: &str = "csrf";
/// Nothing is fetched from elsewhere, nothing stands in a page that a browser would run, nobody frames a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// On every answer.
const SEALS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Nobody else hears of our addresses. With `no-referrer` a browser would veil the origin of our own forms as well (Fetch
    // standard, "append a request Origin header"), and they could not be told from foreign ones.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What a route asks of whoever comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) who: Who,
    pub(super) body_bytes_max: usize,
    /// An ordinary form is there within so long.
    pub(super) patience: Duration,
}

impl Rule {
    fn body_within(&self) -> Duration {
        let beyond = self.body_bytes_max.saturating_sub(FORM_BYTES_MAX);
        let seconds = beyond / LARGE_BODY_BYTES_PER_SECOND;
        let more = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        self.patience.saturating_add(more)
    }
}

/// Somebody who called us by our name, and has not been let in anywhere yet.
#[derive(Clone)]
pub(super) struct Arrival {
    pub(super) visit: Visit,
    authority: Authority,
}

/// The name of the cookie that holds a session's token. `__Host-` (RFC 6265bis §4.1.3.2) ties it to this very host, and asks
/// for TLS.
pub(super) const fn session_cookie(settings: &Settings) -> &'static str {
    if settings.secure {
        "__Host-keyline"
    } else {
        "keyline"
    }
}

/// Outermost: every answer carries the headers that keep a browser from doing what no page here asks for.
pub(super) async fn seal(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SEALS {
        // A picture that somebody else drew has a stricter policy of its own.
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Asks by which name we are called, and who calls.
pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let called = hosts::called(request.uri(), request.headers(), &shared.settings);
    let Some(authority) = called else {
        // Whoever comes by a foreign name hears nothing of what is here, in no language.
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "This name is not one of the console's. Use the address that the station says, or add the name to [console] hosts.\n",
        )
            .into_response();
    };
    // A request cannot be held over an await: its body is for one thread.
    let token = token(&request, &shared.settings);
    let by_itself = request.method() == Method::HEAD || request.uri().path() == BY_ITSELF;
    let guest = match token {
        Some(token) => guest(&shared, &token, by_itself).await,
        None => None,
    };
    let whole = (request.method(), request.uri(), request.headers());
    let visit = Visit::new(&shared, guest, whole);
    request
        .extensions_mut()
        .insert(Arrival { visit, authority });
    next.run(request).await
}

/// Lets in whoever may, with a form that is one of ours.
pub(super) async fn admit(State(rule): State<Rule>, mut request: Request, next: Next) -> Response {
    let Some(Arrival {
        mut visit,
        authority,
    }) = request.extensions_mut().remove::<Arrival>()
    else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && rule.who != Who::Anyone && is_drawn_by_others(request.headers()) {
        return visit.refuse(StatusCode::FORBIDDEN, visit.words.say("refusal.origin"));
    }
    if let Err(response) = may(&visit, rule.who) {
        return *response;
    }
    // Held until the answer is there; what goes on after it holds it as well.
    let mut _place = None;
    if !reads {
        let secure = visit.shared.settings.secure;
        if !is_from_our_page(request.headers(), &authority, secure) {
            return visit.refuse(StatusCode::FORBIDDEN, visit.words.say("refusal.origin"));
        }
        let is_form = is_form(&request);
        // What is no form is told by its header, before anybody waits for the rest of it.
        let early = Fields::default();
        if !is_form && rule.who != Who::Anyone && !is_our_form(&visit, request.headers(), &early) {
            return visit.refuse(StatusCode::FORBIDDEN, visit.words.say("refusal.csrf"));
        }
        if is_large(&request) && rule.body_bytes_max > FORM_BYTES_MAX {
            let Some(place) = visit.shared.gate.upload() else {
                return too_many(&visit);
            };
            request.extensions_mut().insert(Arc::clone(&place));
            _place = Some(place);
        }
        let body = match body(&mut request, rule).await {
            Ok(body) => body,
            Err(status) => return late_or_large(&visit, status),
        };
        // A body may have been long on its way: whoever was let in before it may be out by now, or away from the desk.
        if rule.who != Who::Anyone {
            visit.guest = still(&visit).await;
            if let Err(response) = may(&visit, rule.who) {
                return *response;
            }
        }
        let fields = if is_form {
            Fields::read(body)
        } else {
            *request.body_mut() = Body::from(body);
            early
        };
        // Whoever is nobody yet has nothing that could be misused but the sign-in itself, which proves its origin.
        if rule.who != Who::Anyone && !is_our_form(&visit, request.headers(), &fields) {
            return visit.refuse(StatusCode::FORBIDDEN, visit.words.say("refusal.csrf"));
        }
        request.extensions_mut().insert(fields);
    }
    request.extensions_mut().insert(visit);
    next.run(request).await
}

/// The token of a session, where the request has one and needs one.
fn token(request: &Request, settings: &Settings) -> Option<Zeroizing<String>> {
    if request.uri().path().starts_with("/assets/") {
        return None;
    }
    let token = cookie(request.headers(), session_cookie(settings))?;
    Some(Zeroizing::new(token.to_owned()))
}

/// Whoever the session belongs to, if there is one and its account is still as it was when it began.
async fn guest(shared: &Arc<Shared>, token: &str, by_itself: bool) -> Option<Guest> {
    let guest = if by_itself {
        shared.sessions.guest_unseen(token, shared.now())?
    } else {
        shared.sessions.guest(token, shared.now())?
    };
    let stands = stands(shared, guest.session, guest.account.clone()).await;
    stands.then_some(guest)
}

/// Whoever came, as they are now: nobody, when their session is over or their account is not what it was.
async fn still(visit: &Visit) -> Option<Guest> {
    let (shared, session) = (&visit.shared, visit.guest.as_ref()?.session);
    let account = shared.sessions.account(session)?;
    if !stands(shared, session, account).await {
        return None;
    }
    // Asked last, so that nothing is waited for after it.
    shared.sessions.still(session, shared.now())
}

/// Whether the account is still as it was when this session of it began. One that is not has no session any more.
pub(super) async fn stands(shared: &Arc<Shared>, session: SessionId, account: Account) -> bool {
    let of = Arc::clone(&shared.accounts);
    // It may read a file, and stands in no line: the gate leaves threads for it.
    let found = tokio::task::spawn_blocking(move || {
        let found = of.find(&account.name)?;
        Ok::<_, AccountsFault>(found.as_ref() == Some(&account))
    });
    match found.await {
        Ok(Ok(true)) => true,
        Ok(Ok(false)) => {
            shared.sessions.end(session);
            false
        }
        // Whether it may still come in cannot be told now.
        Ok(Err(fault)) => {
            tracing::error!(%fault, "the accounts cannot be read");
            false
        }
        Err(_) => false,
    }
}

/// Whether whoever comes may; otherwise the way to where they could.
fn may(visit: &Visit, who: Who) -> Result<(), Box<Response>> {
    let needed = match who {
        Who::Anyone => return Ok(()),
        Who::Guest => None,
        Who::Operator => Some(Role::Operator),
        Who::Administrator => Some(Role::Administrator),
    };
    let Some(guest) = &visit.guest else {
        return Err(Box::new(turned_away(
            visit,
            "/sign-in",
            StatusCode::UNAUTHORIZED,
            "refusal.sign_in",
        )));
    };
    let Some(needed) = needed else {
        return Ok(());
    };
    if guest.locked {
        return Err(Box::new(turned_away(
            visit,
            "/lock",
            StatusCode::LOCKED,
            "refusal.locked",
        )));
    }
    if guest.account.role.covers(needed) {
        return Ok(());
    }
    let text = visit.words.say("refusal.role");
    Err(Box::new(visit.refuse(StatusCode::FORBIDDEN, text)))
}

/// A browser that wants a page is led to another one; a script is told.
fn turned_away(visit: &Visit, to: &str, status: StatusCode, key: &str) -> Response {
    if !visit.wants_page {
        return visit.refuse(status, visit.words.say(key));
    }
    let next: String = url::form_urlencoded::byte_serialize(visit.path.as_bytes()).collect();
    page::go(&format!("{to}?next={next}"))
}

/// Every browser says where a form comes from; what says nothing, or something else, is none of our pages.
fn is_from_our_page(headers: &HeaderMap, authority: &Authority, secure: bool) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    match text(header::ORIGIN) {
        Some(origin) => hosts::is_same_origin(origin, authority, secure),
        None => text(HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
    }
}

/// Whether another page draws something of ours into itself, or reads it. Whoever follows a link from elsewhere sees a page of
/// their own. What is no browser, or an old one, says nothing of it.
fn is_drawn_by_others(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(HeaderName::from_static(name));
    let elsewhere =
        text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    elsewhere && text("sec-fetch-mode").is_none_or(|mode| mode != "navigate")
}

/// Whether the body is, or may be, more than an ordinary form has.
fn is_large(request: &Request) -> bool {
    let bytes = request.body().size_hint().upper();
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.is_none_or(|bytes| bytes > FORM_BYTES_MAX)
}

fn is_our_form(visit: &Visit, headers: &HeaderMap, fields: &Fields) -> bool {
    let Some(guest) = &visit.guest else {
        return false;
    };
    let header = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    let given = header.unwrap_or_else(|| fields.get(CSRF_FIELD));
    same(given.as_bytes(), guest.csrf.as_bytes())
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// The body of a request, whole and in time. Nobody holds a connection by sending it drop by drop.
async fn body(request: &mut Request, rule: Rule) -> Result<Bytes, StatusCode> {
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let whole = to_bytes(body, rule.body_bytes_max);
    let whole = tokio::time::timeout(rule.body_within(), whole).await;
    let in_time = whole.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    in_time.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}

fn too_many(visit: &Visit) -> Response {
    let text = visit.words.say("refusal.too_many");
    let mut response = visit.refuse(StatusCode::SERVICE_UNAVAILABLE, text);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, UPLOAD_AGAIN_SECONDS);
    // What still comes of it is nobody's.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn late_or_large(visit: &Visit, status: StatusCode) -> Response {
    if status != StatusCode::REQUEST_TIMEOUT {
        return visit.refuse(status, visit.words.say("refusal.too_large"));
    }
    let mut response = visit.refuse(status, visit.words.say("refusal.too_slow"));
    // What still comes of it is nobody's.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::face::console::session::Limits;

    /// Settings of a console on loopback.
    pub(in crate::face::console) fn settings() -> Settings {
        Settings {
            address: ([127, 0, 0, 1], 8137).into(),
            secure: false,
            hosts: Vec::new(),
            language: "en".to_owned(),
            sounds: true,
            limits: Limits {
                idle_seconds: 3600,
                life_seconds: 43_200,
            },
            benches: BTreeMap::new(),
        }
    }

    fn from(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        let authority = Authority::from_static("localhost:8137");
        is_from_our_page(&headers, &authority, false)
    }

    #[test]
    fn a_form_says_that_it_is_ours_or_is_not() {
        let ours = ("origin", "http://localhost:8137");
        assert!(from(&[ours]));
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        // What a foreign page sends has its own origin, or a veil over it.
        assert!(!from(&[("origin", "http://evil.example")]));
        assert!(!from(&[("origin", "null")]));
        assert!(!from(&[
            ("origin", "null"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(!from(&[("sec-fetch-site", "same-site")]));
        assert!(!from(&[("sec-fetch-site", "none")]));
        assert!(!from(&[]));
    }
}
