//! Backups while the line works, and audits of them.

use std::os::unix::fs::PermissionsExt;

use crate::station::{Station, flip, json, refused, said};

#[test]
fn backups_that_are_taken_while_the_line_works_verify_and_open() {
    let mut station = Station::begin(8, 2);
    let mut rows = vec![0];
    let mut opened = Vec::new();
    let mut number = 0;
    while station.is_at_work() {
        number += 1;
        let name = format!("copy-{number}.db");
        let made = station.keyline(&["ledger", "backup", &name]);
        assert!(made.status.success(), "{}", said(&made));
        let copy = station.path(&name);
        let mode = copy.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        for beside in ["-wal", "-shm", "-journal", ".part"] {
            assert!(
                !station.path(&format!("{name}{beside}")).exists(),
                "{beside}"
            );
        }
        let verified = station.keyline(&["ledger", "verify", &name, "--json"]);
        assert!(verified.status.success(), "{}", said(&verified));
        let found = json(&verified);
        assert_eq!(
            (&found["sound"], &found["in_flight"]),
            (&true.into(), &0.into())
        );
        rows.push(found["rows"].as_i64().unwrap());
        // The ledger itself is walked as well while the station writes.
        let live = station.keyline(&["ledger", "verify"]);
        assert!(live.status.success(), "{}", said(&live));
        let arguments = [
            "pins",
            "show",
            "1",
            "--identity",
            "station/practice-identity.txt",
            "--ledger",
            &name,
        ];
        let shown = station.keyline(&arguments);
        match shown.status.code() {
            Some(0) => opened.push(String::from_utf8(shown.stdout).unwrap()),
            // No PIN is on the first key yet.
            _ => refused(&shown, 4, &["there is no PIN of ours on a key"]),
        }
    }
    let ended = station.wait_for_end();
    assert!(ended.status.success(), "{}", said(&ended));
    assert!(rows.is_sorted() && rows.len() > 4, "{rows:?}");
    assert!(
        rows.windows(2).filter(|pair| pair[0] < pair[1]).count() > 3,
        "{rows:?}"
    );
    assert!(opened.len() > 1 && opened.iter().all(|text| text.contains("\nPIN ")));
    // The PIN is the one that the whole ledger tells in the end.
    let arguments = [
        "pins",
        "show",
        "1",
        "--identity",
        "station/practice-identity.txt",
    ];
    let last = station.keyline(&arguments);
    assert_eq!(
        opened.last().map(String::as_str),
        String::from_utf8(last.stdout).ok().as_deref()
    );
    println!("{number} backups; rows {rows:?}");
}

/// A station that is killed leaves what it did last in the write-ahead log alone. One flipped bit there, and SQLite would tell of
/// an earlier state without a word.
#[test]
fn nobody_is_shown_an_earlier_state_of_a_ledger_whose_log_lost_entries() {
    let mut station = Station::begin(8, 2);
    let log = station.path("station/ledger/keyline.db-wal");
    let long = |log: &std::path::Path| log.metadata().is_ok_and(|log| log.len() > 30 * 4120);
    station.wait_for("a long log", || long(&log));
    station.kill();
    let before = std::fs::read(&log).unwrap();
    flip(&log, before.len() / 2);
    for command in [
        &["ledger", "backup", "copy.db"][..],
        &["ledger", "verify"],
        &["status"],
        &["status", "--json"],
        &["jobs", "list"],
        &["jobs", "show", "1"],
        &["jobs", "hold", "1"],
        &["reconcile"],
        &[
            "pins",
            "show",
            "1",
            "--identity",
            "station/practice-identity.txt",
        ],
    ] {
        let refusal = station.keyline(command);
        println!("{command:?}: {}", said(&refusal));
        refused(
            &refusal,
            8,
            &[
                "of its write-ahead log is wrong",
                "keyline.db-wal and keyline.db-shm",
                "last backup",
            ],
        );
        if command.contains(&"--json") {
            let found = json(&refusal);
            assert_eq!(found["error"]["exit_code"], 8, "{command:?}");
        } else {
            assert!(refusal.stdout.is_empty(), "{command:?}");
        }
    }
    assert!(!station.path("copy.db").exists() && !station.path("copy.db.part").exists());
    std::fs::write(&log, before).unwrap();
    let made = station.keyline(&["ledger", "backup", "copy.db"]);
    assert!(made.status.success(), "{}", said(&made));
    // The words say which files have to go before the backup comes in.
    std::fs::copy(station.path("copy.db"), station.ledger()).unwrap();
    flip(&log, 32 + 4120 + 2000);
    refused(
        &station.keyline(&["jobs", "hold", "8"]),
        8,
        &["move it away together with keyline.db-wal and keyline.db-shm"],
    );
    std::fs::remove_file(&log).unwrap();
    std::fs::remove_file(station.path("station/ledger/keyline.db-shm")).unwrap();
    let held = station.keyline(&["jobs", "hold", "8"]);
    assert!(held.status.success(), "{}", said(&held));
}

