//! Letters printed by real peers: `ippeveprinter` and a private print server. What the press answers, what came out, and whose PIN
//! stands on it.

mod bench;
mod cups;
mod doubts;
mod eve;
mod line;
#[path = "../support/printing.rs"]
mod printing;
mod told;
