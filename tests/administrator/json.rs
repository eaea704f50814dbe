//! `--json`, as a script reads it: one value on stdout whatever comes of a command, what it tells is what happened, and nobody is
//! asked. Also that an answer which cannot be written is told alike by all.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use keyline::face::cli::Cli;
use keyline::practice::tenant::{Operation, Trick};
use serde_json::{Value, json};

use crate::groups::{sales, taken, waiting};
use crate::handover::{enroll, has, key, parcels, plant};
use crate::line::{Line, write};
use crate::{err, keyline, out, persons_keys, reissue};

const ANNA: &str = "anna.lang@contoso.com";
const EMILY: &str = "emily.carter@contoso.com";

/// Every command with `--json`, and what is typed behind it. Nothing here waits for a key or asks a foreign service.
const WITH_JSON: [(&str, &[&str]); 42] = [
    ("batches", &[]),
    ("check", &["--online"]),
    (
        "console user add",
        &["anna", "--role", "operator", "--passphrase-file", "none"],
    ),
    ("console user list", &[]),
    (
        "console user passphrase",
        &["anna", "--passphrase-file", "none"],
    ),
    ("console user remove", &["anna"]),
    ("entra setup", &[]),
    ("entra whoami", &[]),
    ("groups find", &["nobody"]),
    ("groups members", &["nobody"]),
    ("handover", &["1"]),
    ("jobs add", &["nobody@contoso.com"]),
    ("jobs cancel", &["1"]),
    ("jobs from-group", &["nobody", "--policy", "standard"]),
    ("jobs hold", &["1"]),
    ("jobs list", &[]),
    ("jobs release", &["1"]),
    ("jobs retry", &["1"]),
    ("jobs show", &["1"]),
    ("keys identify", &[]),
    ("keys list", &["nobody@contoso.com"]),
    ("keys lost", &["1", "--reason", "stolen"]),
    ("keys remove", &["nobody@contoso.com", "--all"]),
    ("keys return", &["1", "--reason", "left"]),
    ("keys scrap", &["1", "--reason", "broken"]),
    ("ledger verify", &[]),
    ("mailer check", &[]),
    ("mailer confirm", &["B-0042"]),
    ("mailer dispatch", &["onboarding"]),
    ("mailer reissue", &["1", "--reason", "torn"]),
    ("mailer spoil", &["1", "--reason", "torn"]),
    ("mds import", &["nowhere.jwt"]),
    ("mds show", &[]),
    ("mds update", &[]),
    ("people erase", &[ANNA]),
    ("printers", &[]),
    ("reconcile", &[]),
    ("status", &[]),
    ("stock", &[]),
    ("stock import", &["nowhere.csv"]),
    ("stock remove", &["nowhere.csv"]),
    ("users find", &["nobody"]),
];

/// What no script reads: it runs for long, asks for a secret, or gives a file.
const WITHOUT_JSON: [&str; 14] = [
    "batches papers",
    "batches slips",
    "completions",
    "demo",
    "entra login",
    "entra logout",
    "init",
    "ledger backup",
    "mailer calibrate",
    "mailer preview",
    "man",
    "pins show",
    "run",
    "slots learn",
];

/// The one value on stdout.
fn value(output: &Output) -> Value {
    let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let values: Result<Vec<Value>, _> = values.collect();
    let mut values = values.unwrap_or_else(|why| panic!("{why}: {}", out(output)));
    assert_eq!(values.len(), 1, "{} {}", out(output), err(output));
    values.remove(0)
}

