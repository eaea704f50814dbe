//! The sign-in in a browser: what the browser is sent to, what comes back to the port, and what is not let in there. The browser
//! is a plain HTTP client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyline::adapter::entra::{Api, Entra, Pages};
use keyline::domain::fault::Fault;
use keyline::domain::sign_in::TokenClaims;
use keyline::port::{CancelFlag, RelyingParty};
use keyline::practice::tenant::{Operation, Tenant, TenantSetup, Trick};
use reqwest::blocking::Client;
use serde_json::Value;
use url::Url;

use crate::bench::{ADA, BenchClock, config};
use crate::device_code::in_memory;

const PATIENCE: Duration = Duration::from_secs(60);

fn pages() -> Pages {
    let page = |text: &str| (format!("{text} & title"), format!("<{text}>"));
    Pages {
        taken: page("taken"),
        refused: page("refused"),
        wrong: page("wrong"),
    }
}

type Outcome = Result<Option<TokenClaims>, Fault>;

/// Runs a sign-in, and `browse` with the address that was shown, at the same time.
fn sign_in(tenant: &Tenant, patience: Duration, browse: impl FnOnce(Url)) -> (Outcome, Entra) {
    let entra = Entra::new(
        config(tenant.url(), Api::V1_0),
        in_memory(),
        Arc::new(BenchClock::default()),
        CancelFlag::default(),
    )
    .unwrap();
    let (shown, address) = mpsc::channel();
    let outcome = std::thread::scope(|scope| {
        let station = scope.spawn(|| {
            entra.sign_in_by_browser(&pages(), patience, &mut |address| {
                shown.send(Url::parse(address).unwrap()).unwrap();
            })
        });
        browse(address.recv().unwrap());
        station.join().unwrap()
    });
    (outcome, entra)
}

/// A browser that shows where it is sent instead of going there.
fn browser() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Opens the address, says yes or no on the tenant's page: where the browser is sent then.
fn answer(browser: &Client, address: &Url, yes: bool) -> Url {
    let page = browser.get(address.clone()).send().unwrap();
    let status = page.status();
    let page = page.text().unwrap();
    assert!(status.is_success(), "{page}");
    assert!(page.contains("practice tenant, not Microsoft"), "{page}");
    let link = if yes {
        "answer=approve"
    } else {
        "answer=decline"
    };
    let link = page
        .split('"')
        .find(|part| part.contains(link))
        .unwrap()
        .replace("&amp;", "&");
    let sent = browser.get(link).send().unwrap();
    assert_eq!(sent.status(), 302);
    Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(found, _)| found == name);
    found.map(|(_, value)| value.into_owned()).unwrap()
}

/// A request by hand: its whole answer.
fn knock(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn told(outcome: Outcome) -> String {
    match outcome {
        Err(Fault::SignIn { what }) => what,
        other => panic!("no refusal but {other:?}"),
    }
}

#[test]
fn somebody_signs_in_and_the_station_works_in_that_name() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, entra) = sign_in(&tenant, PATIENCE, |address| {
        assert_eq!(address.path(), "/contoso.com/oauth2/v2.0/authorize");
        assert_eq!(parameter(&address, "code_challenge_method"), "S256");
        assert_eq!(parameter(&address, "prompt"), "select_account");
        assert!(parameter(&address, "state").len() >= 43);
        assert!(parameter(&address, "scope").ends_with("/.default offline_access"));
        let browser = browser();
        let back = answer(&browser, &address, true);
        assert_eq!(back.host_str(), Some("localhost"));
        let page = browser.get(back).send().unwrap();
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["cache-control"], "no-store");
        let page = page.text().unwrap();
        assert!(
            page.contains("taken &amp; title") && page.contains("&lt;taken&gt;"),
            "{page}"
        );
    });
    let claims = outcome.unwrap().unwrap();
    assert_eq!(claims.grants.account.as_deref(), Some("admin@contoso.com"));
    assert_eq!(entra.credentials(ADA), Ok(Vec::new()));
    assert_eq!(tenant.requests(Operation::Token), 1);
}

