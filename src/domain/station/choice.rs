//! Which job a key serves, and whether it may (D3). Decided from what was read without changing anything on the key.

use crate::domain::authenticator::{Attachment, Binding, Recognition, Slot};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::policy::{ResetMode, UsedKeys};
use crate::domain::station::Station;
use crate::domain::station::signal::{
    CameBack, Candidate, EnrolledFor, Question, Reading, SlotState,
};

/// A question has its number from where it is put, not from where it is found to be needed.
const NOT_YET: u64 = 0;

impl Station {
    /// Decides what the key that was read in `slot` is for.
    pub(super) fn choose(&mut self, slot: Slot) {
        let Some(reading) = self.record(slot).reading.clone() else {
            return;
        };
        // What waits to be wiped serves nobody before that.
        let settled = ask_for_card(&reading).or_else(|| self.returning(slot, &reading));
        let state = match settled {
            _ if self.lies_elsewhere(slot, &reading) => SlotState::NoJob,
            Some(state) => state,
            None => match self.pick(slot, &reading) {
                // Whoever waits for it to be wiped is told why it is not.
                Ok(None) if reading.came_back == Some(CameBack::Foreign) => SlotState::Refused {
                    fault: Fault::KeyHoldsPasskey,
                },
                Ok(None) => SlotState::NoJob,
                Ok(Some(candidate)) => self.admit(slot, &reading, &candidate),
                Err(fault) => SlotState::Refused { fault },
            },
        };
        let state = self.numbered(slot, state);
        self.record(slot).state = state;
    }

    /// A question that the slot asks already keeps its number; any other one is new, whatever the words: an answer to the last
    /// one is none to it.
    fn numbered(&mut self, slot: Slot, state: SlotState) -> SlotState {
        let SlotState::Asking { job, question, .. } = state else {
            return state;
        };
        let stands = if let SlotState::Asking {
            job: before,
            question: other,
            asked,
        } = &self.record(slot).state
            && *before == job
            && *other == question
        {
            Some(*asked)
        } else {
            None
        };
        let asked = stands.unwrap_or_else(|| {
            self.asked = self.asked.wrapping_add(1);
            self.asked
        });
        SlotState::Asking {
            job,
            question,
            asked,
        }
    }

    /// A key that comes back to the job that wants it, or a stranger in a slot that waits for its own key. A key that is
    /// known by its serial or by our passkey goes to its job even from a slot that waits for another one: keys get swapped.
    fn returning(&self, slot: Slot, reading: &Reading) -> Option<SlotState> {
        let wanted = self.jobs.iter().filter_map(|candidate| {
            let binding = candidate.wants.as_ref()?;
            let recognition = recognise(candidate, binding, reading);
            (!self.is_working_on(candidate.job)).then_some((candidate.job, binding, recognition))
        });
        let known = wanted
            .clone()
            .find(|(_, _, recognition)| *recognition == Recognition::Same);
        let here = wanted.clone().find(|(_, binding, _)| binding.slot == slot);
        match known.or(here) {
            None => None,
            Some((job, _, Recognition::Other)) => Some(SlotState::WantsBack {
                job,
                fault: self.stranger(job, reading),
                key_in: true,
            }),
            // Its last run has not ended yet.
            Some((job, _, _)) if self.aside.contains(&job) => Some(SlotState::NoJob),
            Some((job, _, Recognition::Same | Recognition::Possible)) => {
                Some(SlotState::Working { job })
            }
        }
    }

    /// Why the key is not the one that `job` wants: whose it is, where that is known.
    fn stranger(&self, job: JobId, reading: &Reading) -> Fault {
        let mut jobs = self.jobs.iter();
        jobs.find(|candidate| candidate.job == job)
            .and_then(|candidate| holder_beside(candidate, reading))
            .map_or(Fault::WrongKey, EnrolledFor::objection)
    }

    /// Whether the key with this serial lies in another slot: one key that is seen over two transports must not get two jobs.
    fn lies_elsewhere(&self, slot: Slot, reading: &Reading) -> bool {
        let serial = reading.identity.serial.as_ref();
        serial.is_some()
            && self
                .slots
                .iter()
                .any(|(other, record)| *other != slot && record.serial.as_ref() == serial)
    }

    /// Whether a job waits for a key that tells no serial and may be this one, put into another slot.
    fn may_be_wanted(&self, reading: &Reading) -> bool {
        reading.identity.serial.is_none()
            && self.jobs.iter().any(|candidate| {
                let wants = candidate.wants.as_ref();
                wants.is_some_and(|binding| {
                    recognise(candidate, binding, reading) != Recognition::Other
                }) && !self.is_working_on(candidate.job)
            })
    }

    /// Whether a slot runs this job just now.
    pub fn is_working_on(&self, job: JobId) -> bool {
        self.works_in(job).is_some()
    }

    /// The slot in which the job is at work.
    pub fn works_in(&self, job: JobId) -> Option<Slot> {
        let mut slots = self.slots.iter();
        slots
            .find(|(_, record)| record.state == SlotState::Working { job })
            .map(|(slot, _)| *slot)
    }

    /// Whether the job is at work in a slot, or waits there with its key.
    pub(super) fn has_a_slot(&self, job: JobId) -> bool {
        self.is_working_on(job)
            || self.slots.values().any(|record| {
                matches!(record.state, SlotState::AwaitingService { job: other, .. } if other == job)
            })
    }

