//! A practice key as a true HID device: its reports go through /dev/uhid to the kernel, which makes a /dev/hidraw of it.
//!
//! Only CTAPHID reports pass here, and none is read: what they say is between the firmware and whoever opens the node.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use keyline::domain::fault::Fault;
use keyline::practice::authenticator::{PRODUCT, REPORT_BYTES, ReportPipe, SimulatedKey};

/// Where the key is plugged in, as its driver says (HID_PHYS), and what it shows instead of a USB descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) phys: &'static str,
    pub(crate) product: u32,
}

/// pid.codes' number for tests: no vendor's, so that nobody asks the key for a serial number.
pub(crate) const VENDOR: u32 = 0x1209;
const BUS_USB: u16 = 3;

/// `enum uhid_event_type` of linux/uhid.h.
const DESTROY: u32 = 1;
const STOP: u32 = 3;
const OUTPUT: u32 = 6;
const CREATE2: u32 = 11;
const INPUT2: u32 = 12;
/// UHID_DATA_MAX: room for a report or a report descriptor in every event.
const DATA_BYTES: usize = 4096;
/// More than any event has.
const EVENT_BYTES: usize = 8192;
/// How long the firmware is listened to at a stretch.
const TURN: Duration = Duration::from_secs(1);

/// Usage page F1D0, usage 1, a report of 64 bytes each way, no report numbers (CTAP 2.1 §11.2.8.2).
const DESCRIPTOR: [u8; 34] = [
    0x06, 0xD0, 0xF1, 0x09, 0x01, 0xA1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08,
    0x95, 0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91,
    0x02, 0xC0,
];

/// A key with power, in a hand.
pub(crate) struct Ready {
    key: SimulatedKey,
    pipe: Arc<ReportPipe>,
}

impl Ready {
    pub(crate) fn new(key: &SimulatedKey) -> Self {
        key.plug().unwrap();
        Self {
            key: key.clone(),
            pipe: Arc::new(ReportPipe::open(key).unwrap()),
        }
    }

    /// Plugs it in.
    pub(crate) fn plug(self, port: Port) -> Plugged {
        let device = File::options()
            .read(true)
            .write(true)
            .open("/dev/uhid")
            .unwrap();
        let device = Arc::new(device);
        (&*device).write_all(&create(port)).unwrap();
        let (to, from) = (
            (Arc::clone(&device), Arc::clone(&self.pipe)),
            (Arc::clone(&device), self.pipe),
        );
        Plugged {
            key: self.key,
            device,
            threads: vec![
                std::thread::spawn(move || to_key(&to.0, &to.1)),
                std::thread::spawn(move || from_key(&from.1, &from.0)),
            ],
        }
    }
}

/// A key with power, and the device that the kernel shows for it.
pub(crate) struct Plugged {
    key: SimulatedKey,
    device: Arc<File>,
    threads: Vec<JoinHandle<()>>,
}

impl Plugged {
    pub(crate) fn new(key: &SimulatedKey, port: Port) -> Self {
        Ready::new(key).plug(port)
    }

    /// Another key takes its place, quicker than any hand.
    pub(crate) fn exchange(self, other: Ready, port: Port) -> Self {
        remove(&self.device);
        let there = other.plug(port);
        self.pull();
        there
    }

    /// Pulls the key out; when this returns, the node is gone.
    pub(crate) fn pull(self) {
        // Dropping it does.
        drop(self);
    }

    /// When this returns, the node of a key that a mishap has pulled is gone.
    pub(crate) fn wait_until_gone(self) {
        assert!(!self.key.is_plugged());
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.key.unplug();
        for thread in self.threads.drain(..) {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

/// What the computer writes, until the device is gone.
fn to_key(mut device: &File, pipe: &ReportPipe) {
    let mut event = [0; EVENT_BYTES];
    loop {
        let length = device.read(&mut event).unwrap();
        let (kind, data) = event[..length].split_first_chunk::<4>().unwrap();
        match u32::from_ne_bytes(*kind) {
            STOP => return,
            OUTPUT => {
                let length = data[DATA_BYTES..].first_chunk::<2>().unwrap();
                let report = &data[..usize::from(u16::from_ne_bytes(*length))];
                // With the number of the report before it, which is 0 where reports have none.
                let (_, report) = report.split_last_chunk::<REPORT_BYTES>().unwrap();
                // A key that has just lost its power misses it.
                let _ = pipe.write(report);
            }
            _ => {}
        }
    }
}

/// What the key says, until it has no power.
fn from_key(pipe: &ReportPipe, mut device: &File) {
    loop {
        match pipe.read(TURN) {
            Ok(Some(report)) => {
                let mut event = INPUT2.to_ne_bytes().to_vec();
                event.extend(u16::try_from(report.len()).unwrap().to_ne_bytes());
                event.extend(report);
                // Where it was exchanged, nobody hears it.
                let _ = device.write_all(&event);
            }
            Ok(None) => {}
            Err(Fault::KeyGone) => {
                remove(device);
                return;
            }
            Err(fault) => panic!("{fault}"),
        }
    }
}

/// The kernel answers EINVAL when it is gone already.
fn remove(mut device: &File) {
    let _ = device.write_all(&DESTROY.to_ne_bytes());
}

/// `struct uhid_create2_req`, packed.
fn create(port: Port) -> Vec<u8> {
    let mut event = CREATE2.to_ne_bytes().to_vec();
    let mut text = |text: &str, room: usize| {
        assert!(text.len() < room);
        event.extend(text.bytes());
        event.extend(std::iter::repeat_n(0, room - text.len()));
    };
    text(PRODUCT, 128);
    text(port.phys, 64);
    // No serial number.
    text("", 64);
    event.extend(u16::try_from(DESCRIPTOR.len()).unwrap().to_ne_bytes());
    event.extend(BUS_USB.to_ne_bytes());
    let (version, country) = (0, 0);
    for number in [VENDOR, port.product, version, country] {
        event.extend(u32::to_ne_bytes(number));
    }
    event.extend(DESCRIPTOR);
    event.extend(std::iter::repeat_n(0, DATA_BYTES - DESCRIPTOR.len()));
    event
}
