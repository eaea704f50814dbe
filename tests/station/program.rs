//! The running station: what it says is heard line by line, what is typed reaches it, and it ends with its value.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::home::Home;

/// For anything that is bound to come, on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often that is looked at which gives no sign.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The program, running. Dropping it kills it.
pub(crate) struct Program {
    child: Child,
    keyboard: ChildStdin,
    heard: Arc<Heard>,
    ears: Vec<JoinHandle<()>>,
    /// What others on this computer can see of the process: its arguments and, for its owner, its environment.
    seen: Vec<u8>,
}

#[derive(Default)]
struct Heard {
    talk: Mutex<Talk>,
    more: Condvar,
}

#[derive(Default)]
struct Talk {
    stderr: Vec<String>,
    stdout: Vec<String>,
    over: bool,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: Vec<String>,
    pub(crate) stdout: Vec<String>,
    pub(crate) seen: Vec<u8>,
}

impl Program {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let heard = Arc::new(Heard::default());
        let keyboard = child.stdin.take().unwrap();
        let ears = vec![
            listen(child.stdout.take().unwrap(), &heard, |talk, line| {
                talk.stdout.push(line);
            }),
            listen(child.stderr.take().unwrap(), &heard, |talk, line| {
                talk.stderr.push(line);
            }),
        ];
        Self {
            child,
            keyboard,
            heard,
            ears,
            seen: Vec::new(),
        }
    }

    /// Types a line and Enter.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// What it has said on stderr so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard.talk.lock().unwrap().stderr.clone()
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let process = rustix::process::Pid::from_child(&self.child);
        let signal = match name {
            "TERM" => rustix::process::Signal::TERM,
            "INT" => rustix::process::Signal::INT,
            "HUP" => rustix::process::Signal::HUP,
            other => panic!("no signal is named {other} here"),
        };
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the log says `text` so many times.
    pub(crate) fn wait_for_log(&mut self, home: &Home, text: &str, times: usize) {
        let until = Instant::now() + PATIENCE;
        loop {
            // Asked before the log is read: what it says last it says at its end.
            let running = self.is_running();
            let lines: Vec<String> = fs::read_dir(home.path("log"))
                .unwrap()
                .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
                .collect();
            if lines.concat().matches(text).count() >= times {
                return;
            }
            assert!(running, "it ended before the log said: {text}");
            assert!(Instant::now() < until, "not in the log: {text}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until `look` finds something in the lines on stderr so far.
    pub(crate) fn wait_for<T>(&mut self, what: &str, look: impl Fn(&[String]) -> Option<T>) -> T {
        self.photograph();
        let until = Instant::now() + PATIENCE;
        let mut talk = self.heard.talk.lock().unwrap();
        loop {
            if let Some(found) = look(&talk.stderr) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || talk.over {
                let said = talk.stderr.join("\n");
                drop(talk);
                panic!("not said: {what}\n{said}");
            }
            talk = self.heard.more.wait_timeout(talk, left).unwrap().0;
        }
    }

    /// Waits until a line says `text`.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        self.wait_for(text, |lines| {
            lines.iter().find(|line| line.contains(text)).cloned()
        })
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait_for_end(mut self) -> Ended {
        self.photograph();
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            let talk = self.heard.talk.lock().unwrap().stderr.join("\n");
            assert!(Instant::now() < until, "it did not end:\n{talk}");
            std::thread::sleep(LOOK_EVERY);
        };
        for ear in self.ears.drain(..) {
            ear.join().unwrap();
        }
        let mut talk = self.heard.talk.lock().unwrap();
        Ended {
            code: status.code(),
            stderr: std::mem::take(&mut talk.stderr),
            stdout: std::mem::take(&mut talk.stdout),
            seen: std::mem::take(&mut self.seen),
        }
    }

    fn photograph(&mut self) {
        for name in ["cmdline", "environ"] {
            // It may have ended by now.
            let file = format!("/proc/{}/{name}", self.child.id());
            self.seen.extend(fs::read(file).unwrap_or_default());
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(
    from: impl Read + Send + 'static,
    heard: &Arc<Heard>,
    keep: fn(&mut Talk, String),
) -> JoinHandle<()> {
    let heard = Arc::clone(heard);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            keep(&mut heard.talk.lock().unwrap(), line);
            heard.more.notify_all();
        }
        heard.talk.lock().unwrap().over = true;
        heard.more.notify_all();
    })
}
