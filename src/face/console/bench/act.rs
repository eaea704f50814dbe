//! What the buttons of the bench do: each passes one wish on to the station and tells what came of it. Nothing is decided here,
//! and every wish carries the name of whoever is signed in.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::app::station::offers::{Offer, Offered};
use crate::app::station::{Request, Said};
use crate::domain::account::Role;
use crate::domain::authenticator::Slot;
use crate::domain::job::JobId;
use crate::domain::pin::Pin;
use crate::face::console::bench::part;
use crate::face::console::bench::stream::{self, Frame};
use crate::face::console::fields::Fields;
use crate::face::console::visit::Visit;
use crate::face::control::{Answer, Ask, Hands};
use crate::face::prompt::is_from_a_device;
use crate::face::say;

/// What came of it, for the page.
#[derive(Serialize)]
struct Told {
    ok: bool,
    /// May be empty, where the card itself says it.
    message: String,
    /// The language of the message, where it is not the page's.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<&'static str>,
    /// What the page shows by now of what was refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, String>,
}

fn told(ok: bool, message: String, lang: Option<&'static str>) -> Response {
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    };
    with_parts(status, message, lang, BTreeMap::new())
}

fn with_parts(
    status: StatusCode,
    message: String,
    lang: Option<&'static str>,
    parts: BTreeMap<String, String>,
) -> Response {
    let told = Told {
        ok: status == StatusCode::OK,
        message,
        lang,
        parts,
    };
    (status, Json(told)).into_response()
}

/// What the card of `slot` shows by now, or the letters: a window may be behind.
fn parts(visit: &Visit, slot: Option<Slot>) -> BTreeMap<String, String> {
    let frame = stream::make(&visit.shared, visit.words, &Frame::default());
    let name = slot.map_or_else(|| part::LETTERS.to_owned(), part::of_slot);
    let text = frame.parts.get(&name).map(ToString::to_string);
    text.map(|text| (name, text)).into_iter().collect()
}

/// A sentence of [`crate::face::say`], which is English.
fn said(result: Result<String, say::Complaint>) -> Response {
    match result {
        Ok(message) => told(true, message, Some("en")),
        Err(complaint) => told(false, sentence(&complaint), Some("en")),
    }
}

fn sentence(complaint: &say::Complaint) -> String {
    let sentence = format!("{} {}", complaint.message, complaint.hint);
    sentence.trim_end().to_owned()
}

/// A text of the page's own words.
fn own(visit: &Visit, ok: bool, key: &str) -> Response {
    told(ok, visit.words.say(key).to_owned(), None)
}

/// Asks the station's loop for something that is answered by what the cards say next.
fn request(visit: &Visit, request: Request) -> Response {
    let station = visit.shared.station.as_ref();
    if station.is_some_and(|station| station.ask(request)) {
        told(true, String::new(), None)
    } else {
        own(visit, false, "bench.ended")
    }
}

/// Asks whoever may write the ledger, and waits until it is durable.
async fn ask(visit: &Visit, asked: Ask) -> Response {
    let answer = visit.apart(move |shared| (shared.answer)(&asked)).await;
    match answer {
        Some(answer) => said(answer.into_result()),
        None => own(visit, false, "refusal.internal"),
    }
}

fn job_of(fields: &Fields) -> Option<JobId> {
    fields.get("job").parse().ok().map(JobId)
}

fn asked_of(fields: &Fields) -> Option<u64> {
    fields.get("asked").parse().ok()
}

fn slot_of(fields: &Fields) -> Option<Slot> {
    fields.get("slot").parse().ok().map(Slot)
}

/// `POST /bench/answer`: `slot`, `asked` (the number of the question), `yes` (`yes` or `no`).
pub(in crate::face::console) async fn answer(visit: Visit, fields: Fields) -> Response {
    let yes = match fields.get("yes") {
        "yes" => true,
        "no" => false,
        _ => return own(&visit, false, "job.no_such_change"),
    };
    let (Some(slot), Some(asked)) = (slot_of(&fields), asked_of(&fields)) else {
        return own(&visit, false, "job.no_such_change");
    };
    let (said, actor) = (Said { slot, asked, yes }, visit.actor());
    let answered = visit.apart(move |shared| shared.station.as_ref()?.answer(said, actor));
    match answered.await.flatten() {
        Some(true) => told(true, String::new(), None),
        Some(false) => over(&visit, slot, "bench.over"),
        None => own(&visit, false, "bench.ended"),
    }
}

/// The slot asks that no more.
fn over(visit: &Visit, slot: Slot, key: &str) -> Response {
    let message = visit.words.say(key).to_owned();
    let parts = parts(visit, Some(slot));
    with_parts(StatusCode::CONFLICT, message, None, parts)
}

/// `POST /bench/confirm`: `job`, `step` (`bag`, then `slot` as well, or `letter`), where the policy takes one button for it.
pub(in crate::face::console) async fn confirm(visit: Visit, fields: Fields) -> Response {
    match (fields.get("step"), slot_of(&fields)) {
        ("bag", Some(slot)) => at_bench(&visit, &fields, Some(slot), Offer::Bagged).await,
        ("letter", _) => at_bench(&visit, &fields, None, Offer::Good).await,
        _ => own(&visit, false, "job.no_such_change"),
    }
}

