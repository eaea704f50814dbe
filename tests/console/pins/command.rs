//! `keyline console --ledger COPY`, as an administrator types it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::ask;
use super::evening::{Evening, first, parts};
use crate::house::House;

fn keyline(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
    command
        .arg("console")
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What it says until the line with the link.
fn link(child: &mut Child) -> String {
    let told = child.stderr.take().expect("stderr");
    let mut lines = BufReader::new(told).lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/first?token="));
    // It writes on: somebody has to read it.
    std::thread::spawn(move || lines.for_each(drop));
    link.expect("a link").trim().to_owned()
}

#[test]
fn it_serves_the_copy_until_a_signal_comes_and_leaves_the_openings_alone() {
    let evening = Evening::new();
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("mine.db");
    std::fs::copy(evening.copy(), &copy).expect("a copy");
    let mut child = keyline(folder.path(), &["--ledger", "mine.db"])
        .spawn()
        .expect("the program");
    let link = link(&mut child);
    let (base, token) = parts(&link);
    assert!(base.starts_with("http://127.0.0.1:"), "{base}");
    let ada = first(base, token);
    assert_eq!(ada.get("/pins?text=anna").status, 200);
    let (status, told) = ask(&ada, 1, &[("reason", "the letter was torn")]);
    assert_eq!(status, 200, "{told}");
    // It works once.
    let again = crate::house::Browser::at(base).get(&format!("/first?token={token}"));
    assert_eq!(again.status, 410);

    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    let mut left: Vec<String> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal"))
        .collect();
    left.sort();
    assert_eq!(left, ["mine.db", "mine.db.openings.jsonl"]);
}

#[test]
fn a_stations_own_ledger_is_no_copy() {
    let house = House::new();
    let root = house.config.file.parent().and_then(Path::parent);
    let root = root.expect("a station").to_owned();
    let ledger = house.config.path(&house.config.ledger.file);
    let ledger = ledger.to_str().expect("a plain name");
    // By its configuration, and, where that is not at hand, by whoever works on it.
    for config in [house.config.file.to_str().expect("a name"), "nowhere.toml"] {
        let run = keyline(&root, &["--ledger", ledger, "--config", config]).output();
        let run = run.expect("the program");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(told.contains("is the ledger of a station"), "{told}");
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("text.db"), "no ledger").expect("a file");
    for (arguments, words) in [
        (vec!["--ledger", "nothing.db"], "is not there"),
        (vec!["--ledger", "text.db"], "ledger"),
        (
            vec!["--ledger", "x.db", "--listen", "192.0.2.1:80"],
            "on this computer alone",
        ),
        (vec!["--listen", "127.0.0.1:80"], "--ledger"),
    ] {
        let run = keyline(folder.path(), &arguments).output();
        let run = run.expect("the program");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}
