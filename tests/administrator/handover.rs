//! `keyline handover`, and `keyline keys return`, `lost` and `scrap`, as typed: old keys go when their person has the new one, and
//! keys come back.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::app::station::{Desk, Handle, Options, Request};
use keyline::domain::authenticator::Aaguid;
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::ConfirmCards;
use keyline::domain::time::Timestamp;
use keyline::face::control;
use keyline::port::{Attendant, Authenticator, KeyEvent, Keys, Ledger, Place};
use keyline::practice::authenticator::{Bench, PRACTICE_AAGUID, SimulatedKey};
use keyline::practice::tenant::{Existing, Faults, Operation, Trick};
use keyline::wire::commands::custody::wipe_next;
use keyline::wire::station::open_ledger;
use keyline::wire::{attend, station};

use crate::line::{Knows, Line, write};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
const EMILY: &str = "emily.carter@contoso.com";
const JUERGEN: &str = "juergen.mueller@contoso.com";
/// Microsoft Authenticator on Android.
const PHONE: &str = "de1e552d-db1d-4423-a619-566b625cdc84";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn parcels(more: &str) -> Line {
    let line = Line::new(1);
    write(
        &line.root().join("config/policies/parcel.toml"),
        &format!("delete_existing = \"after_delivery\"\n{more}"),
    );
    line
}

pub(crate) fn enroll(line: &Line, file: &str, rows: &[&str], keys: Vec<SimulatedKey>) {
    let rows: String = rows.iter().map(|row| format!("{row}\r\n")).collect();
    line.drop_file(file, &format!("user,policy,replace\r\n{rows}"));
    let wanted = keys.len();
    let (summary, parts) = line.run(Knows::nothing(), keys);
    assert_eq!(summary.done, wanted, "{summary:?}");
    drop(parts);
    line.released();
}

pub(crate) fn key(line: &Line, number: u32) -> SimulatedKey {
    line.maker.make(number).expect("a key")
}

pub(crate) fn plant(line: &Line, user: &str, name: &str, created: Option<i64>) {
    let aaguid = match name {
        "phone" => Aaguid::try_from(PHONE).expect("an AAGUID"),
        _ => PRACTICE_AAGUID,
    };
    let existing = Existing {
        display_name: name.to_owned(),
        aaguid,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: created.map(Timestamp),
        synced: false,
    };
    line.tenant(|tenant| tenant.add_existing(user, existing))
        .expect("room for it");
}

/// The names of what a person has at Entra.
pub(crate) fn has(line: &Line, user: &str) -> Vec<String> {
    let all = line
        .tenant(|tenant| tenant.credentials(user))
        .expect("a user");
    all.into_iter().map(|one| one.display_name).collect()
}

pub(crate) fn typed(line: &Line, arguments: &[&str], code: i32) -> String {
    let output = keyline(line, arguments);
    let told = format!("{}{}", out(&output), err(&output));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    told
}

pub(crate) fn reader(line: &Line) -> SqliteLedger {
    SqliteLedger::open_reader(&line.config.path(&line.config.ledger.file)).expect("a ledger")
}

pub(crate) fn assert_sound(line: &Line) {
    let verdict = reader(line).verify(None).expect("a verdict");
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
}

#[test]
fn old_keys_go_when_their_person_has_the_new_one_and_not_before() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    plant(&line, ANNA, "phone", None);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,"), &format!("{EMILY},parcel,")],
        vec![key(&line, 1), key(&line, 2)],
    );
    let all = ["old key", "phone", "PRACTICE-000001 Keyline practi"];
    assert_eq!(has(&line, ANNA), all);
    assert!(typed(&line, &["status"], 0).contains("1 older passkey stays at Entra until 1 key is"));
    let shown = typed(&line, &["jobs", "show", "1"], 0);
    assert!(
        shown.contains("not handed over yet; 1 older passkey stays until then"),
        "{shown}"
    );

    let unasked = typed(&line, &["handover", "1"], 2);
    assert!(
        unasked.contains("cannot be undone") && unasked.contains("--yes"),
        "{unasked}"
    );
    assert_eq!(has(&line, ANNA), all);
    assert_eq!(
        reader(&line)
            .job(JobId(1))
            .expect("a ledger")
            .expect("a job")
            .custody
            .pending,
        1
    );

    let told = typed(&line, &["handover", "1", "--yes"], 0);
    assert!(
        told.contains("is handed over") && told.contains("1 older passkey"),
        "{told}"
    );
    assert_eq!(
        has(&line, ANNA),
        ["phone", "PRACTICE-000001 Keyline practi"]
    );
    // What the person has nobody here calls void any more.
    let late = typed(&line, &["mailer", "spoil", "1", "--reason", "torn"], 3);
    assert!(late.contains("out of our hands"), "{late}");
    let again = typed(&line, &["handover", "L-0001"], 0);
    assert!(again.contains("already"), "{again}");
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Delete)), 1);

    // Emily had nothing that could go, so nobody is asked.
    let told = typed(&line, &["handover", "--batch", "a"], 0);
    assert!(
        told.contains("1 handed over now, 1 before, 0 not yet."),
        "{told}"
    );
    let shown = typed(&line, &["jobs", "show", "1"], 0);
    assert!(shown.contains("key             handed over"), "{shown}");
    assert!(
        shown.contains("the person has the key and its PIN"),
        "{shown}"
    );
    assert!(!typed(&line, &["status"], 0).contains("older passkey"));
    assert_sound(&line);
}

