//! `keyline users`, `keyline groups`, `keyline jobs from-group` and `keyline jobs add`, as typed, against the practice tenant; what
//! they put into the queue is taken by the real intake.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyline::adapter::ledger::SqliteLedger;
use keyline::domain::enrollment::Standing;
use keyline::domain::job::Role;
use keyline::port::{JobRecord, Ledger};
use keyline::practice::authenticator::PRACTICE_AAGUID;
use keyline::practice::tenant::{Existing, Operation, Person, PracticeGroup, Trick};
use serde_json::Value;

use crate::line::{Knows, Line};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
const EMILY: &str = "emily.carter@contoso.com";
const SALES: &str = "9a000000-0000-4000-8000-000000000001";
const ODD_GROUP: &str = "9a000000-0000-4000-8000-000000000003";
const INNER: &str = "9a000000-0000-4000-8000-000000000002";
/// How often that is looked at which gives no sign.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A name that is a formula, a quotation and a guess at a shell's patience.
const ODD: &str = "=cmd|' /C calc'!A0, \"Shay\"; O'Brien";

fn id(number: usize) -> String {
    format!("b0000000-0000-4000-8000-{number:012}")
}

fn group(id: &str, name: &str, members: Vec<String>) -> PracticeGroup {
    PracticeGroup {
        id: id.to_owned(),
        display_name: name.to_owned(),
        description: "Everybody in \u{1b}[31mSales".to_owned(),
        members,
    }
}

/// Sales: Anna, and in a group in it six more, of whom three get no key.
pub(crate) fn sales(line: &Line) {
    let anna = line.tenant(|tenant| {
        let people = tenant.people();
        let anna = people.iter().find(|person| person.upn == ANNA);
        anna.expect("Anna").id.clone()
    });
    let mut people = vec![
        Person::new(id(1), "o'brien+x@contoso.com", ODD),
        Person::new(id(2), "x_y.org#EXT#@contoso.com", "Guest"),
        Person::new(id(3), "gone@contoso.com", "Gone"),
        Person::new(id(4), "hidden@contoso.com", "Hidden"),
        Person::new(id(5), "jürgen@contoso.com", "Line\nbreak"),
        Person::new(id(6), "long@contoso.com", &"ü".repeat(300)),
    ];
    people[1].guest = true;
    people[2].enabled = false;
    people[3].withheld = true;
    people[4].language = "fr-CH".to_owned();
    line.tenant(|tenant| {
        tenant.add_people(people);
        let inner = (1..=6).map(id).chain([SALES.to_owned()]).collect();
        tenant.add_group(group(INNER, "Inner \"Sales\" #1", inner));
        tenant.add_group(group(SALES, "Sales", vec![anna, INNER.to_owned()]));
    });
}

