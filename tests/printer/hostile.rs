//! A printer that takes a letter and then says what it should not. What it says before is right, so that it gets the letter.
//! It needs no peers, and prints nothing.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use keyline::adapter::paper::PrinterOptions;
use keyline::domain::fault::Fault;
use keyline::port::Press as _;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::bench::{letter, press, press_at};

/// Print-Job, Validate-Job and Get-Printer-Attributes (RFC 8011 §5.4.15).
const PRINT_JOB: u16 = 0x0002;
const VALIDATE_JOB: u16 = 0x0004;
const GET_PRINTER_ATTRIBUTES: u16 = 0x000B;

/// What is said to a letter, after all of it was read.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// HTTP's status line without its version.
    Http(&'static str),
    /// An IPP message.
    Ipp(Vec<u8>),
    /// As if no TLS had been agreed upon.
    PlainInTls,
    /// A TLS alert in clear, as of a printer that wants a certificate after all.
    Alert,
}

/// A printer on a port of its own.
pub(crate) struct Hostile {
    port: u16,
    reply: Arc<Mutex<Reply>>,
    /// An attribute that Validate-Job says it ignores.
    ignored: Arc<Mutex<Option<&'static str>>>,
    letters: Arc<AtomicUsize>,
    certificate: Option<(tempfile::TempDir, PathBuf)>,
}

impl Hostile {
    fn start() -> Self {
        Self::start_with(None)
    }

    /// With a certificate that it signed itself.
    fn start_secure() -> Self {
        Self::start_with(Some(tls()))
    }

    /// Whoever asks it trusts the certificates of the file.
    pub(crate) fn start_with(tls: Option<(Arc<ServerConfig>, tempfile::TempDir, PathBuf)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tls, certificate) = match tls {
            Some((tls, folder, file)) => (Some(tls), Some((folder, file))),
            None => (None, None),
        };
        let printer = Self {
            port,
            reply: Arc::new(Mutex::new(Reply::Http("200 OK"))),
            ignored: Arc::default(),
            letters: Arc::default(),
            certificate,
        };
        let (reply, ignored) = (Arc::clone(&printer.reply), Arc::clone(&printer.ignored));
        let letters = Arc::clone(&printer.letters);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let reply = reply.lock().expect("no panic").clone();
                let ignored = *ignored.lock().expect("no panic");
                // Whoever hangs up is the point of it.
                let _ = serve(client, tls.as_ref(), &reply, ignored, &letters);
            }
        });
        printer
    }

    pub(crate) fn options(&self) -> PrinterOptions {
        let scheme = if self.certificate.is_some() {
            "ipps"
        } else {
            "ipp"
        };
        PrinterOptions {
            ca_file: self.certificate.as_ref().map(|(_, file)| file.clone()),
            ..PrinterOptions::of(&format!("{scheme}://localhost:{}/ipp/print", self.port))
        }
    }

    pub(crate) fn set(&self, reply: Reply) {
        *self.reply.lock().expect("no panic") = reply;
    }

    pub(crate) fn letters(&self) -> usize {
        self.letters.load(Ordering::SeqCst)
    }

    /// Panics unless a letter that is answered so may have been printed, and is sent once.
    fn assert_leaves_a_doubt(&self, number: u64, reply: Reply) {
        let said = format!("{reply:?}");
        self.set(reply);
        let press = press(self.options());
        let before = self.letters();
        let delivered = press.deliver(&letter(number));
        assert_eq!(delivered, Err(Fault::DeliveryUncertain), "{said}");
        // The number is used, so nothing goes there again by itself.
        let again = press.deliver(&letter(number));
        assert!(matches!(again, Err(Fault::Mailer { .. })), "{said}");
        assert_eq!(self.letters(), before + 1, "{said}: sent once");
    }
}

fn tls() -> (Arc<ServerConfig>, tempfile::TempDir, PathBuf) {
    let key = KeyPair::generate().expect("keys");
    let wanted = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let made = wanted.self_signed(&key).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.pem()).expect("written");
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], key.into())
        .expect("a certificate");
    (Arc::new(config), folder, file)
}

