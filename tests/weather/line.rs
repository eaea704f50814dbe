//! A whole enrollment line in bad weather: the ordinary station over a practice tenant that can be taken down and brought
//! back, with a clock of its own, and what every such line must come to.

#[expect(
    dead_code,
    reason = "bad weather needs a part of the station's support"
)]
#[path = "../support/line.rs"]
mod base;
mod clock;
mod running;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyline::adapter::ctap::Key;
use keyline::adapter::entra::Entra;
use keyline::app::Ports;
use keyline::app::station::Options;
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{CredentialId, RpId};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Happening, Step};
use keyline::domain::station::signal::ConfirmCards;
use keyline::domain::time::Timestamp;
use keyline::port::{Attendant, Authenticator as _, CancelFlag, JobRecord, Ledger, Press};
use keyline::practice::authenticator::{
    Bench, Memory, PRACTICE_AAGUID, PracticeTransport, SimulatedKey, Touch,
};
use keyline::practice::tenant::{Existing, MethodIds, Tenant, TenantSetup};
use keyline::wire::station::{self, Parts};

use base::{Knows, Setting};
use clock::{HURRY, HurriedClock};
pub(crate) use running::Running;

/// How long anything may take on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The station's own tick, so that no test waits for five seconds.
const TICK: Duration = Duration::from_millis(100);
/// More than Entra allows, so that few people do for many keys.
const PASSKEYS_MAX: usize = 100;
/// Entra's relying party.
const RP_ID: &str = "login.microsoft.com";

/// What a line is made of.
pub(crate) struct Layout {
    pub(crate) slots: u16,
    pub(crate) seed: u64,
    /// What differs from the default in the policy `standard`, as TOML above its tables.
    pub(crate) policy: &'static str,
    pub(crate) already_enrolled: &'static str,
    pub(crate) timeout_seconds: i64,
    pub(crate) method_ids: MethodIds,
    /// The time of day passes as fast as the station's waits do, at the tenant as well.
    pub(crate) races: bool,
    /// What else differs in the tenant.
    pub(crate) tenant: fn(TenantSetup) -> TenantSetup,
    /// What else differs in the configuration.
    pub(crate) settings: Vec<Setting>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            slots: 2,
            seed: 1,
            policy: "",
            already_enrolled: "hold",
            timeout_seconds: 30,
            method_ids: MethodIds::PaddingCount,
            races: false,
            tenant: |setup| setup,
            settings: Vec::new(),
        }
    }
}

/// The line, without its station.
pub(crate) struct Line {
    pub(crate) base: base::Line,
    port: u16,
    seed: u64,
    made: Mutex<Vec<SimulatedKey>>,
    bench: Bench,
    crate_of_keys: Arc<Mutex<VecDeque<SimulatedKey>>>,
    pub(crate) clock: Arc<HurriedClock>,
    slots: u16,
    /// Whoever sets this moves the keys with hands of their own.
    pub(crate) idle_hands: bool,
}

