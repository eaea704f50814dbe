//! How a session begins, how long it lives, and everything that ends it.

use keyline::domain::account::Passphrase;
use reqwest::Method;

use super::house::{House, IDLE_SECONDS, LIFE_SECONDS, PASSPHRASE, named};

#[test]
fn a_session_begins_with_a_cookie_that_no_script_and_no_other_page_gets() {
    let house = House::new();
    let page = house.browser().post(
        "/sign-in",
        &[
            ("name", "olga"),
            ("passphrase", PASSPHRASE),
            ("next", "/sessions"),
        ],
    );
    assert_eq!((page.status, page.header("location")), (303, "/sessions"));
    let cookie = page.header("set-cookie");
    let (pair, flags) = cookie.split_once("; ").expect("flags");
    assert_eq!(flags, "Path=/; HttpOnly; SameSite=Strict");
    let token = pair.strip_prefix("keyline=").expect("its name");
    assert_eq!(token.len(), 43, "256 bits");
    assert!(!page.text.contains(token));
}

#[test]
fn each_sign_in_has_a_token_of_its_own_and_ends_the_one_before() {
    let house = House::new();
    let browser = house.signed_in("olga");
    let before = browser.twin();
    browser.forget_csrf();
    let page = browser.post("/sign-in", &[("name", "adam"), ("passphrase", PASSPHRASE)]);
    assert_eq!(page.status, 303);
    assert_ne!(browser.cookie("keyline"), before.cookie("keyline"));
    assert_eq!(before.get("/sessions").status, 303, "its session is over");
    assert!(browser.get("/sessions").text.contains("adam"));
}

#[test]
fn a_session_ends_when_nobody_uses_it() {
    let house = House::new();
    let browser = house.signed_in("olga");
    house.clock.on(IDLE_SECONDS - 1);
    assert_eq!(browser.get("/sessions").status, 200);
    house.clock.on(IDLE_SECONDS - 1);
    assert_eq!(browser.get("/sessions").status, 200);
    house.clock.on(IDLE_SECONDS);
    assert_eq!(browser.get("/sessions").status, 303);
}

#[test]
fn a_session_ends_however_much_it_is_used() {
    let house = House::new();
    let browser = house.signed_in("olga");
    let step = IDLE_SECONDS / 2;
    for _ in 1..LIFE_SECONDS / step {
        house.clock.on(step);
        assert_eq!(browser.get("/sessions").status, 200);
    }
    house.clock.on(step);
    assert_eq!(browser.get("/sessions").status, 303);
}

