//! What the terminal makes of hands: codes that a hand scanner types, and the one key that confirms where a policy says so. Decides
//! nothing about letters and bags; the station does.
//!
//! # Why
//! One key says nothing of which letter is meant. So the oldest one is named first, and the key confirms only what was named
//! last: whoever presses it twice in a hurry confirms one letter, not two, and a letter that came out meanwhile is none of them.

use std::sync::{Mutex, PoisonError};

use crate::app::board::{Awaited, Board, Unconfirmed};
use crate::app::trail::{Acted, Deed, Refusal};
use crate::domain::event::Step;
use crate::domain::job::{Envelope, JobId};
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::scan::Code;
use crate::face::say::trail as say;

/// How the station is told of a deed; `None`: it has ended.
pub(super) type Tell<'a> = &'a dyn Fn(Deed) -> Option<Result<Acted, Refusal>>;

/// Which bag and which letter the operator was told of last, to be confirmed by one key.
#[derive(Default)]
pub(super) struct Named(Mutex<Last>);

#[derive(Clone, Copy, Default)]
struct Last {
    bag: Option<JobId>,
    letter: Option<JobId>,
}

impl Named {
    /// Whether this one was named last; from now on it is.
    fn was(&self, step: Step, job: Option<JobId>) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = if step == Step::Bag {
            &mut last.bag
        } else {
            &mut last.letter
        };
        std::mem::replace(place, job) == job && job.is_some()
    }
}

/// Hands a code to the station; what came of it, in words.
pub(super) fn scanned(code: Code, board: &Board, tell: Tell<'_>) -> String {
    let is_letter = !matches!(code, Code::Bag(_));
    let refusal = match tell(Deed::Scanned(code)) {
        None => return say::ENDED.to_owned(),
        Some(Ok(acted)) => return say::done(&acted),
        Some(Err(refusal)) => refusal,
    };
    let mut told = refused(&refusal);
    let bags = board.view().unconfirmed;
    let mut bags = bags.iter().filter_map(|one| match &one.awaited {
        Awaited::Bag { slot, .. } => Some((*slot, one.case.envelope.as_str())),
        Awaited::Letter { .. } => None,
    });
    if let (true, Some(letter), Some((slot, bag)), None) =
        (is_letter, envelope_of(&refusal), bags.next(), bags.next())
    {
        told.push(' ');
        told.push_str(&say::wrong_item(letter, slot, bag));
    }
    told
}

/// The one key was pressed for what waits longest.
pub(super) fn pressed(step: Step, board: &Board, named: &Named, tell: Tell<'_>) -> String {
    let waiting = board.view().unconfirmed;
    let mut waiting = waiting.iter().filter(|one| is_by_key(one, step));
    let Some(oldest) = waiting.next() else {
        named.was(step, None);
        return say::nothing_waits(step).to_owned();
    };
    let job = oldest.case.job;
    if !named.was(step, Some(job)) {
        return say::oldest(oldest);
    }
    let mut told = match tell(Deed::Pressed { job, step }) {
        None => return say::ENDED.to_owned(),
        Some(Ok(acted)) => say::done(&acted),
        Some(Err(refusal)) => refused(&refusal),
    };
    let next = waiting.next();
    named.was(step, next.map(|next| next.case.job));
    if let Some(next) = next {
        told.push(' ');
        told.push_str(&say::oldest(next));
    }
    told
}

fn is_by_key(one: &Unconfirmed, step: Step) -> bool {
    match &one.awaited {
        Awaited::Bag { by, .. } => step == Step::Bag && *by == Bagging::Key,
        Awaited::Letter { by, doubtful, .. } => {
            step == Step::Deliver && *by == Confirm::Key && !doubtful
        }
    }
}

fn refused(refusal: &Refusal) -> String {
    let complaint = say::refused(refusal, None);
    format!("{} {}", complaint.message, complaint.hint)
}

/// The letter that was scanned and not taken, as far as it is known.
const fn envelope_of(refusal: &Refusal) -> Option<Envelope> {
    match refusal {
        Refusal::Void { envelope, .. } | Refusal::NumberWanted { envelope, .. } => Some(*envelope),
        Refusal::UnknownLetter(_)
        | Refusal::NotTogether(_)
        | Refusal::UnknownBag(_)
        | Refusal::BagNotAwaited { .. }
        | Refusal::NoSuchJob(_)
        | Refusal::NoLetter
        | Refusal::SpoiledAlready
        | Refusal::LetterGone
        | Refusal::Cancelled
        | Refusal::ScanWanted(_)
        | Refusal::NotAwaited(_)
        | Refusal::NotOffered
        | Refusal::InWork(_)
        | Refusal::Fault(_) => None,
    }
}

#[cfg(test)]
mod tests;
