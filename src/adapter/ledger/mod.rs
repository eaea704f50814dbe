//! The ledger: one SQLite file with the journal, the sealed PINs and who holds which key. It never holds a PIN in clear,
//! never gives a row of the journal up, and returns from a write only when that is on the disk.
//!
//! # Why
//! One writer connection behind a mutex, one more for reading: SQLite has one writer anyway, and the board must not wait for
//! a commit. WAL with `synchronous=FULL`: one fsync per commit, and no committed row is lost in a power cut. All SQL of
//! keyline is in this folder; nothing of SQLite shows in the port.

mod admission;
mod chain;
mod duty;
mod journal;
mod keys;
mod query;
mod recovery;
mod retention;
mod seal;
mod store;
mod trouble;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use rusqlite::{Connection, TransactionBehavior};

use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, JobId};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, DutyOutcome, Entry, Holder, JobRecord, Ledger, Obligation, Stamped,
};

use chain::{CHECKPOINT_EVERY_ROWS, Row};
use journal::{Pen, Vault};
use seal::Label;
use trouble::{Trouble, ledger_fault};

pub use keys::{StationKeys, generate_practice_identity};
pub use query::ERASED_PERSON;
pub use recovery::{Identities, Prompt, RecoveredPin, open_pins};
pub use retention::{ArchivedFile, Days, Erased, Retained};
pub use seal::{PLAINTEXT_BYTES, PinKind, Recipients};
pub use store::{APPLICATION_ID, schema_version};
pub use verify::{Broken, Sound, Verdict};

/// What a station needs to work on its ledger.
pub struct Opening {
    /// The tenant whose users these are, as the configuration names it.
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
    _lock: store::Lock,
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
    /// [`Fault::Ledger`] when the file is missing, damaged, newer than this program, of another tenant, or in use.
    pub fn open(path: &Path, opening: Opening) -> Result<Self, Fault> {
        if !path.exists() {
            return Err(ledger_fault(format!(
                "there is no ledger at {}; keyline init makes one",
                path.display()
            )));
        }
        let lock = store::lock(path)?;
        let writer = store::open_writer(path)?;
        let id = introduce(&writer, path, &opening.tenant)?;
        opening.keys.belong_to(&id)?;
        let reader = store::open_reader(path)?;
        let ledger = Self {
            path: path.to_owned(),
            reader: Mutex::new(reader),
            station: Some(Station {
                writer: Mutex::new(writer),
                vault: Vault {
                    tenant: opening.tenant,
                    recipients: opening.recipients,
                },
                keys: RwLock::new(opening.keys),
                _lock: lock,
            }),
        };
        ledger.try_to_tidy();
        Ok(ledger)
    }

    /// Opens a ledger, or a copy of one, for reading alone: no lock, no keys, nothing is changed. Methods that write are
    /// refused, and so is opening of PINs in flight.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the file is missing, damaged or newer than this program.
    pub fn open_reader(path: &Path) -> Result<Self, Fault> {
        Ok(Self {
            path: path.to_owned(),
            reader: Mutex::new(store::open_reader(path)?),
            station: None,
        })
    }

    /// Moves everything from the `-wal` file into the ledger and empties it, so that nothing that was deleted is left in it.
    /// Returns `false` when a reader still needs it.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn truncate_wal(&self) -> Result<bool, Fault> {
        let station = self.station()?;
        let busy: i64 = lock(&station.writer)
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        Ok(busy == 0)
    }

    /// For the end of a batch, and done by itself then: the last row is signed already; the `-wal` file is emptied, and when
    /// no PIN is in flight the station's key for copies in flight is replaced, so that remains of old copies open to nobody.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn tidy(&self) -> Result<(), Fault> {
        let station = self.station()?;
        self.truncate_wal()?;
        let writer = lock(&station.writer);
        let idle: bool = writer
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM in_flight)", [], |row| {
                row.get(0)
            })
            .map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        if idle {
            let mut keys = station.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.rotate_in_flight()?;
        }
        Ok(())
    }

    fn try_to_tidy(&self) {
        if let Err(fault) = self.tidy() {
            tracing::warn!(%fault, "the ledger could not be tidied up; it is whole, and the next batch tries again");
        }
    }

    /// Walks the audit chain, its signatures and all that it answers for. `trusted`: the public key whose checkpoints count;
    /// a station trusts its own.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the ledger cannot be read at all.
    pub fn verify(&self, trusted: Option<[u8; 32]>) -> Result<Verdict, Fault> {
        let own = self.station.as_ref().map(|station| {
            let keys = station.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.verifying_key().to_bytes()
        });
        self.read(|db| verify::verify(db, trusted.or(own)))
    }

    /// Gives up what the station was told to keep no longer.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn apply_retention(
        &self,
        days: Days,
        actor: &str,
        at: Timestamp,
    ) -> Result<Retained, Fault> {
        let given_up = self.write(actor, at, |pen| retention::apply(pen, days))?;
        if given_up.sealed_pins > 0 || given_up.people > 0 {
            self.rewrite()?;
        }
        Ok(given_up)
    }

    /// Erases a person: name, address, user name, salt, sealed PINs, and what faults said. Their jobs stay, and the audit chain
    /// still verifies.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the person is unknown, has an open job, or has credentials that are still to be deleted.
    pub fn erase_person(&self, user: &str, actor: &str, at: Timestamp) -> Result<Erased, Fault> {
        let erased = self.write(actor, at, |pen| retention::erase_user(pen, user))?;
        self.rewrite()?;
        Ok(erased)
    }

    /// Writes a copy of the ledger to the new file `to` (mode 0600), without the copies of PINs in flight.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when `to` is there already or cannot be written.
    pub fn back_up(&self, to: &Path) -> Result<(), Fault> {
        retention::back_up(&lock(&self.station()?.writer), to)
    }

    /// Writes the whole file anew. `secure_delete` wipes what is deleted, not what moved between pages before that.
    fn rewrite(&self) -> Result<(), Fault> {
        lock(&self.station()?.writer)
            .execute_batch("VACUUM")
            .map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        self.truncate_wal().map(drop)
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

/// Checks that a ledger belongs to this tenant, and writes its identity into a new one. Returns the ledger's id.
fn introduce(db: &Connection, path: &Path, tenant: &str) -> Result<String, Fault> {
    let told = |trouble: Trouble| trouble.into_fault(path);
    match store::meta(db, "tenant").map_err(told)? {
        Some(known) if known == tenant => chain::ledger_id(db).map_err(told),
        // `init` makes the ledger before the administrator has named the tenant.
        Some(known) if known.is_empty() => {
            store::put_meta(db, &[("tenant", tenant)]).map_err(told)?;
            chain::ledger_id(db).map_err(told)
        }
        Some(known) => Err(ledger_fault(format!(
            "{} belongs to the tenant {known}, the configuration names {tenant}: another tenant needs another ledger",
            path.display()
        ))),
        None => {
            let id = uuid::Uuid::new_v4().to_string();
            store::put_meta(db, &[("ledger", &id), ("tenant", tenant)]).map_err(told)?;
            Ok(id)
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

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        self.read(|db| query::jobs_of_user(db, user))
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.read(|db| query::live_methods(db, user))
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
