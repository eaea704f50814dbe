//! PIN codes: who has one, and whether it is void; and, where the pages are the administrator's own, its opening. What is sealed goes
//! to the browser once the opening is written down, and is opened there: this side never has a PIN, nor a key that could open one.
//!
//! # Why
//! Whoever owns a station owns the pages that it serves, and could serve one that keeps the recovery identity. So a station opens
//! nothing: the administrator takes a copy of its ledger to a computer of their own, and `keyline console --ledger` serves the same
//! pages there. In practice there is nothing to protect, and the station's own pages open PINs as well.

mod open;

pub(super) use self::open::open;

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use super::admin::job::{answered, reason, there, unknown};
use super::admin::notice::Notice;
use super::admin::pager::Query;
use super::admin::queue::{internal, standing_said, standing_word, unreadable};
use super::{Fields, Shell, Visit, page};
use crate::app::admin::{Change, NoPin, Opening, Origin, opening};
use crate::domain::enrollment::Standing;
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::time::Timestamp;
use crate::face::console::words::Words;
use crate::face::control::Ask;
use crate::face::say::{Complaint, clean, moment, pins as said};
use crate::port::browse::JobFilter;
use crate::port::{JobRecord, Ledger};

/// Jobs in one list. Whoever looks for a PIN knows whose.
pub const ROWS_MAX: u32 = 50;
/// A PIN is looked at for so long, and then gone from the page.
pub const SHOWN_SECONDS: u32 = 60;

/// A sealed PIN as the ledger has it, and where it belongs.
pub struct Sealed {
    pub origin: Origin,
    /// What stands in the seal for where it came from.
    pub code: u8,
    pub tenant: String,
    pub user: String,
    /// Empty where the key has none.
    pub serial: String,
    /// An age file.
    pub bytes: Vec<u8>,
}

/// An opening, as it is written down before anything is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub at: Timestamp,
    pub actor: String,
    pub job: JobId,
    pub envelope: Envelope,
    pub reason: String,
    pub void: bool,
}

/// Writes an opening down beside a copy of a ledger; durable when it returns.
pub type Noter = Arc<dyn Fn(&Opened) -> Result<(), Complaint> + Send + Sync>;

/// Whose pages these are.
#[derive(Clone)]
pub enum Place {
    /// A station's: it opens nothing.
    Station,
    /// A station's in practice: openings stand in its own ledger.
    Practice,
    /// The administrator's own, over a copy of a ledger.
    Copy(Noter),
}

/// What these pages need from outside. What is called may block.
#[derive(Clone)]
pub struct Desk {
    /// The sealed PINs of a job that are, or were, on a key.
    pub sealed: Arc<dyn Fn(JobId) -> Result<Vec<Sealed>, Fault> + Send + Sync>,
    pub place: Place,
    /// How long a PIN is shown.
    pub shown_seconds: u32,
}

impl Desk {
    /// Whether the pages stand over a copy, which nobody changes.
    pub const fn is_copy(&self) -> bool {
        matches!(self.place, Place::Copy(_))
    }

    const fn opens(&self) -> bool {
        !matches!(self.place, Place::Station)
    }
}

/// The PIN of a job, as a list and a page tell it.
struct Word {
    word: &'static str,
    key: &'static str,
}

struct Line {
    id: i64,
    name: String,
    user: String,
    envelope: String,
    serial: String,
    attempt: String,
    state: &'static str,
    state_said: &'static str,
}

#[derive(Template)]
#[template(path = "pins/list.html")]
struct List {
    shell: Shell,
    text: String,
    asked: bool,
    lines: Vec<Line>,
    found: String,
    opens: bool,
    is_copy: bool,
}

#[derive(Template)]
#[template(path = "pins/one.html")]
struct One {
    shell: Shell,
    notice: Option<Notice>,
    id: i64,
    line: Line,
    standing: &'static str,
    standing_said: &'static str,
    /// The user as the ledger has it, to be compared.
    user: String,
    /// Why there is no PIN, in the words of the command line.
    none: Option<(String, String)>,
    void: Option<String>,
    opens: bool,
    is_copy: bool,
    shown_seconds: u32,
    may: May,
}

/// What else can be tried from here. The station may still refuse, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct May {
    reissue: bool,
    hand_over: bool,
}

/// A job, and what there is of its PIN.
pub(super) struct Seen {
    pub(super) record: JobRecord,
    pub(super) pin: Result<Opening, NoPin>,
    pub(super) sealed: Vec<Sealed>,
}

/// `GET /pins`: `text`.
pub(super) async fn list(visit: Visit) -> Response {
    let query = Query::of(&visit);
    let text = query.get("text").to_owned();
    let filter = JobFilter {
        text: text.clone(),
        ..JobFilter::default()
    };
    let asked = !text.is_empty();
    let seen = visit
        .apart(move |shared| {
            let means = &shared.oversight.means;
            if !asked {
                return Ok((Vec::new(), 0));
            }
            let page = means.browse.jobs(&filter, 0, ROWS_MAX)?;
            let all: u64 = page.counts.iter().map(|(_, count)| *count).sum();
            let look = |record| see(shared.ledger.as_ref(), &means.pins, record);
            let seen: Result<Vec<Seen>, Fault> = page.records.into_iter().map(look).collect();
            Ok::<_, Fault>((seen?, all))
        })
        .await;
    let (seen, all) = match seen {
        Some(Ok(seen)) => seen,
        Some(Err(why)) => return unreadable(&visit, &why),
        None => return internal(&visit),
    };
    let all = usize::try_from(all).unwrap_or(usize::MAX);
    let desk = &visit.shared.oversight.means.pins;
    let template = List {
        text: clean(&text),
        asked,
        lines: seen.iter().map(|seen| line(visit.words, seen)).collect(),
        found: if all > seen.len() {
            let first = seen.len().to_string();
            visit.words.fill(
                "pins.found_more",
                &[("count", &all.to_string()), ("first", &first)],
            )
        } else {
            visit.words.count("queue.found", all)
        },
        opens: desk.opens(),
        is_copy: desk.is_copy(),
        shell: Shell::of(&visit),
    };
    page(StatusCode::OK, &template)
}

