//! The practice tenant's app registrations and service principals: what Graph demands of whoever makes or changes one, and how long
//! it takes until what was made is known everywhere. The codes of the refusals are invented and say so, but for those that
//! `refusal` names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::tenant_setup::{GRAPH_APP_ID, SETUP_CLIENT_ID};
use crate::domain::time::Timestamp;

use super::Tenant;
use super::bodies::{Key, bad, check_access, key, list, members, text};
use super::refusal::Refusal;
use super::rights::EVERY_PERMISSION;
use super::shapes;
use super::state::State;

/// What Graph offers to applications besides [`EVERY_PERMISSION`], here: some that are broader.
const OTHER_ROLES: [&str; 3] = [
    "User.ReadWrite.All",
    "Directory.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// An app registration, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeApplication {
    /// Of the object.
    pub id: String,
    pub client_id: String,
    pub display_name: String,
    /// `requiredResourceAccess`.
    pub asks_for: Value,
    /// DER.
    pub certificates: Vec<Vec<u8>>,
    pub has_principal: bool,
    /// Names of the application permissions of Graph that were consented.
    pub roles: Vec<String>,
}

struct Application {
    id: String,
    client_id: String,
    name: String,
    audience: String,
    access: Vec<Value>,
    keys: Vec<Key>,
    made: Timestamp,
}

struct Principal {
    id: String,
    client_id: String,
    name: String,
    /// Id of the assignment and of the role.
    given: Vec<(String, String)>,
    made: Timestamp,
}

/// All of them.
pub(super) struct Applications {
    list: Vec<Application>,
    principals: Vec<Principal>,
    /// Graph's own service principal.
    graph: String,
    /// Name and id of its roles. The ids are others than Microsoft's, so that nobody gets by with a list of those.
    roles: Vec<(&'static str, String)>,
}

impl Default for Applications {
    fn default() -> Self {
        let names = EVERY_PERMISSION.into_iter().chain(OTHER_ROLES);
        Self {
            list: Vec::new(),
            principals: Vec::new(),
            graph: guid(),
            roles: names.map(|name| (name, guid())).collect(),
        }
    }
}

impl Applications {
    fn role_name(&self, id: &str) -> Option<&'static str> {
        let mut roles = self.roles.iter();
        roles.find_map(|(name, one)| one.eq_ignore_ascii_case(id).then_some(*name))
    }

    /// Whether a token may be asked for in the name of this application.
    pub(super) fn knows(&self, client_id: &str) -> bool {
        client_id == SETUP_CLIENT_ID || self.principals.iter().any(|one| one.client_id == client_id)
    }

    /// The certificates (DER) of a registered application.
    pub(super) fn certificates(&self, client_id: &str) -> Option<Vec<Vec<u8>>> {
        let one = self.list.iter().find(|one| one.client_id == client_id)?;
        Some(one.keys.iter().map(|key| key.der.clone()).collect())
    }

    /// The names of what was consented for it.
    pub(super) fn roles(&self, client_id: &str) -> Vec<String> {
        let one = self
            .principals
            .iter()
            .find(|one| one.client_id == client_id);
        let given = one.map(|one| one.given.as_slice()).unwrap_or_default();
        let names = given.iter().filter_map(|(_, role)| self.role_name(role));
        names.map(str::to_owned).collect()
    }
}

impl State {
    /// Whether what was made then is known everywhere by now.
    fn is_known(&self, made: Timestamp) -> bool {
        made.millis_until(self.now()) >= i64::from(self.faults.directory_lag_seconds) * 1000
    }

    /// Every app registration that lists show.
    pub(super) fn applications_shown(&self) -> Vec<Value> {
        let known = self.applications.list.iter();
        known
            .filter(|one| self.is_known(one.made))
            .map(|one| application(one, false))
            .collect()
    }

