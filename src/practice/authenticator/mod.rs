//! Simulated authenticators: real key firmware (OpenSK's core) in this process, without a device.
//!
//! # What is here
//! [`Manufacturer`] makes [`SimulatedKey`]s. A key runs its firmware on a thread of its own while it has power, as a
//! real key runs on its own chip, and is reached through one of three faces:
//!
//! - [`PracticeTransport`]: whole CTAP messages, in process. `keyline demo` and most tests use it.
//! - [`Card`]: APDUs as an NFC reader passes them (CTAP 2.1 §11.3).
//! - [`ReportPipe`]: 64-byte CTAPHID reports (CTAP 2.1 §11.2), through OpenSK's own CTAPHID layer.
//!
//! [`Bench`] has places where keys are put and pulled, [`PracticeKeys`] shows a bench to the station as
//! [`crate::port::Keys`], and [`PracticeOperator`] is a pair of simulated hands.
//!
//! # Why firmware, and not a script
//! A script answers what its author believed. This firmware closes its reset window, counts PIN tries and refuses
//! malformed CBOR by itself, so a mistake of ours meets the same answer that it would meet on a real key.
//!
//! It never stands in for a real key: every product string, certificate and serial in here says that it is practice.

mod bench;
mod board;
mod exchange;
mod firmware;
mod key;
mod making;
mod memory;
mod nfc;
mod operator;
mod past;
mod reports;
mod transport;

#[cfg(test)]
mod tests;

pub use bench::{Assemble, Bench, PracticeKeys};
pub use key::{Mishap, SimulatedKey, Touch};
pub use making::{AttestationKind, Manufacturer, Model, PRACTICE_AAGUID, TRAINING_AAGUID};
pub use memory::Memory;
pub use nfc::{ATR, Card};
pub use operator::{Habits, PracticeOperator};
pub use past::Past;
pub use reports::{REPORT_BYTES, ReportPipe};
pub use transport::PracticeTransport;

/// What a simulated key calls itself wherever a real one shows its product string.
pub const PRODUCT: &str = "Keyline practice key (simulated)";
