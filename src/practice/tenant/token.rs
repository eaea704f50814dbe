//! The practice tenant's token endpoint: an application with a secret or a certificate, a person by device code or browser, a
//! refresh token. Refused with the errors of OAuth and the AADSTS codes that Entra gives; the texts are invented and say so.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::assertion;
use super::faults::Operation;
use super::http::Visit;
use super::shapes;
use super::sign_ins::Asked;
use super::state::State;
use super::tokens::Whose;

/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// RFC 8628 §3.4.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The parameters of a request.
pub(super) type Form = BTreeMap<String, String>;

/// Why there is no token.
#[derive(Debug)]
pub(super) struct Denied {
    status: u16,
    error: &'static str,
    code: u32,
    why: &'static str,
}

impl Denied {
    /// `invalid_client`.
    pub(super) const fn client(code: u32, why: &'static str) -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            code,
            why,
        }
    }

    /// What was shown does not count.
    pub(super) const fn grant(error: &'static str, code: u32, why: &'static str) -> Self {
        Self {
            status: 400,
            error,
            code,
            why,
        }
    }

    /// `error_description`.
    pub(super) fn description(&self) -> String {
        format!(
            "AADSTS{}: {} (invented text of the practice tenant)",
            self.code, self.why
        )
    }

    /// In the shape of the token endpoint.
    pub(super) fn body(&self, state: &State) -> Value {
        json!({
            "error": self.error,
            "error_description": self.description(),
            "error_codes": [self.code],
            "timestamp": shapes::written(state.now()),
            "trace_id": Uuid::new_v4().to_string(),
            "correlation_id": Uuid::new_v4().to_string(),
        })
    }

    pub(super) const fn status(&self) -> u16 {
        self.status
    }
}

/// The parameters in a body or a query.
pub(super) fn form(bytes: &[u8]) -> Form {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", String::as_str)
}

/// The permissions that are asked for, by their names alone.
pub(super) fn scopes(form: &Form) -> Vec<String> {
    let all = field(form, "scope").split(' ');
    let names = all.filter_map(|scope| scope.rsplit_once('/').map(|(_, name)| name));
    names.map(str::to_owned).collect()
}

/// Whether a refresh token is asked for.
pub(super) fn asks_to_last(form: &Form) -> bool {
    form.get("scope")
        .is_some_and(|scope| scope.split(' ').any(|one| one == "offline_access"))
}

/// Tenant and application are those that are known here.
pub(super) fn check_client(state: &State, tenant: &str, form: &Form) -> Result<(), Denied> {
    let known = [state.setup.tenant.as_str(), super::jwt::TENANT_ID];
    if !known.iter().any(|name| tenant.eq_ignore_ascii_case(name)) {
        return Err(Denied::grant("invalid_request", 90_002, "no such tenant"));
    }
    let client_id = field(form, "client_id");
    if client_id != state.setup.client_id && !state.applications.knows(client_id) {
        return Err(Denied::grant(
            "unauthorized_client",
            700_016,
            "no such application",
        ));
    }
    Ok(())
}

/// POST {tenant}/oauth2/v2.0/token.
pub(super) async fn issue(visit: Visit, Path(tenant): Path<String>, body: Bytes) -> Response<Body> {
    visit
        .serve(Operation::Token, |state| {
            let form = form(&body);
            match sign_in(state, &tenant, &form) {
                Ok(whose) => {
                    let seconds = state.setup.token_seconds;
                    let (token, refresh_token) = state.issue_token(whose)?;
                    let mut body = json!({
                        "token_type": "Bearer",
                        "expires_in": seconds,
                        "ext_expires_in": seconds,
                        "access_token": token,
                    });
                    if let (Some(fresh), Some(body)) = (refresh_token, body.as_object_mut()) {
                        body.insert("refresh_token".to_owned(), json!(fresh));
                    }
                    Ok((200, Some(body)))
                }
                Err(denied) => Ok((denied.status, Some(denied.body(state)))),
            }
        })
        .await
}

fn sign_in(state: &mut State, tenant: &str, form: &Form) -> Result<Whose, Denied> {
    check_client(state, tenant, form)?;
    let now = state.now();
    let grant = field(form, "grant_type");
    let asked = match grant {
        "client_credentials" => {
            if !field(form, "scope").ends_with("/.default") {
                return Err(Denied::grant(
                    "invalid_scope",
                    1_002_012,
                    "the scope does not end in /.default",
                ));
            }
            client(state, tenant, form)?;
            return Ok(Whose::Application(field(form, "client_id").to_owned()));
        }
        DEVICE_CODE => state.sign_ins.ask_device(field(form, "device_code"), now)?,
        "authorization_code" => state.sign_ins.redeem(
            field(form, "code"),
            field(form, "redirect_uri"),
            field(form, "code_verifier"),
            now,
        )?,
        "refresh_token" => {
            let rotates = state.setup.refresh_tokens_rotate;
            let shown = field(form, "refresh_token");
            state.sign_ins.refresh(shown, rotates)?;
            Asked {
                client_id: field(form, "client_id").to_owned(),
                scopes: scopes(form),
                lasts: true,
            }
        }
        _ => {
            return Err(Denied::grant(
                "unsupported_grant_type",
                70_003,
                "this grant is not known here",
            ));
        }
    };
    if asked.client_id != field(form, "client_id") {
        return Err(Denied::grant(
            "invalid_grant",
            700_005,
            "the sign-in was begun for another application",
        ));
    }
    Ok(Whose::Administrator(asked))
}

/// The application proves that it is itself.
fn client(state: &State, tenant: &str, form: &Form) -> Result<(), Denied> {
    let setup = &state.setup;
    let client_id = field(form, "client_id");
    let registered = state.applications.certificates(client_id);
    if registered.is_none() && client_id != setup.client_id {
        return Err(Denied::client(
            700_025,
            "the application is a public one, and signs in for nobody but people",
        ));
    }
    if form.contains_key("client_assertion") {
        if field(form, "client_assertion_type") != ASSERTION_TYPE {
            return Err(Denied::grant(
                "invalid_request",
                900_144,
                "client_assertion_type is missing or another",
            ));
        }
        let audience = format!("{}{tenant}/oauth2/v2.0/token", state.base);
        return assertion::verify(
            field(form, "client_assertion"),
            (client_id, &audience),
            registered.as_ref().unwrap_or(&setup.certificates),
            state.now(),
        );
    }
    if registered.is_some() || field(form, "client_secret") != setup.client_secret.as_str() {
        return Err(Denied::client(7_000_215, "the client secret is wrong"));
    }
    Ok(())
}
