//! `keyline reconcile`, as typed, against the practice tenant with something planted on either side.

use std::sync::Arc;

use keyline::adapter::entra::Entra;
use keyline::adapter::ledger::SqliteLedger;
use keyline::adapter::system::SystemClock;
use keyline::app::station::{Desk, Options, Request};
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{CredentialId, MethodId};
use keyline::domain::event::{Evidence, Happening};
use keyline::domain::job::JobId;
use keyline::domain::station::signal::ConfirmCards;
use keyline::face::control::{self, Ask};
use keyline::face::say::ExitCode;
use keyline::port::{CancelFlag, Ledger, PasskeyState, RelyingParty};
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{Existing, Operation, Trick};
use keyline::wire::{attend, station};
use serde_json::Value;

use crate::line::{Knows, Line};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
const EMILY: &str = "emily.carter@contoso.com";
const JUERGEN: &str = "juergen.mueller@contoso.com";
/// Microsoft Authenticator on Android.
const PHONE: &str = "de1e552d-db1d-4423-a619-566b625cdc84";

fn existing(name: &str, credential: Option<CredentialId>) -> Existing {
    Existing {
        display_name: name.to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: credential,
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    }
}

/// Anna and Emily are enrolled; Juergen's passkey was refused, and his job cancelled. Returns that passkey.
fn line() -> (Line, CredentialId) {
    let line = Line::new(1);
    line.drop_file("a.csv", &format!("user\r\n{ANNA}\r\n{EMILY}\r\n"));
    let keys = (1..=2).map(|number| line.maker.make(number).expect("a key"));
    let (summary, parts) = line.run(Knows::nothing(), keys.collect());
    assert_eq!(summary.done, 2, "{summary:?}");
    drop(parts);
    line.tenant(|tenant| {
        tenant.misbehave(Operation::Register, 1, Trick::Fail { status: 400 });
    });
    line.drop_file("b.csv", &format!("user\r\n{JUERGEN}\r\n"));
    let key = line.maker.make(3).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    drop(parts);
    assert!(keyline(&line, &["jobs", "cancel", "3"]).status.success());
    let journal = reader(&line).journal(JobId(3)).expect("a journal");
    let made = journal
        .into_iter()
        .find_map(|row| match row.event.happening {
            Happening::Done {
                evidence: Evidence::Made { credential, .. },
                ..
            } => Some(credential),
            _ => None,
        });
    (line, made.expect("a passkey"))
}

fn reader(line: &Line) -> SqliteLedger {
    SqliteLedger::open_reader(&line.config.path(&line.config.ledger.file)).expect("a ledger")
}

/// Somebody deletes a passkey in the portal.
fn delete_at_entra(line: &Line, user: &str, method: &MethodId) {
    let entra = Entra::new(
        line.config.entra(),
        line.config.entra.client_secret.clone(),
        Arc::new(SystemClock),
        CancelFlag::default(),
    );
    entra
        .expect("an address")
        .delete(user, method)
        .expect("a deletion");
}

fn methods(line: &Line, user: &str) -> Vec<MethodId> {
    let all = line
        .tenant(|tenant| tenant.credentials(user))
        .expect("a user");
    all.into_iter().map(|one| one.method).collect()
}

fn plant(line: &Line, user: &str, existing: Existing) -> MethodId {
    let planted = line.tenant(|tenant| tenant.add_existing(user, existing));
    planted.expect("room for it").method
}

fn json(line: &Line, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = keyline(line, &[&["reconcile", "--json"], arguments].concat());
    let value = serde_json::from_slice(&output.stdout);
    (
        output.status.code(),
        value.unwrap_or_else(|_| panic!("{}", err(&output))),
    )
}

fn whats(value: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or("").to_owned();
    let all = value["differences"].as_array().expect("a list").iter();
    all.map(|one| (text(one, "user"), text(one, "what")))
        .collect()
}

#[test]
fn two_sides_that_agree_are_told_so_in_one_word_for_scripts() {
    let (line, _) = line();
    let agreed = keyline(&line, &["reconcile"]);
    assert_eq!(agreed.status.code(), Some(0), "{}", err(&agreed));
    assert_eq!(
        out(&agreed),
        "The ledger and the tenant agree.\n\n3 people compared: 2 passkeys agree.\nNot of this station, and not judged: 0 security keys, 0 passkeys in phones or computers.\n"
    );
    assert_eq!(err(&agreed), "");
    let (code, value) = json(&line, &["--delete"]);
    assert_eq!((code, whats(&value)), (Some(0), Vec::new()));
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Delete)), 0);
}