    /// One app registration; its certificates in full only to whoever selects them.
    pub(super) fn application_shown(&self, id: &str, in_full: bool) -> Result<Value, Refusal> {
        let mut all = self.applications.list.iter();
        all.find(|one| one.id == id && self.is_known(one.made))
            .map(|one| application(one, in_full))
            .ok_or_else(|| missing("app registration"))
    }

    pub(super) fn register_application(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let mut body = members(body, &["displayName", "signInAudience"])?;
        let name = text(&mut body, "displayName")?
            .filter(|name| !name.is_empty())
            .ok_or_else(|| bad("displayName is missing"))?;
        let audience = text(&mut body, "signInAudience")?;
        let made = Application {
            id: guid(),
            client_id: guid(),
            name,
            audience: audience.unwrap_or_else(|| "AzureADandPersonalMicrosoftAccount".to_owned()),
            access: Vec::new(),
            keys: Vec::new(),
            made: self.now(),
        };
        let shown = application(&made, false);
        self.applications.list.push(made);
        Ok(shown)
    }

    pub(super) fn change_application(&mut self, id: &str, body: &[u8]) -> Result<(), Refusal> {
        let mut body = members(body, &["requiredResourceAccess", "keyCredentials"])?;
        let access = list(&mut body, "requiredResourceAccess")?;
        let keys = list(&mut body, "keyCredentials")?;
        for entry in access.iter().flatten() {
            check_access(entry)?;
        }
        let place = self.applications.list.iter().position(|one| one.id == id);
        let known = |one: &Application| self.is_known(one.made);
        let there = place.and_then(|at| self.applications.list.get(at));
        let Some(there) = there.filter(|one| known(one)) else {
            return Err(missing("app registration"));
        };
        // Both lists are replaced as a whole: what is not sent back is gone.
        let keys = keys
            .map(|keys| keys.iter().map(|one| key(&there.keys, one)).collect())
            .transpose()?;
        if let Some(one) = place.and_then(|at| self.applications.list.get_mut(at)) {
            one.access = access.unwrap_or_else(|| std::mem::take(&mut one.access));
            one.keys = keys.unwrap_or_else(|| std::mem::take(&mut one.keys));
        }
        Ok(())
    }

    /// Every service principal that lists show, Graph's own first.
    pub(super) fn principals_shown(&self) -> Vec<Value> {
        let roles = self.applications.roles.iter().map(|(name, id)| {
            json!({
                "allowedMemberTypes": ["Application"],
                "description": "invented text of the practice tenant",
                "displayName": "invented text of the practice tenant",
                "id": id,
                "isEnabled": true,
                "origin": "Application",
                "value": name,
            })
        });
        let graph = json!({
            "id": self.applications.graph,
            "appId": GRAPH_APP_ID,
            "displayName": "Microsoft Graph",
            "appRoles": roles.collect::<Vec<Value>>(),
        });
        let others = self.applications.principals.iter();
        let others = others.filter(|one| self.is_known(one.made)).map(principal);
        std::iter::once(graph).chain(others).collect()
    }

    pub(super) fn make_principal(&mut self, body: &[u8]) -> Result<Value, Refusal> {
        let mut body = members(body, &["appId"])?;
        let client_id = text(&mut body, "appId")?.ok_or_else(|| bad("appId is missing"))?;
        let mut all = self.applications.list.iter();
        let name = all
            .find(|one| one.client_id == client_id && self.is_known(one.made))
            .map(|one| one.name.clone())
            .ok_or_else(|| bad("appId is that of no app registration"))?;
        let mut all = self.applications.principals.iter();
        if all.any(|one| one.client_id == client_id) {
            return Err(Refusal::new(
                409,
                "practiceConflict",
                "the application has a service principal",
            ));
        }
        let made = Principal {
            id: guid(),
            client_id,
            name,
            given: Vec::new(),
            made: self.now(),
        };
        let shown = principal(&made);
        self.applications.principals.push(made);
        Ok(shown)
    }

    fn known_principal(&self, id: &str) -> Result<usize, Refusal> {
        let mut all = self.applications.principals.iter();
        all.position(|one| one.id == id && self.is_known(one.made))
            .ok_or_else(|| missing("service principal"))
    }

