//! What happens when the tenant or the network misbehaves: what is repeated, how often, and which doubt is left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keyline::adapter::entra::{Api, Entra, SecretSource};
use keyline::domain::credential::CredentialId;
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, Deleted, RelyingParty};
use keyline::practice::tenant::{Faults, Operation, Tenant, TenantSetup, Trick};

use crate::bench::{ADA, Bench, BenchClock, config, secret_file};
use crate::software_key::SoftwareKey;

fn throttle(seconds: u64, as_date: bool) -> Trick {
    Trick::Throttle {
        retry_after_seconds: Some(seconds),
        as_date,
    }
}

#[test]
fn a_429_is_waited_out_as_long_as_the_service_asks_even_for_a_registration() {
    let bench = Bench::new();
    let key = SoftwareKey::new(1);
    bench
        .tenant
        .misbehave(Operation::CreationOptions, 2, throttle(7, false));
    bench
        .tenant
        .misbehave(Operation::Register, 1, throttle(3, false));
    bench.enroll(ADA, &key).unwrap();
    assert_eq!(bench.clock.waits(), [7, 7, 3].map(Duration::from_secs));
    assert_eq!(bench.tenant.requests(Operation::Register), 2);
    assert_eq!(bench.tenant.credentials(ADA).unwrap().len(), 1);
}

#[test]
fn retry_after_may_be_a_date() {
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::List, 1, throttle(20, true));
    bench.entra.credentials(ADA).unwrap();
    let [wait] = bench.clock.waits()[..] else {
        panic!("one wait")
    };
    assert!((17..=20).contains(&wait.as_secs()), "{wait:?}");
}

#[test]
fn a_429_that_asks_for_too_much_is_handed_to_the_station_at_once() {
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::Register, 1, throttle(120, false));
    let fault = bench.enroll(ADA, &SoftwareKey::new(1)).unwrap_err();
    assert_eq!(fault, Fault::Throttled { seconds: 120 });
    assert!(!fault.leaves_doubt());
    assert_eq!(bench.clock.waits(), Vec::<Duration>::new());
}

#[test]
fn what_one_call_was_asked_to_wait_all_wait_and_no_longer() {
    let bench = Bench::new();
    bench.entra.ready().unwrap();
    bench
        .tenant
        .misbehave(Operation::CreationOptions, 1, throttle(120, false));
    assert_eq!(
        bench.entra.creation_options(ADA).unwrap_err(),
        Fault::Throttled { seconds: 120 }
    );
    for _ in 0..3 {
        let fault = bench.entra.credentials(ADA).unwrap_err();
        assert!(
            matches!(fault, Fault::Throttled { seconds: 118..=120 }),
            "{fault}"
        );
    }
    assert_eq!(bench.tenant.requests(Operation::List), 0);
    assert_eq!(bench.clock.waits(), Vec::<Duration>::new());
    // What is left is short enough to be waited for.
    bench.advance(100);
    bench.entra.credentials(ADA).unwrap();
    let [wait] = bench.clock.waits()[..] else {
        panic!("one wait")
    };
    assert!((18..=20).contains(&wait.as_secs()), "{wait:?}");
    bench.entra.creation_options(ADA).unwrap();
    assert_eq!(bench.clock.waits(), Vec::<Duration>::new());
}

#[test]
fn a_wish_for_a_day_is_asked_about_after_a_quarter_of_an_hour() {
    let bench = Bench::new();
    bench
        .tenant
        .misbehave(Operation::List, 1, throttle(86_400, false));
    let wish = Err(Fault::Throttled { seconds: 900 });
    assert_eq!(bench.entra.credentials(ADA), wish);
    bench.advance(901);
    bench.entra.credentials(ADA).unwrap();
}

#[test]
fn slots_that_waited_for_one_token_request_that_failed_do_not_each_try_again() {
    let bench = Bench::tuned(TenantSetup::default(), Api::V1_0, |config| {
        config.timeout = Duration::from_millis(500);
    });
    bench
        .tenant
        .misbehave(Operation::Token, 100, Trick::Slow { millis: 3000 });
    let started = Instant::now();
    let together = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                bench.entra.credentials(ADA).unwrap_err()
            });
        }
    });
    let (asked, took) = (bench.tenant.requests(Operation::Token), started.elapsed());
    assert!(asked <= 8, "{asked} requests for 8 slots in {took:?}");
}

