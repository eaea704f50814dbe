//! `keyline pins show`, as typed: with the station's own ledger and with a bare copy of it, and what it says when there is
//! nothing to show.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keyline::adapter::ledger::{generate_practice_identity, sealed_pins};
use keyline::domain::job::JobId;
use keyline::domain::pin::Pin;
use keyline::port::PinVerdict;
use keyline::practice::authenticator::{Bench, SimulatedKey};
use keyline::practice::tenant::{Operation, Trick};
use keyline::wire::retention::Retention;

use crate::handover::{assert_sound, beside_a_station, enroll, typed};
use crate::line::{Knows, Line};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
const SECONDS_PER_DAY: i64 = 86_400;

/// A station at which Anna got this key.
fn one_done() -> (Line, SimulatedKey) {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        &format!("user,name,policy\r\n{ANNA},Anna Lang,standard\r\n"),
    );
    let key = line.maker.make(1).expect("a key");
    let (summary, _) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    (line, key)
}

fn show(line: &Line, job: &str) -> Output {
    let identity = line.identity.to_str().expect("a plain name");
    keyline(line, &["pins", "show", job, "--identity", identity])
}

/// On a computer that has a copy of the ledger and nothing else of the station.
fn show_copy(copy: &Path, identity: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["pins", "show", "0001", "--ledger"])
        .arg(copy)
        .arg("--identity")
        .arg(identity)
        .current_dir(copy.parent().expect("a folder"))
        .stdin(Stdio::null())
        .output()
        .expect("the program")
}

fn copy_of(line: &Line) -> PathBuf {
    let folder = line.home.path().join("elsewhere");
    std::fs::create_dir(&folder).expect("a folder");
    let copy = folder.join("copy.db");
    let ledger = line.config.path(&line.config.ledger.file);
    std::fs::copy(ledger, &copy).expect("a copy");
    copy
}

fn value(said: &str, title: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix(title));
    line.unwrap_or_else(|| panic!("no {title} in the answer"))
        .trim()
        .to_owned()
}

fn assert_shows_the_pin_of(line: &Line, key: &SimulatedKey, said: &str) {
    assert_eq!(value(said, "job"), "1");
    assert_eq!(value(said, "person"), "Anna Lang");
    assert_eq!(value(said, "user"), ANNA);
    assert_eq!(value(said, "envelope"), "0001");
    assert_eq!(
        value(said, "serial"),
        key.serial().expect("a serial").to_string()
    );
    let pin = Pin::new(&value(said, "PIN")).expect("a PIN");
    assert_eq!(line.open(key).try_pin(&pin), Ok(PinVerdict::Right));
}

#[test]
fn the_pin_on_the_key_is_shown_and_the_look_is_noted() {
    let (line, key) = one_done();
    let shown = show(&line, ANNA);
    assert!(shown.status.success(), "{}", err(&shown));
    assert_shows_the_pin_of(&line, &key, &out(&shown));
    let noted = openings(&line);
    let [(1, actor, chained, None)] = noted.as_slice() else {
        panic!("{noted:?}");
    };
    assert!(actor.starts_with("administrator"), "{actor}");
    assert!(chained.contains("PIN of job 1"), "{chained}");
    assert!(!err(&shown).contains("note"), "{}", err(&shown));
}