#[test]
fn a_name_of_what_lies_beside_a_ledger_is_no_backups() {
    let station = Station::at_rest(1);
    for ending in ["-wal", "-shm", "-journal", ".part"] {
        let name = format!("station/ledger/keyline.db{ending}");
        let refusal = station.keyline(&["ledger", "backup", &name]);
        refused(&refusal, 2, &["cannot be a backup", ending]);
        assert!(!station.path(&name).exists());
    }
}

#[test]
fn a_backup_says_what_is_in_it_and_overwrites_nothing() {
    let station = Station::at_rest(2);
    let made = station.keyline(&["ledger", "backup", "copy.db"]);
    assert!(made.status.success(), "{}", said(&made));
    let told = String::from_utf8(made.stdout.clone()).unwrap();
    for words in [
        "verified",
        "2 jobs for 2 people",
        "sealed PINs   2",
        "in flight     0",
        "station/keys",
        "Not in it",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    print!("{told}");
    let before = std::fs::read(station.path("copy.db")).unwrap();
    refused(
        &station.keyline(&["ledger", "backup", "copy.db"]),
        2,
        &["copy.db is there already"],
    );
    assert_eq!(std::fs::read(station.path("copy.db")).unwrap(), before);
    refused(
        &station.keyline(&["ledger", "backup", "nowhere/copy.db"]),
        2,
        &["The folder nowhere is not there"],
    );
    // What a cut left is no obstacle, and a backup that is under way is one.
    std::fs::write(station.path("second.db.part"), "half a copy").unwrap();
    let half = std::fs::File::open(station.path("second.db.part")).unwrap();
    half.lock().unwrap();
    refused(
        &station.keyline(&["ledger", "backup", "second.db"]),
        8,
        &["under way"],
    );
    half.unlock().unwrap();
    let made = station.keyline(&["ledger", "backup", "second.db"]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(!station.path("second.db.part").exists());
}

#[test]
fn a_file_that_is_in_the_way_of_a_backup_is_refused_or_made_its_own() {
    use std::os::unix::fs::symlink;
    let station = Station::at_rest(1);
    let part = station.path("copy.db.part");
    let other = station.path("other.txt");
    std::fs::write(&other, "a letter").unwrap();
    let backup = || station.keyline(&["ledger", "backup", "copy.db"]);
    std::fs::hard_link(&other, &part).unwrap();
    refused(&backup(), 8, &["is in the way", "another name as well"]);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "a letter");
    std::fs::remove_file(&part).unwrap();
    for target in [other.clone(), station.path("nowhere.txt")] {
        symlink(&target, &part).unwrap();
        refused(&backup(), 8, &["is in the way", "link to another place"]);
        std::fs::remove_file(&part).unwrap();
    }
    assert!(!station.path("nowhere.txt").exists());
    std::fs::create_dir(&part).unwrap();
    refused(&backup(), 8, &["is in the way", "folder"]);
    std::fs::remove_dir(&part).unwrap();
    // What a cut left behind, with the permissions that somebody gave it.
    std::fs::write(&part, "half a copy").unwrap();
    std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o666)).unwrap();
    let made = backup();
    assert!(made.status.success(), "{}", said(&made));
    let mode = station.path("copy.db").metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "a letter");
}

