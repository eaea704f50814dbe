//! The program itself with its console, at its most talkative: no passphrase, no token of a session and no link stands anywhere
//! but where it belongs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

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

#[test]
fn no_secret_of_the_console_stands_anywhere() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("demo");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["demo", "--console", "--keys", "1", "--slots", "1", "--keep"])
        .arg(&folder)
        .env("KEYLINE_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut talk = BufReader::new(demo.stderr.take().expect("stderr"));
    let mut link = String::new();
    while !link.contains("/first?token=") {
        link.clear();
        assert!(
            talk.read_line(&mut link).expect("text") > 0,
            "no link was said"
        );
    }
    let (base, token) = link.trim().split_once("/first?token=").expect("a link");
    let browser = Browser::at(base);
    let fields = [
        ("token", token),
        ("name", "ada"),
        ("passphrase", PASSPHRASE),
        ("again", PASSPHRASE),
    ];
    assert_eq!(browser.post("/first", &fields).status, 303);
    browser.learn_csrf();
    let other = Browser::at(base);
    // Some type the passphrase where the name belongs.
    for (name, passphrase) in [("ada", WRONG), (WRONG, "x")] {
        assert_eq!(
            other
                .post("/sign-in", &[("name", name), ("passphrase", passphrase)])
                .status,
            401
        );
    }
    browser.post("/lock", &[("next", "/")]);
    assert_eq!(
        browser
            .post("/unlock", &[("passphrase", PASSPHRASE)])
            .status,
        303
    );
    let session = browser.cookie("keyline").expect("a session");
    let csrf = browser.get("/sessions").field("csrf").expect("a token");

    let about = Path::new("/proc").join(demo.id().to_string());
    let mut seen = Vec::new();
    for file in ["cmdline", "environ"] {
        // The program closes its environment to its own user; whoever cannot read it finds nothing there.
        seen.extend(std::fs::read(about.join(file)).unwrap_or_default());
    }
    let process = i32::try_from(demo.id()).ok().and_then(Pid::from_raw);
    kill_process(process.expect("a process"), Signal::INT).expect("a signal");
    talk.read_to_end(&mut seen)
        .expect("the rest of what it said");
    let ended = demo.wait_with_output().expect("its end");
    seen.extend(ended.stdout);

    let mut found = Vec::new();
    files(&folder, &mut found);
    let log = found
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
    assert!(log.count() > 0, "there is a log");
    let log_says = |words: &str| {
        found
            .iter()
            .any(|file| holds(&std::fs::read(file).expect("a file"), words))
    };
    assert!(
        log_says("signed in to the console"),
        "the log knows of the sign-in"
    );
    for secret in [PASSPHRASE, WRONG, token, &session, &csrf] {
        assert!(
            !holds(&seen, secret),
            "on the terminal, or in the process list"
        );
        for file in &found {
            let bytes = std::fs::read(file).expect("a file");
            assert!(!holds(&bytes, secret), "in {}", file.display());
        }
    }
}