#[test]
fn a_page_of_a_guest_network_deletes_nothing_and_registers_nothing() {
    for trick in [Trick::Page, Trick::Redirect] {
        let bench = Bench::new();
        let key = SoftwareKey::new(1);
        bench
            .tenant
            .misbehave(Operation::Register, 1, trick.clone());
        let fault = bench.enroll(ADA, &key).unwrap_err();
        assert!(fault.leaves_doubt(), "{trick:?}: {fault}");
        assert_eq!(bench.tenant.requests(Operation::Register), 1, "{trick:?}");
        let method = bench.enroll(ADA, &key).unwrap();
        bench.tenant.misbehave(Operation::Delete, 4, trick.clone());
        let fault = bench.entra.delete(ADA, &method).unwrap_err();
        assert!(
            matches!(fault, Fault::Unreachable { .. }),
            "{trick:?}: {fault}"
        );
        assert_eq!(bench.tenant.credentials(ADA).unwrap().len(), 1);
    }
}

#[test]
fn a_call_that_trickles_ends_as_soon_as_it_is_cancelled() {
    let bench = Bench::tuned(TenantSetup::default(), Api::V1_0, |config| {
        config.timeout = Duration::from_secs(60);
    });
    bench.entra.ready().unwrap();
    bench
        .tenant
        .misbehave(Operation::List, 1, Trick::SlowBytes { millis: 60_000 });
    std::thread::scope(|scope| {
        let call = scope.spawn(|| (bench.entra.credentials(ADA), Instant::now()));
        while bench.tenant.requests(Operation::List) == 0 {
            std::thread::yield_now();
        }
        let asked = Instant::now();
        bench.cancel.cancel();
        let (outcome, ended) = call.join().unwrap();
        assert_eq!(outcome, Err(Fault::Cancelled));
        assert!(ended.duration_since(asked) < Duration::from_secs(1));
    });
}

#[test]
fn a_429_without_end_is_given_up_after_four_tries() {
    let bench = Bench::new();
    let endless = Trick::Throttle {
        retry_after_seconds: None,
        as_date: false,
    };
    bench.tenant.misbehave(Operation::List, 100, endless);
    assert_eq!(
        bench.entra.credentials(ADA),
        Err(Fault::Throttled { seconds: 5 })
    );
    assert_eq!(bench.tenant.requests(Operation::List), 4);
    let waited: Duration = bench.clock.waits().iter().sum();
    assert!(waited <= Duration::from_secs(30), "{waited:?}");
}

#[test]
fn reading_and_deleting_are_repeated_after_5xx_and_lost_connections_within_bounds() {
    for trick in [
        Trick::Fail { status: 503 },
        Trick::Fail { status: 500 },
        Trick::DropBeforeCommit,
    ] {
        let bench = Bench::new();
        let method = bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
        bench.tenant.misbehave(Operation::List, 3, trick.clone());
        assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 1, "{trick:?}");
        assert_eq!(bench.clock.waits().len(), 3);

        bench
            .tenant
            .misbehave(Operation::CreationOptions, 100, trick.clone());
        let fault = bench.entra.creation_options(ADA).unwrap_err();
        assert!(matches!(fault, Fault::Unreachable { .. }), "{fault}");
        assert_eq!(bench.clock.waits().len(), 3);

        bench.tenant.misbehave(Operation::Delete, 1, trick);
        assert_eq!(bench.entra.delete(ADA, &method), Ok(Deleted::Now));
    }
}

#[test]
fn a_delete_whose_answer_was_lost_finds_the_method_gone() {
    let bench = Bench::new();
    let method = bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    bench
        .tenant
        .misbehave(Operation::Delete, 1, Trick::CommitThenDrop);
    assert_eq!(bench.entra.delete(ADA, &method), Ok(Deleted::WasGone));
}

