//! What a thief finds in the files, who can open a sealed PIN, and that a row that was moved opens to nobody.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use keyline::adapter::ledger::{
    Identities, PLAINTEXT_BYTES, PinKind, Prompt, Recipients, SqliteLedger,
    generate_practice_identity, open_pins,
};
use keyline::domain::event::{Attempt, Step};
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::port::Ledger;
use rusqlite::params;
use zeroize::Zeroizing;

use super::bench::*;

struct Nobody;

impl Prompt for Nobody {
    fn say(&self, _message: &str) {}
    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }
    fn ask(&self, _question: &str) -> Option<String> {
        None
    }
    fn ask_secret(&self, _question: &str) -> Option<Zeroizing<String>> {
        None
    }
}

fn identities(path: &std::path::Path) -> Result<Identities, Fault> {
    Identities::read(path, Arc::new(Nobody))
}

/// Two jobs, each with a PIN of the job file and one that was set.
fn two_jobs(ledger: &SqliteLedger) -> [JobId; 2] {
    let mut rows = vec![draft(2, "adele@contoso.com"), draft(3, "alex@contoso.com")];
    rows[0].pin = Some(pin("39174628"));
    rows[1].current_pin = Some(pin("62848173"));
    ledger.admit(&admission("a", rows), ACTOR, NOON).unwrap();
    Hand::new(ledger, JobId(1))
        .reset("1001")
        .set_pin(&pin("48261739"));
    Hand::new(ledger, JobId(2))
        .reset("1002")
        .set_pin(&pin("9175"));
    [JobId(1), JobId(2)]
}

#[test]
fn the_administrator_opens_pins_with_a_copy_and_the_identity_alone() {
    let bench = Bench::new();
    let ledger = bench.create();
    let [first, second] = two_jobs(&ledger);
    let copy = bench.folder.path().join("copy.db");
    ledger.back_up(&copy).unwrap();
    drop(ledger);
    std::fs::remove_dir_all(bench.folder.path().join("keys")).unwrap();
    std::fs::remove_file(bench.path()).unwrap();

    let reader = SqliteLedger::open_reader(&copy).unwrap();
    let identities = identities(&bench.identity()).unwrap();
    let found: Vec<_> = open_pins(&reader, first, &identities)
        .unwrap()
        .into_iter()
        .map(|found| {
            (
                found.attempt.0,
                found.kind,
                found.user,
                found.serial,
                found.pin,
            )
        })
        .collect();
    let user = "adele@contoso.com".to_owned();
    assert_eq!(
        found,
        [
            (
                0,
                PinKind::Specified,
                user.clone(),
                String::new(),
                pin("39174628")
            ),
            (1, PinKind::Set, user, "1001".to_owned(), pin("48261739")),
        ]
    );
    assert_eq!(open_pins(&reader, second, &identities).unwrap().len(), 2);
    assert!(matches!(
        open_pins(&reader, JobId(9), &identities),
        Err(Fault::Unsealable { .. })
    ));
}

