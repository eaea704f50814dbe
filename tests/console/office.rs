//! A console over a station with a practice tenant behind it, for the administrator's pages: everything is real but the hardware,
//! and the station's loop does not run, so what was put into the queue stays to be looked at.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;

use keyline::adapter::accounts::AccountsFile;
use keyline::adapter::system::{SystemClock, SystemEntropy};
use keyline::domain::account::{Passphrase, Role};
use keyline::face::console::bench::Bench;
use keyline::face::console::session::{Limits, Sessions};
use keyline::face::console::{self, FirstLink, Gate, Server, Settings, Shared};
use keyline::face::control::{Answer, Ask};
use keyline::face::prompt::Prompt;
use keyline::face::say::Complaint;
use keyline::port::{Clock as _, Ledger as _};
use keyline::practice::tenant::{Existing, TenantSetup};
use keyline::wire::console::oversight;
use keyline::wire::office::office;
use keyline::wire::station::{self, Parts};

use super::house::{Browser, IDLE_SECONDS, LIFE_SECONDS, PASSPHRASE, facts, named};
use super::line::{Knows, Line, Setting};

/// What the pages need to be allowed at Entra.
const PERMISSIONS: [&str; 3] = [
    "UserAuthMethod-Passkey.ReadWrite.All",
    "User.Read.All",
    "GroupMember.Read.All",
];

pub(crate) struct Desk {
    pub(crate) line: Line,
    pub(crate) parts: Parts,
    pub(crate) base: String,
    _server: Server,
}

impl Desk {
    /// With so many people beyond those of the sample.
    pub(crate) fn new(crowd: u32) -> Self {
        Self::set(crowd, Vec::new())
    }

    pub(crate) fn set(crowd: u32, settings: Vec<Setting>) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let setup = TenantSetup {
            crowd,
            permissions: PERMISSIONS.map(str::to_owned).to_vec(),
            ..TenantSetup::default()
        };
        let line = Line::set(home, 1, setup, settings);
        let operator = Knows::nothing();
        let parts = station::assemble(&line.config, line.keys.clone(), operator);
        let parts = parts.expect("a station");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let limits = Limits {
            idle_seconds: IDLE_SECONDS,
            life_seconds: LIFE_SECONDS,
        };
        let (clock, ledger) = (Arc::new(SystemClock), parts.ledger.clone());
        let accounts = line
            .config
            .path(&line.config.ledger.keys)
            .join("console.toml");
        let shared = Arc::new(Shared {
            settings: Settings {
                address,
                secure: false,
                hosts: Vec::new(),
                language: "en".to_owned(),
                sounds: true,
                limits,
                benches: BTreeMap::new(),
            },
            board: parts.board.clone(),
            station: None,
            answer: Arc::new(move |asked| match asked {
                Ask::Keep { keeping, actor } => {
                    match ledger.keep(keeping, actor, SystemClock.now()) {
                        Ok(kept) => Answer::Kept { kept },
                        Err(fault) => Err::<Answer, _>(Complaint::from(fault)).into(),
                    }
                }
                _ => Answer::Done {
                    message: String::new(),
                    facts: serde_json::Value::Null,
                },
            }),
            ledger: parts.ports.ledger.clone(),
            accounts: Arc::new(AccountsFile::at(accounts, clock.clone())),
            clock,
            entropy: Arc::new(SystemEntropy),
            sessions: Sessions::new(limits),
            gate: Gate::default(),
            first: FirstLink::default(),
            bench: Bench::new(facts(), Arc::new(Prompt::new(false)), SystemClock.now()),
            oversight: Arc::new(oversight(&line.config).expect("what the pages need")),
            office: Some(Arc::new(office(&line.config, &parts).expect("an office"))),
        });
        let passphrase = Passphrase::chosen(PASSPHRASE).expect("it fits");
        let add = |name: &str, role| {
            let added = shared.accounts.add(&named(name), role, &passphrase);
            added.expect("an account");
        };
        add("adam", Role::Administrator);
        add("olga", Role::Operator);
        Self {
            _server: console::serve(listener, None, &shared).expect("a server"),
            base: format!("http://{address}"),
            line,
            parts,
        }
    }

    pub(crate) fn signed_in(&self, name: &str) -> Browser {
        let browser = Browser::at(&self.base);
        let page = browser.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]);
        assert_eq!(page.status, 303, "{}", page.text);
        browser.learn_csrf();
        browser
    }

    /// Gives somebody a passkey that was there before us.
    pub(crate) fn give(&self, user: &str, name: &str) -> String {
        let existing = Existing {
            display_name: name.to_owned(),
            aaguid: keyline::domain::authenticator::Aaguid([7; 16]),
            credential_id: None,
            id_bytes: None,
            method: None,
            created: None,
            synced: false,
        };
        let made = self
            .line
            .tenant(|tenant| tenant.add_existing(user, existing));
        made.expect("a passkey").method.0
    }

    /// The names of the passkeys that somebody has at Entra.
    pub(crate) fn keys(&self, user: &str) -> Vec<String> {
        let listed = self.line.tenant(|tenant| tenant.credentials(user));
        let listed = listed.expect("a list");
        listed.into_iter().map(|one| one.display_name).collect()
    }

    /// The files that lie in `new/`, by name, and their text.
    pub(crate) fn queue(&self) -> Vec<(String, String)> {
        let queue = self.line.config.path(&self.line.config.queue.folder);
        let entries = std::fs::read_dir(queue.join("new")).expect("the queue");
        let mut files: Vec<(String, String)> = entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                let text = std::fs::read_to_string(entry.path()).expect("a text");
                (entry.file_name().to_string_lossy().into_owned(), text)
            })
            .collect();
        files.sort();
        files
    }
}
