//! New jobs for people who were picked, or for a whole group: one file in the queue, as `keyline jobs add` and `jobs from-group`
//! make it. The station takes it from there as it takes every file.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::selected::{Offer, picked};
use crate::app::intake;
use crate::app::people::{Choice, LeftOut, Tally, Told, unsuited};
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
use crate::face::say::{self, Complaint, ExitCode, clean};

/// Somebody who gets no job, and why.
struct Out {
    who: String,
    why: String,
}

#[derive(Template)]
#[template(path = "queued.html")]
struct Queued {
    shell: Shell,
    /// The file, where there is one.
    file: Option<String>,
    counted: String,
    left_out: Vec<Out>,
    trouble: Option<office::Trouble>,
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
    let put = office::ask(&visit, move |shared, office| {
        of_people(shared, office, &users, &choice)
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
    let put = office::ask(&visit, move |shared, office| {
        of_group(shared, office, &group, &choice)
    });
    told(&visit, put.await)
}

fn told(visit: &Visit, put: Result<Put, Complaint>) -> Response {
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
        Err(complaint) => {
            let queued = Queued {
                shell,
                file: None,
                counted: String::new(),
                left_out: Vec::new(),
                trouble: Some(complaint.into()),
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
fn check_choice(office: &Office, choice: &Choice) -> Result<(), Complaint> {
    let mut sample = Proposal::new("somebody@contoso.com");
    choice.apply(&mut sample);
    match objections(office, &sample)? {
        None => Ok(()),
        Some(LeftOut::Unfit(bad)) => Err(say::people::bad_rows(&bad)),
        Some(other) => Err(say::people::refused("", &other)),
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
    office: &Office,
    users: &[String],
    choice: &Choice,
) -> Result<Put, Complaint> {
    check_choice(office, choice)?;
    let reader = office.reader(shared.clock.as_ref());
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for user in users {
        let person = match reader.person(user) {
            Ok(person) => person,
            Err(fault @ Fault::UserUnknown { .. }) => {
                let why = say::fault::message(&fault);
                left_out.push(Out {
                    who: clean(user),
                    why,
                });
                continue;
            }
            // Half of what was picked would be a batch that nobody wanted.
            Err(fault) => return Err(say::people::denied(&fault, say::people::READ_USERS)),
        };
        let mut row = Proposal::of(&person, &office.rules);
        choice.apply(&mut row);
        let why = match unsuited(&person) {
            Some(why) => Some(why),
            None => objections(office, &row)?,
        };
        match why {
            Some(why) => left_out.push(out(&person, &why)),
            None => rows.push(row),
        }
    }
    put(office, None, &rows, left_out)
}

fn of_group(
    shared: &Shared,
    office: &Office,
    group: &str,
    choice: &Choice,
) -> Result<Put, Complaint> {
    check_choice(office, choice)?;
    let reader = office.reader(shared.clock.as_ref());
    let id = ObjectId::read(group).unwrap_or_else(|| ObjectId(group.to_owned()));
    let group = reader.group(&id.0);
    let group = group.map_err(|why| say::people::no_group(why, &id.0))?;
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    let tally: Result<Tally, Stop> =
        reader.propose(&group.id, choice, &office.rules, &mut |told| {
            match told {
                Told::Row(_, row) => rows.push(row),
                Told::LeftOut(person, why) => left_out.push(out(&person, &why)),
                Told::Seen { .. } => {}
            }
            if rows.len() > ROWS_MAX {
                return Err(Stop::TooMany);
            }
            Ok(())
        });
    match tally {
        Ok(_) => put(office, Some(&group), &rows, left_out),
        Err(Stop::Fault(fault)) => {
            let rights = format!("{} or {}", say::people::READ_GROUPS, say::people::READ_KEYS);
            Err(say::people::denied(&fault, &rights))
        }
        Err(Stop::TooMany) => Err(Complaint::new(
            ExitCode::Refused,
            format!("One job file holds {ROWS_MAX} rows at most. Nothing was put into the queue."),
            "Take a smaller group.",
        )),
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
    office: &Office,
    group: Option<&Group>,
    rows: &[Proposal],
    left_out: Vec<Out>,
) -> Result<Put, Complaint> {
    let file = if rows.is_empty() {
        None
    } else {
        Some(office.inbox.put(group, rows)?)
    };
    Ok(Put {
        file,
        rows: rows.len(),
        left_out,
    })
}

fn out(person: &Person, why: &LeftOut) -> Out {
    Out {
        who: clean(person.label()),
        why: say::people::left_out(why),
    }
}
