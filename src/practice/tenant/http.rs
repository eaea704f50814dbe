//! The practice tenant's addresses: `fido2Methods` on v1.0 and beta. Here misbehaviour strikes; what
//! an honest answer holds is decided in `state` and `shapes`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Path, Query};
use axum::http::{HeaderMap, Response, header};
use axum::routing::{get, post};
use axum::{Router, response::IntoResponse};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::time::Timestamp;

use super::faults::{Operation, Trick};
use super::line::Scissors;
use super::policy;
use super::refusal::Refusal;
use super::rights;
use super::shapes::{self, Version};
use super::state::State;
use super::{Inner, admin, authorize, batch, directory, setup, token};

/// Bytes. A registration has about 15 KB.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What the beta function takes.
const CHALLENGE_MINUTES: std::ops::RangeInclusive<i64> = 5..=43_200;

/// A status and, except for 204, a body.
pub(super) type Outcome = Result<(u16, Option<Value>), Refusal>;

/// All routes.
pub(super) fn router(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token::issue))
        .route(
            "/{tenant}/oauth2/v2.0/devicecode",
            post(authorize::device_code),
        )
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::authorize))
        .nest("/v1.0", graph(Version::V1_0))
        .nest("/beta", graph(Version::Beta))
        .nest("/practice", admin::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(inner)
}

fn graph(version: Version) -> Router<Arc<Inner>> {
    Router::new()
        .route("/", get(root))
        .route(
            "/users/{user}/authentication/fido2Methods",
            get(list).post(register),
        )
        .route(
            "/users/{user}/authentication/fido2Methods/{below}",
            get(below).delete(delete),
        )
        .merge(directory::router())
        .merge(setup::router())
        .route("/$batch", post(batch::answer))
        .route(
            policy::PATH,
            get(policy::answer).patch(setup::change_policy),
        )
        .method_not_allowed_fallback(not_allowed)
        .layer(Extension(version))
}

/// Everything of a request that is not its subject.
pub(super) struct Visit {
    inner: Arc<Inner>,
    scissors: Scissors,
    headers: HeaderMap,
}

impl Visit {
    /// A header of the request, where it has that one.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Counts, lets misbehaviour strike, checks the token, acts, answers.
    pub(super) async fn serve(
        self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> Outcome,
    ) -> Response<Body> {
        let permitted = rights::admit(operation, &self.headers);
        let (outcome, trick) = self.act(operation, |state| permitted.and_then(|()| act(state)));
        match &trick {
            Some(Trick::Slow { millis }) => {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
            }
            Some(Trick::SlowBytes { millis }) => self.scissors.stall(*millis),
            Some(Trick::DropBeforeCommit | Trick::CommitThenDrop) => self.scissors.cut(),
            Some(
                Trick::Throttle { .. }
                | Trick::Fail { .. }
                | Trick::ExpireTokens
                | Trick::Garble { .. }
                | Trick::Half
                | Trick::Mislabel
                | Trick::Page
                | Trick::Redirect
                | Trick::Answer { .. },
            )
            | None => {}
        }
        self.answer(outcome, trick)
    }

    fn act(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> Outcome,
    ) -> (Outcome, Option<Trick>) {
        let mut state = self.inner.state();
        let trick = state.count_and_strike(operation);
        if trick == Some(Trick::ExpireTokens) {
            state.forget_tokens();
        }
        let outcome = match &trick {
            Some(trick) if trick.prevents() => Err(prevented(trick)),
            Some(_) | None => self.admit(&state, operation).and_then(|()| act(&mut state)),
        };
        (outcome, trick)
    }

    fn admit(&self, state: &State, operation: Operation) -> Result<(), Refusal> {
        let bearer = self
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let asks_for_one = matches!(operation, Operation::Token | Operation::DeviceCode);
        if asks_for_one || bearer.is_some_and(|token| state.is_token(token)) {
            return Ok(());
        }
        Err(Refusal::new(
            401,
            "InvalidAuthenticationToken",
            "the token is missing, unknown or expired",
        ))
    }

