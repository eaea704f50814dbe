//! A whole enrollment line in this process: the ordinary station over a real folder and a real ledger, simulated keys with
//! quick hands, and the practice tenant, which can be taken down and brought back. It decides nothing about jobs.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyline::adapter::ctap::Key;
use keyline::adapter::entra::Entra;
use keyline::adapter::system::SystemClock;
use keyline::app::Ports;
use keyline::app::board::{Board, News, View};
use keyline::app::station::{Desk, Handle, Options, Request, Summary};
use keyline::domain::authenticator::{Aaguid, Slot};
use keyline::domain::credential::{CredentialId, RpId};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Happening, Step};
use keyline::domain::pin::Pin;
use keyline::domain::station::signal::{ConfirmCards, SlotState};
use keyline::domain::time::Timestamp;
use keyline::port::{
    Attendant, Authenticator, CancelFlag, Clock, JobRecord, Keys, Ledger, Operator,
};
use keyline::practice::authenticator::{
    Bench, Manufacturer, Memory, Model, PRACTICE_AAGUID, PracticeKeys, PracticeTransport,
    SimulatedKey, Touch,
};
use keyline::practice::tenant::{Existing, Tenant, TenantSetup};
use keyline::wire::config::Config;
use keyline::wire::init::{self, init};
use keyline::wire::station::{self, Parts};

/// How long anything may take on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often the hands look at the board.
const GLANCE: Duration = Duration::from_millis(5);
/// The station's own tick, so that no test waits for five seconds.
const TICK: Duration = Duration::from_millis(100);
/// More than Entra allows, so that few people do for many keys.
const PASSKEYS_MAX: usize = 100;
/// Entra's relying party.
const RP_ID: &str = "login.microsoft.com";

/// Waits pass so many times faster than they are asked for. The tenant's own behaviour is in real time.
const HURRY: u32 = 20;

/// The wall clock with short waits, which a test can put forward.
#[derive(Default)]
pub(crate) struct HurriedClock {
    ahead_millis: AtomicI64,
    /// Milliseconds asked for in the longest wait.
    longest: AtomicU64,
    unhurried: AtomicBool,
}

impl HurriedClock {
    /// From now on waits are as long as they are asked for.
    pub(crate) fn stop_hurrying(&self) {
        self.unhurried.store(true, Ordering::SeqCst);
    }

    /// The longest wait that anybody asked for.
    pub(crate) fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest.load(Ordering::SeqCst))
    }
}

impl Clock for HurriedClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.ahead_millis.load(Ordering::SeqCst))
    }

    fn today(&self) -> jiff::civil::Date {
        SystemClock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.longest.fetch_max(millis, Ordering::SeqCst);
        let hurry = if self.unhurried.load(Ordering::SeqCst) {
            1
        } else {
            HURRY
        };
        SystemClock.wait(duration / hurry, cancel)
    }
}

struct Nobody;

impl Operator for Nobody {
    fn current_pin(&self, _slot: Slot, _person: &str) -> Option<Pin> {
        None
    }
}

/// What a line is made of.
pub(crate) struct Layout {
    pub(crate) slots: u16,
    pub(crate) seed: u64,
    /// What differs from the default in the policy `standard`, as TOML above its tables.
    pub(crate) policy: &'static str,
    pub(crate) already_enrolled: &'static str,
    pub(crate) timeout_seconds: i64,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            slots: 2,
            seed: 1,
            policy: "",
            already_enrolled: "hold",
            timeout_seconds: 30,
        }
    }
}

/// The line, without its station.
pub(crate) struct Line {
    home: tempfile::TempDir,
    pub(crate) config: Config,
    tenant: Mutex<Option<Tenant>>,
    port: u16,
    seed: u64,
    pub(crate) bench: Bench,
    maker: Manufacturer,
    made: Mutex<Vec<SimulatedKey>>,
    pub(crate) crate_of_keys: Arc<Mutex<VecDeque<SimulatedKey>>>,
    pub(crate) clock: Arc<HurriedClock>,
    slots: u16,
}

