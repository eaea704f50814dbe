//! A person's passkeys at Entra: shown, and deleted by an administrator's word. What is lost is said before, in the words of
//! `keyline keys remove`, and every deletion is written down as that command writes it down.

use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;

use super::{Row, passkey, row};
use crate::app::keys::{self, Choice, CutOff, Gone, Order, PersonsKey};
use crate::domain::metadata::Shelf;
use crate::face::console::Shared;
use crate::face::console::bench::text::Text;
use crate::face::console::fields::Fields;
use crate::face::console::office::{self, Office, encoded, values};
use crate::face::console::page::{self, Shell};
use crate::face::console::visit::{Visit, query};
use crate::face::console::words::Words;
use crate::face::console::wrong::{Told, Trouble, Wrong, trouble};
use crate::face::control::{Answer, Ask};
use crate::face::report;
use crate::face::say::{Complaint, ExitCode, clean, keys as say, moment};
use crate::port::{Keeping, Kept};

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 256;

/// One passkey, in words.
struct Line {
    id: String,
    name: String,
    model: String,
    aaguid: String,
    /// The page of its model, where the metadata knows it.
    known: bool,
    certification: String,
    added: String,
    kind: &'static str,
    attested: &'static str,
    enrolled: String,
}

#[derive(Template)]
#[template(path = "part-keys.html")]
struct Keys {
    shell: Shell,
    user: String,
    person: Option<Row>,
    keys: Vec<Line>,
    notes: Vec<String>,
}

#[derive(Template)]
#[template(path = "keys-remove.html")]
struct AskPage {
    shell: Shell,
    user: String,
    query: String,
}

#[derive(Template)]
#[template(path = "part-consequence.html")]
struct Consequence {
    shell: Shell,
    user: String,
    encoded: String,
    ids: Vec<String>,
    about: String,
    lost: Vec<String>,
    /// Nothing is left after it.
    last: Option<String>,
    /// Jobs that count on one of them.
    counted_on: Vec<String>,
    notes: Vec<String>,
    reason_chars_max: usize,
}

#[derive(Template)]
#[template(path = "keys-removed.html")]
struct Removed {
    shell: Shell,
    user: String,
    came: Vec<Vec<Told>>,
    hint: Vec<Told>,
    right: bool,
}

/// A person's list as it is now, and earlier removals that were cut off.
struct Found {
    keys: Vec<PersonsKey>,
    cut_off: Vec<CutOff>,
}

/// `GET /people/keys`: `user`. The person, and the list of their passkeys.
pub(in crate::face::console) async fn list(visit: Visit, uri: Uri) -> Response {
    let user = query(&uri, "user").unwrap_or_default();
    let asked = user.clone();
    let found = office::ask(&visit, move |shared, office| {
        let found = find(shared, office, &asked)?;
        // The list counts without the person: another right is needed for it.
        let person = office.reader(shared.clock.as_ref()).person(asked.trim());
        Ok((found, person.ok(), office.models.shelf()))
    });
    let (found, person, shelf) = match found.await {
        Ok(found) => found,
        Err(wrong) => return trouble(&visit, &wrong),
    };
    let shell = Shell::of(&visit);
    let today = visit.shared.now().utc_day();
    page::page(
        StatusCode::OK,
        &Keys {
            user: user.trim().to_owned(),
            person: person.map(|person| row(&person, &shell)),
            keys: found
                .keys
                .iter()
                .map(|key| line(visit.words, key, shelf.as_deref(), today))
                .collect(),
            notes: notes(&found.cut_off),
            shell,
        },
    )
}

/// `GET /people/keys/remove`: `user`, and `key` or `all`. What would be lost comes as a part.
pub(in crate::face::console) async fn ask(visit: Visit, uri: Uri) -> Response {
    let user = query(&uri, "user").unwrap_or_default();
    page::page(
        StatusCode::OK,
        &AskPage {
            shell: Shell::of(&visit),
            user: clean(user.trim()),
            query: uri.query().unwrap_or_default().to_owned(),
        },
    )
}

