//! The console as people see it: a whole batch in a real browser from the dropped file to the last key, every question that a
//! card asks, every page looked at for what keeps people out of it, and the scripts' types.

mod batch;
mod pages;
mod questions;
mod types;
mod world;
