//! *Selected users*: whoever was picked, what keys they have, and what is to be done for them.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::PICKED_MAX;
use crate::domain::person::ObjectId;
use crate::face::console::fields::Fields;
use crate::face::console::office::{self, Office, encoded};
use crate::face::console::page::{self, Shell};
use crate::face::console::visit::Visit;
use crate::face::say::{clean, keys as say};

/// So many lists of keys are looked for at once when the page opens; the others when somebody opens them.
const OPEN_AT_FIRST: usize = 5;

/// What a form for new jobs offers.
pub(super) struct Offer {
    pub(super) policies: Vec<(String, bool)>,
    pub(super) languages: Vec<String>,
}

impl Offer {
    pub(super) fn of(office: &Office) -> Self {
        let default = office.rules.default_policy.as_deref();
        let name = |name: &String| (name.clone(), Some(name.as_str()) == default);
        Self {
            policies: office.rules.policies.iter().map(name).collect(),
            languages: office.rules.languages.clone(),
        }
    }
}

struct Picked {
    user: String,
    shown: String,
    encoded: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "selected.html")]
struct Selected {
    shell: Shell,
    people: Vec<Picked>,
    counted: String,
    offer: Offer,
}

/// `POST /people/selected`: `user`, as often as there are people. It changes nothing: people are in the form, and not in an
/// address that a browser remembers.
pub(in crate::face::console) async fn selected(visit: Visit, fields: Fields) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let users = match picked(&visit, &fields) {
        Ok(users) => users,
        Err(refusal) => return *refusal,
    };
    let counted = visit.words.count("people.picked", users.len());
    let people = users
        .into_iter()
        .enumerate()
        .map(|(place, user)| Picked {
            shown: clean(&user),
            encoded: encoded(&user),
            open: place < OPEN_AT_FIRST,
            user,
        })
        .collect();
    page::page(
        StatusCode::OK,
        &Selected {
            shell: Shell::of(&visit),
            people,
            counted,
            offer: Offer::of(&office),
        },
    )
}

#[derive(Template)]
#[template(path = "group-choose.html")]
struct WholeGroup {
    shell: Shell,
    group: String,
    offer: Offer,
}

/// `POST /people/group/choose`: `group`. It asks how; nothing is done yet.
pub(in crate::face::console) async fn choose_group(visit: Visit, fields: Fields) -> Response {
    let office = match office::office(&visit) {
        Ok(office) => office,
        Err(refusal) => return *refusal,
    };
    let Some(group) = ObjectId::read(fields.get("group")) else {
        return visit.refuse(StatusCode::BAD_REQUEST, visit.words.say("people.no_group"));
    };
    page::page(
        StatusCode::OK,
        &WholeGroup {
            shell: Shell::of(&visit),
            group: group.0,
            offer: Offer::of(&office),
        },
    )
}

/// Whoever was picked, each once.
pub(super) fn picked(visit: &Visit, fields: &Fields) -> Result<Vec<String>, Box<Response>> {
    let mut users: Vec<String> = Vec::new();
    for user in fields.all("user") {
        let Ok(user) = say::person(user) else {
            let text = visit.words.say("people.nobody_so");
            return Err(Box::new(visit.refuse(StatusCode::BAD_REQUEST, text)));
        };
        if !users.iter().any(|one| one.eq_ignore_ascii_case(user)) {
            users.push(user.to_owned());
        }
    }
    let refused = |key: &str| {
        let text = visit
            .words
            .fill(key, &[("count", PICKED_MAX.to_string().as_str())]);
        Box::new(visit.refuse(StatusCode::BAD_REQUEST, &text))
    };
    if users.is_empty() {
        Err(refused("people.none_picked"))
    } else if users.len() > PICKED_MAX {
        Err(refused("people.too_many"))
    } else {
        Ok(users)
    }
}
