//! A letter that is void: which PIN is on the key, what stays, and what cannot follow.

use super::*;

const REISSUE: [Step; 3] = [Step::ChangePin, Step::Configure, Step::Deliver];

pub(super) fn reissued(attempt: u32) -> Event {
    let happening = Happening::Reissued {
        reason: "the printer ate it".to_owned(),
        void: Some("482091735583".to_owned()),
    };
    event(attempt, happening)
}

/// The letter is in doubt, and the job is held for it.
fn doubtful() -> Vec<Event> {
    let mut events = before(Step::Deliver);
    events.extend([started(1, Step::Deliver), held(1)]);
    events
}

/// The second attempt stands before the change.
fn before_change() -> Vec<Event> {
    let mut events = doubtful();
    events.extend([reissued(1), began(2, &REISSUE)]);
    events
}

#[test]
fn a_reissue_ends_the_hold_and_keeps_key_passkey_and_pin() {
    let state = then(&doubtful(), &[reissued(1)]);
    let restart = Step::ChangePin;
    assert_eq!(state.next(), Command::Bind { restart });
    assert_eq!(state.standing(), Standing::UnderWay);
    assert_eq!(state.held(), None);
    assert!(state.wants_its_key() && state.is_reissue());
    assert_eq!(state.binding(), Some(&binding("32070001")));
    assert_eq!(state.made().map(|made| made.attempt), Some(Attempt(1)));
    assert_eq!(state.method(), Some(&MethodId("method-1".to_owned())));
    assert_eq!(state.replaces(), [MethodId("old".to_owned())]);
    assert_eq!(
        (state.pin_of(), state.delivered()),
        (Some(Attempt(1)), None)
    );
    assert_eq!(state.left_behind(), Some(credential(1)));
}

#[test]
fn a_change_in_doubt_has_two_pins_and_its_outcome_one() {
    let ready = state(&before_change());
    assert_eq!(ready.next(), Command::Run(Step::ChangePin));
    assert!(!ready.has_sealed(), "the new PIN is drawn now");
    let doubt = [before_change(), vec![started(2, Step::ChangePin)]].concat();
    let pins = |state: &Enrollment| (state.pin_of(), state.pin_before(), state.has_sealed());
    let (one, two) = (Some(Attempt(1)), Some(Attempt(2)));
    assert_eq!(pins(&state(&doubt)), (two, one, true));
    assert_eq!(state(&doubt).next(), Command::Probe(Step::ChangePin));
    let changed = then(&doubt, &[done(2, Step::ChangePin)]);
    assert_eq!(pins(&changed), (two, None, true));
    assert_eq!(changed.next(), Command::Run(Step::Configure));
    let unchanged = [doubt, vec![not_done(2, Step::ChangePin)]].concat();
    assert_eq!(pins(&state(&unchanged)), (one, None, true));
    // The same sealed PIN is tried again: no second one is drawn under this attempt.
    let again = then(&unchanged, &[started(2, Step::ChangePin)]);
    assert_eq!(pins(&again), (two, one, true));
}

#[test]
fn the_last_letter_is_the_one_of_record() {
    let mut events = before_change();
    for step in REISSUE {
        events.extend([started(2, step), done(2, step)]);
    }
    let state = state(&events);
    assert_eq!(state.standing(), Standing::Done);
    assert_eq!(state.pin_of(), Some(Attempt(2)));
    assert_eq!(state.delivered(), Some("482091735583"));
    assert_eq!(state.left_behind(), Some(credential(1)));
    assert_eq!(state.method(), Some(&MethodId("method-1".to_owned())));
    cannot_follow(&events, reissued(2));
}

#[test]
fn only_a_letter_that_is_due_or_in_doubt_is_reissued() {
    cannot_follow(&[], reissued(0));
    for step in ALL {
        let events = before(step);
        let may = step == Step::Deliver;
        assert_eq!(state(&events).may_reissue(), may, "{step}");
        let in_doubt = [events.clone(), vec![started(1, step)]].concat();
        assert_eq!(state(&in_doubt).may_reissue(), may, "{step}");
        if !may {
            cannot_follow(&events, reissued(1));
            cannot_follow(&in_doubt, reissued(1));
        }
    }
    let mut events = doubtful();
    events.push(reissued(1));
    cannot_follow(&events, reissued(1));
    events.push(began(2, &REISSUE));
    cannot_follow(&events, reissued(2));
    // A key that kept the PIN of its person has none that could be changed.
    let keep = [Step::MakeCredential, Step::Register, Step::Deliver];
    let mut kept = vec![began(1, &keep)];
    for step in [Step::MakeCredential, Step::Register] {
        kept.extend([started(1, step), done(1, step)]);
    }
    cannot_follow(&kept, reissued(1));
    let cancelled = event(1, Happening::Cancelled { credential: None });
    let over = [doubtful(), vec![cancelled]].concat();
    assert!(!state(&over).may_reissue());
    cannot_follow(&over, reissued(1));
}

#[test]
fn no_third_pin_is_drawn_while_two_may_be_on_the_key() {
    let doubt = [before_change(), vec![started(2, Step::ChangePin)]].concat();
    for restart in [Step::ChangePin, Step::SetPin, Step::MakeCredential] {
        cannot_follow(&doubt, abandoned(2, restart, None));
    }
    // The key that takes no PIN of this attempt gets another one, once it is certain that it took none.
    let refused = [doubt, vec![not_done(2, Step::ChangePin)]].concat();
    let another = then(&refused, &[abandoned(2, Step::ChangePin, None)]);
    assert_eq!(another.pin_of(), Some(Attempt(1)));
    assert!(another.made().is_some() && another.method().is_some());
    for step in ALL {
        cannot_follow(&before(step), abandoned(1, Step::ChangePin, None));
    }
}

#[test]
fn a_key_that_is_lost_or_wiped_is_given_up_with_its_passkey() {
    let waiting = [doubtful(), vec![reissued(1)]].concat();
    let doubt = [before_change(), vec![started(2, Step::ChangePin)]].concat();
    for (events, attempt) in [(waiting, 1), (before_change(), 2), (doubt, 2)] {
        let orphan = state(&events).left_behind();
        assert_eq!(orphan, Some(credential(1)));
        let anew = then(&events, &[abandoned(attempt, Step::Reset, orphan)]);
        assert_eq!((anew.pin_of(), anew.pin_before()), (None, None));
        assert_eq!((anew.made(), anew.method()), (None, None));
        assert!(!anew.is_reissue() && anew.binding().is_none());
    }
}
