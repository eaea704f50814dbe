//! What a printer's word about a job is worth: whether the job is ours, whether it was begun twice, and what its end says of the
//! sheet. Asks; changes nothing.

use std::sync::PoisonError;

use super::about::About;
use super::answer::{Answer, Group};
use super::state::{self, Standing};
use super::{PrinterPress, unknown, vanished};
use crate::domain::fault::Fault;
use crate::domain::paper::{Printing, Ticket};

/// What was seen of one job.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    /// `time-at-processing`: when it was begun, in whole seconds of the printer's own time.
    begun: Option<i32>,
    printed: bool,
    /// It was begun more than once.
    twice: bool,
    /// It waits now, and was begun before.
    back: bool,
}

impl PrinterPress {
    /// What the job says of its sheet.
    pub(super) fn standing(&self, ticket: &Ticket, answer: &Answer) -> Result<Printing, Fault> {
        let Some(job) = answer.jobs().next() else {
            return Ok(vanished());
        };
        if !is_ours(ticket, job) {
            return Ok(unknown("its number at the printer belongs to another job"));
        }
        let Some(standing) = Standing::of(job) else {
            return Ok(vanished());
        };
        let seen = self.note(ticket.job, standing, job);
        let reasons = job.texts("job-state-reasons");
        if let Some(end) = state::end(standing, &reasons, seen.twice) {
            return Ok(end);
        }
        // It would come out a second time, with the same PIN. Whoever follows it is told, and the job is taken back.
        if seen.back {
            return Ok(unknown(
                "the print server began the job and put it back to begin it again, so a sheet may have come out before, or two sheets: look for both",
            ));
        }
        let waits_for = match (standing, state::waits_for(&reasons)) {
            (_, Some(words)) => Some(words),
            (Standing::Held, None) => {
                Some("somebody to release the job, which the print server holds".to_owned())
            }
            // The printer knows why, and is asked only when its job is not done.
            (_, None) => About::ask(&self.channel)?.waits_for(),
        };
        Ok(Printing::Underway { waits_for })
    }

    /// Remembers how a job stood, and whether it was begun again since.
    fn note(&self, id: i32, standing: Standing, job: Group<'_>) -> Seen {
        let begun = job.number("time-at-processing").filter(|time| *time > 0);
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(id).or_default();
        // Of a job that was never begun a printer says no such time (RFC 8011 §5.3.14.2), so this is known of jobs of an earlier run too.
        let waits = matches!(standing, Standing::Waits | Standing::Held);
        seen.back = waits && (seen.printed || begun.is_some());
        let anew = matches!((seen.begun, begun), (Some(before), Some(now)) if before != now);
        seen.twice |= seen.back || anew;
        seen.begun = seen.begun.or(begun);
        seen.printed |= standing == Standing::Prints;
        let now = *seen;
        if standing.is_final() {
            all.remove(&id);
        }
        now
    }
}

/// Whether this is the job that the ticket was given for: by its name, and by its UUID where both are known. A print server may hide
/// one of them from whom it does not know.
fn is_ours(ticket: &Ticket, job: Group<'_>) -> bool {
    let name = job.text("job-name").map(|name| name == ticket.name);
    let uuid = match (&ticket.uuid, job.text("job-uuid")) {
        (Some(ours), Some(theirs)) => Some(ours == theirs),
        (Some(_) | None, _) => None,
    };
    name != Some(false) && uuid != Some(false) && (name.is_some() || uuid.is_some())
}
