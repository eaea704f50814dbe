//! Real peers that print, none of them installed and none of them ours: `ippeveprinter`, which is a whole IPP printer, and a
//! private print server (`cupsd`). Behind both is a device that does what a test tells it; what comes out of it is a file.
//! They listen on the loopback interface alone, and end with their values.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long anything here may take, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something that gives no sign of itself.
const GLANCE: Duration = Duration::from_millis(5);

/// Where `scripts/peers` unpacks the packages.
fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/print")
}

fn support() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/printing")
}

/// Why no printers can be had here, if so. It is said as well.
pub(crate) fn unavailable() -> Option<String> {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    let wanted = [
        peers().join("usr/sbin/ippeveprinter"),
        peers().join("usr/sbin/cupsd"),
    ];
    let runs = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok()
    };
    let missing = wanted.into_iter().find(|file| !file.exists());
    let reason = if set("KEYLINE_TEST_QUICK") {
        "no peers are wanted (KEYLINE_TEST_QUICK)".to_owned()
    } else if let Some(file) = missing {
        format!("{} is missing; scripts/peers unpacks it", file.display())
    } else if !runs("cc", "--version") {
        "there is no C compiler `cc` (package gcc)".to_owned()
    } else if !runs("pdftotext", "-v") {
        "`pdftotext` is missing (package poppler-utils)".to_owned()
    } else if !rustix::process::geteuid().is_root() {
        "a print server of its own needs root".to_owned()
    } else {
        return None;
    };
    let must_run = set("CI") && !set("KEYLINE_TEST_QUICK");
    assert!(!must_run, "NOT TESTED: {reason}");
    // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(io::stderr(), "SKIPPED: {reason}");
    Some(reason)
}

/// What the device does with the next jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// Says that it has no paper, and prints when it is fed.
    OutOfPaper,
    /// Says that somebody has stopped it, and prints when it is fed.
    Paused,
    /// Prints when it is fed, and says nothing.
    Slow,
    /// Prints at once, and is done when it is fed.
    SlowAfter,
    /// Prints nothing and gives up.
    GivesUp,
    /// Prints and gives up.
    GivesUpAfter,
}

impl Mood {
    /// As the device's own program calls it.
    const fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::OutOfPaper => "out-of-paper",
            Self::Paused => "paused",
            Self::Slow => "slow",
            Self::SlowAfter => "slow-after",
            Self::GivesUp => "gives-up",
            Self::GivesUpAfter => "gives-up-after",
        }
    }
}

/// The device: a folder with its mood and its sheets. A clone is the same device.
#[derive(Clone)]
pub(crate) struct Device {
    folder: Arc<tempfile::TempDir>,
}

impl Device {
    fn new() -> io::Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        // A print server's own user looks for its programs here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        fs::create_dir(folder.path().join("sheets"))?;
        let program = folder.path().join("device");
        fs::copy(support().join("device.sh"), &program)?;
        // A backend that only root may run is run by root.
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
        let device = Self { folder };
        device.set(Mood::Fine)?;
        Ok(device)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes its mood for jobs that it has not begun.
    pub(crate) fn set(&self, mood: Mood) -> io::Result<()> {
        let _ = fs::remove_file(self.path("fed"));
        fs::write(self.path("mood.new"), mood.word())?;
        fs::rename(self.path("mood.new"), self.path("mood"))
    }

    /// Gives each job from the first on a mood of its own; those behind them get what was set.
    pub(crate) fn plan(&self, moods: &[Mood]) -> io::Result<()> {
        let lines: String = moods
            .iter()
            .map(|mood| format!("{}\n", mood.word()))
            .collect();
        fs::write(self.path("plan"), lines)
    }

    /// Lets it go on, until its mood changes.
    pub(crate) fn feed(&self) -> io::Result<()> {
        File::create(self.path("fed")).map(drop)
    }

    /// How many jobs it has begun.
    pub(crate) fn begun(&self) -> usize {
        fs::read_to_string(self.path("told")).map_or(0, |told| told.lines().count())
    }

    /// How many jobs it has begun and not done with, as long as nobody kills its program.
    pub(crate) fn in_hand(&self) -> usize {
        let over = fs::read_to_string(self.path("done")).map_or(0, |done| done.lines().count());
        self.begun().saturating_sub(over)
    }

    /// Waits until it has begun so many jobs.
    pub(crate) fn wait_until_begun(&self, jobs: usize) {
        wait("the device to begin", || self.begun() >= jobs);
    }

    /// The sheets that came out, in their order.
    pub(crate) fn sheets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("sheets")).expect("the sheets");
        let mut sheets: Vec<PathBuf> = entries
            .map(|entry| entry.expect("a sheet").path())
            .collect();
        sheets.sort();
        sheets
    }

    /// What stands on the sheets that came out, in their order.
    pub(crate) fn pages(&self) -> Vec<String> {
        self.sheets().iter().map(|sheet| text_of(sheet)).collect()
    }

    /// Waits until so many sheets came out.
    pub(crate) fn wait_for_sheets(&self, count: usize) {
        wait("a sheet to come out", || self.sheets().len() >= count);
    }
}

