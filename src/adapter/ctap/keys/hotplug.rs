//! Waits for udev to announce HID devices. A hint only: the announcement is noted in the log, and whoever is told looks for
//! himself.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use udev::{Device, MonitorBuilder, MonitorSocket};

use super::Cause;

/// Between two looks at whether we shall stop; without udev also between two hints.
const TURN_MILLIS: u64 = 500;
const SUBSYSTEM: &str = "hidraw";
/// There while udevd runs. Then its own announcements come after its rules; without it only the kernel's are to be had.
const UDEVD_SOCKET: &str = "/run/udev/control";

/// Calls `hint` once it listens, and after each announcement, or, where none can be had, every half second; until it returns
/// `false` or `stop`.
pub(super) fn wait(stop: &AtomicBool, mut hint: impl FnMut(Cause) -> bool) {
    let monitor = monitor().inspect_err(|error| {
        tracing::warn!(%error, "udev announces nothing; looking for USB keys twice a second instead");
    });
    // Nobody told of what happened between the first scan and this moment.
    if !hint(Cause::Turn) {
        return;
    }
    while !stop.load(Ordering::SeqCst) {
        let cause = match &monitor {
            Ok(socket) => announced(socket),
            Err(_) => {
                thread::sleep(Duration::from_millis(TURN_MILLIS));
                Some(Cause::Turn)
            }
        };
        if let Some(cause) = cause
            && !hint(cause)
        {
            return;
        }
    }
}

/// Whether udevd is done with the hidraw node of this name. Until then its rules have not said who may open it: a look in turn
/// finds the node before udevd announces it. Without udevd a node is as it will be.
pub(super) fn is_settled(name: &str) -> bool {
    !udevd_runs()
        || Device::from_subsystem_sysname(SUBSYSTEM.to_owned(), name.to_owned())
            .is_ok_and(|device| device.is_initialized())
}

fn udevd_runs() -> bool {
    Path::new(UDEVD_SOCKET).exists()
}

fn monitor() -> std::io::Result<MonitorSocket> {
    let builder = if udevd_runs() {
        MonitorBuilder::new()?
    } else {
        MonitorBuilder::new_kernel()?
    };
    builder.match_subsystem(SUBSYSTEM)?.listen()
}

/// Why to look, if there was a reason within one turn.
fn announced(socket: &MonitorSocket) -> Option<Cause> {
    let turn = Timespec {
        tv_sec: 0,
        tv_nsec: i64::try_from(TURN_MILLIS * 1_000_000).unwrap_or(0),
    };
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&turn)) {
        // All that are there: plugging in one key announces several nodes.
        Ok(1..) => {
            let heard = socket.iter().map(|event| {
                tracing::trace!(action = ?event.event_type(), node = ?event.sysname(), "announced");
            });
            (heard.count() > 0).then_some(Cause::Announced)
        }
        Ok(0) => None,
        Err(_) => {
            // Interrupted, or out of memory: do not spin, and look rather than miss something.
            thread::sleep(Duration::from_millis(TURN_MILLIS));
            Some(Cause::Turn)
        }
    }
}