#[test]
fn somebody_says_no() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, _) = sign_in(&tenant, PATIENCE, |address| {
        let browser = browser();
        let page = browser.get(answer(&browser, &address, false)).send();
        assert!(page.unwrap().text().unwrap().contains("refused"));
    });
    assert_eq!(told(outcome), "the sign-in was declined");
    assert_eq!(tenant.requests(Operation::Token), 0);
}

#[test]
fn only_the_answer_that_is_waited_for_is_let_in_and_only_once() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, _) = sign_in(&tenant, PATIENCE, |address| {
        let browser = browser();
        let back = answer(&browser, &address, true);
        let port = back.port().unwrap();
        let query = back.query().unwrap();
        // A browser connects ahead and says nothing; that keeps nobody waiting.
        let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let get = |target: &str, host: &str| {
            knock(
                port,
                &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            )
        };
        let ours = format!("localhost:{port}");
        let state = parameter(&back, "state");
        let mut other = state.clone().into_bytes();
        other[0] = if other[0] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        for (target, host, status) in [
            (format!("/?{query}"), "evil.example".to_owned(), "421"),
            (
                format!("/?{query}"),
                format!("localhost.evil.example:{port}"),
                "421",
            ),
            (format!("/?{query}"), "localhost:1".to_owned(), "421"),
            (
                format!("/?{query}"),
                format!("{ours}\r\nHost: {ours}"),
                "421",
            ),
            ("/favicon.ico".to_owned(), ours.clone(), "404"),
            (format!("/elsewhere?{query}"), ours.clone(), "404"),
            (format!("/?code=stolen&state={other}"), ours.clone(), "400"),
            ("/?code=stolen".to_owned(), ours.clone(), "400"),
            (format!("/?error=x&state={other}"), ours.clone(), "400"),
            (format!("/?state={state}"), ours.clone(), "400"),
        ] {
            let told = get(&target, &host);
            assert!(
                told.starts_with(&format!("HTTP/1.1 {status} ")) && told.contains("wrong"),
                "{target} {host}: {told}"
            );
        }
        let posted = knock(
            port,
            &format!("POST /?{query} HTTP/1.1\r\nHost: {ours}\r\nContent-Length: 0\r\n\r\n"),
        );
        assert!(posted.starts_with("HTTP/1.1 404 "), "{posted}");
        assert_eq!(knock(port, "no http at all\r\n\r\n"), "");
        let long = format!("GET /?{} HTTP/1.1\r\n\r\n", "a".repeat(40_000));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // It may be closed before all of this is written.
        let _ = stream.write_all(long.as_bytes());
        drop(stream);

        let told = get(&format!("/?{query}"), &ours);
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
        // By now the port is closed, or says that it is over.
        let again = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            write!(stream, "GET /?{query} HTTP/1.1\r\nHost: {ours}\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        let again = again.unwrap_or_default();
        assert!(
            again.is_empty() || again.starts_with("HTTP/1.1 410 "),
            "{again}"
        );
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(tenant.requests(Operation::Token), 1);
}

#[test]
fn a_browser_that_brings_nothing_is_not_waited_for_without_end() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, _) = sign_in(&tenant, Duration::from_millis(300), |address| {
        let back = answer(&browser(), &address, true);
        let port = back.port().unwrap();
        let state = "of-somebody-else";
        knock(
            port,
            &format!("GET /?code=x&state={state} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"),
        );
    });
    assert!(told(outcome).contains("in time; begin anew"));
    assert_eq!(tenant.requests(Operation::Token), 0);
}

