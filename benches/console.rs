//! What windows cost the station: its own share of the time of each key with and without fifty of them on the bench's stream of
//! events, in one run, and the memory that they take. `cargo bench --bench console`.

#[path = "../tests/support/line.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod line;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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

/// One run: the own shares of its keys, in seconds; kilobytes of memory before and with the windows; events that they heard.
struct Run {
    own: Vec<f64>,
    memory_kb: Option<(u64, u64)>,
    heard: u64,
}

fn main() {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (quiet, watched) = (run(0), run(WINDOWS));
        let ratio = median(&watched.own) / median(&quiet.own);
        let (before, after) = watched.memory_kb.unwrap_or_default();
        eprintln!(
            "round {round}: own share median {:.1} ms without, {:.1} ms with {WINDOWS} windows ({ratio:.3}); {} events heard; memory {before} kB, {after} kB with them",
            median(&quiet.own) * 1e3,
            median(&watched.own) * 1e3,
            watched.heard,
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
    let heard = Arc::new(AtomicU64::new(0));
    let counted = heard.clone();
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
        let open = Windows::open(&console, windows, &counted);
        memory_kb = before.zip(resident_kb());
        (open, console)
    });
    let done = usize::try_from(KEYS).expect("a few");
    assert_eq!(summary.done, done, "{summary:?}");
    let finished = parts.board.finished(0);
    Run {
        own: finished.iter().map(|one| one.own.as_secs_f64()).collect(),
        memory_kb,
        heard: heard.load(Ordering::SeqCst),
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

/// Windows on the stream of events, as cheap as readers can be: what is measured is the station.
struct Windows {
    over: Arc<AtomicBool>,
    streams: Vec<TcpStream>,
    readers: Vec<JoinHandle<()>>,
}

impl Windows {
    /// Opens so many, and waits until each shows the bench.
    fn open(console: &Console, windows: usize, heard: &Arc<AtomicU64>) -> Self {
        let host = console.address.trim_start_matches("http://").to_owned();
        let cookie = if windows == 0 {
            String::new()
        } else {
            sign_in(&host)
        };
        let over = Arc::new(AtomicBool::new(false));
        let (mut streams, mut readers) = (Vec::new(), Vec::new());
        let (first, firsts) = std::sync::mpsc::channel();
        for _ in 0..windows {
            let mut stream = TcpStream::connect(&host).expect("the console");
            let request = format!(
                "GET /bench/events HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).expect("the console");
            streams.push(stream.try_clone().expect("a stream"));
            let (first, heard, over) = (first.clone(), heard.clone(), over.clone());
            readers.push(std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    if line.starts_with("event: parts") || line.starts_with("event:parts") {
                        heard.fetch_add(1, Ordering::SeqCst);
                        // Whoever waits has heard enough after the first.
                        let _ = first.send(());
                    }
                }
            }));
        }
        let until = Instant::now() + PATIENCE;
        let mut open = 0;
        while open < windows {
            let left = until.saturating_duration_since(Instant::now());
            firsts.recv_timeout(left).expect("an event in each window");
            open += 1;
        }
        Self {
            over,
            streams,
            readers,
        }
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for stream in &self.streams {
            // One that is closed is what we want.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
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
