//! What the operator reads, for every way a slot can stand.

use std::fmt::Write as _;
use std::time::Instant;

use expect_test::expect_file;

use super::*;
use crate::app::world::stage::case;
use crate::domain::event::Step;
use crate::domain::job::{BatchName, JobId};

const JOB: JobId = JobId(42);

fn view(state: SlotState, step: Option<Step>, touch: bool) -> SlotView {
    let someone = !matches!(
        state,
        SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Refused { .. }
            | SlotState::NoJob
    );
    SlotView {
        state,
        case: someone.then(|| case("Anna Lang")),
        step,
        touch,
        touch_since: None,
        long_touch: false,
        since: Instant::now(),
    }
}

fn long_touch() -> SlotView {
    let state = SlotState::Working { job: JOB };
    SlotView {
        long_touch: true,
        ..view(state, Some(Step::Reset), true)
    }
}

fn bos() -> Fault {
    Fault::KeyEnrolledFor {
        holder: "Bo Berg".to_owned(),
        envelope: "0042".to_owned(),
    }
}

fn asking(question: Question) -> SlotState {
    SlotState::Asking {
        job: JOB,
        question,
        asked: 1,
    }
}

fn states() -> Vec<SlotView> {
    let unreachable = || Fault::Unreachable {
        what: "connection refused".to_owned(),
    };
    let back = |fault, key_in| {
        let state = SlotState::WantsBack {
            job: JOB,
            fault,
            key_in,
        };
        view(state, None, false)
    };
    let waits = |fault| view(SlotState::AwaitingService { job: JOB, fault }, None, false);
    let held = |fault| view(SlotState::Held { job: JOB, fault }, None, false);
    let refused = |fault| view(SlotState::Refused { fault }, None, false);
    let asks = |question| view(asking(question), None, false);
    let works = |step, touch| view(SlotState::Working { job: JOB }, step, touch);
    vec![
        view(SlotState::Empty, None, false),
        view(SlotState::LiftFirst, None, false),
        view(SlotState::Reading, None, false),
        works(None, false),
        works(Some(Step::Reset), true),
        long_touch(),
        works(Some(Step::Reset), false),
        works(Some(Step::SetPin), false),
        works(Some(Step::MakeCredential), true),
        works(Some(Step::MakeCredential), false),
        works(Some(Step::Register), false),
        works(Some(Step::Configure), false),
        works(Some(Step::ChangePin), false),
        works(Some(Step::Deliver), false),
        works(None, true),
        back(Fault::ResetTooLate, true),
        back(Fault::KeyMute, true),
        back(Fault::KeyGone, false),
        back(Fault::WrongKey, true),
        back(bos(), true),
        back(unreachable(), false),
        asks(Question::WipeUsedKey),
        asks(Question::TakeCards {
            batch: BatchName("onboarding".to_owned()),
        }),
        view(SlotState::AwaitingOptions { job: JOB }, None, false),
        waits(unreachable()),
        waits(Fault::Throttled { seconds: 30 }),
        waits(Fault::SignIn {
            what: "the client secret has expired".to_owned(),
        }),
        waits(Fault::Clock { seconds: 400 }),
        refused(Fault::KeyHoldsPasskey),
        refused(Fault::KeyGone),
        held(Fault::RegistrationUncertain),
        held(Fault::PasskeyRefused {
            why: Box::new(Fault::UserUnknown {
                request_id: "4f7a1c52".to_owned(),
                code: String::new(),
                message: String::new(),
            }),
        }),
        view(SlotState::Done { job: JOB }, None, false),
        view(SlotState::KeyDone { job: JOB }, None, false),
        bag(InSlot::Own, Bagging::Scan),
        bag(InSlot::Own, Bagging::Key),
        bag(InSlot::Nothing, Bagging::Scan),
        bag(InSlot::Nothing, Bagging::Key),
        bag(InSlot::Next, Bagging::Scan),
        bag(InSlot::Next, Bagging::Key),
        view(SlotState::NoJob, None, false),
    ]
}

/// A slot whose last key goes into its bag.
fn bag(lies: InSlot, by: Bagging) -> SlotView {
    let state = SlotState::Bagging { job: JOB, lies };
    let case = Case {
        bag: by,
        ..case("Anna Lang")
    };
    SlotView {
        case: Some(case),
        ..view(state, None, false)
    }
}

#[test]
fn a_slot_says_one_thing_in_big_words() {
    let mut text = String::new();
    for view in states() {
        let words = words(Slot(3), &view);
        assert!(words.big.chars().count() <= 22, "{}", words.big);
        let _ = writeln!(
            text,
            "{:?}: {}\n    {}",
            words.tone,
            words.big.to_uppercase(),
            words.small
        );
    }
    expect_file!["words.txt"].assert_eq(&text);
}

#[test]
fn a_slot_that_asks_says_exactly_what_to_type() {
    for (question, answer) in [
        (Question::WipeUsedKey, "wipe 3"),
        (
            Question::TakeCards {
                batch: BatchName("x".to_owned()),
            },
            "take 3",
        ),
    ] {
        let state = asking(question);
        let words = words(Slot(3), &view(state, None, false));
        assert_eq!(words.big, format!("type: {answer}"));
        assert!(words.small.contains(&format!("`{answer}`")));
    }
}
