//! Letters that are void and still wait in a printer: the printer tells what waits, the ledger what is void, and that is cancelled
//! there. Prints nothing, confirms nothing, and leaves alone what the ledger does not know: it may be another station's.
//!
//! # Why
//! The row that makes a letter void is written before the printer is asked. Cut in between, or with a printer that is away, the sheet
//! comes out hours later with nobody who expects it. A list of what is still to be cancelled would be one more thing to keep true;
//! the printer has one, and to ask it once more changes nothing.

pub mod at_large;

use crate::app::journal::replay;
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::ControlNumber;
use crate::domain::time::Timestamp;
use crate::port::{Ledger, Press};

/// Has the printer cancel every letter that waits in it and is void, and tells how many these were; notes what it has not any
/// more. May be repeated; takes as long as the printer takes to answer.
///
/// # Errors
/// Those of [`Press::waiting`], where a void letter may be in the printer; the first of [`Press::take_back`], after all others
/// were tried; those of the ledger.
pub fn cancel_waiting(
    ledger: &dyn Ledger,
    press: &dyn Press,
    actor: &str,
    at: Timestamp,
) -> Result<usize, Fault> {
    let mut at_large = at_large::all(ledger)?;
    at_large.retain(|letter| letter.is_at(press));
    let waiting = match press.waiting() {
        Ok(waiting) => waiting,
        Err(fault) if !at_large.is_empty() => return Err(fault),
        // Then nothing can come out that must not.
        Err(_) => return Ok(0),
    };
    let mut cancelled = 0_usize;
    let mut failed = None;
    for control in waiting {
        let Some(envelope) = envelope_of_void(ledger, &control)? else {
            continue;
        };
        match press.take_back(&control, envelope) {
            Ok(()) => {
                tracing::info!(
                    envelope = envelope.0,
                    "a void letter was cancelled at the printer"
                );
                cancelled = cancelled.saturating_add(1);
            }
            Err(fault) => {
                at_large.retain(|letter| letter.control != control);
                failed.get_or_insert(fault);
            }
        }
    }
    for letter in at_large {
        letter.note_gone(ledger, actor, at)?;
    }
    failed.map_or(Ok(cancelled), Err)
}

