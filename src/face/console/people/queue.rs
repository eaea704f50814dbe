//! New jobs for people who were picked, or for a whole group: one file in the queue, as `keyline jobs add` and `jobs from-group`
//! make it. The station takes it from there as it takes every file.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::selected::{Offer, picked};
use super::{left_out, no_group};
use crate::app::intake;
use crate::app::people::{self, Choice, LeftOut, Patience, Tally, unsuited};
use crate::domain::fault::Fault;
use crate::domain::job::Role;
use crate::domain::job::proposal::Proposal;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::person::{Group, ObjectId, Person};
use crate::face::console::Shared;
use crate::face::console::fields::Fields;
use crate::face::console::office::{self, Office};
use crate::face::console::page::{self, Shell};
use crate::face::console::visit::Visit;
use crate::face::console::words::Words;
use crate::face::console::wrong::{self, Told, Trouble, Wrong};
use crate::face::say::{self, Complaint, ExitCode, clean};

/// Somebody who gets no job, and why.
struct Out {
    who: String,
    why: Vec<Told>,
}

#[derive(Template)]
#[template(path = "queued.html")]
struct Queued {
    shell: Shell,
    /// The file, where there is one.
    file: Option<String>,
    counted: String,
    left_out: Vec<Out>,
    trouble: Option<Trouble>,
}

/// What was put into the queue.
struct Put {
    file: Option<String>,
    rows: usize,
    left_out: Vec<Out>,
}

/// `POST /people/queue`: `user`, as often as there are people; `policy`, `language`, `role`.
pub(in crate::face::console) async fn queue(visit: Visit, fields: Fields) -> Response {
    let users = match picked(&visit, &fields) {
        Ok(users) => users,
        Err(refusal) => return *refusal,
    };
    let choice = match choice(&visit, &fields) {
        Ok(choice) => choice,
        Err(refusal) => return *refusal,
    };
    let (words, actor) = (visit.words, visit.actor());
    let put = office::ask(&visit, move |shared, office| {
        of_people(shared, (office, &actor), words, &users, &choice)
    });
    told(&visit, put.await)
}

/// `POST /people/group/queue`: `group`, `policy`, `language`, `role`, `missing_only`.
pub(in crate::face::console) async fn queue_group(visit: Visit, fields: Fields) -> Response {
    let choice = match choice(&visit, &fields) {
        Ok(choice) => choice,
        Err(refusal) => return *refusal,
    };
    let group = fields.get("group").to_owned();
    let (words, actor) = (visit.words, visit.actor());
    let put = office::ask(&visit, move |shared, office| {
        of_group(shared, (office, &actor), words, &group, &choice)
    });
    told(&visit, put.await)
}

fn told(visit: &Visit, put: Result<Put, Wrong>) -> Response {
    let shell = Shell::of(visit);
    let (status, queued) = match put {
        Ok(put) => {
            let queued = Queued {
                shell,
                counted: visit.words.count("people.queued", put.rows),
                file: put.file.map(|name| clean(&name)),
                left_out: put.left_out,
                trouble: None,
            };
            (StatusCode::OK, queued)
        }
        Err(wrong) => {
            let queued = Queued {
                shell,
                file: None,
                counted: String::new(),
                left_out: Vec::new(),
                trouble: Some(Trouble::of(&wrong, visit.words)),
            };
            (StatusCode::CONFLICT, queued)
        }
    };
    page::page(status, &queued)
}

/// What all rows share. A word that the form does not offer is none of our form's.
fn choice(visit: &Visit, fields: &Fields) -> Result<Choice, Box<Response>> {
    let office = office::office(visit)?;
    let offer = Offer::of(&office);
    let (policy, language) = (fields.get("policy"), fields.get("language"));
    let role = match fields.get("role") {
        "" | "primary" => Some(Role::Primary),
        "backup" => Some(Role::Backup),
        _ => None,
    };
    let known = offer.policies.iter().any(|(name, _)| name == policy)
        && (language.is_empty() || offer.languages.iter().any(|one| one == language));
    let Some(role) = role.filter(|_| known) else {
        let text = visit.words.say("people.no_such_choice");
        return Err(Box::new(visit.refuse(StatusCode::BAD_REQUEST, text)));
    };
    Ok(Choice {
        policy: Some(policy.to_owned()),
        role,
        language: (!language.is_empty()).then(|| language.to_owned()),
        missing_only: fields.get("missing_only") == "yes",
    })
}

