//! The real program as a service manager runs it: no terminal, nothing on stdin, a socket for its signs of life.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_keyline");
/// For anything that is bound to come, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so long without a sign the station counts as hung.
const WATCHDOG: Duration = Duration::from_millis(600);

#[test]
fn a_service_tells_that_it_stands_lives_and_ends() {
    let home = tempfile::tempdir().unwrap();
    set_up(home.path());
    let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
    let mut station = Station::start(home.path());

    // The first word is that it stands, and how the work stands with it.
    let first = hear(&socket, PATIENCE).unwrap();
    assert_eq!(
        first,
        "READY=1\nSTATUS=No job waits; 0 jobs done since the start.\n"
    );
    let begin = Instant::now();
    for _ in 0..6 {
        assert_eq!(hear(&socket, PATIENCE).unwrap(), "WATCHDOG=1\n");
    }
    // Six signs that come three to a watchdog's time take as long as five pauses between them.
    assert!(begin.elapsed() >= WATCHDOG, "{:?}", begin.elapsed());

    // A program that stands still gives no sign; one that goes on does.
    station.signal(Signal::STOP);
    station.wait_until_stopped();
    while hear(&socket, Duration::from_millis(1)).is_ok() {}
    let silence = hear(&socket, WATCHDOG).map_err(|error| error.kind());
    assert_eq!(silence, Err(io::ErrorKind::WouldBlock));
    station.signal(Signal::CONT);
    assert_eq!(hear(&socket, PATIENCE).unwrap(), "WATCHDOG=1\n");

    station.signal(Signal::TERM);
    let last = loop {
        let told = hear(&socket, PATIENCE).unwrap();
        if told != "WATCHDOG=1\n" {
            break told;
        }
    };
    assert_eq!(last, "STOPPING=1\nSTATUS=Ending.\n");
    let ended = station.end();
    // What the unit calls a success.
    assert_eq!(ended.status.code(), Some(130), "{}", said(&ended));
    // The operator's lines are what the service manager's own log gets.
    assert!(
        said(&ended).contains("The station is ready."),
        "{}",
        said(&ended)
    );
}

#[test]
fn a_station_that_cannot_begin_never_says_that_it_stands() {
    let home = tempfile::tempdir().unwrap();
    set_up(home.path());
    fs::remove_file(home.path().join("ledger/keyline.db")).unwrap();
    let socket = UnixDatagram::bind(home.path().join("notify")).unwrap();
    let ended = Station::start(home.path()).end();
    assert_eq!(ended.status.code(), Some(8), "{}", said(&ended));
    let told = hear(&socket, Duration::from_millis(1));
    assert!(told.is_err(), "{told:?}");
}

/// `keyline init`, and a configuration that a run accepts. Nothing of it is on the network: no job waits.
fn set_up(home: &Path) {
    let made = Command::new(PROGRAM)
        .args(["init", "--practice-identity", "recovery.txt"])
        .current_dir(home)
        .env_clear()
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let secret = home.join("client-secret");
    fs::write(&secret, "practice").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let file = home.join("config/station.toml");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("tenant = \"\"", "tenant = \"contoso.com\"")
        .replace(
            "client_id = \"\"",
            "client_id = \"5f0f1c2e-8f0f-4c5e-9f3c-0a1b2c3d4e5f\"",
        )
        .replace("hid = true", "hid = false")
        .replace("listen = \"127.0.0.1:8137\"", "listen = \"\"")
        .replace(
            "{ env = \"KEYLINE_CLIENT_SECRET\" }",
            "{ file = \"client-secret\" }",
        );
    fs::write(&file, text).unwrap();
}

/// The running program; dropping it kills it.
struct Station(Option<Child>);

impl Station {
    fn start(home: &Path) -> Self {
        let child = Command::new(PROGRAM)
            .arg("run")
            .current_dir(home)
            .env_clear()
            .env("NOTIFY_SOCKET", home.join("notify"))
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(Some(child))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.0.as_ref().unwrap())
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// All its threads stand still, which the kernel does not tell at once.
    fn wait_until_stopped(&self) {
        let tasks = format!("/proc/{}/task", self.pid().as_raw_nonzero());
        let until = Instant::now() + PATIENCE;
        let stands = |task: &fs::DirEntry| {
            fs::read_to_string(task.path().join("status"))
                .is_ok_and(|status| status.contains("State:\tT"))
        };
        while !fs::read_dir(&tasks)
            .unwrap()
            .flatten()
            .all(|task| stands(&task))
        {
            assert!(Instant::now() < until, "it does not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(&mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the program tells next, within `patience`.
fn hear(socket: &UnixDatagram, patience: Duration) -> io::Result<String> {
    socket.set_read_timeout(Some(patience))?;
    let mut bytes = [0; 4096];
    let count = socket.recv(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
