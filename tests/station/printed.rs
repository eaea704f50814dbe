//! The whole line with a printer in it: keys go into their bags, sheets come out of a real peer, are read off the page and scanned,
//! and their people sign in with what stands on them. Nothing is taken from the program that printed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyline::practice::authenticator::SimulatedKey;
use serde_json::Value;

use crate::cards::Bench;
use crate::client::{Case, is_here, sign_in};
use crate::home::{job_file, said};
use crate::letters::{Letter, control_on};
use crate::printing::{Cups, Device, Mood, Printer, unavailable, wait};
use crate::program::{Ended, LOOK_EVERY, PATIENCE, Program};

/// What was refused is scanned once more after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// A sheet from the tray.
struct Sheet {
    letter: Letter,
    control: String,
    scanned: Option<Instant>,
    taken: bool,
}

/// The operator: lays and lifts cards as the slots say, puts keys into bags, takes sheets out of the tray and scans them.
struct Operator<'a> {
    bench: &'a mut Bench,
    device: &'a Device,
    people: usize,
    readers: u16,
    heard: usize,
    /// The key in each bag.
    keys: BTreeMap<String, SimulatedKey>,
    bagged: BTreeSet<String>,
    sheets: BTreeMap<PathBuf, Sheet>,
    /// The letters that the station asked for.
    asked: BTreeSet<String>,
    laid: usize,
    /// This many sheets are torn, from the first on.
    to_tear: usize,
}

impl<'a> Operator<'a> {
    fn new(bench: &'a mut Bench, device: &'a Device, people: usize, readers: u16) -> Self {
        Self {
            bench,
            device,
            people,
            readers,
            heard: 0,
            keys: BTreeMap::new(),
            bagged: BTreeSet::new(),
            sheets: BTreeMap::new(),
            asked: BTreeSet::new(),
            laid: 0,
            to_tear: 0,
        }
    }

    /// Works until the station ends.
    fn work(&mut self, mut program: Program) -> Ended {
        let until = Instant::now() + PATIENCE;
        // The first slot says itself that it is free.
        for reader in 1..self.readers {
            self.bench.lay(reader);
            self.laid += 1;
        }
        while program.is_running() {
            let lines = program.lines();
            for line in &lines[self.heard..] {
                self.obey(line);
            }
            self.heard = lines.len();
            self.look_into_the_tray();
            assert!(
                Instant::now() < until,
                "it does not end:\n{}",
                lines.join("\n")
            );
            std::thread::sleep(LOOK_EVERY);
        }
        program.wait_for_end()
    }

    fn obey(&mut self, line: &str) {
        if let Some(letter) = code(line, "Letter L-") {
            self.asked.insert(letter);
        }
        let Some((_, rest)) = line.split_once("  slot ") else {
            return;
        };
        let Some((number, words)) = rest.split_once(": ") else {
            return;
        };
        let reader = number.trim().parse::<u16>().unwrap() - 1;
        if words.starts_with("insert a key") {
            if self.laid < self.people && !self.bench.cards.contains_key(&reader) {
                self.bench.lay(reader);
                self.laid += 1;
            }
        } else if let Some(bag) = code(words, "key into bag B-") {
            if words.contains("The next key comes after that") {
                // The slot has seen that the key is gone.
                self.say(&["mailer", "confirm", &format!("B-{bag}")]);
                self.bagged.insert(bag);
            } else if let Some((key, _card)) = self.bench.cards.remove(&reader) {
                self.keys.insert(bag, key);
            }
        } else if words.starts_with("wrong key") {
            // It goes back into the box.
            self.laid -= usize::from(self.bench.cards.remove(&reader).is_some());
        } else if words.starts_with("lift") {
            self.bench.cards.remove(&reader);
        } else if words.starts_with("put the key back") {
            let bag = code(words, "bag B-").expect("a bag");
            let key = self.keys[&bag].clone();
            let card = self.bench.pcscd.lay(reader, key.clone()).unwrap();
            self.bench.cards.insert(reader, (key, card));
        }
    }

