//! The socket itself: who listens, who asks, and what a line may be. Never a PIN goes through it.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::face::control::{Answer, Ask};
use crate::face::say::{Complaint, ExitCode};

/// Bytes of one line.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an answer.
const REPLY_BYTES_MAX: u64 = 64 * 1024;
/// Whoever connects and says nothing is not waited for.
const HEAR: Duration = Duration::from_secs(2);
/// The station may have to wait for the disk.
const ANSWER: Duration = Duration::from_secs(30);

/// Listens until it is dropped, and takes its socket away then.
pub struct Server {
    path: PathBuf,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Listens at `path` and has `answer` answer, one after another, on a thread of its own. The folder must exist, for its owner alone.
///
/// # Errors
/// When another station listens there already, or the socket cannot be made.
pub fn serve(
    path: &Path,
    answer: impl Fn(&Ask) -> Answer + Send + Sync + 'static,
) -> Result<Server, Complaint> {
    let listener = listen(path)?;
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let thread = thread::spawn(move || {
        for stream in listener.incoming() {
            if ended.load(Ordering::SeqCst) {
                break;
            }
            let handled = stream.and_then(|stream| attend(stream, &answer));
            if let Err(error) = handled {
                tracing::debug!(%error, "a request through the socket came to nothing");
            }
        }
    });
    Ok(Server {
        path: path.to_owned(),
        over,
        thread: Some(thread),
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The thread waits for a connection, so it gets one.
        let woken = UnixStream::connect(&self.path).is_ok();
        drop(fs::remove_file(&self.path));
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            drop(thread.join());
        }
    }
}

fn listen(path: &Path) -> Result<UnixListener, Complaint> {
    if UnixStream::connect(path).is_ok() {
        return Err(Complaint::new(
            ExitCode::Journal,
            "Another station runs on this ledger already.",
            "Use that one, or end it first. `keyline status` shows what it does.",
        ));
    }
    let broken = |error: io::Error| {
        Complaint::new(
            ExitCode::Journal,
            format!(
                "The control socket {} cannot be made: {error}.",
                path.display()
            ),
            "Check that its folder exists, belongs to the station's user, and that its path is shorter than 100 characters.",
        )
    };
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broken(error)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(broken)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(broken)?;
    Ok(listener)
}

/// One line, within one deadline: a slow talker keeps nobody else waiting.
fn hear(stream: &mut UnixStream) -> io::Result<String> {
    let end = Instant::now() + HEAR;
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while !heard.contains(&b'\n') && heard.len() < LINE_BYTES_MAX {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut piece)?;
        if count == 0 {
            break;
        }
        heard.extend(piece.iter().take(count));
    }
    String::from_utf8(heard).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn attend(mut stream: UnixStream, answer: &dyn Fn(&Ask) -> Answer) -> io::Result<()> {
    stream.set_write_timeout(Some(HEAR))?;
    let line = hear(&mut stream)?;
    if line.is_empty() {
        return Ok(());
    }
    let answer = match serde_json::from_str(&line) {
        Ok(asked) => answer(&asked),
        Err(_) => Answer::Refused {
            exit: ExitCode::Usage.number(),
            message: "The station does not understand this request.".to_owned(),
            hint: "Use the same version of keyline as the station.".to_owned(),
        },
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    stream.write_all(line.as_bytes())
}

/// Asks a running station how something stands, and is content with nothing: it may be another's, an older one, or busy.
pub fn look(path: &Path, asked: &Ask) -> Option<String> {
    let answer = ask_within(path, asked, HEAR).ok()??;
    answer.into_result().ok().filter(|told| !told.is_empty())
}

/// Asks the station that listens at `path`. `None` when none does: then the caller may do it itself.
///
/// # Errors
/// When a station listens and gives no answer: what came of it is then not known.
pub fn ask(path: &Path, asked: &Ask) -> Result<Option<Answer>, Complaint> {
    ask_within(path, asked, ANSWER)
}

fn ask_within(path: &Path, asked: &Ask, wait: Duration) -> Result<Option<Answer>, Complaint> {
    let stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error) => return absent(path, &error),
    };
    let silent = |what: String| {
        Complaint::new(
            ExitCode::Waiting,
            format!("The running station gives no answer: {what}."),
            "Look with `keyline jobs show` whether the change was made, and try again.",
        )
    };
    let lost = |error: io::Error| silent(error.to_string());
    stream.set_read_timeout(Some(wait)).map_err(lost)?;
    stream.set_write_timeout(Some(wait)).map_err(lost)?;
    let mut line = serde_json::to_string(asked).map_err(|error| lost(error.into()))?;
    line.push('\n');
    (&stream).write_all(line.as_bytes()).map_err(lost)?;
    let mut reply = String::new();
    BufReader::new(&stream)
        .take(REPLY_BYTES_MAX)
        .read_line(&mut reply)
        .map_err(lost)?;
    serde_json::from_str(&reply)
        .map(Some)
        .map_err(|_| silent("it hung up".to_owned()))
}

fn absent(path: &Path, error: &io::Error) -> Result<Option<Answer>, Complaint> {
    if matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    ) {
        return Ok(None);
    }
    Err(Complaint::new(
        ExitCode::Journal,
        format!(
            "The control socket {} cannot be used: {error}.",
            path.display()
        ),
        "Run this as the user that the station runs as.",
    ))
}
