//! Trying passphrases: each wrong one costs more, and nobody learns who has an account.

use std::time::Instant;

use super::house::{Browser, House, PASSPHRASE};

/// Tries wrongly until it has to wait for so many seconds at least, and returns how many it is then. The steady clock goes on
/// while passphrases are compared, so what is short may be over by then.
fn flood(house: &House, browser: &Browser, name: &str, seconds: i64) -> i64 {
    for _ in 0..100 {
        let page = browser.post("/sign-in", &[("name", name), ("passphrase", "wrong")]);
        if page.status == 401 {
            continue;
        }
        assert_eq!(page.status, 429);
        let wait: i64 = page.header("retry-after").parse().expect("seconds");
        let told = format!("Try again in {wait} second");
        assert!(page.text.contains(&told), "{}", page.text);
        if wait >= seconds {
            return wait;
        }
        house.clock.on(wait);
    }
    panic!("nobody has to wait");
}

#[test]
fn whoever_tries_and_tries_has_to_wait_and_is_told_how_long() {
    let house = House::new();
    let browser = house.browser();
    let attempt = |name: &str, passphrase: &str| {
        let fields = [("name", name), ("passphrase", passphrase)];
        browser.post("/sign-in", &fields).status
    };
    let wait = flood(&house, &browser, "olga", 20);
    assert_eq!(attempt("olga", PASSPHRASE), 429);
    // Others are not kept from their work by it.
    assert_eq!(attempt("adam", PASSPHRASE), 303);
    house.clock.on(wait);
    assert_eq!(attempt("olga", PASSPHRASE), 303);
    assert_eq!(attempt("olga", "wrong wrong wrong"), 401);
}

#[test]
fn a_locked_screen_is_no_way_around() {
    let house = House::new();
    let browser = house.signed_in("olga");
    browser.post("/lock", &[]);
    let (mut wrong, mut waited) = (0, 0);
    loop {
        let page = browser.post("/unlock", &[("passphrase", "wrong wrong wrong")]);
        match page.status {
            401 => wrong += 1,
            429 => {
                waited += 1;
                house.clock.on(60);
            }
            status => {
                assert_eq!((status, page.header("location")), (303, "/sign-in"));
                break;
            }
        }
    }
    assert_eq!(wrong, 9, "the tenth ends the session");
    assert!(waited > 0, "and before that it has to wait");
    assert_eq!(browser.get("/lock").status, 303);
    assert!(house.shared.sessions.list(house.shared.now()).is_empty());
}

#[test]
fn a_flood_of_sign_ins_locks_nobody_out_who_works_here() {
    let house = House::new();
    let (olga, adam) = (house.signed_in("olga"), house.signed_in("adam"));
    olga.post("/lock", &[]);
    adam.post("/sign-out", &[]);
    adam.forget_csrf();
    let stranger = house.browser();
    for name in ["olga", "adam"] {
        flood(&house, &stranger, name, 40);
    }
    let unlocked = olga.post("/unlock", &[("passphrase", PASSPHRASE)]);
    assert_eq!((unlocked.status, unlocked.header("location")), (303, "/"));
    let fields = [("name", "adam"), ("passphrase", PASSPHRASE)];
    // In a browser that nobody knows it takes its turn; in his own it does not.
    assert_eq!(house.browser().post("/sign-in", &fields).status, 429);
    assert_eq!(adam.post("/sign-in", &fields).status, 303);
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