    /// What was consented for a service principal.
    pub(super) fn assignments_shown(&self, id: &str) -> Result<Vec<Value>, Refusal> {
        let at = self.known_principal(id)?;
        let one = self.applications.principals.get(at);
        let given = one.into_iter().flat_map(|one| &one.given);
        Ok(given
            .map(|(assignment, role)| self.assignment(assignment, id, role))
            .collect())
    }

    fn assignment(&self, id: &str, principal: &str, role: &str) -> Value {
        json!({
            "id": id,
            "appRoleId": role,
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": self.applications.graph,
            "createdDateTime": shapes::written(self.now()),
        })
    }

    pub(super) fn assign(&mut self, id: &str, body: &[u8]) -> Result<Value, Refusal> {
        let mut body = members(body, &["principalId", "resourceId", "appRoleId"])?;
        let at = self.known_principal(id)?;
        let mut told = |name| text(&mut body, name).map(Option::unwrap_or_default);
        let (principal, resource, role) = (
            told("principalId")?,
            told("resourceId")?,
            told("appRoleId")?,
        );
        if principal != id || resource != self.applications.graph {
            return Err(bad("principalId or resourceId is another's"));
        }
        if self.applications.role_name(&role).is_none() {
            return Err(bad("appRoleId is no role of the resource"));
        }
        let assignment = guid();
        let shown = self.assignment(&assignment, id, &role);
        if let Some(one) = self.applications.principals.get_mut(at) {
            if one.given.iter().any(|(_, given)| *given == role) {
                return Err(bad("the permission was assigned before"));
            }
            one.given.push((assignment, role));
        }
        Ok(shown)
    }
}

impl Tenant {
    /// Every app registration, those included that no list shows yet.
    pub fn applications(&self) -> Vec<PracticeApplication> {
        let state = self.inner.state();
        let all = &state.applications;
        let shown = all.list.iter().map(|one| PracticeApplication {
            id: one.id.clone(),
            client_id: one.client_id.clone(),
            display_name: one.name.clone(),
            asks_for: json!(one.access),
            certificates: one.keys.iter().map(|key| key.der.clone()).collect(),
            has_principal: all
                .principals
                .iter()
                .any(|two| two.client_id == one.client_id),
            roles: all.roles(&one.client_id),
        });
        shown.collect()
    }

    /// Adds an app registration that was there before, with these certificates (DER) and `requiredResourceAccess`.
    pub fn add_application(&self, name: &str, certificates: Vec<Vec<u8>>, asks_for: Vec<Value>) {
        let mut state = self.inner.state();
        let keys = certificates.into_iter().map(|der| Key {
            id: guid(),
            der,
            name: Value::Null,
        });
        state.applications.list.push(Application {
            id: guid(),
            client_id: guid(),
            name: name.to_owned(),
            audience: "AzureADMyOrg".to_owned(),
            access: asks_for,
            keys: keys.collect(),
            made: Timestamp(0),
        });
    }
}

fn application(one: &Application, in_full: bool) -> Value {
    let keys = one.keys.iter().map(|key| {
        json!({
            "customKeyIdentifier": STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &key.der)),
            "displayName": key.name,
            "key": in_full.then(|| STANDARD.encode(&key.der)),
            "keyId": key.id,
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
        })
    });
    json!({
        "id": one.id,
        "appId": one.client_id,
        "displayName": one.name,
        "signInAudience": one.audience,
        "requiredResourceAccess": one.access,
        "keyCredentials": keys.collect::<Vec<Value>>(),
    })
}

fn principal(one: &Principal) -> Value {
    json!({
        "id": one.id,
        "appId": one.client_id,
        "displayName": one.name,
        "appRoles": [],
    })
}

fn missing(what: &str) -> Refusal {
    Refusal::new(
        404,
        "Request_ResourceNotFound",
        format!("there is no such {what}"),
    )
}

fn guid() -> String {
    Uuid::new_v4().to_string()
}
