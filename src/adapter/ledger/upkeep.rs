//! What is done to a ledger beyond its port: tidying up after a batch, verifying, retention, erasure, backups. None of it is
//! needed for a job to go on.

use std::path::Path;
use std::sync::PoisonError;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::retention::{Days, Erased, Retained};
use super::trouble::Trouble;
use super::verify::{self, Verdict};
use super::{SqliteLedger, lock, retention};

impl SqliteLedger {
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

    pub(super) fn try_to_tidy(&self) {
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
}