/// The first key keeps a PIN that this ledger has as well, but it went into the red tray: the second one counts.
#[test]
fn the_pin_of_the_key_that_was_given_up_is_not_shown() {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        &format!("user,name,policy\r\n{ANNA},Anna Lang,standard\r\n"),
    );
    let refuse = Trick::Fail { status: 403 };
    line.tenant(|tenant| tenant.misbehave(Operation::Register, 1, refuse));
    let (first, second) = (
        line.maker.make(1).expect("a key"),
        line.maker.make(2).expect("a key"),
    );
    let (summary, parts) = line.run(Knows::nothing(), vec![first.clone()]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    drop(parts);
    let shown = show(&line, "1");
    assert!(shown.status.success(), "{}", err(&shown));
    assert_shows_the_pin_of(&line, &first, &out(&shown));
    line.bench.pull(&Bench::place(1));

    let again = keyline(&line, &["jobs", "retry", "1"]);
    assert!(again.status.success(), "{}", err(&again));
    let none = show(&line, "1");
    assert_eq!(none.status.code(), Some(4), "{}", err(&none));

    let (summary, parts) = line.run(Knows::nothing(), vec![second.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_eq!(sealed_pins(&parts.ledger, JobId(1)), Ok(2));
    drop(parts);
    let shown = show(&line, "1");
    assert!(shown.status.success(), "{}", err(&shown));
    assert_shows_the_pin_of(&line, &second, &out(&shown));
}

#[test]
fn a_bare_copy_and_the_identity_are_enough() {
    let (line, key) = one_done();
    let copy = copy_of(&line);
    let shown = show_copy(&copy, &line.identity);
    assert!(shown.status.success(), "{}", err(&shown));
    assert!(err(&shown).contains("no audit trail"), "{}", err(&shown));
    assert_shows_the_pin_of(&line, &key, &out(&shown));
}

#[test]
fn what_cannot_be_shown_is_told_in_words() {
    let (line, _) = one_done();
    let stranger = line.home.path().join("stranger.txt");
    generate_practice_identity(&stranger).expect("an identity");
    let copy = copy_of(&line);
    let nowhere = line.home.path().join("nowhere");
    for (ended, code, words) in [
        (show_copy(&copy, &stranger), 8, "another key"),
        (show_copy(&copy, &nowhere), 2, "The identity"),
        (show_copy(&copy, &copy), 2, "This is no identity"),
        (
            show_copy(&nowhere.with_file_name("elsewhere/none.db"), &line.identity),
            2,
            "There is no ledger",
        ),
        (show(&line, "0815"), 2, "No job fits"),
    ] {
        assert_eq!(ended.status.code(), Some(code), "{}", err(&ended));
        assert!(err(&ended).contains(words), "{words}: {}", err(&ended));
        assert_eq!(out(&ended), "");
    }
}

#[test]
fn a_pin_whose_days_are_over_and_an_erased_person_are_told_apart() {
    let (line, _) = one_done();
    let parts = keyline::wire::station::assemble(&line.config, line.keys.clone(), Knows::nothing());
    let parts = parts.expect("a station");
    let later = parts.ports.clock.now().plus_seconds(91 * SECONDS_PER_DAY);
    Retention::new(&line.config, &parts, "4711")
        .apply(later)
        .expect("retention");
    drop(parts);
    let ended = show(&line, "1");
    assert_eq!(ended.status.code(), Some(3), "{}", err(&ended));
    assert!(err(&ended).contains("its days are over"), "{}", err(&ended));

    assert!(keyline(&line, &["people", "erase", ANNA]).status.success());
    let ended = show(&line, "1");
    assert_eq!(ended.status.code(), Some(3), "{}", err(&ended));
    assert!(err(&ended).contains("was erased"), "{}", err(&ended));
}

#[test]
fn a_job_without_a_pin_on_a_key_says_so() {
    let line = Line::new(1);
    line.drop_file("a.csv", &format!("user,policy\r\n{ANNA},keep\r\n"));
    let key = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    drop(parts);
    let ended = show(&line, ANNA);
    assert_eq!(ended.status.code(), Some(4), "{}", err(&ended));
    assert!(err(&ended).contains("no PIN of ours"), "{}", err(&ended));
}

/// The openings that the journal has, as it has them: the row in the chain, and the reason beside it.
fn openings(line: &Line) -> Vec<(i64, String, String, Option<String>)> {
    let db = rusqlite::Connection::open(line.config.path(&line.config.ledger.file)).expect("it");
    let mut rows = db
        .prepare(
            "SELECT journal.job, journal.actor, journal.event, detail.event FROM journal LEFT JOIN detail USING (seq)
             WHERE journal.kind = 'note' AND journal.event LIKE '%is opened%' ORDER BY seq",
        )
        .expect("a question");
    rows.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })
    .expect("rows")
    .collect::<Result<_, _>>()
    .expect("rows")
}

#[test]
fn beside_a_running_station_the_station_notes_the_look() {
    let (line, key) = one_done();
    line.released();
    let mut told = String::new();
    beside_a_station(&line, |_| {
        let shown = show(&line, "1");
        assert!(shown.status.success(), "{}", err(&shown));
        assert_eq!(err(&shown).matches("note").count(), 0, "{}", err(&shown));
        assert_eq!(openings(&line).len(), 1);
        told = out(&shown);
    });
    assert_shows_the_pin_of(&line, &key, &told);
    assert_sound(&line);
}

/// Whoever holds the ledger and cannot be asked keeps the note from being written.
#[test]
fn what_cannot_be_noted_is_not_opened() {
    let (line, key) = one_done();
    let parts = keyline::wire::station::assemble(&line.config, line.keys.clone(), Knows::nothing());
    let parts = parts.expect("a station that holds its ledger");
    let refused = show(&line, "1");
    assert_eq!(refused.status.code(), Some(8), "{}", err(&refused));
    assert!(err(&refused).contains("not opened"), "{}", err(&refused));
    assert_eq!(out(&refused), "");
    // Named as if it were a copy, it is the station's own all the same.
    let own = line.config.path(&line.config.ledger.file);
    let own = own.to_str().expect("a plain name");
    let identity = line.identity.to_str().expect("a plain name");
    let named = ["pins", "show", "1", "--identity", identity, "--ledger", own];
    let refused = keyline(&line, &named);
    assert_eq!(refused.status.code(), Some(8), "{}", err(&refused));
    assert_eq!(out(&refused), "");
    drop(parts);
    line.released();
    assert_eq!(openings(&line).len(), 0);
    let shown = keyline(&line, &named);
    assert!(shown.status.success(), "{}", err(&shown));
    assert_shows_the_pin_of(&line, &key, &out(&shown));
    assert_eq!(openings(&line).len(), 1);
}

