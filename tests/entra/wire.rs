//! What goes over the wire to the letter, what the log says of it, and the tenant's address for other programs.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyline::adapter::entra::{Api, Entra, SecretSource};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, RelyingParty};
use keyline::practice::tenant::{Operation, Tenant, TenantSetup, Trick};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use url::Url;

use crate::bench::{ADA, Bench, BenchClock, config, secret_file};
use crate::software_key::SoftwareKey;

/// A client of another make than the adapter's.
pub(crate) fn plain_client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// A token by the ordinary way.
pub(crate) fn token(client: &Client, tenant: &Tenant) -> String {
    let setup = TenantSetup::default();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &setup.client_id),
        ("client_secret", &setup.client_secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let url = format!("{}contoso.com/oauth2/v2.0/token", tenant.url());
    let answer = client.post(url).form(&form).send().unwrap();
    let body: Value = answer.json().unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// A server that gives prepared answers, one connection each, and keeps the requests.
fn recorder(answers: Vec<String>) -> (Url, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let thread = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !is_whole(&request) {
                let count = stream.read(&mut chunk).unwrap();
                assert_ne!(count, 0, "the request broke off");
                request.extend(&chunk[..count]);
            }
            requests.push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).unwrap();
        }
        requests
    });
    (url, thread)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn token_answer() -> String {
    answer(
        "200 OK",
        "",
        r#"{"access_token":"t0ken","expires_in":"3599"}"#,
    )
}

fn entra_at(url: &Url, api: Api) -> (Entra, tempfile::NamedTempFile) {
    let file = secret_file("s3cret");
    let source = SecretSource::File(file.path().to_owned());
    let clock = Arc::new(BenchClock::default());
    let entra = Entra::new(config(url, api), source, clock, CancelFlag::default()).unwrap();
    (entra, file)
}

#[test]
fn requests_are_as_graph_documents_them() {
    let (url, thread) = recorder(vec![
        token_answer(),
        answer(
            "400 Bad Request",
            "request-id: r-77\r\n",
            r#"{"error":{"code":"badRequest","message":"no"}}"#,
        ),
        answer("404 Not Found", "", ""),
        answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        answer("404 Not Found", "", "<html>"),
    ]);
    let (entra, _file) = entra_at(&url, Api::Beta);
    let fault = entra
        .creation_options("o'reilly#EXT#@contoso.com")
        .unwrap_err();
    assert_eq!(
        fault,
        Fault::Refused {
            status: 400,
            code: "badRequest".to_owned(),
            message: "no".to_owned(),
            request_id: "r-77".to_owned(),
        }
    );
    let method = keyline::domain::credential::MethodId("a+b/c=1".to_owned());
    for _ in 0..2 {
        // Neither a foreign 404 nor a redirect may count as "deleted".
        let fault = entra.delete("u", &method).unwrap_err();
        assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
    }
    let fault = entra.credentials("u").unwrap_err();
    assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");

    let requests = thread.join().unwrap();
    let [sign_in, options, delete, ..] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert!(sign_in.starts_with("POST /contoso.com/oauth2/v2.0/token HTTP/1.1\r\n"));
    let form: Vec<(String, String)> =
        url::form_urlencoded::parse(sign_in.split_once("\r\n\r\n").unwrap().1.as_bytes())
            .into_owned()
            .collect();
    let expected = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", TenantSetup::default().client_id),
        ("client_secret", "s3cret".to_owned()),
        (
            "scope",
            format!("{}/.default", url.as_str().trim_end_matches('/')),
        ),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value)));
    assert!(
        options.starts_with(
            "GET /beta/users/o%27reilly%23EXT%23@contoso.com/authentication/fido2Methods/creationOptions(challengeTimeoutInMinutes=60) HTTP/1.1\r\n"
        ),
        "{options}"
    );
    assert!(options.contains("\r\nauthorization: Bearer t0ken\r\n"));
    let id = options
        .lines()
        .find_map(|line| line.strip_prefix("client-request-id: "))
        .unwrap();
    assert!(uuid::Uuid::try_parse(id).is_ok(), "{id}");
    assert!(
        delete.starts_with(
            "DELETE /beta/users/u/authentication/fido2Methods/a%2Bb%2Fc=1 HTTP/1.1\r\n"
        )
    );
}

