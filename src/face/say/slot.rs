//! What the operator is to do at a slot: one thing, in big words, and one line that says why.

use crate::app::board::{Case, SlotView};
use crate::domain::authenticator::Slot;
use crate::domain::fault::{Fault, Move};
use crate::domain::paper::Bagging;
use crate::domain::station::signal::{InSlot, Question, SlotState};
use crate::face::say::clean::clean;
use crate::face::say::{fault, steps};

/// Whose move it is. Faces may give it a colour; the words say it all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The slot is free.
    Free,
    /// The station works; the key stays.
    Works,
    /// The operator has to do something now.
    Act,
    /// The station waits for somebody who is not at the bench.
    Waits,
    /// Something is wrong with this key or job.
    Stop,
    Done,
}

/// What a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub tone: Tone,
    /// A few words, to be shown big.
    pub big: String,
    /// One sentence or more; may be empty.
    pub small: String,
}

/// What `slot` says to the operator.
pub fn words(slot: Slot, view: &SlotView) -> Words {
    let case = view.case.as_ref();
    match &view.state {
        SlotState::Empty => say(Tone::Free, "insert a key", ""),
        SlotState::LiftFirst => say(
            Tone::Act,
            "lift this key",
            "Only a key that is put in now counts. Put it back to have it looked at.",
        ),
        SlotState::Reading => say(
            Tone::Works,
            "leave it in",
            "The station is reading the key.",
        ),
        SlotState::Working { .. } => working(view),
        SlotState::WantsBack { fault, key_in, .. } => wants_back(fault, *key_in, case),
        SlotState::Asking { question, .. } => asking(slot, question, case),
        SlotState::AwaitingOptions { .. } => say(
            Tone::Waits,
            "wait: Entra",
            "The key is good and untouched. It starts by itself when Entra is ready for it.",
        ),
        SlotState::AwaitingService { fault, .. } => Words {
            tone: Tone::Waits,
            big: format!("wait: {}", awaited(fault)),
            small: format!(
                "Leave the key in: it goes on by itself. {}",
                fault::message(fault)
            ),
        },
        SlotState::Refused { fault } => refused(fault),
        SlotState::Held { fault, .. } => Words {
            tone: Tone::Stop,
            big: "lay this key aside".to_owned(),
            small: format!(
                "Keep it with {}: the administrator has to decide. {}{}",
                envelope(case),
                fault::message(fault),
                after_release(fault)
            ),
        },
        SlotState::Done { .. } => Words {
            tone: Tone::Done,
            big: format!("done: {}", envelope(case)),
            small: format!("Lift the key; it belongs to {}.", person(case)),
        },
        SlotState::KeyDone { .. } => Words {
            tone: Tone::Act,
            big: "lift the key".to_owned(),
            small: format!(
                "Everything is on the key for {}. Its letter follows.",
                person(case)
            ),
        },
        SlotState::Bagging { lies, .. } => bagging(*lies, case),
        SlotState::NoJob => say(
            Tone::Free,
            "nothing to do",
            "No job waits for a key. Lift this one, and drop a job file into the queue.",
        ),
    }
}

/// The word that the operator types when the slot asks this.
pub fn answer(slot: Slot, question: &Question) -> String {
    match question {
        Question::WipeUsedKey => format!("wipe {}", slot.0),
        Question::TakeCards { .. } => format!("take {}", slot.0),
    }
}

/// The person a slot works for, or what stands for them.
pub fn person(case: Option<&Case>) -> String {
    case.map_or_else(|| "nobody yet".to_owned(), |case| clean(&case.person))
}

/// The number on whatever the key of this case goes into: its bag, or the envelope.
pub fn number(case: &Case) -> String {
    let number = clean(&case.envelope);
    if case.bag != Bagging::None {
        format!("bag B-{number}")
    } else {
        format!("envelope {number}")
    }
}

fn envelope(case: Option<&Case>) -> String {
    case.map_or_else(
        || "its envelope".to_owned(),
        |case| format!("envelope {}", clean(&case.envelope)),
    )
}

/// What becomes of a key whose passkey came to nothing.
const fn after_release(fault: &Fault) -> &'static str {
    if matches!(fault, Fault::PasskeyRefused { .. }) {
        " Once the job is released, put this very key back: it is enrolled anew."
    } else {
        ""
    }
}

