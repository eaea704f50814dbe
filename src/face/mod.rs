//! What people meet: the command line, the words, the live view, the reports. Faces read the board and the ledger's port
//! and ask the station for things; they never decide what happens to a key, and never reach past the ports.

pub mod ask;
pub mod cli;
pub mod console;
pub mod control;
mod grid;
pub mod outlet;
pub mod progress;
pub mod prompt;
pub mod report;
pub mod say;
pub mod terminal;
