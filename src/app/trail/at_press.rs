//! What the press is told of a sheet, and what it cannot do about one. Writes nothing down.

use crate::app::trail::Case;
use crate::app::void::at_large;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::Astray;
use crate::port::Press;

impl Case<'_> {
    /// Where the sheet may wait that this press cannot ask.
    pub(super) fn elsewhere(&self, number: &str) -> Option<Astray> {
        let (press, control) = (self.desk.press?, ControlNumber::parse(number).ok()?);
        at_large::elsewhere(self.desk.ledger, press, self.record.job.id, &control).ok()?
    }

    /// Tells the press. What it cannot do is told, and changes nothing of what was written.
    pub(super) fn at_press(
        &self,
        number: &str,
        tell: impl FnOnce(&dyn Press, &ControlNumber, Envelope) -> Result<(), Fault>,
    ) -> Option<Fault> {
        let (press, control) = (self.desk.press?, ControlNumber::parse(number).ok()?);
        let fault = tell(press, &control, self.envelope()).err()?;
        tracing::warn!(job = self.record.job.id.0, fault = %fault.brief(), "the press still keeps something of a sheet");
        Some(fault)
    }
}