fn serve(
    client: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    reply: &Reply,
    ignored: Option<&str>,
    letters: &AtomicUsize,
) -> io::Result<()> {
    let Some(tls) = tls else {
        let mut client = client;
        return match answer(&mut client, reply, ignored, letters)? {
            Some(bytes) => client.write_all(&bytes),
            None => Ok(()),
        };
    };
    let connection = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, client);
    match answer(&mut stream, reply, ignored, letters)? {
        Some(bytes) => {
            stream.write_all(&bytes)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
        None if matches!(reply, Reply::Alert) => {
            // Fatal: certificate_required (RFC 8446 §6.2).
            stream.sock.write_all(b"\x15\x03\x03\x00\x02\x02\x74")
        }
        None => stream.sock.write_all(b"HTTP/1.1 200 OK\r\n\r\n"),
    }
}

/// The answer to one request, and nothing where the letter is answered behind TLS' back.
fn answer(
    client: &mut (impl Read + Write),
    reply: &Reply,
    ignored: Option<&str>,
    letters: &AtomicUsize,
) -> io::Result<Option<Vec<u8>>> {
    let body = body(client)?;
    let operation = body
        .get(2..4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u16::from_be_bytes);
    let said = match operation {
        PRINT_JOB => {
            letters.fetch_add(1, Ordering::SeqCst);
            match reply {
                Reply::Http(status) => {
                    let text = format!(
                        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    return Ok(Some(text.into_bytes()));
                }
                Reply::Ipp(message) => message.clone(),
                Reply::PlainInTls | Reply::Alert => return Ok(None),
            }
        }
        GET_PRINTER_ATTRIBUTES => {
            // A group of the printer, with `printer-state` idle.
            let mut message = ipp(0);
            message.extend_from_slice(b"\x04\x23\x00\x0dprinter-state\x00\x04\x00\x00\x00\x03");
            ended(message)
        }
        VALIDATE_JOB if ignored.is_some() => {
            let name = ignored.unwrap_or_default();
            let mut message = ipp(0x0001);
            // The group of unsupported attributes; out of band: unsupported.
            message.extend_from_slice(b"\x05\x10\x00");
            message.push(u8::try_from(name.len()).map_err(io::Error::other)?);
            message.extend_from_slice(name.as_bytes());
            message.extend_from_slice(b"\x00\x00");
            ended(message)
        }
        _ => ended(ipp(0)),
    };
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        said.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&said);
    Ok(Some(bytes))
}

/// A request's body, of the length that its head says.
fn body(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| io::Error::other("a request without a length"))?;
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    Ok(body)
}

/// The head of an answer with this status, of the version and the id of the press' requests.
pub(crate) fn ipp(status: u16) -> Vec<u8> {
    let mut message = b"\x01\x01".to_vec();
    message.extend_from_slice(&status.to_be_bytes());
    message.extend_from_slice(b"\x00\x00\x00\x01\x01");
    message.extend_from_slice(b"\x47\x00\x12attributes-charset\x00\x05utf-8");
    message.extend_from_slice(b"\x48\x00\x1battributes-natural-language\x00\x02en");
    message
}

fn ended(mut message: Vec<u8>) -> Vec<u8> {
    message.push(3);
    message
}

/// `message`, with a group that names a job.
pub(crate) fn with_job(mut message: Vec<u8>) -> Vec<u8> {
    message.extend_from_slice(b"\x02\x21\x00\x06job-id\x00\x04\x00\x00\x00\x07");
    ended(message)
}

#[test]
fn a_line_that_breaks_after_the_letter_is_a_doubt_whatever_broke_it() {
    let printer = Hostile::start_secure();
    // The press trusts this one: an answer that says no is certain.
    printer.set(Reply::Ipp(ended(ipp(0x0506))));
    let refused = press(printer.options()).deliver(&letter(0));
    assert!(
        matches!(refused, Err(Fault::PrinterAway { .. })),
        "{refused:?}"
    );
    assert_eq!(printer.letters(), 1);
    printer.assert_leaves_a_doubt(1, Reply::PlainInTls);
    printer.assert_leaves_a_doubt(2, Reply::Alert);
    // Whoever cannot prove who it is gets no letter, and that is certain.
    let before = printer.letters();
    let stranger = PrinterOptions {
        ca_file: None,
        ..printer.options()
    };
    let refused = press(stranger).deliver(&letter(3));
    assert!(
        matches!(&refused, Err(Fault::Mailer { what }) if what.contains("cannot prove")),
        "{refused:?}"
    );
    assert_eq!(printer.letters(), before);
}