/// What stands on a sheet.
///
/// # Panics
/// When it cannot be read.
pub(crate) fn text_of(sheet: &Path) -> String {
    let read = Command::new("pdftotext").arg(sheet).arg("-").output();
    let read = read.expect("pdftotext (package poppler-utils)");
    assert!(read.status.success(), "{read:?}");
    String::from_utf8(read.stdout).expect("text")
}

/// A printer on a port of its own (`ippeveprinter`). It takes one job at a time.
pub(crate) struct Printer {
    pub(crate) device: Device,
    arguments: Vec<String>,
    port: u16,
    child: Child,
}

impl Printer {
    /// A printer that takes PDF.
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_with(&["-f", "application/pdf"])
    }

    /// With these arguments of `ippeveprinter`.
    pub(crate) fn start_with(arguments: &[&str]) -> io::Result<Self> {
        let device = Device::new()?;
        fs::create_dir(device.path("spool"))?;
        let stub = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(device.path("no_avahi.so"))
            .arg(support().join("no_avahi.c"))
            .status()?;
        assert!(stub.success(), "the stand-in for Avahi was not built");
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let port = free_port()?;
        let child = spawn_printer(&device, &arguments, port)?;
        let mut printer = Self {
            device,
            arguments,
            port,
            child,
        };
        listen(&mut printer.child, printer.port, &printer.device)?;
        Ok(printer)
    }

    pub(crate) fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }

    /// The same, encrypted.
    pub(crate) fn secure_uri(&self) -> String {
        format!("ipps://localhost:{}/ipp/print", self.port)
    }

    /// As if its plug was pulled. What the device has in hand it goes on with.
    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
    }

    /// Starts it again where it was. It knows nothing of its jobs.
    pub(crate) fn start_again(&mut self) -> io::Result<()> {
        self.child = spawn_printer(&self.device, &self.arguments, self.port)?;
        listen(&mut self.child, self.port, &self.device)
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn spawn_printer(device: &Device, arguments: &[String], port: u16) -> io::Result<Child> {
    Command::new(peers().join("usr/sbin/ippeveprinter"))
        .args(["-r", "off", "-n", "localhost", "-p", &port.to_string()])
        .args(arguments)
        .arg("-d")
        .arg(device.path("spool"))
        .arg("-c")
        .arg(device.path("device"))
        .arg("Letters")
        .env("LD_LIBRARY_PATH", libraries())
        .env("LD_PRELOAD", device.path("no_avahi.so"))
        .stdin(Stdio::null())
        .stdout(appended(&device.path("log"))?)
        .stderr(appended(&device.path("log"))?)
        .spawn()
}

/// How a print server is set up.
#[derive(Clone, Debug)]
pub(crate) struct CupsSetup {
    /// `printer-error-policy`.
    pub(crate) error_policy: &'static str,
    /// Lines of its cupsd.conf.
    pub(crate) settings: Vec<&'static str>,
}

impl Default for CupsSetup {
    fn default() -> Self {
        Self {
            error_policy: "abort-job",
            settings: vec!["PreserveJobFiles No"],
        }
    }
}

/// A print server on a port of its own (`cupsd`) with the queue `Letters`, whose backend is the device.
pub(crate) struct Cups {
    pub(crate) device: Device,
    port: u16,
    child: Child,
}

impl Cups {
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_with(&CupsSetup::default())
    }

    pub(crate) fn start_with(setup: &CupsSetup) -> io::Result<Self> {
        let device = Device::new()?;
        let port = free_port()?;
        configure(&device, setup, port)?;
        let child = spawn_server(&device)?;
        let mut server = Self {
            device,
            port,
            child,
        };
        listen(&mut server.child, port, &server.device)?;
        Ok(server)
    }

    /// The queue.
    pub(crate) fn uri(&self) -> String {
        format!("ipp://localhost:{}/printers/Letters", self.port)
    }

    /// The server itself.
    pub(crate) fn server_uri(&self) -> String {
        format!("ipp://localhost:{}/", self.port)
    }

    /// Runs one of its administrator's programs, such as `cupsdisable Letters`.
    pub(crate) fn administer(&self, program: &str, arguments: &[&str]) {
        let folder = if program == "cancel" {
            "usr/bin"
        } else {
            "usr/sbin"
        };
        let done = Command::new(peers().join(folder).join(program))
            .args(["-h", &format!("localhost:{}", self.port)])
            .args(arguments)
            .env("LD_LIBRARY_PATH", libraries())
            .output()
            .expect("a program of CUPS");
        assert!(done.status.success(), "{program}: {done:?}");
    }

    /// Stops it as an administrator or a shutdown does, and waits for its end.
    pub(crate) fn stop(&mut self) {
        let id = i32::try_from(self.child.id()).expect("a process");
        let process = rustix::process::Pid::from_raw(id).expect("a process");
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("a signal");
        self.child.wait().expect("its end");
    }

    /// `kill -9`. What the device has in hand it goes on with.
    pub(crate) fn kill(&mut self) {
        end(&mut self.child);
    }

    pub(crate) fn start_again(&mut self) -> io::Result<()> {
        self.child = spawn_server(&self.device)?;
        listen(&mut self.child, self.port, &self.device)
    }

    /// Files that it keeps of jobs.
    pub(crate) fn kept_documents(&self) -> usize {
        let entries = fs::read_dir(self.device.path("spool")).expect("its spool");
        entries
            .filter(|entry| {
                let name = entry.as_ref().expect("a file").file_name();
                name.to_string_lossy().starts_with('d')
            })
            .count()
    }
}