    fn look_into_the_tray(&mut self) {
        for file in self.device.sheets() {
            if !self.sheets.contains_key(&file) {
                let mut letter = Letter::read_for(&file, String::new());
                let control = control_on(&letter.text).to_string();
                letter.envelope = self.job(&control)["envelope"].as_str().unwrap().to_owned();
                let sheet = Sheet {
                    letter,
                    control,
                    scanned: None,
                    taken: false,
                };
                self.sheets.insert(file.clone(), sheet);
            }
            let sheet = &self.sheets[&file];
            let recently = sheet.scanned.is_some_and(|at| at.elapsed() < AGAIN);
            if sheet.taken || recently {
                continue;
            }
            let (control, envelope) = (sheet.control.clone(), sheet.letter.envelope.clone());
            if !self.asked.contains(&envelope) && self.job(&control)["standing"] != "held" {
                continue;
            }
            let taken = if self.to_tear > 0 {
                self.to_tear -= 1;
                self.asked.remove(&envelope);
                self.say(&["mailer", "spoil", &control, "--reason", "torn"]);
                self.say(&["mailer", "reissue", &envelope, "--reason", "torn"]);
                true
            } else {
                let told = self.bench.home.keyline(&["mailer", "confirm", &control]);
                told.status.success()
            };
            let sheet = self.sheets.get_mut(&file).unwrap();
            (sheet.taken, sheet.scanned) = (taken, Some(Instant::now()));
        }
    }

    /// What the station knows of the job with this letter.
    fn job(&self, control: &str) -> Value {
        let shown = self
            .bench
            .home
            .keyline(&["jobs", "show", control, "--json"]);
        assert!(shown.status.success(), "{}", said(&shown));
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        if shown["envelope"].is_null() {
            shown["job"].clone()
        } else {
            shown
        }
    }

    fn say(&self, arguments: &[&str]) {
        let told = self.bench.home.keyline(arguments);
        assert!(told.status.success(), "{arguments:?}: {}", said(&told));
    }

    /// Panics unless no number and no PIN stands on two sheets.
    fn assert_each_once(&self) {
        let sheets = self.sheets.values();
        let controls: BTreeSet<&str> = sheets.clone().map(|sheet| sheet.control.as_str()).collect();
        let pins: BTreeSet<&str> = sheets.map(|sheet| sheet.letter.pin.as_str()).collect();
        assert_eq!(controls.len(), self.sheets.len(), "a letter came out twice");
        assert!(
            pins.len() == self.sheets.len(),
            "a PIN stands on two sheets"
        );
    }

    /// Everybody takes the key of their bag and this sheet, and signs in.
    fn sign_in_with(&mut self, sheets: &[PathBuf]) -> Vec<Vec<String>> {
        let users: BTreeMap<String, String> = self
            .bench
            .home
            .jobs()
            .into_iter()
            .map(|job| (job.envelope, job.user))
            .collect();
        let mut wrong = Vec::new();
        for (reader, file) in (0..).zip(sheets) {
            let letter = &self.sheets[file].letter;
            let key = self.keys[&letter.envelope].clone();
            let case = Case {
                user: users[&letter.envelope].clone(),
                pin: letter.pin.clone(),
                change_pin: letter.change_pin,
                reader,
            };
            let card = self.bench.pcscd.lay(reader, key.clone()).unwrap();
            wait("the card to be seen", || key.is_plugged());
            let verdicts = sign_in(&self.bench.home, &self.bench.pcscd, &[case]);
            drop(card);
            wrong.extend(verdicts.into_iter().map(|verdict| verdict.wrong));
        }
        wrong
    }
}

