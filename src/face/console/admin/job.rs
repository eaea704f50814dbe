//! One job: what is known of it, its whole journal, and what an administrator may do to it. The same facts and sentences as
//! `keyline jobs show`; whoever may write the ledger decides what can be done.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::notice::Notice;
use super::queue::{internal, standing_said, standing_word, unreadable};
use crate::app::admin::Change;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::face::console::bench::text::{Sentence, Text};
use crate::face::console::words::Words;
use crate::face::console::wrong::{self, Told};
use crate::face::console::{Fields, Shell, Visit, faults, page};
use crate::face::control::{Answer, Ask};
use crate::face::report;
use crate::face::say::{clean, fault as say_fault, journal, moment};
use crate::port::{JobRecord, Ledger, Stamped};

/// Stands before what a printer said.
const REASON_MARK: &str = " The reason: ";
/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 300;

struct Fact {
    label: String,
    value: String,
}

struct Event {
    at: String,
    actor: String,
    text: String,
}

/// Why it is held, in the words of the station.
struct Held {
    why: Vec<Told>,
    hint: String,
}

#[derive(Template)]
#[template(path = "admin/job.html")]
struct JobPage {
    shell: Shell,
    notice: Option<Notice>,
    id: i64,
    who: String,
    standing: &'static str,
    standing_said: &'static str,
    facts: Vec<Fact>,
    held: Option<Held>,
    events: Vec<Event>,
    may: May,
    user: String,
    batch_address: String,
}

/// What can be tried on a job of its standing. The station may still refuse, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct May {
    hold: bool,
    release: bool,
    cancel: bool,
    retry: bool,
    /// Its person can be erased, when none of their jobs is open.
    erase: bool,
}

impl May {
    const fn of(standing: Standing, begun: bool, erased: bool) -> Self {
        let open = matches!(
            standing,
            Standing::Waiting | Standing::UnderWay | Standing::Held
        );
        let held = matches!(standing, Standing::Held);
        Self {
            hold: open && !held,
            release: held,
            cancel: open,
            retry: held || (open && begun),
            erase: !open && !erased,
        }
    }
}

/// `GET /queue/jobs/{id}`
pub(in crate::face::console) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return unknown(&visit);
    };
    let read = visit
        .apart(move |shared| look(shared.ledger.as_ref(), JobId(id)))
        .await;
    match read {
        Some(Ok(Some((record, rows)))) => page(StatusCode::OK, &view(&visit, &record, &rows)),
        Some(Ok(None)) => unknown(&visit),
        Some(Err(why)) => unreadable(&visit, &why),
        None => internal(&visit),
    }
}

/// `POST /queue/jobs/{id}`: `change`, and `reason` where one is wanted.
pub(in crate::face::console) async fn change(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(id) = id.parse() else {
        return unknown(&visit);
    };
    if let Err(response) = there(&visit, JobId(id)).await {
        return *response;
    }
    let change = match fields.get("change") {
        "hold" => match reason(fields.get("reason")) {
            Some(reason) => Change::Hold { reason },
            None => return refused(&visit, id, visit.words.say("job.reason_unfit")),
        },
        "release" => Change::Release,
        "cancel" => Change::Cancel,
        "retry" => Change::Retry,
        _ => return refused(&visit, id, visit.words.say("job.no_such_change")),
    };
    let asked = Ask::Change {
        job: id.to_string(),
        change,
        actor: visit.actor(),
    };
    answered(&visit, asked, &address(id)).await
}

/// `POST /queue/jobs/{id}/erase`: `user`, typed once more.
pub(in crate::face::console) async fn erase(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(id) = id.parse() else {
        return unknown(&visit);
    };
    let typed = fields.get("user").trim().to_owned();
    let record = match there(&visit, JobId(id)).await {
        Ok(record) => record,
        Err(response) => return *response,
    };
    if !typed.eq_ignore_ascii_case(record.job.request.user.trim()) {
        return refused(&visit, id, visit.words.say("job.other_user"));
    }
    let asked = Ask::Erase {
        user: record.job.request.user,
        actor: visit.actor(),
    };
    answered(&visit, asked, &address(id)).await
}

/// The job of this number; otherwise the page that says why not. What is asked for by a number may otherwise be understood as the
/// envelope, serial or control number of another job.
pub(in crate::face::console) async fn there(
    visit: &Visit,
    id: JobId,
) -> Result<JobRecord, Box<Response>> {
    match visit.apart(move |shared| shared.ledger.job(id)).await {
        Some(Ok(Some(record))) => Ok(record),
        Some(Ok(None)) => Err(Box::new(unknown(visit))),
        Some(Err(why)) => Err(Box::new(unreadable(visit, &why))),
        None => Err(Box::new(internal(visit))),
    }
}