#[test]
fn the_newest_of_the_old_keys_may_stay() {
    let line = parcels("keep_newest = 1\n");
    let day = 86_400_000;
    plant(&line, ANNA, "of 2023", Some(1_680_000_000_000));
    plant(&line, ANNA, "of 2025", Some(1_680_000_000_000 + 730 * day));
    plant(&line, ANNA, "of 2024", Some(1_680_000_000_000 + 365 * day));
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    typed(&line, &["handover", ANNA, "--yes"], 0);
    assert_eq!(
        has(&line, ANNA),
        ["of 2025", "PRACTICE-000001 Keyline practi"]
    );
}

#[test]
fn what_cannot_be_handed_over_is_told_and_stays() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    let people = [ANNA, EMILY].map(|user| format!("{user},parcel,"));
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    enroll(&line, "a.csv", &people, vec![key(&line, 1), key(&line, 2)]);
    typed(&line, &["mailer", "spoil", "1", "--reason", "wet"], 0);
    let refused = typed(&line, &["handover", "1", "--yes"], 3);
    assert!(
        refused.contains("its letter is void") && refused.contains("hint:"),
        "{refused}"
    );
    let told = typed(&line, &["handover", "--batch", "a", "--yes"], 0);
    assert!(told.contains("its letter is void"), "{told}");
    assert!(
        told.contains("1 handed over now, 0 before, 1 not yet."),
        "{told}"
    );
    let nothing = typed(&line, &["handover", "--batch", "a", "--yes"], 4);
    assert!(
        nothing.contains("0 handed over now, 1 before, 1 not yet."),
        "{nothing}"
    );
    typed(&line, &["handover", "--batch", "nobody", "--yes"], 2);
    assert_eq!(has(&line, ANNA)[0], "old key");
}

#[test]
fn a_newer_job_takes_over_what_the_older_one_left_waiting() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    // The first parcel never arrives.
    enroll(
        &line,
        "b.csv",
        &[&format!("{ANNA},parcel,yes")],
        vec![key(&line, 2)],
    );
    assert_eq!(has(&line, ANNA).len(), 3);
    let told = typed(&line, &["handover", "2", "--yes"], 0);
    assert!(told.contains("2 older passkeys"), "{told}");
    assert_eq!(has(&line, ANNA), ["PRACTICE-000002 Keyline practi"]);
    let late = typed(&line, &["handover", "1", "--yes"], 3);
    assert!(late.contains("another key took its place"), "{late}");
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Delete)), 2);
    assert_sound(&line);
}

