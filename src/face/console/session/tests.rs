//! Sessions end when they should: by idleness, by age, by hand, when there are too many.

use std::time::Duration;

use super::*;
use crate::adapter::system::SystemEntropy;
use crate::domain::account::Role;

const START: Timestamp = Timestamp(1_700_000_000_000);
const LIMITS: Limits = Limits {
    idle_seconds: 600,
    life_seconds: 3600,
};

fn account(name: &str) -> Account {
    Account {
        name: name.parse().expect("a name"),
        role: Role::Operator,
        set: START,
    }
}

fn begin(sessions: &Sessions, name: &str, now: Timestamp) -> Zeroizing<String> {
    sessions
        .begin(account(name), "Browser", &SystemEntropy, now)
        .expect("a session")
}

#[test]
fn a_session_lives_while_it_is_used_and_not_beyond_its_life() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    let mut now = START;
    for _ in 0..6 {
        now = now.plus_seconds(599);
        assert!(sessions.guest(&token, now).is_some());
    }
    assert_eq!(START.seconds_until(now), 3594);
    assert!(sessions.guest(&token, now.plus_seconds(6)).is_none());
    // Gone is gone, even when the clock is set back.
    assert!(sessions.guest(&token, START).is_none());
}

#[test]
fn an_idle_session_is_over() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    assert!(sessions.guest(&token, START.plus_seconds(600)).is_none());
    assert!(sessions.list(START).is_empty());
}

#[test]
fn a_window_that_only_watches_keeps_a_session_only_while_keys_are_worked_on() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    let session = sessions.guest(&token, START).expect("a guest").session;
    assert!(sessions.lives(session, true, START.plus_seconds(500)));
    assert!(sessions.lives(session, false, START.plus_seconds(1000)));
    assert!(!sessions.lives(session, false, START.plus_seconds(1100)));
}

#[test]
fn a_locked_session_is_no_open_one() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    let session = sessions.guest(&token, START).expect("a guest").session;
    sessions.lock(session, true);
    assert!(!sessions.lives(session, true, START));
    assert!(sessions.guest(&token, START).expect("a guest").locked);
    sessions.lock(session, false);
    assert!(sessions.lives(session, true, START));
}

#[test]
fn what_is_kept_opens_nothing() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    let guest = sessions.guest(&token, START).expect("a guest");
    // 256 bits in base64url.
    assert_eq!((token.len(), guest.csrf.len()), (43, 43));
    for other in ["", "1", guest.csrf.as_str()] {
        assert!(sessions.guest(other, START).is_none());
    }
    assert!(sessions.end(guest.session));
    assert!(!sessions.end(guest.session));
    assert!(sessions.guest(&token, START).is_none());
}

#[test]
fn the_session_that_was_used_least_recently_gives_way() {
    let sessions = Sessions::new(LIMITS);
    let first = begin(&sessions, "first", START);
    let second = begin(&sessions, "second", START.plus_seconds(1));
    for _ in 2..SESSIONS_MAX {
        begin(&sessions, "other", START.plus_seconds(2));
    }
    assert!(sessions.guest(&first, START.plus_seconds(3)).is_some());
    begin(&sessions, "last", START.plus_seconds(4));
    assert_eq!(sessions.list(START.plus_seconds(5)).len(), SESSIONS_MAX);
    assert!(sessions.guest(&second, START.plus_seconds(5)).is_none());
    assert!(sessions.guest(&first, START.plus_seconds(5)).is_some());
}

/// So many seconds after the start by the one clock, and so many by the other.
fn moment(base: Instant, wall: i64, steady: u64) -> Moment {
    Moment {
        wall: START.plus_seconds(wall),
        steady: base + Duration::from_secs(steady),
    }
}

#[test]
fn a_clock_that_is_set_back_keeps_no_session_alive() {
    let (sessions, base) = (Sessions::new(LIMITS), Instant::now());
    let begun = sessions.begin(
        account("anna"),
        "Browser",
        &SystemEntropy,
        moment(base, 0, 0),
    );
    let token = begun.expect("a session");
    assert!(sessions.guest(&token, moment(base, -90_000, 599)).is_some());
    assert!(
        sessions
            .guest(&token, moment(base, -90_000, 1199))
            .is_none(),
        "idle"
    );
    let begun = sessions.begin(
        account("anna"),
        "Browser",
        &SystemEntropy,
        moment(base, 0, 0),
    );
    let token = begun.expect("a session");
    for steady in 1..=6 {
        let now = moment(base, -90_000, steady * 599);
        assert!(sessions.guest(&token, now).is_some());
    }
    assert!(
        sessions
            .guest(&token, moment(base, -90_000, 3600))
            .is_none(),
        "its life"
    );
}

#[test]
fn a_computer_that_slept_has_no_session_left() {
    let (sessions, base) = (Sessions::new(LIMITS), Instant::now());
    let begun = sessions.begin(
        account("anna"),
        "Browser",
        &SystemEntropy,
        moment(base, 0, 0),
    );
    let token = begun.expect("a session");
    assert!(sessions.guest(&token, moment(base, 36_000, 1)).is_none());
}

#[test]
fn what_a_window_asks_for_by_itself_is_no_sign_of_life() {
    let sessions = Sessions::new(LIMITS);
    let token = begin(&sessions, "anna", START);
    assert!(
        sessions
            .guest_unseen(&token, START.plus_seconds(599))
            .is_some()
    );
    assert!(
        sessions
            .guest_unseen(&token, START.plus_seconds(600))
            .is_none()
    );
}
