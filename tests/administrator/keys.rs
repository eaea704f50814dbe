//! `keyline keys identify` and `keyline slots learn`, with practice keys in the place of hardware.

use std::sync::Mutex;
use std::time::Duration;

use keyline::domain::credential::{RpId, UserHandle};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::face::say::{Complaint, ExitCode};
use keyline::port::{Attendant, Authenticator, KeyEvent, Keys, NoMetadata, Place};
use keyline::practice::authenticator::{Bench, Past, SimulatedKey};
use keyline::practice::tenant::{Operation, Trick};
use keyline::wire::commands::keys::{identify_next, learn_order};
use keyline::wire::config::Config;
use keyline::wire::station::{open_ledger, read_ledger};
use serde_json::Value;

use crate::line::{Knows, Line};
use crate::{err, keyline};

const PATIENCE: Duration = Duration::from_secs(20);

/// Hands that put keys into places as soon as somebody watches, each after the one before was lifted.
struct Hands<'a> {
    line: &'a Line,
    moves: Mutex<Vec<(u16, SimulatedKey)>>,
}

impl<'a> Hands<'a> {
    fn new(line: &'a Line, moves: &[(u16, &SimulatedKey)]) -> Self {
        let moves = moves
            .iter()
            .map(|(slot, key)| (*slot, (*key).clone()))
            .collect();
        Self {
            line,
            moves: Mutex::new(moves),
        }
    }
}

impl Keys for Hands<'_> {
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        self.line.keys.watch(sink)?;
        let moves = std::mem::take(&mut *self.moves.lock().expect("the moves"));
        let mut last = None;
        for (slot, key) in moves {
            if let Some(before) = last.replace(slot) {
                self.line.bench.pull(&Bench::place(before));
            }
            self.line.bench.insert(&Bench::place(slot), &key)?;
        }
        Ok(())
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        self.line.keys.open(place, attendant)
    }
}

fn identify(line: &Line, key: &SimulatedKey) -> Result<String, Complaint> {
    identify_as(line, key, false)
}

fn identify_json(line: &Line, key: &SimulatedKey) -> Value {
    let told = identify_as(line, key, true).expect("an answer");
    serde_json::from_str(&told).expect("one JSON value")
}

fn identify_as(line: &Line, key: &SimulatedKey, json: bool) -> Result<String, Complaint> {
    let ledger = read_ledger(&line.config).expect("a ledger");
    let mut out = Vec::new();
    let ended = identify_next(
        &Hands::new(line, &[(1, key)]),
        &ledger,
        &NoMetadata,
        PATIENCE,
        json,
        &mut out,
    );
    line.bench.pull(&Bench::place(1));
    assert_eq!(ended?, ExitCode::Done);
    Ok(String::from_utf8(out).expect("text"))
}

fn value<'a>(said: &'a str, title: &str) -> Option<&'a str> {
    said.lines()
        .find_map(|line| line.strip_prefix(title))
        .map(str::trim)
}

#[test]
fn any_key_is_told_and_none_is_changed() {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        "user,name,policy\r\nanna.lang@contoso.com,Anna Lang,standard\r\n",
    );
    let annas = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![annas.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    let said = identify(&line, &annas).expect("an answer");
    assert_eq!(
        value(&said, "person"),
        Some("Anna Lang (anna.lang@contoso.com)")
    );
    assert_eq!(value(&said, "envelope"), Some("0001, done"));
    assert_eq!(value(&said, "serial"), Some("PRACTICE-000001"));
    assert_eq!(value(&said, "PIN"), Some("set"));

    let blank = line.maker.make(2).expect("a key");
    let said = identify(&line, &blank).expect("an answer");
    assert_eq!(value(&said, "PIN"), Some("none: the key is blank"));
    assert_eq!(value(&said, "person"), None);

    let pin = Pin::new("84067135").expect("a PIN");
    let (entra, user) = (
        RpId("login.microsoft.com".to_owned()),
        UserHandle(vec![7; 16]),
    );
    let past = Past {
        pin: Some(&pin),
        passkey: Some((&entra, &user)),
    };
    let unknown = line.maker.make_used(3, &past).expect("a key");
    let said = identify(&line, &unknown).expect("an answer");
    assert_eq!(
        value(&said, "passkey"),
        Some("an Entra passkey that this ledger does not know")
    );
    assert_eq!(identify_json(&line, &unknown)["passkey"], "unknown");
    assert_eq!(value(&said, "person"), None);
    let mut still = line.open(&unknown);
    assert_eq!(still.pin_retries(), Ok(8));
    assert!(
        still
            .assert_silently(&entra, &[])
            .expect("an answer")
            .is_some()
    );
}

