//! What hands do, with the program itself: bags and letters are scanned while a station runs, and when none does; letters are
//! spoiled, batches leave, and whoever is killed between two scans has lost nothing.

use std::io::{BufReader, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use keyline::app::board::Awaited;
use keyline::app::station::{Handle, Request, Summary};
use keyline::domain::event::{Happening, Intent};
use keyline::domain::job::JobId;
use keyline::face::control::{self, Server};
use keyline::port::Ledger;
use keyline::practice::authenticator::SimulatedKey;
use keyline::practice::tenant::TenantSetup;
use keyline::wire::attend;
use keyline::wire::station::{self, Parts};
use serde_json::Value;

use crate::line::{Knows, Line, write};
use crate::{err, files, keyline, out};

/// Whom the practice tenant knows.
const PEOPLE: [&str; 3] = ["anna.lang", "juergen.mueller", "sophie.weiss"];
/// For what is bound to come, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Before a code is scanned once more that came too soon.
const BETWEEN_SCANS: Duration = Duration::from_millis(500);

/// A station whose policy has these lines besides, and a batch of so many people.
fn line(people: u64, policy: &str) -> (Line, Vec<SimulatedKey>) {
    let settings = vec![
        ("queue", "settle_milliseconds", toml::Value::Integer(50)),
        ("queue", "rescan_seconds", toml::Value::Integer(1)),
        // Where the program itself runs the station, it looks for no keys of this computer.
        ("slots", "hid", toml::Value::Boolean(false)),
    ];
    let home = tempfile::tempdir().expect("a folder");
    let line = Line::set(home, 1, TenantSetup::default(), settings);
    let file = line.root().join("config/policies/standard.toml");
    let text = std::fs::read_to_string(&file).expect("the shipped policy");
    let names: Vec<&str> = policy
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let others = text
        .lines()
        .filter(|line| !names.iter().any(|name| line.starts_with(name)));
    let text: String = others.map(|line| format!("{line}\n")).collect();
    write(&file, &format!("{policy}\n{text}"));
    let mut rows = "user,name,policy\r\n".to_owned();
    let number = usize::try_from(people).expect("few people");
    for user in PEOPLE.iter().take(number) {
        rows.push_str(&format!("{user}@contoso.com,Somebody,standard\r\n"));
    }
    line.drop_file("onboarding.csv", &rows);
    let keys = (1..=people).map(|serial| {
        let serial = u32::try_from(serial).expect("few keys");
        line.maker.make(serial).expect("a key")
    });
    let keys = keys.collect();
    (line, keys)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|_| panic!("{} {}", out(output), err(output)))
}

