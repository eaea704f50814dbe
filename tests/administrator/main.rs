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
use std::time::{Duration, Instant};

use line::Line;

/// So long may the lock of a station that ended in this process be held yet, by its last threads or by a program that another
/// test started just then and that has not closed what it inherited.
const STALE_LOCK: Duration = Duration::from_secs(10);

/// The program on a station's folder, as typed by its administrator.
fn keyline(line: &Line, arguments: &[&str]) -> Output {
    let until = Instant::now() + STALE_LOCK;
    let holder = format!("Another keyline (process {}, ", std::process::id());
    loop {
        let ended = once(line, arguments);
        if !err(&ended).contains(&holder) || Instant::now() > until {
            return ended;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn once(line: &Line, arguments: &[&str]) -> Output {
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
