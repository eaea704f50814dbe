//! Job files in: claimed, checked, admitted in one transaction, and only then moved on. The order survives a cut anywhere,
//! because admission is repeatable by the claim's id.

mod check;

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::Policies;
use crate::app::board::News;
use crate::app::intake::check::{Sorted, sort};
use crate::domain::fault::Fault;
use crate::domain::job::Draft;
use crate::domain::job::row::{BadRow, Rules};
use crate::domain::job::sheet::{JobFile, Unit};
use crate::domain::mailbox::{Claim, ContentHash, MailboxFault, Outcome};
use crate::port::{Admission, Admitted, Clock, Ledger, Mailbox};

/// What to do with a file in which some rows are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadRows {
    /// All or nothing.
    #[default]
    RejectFile,
    /// The good rows are admitted, the bad ones are told of beside the file.
    HoldRows,
}

/// What to do with a row whose person already has a key from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlreadyEnrolled {
    /// The job is admitted and held until the administrator releases it.
    #[default]
    Hold,
    /// The row is left out, and the report says so.
    Skip,
    /// The job is a replacement.
    Replace,
}

/// How job files are taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    pub bad_rows: BadRows,
    pub already_enrolled: AlreadyEnrolled,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Admitted { file: String, jobs: usize },
    Rejected { file: String, reasons: usize },
    Held { file: String, why: String },
}

impl Taken {
    /// A line for the board.
    pub fn news(&self) -> News {
        match self.clone() {
            Self::Admitted { file, jobs } => News::Admitted { file, jobs },
            Self::Rejected { file, reasons } => News::Rejected { file, reasons },
            Self::Held { file, why } => News::FileHeld { file, why },
        }
    }
}

/// The way in.
pub struct Intake {
    mailbox: Arc<dyn Mailbox>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    policies: Arc<Policies>,
    rules: Rules,
    habits: Habits,
    /// Claims of an earlier run, or of a round that failed, have been looked for.
    left_over_seen: Mutex<bool>,
}

impl Intake {
    /// Intake from this mailbox into this ledger. `languages` are those that letters can be written in.
    pub fn new(
        mailbox: Arc<dyn Mailbox>,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        policies: Arc<Policies>,
        languages: Vec<String>,
        habits: Habits,
    ) -> Self {
        let rules = rules(&policies, languages);
        Self {
            mailbox,
            ledger,
            clock,
            policies,
            rules,
            habits,
            left_over_seen: Mutex::default(),
        }
    }

    /// Calls `wake` whenever a look into the folder may be worth it.
    ///
    /// # Errors
    /// When the folder cannot be watched.
    pub fn watch(&self, wake: Box<dyn FnMut() -> bool + Send>) -> Result<(), Fault> {
        self.mailbox.watch(wake).map_err(folder_fault)
    }

    /// Whether a file in the folder is still being written.
    ///
    /// # Errors
    /// When the folder cannot be looked at.
    pub fn is_settling(&self) -> Result<bool, Fault> {
        self.mailbox.is_settling().map_err(folder_fault)
    }

    /// Takes in whatever is complete in the folder now. What was taken is told also when folder or ledger failed on the way;
    /// the other files are tried again at the next call.
    pub fn collect(&self, actor: &str) -> (Vec<Taken>, Option<Fault>) {
        let mut seen = self
            .left_over_seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let claims = match self.claims(*seen) {
            Ok(claims) => claims,
            Err(fault) => return (Vec::new(), Some(fault)),
        };
        let mut taken = Vec::with_capacity(claims.len());
        let mut first = None;
        for claim in &claims {
            match self.take(claim, actor) {
                Ok(one) => taken.push(one),
                Err(fault) => {
                    // It stays claimed. One file that cannot be moved on does not keep the others waiting.
                    let stop = matches!(fault, Fault::Ledger { .. });
                    // By its id, with which its name in `work/` begins: a file may be called what its person is.
                    tracing::warn!(claim = %claim.id, fault = %fault.brief(), "a job file waits");
                    first.get_or_insert(fault);
                    if stop {
                        break;
                    }
                }
            }
        }
        // What a round that failed has claimed counts as left over.
        *seen = first.is_none();
        (taken, first)
    }

    fn claims(&self, left_over_seen: bool) -> Result<Vec<Claim>, Fault> {
        let mut claims = Vec::new();
        if !left_over_seen {
            claims = self.mailbox.left_over().map_err(folder_fault)?;
        }
        claims.extend(self.mailbox.collect().map_err(folder_fault)?);
        Ok(claims)
    }

    fn take(&self, claim: &Claim, actor: &str) -> Result<Taken, Fault> {
        let delivery = self
            .mailbox
            .read(claim, &self.rules)
            .map_err(folder_fault)?;
        let (file, content) = match (delivery.parsed, delivery.content) {
            (Ok(file), Some(content)) => (file, content),
            (Ok(_), None) => return self.reject(claim, Unit::Line, vec![unreadable()]),
            (Err(unusable), _) => return self.reject(claim, unusable.unit, unusable.reasons),
        };
        let unit = file.unit;
        let batch = file.batch.clone();
        let lines = file.drafts.len().saturating_add(file.bad_rows.len());
        let sorted = sort(file, &self.policies, self.habits, self.ledger.as_ref())?;
        let nothing_left = sorted.drafts.is_empty() && sorted.skipped.is_empty();
        if !sorted.bad_rows.is_empty()
            && (self.habits.bad_rows == BadRows::RejectFile || nothing_left)
        {
            return self.reject(claim, unit, sorted.bad_rows);
        }
        // Its report has the same id; batch and file may be called what a person is.
        tracing::info!(claim = %claim.id, lines, "job file read");
        self.admit(
            claim,
            JobFile {
                unit,
                batch,
                drafts: Vec::new(),
                bad_rows: Vec::new(),
            },
            content,
            sorted,
            actor,
        )
    }

