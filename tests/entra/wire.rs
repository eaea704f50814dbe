//! What goes over the wire to the letter.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use keyline::adapter::entra::{Api, Entra, SecretSource};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, RelyingParty};
use keyline::practice::tenant::{Tenant, TenantSetup};
use reqwest::blocking::Client;
use serde_json::Value;
use url::Url;

use crate::bench::{BenchClock, config, secret_file};

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
pub(crate) fn recorder(answers: Vec<String>) -> (Url, JoinHandle<Vec<String>>) {
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

pub(crate) fn is_whole(request: &[u8]) -> bool {
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

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

pub(crate) fn token_answer() -> String {
    answer(
        "200 OK",
        "",
        r#"{"access_token":"t0ken","expires_in":"3599"}"#,
    )
}

pub(crate) fn entra_at(url: &Url, api: Api) -> (Entra, tempfile::NamedTempFile) {
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
    // Neither a foreign 404 nor a redirect may count as "deleted".
    let fault = entra.delete("u", &method).unwrap_err();
    assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
    let fault = entra.delete("u", &method).unwrap_err();
    assert!(matches!(fault, Fault::Unreachable { .. }), "{fault}");
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

#[test]
fn a_network_that_answers_for_graph_does_not_make_the_station_ready() {
    let page = answer(
        "200 OK",
        "content-type: text/html\r\n",
        "<html>please sign in",
    );
    let mut answers = vec![token_answer()];
    // As many as one call tries.
    answers.extend(vec![page; 4]);
    answers.extend([
        answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        answer(
            "407 Proxy Authentication Required",
            "content-type: text/html\r\n",
            "<html>who are you",
        ),
        answer("200 OK", "", "{}"),
        answer("403 Forbidden", "request-id: r\r\n", "{}"),
    ]);
    let (url, thread) = recorder(answers);
    let (entra, _file) = entra_at(&url, Api::V1_0);
    for _ in 0..3 {
        // Nobody's job is held for it: the line waits until the way is open.
        let fault = entra.ready().unwrap_err();
        assert!(matches!(fault, Fault::Unreachable { .. }), "{fault}");
    }
    let fault = entra.ready().unwrap_err();
    assert!(matches!(fault, Fault::AnswerUnusable { .. }), "{fault}");
    assert_eq!(entra.ready(), Ok(()), "Graph itself has answered");
    thread.join().unwrap();
}

#[test]
fn a_server_with_an_unknown_certificate_is_sent_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = Arc::new(tls);
    let thread = std::thread::spawn(move || {
        let mut received: Vec<u8> = Vec::new();
        // Four tries, and no fifth: the refusal is certain to come before anything is sent.
        for _ in 0..4 {
            let (stream, _) = listener.accept().unwrap();
            let connection = rustls::ServerConnection::new(tls.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut chunk = [0; 1024];
            if let Ok(count) = stream.read(&mut chunk) {
                received.extend(&chunk[..count]);
            }
        }
        received
    });
    let url = Url::parse(&format!("https://localhost:{port}")).unwrap();
    let (entra, _file) = entra_at(&url, Api::V1_0);
    let Err(Fault::Unreachable { what }) = entra.ready() else {
        panic!("an unknown certificate was trusted")
    };
    assert!(what.to_lowercase().contains("certificate"), "{what}");
    assert_eq!(thread.join().unwrap(), Vec::<u8>::new());
}
