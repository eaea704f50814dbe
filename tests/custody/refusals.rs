//! A station does not start on a ledger that it may not have, or that is not whole; it says why, and what to do.

use crate::small_disk::{SmallDisk, make_read_only};
use crate::station::{Station, flip, json, refused, said};

#[test]
fn a_second_station_is_told_who_has_the_ledger_and_disturbs_nothing() {
    let mut station = Station::begin(4, 1);
    // A letter that is being written just now.
    let letter = station.path("station/mailers/.unfinished-0001-71234567.pdf");
    std::fs::write(&letter, "half a letter").unwrap();
    let process = format!("process {}, a station, since 20", station.process());
    let second = station.keyline(&["run"]);
    assert!(station.is_at_work(), "it ended too early for this test");
    refused(
        &second,
        8,
        &[
            "Another keyline",
            &process,
            "UTC",
            "keyline.db",
            "keyline status",
            "they ask it",
        ],
    );
    print!("{}", said(&second));
    // The same file by a link is the same ledger, and its station is reached.
    std::os::unix::fs::symlink("keyline.db", station.path("station/ledger/link.db")).unwrap();
    let text = std::fs::read_to_string(station.path("station/config/station.toml")).unwrap();
    let linked = text.replace("ledger/keyline.db", "ledger/link.db");
    assert_ne!(text, linked);
    std::fs::write(station.path("station/config/station.toml"), linked).unwrap();
    refused(
        &station.keyline(&["run"]),
        8,
        &["Another keyline", &process],
    );
    assert!(station.is_at_work(), "it ended too early for this test");
    assert!(letter.exists(), "the second one tidied up");
    // What the hint promises.
    for command in ["hold", "release"] {
        let asked = station.keyline(&["jobs", command, "4"]);
        assert!(asked.status.success(), "{}", said(&asked));
    }
    let ended = station.wait_for_end();
    assert!(ended.status.success(), "{}", said(&ended));
}

#[test]
fn a_ledger_that_may_not_be_written_is_refused_at_the_start() {
    SmallDisk::with(
        "refusals::a_ledger_that_may_not_be_written_is_refused_at_the_start",
        64,
        |disk| {
            let home = tempfile::tempdir_in(disk.folder("")).unwrap();
            let mut station = Station::begin_in(home, 1, 1);
            let ended = station.wait_for_end();
            assert!(ended.status.success(), "{}", said(&ended));
            let folder = station.path("station/ledger");
            for place in [station.ledger(), folder] {
                make_read_only(&place);
                for command in [&["run"][..], &["jobs", "hold", "1"]] {
                    let refusal = station.keyline(command);
                    refused(
                        &refusal,
                        8,
                        &[
                            "keyline.db cannot be written",
                            "read-only",
                            "make it writable for the station's user",
                        ],
                    );
                }
                // Whoever only looks may.
                for command in [&["status"][..], &["ledger", "verify"], &["jobs", "list"]] {
                    let looked = station.keyline(command);
                    assert!(looked.status.success(), "{command:?}: {}", said(&looked));
                }
            }
        },
    );
}

#[test]
fn a_damaged_ledger_is_refused_and_left_as_it_is() {
    let station = Station::at_rest(1);
    let ledger = station.ledger();
    let whole = std::fs::read(&ledger).unwrap();
    let journal = whole
        .windows(8)
        .position(|window| window == b"\"began\",")
        .unwrap();
    // A row of the journal, the head of a page, the head of the file.
    for (at, words) in [
        (journal + 1, "row 4 of its audit chain"),
        (2 * 4096, "damaged"),
        (3, "is not a keyline ledger, or its first page is damaged"),
    ] {
        std::fs::write(&ledger, &whole).unwrap();
        flip(&ledger, at);
        let damaged = std::fs::read(&ledger).unwrap();
        let refusal = station.keyline(&["run"]);
        refused(&refusal, 8, &[words, "nothing was written to it", "backup"]);
        print!("{}", said(&refusal));
        refused(&station.keyline(&["jobs", "hold", "1"]), 8, &[words]);
        assert!(
            damaged == std::fs::read(&ledger).unwrap(),
            "byte {at}: it was written to"
        );
    }
    std::fs::write(&ledger, &whole).unwrap();
    let held = station.keyline(&["ledger", "verify", "--json"]);
    assert_eq!(json(&held)["sound"], true);
}

#[test]
fn a_ledger_of_a_newer_keyline_is_refused() {
    let station = Station::at_rest(1);
    let db = rusqlite::Connection::open(station.ledger()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    for command in [
        &["run"][..],
        &["status"],
        &["ledger", "verify"],
        &["ledger", "backup", "copy.db"],
    ] {
        refused(
            &station.keyline(command),
            8,
            &[
                "written by a newer keyline (schema 99",
                "install that version",
            ],
        );
    }
}

#[test]
fn a_log_that_has_no_room_stops_no_key() {
    SmallDisk::with("refusals::a_log_that_has_no_room_stops_no_key", 4, |disk| {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("station")).unwrap();
        std::os::unix::fs::symlink(disk.folder("log"), home.path().join("station/log")).unwrap();
        let _ballast = disk.fill();
        let mut station = Station::begin_in(home, 2, 2);
        let ended = station.wait_for_end();
        assert!(ended.status.success(), "{}", said(&ended));
        let verified = station.keyline(&["ledger", "verify"]);
        assert!(verified.status.success(), "{}", said(&verified));
        let logged: u64 = std::fs::read_dir(disk.folder("log"))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum();
        assert_eq!(logged, 0, "there was room");
    });
}
