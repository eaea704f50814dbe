//! A test that runs itself again in a mount namespace of its own: whatever becomes of it, no mount of it is left behind.

use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::support::pcscd::{skip, unavailable};

/// Set in the environment of the run that is apart.
const MARK: &str = "KEYLINE_TEST_APART";

/// One test at a time: they share two processors with nobody else, and say how long they took.
static TURN: Mutex<()> = Mutex::new(());

/// Whether this run is the one that is apart, and is to do the test. Otherwise it has been done, or skipped aloud.
///
/// # Panics
/// When the run apart failed, with everything that it said.
pub(crate) fn apart(test: &str) -> bool {
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if unavailable().is_some() {
        return false;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        command
    };
    let may = unshare().arg("true").output();
    if !may.is_ok_and(|tried| tried.status.success()) {
        skip("no mount namespace can be had (unshare --mount)");
        return false;
    }
    let run = unshare()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(MARK, "1")
        .stdin(Stdio::null())
        // What it reports goes to its stderr, which is ours; the harness talks on stdout.
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    // Marked, because whoever counts results must not count these.
    let said = String::from_utf8_lossy(&run.stdout);
    let said: Vec<_> = said.lines().map(|line| format!("  | {line}")).collect();
    assert!(run.status.success(), "{}", said.join("\n"));
    false
}
