//! The journal folded: the good day, every doubt, and what cannot follow.

mod chance;
mod paper;
mod reissue;
mod stored;

use super::*;
use crate::domain::authenticator::{Aaguid, Attachment, Fingerprint, Serial, Slot};
use crate::domain::credential::AttestationVerdict;
use crate::domain::event::Evidence;
use crate::domain::event::Witness;
use crate::domain::paper::Confirm;
use crate::domain::policy::Configuration;

const ALL: [Step; 6] = [
    Step::Reset,
    Step::SetPin,
    Step::MakeCredential,
    Step::Register,
    Step::Configure,
    Step::Deliver,
];

fn binding(serial: &str) -> Binding {
    Binding {
        slot: Slot(3),
        attachment: Attachment::Hid,
        serial: Serial::new(serial),
        model: "Security Key".to_owned(),
        fingerprint: Fingerprint {
            aaguid: Aaguid([0x2F; 16]),
            firmware_version: Some(328_965),
        },
    }
}

fn plan(steps: &[Step]) -> Plan {
    Plan {
        steps: steps.to_vec(),
        configuration: Configuration::default(),
    }
}

fn event(attempt: u32, happening: Happening) -> Event {
    Event {
        attempt: Attempt(attempt),
        happening,
    }
}

fn began(attempt: u32, steps: &[Step]) -> Event {
    let happening = Happening::Began {
        binding: binding("32070001"),
        plan: plan(steps),
    };
    event(attempt, happening)
}

fn intent(step: Step) -> Intent {
    match step {
        Step::Register => Intent::Register {
            after_handover: Vec::new(),
            replaces: vec![MethodId("old".to_owned())],
        },
        Step::Deliver => Intent::Deliver {
            control: "482091735583".to_owned(),
            outlet: None,
        },
        _ => Intent::Plain,
    }
}

fn evidence(attempt: u32, step: Step) -> Evidence {
    match step {
        Step::MakeCredential => Evidence::Made {
            credential: credential(attempt),
            rp_id: RpId("login.microsoft.com".to_owned()),
            aaguid: Aaguid([0x2F; 16]),
            format: "packed".to_owned(),
            algorithm: -7,
            credential_protection: None,
            hmac_secret: true,
            own_check: AttestationVerdict::Agrees,
            second_opinion: AttestationVerdict::CannotJudge("no x5c".to_owned()),
            vetting: None,
            expires: Timestamp(1_790_000_000_000),
        },
        Step::Register => Evidence::Registered {
            method: MethodId(format!("method-{attempt}")),
            witness: Witness::Reply,
        },
        Step::Deliver => Evidence::Delivered {
            control: "482091735583".to_owned(),
            target: "mailers/0042.pdf".to_owned(),
            confirmed: Some(Confirm::Device),
        },
        _ => Evidence::Plain,
    }
}

fn credential(attempt: u32) -> CredentialId {
    CredentialId(vec![u8::try_from(attempt).unwrap(); 4])
}

fn started(attempt: u32, step: Step) -> Event {
    let intent = intent(step);
    event(attempt, Happening::Started { step, intent })
}

fn done(attempt: u32, step: Step) -> Event {
    let evidence = evidence(attempt, step);
    event(attempt, Happening::Done { step, evidence })
}

fn not_done(attempt: u32, step: Step) -> Event {
    let fault = Fault::TouchMissing;
    event(attempt, Happening::NotDone { step, fault })
}

fn abandoned(attempt: u32, restart: Step, credential: Option<CredentialId>) -> Event {
    let happening = Happening::Abandoned {
        reason: Fault::KeyGone,
        credential,
        restart,
    };
    event(attempt, happening)
}

fn held(attempt: u32) -> Event {
    let fault = Fault::DeliveryUncertain;
    event(attempt, Happening::Held { fault })
}

/// An attempt that has carried out everything before `step`.
fn before(step: Step) -> Vec<Event> {
    let mut events = vec![began(1, &ALL)];
    for earlier in ALL.into_iter().take_while(|known| *known != step) {
        events.extend([started(1, earlier), done(1, earlier)]);
    }
    events
}

fn state(events: &[Event]) -> Enrollment {
    Enrollment::replay(events).expect("a journal that follows")
}

