//! `keyline console user …`, as an administrator types it, and the station that goes by it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyline::domain::account::Role;
use keyline::wire::init::{self, init};

use super::house::{House, PASSPHRASE};

struct Station {
    home: tempfile::TempDir,
}

impl Station {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        init(&init::Request {
            folder: home.path().join("station"),
            practice_identity: Some(home.path().join("identity.txt")),
            ..init::Request::default()
        })
        .expect("a station");
        Self { home }
    }

    fn root(&self) -> std::path::PathBuf {
        self.home.path().join("station")
    }

    /// `keyline console user …` with this on stdin.
    fn user(&self, arguments: &[&str], stdin: &str) -> Output {
        user(&self.root(), arguments, stdin)
    }

    fn list(&self) -> serde_json::Value {
        let listed = self.user(&["list", "--json"], "");
        serde_json::from_slice(&listed.stdout).expect("JSON")
    }
}

fn user(root: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["console", "user"])
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut pipe = child.stdin.take().expect("stdin");
    // Whoever asks for nothing has closed it already.
    let _ = pipe.write_all(stdin.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("its end")
}

fn told(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(all).expect("text")
}

#[test]
fn accounts_come_and_go_by_the_command_line() {
    let station = Station::new();
    let empty = station.user(&["list"], "");
    assert!(
        told(&empty).contains("Nobody may sign in"),
        "{}",
        told(&empty)
    );
    let from_stdin = ["--passphrase-file", "-"];
    let add = |name: &str, role: &str, stdin: &str| {
        let line = ["add", name, "--role", role];
        station.user(&[line.as_slice(), &from_stdin].concat(), stdin)
    };
    let added = add("Adam", "administrator", "three words in a row\n");
    assert_eq!(
        told(&added),
        "adam may sign in to the console now, as administrator.\n"
    );
    let file = station.root().join("passphrase.txt");
    std::fs::write(&file, PASSPHRASE).expect("a file");
    let line = [
        "add",
        "olga",
        "--role",
        "operator",
        "--passphrase-file",
        "passphrase.txt",
    ];
    assert_eq!(station.user(&line, "").status.code(), Some(0));
    let list = station.list();
    let names: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["name"].as_str(), one["role"].as_str()))
        .collect();
    assert_eq!(
        names,
        [
            (Some("adam"), Some("administrator")),
            (Some("olga"), Some("operator"))
        ]
    );
    let mode = |file: &str| {
        let about = station.root().join("keys").join(file).metadata();
        about.expect("a file").permissions().mode() & 0o777
    };
    assert_eq!((mode("console.toml"), mode("console.lock")), (0o600, 0o600));
    for (output, exit, words) in [
        (
            add("olga", "operator", PASSPHRASE),
            2,
            "there is an account `olga` already",
        ),
        (
            add("new", "operator", "short"),
            2,
            "fewer than 12 characters",
        ),
        (add("new", "operator", ""), 2, "fewer than 12 characters"),
        (
            add("a b", "operator", PASSPHRASE),
            2,
            "a name has letters a to z",
        ),
        (
            add("new", "king", PASSPHRASE),
            2,
            "possible values: operator, administrator",
        ),
        (
            station.user(&["remove", "nobody"], ""),
            2,
            "there is no account `nobody`",
        ),
        (
            station.user(&["remove", "adam"], ""),
            2,
            "`adam` is the last administrator",
        ),
        (
            station.user(
                &["passphrase", "nobody", "--passphrase-file", "-"],
                PASSPHRASE,
            ),
            2,
            "no account",
        ),
        // Where there is no terminal nobody is asked, and nothing waits for ever.
        (
            station.user(&["passphrase", "olga"], PASSPHRASE),
            2,
            "No passphrase was typed",
        ),
        (
            station.user(&["passphrase", "olga", "--passphrase-file", "keys"], ""),
            2,
            "it is a folder",
        ),
    ] {
        assert_eq!(output.status.code(), Some(exit), "{}", told(&output));
        assert!(told(&output).contains(words), "{words}: {}", told(&output));
        assert!(!told(&output).contains("three words"), "{}", told(&output));
    }
    assert_eq!(station.list(), list, "nothing of that changed anything");
    assert_eq!(station.user(&["remove", "olga"], "").status.code(), Some(0));
    assert_eq!(station.list().as_array().map(Vec::len), Some(1));
    std::fs::write(
        station.root().join("keys/console.toml"),
        "[[account]]\nname = 1\n",
    )
    .expect("a file");
    let broken = station.user(&["list"], "");
    assert_eq!(broken.status.code(), Some(8), "{}", told(&broken));
    assert!(
        told(&broken).contains("console.toml: line")
            && told(&broken).contains("hint: Mend the file")
    );
}

#[test]
fn a_running_console_goes_by_it_at_once() {
    let house = House::empty();
    house.add("adam", Role::Administrator);
    let root = house
        .accounts_file
        .parent()
        .and_then(Path::parent)
        .expect("a station");
    let line = [
        "add",
        "olga",
        "--role",
        "operator",
        "--passphrase-file",
        "-",
    ];
    assert_eq!(user(root, &line, PASSPHRASE).status.code(), Some(0));
    let olga = house.signed_in("olga");
    assert_eq!(user(root, &["remove", "olga"], "").status.code(), Some(0));
    assert_eq!(olga.get("/sessions").status, 303);
}
