//! What goes over the wire against the official schema of Graph v1.0: every answer of the practice tenant and every body that we
//! send has only properties that the schema declares, of the types that it declares. Closed types take nothing else but
//! annotations; open types take more.
//!
//! The schema is a list of our own making (`graph-v1.0-fido2.txt`); where the official file is at hand, the list is compared with
//! it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use keyline::adapter::entra::Api;
use keyline::domain::authenticator::Aaguid;
use keyline::port::RelyingParty;
use keyline::practice::tenant::{Existing, TenantSetup};
use serde_json::{Value, json};

use crate::bench::{ADA, Bench};
use crate::software_key::SoftwareKey;
use crate::wire::{answer, entra_at, plain_client, recorder, token, token_answer};

/// The FIDO2 and WebAuthn types of `schemas/v1.0-Prod.csdl`: a line per type, and below it one for each property or member.
const LIST: &str = include_str!("graph-v1.0-fido2.txt");
/// The official file, where the fixtures lie beside the repository.
const OFFICIAL: &str = "../shared/fixtures/graph-v1.0-fido2.csdl.xml";

/// One type of the schema.
#[derive(Default)]
struct Type<'a> {
    is_enum: bool,
    open: bool,
    base: Option<&'a str>,
    /// Property and type; of an enumeration its members.
    members: BTreeMap<&'a str, &'a str>,
}

struct Schema<'a>(BTreeMap<&'a str, Type<'a>>);

impl<'a> Schema<'a> {
    fn read(list: &'a str) -> Self {
        let mut types: BTreeMap<&str, Type<'_>> = BTreeMap::new();
        let mut current = "";
        for line in list.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if line.starts_with(' ') {
                let members = &mut types.get_mut(current).unwrap().members;
                members.insert(words[0], words.get(1).copied().unwrap_or_default());
                continue;
            }
            current = words[1];
            let base = words.iter().position(|word| *word == ":");
            let entry = Type {
                is_enum: words[0] == "enum",
                open: words.last() == Some(&"open"),
                base: base.map(|at| words[at + 1]),
                members: BTreeMap::new(),
            };
            types.insert(current, entry);
        }
        Self(types)
    }

    /// The declared type of a property, also by the base types; `entity` itself has nothing but its id.
    fn property(&self, kind: &str, name: &str) -> Option<&'a str> {
        if kind == "entity" {
            return (name == "id").then_some("Edm.String");
        }
        let declared = self.0.get(kind)?;
        let own = declared.members.get(name).copied();
        own.or_else(|| self.property(declared.base?, name))
    }

    /// What is wrong with `value` as a `kind` of the schema.
    fn wrongs(&self, kind: &str, value: &Value, path: &str) -> Vec<String> {
        let wrong = |what: &str| vec![format!("{path}: {what}: {value}")];
        if let Some(inner) = kind.strip_prefix("Collection(") {
            let inner = inner.strip_suffix(')').unwrap();
            let Some(list) = value.as_array() else {
                return wrong("no collection");
            };
            let each = list.iter().zip(0..);
            return each
                .flat_map(|(one, at)| self.wrongs(inner, one, &format!("{path}[{at}]")))
                .collect();
        }
        if value.is_null() {
            return Vec::new();
        }
        let fits = match kind {
            "Edm.String" => value.is_string(),
            "Edm.Boolean" => value.is_boolean(),
            "Edm.Int32" => value.as_i64().is_some_and(|one| i32::try_from(one).is_ok()),
            "Edm.Guid" => value
                .as_str()
                .is_some_and(|one| uuid::Uuid::try_parse(one).is_ok()),
            "Edm.DateTimeOffset" => value
                .as_str()
                .is_some_and(|one| one.parse::<Timestamp>().is_ok()),
            _ => return self.structure(kind.strip_prefix("graph.").unwrap_or(kind), value, path),
        };
        if fits {
            Vec::new()
        } else {
            wrong(&format!("no {kind}"))
        }
    }

    fn structure(&self, name: &str, value: &Value, path: &str) -> Vec<String> {
        let wrong = |what: &str| vec![format!("{path}: {what}: {value}")];
        let Some(declared) = self.0.get(name) else {
            return wrong(&format!("{name} is in no list"));
        };
        if declared.is_enum {
            let known = value
                .as_str()
                .is_some_and(|one| declared.members.contains_key(one));
            return if known {
                Vec::new()
            } else {
                wrong(&format!("no member of {name}"))
            };
        }
        let Some(members) = value.as_object() else {
            return wrong(&format!("no {name}"));
        };
        let mut wrongs = Vec::new();
        if let Some(told) = members.get("@odata.type")
            && told.as_str() != Some(&format!("#microsoft.graph.{name}"))
        {
            wrongs.extend(wrong(&format!("calls itself something else than {name}")));
        }
        for (key, one) in members {
            let at = format!("{path}.{key}");
            match self.property(name, key) {
                Some(kind) => wrongs.extend(self.wrongs(kind, one, &at)),
                None if key.contains('@') || declared.open => {}
                None => wrongs.push(format!("{at}: {name} declares no such property")),
            }
        }
        wrongs
    }
}

