//! The Entra adapter against the practice tenant, over real HTTP on loopback: each vouches for the other. No test waits in
//! earnest; the clock that is handed in only notes what it was asked to wait.

mod bench;
mod browser;
mod ceremony;
mod certificate;
mod checks;
mod commands;
mod delegated;
mod device_code;
mod directory;
mod faults;
mod network;
mod papers;
mod practice;
mod preflight;
mod refusals;
mod schema;
mod setting_up;
mod shapes;
mod wire;

#[path = "../support/software_key.rs"]
mod software_key;