#[test]
fn what_killed_backups_left_is_taken_away_by_the_next_and_nothing_else_is() {
    let bench = Bench::new();
    let ledger = bench.create();
    admit(&ledger, "a", &["adele@contoso.com"]);
    let folder = bench.folder.path().join("safe");
    std::fs::create_dir(&folder).unwrap();
    let at = |name: &str| folder.join(name);
    ledger.back_up(&at("whole.db")).unwrap();
    let names = [
        "killed.db.part",
        "busy.db.part",
        "open.db.part",
        "two.db.part",
    ];
    for name in names {
        std::fs::copy(at("whole.db"), at(name)).unwrap();
    }
    for ending in ["-wal", "-shm", "-journal"] {
        std::fs::write(at(&format!("killed.db.part{ending}")), "rest").unwrap();
    }
    std::os::unix::fs::symlink("whole.db", at("link.part")).unwrap();
    std::fs::hard_link(at("two.db.part"), at("second-name")).unwrap();
    std::fs::set_permissions(at("open.db.part"), std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::write(at("film.part"), "half a film".repeat(100)).unwrap();
    let foreign = sql(&at("other.part"));
    foreign
        .execute_batch("CREATE TABLE songs (title TEXT)")
        .unwrap();
    drop(foreign);
    std::fs::set_permissions(at("other.part"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let busy = std::fs::File::open(at("busy.db.part")).unwrap();
    busy.lock().unwrap();
    ledger.back_up(&at("next.db")).unwrap();
    let mut left: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let kept = [
        "busy.db.part",
        "film.part",
        "link.part",
        "next.db",
        "open.db.part",
        "other.part",
        "second-name",
        "two.db.part",
        "whole.db",
    ];
    assert_eq!(left, kept);
    for ending in ["-wal", "-shm", "-journal", ".part", ".lock", ".sock"] {
        let name = bench.folder.path().join(format!("new.db{ending}"));
        let refused = ledger.back_up(&name);
        assert!(
            matches!(&refused, Err(Fault::Ledger { what }) if what.contains(ending)),
            "{refused:?}"
        );
        assert!(!name.exists());
    }
}

#[test]
fn another_identity_opens_nothing() {
    let bench = Bench::new();
    let ledger = bench.create();
    let [first, _] = two_jobs(&ledger);
    let path = bench.folder.path().join("stranger.txt");
    generate_practice_identity(&path).unwrap();
    let opened = open_pins(&ledger, first, &identities(&path).unwrap());
    assert!(
        matches!(&opened, Err(Fault::Unsealable { what }) if what.contains("another key")),
        "{opened:?}"
    );
}

#[test]
fn every_recipient_can_open() {
    let bench = Bench::new();
    let second = bench.folder.path().join("second.txt");
    let recipient = generate_practice_identity(&second).unwrap();
    let mut opening = bench.opening();
    let first = std::fs::read_to_string(bench.identity()).unwrap();
    let first = first
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    opening.recipients = Recipients::parse(&[first, &recipient]).unwrap();
    let ledger = SqliteLedger::create(&bench.path(), opening).unwrap();
    let [job, _] = two_jobs(&ledger);
    for path in [bench.identity(), second] {
        assert_eq!(
            open_pins(&ledger, job, &identities(&path).unwrap())
                .unwrap()
                .len(),
            2
        );
    }
}

#[test]
fn recipients_are_checked_at_the_door() {
    let words = |texts: &[&str]| match Recipients::parse(texts) {
        Ok(_) => "taken".to_owned(),
        Err(Fault::Recipients { what }) => what,
        Err(other) => format!("{other:?}"),
    };
    assert!(words(&[]).contains("no recovery recipient"));
    assert!(words(&["age1nonsense"]).contains("`age1nonsense` is not an age recipient"));
    // A hardware key whose plugin is not installed here.
    let said = words(&["age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"]);
    assert!(
        said.contains("the age plugin `yubikey` cannot be used"),
        "{said}"
    );
    let bench = Bench::new();
    let identity = std::fs::read_to_string(bench.identity()).unwrap();
    let secret = identity.lines().last().unwrap();
    let said = words(&[secret]);
    assert!(said.contains("private key"), "{said}");
    assert!(!said.contains(secret));
}

#[test]
fn the_length_of_a_sealed_row_does_not_tell_the_length_of_its_pin() {
    let bench = Bench::new();
    let ledger = bench.create();
    two_jobs(&ledger);
    for table in ["sealed_pin", "in_flight"] {
        let db = sql(&bench.path());
        let mut statement = db.prepare(&format!("SELECT sealed FROM {table}")).unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, Vec<u8>>(0))
            .unwrap();
        // The header's length is age's and random; behind its last line come a nonce of 16 bytes, the plaintext and a tag of 16.
        let payloads: Vec<_> = rows
            .map(|sealed| {
                let sealed = sealed.unwrap();
                let mac = sealed
                    .windows(5)
                    .position(|window| window == b"\n--- ")
                    .unwrap()
                    + 1;
                let end = sealed[mac..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap();
                sealed.len() - mac - end - 1
            })
            .collect();
        assert_eq!(payloads, [16 + PLAINTEXT_BYTES + 16; 4]);
    }
}

/// What somebody with the file, but without a key, could do to the sealed rows.
#[test]
fn a_sealed_row_that_was_moved_does_not_open() {
    let other_job =
        "UPDATE {T} SET sealed = (SELECT sealed FROM {T} WHERE job = 2 AND kind = 'set')
                     WHERE job = 1 AND kind = 'set'";
    let other_kind =
        "UPDATE {T} SET sealed = (SELECT sealed FROM {T} WHERE job = 1 AND kind = 'specified')
                      WHERE job = 1 AND kind = 'set'";
    let other_user = "UPDATE request SET request = json_set(request, '$.user', 'mallory@contoso.com') WHERE job = 1";
    let other_key = "UPDATE attempt SET serial = '6666' WHERE job = 1";
    for statement in [other_job, other_kind, other_user, other_key] {
        let bench = Bench::new();
        let ledger = bench.create();
        let [job, _] = two_jobs(&ledger);
        let db = sql(&bench.path());
        db.execute_batch("DROP TRIGGER sealed_pin_keeps_its_rows")
            .unwrap();
        for table in ["sealed_pin", "in_flight"] {
            assert_eq!(db.execute(&statement.replace("{T}", table), []).unwrap(), 1);
        }
        let moved = |fault: Fault| matches!(fault, Fault::Unsealable { what } if what.contains("was moved"));
        let identities = identities(&bench.identity()).unwrap();
        assert!(
            moved(open_pins(&ledger, job, &identities).unwrap_err()),
            "{statement}"
        );
        assert!(
            moved(ledger.pin_in_flight(job, Attempt(1)).unwrap_err()),
            "{statement}"
        );
    }
}

#[test]
fn no_pin_is_in_clear_in_any_file() {
    let bench = Bench::new();
    let ledger = bench.create();
    two_jobs(&ledger);
    Hand::new(&ledger, JobId(1)).make().register(&[]).deliver();
    let copy = bench.folder.path().join("copy.db");
    ledger.back_up(&copy).unwrap();
    let check = |bytes: &[u8]| {
        for secret in ["39174628", "62848173", "48261739"] {
            assert!(!contains(bytes, secret.as_bytes()));
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!contains(bytes, hex.as_bytes()));
        }
    };
    check(&bench.bytes());
    check(&std::fs::read(&copy).unwrap());
    drop(ledger);
    check(&bench.bytes());
}

/// The sealed bytes of a job's copy in flight, as they lie in the file.
fn in_flight(bench: &Bench, job: JobId) -> Vec<Vec<u8>> {
    let db = sql(&bench.path());
    let mut statement = db
        .prepare("SELECT sealed FROM in_flight WHERE job = ?1")
        .unwrap();
    let rows = statement
        .query_map(params![job.0], |row| row.get(0))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn copies_in_flight_are_gone_from_the_bytes_after_delivery() {
    let bench = Bench::new();
    let ledger = bench.create();
    let [job, other] = two_jobs(&ledger);
    let blobs = in_flight(&bench, job);
    assert_eq!(blobs.len(), 2);
    // A stretch of each that nothing else has: from the middle of the encrypted payload.
    let marks: Vec<_> = blobs
        .iter()
        .map(|blob| blob[blob.len() - 300..blob.len() - 200].to_vec())
        .collect();
    assert!(marks.iter().all(|mark| contains(&bench.bytes(), mark)));
    Hand::new(&ledger, job).make().register(&[]).deliver();
    assert!(ledger.truncate_wal().unwrap());
    for mark in &marks {
        assert!(!contains(&bench.bytes(), mark));
    }
    assert_eq!(in_flight(&bench, other).len(), 2);
    assert!(ledger.current_pin(other).unwrap().is_some());
    assert!(ledger.specified_pin(job).unwrap().is_none());
}

#[test]
fn backups_leave_copies_in_flight_out() {
    let bench = Bench::new();
    let ledger = bench.create();
    let [job, _] = two_jobs(&ledger);
    let copy = bench.folder.path().join("copy.db");
    ledger.back_up(&copy).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    for blob in in_flight(&bench, job) {
        assert!(!contains(&bytes, &blob[blob.len() - 300..blob.len() - 200]));
    }
}

#[test]
fn the_key_for_copies_in_flight_changes_when_a_batch_ends() {
    let bench = Bench::new();
    let ledger = bench.create();
    let key = || std::fs::read(bench.folder.path().join("keys/in-flight.key")).unwrap();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    let before = key();
    Hand::new(&ledger, jobs[0]).enroll("1", &pin("48261739"));
    assert_eq!(key(), before, "a job is still open");
    Hand::new(&ledger, jobs[1]).enroll("2", &pin("73519264"));
    assert_ne!(key(), before);
    let wal = std::fs::metadata(format!("{}-wal", bench.path().display())).unwrap();
    assert_eq!(wal.len(), 0);
    // What is sealed next opens under the new key, and after a restart.
    let job = admit(&ledger, "b", &["megan@contoso.com"])[0];
    Hand::new(&ledger, job).reset("3").set_pin(&pin("91736482"));
    drop(ledger);
    let ledger = bench.open().unwrap();
    assert_eq!(
        ledger.pin_in_flight(job, Attempt(1)).unwrap(),
        pin("91736482")
    );
    assert_eq!(
        Hand::new(&ledger, job).state.current(),
        Some(Step::MakeCredential)
    );
}

/// Rows move between pages while others come and go; what was deleted must not stay behind where it once was.
#[test]
fn no_remains_of_copies_in_flight_stay_where_rows_moved() {
    let bench = Bench::new();
    let ledger = bench.create();
    let users: Vec<String> = (0..60).map(|n| format!("user{n}@contoso.com")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let jobs = admit(&ledger, "a", &users);
    // The last one stays open, so that the batch does not end and the file is not rewritten.
    let (last, others) = jobs.split_last().unwrap();
    Hand::new(&ledger, *last)
        .reset("last")
        .set_pin(&pin("73519264"));
    let mut waiting = others.to_vec();
    let (mut open, mut marks) = (Vec::new(), Vec::new());
    while !waiting.is_empty() || !open.is_empty() {
        if !waiting.is_empty() && open.len() < 20 {
            let job = waiting.remove(7919 % waiting.len());
            Hand::new(&ledger, job)
                .reset(&format!("s{job}"))
                .set_pin(&pin("48261739"));
            let blobs = in_flight(&bench, job);
            marks.extend(
                blobs
                    .iter()
                    .map(|blob| blob[blob.len() - 300..blob.len() - 200].to_vec()),
            );
            open.push(job);
        } else {
            let job = open.remove(104_729 % open.len());
            Hand::new(&ledger, job).make().register(&[]).deliver();
        }
    }
    assert!(ledger.truncate_wal().unwrap());
    let bytes = bench.bytes();
    assert_eq!(marks.len(), 59);
    assert_eq!(
        marks.iter().filter(|mark| contains(&bytes, mark)).count(),
        0
    );
}