#[test]
fn the_pin_of_a_lost_key_is_opened_for_a_reason_only_and_under_void() {
    let (line, key) = one_done();
    line.released();
    let lost = ["keys", "lost", "1", "--reason", "on a train", "--yes"];
    typed(&line, &lost, 0);
    let reissue = ["mailer", "reissue", "1", "--reason", "torn"];
    let told = typed(&line, &reissue, 3);
    assert!(
        told.contains("is lost") && told.contains("another key"),
        "{told}"
    );
    assert!(!told.contains("same key"), "{told}");
    let refused = show(&line, "1");
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    for words in ["void since 20", "its key is lost", "--void"] {
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    assert_eq!(out(&refused), "");
    assert_eq!(openings(&line), []);

    let identity = line.identity.to_str().expect("a plain name");
    let why = "Bob found it in a drawer";
    let shown = keyline(
        &line,
        &["pins", "show", "1", "--identity", identity, "--void", why],
    );
    assert!(shown.status.success(), "{}", err(&shown));
    let state = value(&out(&shown), "state");
    assert!(state.starts_with("VOID: its key is lost"), "{state}");
    assert_shows_the_pin_of(&line, &key, &out(&shown));
    let noted = openings(&line);
    let [(1, actor, chained, Some(detail))] = noted.as_slice() else {
        panic!("{noted:?}");
    };
    assert!(actor.starts_with("administrator"), "{actor}");
    assert!(chained.contains("\"void\":true") && !chained.contains("Bob"));
    assert!(detail.contains(why), "{detail}");
    assert_sound(&line);

    // An auditor with a copy is asked for the reason as well, and told that nobody noted it.
    let copy = copy_of(&line);
    let refused = show_copy(&copy, &line.identity);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));

    assert!(keyline(&line, &["people", "erase", ANNA]).status.success());
    let [(_, _, _, None)] = openings(&line).as_slice() else {
        panic!("the reason outlived its person");
    };
    assert_sound(&line);
}

#[test]
fn a_reason_that_was_changed_afterwards_is_found() {
    let (line, _) = one_done();
    line.released();
    typed(
        &line,
        &["keys", "lost", "1", "--reason", "gone", "--yes"],
        0,
    );
    let identity = line.identity.to_str().expect("a plain name");
    let void = ["pins", "show", "1", "--identity", identity, "--void", "it"];
    assert!(keyline(&line, &void).status.success());
    let db = rusqlite::Connection::open(line.config.path(&line.config.ledger.file)).expect("it");
    let changed = db.execute(
        "UPDATE detail SET event = replace(event, '\"reason\":\"it\"', '\"reason\":\"if\"') WHERE event LIKE '%is opened%'",
        [],
    );
    assert_eq!(changed, Ok(1));
    drop(db);
    let verified = keyline(&line, &["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(8), "{}", err(&verified));
    assert!(err(&verified).contains("changed"), "{}", err(&verified));
}

/// The key serves somebody else now, and the person who had it keeps no PIN that counts.
#[test]
fn the_pin_of_a_key_that_was_taken_for_another_job_is_void() {
    let (line, key) = one_done();
    line.released();
    enroll(
        &line,
        "b.csv",
        &[&format!("{ANNA},standard,yes")],
        vec![key.clone()],
    );
    let refused = show(&line, "1");
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    for words in ["void since 20", "taken for job 2"] {
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    assert_eq!(out(&refused), "");
    let identity = line.identity.to_str().expect("a plain name");
    let shown = keyline(
        &line,
        &[
            "pins",
            "show",
            "1",
            "--identity",
            identity,
            "--void",
            "audit",
        ],
    );
    assert!(shown.status.success(), "{}", err(&shown));
    assert!(value(&out(&shown), "state").starts_with("VOID"));
    let now = show(&line, "2");
    assert!(now.status.success(), "{}", err(&now));
    assert!(!out(&now).contains("VOID"));
    let pin = Pin::new(&value(&out(&now), "PIN")).expect("a PIN");
    assert_eq!(line.open(&key).try_pin(&pin), Ok(PinVerdict::Right));
}
