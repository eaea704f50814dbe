//! One run of the program, from its start to its end or to the cut: it is given hands, and listened to.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyline::wire::crash_points::{AT, COUNT};
use rustix::process::{Pid, Signal, kill_process};

use crate::clerk::{Clerk, Manner};
use crate::disk::Disk;
use crate::forgetful::Loss;
use crate::hands::Hands;
use crate::home::Home;
use crate::support::pcscd::Pcscd;
use crate::tray::Tray;

/// No run takes longer, on the busiest machine.
const RUN_MAX: Duration = Duration::from_secs(60);

/// How often the hands look after their cards while nothing is said.
const TEND_EVERY: Duration = Duration::from_secs(1);

/// How often somebody looks into the printer's tray.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where the program is cut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// At the crash point with this number; its power stays, or is lost as well.
    Point { number: u64, loss: Option<Loss> },
    /// At the first crash point of this name.
    Named {
        name: &'static str,
        loss: Option<Loss>,
    },
    /// Its power goes before the sync with this number.
    Sync { number: u64, loss: Loss },
}

impl At {
    /// What the cut takes from the disk.
    pub(crate) fn loss(self) -> Option<Loss> {
        match self {
            Self::Point { loss, .. } | Self::Named { loss, .. } => loss,
            Self::Sync { loss, .. } => Some(loss),
        }
    }
}

/// How a run ended.
pub(crate) struct Ended {
    /// `None`: it was cut down.
    pub(crate) code: Option<i32>,
    /// The crash points that it passed, such as `before key.reset`.
    pub(crate) passed: Vec<String>,
    /// How many files and folders it synced; 0 where nobody counts.
    pub(crate) syncs: u64,
    /// What it said, for the message of a failure.
    pub(crate) said: Vec<String>,
    /// It had to be killed because it did not end.
    pub(crate) hung: bool,
}

/// What surrounds a run.
pub(crate) struct Around<'a> {
    pub(crate) home: &'a Home,
    pub(crate) pcscd: &'a Pcscd,
    /// For the program's environment.
    pub(crate) more: &'a [(&'a str, &'a str)],
    /// Where letters are printed, and how whoever stands there works.
    pub(crate) printer: Option<(&'a Tray, Manner)>,
}

/// Runs the station until nothing is left to do, or until `at`.
pub(crate) fn run(around: &Around<'_>, hands: &mut Hands<'_>, at: Option<At>) -> Ended {
    let Around {
        home, pcscd, more, ..
    } = *around;
    let trace = home.outside("passed");
    let _none_yet = std::fs::remove_file(&trace);
    let mut command = home.command(pcscd, &["run", "--until-empty"]);
    command.env(COUNT, &trace).envs(more.iter().copied());
    let victim = Arc::new(Mutex::new(None::<Pid>));
    match (at, &home.disk) {
        (Some(At::Point { number, .. }), _) => {
            command.env(AT, number.to_string());
        }
        (Some(At::Named { name, .. }), _) => {
            command.env(AT, name);
        }
        (Some(At::Sync { number, .. }), Disk::Forgetful(disk)) => {
            let victim = Arc::clone(&victim);
            disk.cut_at_sync(number, move || {
                if let Some(program) = *victim.lock().unwrap() {
                    // A run that ends by itself just now needs no killing.
                    let _ = kill_process(program, Signal::KILL);
                }
            });
        }
        (Some(At::Sync { .. }), Disk::Plain) | (None, _) => {}
    }
    let before = syncs(home);
    let (child, lines) = start(command, &victim);
    let mut clerk = around
        .printer
        .map(|(tray, manner)| Clerk::new(tray, manner));
    let (said, hung) = attend(around, &lines, hands, clerk.as_mut(), &victim);
    let status = wait(child);
    if let Some(clerk) = clerk {
        clerk.rest();
    }
    if let Disk::Forgetful(disk) = &home.disk {
        // A run may end before it comes to its cut, which is not meant for the next one.
        disk.stay();
    }
    hands.clear();
    let text = std::fs::read_to_string(&trace).unwrap_or_default();
    let passed = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(_, name)| name.to_owned())
        .collect();
    Ended {
        code: status.code(),
        passed,
        syncs: syncs(home) - before,
        said,
        hung: hung && status.signal().is_some(),
    }
}

fn syncs(home: &Home) -> u64 {
    match &home.disk {
        Disk::Forgetful(disk) => disk.syncs(),
        Disk::Plain => 0,
    }
}

/// Starts it. The victim is known before it can sync anything: the lock is held until then.
fn start(mut command: Command, victim: &Mutex<Option<Pid>>) -> (Child, Receiver<String>) {
    let mut known = victim.lock().unwrap();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    *known = Some(Pid::from_child(&child));
    let (sender, lines) = channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in stderr.lines() {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (child, lines)
}

/// Hears it out, and kills it when it does not come to an end.
fn attend(
    around: &Around<'_>,
    lines: &Receiver<String>,
    hands: &mut Hands<'_>,
    mut clerk: Option<&mut Clerk<'_>>,
    victim: &Mutex<Option<Pid>>,
) -> (Vec<String>, bool) {
    let look_every = if clerk.is_some() {
        LOOK_EVERY
    } else {
        TEND_EVERY
    };
    let until = Instant::now() + RUN_MAX;
    let mut said = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left.min(look_every)) {
            Ok(line) => {
                hands.obey(&line);
                if let Some(clerk) = clerk.as_deref_mut() {
                    clerk.hear(&line);
                    clerk.work(around.home, around.pcscd);
                }
                said.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => return (said, false),
            Err(RecvTimeoutError::Timeout) if left > TEND_EVERY => {
                hands.tend();
                if let Some(clerk) = clerk.as_deref_mut() {
                    clerk.work(around.home, around.pcscd);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                said.push(format!("(it hangs; {})", hands.describe()));
                if let Some(program) = *victim.lock().unwrap() {
                    let _ = kill_process(program, Signal::KILL);
                }
                return (said, true);
            }
        }
    }
}

fn wait(mut child: Child) -> std::process::ExitStatus {
    // Its keyboard goes only now: the end of a terminal would be an event of its own.
    child.wait().unwrap()
}
