//! The program itself with its console, at its most talkative: no passphrase, no token of a session and no link stands anywhere
//! but where it belongs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use base64::Engine as _;
use rustix::process::{Pid, Signal, kill_process};

use super::house::Browser;

const PASSPHRASE: &str = "peculiar umbrella cascade";
const WRONG: &str = "misplaced trombone verandah";

/// In which spellings a secret might stand somewhere.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [secret.to_owned(), hex, base64, form]
        .map(String::into_bytes)
        .to_vec()
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    spellings(secret).iter().any(|spelling| {
        bytes
            .windows(spelling.len())
            .any(|window| window == spelling)
    })
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// The demo at work: its talk, and where its first link leads.
struct Demo {
    child: Child,
    talk: BufReader<ChildStderr>,
    base: String,
    token: String,
}

impl Demo {
    fn begin(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(["demo", "--console", "--keys", "1", "--slots", "1", "--keep"])
            .arg(folder)
            .env("KEYLINE_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut talk = BufReader::new(child.stderr.take().expect("stderr"));
        let mut link = String::new();
        while !link.contains("/first?token=") {
            link.clear();
            let length = talk.read_line(&mut link).expect("text");
            assert!(length > 0, "no link was said");
        }
        let (base, token) = link.trim().split_once("/first?token=").expect("a link");
        Self {
            child,
            talk,
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// Ends it, and returns all that others could see of it after it had said its link.
    fn end(mut self) -> Vec<u8> {
        let about = Path::new("/proc").join(self.child.id().to_string());
        let mut seen = Vec::new();
        for file in ["cmdline", "environ"] {
            // The program closes its environment to its own user; whoever cannot read it finds nothing there.
            seen.extend(std::fs::read(about.join(file)).unwrap_or_default());
        }
        let process = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(process.expect("a process"), Signal::INT).expect("a signal");
        let rest = self.talk.read_to_end(&mut seen);
        rest.expect("the rest of what it said");
        let ended = self.child.wait_with_output().expect("its end");
        seen.extend(ended.stdout);
        seen
    }
}

/// Makes an account, signs in wrongly, locks and opens; returns what only the browser should know then.
fn use_it(demo: &Demo) -> [String; 3] {
    let browser = Browser::at(&demo.base);
    let fields = [
        ("token", demo.token.as_str()),
        ("name", "ada"),
        ("passphrase", PASSPHRASE),
        ("again", PASSPHRASE),
    ];
    assert_eq!(browser.post("/first", &fields).status, 303);
    browser.learn_csrf();
    let other = Browser::at(&demo.base);
    // Some type the passphrase where the name belongs.
    for (name, passphrase) in [("ada", WRONG), (WRONG, "x")] {
        let fields = [("name", name), ("passphrase", passphrase)];
        assert_eq!(other.post("/sign-in", &fields).status, 401);
    }
    browser.post("/lock", &[("next", "/")]);
    let opened = browser.post("/unlock", &[("passphrase", PASSPHRASE)]);
    assert_eq!(opened.status, 303);
    let csrf = browser.get("/sessions").field("csrf");
    [
        browser.cookie("keyline").expect("a session"),
        csrf.expect("a token"),
        browser.cookie("keyline-device").expect("a known browser"),
    ]
}

#[test]
fn no_secret_of_the_console_stands_anywhere() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("demo");
    let demo = Demo::begin(&folder);
    let [session, csrf, device] = use_it(&demo);
    let token = demo.token.clone();
    let seen = demo.end();
    let mut found = Vec::new();
    files(&folder, &mut found);
    let is_log = |file: &Path| file.extension().is_some_and(|ending| ending == "jsonl");
    let knows = |file: &Path| holds(&std::fs::read(file).expect("a file"), "signed in to the");
    let logs = found.iter().filter(|file| is_log(file) && knows(file));
    assert!(logs.count() > 0, "a log knows of the sign-in");
    for secret in [PASSPHRASE, WRONG, &token, &session, &csrf, &device] {
        assert!(!holds(&seen, secret), "on a terminal, or in a process list");
        for file in &found {
            let bytes = std::fs::read(file).expect("a file");
            assert!(!holds(&bytes, secret), "in {}", file.display());
        }
    }
}
