//! Policies and settings: what is in force and where it comes from, to be read; and what a policy would do for a person.

mod preview;

pub(super) use preview::{expected, preview};

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::office::{self, Setting};
use super::page::{self, Shell};
use super::visit::Visit;

struct Named {
    name: String,
    is_default: bool,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    shell: Shell,
    policies: Vec<Named>,
    file: String,
    settings: Vec<Setting>,
    /// The policy whose settings these are; empty: the station's.
    of: String,
}

/// `GET /policies`: the policies by name, and the station's settings.
pub(super) async fn list(visit: Visit) -> Response {
    show(&visit, "")
}

/// `GET /policies/{name}`: one policy.
pub(super) async fn one(visit: Visit, Path(name): Path<String>) -> Response {
    show(&visit, &name)
}

fn show(visit: &Visit, of: &str) -> Response {
    let office = match office::office(visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let sheet = if of.is_empty() {
        Some(&office.station)
    } else {
        office.sheets.get(of)
    };
    let Some(sheet) = sheet else {
        return visit.refuse(StatusCode::NOT_FOUND, visit.words.say("refusal.nothing"));
    };
    let named = |name: &String| Named {
        is_default: *name == office.policies.default_name,
        name: name.clone(),
    };
    page::page(
        StatusCode::OK,
        &Policies {
            shell: Shell::of(visit),
            policies: office.policies.by_name.keys().map(named).collect(),
            file: sheet.file.clone(),
            settings: sheet.settings.clone(),
            of: of.to_owned(),
        },
    )
}