fn then(events: &[Event], more: &[Event]) -> Enrollment {
    state(&[events, more].concat())
}

#[track_caller]
fn cannot_follow(events: &[Event], next: Event) {
    let known = state(events);
    let refused = known.clone().apply(&next);
    assert!(refused.is_err(), "{next:?} was taken");
    assert_eq!(state(events), known);
}

#[test]
fn a_job_without_a_journal_waits_for_a_key() {
    let fresh = Enrollment::default();
    assert_eq!(
        fresh.next(),
        Command::Bind {
            restart: Step::Reset
        }
    );
    assert_eq!(fresh.standing(), Standing::Waiting);
    assert!(!fresh.wants_its_key());
}

#[test]
fn each_step_is_run_in_its_turn_and_then_the_job_is_finished() {
    for step in ALL {
        let ready = state(&before(step));
        assert_eq!(ready.next(), Command::Run(step));
        assert_eq!(ready.standing(), Standing::UnderWay);
        assert_eq!(ready.wants_its_key(), step.needs_key(), "{step}");
    }
    let all = then(
        &before(Step::Deliver),
        &[started(1, Step::Deliver), done(1, Step::Deliver)],
    );
    assert_eq!(all.next(), Command::Finish);
    assert_eq!(all.standing(), Standing::Done);
    assert_eq!(all.delivered(), Some("482091735583"));
    assert_eq!(all.method(), Some(&MethodId("method-1".to_owned())));
    assert_eq!(all.pin_of(), Some(Attempt(1)));
    assert_eq!(all.replaces(), [MethodId("old".to_owned())]);
    assert!(!all.wants_its_key());
}

#[test]
fn a_step_in_doubt_is_repeated_or_probed_as_its_kind_asks() {
    for step in ALL {
        let doubt = then(&before(step), &[started(1, step)]);
        let wanted = match step {
            Step::Reset | Step::MakeCredential => Command::Run(step),
            _ => Command::Probe(step),
        };
        assert_eq!(doubt.next(), wanted);
        assert_eq!(doubt.intent(), Some(&intent(step)));
    }
}

#[test]
fn a_step_that_was_certainly_not_done_is_run_again() {
    for step in ALL {
        let again = then(&before(step), &[started(1, step), not_done(1, step)]);
        assert_eq!(again.next(), Command::Run(step));
        assert_eq!(again.intent(), None);
    }
}

#[test]
fn a_hold_lies_on_top_of_a_doubt_and_a_release_leaves_the_doubt() {
    for step in ALL {
        let mut events = before(step);
        events.push(started(1, step));
        let doubt = state(&events).next();
        events.push(held(1));
        let on_hold = state(&events);
        assert_eq!(on_hold.next(), Command::Hold(Fault::DeliveryUncertain));
        assert_eq!(on_hold.standing(), Standing::Held);
        assert!(!on_hold.wants_its_key());
        events.push(event(1, Happening::Released));
        assert_eq!(state(&events).next(), doubt);
    }
}

#[test]
fn what_settles_a_doubt_can_be_written_down_while_the_job_is_held() {
    let mut events = before(Step::Deliver);
    events.extend([started(1, Step::Deliver), held(1), done(1, Step::Deliver)]);
    // Whoever has the letter in hand settles this doubt, and with it the hold.
    assert_eq!(state(&events).next(), Command::Finish);
}

#[test]
fn an_abandonment_to_the_reset_forgets_the_key_and_its_pin() {
    let events = before(Step::Configure);
    let orphan = state(&events).left_behind();
    assert_eq!(orphan, Some(credential(1)));
    let state = then(&events, &[abandoned(1, Step::Reset, orphan)]);
    assert_eq!(
        state.next(),
        Command::Bind {
            restart: Step::Reset
        }
    );
    assert_eq!((state.binding(), state.pin_of()), (None, None));
    assert_eq!((state.made(), state.method()), (None, None));
    assert!(state.replaces().is_empty() && !state.wants_its_key());
    assert_eq!(state.standing(), Standing::UnderWay);
}

