//! Under which names the console answers, what every answer carries, and what is nowhere.

use reqwest::Method;

use super::house::House;

#[test]
fn a_foreign_name_gets_nothing() {
    let house = House::new();
    let browser = house.signed_in("adam");
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1:8137",
        "localhost",
        "[::1]",
        "localhost@evil.example",
    ] {
        for path in ["/", "/sessions", "/sign-in", "/assets/x", "/nowhere"] {
            let headers = [("host", host), ("accept", "text/html")];
            let page = browser.send(Method::GET, path, &headers, "");
            // What cannot even be a name is refused by the server itself.
            assert!(
                [400, 421].contains(&page.status),
                "{host}{path}: {}",
                page.status
            );
            assert!(!page.text.contains("<html"), "{host}{path}");
        }
    }
    let named = [("host", "bench1.contoso.com:1234"), ("accept", "text/html")];
    assert_eq!(
        browser.send(Method::GET, "/sessions", &named, "").status,
        200
    );
}

#[test]
fn a_form_comes_from_the_name_that_it_goes_to() {
    let house = House::new();
    let port = house.base.rsplit(':').next().expect("a port").to_owned();
    let (ours, other) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
    let send = |origin: &str| {
        let headers = [
            ("host", ours.as_str()),
            ("origin", origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let page = house
            .browser()
            .send(Method::POST, "/choose", &headers, "look=dark");
        page.status
    };
    assert_eq!(send(&format!("http://{ours}")), 303);
    assert_eq!(send(&format!("http://{other}")), 403);
    assert_eq!(send(&format!("https://{ours}")), 403);
}

#[test]
fn every_answer_keeps_browsers_from_what_no_page_here_asks_for() {
    let house = House::new();
    let browser = house.signed_in("adam");
    let style = browser.get("/sessions").text;
    let style = style
        .split("href=\"")
        .find(|part| part.starts_with("/assets/console."));
    let style = style
        .and_then(|part| part.split('"').next())
        .expect("a style sheet");
    let nobody = house.browser();
    let pages = [
        (browser.get("/sessions"), 200),
        (browser.get("/nowhere"), 404),
        (browser.send(Method::DELETE, "/sessions", &[], ""), 405),
        (nobody.get("/sessions"), 303),
        (nobody.get("/sign-in"), 200),
        (nobody.get("/first?token=x"), 410),
        (nobody.get(style), 200),
        (nobody.get("/assets/console.css"), 404),
        (
            nobody.send(Method::GET, "/", &[("host", "evil.example")], ""),
            421,
        ),
    ];
    for (page, status) in &pages {
        assert_eq!(page.status, *status, "{}", page.text);
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'; base-uri 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.header(header), value, "{status}");
        }
    }
    for (page, _) in pages.iter().filter(|(page, _)| page.text.contains("<html")) {
        assert_eq!(page.header("cache-control"), "no-store");
        // Nothing stands in a page that the policy would keep from running, and nothing comes from elsewhere.
        for forbidden in [
            "<style",
            " style=",
            "javascript:",
            " onclick",
            "http://",
            "https://",
        ] {
            assert!(!page.text.contains(forbidden), "{forbidden}: {}", page.text);
        }
    }
    let kept = pages
        .iter()
        .filter(|(page, _)| page.header("cache-control").contains("immutable"));
    assert_eq!(kept.count(), 1, "the style sheet alone is kept for good");
}

#[test]
fn a_page_speaks_the_visitors_language_and_keeps_a_choice() {
    let house = House::new();
    let browser = house.browser();
    let ask = |language: &str| {
        let headers = [("accept", "text/html"), ("accept-language", language)];
        browser.send(Method::GET, "/sign-in", &headers, "").text
    };
    assert!(ask("fr, en;q=0.5").contains("<html lang=\"en\" dir=\"ltr\" data-look=\"auto\">"));
    assert!(ask("de-CH").contains("<h1>Anmelden</h1>"));
    assert!(
        ask("fr").contains("<html lang=\"en\""),
        "what is configured"
    );
    assert!(
        browser
            .get("/sign-in?lang=de")
            .text
            .contains("<html lang=\"de\"")
    );
    let chosen = browser.post(
        "/choose",
        &[("language", "de"), ("look", "dark"), ("next", "/sign-in")],
    );
    assert_eq!(chosen.header("location"), "/sign-in");
    assert!(ask("en").contains("<html lang=\"de\" dir=\"ltr\" data-look=\"dark\">"));
    let led = browser.post("/choose", &[("look", "x"), ("next", "//evil.example")]);
    assert_eq!(led.header("location"), "/");
}
