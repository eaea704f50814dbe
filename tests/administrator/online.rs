//! `keyline check --online`, as typed, on a whole station before the practice tenant: each line's ok, warning and stop, and what
//! the trial with a test passkey leaves behind, which is nothing.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyline::adapter::ledger::SqliteLedger;
use keyline::port::TrialBook;
use keyline::practice::tenant::{
    EVERY_PERMISSION, Faults, Misbehaviour, Operation, PracticeGroup, TenantSetup, Trick,
};
use keyline::wire::station;
use serde_json::{Value, json};

use super::{err, keyline, out};
use crate::line::{Knows, Line};

const TESTER: &str = "emily.carter@contoso.com";
const LEAST: &str = "UserAuthMethod-Passkey.ReadWrite.All";

/// A station without readers: what is connected here is no matter of these tests.
fn line() -> Line {
    line_with(consented())
}

/// A tenant whose administrator has consented to everything.
fn consented() -> TenantSetup {
    TenantSetup {
        permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
        ..TenantSetup::default()
    }
}

fn line_with(setup: TenantSetup) -> Line {
    let home = tempfile::tempdir().expect("a folder");
    let settings = vec![
        ("slots", "readers", toml::Value::Boolean(false)),
        ("entra", "timeout_seconds", toml::Value::Integer(5)),
    ];
    Line::set(home, 1, setup, settings)
}

/// The exit code and the rows: topic, grade, found, todo.
struct Seen {
    code: Option<i32>,
    value: Value,
}

impl Seen {
    fn of(line: &Line, more: &[&str]) -> Self {
        let output = keyline(line, &[&["check", "--online", "--json"], more].concat());
        let value = serde_json::from_slice(&output.stdout);
        let seen = Self {
            code: output.status.code(),
            value: value.unwrap_or_else(|_| panic!("{}{}", out(&output), err(&output))),
        };
        // The hint of the whole refers to it.
        for row in seen.rows().iter().filter(|row| row["grade"] == "stop") {
            assert!(row["todo"].is_string(), "{row:#}");
        }
        seen
    }

    fn rows(&self) -> &[Value] {
        self.value["rows"].as_array().map_or(&[], Vec::as_slice)
    }

    /// That there is a row of this topic and grade with these words, and what it says to do.
    #[track_caller]
    fn has(&self, topic: &str, grade: &str, words: &str) -> String {
        let row = self.rows().iter().find(|row| {
            row["topic"] == topic
                && row["grade"] == grade
                && row["found"]
                    .as_str()
                    .is_some_and(|found| found.contains(words))
        });
        let row =
            row.unwrap_or_else(|| panic!("no {grade} {topic} with `{words}`: {:#}", self.value));
        row["todo"].as_str().unwrap_or("").to_owned()
    }