#[test]
fn a_registration_that_may_have_arrived_is_never_repeated_and_stays_a_doubt() {
    for (trick, done) in [
        (Trick::CommitThenDrop, 1),
        (Trick::DropBeforeCommit, 0),
        (Trick::Fail { status: 503 }, 0),
        (Trick::Fail { status: 500 }, 0),
        (
            Trick::Garble {
                body: "<html>".to_owned(),
            },
            1,
        ),
        (
            Trick::Garble {
                body: "{\"id\":\"\"}".to_owned(),
            },
            1,
        ),
        (
            Trick::Garble {
                body: "x".repeat(2_000_000),
            },
            1,
        ),
    ] {
        let bench = Bench::new();
        let key = SoftwareKey::new(1);
        let options = bench.entra.creation_options(ADA).unwrap();
        let attestation = key.attest(&options);
        bench
            .tenant
            .misbehave(Operation::Register, 1, trick.clone());
        let fault = bench.entra.register(ADA, "Key", &attestation).unwrap_err();
        assert!(
            matches!(fault, Fault::Unreachable { .. }),
            "{trick:?}: {fault}"
        );
        assert!(fault.leaves_doubt());
        assert_eq!(bench.tenant.requests(Operation::Register), 1, "{trick:?}");
        assert_eq!(bench.clock.waits(), Vec::<Duration>::new());
        // The list resolves the doubt; the same body may be sent again.
        let listed = bench.entra.credentials(ADA).unwrap();
        let found = listed
            .iter()
            .filter(|one| one.may_be.contains(&CredentialId(key.id.clone())));
        assert_eq!(found.count(), done, "{trick:?}");
        let again = bench.entra.register(ADA, "Key", &attestation);
        assert_eq!(again.is_ok(), done == 0, "{again:?}");
        assert_eq!(bench.tenant.credentials(ADA).unwrap().len(), 1);
    }
}

#[test]
fn a_service_that_is_not_there_is_asked_four_times_and_even_a_registration_is_safe_to_repeat() {
    let bench = Bench::new();
    let key = SoftwareKey::new(1);
    let options = bench.entra.creation_options(ADA).unwrap();
    let Bench {
        tenant,
        entra,
        clock,
        ..
    } = bench;
    tenant.stop();
    let fault = entra
        .register(ADA, "Key", &key.attest(&options))
        .unwrap_err();
    assert!(matches!(fault, Fault::Unreachable { .. }), "{fault}");
    // A connection that was kept from before may be met closed; that counts as a doubt and is not repeated.
    assert!(clock.waits().len() <= 3);
    assert!(matches!(
        entra.credentials(ADA),
        Err(Fault::Unreachable { .. })
    ));
    assert_eq!(clock.waits().len(), 3);
    let fault = entra
        .register(ADA, "Key", &key.attest(&options))
        .unwrap_err();
    assert!(matches!(fault, Fault::Unreachable { .. }), "{fault}");
    assert_eq!(
        clock.waits().len(),
        3,
        "nothing was sent, so it was tried again"
    );
}

#[test]
fn an_expired_token_is_renewed_once_and_a_token_that_is_refused_afresh_is_a_sign_in_fault() {
    let bench = Bench::new();
    bench.entra.credentials(ADA).unwrap();
    bench
        .tenant
        .misbehave(Operation::List, 1, Trick::ExpireTokens);
    bench.entra.credentials(ADA).unwrap();
    assert_eq!(bench.tenant.requests(Operation::Token), 2);

    bench
        .tenant
        .misbehave(Operation::Register, 1, Trick::ExpireTokens);
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    assert_eq!(bench.tenant.requests(Operation::Token), 3);

    bench
        .tenant
        .misbehave(Operation::List, 2, Trick::ExpireTokens);
    let fault = bench.entra.credentials(ADA).unwrap_err();
    assert!(
        matches!(&fault, Fault::SignIn { what } if what.contains("InvalidAuthenticationToken")),
        "{fault}"
    );
    assert_eq!(bench.tenant.requests(Operation::Token), 4);
}

#[test]
fn a_token_is_renewed_five_minutes_before_its_end() {
    let bench = Bench::new();
    bench.entra.credentials(ADA).unwrap();
    bench.advance(3200);
    bench.entra.credentials(ADA).unwrap();
    assert_eq!(bench.tenant.requests(Operation::Token), 1);
    bench.advance(150);
    bench.entra.credentials(ADA).unwrap();
    assert_eq!(bench.tenant.requests(Operation::Token), 2);
}

#[test]
fn slots_that_come_together_share_one_token_request() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| bench.entra.credentials(ADA).unwrap());
        }
    });
    assert_eq!(bench.tenant.requests(Operation::Token), 1);
}