impl Line {
    /// Sets a line up, with its tenant running and no key anywhere.
    pub(crate) fn set(layout: &Layout) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let tenant = Tenant::start(setup(0, layout.seed, home.path().join("tenant.json")))
            .expect("a tenant");
        let root = home.path().join("station");
        let made = init(&init::Request {
            folder: root.clone(),
            practice_identity: Some(home.path().join("identity.txt")),
            settings: settings(layout, &tenant),
            ..init::Request::default()
        })
        .expect("a station");
        std::fs::write(
            root.join("client-secret"),
            TenantSetup::default().client_secret.as_bytes(),
        )
        .expect("a secret");
        let policy = root.join("config/policies/standard.toml");
        std::fs::write(&policy, layout.policy).expect("a policy");
        Self {
            config: Config::load(&made.config).expect("a configuration"),
            port: tenant.url().port().expect("a port"),
            tenant: Mutex::new(Some(tenant)),
            seed: layout.seed,
            bench: Bench::new(layout.slots),
            maker: Manufacturer::new(Model::practice()).expect("a manufacturer"),
            made: Mutex::default(),
            crate_of_keys: Arc::default(),
            clock: Arc::default(),
            slots: layout.slots,
            home,
        }
    }

    /// Does something with the tenant, which must be up.
    pub(crate) fn tenant<T>(&self, act: impl FnOnce(&Tenant) -> T) -> T {
        act(self.tenant.lock().unwrap().as_ref().expect("a tenant"))
    }

    /// Takes the tenant down: its port refuses connections.
    pub(crate) fn take_tenant_down(&self) {
        let tenant = self.tenant.lock().unwrap().take().expect("a tenant");
        tenant.stop();
    }

    /// Brings the tenant back at the same port, with everything it knew.
    pub(crate) fn bring_tenant_back(&self) {
        let state = self.home.path().join("tenant.json");
        let tenant = Tenant::start(setup(self.port, self.seed, state)).expect("the port is free");
        *self.tenant.lock().unwrap() = Some(tenant);
    }

    /// Puts the clocks of both sides forward.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock
            .ahead_millis
            .fetch_add(seconds * 1000, Ordering::SeqCst);
        self.tenant(|tenant| tenant.advance(seconds));
    }

    /// Makes fresh keys and puts them into the crate. They are touched as soon as they blink.
    pub(crate) fn add_keys(&self, count: usize) -> Vec<SimulatedKey> {
        let mut made = self.made.lock().unwrap();
        let from = u32::try_from(made.len()).unwrap() + 1;
        let keys: Vec<SimulatedKey> = (from..)
            .take(count)
            .map(|number| self.maker.make(number).expect("a key"))
            .collect();
        for key in &keys {
            key.set_touch(Touch::After(Duration::ZERO));
        }
        made.extend(keys.iter().cloned());
        self.crate_of_keys
            .lock()
            .unwrap()
            .extend(keys.iter().cloned());
        keys
    }

    /// Drops a job file as an administrator does: written elsewhere, moved in.
    pub(crate) fn drop_file(&self, name: &str, text: &str) {
        let draft = self.home.path().join(name);
        std::fs::write(&draft, text).expect("a draft");
        let queue = self.config.path(&self.config.queue.folder);
        std::fs::rename(&draft, queue.join("new").join(name)).expect("a job file");
    }

    /// Drops a file with these people of the directory, by number from 0.
    pub(crate) fn drop_people(&self, name: &str, people: std::ops::Range<usize>) -> Vec<String> {
        let users = self.users(people);
        let mut text = "user\n".to_owned();
        for user in &users {
            writeln!(text, "{user}").unwrap();
        }
        self.drop_file(name, &text);
        users
    }

    /// The UPNs of these people of the directory.
    pub(crate) fn users(&self, people: std::ops::Range<usize>) -> Vec<String> {
        let everybody = self.tenant(Tenant::people);
        everybody[people]
            .iter()
            .map(|person| person.upn.clone())
            .collect()
    }

    /// A security key that the person had before.
    pub(crate) fn give_old_key(&self, user: &str) {
        self.give(user, "an old key", PRACTICE_AAGUID);
    }

    /// A passkey in the person's phone.
    pub(crate) fn give_phone(&self, user: &str) {
        let authenticator = Aaguid::try_from("de1e552d-db1d-4423-a619-566b625cdc84");
        self.give(user, "a phone", authenticator.expect("an AAGUID"));
    }

    fn give(&self, user: &str, name: &str, aaguid: Aaguid) {
        let existing = Existing {
            display_name: name.to_owned(),
            aaguid,
            credential_id: None,
            id_bytes: None,
            method: None,
            created: None,
            synced: false,
        };
        self.tenant(|tenant| tenant.add_existing(user, existing))
            .expect(user);
    }

    /// Starts the station over this line, and hands that work for it.
    pub(crate) fn start(&self, until_empty: bool) -> Running {
        let assemble = Box::new(|transport, attendant| -> Box<dyn Authenticator> {
            Box::new(Key::new(transport, attendant))
        });
        let keys: Arc<dyn Keys> = Arc::new(PracticeKeys::new(self.bench.clone(), assemble));
        let parts = self.assemble(keys);
        let options = Options {
            limit: None,
            until_empty,
            confirm_cards: ConfirmCards::Never,
            slots: station::slots(&self.config),
            actor: "4711".to_owned(),
            tick: TICK,
            waits: parts.cancel.clone(),
        };
        Running::start(self, parts, options)
    }

    /// The parts of `keyline run`, with a clock that does not keep tests waiting.
    fn assemble(&self, keys: Arc<dyn Keys>) -> Parts {
        let mut parts = station::assemble(&self.config, keys, Arc::new(Nobody))
            .expect("the parts of a station");
        let entra = Entra::new(
            self.config.entra(),
            self.config.entra.client_secret.clone(),
            self.clock.clone(),
            parts.cancel.clone(),
        );
        parts.ports = Ports {
            relying_party: Arc::new(entra.expect("an address")),
            clock: self.clock.clone(),
            ..parts.ports
        };
        parts
    }

    /// What every line must come to: each job done, each person with one credential more than `before` keeps, and that
    /// credential on the very key that the ledger names.
    pub(crate) fn assert_sound(&self, ledger: &dyn Ledger, kept: usize) {
        let jobs = ledger.jobs(None).expect("jobs");
        let mut by_user: BTreeMap<&str, Vec<&JobRecord>> = BTreeMap::new();
        for job in &jobs {
            assert_eq!(
                job.standing,
                Standing::Done,
                "job {} of {}: {:?}",
                job.job.id,
                job.job.request.user,
                job.held
            );
            by_user.entry(&job.job.request.user).or_default().push(job);
        }
        for (user, jobs) in by_user {
            let registered = self.tenant(|tenant| tenant.credentials(user)).expect(user);
            assert_eq!(
                registered.len(),
                kept + jobs.len(),
                "{user} has {registered:?}"
            );
            for job in jobs {
                let serial = job.serial.clone().expect("a serial");
                let key = self.key(serial.as_str());
                let held: Vec<_> = registered
                    .iter()
                    .filter(|one| holds(&key, &one.id))
                    .collect();
                assert_eq!(
                    held.len(),
                    1,
                    "{user}: the credential is not on key {serial}"
                );
                let live = ledger.live_methods(user).expect("methods");
                assert!(live.contains(&held[0].method), "{user}: not in the ledger");
            }
        }
        let open = ledger
            .obligations(Timestamp(i64::MAX))
            .expect("obligations");
        assert_eq!(open, Vec::new(), "an obligation was left open");
    }

    fn key(&self, serial: &str) -> SimulatedKey {
        let made = self.made.lock().unwrap();
        let found = made
            .iter()
            .find(|key| key.serial().is_some_and(|known| known.as_str() == serial));
        found.expect("a key of ours").clone()
    }
}

