//! `keyline demo`: the ordinary station, on simulated keys and a practice tenant. Same code as `keyline run`; only what
//! lies behind the ports is practice, and it says so.

use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::adapter::ctap::Key;
use crate::adapter::mds::{Kept, Trust};
use crate::adapter::system::SystemClock;
use crate::app::board::Board;
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::station::signal::SlotState;
use crate::face::say::news::count;
use crate::port::{CancelFlag, Clock as _, Place};
use crate::practice::authenticator::{
    Bench, Habits, Manufacturer, Model, PRACTICE_AAGUID, PRODUCT, PracticeKeys, PracticeOperator,
};
use crate::practice::metadata;
use crate::practice::tenant::{EVERY_PERMISSION, Tenant, TenantSetup};
use crate::wire::config::Config;
use crate::wire::init::{self, init};
use crate::wire::{WireFault, run, station};

use self::printer::{Chosen, policies_without_bags};

mod printer;

const SAMPLE: &str = include_str!("../../queue/samples/onboarding.csv");
/// How many people the sample and the practice tenant have.
pub const PEOPLE: usize = 24;
/// The root of the practice metadata, in the demo's folder.
const METADATA_ROOT: &str = "practice-metadata-root.pem";
/// After so many days the practice metadata is out of date.
const METADATA_DAYS: i64 = 31;
/// A quick person's hands: the demo shall show the line, not make people wait.
const FETCH: Duration = Duration::from_millis(700);
const TOUCH: Duration = Duration::from_millis(600);
const PULL: Duration = Duration::from_millis(500);
/// How often the simulated hands look at the board.
const GLANCE: Duration = Duration::from_millis(50);

/// What the demo is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// 1 to [`PEOPLE`].
    pub keys: usize,
    pub slots: u16,
    pub seed: u64,
    /// Where everything is kept; a fresh folder under the system's temporary one when absent.
    pub keep: Option<PathBuf>,
    /// The printer that prints the letters; without one they become files.
    pub printer: Option<String>,
    /// Serve the console on a free port, and stay until somebody ends the demo.
    pub console: bool,
}

/// Everything that the demo has set up, before it runs.
pub struct Stage {
    pub config: Config,
    pub tenant: Tenant,
    pub folder: PathBuf,
    pub identity: PathBuf,
    bench: Bench,
    keys: Arc<PracticeKeys>,
    maker: Manufacturer,
    printer: Option<Chosen>,
    wish: Wish,
}

