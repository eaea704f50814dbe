//! Tests that cannot run here say so, in the words that `scripts/test` counts.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where `scripts/peers` unpacks the machine and what runs in it.
pub(crate) fn machine() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/vm")
}

/// Whether no virtual machine can be had here. It is said as well.
pub(crate) fn without_machine() -> bool {
    let qemu = machine().join("usr/bin/qemu-system-x86_64");
    let reason = if set("KEYLINE_TEST_QUICK") {
        "no peers are wanted (KEYLINE_TEST_QUICK)".to_owned()
    } else if !cfg!(target_arch = "x86_64") {
        "the virtual machine is made for x86_64".to_owned()
    } else if !qemu.exists() {
        format!("{} is missing; scripts/peers unpacks it", qemu.display())
    } else {
        return false;
    };
    skip(&reason);
    true
}

/// Says that a test is not run, in the words that `scripts/test` counts.
///
/// # Panics
/// Where `CI` is set and peers are wanted: there a peer that is missing is a failure.
fn skip(reason: &str) {
    let must_run = set("CI") && !set("KEYLINE_TEST_QUICK");
    assert!(!must_run, "NOT TESTED: {reason}");
    // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {reason}");
}

fn set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false")
}
