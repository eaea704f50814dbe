//! Windows that stay open: what ends them, and what they are no sign of.

use std::thread;
use std::time::{Duration, Instant};

use keyline::domain::account::Passphrase;

use super::house::{Browser, House, IDLE_SECONDS, named};

/// A window that shows the bench, until it is told that it is over.
fn watch<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    house: &House,
    browser: &'scope Browser,
) -> thread::ScopedJoinHandle<'scope, String> {
    let before = house.shared.bench.hub.made();
    let window = scope.spawn(|| browser.get("/bench/events").text);
    let begun = Instant::now();
    while house.shared.bench.hub.made() == before {
        assert!(begun.elapsed() < Duration::from_secs(30), "no window opens");
        thread::yield_now();
    }
    window
}

#[test]
fn a_window_is_over_with_its_account() {
    for removed in [true, false] {
        let house = House::new();
        let olga = house.signed_in("olga");
        thread::scope(|scope| {
            let window = watch(scope, &house, &olga);
            let accounts = &house.shared.accounts;
            if removed {
                accounts.remove(&named("olga")).expect("removed");
            } else {
                let other = Passphrase::chosen("another four words here").expect("it fits");
                accounts
                    .set_passphrase(&named("olga"), &other)
                    .expect("set");
            }
            let heard = window.join().expect("no panic");
            assert!(heard.contains("event: parts"), "{heard}");
            assert!(
                heard.trim_end().ends_with("event: over\ndata: {}"),
                "{heard}"
            );
        });
        assert!(house.shared.sessions.list(house.shared.now()).is_empty());
    }
}

#[test]
fn an_open_window_is_no_sign_of_life() {
    for name in ["olga", "adam"] {
        let house = House::new();
        let browser = house.signed_in(name);
        thread::scope(|scope| {
            let window = watch(scope, &house, &browser);
            house.clock.on(IDLE_SECONDS);
            assert!(window.join().expect("no panic").contains("event: over"));
        });
        assert_eq!(browser.get("/sessions").status, 303);
    }
}

#[test]
fn a_window_that_comes_back_again_and_again_is_none_either() {
    let house = House::new();
    let adam = house.signed_in("adam");
    for _ in 0..4 {
        house.clock.on(IDLE_SECONDS / 4 - 1);
        // There is no such bench, so it does not wait for the end.
        assert_eq!(adam.get("/bench/events?bench=x").status, 404);
        let head = adam.send(
            reqwest::Method::HEAD,
            "/bench",
            &[("accept", "text/html")],
            "",
        );
        assert_eq!(head.status, 200);
    }
    house.clock.on(4);
    assert_eq!(adam.get("/sessions").status, 303);
}
