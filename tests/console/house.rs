//! A console with real accounts and a real ledger, and the browsers that call it. The clock goes where a test sets it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyline::adapter::accounts::AccountsFile;
use keyline::adapter::ledger::SqliteLedger;
use keyline::adapter::system::SystemEntropy;
use keyline::app::Policies;
use keyline::domain::account::{Account, AccountName, Passphrase, Role};
use keyline::domain::time::Timestamp;
use keyline::face::console::bench::{Bench, Facts};
use keyline::face::console::session::{Limits, Sessions};
use keyline::face::console::{self, Answerer, FirstLink, Gate, Patience, Server, Settings, Shared};
use keyline::face::control::{self, Alone};
use keyline::face::prompt::Prompt;
use keyline::face::say::Complaint;
use keyline::port::{CancelFlag, Clock};
use keyline::wire::config::Config;
use keyline::wire::init::{self, init};
use keyline::wire::{self, attend, station};
use reqwest::Method;
use reqwest::blocking::Client;

/// Everybody's passphrase.
pub(crate) const PASSPHRASE: &str = "three words in a row";
/// Minutes and hours as the configuration has them.
pub(crate) const IDLE_SECONDS: i64 = 3600;
pub(crate) const LIFE_SECONDS: i64 = 12 * 3600;

/// A clock that stands until somebody sets it on.
pub(crate) struct Watch(AtomicI64);

impl Watch {
    pub(crate) fn on(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn today(&self) -> jiff::civil::Date {
        self.now().utc_day()
    }

    fn wait(&self, _: Duration, _: &CancelFlag) -> bool {
        true
    }
}

/// One console, which ends with the value.
pub(crate) struct House {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Arc<Watch>,
    pub(crate) base: String,
    pub(crate) accounts_file: PathBuf,
    pub(crate) config: Config,
    _server: Server,
    _home: tempfile::TempDir,
}

impl House {
    /// With nobody in it.
    pub(crate) fn empty() -> Self {
        Self::patient(Patience::default())
    }

    /// With nobody in it, and with as much patience as is said.
    pub(crate) fn patient(patience: Patience) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let made = init(&init::Request {
            folder: home.path().join("station"),
            practice_identity: Some(home.path().join("identity.txt")),
            settings: vec![(
                "entra",
                "tenant",
                toml::Value::String("contoso.com".to_owned()),
            )],
            ..init::Request::default()
        })
        .expect("a station");
        let config = Config::load(&made.config).expect("a configuration");
        let ledger = Arc::new(station::open_ledger(&config).expect("a ledger"));
        let clock = Arc::new(Watch(AtomicI64::new(1_772_443_800_000)));
        let accounts_file = config.path(&config.ledger.keys).join("console.toml");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let limits = Limits {
            idle_seconds: IDLE_SECONDS,
            life_seconds: LIFE_SECONDS,
        };
        let shared = Arc::new(Shared {
            settings: Settings {
                address,
                secure: false,
                hosts: vec!["bench1.contoso.com".to_owned()],
                language: "en".to_owned(),
                sounds: true,
                limits,
                benches: BTreeMap::new(),
            },
            board: Arc::default(),
            station: None,
            answer: alone(ledger.clone(), clock.clone()),
            ledger,
            accounts: Arc::new(AccountsFile::at(accounts_file.clone(), clock.clone())),
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            sessions: Sessions::new(limits),
            gate: Gate::default(),
            first: FirstLink::default(),
            bench: Bench::new(facts(), Arc::new(Prompt::new(false)), clock.now()),
            oversight: Arc::new(wire::console::oversight(&config).expect("what the pages need")),
            office: None,
        });
        Self {
            _server: console::serve_with(listener, None, &shared, patience).expect("a server"),
            base: format!("http://{address}"),
            shared,
            clock,
            accounts_file,
            config,
            _home: home,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.settings.address
    }

    /// With `olga`, an operator, and `adam`, an administrator.
    pub(crate) fn new() -> Self {
        let house = Self::empty();
        house.add("olga", Role::Operator);
        house.add("adam", Role::Administrator);
        house
    }

    pub(crate) fn add(&self, name: &str, role: Role) -> Account {
        let passphrase = Passphrase::chosen(PASSPHRASE).expect("it fits");
        let added = self.shared.accounts.add(&named(name), role, &passphrase);
        added.expect("an account")
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(&self.base)
    }

    /// A browser in which somebody is signed in.
    pub(crate) fn signed_in(&self, name: &str) -> Browser {
        let browser = self.browser();
        let page = browser.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]);
        assert_eq!(page.status, 303, "{}", page.text);
        browser.learn_csrf();
        browser
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        tenant: "contoso.com".to_owned(),
        printer: None,
        learned: 2,
        free_bytes: Box::new(|| None),
    }
}

/// Whoever may write the ledger where no station runs.
fn alone(ledger: Arc<SqliteLedger>, clock: Arc<Watch>) -> Answerer {
    Arc::new(move |asked| {
        let erase = attend::erasing(ledger.clone());
        let alone = Alone {
            ledger: ledger.clone(),
            policies: &|| Ok(Policies::default()),
            press: &|| Err(Complaint::usage("There is no printer here.", "")),
            erase: &|user, actor| erase(user, actor),
            now: clock.now(),
        };
        control::by_ourselves(&alone, asked)
    })
}

pub(crate) fn named(name: &str) -> AccountName {
    name.parse().expect("a name")
}

/// A client that shows where it is sent instead of going there.
fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client")
}

/// A browser: it keeps cookies, and sends what browsers send.
pub(crate) struct Browser {
    client: Client,
    pub(crate) base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    csrf: Mutex<String>,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(rest.split('"').next().unwrap_or_default().to_owned())
    }
}

impl Browser {
    /// One that has been nowhere yet, for the console at this address.
    pub(crate) fn at(base: &str) -> Self {
        Self {
            client: client(),
            base: base.to_owned(),
            cookies: Mutex::default(),
            csrf: Mutex::default(),
        }
    }

    /// As a browser that shows a page.
    pub(crate) fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, &[("accept", "text/html")], "")
    }

    /// As a browser that sends a form of ours.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.lock().expect("csrf").clone();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        if !csrf.is_empty() {
            form.append_pair("csrf", &csrf);
        }
        let headers = [
            ("accept", "text/html"),
            ("origin", self.base.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send(Method::POST, path, &headers, &form.finish())
    }

    /// As anything that can speak HTTP.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Page {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .expect("cookies")
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            self.keep(cookie.to_str().expect("text"));
        }
        let text = response.text().expect("text");
        Page {
            status,
            headers,
            text,
        }
    }

    fn keep(&self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').expect("a cookie");
        let mut cookies = self.cookies.lock().expect("cookies");
        if cookie.contains("Max-Age=0") {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("cookies").get(name).cloned()
    }

    /// A browser with the same cookies, as somebody has who stole them.
    pub(crate) fn twin(&self) -> Self {
        Self {
            client: client(),
            base: self.base.clone(),
            cookies: Mutex::new(self.cookies.lock().expect("cookies").clone()),
            csrf: Mutex::new(self.csrf.lock().expect("csrf").clone()),
        }
    }

    /// Takes the token of the session's forms out of a page that everybody has.
    pub(crate) fn learn_csrf(&self) {
        let page = self.get("/sessions");
        assert_eq!(page.status, 200, "{}", page.text);
        let csrf = page.field("csrf").expect("a form");
        *self.csrf.lock().expect("csrf") = csrf;
    }

    pub(crate) fn forget_csrf(&self) {
        self.csrf.lock().expect("csrf").clear();
    }
}