/// The envelope of the letter with this number, if it is one of this ledger and void.
fn envelope_of_void(
    ledger: &dyn Ledger,
    control: &ControlNumber,
) -> Result<Option<Envelope>, Fault> {
    let Some(job) = ledger.job_of_letter(control)? else {
        return Ok(None);
    };
    let Some(record) = ledger.job(job)? else {
        return Ok(None);
    };
    let is_void = replay(ledger, job)?.is_void_sheet(control);
    Ok(is_void.then_some(record.job.envelope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::{Op, When, World, course, done, started};
    use crate::domain::event::{Happening, Step};
    use crate::domain::job::JobId;
    use crate::domain::paper::{Sheet, Ticket};

    /// The number of the first job's letter, as a printer has it.
    const LETTER: &str = "482091735525";

    fn number(drawn: u64) -> String {
        let number = ControlNumber::draw(drawn.to_be_bytes()).expect("a number");
        number.to_string()
    }

    /// A job whose letter waits in the printer, and what happened to it then.
    fn waiting(then: Vec<Happening>) -> World {
        let world = World::with_jobs(&["anna@contoso.com"]);
        let mut story = course("123", Step::Register);
        story.push(started(Step::Deliver));
        world.tell(JobId(1), story);
        world.tell(JobId(1), then);
        let mut state = world.state();
        state.press.prints = true;
        state.lay_in(LETTER);
        drop(state);
        world
    }

    fn cancel(world: &World) -> Result<usize, Fault> {
        cancel_waiting(world, world, "keyline", Timestamp(0))
    }

    fn cancelled() -> Happening {
        Happening::Cancelled { credential: None }
    }

    fn away() -> Fault {
        Fault::PrinterAway {
            what: "it does not answer".to_owned(),
        }
    }

    #[test]
    fn whatever_made_it_void_it_is_cancelled_once() {
        let reason = || "jammed".to_owned();
        let control = || "4820 9173 5525".to_owned();
        for happening in [
            cancelled(),
            Happening::Spoiled {
                control: control(),
                reason: reason(),
            },
            Happening::Reissued {
                reason: reason(),
                void: Some(control()),
            },
            Happening::Abandoned {
                reason: Fault::KeyGone,
                credential: None,
                restart: Step::Reset,
            },
        ] {
            let world = waiting(vec![happening.clone()]);
            let before = world.happenings(JobId(1));
            assert_eq!(cancel(&world), Ok(1), "{happening:?}");
            assert_eq!(cancel(&world), Ok(0), "{happening:?}");
            assert_eq!(world.count(Op::TakeBack), 1, "{happening:?}");
            world.state().feed();
            assert_eq!(world.state().press.sheets, [], "{happening:?}");
            assert_eq!(world.happenings(JobId(1)), before);
        }
    }

    #[test]
    fn what_counts_and_what_is_not_ours_stays() {
        let held = Happening::Held {
            fault: Fault::DeliveryUncertain,
        };
        for then in [vec![], vec![held], vec![done(Step::Deliver)]] {
            let world = waiting(then.clone());
            world.state().lay_in(&number(7));
            assert_eq!(cancel(&world), Ok(0), "{then:?}");
            assert_eq!(world.count(Op::TakeBack), 0, "{then:?}");
            world.state().feed();
            assert_eq!(world.state().press.sheets.len(), 2, "{then:?}");
        }
    }

    #[test]
    fn what_one_letter_ails_keeps_no_other_in_the_printer() {
        let world = waiting(vec![cancelled()]);
        world.state().lay_in(LETTER);
        world.trick(Op::TakeBack, When::Before, away());
        assert_eq!(cancel(&world), Err(away()));
        assert_eq!(world.count(Op::TakeBack), 1);
        world.state().feed();
        assert_eq!(world.state().press.sheets, []);
    }

    #[test]
    fn a_printer_that_is_away_matters_where_a_letter_is_void() {
        for (then, result) in [(vec![], Ok(0)), (vec![cancelled()], Err(away()))] {
            let world = waiting(then);
            world.trick(Op::Waiting, When::Before, away());
            assert_eq!(cancel(&world), result);
        }
    }

    #[test]
    fn a_printer_that_is_away_matters_no_more_once_it_had_none_of_them() {
        let world = waiting(vec![cancelled()]);
        assert_eq!(cancel(&world), Ok(1));
        world.trick(Op::Waiting, When::Before, away());
        assert_eq!(cancel(&world), Ok(0));
        // What it did not cancel is still there.
        let world = waiting(vec![cancelled()]);
        world.trick(Op::TakeBack, When::Before, away());
        assert_eq!(cancel(&world), Err(away()));
        world.trick(Op::Waiting, When::Before, away());
        assert_eq!(cancel(&world), Err(away()));
    }

    #[test]
    fn what_waits_in_another_printer_is_no_matter_of_this_one() {
        let ticket = Ticket {
            printer: "ipp://old.example/ipp/print".to_owned(),
            job: 0,
            uuid: None,
            name: "PM-482091735525".to_owned(),
        };
        let sheet = Sheet::Accepted { ticket };
        let control = "4820 9173 5525".to_owned();
        let world = waiting(vec![Happening::Printed { control, sheet }, cancelled()]);
        world.state().press.accepted.clear();
        world.state().press.moved = true;
        world.trick(Op::Waiting, When::Before, away());
        assert_eq!(cancel(&world), Ok(0));
        assert_eq!(cancel(&world), Ok(0));
        // That this one has it not says nothing.
        assert_eq!(at_large::all(&world).map(|all| all.len()), Ok(1));
    }
}
