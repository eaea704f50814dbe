//! The real program, ended at every effect that it has, and its power cut; then started again until the work is done. Whatever
//! was cut: no PIN is lost, no passkey is left behind, no letter is made twice, and everybody signs in.
//!
//! The program runs in a process of its own over real SQLite, with cards behind a real pcscd and a tenant behind HTTP. It is a
//! build with the feature `crash-points`. Where its power is to be cut, the whole station lies on a disk that forgets what was
//! not synced: see `forgetful.rs` for what that means.

mod apart;
mod check;
mod clerk;
#[expect(dead_code, reason = "what a verdict tells beyond right and wrong")]
#[path = "../station/client.rs"]
mod client;
mod disk;
mod eyes;
mod forgetful;
mod hands;
mod history;
mod home;
mod leg;
mod letters;
mod many;
mod paper;
#[expect(dead_code, reason = "print servers are the business of other tests")]
#[path = "../support/printing.rs"]
mod printing;
mod seed;
mod sheets;
mod stories;
#[path = "../support/mod.rs"]
mod support;
mod tray;
mod void;
