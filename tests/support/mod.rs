//! Peers for the tests that are not ours: a private smart-card service, and cards in its virtual readers.

pub(crate) mod pcscd;
pub(crate) mod vpcd;
