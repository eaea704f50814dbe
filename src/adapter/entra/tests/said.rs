//! What the service said, as it is handed on: with code, message and request id, on one line, without a token or a secret.

use serde_json::json;

use super::super::{Answer, answer, token};
use crate::domain::fault::Fault;

const SECRET: &str = "q2~8Q~hunter2";
const TOKEN: &str = "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJrZXlsaW5lIn0.c2lnbmF0dXJl";

fn answered(status: u16, body: &serde_json::Value) -> Answer {
    Answer {
        status,
        request_id: "r-77".to_owned(),
        from_graph: true,
        retry_after: None,
        date: None,
        body: body.to_string().into_bytes().into(),
    }
}

fn graph(message: &str) -> Answer {
    let error = json!({ "code": "Request_ResourceNotFound", "message": message });
    answered(404, &json!({ "error": error }))
}

fn denied(description: &str) -> String {
    let body = json!({
        "error": "invalid_client",
        "error_description": description,
        "error_codes": [7_000_215],
        "trace_id": "t-1",
    });
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "station"),
        ("client_secret", SECRET),
    ];
    match token::refused(&answered(401, &body), &form).fault() {
        Fault::SignIn { what } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn a_404_is_told_in_microsofts_words_which_no_log_repeats_with_the_name() {
    let said = "Resource 'ada@contoso.com' does not exist or one of its queried reference-property objects are not present.";
    let fault = graph(said).refused();
    assert_eq!(
        fault,
        Fault::UserUnknown {
            request_id: "r-77".to_owned(),
            code: "Request_ResourceNotFound".to_owned(),
            message: said.to_owned(),
        }
    );
    let logged = fault.to_string();
    assert!(
        logged.contains("Resource '(address)' does not exist") && logged.contains("r-77"),
        "{logged}"
    );
}

#[test]
fn a_refused_sign_in_has_the_code_microsofts_words_what_to_do_and_the_trace() {
    let what = denied(
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'station'.\r\nTrace ID: t-1\r\nCorrelation ID: c-1\r\nTimestamp: 2026-11-22 12:00:00Z",
    );
    assert_eq!(
        what,
        "AADSTS7000215 invalid_client: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app 'station'; the client secret is wrong; it is the secret's value, not its id, and a new one takes a moment (trace t-1)"
    );
    let bare = denied("");
    assert!(
        bare.starts_with("AADSTS7000215 invalid_client: the client secret is wrong"),
        "{bare}"
    );
}

#[test]
fn no_secret_and_no_token_comes_back_in_what_the_service_said() {
    let long = "A".repeat(65);
    for said in [
        format!("the secret '{SECRET}' is wrong"),
        format!("{SECRET}{SECRET}"),
        format!("the token {TOKEN}, shown twice: {TOKEN}"),
        format!("an opaque one ({long})"),
    ] {
        for words in [denied(&said), graph(&said).refused().to_string()] {
            // Graph is shown a token, never the secret.
            let secret = words.contains("hunter2") && !words.starts_with("the tenant");
            assert!(
                !secret && !words.contains("eyJ") && !words.contains(&long),
                "{words}"
            );
        }
        assert!(denied(&said).contains("(left out)"), "{}", denied(&said));
    }
    let hex = "A1".repeat(32);
    assert!(denied(&hex).contains(&hex), "a thumbprint is no secret");
}

#[test]
fn what_was_said_is_one_short_line() {
    let said = answer::shown(&format!(
        "a\r\nb\u{1b}[2J\u{202E}c {}",
        "word ".repeat(1000)
    ));
    assert!(said.starts_with("a  b [2J c word word"), "{said}");
    assert_eq!(said.chars().count(), 500);
    assert_eq!(answer::shown_id(&"i-".repeat(500)).chars().count(), 10);
}

#[test]
fn an_answer_that_cannot_be_used_says_of_which_request() {
    let unusable = |answer: &Answer| match answer.read(super::super::fido2_methods::decode_page) {
        Err(Fault::AnswerUnusable { what, request_id }) => (what, request_id),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was read"),
    };
    let (what, request_id) = unusable(&answered(200, &json!({ "value": 7 })));
    assert!(what.contains("another type"), "{what}");
    assert_eq!(request_id, "r-77");
    let stranger = Answer {
        from_graph: false,
        ..answered(404, &json!({}))
    };
    assert!(
        matches!(stranger.refused(), Fault::AnswerUnusable { request_id, .. } if request_id == "r-77")
    );
}