    #[track_caller]
    fn ends(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{:#}", self.value);
        assert_eq!(self.value["ready"], code == 0, "{:#}", self.value);
    }
}

fn change_policy(line: &Line, pointer: &str, to: Value) {
    line.tenant(|tenant| {
        let mut policy = tenant.policy();
        *policy.pointer_mut(pointer).expect("a member") = to;
        tenant.set_policy(policy);
    });
}

fn left_at_entra(line: &Line) -> usize {
    line.tenant(|tenant| tenant.credentials(TESTER))
        .expect("a user")
        .len()
}

fn open_trial(line: &Line) -> bool {
    let path = line.config.path(&line.config.ledger.file);
    let ledger = SqliteLedger::open_reader(&path).expect("a ledger");
    ledger.open_trial().expect("a look").is_some()
}

#[test]
fn a_tenant_and_a_station_that_are_right_are_ready() {
    let line = line();
    let began = Instant::now();
    let seen = Seen::of(&line, &[]);
    assert!(began.elapsed() < Duration::from_secs(10));
    seen.ends(0);
    for (topic, words) in [
        ("configuration", "policies can be used"),
        ("sign_in", "Microsoft Graph answers"),
        ("clock", "Agrees with Microsoft's."),
        (
            "permission",
            "UserAuthMethod-Passkey.ReadWrite.All: registering",
        ),
        ("permission", "Member.Read.Hidden"),
        ("tenant_policy", "self-service set-up is allowed"),
        (
            "tenant_policy",
            "For all users: security keys, attestation not enforced, any model",
        ),
        ("printer", "letters become files"),
        ("readers", "Not watched"),
        ("disk", "free for the ledger"),
        ("ledger", "Whole, and new."),
    ] {
        seen.has(topic, "ok", words);
    }
    assert_eq!(seen.value["passkey_policy"]["self_service"], true);
    assert_eq!(seen.value["permissions"][0]["given_by"], LEAST);
    let table = keyline(&line, &["check", "--online"]);
    let told = out(&table);
    assert_eq!(err(&table), "");
    assert!(told.contains("\nReady for the first key"), "{told}");
    // Nothing was asked of anybody's passkeys, and nothing was written.
    for on in [
        Operation::CreationOptions,
        Operation::Register,
        Operation::List,
    ] {
        assert_eq!(line.tenant(|tenant| tenant.requests(on)), 0, "{on:?}");
    }
}

#[test]
fn a_permission_that_is_missing_is_named_with_the_way_to_it() {
    let line = line_with(TenantSetup {
        permissions: vec!["Policy.Read.All".to_owned()],
        ..TenantSetup::default()
    });
    let seen = Seen::of(&line, &[]);
    seen.ends(6);
    let todo = seen.has("permission", "stop", &format!("{LEAST} is not given"));
    for words in [
        "Application permissions",
        &format!("search for `{LEAST}`"),
        "Grant admin consent",
    ] {
        assert!(todo.contains(words), "{words}: {todo}");
    }
    seen.has("permission", "warning", "User.ReadBasic.All is not given");
    seen.has("permission", "warning", "GroupMember.Read.All is not given");
    seen.has("permission", "ok", "Member.Read.Hidden is not given");
    // Nothing here sends mail, so nobody is asked for the right to.
    assert!(!seen.value.to_string().contains("Mail.Send"));
    // For people the permissions of one kind stand in one line.
    let told = out(&keyline(&line, &["check", "--online"]));
    let all = "search for `User.ReadBasic.All`, then for `GroupMember.Read.All`, add each";
    assert!(told.contains(all), "{told}");
    assert!(told.contains("\nNot ready: 1 thing to mend"), "{told}");
}

#[test]
fn a_broader_permission_does_as_well_and_a_denied_policy_is_a_warning() {
    let line = line_with(TenantSetup {
        permissions: vec!["UserAuthenticationMethod.ReadWrite.All".to_owned()],
        ..TenantSetup::default()
    });
    let seen = Seen::of(&line, &[]);
    seen.ends(0);
    seen.has(
        "permission",
        "ok",
        "given by UserAuthenticationMethod.ReadWrite.All",
    );
    let todo = seen.has(
        "tenant_policy",
        "warning",
        "403 Authorization_RequestDenied",
    );
    assert!(todo.contains("the permission `Policy.Read.All`"), "{todo}");
    seen.has("permission", "warning", "Policy.Read.All is not given");
}

#[test]
fn a_policy_that_is_off_closed_or_for_nobody_stops_the_work() {
    for (pointer, to, words, way) in [
        (
            "/state",
            json!("disabled"),
            "disabled in this tenant",
            "set Enable to On",
        ),
        (
            "/isSelfServiceRegistrationAllowed",
            json!(false),
            "Self-service set-up is off",
            "Allow self-service set up",
        ),
        (
            "/includeTargets",
            json!([]),
            "for nobody",
            "include all users",
        ),
        (
            "/keyRestrictions",
            json!({ "isEnforced": true, "enforcementType": "allow", "aaGuids": [] }),
            "No passkey profile in use takes any security key",
            "device-bound",
        ),
    ] {
        let line = line();
        change_policy(&line, pointer, to);
        let seen = Seen::of(&line, &[]);
        seen.ends(6);
        let todo = seen.has("tenant_policy", "stop", words);
        assert!(todo.contains(way), "{todo}");
    }
}

#[test]
fn enforced_attestation_is_worth_a_look() {
    let line = line();
    change_policy(&line, "/isAttestationEnforced", json!(true));
    let seen = Seen::of(&line, &[]);
    seen.ends(0);
    let todo = seen.has("tenant_policy", "warning", "attestation enforced");
    assert!(todo.contains("FIDO Metadata Service"), "{todo}");
}

#[test]
fn profiles_and_lists_of_models_are_told_with_whom_they_are_for() {
    let line = line();
    let group = "5a3b1d90-0000-4000-8000-00000000000a";
    let profile = |id: &str, name: &str, kind: &str, models: &[&str]| {
        json!({
            "id": id, "name": name, "passkeyTypes": "deviceBound", "attestationEnforcement": "disabled",
            "keyRestrictions": { "isEnforced": true, "enforcementType": kind, "aaGuids": models },
        })
    };
    let (ours, other) = (
        "2fc0579f-8113-47ea-b116-bb5a8db9202a",
        "de1e552d-db1d-4423-a619-566b625cdc84",
    );
    line.tenant(|tenant| {
        tenant.set_policy(json!({
            "id": "Fido2", "state": "enabled", "isSelfServiceRegistrationAllowed": true,
            "passkeyProfiles": [
                profile("p1", "Everybody", "block", &[ours]),
                profile("p2", "Admins", "allow", &[other]),
            ],
            "defaultPasskeyProfile": "p1",
            "includeTargets": [
                { "id": "all_users", "allowedPasskeyProfiles": [] },
                { "id": group, "allowedPasskeyProfiles": ["p2"] },
            ],
            "excludeTargets": [{ "id": group }],
        }));
    });
    let policies = line.config.path(&line.config.queue.policies);
    let standard = fs::read_to_string(policies.join("standard.toml")).expect("a policy");
    let listing = |models: &str| {
        let changed = standard
            .lines()
            .filter(|line| !line.starts_with("models ="));
        let changed: Vec<&str> = changed.collect();
        fs::write(
            policies.join("standard.toml"),
            format!("models = {models}\n{}", changed.join("\n")),
        )
        .expect("written");
    };
    listing(&format!("[\"{ours}\"]"));
    let seen = Seen::of(&line, &[]);
    seen.ends(3);
    seen.has("tenant_policy", "ok", "Everybody, for all users: security keys, attestation not enforced, all but 1 listed model.");
    seen.has(
        "tenant_policy",
        "ok",
        &format!("Admins, for group {group}: security keys"),
    );
    seen.has("tenant_policy", "ok", &format!("Not for: group {group}."));
    line.tenant(|tenant| {
        tenant.add_group(PracticeGroup {
            id: group.to_owned(),
            display_name: "Pilots".to_owned(),
            description: String::new(),
            members: Vec::new(),
        });
    });
    let named = Seen::of(&line, &[]);
    named.has(
        "tenant_policy",
        "ok",
        "Admins, for group Pilots: security keys",
    );
    let todo = seen.has("models", "stop", "the tenant takes 0, refuses 1");
    assert!(todo.contains("key restrictions"), "{todo}");
}

#[test]
fn a_wrong_secret_a_clock_that_is_off_and_a_dead_tenant_are_told_apart() {
    let line = line();
    for (seconds, grade, code, words) in [
        (-200, "warning", 0, "seconds ahead of Microsoft's clock"),
        (200, "warning", 0, "seconds behind Microsoft's clock"),
        (4000, "stop", 6, "seconds behind Microsoft's clock"),
    ] {
        line.tenant(|tenant| {
            tenant.set_faults(Faults {
                date_offset_seconds: seconds,
                ..Faults::default()
            });
        });
        let seen = Seen::of(&line, &[]);
        seen.ends(code);
        seen.has("clock", grade, words);
    }
    fs::write(line.root().join("secret"), "not the secret").expect("written");
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(6);
    seen.has("sign_in", "stop", "AADSTS7000215");
    seen.has("enrol_test", "stop", "Not tried");
    // What this computer has is told all the same.
    seen.has("ledger", "ok", "Whole");
}

#[test]
fn disk_ledger_and_configuration_have_their_own_exit_codes() {
    let line = line();
    let path = line.config.path(&line.config.ledger.file);
    let bytes = fs::read(&path).expect("the ledger");
    let mut spoiled = bytes.clone();
    spoiled.truncate(bytes.len() / 2);
    fs::write(&path, spoiled).expect("written");
    let seen = Seen::of(&line, &[]);
    seen.ends(8);
    assert!(
        seen.rows()
            .iter()
            .any(|row| row["topic"] == "ledger" && row["grade"] == "stop")
    );
    fs::write(&path, bytes).expect("written");
    let file = &line.config.file;
    let text = fs::read_to_string(file).expect("the configuration");
    fs::write(
        file,
        text.replace("language = \"en\"", "language = \"tlh\""),
    )
    .expect("written");
    let seen = Seen::of(&line, &[]);
    seen.ends(2);
    seen.has("configuration", "stop", "language is `tlh`");
    fs::remove_file(file).expect("removed");
    let seen = Seen::of(&line, &[]);
    assert_eq!(
        (seen.code, &seen.value["checked"]),
        (Some(2), &json!(false))
    );
}

#[test]
fn readers_without_a_service_are_a_warning_and_a_stop_where_there_is_nothing_else() {
    for (hid, grade, code) in [(true, "warning", 0), (false, "stop", 5)] {
        let home = tempfile::tempdir().expect("a folder");
        let settings = vec![("slots", "hid", toml::Value::Boolean(hid))];
        let line = Line::set(home, 1, consented(), settings);
        let output = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(["check", "--online", "--json", "--config"])
            .arg(&line.config.file)
            // No service listens there.
            .env("PCSCLITE_CSOCK_NAME", line.home.path().join("no-pcscd"))
            .stdin(Stdio::null())
            .output()
            .expect("the program");
        let value = serde_json::from_slice(&output.stdout).expect("JSON");
        let seen = Seen {
            code: output.status.code(),
            value,
        };
        let todo = seen.has("readers", grade, "The smart-card service cannot be used");
        assert!(todo.contains("systemctl start pcscd"), "{todo}");
        if seen
            .rows()
            .iter()
            .all(|row| row["topic"] != "usb_keys" || row["grade"] != "stop")
        {
            seen.ends(code);
        }
    }
}

#[test]
fn a_test_passkey_is_registered_seen_and_gone() {
    let line = line();
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    seen.has(
        "enrol_test",
        "ok",
        "seen in the list at once, and deleted again",
    );
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
    for (on, times) in [(Operation::Register, 1), (Operation::Delete, 1)] {
        assert_eq!(line.tenant(|tenant| tenant.requests(on)), times, "{on:?}");
    }
    // The audit chain names the deed and no person, and still verifies.
    let verified = keyline(&line, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
    let log = fs::read_dir(line.config.path(&line.config.log.folder)).expect("a log");
    let text: String = log
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok())
        .collect();
    assert!(
        text.contains("\"call\":\"register\"") && text.contains("request_id"),
        "{text}"
    );
    assert!(!text.contains(TESTER), "{text}");
}

#[test]
fn the_list_may_lag() {
    let line = line();
    line.tenant(|tenant| {
        tenant.set_faults(Faults {
            list_lag_seconds: 3,
            ..Faults::default()
        });
    });
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    seen.has(
        "enrol_test",
        "ok",
        "seen in the list after 4 seconds, and deleted again",
    );
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
}

#[test]
fn what_the_policy_refuses_is_told_in_entras_words_and_ours() {
    let line = line();
    change_policy(&line, "/isAttestationEnforced", json!(true));
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    let todo = seen.has(
        "enrol_test",
        "warning",
        "Entra refused with 400 practiceAttestation",
    );
    seen.has(
        "enrol_test",
        "warning",
        "The policy says so: the passkey policy enforces attestation",
    );
    seen.has("enrol_test", "warning", "The request was ");
    assert!(todo.contains("keyline run --limit 1"), "{todo}");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));

    let allow = json!({ "isEnforced": true, "enforcementType": "allow", "aaGuids": ["2fc0579f-8113-47ea-b116-bb5a8db9202a"] });
    change_policy(&line, "/isAttestationEnforced", json!(false));
    change_policy(&line, "/keyRestrictions", allow);
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    seen.has("enrol_test", "warning", "400 practiceAaguidNotAllowed");
    seen.has(
        "enrol_test",
        "warning",
        "does not list the model 00000000-0000-0000-0000-000000000000",
    );

    change_policy(&line, "/keyRestrictions/isEnforced", json!(false));
    change_policy(&line, "/isSelfServiceRegistrationAllowed", json!(false));
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(6);
    seen.has("enrol_test", "stop", "hands out no creation options");
    let seen = Seen::of(&line, &["--enrol-test", "nobody@contoso.com"]);
    seen.has("enrol_test", "stop", "The tenant does not know this user");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
}

