//! The real outside: one adapter per port, one outside crate per adapter.

pub mod accounts;
pub mod ctap;
pub mod entra;
pub mod folder;
pub mod ledger;
pub mod logs;
pub mod mds;
pub mod openings;
pub mod paper;
mod regular;
pub mod system;

pub(crate) use regular::RegularFile;
