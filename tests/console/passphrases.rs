//! Trying passphrases: each wrong one costs more, and nobody learns who has an account.

use std::time::Instant;

use super::house::{House, PASSPHRASE};

#[test]
fn whoever_tries_and_tries_has_to_wait_and_is_told_how_long() {
    let house = House::new();
    let browser = house.browser();
    let attempt = |name: &str, passphrase: &str| {
        browser.post("/sign-in", &[("name", name), ("passphrase", passphrase)])
    };
    for _ in 0..5 {
        assert_eq!(attempt("olga", "wrong wrong wrong").status, 401);
    }
    let page = attempt("olga", PASSPHRASE);
    assert_eq!((page.status, page.header("retry-after")), (429, "2"));
    assert!(
        page.text.contains("Try again in 2 seconds."),
        "{}",
        page.text
    );
    // Others are not kept from their work by it.
    assert_eq!(attempt("adam", PASSPHRASE).status, 303);
    house.clock.on(2);
    assert_eq!(attempt("olga", PASSPHRASE).status, 303);
    assert_eq!(attempt("olga", "wrong wrong wrong").status, 401);
}

#[test]
fn a_locked_screen_is_no_way_around() {
    let house = House::new();
    let browser = house.signed_in("olga");
    browser.post("/lock", &[]);
    let wrong = || browser.post("/unlock", &[("passphrase", "wrong wrong wrong")]);
    for _ in 0..5 {
        assert_eq!(wrong().status, 401);
    }
    let right = browser.post("/unlock", &[("passphrase", PASSPHRASE)]);
    assert_eq!(right.status, 429);
    for _ in 0..4 {
        house.clock.on(60);
        assert_eq!(wrong().status, 401);
    }
    house.clock.on(60);
    let last = wrong();
    assert_eq!((last.status, last.header("location")), (303, "/sign-in"));
    assert_eq!(browser.get("/lock").status, 303, "the session is over");
    assert!(house.shared.sessions.list(house.shared.now()).is_empty());
}

#[test]
fn a_flood_of_sign_ins_locks_nobody_out_who_works_here() {
    let house = House::new();
    let (olga, adam) = (house.signed_in("olga"), house.signed_in("adam"));
    olga.post("/lock", &[]);
    let flood = house.browser();
    let mut refused = false;
    while !refused {
        for name in [
            "olga", "adam", "eve", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9",
        ] {
            let fields = [("name", name), ("passphrase", "x")];
            refused |= flood.post("/sign-in", &fields).status == 429;
        }
    }
    let unlocked = olga.post("/unlock", &[("passphrase", PASSPHRASE)]);
    assert_eq!((unlocked.status, unlocked.header("location")), (303, "/"));
    adam.post("/sign-out", &[]);
    adam.forget_csrf();
    let fields = [("name", "adam"), ("passphrase", PASSPHRASE)];
    assert_eq!(adam.post("/sign-in", &fields).status, 303);
    // In a browser that nobody knows it takes its turn.
    assert_eq!(house.browser().post("/sign-in", &fields).status, 429);
}

#[test]
fn the_cookie_of_a_known_browser_is_no_session() {
    let house = House::new();
    let olga = house.signed_in("olga");
    let device = olga.cookie("keyline-device").expect("a cookie");
    assert_eq!(device.len(), 43, "256 bits");
    for name in ["keyline", "keyline-device"] {
        let cookie = format!("{name}={device}");
        let headers = [("accept", "text/html"), ("cookie", cookie.as_str())];
        let page = house.browser();
        let page = page.send(reqwest::Method::GET, "/sessions", &headers, "");
        assert_eq!(page.status, 303);
    }
}

#[test]
fn a_name_that_nobody_has_is_answered_like_a_wrong_passphrase() {
    let house = House::new();
    let browser = house.browser();
    let attempt = |name: &str| {
        let begun = Instant::now();
        let page = browser.post(
            "/sign-in",
            &[("name", name), ("passphrase", "wrong wrong wrong")],
        );
        assert_eq!(page.status, 401);
        (page.text.replace(name, "NAME"), begun.elapsed())
    };
    // The first one makes what later ones are compared with.
    attempt("nobody");
    let best = |name: &str| (0..2).map(|_| attempt(name).1).min().expect("a time");
    assert_eq!(attempt("olga").0, attempt("stranger").0);
    let (known, unknown) = (best("olga"), best("stranger"));
    // A machine under load is no stopwatch; but without the same work it would be a hundredth.
    assert!(unknown * 10 > known, "{known:?} and {unknown:?}");
}
