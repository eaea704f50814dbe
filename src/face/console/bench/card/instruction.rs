//! The one instruction for each way a slot can stand: what to do now in a few words, one sentence why, and its picture.

use crate::app::board::{Case, SlotView, View};
use crate::domain::event::Step;
use crate::domain::fault::{Fault, Move};
use crate::domain::paper::Bagging;
use crate::domain::station::signal::{InSlot, Question, SlotState};
use crate::face::console::bench::card::{Instruction, Picture};
use crate::face::console::bench::text::{Sentence, Text};
use crate::face::console::faults;
use crate::face::say::clean::clean;
use crate::face::say::slot::Tone;

/// What a slot in this state says.
pub(super) fn of(
    view: &View,
    state: &SlotState,
    shown: Option<&SlotView>,
    asks_pin: bool,
) -> Instruction {
    let case = shown.and_then(|shown| shown.case.as_ref());
    match state {
        // Whatever else the slot is at, it waits for this.
        _ if asks_pin => says(Tone::Act, Picture::Pin, "pin").why(person(case)),
        SlotState::Empty => empty(view),
        SlotState::LiftFirst => says(Tone::Act, Picture::Lift, "lift_first").plain(),
        SlotState::Reading => says(Tone::Works, Picture::Work, "reading").plain(),
        SlotState::Working { .. } => working(shown),
        SlotState::WantsBack { fault, key_in, .. } => wants_back(fault, *key_in, case),
        SlotState::Asking { question, .. } => asking(question, case),
        SlotState::AwaitingOptions { .. } => says(Tone::Waits, Picture::Wait, "options").plain(),
        SlotState::AwaitingService { fault, .. } => {
            says(Tone::Waits, Picture::Wait, awaited(fault)).fault(fault)
        }
        SlotState::Refused { fault } if fault.whose_move() == Move::PutBack => {
            says(Tone::Stop, Picture::Lift, "unreadable").fault(fault)
        }
        SlotState::Refused { fault } => says(Tone::Stop, Picture::Tray, "refused").fault(fault),
        SlotState::Held { fault, .. } => {
            let mut said = says(Tone::Stop, Picture::Stop, "held").of("envelope", envelope(case));
            said.small.extend(faults::said(fault));
            if matches!(fault, Fault::PasskeyRefused { .. }) {
                said.small
                    .push(Sentence::Ours(Text::plain("bench.held.released")));
            }
            said
        }
        SlotState::Done { .. } => done(case),
        SlotState::KeyDone { .. } => says(Tone::Act, Picture::Lift, "key_done").why(person(case)),
        SlotState::Bagging { lies, .. } => bagging(*lies, case),
        SlotState::NoJob if view.paused => says(Tone::Waits, Picture::Pause, "paused").plain(),
        SlotState::NoJob => says(Tone::Free, Picture::Idle, "no_job").plain(),
    }
}

fn empty(view: &View) -> Instruction {
    match (view.paused, view.upcoming.is_empty()) {
        (true, _) => says(Tone::Waits, Picture::Pause, "paused").plain(),
        (false, false) => says(Tone::Free, Picture::Insert, "insert").plain(),
        (false, true) => says(Tone::Free, Picture::Idle, "nobody").plain(),
    }
}

fn working(shown: Option<&SlotView>) -> Instruction {
    let step = shown.and_then(|shown| shown.step);
    let touch = shown.is_some_and(|shown| shown.touch);
    let long = shown.is_some_and(|shown| shown.long_touch);
    if touch {
        let why = match step {
            Some(Step::Reset) => "bench.touch.reset",
            Some(Step::MakeCredential) => "bench.touch.passkey",
            Some(
                Step::SetPin
                | Step::Register
                | Step::Configure
                | Step::ChangePin
                | Step::Bag
                | Step::Deliver,
            )
            | None => "bench.touch.waits",
        };
        let (picture, key) = if long {
            (Picture::Hold, "hold")
        } else {
            (Picture::Touch, "touch")
        };
        let mut said = says(Tone::Act, picture, key).bare();
        if long {
            let hold = Text::built(key, "small");
            said.small.push(Sentence::Ours(hold));
        }
        said.small.push(Sentence::Ours(Text::plain(why)));
        return said;
    }
    let mut said = says(Tone::Works, Picture::Work, "works").bare();
    let doing = doing(step);
    said.small.push(Sentence::Ours(Text::plain(doing)));
    said
}

/// The key of what the station is doing.
const fn doing(step: Option<Step>) -> &'static str {
    match step {
        None => "bench.doing.recognise",
        Some(Step::Reset) => "bench.doing.reset",
        Some(Step::SetPin) => "bench.doing.set_pin",
        Some(Step::MakeCredential) => "bench.doing.make_credential",
        Some(Step::Register) => "bench.doing.register",
        Some(Step::Configure) => "bench.doing.configure",
        Some(Step::ChangePin) => "bench.doing.change_pin",
        Some(Step::Bag) => "bench.doing.bag",
        Some(Step::Deliver) => "bench.doing.deliver",
    }
}