pub(crate) fn waiting(line: &Line) -> Vec<PathBuf> {
    let folder = line.config.path(&line.config.queue.folder).join("new");
    let entries = std::fs::read_dir(folder).expect("a queue");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// What the station takes in when it runs without a key.
pub(crate) fn taken(line: &Line) -> Vec<JobRecord> {
    let parts = keyline::wire::station::assemble(&line.config, line.keys.clone(), Knows::nothing())
        .expect("a station");
    let until = Instant::now() + Duration::from_secs(60);
    while !waiting(line).is_empty() {
        let (taken, fault) = parts.intake.collect("4711");
        assert_eq!(fault, None, "{taken:?}");
        assert!(Instant::now() < until, "it stays");
        std::thread::sleep(LOOK_EVERY);
    }
    let ledger = SqliteLedger::open_reader(&line.config.path(&line.config.ledger.file));
    ledger.expect("a ledger").jobs(None).expect("jobs")
}

fn users(records: &[JobRecord]) -> Vec<&str> {
    let users = records
        .iter()
        .map(|record| record.job.request.user.as_str());
    users.collect()
}

#[test]
fn people_and_groups_are_found_as_table_and_json() {
    let line = Line::new(1);
    sales(&line);
    let found = keyline(&line, &["users", "find", "emily"]);
    assert!(found.status.success(), "{}", err(&found));
    assert!(out(&found).contains(EMILY), "{}", out(&found));
    let found = keyline(&line, &["users", "find", "o'brien", "--json"]);
    let value: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    let names: Vec<&Value> = value
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["display_name"])
        .collect();
    assert!(names.contains(&&Value::from(ODD)), "{value}");
    let nobody = keyline(&line, &["users", "find", "zzz"]);
    assert_eq!(
        (nobody.status.code(), out(&nobody)),
        (Some(0), "Nobody is found.\n".to_owned())
    );

    let found = keyline(&line, &["groups", "find", "sales"]);
    let said = out(&found);
    assert!(said.contains(SALES) && said.contains(INNER), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
    let found = keyline(&line, &["groups", "find", "sales", "--json"]);
    let value: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(value[1]["display_name"], "Inner \"Sales\" #1");
    for slip in ["", "a\nb", &"x".repeat(300)] {
        let refused = keyline(&line, &["users", "find", slip]);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    }
}

#[test]
fn members_are_listed_whole_in_every_shape() {
    let line = Line::new(1);
    sales(&line);
    let table = keyline(&line, &["groups", "members", "Sales"]);
    assert!(table.status.success(), "{}", err(&table));
    let said = out(&table);
    assert_eq!(said.lines().count(), 8, "{said}");
    assert!(
        said.contains("disabled") && said.contains("guest"),
        "{said}"
    );

    let json = keyline(&line, &["groups", "members", SALES, "--json"]);
    let value: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(value.as_array().expect("a list").len(), 7);
    let csv = keyline(&line, &["groups", "members", "sales", "--csv"]);
    let text = out(&csv);
    assert!(text.starts_with("\u{FEFF}name,user,"), "{text}");
    assert!(
        text.contains("\"'=cmd|' /C calc'!A0, \"\"Shay\"\"; O'Brien\""),
        "{text}"
    );
    let empty = line.tenant(|tenant| {
        tenant.add_group(group(
            "9a000000-0000-4000-8000-0000000000ee",
            "Empty",
            Vec::new(),
        ));
        keyline(&line, &["groups", "members", "Empty", "--json"])
    });
    assert_eq!(
        serde_json::from_slice::<Value>(&empty.stdout).expect("JSON"),
        serde_json::json!([])
    );
}

#[test]
fn a_group_that_is_not_meant_surely_is_told_with_those_that_might_be() {
    let line = Line::new(1);
    sales(&line);
    line.tenant(|tenant| {
        tenant.add_group(group(
            "9a000000-0000-4000-8000-000000000003",
            "SALES",
            Vec::new(),
        ));
    });
    let several = keyline(&line, &["groups", "members", "sales"]);
    assert_eq!(several.status.code(), Some(2));
    let said = err(&several);
    assert!(
        said.contains("2 groups are named") && said.contains(SALES),
        "{said}"
    );
    let alike = keyline(
        &line,
        &["jobs", "from-group", "inner", "--policy", "standard"],
    );
    assert_eq!(alike.status.code(), Some(2));
    assert!(err(&alike).contains(INNER), "{}", err(&alike));
    assert!(!err(&alike).contains('\u{1b}'), "{}", err(&alike));
    let none = keyline(
        &line,
        &["groups", "members", "9a000000-0000-4000-8000-0000000000ff"],
    );
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(waiting(&line), [""; 0].map(PathBuf::from));
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let line = Line::new(1);
    sales(&line);
    line.tenant(|tenant| tenant.permit(&["User.Read.All"]));
    let denied = keyline(&line, &["groups", "members", "Sales"]);
    assert_eq!(denied.status.code(), Some(6));
    let said = err(&denied);
    assert!(
        said.contains("GroupMember.Read.All") && said.contains("Authorization_RequestDenied"),
        "{said}"
    );
    line.tenant(|tenant| tenant.permit(&["GroupMember.Read.All", "User.ReadBasic.All"]));
    let told = keyline(
        &line,
        &[
            "jobs",
            "from-group",
            "Sales",
            "--policy",
            "standard",
            "--dry-run",
        ],
    );
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert!(
        out(&told).contains("does not say whether the account is enabled"),
        "{}",
        out(&told)
    );
}

#[test]
fn a_group_becomes_a_job_file_that_the_station_takes_as_it_is() {
    let line = Line::new(1);
    sales(&line);
    let arguments = ["jobs", "from-group", "Sales", "--policy", "standard"];
    let dry = keyline(&line, &[&arguments[..], &["--dry-run"]].concat());
    assert!(dry.status.success(), "{}", err(&dry));
    let shown = out(&dry);
    assert!(
        shown.contains(ANNA) && shown.contains("Nothing was written."),
        "{shown}"
    );
    assert_eq!(waiting(&line).len(), 0);

    let done = keyline(&line, &arguments);
    assert!(done.status.success(), "{}", err(&done));
    let said = out(&done);
    for part in [
        "4 of 7 members of Sales",
        "a guest: Entra enrolls no keys for guests",
        "the account is disabled",
        "no more than the id may be read",
        "gone@contoso.com",
        &id(4),
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    let files = waiting(&line);
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().expect("a name").to_string_lossy();
    assert!(
        name.starts_with("Sales 20") && said.contains(&*name),
        "{name}"
    );

    let records = taken(&line);
    let mut named = users(&records);
    named.sort_unstable();
    assert_eq!(
        named,
        [ANNA, &id(5), "long@contoso.com", "o'brien+x@contoso.com"]
    );
    let request = |user: &str| {
        let record = records
            .iter()
            .find(|record| record.job.request.user == user);
        record.expect("a job").job.request.clone()
    };
    assert_eq!(request("o'brien+x@contoso.com").name.as_deref(), Some(ODD));
    assert_eq!(request(&id(5)).name.as_deref(), Some("Line break"));
    assert_eq!(request(&id(5)).language.as_deref(), Some("fr"));
    assert_eq!(request("long@contoso.com").name, Some("ü".repeat(256)));
    assert_eq!(request(ANNA).policy, "standard");
    assert_eq!(records[0].job.batch.0, name.trim_end_matches(".csv"));
}

#[test]
fn a_groups_name_that_letters_cannot_set_keeps_no_letter_from_being_made() {
    let line = Line::new(1);
    sales(&line);
    line.tenant(|tenant| {
        let name = "Sa\u{AD}les\u{202E} \u{1F512}新";
        tenant.add_group(group(ODD_GROUP, name, vec![id(1)]));
    });
    let made = keyline(
        &line,
        &["jobs", "from-group", ODD_GROUP, "--policy", "standard"],
    );
    assert!(made.status.success(), "{}", err(&made));
    let files = waiting(&line);
    let name = files[0].file_name().expect("a name").to_string_lossy();
    assert!(name.starts_with("Sales 20"), "{name:?}");
    // Every letter of it is set, as before a run.
    let file = files[0].display().to_string();
    let checked = keyline(&line, &["check", &file]);
    assert!(checked.status.success(), "{}", out(&checked));
}

#[test]
fn only_those_without_a_key_are_asked_for_and_a_throttled_list_is_asked_again() {
    let line = Line::new(1);
    sales(&line);
    let existing = Existing {
        display_name: "hers".to_owned(),
        aaguid: PRACTICE_AAGUID,
        credential_id: None,
        id_bytes: None,
        method: None,
        created: None,
        synced: false,
    };
    line.tenant(|tenant| {
        tenant.add_existing(ANNA, existing).expect("room");
        for (on, seconds) in [(Operation::Members, 1), (Operation::List, 3)] {
            let throttle = Trick::Throttle {
                retry_after_seconds: Some(seconds),
                as_date: false,
            };
            tenant.misbehave(on, 1, throttle);
        }
    });
    let wish = [
        "jobs",
        "from-group",
        "Sales",
        "--policy",
        "standard",
        "--missing-only",
    ];
    let done = keyline(
        &line,
        &[&wish[..], &["--role", "backup", "--language", "de"]].concat(),
    );
    assert!(done.status.success(), "{}", err(&done));
    let said = out(&done);
    assert_eq!(
        err(&done),
        "Entra asks for patience: it goes on in 3 seconds.\n"
    );
    assert!(said.contains("has 1 security key already"), "{said}");
    assert!(said.contains("3 of 7 members"), "{said}");
    let records = taken(&line);
    assert_eq!(records.len(), 3);
    for record in &records {
        let request = &record.job.request;
        assert_eq!(
            (request.role, request.language.as_deref()),
            (Role::Backup, Some("de"))
        );
        assert_ne!(request.user, ANNA);
    }
    // One batch for four people, and one for the one that was throttled.
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Batch)), 2);

    line.tenant(|tenant| tenant.misbehave(Operation::List, 9, Trick::Fail { status: 403 }));
    let denied = keyline(&line, &wish);
    assert_eq!(denied.status.code(), Some(6), "{}", out(&denied));
    assert!(
        err(&denied).contains("UserAuthMethod-Passkey.Read.All"),
        "{}",
        err(&denied)
    );
    assert_eq!(waiting(&line).len(), 0);
}

