//! Who waits, and for how long; and who never waits because of somebody else.

use std::time::{Duration, Instant};

use super::*;
use crate::adapter::system::SystemEntropy;
use crate::domain::time::Timestamp;

const START: Timestamp = Timestamp(1_700_000_000_000);

fn stranger(name: &str) -> Whom<'_> {
    Whom::Name { name, device: None }
}

fn may(gate: &Gate, whom: Whom<'_>, now: Timestamp) -> Result<(), i64> {
    gate.knock(whom, now).map(drop)
}

#[test]
fn a_name_waits_longer_and_longer_and_never_for_good() {
    let (gate, mut now, mut waited) = (Gate::default(), START, Vec::new());
    for _ in 0..12 {
        if let Err(seconds) = gate.knock(stranger("Anna"), now) {
            waited.push(seconds);
            now = now.plus_seconds(seconds);
            assert!(
                gate.knock(stranger(" anna "), now).is_ok(),
                "after {seconds} s"
            );
        }
    }
    assert_eq!(waited, [2, 4, 8, 16, 32, 60, 60]);
    // Somebody else does not wait for it, and nor does Anna who knows it.
    assert_eq!(may(&gate, stranger("berta"), now), Ok(()));
    now = now.plus_seconds(60);
    let right = gate.knock(stranger("anna"), now).expect("after a minute");
    gate.right(right);
    assert_eq!(may(&gate, stranger("anna"), now), Ok(()));
}

#[test]
fn strangers_wait_together_and_a_little_at_a_time() {
    let gate = Gate::default();
    for name in 0..STRANGERS_TRIES_MAX {
        assert_eq!(may(&gate, stranger(&name.to_string()), START), Ok(()));
    }
    assert_eq!(
        may(&gate, stranger("another"), START),
        Err(STRANGERS_TRY_SECONDS)
    );
    let later = START.plus_seconds(STRANGERS_TRY_SECONDS - 1);
    assert_eq!(may(&gate, stranger("another"), later), Err(1));
    let later = START.plus_seconds(STRANGERS_TRY_SECONDS);
    assert_eq!(may(&gate, stranger("another"), later), Ok(()));
    assert_eq!(
        may(&gate, stranger("and another"), later),
        Err(STRANGERS_TRY_SECONDS)
    );
}

#[test]
fn whoever_is_right_costs_nobody_anything_and_clears_nobody_else() {
    let gate = Gate::default();
    for _ in 0..3 * STRANGERS_TRIES_MAX {
        let right = gate.knock(stranger("anna"), START).expect("she may");
        gate.right(right);
    }
    // What others got wrong stays counted, however often Anna is right between.
    for name in 0..STRANGERS_TRIES_MAX {
        let wrong = name.to_string();
        assert_eq!(may(&gate, stranger(&wrong), START), Ok(()), "{name}");
        if let Ok(right) = gate.knock(stranger("anna"), START) {
            gate.right(right);
        }
    }
    assert!(may(&gate, stranger("anna"), START).is_err());
}

#[test]
fn a_flood_keeps_nobody_out_who_signed_in_here_before_nor_before_a_locked_screen() {
    let gate = Gate::default();
    let token = gate
        .remember("Anna", None, &SystemEntropy, START)
        .expect("randomness")
        .expect("a cookie");
    for name in 0..STRANGERS_TRIES_MAX {
        assert!(may(&gate, stranger(&name.to_string()), START).is_ok());
    }
    let known = |name| Whom::Name {
        name,
        device: Some(token.as_str()),
    };
    assert!(may(&gate, stranger("anna"), START).is_err());
    assert!(
        may(&gate, known("berta"), START).is_err(),
        "not her browser"
    );
    assert_eq!(may(&gate, known(" anna"), START), Ok(()));
    assert_eq!(may(&gate, Whom::Locked(SessionId(7)), START), Ok(()));
}

#[test]
fn a_known_browser_and_a_locked_screen_are_no_way_to_try_for_ever() {
    let gate = Gate::default();
    let token = gate
        .remember("anna", None, &SystemEntropy, START)
        .expect("randomness")
        .expect("a cookie");
    let whom = Whom::Name {
        name: "anna",
        device: Some(token.as_str()),
    };
    for whom in [whom, Whom::Locked(SessionId(7))] {
        let (mut now, mut tries) = (START, 0);
        loop {
            match gate.knock(whom, now) {
                Err(seconds) => now = now.plus_seconds(seconds),
                Ok(this) => {
                    tries += 1;
                    if !gate.wrong(this) {
                        break;
                    }
                }
            }
        }
        assert_eq!(tries, TRIES_OF_ONE_MAX);
    }
    // The browser is a stranger now.
    let after = gate.knock(whom, START.plus_seconds(3600)).expect("a try");
    assert_eq!(after.kind, Kind::Stranger);
}

#[test]
fn a_browser_is_known_for_all_who_use_it() {
    let gate = Gate::default();
    let remember = |name: &str, device: Option<&str>| {
        gate.remember(name, device, &SystemEntropy, START)
            .expect("randomness")
    };
    let token = remember("anna", None).expect("a cookie");
    assert!(remember("berta", Some(&token)).is_none());
    assert!(remember("anna", Some("made up")).is_some());
    for name in ["anna", "berta"] {
        let device = Some(token.as_str());
        let this = gate.knock(Whom::Name { name, device }, START);
        assert!(matches!(this.expect("a try").kind, Kind::Device { .. }));
    }
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_longer() {
    let (gate, base) = (Gate::default(), Instant::now());
    let at = |seconds: u64| Moment {
        wall: START.plus_seconds(-90_000),
        steady: base + Duration::from_secs(seconds),
    };
    let first = Moment {
        wall: START,
        steady: base,
    };
    for _ in 0..FREE_TRIES {
        assert!(gate.knock(stranger("anna"), first).is_ok());
    }
    assert_eq!(gate.knock(stranger("anna"), at(1)), Err(1));
    assert!(gate.knock(stranger("anna"), at(2)).is_ok());
}

#[test]
fn the_log_hears_of_a_flood_once_a_minute() {
    let gate = Gate::default();
    assert_eq!(gate.tell(START), Some(1));
    for _ in 0..1000 {
        assert_eq!(gate.tell(START.plus_seconds(59)), None);
    }
    assert_eq!(gate.tell(START.plus_seconds(60)), Some(1001));
}
