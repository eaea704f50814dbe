//! The program at true /dev/hidraw nodes: a small virtual machine with Debian's own kernel, in it keys behind /dev/uhid, the
//! practice tenant, the program as it was built, and libfido2's tools as a second opinion. [`guest`] is what happens inside.
//!
//! The machine's disk is its initramfs, put together here; its result is a line on its serial console and a status. Needs what
//! `scripts/peers` unpacks; nothing of it is installed, and no root is needed.

mod guest;
#[path = "../station/home.rs"]
#[expect(
    dead_code,
    reason = "the station's own tests look into letters and files"
)]
mod home;
mod initramfs;
mod machine;
#[path = "../station/program.rs"]
#[expect(dead_code, reason = "the station's own tests type, and look for PINs")]
mod program;
mod skip;

use std::io::Write as _;
use std::time::Duration;

use initramfs::{Room, kitchen};
use machine::{Machine, Outcome};

/// A whole story, on a machine that emulates every instruction beside seven other tests.
const STORY_MAX: Duration = Duration::from_secs(240);
/// A machine that has only to end.
const END_MAX: Duration = Duration::from_secs(60);
/// A machine that hangs.
const HANG_MAX: Duration = Duration::from_secs(5);

#[test]
fn keys_on_true_hidraw_nodes_are_enrolled_and_sign_in() {
    if guest::is_inside() {
        return guest::act();
    }
    if skip::without_machine() {
        return;
    }
    let kitchen = kitchen();
    let initramfs = kitchen.pack(Room::Station);
    let name = "keys_on_true_hidraw_nodes_are_enrolled_and_sign_in";
    let outcome = Machine::new(&initramfs, "station", name).run(STORY_MAX);
    tell(&outcome);
    outcome.judge().unwrap_or_else(|why| panic!("{why}"));
}

/// The judge is put to the test: whatever may go wrong with a machine is no success, and is told apart.
#[test]
fn a_machine_that_does_not_succeed_is_noticed() {
    if skip::without_machine() {
        return;
    }
    let kitchen = kitchen();
    let initramfs = kitchen.pack(Room::Bare);
    for (part, patience, complaint) in [
        (
            "silent",
            END_MAX,
            "did not say `guest: all cases passed`, and ended with 33",
        ),
        ("failing", END_MAX, "it ended with 35 instead of 33"),
        ("panicking", END_MAX, "Kernel panic"),
        ("leaving", END_MAX, "it ended with 0 instead of 33"),
        ("hanging", HANG_MAX, "and was killed"),
    ] {
        let outcome = Machine::new(&initramfs, part, "").run(patience);
        let complaints = outcome.judge().expect_err(part);
        assert!(complaints.contains(complaint), "{part}: {complaints}");
        // It was the part that failed, and not the machine.
        assert!(complaints.contains("guest: up"), "{part}: {complaints}");
    }
}

/// To be read although the test passes; and no line begins as those do that `scripts/test` counts.
fn tell(outcome: &Outcome) {
    let mut stderr = std::io::stderr().lock();
    for line in &outcome.lines {
        let _ = writeln!(stderr, "vm: {line}");
    }
    let _ = writeln!(
        stderr,
        "vm: up after {:.1} s, ended after {:.1} s, {:?}",
        outcome.up_after.unwrap_or_default().as_secs_f64(),
        outcome.took.as_secs_f64(),
        outcome.acceleration
    );
}
