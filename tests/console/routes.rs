//! Every route with every kind of visitor. A route that does not stand here fails.

use std::collections::BTreeSet;

use keyline::domain::account::Role;
use keyline::face::console::routes::{ROUTES, Who};
use keyline::face::console::words::Words;

use super::house::{Browser, House, Page};

/// Who gets in: nobody in particular, an operator, an administrator, an operator behind a locked screen.
type Expected = (&'static str, &'static str, [bool; 4]);

const ANYONE: [bool; 4] = [true, true, true, true];
const GUEST: [bool; 4] = [false, true, true, true];
const OPERATOR: [bool; 4] = [false, true, true, false];
const ADMINISTRATOR: [bool; 4] = [false, false, true, false];

const EXPECTED: &[Expected] = &[
    ("GET", "/", OPERATOR),
    ("GET", "/bench", OPERATOR),
    ("GET", "/bench/{name}", OPERATOR),
    ("GET", "/bench/events", OPERATOR),
    ("POST", "/bench/answer", OPERATOR),
    ("POST", "/bench/confirm", OPERATOR),
    ("POST", "/bench/scan", OPERATOR),
    ("POST", "/bench/spoiled", OPERATOR),
    ("POST", "/bench/reissue", OPERATOR),
    ("POST", "/bench/job", OPERATOR),
    ("POST", "/bench/pin", OPERATOR),
    ("POST", "/bench/help", OPERATOR),
    ("POST", "/bench/line", OPERATOR),
    ("GET", "/assets/{*name}", ANYONE),
    ("GET", "/sign-in", ANYONE),
    ("POST", "/sign-in", ANYONE),
    ("POST", "/sign-out", GUEST),
    ("GET", "/first", ANYONE),
    ("POST", "/first", ANYONE),
    ("GET", "/lock", GUEST),
    ("POST", "/lock", GUEST),
    ("POST", "/unlock", GUEST),
    ("POST", "/choose", ANYONE),
    ("GET", "/sessions", OPERATOR),
    ("POST", "/sessions/end", OPERATOR),
    ("GET", "/queue", ADMINISTRATOR),
    ("GET", "/queue/jobs/{id}", ADMINISTRATOR),
    ("POST", "/queue/jobs/{id}", ADMINISTRATOR),
    ("POST", "/queue/jobs/{id}/erase", ADMINISTRATOR),
    ("GET", "/audit", ADMINISTRATOR),
    ("POST", "/audit/verify", ADMINISTRATOR),
    ("GET", "/audit/export.csv", ADMINISTRATOR),
    ("GET", "/audit/export.jsonl", ADMINISTRATOR),
    ("GET", "/preflight", ADMINISTRATOR),
    ("POST", "/preflight", ADMINISTRATOR),
    ("GET", "/log", ADMINISTRATOR),
    ("GET", "/people", ADMINISTRATOR),
    ("GET", "/people/found", ADMINISTRATOR),
    ("GET", "/people/group", ADMINISTRATOR),
    ("POST", "/people/selected", ADMINISTRATOR),
    ("POST", "/people/group/choose", ADMINISTRATOR),
    ("POST", "/people/queue", ADMINISTRATOR),
    ("POST", "/people/group/queue", ADMINISTRATOR),
    ("POST", "/people/file", ADMINISTRATOR),
    ("GET", "/people/keys", ADMINISTRATOR),
    ("GET", "/people/keys/remove", ADMINISTRATOR),
    ("GET", "/people/keys/consequence", ADMINISTRATOR),
    ("POST", "/people/keys/removed", ADMINISTRATOR),
    ("GET", "/policies", ADMINISTRATOR),
    ("GET", "/policies/{name}", ADMINISTRATOR),
    ("GET", "/policies/preview", ADMINISTRATOR),
    ("GET", "/policies/preview/expected", ADMINISTRATOR),
    ("GET", "/pins", ADMINISTRATOR),
    ("GET", "/pins/{id}", ADMINISTRATOR),
    ("POST", "/pins/{id}", ADMINISTRATOR),
    ("POST", "/pins/{id}/open", ADMINISTRATOR),
    ("GET", "/models", ADMINISTRATOR),
    ("GET", "/models/{aaguid}", ADMINISTRATOR),
    ("GET", "/models/{aaguid}/logo", OPERATOR),
    ("POST", "/models/import", ADMINISTRATOR),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    LetIn,
    SignIn,
    Locked,
    Role,
}

/// What the guard said. What the handler said to whoever was let in does not matter here.
fn outcome(method: &str, page: &Page) -> Outcome {
    let words = Words::get("en");
    let said = |key: &str| page.text.contains(&escaped(words.say(key)));
    match page.status {
        // Nobody who sends a form is led elsewhere by the guard.
        303 if method != "GET" => Outcome::LetIn,
        303 if page.header("location").starts_with("/sign-in?next=") => Outcome::SignIn,
        303 if page.header("location").starts_with("/lock?next=%2F") => Outcome::Locked,
        401 if said("refusal.sign_in") => Outcome::SignIn,
        423 if said("refusal.locked") => Outcome::Locked,
        403 if said("refusal.role") => Outcome::Role,
        403 => panic!("{}", page.text),
        _ => Outcome::LetIn,
    }
}

