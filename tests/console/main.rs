//! The console over real HTTP on loopback: who may what, under which name, with which form, for how long. The clock is handed in;
//! no test waits in earnest.

mod admin;
mod bench;
mod commands;
mod doors;
mod eyes;
mod first;
mod forms;
mod house;
mod models;
mod names;
mod office;
mod passphrases;
mod people;
mod pins;
mod policies;
mod routes;
mod secrets;
mod sessions;
mod start;
mod windows;

#[path = "../support/line.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod line;

#[path = "../ledger/bench.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod bench_of_ledgers;
