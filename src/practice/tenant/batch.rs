//! `$batch` of the practice tenant: at most twenty requests, each judged and struck for itself, answered in another order than
//! they were asked in. It knows the lists of passkeys alone.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::faults::{Operation, Trick};
use super::http::Visit;
use super::refusal::Refusal;
use super::shapes::{self, Version};
use super::state::State;

/// Graph takes no more.
const REQUESTS_MAX: usize = 20;

#[derive(Deserialize)]
struct Requests {
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    id: String,
    method: String,
    url: String,
}

/// POST $batch.
pub(super) async fn answer(
    visit: Visit,
    version: Extension<Version>,
    body: Bytes,
) -> Response<Body> {
    visit
        .serve(Operation::Batch, |state| {
            let asked: Requests = serde_json::from_slice(&body)
                .map_err(|_| Refusal::bad("practiceBatch", "this is no list of requests"))?;
            let ids: BTreeSet<&str> = asked.requests.iter().map(|one| one.id.as_str()).collect();
            if asked.requests.len() > REQUESTS_MAX || ids.len() != asked.requests.len() {
                return Err(Refusal::bad(
                    "practiceBatch",
                    "more than 20 requests, or two with the same id",
                ));
            }
            let mut answers: Vec<Value> = asked
                .requests
                .iter()
                .map(|one| single(state, *version, one))
                .collect();
            // Whoever relies on the order notices.
            answers.reverse();
            let middle = answers.len() / 2;
            answers.rotate_left(middle);
            Ok((200, Some(json!({ "responses": answers }))))
        })
        .await
}

fn single(state: &mut State, version: Version, request: &Request) -> Value {
    let trick = state.count_and_strike(Operation::List);
    let mut headers = json!({ "Content-Type": "application/json" });
    let outcome = match trick {
        Some(Trick::Throttle {
            retry_after_seconds,
            ..
        }) => {
            if let (Some(seconds), Some(headers)) = (retry_after_seconds, headers.as_object_mut()) {
                headers.insert("Retry-After".to_owned(), json!(seconds.to_string()));
            }
            Err(Refusal::new(429, "TooManyRequests", "this was too much"))
        }
        Some(Trick::Fail { status }) => Err(Refusal::new(
            status,
            "practiceFailure",
            "this failure was asked for",
        )),
        // Inside one answer there is no connection of its own to cut, nor a token of its own.
        Some(
            Trick::DropBeforeCommit
            | Trick::CommitThenDrop
            | Trick::ExpireTokens
            | Trick::Slow { .. }
            | Trick::SlowBytes { .. }
            | Trick::Garble { .. }
            | Trick::Half
            | Trick::Mislabel
            | Trick::Page
            | Trick::Redirect
            | Trick::Answer { .. },
        )
        | None => list(state, version, request),
    };
    let (status, body) = match outcome {
        Ok(body) => (200, body),
        Err(refusal) => {
            let id = Uuid::new_v4().to_string();
            let date = shapes::written(state.now());
            (refusal.status, refusal.body(&id, "", &date))
        }
    };
    json!({ "id": request.id, "status": status, "headers": headers, "body": body })
}

fn list(state: &State, version: Version, request: &Request) -> Result<Value, Refusal> {
    let user = request
        .url
        .strip_prefix("/users/")
        .and_then(|rest| rest.strip_suffix("/authentication/fido2Methods"));
    match user {
        Some(user) if request.method == "GET" => {
            // A path segment, as it would stand in an address.
            let user = url::form_urlencoded::parse(user.replace('+', "%2B").as_bytes())
                .next()
                .map(|(user, _)| user.into_owned())
                .unwrap_or_default();
            shapes::list(state, &user, version, 0)
        }
        Some(_) | None => Err(Refusal::new(
            405,
            "Request_BadRequest",
            "only lists of passkeys are known here",
        )),
    }
}
