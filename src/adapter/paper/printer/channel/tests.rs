//! Printers that do not answer, or never end: nobody waits for them longer than was meant.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use super::*;

const QUESTION: &[u8] = b"question";
const PATIENCE: Duration = Duration::from_millis(300);
/// Far more than that, and far less than without it.
const SOON: Duration = Duration::from_secs(10);
/// From drop to drop of an answer that never ends.
const DROP: Duration = Duration::from_millis(10);

/// A channel to somebody who does this with whoever comes.
fn channel(serve: fn(TcpStream)) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut asked = Vec::new();
            while !asked.ends_with(QUESTION) {
                let mut byte = [0];
                client.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            serve(client);
        }
    });
    let uri = format!("ipp://127.0.0.1:{port}/ipp/print");
    Channel::open(&PrinterOptions::of(&uri)).unwrap()
}

fn exchanged(serve: fn(TcpStream)) -> Lost {
    let since = Instant::now();
    let answer = channel(serve).exchange(Zeroizing::new(QUESTION.to_vec()), PATIENCE);
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    match answer {
        Ok(answer) => panic!("an answer of status {}", answer.status),
        Err(lost) => lost,
    }
}

#[test]
fn nobody_waits_for_an_answer_that_does_not_come_or_does_not_end() {
    /// Until whoever asked has gone.
    fn drip(mut client: TcpStream) {
        while client.write_all(b"x").and_then(|()| client.flush()).is_ok() {
            std::thread::sleep(DROP);
        }
    }
    for serve in [
        // Not a word, and no end of it.
        |client: TcpStream| std::mem::forget(client),
        // A head that never ends, and a body that never does.
        |mut client: TcpStream| {
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nServer: x");
            drip(client);
        },
        |mut client: TcpStream| {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
            let _ = client.write_all(head);
            drip(client);
        },
    ] {
        let lost = exchanged(serve);
        // It is the time that ran out, and nothing else.
        let Lost::NoAnswer(what) = &lost else {
            panic!("{lost:?}");
        };
        assert!(
            what.contains("in time") || what.contains("timed out"),
            "{what}"
        );
    }
}

#[test]
fn whoever_is_not_there_is_named_with_his_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let uri = format!("ipp://127.0.0.1:{port}/ipp/print");
    let channel = Channel::open(&PrinterOptions::of(&uri)).unwrap();
    let lost = channel.exchange(Zeroizing::new(QUESTION.to_vec()), PATIENCE);
    let Err(Lost::Unsent(what)) = lost.map(|answer| answer.status) else {
        panic!("it is there");
    };
    assert!(
        what.starts_with(&format!("127.0.0.1:{port} cannot be reached")),
        "{what}"
    );
}

#[test]
fn a_pipe_in_the_place_of_the_certificates_is_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("ca.pem");
    let owner = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, owner).unwrap();
    let mut options = PrinterOptions::of("ipps://127.0.0.1:1/ipp/print");
    options.ca_file = Some(pipe);
    match Channel::open(&options) {
        Err(Fault::Mailer { what }) => assert!(what.contains("it is a pipe"), "{what}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was read"),
    }
}