/// What lies at the tenant that should not, or should not be touched.
struct Planted {
    /// Anna's, which somebody deleted in the portal.
    missing: MethodId,
    /// Emily's phone, and a passkey of hers that is named as ours are.
    emilys: [MethodId; 2],
    /// A key that Juergen had before us.
    own: MethodId,
}

/// Juergen's lost passkey came through late; and something of every other kind.
fn plant_everything(line: &Line, lost: &CredentialId) -> Planted {
    let missing = methods(line, ANNA).remove(0);
    delete_at_entra(line, ANNA, &missing);
    plant(line, JUERGEN, existing("late", Some(lost.clone())));
    let phone = Existing {
        aaguid: Aaguid::try_from(PHONE).expect("an AAGUID"),
        ..existing("a phone", None)
    };
    let emily = reader(line)
        .job(JobId(2))
        .expect("a ledger")
        .expect("a job");
    let name = format!("{} Practice Key", emily.serial.expect("a serial"));
    Planted {
        missing,
        emilys: [
            plant(line, EMILY, phone),
            plant(line, EMILY, existing(&name, None)),
        ],
        own: plant(line, JUERGEN, existing("his own key", None)),
    }
}

#[test]
fn both_directions_are_told_and_nothing_is_touched() {
    let (line, lost) = line();
    let planted = plant_everything(&line, &lost);
    let told = keyline(&line, &["reconcile"]);
    assert_eq!(told.status.code(), Some(4), "{}", err(&told));
    let (said, talk) = (out(&told), err(&told));
    for part in [
        "3 differences between the ledger and the tenant.",
        "registered in the ledger, but not at Entra",
        "given up in the journal, but at Entra",
        "named like a key of this station, but not in the ledger",
        "3 people compared: 1 passkey agrees.",
        "1 security key, 1 passkey in phones",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    assert!(
        talk.contains("hint: ") && talk.contains("reconcile --delete"),
        "{talk}"
    );
    assert!(!said.contains("hint"), "{said}");

    let (code, value) = json(&line, &[]);
    assert_eq!(code, Some(4));
    let expected = [
        (ANNA, "missing"),
        (EMILY, "unclaimed"),
        (JUERGEN, "abandoned"),
    ];
    let expected = expected.map(|(user, what)| (user.to_owned(), what.to_owned()));
    assert_eq!(whats(&value), expected);
    assert_eq!(value["differences"][0]["method"], planted.missing.0);
    assert_eq!(value["differences"][2]["credential"], lost.to_string());
    assert_eq!(value["differences"][2]["job"], 3);
    assert_eq!(
        (&value["agreeing"], &value["people"]),
        (&1.into(), &3.into())
    );
    assert_eq!(value["foreign"]["other_passkeys"], 1);
    let deleted = line.tenant(|tenant| tenant.requests(Operation::Delete));
    assert_eq!(deleted, 1, "by hand, and no other");
}

#[test]
fn only_what_the_journal_calls_abandoned_is_deleted_and_only_on_request() {
    let (line, lost) = line();
    let planted = plant_everything(&line, &lost);
    let (code, value) = json(&line, &["--delete"]);
    assert_eq!(code, Some(4), "two are left");
    assert_eq!(value["differences"][2]["removal"], "deleted");
    assert_eq!(value["differences"][0]["removal"], Value::Null);
    assert_eq!(value["differences"][1]["removal"], Value::Null);
    assert_eq!(methods(&line, JUERGEN), [planted.own]);
    let emily = methods(&line, EMILY);
    assert_eq!(emily.len(), 3, "{emily:?}");
    assert!(
        planted.emilys.iter().all(|one| emily.contains(one)),
        "{emily:?}"
    );
    let deleted = line.tenant(|tenant| tenant.requests(Operation::Delete));
    assert_eq!(deleted, 2, "one by hand, one by us");
    let (code, value) = json(&line, &["--user", JUERGEN]);
    assert_eq!((code, whats(&value)), (Some(0), Vec::new()));
    assert_eq!(value["people"], 1);
}

#[test]
fn beside_a_running_station_the_station_deletes() {
    let (line, lost) = line();
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
    let erase = attend::erasing(parts.ledger.clone());
    let answer = control::over_station(
        parts.ledger.clone(),
        handle.clone(),
        parts.ports.press.clone(),
        parts.board.clone(),
        erase,
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
    // Anybody of the station's user may ask for anything.
    let unknown = Ask::Reopen {
        credential: CredentialId(vec![0, 0, 0]),
        actor: "x".to_owned(),
    };
    let refused = control::ask(path, &unknown)
        .expect("a socket")
        .expect("an answer")
        .into_result()
        .expect_err("nobody knows it");
    assert_eq!(refused.exit, ExitCode::Usage, "{}", refused.message);
    // First its next look is minutes away, then nobody looks for it any more.
    for name in ["late", "later"] {
        plant(&line, JUERGEN, existing(name, Some(lost.clone())));
        let (code, value) = json(&line, &[]);
        assert_eq!((code, whats(&value).len()), (Some(4), 1), "{name}");
        assert_eq!(methods(&line, JUERGEN).len(), 1, "looking changes nothing");
        let (code, value) = json(&line, &["--delete"]);
        assert_eq!(code, Some(0), "{name}: {value}");
        assert_eq!(value["differences"][0]["removal"], "deleted");
        assert_eq!(methods(&line, JUERGEN), []);
        let passkey = reader(&line).passkey(&lost).expect("a ledger");
        assert_eq!(passkey.expect("a passkey").state, PasskeyState::Gone);
    }
    handle.ask(Request::StopNow);
    running.join().expect("a station");
    drop((socket, parts));
    let (code, value) = json(&line, &[]);
    assert_eq!((code, whats(&value)), (Some(0), Vec::new()));
}

#[test]
fn people_who_are_named_in_two_ways_unknown_or_erased_are_no_difference() {
    let line = Line::new(1);
    let anna = line.tenant(|tenant| {
        let people = tenant.people();
        people
            .into_iter()
            .find(|person| person.upn == ANNA)
            .expect("Anna")
    });
    line.drop_file(
        "a.csv",
        &format!(
            "user,role\r\n{ANNA},primary\r\n{},backup\r\n{EMILY},primary\r\n",
            anna.id
        ),
    );
    let keys = (1..=3).map(|number| line.maker.make(number).expect("a key"));
    let (summary, parts) = line.run(Knows::nothing(), keys.collect());
    assert_eq!(summary.done, 3, "{summary:?}");
    drop(parts);
    assert!(keyline(&line, &["people", "erase", EMILY]).status.success());
    let (code, value) = json(&line, &[]);
    assert_eq!((code, whats(&value)), (Some(0), Vec::new()), "{value}");
    assert_eq!(
        (&value["people"], &value["agreeing"]),
        (&2.into(), &2.into())
    );

    let unknown = keyline(&line, &["reconcile", "--user", "zoe@contoso.com"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", err(&unknown));
    assert!(err(&unknown).contains("knows no user `zoe@contoso.com`"));
    assert_eq!(out(&unknown), "");
}

#[test]
fn a_tenant_that_does_not_answer_ends_it_in_words() {
    let (line, _) = line();
    line.tenant(|tenant| {
        let wait = Trick::Throttle {
            retry_after_seconds: Some(1),
            as_date: false,
        };
        tenant.misbehave(Operation::List, 2, wait);
    });
    assert_eq!(keyline(&line, &["reconcile"]).status.code(), Some(0));
    line.tenant(|tenant| tenant.misbehave(Operation::List, 1, Trick::Fail { status: 403 }));
    let refused = keyline(&line, &["reconcile"]);
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(out(&refused).contains("Not compared:"), "{}", out(&refused));
    assert!(
        out(&refused).contains("2 people compared"),
        "{}",
        out(&refused)
    );
    let tenant = line.tenant.lock().expect("a tenant").take();
    drop(tenant);
    let away = keyline(&line, &["reconcile", "--json"]);
    assert_eq!(away.status.code(), Some(6), "{}", err(&away));
    assert!(
        err(&away).contains("does not answer: 127.0.0.1 cannot be reached (Connection refused"),
        "{}",
        err(&away)
    );
    let told: Value = serde_json::from_str(&out(&away)).expect("JSON");
    assert_eq!(told["compared"], false, "{told}");
    assert!(err(&away).contains(told["error"]["message"].as_str().expect("words")));
}

#[test]
fn whoever_types_it_is_told_how_the_service_gets_its_credential() {
    let (line, _) = line();
    let file = &line.config.file;
    let text = std::fs::read_to_string(file).expect("the configuration");
    let old = text
        .lines()
        .find(|line| line.trim_start().starts_with("client_secret"))
        .expect("the setting");
    let text = text.replace(old, "client_secret = { credential = \"client-secret\" }");
    std::fs::write(file, text).expect("written");
    let refused = keyline(&line, &["reconcile"]);
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(
        err(&refused).contains("put this, with the user and the file of your unit: `sudo systemd-run --pipe --wait --uid=keyline --property=LoadCredential=client-secret:/etc/keyline/client-secret`"),
        "{}",
        err(&refused)
    );
    assert_eq!(out(&refused), "");
}
