//! The machine itself: its clock, its randomness, and what keeps secrets from leaking out of the process.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{Timestamp as Moment, Zoned};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::{CancelFlag, Clock, Entropy};

/// How often a wait looks whether it was cancelled.
const CANCEL_LATENCY: Duration = Duration::from_millis(50);

/// The clock on the wall.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(Moment::now().as_millisecond())
    }

    fn today(&self) -> jiff::civil::Date {
        Zoned::now().date()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let end = Instant::now() + duration;
        loop {
            if cancel.is_cancelled() {
                return false;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(CANCEL_LATENCY));
        }
    }
}

/// The operating system's randomness (`OsRng`, which `rand` calls `SysRng` since 0.10).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        SysRng
            .try_fill_bytes(bytes)
            .map_err(|error| Fault::Internal {
                what: format!("the operating system gave no randomness: {error}"),
            })
    }
}

/// Bytes that this user may still write on the disk of `path`.
///
/// # Errors
/// When the system does not say.
pub fn free_bytes(path: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Keeps memory out of core dumps and out of other programs' reach, and new files out of other people's.
///
/// # Errors
/// When the system refuses: then no secret should be handled.
pub fn harden() -> Result<(), Fault> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let refused = |error: rustix::io::Errno| Fault::Internal {
        what: format!("core dumps could not be switched off: {error}"),
    };
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .map_err(refused)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(refused)?;
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    Ok(())
}
