//! The auditor's walk over the ledger: every row of the chain, every signature, and everything outside the chain that a row
//! answers for. Changes nothing and needs no secret.

mod effects;
mod keeping;
mod pace;
mod signatures;

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use crate::domain::custody::Fate;
use crate::domain::enrollment::Enrollment;
use crate::domain::job::Request;

use super::chain::{self, Row, genesis, ledger_id, sealed_hash};
use super::index::{serial_of, standing_word};
use super::journal::user_key;
use super::keys::{hex, hmac_sha256};
use super::trouble::Trouble;
use effects::Effects;
use pace::Pace;

/// What the walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Sound(Sound),
    Broken(Broken),
}

/// A ledger in which every row is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    pub rows: i64,
    pub checkpoints: i64,
    /// Rows behind the last checkpoint: chained, not yet signed.
    pub unsigned_rows: i64,
    /// Number and hash of the last row, to be compared with what was printed: a ledger that was cut short is sound as far
    /// as it goes.
    pub head: (i64, String),
    /// The public keys that signed, in hexadecimal digits.
    pub signed_by: Vec<String>,
}

/// Told of rows as they are looked at: how many were, and how many there are.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// The first thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The row of the journal; the last one that is right where the damage lies outside the journal.
    pub row: i64,
    pub why: String,
}

enum Stop {
    Broken(Broken),
    Trouble(Trouble),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

fn broken<T>(row: i64, why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Broken(Broken {
        row,
        why: why.into(),
    }))
}

/// What an `erased` or `retention` row says was removed.
#[derive(Deserialize)]
struct Removed {
    jobs: HashSet<i64>,
}

/// What an `admitted` row says of its job.
#[derive(Deserialize, PartialEq)]
struct Place {
    batch: i64,
    sequence: i64,
    envelope: i64,
    line: i64,
    policy: String,
    role: String,
    replace: bool,
}

struct Walk<'a> {
    db: &'a Connection,
    pace: Pace<'a>,
    erased: HashSet<i64>,
    unsealed: HashSet<i64>,
    effects: Effects,
    admitted: HashSet<i64>,
}

/// Walks the whole ledger. `trusted`: the only keys whose checkpoints count; without one any key is taken, and named.
pub(super) fn verify(
    db: &Connection,
    trusted: &[[u8; 32]],
    progress: Progress<'_>,
) -> Result<Verdict, Trouble> {
    // One read transaction: the station may be writing.
    let tx = db.unchecked_transaction()?;
    match walk(&tx, trusted, progress) {
        Ok(sound) => Ok(Verdict::Sound(sound)),
        Err(Stop::Broken(broken)) => Ok(Verdict::Broken(broken)),
        Err(Stop::Trouble(trouble)) => Err(trouble),
    }
}

fn walk(db: &Connection, trusted: &[[u8; 32]], tell: Progress<'_>) -> Result<Sound, Stop> {
    // Each row of the journal is looked at twice: as a link, and for what it answers for.
    let total: i64 = db.query_row(
        "SELECT 2 * (SELECT count(*) FROM journal) + (SELECT count(*) FROM job)",
        [],
        |row| row.get(0),
    )?;
    let mut pace = Pace {
        done: 0,
        total: u64::try_from(total).unwrap_or(0),
        tell,
    };
    let head = links(db, &mut pace)?;
    let signed_by = signatures::signatures(db, trusted)?;
    let mut walk = Walk {
        db,
        pace,
        erased: removed(db, "erased")?,
        unsealed: removed(db, "retention")?,
        effects: Effects::default(),
        admitted: HashSet::new(),
    };
    walk.unsealed.extend(&walk.erased);
    walk.outside()?;
    walk.strays(head.0)?;
    walk.index()?;
    if let Some(why) = walk.effects.first_wrong(db)? {
        return broken(head.0, why);
    }
    signatures::none_missing(db, head.0)?;
    Ok(Sound {
        rows: head.0,
        checkpoints: db.query_row("SELECT count(*) FROM checkpoint", [], |row| row.get(0))?,
        unsigned_rows: chain::unsigned_rows(db)?,
        head: (head.0, hex(&head.1).to_string()),
        signed_by,
    })
}

