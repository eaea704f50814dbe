//! What `keyline printers` and `keyline check` say of real peers.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::line::Line;
use crate::printing::{Cups, CupsSetup, Printer, unavailable};

fn keyline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("keyline")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn printers_are_listed_and_described_with_the_lines_to_change() {
    if unavailable().is_some() {
        return;
    }
    let server = Cups::start_with(&CupsSetup {
        error_policy: "stop-printer",
        ..CupsSetup::default()
    })
    .unwrap();
    let printer = Printer::start().unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let told = keyline(nowhere.path(), &["printers", &server.server_uri()]);
    assert!(told.status.success(), "{told:?}");
    let said = text(&told.stdout);
    for part in [
        "Letters",
        server.uri().as_str(),
        "idle",
        "stop-printer",
        "lpadmin -p Letters -o printer-error-policy=abort-job",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let told = keyline(nowhere.path(), &["printers", &printer.uri()]);
    let said = text(&told.stdout);
    for part in [
        "Letters",
        "idle",
        "na_letter_8.5x11in",
        "by-pass-tray",
        "yes",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let told = keyline(nowhere.path(), &["printers", &printer.uri(), "--json"]);
    let said: Value = serde_json::from_slice(&told.stdout).unwrap();
    let first = &said["printers"][0];
    assert_eq!(first["uri"], printer.uri());
    assert_eq!(first["takes_pdf"], true);
    assert_eq!(first["activity"], "idle");
    assert_eq!(first["duplex"], false);
    // Not even the environment's proxy is asked for a printer: a PIN would go there in clear.
    let told = Command::new(env!("CARGO_BIN_EXE_keyline"))
        .current_dir(nowhere.path())
        .args(["printers", &printer.uri()])
        .envs(
            ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
                .map(|name| (name, "http://127.0.0.1:9")),
        )
        .output()
        .unwrap();
    assert!(told.status.success(), "{told:?}");
    // A printer is no print server, and what is not there is said to be away.
    let wrong = printer.uri().replace("/ipp/print", "/");
    let told = keyline(nowhere.path(), &["printers", &wrong]);
    assert_eq!(told.status.code(), Some(7), "{told:?}");
    let uri = printer.uri();
    drop(printer);
    let told = keyline(nowhere.path(), &["printers", &uri]);
    assert_eq!(told.status.code(), Some(7), "{told:?}");
    assert!(text(&told.stderr).contains("cannot be reached"), "{told:?}");
}

/// What `keyline check` says of a station whose `[paper]` has these settings.
fn checked(line: &Line, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    with(line, settings, || {
        let path = line.config.file.display().to_string();
        let told = keyline(line.home.path(), &["check", &path]);
        (told.status.code(), text_of_both(&told))
    })
}

/// What `ask` finds at a station whose `[paper]` has these settings.
fn with<T>(line: &Line, settings: &[(&str, &str)], ask: impl FnOnce() -> T) -> T {
    let file = &line.config.file;
    let before = fs::read_to_string(file).expect("the configuration");
    let mut text = before.clone();
    for (name, value) in settings {
        let old = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} =")));
        let old = old.expect("a setting").to_owned();
        text = text.replacen(&old, &format!("{name} = \"{value}\""), 1);
    }
    fs::write(file, &text).expect("written");
    let found = ask();
    fs::write(file, before).expect("written");
    found
}

fn text_of_both(told: &Output) -> String {
    text(&told.stdout) + &text(&told.stderr)
}

#[test]
fn a_check_of_the_configuration_says_what_the_printer_says() {
    if unavailable().is_some() {
        return;
    }
    let line = Line::new(1);
    let (code, said) = checked(&line, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("printer "), "{said}");
    let printer = Printer::start().unwrap();
    let uri = printer.uri();
    let (code, said) = checked(&line, &[("printer", &uri)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{uri} (idle)")), "{said}");
    // This printer has paper of other sizes in it, and says so.
    let not_there = "warning: the paper iso_a4_210x297mm does not lie in the printer, which has na_letter_8.5x11in, na_number-10_4.125x9.5in: put it in";
    assert!(said.contains(not_there), "{said}");
    let listed = |settings: &[(&str, &str)]| {
        with(&line, settings, || {
            let path = line.config.file.display().to_string();
            text_of_both(&keyline(line.home.path(), &["printers", "--config", &path]))
        })
    };
    assert!(listed(&[("printer", &uri)]).contains(not_there));
    let letter = ("media", "na_letter_8.5x11in");
    for (tray, lacks) in [("main", false), ("by-pass-tray", true)] {
        let settings = [("printer", uri.as_str()), letter, ("tray", tray)];
        let said = listed(&settings);
        assert!(
            said.contains("prints the letters of this station"),
            "{said}"
        );
        let told =
            "na_letter_8.5x11in does not lie in its tray by-pass-tray, which has 104.77 x 241.3 mm";
        assert_eq!(said.contains("does not lie in"), lacks, "{said}");
        assert_eq!(said.contains(told), lacks, "{said}");
    }
    let (code, said) = checked(&line, &[("printer", &uri), ("media", "iso_a3_297x420mm")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("one of na_letter_8.5x11in"), "{said}");
    drop(printer);
    let (code, said) = checked(&line, &[("printer", &uri)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("warning: The printer is away"), "{said}");
    let server = Cups::start_with(&CupsSetup {
        error_policy: "retry-job",
        ..CupsSetup::default()
    })
    .unwrap();
    let (code, said) = checked(&line, &[("printer", &server.uri())]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("printer-error-policy=abort-job"), "{said}");
}