#[test]
fn a_lost_reply_is_settled_by_the_list() {
    let line = line();
    let lost = |trick| {
        line.tenant(|tenant| tenant.misbehave(Operation::Register, 1, trick));
        Seen::of(&line, &["--enrol-test", TESTER])
    };
    let seen = lost(Trick::CommitThenDrop);
    seen.ends(0);
    seen.has("enrol_test", "ok", "The reply to the registration was lost");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
}

#[test]
fn what_a_delete_could_not_do_is_done_by_the_next_test_or_by_reconcile() {
    for by_reconcile in [false, true] {
        let line = line();
        line.tenant(|tenant| {
            let fail = Misbehaviour {
                on: Operation::Delete,
                times: 4,
                trick: Trick::Fail { status: 403 },
            };
            tenant.set_faults(Faults {
                next: vec![fail],
                ..Faults::default()
            });
        });
        let seen = Seen::of(&line, &["--enrol-test", TESTER]);
        seen.ends(6);
        let todo = seen.has("enrol_test", "stop", "is still at Entra is not known");
        assert!(todo.contains("keyline reconcile --delete"), "{todo}");
        assert_eq!((left_at_entra(&line), open_trial(&line)), (1, true));
        line.tenant(|tenant| tenant.set_faults(Faults::default()));
        let looked = Seen::of(&line, &[]);
        looked.ends(0);
        looked.has("enrol_test", "warning", "may be at Entra still");
        if by_reconcile {
            let told = keyline(&line, &["reconcile"]);
            assert_eq!(told.status.code(), Some(4), "{}", err(&told));
            assert!(
                err(&told).contains("keyline reconcile --delete"),
                "{}",
                err(&told)
            );
            assert!(
                out(&told).contains("agree, but for a test passkey"),
                "{}",
                out(&told)
            );
            let json = keyline(&line, &["reconcile", "--json"]);
            let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
            assert_eq!(json["test_passkey"]["user"], TESTER, "{json}");
            assert_eq!(left_at_entra(&line), 1);
            let done = keyline(&line, &["reconcile", "--delete"]);
            assert!(out(&done).contains("the tenant agree.\n"), "{}", out(&done));
            assert_eq!(done.status.code(), Some(0), "{}", err(&done));
            assert!(err(&done).contains("is deleted now"), "{}", err(&done));
        } else {
            let seen = Seen::of(&line, &["--enrol-test", TESTER]);
            seen.ends(0);
            seen.has("enrol_test", "ok", "was at Entra still, and is deleted now");
            seen.has("enrol_test", "ok", "seen in the list at once");
        }
        assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
    }
}

