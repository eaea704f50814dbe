//! After every signal: what can start starts, what has to be fetched ahead is asked for, and each slot stands where its key and
//! its job put it. Decides nothing about which key may be used (see `choice`).

use std::collections::BTreeMap;

use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{Order, SlotState};

/// How many jobs ahead of the first waiting one get their options fetched, per slot.
const PREPARED_PER_SLOT: usize = 2;
/// At least so many, before any slot is known.
pub(super) const PREPARED_MIN: usize = 4;

impl Station {
    /// Starts what can start, and asks for options ahead of time.
    pub(super) fn advance(&mut self, orders: &mut Vec<Order>) {
        self.claim_slots();
        let waiting: Vec<Slot> = self
            .slots
            .iter()
            .filter(|(_, record)| {
                // A job that was held or cancelled meanwhile leaves its key to the next one.
                matches!(record.state, SlotState::NoJob | SlotState::Asking { .. })
                    || matches!(record.state, SlotState::AwaitingOptions { job } if !self.is_waiting(job))
            })
            .map(|(slot, _)| *slot)
            .collect();
        for slot in waiting {
            self.choose(slot);
        }
        for (slot, job, begins) in self.ready() {
            if begins && !self.may_start(job) {
                // Several keys may wait for their options; the limit lets only some of them through.
                self.record(slot).state = SlotState::NoJob;
                continue;
            }
            if begins && self.started.insert(job) {
                self.allowance = self.allowance.map(|left| left.saturating_sub(1));
            }
            let record = self.record(slot);
            record.state = SlotState::Working { job };
            record.reading = None;
            orders.push(Order::Run { slot, job });
        }
        let aside: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|job| {
                job.keyless && !self.resting.contains(&job.job) && !self.has_a_slot(job.job)
            })
            .map(|job| job.job)
            .collect();
        for job in aside {
            if self.aside.insert(job) {
                orders.push(Order::RunAside { job });
            }
        }
        self.prepare(orders);
    }

    /// Whether this job may begin, or begin anew with another key.
    pub(super) fn may_start(&self, job: JobId) -> bool {
        !self.draining && (self.started.contains(&job) || self.allowance != Some(0))
    }

    /// Whether the job waits for its first key.
    fn is_waiting(&self, job: JobId) -> bool {
        self.jobs
            .iter()
            .any(|known| known.job == job && known.wants.is_none() && !known.keyless)
    }

    /// Slots whose key and job are both ready, and whether the job begins now.
    fn ready(&self) -> Vec<(Slot, JobId, bool)> {
        let mut ready = Vec::new();
        for (slot, record) in &self.slots {
            if let SlotState::AwaitingOptions { job } = record.state
                && self.prepared.contains(&job)
            {
                ready.push((*slot, job, true));
            }
            if let SlotState::Working { job } = record.state
                && record.reading.is_some()
            {
                ready.push((*slot, job, false));
            }
        }
        ready
    }

    /// A job that wants its key back holds the slot where the key was, and lets go of it once it no longer does.
    fn claim_slots(&mut self) {
        let wanting: BTreeMap<JobId, Slot> = self
            .jobs
            .iter()
            .filter(|job| !self.is_working_on(job.job))
            .filter_map(|job| job.wants.as_ref().map(|binding| (job.job, binding.slot)))
            .collect();
        for record in self.slots.values_mut() {
            if let SlotState::WantsBack { job, key_in, .. } = &record.state
                && !wanting.contains_key(job)
            {
                record.state = if *key_in {
                    SlotState::LiftFirst
                } else {
                    SlotState::Empty
                };
            }
        }
        for (job, slot) in wanting {
            let held = self.slots.values().any(|record| {
                matches!(&record.state, SlotState::WantsBack { job: other, .. } | SlotState::AwaitingService { job: other, .. } if *other == job)
            });
            let record = self.record(slot);
            if !held && record.state == SlotState::Empty {
                record.state = SlotState::WantsBack {
                    job,
                    fault: Fault::KeyGone,
                    key_in: false,
                };
            }
        }
    }

    fn prepare(&mut self, orders: &mut Vec<Order>) {
        let ahead = PREPARED_MIN.max(self.slots.len().saturating_mul(PREPARED_PER_SLOT));
        let asked: Vec<JobId> = self
            .jobs
            .iter()
            .map(|job| job.job)
            .filter(|job| {
                self.slots
                    .values()
                    .any(|record| record.state == SlotState::AwaitingOptions { job: *job })
            })
            .collect();
        let next = self
            .jobs
            .iter()
            .filter(|job| job.wants.is_none() && !job.keyless && !self.is_working_on(job.job))
            .map(|job| job.job)
            .take(ahead);
        let wanted: Vec<JobId> = asked.into_iter().chain(next).collect();
        for job in wanted {
            if !self.prepared.contains(&job)
                && !self.resting.contains(&job)
                && self.preparing.insert(job)
            {
                orders.push(Order::Prepare { job });
            }
        }
    }
}