#[test]
fn a_wrong_secret_tenant_or_application_is_told_by_code_and_never_by_secret() {
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let right = TenantSetup::default().client_secret;
    for (secret, edit, code) in [
        ("wrong~hunter2", "", "AADSTS7000215"),
        (right.as_str(), "tenant", "AADSTS90002"),
        (right.as_str(), "client", "AADSTS700016"),
    ] {
        let file = secret_file(secret);
        let mut config = config(tenant.url(), Api::V1_0);
        match edit {
            "tenant" => config.tenant = "fabrikam.com".to_owned(),
            "client" => config.client_id = "0c0ffee0-0000-4000-8000-000000000002".to_owned(),
            _ => {}
        }
        let source = SecretSource::File(file.path().to_owned());
        let clock = Arc::new(BenchClock::default());
        let entra = Entra::new(config, source, clock, CancelFlag::default()).unwrap();
        let Err(Fault::SignIn { what }) = entra.ready() else {
            panic!("{code}")
        };
        assert!(what.starts_with(code) && what.contains("(trace "), "{what}");
        assert!(
            !what.contains(secret) && !what.contains("hunter2"),
            "{what}"
        );
    }
}

#[test]
fn ready_sees_a_clock_that_is_off_and_a_service_that_fails() {
    let bench = Bench::new();
    let date = |seconds| {
        bench.tenant.set_faults(Faults {
            date_offset_seconds: seconds,
            ..Faults::default()
        });
    };
    date(290);
    assert_eq!(bench.entra.ready(), Ok(()));
    for offset in [310, -310] {
        date(offset);
        let Err(Fault::Clock { seconds }) = bench.entra.ready() else {
            panic!("{offset}")
        };
        // Positive when the station is ahead of the service.
        assert!((seconds + offset).abs() <= 2, "{seconds} for {offset}");
    }
    date(0);
    bench
        .tenant
        .misbehave(Operation::Root, 100, Trick::Fail { status: 502 });
    assert!(matches!(
        bench.entra.ready(),
        Err(Fault::Unreachable { .. })
    ));
}

#[test]
fn a_slow_service_ends_in_a_timeout_and_not_in_a_hang() {
    let bench = Bench::tuned(TenantSetup::default(), Api::V1_0, |config| {
        config.timeout = Duration::from_millis(200);
    });
    let options = bench.entra.creation_options(ADA).unwrap();
    bench
        .tenant
        .misbehave(Operation::Register, 1, Trick::Slow { millis: 3000 });
    let started = Instant::now();
    let fault = bench
        .entra
        .register(ADA, "Key", &SoftwareKey::new(1).attest(&options))
        .unwrap_err();
    assert!(fault.leaves_doubt(), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn the_list_lags_behind_a_registration_and_catches_up() {
    let bench = Bench::new();
    bench.tenant.set_faults(Faults {
        list_lag_seconds: 30,
        ..Faults::default()
    });
    bench.enroll(ADA, &SoftwareKey::new(1)).unwrap();
    assert_eq!(bench.entra.credentials(ADA), Ok(Vec::new()));
    bench.advance(31);
    assert_eq!(bench.entra.credentials(ADA).unwrap().len(), 1);
}

#[test]
fn a_cancelled_wait_ends_the_request() {
    let bench = Bench::new();
    bench.entra.ready().unwrap();
    bench
        .tenant
        .misbehave(Operation::List, 100, Trick::Fail { status: 500 });
    bench.cancel.cancel();
    // Whoever is to stop asks nothing more.
    assert_eq!(bench.entra.credentials(ADA), Err(Fault::Cancelled));
    assert_eq!(bench.tenant.requests(Operation::List), 0);
}

#[test]
fn a_next_link_that_leads_away_or_in_a_circle_is_not_followed_for_long() {
    let bench = Bench::new();
    let page = |link: &str| Trick::Garble {
        body: format!(r#"{{"value":[],"@odata.nextLink":"{link}"}}"#),
    };
    for link in [
        "http://127.0.0.1:1/v1.0/x",
        "https://evil.example/",
        "/v1.0/relative",
        "file:///etc/passwd",
    ] {
        bench.tenant.misbehave(Operation::List, 1, page(link));
        let fault = bench.entra.credentials(ADA).unwrap_err();
        assert!(
            matches!(&fault, Fault::AnswerUnusable { what, .. } if what.contains("nextLink")),
            "{fault}"
        );
    }
    let circle = bench
        .tenant
        .url()
        .join(&format!("v1.0/users/{ADA}/authentication/fido2Methods"))
        .unwrap();
    bench
        .tenant
        .misbehave(Operation::List, 1000, page(circle.as_str()));
    let fault = bench.entra.credentials(ADA).unwrap_err();
    assert!(
        matches!(&fault, Fault::AnswerUnusable { what, .. } if what.contains("20 pages")),
        "{fault}"
    );
}