#[test]
fn a_lost_key_signs_nobody_in_and_is_stopped_when_it_turns_up() {
    let line = parcels("used_keys = \"reset\"\n");
    let first = key(&line, 1);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![first.clone()],
    );
    let unasked = typed(&line, &["keys", "lost", "1", "--reason", "stolen"], 2);
    assert!(unasked.contains("the last passkey"), "{unasked}");
    assert_eq!(has(&line, ANNA).len(), 1);
    let serial = "PRACTICE-000001";
    let told = typed(
        &line,
        &["keys", "lost", serial, "--reason", "stolen", "--yes"],
        0,
    );
    assert!(
        told.contains("is lost") && told.contains("is deleted at Entra"),
        "{told}"
    );
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
    let shown = typed(&line, &["jobs", "show", "1"], 0);
    assert!(
        shown.contains("void letters") && shown.contains("Reason: stolen"),
        "{shown}"
    );
    let identity = line.identity.display().to_string();
    let show = ["pins", "show", "1", "--identity", &identity];
    let refused = typed(&line, &show, 3);
    assert!(refused.contains("its key is lost"), "{refused}");
    let pin = typed(&line, &[show.as_slice(), &["--void", "found"]].concat(), 0);
    assert!(pin.contains("VOID: its key is lost"), "{pin}");
    let refused = typed(&line, &["handover", "1", "--yes"], 3);
    assert!(refused.contains("its key is lost"), "{refused}");
    assert_sound(&line);

    // It turns up in a slot, although the job would take any key of this person.
    line.drop_file(
        "b.csv",
        &format!("user,policy,replace\r\n{ANNA},parcel,yes\r\n"),
    );
    let (summary, parts) = line.run(Knows::nothing(), vec![first.clone(), key(&line, 2)]);
    assert_eq!(summary.done, 1, "{summary:?}");
    let second = parts
        .ports
        .ledger
        .job(JobId(2))
        .expect("a ledger")
        .expect("a job");
    assert_eq!(second.serial.expect("a serial").as_str(), "PRACTICE-000002");
    drop(parts);
    assert_eq!(has(&line, ANNA), ["PRACTICE-000002 Keyline practi"]);
    let mut still = line.open(&first);
    assert!(
        still.capabilities().expect("an answer").has_pin(),
        "nobody wiped it"
    );
}

/// As [`typed`], with a stdout that takes nothing.
fn typed_in_vain(line: &Line, arguments: &[&str]) {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let ended = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(arguments)
        .arg("--config")
        .arg(&line.config.file)
        .stdin(Stdio::null())
        .stdout(full.expect("a device that is full"))
        .stderr(Stdio::piped())
        .output()
        .expect("the program");
    let told = err(&ended);
    assert_eq!(ended.status.code(), Some(8), "{arguments:?}: {told}");
    assert!(told.contains("The answer could not be written"), "{told}");
}

#[test]
fn what_nobody_can_be_told_is_done_all_the_same() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    plant(&line, EMILY, "old key", None);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,"), &format!("{EMILY},parcel,")],
        vec![key(&line, 1), key(&line, 2)],
    );
    typed_in_vain(&line, &["handover", "1", "--yes"]);
    assert_eq!(has(&line, ANNA), ["PRACTICE-000001 Keyline practi"]);
    typed_in_vain(&line, &["handover", "--batch", "a", "--yes"]);
    assert_eq!(has(&line, EMILY), ["PRACTICE-000002 Keyline practi"]);
    typed_in_vain(&line, &["keys", "lost", "1", "--reason", "stolen", "--yes"]);
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
    // What was cut off before is gone on with by the same command, written or not.
    typed_in_vain(&line, &["keys", "lost", "1", "--reason", "stolen", "--yes"]);
    typed_in_vain(&line, &["keys", "scrap", "2", "--reason", "dark", "--yes"]);
    assert_eq!(has(&line, EMILY), Vec::<String>::new());
    assert_sound(&line);
}

/// A hand that puts one key in as soon as somebody watches.
struct Hand<'a>(&'a Line, &'a SimulatedKey);

impl Keys for Hand<'_> {
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        self.0.keys.watch(sink)?;
        self.0.bench.insert(&Bench::place(1), self.1)
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        self.0.keys.open(place, attendant)
    }
}

fn touched(key: &SimulatedKey) -> std::thread::JoinHandle<bool> {
    let key = key.clone();
    std::thread::spawn(move || key.wait_for_blink(PATIENCE) && key.press())
}

