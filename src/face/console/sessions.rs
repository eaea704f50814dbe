//! Who is signed in, and from where. Everybody sees and ends their own sessions; an administrator everybody's.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::fields::Fields;
use super::page::{self, Shell};
use super::session::{Listed, SessionId};
use super::visit::Visit;
use crate::domain::account::Role;
use crate::face::say::{clean, moment};

/// One line of the list.
struct Row {
    session: u64,
    name: String,
    begun: String,
    used: String,
    agent: String,
    locked: bool,
    /// The very session that looks at the list.
    own: bool,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
}

/// `GET /sessions`
pub(super) async fn list(visit: Visit) -> Response {
    let zone = TimeZone::system();
    let own = visit.guest.as_ref().map(|guest| guest.session);
    let rows = visible(&visit)
        .into_iter()
        .map(|listed| Row {
            session: listed.session.0,
            name: listed.name.to_string(),
            begun: moment::local(listed.begun, &zone),
            used: moment::local(listed.used, &zone),
            agent: clean(&listed.agent),
            locked: listed.locked,
            own: Some(listed.session) == own,
        })
        .collect();
    let shell = Shell::of(&visit);
    page::page(StatusCode::OK, &List { shell, rows })
}

/// `POST /sessions/end`: `session`.
pub(super) async fn end(visit: Visit, fields: Fields) -> Response {
    let session = fields.get("session").parse().map(SessionId);
    let of_ours = visible(&visit)
        .into_iter()
        .find(|listed| Ok(listed.session) == session);
    let Some(listed) = of_ours else {
        let text = visit.words.say("sessions.over");
        return visit.refuse(StatusCode::NOT_FOUND, text);
    };
    visit.shared.sessions.end(listed.session);
    tracing::info!(name = %listed.name, by = visit.actor(), "a session of the console was ended");
    page::go("/sessions")
}

/// The sessions that this visitor may see and end.
fn visible(visit: &Visit) -> Vec<Listed> {
    let Some(guest) = &visit.guest else {
        return Vec::new();
    };
    let mut list = visit.shared.sessions.list(visit.shared.now());
    if !visit.may(Role::Administrator) {
        list.retain(|listed| listed.name == guest.account.name);
    }
    list
}
