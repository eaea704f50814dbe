//! Whose key is it? Wrong keys, swapped keys, finished keys, used keys, and a hub that takes all of them away for a moment.

use keyline::app::admin::{Change, Changed};
use keyline::app::station::Request;
use keyline::domain::authenticator::Slot;
use keyline::domain::event::Step;
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::domain::station::signal::{Question, SlotState};
use keyline::practice::authenticator::{Mishap, SimulatedKey, Touch};

use crate::bench::{
    Table, assert_one_each, begun_by, is_done, is_missed, look, pin, state, wants_another,
};
use crate::line::{PATIENCE, begun, photograph_of_new};
use crate::manner::Manner;

/// authenticatorConfig (CTAP 2.1 §6.11).
const CONFIG: u8 = 0x0D;

/// Agrees to the question with this number at slot 1; the first one of a station is 1.
fn confirm(asked: u64) -> Request {
    let slot = Slot(1);
    Request::Confirm { slot, asked }
}

fn retries(key: &SimulatedKey) -> u32 {
    look(key, |authenticator| authenticator.pin_retries()).expect("a counter")
}

#[test]
fn the_wrong_key_put_back_is_a_stop_and_stays_as_it_was() {
    for used in [false, true] {
        let table = Table::under(1, "used_keys = \"reset\"\n");
        let past = used.then(|| pin("739154"));
        let keys = table.keys(2, past.as_ref());
        keys[0].set_touch(Touch::ByHand);
        let users = table.line.drop_people("one.csv", 0..1);
        let running = table.start(true);
        table.put(1, &keys[0]);
        if !used {
            assert!(keys[0].wait_for_blink(PATIENCE));
            table.take(1);
            running.wait_for("the pulled key is missed", |view| is_missed(view, 1));
        } else {
            // What was read of the key has shut its reset window.
            running.wait_for("the reset came late", |view| {
                wants_another(view, 1, |why| *why == Fault::ResetTooLate)
            });
            table.take(1);
        }
        let before = photograph_of_new(&keys[1]);
        table.put(1, &keys[1]);
        running.wait_for("the stranger is refused", |view| {
            wants_another(view, 1, |why| *why == Fault::WrongKey)
        });
        table.take(1);
        assert!(keys[1].photograph() == before, "the stranger was changed");
        keys[0].set_touch(Touch::After(std::time::Duration::ZERO));
        table.put(1, &keys[0]);
        let (summary, _) = running.finish();
        assert_eq!(summary.done, 1, "{summary:?}");
        table.take(1);
        assert_one_each(&table.line, &users, &keys[..1]);
    }
}

/// Two keys are pulled while they wait for the touch that makes their passkeys, and each is put into the other's slot.
fn swapped_before_their_passkeys(table: &Table, keys: &[SimulatedKey]) -> crate::line::Running {
    let running = table.start(true);
    for (slot, key) in [(1, &keys[0]), (2, &keys[1])] {
        key.set_touch(Touch::ByHand);
        table.put(slot, key);
        assert!(key.wait_for_blink(PATIENCE) && key.press());
        running.wait_for("the passkey is begun", |_| {
            begun(running.ledger.as_ref(), Step::MakeCredential) == usize::from(slot)
        });
        assert!(key.wait_for_blink(PATIENCE));
    }
    for slot in [1, 2] {
        table.take(slot);
        running.wait_for("the key is missed", |view| is_missed(view, slot));
    }
    for key in keys {
        key.set_touch(Touch::After(std::time::Duration::ZERO));
    }
    table.put(1, &keys[1]);
    table.put(2, &keys[0]);
    running
}

