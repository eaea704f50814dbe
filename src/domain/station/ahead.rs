//! For which jobs creation options are fetched before a key is there, and what it means that they cannot be had. Asks nobody.
//!
//! # Why
//! While Entra may refuse everybody, a single job asks, and one whose person was not refused yet: those who may not be acted on can
//! stand one behind the other at the head of the line, and would ask for ever while everybody behind them waits.

use crate::domain::fault::{Fault, Move};
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{Candidate, Order, SlotState};

/// How many jobs ahead of the first waiting one get their options fetched, per slot.
const PREPARED_PER_SLOT: usize = 2;
/// At least so many, before any slot is known.
pub(super) const PREPARED_MIN: usize = 4;

impl Station {
    /// Asks for options ahead of time.
    pub(super) fn prepare(&mut self, orders: &mut Vec<Order>) {
        let wanted = match &self.refused {
            Some(refused) => self.scout(refused).into_iter().collect(),
            None => self.next_jobs(),
        };
        for job in wanted {
            if !self.prepared.contains(&job)
                && !self.resting.contains(&job)
                && self.preparing.insert(job)
            {
                orders.push(Order::Prepare { job });
            }
        }
    }

    /// The options of this job are at hand: Entra does not refuse everybody.
    pub(super) fn was_prepared(&mut self, job: JobId) {
        self.preparing.remove(&job);
        self.prepared.insert(job);
        if self.refused.take().is_some() {
            // Those who were refused meanwhile ask once more, each for themselves.
            self.resting.clear();
        }
    }

    /// The options of this job cannot be had, for now or for good.
    pub(super) fn unprepared(&mut self, job: JobId, fault: Fault, orders: &mut Vec<Order>) {
        self.preparing.remove(&job);
        if let Fault::NotPermitted { refused, .. } = &fault {
            self.refused = Some(self.asked_in_vain(job, refused));
        }
        // A call that was broken off because the station stops says nothing about the job.
        if fault.whose_move() == Move::Wait || fault == Fault::Cancelled {
            self.resting.insert(job);
        } else if !self.is_working_on(job) {
            // Two hands on one journal would tear it apart: a job at work finds out by itself.
            self.drop_candidate(job);
            orders.push(Order::Hold { job, fault });
        }
    }

    /// Whom the next to ask comes after: those who were refused by name, or, where nobody was named, whoever asked, one after
    /// another. The head of the line alone may be refused for a reason of their own, which would never be seen.
    fn asked_in_vain(&mut self, job: JobId, named: &[String]) -> Vec<String> {
        if !named.is_empty() {
            return named.to_vec();
        }
        let mut asked = self.refused.take().unwrap_or_default();
        if let Some(one) = self.jobs.iter().find(|one| one.job == job) {
            asked.retain(|user| !user.eq_ignore_ascii_case(&one.user));
            asked.push(one.user.clone());
        }
        asked
    }

    /// Those whose keys lie in a slot already, then the first ones of the line.
    fn next_jobs(&self) -> Vec<JobId> {
        let ahead = PREPARED_MIN.max(self.slots.len().saturating_mul(PREPARED_PER_SLOT));
        let asked = self.jobs.iter().map(|job| job.job).filter(|job| {
            self.slots
                .values()
                .any(|record| record.state == SlotState::AwaitingOptions { job: *job })
        });
        asked
            .chain(self.in_line().map(|job| job.job).take(ahead))
            .collect()
    }

    /// The one job that asks whether everybody is still refused: the first one whose person was not, or else the one whose person
    /// was refused longest ago.
    fn scout(&self, refused: &[String]) -> Option<JobId> {
        let since = |job: &&Candidate| {
            let place = refused
                .iter()
                .position(|user| user.eq_ignore_ascii_case(&job.user));
            place.map_or(0, |place| place.saturating_add(1))
        };
        // What is at hand already asks nothing.
        self.in_line()
            .filter(|job| !self.prepared.contains(&job.job))
            .min_by_key(since)
            .map(|job| job.job)
    }

    /// The jobs that wait for their first key and that nobody works on, in order.
    fn in_line(&self) -> impl Iterator<Item = &Candidate> {
        self.jobs
            .iter()
            .filter(|job| job.is_waiting() && !self.is_working_on(job.job))
    }
}
