//! A whole station with its console as the program wires them, over a practice tenant and simulated keys that a test moves by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyline::adapter::ctap::Key;
use keyline::app::board::{Board, View};
use keyline::app::station::{Handle, Request, Summary};
use keyline::domain::account::{Passphrase, Role};
use keyline::domain::authenticator::{Attachment, Serial};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::face::control;
use keyline::face::prompt::Prompt;
use keyline::port::{Accounts as _, Conduct, Repowered, Transport};
use keyline::practice::authenticator::{Bench, Past, PracticeKeys, SimulatedKey, Touch};
use keyline::practice::tenant::{EVERY_PERMISSION, TenantSetup};
use keyline::wire::console;
use keyline::wire::run::{self, Wish};
use keyline::wire::{WireFault, station};

use crate::bench::driver::Browser;
use crate::house::PASSPHRASE;
use crate::line::{Line, Setting};

/// Nothing in these tests takes longer, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the board is looked at, where a test waits for it.
const GLANCE: Duration = Duration::from_millis(10);
/// The PIN of keys that somebody used before.
pub(crate) const USED_PIN: &str = "739154";

/// The station, until it is dropped.
pub(crate) struct World {
    pub(crate) line: Line,
    pub(crate) board: Arc<Board>,
    pub(crate) base: String,
    handle: Handle,
    on_readers: Arc<AtomicBool>,
    station: Option<JoinHandle<Summary>>,
}

impl World {
    /// With so many slots, this in the policy `standard`, and these settings.
    pub(crate) fn open(slots: u16, policy: Option<&str>, mut settings: Vec<Setting>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        settings.extend([
            ("queue", "settle_milliseconds", 50.into()),
            ("queue", "rescan_seconds", 1.into()),
            ("console", "listen", "127.0.0.1:0".into()),
        ]);
        let setup = TenantSetup {
            permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
            ..TenantSetup::default()
        };
        let line = Line::set(home, slots, setup, settings);
        line.tenant(|tenant| tenant.add_practice_groups());
        if let Some(policy) = policy {
            let file = line.root().join("config/policies/standard.toml");
            std::fs::write(file, policy).expect("a policy");
        }
        let accounts = console::accounts(&line.config);
        for (name, role) in [("olga", Role::Operator), ("adam", Role::Administrator)] {
            let passphrase = Passphrase::chosen(PASSPHRASE).expect("it fits");
            let name = name.parse().expect("a name");
            accounts.add(&name, role, &passphrase).expect("an account");
        }
        let on_readers = Arc::new(AtomicBool::new(false));
        let (handle, board, base, station) = start(&line, &on_readers);
        Self {
            line,
            board,
            base,
            handle,
            on_readers,
            station: Some(station),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// From now on whatever comes lies on a reader, as cards do.
    pub(crate) fn lay_on_readers(&self, so: bool) {
        self.on_readers.store(so, Ordering::SeqCst);
    }

    /// A blank key that waits for its touch until it is pressed.
    pub(crate) fn key(&self, number: u32) -> SimulatedKey {
        let key = self.line.maker.make(number).expect("a key");
        key.set_touch(Touch::ByHand);
        key
    }

    /// A key that somebody used: it has [`USED_PIN`].
    pub(crate) fn used_key(&self, number: u32) -> SimulatedKey {
        let pin = Pin::new(USED_PIN).expect("a PIN");
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

    /// Asks the station for something; whether it hears.
    pub(crate) fn ask(&self, request: Request) -> bool {
        self.handle.ask(request)
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

    /// Signs in and goes to a page.
    pub(crate) fn sign_in(&self, browser: &Browser, name: &str, path: &str) {
        browser.go_to(&self.url(&format!("/sign-in?next={path}")));
        browser.fill("input[name=name]", name);
        browser.fill("input[name=passphrase]", PASSPHRASE);
        browser.fill("input[name=passphrase]", "\u{e007}");
        browser.until(&format!("location.pathname === {path:?}"));
    }
}

impl Drop for World {
    fn drop(&mut self) {
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

type Started = (Handle, Arc<Board>, String, JoinHandle<Summary>);

/// Runs the station as `keyline run` does, with its console.
fn start(line: &Line, on_readers: &Arc<AtomicBool>) -> Started {
    let (prompt, readers) = (Arc::new(Prompt::new(false)), on_readers.clone());
    let keys = PracticeKeys::new(
        line.bench.clone(),
        Box::new(move |transport, attendant| {
            let on_reader = readers.load(Ordering::SeqCst);
            Box::new(Key::new(
                Box::new(Lying {
                    transport,
                    on_reader,
                }),
                attendant,
            ))
        }),
    );
    let parts = station::assemble(&line.config, Arc::new(keys), prompt.clone());
    let (parts, config) = (parts.expect("a station"), line.config.clone());
    let (tell, told) = std::sync::mpsc::channel();
    let running = std::thread::spawn(move || {
        let wish = Wish {
            limit: None,
            until_empty: false,
            operator: "4711".to_owned(),
        };
        let summary = run::run(&config, &parts, &wish, |parts, handle| {
            let answer = Arc::new(control::over_station(
                parts.ledger.clone(),
                handle.clone(),
                parts.ports.press.clone(),
                parts.board.clone(),
                Arc::new(|_: &str, _: &str| Ok(String::new().into())),
            ));
            let console = console::serve(&config, parts, &handle, answer, &prompt)?;
            let address = console.as_ref().map(|console| console.address.clone());
            // Nobody listens where the test failed already.
            let _ = tell.send((handle, parts.board.clone(), address.expect("a port")));
            Ok::<_, WireFault>(console)
        });
        summary.expect("a run")
    });
    let (handle, board, base) = told.recv_timeout(PATIENCE).expect("a station");
    let address: Option<SocketAddr> = base.strip_prefix("http://").and_then(|at| at.parse().ok());
    assert!(address.is_some(), "{base}");
    (handle, board, base, running)
}

/// A key in its slot, or a card on a reader.
struct Lying {
    transport: Box<dyn Transport>,
    on_reader: bool,
}

impl Transport for Lying {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        self.transport.exchange(request, conduct)
    }

    fn attachment(&self) -> Attachment {
        if self.on_reader {
            return Attachment::Pcsc;
        }
        self.transport.attachment()
    }

    fn product(&self) -> String {
        self.transport.product()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.transport.serial()
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.transport.repower()
    }
}
