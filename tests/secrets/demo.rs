//! The program itself, as a person starts it: `keyline demo` with the log at its most talkative.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::spellings::{Secret, contains};
use super::{as_secrets, files, leaks, leaks_in, pins};

const KEYS: usize = 8;
/// What `keyline demo` signs in with; the tenant is started inside the program.
const CLIENT_SECRET: &str = "practice~secret-of-no-value";
/// Access tokens of the practice tenant are drawn by the program under test, but they all begin so (a header that names the
/// practice tenant), and are longer than this.
const TOKEN_BEGINS: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6InByYWN0aWNlIiwidHlwIjoiSldUIn0";
const TOKEN_LENGTH: usize = TOKEN_BEGINS.len() + 128;

fn keyline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
    command.env_remove("KEYLINE_LOG");
    command
}

fn demo(folder: &Path) -> Command {
    let mut command = keyline();
    command
        .args(["demo", "--keys", &KEYS.to_string(), "--seed", "3", "--keep"])
        .arg(folder)
        .env("KEYLINE_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What other people on this computer can see of a running program: its arguments, its environment, and its threads' names.
fn seen_of(child: &Child) -> Vec<u8> {
    let about = Path::new("/proc").join(child.id().to_string());
    let mut seen = Vec::new();
    let tasks = std::fs::read_dir(about.join("task"));
    let names = tasks
        .into_iter()
        .flatten()
        .flatten()
        .map(|task| task.path().join("comm"));
    for file in ["cmdline", "environ"]
        .map(|name| about.join(name))
        .into_iter()
        .chain(names)
    {
        // The program closes its environment to its own user; whoever cannot read it finds nothing there.
        seen.extend(std::fs::read(file).unwrap_or_default());
        seen.push(b'\n');
    }
    seen
}

/// A token of the practice tenant, in plain, or the beginning of one in another spelling.
fn token_in(place: &str, bytes: &[u8]) -> Vec<String> {
    let plain = bytes.windows(TOKEN_LENGTH).any(|window| {
        window.starts_with(TOKEN_BEGINS.as_bytes())
            && window
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    });
    let beginning = Secret::new("an access token", TOKEN_BEGINS);
    let other = beginning.found_in(bytes).filter(|how| *how != "plain");
    plain
        .then_some("plain")
        .or(other)
        .map(|how| format!("an access token ({how}) in {place}"))
        .into_iter()
        .collect()
}

#[test]
fn the_whole_demo_at_trace_leaves_no_secret_anywhere() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("demo");
    let mut child = demo(&folder).spawn().expect("the program");
    let mut out = child.stdout.take().expect("its stdout");
    let stdout = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).map(|_| bytes)
    });
    let mut said = Vec::new();
    let mut seen = Vec::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("its stderr"));
    // Each line is a moment to look at the program while it works.
    while stderr.read_until(b'\n', &mut said).expect("its words") > 0 {
        seen.extend(seen_of(&child));
    }
    let ended = child.wait().expect("its end");
    let stdout = stdout.join().expect("a thread").expect("its answers");
    assert!(
        ended.success(),
        "{ended}: {}",
        String::from_utf8_lossy(&said)
    );

    let identity = folder.join("practice-identity.txt");
    let pins = pins(&folder.join("ledger/keyline.db"), &identity);
    assert_eq!(pins.len(), KEYS);
    let is_letter =
        |path: &&std::path::PathBuf| path.extension().is_some_and(|ending| ending == "pdf");
    let letters = files::below(&folder.join("mailers"))
        .iter()
        .filter(is_letter)
        .count();
    assert_eq!(letters, KEYS, "the letters hold what was searched for");
    let mut secrets = as_secrets(&pins);
    secrets.push(Secret::new("the client secret", CLIENT_SECRET));
    let words = std::fs::read_to_string(&identity).expect("an identity");
    let private = words
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-"));
    secrets.push(Secret::new(
        "the recovery identity",
        private.expect("a private half"),
    ));

    let may = |path: &Path| {
        (path.starts_with(folder.join("mailers")) && path.extension().is_some())
            || path == identity
            || path == folder.join("practice-client-secret")
    };
    let mut found = leaks(&folder, &secrets, &may);
    for path in files::below(&folder) {
        if path.is_file() && !may(&path) {
            let bytes = std::fs::read(&path).expect("a file");
            found.extend(token_in(&path.display().to_string(), &bytes));
        }
    }
    for (place, bytes) in [("stderr", &said), ("stdout", &stdout), ("/proc", &seen)] {
        found.extend(leaks_in(place, bytes, &secrets));
        found.extend(token_in(place, bytes));
    }
    assert_eq!(found, Vec::<String>::new());

    let opened = files::too_open(&folder);
    assert_eq!(opened, Vec::<String>::new());
    assert_was_looked_at(&folder, &seen);
}

/// The search was of a talkative log and of a program that ran: otherwise it would find nothing anywhere.
fn assert_was_looked_at(folder: &Path, seen: &[u8]) {
    assert!(contains(seen, b"--keys") && contains(seen, b"KEYLINE_LOG=trace"));
    let logs: Vec<u8> = files::below(&folder.join("log"))
        .iter()
        .filter(|path| path.is_file())
        .flat_map(|path| std::fs::read(path).expect("a log"))
        .collect();
    assert!(
        contains(&logs, b"\"level\":\"TRACE\""),
        "the level was not raised"
    );
    assert!(
        contains(&logs, b"SetPin"),
        "the log tells nothing of PINs being set"
    );
}

#[test]
fn a_program_that_is_killed_leaves_no_memory_behind() {
    let home = tempfile::tempdir().expect("a folder");
    let mut child = demo(&home.path().join("demo"))
        .spawn()
        .expect("the program");
    let mut stderr = BufReader::new(child.stderr.take().expect("its stderr"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("its first words");

    let about = Path::new("/proc").join(child.id().to_string());
    let limits = std::fs::read_to_string(about.join("limits")).expect("its limits");
    let core: Vec<&str> = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"))
        .expect("a limit of core dumps")
        .split_whitespace()
        .collect();
    assert_eq!(core, ["0", "0", "bytes"]);

    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).expect("a signal");
    let ended = child.wait().expect("its end");
    assert_eq!(ended.signal(), Some(6));
    assert!(!ended.core_dumped(), "its memory was written down");
}

#[test]
fn a_fresh_station_is_closed_to_everybody_else() {
    let home = tempfile::tempdir().expect("a folder");
    let station = home.path().join("station");
    let made = keyline()
        .args(["init", "--dir"])
        .arg(&station)
        .arg("--practice-identity")
        .arg(station.join("identity.txt"))
        .output()
        .expect("the program");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(files::below(&station).len() > 15, "the station is made");
    assert_eq!(files::too_open(&station), Vec::<String>::new());
}

#[test]
fn a_level_that_is_none_is_refused_in_words() {
    let home = tempfile::tempdir().expect("a folder");
    let ended = demo(&home.path().join("demo"))
        .env("KEYLINE_LOG", "loud")
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(
        said.contains("KEYLINE_LOG") && said.contains("`loud`"),
        "{said}"
    );
}
