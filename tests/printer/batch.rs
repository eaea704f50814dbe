//! Whole batches: a station enrolls keys and prints their letters at real printers that behave as printers do. Every page that came
//! out is read back: each control number at most once, with the PIN that its key has; what nobody can tell is asked.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use keyline::adapter::paper::PrinterPress;
use keyline::app::station::Summary;
use keyline::domain::fault::Fault;
use keyline::port::Press as _;
use serde_json::Value;

use crate::bench::press_at;
use crate::line::{Knows, Line, write};
use crate::printing::{Cups, CupsSetup, Device, Mood, Printer, unavailable, wait};

/// A station that prints at `uri`, with the printer's word for enough and no bags, and this many people.
pub(crate) fn station(uri: &str, people: usize) -> Line {
    let line = Line::new(2);
    let file = &line.config.file;
    let text = std::fs::read_to_string(file).expect("the configuration");
    write(
        file,
        &text.replace("printer = \"\"", &format!("printer = \"{uri}\"")),
    );
    let policy = line.root().join("config/policies/standard.toml");
    let text = std::fs::read_to_string(&policy).expect("the policy");
    let text = text
        .replace("# confirm = \"scan\"", "confirm = \"device\"")
        .replace("# bag = \"scan\"", "bag = \"none\"");
    write(&policy, &text);
    let rows: String = line
        .tenant(|tenant| tenant.people())
        .iter()
        .take(people)
        .map(|person| format!("{},{},standard\r\n", person.upn, person.display_name))
        .collect();
    line.drop_file("batch.csv", &format!("user,name,policy\r\n{rows}"));
    Line {
        config: keyline::wire::config::Config::load(file).expect("the configuration"),
        ..line
    }
}

/// The same station, which prints at another printer from now on.
pub(crate) fn moved(line: Line, from: &str, to: &str) -> Line {
    let file = line.config.file.clone();
    let text = std::fs::read_to_string(&file).expect("the configuration");
    assert!(text.contains(from), "{from} is not its printer");
    write(&file, &text.replace(from, to));
    Line {
        config: keyline::wire::config::Config::load(&file).expect("the configuration"),
        ..line
    }
}

pub(crate) fn run(line: &Line, keys: u32) -> Summary {
    let supply = (1..=keys).map(|key| line.maker.make(key).expect("a key"));
    let (summary, _) = line.run(Knows::nothing(), supply.collect());
    summary
}

pub(crate) fn keyline(line: &Line, arguments: &[&str]) -> String {
    said(line, arguments).0
}

/// What it answers, and what it says besides.
pub(crate) fn said(line: &Line, arguments: &[&str]) -> (String, String) {
    let told = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(arguments)
        .arg("--config")
        .arg(&line.config.file)
        .stdin(Stdio::null())
        .output()
        .expect("keyline");
    assert!(told.status.success(), "{told:?}");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(told.stdout), text(told.stderr))
}

/// The jobs by their control numbers, each with its PIN and whether it is done.
fn letters(line: &Line) -> BTreeMap<String, (String, bool)> {
    let jobs: Value = serde_json::from_str(&keyline(line, &["jobs", "list", "--json"])).unwrap();
    let identity = line.identity.display().to_string();
    let letter = |job: &Value| {
        let number = job["job"].to_string();
        let shown = keyline(line, &["pins", "show", &number, "--identity", &identity]);
        let pin = shown.lines().find_map(|line| line.strip_prefix("PIN "));
        let pin = pin.expect("a PIN").trim().to_owned();
        let control = control_of(line, &number);
        (control, (pin, job["standing"] == "done"))
    };
    jobs.as_array().expect("jobs").iter().map(letter).collect()
}

