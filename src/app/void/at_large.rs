//! Which void letters may still come out of a printer, as the journal tells it: they were sent, and nothing says that they came
//! out, were refused, or were taken back. Asks no printer.
//!
//! # Why
//! A station that does not reach its printer must not speak of void letters that cannot be there, nor again at each start; and one
//! whose printer was exchanged must speak of those that wait in the old one, because nobody else knows of them. What was told, and
//! what is gone, stands in the ledger's notes: a note belongs to no job, so it changes none.

use std::collections::BTreeSet;

use crate::domain::event::{Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Astray, Outlet, Sheet, Ticket};
use crate::domain::time::Timestamp;
use crate::port::{Ledger, Press, Stamped};

/// How every note about one of them begins.
const NOTE: &str = "void letter ";

/// A void letter that may still come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtLarge {
    pub envelope: Envelope,
    pub control: ControlNumber,
    /// Where it was sent.
    pub sent: Sent,
}

/// What the journal says of where a letter went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A printer has taken it.
    Taken(Ticket),
    /// It was about to be handed over there, and no answer came. `None`: an older version did not write down where.
    Perhaps(Option<Outlet>),
}

impl Sent {
    /// Whether today's press can be asked for it. A letter of which nobody wrote down where it went is looked for there as well.
    fn is_at(&self, press: &dyn Press) -> bool {
        match self {
            Self::Taken(ticket) => press.serves(ticket),
            Self::Perhaps(Some(outlet)) => press.reaches(outlet),
            Self::Perhaps(None) => true,
        }
    }

    fn astray(self, control: ControlNumber) -> Option<Astray> {
        match self {
            Self::Taken(ticket) => Some(Astray::Taken { ticket }),
            Self::Perhaps(outlet) => outlet.map(|outlet| Astray::Perhaps { control, outlet }),
        }
    }
}

impl AtLarge {
    /// Whether today's press can be asked for it.
    pub fn is_at(&self, press: &dyn Press) -> bool {
        self.sent.is_at(press)
    }

    /// Where it is, for whoever has to look there; `None` where nobody wrote that down.
    pub fn astray(&self) -> Option<Astray> {
        self.sent.clone().astray(self.control)
    }

    /// Writes down that no printer has it any more.
    pub(super) fn note_gone(
        &self,
        ledger: &dyn Ledger,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        ledger.note(&gone(&self.control), actor, at)
    }

    /// Writes down that people were told of it, so that no later start tells it again.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn note_told(&self, ledger: &dyn Ledger, actor: &str, at: Timestamp) -> Result<(), Fault> {
        ledger.note(&told(&self.control), actor, at)
    }

    /// As [`AtLarge::note_told`], where it is somewhere else than the station puts its letters.
    ///
    /// # Errors
    /// Those of the ledger.
    pub fn note_told_elsewhere(
        &self,
        ledger: &dyn Ledger,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        ledger.note(&told_elsewhere(&self.control), actor, at)
    }
}

/// Those that nobody was told of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// Where the station puts its letters.
    pub here: Vec<AtLarge>,
    /// Somewhere else.
    pub elsewhere: Vec<AtLarge>,
}

/// Every one of this ledger.
///
/// # Errors
/// Those of the ledger.
pub fn all(ledger: &dyn Ledger) -> Result<Vec<AtLarge>, Fault> {
    let void = ledger.void_letters()?;
    if void.is_empty() {
        return Ok(Vec::new());
    }
    let notes = notes(ledger)?;
    let mut found = Vec::new();
    for (job, control) in void {
        if notes.contains(&gone(&control)) {
            continue;
        }
        let Some(record) = ledger.job(job)? else {
            continue;
        };
        if let Some(sent) = last_seen(&ledger.journal(job)?, &control) {
            found.push(AtLarge {
                envelope: record.job.envelope,
                control,
                sent,
            });
        }
    }
    Ok(found)
}

/// Those that nobody was told of.
///
/// # Errors
/// Those of the ledger.
pub fn untold(ledger: &dyn Ledger, press: &dyn Press) -> Result<Untold, Fault> {
    let mut untold = Untold::default();
    let all = all(ledger)?;
    if all.is_empty() {
        return Ok(untold);
    }
    let notes = notes(ledger)?;
    for letter in all {
        let (told, of) = if letter.is_at(press) {
            (told(&letter.control), &mut untold.here)
        } else {
            (told_elsewhere(&letter.control), &mut untold.elsewhere)
        };
        if !notes.contains(&told) {
            of.push(letter);
        }
    }
    Ok(untold)
}

/// Where the sheet with this number may be, if the station puts no letters there.
///
/// # Errors
/// Those of the ledger.
pub fn elsewhere(
    ledger: &dyn Ledger,
    press: &dyn Press,
    job: JobId,
    control: &ControlNumber,
) -> Result<Option<Astray>, Fault> {
    let sent = last_seen(&ledger.journal(job)?, control);
    let elsewhere = sent.filter(|sent| !sent.is_at(press));
    Ok(elsewhere.and_then(|sent| sent.astray(*control)))
}