    fn answer(&self, outcome: Outcome, trick: Option<Trick>) -> Response<Body> {
        if let Some(trick @ (Trick::Page | Trick::Redirect)) = &trick {
            return answer_of_a_stranger(trick);
        }
        let now = {
            let state = self.inner.state();
            state.now().plus_seconds(state.faults.date_offset_seconds)
        };
        let request_id = Uuid::new_v4().to_string();
        let client_request_id = self
            .headers
            .get("client-request-id")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
            .to_owned();
        let (status, body) = match outcome {
            Ok(done) => done,
            Err(refusal) => (
                refusal.status,
                Some(refusal.body(&request_id, &client_request_id, &shapes::written(now))),
            ),
        };
        let mut response = Response::builder()
            .status(status)
            .header(header::DATE, http_date(now))
            .header("request-id", request_id)
            .header("client-request-id", client_request_id)
            .header(header::CACHE_CONTROL, "no-cache")
            .header("strict-transport-security", "max-age=31536000");
        if let Some(Trick::Throttle {
            retry_after_seconds: Some(seconds),
            as_date,
        }) = &trick
        {
            let value = if *as_date {
                http_date(now.plus_seconds(i64::try_from(*seconds).unwrap_or(i64::MAX)))
            } else {
                seconds.to_string()
            };
            response = response.header(header::RETRY_AFTER, value);
        }
        let kind = match trick {
            Some(Trick::Mislabel) => "text/html",
            _ => "application/json",
        };
        let body = match (trick, body) {
            (Some(Trick::Garble { body } | Trick::Answer { body, .. }), _) => Some(body),
            (Some(Trick::Half), Some(value)) => {
                let whole = value.to_string();
                Some(whole.chars().take(whole.chars().count() / 2).collect())
            }
            (_, body) => body.map(|value| value.to_string()),
        };
        let response = match body {
            Some(body) => response
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body)),
            None => response.body(Body::empty()),
        };
        response.unwrap_or_else(|_| axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

/// What stands in for an outcome that a trick has prevented.
fn prevented(trick: &Trick) -> Refusal {
    match trick {
        Trick::Throttle { .. } => Refusal::new(429, "TooManyRequests", "this was too much"),
        Trick::Fail { status } | Trick::Answer { status, .. } => {
            Refusal::new(*status, "practiceFailure", "this failure was asked for")
        }
        Trick::DropBeforeCommit
        | Trick::CommitThenDrop
        | Trick::ExpireTokens
        | Trick::Slow { .. }
        | Trick::SlowBytes { .. }
        | Trick::Garble { .. }
        | Trick::Half
        | Trick::Mislabel
        | Trick::Page
        | Trick::Redirect => Refusal::new(500, "practiceDropped", "nobody reads this"),
    }
}

/// Without any sign of Graph: it never heard of the request.
fn answer_of_a_stranger(trick: &Trick) -> Response<Body> {
    let response = Response::builder().header(header::CONTENT_TYPE, "text/html");
    let response = if *trick == Trick::Redirect {
        response
            .status(302)
            .header(header::LOCATION, "/practice/guests")
    } else {
        response.status(200)
    };
    let page = "<html><body>Please accept the terms of this network.</body></html>";
    response
        .body(Body::from(page))
        .unwrap_or_else(|_| axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

impl axum::extract::FromRequestParts<Arc<Inner>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        inner: &Arc<Inner>,
    ) -> Result<Self, Self::Rejection> {
        let scissors = parts
            .extensions
            .get::<ConnectInfo<Scissors>>()
            .map_or_else(Scissors::blunt, |info| info.0.clone());
        Ok(Self {
            inner: inner.clone(),
            scissors,
            headers: parts.headers.clone(),
        })
    }
}

async fn root(visit: Visit, Extension(version): Extension<Version>) -> Response<Body> {
    visit
        .serve(Operation::Root, |state| {
            let context = format!("{}{}/$metadata", state.base, version.path());
            Ok((200, Some(json!({ "@odata.context": context, "value": [] }))))
        })
        .await
}

#[derive(Deserialize)]
struct Skip {
    #[serde(rename = "$skiptoken")]
    from: Option<usize>,
}

async fn list(
    visit: Visit,
    Extension(version): Extension<Version>,
    Path(user): Path<String>,
    Query(skip): Query<Skip>,
) -> Response<Body> {
    visit
        .serve(Operation::List, |state| {
            let from = skip.from.unwrap_or(0);
            shapes::list(state, &user, version, from).map(|body| (200, Some(body)))
        })
        .await
}

async fn register(visit: Visit, Path(user): Path<String>, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::Register, |state| {
            let credential = state.register(&user, &body)?;
            Ok((201, Some(shapes::method(&credential))))
        })
        .await
}

async fn below(
    visit: Visit,
    Extension(version): Extension<Version>,
    Path((user, below)): Path<(String, String)>,
    uri: axum::http::Uri,
) -> Response<Body> {
    let Some(arguments) = below.strip_prefix("creationOptions") else {
        return visit
            .serve(Operation::Get, |state| {
                let listed = state.listed(&user)?;
                let one = listed
                    .iter()
                    .find(|one| one.method.0 == below)
                    .ok_or_else(|| {
                        Refusal::new(404, "Request_ResourceNotFound", "there is no such method")
                    })?;
                Ok((200, Some(shapes::method(one))))
            })
            .await;
    };
    visit
        .serve(Operation::CreationOptions, |state| {
            let seconds = match (version, arguments, uri.query()) {
                (_, "", None) => state.setup.challenge_seconds,
                (Version::Beta, arguments, None) => challenge_minutes(arguments)? * 60,
                // The query form stopped working at Entra in December 2025; v1.0 has no parameter.
                (Version::V1_0 | Version::Beta, ..) => return Err(method_not_allowed()),
            };
            shapes::creation_options(state, &user, version, seconds).map(|body| (200, Some(body)))
        })
        .await
}

/// `(challengeTimeoutInMinutes=60)`.
fn challenge_minutes(arguments: &str) -> Result<i64, Refusal> {
    let number = arguments
        .strip_prefix("(challengeTimeoutInMinutes=")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(method_not_allowed)?;
    number
        .parse()
        .ok()
        .filter(|minutes| CHALLENGE_MINUTES.contains(minutes))
        .ok_or_else(|| {
            Refusal::bad(
                "practiceChallengeTimeout",
                "challengeTimeoutInMinutes is not between 5 and 43200",
            )
        })
}

async fn delete(visit: Visit, Path((user, method)): Path<(String, String)>) -> Response<Body> {
    visit
        .serve(Operation::Delete, |state| {
            state.delete(&user, &method).map(|()| (204, None))
        })
        .await
}

async fn not_allowed(visit: Visit) -> Response<Body> {
    visit.answer(Err(method_not_allowed()), None)
}

fn method_not_allowed() -> Refusal {
    Refusal::new(
        405,
        "methodNotAllowed",
        "this method or form is not supported for this address",
    )
}

/// RFC 9110 §5.6.7.
fn http_date(moment: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(moment.0)
        .map(|moment| moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}