/// What is wrong with all rows is told before anything is read.
fn check_choice(office: &Office, choice: &Choice) -> Result<(), Wrong> {
    let mut sample = Proposal::new("somebody@contoso.com");
    choice.apply(&mut sample);
    match objections(office, &sample)? {
        None => Ok(()),
        Some(LeftOut::Unfit(bad)) => Err(say::people::bad_rows(&bad).into()),
        Some(other) => Err(say::people::refused("", &other).into()),
    }
}

/// Why the station would not take this row.
fn objections(office: &Office, row: &Proposal) -> Result<Option<LeftOut>, Fault> {
    let bad = match row.check(&office.rules) {
        Err(bad) => bad,
        Ok(draft) => intake::disagreements(&draft, &office.policies)?,
    };
    Ok((!bad.is_empty()).then_some(LeftOut::Unfit(bad)))
}

fn of_people(
    shared: &Shared,
    (office, actor): (&Office, &str),
    words: &Words,
    users: &[String],
    choice: &Choice,
) -> Result<Put, Wrong> {
    check_choice(office, choice)?;
    let reader = office.patient(shared.clock.as_ref(), Patience::SHORT);
    let (mut rows, mut out) = (Vec::new(), Vec::new());
    for user in users {
        let person = match reader.person(user) {
            Ok(person) => person,
            Err(fault @ Fault::UserUnknown { .. }) => {
                let why = wrong::fault(&fault, words);
                out.push(Out {
                    who: clean(user),
                    why,
                });
                continue;
            }
            // Half of what was picked would be a batch that nobody wanted.
            Err(fault) => return Err(Wrong::denied(fault, say::people::READ_USERS)),
        };
        let mut row = Proposal::of(&person, &office.rules);
        choice.apply(&mut row);
        let why = match unsuited(&person) {
            Some(why) => Some(why),
            None => objections(office, &row)?,
        };
        match why {
            Some(why) => out.push(left(&person, &why, words)),
            None => rows.push(row),
        }
    }
    put(shared, (office, actor), None, &rows, out)
}

fn of_group(
    shared: &Shared,
    (office, actor): (&Office, &str),
    words: &Words,
    group: &str,
    choice: &Choice,
) -> Result<Put, Wrong> {
    check_choice(office, choice)?;
    let reader = office.patient(shared.clock.as_ref(), Patience::SHORT);
    let id = ObjectId::read(group).unwrap_or_else(|| ObjectId(group.to_owned()));
    let group = reader.group(&id.0);
    let group = group.map_err(|why| no_group(why, &id.0))?;
    let (mut rows, mut out) = (Vec::new(), Vec::new());
    let tally: Result<Tally, Stop> =
        reader.propose(&group.id, choice, &office.rules, &mut |told| {
            match told {
                people::Told::Row(_, row) => rows.push(row),
                people::Told::LeftOut(person, why) => out.push(left(&person, &why, words)),
                people::Told::Seen { .. } => {}
            }
            if rows.len() > ROWS_MAX {
                return Err(Stop::TooMany);
            }
            Ok(())
        });
    match tally {
        Ok(_) => put(shared, (office, actor), Some(&group), &rows, out),
        Err(Stop::Fault(fault)) => {
            let rights = format!("{} or {}", say::people::READ_GROUPS, say::people::READ_KEYS);
            Err(Wrong::denied(fault, &rights))
        }
        Err(Stop::TooMany) => Err(Complaint::new(
            ExitCode::Refused,
            format!("One job file holds {ROWS_MAX} rows at most. Nothing was put into the queue."),
            "Take a smaller group.",
        )
        .into()),
    }
}

/// Why reading a group ended early.
enum Stop {
    Fault(Fault),
    TooMany,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn put(
    shared: &Shared,
    (office, actor): (&Office, &str),
    group: Option<&Group>,
    rows: &[Proposal],
    left_out: Vec<Out>,
) -> Result<Put, Wrong> {
    let file = if rows.is_empty() {
        None
    } else {
        let note = |keeping| office::note_queued(shared, actor, keeping);
        Some(office.inbox.put(group, rows, &note)?)
    };
    Ok(Put {
        file,
        rows: rows.len(),
        left_out,
    })
}

fn left(person: &Person, why: &LeftOut, words: &Words) -> Out {
    Out {
        who: clean(person.label()),
        why: left_out(why, words),
    }
}