/// Whether `key` answers for this credential of Entra's, asked silently.
fn holds(key: &SimulatedKey, credential: &CredentialId) -> bool {
    key.plug().expect("power");
    let transport = PracticeTransport::open(key).expect("a transport");
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| ()),
    };
    let mut authenticator = Key::new(Box::new(transport), attendant);
    let shown = authenticator
        .assert_silently(&RpId(RP_ID.to_owned()), std::slice::from_ref(credential))
        .expect("an answer");
    drop(authenticator);
    key.unplug();
    shown.as_ref() == Some(credential)
}

/// A photograph of a key as it is before anybody has worked with it.
pub(crate) fn photograph_of_new(key: &SimulatedKey) -> Memory {
    key.plug().expect("power");
    key.unplug();
    key.photograph()
}

/// How often a step has begun, over all jobs.
pub(crate) fn begun(ledger: &dyn Ledger, step: Step) -> usize {
    let jobs = ledger.jobs(None).expect("jobs");
    let journals = jobs
        .iter()
        .flat_map(|job| ledger.journal(job.job.id).expect("a journal"));
    journals
        .filter(|row| matches!(&row.event.happening, Happening::Started { step: begun, .. } if *begun == step))
        .count()
}

fn setup(port: u16, seed: u64, state_file: PathBuf) -> TenantSetup {
    TenantSetup {
        port,
        seed,
        state_file: Some(state_file),
        passkeys_per_user_max: PASSKEYS_MAX,
        ..TenantSetup::default()
    }
}

