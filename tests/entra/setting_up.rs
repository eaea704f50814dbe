//! The practice tenant while it is set up: it demands what Graph demands of an app registration, a service principal, a consent and
//! a change of the policy, and its answers have no property that Graph's documentation does not name.

use keyline::practice::tenant::{Tenant, TenantSetup};
use reqwest::Method;
use serde_json::{Value, json};

use crate::wire::{plain_client, token};

/// Properties by the pages of Microsoft Graph's reference: application, keyCredential, servicePrincipal, appRole, appRoleAssignment.
const OF_APPLICATION: [&str; 6] = [
    "id",
    "appId",
    "displayName",
    "keyCredentials",
    "requiredResourceAccess",
    "signInAudience",
];
const OF_KEY: [&str; 8] = [
    "customKeyIdentifier",
    "displayName",
    "endDateTime",
    "key",
    "keyId",
    "startDateTime",
    "type",
    "usage",
];
const OF_PRINCIPAL: [&str; 4] = ["id", "appId", "appRoles", "displayName"];
const OF_ROLE: [&str; 7] = [
    "allowedMemberTypes",
    "description",
    "displayName",
    "id",
    "isEnabled",
    "origin",
    "value",
];
const OF_ASSIGNMENT: [&str; 8] = [
    "id",
    "appRoleId",
    "createdDateTime",
    "principalDisplayName",
    "principalId",
    "principalType",
    "resourceDisplayName",
    "resourceId",
];
const POLICY: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";

struct Client {
    tenant: Tenant,
    token: String,
}

impl Client {
    fn permitted(permissions: &[&str]) -> Self {
        let tenant = Tenant::start(TenantSetup {
            permissions: permissions.iter().map(|&one| one.to_owned()).collect(),
            ..TenantSetup::default()
        })
        .unwrap();
        let token = token(&plain_client(), &tenant);
        Self { tenant, token }
    }

    fn new() -> Self {
        Self::permitted(&[
            "Application.ReadWrite.All",
            "AppRoleAssignment.ReadWrite.All",
            "Policy.ReadWrite.AuthenticationMethod",
        ])
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}v1.0/{path}", self.tenant.url());
        let mut request = plain_client().request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(&body))
    }

    fn patch(&self, path: &str, body: Value) -> u16 {
        self.ask(Method::PATCH, path, Some(&body)).0
    }

    /// A new app registration.
    fn application(&self, name: &str) -> Value {
        let (status, made) = self.post("applications", json!({ "displayName": name }));
        assert_eq!(status, 201, "{made}");
        made
    }
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap()
}

fn assert_declared(value: &Value, declared: &[&str]) {
    for name in value.as_object().unwrap().keys() {
        assert!(
            name.contains('@') || declared.contains(&name.as_str()),
            "{name}: {value}"
        );
    }
}

fn certificate(name: &str) -> String {
    use base64::Engine as _;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let made = params.self_signed(&key).unwrap();
    base64::engine::general_purpose::STANDARD.encode(made.der())
}

fn new_key(key: &str) -> Value {
    json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": key })
}

#[test]
fn answers_have_no_property_that_is_not_declared() {
    let client = Client::new();
    let made = client.application("one");
    assert_declared(&made, &OF_APPLICATION);
    let path = format!("applications/{}", text(&made, "id"));
    let key = certificate("one");
    assert_eq!(
        client.patch(&path, json!({ "keyCredentials": [new_key(&key)] })),
        204
    );
    for one in client.get("applications")["value"].as_array().unwrap() {
        assert_declared(one, &OF_APPLICATION);
        assert_declared(&one["keyCredentials"][0], &OF_KEY);
    }
    // The certificate itself is shown only to whoever selects it.
    assert_eq!(client.get(&path)["keyCredentials"][0]["key"], Value::Null);
    let selected = client.get(&format!("{path}?$select=keyCredentials"));
    assert_eq!(selected["keyCredentials"][0]["key"], json!(key));

    let body = json!({ "appId": made["appId"] });
    let (status, principal) = client.post("servicePrincipals", body);
    assert_eq!(status, 201);
    assert_declared(&principal, &OF_PRINCIPAL);
    let all = client.get("servicePrincipals");
    let graph = &all["value"][0];
    assert_declared(graph, &OF_PRINCIPAL);
    for role in graph["appRoles"].as_array().unwrap() {
        assert_declared(role, &OF_ROLE);
    }
    let (id, role) = (text(&principal, "id"), &graph["appRoles"][0]);
    let path = format!("servicePrincipals/{id}/appRoleAssignments");
    let body = json!({ "principalId": id, "resourceId": graph["id"], "appRoleId": role["id"] });
    let (status, given) = client.post(&path, body);
    assert_eq!(status, 201);
    assert_declared(&given, &OF_ASSIGNMENT);
    assert_declared(&client.get(&path)["value"][0], &OF_ASSIGNMENT);
}

