//! What the buttons of the bench do: each passes one wish on to the station and tells what came of it. Nothing is decided here,
//! and every wish carries the name of whoever is signed in.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::app::admin::Change;
use crate::app::station::Request;
use crate::app::trail::Deed;
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::pin::Pin;
use crate::face::console::fields::Fields;
use crate::face::console::visit::Visit;
use crate::face::control::{Ask, Hands};
use crate::face::say;

/// Why a job is on hold that was skipped.
const SKIPPED: &str = "skipped at the bench";
/// Why a letter is void that was called spoiled.
const SPOILED: &str = "spoiled, said at the bench";
/// Why a letter is made anew that nobody found.
const NOT_FOUND: &str = "not found at the printer, said at the bench";

/// What came of it, for the page.
#[derive(Serialize)]
struct Told {
    ok: bool,
    /// May be empty, where the card itself says it.
    message: String,
    /// The language of the message, where it is not the page's.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<&'static str>,
}

fn told(ok: bool, message: String, lang: Option<&'static str>) -> Response {
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    };
    (status, Json(Told { ok, message, lang })).into_response()
}

/// A sentence of [`crate::face::say`], which is English.
fn said(result: Result<String, say::Complaint>) -> Response {
    match result {
        Ok(message) => told(true, message, Some("en")),
        Err(complaint) => {
            let message = format!("{} {}", complaint.message, complaint.hint);
            told(false, message.trim_end().to_owned(), Some("en"))
        }
    }
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

fn slot_of(fields: &Fields) -> Option<Slot> {
    fields.get("slot").parse().ok().map(Slot)
}

/// `POST /bench/answer`: `slot`, `job`, `yes` (`yes` or `no`).
pub(in crate::face::console) async fn answer(visit: Visit, fields: Fields) -> Response {
    let yes = match fields.get("yes") {
        "yes" => true,
        "no" => false,
        _ => return own(&visit, false, "bench.failed"),
    };
    let (Some(slot), Some(job)) = (slot_of(&fields), job_of(&fields)) else {
        return own(&visit, false, "bench.failed");
    };
    let actor = visit.actor();
    let wish = Request::Answer {
        slot,
        job,
        yes,
        actor,
    };
    request(&visit, wish)
}

/// `POST /bench/confirm`: `job`, `step` (`bag` or `letter`), where the policy takes one button for it.
pub(in crate::face::console) async fn confirm(visit: Visit, fields: Fields) -> Response {
    let step = match fields.get("step") {
        "bag" => Step::Bag,
        "letter" => Step::Deliver,
        _ => return own(&visit, false, "bench.failed"),
    };
    let Some(job) = job_of(&fields) else {
        return own(&visit, false, "bench.failed");
    };
    let actor = visit.actor();
    let acted = visit.apart(move |shared| {
        let station = shared.station.as_ref()?;
        station.trail(Deed::Pressed { job, step }, actor)
    });
    match acted.await.flatten() {
        Some(Ok(acted)) => said(Ok(say::trail::done(&acted))),
        Some(Err(refusal)) => said(Err(say::trail::refused(&refusal, None))),
        None => own(&visit, false, "bench.ended"),
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
    let Some(job) = job_of(&fields) else {
        return own(&visit, false, "bench.failed");
    };
    let asked = Ask::Hands {
        hands: Hands::Spoiled {
            job: job.to_string(),
            reason: SPOILED.to_owned(),
        },
        actor: visit.actor(),
    };
    ask(&visit, asked).await
}

/// `POST /bench/reissue`: nobody finds the letter of `job`; the key gets a new PIN.
pub(in crate::face::console) async fn reissue(visit: Visit, fields: Fields) -> Response {
    let reason = NOT_FOUND.to_owned();
    change(&visit, &fields, Change::Reissue { reason }).await
}

/// `POST /bench/job`: `job`, `change` (`skip`, `another` or `cancel`).
pub(in crate::face::console) async fn job(visit: Visit, fields: Fields) -> Response {
    let wish = match fields.get("change") {
        "skip" => Change::Hold {
            reason: SKIPPED.to_owned(),
        },
        "another" => Change::Retry,
        "cancel" => Change::Cancel,
        _ => return own(&visit, false, "bench.failed"),
    };
    change(&visit, &fields, wish).await
}

async fn change(visit: &Visit, fields: &Fields, change: Change) -> Response {
    let Some(job) = job_of(fields) else {
        return own(visit, false, "bench.failed");
    };
    let asked = Ask::Change {
        job: job.to_string(),
        change,
        actor: visit.actor(),
    };
    ask(visit, asked).await
}

/// `POST /bench/pin`: `slot`, and `pin` or `unknown`. The PIN goes to the key's run and nowhere else.
pub(in crate::face::console) async fn pin(visit: Visit, fields: Fields) -> Response {
    let Some(slot) = slot_of(&fields) else {
        return own(&visit, false, "bench.failed");
    };
    let pin = if fields.get("unknown") == "yes" {
        None
    } else {
        match Pin::new(fields.get("pin")) {
            Ok(pin) => Some(pin),
            Err(_) => return own(&visit, false, "bench.pin.unfit"),
        }
    };
    if visit.shared.bench.prompt.answer(slot, pin) {
        told(true, String::new(), None)
    } else {
        own(&visit, false, "bench.pin.over")
    }
}

/// `POST /bench/help`: `slot` (empty: the bench), `wanted` (`yes` or `no`).
pub(in crate::face::console) async fn help(visit: Visit, fields: Fields) -> Response {
    let wish = Request::Help {
        slot: slot_of(&fields),
        wanted: fields.get("wanted") == "yes",
        actor: visit.actor(),
    };
    request(&visit, wish)
}

/// `POST /bench/line`: `what` (`pause`, `go` or `stop`).
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
        "stop" => Request::StopBy { actor },
        _ => return own(&visit, false, "bench.failed"),
    };
    request(&visit, wish)
}
