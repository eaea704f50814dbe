//! [`Reports`] over /dev/hidraw, through hidapi. Knows nothing of CTAPHID.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hidapi::{HidApi, HidDevice, HidError};

use crate::domain::fault::Fault;

use super::{REPORT_BYTES, Reports};

/// An open /dev/hidraw node.
pub struct HidrawReports {
    device: HidDevice,
    node: PathBuf,
}

impl HidrawReports {
    /// Opens `node`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when the node is no longer there, [`Fault::Transport`] with the reason otherwise.
    pub fn open(node: &Path) -> Result<Self, Fault> {
        let api = HidApi::new().map_err(|error| failed(node, "hidapi cannot start", &error))?;
        let path =
            CString::new(node.as_os_str().as_encoded_bytes()).map_err(|_| Fault::Internal {
                what: format!("{} has a NUL in its name", node.display()),
            })?;
        let device = api.open_path(&path).map_err(|error| {
            failed(
                node,
                "cannot be opened; does a udev rule let this user at FIDO keys (70-keyline.rules)?",
                &error,
            )
        })?;
        Ok(Self {
            device,
            node: node.to_owned(),
        })
    }
}

impl Reports for HidrawReports {
    fn write(&mut self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault> {
        // FIDO keys number no reports: the report id is zero and is not sent.
        let mut numbered = vec![0];
        numbered.extend(report);
        self.device
            .write(&numbered)
            .map(drop)
            .map_err(|error| broken(&self.node, "cannot be written", &error))
    }

    fn read(&mut self, timeout: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault> {
        let mut report = [0; REPORT_BYTES];
        // Rounded up, so that a caller with a deadline does not spin through its last millisecond.
        let millis = i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        match self.device.read_timeout(&mut report, millis) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(report)),
            Err(error) => Err(broken(&self.node, "cannot be read", &error)),
        }
    }
}

/// A failure on an open node: hidraw says EIO, ENODEV or "disconnected" when the key was taken out, and the node goes away
/// only a moment later.
fn broken(node: &Path, what: &str, error: &HidError) -> Fault {
    let words = error.to_string();
    let gone = ["disconnected", "No such device", "Input/output error"];
    if gone.iter().any(|sign| words.contains(sign)) {
        return Fault::KeyGone;
    }
    failed(node, what, error)
}

fn failed(node: &Path, what: &str, error: &HidError) -> Fault {
    if node.exists() {
        Fault::Transport {
            what: format!("{} {what}: {error}", node.display()),
        }
    } else {
        Fault::KeyGone
    }
}