/// `GET /people/keys/consequence`: as [`ask`].
pub(in crate::face::console) async fn consequence(visit: Visit, uri: Uri) -> Response {
    let user = query(&uri, "user").unwrap_or_default().trim().to_owned();
    let choice = match query(&uri, "all").as_deref() {
        Some("security_keys") => Choice::SecurityKeys,
        Some("all_passkeys") => Choice::AllPasskeys,
        Some(_) | None => Choice::Named(values(&uri, "key")),
    };
    let asked = user.clone();
    let found = office::ask(&visit, move |shared, office| {
        let found = find(shared, office, &asked)?;
        let chosen = choose(&found, &choice, &asked)?;
        Ok((found, chosen))
    });
    match found.await {
        Ok((found, chosen)) => page::page(StatusCode::OK, &lost(&visit, &user, &found, &chosen)),
        Err(wrong) => trouble(&visit, &wrong),
    }
}

fn lost(visit: &Visit, user: &str, found: &Found, chosen: &[PersonsKey]) -> Consequence {
    let words = visit.words;
    let many = u64::try_from(chosen.len()).unwrap_or(u64::MAX);
    let about = Text::count("keys.would_go", many).and("user", clean(user));
    Consequence {
        shell: Shell::of(visit),
        encoded: encoded(user),
        ids: chosen
            .iter()
            .map(|key| key.credential.method.0.clone())
            .collect(),
        about: about.say(words),
        lost: chosen.iter().map(|key| passkey::lost(words, key)).collect(),
        last: (chosen.len() == found.keys.len())
            .then(|| words.fill("keys.last", &[("user", clean(user).as_str())])),
        counted_on: chosen
            .iter()
            .filter(|key| key.is_of_open_job())
            .map(|key| passkey::counted_on(words, key))
            .collect(),
        notes: notes(&found.cut_off),
        reason_chars_max: REASON_CHARS_MAX,
        user: user.to_owned(),
    }
}

/// `POST /people/keys/removed`: `user`, `key`, `reason`, `last` and `of_open_jobs` where they were agreed to.
pub(in crate::face::console) async fn remove(visit: Visit, fields: Fields) -> Response {
    let user = fields.get("user").trim().to_owned();
    let (asked, actor) = (user.clone(), visit.actor());
    let done = office::ask(&visit, move |shared, office| {
        carry_out(shared, office, &asked, &fields, &actor)
    });
    let shell = Shell::of(&visit);
    let (status, removed) = match done.await {
        Ok((chosen, came)) => {
            let right = came
                .iter()
                .all(|gone| matches!(gone, Gone::Deleted | Gone::WasGone));
            let removed = Removed {
                shell,
                user: clean(&user),
                came: chosen
                    .iter()
                    .zip(&came)
                    .map(|(key, gone)| passkey::came(visit.words, key, gone))
                    .collect(),
                hint: passkey::hint(visit.words, &came),
                right,
            };
            (StatusCode::OK, removed)
        }
        Err(wrong) => {
            let trouble = Trouble::of(&wrong, visit.words);
            let removed = Removed {
                shell,
                user: clean(&user),
                came: vec![trouble.message],
                hint: trouble.hint,
                right: false,
            };
            (StatusCode::CONFLICT, removed)
        }
    };
    page::page(status, &removed)
}

fn carry_out(
    shared: &Shared,
    office: &Office,
    user: &str,
    fields: &Fields,
    actor: &str,
) -> Result<(Vec<PersonsKey>, Vec<Gone>), Wrong> {
    let reason: String = fields
        .get("reason")
        .trim()
        .chars()
        .take(REASON_CHARS_MAX)
        .collect();
    let found = find(shared, office, user)?;
    let chosen = agreed(&found, fields)?;
    let counted_on = chosen.iter().find(|key| key.is_of_open_job());
    if let Some(key) = counted_on.filter(|_| fields.get("of_open_jobs") != "yes") {
        return Err(say::of_open_job(key).into());
    }
    // The list may have become shorter since somebody looked at it: nobody loses their last key unasked.
    if chosen.len() == found.keys.len() && fields.get("last") != "yes" {
        return Err(Complaint::new(
            ExitCode::Refused,
            format!("Nothing was deleted. {}", say::last_one(user)),
            "Look at the list anew, and agree to it there.",
        )
        .into());
    }
    let order = Order {
        user,
        reason: (!reason.is_empty()).then_some(reason.as_str()),
        cut_off: &found.cut_off,
    };
    let mut book = |keeping: Keeping| write_down(shared, keeping, actor);
    let came = keys::remove(
        office.tenant.as_ref(),
        &order,
        &chosen,
        &mut book,
        &mut |_, _| (),
    )?;
    Ok((chosen, came))
}

