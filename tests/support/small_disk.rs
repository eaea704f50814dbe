//! A disk that is soon full: a test runs itself again in a mount namespace of its own, with a small tmpfs over a folder of its own.
//! Nobody else sees it, and it is gone with the process.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the small disk is, in the run that has one.
const VARIABLE: &str = "KEYLINE_TEST_SMALL_DISK";
/// The script's word for "not allowed here".
const NOT_ALLOWED: i32 = 77;

/// A file system of a few megabytes.
pub(crate) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Runs `test` with a disk of so many megabytes. `name` is the whole name of the test that calls this.
    ///
    /// Where this user may not mount anything, that is said, and nothing is tested.
    pub(crate) fn with(name: &str, megabytes: u32, test: impl FnOnce(&Self)) {
        if let Some(path) = std::env::var_os(VARIABLE) {
            return test(&Self { path: path.into() });
        }
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m,mode=0700 tmpfs \"$1\" || exit {NOT_ALLOWED}; exec \"$2\" --exact \"$3\" --nocapture"
        );
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let ended = command
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .args([folder.path(), &std::env::current_exe().unwrap()])
            .arg(name)
            .env(VARIABLE, folder.path())
            .output();
        match ended {
            Ok(output) if output.status.success() => {
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(said.contains("1 passed"), "no test is named {name}: {said}");
            }
            Ok(output) if output.status.code() == Some(101) => panic!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ),
            Ok(output) => skip(&format!(
                "no disk can be mounted in a namespace here ({})",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
            Err(error) => skip(&format!("`unshare` cannot be run: {error}")),
        }
    }

    /// A folder on it, made when it is missing.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.path.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Fills it to the last byte. Room is made again when the value is dropped.
    pub(crate) fn fill(&self) -> Ballast {
        let path = self.path.join("ballast");
        let mut file = File::create(&path).unwrap();
        let block = [0x5A; 4096];
        let full = loop {
            if let Err(error) = file.write_all(&block) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::StorageFull, "{full}");
        Ballast(path)
    }
}

/// Binds `path` over itself, for reading alone.
pub(crate) fn make_read_only(path: &Path) {
    let path = path.display().to_string();
    mount(&["--bind", &path, &path]);
    mount(&["-o", "remount,bind,ro", &path]);
}

fn mount(arguments: &[&str]) {
    let mounted = Command::new("mount").args(arguments).status().unwrap();
    assert!(mounted.success(), "mount {arguments:?}");
}

/// What fills a disk.
pub(crate) struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// Says that a test is not run, in the words that `scripts/test` counts.
///
/// # Panics
/// Where `CI` is set: there a test that cannot run is a failure.
fn skip(reason: &str) {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    let must_run = set("CI") && !set("KEYLINE_TEST_QUICK");
    assert!(!must_run, "NOT TESTED: {reason}");
    // Not by `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(io::stderr(), "SKIPPED: {reason}");
}
