//! The checkpoints of the audit chain: each is signed by a station key, and signs the row that is there.

use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::Connection;

use super::super::chain::{CHECKPOINT_EVERY_ROWS, checkpoint_bytes, ledger_id};
use super::super::keys::hex;
use super::{Stop, broken};

/// Every checkpoint is signed and names the row that is there.
pub(super) fn signatures(db: &Connection, trusted: &[[u8; 32]]) -> Result<Vec<String>, Stop> {
    let id = ledger_id(db)?;
    let mut statement = db.prepare(
        "SELECT checkpoint.seq, checkpoint.hash, checkpoint.at, key, signature, journal.hash
         FROM checkpoint LEFT JOIN journal ON journal.seq = checkpoint.seq ORDER BY checkpoint.seq",
    )?;
    let mut rows = statement.query([])?;
    let mut signed_by = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let hash: Vec<u8> = row.get(1)?;
        if row.get::<_, Option<Vec<u8>>>(5)?.as_ref() != Some(&hash) {
            return broken(seq, "the checkpoint on it signs another row");
        }
        let (Ok(key), Ok(signature)) = (row.get::<_, [u8; 32]>(3), row.get::<_, [u8; 64]>(4))
        else {
            return broken(seq, "the checkpoint on it is damaged");
        };
        if !trusted.is_empty() && !trusted.contains(&key) {
            return broken(seq, "the checkpoint on it was signed by another station");
        }
        let message = checkpoint_bytes(&id, seq, &hash, row.get(2)?);
        let right = VerifyingKey::from_bytes(&key)
            .and_then(|key| key.verify_strict(&message, &Signature::from_bytes(&signature)));
        if right.is_err() {
            return broken(seq, "the signature of the checkpoint on it is wrong");
        }
        let key = hex(&key).to_string();
        if !signed_by.contains(&key) {
            signed_by.push(key);
        }
    }
    Ok(signed_by)
}

/// A station signs the last row of every transaction that leaves so many rows unsigned, and the row with which the last job of a
/// batch ended. The columns that tell which that was are compared with the journal before. What leaves the bench afterwards, or comes back, ends no
/// batch, and is signed with whatever comes next.
pub(super) fn none_missing(db: &Connection, last: i64) -> Result<(), Stop> {
    let mut statement = db.prepare(
        "SELECT max(journal.seq) AS ended FROM job LEFT JOIN journal ON journal.job = job.id AND journal.kind = 'event'
              AND journal.event ->> '$.event' NOT IN ('left', 'handed_over', 'retired', 'wiped')
         GROUP BY job.batch
         HAVING sum(job.standing IN ('waiting', 'under_way', 'held')) = 0 AND ended NOT IN (SELECT seq FROM checkpoint)
         ORDER BY ended LIMIT 1",
    )?;
    if let Some(row) = statement.query([])?.next()? {
        return broken(row.get(0)?, "the checkpoint on it is gone");
    }
    let mut statement = db.prepare(
        "SELECT journal.seq, journal.at, checkpoint.seq IS NOT NULL
         FROM journal LEFT JOIN checkpoint ON checkpoint.seq = journal.seq ORDER BY journal.seq",
    )?;
    let mut rows = statement.query([])?;
    let (mut signed, mut before) = (0_i64, None);
    while let Some(row) = rows.next()? {
        let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        // All rows of one transaction have the same time, and only its last one is signed.
        if seq - signed > CHECKPOINT_EVERY_ROWS && before != Some(at) {
            return broken(seq - 1, "the checkpoint on it is gone");
        }
        if row.get(2)? {
            signed = seq;
        }
        before = Some(at);
    }
    if last - signed >= CHECKPOINT_EVERY_ROWS {
        return broken(last, "the checkpoint on it is gone");
    }
    Ok(())
}
