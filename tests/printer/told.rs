//! What `keyline printers` and `keyline check` say of real peers.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

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
