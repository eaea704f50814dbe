//! `POST /pins/{id}/open`: the seal of one PIN, for a script of ours, after its opening was written down. JSON, either way.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Opened, Place, Sealed, Seen, see};
use crate::app::admin::{Opening, Origin};
use crate::domain::event::Attempt;
use crate::domain::job::JobId;
use crate::face::console::admin::job::reason;
use crate::face::console::{Fields, Shared, Visit};
use crate::face::control::{Answer, Ask};
use crate::face::report::name;
use crate::face::say::clean::lines;
use crate::face::say::{Complaint, ExitCode, pins as said};
use crate::port::Keeping;

/// `POST /pins/{id}/open`: `reason`; `void=yes` where it is void, and wanted all the same.
pub(in crate::face::console) async fn open(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let actor = visit.actor();
    let (why, void) = (reason(fields.get("reason")), fields.get("void") == "yes");
    let given = visit
        .apart(move |shared| give(shared, &id, why, void, actor))
        .await;
    match given {
        Some(Ok(opened)) => answer(StatusCode::OK, &opened),
        Some(Err(complaint)) => refused(&complaint),
        None => refused(&Complaint::new(
            ExitCode::Bug,
            "Something is wrong inside keyline.",
            "Its log says what.",
        )),
    }
}

/// Nothing that a PIN could be read from leaves before the note is on the disk.
fn give(
    shared: &Shared,
    id: &str,
    why: Option<String>,
    void: bool,
    actor: String,
) -> Result<Value, Complaint> {
    let desk = &shared.oversight.means.pins;
    if matches!(desk.place, Place::Station) {
        return Err(said::not_here());
    }
    let why = why.ok_or_else(said::no_reason)?;
    let record = id.parse().ok().map(JobId).map(|id| shared.ledger.job(id));
    let record = record.transpose()?.flatten();
    let record = record.ok_or_else(|| Complaint::usage("There is no such job.", ""))?;
    let seen = see(shared.ledger.as_ref(), desk, record)?;
    let pin = seen.pin.map_err(|why| said::none(why, &seen.record))?;
    if let (Some(pin), false) = (&pin.void, void) {
        return Err(said::refused(pin, &name(&seen.record), &TimeZone::system()));
    }
    let opened = Opened {
        at: shared.now(),
        actor,
        job: seen.record.job.id,
        envelope: seen.record.job.envelope,
        reason: why,
        void: pin.void.is_some(),
    };
    note(shared, &desk.place, &opened)?;
    Ok(told(&seen, &pin))
}

fn note(shared: &Shared, place: &Place, opened: &Opened) -> Result<(), Complaint> {
    let noted = match place {
        Place::Station => return Err(said::not_here()),
        Place::Copy(note) => note(opened),
        Place::Practice => {
            let asked = Ask::Keep {
                keeping: Keeping::Opening {
                    job: opened.job,
                    reason: Some(opened.reason.clone()),
                    void: opened.void,
                },
                actor: opened.actor.clone(),
            };
            let answer: Answer = (shared.answer)(&asked);
            answer.into_result().map(drop)
        }
    };
    noted.map_err(said::not_noted)
}

fn told(seen: &Seen, pin: &Opening) -> Value {
    let from = |origin: Origin| seen.sealed.iter().rfind(|one| one.origin == origin);
    json!({
        "pin": from(pin.on_key).map(of_seal),
        "before": pin.before.and_then(from).map(of_seal),
        "doubt": said::uncertain(pin.certainty),
        "void": pin.void.as_ref().map(said::void),
    })
}

fn of_seal(sealed: &Sealed) -> Value {
    let attempt = match sealed.origin {
        Origin::Set(Attempt(attempt)) => attempt,
        Origin::Kept => 0,
    };
    json!({
        "code": sealed.code,
        "attempt": attempt,
        "tenant": sealed.tenant,
        "user": sealed.user,
        "serial": sealed.serial,
        "sealed": STANDARD.encode(&sealed.bytes),
    })
}

fn refused(complaint: &Complaint) -> Response {
    let told = json!({ "message": lines(&complaint.message), "hint": lines(&complaint.hint) });
    answer(StatusCode::CONFLICT, &told)
}

fn answer(status: StatusCode, told: &Value) -> Response {
    let mut response = Response::new(Body::from(told.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
