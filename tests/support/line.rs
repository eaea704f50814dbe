//! A whole station in this process, for tests with policies, job files and keys of their own: the practice tenant, the real
//! ledger, folder and letters, simulated keys and simulated hands. It decides nothing about jobs.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyline::adapter::ctap::Key;
use keyline::adapter::ledger::SqliteLedger;
use keyline::app::station::{Handle, Request, Summary};
use keyline::domain::authenticator::Slot;
use keyline::domain::pin::Pin;
use keyline::port::{Authenticator, Operator};
use keyline::practice::authenticator::{
    Bench, Habits, Manufacturer, Model, PracticeKeys, PracticeOperator, SimulatedKey,
};
use keyline::practice::tenant::{Tenant, TenantSetup};
use keyline::wire::WireFault;
use keyline::wire::config::Config;
use keyline::wire::demo::Hands;
use keyline::wire::init::{self, init};
use keyline::wire::run::{self, Wish};
use keyline::wire::station::{self, Parts};

/// Quick hands: these tests are about what happens, not about how long people take.
const QUICK: Duration = Duration::from_millis(40);
/// No run of these tests takes longer, on the busiest machine.
const RUN_MAX: Duration = Duration::from_secs(60);

/// A setting of `station.toml`: its table, its key, its value.
pub(crate) type Setting = (&'static str, &'static str, toml::Value);

/// A station with everything around it, in a folder of its own.
pub(crate) struct Line {
    pub(crate) home: tempfile::TempDir,
    pub(crate) config: Config,
    /// None while it is down.
    pub(crate) tenant: Mutex<Option<Tenant>>,
    pub(crate) identity: PathBuf,
    pub(crate) bench: Bench,
    pub(crate) keys: Arc<PracticeKeys>,
    pub(crate) maker: Manufacturer,
}

