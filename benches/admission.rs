//! Figures of a large job file: from the drop to admitted jobs on the board, and what a station costs that has ten thousand
//! open jobs and nobody who inserts a key. `cargo bench --bench admission`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyline::adapter::ctap::Key;
use keyline::app::Ports;
use keyline::app::board::Board;
use keyline::app::station::{Desk, Options, Request, TICK};
use keyline::domain::authenticator::Slot;
use keyline::domain::credential::{
    Attestation, CreationOptions, MethodId, RegisteredCredential, RpId, UserHandle,
};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::domain::station::signal::ConfirmCards;
use keyline::port::{Authenticator, Clock, Deleted, Keys, Operator, RelyingParty};
use keyline::practice::authenticator::{Bench, PracticeKeys};
use keyline::wire::config::Config;
use keyline::wire::init::{self, init};
use keyline::wire::station::{self, Parts};

const ROWS: usize = 10_000;
/// How long the idle station is watched.
const IDLE: Duration = Duration::from_secs(10);
/// Bytes of Entra's challenges.
const CHALLENGE_BYTES: usize = 5_000;

/// A tenant that knows everybody and answers at once: it is not what is measured here.
struct Everybody(Arc<dyn Clock>);

impl RelyingParty for Everybody {
    fn ready(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        Ok(CreationOptions {
            rp_id: RpId("login.microsoft.com".to_owned()),
            rp_name: "Microsoft".to_owned(),
            user_handle: UserHandle(user.as_bytes().to_vec()),
            user_name: user.to_owned(),
            user_display_name: user.to_owned(),
            challenge: vec![7; CHALLENGE_BYTES],
            algorithms: vec![-7],
            exclude: Vec::new(),
            hmac_secret: true,
            credential_protection: None,
            enforce_credential_protection: false,
            expires: self.0.now().plus_seconds(300),
        })
    }

    fn register(&self, _: &str, _: &str, _: &Attestation) -> Result<MethodId, Fault> {
        Err(nobody_asks())
    }

    fn credentials(&self, _: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        Err(nobody_asks())
    }

    fn delete(&self, _: &str, _: &MethodId) -> Result<Deleted, Fault> {
        Err(nobody_asks())
    }
}

fn nobody_asks() -> Fault {
    Fault::Internal {
        what: "no key is inserted".to_owned(),
    }
}

struct Nobody;

impl Operator for Nobody {
    fn current_pin(&self, _: Slot, _: &str) -> Option<Pin> {
        None
    }
}

fn main() {
    let home = tempfile::tempdir().expect("a folder");
    let (config, parts) = assemble(home.path());
    let board = parts.board.clone();
    let desk = desk(&config, parts);
    let handle = desk.handle();
    let station = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(desk.run()).expect("a run")
    });
    admit(home.path(), &config, &board);
    // The options of the first ones are fetched meanwhile.
    std::thread::sleep(TICK);
    idle();
    handle.ask(Request::StopNow);
    station.join().expect("a station");
}

fn assemble(home: &Path) -> (Config, Parts) {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let client_id = text("0c0ffee0-0000-4000-8000-000000000001");
    let made = init(&init::Request {
        folder: home.join("station"),
        practice_identity: Some(home.join("identity.txt")),
        settings: vec![
            ("entra", "tenant", text("contoso.com")),
            ("entra", "client_id", client_id),
        ],
        ..init::Request::default()
    })
    .expect("a station");
    let config = Config::load(&made.config).expect("a configuration");
    let assemble = Box::new(|transport, attendant| -> Box<dyn Authenticator> {
        Box::new(Key::new(transport, attendant))
    });
    let keys: Arc<dyn Keys> = Arc::new(PracticeKeys::new(Bench::new(4), assemble));
    let mut parts = station::assemble(&config, keys, Arc::new(Nobody)).expect("parts");
    parts.ports = Ports {
        relying_party: Arc::new(Everybody(parts.ports.clock.clone())),
        ..parts.ports
    };
    (config, parts)
}

fn desk(config: &Config, parts: Parts) -> Desk {
    let options = Options {
        limit: None,
        until_empty: false,
        confirm_cards: ConfirmCards::Never,
        slots: station::slots(config),
        actor: "bench".to_owned(),
        tick: TICK,
        waits: parts.cancel,
    };
    Desk::new(
        parts.ports,
        parts.policies,
        parts.intake,
        parts.board,
        options,
    )
}

fn admit(home: &Path, config: &Config, board: &Board) {
    let draft = home.join("large.csv");
    write_rows(&draft);
    let bytes = std::fs::metadata(&draft).expect("a file").len();
    let before = status("VmHWM");
    let queue = config.path(&config.queue.folder);
    let dropped = Instant::now();
    std::fs::rename(&draft, queue.join("new/large.csv")).expect("a drop");
    while board.view().counts.waiting < ROWS {
        std::thread::sleep(Duration::from_millis(2));
        let news = board.take_news();
        assert!(dropped.elapsed().as_secs() < 120, "not admitted: {news:?}");
    }
    let took = dropped.elapsed();
    eprintln!(
        "{ROWS} rows, {bytes} bytes, moved in: from drop to board {took:.2?}; peak {} MB (before the drop {} MB)",
        status("VmHWM") / 1024,
        before / 1024
    );
}

fn idle() {
    let (cpu, since) = (cpu_ticks(), Instant::now());
    std::thread::sleep(IDLE);
    let ticks = cpu_ticks() - cpu;
    eprintln!(
        "idle with {ROWS} open jobs: {} ms of CPU in {:.1?}, {} MB resident",
        ticks * 10,
        since.elapsed(),
        status("VmRSS") / 1024
    );
}

/// Rows as an export of a directory has them.
fn write_rows(path: &Path) {
    let mut rows = "user,name,department,language,address\r\n".to_owned();
    for number in 0..ROWS {
        write!(
            rows,
            "person{number:05}@contoso.com,Person {number:05},Vertrieb,de,Contoso GmbH|Lindenallee 12|10115 Berlin|Deutschland\r\n"
        )
        .expect("memory");
    }
    std::fs::write(path, rows).expect("a file");
}

/// A line of `/proc/self/status`, in kilobytes.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.expect("a line").parse().expect("a number")
}

/// User and system time of this process, in hundredths of a second (proc_pid_stat(5), fields 14 and 15).
fn cpu_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("procfs");
    let behind_name = text.rsplit(')').next().expect("a name");
    let fields = behind_name.split_whitespace().skip(11).take(2);
    fields
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum()
}