/// `None`: it was never sent, or came out, or was refused.
fn last_seen(rows: &[Stamped], control: &ControlNumber) -> Option<Sent> {
    // Compared as numbers: older journals have them in groups.
    let is_it = |text: &str| ControlNumber::parse(text).as_ref() == Ok(control);
    let mut seen = None;
    let mut is_latest = false;
    for row in rows {
        match &row.event.happening {
            Happening::Started {
                intent: Intent::Deliver { control, outlet },
                ..
            } => {
                is_latest = is_it(control);
                if is_latest {
                    seen = Some(Sent::Perhaps(outlet.clone()));
                }
            }
            Happening::Printed { control, sheet } if is_it(control) => match sheet {
                Sheet::Accepted { ticket } => seen = Some(Sent::Taken(ticket.clone())),
                Sheet::OnPaper => seen = None,
                Sheet::Unknown { .. } => {}
            },
            Happening::Done {
                evidence: Evidence::Delivered { control, .. },
                ..
            } if is_it(control) => seen = None,
            Happening::NotDone {
                step: Step::Deliver,
                ..
            } if is_latest => seen = None,
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Spoiled { .. }
            | Happening::Left { .. }
            | Happening::Abandoned { .. }
            | Happening::Reissued { .. }
            | Happening::HandedOver
            | Happening::Retired { .. }
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released
            | Happening::Cancelled { .. } => {}
        }
    }
    seen
}

fn notes(ledger: &dyn Ledger) -> Result<BTreeSet<String>, Fault> {
    Ok(ledger.notes(NOTE)?.into_iter().collect())
}

fn gone(control: &ControlNumber) -> String {
    format!("{NOTE}{control} waits in no printer")
}

fn told(control: &ControlNumber) -> String {
    format!("{NOTE}{control} may still come out, and that was told")
}

fn told_elsewhere(control: &ControlNumber) -> String {
    format!("{NOTE}{control} may still come out of an earlier printer, and that was told")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::{World, course, done, started};

    const LETTER: &str = "4820 9173 5525";
    const JOB: JobId = JobId(1);

    fn ticket() -> Ticket {
        Ticket {
            printer: "ipp://old.example/ipp/print".to_owned(),
            job: 7,
            uuid: None,
            name: "PM-482091735525".to_owned(),
        }
    }

    fn taken() -> Sent {
        Sent::Taken(ticket())
    }

    fn printed(sheet: Sheet) -> Happening {
        Happening::Printed {
            control: LETTER.to_owned(),
            sheet,
        }
    }

    fn accepted() -> Happening {
        printed(Sheet::Accepted { ticket: ticket() })
    }

    fn unknown() -> Happening {
        let why = "the printer did not answer".to_owned();
        printed(Sheet::Unknown { why })
    }

    fn spoiled() -> Happening {
        Happening::Spoiled {
            control: LETTER.to_owned(),
            reason: "jammed".to_owned(),
        }
    }

    fn told_of(story: Vec<Happening>) -> World {
        let world = World::with_jobs(&["anna@contoso.com"]);
        world.state().press.prints = true;
        world.tell(JOB, course("123", Step::Register));
        world.tell(JOB, [started(Step::Deliver)]);
        world.tell(JOB, story);
        world
    }

    #[test]
    fn only_what_was_sent_and_did_not_come_out_may_still_come() {
        let not_done = Happening::NotDone {
            step: Step::Deliver,
            fault: Fault::Interrupted,
        };
        let cancelled = || Happening::Cancelled { credential: None };
        for (story, found) in [
            (vec![spoiled()], Some(Sent::Perhaps(None))),
            (vec![accepted(), spoiled()], Some(taken())),
            (vec![accepted(), unknown(), spoiled()], Some(taken())),
            (vec![unknown(), spoiled()], Some(Sent::Perhaps(None))),
            (vec![accepted(), cancelled()], Some(taken())),
            (vec![accepted(), printed(Sheet::OnPaper), spoiled()], None),
            (vec![accepted(), done(Step::Deliver), spoiled()], None),
            (vec![not_done, cancelled()], None),
            // Not void.
            (vec![accepted()], None),
        ] {
            let world = told_of(story.clone());
            let all = all(&world).expect("a ledger");
            let sent: Vec<_> = all.into_iter().map(|letter| letter.sent).collect();
            assert_eq!(sent, Vec::from_iter(found), "{story:?}");
        }
    }

    #[test]
    fn what_was_told_is_told_no_more_and_what_is_gone_is_no_more_at_large() {
        let (actor, at) = ("keyline", Timestamp(0));
        for moved in [false, true] {
            let world = told_of(vec![accepted(), spoiled()]);
            world.state().press.moved = moved;
            let untold = || untold(&world, &world).expect("a ledger");
            let Untold { here, elsewhere } = untold();
            assert_eq!(
                (here.len(), elsewhere.len()),
                (usize::from(!moved), usize::from(moved))
            );
            for letter in here {
                letter.note_told(&world, actor, at).expect("a note");
            }
            for letter in elsewhere {
                letter
                    .note_told_elsewhere(&world, actor, at)
                    .expect("a note");
            }
            assert_eq!(untold(), Untold::default());
            // The other way round it is news again.
            world.state().press.moved = !moved;
            assert_ne!(untold(), Untold::default());
            let all_of_them = all(&world).expect("a ledger");
            all_of_them[0].note_gone(&world, actor, at).expect("a note");
            assert_eq!(all(&world), Ok(Vec::new()));
        }
    }
}
