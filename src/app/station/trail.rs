//! What hands did to paper and bags, written down in the loop: no run of the job is surprised.

use crate::app::spooled;
use crate::app::station::Desk;
use crate::app::station::handle::PutOff;
use crate::app::trail::{self, Acted, Deed, Refusal, What};
use crate::app::void::at_large;
use crate::domain::enrollment::Standing;
use crate::domain::job::JobId;
use crate::domain::mailer::ControlNumber;

impl Desk {
    /// Writes the deed down in its turn: see [`Desk::in_turn`].
    pub(super) fn trail_in_turn(&mut self, wish: PutOff, deed: &Deed) {
        // Of a job that is not done nothing leaves, so its run is left alone; of one that is done there is no run.
        if matches!(deed, Deed::Dispatched { .. }) {
            return self.fulfil(wish);
        }
        // Whatever is wrong with the deed is told when it is done.
        let job = trail::subject(self.ports.ledger.as_ref(), deed).map(|record| record.job.id);
        match job {
            Ok(job) => self.in_turn(job, wish),
            Err(_) => self.fulfil(wish),
        }
    }

    /// Writes the deed down, unless its job is in work.
    pub(super) fn trail(&mut self, deed: &Deed, actor: &str) -> Result<Acted, Refusal> {
        let ledger = self.ports.ledger.as_ref();
        let record = trail::subject(ledger, deed)?;
        let job = record.job.id;
        let in_work = self.station.is_working_on(job) || self.aside.contains_key(&job);
        if in_work && !matches!(deed, Deed::Dispatched { .. }) {
            return Err(Refusal::InWork(record.job.envelope));
        }
        // A printer is asked over the network, and the loop waits for no network.
        let press = self.ports.press.as_ref();
        let asks_printer = press.prints() && matches!(deed, Deed::Spoiled { .. });
        let desk = trail::Desk {
            ledger,
            press: (!asks_printer).then_some(press),
            policies: &self.policies,
            actor,
            now: self.ports.clock.now(),
        };
        let mut acted = trail::act(&desk, &record, deed)?;
        if let (true, What::Spoiled { control, .. }) = (asks_printer, &acted.what) {
            // What is no number no press ever had.
            let number = ControlNumber::parse(control).ok();
            let elsewhere = number.map(|number| at_large::elsewhere(ledger, press, job, &number));
            acted.elsewhere = elsewhere.and_then(Result::ok).flatten();
            // On a disk, and at once.
            acted.left = spooled::clear(ledger, press, job).err();
            self.cancel_void_letters(number.map(|number| (number, record.job.envelope)));
        }
        match &acted.what {
            What::Confirmed(_) | What::Bagged(_) | What::Spoiled { .. } => {
                self.changed(job);
                self.had_the_last_word(job, record.standing);
            }
            // The bench has nothing more to do with a job that is done.
            What::Enveloped(_)
            | What::EnvelopedAlready { .. }
            | What::BaggedAlready(_)
            | What::Dispatched(_) => {}
        }
        Ok(acted)
    }

    /// Where a person confirmed the last thing that was missing, no run tells that the job is done.
    pub(super) fn had_the_last_word(&mut self, job: JobId, before: Standing) {
        let now = self.ports.ledger.job(job).ok().flatten();
        let is_done = now.is_some_and(|record| record.standing == Standing::Done);
        if is_done && before != Standing::Done {
            self.summary.done = self.summary.done.saturating_add(1);
            self.board.finish_half(job);
            self.ended.insert(job);
            self.duties_due = true;
            self.look_after_duties();
        }
    }
}
