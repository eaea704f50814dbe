//! What an administrator decides and does: the ways to treat a key (`reset`), looking at PINs and keys, teaching slots, erasing
//! people, and what is kept for how long. Whole stations in this process, and the program itself on their folders.

mod beforehand;
mod cancel;
mod check;
mod groups;
mod handover;
mod json;
mod keys;
mod online;
mod papers;
mod people;
mod perform;
mod persons_keys;
mod pins;
mod reconcile;
mod reissue;
mod reset;
mod retention;
mod setup;
mod slips;
mod stock;
mod trail;

#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../support/files.rs"]
mod files;
#[path = "../support/line.rs"]
mod line;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../support/small_disk.rs"]
mod small_disk;

use std::process::{Command, Output, Stdio};

use line::Line;

/// The program on a station's folder, as typed by its administrator.
fn keyline(line: &Line, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(arguments)
        .arg("--config")
        .arg(&line.config.file)
        .env_remove("KEYLINE_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("the program")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}
