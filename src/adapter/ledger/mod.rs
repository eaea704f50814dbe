//! The ledger: one SQLite file with the journal, the sealed PINs and who holds which key. It never holds a PIN in clear,
//! never gives a row of the journal up, and returns from a write only when that is on the disk.
//!
//! # Why
//! One writer connection behind a mutex, one more for reading: SQLite has one writer anyway, and the board must not wait for
//! a commit. WAL with `synchronous=FULL`: one fsync per commit, and no committed row is lost in a power cut. All SQL of
//! keyline is in this folder; nothing of SQLite shows in the port.

mod admission;
mod anchor;
mod backup;
mod browse;
mod chain;
mod duty;
mod frames;
mod holder;
mod home;
mod index;
mod journal;
mod keeping;
mod keys;
mod leftover;
mod paper;
mod passkey;
mod query;
mod recovery;
mod retention;
mod seal;
mod stamps;
mod store;
mod trial;
mod trouble;
mod upkeep;
mod verify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, TransactionBehavior};

use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::pin::Pin;
use crate::domain::stock::{Listing, ModelStock};
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, DutyOutcome, Entry, Holder, JobRecord, Keeping, Kept, Ledger, Obligation,
    OpenRemoval, PaperCounts, Passkey, Stamped,
};

use chain::{CHECKPOINT_EVERY_ROWS, Row};
use journal::{Pen, Vault};
use seal::Label;
use stamps::Stamps;
use trouble::{Trouble, ledger_fault, unfit};

pub use anchor::{Anchor, Checkpoint};
pub use backup::{BackedUp, Counts};
pub use keeping::newest_metadata;
pub use keys::{StationKeys, generate_practice_identity};
pub use recovery::{
    Identities, Prompt, RecoveredPin, SealedPin, open_pins, sealed_pins, sealed_rows,
};
pub use retention::{ArchivedFile, Days, Erased, Retained};
pub use seal::{PLAINTEXT_BYTES, PinKind, Recipients};
pub use store::{APPLICATION_ID, schema_version};
pub use verify::{Broken, Progress, Sound, Verdict};

/// What a station needs to work on its ledger.
pub struct Opening {
    /// The tenant whose users these are, as the configuration names it. Empty while a new ledger is made before the tenant is
    /// known: nothing can be sealed in it until it was opened with a name, which then stays.
    pub tenant: String,
    /// To whom PINs are sealed for recovery.
    pub recipients: Recipients,
    pub keys: StationKeys,
}

/// The ledger in one SQLite file.
pub struct SqliteLedger {
    path: PathBuf,
    reader: Mutex<Connection>,
    /// `None`: opened for reading alone.
    station: Option<Station>,
}

/// What only the one process that works on the ledger has.
struct Station {
    writer: Mutex<Connection>,
    vault: Vault,
    keys: RwLock<StationKeys>,
    stamps: Stamps,
    lock: holder::Lock,
}

impl SqliteLedger {
    /// Makes a new ledger at `path` (mode 0600) and opens it.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the file is there already or cannot be made.
    pub fn create(path: &Path, opening: Opening) -> Result<Self, Fault> {
        store::create_file(path)?;
        Self::open(path, opening)
    }

    /// Opens the station's ledger, brings an older schema up to date, and keeps every other keyline out.
    ///
    /// # Errors
    /// [`Fault::LedgerUnfit`] when the file is missing, has a second name, is newer than this program or of another tenant;
    /// [`Fault::Ledger`] when it is damaged;
    /// [`Fault::LedgerHeld`] when it is in use; [`Fault::StationKeys`] when the keys belong to another ledger.
    pub fn open(path: &Path, opening: Opening) -> Result<Self, Fault> {
        if !path.exists() {
            return Err(unfit(format!("{} is not there", path.display())));
        }
        let path = &store::only_place(path)?;
        let lock = holder::lock(path)?;
        let writer = store::open_writer(path)?;
        let (id, tenant) = home::introduce(&writer, path, &opening.tenant)?;
        opening.keys.belong_to(&id)?;
        let reader = store::open_reader(path)?;
        let last = chain::last_stamp(&writer).map_err(|trouble| trouble.into_fault(path))?;
        let ledger = Self {
            path: path.to_owned(),
            reader: Mutex::new(reader),
            station: Some(Station {
                stamps: Stamps::new(last.unwrap_or(Timestamp(i64::MIN))),
                writer: Mutex::new(writer),
                vault: Vault {
                    tenant,
                    recipients: opening.recipients,
                },
                keys: RwLock::new(opening.keys),
                lock,
            }),
        };
        ledger.try_to_tidy();
        Ok(ledger)
    }

