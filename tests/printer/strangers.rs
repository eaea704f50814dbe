//! Whatever listens at the printer's address and is none: no letter goes there, no question hangs on its answer, and nothing that it
//! says is believed.

use std::time::{Duration, Instant};

use keyline::domain::fault::Fault;
use keyline::domain::paper::Ticket;
use keyline::port::Press as _;

use crate::bench::{control, letter, press_at, whereabouts};
use crate::tap::{Tap, Trick};

/// Bytes. More than any answer has.
const HUGE: usize = 32 << 20;
/// Far below the time that a printer has for an answer.
const SOON: Duration = Duration::from_secs(20);

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn an_answer_of_no_printer_is_believed_in_nothing() {
    let elsewhere = Tap::to("ipp://localhost:9/ipp/print").unwrap();
    let answers = [
        String::new(),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        ok(""),
        ok("<html>It works!</html>"),
        // Successful, and cut off before its attributes end.
        ok("\u{2}\0\0\0\0\0\0\u{1}\u{1}"),
        // An attribute whose length is greater than what comes.
        ok("\u{2}\0\0\0\0\0\0\u{1}\u{1}\u{47}\u{7f}\u{7f}x"),
        // Attributes that never end.
        ok(&format!("\u{2}\0\0\0\0\0\0\u{1}{}", "\u{4}".repeat(HUGE))),
        // An end of the attributes, no printer, and a body behind them.
        ok(&format!("\u{2}\0\0\0\0\0\0\u{1}\u{3}{}", "x".repeat(HUGE))),
        // Less than it promises.
        "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n\u{2}\0\0\0".to_owned(),
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            elsewhere.uri().replace("ipp://", "http://")
        ),
    ];
    for answer in answers {
        let tap = Tap::to("ipp://localhost:9/ipp/print").unwrap();
        let shown: String = answer.chars().take(120).collect();
        tap.set(Trick::Answer(answer));
        let (press, since) = (press_at(&tap.uri()), Instant::now());
        for refused in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
            assert!(
                matches!(
                    refused,
                    Err(Fault::Mailer { .. } | Fault::PrinterAway { .. })
                ),
                "{shown:?}: {refused:?}"
            );
        }
        let ticket = Ticket {
            printer: tap.uri(),
            job: 1,
            uuid: None,
            name: format!("PM-{}", control(0)),
        };
        // Neither on paper nor to be forgotten.
        let said = format!("{:?}", press.follow(&ticket));
        assert!(
            said.contains("PrinterAway") || said.contains("Unknown"),
            "{shown:?}: {said}"
        );
        let found = whereabouts(&press, 0);
        assert!(!matches!(found, Ok(Some(_))), "{shown:?}: {found:?}");
        assert_eq!(tap.letters(), 0, "{shown:?}");
        assert!(since.elapsed() < SOON, "{shown:?}: {:?}", since.elapsed());
    }
    assert_eq!(elsewhere.letters(), 0);
}