#[test]
fn what_is_wrong_with_all_rows_is_told_before_anything_is_read() {
    let line = Line::new(1);
    sales(&line);
    for (arguments, told) in [
        (["--policy", "standrad"], "Did you mean standard?"),
        (["--policy", "specified"], "sets the PIN"),
    ] {
        let refused = keyline(
            &line,
            &[&["jobs", "from-group", "Sales"], &arguments[..]].concat(),
        );
        assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
        assert!(err(&refused).contains(told), "{}", err(&refused));
    }
    let wish = [
        "jobs",
        "from-group",
        "Sales",
        "--policy",
        "standard",
        "--language",
        "tlh",
    ];
    let refused = keyline(&line, &wish);
    assert!(err(&refused).contains("tlh"), "{}", err(&refused));
    assert_eq!(line.tenant(|tenant| tenant.requests(Operation::Token)), 0);
}

#[test]
fn one_person_is_added_as_the_directory_knows_them() {
    let line = Line::new(1);
    sales(&line);
    let added = keyline(
        &line,
        &["jobs", "add", "Anna.Lang@contoso.com", "--note", "=1+1"],
    );
    assert!(added.status.success(), "{}", err(&added));
    assert!(
        out(&added).contains("Anna Lang lies in the queue"),
        "{}",
        out(&added)
    );
    let records = taken(&line);
    assert_eq!(users(&records), [ANNA]);
    let request = &records[0].job.request;
    assert_eq!(request.name.as_deref(), Some("Anna Lang"));
    assert_eq!(request.note.as_deref(), Some("=1+1"));
    assert!(!records[0].job.batch.0.to_lowercase().contains("anna"));

    for (user, told) in [
        ("gone@contoso.com", "disabled"),
        ("x_y.org#EXT#@contoso.com", "guest"),
        ("nobody@contoso.com", "does not know this user"),
        ("no user at all", "not a user principal name"),
    ] {
        let refused = keyline(&line, &["jobs", "add", user]);
        assert!(err(&refused).contains(told), "{}", err(&refused));
        assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    }
    assert_eq!(waiting(&line).len(), 0);
}