fn write_down(shared: &Shared, keeping: Keeping, actor: &str) -> Result<Kept, Complaint> {
    let asked = Ask::Keep {
        keeping,
        actor: actor.to_owned(),
    };
    match (shared.answer)(&asked) {
        Answer::Kept { kept } => Ok(kept),
        other @ (Answer::Done { .. }
        | Answer::Acted { .. }
        | Answer::Part { .. }
        | Answer::Refused { .. }) => Err(other.into_result().err().unwrap_or_else(|| {
            Complaint::new(
                ExitCode::Bug,
                "The station did not write it down, so nothing more was deleted.",
                "The station's log says why.",
            )
        })),
    }
}

fn find(shared: &Shared, office: &Office, user: &str) -> Result<Found, Wrong> {
    let user = say::person(user)?;
    let ledger = shared.ledger.as_ref();
    let keys = keys::list(ledger, office.tenant.as_ref(), user)?;
    let cut_off = keys::cut_off(ledger, user, &keys)?;
    Ok(Found { keys, cut_off })
}

fn choose(found: &Found, choice: &Choice, user: &str) -> Result<Vec<PersonsKey>, Wrong> {
    let chosen = keys::choose(&found.keys, choice).map_err(|why| say::unclear(&why, user))?;
    not_none(chosen)
}

fn not_none(chosen: Vec<PersonsKey>) -> Result<Vec<PersonsKey>, Wrong> {
    if chosen.is_empty() {
        return Err(Complaint::usage(
            "No passkey was picked, so there is nothing to delete.",
            "Go back and tick the ones that shall go.",
        )
        .into());
    }
    Ok(chosen)
}

/// The keys that the form names, by their ids alone: what was agreed to is gone when its id is gone, whatever else goes by that
/// text by now.
fn agreed(found: &Found, fields: &Fields) -> Result<Vec<PersonsKey>, Wrong> {
    let wanted = |key: &PersonsKey, id: &str| key.credential.method.0 == id;
    let is_gone = |id: &str| !found.keys.iter().any(|key| wanted(key, id));
    if fields.all("key").any(is_gone) {
        return Err(Complaint::new(
            ExitCode::Refused,
            "Nothing was deleted. One of these passkeys is not in the list any more.",
            "Look at the list anew, and agree to it there.",
        )
        .into());
    }
    let is_agreed = |key: &&PersonsKey| fields.all("key").any(|id| wanted(key, id));
    let chosen: Vec<PersonsKey> = found.keys.iter().filter(is_agreed).cloned().collect();
    not_none(chosen)
}

fn notes(cut_off: &[CutOff]) -> Vec<String> {
    let zone = TimeZone::system();
    let note = |one: &CutOff| say::cut_off(one, &moment::local(one.open.at, &zone));
    cut_off.iter().map(note).collect()
}

fn line(
    words: &'static Words,
    key: &PersonsKey,
    shelf: Option<&Shelf>,
    today: jiff::civil::Date,
) -> Line {
    let credential = &key.credential;
    let entry = credential.aaguid.and_then(|id| shelf?.models.get(&id));
    Line {
        id: credential.method.0.clone(),
        name: say::name(key),
        model: say::model(key),
        aaguid: credential
            .aaguid
            .map_or_else(String::new, |id| id.to_string()),
        known: entry.is_some(),
        certification: entry.map_or_else(String::new, |entry| {
            report::mds::certification(entry, today)
        }),
        added: credential
            .created
            .map_or_else(String::new, |at| moment::local(at, &TimeZone::system())),
        kind: words.say(passkey::kind(key)),
        attested: words.say(passkey::attested(key)),
        enrolled: passkey::enrolled(words, key.enrolled.as_ref()),
    }
}
