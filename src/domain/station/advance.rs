//! After every signal: what can start starts, and each slot stands where its key and its job put it. Decides nothing about which key
//! may be used (see `choice`), nor about what is fetched ahead (see `ahead`).

use std::collections::BTreeMap;

use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{Candidate, InSlot, Order, Prints, SlotState};

impl Station {
    /// Starts what can start, and asks for options ahead of time.
    pub(super) fn advance(&mut self, orders: &mut Vec<Order>) {
        self.claim_slots();
        self.claim_slots_for_bags();
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
        let mut aside: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|job| {
                job.keyless
                    && job.prints == Prints::No
                    && !self.resting.contains(&job.job)
                    && !self.has_a_slot(job.job)
            })
            .map(|job| job.job)
            .collect();
        aside.extend(self.next_sheet());
        for job in aside {
            if self.aside.insert(job) {
                orders.push(Order::RunAside { job });
            }
        }
        self.prepare(orders);
    }

    /// Whether this job may begin, or begin anew with another key.
    pub(super) fn may_start(&self, job: JobId) -> bool {
        !self.paused && self.may_ever_start(job)
    }

    /// The same once a pause is over.
    pub(super) fn may_ever_start(&self, job: JobId) -> bool {
        !self.draining && (self.started.contains(&job) || self.allowance != Some(0))
    }

    /// Whether the job waits for its first key.
    fn is_waiting(&self, job: JobId) -> bool {
        self.jobs
            .iter()
            .any(|known| known.job == job && known.is_waiting())
    }

    /// How many letters wait for the printer, or lie in it.
    pub fn to_print(&self) -> usize {
        let prints = |job: &&Candidate| job.prints != Prints::No;
        self.jobs.iter().filter(prints).count()
    }

    /// Whether what is left of this job is the printer's.
    pub fn prints(&self, job: JobId) -> bool {
        let mut jobs = self.jobs.iter();
        jobs.any(|known| known.job == job && known.prints != Prints::No)
    }

    /// The job whose sheet goes to the printer now: one at a time, in the order of the jobs, and first of all the one whose sheet
    /// may lie in the printer already. While that one rests the others rest as well, since they all have the same printer.
    fn next_sheet(&self) -> Option<JobId> {
        let prints = |job: &&Candidate| job.prints != Prints::No;
        let mut printing = self.jobs.iter().filter(prints);
        if printing.clone().any(|job| self.aside.contains(&job.job)) {
            return None;
        }
        let in_flight = |job: &&Candidate| job.prints == Prints::InFlight;
        let next = printing
            .clone()
            .find(in_flight)
            .or_else(|| printing.next())?;
        let free = !self.resting.contains(&next.job) && !self.has_a_slot(next.job);
        free.then_some(next.job)
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

    /// A slot whose last key has to go into its bag waits for that, also after a restart, and is free once it is confirmed, or
    /// once the job waits for something else.
    fn claim_slots_for_bags(&mut self) {
        let wanting = self.jobs.iter();
        let mut wanting: BTreeMap<JobId, Slot> = wanting
            .filter_map(|job| job.bag.map(|slot| (job.job, slot)))
            .collect();
        let goes_on: BTreeMap<JobId, bool> =
            self.jobs.iter().map(|job| (job.job, job.keyless)).collect();
        for record in self.slots.values_mut() {
            let SlotState::Bagging { job, lies } = record.state else {
                continue;
            };
            if wanting.remove(&job).is_some() {
                continue;
            }
            record.state = match lies {
                InSlot::Own if goes_on.get(&job) == Some(&true) => SlotState::KeyDone { job },
                InSlot::Own | InSlot::Next => SlotState::LiftFirst,
                InSlot::Nothing => SlotState::Empty,
            };
        }
        for (job, slot) in wanting {
            if self.is_working_on(job) {
                continue;
            }
            let record = self.record(slot);
            let lies = match record.state {
                SlotState::Empty => InSlot::Nothing,
                SlotState::LiftFirst | SlotState::NoJob => InSlot::Next,
                SlotState::Reading
                | SlotState::Working { .. }
                | SlotState::WantsBack { .. }
                | SlotState::Asking { .. }
                | SlotState::AwaitingOptions { .. }
                | SlotState::AwaitingService { .. }
                | SlotState::Refused { .. }
                | SlotState::Held { .. }
                | SlotState::Done { .. }
                | SlotState::KeyDone { .. }
                | SlotState::Bagging { .. } => continue,
            };
            record.state = SlotState::Bagging { job, lies };
        }
    }
}