    /// Opens a ledger, or a copy of one, for reading alone: no lock, no keys, nothing is changed. Methods that write are
    /// refused, and so is opening of PINs in flight.
    ///
    /// # Errors
    /// [`Fault::LedgerUnfit`] when the file is missing, has a second name or is newer than this program, [`Fault::Ledger`] when it is
    /// damaged.
    pub fn open_reader(path: &Path) -> Result<Self, Fault> {
        let path = store::only_place(path)?;
        Ok(Self {
            reader: Mutex::new(store::open_reader(&path)?),
            path,
            station: None,
        })
    }

    /// The file itself, where `path` is a link to it: its lock, its write-ahead log and the station's socket lie beside it.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when that cannot be told.
    pub fn place(path: &Path) -> Result<PathBuf, Fault> {
        store::place(path)
    }

    /// Whether a process works on the ledger at `path` just now: a running station, or a command that changes something.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when that cannot be told.
    pub fn is_in_use(path: &Path) -> Result<bool, Fault> {
        holder::is_locked(&store::place(path)?)
    }

    /// Says what works on this ledger, for a second keyline that is refused: "a station". Until then it is a command.
    pub fn sign_lock(&self, who: &str) {
        if let Some(station) = &self.station {
            station.lock.sign(who);
        }
    }

