//! Forms that are too large, or none at all.

use reqwest::Method;

use keyline::face::console::routes::FORM_BYTES_MAX;

use super::house::House;

#[test]
fn a_form_that_is_too_large_is_refused_in_words() {
    let house = House::new();
    let browser = house.browser();
    let large = "x".repeat(FORM_BYTES_MAX);
    let page = browser.post("/sign-in", &[("name", "olga"), ("passphrase", &large)]);
    assert_eq!(page.status, 413);
    assert!(page.text.contains("That is too large"), "{}", page.text);
}

#[test]
fn a_script_sends_the_token_in_a_header() {
    let house = House::new();
    let browser = house.signed_in("adam");
    let csrf = browser.get("/sessions").field("csrf").expect("a token");
    let base = browser.base.clone();
    let send = |token: &str| {
        let headers = [("origin", base.as_str()), ("x-keyline-csrf", token)];
        browser.send(Method::POST, "/lock", &headers, "").status
    };
    assert_eq!(send("x"), 403);
    assert_eq!(send(&csrf), 303);
}

#[test]
fn what_looks_like_a_page_stays_text() {
    let house = House::new();
    let browser = house.browser();
    let nasty = "\"><script>alert(1)</script>";
    let page = browser.post(
        "/sign-in",
        &[
            ("name", nasty),
            ("passphrase", "x"),
            ("next", "/\"><script>"),
        ],
    );
    assert_eq!(page.status, 401);
    assert!(
        !page.text.contains("<script>") && page.text.contains("&#60;script&#62;alert"),
        "{}",
        page.text
    );
}