impl Drop for Cups {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn spawn_server(device: &Device) -> io::Result<Child> {
    Command::new(peers().join("usr/sbin/cupsd"))
        .arg("-f")
        .arg("-c")
        .arg(device.path("etc/cupsd.conf"))
        .arg("-s")
        .arg(device.path("etc/cups-files.conf"))
        .env("LD_LIBRARY_PATH", libraries())
        .stdin(Stdio::null())
        .stdout(appended(&device.path("log"))?)
        .stderr(appended(&device.path("log"))?)
        .spawn()
}

/// Writes everything that a private print server needs below the device's folder.
fn configure(device: &Device, setup: &CupsSetup, port: u16) -> io::Result<()> {
    for folder in [
        "etc/ssl",
        "run/certs",
        "cache",
        "spool/tmp",
        "logs",
        "lib/backend",
        "lib/daemon",
    ] {
        fs::create_dir_all(device.path(folder))?;
    }
    std::os::unix::fs::symlink(device.path("device"), device.path("lib/backend/device"))?;
    fs::copy(
        peers().join("usr/lib/cups/daemon/cups-exec"),
        device.path("lib/daemon/cups-exec"),
    )?;
    let at = |name: &str| device.path(name).display().to_string();
    let data = peers().join("usr/share/cups");
    let files = [
        ("ServerRoot", at("etc")),
        ("ServerBin", at("lib")),
        ("DataDir", data.display().to_string()),
        ("DocumentRoot", data.join("doc-root").display().to_string()),
        ("RequestRoot", at("spool")),
        ("CacheDir", at("cache")),
        ("StateDir", at("run")),
        ("TempDir", at("spool/tmp")),
        ("AccessLog", at("logs/access")),
        ("ErrorLog", at("logs/error")),
        ("PageLog", at("logs/page")),
        ("User", "lp".to_owned()),
        ("Group", "lp".to_owned()),
        ("SystemGroup", "root".to_owned()),
    ];
    let files: String = files
        .iter()
        .map(|(name, value)| format!("{name} {value}\n"))
        .collect();
    fs::write(device.path("etc/cups-files.conf"), files)?;
    let limits = "Order allow,deny\nAllow localhost\n";
    let settings = setup.settings.join("\n");
    fs::write(
        device.path("etc/cupsd.conf"),
        format!(
            "Listen localhost:{port}\nBrowsing Off\nWebInterface No\nLogLevel info\n{settings}\n\
             # What happens at a cut must not depend on when it comes.\nDirtyCleanInterval 600\n\
             <Location />\n{limits}</Location>\n\
             <Policy default>\n<Limit All>\n{limits}</Limit>\n</Policy>\n"
        ),
    )?;
    fs::write(
        device.path("etc/printers.conf"),
        format!(
            "<DefaultPrinter Letters>\nDeviceURI device:/bench\nState Idle\nAccepting Yes\nShared No\nErrorPolicy {}\n</DefaultPrinter>\n",
            setup.error_policy
        ),
    )
}

fn libraries() -> PathBuf {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    peers().join("usr/lib").join(triplet)
}

fn appended(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

/// A port for a peer that may be killed and come back to it: below those that the system gives to whoever asks for any, and given to
/// nobody else in this process.
fn free_port() -> io::Result<u16> {
    const FIRST: u32 = 12_000;
    const PORTS: u32 = 20_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(61);
    for _ in 0..PORTS {
        let given = GIVEN.fetch_add(1, Ordering::SeqCst);
        let port = FIRST + start.wrapping_add(given) % PORTS;
        let port = u16::try_from(port).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Waits until `child` listens.
fn listen(child: &mut Child, port: u16, device: &Device) -> io::Result<()> {
    let since = Instant::now();
    // A process that begins to listen gives no sign but that it does, so this asks.
    while TcpStream::connect(("localhost", port)).is_err() {
        let ended = child.try_wait()?;
        if ended.is_some() || since.elapsed() > PATIENCE {
            let said = ["log", "logs/error"].map(|name| fs::read_to_string(device.path(name)));
            return Err(io::Error::other(format!(
                "it did not start ({ended:?}): {said:?}"
            )));
        }
        std::thread::sleep(GLANCE);
    }
    Ok(())
}

/// Waits for what gives no sign of itself.
///
/// # Panics
/// When it takes too long.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(GLANCE);
    }
}

/// Ends a process of ours, which may have ended by itself.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