/// What is told of a command that ends so.
fn told(line: &Line, code: i32, arguments: &[&str]) -> Value {
    let output = keyline(line, &[arguments, &["--json"]].concat());
    let words = err(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {words}");
    value(&output)
}

/// The failure is told to a script as it is told to people.
fn is_failure(output: &Output) {
    let (value, words) = (value(output), err(output));
    let error = &value["error"];
    let code = output.status.code().map(Value::from);
    assert_eq!(error.get("exit_code").cloned(), code, "{value} {words}");
    assert_ne!(error["exit_code"], 0, "{value}");
    for part in ["message", "hint"] {
        let text = error[part].as_str().expect("words");
        let first = text.lines().next().expect("a line");
        assert!(words.contains(first), "{part} of {value}: {words}");
    }
}

fn below(command: &clap::Command, name: &str, all: &mut BTreeMap<String, bool>) {
    let has_json = command.get_arguments().any(|one| one.get_id() == "json");
    let inner: Vec<&clap::Command> = command.get_subcommands().collect();
    if !name.is_empty() && (has_json || inner.is_empty()) {
        all.insert(name.to_owned(), has_json);
    }
    for one in inner {
        let name = format!("{name} {}", one.get_name());
        below(one, name.trim(), all);
    }
}

#[test]
fn every_command_is_known_to_tell_scripts_or_not() {
    let mut all = BTreeMap::new();
    below(&Cli::command(), "", &mut all);
    let known = WITH_JSON.iter().map(|(name, _)| (*name, true));
    let known = known.chain(WITHOUT_JSON.map(|name| (name, false)));
    let known: BTreeMap<String, bool> = known.map(|(name, json)| (name.to_owned(), json)).collect();
    assert_eq!(all, known);
}

#[test]
fn every_failure_is_one_value_besides_the_words() {
    let home = tempfile::tempdir().expect("a folder");
    let config = home.path().join("station.toml");
    write(&config, "entra = [\n");
    let typed = |name: &str, more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(name.split(' '))
            .args(more)
            .arg("--json")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .output()
            .expect("the program")
    };
    for (name, more) in WITH_JSON {
        let ended = typed(name, more);
        assert_eq!(ended.status.code(), Some(2), "{name}: {}", err(&ended));
        is_failure(&ended);
        is_failure(&typed(name, &[more, &["--no-such-option"]].concat()));
    }
}

#[test]
fn in_a_station_every_answer_is_one_value_and_says_whether_it_failed() {
    let line = Line::new(1);
    // They wait for a key, or look for what is beyond this station.
    let elsewhere = ["keys identify", "mds update", "printers"];
    for (name, more) in WITH_JSON {
        if elsewhere.contains(&name) {
            continue;
        }
        let words: Vec<&str> = name.split(' ').collect();
        let ended = keyline(&line, &[&words, more, &["--json"]].concat());
        let value = value(&ended);
        // A code that is refused is an answer.
        if err(&ended).contains("error: ") {
            is_failure(&ended);
        } else if name != "mailer confirm" {
            assert_eq!(value.get("error"), None, "{name}: {value}");
        }
    }
    let refused = told(&line, 3, &["mailer", "confirm", "B-0042"]);
    assert_eq!(refused["taken"], false);
    assert_eq!(refused["error"]["exit_code"], 3, "{refused}");
}

/// One of the list that a script reads.
fn listed(line: &Line, job: i64) -> Value {
    let all = told(line, 0, &["jobs", "list"]);
    let mut all = all.as_array().expect("a list").iter();
    let one = all.find(|one| one["job"] == job);
    one.unwrap_or_else(|| panic!("no job {job}")).clone()
}