#[test]
fn a_key_that_came_back_is_wiped_and_serves_the_next_person() {
    let line = parcels("");
    let (first, other) = (key(&line, 1), key(&line, 2));
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,"), &format!("{EMILY},parcel,")],
        vec![first.clone(), other.clone()],
    );
    let came_back = [
        "keys",
        "return",
        "1",
        "--reason",
        "left",
        "--yes",
        "--wipe-later",
    ];
    let told = typed(&line, &came_back, 4);
    assert!(
        told.contains("is returned") && told.contains("any slot"),
        "{told}"
    );
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
    // The same again does no harm: it is for whoever was cut off.
    assert!(typed(&line, &came_back, 4).contains("already"));
    let ledger = open_ledger(&line.config).expect("a ledger");
    // Emily's key lies in the slot first: it is not the one, and it stays as it is.
    let stray = wipe_next(
        &Hand(&line, &other),
        &ledger,
        JobId(1),
        Duration::from_millis(300),
    );
    assert!(stray.is_err(), "{stray:?}");
    line.bench.pull(&Bench::place(1));
    let finger = touched(&first);
    let wiped = wipe_next(&Hand(&line, &first), &ledger, JobId(1), PATIENCE);
    assert_eq!(wiped, Ok(()));
    assert!(finger.join().expect("a finger"), "it asked for a touch");
    line.bench.pull(&Bench::place(1));
    drop(ledger);
    for (key, has_pin) in [(&first, false), (&other, true)] {
        let told = line.open(key).capabilities().expect("an answer");
        assert_eq!(told.has_pin(), has_pin);
        line.bench.pull(&Bench::place(1));
    }
    let shown = typed(&line, &["jobs", "show", "1"], 0);
    assert!(shown.contains("returned, and wiped"), "{shown}");
    let identity = line.identity.display().to_string();
    let pin = typed(&line, &["pins", "show", "1", "--identity", &identity], 3);
    assert!(pin.contains("on no key any more"), "{pin}");
    enroll(
        &line,
        "b.csv",
        &[&format!("{JUERGEN},parcel,")],
        vec![first],
    );
    assert_eq!(has(&line, JUERGEN), ["PRACTICE-000001 Keyline practi"]);
    let meant = typed(
        &line,
        &[
            "keys",
            "lost",
            "PRACTICE-000001",
            "--reason",
            "gone",
            "--yes",
        ],
        0,
    );
    assert!(meant.contains("Job 3"), "whoever has it now: {meant}");
    assert_sound(&line);
}

#[test]
fn a_running_station_wipes_what_came_back_in_any_slot() {
    let line = parcels("used_keys = \"refuse\"\n");
    let first = key(&line, 1);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![first.clone()],
    );
    let came_back = [
        "keys",
        "return",
        ANNA,
        "--reason",
        "left",
        "--yes",
        "--wipe-later",
    ];
    typed(&line, &came_back, 4);
    // The policy refuses used keys, and this one is wiped before anybody could call it used.
    enroll(&line, "b.csv", &[&format!("{EMILY},parcel,")], vec![first]);
    assert_eq!(has(&line, EMILY), ["PRACTICE-000001 Keyline practi"]);
    let shown = typed(&line, &["jobs", "show", "1"], 0);
    assert!(
        shown.contains("The key that came back was wiped."),
        "{shown}"
    );
    assert_sound(&line);
}

/// Does something beside a running station.
pub(crate) fn beside_a_station(line: &Line, act: impl FnOnce(&Handle)) {
    let parts =
        station::assemble(&line.config, line.keys.clone(), Knows::nothing()).expect("a station");
    let options = Options {
        limit: None,
        until_empty: false,
        confirm_cards: ConfirmCards::Never,
        slots: station::slots(&line.config),
        actor: "4711".to_owned(),
        tick: keyline::app::station::TICK,
        waits: parts.cancel.clone(),
    };
    let desk = Desk::new(
        parts.ports.clone(),
        parts.policies.clone(),
        parts.intake.clone(),
        parts.board.clone(),
        options,
    );
    let handle = desk.handle();
    let answer = control::over_station(
        parts.ledger.clone(),
        handle.clone(),
        parts.ports.press.clone(),
        parts.board.clone(),
        attend::erasing(parts.ledger.clone()),
    );
    let path = &attend::socket_path(&line.config).expect("a place");
    let socket = control::serve(path, answer).expect("a socket");
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(desk.run()).expect("a run")
    });
    act(&handle);
    handle.ask(Request::StopNow);
    running.join().expect("a station");
    drop((socket, parts));
}

#[test]
fn a_running_station_writes_it_down_and_deletes() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    let first = key(&line, 1);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,"), &format!("{EMILY},parcel,")],
        vec![first.clone(), key(&line, 2)],
    );
    beside_a_station(&line, |_| {
        let told = typed(&line, &["handover", "--batch", "a", "--yes"], 0);
        assert!(told.contains("2 handed over now"), "{told}");
        let lost = ["keys", "lost", "2", "--reason", "stolen", "--yes"];
        let told = typed(&line, &lost, 0);
        assert!(told.contains("is deleted at Entra"), "{told}");
        assert_eq!(has(&line, EMILY), Vec::<String>::new());
        // It deletes without being asked again.
        until(|| has(&line, ANNA) == ["PRACTICE-000001 Keyline practi"]);
        let back = ["keys", "return", "1", "--reason", "left", "--yes"];
        let told = typed(&line, &back, 4);
        assert!(told.contains("any slot of the running station"), "{told}");
        let finger = touched(&first);
        line.bench
            .insert(&Bench::place(1), &first)
            .expect("a free slot");
        assert!(finger.join().expect("a finger"), "it asked for a touch");
        until(|| {
            let record = reader(&line).job(JobId(1)).expect("a ledger");
            record.expect("a job").custody.wiped
        });
    });
    assert_sound(&line);
}