#[test]
fn an_audit_tells_what_was_found_and_whose_key_signed() {
    let station = Station::at_rest(2);
    let verified = station.keyline(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
    let told = String::from_utf8(verified.stdout).unwrap();
    print!("{told}");
    assert!(
        told.contains("passkeys, duties and letters are as they were written")
            && told.contains("(this station)"),
        "{told}"
    );
    let found = json(&station.keyline(&["ledger", "verify", "--json"]));
    let key = found["own_key"].as_str().unwrap();
    assert_eq!(found["signed_by"], serde_json::json!([key]));
    assert_eq!(found["head"]["row"], found["rows"]);
    // On another computer: with the key that was written down, and with a wrong one.
    let copy = station.ledger().display().to_string();
    let verify = |key: &str| station.keyline(&["ledger", "verify", &copy, "--key", key]);
    assert!(verify(key).status.success());
    refused(
        &verify(&"5a".repeat(32)),
        8,
        &["signed by another station", "--key"],
    );
}

#[test]
fn an_audit_names_the_first_wrong_row() {
    let station = Station::at_rest(1);
    let ledger = station.ledger();
    let bytes = std::fs::read(&ledger).unwrap();
    let at = bytes
        .windows(8)
        .position(|window| window == b"\"began\",")
        .unwrap();
    flip(&ledger, at + 1);
    let broken = station.keyline(&["ledger", "verify"]);
    refused(
        &broken,
        8,
        &[
            "row 4 of its audit chain",
            "it was changed",
            "keyline never changes a row",
            "backup",
        ],
    );
    print!("{}", said(&broken));
    let broken = station.keyline(&["ledger", "verify", "--json"]);
    let found = json(&broken);
    assert_eq!((&found["sound"], &found["row"]), (&false.into(), &4.into()));
    assert_eq!(broken.status.code(), Some(8));
    refused(
        &station.keyline(&["ledger", "backup", "copy.db"]),
        8,
        &["There is no backup", "row 4 of its audit chain"],
    );
    assert!(!station.path("copy.db").exists() && !station.path("copy.db.part").exists());
    // Not even SQLite can read this one.
    flip(&ledger, 100);
    let broken = station.keyline(&["ledger", "verify", "--json"]);
    assert_eq!(
        (json(&broken)["sound"].as_bool(), broken.status.code()),
        (Some(false), Some(8)),
        "{}",
        said(&broken)
    );
}

#[test]
fn what_is_no_ledger_is_called_so() {
    let station = Station::at_rest(1);
    let no_ledger = ["is not a keyline ledger", "Name the copy of a ledger"];
    for (name, content) in [("empty.db", &b""[..]), ("passwd", b"root:x:0:0:root\n")] {
        std::fs::write(station.path(name), content).unwrap();
        let looked = station.keyline(&["ledger", "verify", name]);
        refused(&looked, 8, &no_ledger);
        assert!(!said(&looked).contains("[entra]"), "{}", said(&looked));
    }
    std::fs::create_dir(station.path("folder")).unwrap();
    refused(
        &station.keyline(&["ledger", "verify", "folder"]),
        2,
        &["folder is a folder, and no ledger of keyline"],
    );
    // Opening a pipe that nobody writes to would wait for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(station.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    refused(
        &station.keyline(&["ledger", "verify", "pipe"]),
        8,
        &["pipe is no file"],
    );
}

#[test]
fn a_key_answers_for_nothing_where_nothing_is_signed() {
    let mut station = Station::begin(6, 1);
    // No job file has ended, and few rows are there.
    let made = station.keyline(&["ledger", "backup", "copy.db"]);
    assert!(made.status.success(), "{}", said(&made));
    let looked = station.keyline(&["ledger", "verify", "copy.db"]);
    let told = said(&looked);
    assert!(
        looked.status.success()
            && told.contains("checkpoints   none; ")
            && told.contains("Nothing is signed yet"),
        "it ended too early for this test, or: {told}"
    );
    assert!(!told.contains("since the last one"), "{told}");
    let ended = station.wait_for_end();
    assert!(ended.status.success(), "{}", said(&ended));
    let found = json(&station.keyline(&["ledger", "verify", "--json"]));
    let key = found["own_key"].as_str().unwrap();
    for arguments in [
        &["ledger", "verify", "copy.db", "--key", key][..],
        &["ledger", "verify", "copy.db", "--key", key, "--json"],
    ] {
        refused(
            &station.keyline(arguments),
            8,
            &["copy.db", "none of its rows is signed"],
        );
    }
    // The batch has ended meanwhile, and so there must be a signature.
    let db = rusqlite::Connection::open(station.ledger()).unwrap();
    db.execute("DELETE FROM checkpoint", []).unwrap();
    drop(db);
    for command in [&["ledger", "verify"][..], &["run"]] {
        refused(
            &station.keyline(command),
            8,
            &["the checkpoint on it is gone"],
        );
    }
}

#[test]
fn a_passkey_in_no_state_that_there_is_stops_the_start() {
    for state in ["ragistered", "abandoned", "gone"] {
        let station = Station::at_rest(1);
        let db = rusqlite::Connection::open(station.ledger()).unwrap();
        db.execute_batch("PRAGMA ignore_check_constraints = ON")
            .unwrap();
        db.execute("UPDATE passkey SET state = ?1", [state])
            .unwrap();
        drop(db);
        for command in [&["ledger", "verify"][..], &["run"]] {
            refused(&station.keyline(command), 8, &["passkey"]);
        }
    }
}