#[test]
fn an_abandonment_to_the_ceremony_keeps_the_key_and_its_pin() {
    let events = before(Step::Register);
    let state = then(&events, &[abandoned(1, Step::MakeCredential, None)]);
    let restart = Step::MakeCredential;
    assert_eq!(state.next(), Command::Bind { restart });
    assert_eq!(state.pin_of(), Some(Attempt(1)));
    assert_eq!(state.binding(), Some(&binding("32070001")));
    assert!(state.wants_its_key());
    assert_eq!(state.left_behind(), None);
}

#[test]
fn an_abandonment_to_the_pin_sets_a_pin_of_the_next_attempt() {
    let mut events = before(Step::SetPin);
    events.extend([started(1, Step::SetPin), abandoned(1, Step::SetPin, None)]);
    events.push(began(2, &[Step::SetPin, Step::MakeCredential]));
    assert_eq!(state(&events).pin_of(), Some(Attempt(1)), "it may be there");
    events.push(started(2, Step::SetPin));
    assert_eq!(state(&events).pin_of(), Some(Attempt(2)));
}

#[test]
fn the_current_step_after_an_abandonment_is_none_until_a_key_is_bound() {
    let events = before(Step::Register);
    let state = then(&events, &[abandoned(1, Step::Reset, None)]);
    assert_eq!(state.current(), None);
    assert!(!state.may_rebind());
}

#[test]
fn another_blank_key_may_be_bound_only_while_nothing_is_kept_on_the_first() {
    let rebound = event(
        1,
        Happening::Rebound {
            binding: binding("32070002"),
        },
    );
    for step in ALL {
        let events = before(step);
        let may = matches!(step, Step::Reset | Step::SetPin);
        assert_eq!(state(&events).may_rebind(), may, "{step}");
        let in_doubt = [events.clone(), vec![started(1, step)]].concat();
        let may_in_doubt = step == Step::Reset;
        assert_eq!(state(&in_doubt).may_rebind(), may_in_doubt, "{step}");
        if may {
            let taken = then(&events, std::slice::from_ref(&rebound));
            assert_eq!(taken.binding(), Some(&binding("32070002")));
            assert_eq!(taken.next(), Command::Run(step));
        } else {
            cannot_follow(&events, rebound.clone());
        }
    }
}

#[test]
fn a_cancelled_job_rests_for_ever() {
    let cancelled = event(1, Happening::Cancelled { credential: None });
    let mut events = before(Step::Register);
    events.push(cancelled.clone());
    let rest = state(&events);
    assert_eq!(rest.next(), Command::Rest);
    assert_eq!(rest.standing(), Standing::Cancelled);
    assert!(!rest.wants_its_key());
    cannot_follow(&events, cancelled);
    cannot_follow(&events, started(1, Step::Register));
    cannot_follow(&events, event(1, Happening::Released));
}

#[test]
fn events_that_cannot_follow_are_refused_and_change_nothing() {
    cannot_follow(&[], started(0, Step::Reset));
    cannot_follow(&[], began(0, &ALL));
    cannot_follow(&[], began(2, &ALL));
    cannot_follow(&[], abandoned(0, Step::Reset, None));
    let events = before(Step::SetPin);
    cannot_follow(&events, began(2, &ALL));
    cannot_follow(&events, started(1, Step::Reset));
    cannot_follow(&events, started(1, Step::Register));
    cannot_follow(&events, started(2, Step::SetPin));
    cannot_follow(&events, done(1, Step::SetPin));
    cannot_follow(&events, not_done(1, Step::SetPin));
    let doubt = [events, vec![started(1, Step::SetPin)]].concat();
    cannot_follow(&doubt, started(1, Step::SetPin));
    cannot_follow(&doubt, done(1, Step::Reset));
    cannot_follow(&doubt, done(2, Step::SetPin));
    let over = [doubt, vec![abandoned(1, Step::Reset, None)]].concat();
    cannot_follow(&over, done(1, Step::SetPin));
    cannot_follow(&over, began(1, &ALL));
}

#[test]
fn an_impossible_event_says_what_and_where_without_a_panic() {
    let refused = Enrollment::replay(&[started(0, Step::Reset)]).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("Reset") && text.contains("AwaitingKey"),
        "{text}"
    );
}
