//! The frame of every page: head, top bar, the ways that this role may go. A page's template extends `shell.html` and has a
//! field `shell`.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::visit::{Look, Visit};
use super::words::Words;
use super::{assets, routes};
use crate::domain::account::Role;

/// Everything that the frame needs, and that a page's template may ask: `shell.say("shell.menu")`, `shell.asset("name.js")`.
pub struct Shell {
    words: &'static Words,
    look: Look,
    path: String,
    answers_form: bool,
    name: String,
    role: Option<Role>,
    locked: bool,
    csrf: String,
    sounds: bool,
    is_copy: bool,
}

/// A way through the top bar.
pub struct Way {
    pub path: &'static str,
    pub label: &'static str,
    /// The page that is shown lies there.
    pub here: bool,
}

impl Shell {
    /// The frame for this visit.
    pub fn of(visit: &Visit) -> Self {
        let guest = visit.guest.as_ref();
        Self {
            words: visit.words,
            look: visit.look,
            path: visit.path.clone(),
            answers_form: visit.answers_form,
            name: guest.map_or_else(String::new, |guest| guest.account.name.to_string()),
            role: guest.map(|guest| guest.account.role),
            locked: guest.is_some_and(|guest| guest.locked),
            csrf: guest.map_or_else(String::new, |guest| guest.csrf.clone()),
            sounds: visit.shared.settings.sounds,
            is_copy: visit.shared.oversight.means.pins.is_copy(),
        }
    }

    /// For `<html lang>`.
    pub fn language(&self) -> &str {
        self.words.language()
    }

    /// For `<html dir>`.
    pub fn direction(&self) -> &str {
        self.words.direction()
    }

    /// For `<html data-look>`.
    pub fn look(&self) -> &'static str {
        self.look.as_str()
    }

    /// Whether this is the look that was chosen.
    pub fn looks(&self, word: &str) -> bool {
        self.look.as_str() == word
    }

    /// Whether the bench may make sounds.
    pub fn sounds(&self) -> bool {
        self.sounds
    }

    /// The words of this visit.
    pub const fn words(&self) -> &'static Words {
        self.words
    }

    /// The text of a key.
    pub fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.say(key)
    }

    /// The text of a key with one placeholder.
    pub fn fill(&self, key: &str, name: &str, value: &str) -> String {
        self.words.fill(key, &[(name, value)])
    }

    /// Where an asset is.
    pub fn asset(&self, file: &str) -> String {
        assets::address(file)
    }

    /// What every form that changes something carries in the field `csrf`; empty for whoever is not signed in.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Whose session it is; empty for whoever is not signed in.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether somebody is signed in and at the desk.
    pub fn is_open(&self) -> bool {
        self.role.is_some() && !self.locked
    }

    /// Whether somebody is signed in and away from the desk.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether an administrator is signed in.
    pub fn is_administrator(&self) -> bool {
        self.role == Some(Role::Administrator)
    }

    /// The word for the role.
    pub fn role(&self) -> &str {
        match self.role {
            Some(Role::Operator) => self.say("role.operator"),
            Some(Role::Administrator) => self.say("role.administrator"),
            None => "",
        }
    }

    /// Where this page is, for forms that come back to it. What came of a form cannot be come back to: nobody sends it twice
    /// by choosing a language.
    pub fn path(&self) -> &str {
        if self.answers_form { "/" } else { &self.path }
    }

    /// The languages that there are: tag, name, whether it is this one.
    pub fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        Words::languages()
            .map(|(tag, name)| (tag, name, tag == self.words.language()))
            .collect()
    }

    /// The ways that this role may go.
    pub fn ways(&self) -> Vec<Way> {
        let Some(role) = self.role.filter(|_| !self.locked) else {
            return Vec::new();
        };
        let here = self.path.split('?').next().unwrap_or_default();
        let ways: Vec<_> = if self.is_copy {
            routes::copy_ways(role).collect()
        } else {
            routes::ways(role).collect()
        };
        ways.into_iter()
            .map(|(path, key)| Way {
                path,
                label: self.words.say(key),
                here: here == path || here.starts_with(&format!("{path}/")),
            })
            .collect()
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    shell: Shell,
    status: u16,
    text: &'a str,
}

/// A page that says what is wrong and how to go on.
pub(super) fn refusal(visit: &Visit, status: StatusCode, text: &str) -> Response<Body> {
    page(
        status,
        &Refusal {
            shell: Shell::of(visit),
            status: status.as_u16(),
            text,
        },
    )
}

/// A page, or a part of one.
pub fn page(status: StatusCode, template: &impl Template) -> Response<Body> {
    let (status, text) = match template.render() {
        Ok(text) => (status, text),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

/// Goes on to another page of this server. `path` is one of ours: see [`super::visit::next`].
pub(super) fn go(path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}
