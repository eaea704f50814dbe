//! Looking through a ledger page by page, as large as it may be: jobs by what is asked of them, the journal by time, person and
//! key. Never changes anything.

use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::time::Timestamp;
use crate::port::JobRecord;

/// Which jobs are wanted. What is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    pub standing: Option<Standing>,
    pub batch: Option<BatchName>,
    /// A number or envelope as a whole; of a user name, name, department or serial a part, whatever the case of its ASCII
    /// letters.
    pub text: String,
}

/// Some of the jobs that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobPage {
    /// In the order of their ids.
    pub records: Vec<JobRecord>,
    /// How many there are per standing, whichever standing is wanted; standings without any are left out.
    pub counts: Vec<(Standing, u64)>,
}

/// A batch and where its jobs stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchCount {
    pub batch: BatchName,
    pub admitted: Timestamp,
    /// Standings without any are left out.
    pub counts: Vec<(Standing, u64)>,
}

/// Which rows of the journal are wanted. What is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFilter {
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// A part of the user name or name of the person that a job is for.
    pub person: String,
    /// A part of the serial of a key that a job had.
    pub key: String,
    /// A part of the name of whoever did it.
    pub actor: String,
}

/// From where on, by the numbers of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The newest one first.
    Newest,
    /// The next older one first.
    Before(i64),
    /// The next newer one first.
    After(i64),
}

/// A row of the journal, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailRow {
    pub sequence: i64,
    pub at: Timestamp,
    pub actor: String,
    /// `admitted`, `event`, `duty`, `note`, `erased` or `retention`.
    pub kind: String,
    pub job: Option<JobId>,
    pub envelope: Option<Envelope>,
    /// Of the job's person, unless they were erased.
    pub user: Option<String>,
    /// What happened, as JSON, with the free text as far as it was not erased.
    pub event: String,
}

/// A ledger to look through.
pub trait Browse: Send + Sync {
    /// At most `limit` of the wanted jobs, those behind the first `skip`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn jobs(&self, filter: &JobFilter, skip: u64, limit: u32) -> Result<JobPage, Fault>;
    /// All batches, the newest one first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn batches(&self) -> Result<Vec<BatchCount>, Fault>;
    /// At most `limit` of the wanted rows.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn trail(&self, filter: &TrailFilter, from: From, limit: u32) -> Result<Vec<TrailRow>, Fault>;
}
