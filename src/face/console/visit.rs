//! What a page knows of whoever asks for it: who that is, in which language, in which look. Made by the guard, once per
//! request; a handler that takes it has been passed by the guard.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use super::Shared;
use super::gate::Line;
use super::page;
use super::session::Guest;
use super::words::Words;
use crate::domain::account::Role;

/// The cookie that remembers a language; no secret.
pub(super) const LANGUAGE_COOKIE: &str = "keyline-language";
/// The cookie that remembers a look; no secret.
pub(super) const LOOK_COOKIE: &str = "keyline-look";
/// What asks for a language for this one page.
const LANGUAGE_QUERY: &str = "lang";

/// Light on dark or dark on light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As the computer is set.
    #[default]
    Auto,
    Dark,
    Light,
}

impl Look {
    /// The word in cookies and in `<html data-look>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The look of this word; as the computer is set where it is none.
    pub fn of(word: &str) -> Self {
        match word {
            "dark" => Self::Dark,
            "light" => Self::Light,
            _ => Self::Auto,
        }
    }
}

/// One request that was let in.
#[derive(Clone)]
pub struct Visit {
    pub shared: Arc<Shared>,
    pub words: &'static Words,
    pub look: Look,
    /// Whoever is signed in.
    pub guest: Option<Guest>,
    /// The path that was asked for, with its query.
    pub path: String,
    /// Whether a browser wants to show what comes, as a page of its own; otherwise a script asks.
    pub wants_page: bool,
    /// Whether a form was sent, rather than an address opened.
    pub answers_form: bool,
}

impl Visit {
    pub(super) fn new(
        shared: &Arc<Shared>,
        guest: Option<Guest>,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
    ) -> Self {
        let asked = query(uri, LANGUAGE_QUERY);
        let accepted = || {
            let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
            Words::accepted(header)
        };
        let words = asked
            .and_then(|asked| Words::of(&asked))
            .or_else(|| Words::of(cookie(headers, LANGUAGE_COOKIE)?))
            .or_else(accepted)
            .unwrap_or_else(|| Words::get(&shared.settings.language));
        let accepts = |kind: &str| {
            let mut lists = headers.get_all(header::ACCEPT).iter();
            lists.any(|list| list.to_str().is_ok_and(|list| list.contains(kind)))
        };
        Self {
            shared: Arc::clone(shared),
            words,
            look: cookie(headers, LOOK_COOKIE).map_or(Look::Auto, Look::of),
            guest,
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            answers_form: *method == Method::POST,
            wants_page: *method == Method::GET && accepts("text/html"),
        }
    }

    /// Whether whoever asks has a role that covers this one.
    pub fn may(&self, role: Role) -> bool {
        self.guest
            .as_ref()
            .is_some_and(|guest| !guest.locked && guest.account.role.covers(role))
    }

    /// Who stands in the journal for what is done now.
    pub fn actor(&self) -> String {
        self.guest.as_ref().map_or_else(
            || "console".to_owned(),
            |guest| format!("console:{}", guest.account.name),
        )
    }

    /// Carries out what blocks, beside the threads that serve. `None`: it panicked, which was reported there.
    pub async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Option<T> {
        let is_bench = self.path.starts_with("/bench");
        let line = if is_bench { Line::Bench } else { Line::Office };
        self.shared.apart(line, work).await
    }

    /// A page that says what is wrong; `text` is a sentence in the visitor's language.
    pub fn refuse(&self, status: StatusCode, text: &str) -> Response {
        page::refusal(self, status, text)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        // A route that no guard stands before is open to nobody.
        let visit = parts.extensions.get::<Self>().cloned();
        visit.ok_or_else(|| StatusCode::FORBIDDEN.into_response())
    }
}

/// The value of a cookie (RFC 6265 §4.2).
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// The value of a parameter in the query.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

/// A path of this server that a form or a query names as the next one; anything else is the start page. So nobody is led
/// elsewhere.
pub(super) fn next(wish: &str) -> &str {
    let ours = wish.starts_with('/')
        && !wish.starts_with("//")
        && !wish.contains(['\\', '\r', '\n', '\t'])
        && wish.chars().all(|c| c.is_ascii_graphic());
    if ours { wish } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for (wish, leads) in [
            ("/bench?x=1", "/bench?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\tevil", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(next(wish), leads, "{wish}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_names() {
        let mut headers = HeaderMap::new();
        let list = HeaderValue::from_static("xkeyline=1; keyline=2; keyline-look=dark");
        headers.insert(header::COOKIE, list);
        assert_eq!(cookie(&headers, "keyline"), Some("2"));
        assert_eq!(cookie(&headers, LOOK_COOKIE), Some("dark"));
        assert_eq!(cookie(&headers, "look"), None);
    }
}
