//! `keyline console user …`, as an administrator types it, and the station that goes by it.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyline::domain::account::Role;
use keyline::face::control;
use keyline::port::Ledger as _;
use keyline::wire::attend;
use keyline::wire::config::Config;
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

    /// `keyline console user add` with a passphrase on stdin.
    fn add(&self, name: &str, role: &str, stdin: &str) -> Output {
        let line = ["add", name, "--role", role, "--passphrase-file", "-"];
        self.user(&line, stdin)
    }

    fn notes(&self) -> Vec<String> {
        let config = Config::load(&self.root().join("config/station.toml")).expect("a station");
        let ledger = keyline::wire::station::read_ledger(&config).expect("the ledger");
        ledger.notes("the account ").expect("notes")
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

/// A station with `adam`, an administrator, and `olga`, an operator.
fn with_two() -> Station {
    let station = Station::new();
    for (name, role) in [("Adam", "administrator"), ("olga", "operator")] {
        let added = station.add(name, role, "three words in a row\n");
        assert_eq!(added.status.code(), Some(0), "{}", told(&added));
    }
    station
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
    assert_eq!(
        told(&station.add("Adam", "administrator", "three words in a row\n")),
        "adam may sign in to the console now, as administrator.\n"
    );
    let file = station.root().join("passphrase.txt");
    std::fs::write(&file, PASSPHRASE).expect("a file");
    let line = "add olga --role operator --passphrase-file passphrase.txt";
    let line: Vec<&str> = line.split(' ').collect();
    assert_eq!(station.user(&line, "").status.code(), Some(0));
    let list = station.list();
    let of = |one: &serde_json::Value| format!("{} {}", one["name"], one["role"]);
    let names: Vec<_> = list.as_array().expect("a list").iter().map(of).collect();
    assert_eq!(names, [r#""adam" "administrator""#, r#""olga" "operator""#]);
    let mode = |file: &str| {
        let about = station.root().join("keys").join(file).metadata();
        about.expect("a file").permissions().mode() & 0o777
    };
    assert_eq!((mode("console.toml"), mode("console.lock")), (0o600, 0o600));
    assert_eq!(station.user(&["remove", "olga"], "").status.code(), Some(0));
    assert_eq!(station.list().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_slip_changes_nothing_and_is_answered_in_words() {
    let station = with_two();
    let before = station.list();
    let from_stdin = ["passphrase", "nobody", "--passphrase-file", "-"];
    let folder = ["passphrase", "olga", "--passphrase-file", "keys"];
    let add = |name: &str, role: &str, stdin: &str| station.add(name, role, stdin);
    let user = |line: &[&str]| station.user(line, PASSPHRASE);
    for (output, words) in [
        (
            add("olga", "operator", PASSPHRASE),
            "there is an account `olga` already",
        ),
        (add("new", "operator", "short"), "fewer than 12 characters"),
        (add("new", "operator", ""), "fewer than 12 characters"),
        (
            add("a b", "operator", PASSPHRASE),
            "a name has letters a to z",
        ),
        (
            add("new", "king", PASSPHRASE),
            "possible values: operator, administrator",
        ),
        (user(&["remove", "nobody"]), "there is no account `nobody`"),
        (
            user(&["remove", "adam"]),
            "`adam` is the last administrator",
        ),
        (user(&from_stdin), "there is no account `nobody`"),
        // Where there is no terminal nobody is asked, and nothing waits for ever.
        (user(&["passphrase", "olga"]), "No passphrase was typed"),
        (user(&folder), "it is a folder"),
    ] {
        let told = told(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{words}: {told}");
        assert!(!told.contains("three words"), "{told}");
    }
    assert_eq!(station.list(), before);
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let station = with_two();
    let file = station.root().join("keys/console.toml");
    std::fs::write(file, "[[account]]\nname = 1\n").expect("a file");
    let broken = station.user(&["list"], "");
    let told = told(&broken);
    assert_eq!(broken.status.code(), Some(8), "{told}");
    assert!(told.contains("console.toml: line 2"), "{told}");
    assert!(told.contains("hint: Mend the file"), "{told}");
}

#[test]
fn a_running_console_goes_by_it_at_once() {
    let house = House::empty();
    house.add("adam", Role::Administrator);
    let socket = attend::socket_path(&house.config).expect("a place");
    let answer = house.shared.answer.clone();
    let _socket = control::serve(&socket, move |asked| answer(asked)).expect("a socket");
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
    // The station that has the ledger noted both.
    let notes = house.shared.ledger.notes("the account ").expect("notes");
    assert_eq!(
        notes,
        [
            "the account olga of the console is added, as operator",
            "the account olga of the console is removed"
        ]
    );
}

#[test]
fn each_change_stands_in_the_ledger_with_whoever_made_it() {
    let station = with_two();
    let line = ["passphrase", "olga", "--passphrase-file", "-"];
    let set = station.user(&line, "another four words here");
    assert_eq!(set.status.code(), Some(0), "{}", told(&set));
    assert_eq!(station.user(&["remove", "olga"], "").status.code(), Some(0));
    // What came to nothing is no change.
    assert_eq!(station.user(&["remove", "adam"], "").status.code(), Some(0));
    assert_eq!(station.user(&["remove", "adam"], "").status.code(), Some(2));
    let notes = station.notes();
    assert_eq!(
        notes,
        [
            "the account adam of the console is added, as administrator",
            "the account olga of the console is added, as operator",
            "the account olga of the console gets another passphrase",
            "the account olga of the console is removed",
            "the account adam of the console is removed",
        ]
    );
}

#[test]
fn what_cannot_be_noted_is_not_done() {
    let station = with_two();
    let before = station.list();
    let config = Config::load(&station.root().join("config/station.toml")).expect("a station");
    // Somebody else has the ledger, and answers nobody.
    let held = keyline::wire::station::open_ledger(&config).expect("the ledger");
    for output in [
        station.add("eve", "administrator", PASSPHRASE),
        station.user(&["remove", "olga"], ""),
    ] {
        let told = told(&output);
        assert_ne!(output.status.code(), Some(0), "{told}");
        assert!(
            told.contains("could not be noted in the ledger first"),
            "{told}"
        );
    }
    assert_eq!(station.list(), before);
    drop(held);
}
