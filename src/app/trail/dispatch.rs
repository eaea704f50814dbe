//! What of a job may leave the house today, and when the rest may. A key and its PIN never travel on the same day.
//!
//! # Why
//! A letter waits until `gap_days` have passed since the day on which its bag left, by the calendar of the station's zone: people
//! read days, not hours. A job without a bag leaves no trace of its key's way, so there the days count from the one on which
//! the key was finished.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::app::trail::Case;
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::paper::{Confirm, Leaving};
use crate::domain::time::Timestamp;

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
    /// The letter may go on this day (`2026-03-04`).
    TooEarly {
        day: String,
    },
}

impl Case<'_> {
    /// Everything of the job, line by line; what may leave has left when this returns, unless it is a `rehearsal`.
    pub(super) fn dispatch(&self, zone: &TimeZone, rehearsal: bool) -> Result<Vec<Line>, Fault> {
        let fates = match whole(&self.state) {
            Some(stay) => vec![(Thing::Job, Fate::Stays(stay))],
            None => self.fates(zone)?,
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

    /// The bag first, because it goes before its letter.
    fn fates(&self, zone: &TimeZone) -> Result<Vec<(Thing, Fate)>, Fault> {
        let steps = &self.state.plan().steps;
        let mut fates = Vec::new();
        let void = self.state.spoiled().map(|reason| Stay::Void {
            reason: reason.to_owned(),
        });
        if steps.contains(&Step::Bag) {
            let fate = match &void {
                _ if self.state.has_left(Leaving::BagDispatched) => Fate::Left,
                Some(void) => Fate::Stays(void.clone()),
                None => Fate::Leaves,
            };
            fates.push((Thing::Bag, fate));
        }
        if steps.contains(&Step::Deliver) {
            let fate = match void {
                _ if self.state.has_left(Leaving::LetterDispatched) => Fate::Left,
                Some(void) => Fate::Stays(void),
                None => self.letter(zone)?,
            };
            fates.push((Thing::Letter, fate));
        }
        Ok(fates)
    }

    fn letter(&self, zone: &TimeZone) -> Result<Fate, Fault> {
        let by_scan = matches!(self.confirmation()?, Some((_, Confirm::Scan)));
        // First, because a person can do that now.
        if by_scan && !self.state.has_left(Leaving::LetterEnveloped) {
            return Ok(Fate::Stays(Stay::NotEnveloped));
        }
        let policy = self.desk.policies.get(&self.record.job.request.policy)?;
        let today = day(self.desk.now, zone)?;
        let since = match self.key_left()? {
            Some(at) => day(at, zone)?,
            None => today,
        };
        let due = since
            .checked_add(jiff::Span::new().days(i64::from(policy.gap_days)))
            .map_err(|error| out_of_range(&error))?;
        Ok(if today >= due {
            Fate::Leaves
        } else {
            Fate::Stays(Stay::TooEarly {
                day: due.to_string(),
            })
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

fn day(at: Timestamp, zone: &TimeZone) -> Result<Date, Fault> {
    let moment = jiff::Timestamp::from_millisecond(at.0).map_err(|error| out_of_range(&error))?;
    Ok(moment.to_zoned(zone.clone()).date())
}

fn out_of_range(error: &jiff::Error) -> Fault {
    Fault::Internal {
        what: format!("a day that no calendar has: {error}"),
    }
}
