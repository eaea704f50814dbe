//! What is on the virtual machine's disk: programs without their debugging symbols, the libraries they link, kernel modules,
//! rules and accounts, in a cpio archive of the kind that the kernel unpacks ("newc").

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::home::PROGRAM;
use crate::machine::libraries;
use crate::skip::machine;

const FOLDER: u32 = 0o040_755;
const EXECUTABLE: u32 = 0o100_755;
const PLAIN: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// Where Debian's dynamic linker looks.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";
const PASSWD: &str = "root:x:0:0::/:/bin/sh\nkeyline:x:1000:1000::/tmp:/bin/sh\n";
const GROUP: &str = "root:x:0:\nkeyline:x:1000:\n";

/// What a machine is furnished with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// A shell.
    Bare,
    /// The station, its guests, and their tools.
    Station,
}

/// Where the disk is put together. Goes with the value.
pub(crate) struct Kitchen(tempfile::TempDir);

pub(crate) fn kitchen() -> Kitchen {
    Kitchen(tempfile::tempdir().unwrap())
}

impl Kitchen {
    /// Writes the archive.
    pub(crate) fn pack(&self, room: Room) -> PathBuf {
        let file = self.0.path().join("initramfs");
        let mut archive = Archive::new(BufWriter::new(File::create(&file).unwrap()));
        let peers = machine();
        archive.file("/init", EXECUTABLE, include_bytes!("init"));
        archive.copy("/bin/busybox", EXECUTABLE, &peers.join("bin/busybox"));
        archive.copy("/bin/leave", EXECUTABLE, &self.compile_leave());
        if room == Room::Station {
            self.furnish(&mut archive, &peers);
        }
        archive.end();
        file
    }

    fn furnish(&self, archive: &mut Archive<impl Write>, peers: &Path) {
        let mut linked = BTreeSet::new();
        let own = std::env::current_exe().unwrap();
        // The program stands where it does here, so that its tests find it there too.
        for (place, program) in [(PROGRAM, Path::new(PROGRAM)), ("/bin/guest", &own)] {
            archive.copy(place, EXECUTABLE, &self.stripped(program));
            linked.extend(linked_by(program));
        }
        for place in [
            "/usr/bin/fido2-token",
            "/usr/bin/fido2-assert",
            "/bin/udevadm",
            "/lib/udev/fido_id",
        ] {
            let program = peers.join(place.trim_start_matches('/'));
            archive.copy(place, EXECUTABLE, &program);
            linked.extend(linked_by(&program));
        }
        archive.link("/lib/systemd/systemd-udevd", "/bin/udevadm");
        for library in linked {
            let name = library.file_name().unwrap().to_str().unwrap();
            let place = if name.starts_with("ld-linux") {
                format!("/lib64/{name}")
            } else {
                format!("{LIBRARIES}/{name}")
            };
            archive.copy(&place, EXECUTABLE, &library);
        }
        let modules = fs::read_dir(peers.join("lib/modules")).unwrap();
        let modules = modules.last().unwrap().unwrap().path();
        for module in ["hid.ko", "hid-generic.ko", "uhid.ko"] {
            let from = modules.join("kernel/drivers/hid").join(module);
            archive.copy(&format!("/modules/{module}"), PLAIN, &from);
        }
        for rules in ["50-udev-default.rules", "60-fido-id.rules"] {
            let from = peers.join("lib/udev/rules.d").join(rules);
            archive.copy(&format!("/lib/udev/rules.d/{rules}"), PLAIN, &from);
        }
        // Ours, as an administrator installs it.
        archive.file(
            "/etc/udev/rules.d/70-keyline.rules",
            PLAIN,
            include_bytes!("../../config/70-keyline.rules"),
        );
        archive.file(
            "/etc/udev/rules.d/65-slow.rules",
            PLAIN,
            include_bytes!("slow.rules"),
        );
        archive.file("/etc/passwd", PLAIN, PASSWD.as_bytes());
        archive.file("/etc/group", PLAIN, GROUP.as_bytes());
    }

    fn compile_leave(&self) -> PathBuf {
        let program = self.0.path().join("leave");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hid_vm/leave.c");
        run(Command::new("cc")
            .args(["-O1", "-static", "-o"])
            .args([&program, &source]));
        program
    }

    /// Debugging symbols would make the archive some five times as large.
    fn stripped(&self, program: &Path) -> PathBuf {
        let stripped = self.0.path().join("stripped");
        run(Command::new("strip")
            .arg("-o")
            .args([stripped.as_path(), program]));
        stripped
    }
}

/// The libraries that `program` links, the dynamic linker among them.
fn linked_by(program: &Path) -> Vec<PathBuf> {
    let said = run(Command::new("ldd")
        .env("LD_LIBRARY_PATH", libraries())
        .arg(program));
    said.lines()
        .map(|line| {
            assert!(!line.contains("not found"), "{}: {line}", program.display());
            line.split(" => ").last().unwrap().trim()
        })
        .filter(|what| what.starts_with('/'))
        .map(|what| PathBuf::from(what.split(" (").next().unwrap()))
        .collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// A "newc" archive, being written.
struct Archive<W> {
    to: W,
    written: usize,
    entries: usize,
    folders: BTreeSet<PathBuf>,
}

impl<W: Write> Archive<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            written: 0,
            entries: 0,
            folders: BTreeSet::new(),
        }
    }

    fn copy(&mut self, place: &str, mode: u32, from: &Path) {
        let data = fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        self.file(place, mode, &data);
    }

    fn link(&mut self, place: &str, target: &str) {
        self.file(place, LINK, target.as_bytes());
    }

    fn file(&mut self, place: &str, mode: u32, data: &[u8]) {
        let mut above: Vec<&Path> = Path::new(place).ancestors().skip(1).collect();
        above.reverse();
        for folder in above.into_iter().skip(1) {
            if self.folders.insert(folder.to_owned()) {
                self.entry(folder.to_str().unwrap(), FOLDER, &[]);
            }
        }
        self.entry(place, mode, data);
    }

    fn end(&mut self) {
        self.entry("TRAILER!!!", 0, &[]);
        self.to.flush().unwrap();
    }

    /// A header of 13 numbers, the name with a NUL, the data; both parts end at multiples of four.
    fn entry(&mut self, place: &str, mode: u32, data: &[u8]) {
        self.entries += 1;
        let name = place.trim_start_matches('/');
        let mut header = "070701".to_owned();
        let mode = usize::try_from(mode).unwrap();
        let (owner, links, time, device) = (0, 1, 0, 0);
        for number in [
            self.entries,
            mode,
            owner,
            owner,
            links,
            time,
            data.len(),
            device,
            device,
            device,
            device,
            name.len() + 1,
            0,
        ] {
            header += &format!("{number:08X}");
        }
        self.put(header.as_bytes());
        self.put(name.as_bytes());
        self.put(&[0]);
        self.pad();
        self.put(data);
        self.pad();
    }

    fn put(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).unwrap();
        self.written += bytes.len();
    }

    fn pad(&mut self) {
        let short = self.written.next_multiple_of(4) - self.written;
        self.put(&[0; 3][..short]);
    }
}
