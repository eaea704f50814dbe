//! The program itself, as people run it: its binary in a process of its own, cards on readers of a real pcscd, a tenant behind
//! HTTP, letters on paper. And then the people sign in with what they were given, by a client of another make.

mod cards;
mod client;
mod home;
mod letters;
mod outcomes;
mod printed;
#[expect(dead_code, reason = "some moods are the business of other tests")]
#[path = "../support/printing.rs"]
mod printing;
mod program;
mod reissue;
mod sign_in;
mod signals;
#[path = "../support/mod.rs"]
mod support;