impl Stage {
    /// Starts the practice tenant and makes a fresh station for it.
    ///
    /// # Errors
    /// When the folder is in use, the tenant cannot be started, or the printer cannot print.
    pub fn set(wish: Wish) -> Result<Self, WireFault> {
        if !(1..=PEOPLE).contains(&wish.keys) || wish.slots == 0 {
            return Err(WireFault::Usage {
                what: format!(
                    "the demo has {PEOPLE} people, so --keys is 1 to {PEOPLE}, and --slots at least 1"
                ),
                hint: "leave both out for the usual demo".to_owned(),
            });
        }
        let printer = wish.printer.as_deref().map(Chosen::ask).transpose()?;
        let folder = match &wish.keep {
            Some(folder) => folder.clone(),
            None => fresh_folder()?,
        };
        let setup = TenantSetup {
            seed: wish.seed,
            permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
            ..TenantSetup::default()
        };
        let (name, client_id, secret) = (
            setup.tenant.clone(),
            setup.client_id.clone(),
            setup.client_secret.clone(),
        );
        let tenant = Tenant::start(setup)?;
        tenant.add_practice_groups();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| WireFault::files(&folder, &error))?;
        let identity = folder.join("practice-identity.txt");
        let mut settings = settings(&name, &client_id, tenant.url(), wish.slots);
        settings.push(console_setting(wish.console));
        settings.extend(printer.iter().flat_map(Chosen::settings));
        let made = init(&init::Request {
            folder: folder.clone(),
            practice_identity: Some(identity.clone()),
            settings,
            ..init::Request::default()
        })?;
        init::write_new(&folder.join("practice-client-secret"), &secret)?;
        let config = Config::load(&made.config)?;
        if printer.is_some() {
            let policies = config.path(&config.queue.policies);
            for (name, text) in policies_without_bags() {
                init::replace(&policies.join(name), &text)?;
            }
        }
        let bench = Bench::new(wish.slots);
        let assemble = Box::new(
            |transport, attendant| -> Box<dyn crate::port::Authenticator> {
                Box::new(Key::new(transport, attendant))
            },
        );
        let keys = Arc::new(PracticeKeys::new(bench.clone(), assemble));
        let maker = Manufacturer::new(Model::practice())?;
        know_practice_keys(&config, &maker)?;
        Ok(Self {
            config,
            tenant,
            folder,
            identity,
            bench,
            keys,
            maker,
            printer,
            wish,
        })
    }

    /// The station over the practice keys.
    ///
    /// # Errors
    /// As [`station::assemble`].
    pub fn assemble(
        &self,
        operator: Arc<dyn crate::port::Operator>,
    ) -> Result<station::Parts, WireFault> {
        station::assemble(&self.config, self.keys.clone(), operator)
    }

    /// Says what is real and what is not.
    pub fn announce(&self) {
        let (people, get) = match self.wish.keys {
            1 => ("1 person".to_owned(), "gets"),
            keys => (format!("{keys} people"), "get"),
        };
        tell(&format!(
            "This is practice: simulated keys, metadata in which their model stands, and a practice tenant ({}), all on this computer. The station is the ordinary one.\n{} of {} {} a key, at {}.\n",
            self.tenant.url(),
            people,
            self.config.entra.tenant,
            get,
            count(usize::from(self.wish.slots), "slot")
        ));
        tell(&format!(
            "While it runs, other commands may ask this tenant: {} groups find pilot --config {}\n",
            program(),
            self.config.file.display()
        ));
        let Some(printer) = &self.printer else { return };
        for concern in &printer.concerns {
            tell(&format!("warning: {concern}\n"));
        }
        tell(&format!(
            "The letters are printed at {}, with practice PINs, for people who do not exist. Scan each sheet's square code, or type its\ncontrol number; elsewhere: {} mailer confirm NUMBER --config {}\n",
            printer.name,
            program(),
            self.config.file.display()
        ));
    }

    /// Says where everything lies.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn say_where(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let place = |path: &Path| self.config.path(path).display().to_string();
        let (letters, end) = match &self.printer {
            None => (
                place(&self.config.letters.folder),
                format!(
                    "The demo has no printer: its letters are PDF files, and nothing was printed.\nDelete {} when you have seen enough: its letters hold practice PINs in clear.",
                    self.folder.display()
                ),
            ),
            Some(printer) => (
                format!("printed at {}", printer.name),
                format!(
                    "The sheets hold practice PINs, which open nothing: shred them all the same, as you would real ones.\nDelete {} when you have seen enough.",
                    self.folder.display()
                ),
            ),
        };
        let told = format!(
            "\nletters   {letters}\nledger    {}\nlog       {}\nPINs      {} pins show 0001 --config {} --identity {}\n{end}\n",
            place(&self.config.ledger.file),
            place(&self.config.log.folder),
            program(),
            self.config.file.display(),
            self.identity.display()
        );
        out.write_all(told.as_bytes())
    }

    /// The wish that the station runs with.
    pub fn run_wish(&self) -> run::Wish {
        run::Wish {
            limit: None,
            // Whoever opens the console has hardly begun when the last key is done.
            until_empty: !self.wish.console,
            operator: "practice".to_owned(),
        }
    }

    /// Drops the sample into the queue, as an administrator would: written elsewhere, then moved in.
    ///
    /// # Errors
    /// When the queue cannot be written.
    pub fn drop_job_file(&self) -> Result<PathBuf, WireFault> {
        let lines: Vec<&str> = SAMPLE
            .lines()
            .take(self.wish.keys.saturating_add(1))
            .collect();
        let queue = self.config.path(&self.config.queue.folder);
        let (draft, there) = (
            self.folder.join("onboarding.csv"),
            queue.join("new/onboarding.csv"),
        );
        init::write_new(&draft, &(lines.join("\r\n") + "\r\n"))?;
        std::fs::rename(&draft, &there).map_err(|error| WireFault::files(&there, &error))?;
        Ok(there)
    }

    /// Simulated hands that work at the bench as the board tells them.
    ///
    /// # Errors
    /// When the keys cannot be made.
    pub fn hands(&self, board: Arc<Board>) -> Result<Hands, WireFault> {
        let mut supply = Vec::with_capacity(self.wish.keys);
        for number in 1..=u32::try_from(self.wish.keys).unwrap_or(u32::MAX) {
            supply.push(self.maker.make(number)?);
        }
        let habits = Habits {
            fetch: FETCH,
            touch: TOUCH,
            pull: PULL,
            seed: self.wish.seed,
        };
        let operator = PracticeOperator::start(self.bench.clone(), supply, habits)?;
        Hands::start(operator, board)
    }
}

/// Reads the board and tells the simulated operator what a person would read off it.
pub struct Hands {
    stop: CancelFlag,
    thread: Option<JoinHandle<()>>,
}

