//! What the cards and letters of the bench offer to be done by hand. The faces show nothing else, and the loop does nothing else
//! for whoever stands at the bench: a browser may send anything. Made from the board alone; nothing is done here.

use serde::{Deserialize, Serialize};

use crate::app::admin::{Change, Changed, Unchanged};
use crate::app::board::{Awaited, View};
use crate::app::trail::{Acted, Deed, Refusal};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::station::signal::SlotState;

/// Why a job is on hold that was skipped.
const SKIPPED: &str = "skipped at the bench";
/// Why a letter is void that was called spoiled.
const SPOILED: &str = "spoiled, said at the bench";
/// Why a letter is made anew that nobody found.
const NOT_FOUND: &str = "not found at the printer, said at the bench";

/// What somebody at the bench may do by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// Held until an administrator releases it; the next person comes first.
    Skip,
    /// This key is the wrong one: begin anew with another.
    Another,
    /// Given up for good.
    Cancel,
    /// The key lies in its bag, where the policy takes one button for it.
    Bagged,
    /// The letter came out and is good, where the policy takes one button for it.
    Good,
    /// The letter lies there and is torn or misprinted: it is void.
    Spoiled,
    /// Nobody finds the letter: the same key gets a new PIN and a new letter.
    Reissue,
}

/// One thing that is offered, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// The slot whose card offers it; `None`: the letter does.
    pub slot: Option<Slot>,
    pub job: JobId,
    pub offer: Offer,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "whoever stands at the bench wants to know"]
pub enum AtBench {
    Changed(Result<Changed, Unchanged>),
    Acted(Result<Acted, Refusal>),
}

/// What an offer comes to.
pub(super) enum ByHand {
    Change(Change),
    Deed(Deed),
}

impl Offered {
    /// Whether the bench offers this as the board stands.
    pub fn stands(&self, view: &View) -> bool {
        match self.slot {
            Some(slot) => self.stands_on_card(view, slot),
            None => view
                .unconfirmed
                .iter()
                .filter(|one| one.case.job == self.job)
                .any(|one| of_letter(&one.awaited).contains(&self.offer)),
        }
    }

    fn stands_on_card(&self, view: &View, slot: Slot) -> bool {
        let shown = view.slots.get(&slot);
        let state = shown.map_or(&SlotState::Empty, |shown| &shown.state);
        let case = match shown.and_then(|shown| shown.case.as_ref()) {
            None if *state == SlotState::Empty => view.upcoming.first(),
            case => case,
        };
        case.is_some_and(|case| {
            let bags = is_bagged_by_key(state, case.bag) && self.offer == Offer::Bagged;
            case.job == self.job && (bags || of_card(state, true).contains(&self.offer))
        })
    }

    pub(super) fn wish(&self) -> ByHand {
        let job = self.job;
        let reason = |why: &str| why.to_owned();
        match self.offer {
            Offer::Skip => ByHand::Change(Change::Hold {
                reason: reason(SKIPPED),
            }),
            Offer::Another => ByHand::Change(Change::Retry),
            Offer::Cancel => ByHand::Change(Change::Cancel),
            Offer::Reissue => ByHand::Change(Change::Reissue {
                reason: reason(NOT_FOUND),
            }),
            Offer::Bagged => ByHand::Deed(Deed::Pressed {
                job,
                step: Step::Bag,
            }),
            Offer::Good => ByHand::Deed(Deed::Pressed {
                job,
                step: Step::Deliver,
            }),
            Offer::Spoiled => ByHand::Deed(Deed::Spoiled {
                job,
                reason: reason(SPOILED),
                sheet: None,
            }),
        }
    }
}

/// What a slot's card offers; `somebody`: the slot is about somebody, or somebody comes next. A job at work is only given up;
/// whatever else would surprise its run. A key that begun waits for the service is still undone by taking another one.
pub fn of_card(state: &SlotState, somebody: bool) -> &'static [Offer] {
    match state {
        SlotState::Empty if somebody => &[Offer::Skip],
        SlotState::Working { .. } => &[Offer::Cancel],
        SlotState::WantsBack { .. } | SlotState::AwaitingService { .. } => {
            &[Offer::Another, Offer::Skip, Offer::Cancel]
        }
        SlotState::Asking { .. } | SlotState::AwaitingOptions { .. } => {
            &[Offer::Skip, Offer::Cancel]
        }
        SlotState::Empty
        | SlotState::LiftFirst
        | SlotState::Reading
        | SlotState::Refused { .. }
        | SlotState::Held { .. }
        | SlotState::Done { .. }
        | SlotState::KeyDone { .. }
        | SlotState::Bagging { .. }
        | SlotState::NoJob => &[],
    }
}

/// Whether one button of the card says that the key lies in its bag.
pub fn is_bagged_by_key(state: &SlotState, bag: Bagging) -> bool {
    matches!(state, SlotState::Bagging { .. }) && bag == Bagging::Key
}

/// What a letter that waits for a word offers; a bag is asked for at its slot.
pub fn of_letter(awaited: &Awaited) -> &'static [Offer] {
    match awaited {
        Awaited::Bag { .. } => &[],
        // One key says nothing of a sheet that nobody has found.
        Awaited::Letter { doubtful: true, .. } => &[Offer::Reissue],
        Awaited::Letter {
            by: Confirm::Key, ..
        } => &[Offer::Good, Offer::Spoiled],
        Awaited::Letter {
            by: Confirm::Scan | Confirm::Device,
            ..
        } => &[Offer::Spoiled],
    }
}

#[cfg(test)]
mod tests;
