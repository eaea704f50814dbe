//! The real outside: one adapter per port, one outside crate per adapter.

pub mod ctap;
