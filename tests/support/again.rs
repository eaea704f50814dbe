//! A test that runs itself again as the client of a private pcscd: the service's address has to be in the environment before
//! the client library is used.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::pcscd::{Pcscd, SOCKET_VARIABLE};

/// Whether this is the client's run.
pub(crate) fn is_client() -> bool {
    std::env::var_os(SOCKET_VARIABLE).is_some()
}

/// Runs the test `name` of this program as a client of `pcscd`, which has to succeed. `heard` is called with each line that
/// it says, as it comes.
///
/// # Panics
/// When the client fails, with everything that it said.
pub(crate) fn run_client(pcscd: &Pcscd, name: &str, mut heard: impl FnMut(&str)) -> String {
    let mut client = pcscd
        .command(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(client.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        heard(&line);
        said.push_str(&line);
        said.push('\n');
    }
    assert!(client.wait().unwrap().success(), "{said}");
    said
}