/// The number of the last sheet that was begun for a job.
pub(crate) fn control_of(line: &Line, job: &str) -> String {
    let shown: Value =
        serde_json::from_str(&keyline(line, &["jobs", "show", job, "--json"])).unwrap();
    let text = shown.to_string();
    let (_, rest) = text
        .rsplit_once("\"control\":\"")
        .expect("a control number");
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// Panics unless every sheet belongs to one letter, has its PIN, and came out once; those of finished jobs are all there.
pub(crate) fn assert_sound(line: &Line, device: &Device) {
    assert_sound_pages(line, &device.pages());
}

/// The same for what came out of several devices, or without what is somebody else's.
pub(crate) fn assert_sound_pages(line: &Line, pages: &[String]) {
    let letters = letters(line);
    let mut out: BTreeMap<&str, usize> = BTreeMap::new();
    for page in pages {
        let digits: String = page.chars().filter(char::is_ascii_digit).collect();
        let (control, (pin, _)) = letters
            .iter()
            .find(|(control, _)| digits.contains(control.as_str()))
            .unwrap_or_else(|| panic!("a sheet of no letter"));
        assert!(digits.contains(pin), "the sheet {control} has another PIN");
        *out.entry(control).or_default() += 1;
    }
    assert!(out.values().all(|&count| count == 1), "{out:?}");
    for (control, (_, done)) in &letters {
        assert!(
            !done || out.contains_key(control.as_str()),
            "{control} is missing"
        );
    }
}

/// Panics unless so many jobs are done, and whoever asks how it stands is asked for each of the letters in doubt.
pub(crate) fn assert_doubts(line: &Line, summary: &Summary, done: usize, doubts: usize) {
    assert_eq!(summary.done, done, "{summary:?}");
    assert_eq!(
        summary.held,
        vec![Fault::DeliveryUncertain; doubts],
        "{summary:?}"
    );
    let status = keyline(line, &["status"]);
    let asked = status.matches("It is not known whether the letter came out.");
    assert_eq!(asked.count(), doubts, "{status}");
}

#[test]
fn a_batch_through_a_printer_in_all_its_moods() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let moods = [
        Mood::Fine,
        Mood::OutOfPaper,
        Mood::GivesUp,
        Mood::Fine,
        Mood::GivesUpAfter,
        Mood::SlowAfter,
        Mood::Fine,
    ];
    printer.device.plan(&moods).unwrap();
    let line = station(&printer.uri(), 8);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            printer.device.wait_until_begun(2);
            printer.device.feed().unwrap();
        });
        run(&line, 8)
    });
    assert_doubts(&line, &summary, 6, 2);
    assert_eq!(printer.device.sheets().len(), 7);
    assert_sound(&line, &printer.device);
}

/// Somebody stops the queue with a letter in it that waits, and starts it again when the station has seen that.
#[test]
fn a_batch_through_a_queue_that_is_stopped_in_mid_job() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start_with(&CupsSetup {
        error_policy: "stop-printer",
        ..CupsSetup::default()
    })
    .unwrap();
    let moods = [Mood::Fine, Mood::Slow, Mood::Fine, Mood::Fine];
    server.device.plan(&moods).unwrap();
    let line = station(&server.uri(), 4);
    let press = press_at(&server.uri());
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            server.device.wait_until_begun(2);
            server.administer("cupsdisable", &["Letters"]);
            wait("the station to take it back", || waits(&press) == 0);
            server.administer("cupsenable", &["Letters"]);
        });
        run(&line, 4)
    });
    assert_doubts(&line, &summary, 3, 1);
    assert_eq!(server.device.sheets().len(), 3);
    assert_sound(&line, &server.device);
}

fn waits(press: &PrinterPress) -> usize {
    press.waiting().map_or(usize::MAX, |waiting| waiting.len())
}

#[test]
fn a_batch_through_a_print_server_that_is_restarted_and_killed_in_mid_job() {
    if unavailable().is_some() {
        return;
    }
    let mut server = Cups::start().unwrap();
    let moods = [Mood::Fine, Mood::Slow, Mood::Fine, Mood::Slow, Mood::Fine];
    server.device.plan(&moods).unwrap();
    let line = station(&server.uri(), 4);
    let summary = std::thread::scope(|scope| {
        scope.spawn(|| {
            server.device.wait_until_begun(2);
            // An administrator's restart: the job is begun again, and this time it prints.
            server.stop();
            server.start_again().unwrap();
            server.device.wait_until_begun(4);
            // A crash: the device goes on by itself, and nobody knows of its sheet.
            server.kill();
            server.device.feed().unwrap();
            wait("the sheet of nobody", || server.device.sheets().len() == 3);
            server.start_again().unwrap();
        });
        run(&line, 4)
    });
    // The job that was begun twice is a doubt when the station saw that, which it can by whole seconds.
    let doubts = summary.held.len();
    assert!((1..=2).contains(&doubts), "{summary:?}");
    assert_doubts(&line, &summary, 4 - doubts, doubts);
    assert_eq!(server.device.sheets().len(), 4);
    assert_sound(&line, &server.device);
}