    /// The job that this key serves, in row order.
    fn pick(&self, slot: Slot, reading: &Reading) -> Result<Option<Candidate>, Fault> {
        let waiting = |candidate: &&Candidate| candidate.is_waiting();
        let free = |candidate: &&Candidate| {
            waiting(candidate) && self.may_start(candidate.job) && !self.is_taken(slot, candidate)
        };
        let serial = reading.identity.serial.as_ref();
        let names_this = |job: &&Candidate| serial.is_some() && job.serial.as_ref() == serial;
        let mut named = self
            .jobs
            .iter()
            .filter(waiting)
            .filter(names_this)
            .peekable();
        if named.peek().is_some() {
            // A key that a job names goes to nobody else, even when that job has to wait for another one of its person.
            return Ok(named.find(free).cloned());
        }
        // Whether a job is free costs a walk over all jobs, so that is asked last.
        if let Some(job) = self
            .jobs
            .iter()
            .filter(|job| job.serial.is_none())
            .find(free)
        {
            return Ok(Some(job.clone()));
        }
        let named = self.jobs.iter().filter(|job| job.serial.is_some());
        match named.clone().find(free).and_then(|job| job.serial.as_ref()) {
            Some(wanted) => Err(Fault::WrongSerial {
                wanted: wanted.to_string(),
            }),
            None => Ok(None),
        }
    }

    /// Whether the job, or another job of the same person, is in work: one person's jobs run one after another.
    fn is_taken(&self, slot: Slot, candidate: &Candidate) -> bool {
        let in_slots = self
            .slots
            .iter()
            .filter(|(other, _)| **other != slot)
            .filter_map(|(_, record)| match record.state {
                SlotState::Working { job }
                | SlotState::WantsBack { job, .. }
                | SlotState::Asking { job, .. }
                | SlotState::AwaitingOptions { job }
                | SlotState::AwaitingService { job, .. } => Some(job),
                SlotState::Empty
                | SlotState::LiftFirst
                | SlotState::Reading
                | SlotState::Refused { .. }
                | SlotState::Held { .. }
                | SlotState::Done { .. }
                | SlotState::KeyDone { .. }
                | SlotState::Bagging { .. }
                | SlotState::NoJob => None,
            });
        let mut busy = in_slots.chain(
            self.jobs
                .iter()
                .filter(|job| job.is_on_the_bench())
                .map(|job| job.job)
                // A run without a key may have given its key up, but it has not ended yet. One that prints never does.
                .chain(self.aside.iter().copied().filter(|job| !self.prints(*job))),
        );
        busy.any(|job| {
            job == candidate.job
                || self.jobs.iter().any(|other| {
                    other.job == job && other.user.eq_ignore_ascii_case(&candidate.user)
                })
        })
    }

    /// Whether this key may be used for this job (D3), before anything is done to it.
    fn admit(&mut self, slot: Slot, reading: &Reading, candidate: &Candidate) -> SlotState {
        let job = candidate.job;
        if let Some(holder) = holder_beside(candidate, reading) {
            return SlotState::Refused {
                fault: holder.objection(),
            };
        }
        let wipes = candidate.reset != ResetMode::Keep;
        if wipes && reading.passkey.is_some() && !candidate.replace {
            return SlotState::Refused {
                fault: Fault::KeyHoldsPasskey,
            };
        }
        if wipes
            && reading.identity.capabilities.has_pin()
            && self.record(slot).may_wipe != Some(job)
        {
            match candidate.used_keys {
                UsedKeys::Refuse => {
                    return SlotState::Refused {
                        fault: Fault::KeyUsed,
                    };
                }
                UsedKeys::Ask if !candidate.replace => {
                    return SlotState::Asking {
                        job,
                        question: Question::WipeUsedKey,
                        asked: NOT_YET,
                    };
                }
                // It may be the key of a job under way: no policy wipes that one unasked.
                UsedKeys::Ask | UsedKeys::Reset if self.may_be_wanted(reading) => {
                    return SlotState::Asking {
                        job,
                        question: Question::WipeUsedKey,
                        asked: NOT_YET,
                    };
                }
                UsedKeys::Ask | UsedKeys::Reset => {}
            }
        }
        let card = reading.identity.attachment == Attachment::Pcsc;
        if wipes && card && !self.cards.are_taken_for(&candidate.batch) {
            return SlotState::Asking {
                job,
                question: Question::TakeCards {
                    batch: candidate.batch.clone(),
                },
                asked: NOT_YET,
            };
        }
        SlotState::AwaitingOptions { job }
    }
}

/// The question that a card which came back has to wait for.
fn ask_for_card(reading: &Reading) -> Option<SlotState> {
    match reading.came_back.clone()? {
        CameBack::Unconfirmed { job, batch } => Some(SlotState::Asking {
            job,
            question: Question::TakeCards { batch },
            asked: NOT_YET,
        }),
        CameBack::Foreign => None,
    }
}

/// Whether the key that was read is the one that `candidate` wants: by its serial, by the passkey that the job made on it, or
/// at least not another's. Nothing is tried on a key that shows whose it is.
fn recognise(candidate: &Candidate, binding: &Binding, reading: &Reading) -> Recognition {
    let recognition = binding.recognise(&reading.identity);
    // A key may have become somebody's while its job was held.
    if holder_beside(candidate, reading).is_some() {
        return Recognition::Other;
    }
    match (recognition, &reading.passkey, &candidate.made) {
        (Recognition::Possible, Some(shown), Some(made)) if shown == made => Recognition::Same,
        (Recognition::Possible, Some(_), Some(_)) => Recognition::Other,
        (same, _, _) => same,
    }
}

/// The person for whom another job enrolled the key, unless the job is to replace that very enrollment.
fn holder_beside<'a>(candidate: &Candidate, reading: &'a Reading) -> Option<&'a EnrolledFor> {
    let holder = reading.enrolled_for.as_ref()?;
    let own = candidate.replace
        && holder.fate.is_none()
        && holder.user.eq_ignore_ascii_case(&candidate.user);
    (holder.job != candidate.job && !own).then_some(holder)
}