/// Starts a test whose registration has arrived, and which waits for a list that lags.
fn under_way(line: &Line) -> std::process::Child {
    line.tenant(|tenant| {
        tenant.set_faults(Faults {
            list_lag_seconds: 3600,
            ..Faults::default()
        });
    });
    let child = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args([
            "check",
            "--online",
            "--json",
            "--enrol-test",
            TESTER,
            "--config",
        ])
        .arg(&line.config.file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let patience = Instant::now();
    while line.tenant(|tenant| tenant.requests(Operation::List)) == 0 {
        assert!(
            patience.elapsed() < Duration::from_secs(30),
            "it never looked"
        );
        std::thread::yield_now();
    }
    child
}

fn signal(child: &std::process::Child, signal: rustix::process::Signal) {
    let id = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(id.expect("a process"), signal).expect("a signal");
}

#[test]
fn ctrl_c_ends_the_wait_and_deletes_at_once() {
    let line = line();
    let child = under_way(&line);
    let began = Instant::now();
    signal(&child, rustix::process::Signal::INT);
    let ended = child.wait_with_output().expect("an end");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(ended.status.code(), Some(130), "{}", err(&ended));
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
}

#[test]
fn after_a_kill_the_next_test_finds_what_was_left() {
    let line = line();
    let mut child = under_way(&line);
    signal(&child, rustix::process::Signal::KILL);
    child.wait().expect("an end");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (1, true));
    // It is not in the list yet, so nobody can say that it is not there.
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(6);
    seen.has("enrol_test", "warning", "may be at Entra still");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (1, true));
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    seen.has("enrol_test", "ok", "is deleted now");
    assert_eq!((left_at_entra(&line), open_trial(&line)), (0, false));
}

#[test]
fn a_user_with_jobs_is_warned_about_and_keeps_the_key() {
    let line = line();
    line.drop_file("a.csv", &format!("user\r\n{TESTER}\r\n"));
    let key = line.maker.make(1).expect("a key");
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.done, 1, "{summary:?}");
    // A station that works keeps the test out, and the other rows are told.
    let held = Seen::of(&line, &["--enrol-test", TESTER]);
    held.ends(8);
    held.has("enrol_test", "stop", "works on");
    held.has("ledger", "ok", "a keyline works on it");
    drop(parts);
    let seen = Seen::of(&line, &["--enrol-test", TESTER]);
    seen.ends(0);
    seen.has("enrol_test", "warning", "has 1 job in this ledger");
    seen.has("enrol_test", "ok", "deleted again");
    assert_eq!(left_at_entra(&line), 1, "the key that the person has");
    drop(station::open_ledger(&line.config).expect("the ledger"));
}
