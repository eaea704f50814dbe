//! Events in any order.

use proptest::prelude::*;

use super::*;

fn steps() -> impl Strategy<Value = Step> {
    prop::sample::select([&ALL[..], &[Step::ChangePin]].concat())
}

fn restarts() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::ChangePin,
    ])
}

/// What may happen next by chance; about half of it follows.
#[derive(Clone, Debug)]
enum Turn {
    Any(Event),
    /// The step that is due, with this fact: 0 started, 1 done, 2 not done.
    Due(u8),
    Begin,
    Reissue,
    Abandon(Step),
    /// Somebody bags, the printer says something, somebody spoils or sends away.
    Paper(u8),
}

fn turns() -> impl Strategy<Value = Turn> {
    let attempt = 0..4_u32;
    let any = prop_oneof![
        (attempt.clone(), steps()).prop_map(|(attempt, step)| started(attempt, step)),
        (attempt.clone(), steps()).prop_map(|(attempt, step)| done(attempt, step)),
        (attempt.clone(), steps()).prop_map(|(attempt, step)| not_done(attempt, step)),
        attempt.clone().prop_map(|attempt| began(attempt, &ALL)),
        attempt.clone().prop_map(held),
        attempt
            .clone()
            .prop_map(|attempt| event(attempt, Happening::Released)),
        (attempt.clone(), restarts())
            .prop_map(|(attempt, restart)| abandoned(attempt, restart, None)),
        attempt
            .clone()
            .prop_map(|attempt| event(attempt, Happening::Cancelled { credential: None })),
        attempt.prop_map(|attempt| event(
            attempt,
            Happening::Rebound {
                binding: binding("32070002")
            }
        )),
    ];
    prop_oneof![
        2 => any.prop_map(Turn::Any),
        12 => (0..3_u8).prop_map(Turn::Due),
        3 => Just(Turn::Begin),
        2 => Just(Turn::Reissue),
        1 => restarts().prop_map(Turn::Abandon),
        4 => (0..8_u8).prop_map(Turn::Paper),
    ]
}

fn event_of(turn: Turn, state: &Enrollment) -> Event {
    let attempt = state.attempt().0;
    let due = state.current().unwrap_or(Step::Reset);
    match turn {
        Turn::Any(event) => event,
        Turn::Due(0) => started(attempt, due),
        Turn::Due(1) => done(attempt, due),
        Turn::Due(_) => not_done(attempt, due),
        Turn::Begin if state.is_reissue() => began(attempt + 1, &[Step::ChangePin, Step::Deliver]),
        Turn::Begin if attempt % 2 == 1 => began(attempt + 1, &ALL),
        Turn::Begin => began(attempt + 1, &paper::WITH_BAG),
        Turn::Reissue => reissue::reissued(attempt),
        Turn::Paper(0) => event(attempt, Happening::Bagged),
        Turn::Paper(one @ 1..4) => {
            let [accepted, on_paper, unknown] = paper::sheets();
            let sheet = match one {
                1 => accepted,
                2 => on_paper,
                _ => unknown,
            };
            paper::printed(attempt, sheet)
        }
        Turn::Paper(4) => paper::spoiled(attempt),
        Turn::Paper(5) => paper::left(attempt, Leaving::LetterEnveloped),
        Turn::Paper(6) => paper::left(attempt, Leaving::BagDispatched),
        Turn::Paper(_) => paper::left(attempt, Leaving::LetterDispatched),
        Turn::Abandon(restart) => abandoned(attempt, restart, state.left_behind()),
    }
}