#[test]
fn a_script_is_told_of_a_key_and_whose_it_is() {
    let line = Line::new(1);
    line.drop_file("a.csv", "user\r\nanna.lang@contoso.com\r\n");
    let annas = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![annas.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    let told = identify_json(&line, &annas);
    assert_eq!(told["serial"], "PRACTICE-000001");
    assert_eq!(told["pin_set"], true);
    assert_eq!(told["passkey"], "enrolled_here");
    assert_eq!(told["model"], Value::Null, "there is no metadata");
    let said = identify(&line, &annas).expect("an answer");
    assert_eq!(told["aaguid"], value(&said, "model (AAGUID)").expect("one"));
    let listed = keyline(&line, &["jobs", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(told["holders"], listed, "the only job, as the list has it");

    let told = identify_json(&line, &line.maker.make(2).expect("a key"));
    assert_eq!(told["pin_set"], false);
    assert_eq!(told["holders"], serde_json::json!([]));
    assert_eq!(told["passkey"], Value::Null);
}

#[test]
fn a_key_that_was_enrolled_in_vain_says_what_becomes_of_it() {
    let line = Line::new(1);
    line.tenant(|tenant| {
        tenant.misbehave(Operation::Register, 1, Trick::Fail { status: 400 });
    });
    line.drop_file("a.csv", "user\r\nanna.lang@contoso.com\r\n");
    let key = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key.clone()]);
    assert!(
        matches!(summary.held[..], [Fault::PasskeyRefused { .. }]),
        "{summary:?}"
    );
    drop(parts);
    let said = identify(&line, &key).expect("an answer");
    assert_eq!(
        value(&said, "passkey"),
        Some(
            "useless: made for job 1, envelope 0001, and given up; put the key in when that job asks for it"
        )
    );
    let told = identify_json(&line, &key);
    assert_eq!(told["passkey"], "given_up");
    assert_eq!(told["message"], value(&said, "passkey").expect("words"));
    let shown = keyline(&line, &["jobs", "show", "1"]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("passkey on this key is useless"), "{shown}");
    assert!(shown.contains("put the same key back"), "{shown}");
    assert!(keyline(&line, &["jobs", "cancel", "1"]).status.success());
    let said = identify(&line, &key).expect("an answer");
    let useless = value(&said, "passkey").expect("a word about it");
    assert!(useless.contains("may be wiped"), "{useless}");
}

#[test]
fn a_key_that_does_not_come_is_not_waited_for_for_ever() {
    let line = Line::new(1);
    let ledger = read_ledger(&line.config).expect("a ledger");
    // It lies there already: that does not count.
    let key = line.maker.make(1).expect("a key");
    line.bench
        .insert(&Bench::place(1), &key)
        .expect("a free slot");
    let brief = Duration::from_millis(50);
    let ended = identify_next(
        line.keys.as_ref(),
        &ledger,
        &NoMetadata,
        brief,
        false,
        &mut Vec::new(),
    );
    let complaint = ended.expect_err("nobody came");
    assert_eq!(complaint.exit, ExitCode::Waiting);
    assert!(
        complaint.message.contains("No key came"),
        "{}",
        complaint.message
    );
}

#[test]
fn slots_are_learnt_in_the_order_of_keys_and_comments_stay() {
    let line = Line::new(3);
    let file = &line.config.file;
    let key = line.maker.make(1).expect("a key");
    let before = std::fs::read_to_string(file).expect("a configuration");
    let mut out = Vec::new();
    let moves = [(3, &key), (1, &key), (2, &key), (3, &key)];
    let ended = learn_order(&Hands::new(&line, &moves), file, PATIENCE, &mut out);
    assert_eq!(ended, Ok(ExitCode::Done));
    assert_eq!(
        String::from_utf8_lossy(&out),
        "slot 1: practice:3\nslot 2: practice:1\nslot 3: practice:2\n"
    );
    let config = Config::load(file).expect("a configuration");
    assert_eq!(
        config.slots.places,
        ["practice:3", "practice:1", "practice:2"]
    );
    let after = std::fs::read_to_string(file).expect("a configuration");
    let other_lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("places"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(other_lines(&before), other_lines(&after));
    assert!(
        before.lines().any(|line| line.starts_with('#')),
        "there are comments"
    );
}

#[test]
fn a_lesson_that_ends_early_changes_nothing() {
    let line = Line::new(2);
    let file = &line.config.file;
    let key = line.maker.make(1).expect("a key");
    let before = std::fs::read_to_string(file).expect("a configuration");
    let hands = Hands::new(&line, &[(2, &key)]);
    let ended = learn_order(&hands, file, Duration::from_millis(300), &mut Vec::new());
    assert_eq!(ended.expect_err("nobody came").exit, ExitCode::Waiting);
    assert_eq!(
        std::fs::read_to_string(file).expect("a configuration"),
        before
    );
}

#[test]
fn beside_a_running_station_no_key_is_asked_for() {
    let line = Line::new(1);
    let held = open_ledger(&line.config).expect("a ledger");
    for arguments in [["keys", "identify"], ["slots", "learn"]] {
        let ended = keyline(&line, &arguments);
        assert_eq!(ended.status.code(), Some(2), "{}", err(&ended));
        assert!(
            err(&ended).contains("A station runs here"),
            "{}",
            err(&ended)
        );
    }
    drop(held);
}
