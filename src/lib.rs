//! keyline: an enrollment station for FIDO2 security keys in Microsoft Entra ID.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::unwrap_used,
        clippy::wildcard_enum_match_arm
    )
)]

pub mod adapter;
pub mod app;
pub mod domain;
pub mod face;
pub mod port;
pub mod practice;
pub mod wire;
