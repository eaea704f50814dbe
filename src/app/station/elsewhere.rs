//! Letters that went, or were about to go, where the station puts none any more: to another printer, into another folder. Before
//! anything else begins they become doubts, and are told: today's press knows nothing of them, and its word about their numbers
//! would be about somebody else's sheets.

use crate::app::board::News;
use crate::app::journal;
use crate::app::station::{Desk, carry_out};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Astray, Sheet};
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
        let Some((control, astray)) = self.astray(&state) else {
            return Ok(());
        };
        let why = astray.why();
        let doubt = Happening::Printed {
            control,
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

    /// The number of the job's letter, and where it is, if the press cannot ask for it and nobody has said so yet.
    fn astray(&self, state: &Enrollment) -> Option<(String, Astray)> {
        let press = &self.ports.press;
        let number = state
            .unconfirmed()
            .filter(|number| state.may_confirm(number))?;
        let astray = match state.sheet() {
            Some(Sheet::Accepted { ticket }) => (!press.serves(ticket)).then(|| Astray::Taken {
                ticket: ticket.clone(),
            }),
            // Cut before an answer came. Where no journal says where it was to go, the press is asked.
            None => {
                let outlet = state.outlet().filter(|outlet| !press.reaches(outlet))?;
                Some(Astray::Perhaps {
                    control: ControlNumber::parse(number).ok()?,
                    outlet: outlet.clone(),
                })
            }
            Some(Sheet::OnPaper | Sheet::Unknown { .. }) => None,
        };
        Some((number.to_owned(), astray?))
    }
}