fn mailer(line: &Line, arguments: &[&str]) -> Output {
    keyline(line, &[&["mailer"], arguments].concat())
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

/// The number of the letter that the job has begun last.
fn control(ledger: &dyn Ledger, job: i64) -> String {
    let rows = ledger.journal(JobId(job)).expect("a journal");
    let number = rows.into_iter().rev().find_map(|row| {
        if let Happening::Started {
            intent: Intent::Deliver { control, .. },
            ..
        } = row.event.happening
        {
            return Some(control);
        }
        None
    });
    number.expect("a letter")
}

fn standing(line: &Line, job: &str) -> String {
    let shown = keyline(line, &["jobs", "show", job, "--json"]);
    json(&shown)["standing"]
        .as_str()
        .expect("a word")
        .to_owned()
}

/// Runs the station with somebody beside it who reaches it as commands do.
fn run(
    line: &Line,
    keys: Vec<SimulatedKey>,
    beside: impl FnOnce(&Line, &Parts, &Handle) + Send,
) -> Summary {
    thread::scope(|scope| {
        let (summary, _) = line.run_attended(Knows::nothing(), keys, |parts, handle| {
            let erase = attend::erasing(parts.ledger.clone());
            let answer = control::over_station(
                parts.ledger.clone(),
                handle.clone(),
                parts.ports.press.clone(),
                parts.board.clone(),
                erase,
            );
            let path = attend::socket_path(&line.config).expect("a place");
            let server: Server = control::serve(&path, answer).expect("a socket");
            let parts = Parts {
                ports: parts.ports.clone(),
                policies: parts.policies.clone(),
                intake: parts.intake.clone(),
                board: parts.board.clone(),
                ledger: parts.ledger.clone(),
                folder: parts.folder.clone(),
                cancel: parts.cancel.clone(),
            };
            let handle = handle.clone();
            scope.spawn(move || beside(line, &parts, &handle));
            server
        });
        summary
    })
}

/// Waits until so many bags, or letters, wait for somebody's word.
fn wait_for(parts: &Parts, bags: usize, letters: usize) {
    let end = Instant::now() + PATIENCE;
    loop {
        let waiting = parts.board.view().unconfirmed;
        let is_bag =
            |one: &&keyline::app::board::Unconfirmed| matches!(one.awaited, Awaited::Bag { .. });
        let there = waiting.iter().filter(is_bag).count();
        if there == bags && waiting.len() - there == letters {
            return;
        }
        assert!(Instant::now() < end, "{waiting:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn bag_and_letter_are_scanned_while_the_station_runs() {
    let (line, keys) = line(2, "confirm = \"scan\"\nbag = \"scan\"");
    let summary = run(&line, keys, |line, parts, _| {
        let take = |codes: &[&str]| mailer(line, &[&["confirm"], codes].concat());
        wait_for(parts, 1, 0);
        let wrong = take(&["B-0002"]);
        assert_eq!(code(&wrong), 3, "{}", err(&wrong));
        assert!(
            err(&wrong).contains("Waited for: B-0001."),
            "{}",
            err(&wrong)
        );
        let letter = take(&["L-0001"]);
        assert_eq!(code(&letter), 3, "{}", err(&letter));
        let bag = take(&["b-0001"]);
        assert_eq!(
            out(&bag),
            "B-0001: the key lies in its bag.\n",
            "{}",
            err(&bag)
        );
        wait_for(parts, 1, 1);
        let first = control(parts.ledger.as_ref(), 1);
        // The letter is taken although a slot waits for a bag.
        let confirmed = take(&[&format!("PM1:onboarding:{first}:1")]);
        assert_eq!(code(&confirmed), 0, "{}", err(&confirmed));
        assert_eq!(standing(line, "1"), "done");
        let bag = take(&["B-0002", "--json"]);
        assert_eq!(json(&bag)["result"], "bagged");
        wait_for(parts, 0, 1);
        let second = control(parts.ledger.as_ref(), 2);
        let other = take(&[&format!("PM1:onboarding:{second}:1")]);
        assert_eq!(code(&other), 3, "{}", err(&other));
        put_into_envelope(line, &first);
        let both = take(&[&first, &second]);
        assert_eq!(
            out(&both),
            "L-0001 lies in its envelope already; nothing more is needed.\nL-0002 is confirmed. Put it into its envelope, and scan it once more when it lies there.\n"
        );
    });
    assert_eq!(summary.done, 2, "{summary:?}");
    let shown = out(&keyline(&line, &["jobs", "show", "1"]));
    for words in [
        "The key lies in its bag.",
        "its code was scanned",
        "The letter lies in its envelope.",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let status = json(&keyline(&line, &["status", "--json"]));
    let paper = &status["paper"]["onboarding"];
    assert_eq!(
        (
            &paper["confirmed"],
            &paper["bagged"],
            &paper["enveloped"],
            &paper["void"]
        ),
        (&2.into(), &2.into(), &1.into(), &0.into())
    );
    let verified = keyline(&line, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
}

/// Letters that are on paper and wait for their scans; no station runs. Their numbers.
fn letters(people: u64, policy: &str) -> (Line, Vec<String>) {
    let (line, keys) = line(
        people,
        &format!("confirm = \"scan\"\nbag = \"none\"\n{policy}"),
    );
    let expected = usize::try_from(people).expect("few letters");
    run(&line, keys, |_, parts, station| {
        wait_for(parts, 0, expected);
        station.ask(Request::Stop);
    });
    let ledger = station::read_ledger(&line.config).expect("a ledger");
    let jobs = 1..=i64::try_from(people).expect("few jobs");
    let numbers = jobs.map(|job| control(&ledger, job)).collect();
    (line, numbers)
}

/// The program with a hand scanner on its stdin, and what it answers.
fn scanner(line: &Line) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["mailer", "confirm", "-", "--config"])
        .arg(&line.config.file)
        .env_remove("KEYLINE_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let answers = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, answers)
}

fn scan(child: &mut Child, line: &str) {
    let stdin = child.stdin.as_mut().expect("a pipe");
    writeln!(stdin, "{line}").expect("a reader");
    stdin.flush().expect("a reader");
}

/// Scans a confirmed letter until it lies in its envelope: a scan that follows too soon is no second one.
fn put_into_envelope(line: &Line, number: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let told = json(&mailer(line, &["confirm", number, "--json"]));
        if told["result"] == "enveloped" {
            return;
        }
        assert_eq!(told["result"], "confirmed", "{told}");
        assert!(Instant::now() < end, "{told}");
        thread::sleep(BETWEEN_SCANS);
    }
}

fn answer(answers: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("an answer");
    line
}

#[test]
fn whoever_is_killed_between_two_scans_has_lost_nothing() {
    let (line, numbers) = letters(3, "");
    let (mut child, mut answers) = scanner(&line);
    // What a touched key types, an empty line and half a code are passed over.
    for noise in ["", "cccccchhvtlrvkvnjjnlkkbrrbdvkbfhtjhljdvgdkgn", "B-00"] {
        scan(&mut child, noise);
    }
    scan(&mut child, &numbers[0]);
    assert!(answer(&mut answers).starts_with("L-0001 is confirmed."));
    child.kill().expect("a running program");
    child.wait().expect("its end");
    assert_eq!(standing(&line, "1"), "done");
    assert_eq!(standing(&line, "2"), "under_way");

    // Killed at any moment after the scan was typed: it is written down whole, or not at all.
    let (mut child, answers) = scanner(&line);
    scan(&mut child, &numbers[1]);
    child.kill().expect("a running program");
    child.wait().expect("its end");
    drop(answers);
    let verified = keyline(&line, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
    let before = standing(&line, "2");

    let (mut child, mut answers) = scanner(&line);
    scan(&mut child, &numbers[1]);
    let mut said = answer(&mut answers);
    // What was confirmed a moment ago is the same scan, read twice.
    while before == "done" && said.starts_with("L-0002 is confirmed.") {
        thread::sleep(BETWEEN_SCANS);
        scan(&mut child, &numbers[1]);
        said = answer(&mut answers);
    }
    let expected = if before == "done" {
        "L-0002 lies in its envelope."
    } else {
        "L-0002 is confirmed."
    };
    assert!(said.starts_with(expected), "{before}: {said}");
    scan(&mut child, &numbers[2]);
    assert!(answer(&mut answers).starts_with("L-0003 is confirmed."));
    drop(child.stdin.take());
    assert!(child.wait().expect("its end").success());
    for job in ["1", "2", "3"] {
        assert_eq!(standing(&line, job), "done");
    }
}

fn files_of_letters(line: &Line) -> usize {
    let found = files::below(&line.config.path(&line.config.letters.folder));
    let is_pdf = |path: &&std::path::PathBuf| path.extension().is_some_and(|end| end == "pdf");
    found.iter().filter(is_pdf).count()
}

#[test]
fn letters_are_spoiled_and_what_is_left_is_dispatched() {
    let (line, numbers) = letters(3, "gap_days = 0");
    let spoil = |job: &str| mailer(&line, &["spoil", job, "--reason", "torn"]);
    let torn = spoil("0001");
    assert!(torn.status.success(), "{}", err(&torn));
    assert!(
        out(&torn).contains("keyline mailer reissue 0001"),
        "{}",
        out(&torn)
    );
    assert_eq!(standing(&line, "1"), "held");
    // Nobody shall send its file by mistake.
    assert_eq!(files_of_letters(&line), 2);
    let void = mailer(&line, &["confirm", &numbers[0]]);
    assert_eq!(code(&void), 3);
    assert!(
        err(&void).starts_with("error: VOID: this sheet of L-0001"),
        "{}",
        err(&void)
    );
    let confirmed = mailer(&line, &["confirm", &numbers[1], &numbers[2]]);
    assert!(confirmed.status.success(), "{}", err(&confirmed));
    put_into_envelope(&line, &numbers[1]);
    put_into_envelope(&line, &numbers[2]);
    let late = spoil("3");
    assert!(out(&late).contains("`replace` = yes"), "{}", out(&late));
    assert_eq!(standing(&line, "3"), "done");
    assert_eq!(code(&spoil("3")), 3);

    let dispatch = |more: &[&str]| mailer(&line, &[&["dispatch", "onboarding"], more].concat());
    let tried = dispatch(&["--dry-run"]);
    assert_eq!(code(&tried), 3);
    assert_eq!(
        out(&tried),
        "L-0001            stays: the letter is void (torn)\n\
         L-0002            would leave now\n\
         L-0003            stays: the letter is void (torn)\n\
         onboarding: 1 letter would leave now, 0 letters left before, 2 items stay.\n"
    );
    let left = json(&dispatch(&["--json"]));
    let fates: Vec<&str> = left["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["fate"].as_str())
        .collect();
    assert_eq!(fates, ["stays", "leaves", "stays"]);
    let again = dispatch(&[]);
    assert_eq!(code(&again), 3);
    assert!(
        out(&again).contains("1 letter left before"),
        "{}",
        out(&again)
    );
    assert_eq!(code(&spoil("2")), 3, "it is out of our hands");
    let status = out(&keyline(&line, &["status"]));
    let row = status
        .lines()
        .find(|row| row.starts_with("onboarding") && row.split_whitespace().count() == 8);
    let row: Vec<&str> = row
        .unwrap_or_else(|| panic!("{status}"))
        .split_whitespace()
        .collect();
    assert_eq!(row[1..], ["1", "2", "2", "1", "1", "0", "0"], "{status}");
    assert_eq!(code(&mailer(&line, &["dispatch", "other"])), 2);
}

#[test]
fn a_letter_waits_for_its_day() {
    let (line, numbers) = letters(1, "gap_days = 2");
    let early = mailer(&line, &["dispatch", "onboarding"]);
    assert_eq!(code(&early), 4);
    assert!(
        out(&early).contains("stays: the letter is not confirmed"),
        "{}",
        out(&early)
    );
    assert!(mailer(&line, &["confirm", &numbers[0]]).status.success());
    let early = mailer(&line, &["dispatch", "onboarding"]);
    assert_eq!(code(&early), 4);
    assert!(
        out(&early).contains("scan it into its envelope"),
        "{}",
        out(&early)
    );
    put_into_envelope(&line, &numbers[0]);
    let early = mailer(&line, &["dispatch", "onboarding"]);
    assert_eq!(code(&early), 4);
    let said = out(&early);
    assert!(
        said.contains("L-0001            stays: may leave from "),
        "{said}"
    );
    assert!(said.contains("The next letter may leave from "), "{said}");
}

/// `keyline run` without a terminal: what it reads is a hand scanner's, what it says goes to stderr.
struct Running {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
}

impl Running {
    fn start(line: &Line) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(["run", "--operator", "4711", "--config"])
            .arg(&line.config.file)
            .env_remove("KEYLINE_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut running = Self { child, said };
        running.hears("The station is ready.");
        running
    }

    /// Reads on until a line has these words, and gives back all that came on the way.
    fn hears(&mut self, words: &str) -> String {
        let mut all = String::new();
        loop {
            let line = answer(&mut self.said);
            assert!(!line.is_empty(), "`{words}` never came: {all}");
            all.push_str(&line);
            if line.contains(words) {
                return all;
            }
        }
    }

    fn types(&mut self, line: &str) {
        scan(&mut self.child, line);
    }

    fn kill(mut self) {
        self.child.kill().expect("a running program");
        self.child.wait().expect("its end");
    }
}

#[test]
fn a_hand_scanner_beside_the_keyboard_is_taken_and_a_killed_station_has_lost_no_scan() {
    let (line, numbers) = letters(3, "");
    let mut station = Running::start(&line);
    // Nothing of this is answered, and none of it confirms anything.
    for noise in ["", "cccccchhvtlrvkvnjjnlkkbrrbdvkbfhtjhljdvgdkgn", "755224"] {
        station.types(noise);
    }
    station.types(&format!("PM1ÖonboardingÖ{}Ö1", numbers[0]));
    let said = station.hears("L-0001 is confirmed.");
    assert!(!said.contains("Words that are understood"), "{said}");
    station.kill();
    assert_eq!(standing(&line, "1"), "done");
    assert_eq!(standing(&line, "2"), "under_way");

    let mut station = Running::start(&line);
    put_into_envelope(&line, &numbers[0]);
    station.types(&numbers[0]);
    station.hears("L-0001 lies in its envelope already");
    station.types("L-0002");
    station.hears("L-0002 alone confirms nothing");
    // One key confirms nothing where the policy wants the code.
    station.types("p");
    station.hears("No letter waits to be confirmed by a key.");
    station.types(&numbers[1]);
    station.hears("L-0002 is confirmed.");
    // And over the socket, while it runs.
    let third = mailer(&line, &["confirm", &numbers[2]]);
    assert!(third.status.success(), "{}", err(&third));
    let dispatched = mailer(&line, &["dispatch", "onboarding", "--dry-run"]);
    assert_eq!(code(&dispatched), 4, "{}", out(&dispatched));
    station.types("quit");
    station.hears("ends");
    assert_eq!(station.child.wait().expect("its end").code(), Some(130));
    let shown = out(&keyline(&line, &["jobs", "show", "2"]));
    let row = shown
        .lines()
        .find(|row| row.contains("its code was scanned"));
    assert!(row.is_some_and(|row| row.contains("4711")), "{shown}");
    let verified = keyline(&line, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
}

#[test]
fn one_key_confirms_the_letter_that_was_named() {
    let (line, keys) = line(2, "confirm = \"key\"\nbag = \"none\"");
    run(&line, keys, |_, parts, station| {
        wait_for(parts, 0, 2);
        station.ask(Request::Stop);
    });
    let mut station = Running::start(&line);
    station.types("");
    station.types("p");
    let said = station.hears("waits longest");
    assert!(!said.contains("confirmed."), "{said}");
    station.types("p");
    let said = station.hears("L-0001 is confirmed.");
    assert!(said.contains("L-0002"), "{said}");
    station.types("quit");
    station.hears("ends");
    station.child.wait().expect("its end");
    assert_eq!(standing(&line, "1"), "done");
    assert_eq!(standing(&line, "2"), "under_way");
    let shown = out(&keyline(&line, &["jobs", "show", "1"]));
    assert!(shown.contains("confirmed by hand"), "{shown}");
}
