//! Looking through a ledger page by page. Reads only, a page at a time: a large ledger costs no more memory than a small one.

use rusqlite::{Connection, params};

use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::time::Timestamp;
use crate::port::JobRecord;
use crate::port::browse::{BatchCount, Browse, From, JobFilter, JobPage, TrailFilter, TrailRow};

use super::SqliteLedger;
use super::index::{standing_of, standing_word};
use super::query::{RECORD, record, whole_number};
use super::trouble::{Trouble, ledger_fault};

/// `?1` batch, `?2` text, `?3` pattern of it, `?4` and `?5` job and envelope that it may be.
const WANTED: &str = "(?1 IS NULL OR batch.name = ?1)
     AND (?2 = '' OR job.id = ?4 OR job.envelope = ?5
          OR job.serial LIKE ?3 ESCAPE '\\'
          OR request.request ->> '$.user' LIKE ?3 ESCAPE '\\'
          OR request.request ->> '$.name' LIKE ?3 ESCAPE '\\'
          OR request.request ->> '$.department' LIKE ?3 ESCAPE '\\'
          OR request.request ->> '$.serial' LIKE ?3 ESCAPE '\\')";

impl Browse for SqliteLedger {
    fn jobs(&self, filter: &JobFilter, skip: u64, limit: u32) -> Result<JobPage, Fault> {
        self.read(|db| {
            Ok(JobPage {
                records: jobs(db, filter, skip, limit)?,
                counts: counts(db, filter)?,
            })
        })
    }

    fn batches(&self) -> Result<Vec<BatchCount>, Fault> {
        self.read(batches)
    }

    fn trail(&self, filter: &TrailFilter, from: From, limit: u32) -> Result<Vec<TrailRow>, Fault> {
        self.read(|db| trail(db, filter, from, limit))
    }
}

/// What a job filter's text may mean.
struct Sought<'a> {
    batch: Option<&'a str>,
    text: &'a str,
    pattern: String,
    job: Option<i64>,
    envelope: Option<i64>,
}

impl<'a> Sought<'a> {
    fn of(filter: &'a JobFilter) -> Self {
        let text = filter.text.trim();
        let upper = text.to_ascii_uppercase();
        let marked = upper
            .strip_prefix("L-")
            .or_else(|| upper.strip_prefix("B-"))
            .and_then(whole_number);
        let bare = whole_number(text);
        Self {
            batch: filter.batch.as_ref().map(|batch| batch.0.as_str()),
            text,
            pattern: part_of(text),
            job: bare,
            envelope: marked.or(bare),
        }
    }
}