/// As a page has it.
fn escaped(text: &str) -> String {
    text.replace('\'', "&#39;")
}

fn ask(browser: &Browser, method: &str, path: &str) -> Page {
    // Whatever stands for a part of the path: nothing there has this name.
    let mut path = path.replace("{*name}", "x").replace(['{', '}'], "");
    if path == "/bench/events" {
        // Whoever is let in to a bench that is there hears from it until they go.
        path.push_str("?bench=x");
    }
    match method {
        "GET" => browser.get(&path),
        "POST" => browser.post(&path, &[("next", "/sessions")]),
        other => panic!("a route with {other} is not tried here"),
    }
}

#[test]
fn the_table_here_is_the_table_there() {
    let there: BTreeSet<(String, &str)> = ROUTES
        .iter()
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let here: BTreeSet<(String, &str)> = EXPECTED
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), *path))
        .collect();
    let strangers: Vec<_> = there.symmetric_difference(&here).collect();
    assert!(strangers.is_empty(), "in one table alone: {strangers:?}");
    assert_eq!(ROUTES.len(), EXPECTED.len());
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let house = House::new();
    let mut asked = 0;
    for (method, path, expected) in EXPECTED {
        // Signed in anew for each: some routes end the session, or lock it.
        let browsers = [
            house.browser(),
            house.signed_in("olga"),
            house.signed_in("adam"),
            house.signed_in("olga"),
        ];
        assert_eq!(browsers[3].post("/lock", &[("next", "/")]).status, 303);
        let who = ROUTES
            .iter()
            .find(|route| route.path == *path && route.method.as_str() == *method)
            .map(|route| route.who);
        for ((browser, let_in), visitor) in browsers.iter().zip(expected).zip(0..) {
            let found = outcome(method, &ask(browser, method, path));
            let wanted = match (let_in, visitor) {
                (true, _) => Outcome::LetIn,
                (false, 0) => Outcome::SignIn,
                (false, 3) => Outcome::Locked,
                (false, _) => Outcome::Role,
            };
            assert_eq!(
                found, wanted,
                "{method} {path} ({who:?}), visitor {visitor}"
            );
            asked += 1;
        }
    }
    assert_eq!(asked, 4 * ROUTES.len());
    // What was asked by those who were let in changed no account.
    assert_eq!(house.shared.accounts.list().map(|list| list.len()), Ok(2));
}

#[test]
fn nothing_is_changed_without_the_token_of_the_sessions_forms() {
    let house = House::new();
    let words = Words::get("en");
    for route in ROUTES
        .iter()
        .filter(|route| route.method.as_str() == "POST")
    {
        let browser = house.signed_in("adam");
        let path = route.path.replace(['{', '}'], "");
        let form = "application/x-www-form-urlencoded";
        let base = house.base.clone();
        // From another page, or from none that says so: no matter with which token.
        for origin in ["http://evil.example", "null", ""] {
            let mut headers = vec![("accept", "text/html"), ("content-type", form)];
            if !origin.is_empty() {
                headers.push(("origin", origin));
            }
            let page = browser.send(reqwest::Method::POST, &path, &headers, "next=/");
            assert_eq!(page.status, 403, "{path} from {origin:?}");
            assert!(page.text.contains(words.say("refusal.origin")), "{path}");
        }
        if route.who == Who::Anyone {
            continue;
        }
        let headers = [
            ("accept", "text/html"),
            ("content-type", form),
            ("origin", base.as_str()),
        ];
        let strange = house.signed_in("olga").get("/sessions").field("csrf");
        let strange = format!("csrf={}", strange.expect("a token"));
        for body in ["", "csrf=", "csrf=x", strange.as_str()] {
            let page = browser.send(reqwest::Method::POST, &path, &headers, body);
            assert_eq!(page.status, 403, "{path} with {body}");
            assert!(page.text.contains(words.say("refusal.csrf")), "{path}");
        }
    }
    assert_eq!(house.shared.accounts.list().map(|list| list.len()), Ok(2));
}

#[test]
fn a_script_is_told_and_a_browser_is_led() {
    let house = House::new();
    let browser = house.browser();
    let page = browser.get("/sessions?x=1");
    assert_eq!(page.header("location"), "/sign-in?next=%2Fsessions%3Fx%3D1");
    let stream = [("accept", "text/event-stream")];
    let told = browser.send(reqwest::Method::GET, "/sessions", &stream, "");
    assert_eq!((told.status, told.header("location")), (401, ""));
}

#[test]
fn the_start_page_of_a_role_is_one_that_it_may_see() {
    let house = House::new();
    for (name, role) in [("olga", Role::Operator), ("adam", Role::Administrator)] {
        let browser = house.signed_in(name);
        let first = keyline::face::console::routes::ways(role).next();
        let (path, _) = first.expect("a way");
        assert_eq!(browser.get("/").header("location"), path);
        assert_eq!(browser.get(path).status, 200);
    }
}
