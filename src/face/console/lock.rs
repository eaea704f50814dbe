//! The locked screen: one key, and whoever comes by sees and does nothing; the passphrase opens it where it was left.

use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::fields::Fields;
use super::gate::Whom;
use super::page::{self, Shell};
use super::sign_in::{Tried, attempt, retry_after, trouble};
use super::visit::{Visit, next, query};

#[derive(Template)]
#[template(path = "lock.html")]
struct Form<'a> {
    shell: Shell,
    next: &'a str,
    trouble: Option<String>,
}

/// `GET /lock`
pub(super) async fn form(visit: Visit, uri: Uri) -> Response {
    let wish = query(&uri, "next").unwrap_or_default();
    let locked = visit.guest.as_ref().is_some_and(|guest| guest.locked);
    if !locked {
        return page::go(next(&wish));
    }
    show(&visit, (StatusCode::OK, None), next(&wish))
}

/// `POST /lock`: `next` is where the passphrase leads back to.
pub(super) async fn lock(visit: Visit, fields: Fields) -> Response {
    if let Some(guest) = &visit.guest {
        visit.shared.sessions.lock(guest.session, true);
    }
    let back: String =
        url::form_urlencoded::byte_serialize(next(fields.get("next")).as_bytes()).collect();
    page::go(&format!("/lock?next={back}"))
}

/// `POST /unlock`: `passphrase`, `next`.
pub(super) async fn unlock(visit: Visit, fields: Fields) -> Response {
    let Some(guest) = visit.guest.clone() else {
        return page::go("/sign-in");
    };
    let next = next(fields.get("next")).to_owned();
    let whom = Whom::Locked(guest.session);
    let tried = attempt(&visit, whom, guest.account.name.as_str(), fields).await;
    match &tried {
        Tried::Right(_) => {
            visit.shared.sessions.lock(guest.session, false);
            page::go(&next)
        }
        // No way to try for ever: the sign-in counts together with all others.
        Tried::Wrong { last: true } => {
            visit.shared.sessions.end(guest.session);
            page::go("/sign-in")
        }
        Tried::Wrong { last: false } | Tried::Wait(_) | Tried::Broken => {
            let (status, text) = trouble(&visit, &tried);
            let mut response = show(&visit, (status, Some(text)), &next);
            retry_after(&tried, &mut response);
            response
        }
    }
}

fn show(visit: &Visit, (status, trouble): (StatusCode, Option<String>), next: &str) -> Response {
    page::page(
        status,
        &Form {
            shell: Shell::of(visit),
            next,
            trouble,
        },
    )
}
