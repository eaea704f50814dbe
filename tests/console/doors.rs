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
