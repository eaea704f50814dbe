//! Addresses at which a tenant is set up: `applications`, `servicePrincipals`, and the change of the passkey policy. What is demanded of
//! a body is decided in `applications` and in `policy`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path};
use axum::http::{Response, Uri};
use axum::routing::get;
use serde_json::{Value, json};

use super::Inner;
use super::faults::Operation;
use super::http::{Outcome, Visit};
use super::odata::Options;
use super::refusal::Refusal;
use super::shapes::Version;
use super::state::State;

const OF_APPLICATION: [&str; 6] = [
    "id",
    "appId",
    "displayName",
    "signInAudience",
    "requiredResourceAccess",
    "keyCredentials",
];
const OF_PRINCIPAL: [&str; 4] = ["id", "appId", "displayName", "appRoles"];
const OF_ASSIGNMENT: [&str; 7] = [
    "id",
    "appRoleId",
    "principalId",
    "principalType",
    "resourceDisplayName",
    "resourceId",
    "createdDateTime",
];

/// The routes below a version.
pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/applications", get(applications).post(register))
        .route("/applications/{id}", get(application).patch(change))
        .route("/servicePrincipals", get(principals).post(make_principal))
        .route(
            "/servicePrincipals/{id}/appRoleAssignments",
            get(assignments).post(assign),
        )
}

async fn applications(visit: Visit, version: Extension<Version>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Applications, |state| {
            let all = state.applications_shown();
            page(
                state,
                *version,
                "applications",
                all,
                &options,
                &OF_APPLICATION,
            )
        })
        .await
}

async fn application(visit: Visit, Path(id): Path<String>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Applications, |state| {
            // Graph shows the certificates themselves to nobody who has not selected them.
            let in_full = options.get("$select") == Some("keyCredentials");
            let one = state.application_shown(&id, in_full)?;
            Ok((200, Some(options.select(one, &OF_APPLICATION)?)))
        })
        .await
}

async fn register(visit: Visit, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::RegisterApplication, |state| {
            state
                .register_application(&body)
                .map(|one| (201, Some(one)))
        })
        .await
}

async fn change(visit: Visit, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::ChangeApplication, |state| {
            state.change_application(&id, &body).map(|()| (204, None))
        })
        .await
}

async fn principals(visit: Visit, version: Extension<Version>, uri: Uri) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Principals, |state| {
            let all = state.principals_shown();
            page(
                state,
                *version,
                "servicePrincipals",
                all,
                &options,
                &OF_PRINCIPAL,
            )
        })
        .await
}

async fn make_principal(visit: Visit, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::MakePrincipal, |state| {
            state.make_principal(&body).map(|one| (201, Some(one)))
        })
        .await
}

async fn assignments(
    visit: Visit,
    version: Extension<Version>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response<Body> {
    let options = Options::read(uri.query(), &visit);
    visit
        .serve(Operation::Assignments, |state| {
            let all = state.assignments_shown(&id)?;
            let path = format!("servicePrincipals/{id}/appRoleAssignments");
            page(state, *version, &path, all, &options, &OF_ASSIGNMENT)
        })
        .await
}

async fn assign(visit: Visit, Path(id): Path<String>, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::Assign, |state| {
            state.assign(&id, &body).map(|one| (201, Some(one)))
        })
        .await
}

/// PATCH of the passkey policy.
pub(super) async fn change_policy(visit: Visit, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::ChangePolicy, |state| {
            super::policy::change(state, &body).map(|()| (204, None))
        })
        .await
}

/// One page of `entries`, of those that `$filter` leaves.
fn page(
    state: &State,
    version: Version,
    path: &str,
    mut entries: Vec<Value>,
    options: &Options,
    usual: &[&str],
) -> Outcome {
    if let Some(filter) = options.get("$filter") {
        let (property, value) = equation(filter)?;
        if !usual.contains(&property) {
            return Err(Refusal::bad("practiceQuery", "no such property"));
        }
        entries.retain(|one| {
            let one = one.get(property).and_then(Value::as_str);
            one.is_some_and(|one| one.eq_ignore_ascii_case(&value))
        });
    }
    let (skip, _) = options.window()?;
    let size = state.setup.page_size.max(1);
    let next = skip.saturating_add(size);
    let is_more = next < entries.len();
    let value: Vec<Value> = entries
        .into_iter()
        .skip(skip)
        .take(size)
        .map(|one| options.select(one, usual))
        .collect::<Result<_, _>>()?;
    let version = format!("{}{}", state.base, version.path());
    let mut body = json!({
        "@odata.context": format!("{version}/$metadata#{path}"),
        "value": value,
    });
    if let Some(members) = body.as_object_mut().filter(|_| is_more) {
        let link = format!("{version}/{path}?$skiptoken={next}");
        members.insert("@odata.nextLink".to_owned(), json!(link));
    }
    Ok((200, Some(body)))
}

/// `displayName eq 'O''Reilly'`: property and value.
fn equation(filter: &str) -> Result<(&str, String), Refusal> {
    let wrong = || Refusal::bad("practiceQuery", "this $filter is not understood");
    let (property, rest) = filter.split_once(" eq '").ok_or_else(wrong)?;
    let value = rest.strip_suffix('\'').ok_or_else(wrong)?;
    let plain = value.replace("''", "");
    if plain.contains('\'') {
        return Err(wrong());
    }
    Ok((property, value.replace("''", "'")))
}
