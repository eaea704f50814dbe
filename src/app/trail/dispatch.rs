//! What of a job may leave the house now, and when the rest may. A key and its PIN never travel together.
//!
//! # Why
//! A letter waits until `gap_days` full days of 24 hours have passed since its bag left: by the calendar, a bag of 23:59 and its
//! letter of 00:01 would lie in one mail bag, and whoever dispatches would decide by his zone. A job without a bag leaves no
//! trace of its key's way, so there the days count from the moment at which the key was finished.

use serde::{Deserialize, Serialize};

use crate::app::trail::Case;
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::paper::{Bagging, Confirm, Leaving};
use crate::domain::time::Timestamp;

/// Days are counted in full, whatever a calendar says.
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// One thing of a job, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub job: JobId,
    pub envelope: Envelope,
    pub thing: Thing,
    #[serde(flatten)]
    pub fate: Fate,
}

/// What can leave the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    Bag,
    /// Where keys have no bags, also a letter that is not there yet.
    Letter,
    /// Neither is there yet, or nobody wants them any more.
    Job,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// It goes now.
    Leaves,
    /// It went before.
    Left,
    /// The person has it, and it was not sent.
    HandedOver,
    Stays(Stay),
}

/// Why it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Stay {
    NotDone,
    Cancelled,
    Held,
    NotBagged,
    NotConfirmed,
    /// It was confirmed by its scan, and nobody scanned it into its envelope.
    NotEnveloped,
    /// The letter is void, and without it nobody can use the key.
    Void {
        reason: String,
    },
    /// The letter may go from this moment on.
    TooEarly {
        from: Timestamp,
    },
}

impl Case<'_> {
    /// Everything of the job, line by line; what may leave has left when this returns, unless it is a `rehearsal`.
    pub(super) fn dispatch(&self, rehearsal: bool) -> Result<Vec<Line>, Fault> {
        let fates = match whole(&self.state) {
            Some(stay) => vec![(self.whole_thing(), Fate::Stays(stay))],
            None => self.fates()?,
        };
        let mut state = self.state.clone();
        for (thing, fate) in &fates {
            let what = match thing {
                Thing::Bag => Leaving::BagDispatched,
                Thing::Letter | Thing::Job => Leaving::LetterDispatched,
            };
            if *fate == Fate::Leaves && !rehearsal {
                // Where nobody scans letters, whoever posts one has put it into its envelope.
                let enveloped = Leaving::LetterEnveloped;
                if what == Leaving::LetterDispatched && !state.has_left(enveloped) {
                    state = self.write(state, Happening::Left { what: enveloped })?;
                }
                state = self.write(state, Happening::Left { what })?;
            }
        }
        let line = |(thing, fate)| Line {
            job: self.record.job.id,
            envelope: self.envelope(),
            thing,
            fate,
        };
        Ok(fates.into_iter().map(line).collect())
    }

    /// What a job is called of which nothing can leave: where keys have no bags there is none to speak of.
    fn whole_thing(&self) -> Thing {
        let has_bag = if self.state.attempt().0 > 0 {
            self.state.plan().steps.contains(&Step::Bag)
        } else {
            let policy = self.desk.policies.get(&self.record.job.request.policy);
            policy.is_ok_and(|policy| policy.bagging() != Bagging::None)
        };
        if has_bag { Thing::Job } else { Thing::Letter }
    }

    /// The bag first, because it goes before its letter.
    fn fates(&self) -> Result<Vec<(Thing, Fate)>, Fault> {
        let steps = &self.state.plan().steps;
        let mut fates = Vec::new();
        let custody = self.state.custody();
        // A key without a letter may have been taken back as well.
        let taken_back = custody
            .retired
            .map(|fate| format!("its key is {}", fate.word()));
        let why = self.state.spoiled().map(str::to_owned).or(taken_back);
        let void = why.map(|reason| Stay::Void { reason });
        let gone = |what| {
            if self.state.has_left(what) {
                Some(Fate::Left)
            } else {
                // Whoever gave it out by hand did not send it.
                custody.handed_over.then_some(Fate::HandedOver)
            }
        };
        if steps.contains(&Step::Bag) {
            let fate = match (gone(Leaving::BagDispatched), &void) {
                (Some(gone), _) => gone,
                (None, Some(void)) => Fate::Stays(void.clone()),
                (None, None) => Fate::Leaves,
            };
            fates.push((Thing::Bag, fate));
        }
        if steps.contains(&Step::Deliver) {
            let fate = match (gone(Leaving::LetterDispatched), void) {
                (Some(gone), _) => gone,
                (None, Some(void)) => Fate::Stays(void),
                (None, None) => self.letter()?,
            };
            fates.push((Thing::Letter, fate));
        }
        Ok(fates)
    }

    fn letter(&self) -> Result<Fate, Fault> {
        let by_scan = matches!(self.confirmation()?, Some((_, Confirm::Scan)));
        // First, because a person can do that now.
        if by_scan && !self.state.has_left(Leaving::LetterEnveloped) {
            return Ok(Fate::Stays(Stay::NotEnveloped));
        }
        let policy = self.desk.policies.get(&self.record.job.request.policy)?;
        let since = self.key_left()?.unwrap_or(self.desk.now);
        let from = since.plus_seconds(i64::from(policy.gap_days).saturating_mul(DAY_SECONDS));
        Ok(if self.desk.now >= from {
            Fate::Leaves
        } else {
            Fate::Stays(Stay::TooEarly { from })
        })
    }

    /// When the bag left the house; of a job without one, when its key was finished. `None`: the bag goes just now.
    fn key_left(&self) -> Result<Option<Timestamp>, Fault> {
        let bagged = self.state.plan().steps.contains(&Step::Bag);
        let rows = self.desk.ledger.journal(self.record.job.id)?;
        let bag_left = Happening::Left {
            what: Leaving::BagDispatched,
        };
        let last = rows.iter().rev().find(|row| {
            let happening = &row.event.happening;
            if bagged {
                return *happening == bag_left;
            }
            matches!(happening, Happening::Done { step, .. } if *step != Step::Deliver)
        });
        Ok(last.map(|row| row.at))
    }
}

/// Why nothing of the job can leave at all.
fn whole(state: &Enrollment) -> Option<Stay> {
    if let (Standing::Held, Some(reason)) = (state.standing(), state.spoiled()) {
        return Some(Stay::Void {
            reason: reason.to_owned(),
        });
    }
    match state.standing() {
        Standing::Cancelled => Some(Stay::Cancelled),
        Standing::Held => Some(Stay::Held),
        Standing::Waiting => Some(Stay::NotDone),
        Standing::UnderWay => Some(match state.current() {
            Some(Step::Bag) => Stay::NotBagged,
            Some(Step::Deliver) => Stay::NotConfirmed,
            Some(
                Step::Reset
                | Step::SetPin
                | Step::MakeCredential
                | Step::Register
                | Step::Configure
                | Step::ChangePin,
            )
            | None => Stay::NotDone,
        }),
        Standing::Done => None,
    }
}
