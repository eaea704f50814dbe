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
    for _ in 0..5 {
        assert_eq!(
            browser
                .post("/unlock", &[("passphrase", "wrong wrong wrong")])
                .status,
            401
        );
    }
    assert_eq!(
        browser
            .post("/unlock", &[("passphrase", PASSPHRASE)])
            .status,
        429
    );
    assert_eq!(
        browser
            .post("/sign-in", &[("name", "olga"), ("passphrase", PASSPHRASE)])
            .status,
        429
    );
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