/// Every row follows its predecessor and hashes to what it says.
fn links(db: &Connection, pace: &mut Pace<'_>) -> Result<(i64, [u8; 32]), Stop> {
    let mut statement = db.prepare(
        "SELECT seq, job, attempt, kind, event, person_hash, sealed_hash, at, actor, prev_hash, hash
         FROM journal ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let (mut last, mut prev) = (0_i64, genesis(&ledger_id(db)?));
    while let Some(found) = rows.next()? {
        let seq: i64 = found.get(0)?;
        if seq != last.saturating_add(1) {
            return broken(seq, format!("it follows row {last}: rows are missing"));
        }
        let (kind, event, actor): (String, String, String) =
            (found.get(3)?, found.get(4)?, found.get(8)?);
        let Ok(attempt) = found.get(2) else {
            return broken(seq, "its attempt is no number of an attempt");
        };
        let (Ok(person_hash), Ok(sealed_hash)) = (found.get(5), found.get(6)) else {
            return broken(seq, "a hash in it has the wrong length");
        };
        let row = Row {
            job: found.get(1)?,
            attempt,
            kind: &kind,
            event: &event,
            person_hash,
            sealed_hash,
            at: found.get(7)?,
            actor: &actor,
        };
        if found.get::<_, Vec<u8>>(9)? != prev {
            return broken(seq, "it does not follow the row before it");
        }
        let hash = row.hash(seq, &prev);
        if found.get::<_, Vec<u8>>(10)? != hash {
            return broken(seq, "it was changed: its hash is another");
        }
        (last, prev) = (seq, hash);
        pace.step();
    }
    Ok((last, prev))
}

fn removed(db: &Connection, kind: &str) -> Result<HashSet<i64>, Stop> {
    let mut statement = db.prepare("SELECT seq, event FROM journal WHERE kind = ?1")?;
    let mut rows = statement.query([kind])?;
    let mut jobs = HashSet::new();
    while let Some(row) = rows.next()? {
        match serde_json::from_str::<Removed>(&row.get::<_, String>(1)?) {
            Ok(removed) => jobs.extend(removed.jobs),
            Err(_) => return broken(row.get(0)?, "it cannot be read"),
        }
    }
    Ok(jobs)
}

/// Whether the columns that say who has the key agree with the journal.
fn is_in_custody(row: &rusqlite::Row<'_>, state: &Enrollment) -> rusqlite::Result<bool> {
    let custody = state.custody();
    let (handed_over, wiped): (bool, bool) = (row.get(9)?, row.get(11)?);
    let (fate, pending): (Option<String>, u32) = (row.get(10)?, row.get(12)?);
    Ok(custody.handed_over == handed_over
        && custody.retired.map(Fate::word) == fate.as_deref()
        && custody.wiped == wiped
        && custody.pending == pending)
}

/// Whether the row of the person is that of the user whom the request names.
fn fits_person(request: Option<&str>, key: Option<String>) -> bool {
    match (request, key) {
        (Some(request), Some(key)) => serde_json::from_str::<Request>(request)
            .is_ok_and(|request| user_key(&request.user) == key),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

impl Walk<'_> {
    /// What lies outside the chain and has its hash in it.
    fn outside(&mut self) -> Result<(), Stop> {
        let mut statement = self.db.prepare(
            "SELECT journal.seq, journal.job, journal.attempt, journal.kind, journal.event, person_hash, sealed_hash,
                    detail.event, request.request, person.salt, person.user_key, journal.at
             FROM journal
             LEFT JOIN detail ON detail.seq = journal.seq
             LEFT JOIN request ON request.job = journal.job
             LEFT JOIN person ON person.id = request.person
             WHERE journal.kind IN ('admitted', 'event', 'duty', 'note') ORDER BY journal.seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.pace.step();
            let kind: String = row.get(3)?;
            let event: String = row.get(4)?;
            if kind == "note" {
                if let Some(job) = row.get(1)? {
                    let apart: Option<String> = row.get(7)?;
                    self.personal(row.get(0)?, job, row.get(5)?, apart.as_deref(), row.get(9)?)?;
                }
                self.effects.note(&event);
                continue;
            }
            let (seq, job): (i64, i64) = (row.get(0)?, row.get(1)?);
            let admitted = kind == "admitted";
            let apart: Option<String> = row.get(if admitted { 8 } else { 7 })?;
            self.personal(seq, job, row.get(5)?, apart.as_deref(), row.get(9)?)?;
            if admitted && !fits_person(apart.as_deref(), row.get(10)?) {
                return broken(seq, "the person that it answers for goes by another name");
            }
            let attempt: Option<i64> = row.get(2)?;
            self.sealed(seq, job, attempt.unwrap_or(0), row.get(6)?)?;
            match kind.as_str() {
                "admitted" => self.place(seq, job, &event)?,
                "duty" if !self.effects.duty(&event) => {
                    return broken(seq, "no duty is there that it could tell of");
                }
                "duty" => {}
                _ => match serde_json::from_str(&event) {
                    Ok(event) if self.effects.event(job, row.get(11)?, &event) => {}
                    Ok(_) => {
                        return broken(seq, format!("the journal of job {job} makes no sense"));
                    }
                    Err(_) => return broken(seq, "its event cannot be read"),
                },
            }
        }
        Ok(())
    }

    fn personal(
        &self,
        seq: i64,
        job: i64,
        hash: Option<[u8; 32]>,
        apart: Option<&str>,
        salt: Option<[u8; 32]>,
    ) -> Result<(), Stop> {
        match (hash, apart, salt) {
            (None, None, _) => Ok(()),
            (Some(hash), Some(apart), Some(salt))
                if hash == hmac_sha256(&salt, apart.as_bytes()) =>
            {
                Ok(())
            }
            (Some(_), None, None) if self.erased.contains(&job) => Ok(()),
            (Some(_), None, _) => broken(seq, "the personal data that it answers for is gone"),
            (Some(_) | None, Some(_), _) => {
                broken(seq, "the personal data that it answers for was changed")
            }
        }
    }

    fn sealed(&self, seq: i64, job: i64, attempt: i64, hash: Option<[u8; 32]>) -> Result<(), Stop> {
        let Some(hash) = hash else {
            return Ok(());
        };
        let mut statement = self.db.prepare_cached(
            "SELECT kind, sealed FROM sealed_pin WHERE job = ?1 AND attempt = ?2 ORDER BY kind",
        )?;
        let rows = statement
            .query_map(params![job, attempt], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(String, Vec<u8>)>, _>>()?;
        if rows.is_empty() {
            return if self.unsealed.contains(&job) {
                Ok(())
            } else {
                broken(seq, "the sealed PIN that it answers for is gone")
            };
        }
        let found = sealed_hash(
            rows.iter()
                .map(|(kind, sealed)| (kind.as_str(), sealed.as_slice())),
        );
        if found == hash {
            Ok(())
        } else {
            broken(seq, "the sealed PIN that it answers for was changed")
        }
    }

    fn place(&mut self, seq: i64, job: i64, event: &str) -> Result<(), Stop> {
        let Ok(said) = serde_json::from_str::<Place>(event) else {
            return broken(seq, "it cannot be read");
        };
        let there = self
            .db
            .prepare_cached(
                "SELECT batch, sequence, envelope, line, policy, role, replaces FROM job WHERE id = ?1",
            )?
            .query_row([job], |row| {
                Ok(Place {
                    batch: row.get(0)?,
                    sequence: row.get(1)?,
                    envelope: row.get(2)?,
                    line: row.get(3)?,
                    policy: row.get(4)?,
                    role: row.get(5)?,
                    replace: row.get(6)?,
                })
            })
            .optional()?;
        if there != Some(said) {
            return broken(seq, format!("job {job} is no longer what was admitted"));
        }
        self.admitted.insert(job);
        Ok(())
    }

    /// Nothing lies beside the chain that no row answers for.
    fn strays(&self, last: i64) -> Result<(), Stop> {
        let questions = [
            (
                "a sealed PIN",
                "SELECT count(*) FROM sealed_pin WHERE NOT EXISTS (SELECT 1 FROM journal
                 WHERE journal.job = sealed_pin.job AND coalesce(journal.attempt, 0) = sealed_pin.attempt
                   AND journal.sealed_hash IS NOT NULL)",
            ),
            (
                "a detail",
                "SELECT count(*) FROM detail JOIN journal ON journal.seq = detail.seq
                 WHERE journal.person_hash IS NULL OR journal.job IS NOT detail.job",
            ),
        ];
        for (what, question) in questions {
            let strays: i64 = self.db.query_row(question, [], |row| row.get(0))?;
            if strays > 0 {
                return broken(last, format!("{what} is there that no row answers for"));
            }
        }
        Ok(())
    }

    /// The columns that lists are made of say what the journal says.
    fn index(&mut self) -> Result<(), Stop> {
        let mut statement = self.db.prepare(
            "SELECT job.id, job.standing, job.attempt, job.serial, job.control, job.method,
                    coalesce((SELECT max(seq) FROM journal WHERE journal.job = job.id), 0),
                    job.updated IS (SELECT at FROM journal WHERE journal.job = job.id AND kind IN ('admitted', 'event')
                                    ORDER BY seq DESC LIMIT 1),
                    job.has_pin IS EXISTS (SELECT 1 FROM sealed_pin WHERE sealed_pin.job = job.id AND kind = 'specified')
                    AND job.has_current_pin IS EXISTS (SELECT 1 FROM sealed_pin WHERE sealed_pin.job = job.id AND kind = 'current'),
                    job.handed_over, job.retired, job.wiped, job.pending
             FROM job ORDER BY job.id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (job, seq): (i64, i64) = (row.get(0)?, row.get(6)?);
            self.pace.step();
            if !self.admitted.contains(&job) {
                return broken(seq, format!("job {job} was never admitted"));
            }
            let untouched = Enrollment::default();
            let state = self.effects.state(job).unwrap_or(&untouched);
            let (standing, attempt): (String, u32) = (row.get(1)?, row.get(2)?);
            let (serial, control, method): (Option<String>, Option<String>, Option<String>) =
                (row.get(3)?, row.get(4)?, row.get(5)?);
            let in_time: bool = row.get(7)?;
            // What was let go after its time leaves the word that it was there.
            let has_its_pins = row.get(8)? || self.unsealed.contains(&job);
            let same = in_time
                && has_its_pins
                && standing == standing_word(state.standing())
                && attempt == state.attempt().0
                && is_in_custody(row, state)?
                && serial.as_deref() == serial_of(state)
                && control.as_deref() == state.delivered()
                && method.as_deref() == state.method().map(|method| method.0.as_str());
            if !same {
                return broken(seq, format!("the entry of job {job} says something else"));
            }
        }
        Ok(())
    }
}
