//! The drop folder on a real file system with real events: how files arrive, what is claimed, and where everything ends.

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use keyline::adapter::folder::{Folder, Options, check_file};
use keyline::domain::job::row::{BadRow, Code, Rules};
use keyline::domain::job::sheet::Unit;
use keyline::domain::mailbox::{Archived, Claim, ContentHash, MailboxFault, Outcome, PinsLeft};
use keyline::port::Mailbox as _;
use rustix::fs::{CWD, FileType, Mode, mkfifoat, mknodat};
use tempfile::TempDir;

const GOOD: &str = "user,name\nanna.lang@contoso.com,Anna Lang\n";
const KEY: [u8; 32] = [7; 32];
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(20);

/// A queue under watch. A rescan never comes to the rescue unless a test asks for it.
struct Bench {
    home: TempDir,
    folder: Folder,
    wakes: Receiver<()>,
}

fn options() -> Options {
    Options {
        settle: Duration::from_millis(150),
        rescan: Duration::from_secs(3600),
        poll: None,
    }
}

impl Bench {
    fn new() -> Self {
        Self::with(options())
    }

    fn with(options: Options) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(&home.path().join("queue"), KEY, options).unwrap();
        let (sender, wakes) = channel();
        let wake = Box::new(move || sender.send(()).is_ok());
        folder.watch(wake).unwrap();
        Self {
            home,
            folder,
            wakes,
        }
    }

    fn path(&self, place: &str) -> PathBuf {
        self.home.path().join("queue").join(place)
    }

    fn names(&self, room: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(room)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.unwrap().file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// Waits for events until something could be claimed.
    fn await_claims(&self) -> Vec<Claim> {
        let end = Instant::now() + PATIENCE;
        loop {
            self.wakes
                .recv_timeout(end.saturating_duration_since(Instant::now()))
                .expect("an event in time");
            let claims = self.folder.collect().unwrap();
            if !claims.is_empty() {
                return claims;
            }
        }
    }

    fn await_one(&self) -> Claim {
        let claims = self.await_claims();
        let [claim] = &claims[..] else {
            panic!("one claim: {claims:?}")
        };
        claim.clone()
    }

    fn read(&self, claim: &Claim) -> (Option<ContentHash>, Result<usize, Vec<BadRow>>) {
        let rules = Rules {
            policies: vec!["standard".to_owned()],
            default_policy: Some("standard".to_owned()),
            languages: ["de", "en", "es", "fr"].map(str::to_owned).to_vec(),
        };
        let delivery = self.folder.read(claim, &rules).unwrap();
        let parsed = match delivery.parsed {
            Ok(file) if file.bad_rows.is_empty() => Ok(file.drafts.len()),
            Ok(file) => Err(file.bad_rows),
            Err(unusable) => Err(unusable.reasons),
        };
        (delivery.content, parsed)
    }

    fn reject(&self, claim: &Claim) -> (Code, Archived) {
        let (_, parsed) = self.read(claim);
        let reasons = parsed.expect_err("a file to be rejected");
        let code = reasons[0].code;
        let unit = Unit::Line;
        let outcome = Outcome::Rejected { unit, reasons };
        (code, self.folder.finish(claim, &outcome).unwrap())
    }
}

