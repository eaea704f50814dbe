//! What the press is told of a sheet, and what it cannot do about one. Writes nothing down.

use crate::app::spooled;
use crate::app::trail::Case;
use crate::app::void::at_large;
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Astray;

impl Case<'_> {
    /// Where the sheet may wait that this press cannot ask.
    pub(super) fn elsewhere(&self, number: &str) -> Option<Astray> {
        let (press, control) = (self.desk.press?, ControlNumber::parse(number).ok()?);
        at_large::elsewhere(self.desk.ledger, press, self.record.job.id, &control).ok()?
    }

    /// Has the press take the sheet back. What it cannot do is told, and changes nothing of what was written.
    pub(super) fn take_back(&self, number: &str) -> Option<Fault> {
        let (press, control) = (self.desk.press?, ControlNumber::parse(number).ok()?);
        self.left(press.take_back(&control, self.envelope()))
    }

    /// Removes the copies of the job's letters that nobody has to confirm any more.
    pub(super) fn copies_left(&self) -> Option<Fault> {
        let (ledger, press) = (self.desk.ledger, self.desk.press?);
        self.left(spooled::clear(ledger, press, self.record.job.id))
    }

    fn left(&self, result: Result<(), Fault>) -> Option<Fault> {
        let fault = result.err()?;
        tracing::warn!(job = self.record.job.id.0, fault = %fault.brief(), "something of a sheet is left");
        Some(fault)
    }
}