/// `POST /bench/scan`: `line`, as a hand scanner or a person typed it.
pub(in crate::face::console) async fn scan(visit: Visit, fields: Fields) -> Response {
    let asked = Ask::Hands {
        hands: Hands::Scanned {
            line: fields.get("line").to_owned(),
        },
        actor: visit.actor(),
    };
    ask(&visit, asked).await
}

/// `POST /bench/spoiled`: the letter of `job` is void.
pub(in crate::face::console) async fn spoiled(visit: Visit, fields: Fields) -> Response {
    at_bench(&visit, &fields, None, Offer::Spoiled).await
}

/// `POST /bench/reissue`: nobody finds the letter of `job`; the key gets a new PIN.
pub(in crate::face::console) async fn reissue(visit: Visit, fields: Fields) -> Response {
    at_bench(&visit, &fields, None, Offer::Reissue).await
}

/// `POST /bench/job`: `slot`, `job`, `change` (`skip`, `another` or `cancel`), as the slot's card offers it.
pub(in crate::face::console) async fn job(visit: Visit, fields: Fields) -> Response {
    let offers = [Offer::Skip, Offer::Another, Offer::Cancel];
    let named = |offer: &Offer| part::word(*offer) == fields.get("change");
    match (offers.into_iter().find(named), slot_of(&fields)) {
        (Some(offer), Some(slot)) => at_bench(&visit, &fields, Some(slot), offer).await,
        _ => own(&visit, false, "job.no_such_change"),
    }
}

/// Has the station do what it offers there, if it still does when its loop comes to it.
async fn at_bench(visit: &Visit, fields: &Fields, slot: Option<Slot>, offer: Offer) -> Response {
    let Some(job) = job_of(fields) else {
        return own(visit, false, "job.no_such_change");
    };
    let asked = Ask::AtBench {
        offered: Offered { slot, job, offer },
        actor: visit.actor(),
    };
    let answer = visit.apart(move |shared| (shared.answer)(&asked)).await;
    match answer.map(Answer::into_result) {
        Some(Err(complaint)) => {
            let message = sentence(&complaint);
            let parts = parts(visit, slot);
            with_parts(StatusCode::CONFLICT, message, Some("en"), parts)
        }
        Some(result) => said(result),
        None => own(visit, false, "refusal.internal"),
    }
}

/// `POST /bench/pin`: `slot`, `asked` (the number of the question), and `pin` or `unknown`. The PIN goes to the key's run and
/// nowhere else.
pub(in crate::face::console) async fn pin(visit: Visit, fields: Fields) -> Response {
    let (Some(slot), Some(asked)) = (slot_of(&fields), asked_of(&fields)) else {
        return own(&visit, false, "job.no_such_change");
    };
    let pin = if fields.get("unknown") == "yes" {
        None
    } else {
        // Each wrong one costs the key a try.
        if is_from_a_device(fields.get("pin")) {
            return own(&visit, false, "bench.pin.not_typed");
        }
        match Pin::new(fields.get("pin")) {
            Ok(pin) => Some(pin),
            Err(_) => return own(&visit, false, "bench.pin.unfit"),
        }
    };
    if visit.shared.bench.prompt.answer(slot, asked, pin) {
        told(true, String::new(), None)
    } else {
        over(&visit, slot, "bench.pin.over")
    }
}

/// `POST /bench/help`: `slot` (empty: the bench), `wanted` (`yes` or `no`).
pub(in crate::face::console) async fn help(visit: Visit, fields: Fields) -> Response {
    let slot = slot_of(&fields);
    let view = visit.shared.board.view();
    let has_card = |slot| visit.shared.bench.facts.slots(&view).contains(&slot);
    // Each call stands in every window, and in the ledger.
    if slot.is_some_and(|slot| !has_card(slot)) {
        return own(&visit, false, "job.no_such_change");
    }
    let wish = Request::Help {
        slot,
        wanted: fields.get("wanted") == "yes",
        actor: visit.actor(),
    };
    request(&visit, wish)
}

/// `POST /bench/line`: `what` (`pause`, `go`, `seen`: all that is on hold, or `stop`, which is the administrator's).
pub(in crate::face::console) async fn line(visit: Visit, fields: Fields) -> Response {
    let actor = visit.actor();
    let wish = match fields.get("what") {
        "pause" => Request::Pause {
            paused: true,
            actor,
        },
        "go" => Request::Pause {
            paused: false,
            actor,
        },
        "seen" => Request::Seen { actor },
        "stop" if visit.may(Role::Administrator) => Request::StopBy { actor },
        "stop" => {
            let message = visit.words.say("refusal.role").to_owned();
            return with_parts(StatusCode::FORBIDDEN, message, None, BTreeMap::new());
        }
        _ => return own(&visit, false, "job.no_such_change"),
    };
    request(&visit, wish)
}