#[test]
fn whoever_signs_out_is_out_also_where_the_cookie_was_copied() {
    let house = House::new();
    let browser = house.signed_in("olga");
    let thief = browser.twin();
    let page = browser.post("/sign-out", &[]);
    assert!(
        page.header("set-cookie")
            .contains("keyline=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    );
    assert_eq!(thief.get("/sessions").status, 303);
}

#[test]
fn a_locked_screen_opens_with_the_passphrase_alone_and_where_it_was_left() {
    let house = House::new();
    let browser = house.signed_in("olga");
    let locked = browser.post("/lock", &[("next", "/sessions?x=1")]);
    assert_eq!(locked.header("location"), "/lock?next=%2Fsessions%3Fx%3D1");
    assert_eq!(
        browser.get("/sessions").header("location"),
        "/lock?next=%2Fsessions"
    );
    assert_eq!(
        browser.post("/sessions/end", &[("session", "1")]).status,
        423
    );
    let page = browser.get("/lock?next=/sessions?x=1");
    assert!(page.text.contains("name=\"next\" value=\"/sessions?x=1\""));
    assert!(
        !page.text.contains("href=\"/sessions\""),
        "no way leads past it"
    );
    // Locking it again, or signing in as nobody, opens nothing.
    let wrong = browser.post(
        "/unlock",
        &[("passphrase", "four words in a row"), ("next", "/")],
    );
    assert_eq!(wrong.status, 401);
    assert_eq!(browser.get("/sessions").status, 303);
    let opened = browser.post(
        "/unlock",
        &[("passphrase", PASSPHRASE), ("next", "/sessions?x=1")],
    );
    assert_eq!(
        (opened.status, opened.header("location")),
        (303, "/sessions?x=1")
    );
    assert_eq!(browser.get("/sessions").status, 200);
}

#[test]
fn an_operator_sees_and_ends_their_own_sessions_and_an_administrator_everybodys() {
    let house = House::new();
    let (olga, again, adam) = (
        house.signed_in("olga"),
        house.signed_in("olga"),
        house.signed_in("adam"),
    );
    let count =
        |browser: &super::house::Browser| browser.get("/sessions").text.matches("<tr>").count() - 1;
    assert_eq!((count(&olga), count(&adam)), (2, 3));
    let listed = house.shared.sessions.list(house.shared.now());
    let of = |name: &str| {
        let own = listed.iter().filter(|listed| listed.name == named(name));
        own.map(|listed| listed.session.0.to_string())
            .collect::<Vec<_>>()
    };
    let of_adam = of("adam").pop().expect("a session");
    assert_eq!(
        olga.post("/sessions/end", &[("session", &of_adam)]).status,
        404
    );
    assert_eq!(adam.get("/sessions").status, 200, "it was not hers to end");
    let newest = of("olga").into_iter().max().expect("a session");
    assert_eq!(
        olga.post("/sessions/end", &[("session", &newest)]).status,
        303
    );
    assert_eq!(again.get("/sessions").status, 303, "she ended it");
    let oldest = of("olga").into_iter().min().expect("a session");
    assert_eq!(
        adam.post("/sessions/end", &[("session", &oldest)]).status,
        303
    );
    assert_eq!(olga.get("/sessions").status, 303, "he ended it");
}

#[test]
fn an_account_that_is_gone_or_changed_has_no_session_any_more() {
    let house = House::new();
    let (olga, adam) = (house.signed_in("olga"), house.signed_in("adam"));
    let other = Passphrase::chosen("another four words here").expect("it fits");
    let set = house.shared.accounts.set_passphrase(&named("adam"), &other);
    set.expect("set");
    assert_eq!(adam.get("/sessions").status, 303);
    assert_eq!(olga.get("/sessions").status, 200);
    house
        .shared
        .accounts
        .remove(&named("olga"))
        .expect("removed");
    assert_eq!(olga.get("/sessions").status, 303);
    assert!(house.shared.sessions.list(house.shared.now()).is_empty());
}

#[test]
fn accounts_that_cannot_be_read_let_nobody_in_and_say_so() {
    let house = House::new();
    let olga = house.signed_in("olga");
    let whole = std::fs::read_to_string(&house.accounts_file).expect("the file");
    std::fs::write(&house.accounts_file, "[[account]\n").expect("a file");
    assert_eq!(olga.get("/sessions").status, 303);
    let page = house
        .browser()
        .post("/sign-in", &[("name", "olga"), ("passphrase", PASSPHRASE)]);
    assert_eq!(page.status, 500);
    assert!(
        page.text.contains("The accounts cannot be read just now"),
        "{}",
        page.text
    );
    // Once it is mended the session goes on: nothing was wrong with it.
    std::fs::write(&house.accounts_file, whole).expect("a file");
    assert_eq!(olga.get("/sessions").status, 200);
}

#[test]
fn a_made_up_cookie_opens_nothing() {
    let house = House::new();
    house.signed_in("adam");
    for cookie in [
        "keyline=",
        "keyline=1",
        "keyline=../../etc",
        "keyline=%00",
        "other=1; keyline=x; keyline=y",
    ] {
        let headers = [("accept", "text/html"), ("cookie", cookie)];
        let page = house.browser().send(Method::GET, "/sessions", &headers, "");
        assert_eq!(page.status, 303, "{cookie}");
    }
}
