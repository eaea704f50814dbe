//! `keyline keys list` and `keyline keys remove`, as typed, against the practice tenant.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::app::station::Request;
use keyline::domain::authenticator::Aaguid;
use keyline::face::control;
use keyline::port::{Ledger as _, PasskeyState};
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{Existing, Operation, Trick};
use keyline::wire::attend;
use keyline::wire::station::open_ledger;
use serde_json::Value;

use crate::line::{Knows, Line};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
/// Microsoft Authenticator on Android.
const PHONE: &str = "de1e552d-db1d-4423-a619-566b625cdc84";
const PATIENCE: Duration = Duration::from_secs(20);

fn plant(line: &Line, name: &str, aaguid: Aaguid, synced: bool) {
    let existing = Existing {
        display_name: name.to_owned(),
        aaguid,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: None,
        synced,
    };
    line.tenant(|tenant| tenant.add_existing(ANNA, existing))
        .expect("room for it");
}

/// Anna has a key from here, an older one, one in her phone and a synced one.
pub(crate) fn line() -> Line {
    let line = Line::new(1);
    line.drop_file("a.csv", &format!("user\r\n{ANNA}\r\n"));
    let key = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    plant(&line, "Old \u{202E}key", PRACTICE_AAGUID, false);
    let phone = Aaguid::try_from(PHONE).expect("an AAGUID");
    plant(&line, "Phone", phone, false);
    plant(&line, "Cloud", Aaguid([7; 16]), true);
    line
}

pub(crate) fn names(line: &Line) -> Vec<String> {
    let all = line.tenant(|tenant| tenant.credentials(ANNA));
    let all = all.expect("a user").into_iter();
    all.map(|one| one.display_name).collect()
}

fn remove(line: &Line, arguments: &[&str]) -> std::process::Output {
    keyline(line, &[&["keys", "remove", ANNA], arguments].concat())
}

pub(crate) fn listed(line: &Line) -> Vec<Value> {
    let listed = keyline(line, &["keys", "list", ANNA, "--json"]);
    assert!(listed.status.success(), "{}", err(&listed));
    let value: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    value["keys"].as_array().expect("a list").clone()
}

fn reader(line: &Line) -> SqliteLedger {
    SqliteLedger::open_reader(&line.config.path(&line.config.ledger.file)).expect("a ledger")
}

fn is_sound(line: &Line) {
    let verdict = reader(line).verify(None).expect("a verdict");
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
}

