//! A private pcscd with virtual readers. It is not installed, listens nowhere that others can reach, and ends with its value.
//!
//! # How it stays private
//! - Its runtime directory is a folder of ours, bound over `/run/pcscd` in a mount namespace of its own. Clients find its
//!   socket by the environment variable `PCSCLITE_CSOCK_NAME` and need no namespace.
//! - The virtual readers' driver listens on all interfaces and cannot be told otherwise (given a host name it calls out
//!   instead, and dies when nobody answers). So it gets a network namespace that has a loopback interface and nothing else;
//!   each card enters it for the one connection it makes.
//!
//! Both need root. Without it, or without the unpacked packages, [`unavailable`] says so.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::vpcd::{Laid, VirtualCard};

/// The variable by which libpcsclite finds a socket elsewhere than in `/run/pcscd`.
pub(crate) const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// The driver keeps its state by slot number alone, two slots to a loaded file: each pair of readers needs a copy.
const SLOTS_PER_DRIVER: u16 = 2;

/// The first port in the private network.
const PORT: u16 = 35_963;

/// How long the service may take to start, on the busiest machine.
const START_MAX: Duration = Duration::from_secs(20);

/// Where `scripts/peers` unpacks packages.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/root")
}

fn daemon() -> PathBuf {
    peers().join("usr/sbin/pcscd")
}

fn driver() -> PathBuf {
    peers().join("usr/lib/pcsc/drivers/serial/libifdvpcd.so")
}

/// Why no virtual readers can be had here, if so. It is said as well: see [`skip`].
pub(crate) fn unavailable() -> Option<String> {
    let missing = [daemon(), driver()].into_iter().find(|file| !file.exists());
    let quick = std::env::var_os("KEYLINE_TEST_QUICK").is_some();
    let reason = if quick {
        "no peers are wanted (KEYLINE_TEST_QUICK)".to_owned()
    } else if let Some(file) = missing {
        format!("{} is missing; scripts/peers unpacks it", file.display())
    } else if Command::new("ip").arg("-V").output().is_err() {
        "`ip` is missing (package iproute2)".to_owned()
    } else if !rustix::process::geteuid().is_root() {
        "virtual readers need root, for namespaces of their own".to_owned()
    } else {
        return None;
    };
    skip(&reason);
    Some(reason)
}

/// Says that a test is not run, in the words that `scripts/test` counts.
///
/// # Panics
/// Where `CI` is set and peers are wanted: there a peer that is missing is a failure.
pub(crate) fn skip(reason: &str) {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    let must_run = set("CI") && !set("KEYLINE_TEST_QUICK");
    assert!(!must_run, "NOT TESTED: {reason}");
    // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(io::stderr(), "SKIPPED: {reason}");
}

/// A running pcscd. Dropping it kills it.
pub(crate) struct Pcscd {
    child: Child,
    folder: tempfile::TempDir,
    readers: u16,
}

impl Pcscd {
    /// Starts it with so many empty readers: an even number, at most 16.
    pub(crate) fn start(readers: u16) -> io::Result<Self> {
        assert!(readers.is_multiple_of(SLOTS_PER_DRIVER) && (2..=16).contains(&readers));
        let folder = tempfile::tempdir()?;
        configure(folder.path(), readers / SLOTS_PER_DRIVER)?;
        // `exec` all the way: the child's number is pcscd's own.
        let script = "ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd \
            && mount --bind \"$1/run\" /run/pcscd && exec \"$2\" --foreground -c \"$1/conf\"";
        let child = Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private"])
            .args(["sh", "-c", script, "sh"])
            .args([folder.path(), &daemon()])
            .stdin(Stdio::null())
            .stdout(File::create(folder.path().join("log"))?)
            .stderr(
                File::options()
                    .append(true)
                    .create(true)
                    .open(folder.path().join("errors"))?,
            )
            .spawn()?;
        let mut service = Self {
            child,
            folder,
            readers,
        };
        service.wait_until_it_listens()?;
        Ok(service)
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        let since = Instant::now();
        // A process that begins to listen gives no sign but that it does, so this asks.
        while UnixStream::connect(self.socket()).is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || since.elapsed() > START_MAX {
                let said =
                    ["log", "errors"].map(|name| fs::read_to_string(self.folder.path().join(name)));
                return Err(io::Error::other(format!(
                    "pcscd did not start ({ended:?}): {said:?}"
                )));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// The value of [`SOCKET_VARIABLE`] for its clients.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run/pcscd.comm")
    }

    /// A command whose smart-card service this is.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env(SOCKET_VARIABLE, self.socket());
        command
    }

    /// Lays a key on the reader with this index. It takes up to 0.4 s until pcscd looks.
    pub(crate) fn lay(&self, reader: u16, what: impl Into<Laid>) -> io::Result<VirtualCard> {
        assert!(reader < self.readers);
        let network = File::open(format!("/proc/{}/ns/net", self.child.id()))?;
        VirtualCard::lay(network, PORT + reader, what.into())
    }
}

impl Drop for Pcscd {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The name that pcscd gives to the reader with this index.
pub(crate) fn reader_name(index: u16) -> String {
    let (driver, slot) = (index / SLOTS_PER_DRIVER, index % SLOTS_PER_DRIVER);
    format!("Virtual PCD {driver} 00 {slot:02}")
}

/// Writes `conf/` (an absolute path is a must), copies the drivers, and makes room for the socket.
fn configure(folder: &Path, drivers: u16) -> io::Result<()> {
    for name in ["run", "conf", "drivers"] {
        fs::create_dir(folder.join(name))?;
    }
    let mut configuration = String::new();
    for number in 0..drivers {
        let copy = folder.join(format!("drivers/libifdvpcd{number}.so"));
        fs::copy(driver(), &copy)?;
        let port = PORT + number * SLOTS_PER_DRIVER;
        configuration.push_str(&format!(
            "FRIENDLYNAME \"Virtual PCD {number}\"\nDEVICENAME /dev/null:{port}\nLIBPATH {}\nCHANNELID {port}\n\n",
            copy.display()
        ));
    }
    fs::write(folder.join("conf/readers"), configuration)
}