/// Waits for what a station does by itself.
fn until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "the station never did it");
        std::thread::yield_now();
    }
}

#[test]
fn a_tenant_that_is_away_is_told_and_the_same_command_goes_on() {
    let line = parcels("");
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    line.tenant(|tenant| tenant.misbehave(Operation::Delete, 1, Trick::Fail { status: 403 }));
    let lost = ["keys", "lost", "1", "--reason", "stolen", "--yes"];
    let told = typed(&line, &lost, 6);
    assert!(
        told.contains("noted down") && told.contains("403"),
        "{told}"
    );
    assert_eq!(has(&line, ANNA).len(), 1);
    let told = typed(&line, &lost, 0);
    assert!(
        told.contains("is lost already") && told.contains("is deleted at Entra"),
        "{told}"
    );
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
    assert_sound(&line);
}

#[test]
fn a_command_that_is_repeated_does_not_take_the_next_key_of_that_person() {
    let line = parcels("");
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    let lost = ["keys", "lost", ANNA, "--reason", "on a train", "--yes"];
    typed(&line, &lost, 0);
    enroll(
        &line,
        "b.csv",
        &[&format!("{ANNA},parcel,yes")],
        vec![key(&line, 2)],
    );
    let kept = has(&line, ANNA);
    assert_eq!(kept.len(), 1);
    typed(&line, &lost, 2);
    assert_eq!(has(&line, ANNA), kept);
    // By its number the key in hand is meant.
    let back = [
        "keys",
        "return",
        "2",
        "--reason",
        "left",
        "--yes",
        "--wipe-later",
    ];
    let told = typed(&line, &back, 4);
    assert!(told.contains("not wiped yet"), "{told}");
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
}

#[test]
fn older_passkeys_that_are_still_there_are_told_until_they_are_gone() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    let lagging = |list_lag_seconds| {
        line.tenant(|tenant| {
            tenant.set_faults(Faults {
                list_lag_seconds,
                ..Faults::default()
            });
        });
    };
    lagging(3600);
    let still = "1 older passkey is still at Entra";
    let told = typed(&line, &["handover", "1", "--yes"], 6);
    assert!(
        told.contains("is handed over:") && told.contains("noted down") && told.contains(still),
        "{told}"
    );
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Delete)), 0);
    let told = typed(&line, &["handover", "1"], 6);
    assert!(told.contains("already") && told.contains(still), "{told}");
    // The station takes it up where the command left it.
    lagging(0);
    let (_, parts) = line.run(Knows::nothing(), Vec::new());
    drop(parts);
    line.released();
    assert_eq!(has(&line, ANNA), ["PRACTICE-000001 Keyline practi"]);
    let told = typed(&line, &["handover", "1"], 0);
    assert!(told.contains("already; nothing more"), "{told}");
    assert_sound(&line);
}

#[test]
fn what_was_never_given_out_is_not_taken_back() {
    let line = parcels("");
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    line.drop_file("b.csv", &format!("user,policy\r\n{EMILY},keep\r\n"));
    let (summary, parts) = line.run(Knows::nothing(), vec![key(&line, 2)]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    drop(parts);
    let refused = typed(
        &line,
        &["keys", "lost", "2", "--reason", "gone", "--yes"],
        3,
    );
    assert!(refused.contains("is not done"), "{refused}");
    let refused = typed(&line, &["handover", "2", "--yes"], 3);
    assert!(refused.contains("the job is not done"), "{refused}");
    typed(
        &line,
        &["keys", "scrap", "1", "--reason", "broken", "--yes"],
        0,
    );
    let refused = typed(
        &line,
        &[
            "keys",
            "return",
            "1",
            "--reason",
            "no",
            "--yes",
            "--wipe-later",
        ],
        3,
    );
    assert!(refused.contains("scrapped already"), "{refused}");
    assert_sound(&line);
}
