//! The port on this computer to which a browser brings the answer of a sign-in (RFC 8252 §7.3). It takes one answer, the one
//! with our state, and is closed then. What else knocks is told that it is wrong here, and changes nothing.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::port::CancelFlag;

use super::answer;

/// How often the wait looks whether it was cancelled, in milliseconds.
const LOOK_MILLIS: i64 = 100;
/// A browser that connects and says nothing is not listened to for longer.
const REQUEST_SECONDS_MAX: u64 = 5;
/// Bytes. A code of Entra's has some thousand characters.
const REQUEST_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;
/// Connections of one sign-in. A browser makes three or four.
const CONNECTIONS_MAX: usize = 200;

/// What the browser shows in the end: a heading, and a sentence below it. Plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// The answer has come.
    pub taken: (String, String),
    /// The tenant said no.
    pub refused: (String, String),
    /// This is not the answer that is waited for.
    pub wrong: (String, String),
}

/// What the browser brought.
pub(super) enum Brought {
    /// `code`.
    Code(Zeroizing<String>),
    /// `error`, as it came.
    Refusal(String),
}

/// An open port.
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// What each connection needs to know.
struct Door {
    port: u16,
    state: String,
    pages: Pages,
    /// Taken by the one answer that counts.
    answer: Mutex<Option<Sender<Brought>>>,
}

impl Loopback {
    /// Opens a free port.
    ///
    /// # Errors
    /// [`Fault::Internal`] when there is none.
    pub(super) fn open() -> Result<Self, Fault> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(no_port)?;
        listener.set_nonblocking(true).map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        Ok(Self { listener, port })
    }

    /// As Entra knows it: for `localhost` it lets the port be any (Microsoft identity platform, "Redirect URI restrictions").
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits for the answer with `state`, and closes the port.
    ///
    /// # Errors
    /// [`Fault::SignIn`] when none came in time; [`Fault::Cancelled`].
    pub(super) fn wait(
        self,
        state: &str,
        pages: &Pages,
        patience: Duration,
        cancel: &CancelFlag,
    ) -> Result<Brought, Fault> {
        let (sender, brought) = mpsc::channel();
        let door = Arc::new(Door {
            port: self.port,
            state: state.to_owned(),
            pages: pages.clone(),
            answer: Mutex::new(Some(sender)),
        });
        let end = Instant::now() + patience;
        let mut connections = 0;
        loop {
            if let Ok(brought) = brought.try_recv() {
                return Ok(brought);
            }
            if cancel.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            if Instant::now() >= end || connections >= CONNECTIONS_MAX {
                return Err(Fault::SignIn {
                    what:
                        "nobody signed in in the browser in time; begin anew by typing the same command again"
                            .to_owned(),
                });
            }
            let mut fds = [PollFd::new(&self.listener, PollFlags::IN)];
            let look = Timespec {
                tv_sec: 0,
                tv_nsec: LOOK_MILLIS * 1_000_000,
            };
            // An interrupted wait is a short one.
            let _ = poll(&mut fds, Some(&look));
            if let Ok((stream, _)) = self.listener.accept() {
                connections += 1;
                let door = door.clone();
                // A browser opens connections ahead that stay silent; they must not keep the answer waiting.
                std::thread::Builder::new()
                    .name("sign-in-page".to_owned())
                    .spawn(move || door.serve(stream))
                    .map_err(no_port)?;
            }
        }
    }
}

/// What a request is, before anything is done about it.
enum Request {
    /// To the right place, with these parameters.
    Answer(Parameters),
    /// A browser's own question, such as for an icon, or somebody else's.
    Elsewhere,
    /// Sent to another name than ours: a page of the web that had a name lead here.
    Foreign,
}

#[derive(Default)]
struct Parameters {
    state: Option<String>,
    code: Option<Zeroizing<String>>,
    error: Option<String>,
}

impl Door {
    fn serve(&self, mut stream: TcpStream) {
        let limit = Some(Duration::from_secs(REQUEST_SECONDS_MAX));
        let ready = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(limit))
            .and_then(|()| stream.set_write_timeout(limit));
        if ready.is_err() {
            return;
        }
        let Some(request) = read(&mut stream, self.port) else {
            return;
        };
        let pages = &self.pages;
        let (status, page, brought) = match request {
            Request::Foreign => ("421 Misdirected Request", &pages.wrong, None),
            Request::Elsewhere => ("404 Not Found", &pages.wrong, None),
            Request::Answer(given) if given.state.as_deref() != Some(self.state.as_str()) => {
                ("400 Bad Request", &pages.wrong, None)
            }
            Request::Answer(Parameters {
                error: Some(error), ..
            }) => {
                let error = answer::shown(&error);
                ("200 OK", &pages.refused, Some(Brought::Refusal(error)))
            }
            Request::Answer(Parameters {
                code: Some(code), ..
            }) => ("200 OK", &pages.taken, Some(Brought::Code(code))),
            Request::Answer(_) => ("400 Bad Request", &pages.wrong, None),
        };
        let mut first = None;
        if brought.is_some() {
            first = self
                .answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
        }
        let (status, page) = if brought.is_some() && first.is_none() {
            ("410 Gone", &pages.wrong)
        } else {
            (status, page)
        };
        // The page first: the port is closed as soon as the answer is there.
        let _ = stream
            .write_all(response(status, page).as_bytes())
            .and_then(|()| stream.flush());
        if let (Some(sender), Some(brought)) = (first, brought) {
            // Nobody waits any more when the time was over.
            let _ = sender.send(brought);
        }
    }
}

/// One request; `None` when nothing came that could be answered.
fn read(stream: &mut TcpStream, port: u16) -> Option<Request> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES_MAX));
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let count = stream.read(&mut *chunk).ok().filter(|count| *count > 0)?;
        if bytes.len() + count > REQUEST_BYTES_MAX {
            return None;
        }
        bytes.extend_from_slice(chunk.get(..count)?);
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => return Some(judge(&request, port)),
            Ok(httparse::Status::Partial) => {}
            Err(_) => return None,
        }
    }
}

fn judge(request: &httparse::Request<'_, '_>, port: u16) -> Request {
    let mut hosts = request
        .headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case("host"))
        .map(|header| header.value);
    let ours = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    let host = hosts.next().and_then(|host| std::str::from_utf8(host).ok());
    let known = host.is_some_and(|host| ours.iter().any(|name| name.eq_ignore_ascii_case(host)));
    if !known || hosts.next().is_some() {
        return Request::Foreign;
    }
    let path = request.path.unwrap_or_default();
    let Some(query) = path.strip_prefix("/?") else {
        return Request::Elsewhere;
    };
    if request.method != Some("GET") {
        return Request::Elsewhere;
    }
    let mut given = Parameters::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "state" => given.state = Some(value.into_owned()),
            "code" => given.code = Some(Zeroizing::new(value.into_owned())),
            "error" => given.error = Some(value.into_owned()),
            _ => {}
        }
    }
    Request::Answer(given)
}

fn response(status: &str, (title, text): &(String, String)) -> String {
    let (title, text) = (escaped(title), escaped(text));
    let body = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'\r\n\r\n{body}",
        body.len()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn no_port(error: std::io::Error) -> Fault {
    Fault::Internal {
        what: format!("no port of this computer can be opened for the browser: {error}"),
    }
}