fn say(tone: Tone, big: &str, small: &str) -> Words {
    Words {
        tone,
        big: big.to_owned(),
        small: small.to_owned(),
    }
}

fn working(view: &SlotView) -> Words {
    if view.touch {
        let why = steps::touch(view.step);
        return if view.long_touch {
            Words {
                tone: Tone::Act,
                big: "touch and hold".to_owned(),
                small: format!(
                    "The light blinks: {why}. Keep the finger on it for ten seconds, until this slot says something else."
                ),
            }
        } else {
            Words {
                tone: Tone::Act,
                big: "touch the key".to_owned(),
                small: format!("The light blinks: {why}."),
            }
        };
    }
    let doing = view.step.map_or("recognising the key", steps::doing);
    Words {
        tone: Tone::Works,
        big: "leave it in".to_owned(),
        small: format!("The station is {doing}."),
    }
}

/// The slot takes no next key before this one's bag is confirmed. Who it is for, and the number of the bag, stand beside it.
fn bagging(lies: InSlot, case: Option<&Case>) -> Words {
    let bag = case.map_or_else(|| "its bag".to_owned(), number);
    let confirm = match case.map(|case| case.bag) {
        Some(Bagging::Key) => "then type `b` and Enter",
        Some(Bagging::Scan | Bagging::None) | None => "then scan the bag's label",
    };
    let (big, small) = match lies {
        InSlot::Own => (
            format!("key into {bag}"),
            format!("Lift the key, put it into its bag, {confirm}."),
        ),
        InSlot::Nothing => (
            format!("key into {bag}"),
            format!("Put the key into its bag, {confirm}. The next key comes after that."),
        ),
        InSlot::Next => (
            format!("first {bag}"),
            format!(
                "Lift what lies here: it is not looked at yet. First the key from before goes into its bag, {confirm}."
            ),
        ),
    };
    Words {
        tone: Tone::Act,
        big,
        small,
    }
}

fn refused(fault: &Fault) -> Words {
    // A key that could not be read through need not be a bad one: its contact may have been.
    let (big, then) = if fault.whose_move() == Move::PutBack {
        (
            "lift this key",
            "Put it back; if this happens again, lay it aside and take another.",
        )
    } else {
        ("lay this key aside", "Then take another key.")
    };
    Words {
        tone: Tone::Stop,
        big: big.to_owned(),
        small: format!("{} {then}", fault::message(fault)),
    }
}

fn wants_back(fault: &Fault, key_in: bool, case: Option<&Case>) -> Words {
    let own = format!("It is the key for {}, {}.", person(case), envelope(case));
    let (big, small) = match (fault, key_in) {
        (
            Fault::WrongKey
            | Fault::WrongSerial { .. }
            | Fault::KeyEnrolledFor { .. }
            | Fault::KeyRetired { .. },
            true,
        ) => (
            "wrong key: lift it",
            format!(
                "{} Put back the one for {}.",
                fault::message(fault),
                person(case)
            ),
        ),
        (_, true) => (
            "lift and put back",
            format!("{} {}", fault::message(fault), fault::hint(fault)),
        ),
        (_, false) => ("put the key back", own),
    };
    Words {
        tone: Tone::Act,
        big: big.to_owned(),
        small,
    }
}

fn asking(slot: Slot, question: &Question, case: Option<&Case>) -> Words {
    let answer = answer(slot, question);
    let small = match question {
        Question::WipeUsedKey => format!(
            "Somebody has used this key: it has a PIN. To wipe it for {}, type `{answer}` and Enter; what is on it is then lost. To keep it, lift it.",
            person(case)
        ),
        Question::TakeCards { batch } => format!(
            "A card on a reader is wiped without a touch. To take cards for the batch {}, type `{answer}` and Enter. Otherwise lift it.",
            clean(&batch.0)
        ),
    };
    Words {
        tone: Tone::Act,
        big: format!("type: {answer}"),
        small,
    }
}

/// What the slot waits for, in one word. Whatever else makes it wait is the service's doing.
const fn awaited(fault: &Fault) -> &'static str {
    if matches!(fault, Fault::Unreachable { .. }) {
        "network"
    } else if matches!(fault, Fault::SignIn { .. }) {
        "sign-in"
    } else if matches!(fault, Fault::Clock { .. }) {
        "clock"
    } else {
        "Entra"
    }
}

#[cfg(test)]
mod tests;