#[test]
fn swapped_keys_with_serials_go_on_where_they_are() {
    let table = Table::under(2, "");
    let keys = table.keys(2, None);
    let users = table.line.drop_people("two.csv", 0..2);
    let (summary, ledger) = swapped_before_their_passkeys(&table, &keys).finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    assert_eq!(
        begun(ledger.as_ref(), Step::Reset),
        2,
        "nothing was wiped again"
    );
    table.take_all(&[1, 2]);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn swapped_nameless_keys_are_told_apart_by_one_try_of_our_pin_and_swapped_back() {
    let table = Table::under(2, "used_keys = \"reset\"\n");
    let keys = table.nameless(2, None);
    let users = table.line.drop_people("two.csv", 0..2);
    let running = swapped_before_their_passkeys(&table, &keys);
    for slot in [1, 2] {
        running.wait_for("the other's key is refused", |view| {
            wants_another(view, slot, |why| *why == Fault::WrongKey)
        });
    }
    table.take_all(&[1, 2]);
    assert_eq!(keys.iter().map(retries).collect::<Vec<_>>(), [7, 7]);
    table.put(1, &keys[0]);
    table.put(2, &keys[1]);
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    assert_eq!(
        begun(ledger.as_ref(), Step::Reset),
        2,
        "nothing was wiped again"
    );
    table.take_all(&[1, 2]);
    assert_eq!(keys.iter().map(retries).collect::<Vec<_>>(), [8, 8]);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn swapped_nameless_keys_are_known_by_their_passkeys_without_any_try() {
    let table = Table::under(2, "min_pin_length = 6\n");
    let keys = table.nameless(2, None);
    for key in &keys {
        key.arrange(Mishap::BeforeCommand(CONFIG));
    }
    let users = table.line.drop_people("two.csv", 0..2);
    let running = table.start(true);
    table.put(1, &keys[0]);
    table.put(2, &keys[1]);
    running.wait_for("both have lost their power", |view| {
        is_missed(view, 1) && is_missed(view, 2)
    });
    table.put(1, &keys[1]);
    table.put(2, &keys[0]);
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 2, "{summary:?}");
    assert_eq!(begun(ledger.as_ref(), Step::Reset), 2);
    table.take_all(&[1, 2]);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn the_finished_key_of_the_last_person_is_refused_by_name_and_left_as_it_is() {
    let policies = [
        "used_keys = \"reset\"\n",
        "used_keys = \"reset\"\nalways_uv = true\n",
        "used_keys = \"reset\"\nforce_pin_change = true\n",
        "used_keys = \"ask\"\n",
        "used_keys = \"refuse\"\n",
    ];
    for policy in policies {
        for tells_serial in [true, false] {
            let table = Table::under(1, policy);
            let keys = if tells_serial {
                table.keys(2, None)
            } else {
                table.nameless(2, None)
            };
            let users = table.line.drop_people("two.csv", 0..2);
            let running = table.start(true);
            table.put(1, &keys[0]);
            running.wait_for("the first is done", |view| is_done(view, 1));
            table.take(1);
            table.put(1, &keys[0]);
            running.wait_for("the first person's key is refused by name", |view| {
                matches!(
                    state(view, 1),
                    SlotState::Refused { fault: Fault::KeyEnrolledFor { holder, .. } } if holder == users[0]
                )
            });
            running.handle.ask(confirm(1));
            table.take(1);
            assert_eq!(retries(&keys[0]), 8, "{policy} {tells_serial}");
            table.put(1, &keys[1]);
            let (summary, _) = running.finish();
            assert_eq!(summary.done, 2, "{policy}: {summary:?}");
            table.take(1);
            assert_one_each(&table.line, &users, &keys);
        }
    }
}

#[test]
fn a_key_that_became_somebodys_while_its_job_was_held_is_not_wiped_for_that_job() {
    let table = Table::under(1, "");
    let keys = table.keys(2, None);
    keys[0].set_touch(Touch::ByHand);
    let mut users = table.line.drop_people("one.csv", 0..1);
    let running = table.start(false);
    let change = |change| running.handle.change(JobId(1), change, "4711".to_owned());
    table.put(1, &keys[0]);
    assert!(keys[0].wait_for_blink(PATIENCE));
    table.take(1);
    running.wait_for("the key is missed", |view| is_missed(view, 1));
    let reason = "ask first".to_owned();
    assert_eq!(change(Change::Hold { reason }), Some(Ok(Changed::Held)));
    users.extend(table.line.drop_people("two.csv", 1..2));
    keys[0].set_touch(Touch::After(std::time::Duration::ZERO));
    table.put(1, &keys[0]);
    running.wait_for("the second person's key is done", |view| is_done(view, 1));
    table.take(1);
    assert_eq!(change(Change::Release), Some(Ok(Changed::Released)));
    table.put(1, &keys[0]);
    running.wait_for("the second person's key is refused by name", |view| {
        matches!(
            state(view, 1),
            SlotState::Refused { fault: Fault::KeyEnrolledFor { holder, .. } } if holder == users[1]
        )
    });
    table.take(1);
    table.put(1, &keys[1]);
    running.wait_for("the first person's key is done", |view| is_done(view, 1));
    running.stop_now();
    table.take(1);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn a_used_key_is_taken_refused_or_asked_about_as_the_policy_says() {
    for (policy, asks, refuses) in [
        ("used_keys = \"reset\"\n", false, false),
        ("used_keys = \"ask\"\n", true, false),
        ("used_keys = \"refuse\"\n", false, true),
    ] {
        let table = Table::under(1, policy);
        let keys = table.keys(1, Some(&pin("739154")));
        let users = table.line.drop_people("one.csv", 0..1);
        let before = photograph_of_new(&keys[0]);
        let running = table.start(!refuses);
        table.put(1, &keys[0]);
        if refuses {
            running.wait_for("the used key is refused", |view| {
                let fault = Fault::KeyUsed;
                state(view, 1) == SlotState::Refused { fault }
            });
            running.handle.ask(confirm(1));
            table.take(1);
            assert!(keys[0].photograph() == before, "the used key was changed");
            running.stop_now();
            continue;
        }
        if asks {
            running.wait_for("the question", |view| {
                let question = Question::WipeUsedKey;
                matches!(state(view, 1), SlotState::Asking { question: put, .. } if put == question)
            });
            assert!(keys[0].photograph() == before, "not before the answer");
            running.handle.ask(confirm(1));
        }
        // What was read of the key has shut its reset window: it has to be put back once, and is known by its serial then.
        running.wait_for("the key is to be put back", |view| {
            wants_another(view, 1, |why| *why == Fault::ResetTooLate)
        });
        table.replug(1);
        let (summary, ledger) = running.finish();
        assert_eq!(summary.done, 1, "{policy}: {summary:?}");
        assert_eq!(begun_by(ledger.as_ref(), 1, Step::Reset), 2);
        table.take(1);
        assert_one_each(&table.line, &users, &keys);
    }
}

#[test]
fn a_hub_that_starts_anew_in_the_middle_costs_nothing() {
    let table = Table::under(4, "");
    let keys = table.nameless(4, None);
    for key in &keys[..3] {
        table.manners.teach(key, Manner::CORE);
    }
    let users = table.line.drop_people("four.csv", 0..4);
    let running = table.start(true);
    for (slot, key) in (1..).zip(&keys) {
        key.set_touch(Touch::ByHand);
        table.put(slot, key);
        assert!(key.wait_for_blink(PATIENCE));
    }
    // Two wait for the touch that wipes them, two for the one that makes their passkeys.
    for (slot, key) in [(2, &keys[1]), (4, &keys[3])] {
        assert!(key.press());
        running.wait_for("the passkey is begun", |_| {
            begun_by(running.ledger.as_ref(), slot, Step::MakeCredential) == 1
        });
        assert!(key.wait_for_blink(PATIENCE));
    }
    let taken = [1, 2, 3, 4].map(|slot| table.take(slot));
    for key in &taken {
        key.set_touch(Touch::After(std::time::Duration::ZERO));
    }
    // Keys with a serial may come back at any place of it, the nameless one at its own.
    for (slot, key) in [
        (2, &taken[0]),
        (3, &taken[1]),
        (1, &taken[2]),
        (4, &taken[3]),
    ] {
        table.put(slot, key);
    }
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 4, "{summary:?}");
    for job in [2, 4] {
        assert_eq!(begun_by(ledger.as_ref(), job, Step::Reset), 1);
    }
    table.take_all(&[1, 2, 3, 4]);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn a_key_that_served_somebody_else_while_its_job_was_held_is_that_persons() {
    let table = Table::under(
        1,
        "always_uv = true\ndelete_existing = \"after_enrollment\"\n",
    );
    let keys = table.keys(2, None);
    let users = table.line.drop_people("one.csv", 0..1);
    let running = table.start(false);
    keys[0].set_touch(Touch::ByHand);
    table.put(1, &keys[0]);
    assert!(keys[0].wait_for_blink(PATIENCE));
    table.take(1);
    running.wait_for("the pulled key is missed", |view| is_missed(view, 1));
    let change = |wanted: Change| {
        running
            .handle
            .change(JobId(1), wanted, "administrator".to_owned())
    };
    running.wait_for("the job is held", |_| {
        let reason = "ask first".to_owned();
        matches!(change(Change::Hold { reason }), Some(Ok(Changed::Held)))
    });
    // Still blank, it serves the next person, and is pulled when that person's passkey is registered.
    let others = table.line.drop_people("two.csv", 1..2);
    running.wait_for("the next person waits", |view| view.counts.waiting == 1);
    keys[0].set_touch(Touch::After(std::time::Duration::ZERO));
    keys[0].arrange(Mishap::BeforeCommand(CONFIG));
    table.put(1, &keys[0]);
    running.wait_for("the next person's key is missed", |view| is_missed(view, 1));
    let released = change(Change::Release);
    assert!(
        matches!(released, Some(Ok(Changed::Released))),
        "{released:?}"
    );
    table.put(1, &keys[0]);
    running.wait_for("the next person's key is done", |view| is_done(view, 1));
    table.take(1);
    table.put(1, &keys[1]);
    running.wait_for("the first person has another key", |view| {
        view.counts.done == 2
    });
    running.stop_now();
    table.take(1);
    assert_one_each(&table.line, &[users, others].concat(), &keys);
}
