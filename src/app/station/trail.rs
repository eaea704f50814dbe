//! What hands did to paper and bags, written down in the loop: no run of the job is surprised.

use crate::app::station::Desk;
use crate::app::trail::{self, Acted, Deed, Refusal, What};

impl Desk {
    /// Writes the deed down, unless its job is in work.
    pub(super) fn trail(&mut self, deed: &Deed, actor: &str) -> Result<Acted, Refusal> {
        let ledger = self.ports.ledger.as_ref();
        let record = trail::subject(ledger, deed)?;
        let job = record.job.id;
        if self.station.is_working_on(job) || self.aside.contains(&job) {
            return Err(Refusal::InWork(record.job.envelope));
        }
        let desk = trail::Desk {
            ledger,
            press: Some(self.ports.press.as_ref()),
            policies: &self.policies,
            actor,
            now: self.ports.clock.now(),
        };
        let acted = trail::act(&desk, &record, deed)?;
        match &acted.what {
            What::Confirmed(_) => {
                self.summary.done = self.summary.done.saturating_add(1);
                self.ended.insert(job);
                self.duties_due = true;
                self.changed(job);
                self.look_after_duties();
            }
            What::Bagged(_) | What::Spoiled { .. } => self.changed(job),
            // The bench has nothing more to do with a job that is done.
            What::Enveloped(_)
            | What::EnvelopedAlready { .. }
            | What::BaggedAlready(_)
            | What::Dispatched(_) => {}
        }
        Ok(acted)
    }
}
