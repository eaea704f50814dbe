//! A station that the program itself makes and runs: `keyline demo` in a folder of the test's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A folder in which the demo works, or has worked.
pub(crate) struct Station {
    home: tempfile::TempDir,
    demo: Option<Child>,
}

impl Station {
    /// Begins a demo with so many keys.
    pub(crate) fn begin(keys: usize, slots: usize) -> Self {
        Self::begin_in(tempfile::tempdir().unwrap(), keys, slots)
    }

    pub(crate) fn begin_in(home: tempfile::TempDir, keys: usize, slots: usize) -> Self {
        let demo = program()
            .args([
                "demo",
                "--keys",
                &keys.to_string(),
                "--slots",
                &slots.to_string(),
            ])
            .arg("--keep")
            .arg(home.path().join("station"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let station = Self {
            home,
            demo: Some(demo),
        };
        // The socket is there once the station can be asked for things, and the jobs once their file is admitted.
        let socket = station.path("station/ledger/keyline.sock");
        station.wait_for("the station", || socket.exists());
        station.wait_for("the jobs", || {
            let listed = station.keyline(&["jobs", "list", "--json"]);
            let number = json(&listed).as_array().map_or(0, Vec::len);
            number == keys
        });
        station
    }

    /// A station that has worked and rests.
    pub(crate) fn at_rest(keys: usize) -> Self {
        let mut station = Self::begin(keys, 2);
        let ended = station.wait_for_end();
        assert!(ended.status.success(), "{}", said(&ended));
        station
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("station/ledger/keyline.db")
    }

    /// The number of the process that works.
    pub(crate) fn process(&self) -> u32 {
        self.demo.as_ref().unwrap().id()
    }

    pub(crate) fn is_at_work(&mut self) -> bool {
        self.demo.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    pub(crate) fn wait_for_end(&mut self) -> Output {
        self.demo.take().unwrap().wait_with_output().unwrap()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut demo = self.demo.take().unwrap();
        demo.kill().unwrap();
        demo.wait().unwrap();
    }

    /// Runs a command of the program on this station, to its end. One that does not end is ended, and has failed.
    pub(crate) fn keyline(&self, arguments: &[&str]) -> Output {
        let config = self.path("station/config/station.toml");
        Command::new("timeout")
            .arg(PATIENCE.as_secs().to_string())
            .arg(env!("CARGO_BIN_EXE_keyline"))
            .env("NO_COLOR", "1")
            .args(arguments)
            .arg("--config")
            .arg(config)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub(crate) fn wait_for(&self, what: &str, is: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is() {
            assert!(Instant::now() < until, "{what} did not come");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        if let Some(demo) = &mut self.demo {
            // It may have ended by itself; there is nobody left to tell.
            let _ = demo.kill();
            let _ = demo.wait();
        }
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
    command.env("NO_COLOR", "1");
    command
}

/// What a command wrote, for the message of a test that fails.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{:?}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The JSON that a command answered.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// The command was refused with this code, and its complaint has all these words.
pub(crate) fn refused(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
    let complaint = String::from_utf8_lossy(&output.stderr);
    for word in words {
        assert!(
            complaint.contains(word),
            "`{word}` is not said:\n{complaint}"
        );
    }
    assert!(
        complaint.starts_with("error: ") && complaint.contains("\nhint: "),
        "{complaint}"
    );
}

pub(crate) fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(file, bytes).unwrap();
}
