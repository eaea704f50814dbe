//! `keyline check`: what a run would refuse, `check` has told before; and it has changed nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{err, keyline, out};
use crate::line::Line;
use keyline::wire::station;

/// What `keyline check` says of the station's own configuration after this change to its text.
fn check(line: &Line, from: &str, to: &str) -> (Option<i32>, String) {
    let file = &line.config.file;
    let before = fs::read_to_string(file).expect("the configuration");
    let changed = before.replace(from, to);
    assert_ne!(changed, before, "{from} is not in the configuration");
    fs::write(file, changed).expect("written");
    let output = keyline(line, &["check", &file.display().to_string()]);
    fs::write(file, before).expect("written");
    (output.status.code(), out(&output) + &err(&output))
}

/// The line of the shipped configuration that sets this.
fn setting(line: &Line, name: &str) -> String {
    let text = fs::read_to_string(&line.config.file).expect("the configuration");
    text.lines()
        .find(|line| line.starts_with(&format!("{name} =")))
        .unwrap_or_else(|| panic!("no setting {name}"))
        .to_owned()
}

#[test]
fn what_a_run_would_refuse_is_told_before() {
    let line = Line::new(2);
    let objected = |name: &str, to: &str, words: &str| {
        let (code, said) = check(&line, &setting(&line, name), &format!("{name} = {to}"));
        assert_eq!(code, Some(2), "{name} = {to}: {said}");
        assert!(said.contains(words), "{name} = {to}: {said}");
        assert!(!said.contains("is right"), "{said}");
    };
    objected("recipients", "[]", "no recovery recipient");
    objected(
        "recipients",
        "[\"age1xyz\"]",
        "`age1xyz` is not an age recipient",
    );
    objected("keys", "\"nowhere\"", "nowhere/in-flight.key");
    // The ledger learns its tenant when it is first worked on.
    drop(station::open_ledger(&line.config).expect("the ledger"));
    objected("tenant", "\"fabrikam.com\"", "belongs to the tenant");
    objected("sign_in", "\"http://contoso.com\"", "begins with https://");
}

#[test]
fn what_may_be_right_for_the_service_is_a_warning() {
    let line = Line::new(2);
    let secret = setting(&line, "client_secret");
    let unset = "client_secret = { env = \"KEYLINE_TEST_UNSET\" }";
    let (code, said) = check(&line, &secret, unset);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warning: ") && said.contains("KEYLINE_TEST_UNSET"),
        "{said}"
    );
}

