//! A station with a console that can be taken away and given back, while its sessions stay.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyline::adapter::accounts::AccountsFile;
use keyline::adapter::system::{SystemClock, SystemEntropy};
use keyline::app::board::{Board, View};
use keyline::app::station::{Handle, Request, Summary};
use keyline::domain::account::{Passphrase, Role};
use keyline::domain::authenticator::Slot;
use keyline::domain::pin::Pin;
use keyline::face::console::bench::{Bench as Page, Facts};
use keyline::face::console::session::{Limits, Sessions};
use keyline::face::console::{FirstLink, Gate, Server, Settings, Shared, serve};
use keyline::face::control::{self, Answer};
use keyline::face::prompt::Prompt;
use keyline::port::{Accounts as _, Clock as _};
use keyline::practice::authenticator::{Bench, Past, SimulatedKey, Touch};
use keyline::wire::WireFault;
use keyline::wire::run::{self, Wish};
use keyline::wire::{console, station};

use crate::line::Line;

/// Nothing in these tests takes longer, on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often the board is looked at, where a test waits for it.
const GLANCE: Duration = Duration::from_millis(10);
pub(crate) const PASSPHRASE: &str = "four blue bags of gravel";

/// People who get keys: the practice tenant knows them.
const USERS: [&str; 4] = [
    "anna.lang",
    "juergen.mueller",
    "sophie.weiss",
    "kaethe.groessl",
];
/// What they are called.
pub(crate) const PEOPLE: [&str; 4] = ["Ada Ammann", "Bo Berg", "Cy Costa", "Di Dorn"];

/// A station that runs until the hall is closed, and a console for it.
pub(crate) struct Hall {
    pub(crate) line: Line,
    pub(crate) handle: Handle,
    pub(crate) board: Arc<Board>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) prompt: Arc<Prompt>,
    server: Option<Server>,
    station: Option<JoinHandle<Summary>>,
}

impl Hall {
    /// A hall with so many slots and with these people's jobs in the queue.
    pub(crate) fn open(slots: u16, people: usize) -> Self {
        let line = Line::new(slots);
        let prompt = Arc::new(Prompt::new(false));
        let parts = station::assemble(&line.config, line.keys.clone(), prompt.clone());
        let parts = parts.expect("a station");
        let (board, config) = (parts.board.clone(), line.config.clone());
        let (tell, told) = std::sync::mpsc::channel();
        let running = std::thread::spawn(move || {
            let wish = Wish {
                limit: None,
                until_empty: false,
                operator: "4711".to_owned(),
            };
            let summary = run::run(&config, &parts, &wish, |parts, handle| {
                let answer = control::over_station(
                    parts.ledger.clone(),
                    handle.clone(),
                    parts.ports.press.clone(),
                    parts.board.clone(),
                    Arc::new(|_: &str, _: &str| Ok(String::new().into())),
                );
                let answer: Arc<dyn Fn(&control::Ask) -> Answer + Send + Sync> = Arc::new(answer);
                let sent = tell.send((handle, answer, parts.ledger.clone()));
                sent.map_err(|_| WireFault::Usage {
                    what: "nobody listens".to_owned(),
                    hint: String::new(),
                })
            });
            summary.expect("a run")
        });
        let (handle, answer, ledger) = told.recv_timeout(PATIENCE).expect("a station");
        drop_people(&line, people);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let now = SystemClock.now();
        let limits = Limits {
            idle_seconds: 3600,
            life_seconds: 3600,
        };
        let accounts = accounts(&line);
        let shared = Arc::new(Shared {
            settings: settings(address, limits),
            board: board.clone(),
            station: Some(handle.clone()),
            answer,
            ledger,
            accounts: Arc::new(accounts),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            sessions: Sessions::new(limits),
            gate: Gate::default(),
            first: FirstLink::default(),
            bench: Page::new(facts(slots), prompt.clone(), now),
            oversight: Arc::new(console::oversight(&line.config).expect("what the pages need")),
            office: None,
        });
        let server = serve(listener, None, &shared).expect("a console");
        Self {
            line,
            handle,
            board,
            shared,
            prompt,
            server: Some(server),
            station: Some(running),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.settings.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The console ends; the station does not.
    pub(crate) fn kill_console(&mut self) {
        drop(self.server.take());
    }

    /// It comes back where it was.
    pub(crate) fn restart_console(&mut self) {
        let until = Instant::now() + PATIENCE;
        let listener = loop {
            match TcpListener::bind(self.address()) {
                Ok(listener) => break listener,
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            std::thread::sleep(GLANCE);
        };
        self.server = Some(serve(listener, None, &self.shared).expect("a console"));
    }

    /// A blank key that waits for its touch until it is pressed.
    pub(crate) fn key(&self, number: u32) -> SimulatedKey {
        let key = self.line.maker.make(number).expect("a key");
        key.set_touch(Touch::ByHand);
        key
    }

    /// A key that somebody used: it has a PIN.
    pub(crate) fn used_key(&self, number: u32) -> SimulatedKey {
        let pin = Pin::new("739154").expect("a PIN");
        let past = Past {
            pin: Some(&pin),
            ..Past::default()
        };
        let key = self.line.maker.make_used(number, &past).expect("a key");
        key.set_touch(Touch::ByHand);
        key
    }

    pub(crate) fn insert(&self, slot: u16, key: &SimulatedKey) {
        let place = Bench::place(slot);
        self.line.bench.insert(&place, key).expect("a free slot");
    }

    pub(crate) fn pull(&self, slot: u16) {
        drop(self.line.bench.pull(&Bench::place(slot)));
    }

    /// Waits until the board looks so.
    pub(crate) fn wait_for(&self, what: &str, is: impl Fn(&View) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is(&self.board.view()) {
            let view = self.board.view();
            assert!(Instant::now() < until, "{what} did not come: {view:?}");
            std::thread::sleep(GLANCE);
        }
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        drop(self.server.take());
        self.handle.ask(Request::StopNow);
        for place in self.line.bench.places() {
            drop(self.line.bench.pull(&place));
        }
        if let Some(station) = self.station.take() {
            // A test that failed already tells more.
            let _ = station.join();
        }
    }
}

fn facts(slots: u16) -> Facts {
    Facts {
        tenant: "contoso.com".to_owned(),
        printer: None,
        learned: slots,
        free_bytes: Box::new(|| Some(64 << 30)),
    }
}

fn settings(address: SocketAddr, limits: Limits) -> Settings {
    Settings {
        address,
        secure: false,
        hosts: Vec::new(),
        language: "en".to_owned(),
        sounds: true,
        limits,
        benches: std::iter::once(("left".to_owned(), vec![Slot(1)])).collect(),
    }
}

/// A job file for so many people.
fn drop_people(line: &Line, people: usize) {
    if people > 0 {
        let mut file = "user,name,department\r\n".to_owned();
        for (user, person) in USERS.iter().zip(PEOPLE).take(people) {
            file.push_str(&format!("{user}@contoso.com,{person},Sales\r\n"));
        }
        line.drop_file("may.csv", &file);
    }
}

/// With an operator and an administrator.
fn accounts(line: &Line) -> AccountsFile {
    let accounts = console::accounts(&line.config);
    for (name, role) in [("ines", Role::Operator), ("adam", Role::Administrator)] {
        let passphrase = Passphrase::chosen(PASSPHRASE).expect("a passphrase");
        let name = name.parse().expect("a name");
        accounts.add(&name, role, &passphrase).expect("an account");
    }
    accounts
}