#[test]
fn a_secret_in_the_query_is_in_no_error_and_no_ticket() {
    let printer = Hostile::start();
    printer.set(Reply::Ipp(with_job(ipp(0x0000))));
    let uri = format!("{}?key=verysecret", printer.options().uri);
    let ticket = press_at(&uri).deliver(&letter(0)).unwrap().ticket.unwrap();
    assert_eq!(ticket.printer, printer.options().uri);
    printer.set(Reply::Ipp(ended(ipp(0x0507))));
    let busy = press_at(&uri).deliver(&letter(1)).unwrap_err();
    assert!(!busy.to_string().contains("verysecret"), "{busy}");
    let nobody = "ipp://localhost:1/ipp/print?key=verysecret";
    let away = press_at(nobody).can_take().unwrap_err();
    assert!(!away.to_string().contains("verysecret"), "{away}");
}

#[test]
fn what_http_says_to_a_letter_is_no_word_of_the_printer() {
    let printer = Hostile::start();
    for (number, status) in [
        "503 Service Unavailable",
        "500 Internal Server Error",
        "302 Found\r\nLocation: http://localhost:9/",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "413 Content Too Large",
        "426 Upgrade Required",
        "200 OK",
    ]
    .into_iter()
    .enumerate()
    {
        let number = u64::try_from(number).unwrap();
        printer.assert_leaves_a_doubt(number, Reply::Http(status));
    }
}

#[test]
fn only_an_answer_to_this_very_letter_refuses_it_with_certainty() {
    let printer = Hostile::start();
    // Busy: certain, and the same number may be sent again.
    printer.set(Reply::Ipp(ended(ipp(0x0507))));
    let asked = press_at(&printer.options().uri);
    for _ in 0..2 {
        let refused = asked.deliver(&letter(0));
        assert!(
            matches!(refused, Err(Fault::PrinterAway { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(printer.letters(), 2);
    let changed = |at: usize, byte: u8| {
        let mut message = ended(ipp(0x0507));
        *message.get_mut(at).unwrap() = byte;
        message
    };
    for (number, message) in [
        // Another request's answer, another version's, none that can be read, none at all.
        changed(7, 2),
        changed(0, 3),
        ipp(0x0507),
        b"<html>busy</html>".to_vec(),
        Vec::new(),
        // It says no, and names the job that it made.
        with_job(ipp(0x0507)),
        // Statuses that a printer comes to while it has the letter in hand.
        ended(ipp(0x0405)),
        ended(ipp(0x0408)),
        ended(ipp(0x0411)),
        ended(ipp(0x0500)),
        ended(ipp(0x0502)),
        ended(ipp(0x0504)),
        ended(ipp(0x0505)),
        ended(ipp(0x0508)),
        // It says yes, and names no job.
        ended(ipp(0x0000)),
    ]
    .into_iter()
    .enumerate()
    {
        let number = u64::try_from(number).unwrap() + 1;
        printer.assert_leaves_a_doubt(number, Reply::Ipp(message));
    }
    // With a job it is a delivery.
    printer.set(Reply::Ipp(with_job(ipp(0x0000))));
    let delivered = press_at(&printer.options().uri).deliver(&letter(40));
    let ticket = delivered.unwrap().ticket.unwrap();
    assert_eq!(ticket.job, 7);
}

#[test]
fn a_printer_that_would_ignore_the_paper_gets_no_letter() {
    let printer = Hostile::start();
    printer.set(Reply::Ipp(with_job(ipp(0x0000))));
    let press = press(printer.options());
    for ignored in ["media", "media-col", "sides"] {
        *printer.ignored.lock().unwrap() = Some(ignored);
        let refused = press.deliver(&letter(0));
        assert!(
            matches!(&refused, Err(Fault::Mailer { what }) if what.contains(&format!("`{ignored}`"))),
            "{ignored}: {refused:?}"
        );
    }
    assert_eq!(printer.letters(), 0);
    // What it ignores otherwise does not move an address out of its window.
    *printer.ignored.lock().unwrap() = Some("copies");
    assert!(press.deliver(&letter(0)).is_ok());
    assert_eq!(printer.letters(), 1);
}