    /// Why a station of this tenant with these keys could not open this ledger. Changes nothing.
    pub fn objections(&self, tenant: &str, keys: Option<&StationKeys>) -> Vec<Fault> {
        let known = |name| self.read(|db| store::meta(db, name));
        let check_tenant = || match known("tenant")? {
            Some(known) if !known.eq_ignore_ascii_case(tenant) => {
                Err(home::other_tenant(&self.path, &known, tenant))
            }
            Some(_) | None => Ok(()),
        };
        let check_keys = || match (keys, known("ledger")?) {
            (Some(keys), Some(id)) => keys.check_home(&id).map(drop),
            (None, _) | (_, None) => Ok(()),
        };
        [check_tenant().err(), check_keys().err()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn station(&self) -> Result<&Station, Fault> {
        self.station.as_ref().ok_or_else(|| {
            ledger_fault(format!(
                "{} was opened for reading alone",
                self.path.display()
            ))
        })
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Fault> {
        ask(&lock(&self.reader)).map_err(|trouble| trouble.into_fault(&self.path))
    }

    /// One transaction: everything that `act` does, or nothing. On the disk when it returns.
    fn write<T>(
        &self,
        actor: &str,
        at: Timestamp,
        act: impl FnOnce(&Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Fault> {
        let station = self.station()?;
        let mut writer = lock(&station.writer);
        let keys = station.keys.read().unwrap_or_else(PoisonError::into_inner);
        station.stamps.see(at);
        let transact = || {
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let pen = Pen {
                db: &tx,
                vault: &station.vault,
                keys: &keys,
                actor,
                at,
            };
            let made = act(&pen)?;
            if chain::unsigned_rows(&tx)? >= CHECKPOINT_EVERY_ROWS {
                chain::sign_head(&tx, keys.signing(), at)?;
            }
            tx.commit()?;
            Ok(made)
        };
        transact().map_err(|trouble: Trouble| trouble.into_fault(&self.path))
    }

    fn own_copy(&self, kind: PinKind, job: JobId, attempt: Attempt) -> Result<Option<Pin>, Fault> {
        let station = self.station()?;
        let keys = station.keys.read().unwrap_or_else(PoisonError::into_inner);
        self.read(|db| {
            let serial = match kind {
                PinKind::Set => query::serial_of_attempt(db, job, attempt)?,
                PinKind::Specified | PinKind::Current => String::new(),
            };
            let Some(user) = journal::user_of(db, job)? else {
                return Ok(None);
            };
            let label = Label {
                kind,
                job,
                attempt,
                tenant: station.vault.tenant.clone(),
                user,
                serial,
            };
            journal::open_in_flight(db, &keys, &label)
        })
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        if let Some(station) = &self.station {
            let writer = lock(&station.writer);
            let keys = station.keys.read().unwrap_or_else(PoisonError::into_inner);
            // Nobody is left to be told; the next opening signs what is unsigned now.
            let _unsigned = chain::sign_last(&writer, keys.signing());
        }
    }
}

/// A panic elsewhere has rolled its transaction back; the connection is as good as before.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger for SqliteLedger {
    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault> {
        self.write(actor, at, |pen| admission::admit(pen, admission))
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        self.read(query::open_jobs)
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        self.read(|db| query::job(db, id))
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        self.read(|db| query::find(db, text))
    }

    fn job_of_letter(&self, control: &ControlNumber) -> Result<Option<JobId>, Fault> {
        self.read(|db| paper::job_of_letter(db, control))
    }

    fn void_letters(&self) -> Result<Vec<(JobId, ControlNumber)>, Fault> {
        self.read(paper::void_letters)
    }

    fn job_of_envelope(&self, envelope: Envelope) -> Result<Option<JobId>, Fault> {
        self.read(|db| paper::job_of_envelope(db, envelope))
    }

    fn paper(&self) -> Result<BTreeMap<BatchName, PaperCounts>, Fault> {
        self.read(paper::counts)
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        self.read(|db| query::jobs(db, batch))
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        self.read(|db| journal::read(db, job))
    }

    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        let batch_ended = self.write(actor, at, |pen| journal::append(pen, entry))?;
        if batch_ended {
            // The row is on the disk: what is tidied up now must not make it look as if it were not.
            self.try_to_tidy();
        }
        Ok(())
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        self.own_copy(PinKind::Set, job, attempt)?
            .ok_or_else(|| Fault::Unsealable {
                what: format!(
                    "the station no longer has a copy of the PIN of job {job}, attempt {}",
                    attempt.0
                ),
            })
    }

    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.own_copy(PinKind::Specified, job, Attempt(0))
    }

    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.own_copy(PinKind::Current, job, Attempt(0))
    }

    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault> {
        self.read(|db| query::attestation(db, job, attempt))
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        self.read(|db| query::holders_of_serial(db, serial))
    }

    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault> {
        self.read(|db| query::holder_of_credential(db, credential))
    }

    fn passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, Fault> {
        self.read(|db| passkey::find(db, credential))
    }

    fn passkeys_of_user(&self, user: &str) -> Result<Vec<Passkey>, Fault> {
        self.read(|db| passkey::of_user(db, user))
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        self.read(|db| query::jobs_of_user(db, user))
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.read(|db| query::live_methods(db, user))
    }

    fn live_among(&self, listed: &[MethodId]) -> Result<Vec<MethodId>, Fault> {
        self.read(|db| query::live_among(db, listed))
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        self.read(|db| query::obligations(db, now))
    }

    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        self.write(actor, at, |pen| duty::settle(pen, obligation, outcome))
    }

    fn reopen(&self, credential: &CredentialId, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.write(actor, at, |pen| passkey::reopen(pen, credential))
    }

    fn keep(&self, keeping: &Keeping, actor: &str, at: Timestamp) -> Result<Kept, Fault> {
        self.write(actor, at, |pen| keeping::keep(pen, keeping))
    }

    fn listing(&self, serial: &Serial) -> Result<Listing, Fault> {
        self.read(|db| keeping::listing(db, serial))
    }

    fn stock(&self) -> Result<Vec<ModelStock>, Fault> {
        self.read(keeping::stock)
    }

    fn passkey_of_method(&self, method: &MethodId) -> Result<Option<Passkey>, Fault> {
        self.read(|db| passkey::of_method(db, method))
    }

    fn open_removals(&self) -> Result<Vec<OpenRemoval>, Fault> {
        self.read(keeping::open_removals)
    }

    fn notes(&self, beginning: &str) -> Result<Vec<String>, Fault> {
        self.read(|db| query::notes(db, beginning))
    }

    /// `what` stands in the audit chain for good: it must name no person.
    fn note(&self, what: &str, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.write(actor, at, |pen| {
            chain::add(
                pen.db,
                &Row {
                    job: None,
                    attempt: None,
                    kind: "note",
                    event: &serde_json::json!({ "note": what }).to_string(),
                    person_hash: None,
                    sealed_hash: None,
                    at: at.0,
                    actor,
                },
            )
            .map(drop)
        })
    }
}

#[cfg(test)]
mod tests;
