//! App registrations, service principals, consent, certificates and the passkey policy over Graph, in the name of whoever signed
//! in. What Graph replaces as a whole is read first and sent back with what is added, so that nothing of others is lost.
//!
//! It asks nobody and decides nothing; it never reads or sends a secret.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::domain::fault::Fault;
use crate::domain::person::ObjectId;
use crate::domain::tenant_setup::{
    ApiPrincipal, AppRole, GRAPH_APP_ID, POLICY_PATH, PublicCertificate, Registration,
};
use crate::port::TenantSetup;

use super::directory::query::{Listed, address, in_filter, read};
use super::patience::Replay;
use super::transport::{Call, Payload};
use super::{Entra, next_page};

const APPLICATIONS: &str = "applications";
const PRINCIPALS: &str = "servicePrincipals";
const ASSIGNMENTS: &str = "appRoleAssignments";
/// Those of an app registration.
const CERTIFICATES: &str = "keyCredentials";
/// How often the certificates are changed until all are there.
const UPLOADS_MAX: usize = 3;
/// How long it is waited for a change to show, before each further look, in seconds.
const SETTLING_SECONDS: [u64; 2] = [1, 3];
/// What is read of an app registration.
const OF_APPLICATION: &str = "id,appId,displayName";
/// `type` of an application permission in `requiredResourceAccess`; a delegated one is a `Scope`.
const ROLE: &str = "Role";
/// `#microsoft.graph.…`, without which the policy takes no change.
const POLICY_TYPE: &str = "#microsoft.graph.fido2AuthenticationMethodConfiguration";
/// More pages than any list of these has.
const PAGES_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    id: String,
    app_id: String,
    display_name: Option<String>,
}

