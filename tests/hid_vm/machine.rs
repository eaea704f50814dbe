//! The virtual machine: QEMU's command line, what is heard on the serial console, and whether it was a success. Knows nothing of
//! what happens inside.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::guest::PASSED;
use crate::skip::machine;

/// Said by the first process.
const UP: &str = "guest: up";
/// The guest leaves with 16; isa-debug-exit makes twice that plus one of it, which neither QEMU's own failures nor a panic do.
const SUCCESS: i32 = 33;
/// A kernel that is not up by then does not like its processor.
const ACCELERATED_UP_MAX: Duration = Duration::from_secs(20);
/// Emulation takes two seconds on an idle machine.
const EMULATED_UP_MAX: Duration = Duration::from_secs(120);
const MEMORY: &str = "1024";

/// Who carries out the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acceleration {
    /// The processor.
    Kvm,
    /// QEMU's own emulation.
    Tcg,
}

impl Acceleration {
    /// The device alone says little: in a virtual machine without nested virtualisation it opens, and carries out nothing.
    fn available() -> Self {
        let device = std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm");
        let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let capable = about
            .lines()
            .filter(|line| line.starts_with("flags"))
            .flat_map(str::split_whitespace)
            .any(|flag| flag == "vmx" || flag == "svm");
        if device.is_ok() && capable {
            Self::Kvm
        } else {
            Self::Tcg
        }
    }
}

/// What a machine is started with.
pub(crate) struct Machine<'a> {
    initramfs: &'a Path,
    part: &'a str,
    test: &'a str,
}

/// How it went.
pub(crate) struct Outcome {
    /// What was said on the serial console, and by QEMU.
    pub(crate) lines: Vec<String>,
    /// `None` when it was killed.
    status: Option<i32>,
    /// When the guest's first process spoke.
    pub(crate) up_after: Option<Duration>,
    pub(crate) took: Duration,
    pub(crate) acceleration: Acceleration,
}

impl<'a> Machine<'a> {
    /// A machine that plays `part` (see `init`); where it is to run a test, `test` is its name.
    pub(crate) fn new(initramfs: &'a Path, part: &'a str, test: &'a str) -> Self {
        Self {
            initramfs,
            part,
            test,
        }
    }

    /// Runs it to its end, at most for so long once its first process has spoken.
    pub(crate) fn run(&self, patience: Duration) -> Outcome {
        if Acceleration::available() == Acceleration::Kvm {
            let outcome = self.run_on(Acceleration::Kvm, patience);
            if outcome.up_after.is_some() {
                return outcome;
            }
        }
        self.run_on(Acceleration::Tcg, patience)
    }

    fn run_on(&self, acceleration: Acceleration, patience: Duration) -> Outcome {
        let since = Instant::now();
        let (mut qemu, lines) = self.start(acceleration);
        let mut outcome = Outcome {
            lines: Vec::new(),
            status: None,
            up_after: None,
            took: Duration::ZERO,
            acceleration,
        };
        loop {
            let limit = match (acceleration, outcome.up_after) {
                (_, Some(up)) => up + patience,
                (Acceleration::Kvm, None) => ACCELERATED_UP_MAX,
                (Acceleration::Tcg, None) => EMULATED_UP_MAX,
            };
            match lines.recv_timeout(limit.saturating_sub(since.elapsed())) {
                Ok(line) => {
                    if line == UP {
                        outcome.up_after = Some(since.elapsed());
                    }
                    outcome.lines.push(line);
                }
                Err(RecvTimeoutError::Timeout) => {
                    qemu.0.kill().unwrap();
                    break;
                }
                // The console is closed: it has ended.
                Err(RecvTimeoutError::Disconnected) => {
                    outcome.status = qemu.0.wait().unwrap().code();
                    break;
                }
            }
        }
        outcome.took = since.elapsed();
        outcome
    }

    fn start(&self, acceleration: Acceleration) -> (Running, Receiver<String>) {
        // With RDRAND and trusted, the random pool is full at once.
        let (accelerator, processor) = match acceleration {
            Acceleration::Kvm => ("kvm", "host"),
            Acceleration::Tcg => ("tcg", "max"),
        };
        let words = format!(
            "console=ttyS0 quiet panic=-1 random.trust_cpu=on keyline_part={} keyline_test={}",
            self.part, self.test
        );
        let root = machine();
        let (console, theirs) = std::io::pipe().unwrap();
        let qemu = Command::new(root.join("usr/bin/qemu-system-x86_64"))
            .env("LD_LIBRARY_PATH", libraries())
            .env(
                "QEMU_MODULE_DIR",
                root.join("usr/lib/x86_64-linux-gnu/qemu"),
            )
            .args(["-accel", accelerator, "-cpu", processor])
            .args(["-M", "pc", "-m", MEMORY, "-smp", "1"])
            .args(["-display", "none", "-nodefaults", "-no-user-config"])
            .args(["-no-reboot", "-monitor", "none", "-serial", "stdio"])
            .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"])
            .arg("-L")
            .arg(root.join("usr/share/qemu"))
            .arg("-L")
            .arg(root.join("usr/share/seabios"))
            .arg("-kernel")
            .arg(kernel(&root))
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", &words])
            .stdin(Stdio::null())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs)
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(console).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line);
                if sender.send(line.trim_end().to_owned()).is_err() {
                    break;
                }
            }
        });
        (Running(qemu), lines)
    }
}

impl Outcome {
    /// Success is the guest's word and the machine's status, both.
    ///
    /// # Errors
    /// Everything that speaks against it, and all that was said.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let mut complaints = Vec::new();
        let ended = match self.status {
            Some(status) => format!("ended with {status}"),
            None => format!("had not ended after {:.0?} and was killed", self.took),
        };
        if !self.lines.iter().any(|line| line == PASSED) {
            complaints.push(format!("it did not say `{PASSED}`, and {ended}"));
        }
        match self.status {
            Some(SUCCESS) => {}
            Some(_) => complaints.push(format!("it {ended} instead of {SUCCESS}")),
            None => complaints.push(format!("it {ended}")),
        }
        if let Some(panic) = self.lines.iter().find(|line| line.contains("Kernel panic")) {
            complaints.push(panic.clone());
        }
        if complaints.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the machine failed: {}\n{}",
            complaints.join("; "),
            self.lines.join("\n")
        ))
    }
}

/// Where the unpacked programs find their libraries.
pub(crate) fn libraries() -> String {
    let root = machine();
    ["usr/lib", "lib"]
        .map(|place| {
            root.join(place)
                .join("x86_64-linux-gnu")
                .display()
                .to_string()
        })
        .join(":")
}

/// It is compressed with LZ4, which costs nothing to speak of even under emulation, so it is given as it is.
fn kernel(root: &Path) -> PathBuf {
    std::fs::read_dir(root.join("boot"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|file| file.display().to_string().contains("/vmlinuz-"))
        .expect("a kernel")
}

/// Ends with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
