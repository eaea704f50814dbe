//! Our own share of the time of each key: all that is neither the key, nor the tenant, nor the person; and how soon the
//! program is ready. `cargo bench --bench enrollment`.

#[path = "../tests/weather/line.rs"]
#[expect(dead_code, reason = "the tests of bad weather use the rest")]
mod line;

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use line::{Layout, Line};

const KEYS: usize = 200;
const PEOPLE: usize = 24;
/// A practised person: seconds per key for two touches and the change of keys, for the share of a real line.
const HUMAN_SECONDS: f64 = 8.0;
const STARTS: usize = 20;

fn main() {
    for slots in [1, 4] {
        enroll(slots);
    }
    start();
}

fn enroll(slots: u16) {
    let line = Line::set(&Layout {
        slots,
        ..Layout::default()
    });
    line.add_keys(KEYS);
    let users = line.users(0..PEOPLE);
    let mut left = KEYS;
    for file in 0.. {
        let mut text = "user,role,replace,note\n".to_owned();
        for role in ["primary", "backup"] {
            for user in users.iter().take(left) {
                writeln!(text, "{user},{role},yes,{file}").expect("memory");
            }
            left = left.saturating_sub(PEOPLE);
        }
        line.drop_file(&format!("file{file}.csv"), &text);
        if left == 0 {
            break;
        }
    }
    let begun = Instant::now();
    let running = line.start(true);
    let board = running.board.clone();
    let (summary, _ledger) = running.finish();
    let took = begun.elapsed();
    assert_eq!(summary.done, KEYS, "{summary:?}");
    let finished = board.finished(0);
    let own = sorted(finished.iter().map(|one| one.own));
    let total = sorted(finished.iter().map(|one| one.total));
    let share = |at: usize| own[at].as_secs_f64() * 100.0 / (HUMAN_SECONDS + own[at].as_secs_f64());
    let (half, most) = (KEYS / 2, KEYS * 95 / 100);
    eprintln!(
        "{KEYS} keys, slots {slots}: {took:.1?} in all; own share median {:.2?}, 95 % {:.2?}; with key and tenant {:.2?} and {:.2?}",
        own[half], own[most], total[half], total[most]
    );
    eprintln!(
        "of a key that takes a person {HUMAN_SECONDS} s: median {:.3} %, 95 % {:.3} %",
        share(half),
        share(most)
    );
}

fn start() {
    let line = Line::set(&Layout::default());
    let run = || {
        let begun = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(["run", "--until-empty", "--config"])
            .arg(&line.base.config.file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program");
        assert!(status.success(), "{status}");
        begun.elapsed()
    };
    run();
    let times = sorted((0..STARTS).map(|_| run()));
    eprintln!(
        "from the command line to ready and, with an empty queue, to the end: median {:.1?}, worst of {STARTS} {:.1?}",
        times[STARTS / 2],
        times[STARTS - 1]
    );
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times
}