#[test]
fn everything_is_told_at_once_and_nothing_is_changed() {
    let line = Line::new(2);
    let root = line.home.path().join("station");
    fs::write(root.join("in-the-way"), "").expect("a file");
    fs::set_permissions(
        root.join("keys/content.key"),
        fs::Permissions::from_mode(0o644),
    )
    .expect("a mode");
    fs::write(root.join("keys/signing.key"), "garbage").expect("written");
    let file = &line.config.file;
    let text = fs::read_to_string(file).expect("the configuration");
    let place = setting(&line, "places");
    let text = text
        .replace("folder = \"mailers\"", "folder = \"in-the-way\"")
        .replace("folder = \"log\"", "folder = \"in-the-way/log\"")
        .replace("language = \"en\"", "language = \"tlh\"")
        .replace("\"https://aka.ms/mysecurityinfo\"", "\"aka.ms\"")
        .replace(&place, "places = [\"a\", \"a\"]")
        .replace("file = \"secret\"", "file = \"no-secret\"");
    fs::write(file, text).expect("written");
    let before = names(&root);
    let output = keyline(&line, &["check", &file.display().to_string()]);
    let said = err(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in [
        "language is `tlh`",
        "sign_in is `aka.ms`",
        "places has `a` twice",
        "no-secret with the client secret cannot be read",
        "content.key is open to others",
        "signing.key is not a station key",
        "[letters] folder",
        "[log] folder",
    ] {
        assert!(said.contains(words), "{words} is missing in: {said}");
    }
    let first = said.lines().next().expect("a line");
    assert!(first.ends_with(" things to mend:"), "{first}");
    assert_eq!(names(&root), before);
}

#[test]
fn a_folder_for_letters_that_cannot_be_used_concerns_no_job() {
    let line = Line::new(1);
    fs::write(line.home.path().join("station/in-the-way"), "").expect("a file");
    let file = &line.config.file;
    let text = fs::read_to_string(file).expect("the configuration");
    let text = text.replace("folder = \"mailers\"", "folder = \"in-the-way/letters\"");
    fs::write(file, text).expect("written");
    let (code, said) = typed(&line, &["run", "--until-empty"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("[letters] folder: "), "{said}");
    assert!(!said.contains("keyline jobs"), "{said}");
}

#[test]
fn letters_that_could_not_be_made_are_told_with_the_setting_to_mend() {
    let line = Line::new(1);
    let objected = |name: &str, to: &str, words: &[&str]| {
        let (code, said) = check(&line, &setting(&line, name), &format!("{name} = {to}"));
        assert_eq!(code, Some(2), "{name}: {said}");
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(!said.contains("is right"), "{said}");
    };
    let long = format!("\"{}\"", "Wissenschaftlerstraße 123, ".repeat(20));
    objected(
        "language",
        "\"ja\"",
        &["[letters] language: no letter in ja"],
    );
    objected(
        "return_line",
        &long,
        &["[letters] return_line: no letter in ", "the return address"],
    );
    objected("help", &long, &["[letters] help: no letter in ", "en"]);
    // No job asks for Japanese, so nobody is told that it needs a font.
    let (code, said) = check(&line, &setting(&line, "days"), "days = 29");
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("no letter in"), "{said}");
    let policy = line.home.path().join("station/config/policies/long.toml");
    fs::write(&policy, "[pin]\nlength = 63\nalphabet = \"alphanumeric\"\n").expect("written");
    let (code, said) = typed(&line, &["check", &line.config.file.display().to_string()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("policies/long.toml: [pin] length: no letter in "),
        "{said}"
    );
    assert!(
        said.contains("a PIN of 63 characters") || said.contains("A PIN of 63 characters"),
        "{said}"
    );
}

/// Exit code and words of the program, with these arguments and the station's configuration.
fn typed(line: &Line, arguments: &[&str]) -> (Option<i32>, String) {
    let output = keyline(line, arguments);
    (output.status.code(), out(&output) + &err(&output))
}

#[test]
fn a_bad_policy_ends_with_the_same_number_wherever_it_is_met() {
    let line = Line::new(1);
    let root = line.home.path().join("station");
    let elsewhere = root.join("draft.toml");
    let text = "reset = \"keep\"\n";
    fs::write(&elsewhere, text).expect("written");
    let (code, said) = typed(&line, &["check", &elsewhere.display().to_string()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("makes no letter"), "{said}");
    fs::write(root.join("config/policies/draft.toml"), text).expect("written");
    let config = line.config.file.display().to_string();
    for arguments in [&["check", &config][..], &["run", "--until-empty"]] {
        let (code, said) = typed(&line, arguments);
        assert_eq!(code, Some(3), "{arguments:?}: {said}");
        assert!(said.contains("makes no letter"), "{said}");
    }
    fs::write(&elsewhere, "reset = \"keep\"\ndelivery = \"none\"\n").expect("written");
    let (code, said) = typed(&line, &["check", &elsewhere.display().to_string()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the policy is right"), "{said}");
}

#[test]
fn job_files_are_counted_and_pipes_not_waited_for() {
    let line = Line::new(1);
    let file = line.home.path().join("one.csv");
    fs::write(&file, "user,name\nadele@contoso.com,Adele Vance\n").expect("written");
    let (code, said) = typed(&line, &["check", &file.display().to_string()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("one.csv: 1 row, it is right.\n"), "{said}");
    let pipe = line.home.path().join("pipe.toml");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
    let pipe = pipe.display().to_string();
    let (code, said) = typed(&line, &["check", &pipe]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("This is a pipe, not a file."), "{said}");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["status", "--config", &pipe])
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
}

#[test]
fn key_and_pin_on_one_day_is_a_warning() {
    let line = Line::new(1);
    let policy = line.home.path().join("station/config/policies/haste.toml");
    fs::write(&policy, "gap_days = 0\n").expect("written");
    for file in [&policy, &line.config.file] {
        let (code, said) = typed(&line, &["check", &file.display().to_string()]);
        assert_eq!(code, Some(0), "{said}");
        assert!(
            said.contains("gap_days = 0: a key and the letter"),
            "{said}"
        );
    }
}

#[test]
fn a_language_for_one_sheet_alone_is_told_as_that() {
    let line = Line::new(1);
    let own = line.home.path().join("station/own/letters/pin");
    fs::create_dir_all(&own).expect("a folder");
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mailer/letters/pin/en.toml");
    fs::copy(shipped, own.join("da.toml")).expect("copied");
    let before = fs::read_to_string(&line.config.file).expect("the configuration");
    let text = before.replace(&setting(&line, "templates"), "templates = \"own\"");
    fs::write(&line.config.file, text).expect("written");
    let wish = ["mailer", "preview", "din5008b", "--lang", "da", "-o", "-"];
    let (code, said) = typed(&line, &[&wish[..], &["--kind", "receipt"]].concat());
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("The language `da` has words for pin alone, none for receipt."),
        "{said}"
    );
    assert!(said.contains("letters/receipt/da.toml"), "{said}");
}

#[test]
fn rows_whose_letter_cannot_be_made_are_listed() {
    let line = Line::new(1);
    let policies = line.home.path().join("station/config/policies");
    let long = "[pin]\nlength = 63\nalphabet = \"alphanumeric\"\n";
    fs::write(policies.join("long.toml"), long).expect("written");
    let file = line.home.path().join("three.csv");
    let rows = "user,name,language,policy\nadele@contoso.com,Adele Vance,,\nkenji@contoso.com,佐藤 健二,,\n\
                lidia@contoso.com,Lidia Holloway,ja,\nlee@contoso.com,Lee Gu,,long\n";
    fs::write(&file, rows).expect("written");
    let (code, said) = typed(&line, &["check", &file.display().to_string()]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("three.csv: 3 things need mending."), "{said}");
    for (row, why) in [
        (3, "the recipient's name holds"),
        (4, "the language `ja`"),
        (5, "a PIN of 63"),
    ] {
        let told = format!("line {row}\n  The letter cannot be made: ");
        let (_, after) = said
            .split_once(&told)
            .unwrap_or_else(|| panic!("{told} in {said}"));
        let first = after.lines().next().expect("a line");
        assert!(first.contains(why), "{why}: {first}");
    }
}

#[test]
fn profiles_and_letters_are_known_as_such() {
    let line = Line::new(1);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/mailer");
    for (name, words) in [
        ("profiles/c5.toml", "the profile is right"),
        ("profiles/label.toml", "the profile is right"),
        ("letters/pin/de.toml", "the words of a pin sheet are right"),
        ("letters/key/ja.toml", "the words of a key sheet are right"),
        (
            "letters/receipt/fr.toml",
            "the words of a receipt sheet are right",
        ),
    ] {
        let from = shipped.join(name);
        let (code, said) = typed(&line, &["check", &from.display().to_string()]);
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        // Lying anywhere, and broken.
        let to = line.home.path().join(from.file_name().expect("a name"));
        let text = fs::read_to_string(&from).expect("a template");
        fs::write(&to, &text).expect("written");
        let (code, said) = typed(&line, &["check", &to.display().to_string()]);
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        fs::write(&to, format!("surplus = 1\n{text}")).expect("written");
        let (code, said) = typed(&line, &["check", &to.display().to_string()]);
        assert_eq!(code, Some(3), "{name}: {said}");
        assert!(
            said.contains("surplus") && !said.contains("job"),
            "{name}: {said}"
        );
    }
}

#[test]
fn faults_of_keys_recipients_and_a_second_station_have_hints_of_their_own() {
    let line = Line::new(1);
    let root = line.home.path().join("station");
    let hinted = |code: i32, hint: &str| {
        let (ended, said) = typed(&line, &["run", "--until-empty"]);
        assert_eq!(ended, Some(code), "{said}");
        assert!(
            said.contains(hint) && !said.contains("disk's space"),
            "{said}"
        );
    };
    let held = station::open_ledger(&line.config).expect("the ledger");
    hinted(8, "Stop that one first");
    drop(held);
    let ledger = root.join("ledger/keyline.db");
    fs::rename(&ledger, root.join("away")).expect("moved");
    hinted(8, "A lost ledger comes back from its last backup");
    fs::rename(root.join("away"), &ledger).expect("moved");
    let (file, before) = (&line.config.file, setting(&line, "recipients"));
    let text = fs::read_to_string(file).expect("the configuration");
    fs::write(file, text.replace(&before, "recipients = []")).expect("written");
    hinted(2, "age-keygen made on the administrator's machine");
    fs::write(file, text).expect("written");
    fs::write(root.join("keys/in-flight.key"), "garbage").expect("written");
    hinted(8, "Restore what is missing or damaged from a backup");
}

#[test]
fn a_run_lists_all_that_is_not_filled_in() {
    let line = Line::new(1);
    let mut text = fs::read_to_string(&line.config.file).expect("the configuration");
    for name in ["tenant", "client_id"] {
        text = text.replace(&setting(&line, name), &format!("{name} = \"\""));
    }
    fs::write(&line.config.file, text).expect("written");
    let (code, said) = typed(&line, &["run", "--until-empty"]);
    assert_eq!(code, Some(2), "{said}");
    for words in ["tenant is not filled in", "client_id is not filled in"] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["man"])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .output()
        .expect("the program");
    assert_eq!(ended.status.code(), Some(0), "{}", err(&ended));
    assert_eq!(err(&ended), "");
}

/// Every file and folder below, by name. What SQLite keeps beside a ledger in use comes and goes.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if !name.ends_with("-wal") && !name.ends_with("-shm") {
            names.push(name);
        }
        if path.is_dir() {
            names.extend(self::names(&path));
        }
    }
    names.sort();
    names
}
