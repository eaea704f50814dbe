//! The administrator's side: opening sealed PINs with a private key that no station has. Needs a copy of the ledger and an
//! identity, nothing of the station; writes nothing anywhere.

use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use age::secrecy::SecretString;
use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;

use super::seal::{self, Label, PinKind};
use super::trouble::{Trouble, file_fault, ledger_fault};
use super::{SqliteLedger, journal, query, store};

/// A PIN that was opened, and what it belongs to.
#[derive(Debug)]
pub struct RecoveredPin {
    /// Zero for PINs out of the job file.
    pub attempt: Attempt,
    pub kind: PinKind,
    pub user: String,
    /// The serial of the key; empty when the key has none, or when no key was bound yet.
    pub serial: String,
    /// When it was sealed.
    pub at: Timestamp,
    pub pin: Pin,
}

/// A sealed PIN as it lies there, and what it has to belong to: whoever opens it compares this with what is inside.
pub struct SealedPin {
    label: Label,
    /// An age file; its plaintext is as [`super::PLAINTEXT_BYTES`] long as that of any other.
    pub sealed: Vec<u8>,
    /// When it was sealed.
    pub at: Timestamp,
}

impl SealedPin {
    pub const fn kind(&self) -> PinKind {
        self.label.kind
    }

    /// Zero for PINs out of the job file.
    pub const fn attempt(&self) -> Attempt {
        self.label.attempt
    }

    /// The tenant of the ledger.
    pub fn tenant(&self) -> &str {
        &self.label.tenant
    }

    pub fn user(&self) -> &str {
        &self.label.user
    }

    /// The serial of the key; empty when the key has none, or when no key was bound yet.
    pub fn serial(&self) -> &str {
        &self.label.serial
    }
}

/// Whoever sits at the administrator's machine, for hardware keys that ask something.
pub trait Prompt: Send + Sync {
    /// Shows a message.
    fn say(&self, message: &str);
    /// Asks a question with one or two answers; `true` for the first. `None` when nobody can be asked.
    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool>;
    /// Asks for a text. `None` when nobody can be asked.
    fn ask(&self, question: &str) -> Option<String>;
    /// Asks for a secret, without echo. `None` when nobody can be asked.
    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>>;
}

/// Private keys out of an identity file.
pub struct Identities(Vec<Box<dyn age::Identity + Send + Sync>>);

impl Identities {
    /// Reads an age identity file: lines `AGE-SECRET-KEY-1…` or `AGE-PLUGIN-…`, comments behind `#`.
    ///
    /// # Errors
    /// [`Fault::Unsealable`] when the file cannot be read, holds no identity, or its plugin is missing. Nothing of the file
    /// is quoted.
    pub fn read(path: &Path, prompt: Arc<dyn Prompt>) -> Result<Self, Fault> {
        let unfit = |why: String| Fault::Unsealable {
            what: format!("{}: {why}", path.display()),
        };
        let file = std::fs::File::open(path).map_err(|error| file_fault("read", path, &error))?;
        let identities = age::IdentityFile::from_buffer(BufReader::new(file))
            .map_err(|error| unfit(error.to_string()))?
            .with_callbacks(Asker(prompt))
            .into_identities()
            .map_err(|error| unfit(error.to_string()))?;
        if identities.is_empty() {
            return Err(unfit("there is no identity in this file".to_owned()));
        }
        Ok(Self(identities))
    }
}

/// How many sealed PINs of a job the ledger keeps. Needs no identity.
///
/// # Errors
/// [`Fault::Ledger`].
pub fn sealed_pins(ledger: &SqliteLedger, job: JobId) -> Result<usize, Fault> {
    ledger.read(|db| {
        let count: i64 = db.query_row(
            "SELECT count(*) FROM sealed_pin WHERE job = ?1",
            [job.0],
            |row| row.get(0),
        )?;
        Ok(usize::try_from(count).unwrap_or(0))
    })
}

/// The sealed PINs of a job as they lie there, the first sealed first. Needs no identity, and opens nothing.
///
/// # Errors
/// [`Fault::Ledger`].
pub fn sealed_rows(ledger: &SqliteLedger, job: JobId) -> Result<Vec<SealedPin>, Fault> {
    ledger.read(|db| rows_of(db, job))
}

/// Opens every sealed PIN of a job, the first sealed first.
///
/// # Errors
/// [`Fault::Unsealable`] when the identities do not fit, when a row was moved or damaged, and when no PIN is kept (any more).
pub fn open_pins(
    ledger: &SqliteLedger,
    job: JobId,
    identities: &Identities,
) -> Result<Vec<RecoveredPin>, Fault> {
    let pins = ledger.read(|db| open_all(db, job, identities))?;
    if pins.is_empty() {
        return Err(Fault::Unsealable {
            what: format!(
                "this ledger keeps no PIN of job {job}: none was set, or its time is over"
            ),
        });
    }
    Ok(pins)
}

fn open_all(
    db: &Connection,
    job: JobId,
    identities: &Identities,
) -> Result<Vec<RecoveredPin>, Trouble> {
    let mut pins = Vec::new();
    for row in rows_of(db, job)? {
        let SealedPin { label, sealed, at } = row;
        let keys = identities.0.iter().map(|identity| {
            let identity: &dyn age::Identity = identity.as_ref();
            identity
        });
        let pin = seal::open(&sealed, &label, keys)?;
        pins.push(RecoveredPin {
            attempt: label.attempt,
            kind: label.kind,
            user: label.user,
            serial: label.serial,
            at,
            pin,
        });
    }
    Ok(pins)
}

/// Nothing of a person who was erased.
fn rows_of(db: &Connection, job: JobId) -> Result<Vec<SealedPin>, Trouble> {
    let Some(user) = journal::user_of(db, job)? else {
        return Ok(Vec::new());
    };
    let tenant = store::meta(db, "tenant")?.unwrap_or_default();
    let mut statement = db.prepare(
        "SELECT attempt, kind, sealed, at FROM sealed_pin WHERE job = ?1 ORDER BY attempt, kind",
    )?;
    let mut rows = statement.query([job.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let attempt = Attempt(row.get(0)?);
        let word: String = row.get(1)?;
        let kind = PinKind::from_word(&word)
            .ok_or_else(|| ledger_fault(format!("`{word}` is no kind of a PIN")))?;
        let label = Label {
            kind,
            job,
            attempt,
            tenant: tenant.clone(),
            user: user.clone(),
            serial: match kind {
                PinKind::Set => query::serial_of_attempt(db, job, attempt)?,
                PinKind::Specified | PinKind::Current => String::new(),
            },
        };
        found.push(SealedPin {
            label,
            sealed: row.get(2)?,
            at: Timestamp(row.get(3)?),
        });
    }
    Ok(found)
}

/// age's way of asking.
#[derive(Clone)]
struct Asker(Arc<dyn Prompt>);

impl age::Callbacks for Asker {
    fn display_message(&self, message: &str) {
        self.0.say(message);
    }

    fn confirm(&self, message: &str, yes_string: &str, no_string: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes_string, no_string)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.ask(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.0
            .ask_secret(description)
            .map(|secret| SecretString::from(secret.as_str().to_owned()))
    }
}
