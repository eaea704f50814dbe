//! The sign-in by a code that somebody types elsewhere: what is waited for, and every way in which it ends.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyline::adapter::entra::{Api, Delegated, DevicePrompt, Entra, Keep, SignInWay};
use keyline::domain::fault::Fault;
use keyline::domain::sign_in::TokenClaims;
use keyline::domain::time::Timestamp;
use keyline::port::{CancelFlag, Clock, RelyingParty};
use keyline::practice::tenant::{Operation, SignInAnswer, Tenant, TenantSetup, Trick};

use crate::bench::{ADA, config};

/// A way for an administrator, kept in memory.
pub(crate) fn in_memory() -> SignInWay {
    SignInWay::Delegated(Delegated {
        keep: Keep::in_memory(),
        scopes: Vec::new(),
    })
}

/// What happens during the n-th wait.
type Script = Box<dyn Fn(usize, &Tenant, &str) + Send + Sync>;

/// A clock that puts itself and the tenant forward instead of waiting, and plays a script meanwhile.
struct Stage {
    tenant: Tenant,
    ahead_millis: AtomicI64,
    waits: Mutex<Vec<u64>>,
    count: AtomicUsize,
    /// Seconds by which the tenant's clock is put forward less than ours, at the first two waits.
    lag: i64,
    code: Mutex<String>,
    script: Script,
}

impl Clock for Stage {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead_millis.load(Ordering::SeqCst);
        Timestamp(jiff::Timestamp::now().as_millisecond() + ahead)
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::Zoned::now().date()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let seconds = duration.as_secs();
        self.waits.lock().unwrap().push(seconds);
        let forward = i64::try_from(seconds).unwrap();
        self.ahead_millis
            .fetch_add(forward * 1000, Ordering::SeqCst);
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let lag = if count <= 2 { self.lag } else { 0 };
        self.tenant.advance(forward - lag);
        (self.script)(count, &self.tenant, &self.code.lock().unwrap());
        !cancel.is_cancelled()
    }
}

struct Played {
    stage: Arc<Stage>,
    entra: Entra,
    outcome: Result<Option<TokenClaims>, Fault>,
    prompts: Vec<DevicePrompt>,
}

fn play(setup: TenantSetup, lag: i64, script: Script) -> Played {
    let stage = Arc::new(Stage {
        tenant: Tenant::start(setup).unwrap(),
        ahead_millis: AtomicI64::new(0),
        waits: Mutex::default(),
        count: AtomicUsize::new(0),
        lag,
        code: Mutex::default(),
        script,
    });
    let config = config(stage.tenant.url(), Api::V1_0);
    let entra = Entra::new(config, in_memory(), stage.clone(), CancelFlag::default()).unwrap();
    let mut prompts = Vec::new();
    let outcome = entra.sign_in_by_device_code(&mut |prompt| {
        stage.code.lock().unwrap().clone_from(&prompt.code);
        prompts.push(prompt.clone());
    });
    Played {
        stage,
        entra,
        outcome,
        prompts,
    }
}

fn answer_at(wait: usize, answer: SignInAnswer) -> Script {
    Box::new(move |count, tenant, code| {
        if count == wait {
            assert!(tenant.answer_device(code, answer), "no such code");
        }
    })
}

fn told(outcome: Result<Option<TokenClaims>, Fault>) -> String {
    match outcome {
        Err(Fault::SignIn { what }) => what,
        other => panic!("no refusal but {other:?}"),
    }
}

#[test]
fn the_station_asks_until_somebody_has_signed_in_and_works_in_that_name() {
    let played = play(
        TenantSetup::default(),
        0,
        answer_at(3, SignInAnswer::Approve),
    );
    let claims = played.outcome.unwrap().unwrap();
    assert!(claims.grants.delegated);
    assert_eq!(
        claims.grants.permissions,
        ["UserAuthMethod-Passkey.ReadWrite.All"]
    );
    assert_eq!(claims.grants.account.as_deref(), Some("admin@contoso.com"));
    assert_eq!(claims.name.as_deref(), Some("Practice Administrator"));
    assert!(claims.expires.is_some() && claims.grants.tenant.is_some());
    assert_eq!(*played.stage.waits.lock().unwrap(), [5, 5, 5]);
    assert_eq!(played.prompts.len(), 1);
    let prompt = &played.prompts[0];
    assert_eq!((prompt.code.len(), prompt.seconds), (9, 900));
    assert!(prompt.address.ends_with("practice/device"));

    let tenant = &played.stage.tenant;
    assert_eq!(played.entra.credentials(ADA), Ok(Vec::new()));
    assert_eq!(tenant.requests(Operation::Token), 3, "the token is held");
    // The code was good for one sign-in.
    assert!(!tenant.answer_device(&prompt.code, SignInAnswer::Approve));
}

