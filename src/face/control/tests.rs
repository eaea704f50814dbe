//! The socket from both ends, and what is asked of a running station's loop.

mod hands;
mod station;
mod void;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::app::world::{World, course, credential};
use crate::domain::enrollment::Standing;
use crate::domain::event::{Happening, Step};
use crate::domain::job::JobId;
use crate::domain::policy::Policy;

fn run_folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyline.sock");
    (folder, path)
}

fn ledger() -> World {
    World::with_jobs(&["anna@contoso.com", "bert@contoso.com"])
}

fn change(job: &str, change: Change) -> Ask {
    Ask::Change {
        job: job.to_owned(),
        change,
        actor: "admin".to_owned(),
    }
}

fn hold() -> Change {
    Change::Hold {
        reason: "on leave".to_owned(),
    }
}

fn alone<'a>(
    ledger: &'a World,
    erase: &'a dyn Fn(&str, &str) -> Result<Told, Complaint>,
) -> Alone<'a> {
    Alone {
        ledger: Arc::new(ledger.clone()),
        policies: &|| {
            let by_name = [("standard".to_owned(), Policy::default())].into();
            Ok(Policies {
                by_name,
                ..Policies::default()
            })
        },
        press: &|| {
            Err(Complaint::usage(
                "There is no printer.",
                "Name one in the configuration.",
            ))
        },
        erase,
        now: crate::port::Clock::now(ledger),
    }
}

/// A server that does what it is asked by itself.
fn serve_alone(path: &Path, ledger: &World) -> Server {
    let ledger = ledger.clone();
    serve(path, move |asked| {
        let erase = |user: &str, _: &str| Ok(format!("{user} is forgotten.").into());
        by_ourselves(&alone(&ledger, &erase), asked)
    })
    .unwrap()
}

fn told(path: &Path, asked: &Ask) -> Result<String, Complaint> {
    ask(path, asked).unwrap().unwrap().into_result()
}

#[test]
fn a_question_goes_there_and_its_answer_comes_back() {
    let ((_folder, path), ledger) = (run_folder(), ledger());
    let server = serve_alone(&path, &ledger);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let answer = told(&path, &change("bert@contoso.com", hold())).unwrap();
    assert_eq!(
        answer,
        "Job 2 (bert@contoso.com, envelope 0002) is held. `keyline jobs release` lets it go on."
    );
    assert_eq!(ledger.enrollment(JobId(2)).standing(), Standing::Held);
    let refused = told(&path, &change("2", hold())).unwrap_err();
    assert_eq!(refused.exit, ExitCode::Refused);
    assert!(
        refused.message.contains("held already"),
        "{}",
        refused.message
    );
    let nobody = told(&path, &change("zoe", Change::Cancel)).unwrap_err();
    assert_eq!(nobody.exit, ExitCode::Usage);
    let erase = Ask::Erase {
        user: "anna@contoso.com".to_owned(),
        actor: "admin".to_owned(),
    };
    assert_eq!(
        told(&path, &erase).unwrap(),
        "anna@contoso.com is forgotten."
    );
    drop(server);
    assert!(!path.exists());
    assert_eq!(ask(&path, &erase), Ok(None));
}

#[test]
fn a_socket_left_behind_by_a_crash_is_nobody() {
    let ((_folder, path), ledger) = (run_folder(), ledger());
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert_eq!(ask(&path, &change("1", hold())), Ok(None));
    let _server = serve_alone(&path, &ledger);
    told(&path, &change("1", hold())).unwrap();
}

#[test]
fn a_second_station_is_refused_and_the_first_goes_on() {
    let ((_folder, path), ledger) = (run_folder(), ledger());
    let _server = serve_alone(&path, &ledger);
    let second = serve(&path, |_| unreachable!()).err().unwrap();
    assert_eq!(second.exit, ExitCode::Journal);
    told(&path, &change("1", hold())).unwrap();
}

#[test]
fn nonsense_and_silence_stop_nobody() {
    let ((_folder, path), ledger) = (run_folder(), ledger());
    let _server = serve_alone(&path, &ledger);
    drop(UnixStream::connect(&path).unwrap());
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"{\"change\":{\"job\":1}}\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.contains("does not understand"), "{line}");
    told(&path, &change("1", hold())).unwrap();
}

#[test]
fn a_path_that_is_too_long_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x".repeat(120));
    let complaint = serve(&path, |_| unreachable!()).err().unwrap();
    assert!(
        complaint.hint.contains("100 characters"),
        "{}",
        complaint.hint
    );
}

#[test]
fn a_done_job_is_not_cancelled() {
    let ledger = ledger();
    ledger.tell(JobId(1), course("123", Step::Deliver));
    let erase = |_: &str, _: &str| unreachable!();
    let refused = by_ourselves(&alone(&ledger, &erase), &change("1", Change::Cancel));
    assert_eq!(
        refused.into_result().unwrap_err().message,
        "Job 1 (anna@contoso.com, envelope 0001) is done: its key is enrolled and its letter is made."
    );
}

#[test]
fn a_passkey_that_was_never_given_up_is_not_looked_for() {
    let ((_folder, path), ledger) = (run_folder(), ledger());
    ledger.tell(JobId(1), course("123", Step::MakeCredential));
    let _server = serve_alone(&path, &ledger);
    let asked = Ask::Reopen {
        credential: credential(),
        actor: "admin".to_owned(),
    };
    let refused = told(&path, &asked).unwrap_err();
    assert_eq!(refused.exit, ExitCode::Usage);
    assert!(
        refused.message.contains("none that this ledger gave up"),
        "{}",
        refused.message
    );
    let unknown = Ask::Reopen {
        credential: CredentialId(vec![0, 0, 0]),
        actor: "x".to_owned(),
    };
    assert_eq!(told(&path, &unknown).unwrap_err().exit, ExitCode::Usage);
    assert_eq!(ledger.state().ledger.open_duties(), []);
    let left = Some(credential());
    ledger.tell(JobId(1), [Happening::Cancelled { credential: left }]);
    let answer = told(&path, &asked).unwrap();
    assert!(answer.contains("looked for at Entra again"), "{answer}");
    assert_eq!(ledger.state().ledger.open_duties().len(), 1);
}