/// Fails unless `value` is a `kind` of Graph v1.0.
fn assert_declared(kind: &str, value: &Value, context: &str) {
    let wrongs = Schema::read(LIST).wrongs(kind, value, kind);
    assert_eq!(wrongs, Vec::<String>::new(), "{context}");
}

#[test]
fn every_answer_of_the_practice_tenant_is_as_the_schema_declares() {
    for (api, aaguid) in [(Api::V1_0, None), (Api::Beta, Some(Aaguid([0x4B; 16])))] {
        for seed in 0..2 {
            let setup = TenantSetup {
                seed,
                page_size: 1,
                ..TenantSetup::default()
            };
            let bench = Bench::with(setup, api);
            let existing = Existing {
                display_name: "old".to_owned(),
                aaguid: Aaguid([1; 16]),
                credential_id: None,
                id_bytes: None,
                method: None,
                created: None,
                synced: seed == 1,
            };
            bench.tenant.add_existing(ADA, existing).unwrap();
            let client = plain_client();
            let token = token(&client, &bench.tenant);
            let base = bench.tenant.url().join(api.path()).unwrap();
            let methods = format!("{base}/users/{ADA}/authentication/fido2Methods");
            let get = |url: &str| -> Value {
                let answer = client.get(url).bearer_auth(&token).send().unwrap();
                assert_eq!(answer.status(), 200, "{url}");
                answer.json().unwrap()
            };
            // The POST is ours, the answer is read by another client.
            let key = aaguid.map_or_else(
                || SoftwareKey::new(1),
                |model| SoftwareKey::with_certificate(1, model),
            );
            let options = bench.entra.creation_options(ADA).unwrap();
            let body = posted(&key.attest(&options));
            let created = client
                .post(&methods)
                .bearer_auth(&token)
                .json(&body)
                .send()
                .unwrap();
            assert_eq!(created.status(), 201);
            let created: Value = created.json().unwrap();
            assert_declared("fido2AuthenticationMethod", &created, "the 201");
            let one = get(&format!("{methods}/{}", created["id"].as_str().unwrap()));
            assert_declared("fido2AuthenticationMethod", &one, "one method");
            for skip in [0, 1] {
                let page = get(&format!("{methods}?$skiptoken={skip}"));
                let kind = "Collection(graph.fido2AuthenticationMethod)";
                assert_eq!(page["value"].as_array().unwrap().len(), 1);
                assert_declared(kind, &page["value"], "a page");
                let envelope = page.as_object().unwrap().keys();
                let strange =
                    envelope.filter(|name| *name != "value" && !name.starts_with("@odata."));
                assert_eq!(strange.count(), 0, "{page}");
            }
            let options = get(&format!("{methods}/creationOptions"));
            assert_eq!(
                options["publicKey"]["excludeCredentials"]
                    .as_array()
                    .unwrap()
                    .len(),
                2
            );
            assert_declared("webauthnCredentialCreationOptions", &options, "the options");
        }
    }
}