fn settings(layout: &Layout, tenant: &Tenant) -> Vec<(&'static str, &'static str, toml::Value)> {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let secret = std::iter::once(("file".to_owned(), text("client-secret"))).collect();
    let places = (1..=layout.slots).map(|number| text(&Bench::place(number).0));
    let known = TenantSetup::default();
    vec![
        ("entra", "tenant", text(&known.tenant)),
        ("entra", "client_id", text(&known.client_id)),
        ("entra", "client_secret", toml::Value::Table(secret)),
        ("entra", "authority", text(tenant.url().as_str())),
        ("entra", "graph", text(tenant.url().as_str())),
        (
            "entra",
            "timeout_seconds",
            toml::Value::Integer(layout.timeout_seconds),
        ),
        ("queue", "settle_milliseconds", toml::Value::Integer(20)),
        ("queue", "already_enrolled", text(layout.already_enrolled)),
        ("slots", "places", toml::Value::Array(places.collect())),
    ]
}

/// A station at work.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) board: Arc<Board>,
    pub(crate) ledger: Arc<dyn Ledger>,
    station: Option<JoinHandle<Summary>>,
    hands: Option<JoinHandle<()>>,
    rest: Arc<AtomicBool>,
    news: Mutex<Vec<News>>,
}

impl Running {
    fn start(line: &Line, parts: Parts, options: Options) -> Self {
        let board = parts.board.clone();
        let ledger: Arc<dyn Ledger> = parts.ledger.clone();
        let desk = Desk::new(
            parts.ports.clone(),
            parts.policies.clone(),
            parts.intake.clone(),
            board.clone(),
            options,
        );
        let handle = desk.handle();
        let station = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let summary = runtime.block_on(desk.run()).expect("a run");
            drop(parts);
            summary
        });
        let rest = Arc::new(AtomicBool::new(false));
        let mut hands = Hands {
            bench: line.bench.clone(),
            slots: line.slots,
            supply: line.crate_of_keys.clone(),
            own: BTreeMap::new(),
            seen: BTreeMap::new(),
            handle: handle.clone(),
        };
        let (eyes, resting) = (board.clone(), rest.clone());
        let hands = std::thread::spawn(move || {
            while !resting.load(Ordering::SeqCst) {
                hands.work(&eyes.view());
                std::thread::sleep(GLANCE);
            }
        });
        Self {
            handle,
            board,
            ledger,
            station: Some(station),
            hands: Some(hands),
            rest,
            news: Mutex::default(),
        }
    }

    /// All news so far.
    pub(crate) fn news(&self) -> Vec<News> {
        let mut news = self.news.lock().unwrap();
        news.extend(self.board.take_news());
        news.clone()
    }

    /// Waits until the board looks so.
    pub(crate) fn wait_for(&self, what: &str, mut is: impl FnMut(&View) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is(&self.board.view()) {
            assert!(
                Instant::now() < until,
                "{what} did not come: {:?} {:?}",
                self.board.view(),
                self.news()
            );
            std::thread::sleep(GLANCE);
        }
    }

    /// Whether the news say that the line waits for the network.
    pub(crate) fn says_network(&self) -> bool {
        self.news()
            .iter()
            .any(|news| matches!(news, News::Network { .. }))
    }

    /// Waits until the station ends by itself.
    pub(crate) fn finish(mut self) -> (Summary, Arc<dyn Ledger>) {
        let station = self.station.take().expect("a station");
        let until = Instant::now() + PATIENCE;
        while !station.is_finished() {
            assert!(
                Instant::now() < until,
                "the station does not end: {:?} {:?}",
                self.board.view(),
                self.news()
            );
            std::thread::sleep(GLANCE);
        }
        let summary = station.join().expect("a run");
        self.end_hands();
        (summary, self.ledger.clone())
    }

    /// Breaks everything off at once.
    pub(crate) fn stop_now(self) -> Summary {
        self.handle.ask(Request::StopNow);
        self.finish().0
    }

    fn end_hands(&mut self) {
        self.rest.store(true, Ordering::SeqCst);
        if let Some(hands) = self.hands.take() {
            hands.join().expect("hands");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.ask(Request::StopNow);
        self.rest.store(true, Ordering::SeqCst);
    }
}

