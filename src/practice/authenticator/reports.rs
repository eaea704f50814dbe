//! The CTAPHID face of a simulated key: 64-byte reports in and out (CTAP 2.1 §11.2.4), handled by OpenSK's own CTAPHID
//! layer. It adds nothing: channels, sequence numbers, keepalives and CANCEL are the firmware's.

use std::time::{Duration, Instant};

use super::exchange::Contact;
use super::key::SimulatedKey;
use crate::domain::fault::Fault;

/// The size of a report without its report number, as full-speed USB carries it.
pub const REPORT_BYTES: usize = 64;

/// A simulated key as an opened `/dev/hidraw` would show it.
pub struct ReportPipe(Contact);

impl ReportPipe {
    /// Opens `key`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when it has no power, [`Fault::KeyHeldElsewhere`] when somebody else talks to it.
    pub fn open(key: &SimulatedKey) -> Result<Self, Fault> {
        Contact::take(key).map(Self)
    }

    /// Writes one report. Never waits.
    ///
    /// # Errors
    /// [`Fault::KeyGone`].
    pub fn write(&self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault> {
        self.0.report(report)
    }

    /// Reads one report, or `None` when none comes within `patience`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`].
    pub fn read(&self, patience: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault> {
        self.0.next_report(Instant::now() + patience)
    }
}
