//! Whoever calls slowly, often or with much: nobody holds the console up, signed in or not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use keyline::face::console::Patience;
use reqwest::Method;

use super::house::House;

/// Longer than any of these takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn call(house: &House, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(house.address()).expect("a connection");
    stream.set_read_timeout(Some(LONG)).expect("a limit");
    // The console may hang up before it has read.
    let _ = stream.write_all(text.as_bytes());
    stream
}

/// All that comes back until the console hangs up.
fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        Ok(_) | Err(_) => {}
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn hasty() -> Patience {
    Patience {
        headers: Duration::from_millis(300),
        body: Duration::from_millis(300),
        ..Patience::default()
    }
}

#[test]
fn a_form_that_comes_drop_by_drop_is_not_waited_for() {
    let house = House::patient(hasty());
    let (host, begun) = (house.address(), Instant::now());
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname="
    );
    let told = answer(call(&house, &head));
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
    assert!(told.contains("That took too long to arrive"), "{told}");
    assert!(begun.elapsed() < LONG);
    // Nor is a request that never begins, nor the next one of a connection.
    assert_eq!(answer(call(&house, "")), "");
    let cut = answer(call(&house, "GET /sign-in HTTP/1.1\r\nHost: "));
    assert!(!cut.contains("200 OK"), "{cut}");
    let kept = format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert!(answer(call(&house, &kept)).starts_with("HTTP/1.1 200 "));
}

#[test]
fn one_connection_too_many_is_closed_and_the_next_has_its_place() {
    let house = House::patient(Patience {
        connections: 4,
        ..Patience::default()
    });
    let host = house.address();
    let ask = format!("GET /assets/x HTTP/1.1\r\nHost: {host}\r\n\r\n");
    // Each has been answered, so each is in.
    let held: Vec<TcpStream> = (0..4)
        .map(|_| {
            let mut stream = call(&house, &ask);
            let mut first = [0; 12];
            stream.read_exact(&mut first).expect("an answer");
            stream
        })
        .collect();
    let ask = format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(answer(call(&house, &ask)), "");
    drop(held);
    let begun = Instant::now();
    loop {
        let mut stream = TcpStream::connect(host).expect("a connection");
        // The console may hang up before it has read.
        let _ = stream.write_all(ask.as_bytes());
        if answer(stream).starts_with("HTTP/1.1 200 ") {
            break;
        }
        assert!(begun.elapsed() < LONG, "no place came free");
    }
}

#[test]
fn no_browser_needs_headers_like_these() {
    let house = House::new();
    let browser = house.browser();
    let wishes = format!("{}en", "de-AT;q=0.00000001,".repeat(1500));
    let begun = Instant::now();
    for _ in 0..20 {
        let headers = [
            ("accept", "text/html"),
            ("accept-language", wishes.as_str()),
        ];
        let page = browser.send(Method::GET, "/sign-in", &headers, "");
        assert_eq!(page.status, 200);
    }
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    let host = house.address();
    let huge = "x".repeat(128 * 1024);
    let huge = format!(
        "GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-More: {huge}\r\n\r\n"
    );
    // It hangs up before it has read all, so whoever calls may not hear why.
    let told = answer(call(&house, &huge));
    assert!(!told.contains(" 200 OK"), "{told}");
}

#[test]
fn what_is_no_form_is_told_before_anybody_waits_for_it() {
    let house = House::new();
    let browser = house.signed_in("adam");
    let (host, cookie) = (house.address(), browser.cookie("keyline"));
    let cookie = cookie.expect("a session");
    let head = format!(
        "POST /models/import HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: keyline={cookie}\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
    );
    let told = answer(call(&house, &head));
    assert!(told.starts_with("HTTP/1.1 403 "), "{told}");
}

/// Sends a head, and waits until the console asks for the body: by then it has let the caller in.
fn let_in(house: &House, path: &str, more: &str) -> TcpStream {
    let host = house.address();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nExpect: 100-continue\r\nConnection: close\r\n{more}\r\n"
    );
    let mut stream = call(house, &head);
    let mut told = [0; 25];
    stream.read_exact(&mut told).expect("it is asked for");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn whoever_is_out_before_the_body_is_there_does_nothing() {
    let house = House::new();
    for (way, status) in [("/sign-out", "401"), ("/lock", "423")] {
        let (adam, olga) = (house.signed_in("adam"), house.signed_in("olga"));
        let csrf = adam.get("/sessions").field("csrf").expect("a token");
        let listed = house.shared.sessions.list(house.shared.now());
        let hers = listed.iter().find(|one| one.name.as_str() == "olga");
        let hers = hers.expect("her session").session.0;
        let body = format!("csrf={csrf}&session={hers}");
        let cookie = adam.cookie("keyline").expect("a session");
        let more = format!(
            "Cookie: keyline={cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            body.len()
        );
        let mut stream = let_in(&house, "/sessions/end", &more);
        assert_eq!(adam.post(way, &[]).status, 303);
        stream.write_all(body.as_bytes()).expect("sent");
        let told = answer(stream);
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
        assert_eq!(olga.get("/sessions").status, 200, "her session lives");
        assert_eq!(olga.post("/sign-out", &[]).status, 303);
    }
}

#[test]
fn only_so_many_large_bodies_are_taken_in_at_a_time() {
    let house = House::new();
    let adam = house.signed_in("adam");
    let csrf = adam.get("/sessions").field("csrf").expect("a token");
    let cookie = adam.cookie("keyline").expect("a session");
    let more = format!(
        "Cookie: keyline={cookie}\r\nX-Keyline-Csrf: {csrf}\r\nContent-Length: 1000000\r\n"
    );
    let mut held: Vec<TcpStream> = (0..2)
        .map(|_| let_in(&house, "/models/import", &more))
        .collect();
    let host = house.address();
    let head = format!(
        "POST /models/import HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n{more}\r\n"
    );
    let told = answer(call(&house, &head));
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    assert!(told.contains("retry-after: 10\r\n"), "{told}");
    assert!(told.contains("Other files are being taken in"), "{told}");
    // What is no larger than an ordinary form needs no place.
    let small = adam.post("/people/selected", &[("user", "x")]);
    assert!(!small.text.contains("Other files"), "{}", small.text);
    // The one that is done has made room.
    let mut done = held.pop().expect("a call");
    done.write_all(&vec![b'x'; 1_000_000]).expect("sent");
    answer(done);
    let_in(&house, "/models/import", &more);
}

#[test]
fn no_other_page_draws_what_is_here_into_itself() {
    let house = House::new();
    let browser = house.signed_in("adam");
    let ask = |site: &str, mode: &str| {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode)];
        browser.send(Method::GET, "/sessions", &headers, "").status
    };
    assert_eq!(ask("same-site", "no-cors"), 403);
    assert_eq!(ask("cross-site", "cors"), 403);
    assert_eq!(ask("same-origin", "cors"), 200);
    assert_eq!(ask("none", "navigate"), 200);
    assert_eq!(ask("cross-site", "navigate"), 200);
}
