//! Letters printed by real peers: `ippeveprinter` and a private print server. What the press answers, what came out, and whose PIN
//! stands on it.

mod batch;
mod bench;
mod cups;
mod demo;
mod doubts;
mod eve;
mod hostile;
#[expect(
    dead_code,
    reason = "these tests need a station to be there, and not to run"
)]
#[path = "../support/line.rs"]
mod line;
mod moved;
mod pinned;
#[path = "../support/printing.rs"]
mod printing;
mod states;
mod strangers;
mod tap;
mod told;
mod void;