/// Collects what `tracing` writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_holds_request_ids_but_no_secret_token_name_or_body() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let bench = Bench::new();
    tracing::subscriber::with_default(subscriber, || {
        bench
            .tenant
            .misbehave(Operation::CreationOptions, 1, Trick::DropBeforeCommit);
        bench
            .tenant
            .misbehave(Operation::List, 1, Trick::ExpireTokens);
        bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
        bench.entra.credentials(ADA).unwrap();
        bench.entra.credentials("nobody@contoso.com").unwrap_err();
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("request_id=") && log.contains("client_request_id="),
        "{log}"
    );
    assert!(log.contains("no answer"), "{log}");
    let secret = TenantSetup::default().client_secret;
    for hidden in [
        secret.as_str(),
        "practice-",
        "Bearer",
        "ada.brook",
        "nobody@",
        "attestationObject",
    ] {
        assert!(!log.contains(hidden), "{hidden} is in the log:\n{log}");
    }
}

#[test]
fn another_program_can_read_passkeys_and_check_a_sign_in() {
    let bench = Bench::new();
    let client = plain_client();
    let base = format!("{}practice", bench.tenant.url());
    let get = |path: &str| -> Value {
        client
            .get(format!("{base}/{path}"))
            .send()
            .unwrap()
            .json()
            .unwrap()
    };
    let post = |path: &str, body: Value| {
        client
            .post(format!("{base}/{path}"))
            .json(&body)
            .send()
            .unwrap()
    };

    let key = SoftwareKey::new(1);
    bench.enroll(ADA, &key).unwrap();
    let held = get(&format!("users/{ADA}/credentials"));
    assert_eq!(held[0]["id"], URL_SAFE_NO_PAD.encode(&key.id));
    let point = key.key.verifying_key().to_sec1_point(false);
    assert_eq!(
        held[0]["public_key"]["x"],
        URL_SAFE_NO_PAD.encode(&point.as_bytes()[1..33])
    );
    assert_eq!(
        held[0]["public_key"]["y"],
        URL_SAFE_NO_PAD.encode(&point.as_bytes()[33..])
    );

    let (auth_data, client_data, signature) = key.assert(b"challenge", 2);
    let assertion = json!({
        "authenticator_data": URL_SAFE_NO_PAD.encode(auth_data),
        "client_data_json": URL_SAFE_NO_PAD.encode(client_data),
        "signature": URL_SAFE_NO_PAD.encode(signature),
    });
    let path = format!("users/{ADA}/assertions");
    let signed_in: Value = post(&path, assertion.clone()).json().unwrap();
    assert_eq!(signed_in["credential_id"], URL_SAFE_NO_PAD.encode(&key.id));
    assert_eq!(signed_in["challenge"], URL_SAFE_NO_PAD.encode(b"challenge"));
    assert_eq!(
        post(&path, assertion).status(),
        400,
        "the same again is a replay"
    );

    let old = json!({ "display_name": "old", "aaguid": "2fc0579f-8113-47ea-b116-bb5a8db9202a" });
    assert_eq!(post(&format!("users/{ADA}/credentials"), old).status(), 200);
    assert_eq!(bench.tenant.credentials(ADA).unwrap().len(), 2);
}

#[test]
fn another_program_can_arrange_misbehaviour() {
    let bench = Bench::new();
    let client = plain_client();
    let base = format!("{}practice", bench.tenant.url());
    let get = |path: &str| -> Value {
        client
            .get(format!("{base}/{path}"))
            .send()
            .unwrap()
            .json()
            .unwrap()
    };
    let put = |path: &str, body: Value| {
        client
            .put(format!("{base}/{path}"))
            .json(&body)
            .send()
            .unwrap()
    };
    assert_eq!(get("people").as_array().unwrap().len(), 24);

    let faults = json!({ "list_lag_seconds": 60, "next": [
        { "on": "register", "times": 1, "trick": "commit_then_drop" },
        { "on": "list", "times": 1, "trick": { "throttle": { "retry_after_seconds": 2 } } },
    ]});
    assert_eq!(put("faults", faults).status(), 200);
    let lost = bench.enroll(ADA, &SoftwareKey::new(1));
    assert!(matches!(lost, Err(Fault::Unreachable { .. })));
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 0);
    assert_eq!(bench.clock.waits().len(), 1);
    let advance = json!({ "advance_seconds": 61 });
    client
        .post(format!("{base}/clock"))
        .json(&advance)
        .send()
        .unwrap();
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 1);
    assert_eq!(put("faults", json!({ "typo": 1 })).status(), 422);
    assert_eq!(get("faults")["next"], json!([]));
}

#[test]
fn a_stopped_tenant_frees_its_port() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let port = tenant.url().port().unwrap();
    let taken = Tenant::start(TenantSetup {
        port,
        ..TenantSetup::default()
    });
    assert!(taken.is_err());
    tenant.stop();
    Tenant::start(TenantSetup {
        port,
        ..TenantSetup::default()
    })
    .unwrap();
}