/// Asks whoever may write the ledger, and leads to the page where the answer is told.
pub(in crate::face::console) async fn answered(visit: &Visit, asked: Ask, back: &str) -> Response {
    let answer: Option<Answer> = visit.apart(move |shared| (shared.answer)(&asked)).await;
    let Some(answer) = answer else {
        return internal(visit);
    };
    let notices = &visit.shared.oversight.notices;
    notices.keep(visit, Notice::of(answer));
    page::go(back)
}

fn refused(visit: &Visit, id: i64, text: &str) -> Response {
    let notices = &visit.shared.oversight.notices;
    notices.keep(visit, Notice::refusal(text));
    page::go(&address(id))
}

fn address(id: i64) -> String {
    format!("/queue/jobs/{id}")
}

pub(in crate::face::console) fn unknown(visit: &Visit) -> Response {
    visit.refuse(StatusCode::NOT_FOUND, visit.words.say("job.unknown"))
}

/// A reason as the command line takes it.
pub(in crate::face::console) fn reason(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().any(char::is_alphanumeric)
        && text.chars().count() <= REASON_CHARACTERS_MAX
        && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

type Seen = Option<(JobRecord, Vec<Stamped>)>;

fn look(ledger: &dyn Ledger, id: JobId) -> Result<Seen, Fault> {
    let Some(record) = ledger.job(id)? else {
        return Ok(None);
    };
    Ok(Some((record, ledger.journal(id)?)))
}

fn view(visit: &Visit, record: &JobRecord, rows: &[Stamped]) -> JobPage {
    let (words, zone) = (visit.words, TimeZone::system());
    let request = &record.job.request;
    let facts = report::labelled(record, rows)
        .into_iter()
        .map(|(name, value)| Fact {
            label: words.say(&fact_key(name)).to_owned(),
            value: clean(&value),
        })
        .collect();
    let begun = rows.iter().any(|row| row.event.attempt.0 > 0);
    // No user name has a space, but what stands in the place of an erased one.
    let erased = request.user.contains(' ');
    JobPage {
        shell: Shell::of(visit),
        notice: visit.shared.oversight.notices.take(visit),
        id: record.job.id.0,
        who: clean(request.name.as_deref().unwrap_or(&request.user)),
        standing: standing_word(record.standing),
        standing_said: standing_said(words, record.standing),
        facts,
        held: held(words, record, rows),
        events: rows
            .iter()
            .map(|row| Event {
                at: moment::local(row.at, &zone),
                actor: clean(&row.actor),
                text: journal::line(&row.event),
            })
            .collect(),
        may: May::of(record.standing, begun, erased),
        user: clean(&request.user),
        batch_address: super::pager::Query::default()
            .with("/queue", &[("batch", &record.job.batch.0)]),
    }
}

/// Why it is held, in the visitor's language; what a printer said of a letter in doubt behind it, as it said it.
fn held(words: &'static Words, record: &JobRecord, rows: &[Stamped]) -> Option<Held> {
    let fault = record.held.as_ref()?;
    let (whole, hint) = report::held(record, rows)?;
    let mut said = faults::said(fault);
    let doubt = whole.strip_prefix(&say_fault::message(fault));
    if let Some(reason) = doubt.and_then(|more| more.strip_prefix(REASON_MARK)) {
        said.push(Sentence::Ours(Text::plain("job.the_reason")));
        said.push(Sentence::Theirs(reason.to_owned()));
    }
    let why = wrong::told(&said, words);
    Some(Held { why, hint })
}

/// The key of the word for a fact that `keyline jobs show` tells.
fn fact_key(name: &str) -> String {
    format!("job.fact.{}", name.replace(' ', "_").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_goes_with_the_standing() {
        let of = |standing, begun| {
            let may = May::of(standing, begun, false);
            [may.hold, may.release, may.cancel, may.retry, may.erase]
        };
        assert_eq!(
            of(Standing::Waiting, false),
            [true, false, true, false, false]
        );
        assert_eq!(
            of(Standing::UnderWay, true),
            [true, false, true, true, false]
        );
        assert_eq!(of(Standing::Held, false), [false, true, true, true, false]);
        for over in [Standing::Done, Standing::Cancelled] {
            assert_eq!(of(over, true), [false, false, false, false, true]);
            assert!(!May::of(over, true, true).erase);
        }
    }

    #[test]
    fn a_reason_says_something() {
        assert_eq!(reason("  lost its card "), Some("lost its card".to_owned()));
        for unfit in ["", " ", "…", "a\nb", &"x".repeat(REASON_CHARACTERS_MAX + 1)] {
            assert_eq!(reason(unfit), None, "{unfit:?}");
        }
    }

    #[test]
    fn every_fact_has_a_word() {
        let ledger = crate::app::world::World::with_jobs(&["anna@contoso.com"]);
        let record = ledger.job(JobId(1)).unwrap().unwrap();
        let mut names: Vec<&str> = report::labelled(&record, &[])
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert!(names.len() > 10);
        names.extend(["void letters", "key"]);
        for name in names {
            let key = fact_key(name);
            assert_ne!(Words::get("en").say(&key), key, "{name}");
        }
    }
}
