//! What the log says of a conversation with Entra, at its most talkative. In a process of its own, because there is one log
//! for a process.

use std::io::Write;
use std::sync::{Arc, Mutex};

use keyline::adapter::entra::{
    Api, CertificateSource, Delegated, Entra, Keep, Pages, SecretSource, SignInWay,
};
use keyline::port::{CancelFlag, RelyingParty};
use keyline::practice::tenant::{Operation, SignInAnswer, TenantSetup, Trick};

use crate::bench::{ADA, Bench, BenchClock, config};
use crate::papers::{PASSWORD, Papers};
use crate::software_key::SoftwareKey;

#[expect(dead_code, reason = "this test needs a part of the bench")]
#[path = "entra/bench.rs"]
mod bench;
#[path = "entra/papers.rs"]
mod papers;
#[expect(dead_code, reason = "this test needs a part of the key")]
#[path = "support/software_key.rs"]
mod software_key;

/// A person as Entra may call one.
const NAMED: &str = "Zsofia Kovacs";
const NAMED_SHORT: &str = "zkovacs";

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

/// Signs in in every other way, fails in some, and hands back what was secret in it.
fn other_ways(bench: &Bench, papers: &Papers) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let url = bench.tenant.url();
    let entra = |way: SignInWay| {
        let clock = Arc::new(BenchClock::default());
        Entra::new(config(url, Api::V1_0), way, clock, CancelFlag::default()).unwrap()
    };
    let password = papers.write("password", PASSWORD);
    let certificate = |file, password: Option<&std::path::Path>| {
        SignInWay::Certificate(CertificateSource {
            place: SecretSource::File(file),
            password: password.map(|path| SecretSource::File(path.to_owned())),
        })
    };
    entra(certificate(
        papers.pkcs12("station.p12", ""),
        Some(&password),
    ))
    .ready()
    .unwrap();
    let torn = papers.write("torn.pem", papers.text("key.pem"));
    entra(certificate(torn, None)).ready().unwrap_err();

    let delegated = || {
        SignInWay::Delegated(Delegated {
            keep: Keep::sealed(folder.path(), folder.path(), None),
            scopes: Vec::new(),
        })
    };
    let mut code = String::new();
    entra(delegated())
        .sign_in_by_device_code(&mut |prompt| {
            code.clone_from(&prompt.code);
            bench
                .tenant
                .answer_device(&prompt.code, SignInAnswer::Approve);
        })
        .unwrap();
    let person = entra(delegated());
    person.ready().unwrap();
    let tokens = [bench.tenant.refresh_tokens(), bench.tenant.tokens()].concat();
    assert!(tokens.len() >= 5, "there is something to look for");
    let mut secrets: Vec<String> = tokens.iter().map(|token| token.to_string()).collect();
    bench
        .tenant
        .misbehave(Operation::Root, 1, Trick::ExpireTokens);
    person.ready().unwrap();
    bench.tenant.revoke_sign_ins();
    entra(delegated()).ready().unwrap_err();

    // A browser that brings a refusal and a code that is not ours.
    let page = || (String::new(), String::new());
    let pages = Pages {
        taken: page(),
        refused: page(),
        wrong: page(),
    };
    let patience = std::time::Duration::from_millis(200);
    let mut address = String::new();
    entra(delegated())
        .sign_in_by_browser(&pages, patience, &mut |shown| {
            shown.clone_into(&mut address)
        })
        .unwrap_err();
    let address = url::Url::parse(&address).unwrap();
    let state = address.query_pairs().find(|(name, _)| name == "state");
    secrets.extend([state.unwrap().1.into_owned(), code, PASSWORD.to_owned()]);
    let key = papers.text("key.pem");
    secrets.extend(key.lines().skip(1).take(5).map(str::to_owned));
    secrets
}

/// Entra refuses, and fails, in words that name a person without an address. The bench is told them, the log is not.
fn names_somebody(bench: &Bench) {
    let body = |code: &str| {
        let message = format!("{NAMED} ({NAMED_SHORT}) may not be acted on");
        serde_json::json!({ "error": { "code": code, "message": message } }).to_string()
    };
    let answer = |status, code: &str| Trick::Answer {
        status,
        body: body(code),
    };
    for (on, times, trick) in [
        (Operation::CreationOptions, 1, answer(403, "accessDenied")),
        (
            Operation::List,
            1,
            answer(403, &format!("denied to {NAMED}")),
        ),
        // As often as it is asked again.
        (Operation::CreationOptions, 4, answer(503, "serviceBusy")),
    ] {
        bench.tenant.misbehave(on, times, trick);
    }
    let refused = [
        bench.entra.creation_options(ADA).unwrap_err(),
        bench.entra.credentials(ADA).unwrap_err(),
        bench.entra.creation_options(ADA).unwrap_err(),
    ];
    for fault in refused {
        let told = keyline::face::say::fault::message(&fault);
        assert!(told.contains(NAMED), "the bench is told: {told}");
        tracing::warn!(fault = %fault.brief(), "as the station logs it");
    }
}

#[test]
fn the_log_holds_request_ids_but_no_secret_token_name_or_body() {
    let log = Log::default();
    let writer = log.clone();
    // For the whole process: the threads of the HTTP client and of the tenant are heard as well.
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let papers = Papers::new();
    let setup = TenantSetup {
        certificates: vec![papers.der()],
        ..TenantSetup::default()
    };
    let bench = Bench::with(setup, Api::V1_0);
    let mut secrets = other_ways(&bench, &papers);
    bench
        .tenant
        .misbehave(Operation::CreationOptions, 1, Trick::DropBeforeCommit);
    bench
        .tenant
        .misbehave(Operation::List, 1, Trick::ExpireTokens);
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    bench.entra.credentials(ADA).unwrap();
    bench.entra.credentials("nobody@contoso.com").unwrap_err();
    names_somebody(&bench);
    let tokens = bench.tenant.tokens();
    secrets.extend(tokens.iter().map(|token| token.to_string()));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("request_id=") && log.contains("client_request_id="),
        "{log}"
    );
    for told in [
        "no answer",
        "code=\"accessDenied\"",
        "code=\"(no code)\"",
        "code=\"serviceBusy\"",
        "reason=\"Unreachable (request ",
        "fault=Refused 403 accessDenied (request ",
        "fault=Unreachable (request ",
    ] {
        assert!(log.contains(told), "nothing of {told} in:\n{log}");
    }
    let secret = TenantSetup::default().client_secret;
    for hidden in [
        secret.as_str(),
        "practice-refresh",
        // How every token of the practice tenant begins, and every assertion goes on.
        "eyJ",
        "Bearer",
        "client_assertion",
        "code_challenge",
        "admin@",
        "ada.brook",
        "nobody@",
        NAMED,
        NAMED_SHORT,
        "attestationObject",
    ] {
        assert!(!log.contains(hidden), "{hidden} is in the log:\n{log}");
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "a secret is in the log");
    }
}