/// The digits behind these words.
fn code(line: &str, before: &str) -> Option<String> {
    let (_, rest) = line.split_once(before)?;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

fn bench(readers: u16, uri: &str) -> Option<Bench> {
    Bench::with(
        readers,
        &[
            ("slots", "confirm_cards", "never".into()),
            ("paper", "printer", uri.into()),
        ],
    )
}

fn is_possible() -> bool {
    unavailable().is_none() && is_here()
}

/// The first letter is torn: its key comes back out of its bag, gets another PIN and another letter.
#[test]
fn people_sign_in_with_what_the_printer_received_also_after_a_reissue() {
    if !is_possible() {
        return;
    }
    let printer = Printer::start().unwrap();
    let Some(mut bench) = bench(2, &printer.uri()) else {
        return;
    };
    let people = [(1, "strict"), (6, "standard")];
    bench.home.drop_file("onboarding.csv", &job_file(&people));
    let mut program = bench.start(&[]);
    program.wait_for_line("onboarding.csv was taken: 2 jobs");
    let mut operator = Operator::new(&mut bench, &printer.device, people.len(), 2);
    operator.to_tear = 1;
    let ended = operator.work(program);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    operator.assert_each_once();
    let files = printer.device.sheets();
    let [torn, .., last] = files.as_slice() else {
        panic!("{} sheets", files.len());
    };
    assert_eq!(files.len(), 3);
    let envelope = |file: &PathBuf| operator.sheets[file].letter.envelope.clone();
    let envelopes: BTreeSet<String> = files[1..].iter().map(envelope).collect();
    assert_eq!(envelopes.len(), 2, "each has one good sheet");
    assert_eq!(envelope(torn), envelope(last));
    let refused = operator.sign_in_with(std::slice::from_ref(torn));
    assert!(
        !refused[0].is_empty(),
        "the PIN of the torn sheet opens the key"
    );
    let wrong = operator.sign_in_with(&files[1..]);
    assert_eq!(wrong, vec![Vec::<String>::new(); 2]);
}

/// A batch through a print server that is restarted in mid-job, and killed in mid-job.
#[test]
fn a_batch_through_a_print_server_that_dies_reconciles() {
    if !is_possible() {
        return;
    }
    let mut server = Cups::start().unwrap();
    let Some(mut bench) = bench(4, &server.uri()) else {
        return;
    };
    // The second job is begun twice, because the server is restarted; the next one's server is killed.
    let moods = [Mood::Fine, Mood::Slow, Mood::Fine, Mood::Slow];
    server.device.plan(&moods).unwrap();
    let device = server.device.clone();
    let people = [0, 1, 6, 7, 12, 13, 18, 19].map(|person| (person, "standard"));
    bench.home.drop_file("onboarding.csv", &job_file(&people));
    let mut program = bench.start(&[]);
    program.wait_for_line("onboarding.csv was taken: 8 jobs");
    let mut operator = Operator::new(&mut bench, &device, people.len(), 4);
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| {
            server.device.wait_until_begun(2);
            server.stop();
            server.start_again().unwrap();
            server.device.wait_until_begun(4);
            server.kill();
            server.device.feed().unwrap();
            wait("the sheet of nobody", || server.device.sheets().len() == 3);
            server.start_again().unwrap();
        });
        operator.work(program)
    });
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    operator.look_into_the_tray();
    operator.assert_each_once();
    assert_eq!(operator.sheets.len(), people.len());
    // The sheet of the server that was killed was in doubt, held, found and scanned; that of the restart is when its job was seen
    // in print before, because a job that is begun twice may have two sheets.
    let asked = operator.asked.len();
    assert!(
        [people.len() - 1, people.len() - 2].contains(&asked),
        "{asked}"
    );
    let files = server.device.sheets();
    let wrong = operator.sign_in_with(&files[..4]);
    assert_eq!(wrong, vec![Vec::<String>::new(); 4]);
    operator.say(&["batches", "papers", "onboarding"]);
    let table = std::fs::read_to_string(bench.home.path("onboarding-end-of-batch.csv")).unwrap();
    let count = |state: &str| -> usize {
        let line = table
            .lines()
            .find_map(|line| line.strip_prefix(&format!("count,{state},")));
        let number = line
            .unwrap_or_else(|| panic!("{state}: {table}"))
            .split(',')
            .next();
        number.unwrap().parse().unwrap()
    };
    let states = ["confirmed", "void", "in doubt", "waiting", "never printed"].map(count);
    assert_eq!(states, [people.len(), 0, 0, 0, 0], "{table}");
    assert_eq!(states.iter().sum::<usize>(), count("drawn"), "{table}");
}