impl From<Application> for Registration {
    fn from(application: Application) -> Self {
        Self {
            object: ObjectId(application.id),
            client_id: application.app_id,
            name: application.display_name.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Principal {
    id: String,
    #[serde(default)]
    app_roles: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    id: String,
    value: Option<String>,
    /// A role may be for people alone.
    #[serde(default)]
    allowed_member_types: Vec<String>,
    is_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    app_role_id: String,
    resource_id: String,
}

impl Entra {
    /// Every page of a list.
    fn all<T: DeserializeOwned>(
        &self,
        name: &'static str,
        segments: &[&str],
        options: &[(&str, &str)],
    ) -> Result<Vec<T>, Fault> {
        let mut url = match options {
            [] => self.url(segments)?,
            some => address(self, segments, some)?,
        };
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let answer = self.send(&Call::get(name, url))?.accepted_thing()?;
            let page: Listed<T> = answer.read(|body| read(body, name))?;
            all.extend(page.value);
            let Some(next) = page.next else {
                return Ok(all);
            };
            url = next_page(&self.config.graph, &next, name)?;
        }
        Err(Fault::AnswerUnusable {
            what: format!("{name}: the list does not end"),
            request_id: String::new(),
        })
    }

    fn applications(&self, filter: &str) -> Result<Vec<Registration>, Fault> {
        let options = [("$filter", filter), ("$select", OF_APPLICATION)];
        let found: Vec<Application> = self.all("applications", &[APPLICATIONS], &options)?;
        Ok(found.into_iter().map(Registration::from).collect())
    }

    fn principals(&self, client_id: &str, select: &str) -> Result<Option<Principal>, Fault> {
        let filter = format!("appId eq '{}'", in_filter(client_id));
        let options = [("$filter", filter.as_str()), ("$select", select)];
        let found: Vec<Principal> = self.all("service_principals", &[PRINCIPALS], &options)?;
        Ok(found.into_iter().next())
    }

    /// A list that is a property of an app registration, each entry as it is.
    fn part(&self, application: &ObjectId, property: &str) -> Result<Vec<Value>, Fault> {
        let url = address(
            self,
            &[APPLICATIONS, &application.0],
            &[("$select", property)],
        )?;
        let answer = self
            .send(&Call::get("application", url))?
            .accepted_thing()?;
        let body: Value = answer.read(|body| read(body, "application"))?;
        match body.get(property) {
            Some(Value::Array(list)) => Ok(list.clone()),
            // Taken for empty, it would be overwritten.
            Some(_) | None => answer.owns(Err(Fault::AnswerUnusable {
                what: format!("application: it has no {property}"),
                request_id: String::new(),
            })),
        }
    }

    /// The certificates after a change, as soon as all that are `wanted` are there, or after a while: somebody who had read the list
    /// before wrote it after us and took some away, or what answers has not heard of the change yet.
    fn settled(&self, application: &ObjectId, wanted: &[Value]) -> Result<Vec<Value>, Fault> {
        for seconds in SETTLING_SECONDS {
            let there = self.part(application, CERTIFICATES)?;
            if missing(wanted, &there).is_empty() {
                return Ok(there);
            }
            let pause = Duration::from_secs(seconds);
            if !self.clock.wait(pause, &self.cancel) {
                return Err(Fault::Cancelled);
            }
        }
        self.part(application, CERTIFICATES)
    }

    fn change(
        &self,
        name: &'static str,
        (method, url): (Method, Url),
        body: &Value,
        replay: Replay,
    ) -> Result<Vec<u8>, Fault> {
        let call = Call {
            name,
            method,
            url,
            payload: Payload::Json(body),
            replay,
        };
        let answer = self.send(&call)?.accepted_thing()?;
        Ok(answer.body.to_vec())
    }

    fn change_application(
        &self,
        application: &ObjectId,
        body: &Value,
        replay: Replay,
    ) -> Result<(), Fault> {
        let url = self.url(&[APPLICATIONS, &application.0])?;
        self.change("change_application", (Method::PATCH, url), body, replay)?;
        Ok(())
    }

    fn change_policy(&self, property: &str, value: Value) -> Result<(), Fault> {
        let segments: Vec<&str> = POLICY_PATH.split('/').collect();
        let url = self.url(&segments)?;
        let mut body = json!({ "@odata.type": POLICY_TYPE });
        if let Some(members) = body.as_object_mut() {
            members.insert(property.to_owned(), value);
        }
        self.change("change_policy", (Method::PATCH, url), &body, Replay::Safe)?;
        Ok(())
    }
}

impl TenantSetup for Entra {
    fn registration_of(&self, client_id: &str) -> Result<Vec<Registration>, Fault> {
        self.applications(&format!("appId eq '{}'", in_filter(client_id)))
    }

    fn registrations_named(&self, name: &str) -> Result<Vec<Registration>, Fault> {
        self.applications(&format!("displayName eq '{}'", in_filter(name)))
    }

    fn register(&self, name: &str) -> Result<Registration, Fault> {
        let body = json!({ "displayName": name, "signInAudience": "AzureADMyOrg" });
        let url = self.url(&[APPLICATIONS])?;
        let answer = self.change("register", (Method::POST, url), &body, Replay::OnlyUndone)?;
        read::<Application>(&answer, "the new app registration").map(Registration::from)
    }

    fn api(&self) -> Result<ApiPrincipal, Fault> {
        let found = self.principals(GRAPH_APP_ID, "id,appRoles")?;
        let graph = found.ok_or_else(|| Fault::AnswerUnusable {
            what: "servicePrincipals: the tenant has none for Microsoft Graph".to_owned(),
            request_id: String::new(),
        })?;
        let usable = |role: &Role| {
            role.is_enabled != Some(false)
                && (role.allowed_member_types.is_empty()
                    || role
                        .allowed_member_types
                        .iter()
                        .any(|kind| kind == "Application"))
        };
        let roles = graph.app_roles.into_iter().filter(usable);
        Ok(ApiPrincipal {
            object: ObjectId(graph.id),
            roles: roles
                .filter_map(|role| {
                    let value = role.value?;
                    Some(AppRole { id: role.id, value })
                })
                .collect(),
        })
    }

    fn requested(&self, application: &ObjectId) -> Result<Vec<String>, Fault> {
        let access = self.part(application, "requiredResourceAccess")?;
        let graphs = access.iter().filter(|entry| is_graphs(entry));
        let entries = graphs.filter_map(|entry| entry.get("resourceAccess")?.as_array());
        let roles = entries
            .flatten()
            .filter(|one| one.get("type").and_then(Value::as_str) == Some(ROLE));
        let ids = roles.filter_map(|one| one.get("id")?.as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    fn request(&self, application: &ObjectId, roles: &[AppRole]) -> Result<(), Fault> {
        let mut access = self.part(application, "requiredResourceAccess")?;
        let fresh = roles
            .iter()
            .map(|role| json!({ "id": role.id, "type": ROLE }));
        let place = access.iter_mut().find(|entry| is_graphs(entry));
        match place.and_then(|entry| entry.get_mut("resourceAccess")?.as_array_mut()) {
            Some(list) => list.extend(fresh),
            None => access.push(json!({
                "resourceAppId": GRAPH_APP_ID,
                "resourceAccess": fresh.collect::<Vec<Value>>(),
            })),
        }
        let body = json!({ "requiredResourceAccess": access });
        self.change_application(application, &body, Replay::Safe)
    }

    fn principal(&self, client_id: &str) -> Result<Option<ObjectId>, Fault> {
        let found = self.principals(client_id, "id")?;
        Ok(found.map(|principal| ObjectId(principal.id)))
    }

    fn make_principal(&self, client_id: &str) -> Result<ObjectId, Fault> {
        let url = self.url(&[PRINCIPALS])?;
        let body = json!({ "appId": client_id });
        let name = "make_service_principal";
        let answer = self.change(name, (Method::POST, url), &body, Replay::OnlyUndone)?;
        let made: Principal = read(&answer, "the new service principal")?;
        Ok(ObjectId(made.id))
    }

    fn consented(&self, principal: &ObjectId, api: &ObjectId) -> Result<Vec<String>, Fault> {
        let segments = [PRINCIPALS, principal.0.as_str(), ASSIGNMENTS];
        let given: Vec<Assignment> = self.all("app_role_assignments", &segments, &[])?;
        let of_api = given
            .into_iter()
            .filter(|one| one.resource_id.eq_ignore_ascii_case(&api.0));
        Ok(of_api.map(|one| one.app_role_id).collect())
    }

    fn consent(&self, principal: &ObjectId, api: &ObjectId, role: &AppRole) -> Result<(), Fault> {
        let url = self.url(&[PRINCIPALS, &principal.0, ASSIGNMENTS])?;
        let body = json!({
            "principalId": principal.0,
            "resourceId": api.0,
            "appRoleId": role.id,
        });
        self.change("consent", (Method::POST, url), &body, Replay::OnlyUndone)?;
        Ok(())
    }

    fn has_certificate(
        &self,
        application: &ObjectId,
        certificate: &PublicCertificate,
    ) -> Result<bool, Fault> {
        let there = self.part(application, CERTIFICATES)?;
        Ok(there.iter().any(|one| is_of(one, &certificate.der)))
    }

    fn upload(&self, application: &ObjectId, certificate: &PublicCertificate) -> Result<(), Fault> {
        let mut there = self.part(application, CERTIFICATES)?;
        let mut wanted = there.clone();
        if !wanted.iter().any(|one| is_of(one, &certificate.der)) {
            wanted.push(json!({
                "type": "AsymmetricX509Cert",
                "usage": "Verify",
                "key": STANDARD.encode(&certificate.der),
                "displayName": certificate.subject,
            }));
        }
        for _ in 0..UPLOADS_MAX {
            let missing = missing(&wanted, &there);
            if missing.is_empty() {
                return Ok(());
            }
            // The change replaces the whole list: what is there goes back as it came.
            let all = [there.as_slice(), missing.as_slice()].concat();
            let body = json!({ "keyCredentials": all });
            self.change_application(application, &body, Replay::OnlyUndone)?;
            there = self.settled(application, &wanted)?;
        }
        let lost = missing(&wanted, &there).len();
        if lost == 0 {
            return Ok(());
        }
        Err(Fault::AnswerUnusable {
            what: format!(
                "application: {lost} of the certificates (keyCredentials) that it is to have are missing after {UPLOADS_MAX} changes; does somebody else change them at the same time?"
            ),
            request_id: String::new(),
        })
    }

    fn enable_policy(&self) -> Result<(), Fault> {
        self.change_policy("state", json!("enabled"))
    }

    fn allow_self_service(&self) -> Result<(), Fault> {
        self.change_policy("isSelfServiceRegistrationAllowed", json!(true))
    }
}

/// Those of `wanted` that are not among `there`.
fn missing(wanted: &[Value], there: &[Value]) -> Vec<Value> {
    let same = |one: &Value, other: &Value| {
        ["keyId", "key"].into_iter().any(|name| {
            let text = |of: &Value| of.get(name).and_then(Value::as_str).map(str::to_owned);
            text(one).is_some_and(|text_of_one| text(other) == Some(text_of_one))
        }) || one
            .get("key")
            .and_then(Value::as_str)
            .and_then(|key| STANDARD.decode(key).ok())
            .is_some_and(|der| is_of(other, &der))
    };
    let lost = |one: &&Value| !there.iter().any(|other| same(one, other));
    wanted.iter().filter(lost).cloned().collect()
}

fn is_graphs(access: &Value) -> bool {
    let id = access.get("resourceAppId").and_then(Value::as_str);
    id.is_some_and(|id| id.eq_ignore_ascii_case(GRAPH_APP_ID))
}

/// Whether a `keyCredential` is this certificate: by its bytes, or by the thumbprint (SHA-1) where Graph keeps the bytes to itself.
fn is_of(credential: &Value, der: &[u8]) -> bool {
    let text = |name: &str| credential.get(name).and_then(Value::as_str);
    if let Some(key) = text("key") {
        return STANDARD.decode(key).is_ok_and(|bytes| bytes == der);
    }
    let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    let thumbprint = thumbprint.as_ref();
    let hexadecimal: String = thumbprint
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    text("customKeyIdentifier").is_some_and(|id| {
        id.eq_ignore_ascii_case(&hexadecimal)
            || STANDARD
                .decode(id)
                .is_ok_and(|bytes| bytes == thumbprint || bytes == hexadecimal.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_missed_whoever_it_belongs_to_and_known_again_by_any_of_its_marks() {
        let key = STANDARD.encode([0x30, 1]);
        let theirs = json!({ "keyId": "1", "key": key });
        let ours = json!({ "key": STANDARD.encode([0x30, 2]) });
        let wanted = [theirs.clone(), ours.clone()];
        let lost = |there: &[Value]| missing(&wanted, there);
        assert_eq!(lost(&[]), wanted);
        assert_eq!(lost(&wanted[1..]), wanted[..1]);
        assert_eq!(lost(&wanted[..1]), wanted[1..]);
        let none: [Value; 0] = [];
        assert_eq!(lost(&[json!({ "keyId": "1", "key": null }), ours]), none);
        // Put back, one gets another id; without its bytes its thumbprint tells.
        let thumbprint = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[0x30, 2]));
        let shown = json!({ "keyId": "3", "key": null, "customKeyIdentifier": thumbprint });
        let there = [json!({ "keyId": "2", "key": key }), shown];
        assert_eq!(lost(&there), none);
    }
}