impl Line {
    /// Sets a line up, with its tenant running and no key anywhere.
    pub(crate) fn set(layout: &Layout) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let tenant = TenantSetup {
            method_ids: layout.method_ids,
            hurry: if layout.races { HURRY } else { 1 },
            ..setup(0, layout.seed, home.path())
        };
        let tenant = (layout.tenant)(tenant);
        let base = base::Line::set(home, layout.slots, tenant, settings(layout));
        let line = Self {
            port: base.tenant(|tenant| tenant.url().port().expect("a port")),
            seed: layout.seed,
            made: Mutex::default(),
            bench: base.bench.clone(),
            crate_of_keys: Arc::default(),
            clock: Arc::default(),
            slots: layout.slots,
            idle_hands: false,
            base,
        };
        if layout.races {
            line.clock.race();
        }
        line.set_policy(layout.policy);
        line
    }

    /// What the policy `standard` says from now on.
    pub(crate) fn set_policy(&self, text: &str) {
        let policy = self.base.root().join("config/policies/standard.toml");
        std::fs::write(policy, text).expect("a policy");
    }

    /// Has the hands take this key next.
    pub(crate) fn put_into_crate(&self, key: &SimulatedKey) {
        self.crate_of_keys.lock().unwrap().push_back(key.clone());
    }

    /// Puts a key into a slot by hand.
    pub(crate) fn insert(&self, slot: u16, key: &SimulatedKey) {
        self.bench
            .insert(&Bench::place(slot), key)
            .expect("a free place");
    }

    /// Does something with the tenant, which must be up.
    pub(crate) fn tenant<T>(&self, act: impl FnOnce(&Tenant) -> T) -> T {
        self.base.tenant(act)
    }

    /// Takes the tenant down: its port refuses connections.
    pub(crate) fn take_tenant_down(&self) {
        let tenant = self.base.tenant.lock().unwrap().take();
        tenant.expect("a tenant").stop();
    }

    /// Brings the tenant back at the same port, with everything it knew.
    pub(crate) fn bring_tenant_back(&self) {
        let setup = setup(self.port, self.seed, self.base.home.path());
        let tenant = Tenant::start(setup).expect("the port is free");
        *self.base.tenant.lock().unwrap() = Some(tenant);
    }

    /// Drops a job file as an administrator does.
    pub(crate) fn drop_file(&self, name: &str, text: &str) {
        self.base.drop_file(name, text);
    }

    /// Puts the clocks of both sides forward.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.pass(seconds);
        self.tenant(|tenant| tenant.advance(seconds));
    }

    /// Makes fresh keys and puts them into the crate. They are touched as soon as they blink.
    pub(crate) fn add_keys(&self, count: usize) -> Vec<SimulatedKey> {
        let mut made = self.made.lock().unwrap();
        let from = u32::try_from(made.len()).unwrap() + 1;
        let keys: Vec<SimulatedKey> = (from..)
            .take(count)
            .map(|number| self.base.maker.make(number).expect("a key"))
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
        self.start_with(until_empty, |press| press)
    }

    /// The same, with something between the station and its press.
    pub(crate) fn start_with(
        &self,
        until_empty: bool,
        between: impl FnOnce(Arc<dyn Press>) -> Arc<dyn Press>,
    ) -> Running {
        let mut parts = self.assemble();
        parts.ports.press = between(parts.ports.press);
        let options = Options {
            limit: None,
            until_empty,
            confirm_cards: ConfirmCards::Never,
            slots: station::slots(&self.base.config),
            actor: "4711".to_owned(),
            tick: TICK,
            waits: parts.cancel.clone(),
        };
        Running::start(self, parts, options)
    }

    /// The parts of `keyline run`, with a clock that does not keep tests waiting.
    fn assemble(&self) -> Parts {
        let config = &self.base.config;
        let mut parts = station::assemble(config, self.base.keys.clone(), Knows::nothing())
            .expect("the parts of a station");
        let entra = Entra::new(
            config.entra(),
            config.entra.client_secret.clone(),
            self.clock.clone(),
            parts.cancel.clone(),
        );
        let entra = Arc::new(entra.expect("an address"));
        parts.ports = Ports {
            relying_party: entra.clone(),
            directory: entra,
            clock: self.clock.clone(),
            ..parts.ports
        };
        parts
    }

    /// What every line must come to: each job done, each person with one credential more than `before` keeps, and that
    /// credential on the very key that the ledger names.
    pub(crate) fn assert_sound(&self, ledger: &dyn Ledger, kept: usize) {
        self.assert_enrolled(ledger, kept);
        let open = ledger
            .obligations(Timestamp(i64::MAX))
            .expect("obligations");
        assert_eq!(open, Vec::new(), "an obligation was left open");
    }

    /// The same, while something of an earlier attempt may still be looked for.
    pub(crate) fn assert_enrolled(&self, ledger: &dyn Ledger, kept: usize) {
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

/// The tenant's state is kept in `home`, for the time after it was down.
fn setup(port: u16, seed: u64, home: &Path) -> TenantSetup {
    TenantSetup {
        port,
        seed,
        state_file: Some(home.join("tenant.json")),
        passkeys_per_user_max: PASSKEYS_MAX,
        ..TenantSetup::default()
    }
}

fn settings(layout: &Layout) -> Vec<Setting> {
    let already_enrolled = toml::Value::String(layout.already_enrolled.to_owned());
    let timeout = toml::Value::Integer(layout.timeout_seconds);
    let mut settings = vec![
        ("entra", "timeout_seconds", timeout),
        ("queue", "settle_milliseconds", toml::Value::Integer(20)),
        ("queue", "rescan_seconds", toml::Value::Integer(1)),
        ("queue", "already_enrolled", already_enrolled),
    ];
    settings.extend(layout.settings.iter().cloned());
    settings
}