/// A pattern for whatever has this text in it.
fn part_of(text: &str) -> String {
    let text = text.trim();
    let mut pattern = String::with_capacity(text.len().saturating_add(2));
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn jobs(
    db: &Connection,
    filter: &JobFilter,
    skip: u64,
    limit: u32,
) -> Result<Vec<JobRecord>, Trouble> {
    let sought = Sought::of(filter);
    let mut statement = db.prepare_cached(&format!(
        "{RECORD} WHERE {WANTED} AND (?6 IS NULL OR job.standing = ?6) ORDER BY job.id LIMIT ?7 OFFSET ?8"
    ))?;
    let mut rows = statement.query(params![
        sought.batch,
        sought.text,
        sought.pattern,
        sought.job,
        sought.envelope,
        filter.standing.map(standing_word),
        limit,
        i64::try_from(skip).unwrap_or(i64::MAX),
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(row)?);
    }
    Ok(found)
}

fn counts(db: &Connection, filter: &JobFilter) -> Result<Vec<(Standing, u64)>, Trouble> {
    let sought = Sought::of(filter);
    let mut statement = db.prepare_cached(&format!(
        "SELECT job.standing, count(*)
         FROM job JOIN batch ON batch.id = job.batch LEFT JOIN request ON request.job = job.id
         WHERE {WANTED} GROUP BY job.standing ORDER BY job.standing"
    ))?;
    let mut rows = statement.query(params![
        sought.batch,
        sought.text,
        sought.pattern,
        sought.job,
        sought.envelope,
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((standing(&row.get::<_, String>(0)?)?, count(row.get(1)?)));
    }
    Ok(found)
}

fn batches(db: &Connection) -> Result<Vec<BatchCount>, Trouble> {
    // Two files of one name are one batch, as in every other list.
    let mut statement = db.prepare_cached(
        "SELECT batch.name, max(batch.admitted) AS newest, job.standing, count(*)
         FROM batch JOIN job ON job.batch = batch.id
         GROUP BY batch.name, job.standing ORDER BY batch.name",
    )?;
    let mut rows = statement.query([])?;
    let mut found: Vec<BatchCount> = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let admitted = Timestamp(row.get(1)?);
        let one = (standing(&row.get::<_, String>(2)?)?, count(row.get(3)?));
        match found.last_mut().filter(|last| last.batch.0 == name) {
            Some(last) => {
                last.admitted = last.admitted.max(admitted);
                last.counts.push(one);
            }
            None => found.push(BatchCount {
                batch: BatchName(name),
                admitted,
                counts: vec![one],
            }),
        }
    }
    found.sort_by_key(|batch| std::cmp::Reverse(batch.admitted));
    Ok(found)
}

fn trail(
    db: &Connection,
    filter: &TrailFilter,
    from: From,
    limit: u32,
) -> Result<Vec<TrailRow>, Trouble> {
    let (place, order) = match from {
        From::Newest => (i64::MAX, "journal.seq < ?1 ORDER BY journal.seq DESC"),
        From::Before(row) => (row, "journal.seq < ?1 ORDER BY journal.seq DESC"),
        From::After(row) => (row, "journal.seq > ?1 ORDER BY journal.seq"),
    };
    let mut statement = db.prepare_cached(&format!(
        "SELECT journal.seq, journal.at, journal.actor, journal.kind, journal.job, job.envelope,
                request.request ->> '$.user', coalesce(detail.event, journal.event)
         FROM journal
         LEFT JOIN detail ON detail.seq = journal.seq
         LEFT JOIN job ON job.id = journal.job
         LEFT JOIN request ON request.job = journal.job
         WHERE (?2 IS NULL OR journal.at >= ?2) AND (?3 IS NULL OR journal.at < ?3)
           AND (?4 = '' OR request.request ->> '$.user' LIKE ?5 ESCAPE '\\' OR request.request ->> '$.name' LIKE ?5 ESCAPE '\\')
           AND (?6 = '' OR job.serial LIKE ?7 ESCAPE '\\'
                OR EXISTS (SELECT 1 FROM attempt WHERE attempt.job = journal.job AND attempt.serial LIKE ?7 ESCAPE '\\'))
           AND (?8 = '' OR journal.actor LIKE ?9 ESCAPE '\\')
           AND {order} LIMIT ?10"
    ))?;
    let mut rows = statement.query(params![
        place,
        filter.from.map(|at| at.0),
        filter.until.map(|at| at.0),
        filter.person.trim(),
        part_of(&filter.person),
        filter.key.trim(),
        part_of(&filter.key),
        filter.actor.trim(),
        part_of(&filter.actor),
        limit,
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(TrailRow {
            sequence: row.get(0)?,
            at: Timestamp(row.get(1)?),
            actor: row.get(2)?,
            kind: row.get(3)?,
            job: row.get::<_, Option<i64>>(4)?.map(JobId),
            envelope: row.get::<_, Option<_>>(5)?.map(Envelope),
            user: row.get(6)?,
            event: row.get(7)?,
        });
    }
    Ok(found)
}

fn standing(word: &str) -> Result<Standing, Trouble> {
    standing_of(word)
        .ok_or_else(|| ledger_fault(format!("`{word}` is no standing of a job")).into())
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