#[test]
fn a_code_is_of_no_use_to_whoever_steals_it() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, _) = sign_in(&tenant, PATIENCE, |address| {
        let browser = browser();
        let back = answer(&browser, &address, true);
        // The thief has the code and is first, but has not what only the station knows.
        let (status, body) = redeem(&tenant, &address, &back, "a-verifier-of-the-thiefs");
        assert_eq!(
            (status, body["error"].as_str()),
            (400, Some("invalid_grant"))
        );
        browser.get(back).send().unwrap();
    });
    // The code was shown before: the station is told, and nobody has a token.
    assert!(told(outcome).contains("AADSTS54005 invalid_grant"));
    assert!(tenant.tokens().is_empty());
}

/// Shows a code at the token endpoint, by hand.
fn redeem(tenant: &Tenant, address: &Url, back: &Url, verifier: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", TenantSetup::default().client_id),
        ("code", parameter(back, "code")),
        ("redirect_uri", parameter(address, "redirect_uri")),
        ("code_verifier", verifier.to_owned()),
    ];
    let url = format!("{}contoso.com/oauth2/v2.0/token", tenant.url());
    let answer = browser().post(url).form(&form).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

#[test]
fn an_answer_of_the_token_endpoint_that_is_lost_spends_the_code() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let (outcome, _) = sign_in(&tenant, PATIENCE, |address| {
        let browser = browser();
        let back = answer(&browser, &address, true);
        tenant.misbehave(Operation::Token, 1, Trick::CommitThenDrop);
        browser.get(back).send().unwrap();
    });
    assert!(
        matches!(outcome, Err(Fault::Unreachable { .. })),
        "{outcome:?}"
    );
    assert_eq!(
        tenant.requests(Operation::Token),
        1,
        "it is not shown twice"
    );
}

/// An address at the authorize endpoint with these changes to a good one.
fn authorize(tenant: &Tenant, challenge: &str, changes: &[(&str, &str)]) -> Url {
    let mut url = tenant
        .url()
        .join("contoso.com/oauth2/v2.0/authorize")
        .unwrap();
    let client = TenantSetup::default().client_id;
    for (name, value) in [
        ("client_id", client.as_str()),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:1"),
        (
            "scope",
            "https://graph.microsoft.com/.default offline_access",
        ),
        ("state", "s"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ] {
        let changed = changes.iter().find(|(changed, _)| *changed == name);
        let value = changed.map_or(value, |(_, value)| value);
        url.query_pairs_mut().append_pair(name, value);
    }
    url
}

#[test]
fn the_practice_tenant_checks_what_entra_checks_of_a_browsers_sign_in() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let browser = browser();
    let verifier = "a".repeat(43);
    let digest = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(digest);
    for change in [
        ("client_id", "0c0ffee0-0000-4000-8000-000000000002"),
        ("response_type", "token"),
        ("redirect_uri", "http://localhost.evil.example"),
        ("redirect_uri", "https://localhost"),
        ("redirect_uri", "http://localhost:1/elsewhere"),
        ("scope", "offline_access"),
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
    ] {
        let url = authorize(&tenant, &challenge, &[change]);
        assert_eq!(browser.get(url).send().unwrap().status(), 400, "{change:?}");
    }
    let url = authorize(&tenant, &challenge, &[]);
    let back = answer(&browser, &url, true);
    let (status, body) = redeem(&tenant, &url, &back, &verifier);
    assert_eq!(status, 200);
    assert!(body["refresh_token"].is_string() && tenant.refresh_tokens().len() == 1);
    // A code that is shown twice was stolen: what came of it ends.
    assert_eq!(redeem(&tenant, &url, &back, &verifier).0, 400);
    assert!(tenant.refresh_tokens().is_empty());

    let back = answer(&browser, &url, true);
    let elsewhere = authorize(
        &tenant,
        &challenge,
        &[("redirect_uri", "http://localhost:2")],
    );
    assert_eq!(redeem(&tenant, &elsewhere, &back, &verifier).0, 400);
    let back = answer(&browser, &url, true);
    tenant.advance(601);
    assert_eq!(redeem(&tenant, &url, &back, &verifier).0, 400);
}
