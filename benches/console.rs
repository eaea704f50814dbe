//! What windows cost the station: its own share of the time of each key with and without fifty of them on the bench's stream of
//! events, in one run, and the memory that they take. `cargo bench --bench console`.

#[path = "../tests/support/line.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod line;

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use keyline::domain::account::{Passphrase, Role};
use keyline::face::control;
use keyline::face::prompt::Prompt;
use keyline::port::Accounts as _;
use keyline::practice::authenticator::{SimulatedKey, Touch};
use keyline::practice::tenant::TenantSetup;
use keyline::wire::console::{self, Console};

use line::{Knows, Line};

const SLOTS: u16 = 8;
const WINDOWS: usize = 50;
const KEYS: u32 = 48;
/// Runs of each kind, in turn, so that what else this computer does falls on both.
const ROUNDS: usize = 3;
/// The share with windows is below so much of that without.
const RATIO_MAX: f64 = 1.10;
const PASSPHRASE: &str = "four blue bags of gravel";
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the windows are read.
const READ_EVERY: Duration = Duration::from_millis(50);

/// One run.
struct Run {
    /// The own shares of its keys, in seconds.
    own: Vec<f64>,
    /// Kilobytes, before the windows and with them.
    memory_kb: Option<(u64, u64)>,
    /// Bytes that the windows got.
    heard: usize,
    /// What the console's thread had of the processors, for each key.
    processor_per_key: Duration,
}

fn main() {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (quiet, watched) = (run(0), run(WINDOWS));
        let ratio = median(&watched.own) / median(&quiet.own);
        let (before, after) = watched.memory_kb.unwrap_or_default();
        eprintln!(
            "round {round}: own share median {:.1} ms without, {:.1} ms with {WINDOWS} windows ({ratio:.3}); the console's thread {:.1?} and {:.1?} per key; {} kB to the windows; memory {before} kB, {after} kB with them",
            median(&quiet.own) * 1e3,
            median(&watched.own) * 1e3,
            quiet.processor_per_key,
            watched.processor_per_key,
            watched.heard / 1024,
        );
        ratios.push(ratio);
        without.extend(quiet.own);
        with.extend(watched.own);
    }
    let ratio = median(&with) / median(&without);
    eprintln!(
        "{} keys each, {SLOTS} slots: own share median {:.1} ms without, {:.1} ms with {WINDOWS} windows: ratio {ratio:.3} (each round {ratios:.3?})",
        with.len(),
        median(&without) * 1e3,
        median(&with) * 1e3,
    );
    if ratio >= RATIO_MAX {
        eprintln!("FAILED: {ratio:.3} is not below {RATIO_MAX}");
        std::process::exit(1);
    }
}

/// A whole line of keys, with so many windows that look on.
fn run(windows: usize) -> Run {
    let home = tempfile::tempdir().expect("a folder");
    let settings = vec![
        ("queue", "settle_milliseconds", 50.into()),
        ("queue", "rescan_seconds", 1.into()),
        ("console", "listen", "127.0.0.1:0".into()),
    ];
    let line = Line::set(home, SLOTS, TenantSetup::default(), settings);
    let passphrase = Passphrase::chosen(PASSPHRASE).expect("it fits");
    let name = "olga".parse().expect("a name");
    console::accounts(&line.config)
        .add(&name, Role::Operator, &passphrase)
        .expect("an account");
    drop_people(&line);
    let supply: Vec<SimulatedKey> = (1..=KEYS)
        .map(|number| line.maker.make(number).expect("a key"))
        .collect();
    for key in &supply {
        key.set_touch(Touch::After(Duration::ZERO));
    }
    let (config, mut memory_kb) = (line.config.clone(), None);
    let meters = Meters::default();
    let (summary, parts) = line.run_attended(Knows::nothing(), supply, |parts, handle| {
        let answer = Arc::new(control::over_station(
            parts.ledger.clone(),
            handle.clone(),
            parts.ports.press.clone(),
            parts.board.clone(),
            Arc::new(|_: &str, _: &str| Ok(String::new().into())),
        ));
        let prompt = Arc::new(Prompt::new(false));
        let console = console::serve(&config, parts, handle, answer, &prompt);
        let console = console.expect("a configuration").expect("a port");
        let before = resident_kb();
        let open = Windows::open(&console, windows, &meters);
        memory_kb = before.zip(resident_kb());
        (open, console)
    });
    let done = usize::try_from(KEYS).expect("a few");
    assert_eq!(summary.done, done, "{summary:?}");
    let finished = parts.board.finished(0);
    Run {
        own: finished.iter().map(|one| one.own.as_secs_f64()).collect(),
        memory_kb,
        heard: meters.heard.load(Ordering::SeqCst),
        processor_per_key: *meters.processor.lock().expect("a figure") / KEYS,
    }
}