fn check_pins(before: &Enrollment, event: &Event, after: &Enrollment) -> Result<(), TestCaseError> {
    // The PIN that may be on the key is forgotten by a reset alone, and changed by the intent to set one alone.
    let sets = matches!(
        event.happening,
        Happening::Started {
            step: Step::SetPin | Step::ChangePin,
            ..
        }
    );
    let wipes = matches!(
        event.happening,
        Happening::Done {
            step: Step::Reset,
            ..
        } | Happening::Abandoned {
            restart: Step::Reset,
            ..
        }
    );
    let unchanged = matches!(
        event.happening,
        Happening::NotDone {
            step: Step::ChangePin,
            ..
        }
    );
    if sets {
        prop_assert_eq!(after.pin_of(), Some(after.attempt()));
        prop_assert!(after.has_sealed());
    } else if unchanged {
        prop_assert_eq!(after.pin_of(), before.pin_before());
    } else if wipes {
        prop_assert_eq!(after.pin_of(), None);
    } else {
        prop_assert_eq!(before.pin_of(), after.pin_of());
    }
    // Two PINs may be on the key only while their change is in doubt.
    let in_doubt = after.intent().is_some() && after.current() == Some(Step::ChangePin);
    let over_with = after.standing() == Standing::Cancelled;
    prop_assert!(over_with || after.pin_before().is_some() == in_doubt);
    Ok(())
}

/// What is void stays void, what nobody knows stays unknown, and nothing leaves that is not done.
fn check_paper(
    before: &Enrollment,
    event: &Event,
    after: &Enrollment,
) -> Result<(), TestCaseError> {
    let same_sheet = after.unconfirmed().is_some() && before.attempt() == after.attempt();
    if same_sheet && !matches!(event.happening, Happening::Started { .. }) {
        prop_assert!(!before.is_void() || after.is_void());
        let known = matches!(before.sheet(), Some(Sheet::OnPaper | Sheet::Unknown { .. }));
        prop_assert!(!known || before.sheet() == after.sheet());
    }
    if before.is_void() {
        prop_assert_eq!(before.delivered(), after.delivered());
        prop_assert!(
            after.standing() == Standing::Held || !after.is_void() || after.next() == Command::Rest
        );
    }
    if matches!(event.happening, Happening::Left { .. }) {
        prop_assert_eq!(before.current(), None);
    }
    Ok(())
}

fn check_step(before: &Enrollment, event: &Event, after: &Enrollment) -> Result<(), TestCaseError> {
    let over = matches!(
        event.happening,
        Happening::Abandoned {
            restart: Step::Reset | Step::SetPin | Step::MakeCredential,
            ..
        }
    );
    // What is known of this attempt's passkey stays, until the attempt is over or makes another one.
    let makes = matches!(
        event.happening,
        Happening::Done {
            step: Step::MakeCredential,
            ..
        }
    );
    if before.made().is_some() && !over && !makes {
        prop_assert_eq!(before.made(), after.made());
    }
    if before.method().is_some() && !over {
        prop_assert_eq!(before.method(), after.method());
    }
    if before.delivered().is_some() {
        prop_assert_eq!(before.delivered(), after.delivered());
    }
    // Attempts count up by one, and only when a key is bound.
    let begins = matches!(event.happening, Happening::Began { .. });
    let counted = if begins {
        before.attempt().following()
    } else {
        before.attempt()
    };
    prop_assert_eq!(after.attempt(), counted);
    check_pins(before, event, after)?;
    check_paper(before, event, after)?;
    // No step of the key is done without a bound key.
    if let Command::Run(step) | Command::Probe(step) = after.next()
        && step.needs_key()
    {
        prop_assert!(after.binding().is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_the_machine_stands_and_what_was_known_stays(
        turns in prop::collection::vec(turns(), 1..80)
    ) {
        let mut state = Enrollment::default();
        let mut journal = Vec::new();
        for turn in turns {
            let event = event_of(turn, &state);
            // `next` answers in every state.
            let _ = state.next();
            if let Ok(after) = state.clone().apply(&event) {
                check_step(&state, &event, &after)?;
                journal.push(event);
                state = after;
            }
        }
        prop_assert_eq!(Enrollment::replay(&journal), Ok(state.clone()));
        // As it lies in the ledger, and back.
        let stored: Vec<String> = journal
            .iter()
            .map(|event| serde_json::to_string(event).expect("events are plain data"))
            .collect();
        let read: Vec<Event> = stored
            .iter()
            .map(|text| serde_json::from_str(text).expect("what was written can be read"))
            .collect();
        prop_assert_eq!(&read, &journal);
        prop_assert_eq!(Enrollment::replay(&read), Ok(state));
    }
}
