//! keyline: an enrollment station for FIDO2 security keys in Microsoft Entra ID.
//!
//! # The map
//! A job file becomes enrolled keys and PIN letters in one direction:
//!
//! | where | what |
//! |---|---|
//! | [`adapter::folder`] | claims a file from the queue and reads every row |
//! | [`domain::job`] | a row is checked: who gets a key, under which policy |
//! | [`app::intake`] | the whole file enters the ledger in one transaction |
//! | [`domain::station`] | a key arrives in a slot; which job does it serve, and may it? |
//! | [`app::runner`] | intent into the ledger, one effect, outcome into the ledger, until the job is done |
//! | [`domain::enrollment`] | what comes next, and how a doubt is settled: the central machine |
//! | [`adapter::ctap`], [`adapter::entra`], [`adapter::paper`] | the effects: on the key, at Entra, on paper |
//! | [`adapter::ledger`] | journal, sealed PINs, audit chain: the only truth |
//! | [`app::board`] | what faces may see |
//!
//! Start with [`domain::enrollment`], then [`app::runner`], then [`app::station`].
//!
//! # Who may import whom
//! [`port`] knows [`domain`]; [`app`] knows both; [`adapter`] and [`practice`] know [`port`] and [`domain`], never each other;
//! [`face`] knows [`app`], never an adapter; [`wire`] alone names everything. `tests/layers.rs` fails on an arrow the wrong way.
//!
//! # What is not here
//! No recovery code: a crash, a pulled key and a lost reply are the same doubt, and starting is resuming. No clock, chance or
//! file in [`domain`]. No PIN in anything that can be printed: [`domain::pin::Pin`] has one way out, by name.
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
