//! What hands did, as it is asked of whoever may write the ledger: a line of the hand scanner, a spoiled letter, a batch that is
//! to leave. A large batch is asked for in parts, so that no answer is too long and no station stands still for it.

use serde::{Deserialize, Serialize};

use crate::app::trail::{Acted, Deed, Line, Refusal, What};
use crate::domain::job::{BatchName, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::scan;
use crate::face::control::Answer;
use crate::face::report::{find_one, no_such_batch};
use crate::face::say::{self, Complaint};
use crate::port::{JobRecord, Ledger};

/// Jobs of one part: its lines, two for each job, are well within one answer.
const JOBS_OF_A_PART: usize = 64;

/// What was done, or shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hands {
    /// A code, as it was scanned or typed.
    Scanned { line: String },
    /// `job` as it was typed.
    Spoiled { job: String, reason: String },
    /// What of these jobs may leave now has left; `rehearsal`: nothing is written.
    Dispatched {
        batch: String,
        rehearsal: bool,
        /// The last job of the part before.
        after: Option<JobId>,
    },
}

/// One part of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub lines: Vec<Line>,
    /// The last job of this part, when there are more.
    pub last: Option<JobId>,
}

/// Does it through `act`, which is the station's loop or the ledger itself. `unasked`: why there is no press to which anything could be
/// told.
pub(super) fn done(
    ledger: &dyn Ledger,
    hands: &Hands,
    unasked: Option<&Complaint>,
    act: &dyn Fn(Deed) -> Result<Acted, Act>,
) -> Result<Answer, Complaint> {
    match hands {
        Hands::Scanned { line } => {
            let code = scan::read(line).ok_or_else(|| say::trail::no_code(scan::slip(line)))?;
            let acted = act(Deed::Scanned(code)).map_err(|why| why.complaint(None))?;
            Ok(told(&acted, unasked))
        }
        Hands::Spoiled { job, reason } => {
            let record = find_one(ledger, job)?;
            let deed = Deed::Spoiled {
                job: record.job.id,
                reason: reason.clone(),
                sheet: sheet_of(ledger, job, record.job.id)?,
            };
            let acted = act(deed).map_err(|why| why.complaint(Some(&record)))?;
            Ok(told(&acted, unasked))
        }
        Hands::Dispatched {
            batch,
            rehearsal,
            after,
        } => part(ledger, batch, *after, *rehearsal, act).map(|part| Answer::Part { part }),
    }
}

/// The number of the job's sheet that `text` is, if it is one: a serial number may look the same.
fn sheet_of(
    ledger: &dyn Ledger,
    text: &str,
    job: JobId,
) -> Result<Option<ControlNumber>, Complaint> {
    let Ok(control) = ControlNumber::parse(text) else {
        return Ok(None);
    };
    let owner = ledger.job_of_letter(&control)?;
    Ok((owner == Some(job)).then_some(control))
}

/// Why it was not done.
pub(super) enum Act {
    Refused(Refusal),
    Complaint(Complaint),
}

impl Act {
    fn complaint(self, record: Option<&JobRecord>) -> Complaint {
        match self {
            Self::Refused(why) => say::trail::refused(&why, record),
            Self::Complaint(complaint) => complaint,
        }
    }
}

pub(super) fn told(acted: &Acted, unasked: Option<&Complaint>) -> Answer {
    Answer::Acted {
        message: say::trail::done(acted),
        result: say::trail::word(&acted.what).to_owned(),
        item: say::trail::item(&acted.what),
        note: say::trail::note(acted, unasked),
    }
}

fn part(
    ledger: &dyn Ledger,
    batch: &str,
    after: Option<JobId>,
    rehearsal: bool,
    act: &dyn Fn(Deed) -> Result<Acted, Act>,
) -> Result<Part, Complaint> {
    let name = BatchName(batch.to_owned());
    let records = ledger.jobs(Some(&name))?;
    if records.is_empty() {
        return Err(no_such_batch(ledger, batch)?);
    }
    let mut left = records
        .into_iter()
        .filter(|record| after.is_none_or(|after| record.job.id > after));
    let mut part = Part::default();
    for record in left.by_ref().take(JOBS_OF_A_PART) {
        let deed = Deed::Dispatched {
            job: record.job.id,
            rehearsal,
        };
        let acted = match act(deed) {
            Ok(acted) => acted,
            Err(why) if part.lines.is_empty() => return Err(why.complaint(Some(&record))),
            // What has left is told first; asked for the next part, this job comes first and says it.
            Err(_) => return Ok(part),
        };
        if let What::Dispatched(lines) = acted.what {
            part.lines.extend(lines);
        }
        part.last = Some(record.job.id);
    }
    if left.next().is_none() {
        part.last = None;
    }
    Ok(part)
}