impl Hands {
    /// Begins to look at the board and to obey it.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(operator: PracticeOperator, board: Arc<Board>) -> Result<Self, WireFault> {
        let stop = CancelFlag::default();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("practice-eyes".to_owned())
            .spawn(move || {
                let mut told = std::collections::BTreeMap::new();
                while !stopped.is_cancelled() {
                    for (slot, view) in board.view().slots {
                        if told.get(&slot) != Some(&view.state) {
                            obey(&operator, slot, &view.state);
                            told.insert(slot, view.state);
                        }
                    }
                    std::thread::sleep(GLANCE);
                }
            })
            .map_err(|error| Fault::Internal {
                what: error.to_string(),
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

fn obey(operator: &PracticeOperator, slot: Slot, state: &SlotState) {
    let place: Place = Bench::place(slot.0);
    match state {
        SlotState::Done { .. }
        | SlotState::KeyDone { .. }
        | SlotState::Refused { .. }
        | SlotState::Held { .. } => {
            operator.pull(&place);
        }
        // The hands may have been quicker than the station, which then asks for the key to be lifted.
        SlotState::WantsBack { key_in: true, .. } | SlotState::LiftFirst => {
            operator.put_back(&place);
        }
        // A job may come for the key at any moment: whoever pulled it then would pull it out of its work.
        SlotState::NoJob
        | SlotState::Empty
        | SlotState::Reading
        | SlotState::Working { .. }
        | SlotState::WantsBack { key_in: false, .. }
        | SlotState::Asking { .. }
        | SlotState::AwaitingOptions { .. }
        | SlotState::AwaitingService { .. }
        // Keys go into no bags here.
        | SlotState::Bagging { .. } => {}
    }
}

/// Where the demo's configuration differs from the shipped one: the tenant, the sender's address, the slots.
fn settings(
    tenant: &str,
    client_id: &str,
    url: &url::Url,
    slots: u16,
) -> Vec<(&'static str, &'static str, toml::Value)> {
    let text = |text: &str| toml::Value::String(text.to_owned());
    let secret = std::iter::once(("file".to_owned(), text("practice-client-secret"))).collect();
    let places = (1..=slots).map(|number| text(&Bench::place(number).0));
    vec![
        ("entra", "tenant", text(tenant)),
        ("entra", "client_id", text(client_id)),
        ("entra", "client_secret", toml::Value::Table(secret)),
        ("entra", "authority", text(url.as_str())),
        ("entra", "graph", text(url.as_str())),
        // A sheet that is left lying somewhere shall not pass for a real one.
        (
            "letters",
            "organisation",
            text("PRACTICE: not a real letter"),
        ),
        (
            "letters",
            "return_line",
            text("PRACTICE · Contoso GmbH · Lindenallee 12 · 10115 Berlin"),
        ),
        ("metadata", "practice_root", text(METADATA_ROOT)),
        ("queue", "settle_milliseconds", toml::Value::Integer(200)),
        ("slots", "places", toml::Value::Array(places.collect())),
    ]
}

/// Where the console listens, if it does: at a free port, so that a demo never stands in a station's way.
fn console_setting(wanted: bool) -> (&'static str, &'static str, toml::Value) {
    let listen = if wanted { "127.0.0.1:0" } else { "" };
    ("console", "listen", toml::Value::String(listen.to_owned()))
}

/// How this program is called, for lines that are copied.
fn program() -> String {
    std::env::current_exe().map_or_else(|_| "keyline".to_owned(), |path| path.display().to_string())
}

/// Imports practice metadata in which the simulated keys stand, as an administrator imports the FIDO Alliance's: their
/// attestation is then held against their maker's root.
fn know_practice_keys(config: &Config, maker: &Manufacturer) -> Result<(), WireFault> {
    let publisher = metadata::Publisher::new()?;
    init::write_new(&config.path(Path::new(METADATA_ROOT)), publisher.root())?;
    let now = SystemClock.now();
    let due = now.plus_seconds(METADATA_DAYS * 86_400).utc_day();
    let model = metadata::entry(PRACTICE_AAGUID, PRODUCT, &[maker.root()], &[]);
    let file = publisher.publish(&metadata::edition(1, due, &[model]))?;
    let trust = Trust::practice(publisher.root())?;
    Kept::at(&config.path(&config.metadata.file)).import(file.as_bytes(), &trust, now)?;
    Ok(())
}

fn tell(text: &str) {
    // Nobody is left to be told when stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A new folder that only this user can enter.
fn fresh_folder() -> Result<PathBuf, WireFault> {
    let name = format!("keyline-demo-{}", uuid::Uuid::new_v4().simple());
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(|error| WireFault::files(Path::new(&folder), &error))?;
    Ok(folder)
}
