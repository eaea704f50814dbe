//! What a slot's card says: one instruction with a picture, for whom, how far, how long still. Made from the board alone, without
//! a page and without words of any language, so that it can be tried for every way a slot can stand. Never a PIN.

mod instruction;

use crate::app::board::{Case, KeyInSlot, SlotView, View};
use crate::app::station::offers::{self, Offer};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::station::signal::{Question, SlotState};
use crate::face::console::bench::moment::Anchor;
use crate::face::console::bench::text::{Sentence, Text};
use crate::face::prompt::Wanted;
use crate::face::say::clean::clean;
use crate::face::say::slot::Tone;

/// How long a key waits for a touch (CTAP 2.1 §6.1.2: "a timeout of 30 seconds"), in milliseconds.
pub(super) const TOUCH_MS: i64 = 30_000;
/// A long touch may begin at the last moment and lasts ten seconds (CTAP 2.2 §6.4, 0x18).
pub(super) const LONG_TOUCH_MS: i64 = 40_000;

/// What the card shows beside its words. Each is a `<symbol>` of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Picture {
    Insert,
    Lift,
    PutBack,
    Touch,
    Hold,
    Work,
    Wait,
    Pause,
    Ask,
    Pin,
    Wrong,
    Tray,
    Stop,
    Bag,
    Done,
    Idle,
}

impl Picture {
    /// The name of its symbol.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Lift => "lift",
            Self::PutBack => "put-back",
            Self::Touch => "touch",
            Self::Hold => "hold",
            Self::Work => "work",
            Self::Wait => "wait",
            Self::Pause => "pause",
            Self::Ask => "ask",
            Self::Pin => "pin",
            Self::Wrong => "wrong",
            Self::Tray => "tray",
            Self::Stop => "stop",
            Self::Bag => "bag",
            Self::Done => "done",
            Self::Idle => "idle",
        }
    }
}

/// The one thing that a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) tone: Tone,
    pub(super) picture: Picture,
    pub(super) big: Text,
    pub(super) small: Vec<Sentence>,
}

/// For whom the slot works, or whose key comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) person: String,
    pub(super) department: Option<String>,
    /// As it stands on the envelope.
    pub(super) envelope: String,
    /// Nobody has a key in this slot: it will be theirs.
    pub(super) is_next: bool,
}

/// How far a step of the job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Done,
    Now,
    Later,
}

/// A question that a policy left to the operator: two buttons, and what each leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// An answer is one to the question with this number.
    pub(super) number: u64,
    pub(super) yes: Text,
    pub(super) yes_means: Text,
    pub(super) no: Text,
    pub(super) no_means: Text,
}

/// One slot's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) slot: u16,
    pub(super) job: Option<JobId>,
    pub(super) says: Instruction,
    pub(super) who: Option<Who>,
    pub(super) steps: Vec<(Step, Reached)>,
    /// When the touch window ends, and how long it is: milliseconds.
    pub(super) touch: Option<(i64, i64)>,
    /// Since when it stands as it does, where somebody may want to know: milliseconds.
    pub(super) since: Option<i64>,
    pub(super) key: Option<KeyInSlot>,
    pub(super) asked: Option<Asked>,
    /// The PIN that the key has now is typed here, under the number of the question.
    pub(super) asks_pin: Option<u64>,
    /// The key lies in its bag: one button says so.
    pub(super) bags_by_key: bool,
    pub(super) offers: &'static [Offer],
    /// Who called for the supervisor.
    pub(super) call: Option<String>,
}

/// What a card is made from.
pub(super) struct Scene<'a> {
    pub(super) view: &'a View,
    pub(super) anchor: Anchor,
    /// The slots at which somebody is to type a PIN.
    pub(super) pins: &'a [Wanted],
}

