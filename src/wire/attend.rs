//! Who attends a running station: the terminal with whoever sits at it, and the socket over which other commands reach it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::adapter::ledger::SqliteLedger;
use crate::adapter::system::SystemClock;
use crate::app::station::Handle;
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::face::console::Answerer;
use crate::face::control::{self, Erase, Told};
use crate::face::report::name;
use crate::face::say::{Complaint, ExitCode, clean, news::count, service};
use crate::face::terminal::{Look, Prompt, Terminal};
use crate::port::{Clock, JobRecord, Ledger, Operator};
use crate::wire::config::Config;
use crate::wire::console::{self, Console};
use crate::wire::station::Parts;

/// No obligation is due later than so far from now.
const OBLIGATION_SECONDS_MAX: i64 = 366 * 86_400;

/// The person at the terminal, and what the terminal can do.
pub struct Attendance {
    look: Look,
    prompt: Arc<Prompt>,
    /// Whether the console's first link is told although nobody may sit at a terminal: in practice.
    tells_link: bool,
}

/// What attends a station while it runs; ends with it.
#[must_use = "the terminal is given back when this is dropped"]
pub struct Attending {
    _terminal: Terminal,
    _console: Option<Console>,
    _socket: control::Server,
}

impl Attendance {
    /// Looks at the terminal.
    pub fn here() -> Self {
        let look = Look::detect();
        Self {
            look,
            prompt: Arc::new(Prompt::new(look.keyboard)),
            tells_link: look.live,
        }
    }

    /// As [`Attendance::here`], for practice: whoever reads what it says may open its console.
    pub fn in_practice() -> Self {
        Self {
            tells_link: true,
            ..Self::here()
        }
    }

    /// The operator, for the station's ports.
    pub fn operator(&self) -> Arc<dyn Operator> {
        self.prompt.clone()
    }

    /// Begins to attend a station that is about to run.
    ///
    /// # Errors
    /// When the socket cannot be made, or the console's certificate cannot be used.
    pub fn begin(
        &self,
        config: &Config,
        parts: &Parts,
        handle: &Handle,
    ) -> Result<Attending, Complaint> {
        let answer: Answerer = Arc::new(control::over_station(
            parts.ledger.clone(),
            handle.clone(),
            parts.ports.press.clone(),
            parts.board.clone(),
            erasing(parts.ledger.clone()),
        ));
        let asked = Arc::clone(&answer);
        let socket = control::serve(&socket_path(config)?, move |ask| asked(ask))?;
        let console = console::serve(config, parts, handle, answer, &self.prompt)?;
        // Before the live view begins, which would draw over it. Never into a log: whoever has the link has the station.
        if let (true, Some(console)) = (self.tells_link, &console) {
            let link = console.first_link.as_deref();
            // Nobody is left to be told when stderr is gone.
            let _ =
                std::io::stderr().write_all(service::console(&console.address, link).as_bytes());
        }
        let terminal = Terminal::start(
            parts.board.clone(),
            handle.clone(),
            self.look,
            self.prompt.clone(),
        );
        Ok(Attending {
            _terminal: terminal,
            _console: console,
            _socket: socket,
        })
    }
}

/// Where a running station of this configuration listens: beside the ledger itself, by whatever link it is named.
///
/// # Errors
/// When that link cannot be followed.
pub fn socket_path(config: &Config) -> Result<PathBuf, Fault> {
    let ledger = SqliteLedger::place(&config.path(&config.ledger.file))?;
    Ok(ledger.with_extension("sock"))
}

/// Erasing a person, for whoever holds the ledger.
pub fn erasing(ledger: Arc<SqliteLedger>) -> Erase {
    Arc::new(move |user, actor| {
        let now = SystemClock.now();
        let records = jobs_to_erase(ledger.as_ref(), user, now)?;
        let batches: BTreeSet<&str> = records
            .iter()
            .map(|record| record.job.batch.0.as_str())
            .collect();
        let erased = ledger.erase_person(user, actor, now)?;
        let facts = json!({
            "erased": true,
            "jobs": erased.jobs.len(),
            "sealed_pins": erased.sealed_pins,
            "batches": batches,
        });
        let message = format!(
            "The person is erased: {} {} nobody any more, {} {} gone. The audit chain still verifies.\nWhat lies outside the ledger stays: archived job files (batch {}) and letters that were not sent may still name them.",
            count(erased.jobs.len(), "job"),
            if erased.jobs.len() == 1 {
                "names"
            } else {
                "name"
            },
            count(erased.sealed_pins, "sealed PIN"),
            if erased.sealed_pins == 1 { "is" } else { "are" },
            batches.into_iter().collect::<Vec<_>>().join(", ")
        );
        Ok(Told { message, facts })
    })
}

/// Everything that keeps a person from being erased, in words; otherwise their jobs.
fn jobs_to_erase(
    ledger: &dyn Ledger,
    user: &str,
    now: Timestamp,
) -> Result<Vec<JobRecord>, Complaint> {
    let of_user = |other: &str| other.eq_ignore_ascii_case(user.trim());
    let mut records = ledger.find(user)?;
    records.retain(|record| of_user(&record.job.request.user));
    if records.is_empty() {
        return Err(Complaint::usage(
            format!("This ledger knows no user `{}`.", clean(user)),
            "Give the user name as the job file had it. `keyline jobs list` shows whom the ledger knows.",
        ));
    }
    let open =
        |record: &&JobRecord| !matches!(record.standing, Standing::Done | Standing::Cancelled);
    if let Some(open) = records.iter().find(open) {
        return Err(Complaint::new(
            ExitCode::Waiting,
            format!(
                "{} is still open, so its person cannot be forgotten yet.",
                name(open)
            ),
            format!(
                "Let it end, or give it up: keyline jobs cancel {}",
                open.job.id
            ),
        ));
    }
    let later = now.plus_seconds(OBLIGATION_SECONDS_MAX);
    let duties = ledger.obligations(later)?;
    let left = duties.iter().filter(|duty| of_user(&duty.user)).count();
    if left > 0 {
        return Err(Complaint::new(
            ExitCode::Waiting,
            format!(
                "{} of `{}` must still be deleted at Entra; without the name that could never be done.",
                count(left, "credential"),
                clean(user)
            ),
            "Run the station until it has done that, then try again.",
        ));
    }
    Ok(records)
}
