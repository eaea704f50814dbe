//! A line between press and printer that can be cut where it hurts. It knows HTTP as far as the press speaks it, and nothing of
//! IPP but the operation.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Print-Job (RFC 8011 §5.4.15).
const PRINT_JOB: u16 = 0x0002;
/// No printer of the tests says more at a time.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    None,
    /// The letter arrives, and its answer does not.
    LoseAnswer,
    /// The same, and from then on nobody answers any more.
    LoseAnswerAndGo,
    /// The letter is taken and goes nowhere.
    LoseLetter,
    /// Half of the letter arrives.
    CutLetter,
    /// Every question is answered with this, and the printer hears nothing.
    Answer(String),
    /// Whatever the printer says of itself, it says that it is stopped.
    Stopped,
    /// Who does not send this header's value is asked for it.
    Wants(String),
}

/// A line to a port on this computer.
pub(crate) struct Tap {
    port: u16,
    trick: Arc<Mutex<Trick>>,
    letters: Arc<AtomicUsize>,
}

impl Tap {
    /// To the printer at `uri`.
    pub(crate) fn to(uri: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let tap = Self {
            port: listener.local_addr()?.port(),
            trick: Arc::new(Mutex::new(Trick::None)),
            letters: Arc::default(),
        };
        let printer = port_of(uri);
        let (trick, letters) = (Arc::clone(&tap.trick), Arc::clone(&tap.letters));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let tricks = Arc::clone(&trick);
                let letters = Arc::clone(&letters);
                // Whoever hangs up is the point of it.
                std::thread::spawn(move || serve(client, printer, &tricks, &letters));
            }
        });
        Ok(tap)
    }

    pub(crate) fn set(&self, trick: Trick) {
        *self.trick.lock().expect("no panic") = trick;
    }

    /// How many letters were sent into it.
    pub(crate) fn letters(&self) -> usize {
        self.letters.load(Ordering::SeqCst)
    }

    /// The printer at the other end of it.
    pub(crate) fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }
}

fn port_of(uri: &str) -> u16 {
    let authority = uri.split('/').nth(2).expect("a host");
    let (_, port) = authority.rsplit_once(':').expect("a port");
    port.parse().expect("a port")
}

fn serve(
    mut client: TcpStream,
    printer: u16,
    tricks: &Mutex<Trick>,
    letters: &AtomicUsize,
) -> io::Result<()> {
    // At once, so that a trick holds for whoever has called before another is set.
    let trick = &tricks.lock().expect("no panic").clone();
    let (head, body) = request(&mut client)?;
    let is_letter = body.get(2..4) == Some(&PRINT_JOB.to_be_bytes()[..]);
    if is_letter {
        letters.fetch_add(1, Ordering::SeqCst);
    }
    match trick {
        Trick::Answer(answer) => return client.write_all(answer.as_bytes()),
        Trick::Wants(value) if !head.contains(value.as_str()) => {
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"printer\"\r\nContent-Length: 0\r\n\r\n";
            return client.write_all(answer.as_bytes());
        }
        Trick::LoseLetter if is_letter => return client.shutdown(Shutdown::Both),
        Trick::None
        | Trick::LoseAnswer
        | Trick::LoseAnswerAndGo
        | Trick::LoseLetter
        | Trick::CutLetter
        | Trick::Stopped
        | Trick::Wants(_) => {}
    }
    let mut server = TcpStream::connect(("localhost", printer))?;
    server.write_all(head.as_bytes())?;
    if is_letter && *trick == Trick::CutLetter {
        let half = body.get(..body.len() / 2).unwrap_or(&body);
        server.write_all(half)?;
        server.shutdown(Shutdown::Both)?;
        return client.shutdown(Shutdown::Both);
    }
    server.write_all(&body)?;
    if is_letter && matches!(trick, Trick::LoseAnswer | Trick::LoseAnswerAndGo) {
        // The printer has answered, so it has the letter.
        server.read_exact(&mut [0])?;
        if *trick == Trick::LoseAnswerAndGo {
            *tricks.lock().expect("no panic") = Trick::Answer(String::new());
        }
        return client.shutdown(Shutdown::Both);
    }
    if *trick == Trick::Stopped {
        // As it comes: a printer may leave the line open behind its answer.
        let mut some = vec![0; ANSWER_BYTES_MAX];
        loop {
            let read = server.read(&mut some)?;
            if read == 0 {
                return Ok(());
            }
            let some = some.get_mut(..read).unwrap_or_default();
            say_stopped(some);
            client.write_all(some)?;
        }
    }
    io::copy(&mut server, &mut client).map(drop)
}

/// Changes `printer-state` (RFC 8011 §5.4.11), where an answer tells it.
fn say_stopped(answer: &mut [u8]) {
    // An enum (0x23), the name with its length, and the length of the value, which comes next.
    const STATE: &[u8] = b"\x23\x00\x0dprinter-state\x00\x04";
    const STOPPED: [u8; 4] = [0, 0, 0, 5];
    let found = answer
        .windows(STATE.len())
        .position(|window| window == STATE);
    let value = found.and_then(|at| answer.get_mut(at + STATE.len()..at + STATE.len() + 4));
    if let Some(value) = value {
        value.copy_from_slice(&STOPPED);
    }
}

/// One request: its head, and its body of the length that the head says. Asks the printer to hang up after it.
fn request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
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
    let head = head.trim_end().to_owned() + "\r\nConnection: close\r\n\r\n";
    Ok((head, body))
}