/// The fields of the list, as the answer has them.
fn agrees_with_list(line: &Line, answer: &Value) {
    let listed = listed(line, answer["job"].as_i64().expect("a number"));
    for (field, value) in listed.as_object().expect("an object") {
        assert_eq!(answer.get(field), Some(value), "{field} of {answer}");
    }
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[test]
fn what_is_changed_is_told_with_the_job_as_it_stands_then() {
    let line = Line::new(1);
    line.drop_file("a.csv", &format!("user\r\n{ANNA}\r\n{EMILY}\r\n"));
    assert_eq!(taken(&line).len(), 2);
    let held = told(&line, 0, &["jobs", "hold", "1", "--reason", "on leave"]);
    assert_eq!(
        (&held["change"], &held["standing"]),
        (&json!("held"), &json!("held"))
    );
    assert!(
        held["held"]["message"]
            .as_str()
            .expect("words")
            .contains("on leave")
    );
    agrees_with_list(&line, &held);
    let again = keyline(&line, &["jobs", "hold", "1", "--json"]);
    assert_eq!(again.status.code(), Some(3));
    is_failure(&again);
    let released = told(&line, 0, &["jobs", "release", ANNA]);
    assert_eq!(released["change"], "released");
    agrees_with_list(&line, &released);
    let unbegun = keyline(&line, &["jobs", "retry", "1", "--json"]);
    is_failure(&unbegun);
    let cancelled = told(&line, 0, &["jobs", "cancel", "2"]);
    assert_eq!(
        (
            &cancelled["change"],
            &cancelled["standing"],
            &cancelled["begun"],
            &cancelled["void"]
        ),
        (
            &json!("cancelled"),
            &json!("cancelled"),
            &json!(false),
            &Value::Null
        )
    );
    agrees_with_list(&line, &cancelled);

    let erased = told(&line, 0, &["people", "erase", EMILY]);
    assert_eq!(
        (
            &erased["erased"],
            &erased["jobs"],
            &erased["sealed_pins"],
            &erased["batches"]
        ),
        (&json!(true), &json!(1), &json!(0), &json!(["a"]))
    );
    assert_ne!(listed(&line, 2)["user"], EMILY);
}

#[test]
fn a_letter_that_is_made_anew_or_spoiled_is_told() {
    let (line, _key) = reissue::no_letter();
    let retried = ["mailer", "reissue", "1", "--reason", "torn"];
    let reissued = told(&line, 0, &retried);
    assert_eq!(
        (&reissued["change"], &reissued["void"]),
        (&json!("reissued"), &Value::Null)
    );
    agrees_with_list(&line, &reissued);
    let retried = told(&line, 0, &["jobs", "retry", "1"]);
    assert_eq!(
        (
            &retried["change"],
            &retried["begun"],
            &retried["reissue_dropped"]
        ),
        (&json!("retried"), &json!(true), &json!(true))
    );
    agrees_with_list(&line, &retried);

    let line = parcels("");
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    let spoiled = told(&line, 0, &["mailer", "spoil", "1", "--reason", "wet"]);
    assert_eq!(
        (&spoiled["taken"], &spoiled["result"], &spoiled["item"]),
        (&json!(true), &json!("spoiled"), &json!("L-0001"))
    );
    let void = told(&line, 0, &["jobs", "show", "1"]);
    assert_eq!(void["void"].as_array().map(Vec::len), Some(1), "{void}");
}

#[test]
fn a_stock_list_is_told_with_what_the_stock_is_then() {
    let line = Line::new(1);
    let file = line.home.path().join("list.csv");
    write(
        &file,
        "serial,model\nPRACTICE-000001,Key A\nPRACTICE-000002,Key A\n",
    );
    let name = file.to_str().expect("a plain name");
    let imported = told(&line, 0, &["stock", "import", name]);
    assert_eq!(
        (&imported["imported"], &imported["listed_already"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(imported["stock"], told(&line, 0, &["stock"]));
    assert_eq!(imported["stock"]["spare"], 2);
    assert_eq!(told(&line, 0, &["status"])["stock"], imported["stock"]);
    write(&file, "PRACTICE-000001\nPRACTICE-000009\n");
    let again = told(&line, 0, &["stock", "import", name]);
    assert_eq!(
        (&again["imported"], &again["listed_already"]),
        (&json!(1), &json!(1))
    );
    let removed = told(&line, 0, &["stock", "remove", name]);
    assert_eq!(
        (&removed["removed"], &removed["not_listed"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(removed["stock"]["listed"], 1);
    write(&file, "PRACTICE-000002\nPRACTICE-000003\n");
    let removed = told(&line, 0, &["stock", "remove", name]);
    assert_eq!(
        (&removed["removed"], &removed["not_listed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        removed["stock"],
        json!({ "listed": 0, "used": 0, "spare": null, "models": [] })
    );
}

#[test]
fn a_hand_over_is_told_key_by_key_and_nobody_is_asked() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    let rows = [ANNA, EMILY].map(|user| format!("{user},parcel,"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    enroll(&line, "a.csv", &rows, vec![key(&line, 1), key(&line, 2)]);
    for wish in [
        &["handover", "1", "--json"][..],
        &["handover", "--batch", "a", "--json"],
    ] {
        let unasked = keyline(&line, wish);
        assert_eq!(unasked.status.code(), Some(2), "{}", err(&unasked));
        is_failure(&unasked);
        let words = err(&unasked);
        assert!(words.contains("Nobody is asked with --json"), "{words}");
        assert!(words.contains("--yes"), "{words}");
    }
    assert_eq!(has(&line, ANNA).len(), 2);

    let one = told(&line, 0, &["handover", "1", "--yes"]);
    assert_eq!(one["keys"][0]["result"], "handed_over");
    assert_eq!(
        (&one["keys"][0]["user"], &one["keys"][0]["envelope"]),
        (&json!(ANNA), &json!("0001"))
    );
    assert_eq!(
        (&one["older_passkeys_deleted"], &one["older_passkeys_left"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(has(&line, ANNA), ["PRACTICE-000001 Keyline practi"]);
    let again = told(&line, 0, &["handover", "1"]);
    assert_eq!(again["keys"][0]["result"], "before");

    told(&line, 0, &["mailer", "spoil", "2", "--reason", "wet"]);
    let all = told(&line, 4, &["handover", "--batch", "a", "--yes"]);
    let results: Vec<&Value> = all["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|one| &one["result"])
        .collect();
    assert_eq!(results, ["before", "not_yet"]);
    assert_eq!(all["keys"][1]["message"], "its letter is void");

    // What was given by hand was not sent.
    let dispatched = told(&line, 3, &["mailer", "dispatch", "a"]);
    let fates: Vec<&Value> = dispatched["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| &one["fate"])
        .collect();
    assert_eq!(fates, ["handed_over", "stays"]);
    let words = out(&keyline(&line, &["mailer", "dispatch", "a"]));
    assert!(
        words.contains("0 letters left before, 1 letter handed over, 1 item stay"),
        "{words}"
    );
}

#[test]
fn what_is_noted_down_is_told_also_where_entra_fails_behind_it() {
    let line = parcels("");
    plant(&line, ANNA, "old key", None);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    line.tenant(|tenant| tenant.misbehave(Operation::Delete, 9, Trick::Fail { status: 403 }));
    let output = keyline(&line, &["handover", "1", "--yes", "--json"]);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    is_failure(&output);
    let told = value(&output);
    assert_eq!(told["keys"][0]["result"], "handed_over", "{told}");
    assert_eq!(listed(&line, 1)["custody"]["handed_over"], true);
}

#[test]
fn a_key_that_is_taken_back_is_told() {
    let line = parcels("");
    let rows = [ANNA, EMILY].map(|user| format!("{user},parcel,"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    enroll(&line, "a.csv", &rows, vec![key(&line, 1), key(&line, 2)]);
    let lost = ["keys", "lost", "1", "--reason", "stolen"];
    let unasked = keyline(&line, &[&lost[..], &["--json"]].concat());
    assert_eq!(unasked.status.code(), Some(2), "{}", err(&unasked));
    is_failure(&unasked);
    assert_eq!(has(&line, ANNA).len(), 1);
    let gone = told(&line, 0, &[&lost[..], &["--yes"]].concat());
    assert_eq!(
        (
            &gone["change"],
            &gone["already"],
            &gone["passkey_deleted"],
            &gone["older_passkeys_kept"]
        ),
        (&json!("lost"), &json!(false), &json!(true), &json!(0))
    );
    assert!(gone["void"].is_string(), "{gone}");
    agrees_with_list(&line, &gone);
    assert_eq!(has(&line, ANNA), Vec::<String>::new());
    let again = told(&line, 0, &lost);
    assert_eq!(
        (&again["already"], &again["passkey_deleted"]),
        (&json!(true), &json!(true))
    );
    agrees_with_list(&line, &again);

    let back = [
        "keys",
        "return",
        "2",
        "--reason",
        "left",
        "--wipe-later",
        "--yes",
    ];
    let returned = told(&line, 4, &back);
    assert_eq!(
        (&returned["change"], &returned["wiped"]),
        (&json!("returned"), &json!(false))
    );
    agrees_with_list(&line, &returned);
    let scrapped = told(&line, 0, &["keys", "scrap", "2", "--reason", "bent"]);
    assert_eq!(scrapped["change"], "scrapped");
}

#[test]
fn passkeys_that_are_deleted_are_told_one_by_one() {
    let line = persons_keys::line();
    line.released();
    let all = ["keys", "remove", ANNA, "Phone", "Cloud"];
    let unasked = keyline(&line, &[&all[..], &["--json"]].concat());
    assert_eq!(unasked.status.code(), Some(2), "{}", err(&unasked));
    is_failure(&unasked);
    let words = err(&unasked);
    assert!(
        words.contains("2 passkeys of anna.lang@contoso.com would be deleted"),
        "{words}"
    );
    assert_eq!(persons_keys::names(&line).len(), 4);
    let before = persons_keys::listed(&line);
    line.tenant(|tenant| tenant.misbehave(Operation::Delete, 1, Trick::Fail { status: 403 }));
    let came = told(&line, 6, &[&all[..], &["--yes"]].concat());
    assert_eq!(came["user"], ANNA);
    assert_eq!(
        (&came["keys"][0]["name"], &came["keys"][0]["result"]),
        (&json!("Phone"), &json!("failed"))
    );
    assert!(came["keys"][0]["why"]["message"].is_string(), "{came}");
    assert_eq!(
        (&came["keys"][1]["name"], &came["keys"][1]["result"]),
        (&json!("Cloud"), &json!("deleted"))
    );
    // Each as the list has it.
    let phone = before
        .iter()
        .find(|one| one["name"] == "Phone")
        .expect("a phone");
    for (field, value) in phone.as_object().expect("an object") {
        assert_eq!(&came["keys"][0][field], value, "{field}");
    }
    assert_eq!(persons_keys::names(&line).len(), 3);
    let none = told(&line, 0, &["keys", "remove", EMILY, "--all"]);
    assert_eq!(none, json!({ "user": EMILY, "keys": [] }));
}

#[test]
fn people_who_come_into_the_queue_are_told() {
    let line = Line::new(1);
    sales(&line);
    let wish = ["jobs", "from-group", "Sales", "--policy", "standard"];
    let plan = told(&line, 0, &[&wish[..], &["--dry-run"]].concat());
    assert_eq!(
        (
            &plan["dry_run"],
            &plan["file"],
            &plan["group"]["display_name"]
        ),
        (&json!(true), &Value::Null, &json!("Sales"))
    );
    assert_eq!(waiting(&line).len(), 0);
    let rows = plan["rows"].as_array().expect("rows");
    let users: Vec<&str> = rows.iter().filter_map(|row| row["user"].as_str()).collect();
    assert!(users.contains(&ANNA), "{users:?}");
    let left_out = plan["left_out"].as_array().expect("people");
    let whys: Vec<&str> = left_out
        .iter()
        .filter_map(|one| one["why"].as_str())
        .collect();
    assert_eq!(whys, ["guest", "disabled", "withheld"], "{plan}");
    assert_eq!(plan["members"], rows.len() + left_out.len());

    let done = told(&line, 0, &wish);
    assert_eq!(done["rows"], plan["rows"]);
    let file = done["file"].as_str().expect("a name");
    let queued = waiting(&line);
    assert_eq!(queued.len(), 1);
    assert_eq!(
        queued[0].file_name().and_then(|name| name.to_str()),
        Some(file)
    );
    std::fs::remove_file(&queued[0]).expect("a file");

    let added = told(
        &line,
        0,
        &[
            "jobs", "add", EMILY, "--policy", "standard", "--note", "new",
        ],
    );
    assert_eq!(
        (
            &added["row"]["user"],
            &added["row"]["policy"],
            &added["row"]["note"]
        ),
        (&json!(EMILY), &json!("standard"), &json!("new"))
    );
    let queued = waiting(&line);
    assert_eq!(
        queued[0].file_name().and_then(|name| name.to_str()),
        added["file"].as_str()
    );
    let records = taken(&line);
    let taken: Vec<&str> = records
        .iter()
        .map(|one| one.job.request.user.as_str())
        .collect();
    assert_eq!(taken, [EMILY]);
}

#[test]
fn a_list_of_members_that_cannot_be_begun_is_a_failure() {
    let line = Line::new(1);
    sales(&line);
    line.tenant(|tenant| tenant.misbehave(Operation::Members, 9, Trick::Fail { status: 403 }));
    let ended = keyline(&line, &["groups", "members", "Sales", "--json"]);
    assert_eq!(ended.status.code(), Some(6), "{}", err(&ended));
    is_failure(&ended);
}

/// As typed, with a stdout that takes nothing.
fn in_vain(config: &Path, arguments: &[&str]) -> Output {
    let full = OpenOptions::new().write(true).open("/dev/full");
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(full.expect("a device that is full"))
        .stderr(Stdio::piped())
        .output()
        .expect("the program")
}

/// What a station with one enrolled key answers to people.
const ANSWERS: &[&[&str]] = &[
    &["batches"],
    &["check", "--online"],
    &["completions", "bash"],
    &["entra", "setup"],
    &["entra", "whoami"],
    &["groups", "find", "sales"],
    &["groups", "members", "Sales"],
    &["groups", "members", "Sales", "--csv"],
    &["jobs", "add", EMILY],
    &[
        "jobs",
        "from-group",
        "Sales",
        "--policy",
        "standard",
        "--dry-run",
    ],
    &["jobs", "list"],
    &["jobs", "show", "1"],
    &["keys", "list", ANNA],
    &["ledger", "verify"],
    &["mailer", "check"],
    &["mailer", "dispatch", "a", "--dry-run"],
    &["mailer", "preview", "din5008b", "-o", "-"],
    &["man"],
    &["printers", "--help"],
    &["reconcile"],
    &["status"],
    &["stock"],
    &["users", "find", "anna"],
    &["--version"],
    &["handover", "1"],
];

/// What it answers with `--json`.
const ANSWERS_TO_SCRIPTS: &[&[&str]] = &[
    &["batches"],
    &["check", "--online"],
    &["entra", "setup"],
    &["entra", "whoami"],
    &["groups", "members", "Sales"],
    &["handover", "1"],
    &["jobs", "from-group", "Sales", "--policy", "standard"],
    &["jobs", "list"],
    &["jobs", "show", "1"],
    &["keys", "list", EMILY],
    &["keys", "remove", EMILY, "--all"],
    &["ledger", "verify"],
    &["mailer", "check"],
    &["mailer", "dispatch", "a", "--dry-run"],
    &["reconcile"],
    &["status"],
    &["stock"],
];

#[test]
fn an_answer_that_cannot_be_written_ends_alike_everywhere() {
    let line = parcels("");
    sales(&line);
    enroll(
        &line,
        "a.csv",
        &[&format!("{ANNA},parcel,")],
        vec![key(&line, 1)],
    );
    let policy = line.root().join("config/policies/parcel.toml");
    let text = |path: &Path| path.to_str().expect("a plain name").to_owned();
    let (policy, identity) = (text(&policy), text(&line.identity));
    let folder = text(line.home.path());
    is_in_vain(&line, &["batches", "papers", "a", "--folder", &folder]);
    is_in_vain(&line, &["check", &policy]);
    is_in_vain(&line, &["pins", "show", "1", "--identity", &identity]);
    for arguments in ANSWERS {
        is_in_vain(&line, arguments);
    }
    for arguments in ANSWERS_TO_SCRIPTS {
        is_in_vain(&line, &[arguments, &["--json"][..]].concat());
    }
    is_in_vain(&line, &["people", "erase", ANNA]);
    // What went wrong before counts, and its words stand on stderr.
    let ended = in_vain(&line.config.file, &["jobs", "show", "99", "--json"]);
    assert_eq!(ended.status.code(), Some(2), "{}", err(&ended));
    assert!(err(&ended).contains("No job fits"), "{}", err(&ended));
}

fn is_in_vain(line: &Line, arguments: &[&str]) {
    let ended = in_vain(&line.config.file, arguments);
    let words = err(&ended);
    assert_eq!(ended.status.code(), Some(8), "{arguments:?}: {words}");
    assert!(words.contains("The answer could not be written"), "{words}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let line = Line::new(1);
    for arguments in [
        &["jobs", "list"][..],
        &["jobs", "list", "--json"],
        &["jobs", "show", "99", "--json"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(arguments)
            .arg("--config")
            .arg(&line.config.file)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the program");
        let code = if arguments.contains(&"99") { 2 } else { 0 };
        let words = err(&ended);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {words}");
        assert!(!words.contains("written"), "{words}");
    }
}
