//! Which job a key serves, and whether it may (D3). Decided from what was read without changing anything on the key.

use crate::domain::authenticator::{Attachment, Recognition, Slot};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::policy::{ResetMode, UsedKeys};
use crate::domain::station::Station;
use crate::domain::station::signal::{Candidate, ConfirmCards, Question, Reading, SlotState};

impl Station {
    /// Decides what the key that was read in `slot` is for.
    pub(super) fn choose(&mut self, slot: Slot) {
        let Some(reading) = self.record(slot).reading.clone() else {
            return;
        };
        let state = match self.returning(slot, &reading) {
            Some(state) => state,
            None => match self.pick(slot, &reading) {
                Ok(None) => SlotState::NoJob,
                Ok(Some(candidate)) => self.admit(slot, &reading, &candidate),
                Err(fault) => SlotState::Refused { fault },
            },
        };
        self.record(slot).state = state;
    }

    /// A key that comes back to the job that wants it, or a stranger in a slot that waits for its own key.
    fn returning(&self, slot: Slot, reading: &Reading) -> Option<SlotState> {
        let waiting = self
            .jobs
            .iter()
            .filter(|candidate| !self.is_working_on(candidate.job));
        for candidate in waiting {
            let Some(binding) = &candidate.wants else {
                continue;
            };
            match (binding.recognise(&reading.identity), binding.slot == slot) {
                (Recognition::Same, _) | (Recognition::Possible, true) => {
                    return Some(SlotState::Working { job: candidate.job });
                }
                (Recognition::Other, true) => {
                    return Some(SlotState::WantsBack {
                        job: candidate.job,
                        fault: Fault::WrongKey,
                        key_in: true,
                    });
                }
                (Recognition::Possible | Recognition::Other, false) => {}
            }
        }
        None
    }

    /// Whether a slot runs this job just now.
    pub fn is_working_on(&self, job: JobId) -> bool {
        self.slots
            .values()
            .any(|record| record.state == SlotState::Working { job })
    }

    /// The job that this key serves, in row order.
    fn pick(&self, slot: Slot, reading: &Reading) -> Result<Option<Candidate>, Fault> {
        let free = |candidate: &&Candidate| {
            candidate.wants.is_none() && !candidate.keyless && !self.is_taken(slot, candidate)
        };
        if self.allowance == Some(0) {
            return Ok(None);
        }
        let serial = reading.identity.serial.as_ref();
        let named = self
            .jobs
            .iter()
            .filter(free)
            .find(|job| serial.is_some() && job.serial.as_ref() == serial);
        let next = self
            .jobs
            .iter()
            .filter(free)
            .find(|job| job.serial.is_none());
        if let Some(job) = named.or(next) {
            return Ok(Some(job.clone()));
        }
        match self
            .jobs
            .iter()
            .filter(free)
            .find_map(|job| job.serial.clone())
        {
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
                | SlotState::NoJob => None,
            });
        let mut busy = in_slots.chain(
            self.jobs
                .iter()
                .filter(|job| job.wants.is_some() || job.keyless)
                .map(|job| job.job),
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
        if let Some(holder) = &reading.enrolled_for {
            let own = candidate.replace && holder.user.eq_ignore_ascii_case(&candidate.user);
            if !own {
                let (holder, envelope) = (holder.person.clone(), holder.envelope.clone());
                return SlotState::Refused {
                    fault: Fault::KeyEnrolledFor { holder, envelope },
                };
            }
        }
        let wipes = candidate.reset != ResetMode::Keep;
        if wipes && reading.passkey.is_some() && !candidate.replace {
            return SlotState::Refused {
                fault: Fault::KeyHoldsPasskey,
            };
        }
        if wipes && reading.identity.capabilities.has_pin() && !self.record(slot).may_wipe {
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
                    };
                }
                UsedKeys::Ask | UsedKeys::Reset => {}
            }
        }
        let card = reading.identity.attachment == Attachment::Pcsc;
        if wipes
            && card
            && self.confirm_cards == ConfirmCards::Batch
            && !self.confirmed.contains(&candidate.batch)
        {
            return SlotState::Asking {
                job,
                question: Question::TakeCards {
                    batch: candidate.batch.clone(),
                },
            };
        }
        SlotState::AwaitingOptions { job }
    }
}