#[test]
fn a_persons_keys_are_listed_with_what_this_station_knows_of_them() {
    let line = line();
    let keys = listed(&line);
    let of = |name: &str| {
        let mut found = keys.iter();
        let found = found.find(|key| key["name"].as_str().is_some_and(|it| it.contains(name)));
        found.unwrap_or_else(|| panic!("{name}: {keys:?}")).clone()
    };
    let ours = of("PRACTICE-000001");
    assert_eq!(ours["attested"], true);
    assert_eq!(ours["synced"], false);
    assert_eq!(ours["security_key"], true);
    assert_eq!(ours["enrolled"]["envelope"], "0001");
    assert_eq!(ours["enrolled"]["serial"], "PRACTICE-000001");
    assert_eq!(ours["enrolled"]["batch"], "a");
    assert_eq!(ours["aaguid"], PRACTICE_AAGUID.to_string());
    assert!(ours["added"].as_str().is_some());
    let cloud = of("Cloud");
    assert_eq!(
        (&cloud["synced"], &cloud["enrolled"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert_eq!(of("Phone")["security_key"], false);

    // Beside a running station as well.
    let held = open_ledger(&line.config).expect("a ledger");
    let shown = keyline(&line, &["keys", "list", ANNA]);
    assert!(shown.status.success(), "{}", err(&shown));
    let shown = out(&shown);
    assert!(!shown.contains('\u{202E}'), "{shown}");
    assert!(shown.contains("Old \u{FFFD}key\n"), "{shown}");
    assert!(
        shown.contains("here: envelope 0001, batch a, serial PRACTICE-000001, job 1 done"),
        "{shown}"
    );
    assert!(shown.contains("attested  yes"), "{shown}");
    drop(held);

    let nobody = keyline(&line, &["keys", "list", "nobody@contoso.com"]);
    assert!(!nobody.status.success());
    assert!(
        err(&nobody).contains("does not know this user"),
        "{}",
        err(&nobody)
    );
}

#[test]
fn nothing_goes_unasked_or_unclear() {
    let line = line();
    for (arguments, exit, says) in [
        (&["Phone"][..], 2, "Nobody can be asked"),
        (&["nonsense", "--yes"], 2, "has no passkey `nonsense`"),
        (&["--all", "Phone", "--yes"], 2, "cannot be used with"),
        (&[], 2, "required"),
    ] {
        let refused = remove(&line, arguments);
        assert_eq!(refused.status.code(), Some(exit), "{}", err(&refused));
        assert!(err(&refused).contains(says), "{}", err(&refused));
        assert_eq!(names(&line).len(), 4);
    }
    // What would have been lost was told.
    let told = err(&remove(&line, &["--all-passkeys"]));
    for word in [
        "4 passkeys of",
        "Phone",
        "Cloud",
        "envelope 0001",
        "has no other passkey",
    ] {
        assert!(told.contains(word), "{told}");
    }
    assert_eq!(reader(&line).open_removals().expect("a ledger"), []);
}

#[test]
fn what_is_named_goes_and_the_ledger_knows() {
    let line = line();
    let one = remove(
        &line,
        &["Phone", "--yes", "--reason", "Anna's phone is lost"],
    );
    assert!(one.status.success(), "{}", err(&one));
    assert_eq!(out(&one), "Phone: deleted\n");
    assert!(!err(&one).contains("no other passkey"), "{}", err(&one));
    plant(
        &line,
        "Phone",
        Aaguid::try_from(PHONE).expect("an AAGUID"),
        false,
    );
    let rest = remove(&line, &["--all", "--yes"]);
    assert!(rest.status.success(), "{}", err(&rest));
    let mut left = names(&line);
    left.sort();
    assert_eq!(
        left,
        ["Cloud", "Phone"],
        "passkeys elsewhere are no security keys"
    );
    let ledger = reader(&line);
    let passkeys = ledger.passkeys_of_user(ANNA).expect("a ledger");
    assert_eq!(passkeys[0].state, PasskeyState::Gone);
    assert_eq!(ledger.live_methods(ANNA).expect("a ledger"), []);
    drop(ledger);
    is_sound(&line);
    let agreed = keyline(&line, &["reconcile"]);
    assert_eq!(agreed.status.code(), Some(0), "{}", out(&agreed));
    let audit = keyline(&line, &["ledger", "verify"]);
    assert!(audit.status.success(), "{}", err(&audit));
    // Whose they were goes with the person, and the chain still verifies.
    assert!(keyline(&line, &["people", "erase", ANNA]).status.success());
    let bytes = std::fs::read(line.config.path(&line.config.ledger.file)).expect("a ledger");
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    assert!(!text.contains("anna"), "the reason named her");
    is_sound(&line);
}

#[test]
fn a_key_whose_job_is_not_done_goes_only_when_that_is_said() {
    let line = line();
    // The letter of a second key waits for its confirmation: its job is under way, its passkey registered.
    let policies = line.config.path(&line.config.queue.policies);
    crate::line::write(&policies.join("scanned.toml"), "confirm = \"scan\"\n");
    line.drop_file(
        "b.csv",
        &format!("user,role,policy\r\n{ANNA},backup,scanned\r\n"),
    );
    let key = line.maker.make(2).expect("a key");
    let (_, parts) = line.run_attended(Knows::nothing(), vec![key], |parts, station| {
        let (board, station) = (parts.board.clone(), station.clone());
        std::thread::spawn(move || {
            while board.view().unconfirmed.is_empty() {
                std::thread::sleep(Duration::from_millis(10));
            }
            station.ask(Request::Stop);
        });
    });
    drop(parts);
    let refused = remove(&line, &["PRACTICE-000002", "--yes"]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    assert!(err(&refused).contains("counts on it"), "{}", err(&refused));
    assert!(
        err(&refused).contains("keyline jobs cancel 2"),
        "{}",
        err(&refused)
    );
    assert_eq!(names(&line).len(), 5);
    let forced = remove(&line, &["PRACTICE-000002", "--yes", "--of-open-jobs"]);
    assert!(forced.status.success(), "{}", err(&forced));
    assert_eq!(names(&line).len(), 4);
}

#[test]
fn one_that_is_refused_does_not_keep_the_others() {
    let line = line();
    line.tenant(|tenant| {
        tenant.misbehave(Operation::Delete, 1, Trick::Fail { status: 400 });
    });
    let ended = remove(&line, &["--all", "--yes"]);
    assert_eq!(ended.status.code(), Some(6), "{}", err(&ended));
    assert!(
        err(&ended).contains("then give the command again"),
        "{}",
        err(&ended)
    );
    let said = out(&ended);
    assert_eq!(said.matches(": deleted\n").count(), 1, "{said}");
    assert_eq!(said.matches(": not deleted: ").count(), 1, "{said}");
    assert_eq!(names(&line).len(), 3);
    assert_eq!(reader(&line).open_removals().expect("a ledger"), []);
    is_sound(&line);
}

#[test]
fn a_removal_that_is_cut_down_was_written_before_and_is_told_afterwards() {
    let line = line();
    line.tenant(|tenant| {
        tenant.misbehave(Operation::Delete, 1, Trick::Slow { millis: 60_000 });
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["keys", "remove", ANNA, "Cloud", "--yes", "--config"])
        .arg(&line.config.file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let until = Instant::now() + PATIENCE;
    while line.tenant(|tenant| tenant.requests(Operation::Delete)) == 0 {
        assert!(Instant::now() < until, "no DELETE came");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("a child");
    child.wait().expect("a child");
    let open = reader(&line).open_removals().expect("a ledger");
    assert_eq!(open.len(), 1, "it stands in the ledger before the DELETE");
    assert_eq!(
        (open[0].removal.name.as_str(), open[0].removal.user.as_str()),
        ("Cloud", ANNA)
    );
    is_sound(&line);

    // The next run tells, whoever runs: looking, the station, and the next removal, which settles it.
    let shown = keyline(&line, &["keys", "list", ANNA]);
    assert!(err(&shown).contains("passkey `Cloud`"), "{}", err(&shown));
    assert!(err(&shown).contains("was cut off"), "{}", err(&shown));
    let (_, parts) = line.run(Knows::nothing(), Vec::new());
    let news = format!("{:?}", parts.board.take_news());
    drop(parts);
    assert!(news.contains("passkey `Cloud`"), "{news}");
    let still = names(&line).iter().any(|name| name == "Cloud");
    let next = remove(&line, &[if still { "Cloud" } else { "Phone" }, "--yes"]);
    assert!(next.status.success(), "{}", err(&next));
    assert!(err(&next).contains("was cut off"), "{}", err(&next));
    assert_eq!(reader(&line).open_removals().expect("a ledger"), []);
    is_sound(&line);
}

#[test]
fn beside_a_running_station_it_is_the_station_that_writes() {
    let line = line();
    plant(&line, "Spare", PRACTICE_AAGUID, false);
    let list = line.home.path().join("list.csv");
    crate::line::write(&list, "serial\nPRACTICE-000001\nPRACTICE-000002\n");
    let list = list.to_string_lossy().into_owned();
    std::thread::scope(|scope| {
        // A job that nobody brings a key for keeps the station running until it is told to end.
        line.drop_file("b.csv", "user\r\nemily.carter@contoso.com\r\n");
        let (_, parts) = line.run_attended(Knows::nothing(), Vec::new(), |parts, station| {
            let answer = control::over_station(
                parts.ledger.clone(),
                station.clone(),
                parts.ports.press.clone(),
                parts.board.clone(),
                attend::erasing(parts.ledger.clone()),
            );
            let path = attend::socket_path(&line.config).expect("a place");
            let server = control::serve(&path, answer).expect("a socket");
            let (board, station) = (parts.board.clone(), station.clone());
            let (line, list) = (&line, &list);
            scope.spawn(move || {
                let until = Instant::now() + PATIENCE;
                while board.view().counts.waiting == 0 && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(10));
                }
                let gone = remove(line, &["Spare", "--yes"]);
                let imported = keyline(line, &["stock", "import", list]);
                let spare = board.view().counts.spare;
                station.ask(Request::Stop);
                assert!(gone.status.success(), "{}", err(&gone));
                assert!(imported.status.success(), "{}", err(&imported));
                assert_eq!(spare, Some(1), "one of the two is Anna's");
            });
            server
        });
        drop(parts);
    });
    assert!(!names(&line).iter().any(|name| name == "Spare"));
    assert_eq!(reader(&line).open_removals().expect("a ledger"), []);
    is_sound(&line);
}
