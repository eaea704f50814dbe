//! Letters that a printer has taken which is not the station's any more. Before anything else begins they become doubts, and are told:
//! today's printer knows nothing of them, and its word about their numbers would be about somebody else's sheets.

use crate::app::board::News;
use crate::app::journal;
use crate::app::station::{Desk, carry_out};
use crate::domain::enrollment::Standing;
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::paper::Sheet;
use crate::port::JobRecord;

impl Desk {
    /// Writes down and tells that nobody knows what became of them. Void ones are told when the printer is asked.
    pub(super) fn doubt_letters_elsewhere(&self) -> Result<(), Fault> {
        for record in self.ports.ledger.open_jobs()? {
            if record.standing != Standing::Waiting {
                self.doubt_letter_elsewhere(&record)?;
            }
        }
        Ok(())
    }

    fn doubt_letter_elsewhere(&self, record: &JobRecord) -> Result<(), Fault> {
        let (ledger, job) = (self.ports.ledger.as_ref(), record.job.id);
        let state = journal::replay(ledger, job)?;
        let (Some(Sheet::Accepted { ticket }), Some(control)) =
            (state.sheet(), state.unconfirmed())
        else {
            return Ok(());
        };
        if !state.may_confirm(control) || self.ports.press.serves(ticket) {
            return Ok(());
        }
        let why = ticket.elsewhere();
        let doubt = Happening::Printed {
            control: control.to_owned(),
            sheet: Sheet::Unknown { why: why.clone() },
        };
        let now = self.ports.clock.now();
        let state = journal::append(ledger, job, state, doubt, &self.options.actor, now)?;
        let fault = Fault::DeliveryUncertain;
        // Whoever holds the job for another reason is not overruled; after the release the doubt holds it.
        if state.held().is_none() {
            carry_out::hold(&self.ports, job, fault.clone(), &self.options.actor)?;
        }
        if let Some(case) = self.case(job) {
            let why = Some(why);
            self.board.announce(News::Held { case, fault, why });
        }
        Ok(())
    }
}
