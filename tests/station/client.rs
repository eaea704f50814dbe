//! The independent client (`client.py`): PINs go to it through its standard input, and it answers what did not hold.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyline::practice::tenant::TenantSetup;
use serde::Deserialize;
use serde_json::json;

use crate::home::Home;
use crate::support::pcscd::{Pcscd, reader_name, skip};

/// Where `scripts/peers` puts the client's Python.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/venv/bin/python")
}

/// Whether the client and the reader of letters are here; says what is not.
pub(crate) fn is_here() -> bool {
    let missing = if !python().exists() {
        format!("{} is missing; scripts/peers makes it", python().display())
    } else if Command::new("pdftotext").arg("-v").output().is_err() {
        "`pdftotext` is missing (package poppler-utils)".to_owned()
    } else {
        return true;
    };
    skip(&missing);
    false
}

/// Who is said to have which PIN and which key.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) user: String,
    pub(crate) pin: zeroize::Zeroizing<String>,
    /// The letter tells to choose a new PIN first.
    pub(crate) change_pin: bool,
    /// The index of the reader on which the key lies.
    pub(crate) reader: u16,
}

/// How a sign-in went.
#[derive(Debug, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) user: String,
    pub(crate) changed_pin: bool,
    pub(crate) credential_id: Option<String>,
    pub(crate) sign_count: Option<u32>,
    /// What did not hold; empty when all is right.
    pub(crate) wrong: Vec<String>,
}

/// Signs in with each key in turn.
pub(crate) fn sign_in(home: &Home, pcscd: &Pcscd, cases: &[Case]) -> Vec<Verdict> {
    let setup = TenantSetup::default();
    let cases: Vec<_> = cases
        .iter()
        .map(|case| {
            json!({
                "reader": reader_name(case.reader),
                "user": case.user,
                "pin": case.pin.as_str(),
                "change_pin": case.change_pin,
            })
        })
        .collect();
    let order = json!({
        "tenant": {
            "url": home.tenant.url().as_str(),
            "name": setup.tenant,
            "client_id": setup.client_id,
            "client_secret": setup.client_secret.as_str(),
        },
        "cases": cases,
    });
    let mut client = pcscd
        .command(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/station/client.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    input.write_all(order.to_string().as_bytes()).unwrap();
    drop(input);
    let output = client.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the client failed:\n{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}