/// `GET /pins/{id}`
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return unknown(&visit);
    };
    match look(&visit, JobId(id)).await {
        Ok(seen) => page(StatusCode::OK, &view(&visit, &seen)),
        Err(response) => *response,
    }
}

/// `POST /pins/{id}`: `change` is `reissue` with a `reason`, or `hand_over`.
pub(super) async fn change(visit: Visit, Path(id): Path<String>, fields: Fields) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return unknown(&visit);
    };
    if let Err(response) = there(&visit, JobId(id)).await {
        return *response;
    }
    let back = format!("/pins/{id}");
    let change = match (fields.get("change"), reason(fields.get("reason"))) {
        ("reissue", Some(reason)) => Ok(Change::Reissue { reason }),
        ("reissue", None) => Err("job.reason_unfit"),
        ("hand_over", _) => Ok(Change::HandOver),
        _ => Err("job.no_such_change"),
    };
    let change = match change {
        Ok(change) => change,
        Err(key) => {
            let notices = &visit.shared.oversight.notices;
            notices.keep(&visit, Notice::refusal(visit.words.say(key)));
            return page::go(&back);
        }
    };
    let asked = Ask::Change {
        job: id.to_string(),
        change,
        actor: visit.actor(),
    };
    answered(&visit, asked, &back).await
}

/// The job, with what there is of its PIN; otherwise the page that says why not.
async fn look(visit: &Visit, id: JobId) -> Result<Seen, Box<Response>> {
    let seen = visit
        .apart(move |shared| {
            let Some(record) = shared.ledger.job(id)? else {
                return Ok(None);
            };
            let desk = &shared.oversight.means.pins;
            see(shared.ledger.as_ref(), desk, record).map(Some)
        })
        .await;
    match seen {
        Some(Ok(Some(seen))) => Ok(seen),
        Some(Ok(None)) => Err(Box::new(unknown(visit))),
        Some(Err(why)) => Err(Box::new(unreadable(visit, &why))),
        None => Err(Box::new(internal(visit))),
    }
}

/// Looks at what there is of the PIN of a job.
pub(super) fn see(ledger: &dyn Ledger, desk: &Desk, record: JobRecord) -> Result<Seen, Fault> {
    let sealed = (desk.sealed)(record.job.id)?;
    let kept: Vec<Origin> = sealed.iter().map(|one| one.origin).collect();
    let pin = opening(ledger, &record, &kept)?;
    Ok(Seen {
        record,
        pin,
        sealed,
    })
}

const fn state(pin: &Result<Opening, NoPin>) -> Word {
    let (word, key) = match pin {
        Ok(Opening { void: Some(_), .. }) => ("void", "pins.state.void"),
        Ok(Opening {
            on_key: Origin::Kept,
            ..
        }) => ("kept", "pins.state.kept"),
        Ok(_) => ("current", "pins.state.current"),
        Err(NoPin::Erased) => ("none", "pins.state.erased"),
        Err(NoPin::Wiped) => ("none", "pins.state.wiped"),
        Err(NoPin::Over) => ("none", "pins.state.over"),
        Err(NoPin::NotSet) => ("none", "pins.state.not_set"),
    };
    Word { word, key }
}

fn line(words: &'static Words, seen: &Seen) -> Line {
    let (record, request) = (&seen.record, &seen.record.job.request);
    let Word { word, key } = state(&seen.pin);
    let serial = record.serial.as_ref();
    Line {
        id: record.job.id.0,
        name: clean(request.name.as_deref().unwrap_or_default()),
        user: clean(&request.user),
        envelope: record.job.envelope.to_string(),
        serial: serial.map_or_else(String::new, |serial| clean(serial.as_str())),
        attempt: match &seen.pin {
            Ok(Opening {
                on_key: Origin::Set(Attempt(attempt)),
                ..
            }) => attempt.to_string(),
            Ok(_) | Err(_) => String::new(),
        },
        state: word,
        state_said: words.say(key),
    }
}

fn view(visit: &Visit, seen: &Seen) -> One {
    let desk = &visit.shared.oversight.means.pins;
    let (words, zone) = (visit.words, TimeZone::system());
    let record = &seen.record;
    let void = seen.pin.ok().and_then(|pin| pin.void);
    let has_letter = seen.pin.is_ok() && void.is_none();
    let over = record.standing == Standing::Cancelled;
    One {
        shell: Shell::of(visit),
        notice: visit.shared.oversight.notices.take(visit),
        id: record.job.id.0,
        line: line(words, seen),
        standing: standing_word(record.standing),
        standing_said: standing_said(words, record.standing),
        user: record.job.request.user.clone(),
        none: seen.pin.err().map(|why| {
            let complaint = said::none(why, record);
            (clean(&complaint.message), clean(&complaint.hint))
        }),
        void: void.map(|void| {
            let since = moment::local(void.since, &zone);
            words.fill(
                "pins.void_since",
                &[("since", &since), ("why", &said::why(void.why))],
            )
        }),
        opens: desk.opens(),
        is_copy: desk.is_copy(),
        shown_seconds: desk.shown_seconds,
        may: May {
            reissue: has_letter && !over,
            hand_over: has_letter
                && record.standing == Standing::Done
                && !record.custody.handed_over,
        },
    }
}
