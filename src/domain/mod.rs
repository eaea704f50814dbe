//! The pure part of the house: what is true of jobs, keys, PINs and credentials, and what comes next.
//!
//! Nothing in here reads a clock, draws a random number, opens a file or talks to anyone; clippy holds the ban.
//! Whoever needs a moment, a byte or an answer is handed one.
#![deny(clippy::disallowed_methods)]

pub mod account;
pub mod authenticator;
pub mod credential;
pub mod custody;
pub mod document;
pub mod enrollment;
pub mod event;
pub mod fault;
pub mod job;
pub mod keeping;
pub mod mailbox;
pub mod mailer;
pub mod metadata;
pub mod model;
pub mod paper;
pub mod passkey_policy;
pub mod passkey_scope;
pub mod person;
pub mod pin;
pub mod pin_rule;
pub mod policy;
pub mod scan;
pub mod sign_in;
pub mod station;
pub mod stock;
pub mod tenant_setup;
pub mod time;
