//! The first administrator. A station without any account says a link once, on its terminal; whoever opens it makes the first
//! account, and the link is worth nothing any more. Never in a log.

use std::sync::{Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::page::{self, Shell};
use super::session::{draw, hash, same};
use super::sign_in;
use super::visit::{Visit, query};
use crate::domain::account::{AccountName, Passphrase};
use crate::domain::fault::Fault;
use crate::port::Entropy;

/// The link that works once, until the station ends.
#[derive(Default)]
pub struct FirstLink(Mutex<Option<[u8; 32]>>);

impl FirstLink {
    /// Makes the token of a link; one that was made before is worth nothing then.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn make(&self, entropy: &dyn Entropy) -> Result<Zeroizing<String>, Fault> {
        let token = draw(entropy)?;
        *self.lock() = Some(hash(&token));
        Ok(token)
    }

    /// Whether this is its token.
    pub fn is(&self, token: &str) -> bool {
        self.lock().is_some_and(|known| same(&known, &hash(token)))
    }

    /// It was used.
    pub fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Template)]
#[template(path = "first.html")]
struct Form<'a> {
    shell: Shell,
    token: &'a str,
    name: &'a str,
    trouble: Option<&'a str>,
}

/// `GET /first?token=…`
pub(super) async fn form(visit: Visit, uri: Uri) -> Response {
    let token = query(&uri, "token").unwrap_or_default();
    if !visit.shared.first.is(&token) {
        return used_up(&visit);
    }
    show(&visit, StatusCode::OK, (&token, ""), None)
}

/// `POST /first`: `token`, `name`, `passphrase`, `again`.
pub(super) async fn make(visit: Visit, headers: HeaderMap, fields: Fields) -> Response {
    let (token, typed) = (fields.get("token"), fields.get("name"));
    if !visit.shared.first.is(token) {
        return used_up(&visit);
    }
    let again = |key: &str| {
        show(
            &visit,
            StatusCode::UNPROCESSABLE_ENTITY,
            (token, typed),
            Some(visit.words.say(key)),
        )
    };
    let Ok(name) = typed.parse::<AccountName>() else {
        return again("first.name_unfit");
    };
    let Ok(passphrase) = Passphrase::chosen(fields.get("passphrase")) else {
        return again("first.passphrase_unfit");
    };
    if !passphrase.is_same_as(&Passphrase::offered(fields.get("again"))) {
        return again("first.not_the_same");
    }
    let Some(place) = visit.shared.gate.place(None).await else {
        return again("sign_in.broken");
    };
    let added = visit
        .apart(move |shared| {
            let added = shared.accounts.add_first(&name, &passphrase);
            drop(place);
            added
        })
        .await;
    match added {
        Some(Ok(Some(account))) => {
            visit.shared.first.close();
            tracing::info!(name = %account.name, "the first account of the console was made");
            sign_in::begin(&visit, account, &headers, "/")
        }
        Some(Ok(None)) => {
            visit.shared.first.close();
            used_up(&visit)
        }
        Some(Err(fault)) => {
            tracing::error!(%fault, "the first account cannot be written");
            again("sign_in.broken")
        }
        None => again("sign_in.broken"),
    }
}

fn used_up(visit: &Visit) -> Response {
    visit.refuse(StatusCode::GONE, visit.words.say("first.used_up"))
}

fn show(
    visit: &Visit,
    status: StatusCode,
    (token, name): (&str, &str),
    trouble: Option<&str>,
) -> Response {
    page::page(
        status,
        &Form {
            shell: Shell::of(visit),
            token,
            name,
            trouble,
        },
    )
}
