//! What the operator says to a slot that asks, and who comes next. Nothing here touches a key.

use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{CameBack, Order, Question, SlotState};

impl Station {
    pub(super) fn confirmed(&mut self, slot: Slot, orders: &mut Vec<Order>) {
        let record = self.record(slot);
        if let SlotState::Asking { job, question, .. } = &record.state {
            let reading = record.reading.as_ref();
            let waits = reading.and_then(|reading| reading.came_back.clone());
            match question.clone() {
                Question::WipeUsedKey => record.may_wipe = Some(*job),
                Question::TakeCards { batch } => self.cards.confirm(batch),
            }
            if let Some(CameBack::Unconfirmed { .. }) = waits {
                // It is wiped when it is read.
                self.record(slot).state = SlotState::Reading;
                orders.push(Order::Read { slot });
            } else {
                self.choose(slot);
            }
        }
    }

    /// The key stays as it is, and its job is free for another one. Asked for once more it has to be put in once more.
    pub(super) fn declined(&mut self, slot: Slot) {
        let record = self.record(slot);
        let SlotState::Asking { question, .. } = &record.state else {
            return;
        };
        let fault = match question {
            Question::WipeUsedKey => Fault::KeyUsed,
            // The card lies there by mistake: nothing is wrong with it.
            Question::TakeCards { .. } => Fault::Cancelled,
        };
        record.state = SlotState::Refused { fault };
        record.reading = None;
    }

    /// Whether no new job starts for now.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// The jobs that the next keys are for, in their order: a key whose serial one of them names goes to that one all the same.
    pub fn upcoming(&self, count: usize) -> impl Iterator<Item = JobId> {
        self.jobs
            .iter()
            .filter(|job| job.is_waiting() && !self.stands_in_a_slot(job.job))
            .map(|job| job.job)
            .take(count)
    }

    fn stands_in_a_slot(&self, job: JobId) -> bool {
        self.slots.values().any(|record| match &record.state {
            SlotState::Working { job: other }
            | SlotState::WantsBack { job: other, .. }
            | SlotState::Asking { job: other, .. }
            | SlotState::AwaitingOptions { job: other }
            | SlotState::AwaitingService { job: other, .. } => *other == job,
            SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::Bagging { .. }
            | SlotState::NoJob => false,
        })
    }
}