impl Scene<'_> {
    /// The card of `slot`; one that no key was ever in is empty.
    pub(super) fn card(&self, slot: Slot) -> Card {
        let shown = self.view.slots.get(&slot);
        let state = shown.map_or(&SlotState::Empty, |shown| &shown.state);
        let case = shown.and_then(|shown| shown.case.as_ref());
        let wanted = self.pins.iter().find(|wanted| wanted.slot == slot);
        let asks_pin = wanted.map(|wanted| wanted.asked);
        let next = self.view.upcoming.first();
        let free = matches!(state, SlotState::Empty);
        let who = case
            .map(|case| who(case, false))
            .or_else(|| next.filter(|_| free).map(|case| who(case, true)));
        let touch = shown.and_then(|shown| self.touch(shown));
        let works = matches!(
            state,
            SlotState::Working { .. } | SlotState::AwaitingService { .. }
        );
        let case_or_next = case.or_else(|| next.filter(|_| free));
        Card {
            slot: slot.0,
            job: case_or_next.map(|case| case.job),
            says: instruction::of(self.view, state, shown, asks_pin.is_some()),
            who,
            steps: self.steps(slot, state, shown),
            touch,
            since: shown
                .filter(|_| works && touch.is_none())
                .map(|shown| self.anchor.ms(shown.since)),
            key: self.view.keys.get(&slot).cloned(),
            asked: asked(state, case),
            asks_pin,
            bags_by_key: case.is_some_and(|case| offers::is_bagged_by_key(state, case.bag)),
            offers: offers::of_card(state, case_or_next.is_some()),
            call: self.view.calls.get(&Some(slot)).map(|call| by(&call.by)),
        }
    }

    fn touch(&self, shown: &SlotView) -> Option<(i64, i64)> {
        let since = shown.touch_since.filter(|_| shown.touch)?;
        let length = if shown.long_touch {
            LONG_TOUCH_MS
        } else {
            TOUCH_MS
        };
        Some((self.anchor.ms(since).saturating_add(length), length))
    }

    /// How far the job's steps are; nothing before its plan is known.
    fn steps(
        &self,
        slot: Slot,
        state: &SlotState,
        shown: Option<&SlotView>,
    ) -> Vec<(Step, Reached)> {
        let plan = self.view.plans.get(&slot);
        let (Some(plan), Some(shown)) = (plan, shown.filter(|shown| shown.case.is_some())) else {
            return Vec::new();
        };
        let now = match state {
            SlotState::Done { .. } => Some(plan.len()),
            // What is left of it needs no key.
            SlotState::KeyDone { .. } | SlotState::Bagging { .. } => plan
                .iter()
                .position(|step| matches!(step, Step::Bag | Step::Deliver)),
            SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Working { .. }
            | SlotState::WantsBack { .. }
            | SlotState::Asking { .. }
            | SlotState::AwaitingOptions { .. }
            | SlotState::AwaitingService { .. }
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::NoJob => shown
                .step
                .and_then(|now| plan.iter().position(|step| *step == now)),
        };
        plan.iter()
            .enumerate()
            .map(|(at, step)| {
                let reached = match now.map(|now| at.cmp(&now)) {
                    Some(std::cmp::Ordering::Less) => Reached::Done,
                    Some(std::cmp::Ordering::Equal) => Reached::Now,
                    Some(std::cmp::Ordering::Greater) | None => Reached::Later,
                };
                (*step, reached)
            })
            .collect()
    }
}

/// Whoever is signed in stands in the journal with where from.
pub(super) fn by(actor: &str) -> String {
    clean(actor.strip_prefix("console:").unwrap_or(actor))
}

fn who(case: &Case, is_next: bool) -> Who {
    Who {
        person: clean(&case.person),
        department: case.department.as_deref().map(clean),
        envelope: clean(&case.envelope),
        is_next,
    }
}

fn asked(state: &SlotState, case: Option<&Case>) -> Option<Asked> {
    let SlotState::Asking {
        question,
        asked: number,
        ..
    } = state
    else {
        return None;
    };
    let number = *number;
    let person = case.map_or_else(String::new, |case| clean(&case.person));
    Some(match question {
        Question::WipeUsedKey => Asked {
            number,
            yes: Text::plain("bench.wipe.yes"),
            yes_means: Text::with("bench.wipe.yes_means", "person", person),
            no: Text::plain("bench.wipe.no"),
            no_means: Text::plain("bench.wipe.no_means"),
        },
        Question::TakeCards { batch } => Asked {
            number,
            yes: Text::plain("bench.cards.yes"),
            yes_means: Text::with("bench.cards.yes_means", "batch", clean(&batch.0)),
            no: Text::plain("bench.cards.no"),
            no_means: Text::plain("bench.cards.no_means"),
        },
    })
}

#[cfg(test)]
mod tests;
