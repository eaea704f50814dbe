//! The console over a copy of a ledger, on the administrator's own computer: no station, no tenant, no hardware. It reads the copy
//! and writes nothing but the file of openings beside it.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::oversight;
use crate::adapter::accounts::AccountsFile;
use crate::adapter::ledger::SqliteLedger;
use crate::adapter::openings::Openings;
use crate::adapter::system::{SystemClock, SystemEntropy};
use crate::face::console::admin::{Means, Oversight, Walked};
use crate::face::console::bench::{Bench, Facts};
use crate::face::console::pins::{Desk, Noter, Opened, Place, SHOWN_SECONDS};
use crate::face::console::session::{Limits, Sessions};
use crate::face::console::{self, FirstLink, Gate, Server, Settings, Shared};
use crate::face::control::Answer;
use crate::face::prompt::Prompt;
use crate::face::say::console as words;
use crate::face::say::{Complaint, moment};
use crate::port::Clock as _;
use crate::wire::commands::{admin, ledger};
use crate::wire::config::Config;

/// Seconds without a click: whoever opens PINs does so and goes.
const IDLE_SECONDS: i64 = 15 * 60;
/// Seconds of one session.
const LIFE_SECONDS: i64 = 8 * 3600;

/// How a copy is served.
#[derive(Clone, Debug)]
pub struct Wish {
    /// On this computer alone.
    pub listen: SocketAddr,
    /// The language of whoever asks for none that there is.
    pub language: String,
    /// How long a PIN is shown.
    pub shown_seconds: u32,
}

impl Wish {
    /// At this address, and else as the configuration of a station says, where there is one.
    pub fn at(listen: SocketAddr, config: Option<&Config>) -> Self {
        let language = config.map_or("en", |config| config.console.language.as_str());
        Self {
            listen,
            language: language.to_owned(),
            shown_seconds: SHOWN_SECONDS,
        }
    }
}

/// The console over a copy, until it is dropped.
#[must_use = "the console ends when this is dropped"]
pub struct Copy {
    _server: Server,
    /// The accounts of this one evening; gone with it.
    _accounts: TempDir,
    /// Makes the only account; works once.
    pub link: String,
    /// Where openings are written down.
    pub openings: PathBuf,
}

/// Serves the administrator's pages over the ledger at `file`.
///
/// # Errors
/// When it is no ledger, when openings cannot be written down beside it, or when it cannot be served at `listen`.
pub fn serve(file: &Path, wish: &Wish) -> Result<Copy, Complaint> {
    let ledger = SqliteLedger::open_reader(file).map_err(|fault| words::copy_unfit(&fault))?;
    let ledger = Arc::new(ledger);
    let openings =
        Openings::beside(file).map_err(|error| words::openings_unwritable(file, &error))?;
    let unserved = |error| words::not_served(&error);
    let folder = tempfile::tempdir().map_err(unserved)?;
    let listener = TcpListener::bind(wish.listen).map_err(unserved)?;
    let address = listener.local_addr().map_err(unserved)?;
    let place = Place::Copy(noter(openings.clone()));
    let desk = Desk {
        shown_seconds: wish.shown_seconds,
        ..oversight::desk(Arc::clone(&ledger), place)
    };
    let means = means(&ledger, file, desk);
    let accounts = AccountsFile::at(folder.path().join("console.toml"), Arc::new(SystemClock));
    let shared = Arc::new(shared(ledger, address, &wish.language, means, accounts));
    let token = shared.first.make(shared.entropy.as_ref())?;
    let link = format!("http://{address}/first?token={}", token.as_str());
    Ok(Copy {
        _server: console::serve(listener, None, &shared).map_err(unserved)?,
        _accounts: folder,
        link,
        openings: openings.path().to_owned(),
    })
}

fn shared(
    ledger: Arc<SqliteLedger>,
    address: SocketAddr,
    language: &str,
    means: Means,
    accounts: AccountsFile,
) -> Shared {
    let limits = Limits {
        idle_seconds: IDLE_SECONDS,
        life_seconds: LIFE_SECONDS,
    };
    let facts = Facts {
        tenant: String::new(),
        printer: None,
        learned: 0,
        free_bytes: Box::new(|| None),
    };
    let clock = Arc::new(SystemClock);
    Shared {
        settings: Settings {
            address,
            secure: false,
            hosts: Vec::new(),
            language: language.to_owned(),
            sounds: false,
            limits,
            benches: std::collections::BTreeMap::new(),
        },
        board: Arc::default(),
        station: None,
        answer: Arc::new(|_| Err::<Answer, _>(words::copy_alone()).into()),
        ledger,
        accounts: Arc::new(accounts),
        entropy: Arc::new(SystemEntropy),
        sessions: Sessions::new(limits),
        gate: Gate::default(),
        first: FirstLink::default(),
        bench: Bench::new(facts, Arc::new(Prompt::new(false)), clock.now()),
        clock,
        oversight: Arc::new(Oversight::new(means)),
        office: None,
    }
}

fn means(ledger: &Arc<SqliteLedger>, file: &Path, pins: Desk) -> Means {
    let of_walk = file.to_owned();
    Means {
        browse: ledger.clone(),
        set_aside: Arc::new(|| Ok(Vec::new())),
        log: Arc::new(|| Err(words::copy_alone())),
        walk: Arc::new(move |tell| {
            let found = ledger::verify_copy(&of_walk, &mut |done, total| tell(done, total))?;
            Ok(match found {
                Ok(audit) => Walked::Sound(audit),
                Err(damage) => Walked::Broken(damage),
            })
        }),
        examine: Arc::new(|_| Err(words::copy_alone())),
        pins,
    }
}

fn noter(openings: Openings) -> Noter {
    // Whoever is signed in chose their name themselves; the account on this computer says more.
    let account = admin::actor();
    Arc::new(move |opened: &Opened| {
        let line = json!({
            "at": moment::utc(opened.at),
            "who": opened.actor,
            "account": account,
            "job": opened.job.0,
            "envelope": opened.envelope.to_string(),
            "reason": opened.reason,
            "void": opened.void,
        });
        let noted = openings.append(&line.to_string());
        noted.map_err(|error| words::opening_unwritable(openings.path(), &error))
    })
}
