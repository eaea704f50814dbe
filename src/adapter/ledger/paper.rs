//! Letters and bags by what is scanned, and how many of them stand where. Nothing in here writes.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::port::PaperCounts;

use super::trouble::Trouble;

/// See [`crate::port::Ledger::job_of_letter`].
pub(super) fn job_of_letter(
    db: &Connection,
    control: &ControlNumber,
) -> Result<Option<JobId>, Trouble> {
    Ok(db
        .prepare_cached("SELECT job FROM delivery WHERE control = ?1")?
        .query_row([control.to_string()], |row| row.get(0).map(JobId))
        .optional()?)
}

/// See [`crate::port::Ledger::void_letters`].
pub(super) fn void_letters(db: &Connection) -> Result<Vec<(JobId, ControlNumber)>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT job, control FROM delivery WHERE state = 'void' ORDER BY job, at, control",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0).map(JobId)?, row.get::<_, String>(1)?))
    })?;
    let mut letters = Vec::new();
    for row in rows {
        let (job, text) = row?;
        // What is no number was never sent anywhere.
        letters.extend(ControlNumber::parse(&text).map(|control| (job, control)));
    }
    Ok(letters)
}

/// See [`crate::port::Ledger::job_of_envelope`].
pub(super) fn job_of_envelope(
    db: &Connection,
    envelope: Envelope,
) -> Result<Option<JobId>, Trouble> {
    Ok(db
        .prepare_cached("SELECT id FROM job WHERE envelope = ?1")?
        .query_row([envelope.0], |row| row.get(0).map(JobId))
        .optional()?)
}

/// See [`crate::port::Ledger::paper`].
pub(super) fn counts(db: &Connection) -> Result<BTreeMap<BatchName, PaperCounts>, Trouble> {
    let mut counts: BTreeMap<BatchName, PaperCounts> = BTreeMap::new();
    let mut add = |statement: &str, field: &dyn Fn(&mut PaperCounts, &str, usize)| {
        let mut statement = db.prepare_cached(statement)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let batch = BatchName(row.get(0)?);
            let (word, count): (String, u32) = (row.get(1)?, row.get(2)?);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            field(counts.entry(batch).or_default(), &word, count);
        }
        Ok::<(), Trouble>(())
    };
    add(
        "SELECT batch.name, delivery.state, count(*) FROM delivery
         JOIN job ON job.id = delivery.job JOIN batch ON batch.id = job.batch
         WHERE delivery.state IN ('delivered', 'void') GROUP BY 1, 2",
        &|counts, word, count| match word {
            "delivered" => counts.confirmed = count,
            _ => counts.void = count,
        },
    )?;
    // A letter that was spoiled in its envelope is to be destroyed: it lies there no more.
    // Of a spoiled letter only the reason is withheld from the chain, and not what happened.
    add(
        "SELECT batch.name, coalesce(journal.event ->> '$.what', journal.event ->> '$.event'), count(*) FROM journal
         JOIN job ON job.id = journal.job JOIN batch ON batch.id = job.batch
         WHERE journal.kind = 'event' AND journal.event ->> '$.event' IN ('bagged', 'spoiled', 'left')
         AND (journal.event ->> '$.what' IS NOT 'letter_enveloped'
              OR EXISTS (SELECT 1 FROM delivery WHERE delivery.job = journal.job AND delivery.state = 'delivered'))
         GROUP BY 1, 2",
        &|counts, word, count| match word {
            "bagged" => counts.bagged = count,
            "spoiled" => counts.spoiled = count,
            "letter_enveloped" => counts.enveloped = count,
            "bag_dispatched" => counts.bags_dispatched = count,
            "letter_dispatched" => counts.letters_dispatched = count,
            _ => {}
        },
    )?;
    Ok(counts)
}
