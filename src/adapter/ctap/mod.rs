//! Authenticators: our own CTAP2 command layer over [`crate::port::Transport`], the transports over USB HID and PC/SC, and
//! the check of attestation statements. Never decides what a job does next, and never prints.
//!
//! # Why
//! No library on the registry has authenticatorReset, a read timeout, a keepalive callback and canonical maps together.
//! So the commands are ours; discovery, elliptic curves, ciphers and CBOR are not.
//!
//! - [`key`]: [`crate::port::Authenticator`] over any transport; `client_pin`, `make_credential`, `config`,
//!   [`credential_management`] and `assertion` are its commands, [`info`] reads authenticatorGetInfo.
//! - [`pin_protocol`]: PIN/UV auth protocols one and two.
//! - [`hid`] and [`pcsc`]: framing (testable without hardware), with the device behind a small trait; [`serial`] reads
//!   YubiKey serial numbers over both.
//! - [`keys`]: arrivals, departures and opening of real keys.
//! - [`attestation`]: verdicts on attestation statements.
//! - [`software`]: a test passkey without a key, for the trial of a tenant.
//! - [`cbor`]: the one place where maps are sorted and foreign bytes are decoded.

mod assertion;
pub mod attestation;
pub mod auth_data;
pub mod cbor;
mod client_pin;
mod config;
pub mod credential_management;
pub mod hid;
pub mod info;
pub mod key;
pub mod keys;
mod make_credential;
pub mod pcsc;
pub mod pin_protocol;
pub mod serial;
pub mod software;
mod status;

pub use attestation::Verifier;
pub use key::Key;
pub use keys::{Hardware, Watched};

#[cfg(test)]
mod tests;