    fn admit(
        &self,
        claim: &Claim,
        file: JobFile,
        content: ContentHash,
        sorted: Sorted,
        actor: &str,
    ) -> Result<Taken, Fault> {
        let rows: Vec<(u32, String)> = sorted
            .drafts
            .iter()
            .map(|draft| (draft.line, draft.request.user.clone()))
            .collect();
        let admission = Admission {
            batch: file.batch.clone(),
            claim: claim.id.to_string(),
            content: content.0,
            file_name: claim.name.clone(),
            drafts: sorted.drafts,
            held: sorted.held,
        };
        let jobs = match self.ledger.admit(&admission, actor, self.clock.now())? {
            Admitted::Jobs(jobs) => jobs,
            Admitted::KnownContent { batch, .. } => return self.known(claim, &batch.0),
        };
        let listed: Vec<_> = jobs
            .iter()
            .zip(&rows)
            .map(|(job, (line, user))| json!({ "job": job.0, "line": line, "user": user }))
            .collect();
        let report = json!({
            "batch": file.batch.0,
            "claim": claim.id.0,
            "admitted": jobs.len(),
            "held": admission.held.iter().map(|(at, fault)| json!({
                "line": rows.get(*at).map(|(line, _)| *line), "why": fault.to_string()
            })).collect::<Vec<_>>(),
            "skipped": sorted.skipped.iter().map(|(line, user)| json!({
                "line": line, "user": user, "why": "has a key from this station already"
            })).collect::<Vec<_>>(),
            "jobs": listed,
        });
        let outcome = Outcome::Done {
            report,
            unit: file.unit,
            bad_rows: sorted.bad_rows,
        };
        self.mailbox.finish(claim, &outcome).map_err(folder_fault)?;
        Ok(Taken::Admitted {
            file: claim.name.clone(),
            jobs: jobs.len(),
        })
    }

    fn known(&self, claim: &Claim, batch: &str) -> Result<Taken, Fault> {
        let reason = format!("The very same content was admitted before, as batch `{batch}`.");
        let hint = "If these people really need another key, change the file (a note will do) and drop it again.";
        let outcome = Outcome::Held {
            reason: reason.clone(),
            hint: hint.to_owned(),
        };
        self.mailbox.finish(claim, &outcome).map_err(folder_fault)?;
        Ok(Taken::Held {
            file: claim.name.clone(),
            why: reason,
        })
    }

    fn reject(&self, claim: &Claim, unit: Unit, reasons: Vec<BadRow>) -> Result<Taken, Fault> {
        let count = reasons.len();
        self.mailbox
            .finish(claim, &Outcome::Rejected { unit, reasons })
            .map_err(folder_fault)?;
        Ok(Taken::Rejected {
            file: claim.name.clone(),
            reasons: count,
        })
    }
}

/// What rows are checked against, from the site's policies and the letters' languages.
pub fn rules(policies: &Policies, languages: Vec<String>) -> Rules {
    let known = policies.by_name.contains_key(&policies.default_name);
    Rules {
        policies: policies.by_name.keys().cloned().collect(),
        default_policy: known.then(|| policies.default_name.clone()),
        languages,
    }
}

/// What the policy of one row objects to in it, before there is a file.
///
/// # Errors
/// [`Fault::PolicyMissing`].
pub fn disagreements(draft: &Draft, policies: &Policies) -> Result<Vec<BadRow>, Fault> {
    Ok(check::object(draft, policies.get(&draft.request.policy)?))
}

/// Whose the key is that alone will do for this row, where no slot would take it for the row's person; before there is a file.
///
/// # Errors
/// When the ledger cannot be read.
pub fn taken_key(draft: &Draft, ledger: &dyn Ledger) -> Result<Option<String>, Fault> {
    check::taken_key(draft, ledger)
}

/// What the policies object to in the rows of a file: for `keyline check`, which admits nothing. Each row that would be
/// admitted is handed on to `tried` with its place in the batch, for what else stands in its way.
///
/// # Errors
/// When the ledger cannot be read, or `tried` fails.
pub fn objections(
    file: JobFile,
    policies: &Policies,
    habits: Habits,
    ledger: &dyn Ledger,
    tried: &mut dyn FnMut(u32, Draft) -> Result<Option<BadRow>, Fault>,
) -> Result<Vec<BadRow>, Fault> {
    let sorted = sort(file, policies, habits, ledger)?;
    let mut bad = sorted.bad_rows;
    for (sequence, draft) in (1..).zip(sorted.drafts) {
        bad.extend(tried(sequence, draft)?);
    }
    bad.sort_by_key(|bad| bad.line);
    Ok(bad)
}

fn unreadable() -> BadRow {
    BadRow::whole(
        crate::domain::job::row::Code::Unreadable,
        "The file could not be read whole.",
        "Drop it again.",
    )
}

fn folder_fault(fault: MailboxFault) -> Fault {
    Fault::Folder {
        what: fault.to_string(),
    }
}

#[cfg(test)]
mod tests;