impl Line {
    /// A fresh station with so many slots.
    pub(crate) fn new(slots: u16) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let settings = vec![
            ("queue", "settle_milliseconds", toml::Value::Integer(50)),
            ("queue", "rescan_seconds", toml::Value::Integer(1)),
        ];
        Self::set(home, slots, TenantSetup::default(), settings)
    }

    /// A fresh station in a folder below `home`, with a tenant and with settings of its own.
    pub(crate) fn set(
        home: tempfile::TempDir,
        slots: u16,
        setup: TenantSetup,
        mut settings: Vec<Setting>,
    ) -> Self {
        let (name, client_id) = (setup.tenant.clone(), setup.client_id.clone());
        let client_secret = setup.client_secret.clone();
        let tenant = Tenant::start(setup).expect("a tenant");
        let root = home.path().join("station");
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&root)
            .expect("a folder");
        let identity = home.path().join("identity.txt");
        let text = |text: &str| toml::Value::String(text.to_owned());
        let places = (1..=slots).map(|number| text(&Bench::place(number).0));
        let secret = std::iter::once(("file".to_owned(), text("secret"))).collect();
        // Many stations run at once in tests, and one port is for one console.
        if !settings.iter().any(|(section, _, _)| *section == "console") {
            settings.push(("console", "listen", text("")));
        }
        settings.extend([
            ("entra", "tenant", text(&name)),
            ("entra", "client_id", text(&client_id)),
            ("entra", "client_secret", toml::Value::Table(secret)),
            ("entra", "authority", text(tenant.url().as_str())),
            ("entra", "graph", text(tenant.url().as_str())),
            ("slots", "places", toml::Value::Array(places.collect())),
        ]);
        let made = init(&init::Request {
            folder: root.clone(),
            practice_identity: Some(identity.clone()),
            settings,
            ..init::Request::default()
        })
        .expect("a station");
        write(&root.join("secret"), &client_secret);
        let bench = Bench::new(slots);
        let keys = Arc::new(PracticeKeys::new(
            bench.clone(),
            Box::new(|transport, attendant| Box::new(Key::new(transport, attendant))),
        ));
        Self {
            config: Config::load(&made.config).expect("a configuration"),
            tenant: Mutex::new(Some(tenant)),
            identity,
            bench,
            keys,
            maker: Manufacturer::new(Model::practice()).expect("a manufacturer"),
            home,
        }
    }

    /// Does something with the tenant, which must be up.
    pub(crate) fn tenant<T>(&self, act: impl FnOnce(&Tenant) -> T) -> T {
        let tenant = self.tenant.lock().unwrap_or_else(PoisonError::into_inner);
        act(tenant.as_ref().expect("a tenant"))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.config.root
    }

    /// Drops a job file, written elsewhere and then moved in.
    pub(crate) fn drop_file(&self, name: &str, text: &str) {
        let draft = self.home.path().join(name);
        write(&draft, text);
        let queue = self.config.path(&self.config.queue.folder);
        std::fs::rename(draft, queue.join("new").join(name)).expect("the queue");
    }

    /// Runs the station until nothing is left to do. The hands take `supply` in order; whoever is asked for a PIN is
    /// `operator`.
    pub(crate) fn run(
        &self,
        operator: Arc<dyn Operator>,
        supply: Vec<SimulatedKey>,
    ) -> (Summary, Parts) {
        self.run_attended(operator, supply, |_, _| ())
    }

    /// Waits until nobody holds the ledger. Threads of a run that ended may do so for a moment yet, and so may any program
    /// that another test starts just then, until it has closed what it inherited.
    pub(crate) fn released(&self) {
        let ledger = self.config.path(&self.config.ledger.file);
        let until = Instant::now() + RUN_MAX;
        while SqliteLedger::is_in_use(&ledger).expect("a ledger") {
            assert!(Instant::now() < until, "somebody holds the ledger");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The same with somebody beside it: `attend` begins when the station does, and what it gives back ends with the run.
    pub(crate) fn run_attended<A>(
        &self,
        operator: Arc<dyn Operator>,
        supply: Vec<SimulatedKey>,
        attend: impl FnOnce(&Parts, &Handle) -> A,
    ) -> (Summary, Parts) {
        self.released();
        let parts =
            station::assemble(&self.config, self.keys.clone(), operator).expect("a station");
        let wish = Wish {
            limit: None,
            until_empty: true,
            operator: "4711".to_owned(),
        };
        let habits = Habits {
            fetch: QUICK,
            touch: QUICK,
            pull: QUICK,
            seed: 1,
        };
        let summary = run::run(&self.config, &parts, &wish, |parts, handle| {
            let hands = PracticeOperator::start(self.bench.clone(), supply, habits)?;
            let hands = Hands::start(hands, parts.board.clone())?;
            let beside = attend(parts, &handle);
            Ok::<_, WireFault>((hands, beside, Patience::new(handle)))
        })
        .expect("a run");
        for place in self.bench.places() {
            drop(self.bench.pull(&place));
        }
        (summary, parts)
    }

    /// Puts a key into the first slot, as whoever looks at it by hand, and opens it.
    pub(crate) fn open(&self, key: &SimulatedKey) -> Box<dyn Authenticator> {
        use keyline::port::{Attendant, CancelFlag, Keys as _};
        let place = Bench::place(1);
        drop(self.bench.pull(&place));
        self.bench.insert(&place, key).expect("a free slot");
        let attendant = Attendant {
            cancel: CancelFlag::default(),
            on_touch: Box::new(|_| {}),
        };
        self.keys.open(&place, attendant).expect("an open key")
    }
}

/// Ends a run that would never end by itself, so that its test fails instead of hanging.
struct Patience {
    over: std::sync::mpsc::Sender<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Patience {
    fn new(station: Handle) -> Self {
        let (over, ended) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            if ended.recv_timeout(RUN_MAX).is_err() {
                station.ask(Request::StopNow);
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        // A watch that has ended already has done its work.
        let _ = self.over.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes a file that only its owner can read, as an administrator would.
pub(crate) fn write(path: &Path, text: &str) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .expect("a file");
    file.write_all(text.as_bytes()).expect("a disk");
}

/// The person at the bench: knows these PINs, one after another, and notes who asked.
#[derive(Default)]
pub(crate) struct Knows {
    pins: Mutex<Vec<Pin>>,
    asked: Mutex<Vec<(u16, String)>>,
}

impl Knows {
    pub(crate) fn nothing() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn this(pin: &Pin) -> Arc<Self> {
        Arc::new(Self {
            pins: Mutex::new(vec![pin.duplicate()]),
            ..Self::default()
        })
    }

    pub(crate) fn asked(&self) -> Vec<(u16, String)> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Operator for Knows {
    fn current_pin(&self, slot: Slot, person: &str) -> Option<Pin> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push((slot.0, person.to_owned()));
        self.pins
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }
}