/// Quick hands that do what the board says.
struct Hands {
    bench: Bench,
    slots: u16,
    supply: Arc<Mutex<VecDeque<SimulatedKey>>>,
    /// The key that was last at a slot, for a job that wants it back.
    own: BTreeMap<u16, SimulatedKey>,
    /// What was acted on: the state and since when it is so.
    seen: BTreeMap<Slot, (SlotState, Instant)>,
    handle: Handle,
}

impl Hands {
    fn work(&mut self, view: &View) {
        for number in 1..=self.slots {
            let place = Bench::place(number);
            let slot = Slot(number);
            let here = self.bench.key_at(&place);
            if let Some(key) = &here {
                self.own.insert(number, key.clone());
            }
            let state = match view.slots.get(&slot) {
                Some(seen) => {
                    let now = (seen.state.clone(), seen.since);
                    // A free place takes the next key whenever there is one; everything else is done once.
                    if here.is_some() && self.seen.get(&slot) == Some(&now) {
                        continue;
                    }
                    self.seen.insert(slot, now);
                    seen.state.clone()
                }
                None => SlotState::Empty,
            };
            match (state, here) {
                (SlotState::Empty, None) => {
                    let next = self.supply.lock().unwrap().pop_front();
                    if let Some(key) = next {
                        self.bench.insert(&place, &key).expect("a free place");
                    }
                }
                (SlotState::WantsBack { .. }, None) => {
                    if let Some(key) = self.own.get(&number) {
                        self.bench.insert(&place, key).expect("a free place");
                    }
                }
                (SlotState::WantsBack { key_in: true, .. } | SlotState::LiftFirst, Some(_)) => {
                    self.bench.replug(&place).expect("the same key");
                }
                (
                    SlotState::Done { .. } | SlotState::Refused { .. } | SlotState::Held { .. },
                    Some(_),
                ) => {
                    self.bench.pull(&place);
                }
                (SlotState::Asking { .. }, Some(_)) => {
                    self.handle.ask(Request::Confirm(slot));
                }
                _ => {}
            }
        }
    }
}