#[test]
fn a_body_that_graph_would_not_take_is_not_taken_here() {
    let client = Client::new();
    for body in [
        json!({}),
        json!({ "displayName": 7 }),
        json!({ "displayName": "a", "name": "b" }),
    ] {
        assert_eq!(client.post("applications", body.clone()).0, 400, "{body}");
    }
    let made = client.application("one");
    let path = format!("applications/{}", text(&made, "id"));
    let access = |kind: &str, id: &str| json!({ "requiredResourceAccess": [{ "resourceAppId": text(&made, "appId"), "resourceAccess": [{ "id": id, "type": kind }] }] });
    for body in [
        json!({ "keyCredentials": [{ "type": "AsymmetricX509Cert", "usage": "Verify" }] }),
        json!({ "keyCredentials": [new_key("AAAA")] }),
        json!({ "keyCredentials": [{ "type": "Symmetric", "usage": "Sign", "key": certificate("x") }] }),
        json!({ "appId": "another" }),
        access("Permission", text(&made, "appId")),
        access("Role", "User.Read.All"),
    ] {
        assert_eq!(client.patch(&path, body.clone()), 400, "{body}");
    }
    assert_eq!(client.patch("applications/none", json!({})), 404);
    assert_eq!(
        client
            .post("servicePrincipals", json!({ "appId": "none" }))
            .0,
        400
    );
    let whole = json!({ "appId": made["appId"] });
    let (_, principal) = client.post("servicePrincipals", whole.clone());
    assert_eq!(client.post("servicePrincipals", whole).0, 409);
    let graph = client.get("servicePrincipals")["value"][0].clone();
    let id = text(&principal, "id");
    let path = format!("servicePrincipals/{id}/appRoleAssignments");
    let role = &graph["appRoles"][0]["id"];
    let good = json!({ "principalId": id, "resourceId": graph["id"], "appRoleId": role });
    for (name, wrong) in [
        ("principalId", &graph["id"]),
        ("resourceId", &json!(id)),
        ("appRoleId", &json!(id)),
    ] {
        let mut body = good.clone();
        body[name] = wrong.clone();
        assert_eq!(client.post(&path, body).0, 400, "{name}");
    }
    assert_eq!(client.post(&path, good.clone()).0, 201);
    assert_eq!(client.post(&path, good).0, 400, "it was given before");
    let kind = "#microsoft.graph.fido2AuthenticationMethodConfiguration";
    let before = client.tenant.policy();
    for body in [
        json!({ "state": "disabled" }),
        json!({ "@odata.type": kind, "state": "off" }),
        json!({ "@odata.type": kind, "isSelfServiceRegistrationAllowed": "true" }),
        json!({ "@odata.type": kind, "enabled": false }),
    ] {
        assert_eq!(client.patch(POLICY, body.clone()), 400, "{body}");
    }
    assert_eq!(client.tenant.policy(), before);
    assert_eq!(
        client.patch(POLICY, json!({ "@odata.type": kind, "state": "disabled" })),
        204
    );
    assert_eq!(client.tenant.policy()["state"], "disabled");
}

#[test]
fn what_is_not_sent_back_is_gone_and_what_is_new_is_not_known_everywhere() {
    let client = Client::new();
    let made = client.application("one");
    let path = format!("applications/{}", text(&made, "id"));
    let first = new_key(&certificate("first"));
    assert_eq!(
        client.patch(&path, json!({ "keyCredentials": [first] })),
        204
    );
    let there = client.get(&format!("{path}?$select=keyCredentials"))["keyCredentials"][0].clone();
    let second = new_key(&certificate("second"));
    assert_eq!(
        client.patch(&path, json!({ "keyCredentials": [there, second] })),
        204
    );
    assert_eq!(client.tenant.applications()[0].certificates.len(), 2);
    let third = new_key(&certificate("third"));
    assert_eq!(
        client.patch(&path, json!({ "keyCredentials": [third] })),
        204
    );
    assert_eq!(client.tenant.applications()[0].certificates.len(), 1);

    client.tenant.set_faults(keyline::practice::tenant::Faults {
        directory_lag_seconds: 10,
        ..Default::default()
    });
    let late = client.application("late");
    let path = format!("applications/{}", text(&late, "id"));
    assert_eq!(client.patch(&path, json!({})), 404);
    let principal = json!({ "appId": late["appId"] });
    assert_eq!(client.post("servicePrincipals", principal.clone()).0, 400);
    client.tenant.advance(10);
    assert_eq!(client.patch(&path, json!({})), 204);
    assert_eq!(client.post("servicePrincipals", principal).0, 201);
}

#[test]
fn each_change_takes_its_own_permission() {
    let client = Client::permitted(&["Application.Read.All", "Policy.Read.All"]);
    client.get("applications");
    let kind = "#microsoft.graph.fido2AuthenticationMethodConfiguration";
    assert_eq!(
        client.post("applications", json!({ "displayName": "a" })).0,
        403
    );
    assert_eq!(
        client.post("servicePrincipals", json!({ "appId": "a" })).0,
        403
    );
    assert_eq!(
        client
            .post("servicePrincipals/a/appRoleAssignments", json!({}))
            .0,
        403
    );
    assert_eq!(client.patch("applications/a", json!({})), 403);
    assert_eq!(client.patch(POLICY, json!({ "@odata.type": kind })), 403);
}