fn done() -> Outcome {
    Outcome::Done {
        report: serde_json::json!({ "jobs": 1 }),
        unit: Unit::Line,
        bad_rows: Vec::new(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_goes_from_new_to_done() {
    let bench = Bench::new();
    fs::write(bench.path("new/spring.csv"), GOOD).unwrap();
    let claim = bench.await_one();
    assert_eq!(claim.name, "spring.csv");
    assert_eq!(bench.names("new"), Vec::<String>::new());
    assert_eq!(bench.names("work"), [format!("{}-spring.csv", claim.id)]);
    assert_eq!(bench.read(&claim).1, Ok(1));
    let archived = bench.folder.finish(&claim, &done()).unwrap();
    assert_eq!(archived.place, "done/spring.csv");
    assert_eq!(archived.pins, PinsLeft::NoneThere);
    assert_eq!(bench.names("work"), Vec::<String>::new());
    assert_eq!(
        bench.names("done"),
        ["spring.csv", "spring.csv.report.json"]
    );
    assert_eq!(
        fs::read_to_string(bench.path("done/spring.csv")).unwrap(),
        GOOD
    );
    let report = fs::read_to_string(bench.path("done/spring.csv.report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["claim"], claim.id.0);
    assert_eq!(report["jobs"], 1);
    for file in ["done/spring.csv", "done/spring.csv.report.json"] {
        assert_eq!(mode(&bench.path(file)), 0o600, "{file}");
    }
    for room in ["", "new", "work", "done", "rejected", "hold"] {
        assert_eq!(mode(&bench.path(room)), 0o700, "{room}");
    }
}

#[test]
fn a_rename_from_a_sibling_folder_is_taken_at_once() {
    // Were it not recognised, it would have to settle for an hour.
    let settle = Duration::from_secs(3600);
    let bench = Bench::with(Options {
        settle,
        ..options()
    });
    let draft = bench.home.path().join("draft.csv");
    fs::write(&draft, GOOD).unwrap();
    fs::rename(&draft, bench.path("new/a.csv")).unwrap();
    assert_eq!(bench.await_one().name, "a.csv");
    // The same within the folder, from a name that is ignored.
    fs::write(bench.path("new/b.csv.tmp"), GOOD).unwrap();
    fs::rename(bench.path("new/b.csv.tmp"), bench.path("new/b.csv")).unwrap();
    assert_eq!(bench.await_one().name, "b.csv");
}

#[test]
fn a_slow_writer_is_waited_for() {
    let bench = Bench::new();
    let mut file = fs::File::create(bench.path("new/slow.csv")).unwrap();
    file.write_all(b"user,name\n").unwrap();
    // While it is open it is not taken although it is quiet for longer than `settle`.
    let quiet = bench.wakes.recv_timeout(options().settle * 4);
    assert!(quiet.is_err() || bench.folder.collect().unwrap().is_empty());
    for n in 0..20 {
        writeln!(file, "user{n}@contoso.com,x").unwrap();
        assert_eq!(bench.folder.collect().unwrap(), []);
    }
    drop(file);
    let claim = bench.await_one();
    assert_eq!(bench.read(&claim).1, Ok(20));
}

#[test]
fn a_script_may_open_and_close_the_file_for_each_line() {
    let bench = Bench::new();
    for line in GOOD.lines() {
        let mut options = fs::OpenOptions::new();
        let path = bench.path("new/a.csv");
        let mut file = options.append(true).create(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
        drop(file);
        // Between two lines nobody comes for it.
        let wake = bench.wakes.recv_timeout(Duration::from_millis(50));
        assert!(wake.is_err(), "taken after {line}");
    }
    assert_eq!(bench.read(&bench.await_one()).1, Ok(1));
}

#[test]
fn a_file_that_was_there_before_the_start_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let queue = home.path().join("queue");
    drop(Folder::open(&queue, KEY, options()).unwrap());
    fs::write(queue.join("new/early.csv"), GOOD).unwrap();
    let folder = Folder::open(&queue, KEY, options()).unwrap();
    let (sender, wakes) = channel();
    folder
        .watch(Box::new(move || sender.send(()).is_ok()))
        .unwrap();
    wakes.recv_timeout(PATIENCE).unwrap();
    assert_eq!(folder.collect().unwrap().len(), 1);
}

/// Whoever ends when nothing is left asks after the claims whether a file is on its way: one that has become complete between the
/// two questions is.
#[test]
fn a_file_that_becomes_complete_between_two_looks_is_not_missed() {
    let home = tempfile::tempdir().unwrap();
    let queue = home.path().join("queue");
    drop(Folder::open(&queue, KEY, options()).unwrap());
    fs::write(queue.join("new/early.csv"), GOOD).unwrap();
    let folder = Folder::open(&queue, KEY, options()).unwrap();
    assert_eq!(folder.collect().unwrap(), []);
    // Time alone makes it complete, so time has to pass.
    std::thread::sleep(options().settle);
    assert_eq!(folder.is_settling(), Ok(true));
    assert_eq!(folder.collect().unwrap().len(), 1);
    assert_eq!(folder.is_settling(), Ok(false));
}

#[test]
fn a_network_share_is_polled() {
    let poll = Some(Duration::from_millis(50));
    let bench = Bench::with(Options { poll, ..options() });
    fs::write(bench.path("new/a.csv"), GOOD).unwrap();
    assert_eq!(bench.read(&bench.await_one()).1, Ok(1));
}

#[test]
fn without_any_event_the_rescan_finds_it() {
    // A poller that looks once an hour tells nothing.
    let bench = Bench::with(Options {
        rescan: Duration::from_millis(50),
        poll: Some(Duration::from_secs(3600)),
        ..options()
    });
    fs::write(bench.path("new/a.csv"), GOOD).unwrap();
    assert_eq!(bench.await_one().name, "a.csv");
}

#[test]
fn a_folder_that_was_replaced_is_watched_again() {
    let bench = Bench::with(Options {
        settle: Duration::from_secs(3600),
        rescan: Duration::from_millis(50),
        ..options()
    });
    fs::rename(bench.path("new"), bench.home.path().join("old")).unwrap();
    fs::create_dir(bench.path("new")).unwrap();
    // Only an event can tell that it is complete before the hour is over, and only the new folder's watch gives one; so the
    // file is renamed in again until the watch is there.
    let end = Instant::now() + PATIENCE;
    let mut number = 0;
    loop {
        number += 1;
        let draft = bench.home.path().join("draft");
        fs::write(&draft, GOOD).unwrap();
        fs::rename(&draft, bench.path(&format!("new/{number}.csv"))).unwrap();
        if bench.wakes.recv_timeout(Duration::from_millis(100)).is_ok()
            && !bench.folder.collect().unwrap_or_default().is_empty()
        {
            break;
        }
        assert!(Instant::now() < end, "the new folder is not watched");
    }
}

#[test]
fn a_folder_that_is_gone_is_said_to_be() {
    let bench = Bench::new();
    fs::remove_dir(bench.path("new")).unwrap();
    let fault = bench.folder.collect().unwrap_err();
    assert!(
        fault.to_string().ends_with("queue/new: it is not there"),
        "{fault}"
    );
    fs::create_dir(bench.path("new")).unwrap();
    assert_eq!(bench.folder.collect().unwrap(), []);
    symlink("/tmp", bench.path("link")).unwrap();
    fs::remove_dir(bench.path("new")).unwrap();
    fs::rename(bench.path("link"), bench.path("new")).unwrap();
    assert!(matches!(
        bench.folder.collect(),
        Err(MailboxFault::NotAFolder { .. })
    ));
}

#[test]
fn unfinished_and_foreign_names_stay() {
    let bench = Bench::new();
    for name in [
        ".hidden.csv",
        "a.csv.tmp",
        "a.csv~",
        "~$a.xlsx",
        "b.part",
        "c.crdownload",
    ] {
        fs::write(bench.path("new").join(name), GOOD).unwrap();
    }
    fs::write(bench.path("new/z.csv"), GOOD).unwrap();
    assert_eq!(bench.await_one().name, "z.csv");
    assert_eq!(bench.names("new").len(), 6);
}

#[test]
fn one_station_at_a_time() {
    let bench = Bench::new();
    let second = Folder::open(&bench.path(""), KEY, options());
    let Err(fault) = second else {
        panic!("two stations share a queue")
    };
    let me = format!("(process {})", std::process::id());
    assert!(fault.to_string().ends_with(&me), "{fault}");
    let queue = bench.path("");
    drop(bench.folder);
    Folder::open(&queue, KEY, options()).unwrap();
}

#[test]
fn what_is_not_a_file_is_rejected_and_never_followed() {
    let bench = Bench::new();
    let outside = bench.home.path().join("outside.csv");
    fs::write(&outside, GOOD).unwrap();
    let new = |name: &str| bench.path("new").join(name);
    symlink(&outside, new("link.csv")).unwrap();
    symlink("/nowhere", new("dangling.csv")).unwrap();
    mkfifoat(CWD, new("pipe.csv"), Mode::RUSR).unwrap();
    fs::create_dir(new("folder.csv")).unwrap();
    fs::write(new("folder.csv").join("inner.csv"), GOOD).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(new("socket.csv")).unwrap();
    fs::hard_link(&outside, new("second.csv")).unwrap();
    let device = mknodat(
        CWD,
        new("null.csv"),
        FileType::CharacterDevice,
        Mode::RUSR,
        0x103,
    );
    let mut wanted = vec![
        ("dangling.csv", Code::NotAFile),
        ("folder.csv", Code::NotAFile),
        ("link.csv", Code::NotAFile),
        ("null.csv", Code::NotAFile),
        ("pipe.csv", Code::NotAFile),
        ("second.csv", Code::TwoNames),
        ("socket.csv", Code::NotAFile),
    ];
    if device.is_err() {
        // Only root can make one.
        wanted.retain(|(name, _)| *name != "null.csv");
    }
    let mut claims = Vec::new();
    while claims.len() < wanted.len() {
        claims.extend(bench.await_claims());
    }
    claims.sort_by(|a, b| a.name.cmp(&b.name));
    for (claim, (name, code)) in claims.iter().zip(&wanted) {
        let (told, archived) = bench.reject(claim);
        assert_eq!((claim.name.as_str(), told), (*name, *code));
        assert_eq!(archived.pins, PinsLeft::Unknown);
        let place = bench.path(&archived.place);
        assert!(fs::symlink_metadata(&place).is_ok(), "{place:?}");
        let reason = fs::read_to_string(format!("{}.reason.txt", place.display())).unwrap();
        assert!(
            reason.starts_with(&format!("{name} was not taken: 1 thing needs mending.")),
            "{reason}"
        );
    }
    assert_eq!(fs::read_to_string(&outside).unwrap(), GOOD);
    assert_ne!(
        mode(&outside),
        0o600,
        "the other name of a hard link was changed"
    );
    assert_eq!(bench.names("work"), Vec::<String>::new());
}

#[test]
fn a_link_that_is_unlinked_at_once_is_a_delivery() {
    let bench = Bench::new();
    let draft = bench.home.path().join("draft");
    fs::write(&draft, GOOD).unwrap();
    fs::hard_link(&draft, bench.path("new/a.csv")).unwrap();
    fs::remove_file(&draft).unwrap();
    assert_eq!(bench.read(&bench.await_one()).1, Ok(1));
}

#[test]
fn a_file_of_200_megabytes_is_not_read() {
    let bench = Bench::new();
    let file = fs::File::create(bench.path("new/huge.csv")).unwrap();
    file.set_len(200_000_000).unwrap();
    drop(file);
    let claim = bench.await_one();
    let begun = Instant::now();
    let (code, archived) = bench.reject(&claim);
    assert_eq!(code, Code::FileTooLarge);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(archived.place, "rejected/huge.csv");
    assert_eq!(mode(&bench.path("rejected/huge.csv")), 0o600);
}

#[test]
fn names_that_do_not_do_are_rejected_under_one_that_does() {
    let bench = Bench::new();
    let raw = std::ffi::OsStr::from_bytes(b"M\xFCller.csv");
    fs::write(bench.path("new").join(raw), GOOD).unwrap();
    let claim = bench.await_one();
    assert_eq!(claim.name, "M_ller.csv");
    assert_eq!(bench.reject(&claim).0, Code::FileName);
    let long = "x".repeat(251) + ".csv";
    fs::write(bench.path("new").join(&long), GOOD).unwrap();
    let claim = bench.await_one();
    let (code, archived) = bench.reject(&claim);
    assert_eq!(code, Code::FileName);
    assert!(archived.place.ends_with("x~.csv"), "{}", archived.place);
}

#[test]
fn a_file_that_may_not_be_read_is_rejected() {
    // To root nothing is unreadable, so the test then runs itself once more as nobody.
    const AS_NOBODY: &str = "KEYLINE_TEST_AS_NOBODY";
    if rustix::process::geteuid().is_root() && std::env::var_os(AS_NOBODY).is_none() {
        use std::os::unix::process::CommandExt as _;
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_file_that_may_not_be_read_is_rejected"])
            .env(AS_NOBODY, "1")
            .env("TMPDIR", home.path())
            .uid(65_534)
            .gid(65_534)
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let bench = Bench::new();
    let draft = bench.home.path().join("draft");
    fs::write(&draft, GOOD).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o000)).unwrap();
    fs::rename(&draft, bench.path("new/secret.csv")).unwrap();
    let claim = bench.await_one();
    let (code, archived) = bench.reject(&claim);
    assert_eq!(code, Code::Unreadable);
    assert_eq!(archived.place, "rejected/secret.csv");
}

#[test]
fn pins_do_not_outlive_the_claim() {
    let bench = Bench::new();
    let text = "user,role,pin\nanna.lang@contoso.com,,48159263\nb@contoso.com,boss,60718294\n";
    fs::write(bench.path("new/pins.csv"), text).unwrap();
    let (code, archived) = bench.reject(&bench.await_one());
    assert_eq!((code, archived.pins), (Code::UnknownRole, PinsLeft::Wiped));
    let names = bench.names("rejected");
    assert_eq!(
        names,
        ["pins.csv", "pins.csv.reason.json", "pins.csv.reason.txt"]
    );
    for name in names {
        let path = bench.path("rejected").join(name);
        let kept = fs::read_to_string(&path).unwrap();
        assert!(!kept.contains("4815") && !kept.contains("6071"), "{kept}");
        assert_eq!(mode(&path), 0o600);
    }
    let kept = fs::read_to_string(bench.path("rejected/pins.csv")).unwrap();
    assert!(kept.contains("anna.lang@contoso.com,,***"), "{kept}");
    let told = fs::read_to_string(bench.path("rejected/pins.csv.reason.txt")).unwrap();
    assert_eq!(
        told,
        "pins.csv was not taken: 1 thing needs mending.\n\
         No row of it was admitted.\n\n\
         line 3, column role\n  \
           \"boss\" is not a role.\n  \
           -> The roles are: primary, backup.\n\n\
         Mend the file and put it into new/ again.\n\n\
         The PINs in the file beside this text were overwritten with ***. Use your own copy.\n"
    );
}

#[test]
fn nothing_is_ever_overwritten() {
    let bench = Bench::new();
    fs::write(bench.path("hold/a.csv"), "somebody's").unwrap();
    let outcome = Outcome::Held {
        reason: "This content was admitted on 3 March as batch spring.".to_owned(),
        hint: "Release it if the people shall get second keys; otherwise delete it.".to_owned(),
    };
    for name in ["hold/a-2.csv", "hold/a-3.csv"] {
        fs::write(bench.path("new/a.csv"), GOOD).unwrap();
        let archived = bench.folder.finish(&bench.await_one(), &outcome).unwrap();
        assert_eq!(archived.place, name);
    }
    assert_eq!(
        fs::read_to_string(bench.path("hold/a.csv")).unwrap(),
        "somebody's"
    );
    let told = fs::read_to_string(bench.path("hold/a-2.csv.reason.txt")).unwrap();
    assert!(
        told.starts_with("a.csv waits for a decision.\n\n  This content was admitted"),
        "{told}"
    );
}

#[test]
fn a_claim_outlives_a_cut_and_finishing_may_be_repeated() {
    let bench = Bench::new();
    let text = "user,pin\nanna.lang@contoso.com,48159263\n";
    fs::write(bench.path("new/a.csv"), text).unwrap();
    let claim = bench.await_one();
    let (first, _) = bench.read(&claim);
    let queue = bench.path("");
    let Bench {
        home,
        folder,
        wakes,
    } = bench;
    drop((folder, wakes));
    let folder = Folder::open(&queue, KEY, options()).unwrap();
    let bench = Bench {
        home,
        folder,
        wakes: channel().1,
    };
    assert_eq!(
        bench.folder.left_over().unwrap(),
        std::slice::from_ref(&claim)
    );
    assert_eq!(bench.read(&claim).0, first);

    let archived = bench.folder.finish(&claim, &done()).unwrap();
    // The cut came before the file left work/.
    fs::write(bench.path("work").join(format!("{}-a.csv", claim.id)), text).unwrap();
    assert_eq!(bench.folder.finish(&claim, &done()).unwrap(), archived);
    // The cut came after it.
    assert_eq!(bench.folder.finish(&claim, &done()).unwrap(), archived);
    assert_eq!(bench.names("done"), ["a.csv", "a.csv.report.json"]);
    assert_eq!(bench.folder.left_over().unwrap(), []);
    // What was never there cannot be finished.
    let outcome = Outcome::Rejected {
        unit: Unit::Line,
        reasons: Vec::new(),
    };
    assert!(bench.folder.finish(&claim, &outcome).is_err());
}

#[test]
fn known_content_is_recognised_by_this_station_alone() {
    let bench = Bench::new();
    let mut hashes = Vec::new();
    for (name, text) in [
        ("a.csv", GOOD),
        ("b.csv", GOOD),
        ("c.csv", "user\nx@contoso.com\n"),
    ] {
        fs::write(bench.path("new").join(name), text).unwrap();
        hashes.push(bench.read(&bench.await_one()).0.unwrap());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
    let claim = &bench.folder.left_over().unwrap()[0];
    let Bench { home, folder, .. } = bench;
    drop(folder);
    let other = Folder::open(&home.path().join("queue"), [8; 32], options()).unwrap();
    let content = other.read(claim, &Rules::default()).unwrap().content;
    assert_ne!(content, Some(hashes[0]));
}

#[test]
fn the_samples_are_right() {
    for (name, rows) in [
        ("onboarding.csv", 24),
        ("replacement.toml", 2),
        ("visitors.json", 2),
    ] {
        let bench = Bench::new();
        let sample = Path::new("queue/samples").join(name);
        fs::copy(sample, bench.path("new").join(name)).unwrap();
        assert_eq!(bench.read(&bench.await_one()).1, Ok(rows), "{name}");
    }
}

#[test]
fn a_file_can_be_checked_before_it_is_dropped() {
    let rules = Rules {
        policies: vec!["standard".to_owned()],
        default_policy: None,
        languages: vec!["en".to_owned()],
    };
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.csv");
    let code = |path: &Path| check_file(path, &rules).expect_err("unusable").reasons[0].code;
    assert_eq!(code(&path), Code::Unreadable);
    assert_eq!(code(home.path()), Code::NotAFile);
    mkfifoat(CWD, home.path().join("pipe.csv"), Mode::RUSR).unwrap();
    assert_eq!(code(&home.path().join("pipe.csv")), Code::NotAFile);
    fs::write(
        &path,
        "user,policy\nanna.lang@contoso.com,standard\nb,standard\n",
    )
    .unwrap();
    let file = check_file(&path, &rules).unwrap();
    assert_eq!((file.drafts.len(), file.bad_rows.len()), (1, 1));
    assert!(path.exists());
}
