//! What a person reads of a refusal: the code, the message and the request id as the service gave them, made harmless, and a
//! sentence of our own that says what to do.

use keyline::adapter::entra::Api;
use keyline::domain::fault::{Fault, Move};
use keyline::face::say::fault::{hint, message};
use keyline::port::RelyingParty;

use crate::bench::ADA;
use crate::wire::{answer, entra_at, recorder, token_answer};

/// Sendings of one request that may be repeated.
const TRIES: usize = 4;

/// What the adapter makes of this answer to a question, given as often as it asks.
fn asked(status: &str, headers: &str, body: &str, times: usize) -> Fault {
    let mut answers = Vec::new();
    for _ in 0..times {
        // Each 401 is followed by a new token.
        if answers.is_empty() || status.starts_with("401") {
            answers.push(token_answer());
        }
        answers.push(answer(status, headers, body));
    }
    let (url, thread) = recorder(answers);
    let (entra, _file) = entra_at(&url, Api::V1_0);
    let fault = entra.creation_options(ADA).unwrap_err();
    thread.join().unwrap();
    fault
}

fn body(code: &str, message: &str) -> String {
    let error = serde_json::json!({
        "error": {
            "code": code,
            "message": message,
            "innerError": { "date": "2026-11-22T16:35:25", "request-id": "r-77", "client-request-id": "c-1" },
        }
    });
    error.to_string()
}

#[test]
fn a_refusal_is_told_as_it_was_given_and_with_what_to_do() {
    // Bodies that were seen, and codes that clients know; the wording is not judged.
    for (status, code, said) in [
        (
            "400 Bad Request",
            "badRequest",
            "The request is missing a fido2AuthenticationMethod entity",
        ),
        (
            "403 Forbidden",
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        (
            "405 Method Not Allowed",
            "methodNotAllowed",
            "The method is not supported for this URL.",
        ),
        (
            "405 Method Not Allowed",
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        ),
        ("409 Conflict", "conflict", "A conflicting object exists"),
        ("413 Payload Too Large", "tooLarge", "Too large"),
        ("423 Locked", "accessDenied", "Locked"),
    ] {
        let fault = asked(status, "request-id: r-77\r\n", &body(code, said), 1);
        assert_eq!(fault.whose_move(), Move::Administrator, "{fault:?}");
        let words = message(&fault);
        for part in [&status[..3], code, said.trim_end_matches('.'), "r-77"] {
            assert!(words.contains(part), "{part:?} is not in {words:?}");
        }
        assert!(
            hint(&fault).contains("keyline jobs release"),
            "{}",
            hint(&fault)
        );
    }
}

#[test]
fn an_unknown_user_a_refused_token_and_a_failing_service_are_told_with_their_request() {
    let unknown = body("Request_ResourceNotFound", "Resource 'x' does not exist.");
    let fault = asked("404 Not Found", "request-id: r-77\r\n", &unknown, 1);
    assert!(matches!(fault, Fault::UserUnknown { .. }), "{fault:?}");
    let words = message(&fault);
    assert_eq!(
        words,
        "The tenant does not know this user (404 Request_ResourceNotFound): Resource 'x' does not exist. The request was r-77."
    );
    assert!(hint(&fault).contains("spelling"), "{}", hint(&fault));

    let expired = body("InvalidAuthenticationToken", "Lifetime validation failed");
    let fault = asked("401 Unauthorized", "request-id: r-77\r\n", &expired, 2);
    assert_eq!(fault.whose_move(), Move::Wait, "{fault:?}");
    let words = message(&fault);
    for part in [
        "401",
        "InvalidAuthenticationToken",
        "Lifetime validation failed",
        "r-77",
    ] {
        assert!(words.contains(part), "{part:?} is not in {words:?}");
    }
    assert!(hint(&fault).contains("client secret"), "{}", hint(&fault));

    let failed = body(
        "serviceNotAvailable",
        "The service is temporarily unavailable.",
    );
    for status in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let fault = asked(status, "request-id: r-77\r\n", &failed, TRIES);
        assert_eq!(fault.whose_move(), Move::Wait, "{fault:?}");
        let words = message(&fault);
        for part in [&status[..3], "serviceNotAvailable", "r-77"] {
            assert!(words.contains(part), "{part:?} is not in {words:?}");
        }
        assert!(hint(&fault).contains("service status"), "{}", hint(&fault));
    }

    let throttled = body("TooManyRequests", "Too many requests");
    let fault = asked(
        "429 Too Many Requests",
        "retry-after: 60\r\n",
        &throttled,
        1,
    );
    assert!(
        message(&fault).contains("60 seconds"),
        "{}",
        message(&fault)
    );
    assert!(
        hint(&fault).contains("goes on by itself"),
        "{}",
        hint(&fault)
    );
}

#[test]
fn strangers_on_the_way_are_called_that() {
    for (status, headers, page, times, part) in [
        (
            "302 Found",
            "location: http://127.0.0.1:1/\r\n",
            "",
            1,
            "302",
        ),
        (
            "407 Proxy Authentication Required",
            "",
            "<html>",
            1,
            "proxy",
        ),
        (
            "200 OK",
            "content-type: text/html\r\n",
            "<html>",
            TRIES,
            "guest network",
        ),
        (
            "200 OK",
            "request-id: r\r\n",
            "{\"publicKey\":{\"chall",
            TRIES,
            "not wholly, JSON",
        ),
    ] {
        let fault = asked(status, headers, page, times);
        assert_eq!(fault.whose_move(), Move::Wait, "{status}: {fault:?}");
        let words = message(&fault);
        assert!(words.contains(part), "{words}");
        assert!(hint(&fault).contains("network"), "{}", hint(&fault));
    }
}

#[test]
fn what_a_service_says_cannot_move_a_terminal() {
    let nasty = "no\u{1b}[2J\u{7}\r\nerror: all is well\u{202e}\u{0}\t.";
    let fault = asked(
        "400 Bad Request",
        "request-id: r-77\r\n",
        &body("bad\u{1b}]0;x\u{7}Request", nasty),
        1,
    );
    let words = message(&fault);
    assert!(
        !words.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{words:?}"
    );
    assert!(
        words.contains("all is well") && words.contains("Request"),
        "{words:?}"
    );
    // A message without end is cut.
    let endless = asked(
        "400 Bad Request",
        "request-id: r-77\r\n",
        &body("badRequest", &"no ".repeat(10_000)),
        1,
    );
    let length = message(&endless).chars().count();
    assert!(length < 700, "{length} characters");
    assert!(message(&endless).contains("r-77"));
}