/// Two keys for everybody that the practice tenant knows.
fn drop_people(line: &Line) {
    let users: Vec<String> = line.tenant(|tenant| {
        let people = tenant.people().into_iter();
        people.map(|person| person.upn).collect()
    });
    let mut text = "user,role\n".to_owned();
    let mut left = KEYS;
    for role in ["primary", "backup"] {
        for user in &users {
            if left > 0 {
                writeln!(text, "{user},{role}").expect("memory");
                left -= 1;
            }
        }
    }
    assert_eq!(left, 0, "more keys than people have hands");
    line.drop_file("all.csv", &text);
}

/// Windows on the stream of events, as cheap as readers can be, one thread for all of them: what is measured is the station.
struct Windows {
    over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    processor: Arc<Mutex<Duration>>,
}

impl Windows {
    /// Opens so many, and waits until each shows the bench.
    fn open(console: &Console, windows: usize, meters: &Meters) -> Self {
        let host = console.address.trim_start_matches("http://").to_owned();
        let cookie = if windows == 0 {
            String::new()
        } else {
            sign_in(&host)
        };
        let mut streams = Vec::new();
        for _ in 0..windows {
            let mut stream = TcpStream::connect(&host).expect("the console");
            let request = format!(
                "GET /bench/events HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).expect("the console");
            stream.set_read_timeout(Some(PATIENCE)).expect("a stream");
            let mut heard = Vec::new();
            let event = b"event: parts";
            while !heard.windows(event.len()).any(|some| some == event) {
                let mut some = [0; 4096];
                let read = match stream.read(&mut some) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    read => read.expect("an event"),
                };
                assert_ne!(read, 0, "{}", String::from_utf8_lossy(&heard));
                heard.extend_from_slice(&some[..read]);
            }
            stream.set_nonblocking(true).expect("a stream");
            streams.push(stream);
        }
        let over = Arc::new(AtomicBool::new(false));
        let (ended, heard) = (over.clone(), meters.heard.clone());
        let reader = std::thread::spawn(move || {
            let mut some = vec![0; 64 * 1024];
            while !ended.load(Ordering::SeqCst) {
                for stream in &mut streams {
                    while let Ok(read @ 1..) = stream.read(&mut some) {
                        heard.fetch_add(read, Ordering::SeqCst);
                    }
                }
                std::thread::sleep(READ_EVERY);
            }
        });
        Self {
            over,
            reader: Some(reader),
            processor: meters.processor.clone(),
        }
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        // The console is still there: it ends after its windows.
        *self.processor.lock().expect("a figure") = processor_time_of("console");
        self.over.store(true, Ordering::SeqCst);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("a reader");
        }
    }
}

/// What is read off while a run goes on.
#[derive(Default)]
struct Meters {
    /// Bytes that all windows got.
    heard: Arc<AtomicUsize>,
    /// What the console's thread had of the processors.
    processor: Arc<Mutex<Duration>>,
}

/// How long threads of this name have been at work, by the system's own count (proc(5), schedstat); zero where there is none.
fn processor_time_of(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let time = tasks.flatten().filter_map(|task| {
        let comm = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanoseconds = told.split_whitespace().next()?.parse().ok()?;
        (comm.trim() == name).then(|| Duration::from_nanos(nanoseconds))
    });
    time.sum()
}

/// Signs in; the cookie of the session.
fn sign_in(host: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let home = format!("http://{host}");
    let answer = client
        .post(format!("{home}/sign-in"))
        .header("origin", &home)
        .form(&[("name", "olga"), ("passphrase", PASSPHRASE)])
        .send()
        .expect("an answer");
    let cookie = answer.headers().get("set-cookie").expect("a session");
    let cookie = cookie.to_str().expect("text").split(';').next();
    cookie.expect("a cookie").to_owned()
}

/// Kilobytes of this process in memory, where the system tells.
fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