#[test]
fn whoever_is_to_get_somebody_elses_key_is_told_at_once() {
    let line = Line::new(1);
    sales(&line);
    line.drop_file("a.csv", &format!("user,policy\r\n{ANNA},standard\r\n"));
    let key = line.maker.make(1).expect("a key");
    let serial = key.serial().expect("a serial").to_string();
    let (summary, parts) = line.run(Knows::nothing(), vec![key]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    let add = |user: &str, more: &[&str]| {
        let wish = [&["jobs", "add", user, "--serial", &serial], more].concat();
        keyline(&line, &wish)
    };
    let refused = add("emily.carter@contoso.com", &["--replace"]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    for words in [serial.as_str(), "envelope 0001", "keys return"] {
        assert!(err(&refused).contains(words), "{}", err(&refused));
    }
    assert_eq!(waiting(&line).len(), 0);
    let own = add(ANNA, &["--replace"]);
    assert!(own.status.success(), "{}", err(&own));
}

/// A command that was killed leaves a file in the making; the next one, and the next station, take it away.
#[test]
fn what_a_killed_command_left_in_the_queue_goes() {
    let line = Line::new(1);
    sales(&line);
    let new = line.config.path(&line.config.queue.folder).join("new");
    let left = new.join(".writing-.0123456789abcdef0123456789abcdef");
    let plant = || {
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
        let file = std::fs::File::create(&left).expect("a file");
        let times = std::fs::FileTimes::new().set_modified(long_ago);
        file.set_times(times).expect("a time");
    };
    plant();
    let added = keyline(&line, &["jobs", "add", ANNA]);
    assert!(added.status.success(), "{}", err(&added));
    assert!(!left.exists(), "the next command leaves it there");
    plant();
    let parts = keyline::wire::station::assemble(&line.config, line.keys.clone(), Knows::nothing());
    drop(parts.expect("a station"));
    assert!(!left.exists(), "the next station leaves it there");
    assert_eq!(waiting(&line).len(), 1);
}

/// Adds Anna, and what the station then knows of her.
fn added_again(line: &Line) -> Vec<JobRecord> {
    let added = keyline(line, &["jobs", "add", ANNA]);
    assert!(added.status.success(), "{}", err(&added));
    taken(line)
}

#[test]
fn an_order_that_is_given_again_is_an_order_of_its_own() {
    let line = Line::new(1);
    assert_eq!(added_again(&line).len(), 1);
    let twice = added_again(&line);
    assert_eq!(
        (twice.len(), twice[1].standing),
        (2, Standing::Held),
        "by accident: the open job is what holds it"
    );
    for job in ["1", "2"] {
        let cancelled = keyline(&line, &["jobs", "cancel", job]);
        assert!(cancelled.status.success(), "{}", err(&cancelled));
    }
    let anew = added_again(&line);
    assert_eq!((anew.len(), anew[2].standing), (3, Standing::Waiting));
    let held = line.config.path(&line.config.queue.folder).join("hold");
    let entries = std::fs::read_dir(held).expect("a folder");
    assert_eq!(entries.count(), 0, "no file is held");
}

#[test]
fn without_a_look_into_the_directory_the_row_is_written_as_typed_and_that_is_said() {
    let line = Line::new(1);
    line.tenant(|tenant| tenant.permit(&[]));
    let wish = [
        "jobs",
        "add",
        ANNA,
        "--name",
        "Anna L.",
        "--role",
        "backup",
        "--address",
        "Lindenallee 12|10115 Berlin",
    ];
    let added = keyline(&line, &wish);
    assert!(added.status.success(), "{}", err(&added));
    assert!(
        err(&added).contains("could not be looked up"),
        "{}",
        err(&added)
    );
    let records = taken(&line);
    let request = &records[0].job.request;
    assert_eq!((request.user.as_str(), request.role), (ANNA, Role::Backup));
    assert_eq!(request.address, ["Lindenallee 12", "10115 Berlin"]);
    assert_eq!(request.name.as_deref(), Some("Anna L."));
}

/// Kilobytes of resident memory that the process has needed at most, as long as it can be asked.
fn peak_kilobytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn ten_thousand_members_are_read_in_few_calls_and_little_memory() {
    const MEMBERS: usize = 10_000;
    /// Kilobytes. The list of all of them alone would be as much.
    const PEAK_MAX: u64 = 96 * 1024;
    let line = Line::new(1);
    line.tenant(|tenant| {
        let person = |number| {
            let upn = format!("person{number}@contoso.com");
            Person::new(id(number), &upn, &format!("Person {number} of a long name"))
        };
        tenant.add_people((0..MEMBERS).map(person));
        tenant.add_group(group(SALES, "Everybody", (0..MEMBERS).map(id).collect()));
        for on in [Operation::Members, Operation::List] {
            let trick = Trick::Throttle {
                retry_after_seconds: Some(1),
                as_date: false,
            };
            tenant.misbehave(on, 2, trick);
        }
    });
    let begun = Instant::now();
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["jobs", "from-group", "Everybody", "--policy", "standard"])
        .args(["--missing-only", "--config"])
        .arg(&line.config.file)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program");
    let mut peak = 0;
    while program.try_wait().expect("a process").is_none() {
        peak = peak_kilobytes(program.id()).unwrap_or(0).max(peak);
        std::thread::sleep(LOOK_EVERY);
    }
    let seconds = begun.elapsed().as_secs_f32();
    let done = program.wait_with_output().expect("its answer");
    assert!(done.status.success(), "{}", err(&done));
    assert!(
        out(&done).contains("10000 of 10000 members"),
        "{}",
        out(&done)
    );
    let calls = line.tenant(|tenant| {
        [Operation::Members, Operation::Batch, Operation::List].map(|of| tenant.requests(of))
    });
    // Twenty pages and 500 batches, and those that were throttled once more.
    assert_eq!(calls, [22, 501, 10_002]);
    assert!(peak > 0 && peak < PEAK_MAX, "{peak} kB");
    eprintln!("{MEMBERS} members: {seconds:.1} s, {peak} kB at most");
    let file = waiting(&line).pop().expect("a job file");
    let text = std::fs::read_to_string(file).expect("text");
    assert_eq!(text.lines().count(), MEMBERS + 1);
}
