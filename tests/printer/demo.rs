//! `keyline demo --printer`, as somebody types it who tries a real printer: the letters come out there, say that they are practice,
//! and are confirmed by what stands on them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::printing::{Printer, text_of, unavailable};

const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(20);

fn keyline(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn demo(folder: &Path, uri: &str) -> Command {
    let mut command = keyline(&["demo", "--keys", "2", "--slots", "2", "--printer", uri]);
    command.arg("--keep").arg(folder);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// The twelve digits in three groups.
fn control_on(page: &str) -> String {
    let groups = |line: &str| -> bool {
        let mut groups = line.split(' ');
        let four = |group: &str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_digit());
        groups.clone().count() == 3 && groups.all(four)
    };
    let found = page.lines().map(str::trim).find(|line| groups(line));
    found.expect("a control number").replace(' ', "")
}

#[test]
fn a_demo_prints_practice_letters_that_are_confirmed_as_real_ones_are() {
    if unavailable().is_some() {
        return;
    }
    let printer = Printer::start().unwrap();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("demo");
    let config = folder.join("config/station.toml").display().to_string();
    let running = demo(&folder, &printer.uri())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut running = running.unwrap();
    let since = Instant::now();
    let mut confirmed = BTreeSet::new();
    while running.try_wait().unwrap().is_none() {
        for sheet in printer.device.sheets() {
            let control = control_on(&text_of(&sheet));
            if !confirmed.contains(&control) {
                let word = ["mailer", "confirm", &control, "--config", &config];
                // It may have come out before the printer has said so.
                let output = keyline(&word).output().unwrap();
                if output.status.success() {
                    confirmed.insert(control);
                }
            }
        }
        assert!(since.elapsed() < PATIENCE, "it does not end: {confirmed:?}");
        std::thread::sleep(GLANCE);
    }
    let output = running.wait_with_output().unwrap();
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert_eq!(confirmed.len(), 2, "{told}");
    for words in [
        format!("printed at {}", printer.uri()),
        "shred them all the same".to_owned(),
        "The letters are printed at".to_owned(),
    ] {
        assert!(told.contains(&words), "{words}: {told}");
    }
    let pages = printer.device.pages();
    assert_eq!(pages.len(), 2);
    for page in pages {
        assert_eq!(page.matches("PRACTICE").count(), 2, "{page}");
    }
    // This printer has Letter in it, and the letters are laid out for that.
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("profile = \"us10\""), "{text}");
    let mut files = std::fs::read_dir(folder.join("mailers")).into_iter();
    assert!(files.all(|mut files| files.next().is_none()));
}

#[test]
fn a_demo_without_its_printer_makes_nothing_and_says_why() {
    if unavailable().is_some() {
        return;
    }
    let raster = Printer::start_with(&["-f", "image/pwg-raster"]).unwrap();
    let home = tempfile::tempdir().unwrap();
    for (uri, code, why) in [
        ("localhost", 2, "is no URI"),
        ("ipp://127.0.0.1:1/ipp/print", 7, "cannot be reached"),
        (raster.uri().as_str(), 7, "does not take PDF"),
    ] {
        let folder = home.path().join("demo");
        let output = demo(&folder, uri).output().unwrap();
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{uri}: {told}");
        assert!(told.contains(why), "{uri}: {told}");
        assert!(!folder.exists(), "{uri}");
    }
}