#[test]
fn a_service_that_finds_us_too_fast_is_asked_more_slowly() {
    // To the tenant only four seconds pass between the first two questions.
    let played = play(
        TenantSetup::default(),
        1,
        answer_at(4, SignInAnswer::Approve),
    );
    assert!(played.outcome.is_ok());
    assert_eq!(*played.stage.waits.lock().unwrap(), [5, 5, 10, 10]);
}

#[test]
fn a_sign_in_that_is_declined_ends_at_once() {
    let played = play(
        TenantSetup::default(),
        0,
        answer_at(2, SignInAnswer::Decline),
    );
    assert_eq!(told(played.outcome), "the sign-in was declined");
    assert_eq!(played.stage.waits.lock().unwrap().len(), 2);
}

#[test]
fn a_code_that_nobody_types_ends_with_its_time() {
    let setup = || TenantSetup {
        device_code_seconds: 12,
        ..TenantSetup::default()
    };
    let played = play(setup(), 0, Box::new(|_, _, _| {}));
    assert!(told(played.outcome).contains("time was over; begin anew"));
    assert_eq!(played.stage.waits.lock().unwrap().len(), 3);

    // The tenant's clock may be ahead of ours: then it is the tenant that says so.
    let early = play(
        setup(),
        0,
        Box::new(|_, tenant, _| {
            tenant.advance(60);
        }),
    );
    assert!(told(early.outcome).contains("time was over; begin anew"));
    assert_eq!(early.stage.waits.lock().unwrap().len(), 1);
}

#[test]
fn a_network_that_is_away_for_a_moment_ends_nothing() {
    let played = play(
        TenantSetup::default(),
        0,
        Box::new(|count, tenant, code| {
            if count == 1 {
                tenant.misbehave(Operation::Token, 1, Trick::DropBeforeCommit);
            }
            if count == 2 {
                tenant.misbehave(Operation::Token, 1, Trick::Fail { status: 503 });
                tenant.answer_device(code, SignInAnswer::Approve);
            }
        }),
    );
    assert!(played.outcome.is_ok());
    assert_eq!(played.stage.waits.lock().unwrap().len(), 3);
}

#[test]
fn a_station_that_is_stopped_waits_no_longer() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let cancel = CancelFlag::default();
    let entra = Entra::new(
        config(tenant.url(), Api::V1_0),
        in_memory(),
        Arc::new(crate::bench::BenchClock::default()),
        cancel.clone(),
    )
    .unwrap();
    let outcome = entra.sign_in_by_device_code(&mut |_| cancel.cancel());
    assert_eq!(outcome, Err(Fault::Cancelled));
}

#[test]
fn an_answer_without_a_code_is_no_code() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let entra = Entra::new(
        config(tenant.url(), Api::V1_0),
        in_memory(),
        Arc::new(crate::bench::BenchClock::default()),
        CancelFlag::default(),
    )
    .unwrap();
    // What is no JSON is asked for again, as often as one call tries.
    for (body, times) in [
        ("{}", 1),
        ("[]", 1),
        ("<html>", 4),
        (r#"{"device_code":1}"#, 1),
    ] {
        let body = body.to_owned();
        tenant.misbehave(Operation::DeviceCode, times, Trick::Garble { body });
        let outcome = entra.sign_in_by_device_code(&mut |_| panic!("nothing to show"));
        assert!(
            match outcome {
                Err(Fault::AnswerUnusable { .. }) => times == 1,
                Err(Fault::Unreachable { .. }) => times == 4,
                _ => false,
            },
            "{outcome:?}"
        );
    }
}