/// What the adapter sends for this attestation, as a server saw it.
fn posted(attestation: &keyline::domain::credential::Attestation) -> Value {
    let created = answer(
        "201 Created",
        "request-id: r\r\n",
        r#"{"id":"73e4b2c6-8a2f-4d3e-9b1a-5c7d8e9f0a1b"}"#,
    );
    let (url, thread) = recorder(vec![token_answer(), created]);
    let (entra, _file) = entra_at(&url, Api::V1_0);
    entra.register(ADA, "Key 4711", attestation).unwrap();
    let requests = thread.join().unwrap();
    let (head, body) = requests[1].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1.0/users/"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn what_we_send_is_as_the_schema_declares() {
    let bench = Bench::new();
    let options = bench.entra.creation_options(ADA).unwrap();
    for key in [
        SoftwareKey::new(1),
        SoftwareKey::with_certificate(2, Aaguid([0x4B; 16])),
    ] {
        let mut attestation = key.attest(&options);
        for hmac_secret in [false, true] {
            attestation.hmac_secret = hmac_secret;
            let body = posted(&attestation);
            assert_declared("fido2AuthenticationMethod", &body, "the POST");
            assert_eq!(body["displayName"], "Key 4711");
            let credential = body["publicKeyCredential"].as_object().unwrap();
            assert_eq!(credential.len(), 3, "{credential:?}");
        }
    }
}

#[test]
fn the_check_sees_what_is_undeclared_or_of_another_type() {
    let schema = Schema::read(LIST);
    for (kind, value) in [
        ("webauthnPublicKeyCredentialRpEntity", json!({ "icon": 1 })),
        ("webauthnPublicKeyCredentialRpEntity", json!({ "id": 1 })),
        (
            "webauthnPublicKeyCredentialParameters",
            json!({ "alg": "-7" }),
        ),
        (
            "webauthnPublicKeyCredentialParameters",
            json!({ "alg": 1_u64 << 31 }),
        ),
        (
            "webauthnAuthenticatorSelectionCriteria",
            json!({ "residentKey": "required" }),
        ),
        (
            "webauthnAuthenticatorSelectionCriteria",
            json!({ "requireResidentKey": "true" }),
        ),
        (
            "webauthnCredentialCreationOptions",
            json!({ "challengeTimeoutDateTime": "soon" }),
        ),
        (
            "webauthnCredentialCreationOptions",
            json!({ "publicKey": { "excludeCredentials": [{ "rawId": "" }] } }),
        ),
        (
            "fido2AuthenticationMethod",
            json!({ "attestationLevel": "maybe" }),
        ),
        (
            "fido2AuthenticationMethod",
            json!({ "attestationCertificates": "none" }),
        ),
        (
            "fido2AuthenticationMethod",
            json!({ "publicKeyCredential": { "type": "public-key" } }),
        ),
        (
            "fido2AuthenticationMethod",
            json!({ "@odata.type": "#microsoft.graph.fido2" }),
        ),
        ("fido2AuthenticationMethod", json!([])),
        ("nothing", json!({})),
    ] {
        assert_eq!(schema.wrongs(kind, &value, kind).len(), 1, "{kind} {value}");
    }
    let open = json!({ "somethingNew": { "at": "all" } });
    let inputs = "webauthnAuthenticationExtensionsClientInputs";
    assert_eq!(schema.wrongs(inputs, &open, inputs), Vec::<String>::new());
}

/// The value of an attribute within a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}

/// The list that the official file would give.
fn list_of(official: &str) -> String {
    let mut list = String::new();
    for tag in official.split('<').skip(1) {
        let name = attribute(tag, "Name").unwrap_or_default();
        let kind = tag.split([' ', '>']).next().unwrap_or_default();
        let word = match kind {
            "EnumType" => "enum",
            "ComplexType" => "complex",
            "EntityType" => "entity",
            "Member" => {
                writeln!(list, "  {name}").unwrap();
                continue;
            }
            "Property" | "NavigationProperty" => {
                writeln!(list, "  {name} {}", attribute(tag, "Type").unwrap()).unwrap();
                continue;
            }
            _ => continue,
        };
        write!(list, "{word} {name}").unwrap();
        if let Some(base) = attribute(tag, "BaseType") {
            write!(list, " : {}", base.trim_start_matches("graph.")).unwrap();
        }
        if attribute(tag, "OpenType") == Some("true") {
            list.push_str(" open");
        }
        list.push('\n');
    }
    list
}

#[test]
fn the_list_is_that_of_the_official_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(OFFICIAL);
    let Ok(official) = std::fs::read_to_string(&path) else {
        eprintln!(
            "SKIPPED: the official schema ({OFFICIAL}) is not there; our list of it is not compared with it"
        );
        return;
    };
    assert_eq!(list_of(&official), LIST);
}