fn wants_back(fault: &Fault, key_in: bool, case: Option<&Case>) -> Instruction {
    match (fault, key_in) {
        (
            Fault::WrongKey
            | Fault::WrongSerial { .. }
            | Fault::KeyEnrolledFor { .. }
            | Fault::KeyRetired { .. },
            true,
        ) => {
            let mut said = says(Tone::Act, Picture::Wrong, "wrong_key").why(person(case));
            said.small.extend(faults::said(fault));
            said
        }
        (_, true) => {
            let mut said = says(Tone::Act, Picture::PutBack, "lift_and_put_back").bare();
            said.small.extend(faults::said(fault));
            said
        }
        (_, false) => says(Tone::Act, Picture::Insert, "put_back").why(person(case)),
    }
}

fn asking(question: &Question, case: Option<&Case>) -> Instruction {
    match question {
        Question::WipeUsedKey => says(Tone::Act, Picture::Ask, "wipe").why(person(case)),
        Question::TakeCards { batch } => {
            says(Tone::Act, Picture::Ask, "cards").of("batch", clean(&batch.0))
        }
    }
}

/// What the slot waits for. Whatever is none of these is the service's doing.
const fn awaited(fault: &Fault) -> &'static str {
    if matches!(fault, Fault::Unreachable { .. }) {
        "wait_network"
    } else if matches!(fault, Fault::SignIn { .. }) {
        "wait_sign_in"
    } else if matches!(fault, Fault::Clock { .. }) {
        "wait_clock"
    } else {
        "wait_entra"
    }
}

fn done(case: Option<&Case>) -> Instruction {
    let mut said = says(Tone::Done, Picture::Done, "done").why(person(case));
    let key = match case.map(|case| case.bag) {
        Some(Bagging::Scan | Bagging::Key) => "bench.done.bag",
        Some(Bagging::None) | None => "bench.done.envelope",
    };
    said.big = Text::with(key, "envelope", envelope(case));
    said
}

/// The slot takes no next key before this one's bag is confirmed.
fn bagging(lies: InSlot, case: Option<&Case>) -> Instruction {
    let by_key = case.is_some_and(|case| case.bag == Bagging::Key);
    let why = match (lies, by_key) {
        (InSlot::Own, true) => "bench.bag.own_key",
        (InSlot::Own, false) => "bench.bag.own_scan",
        (InSlot::Nothing, true) => "bench.bag.nothing_key",
        (InSlot::Nothing, false) => "bench.bag.nothing_scan",
        (InSlot::Next, true) => "bench.bag.next_key",
        (InSlot::Next, false) => "bench.bag.next_scan",
    };
    let big = match lies {
        InSlot::Own | InSlot::Nothing => "bench.bag.into",
        InSlot::Next => "bench.bag.first",
    };
    Instruction {
        tone: Tone::Act,
        picture: Picture::Bag,
        big: Text::with(big, "envelope", envelope(case)),
        small: vec![Sentence::Ours(Text::plain(why))],
    }
}

fn person(case: Option<&Case>) -> String {
    case.map_or_else(|| "…".to_owned(), |case| clean(&case.person))
}

fn envelope(case: Option<&Case>) -> String {
    case.map_or_else(|| "…".to_owned(), |case| clean(&case.envelope))
}

/// An instruction whose texts are `bench.KEY.big` and `bench.KEY.small`.
struct Draft {
    tone: Tone,
    picture: Picture,
    key: &'static str,
}

const fn says(tone: Tone, picture: Picture, key: &'static str) -> Draft {
    Draft { tone, picture, key }
}

impl Draft {
    /// Without a sentence of its own.
    fn bare(self) -> Instruction {
        Instruction {
            tone: self.tone,
            picture: self.picture,
            big: Text::built(self.key, "big"),
            small: Vec::new(),
        }
    }

    fn plain(self) -> Instruction {
        let small = Text::built(self.key, "small");
        let mut said = self.bare();
        said.small.push(Sentence::Ours(small));
        said
    }

    /// Its sentence names something.
    fn of(self, name: &'static str, value: String) -> Instruction {
        let small = Text::built(self.key, "small").and(name, value);
        let mut said = self.bare();
        said.small.push(Sentence::Ours(small));
        said
    }

    /// Its sentence names the person.
    fn why(self, person: String) -> Instruction {
        self.of("person", person)
    }

    /// What went wrong comes first.
    fn fault(self, fault: &Fault) -> Instruction {
        let small = Text::built(self.key, "small");
        let mut said = self.bare();
        said.small.extend(faults::said(fault));
        said.small.push(Sentence::Ours(small));
        said
    }
}
