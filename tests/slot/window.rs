//! The first seconds and the touch: a reset that is late, a touch that does not come, or comes when nobody asks any more, or has
//! to last.

use std::time::Duration;

use keyline::app::board::View;
use keyline::domain::authenticator::Slot;
use keyline::domain::event::Step;
use keyline::domain::fault::Fault;
use keyline::domain::station::signal::SlotState;
use keyline::practice::authenticator::{SimulatedKey, Touch};

use crate::bench::{Table, assert_one_each, begun_by, is_done, pin, state, wants_another};
use crate::line::{PATIENCE, photograph_of_new};
use crate::manner::Manner;

/// Beyond the ten seconds in which a reset is taken (CTAP 2.1 §6.6).
const WINDOW_OVER: Duration = Duration::from_secs(11);
/// Beyond the thirty seconds in which a touch is waited for.
const TOUCH_OVER: Duration = Duration::from_secs(31);
const AT_ONCE: Touch = Touch::After(Duration::ZERO);

#[test]
fn a_key_that_lay_too_long_is_asked_to_be_put_back_and_meets_its_window_then() {
    for tells_serial in [true, false] {
        let table = Table::under(1, "");
        let keys = if tells_serial {
            table.keys(1, None)
        } else {
            table.nameless(1, None)
        };
        let running = table.start(false);
        table.put(1, &keys[0]);
        running.wait_for("no job yet", |view| state(view, 1) == SlotState::NoJob);
        keys[0].shift_clock(WINDOW_OVER);
        let users = table.line.drop_people("one.csv", 0..1);
        running.wait_for("the key is to be put back", |view| {
            wants_another(view, 1, |why| *why == Fault::ResetTooLate)
        });
        table.replug(1);
        running.wait_for("the key is done", |view| is_done(view, 1));
        assert_eq!(begun_by(running.ledger.as_ref(), 1, Step::Reset), 2);
        running.stop_now();
        table.take(1);
        assert_one_each(&table.line, &users, &keys);
    }
}

#[test]
fn a_used_nameless_key_that_takes_no_reset_after_it_was_looked_at_goes_to_the_red_tray() {
    let table = Table::under(1, "used_keys = \"reset\"\n");
    let mut keys = table.nameless(1, Some(&pin("739154")));
    keys.extend(table.keys(2, None).pop());
    let before = photograph_of_new(&keys[0]);
    let users = table.line.drop_people("one.csv", 0..1);
    let running = table.start(true);
    table.put(1, &keys[0]);
    running.wait_for("the key is to be lifted", |view| {
        state(view, 1) == SlotState::LiftFirst
    });
    table.replug(1);
    running.wait_for("the key is refused", |view| {
        let fault = Fault::ResetRefused;
        state(view, 1) == SlotState::Refused { fault }
    });
    table.take(1);
    assert!(keys[0].photograph() == before, "it was changed");
    table.put(1, &keys[1]);
    let (summary, _) = running.finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    table.take(1);
    assert_one_each(&table.line, &users, &keys[1..]);
}

#[test]
fn a_used_nameless_key_is_wiped_at_once_where_its_firmware_takes_a_reset_after_other_commands() {
    let table = Table::under(1, "used_keys = \"reset\"\n");
    let keys = table.nameless(1, Some(&pin("739154")));
    let manner = Manner {
        tells_serial: false,
        resets_after_others: true,
        ..Manner::CORE
    };
    table.manners.teach(&keys[0], manner);
    let users = table.line.drop_people("one.csv", 0..1);
    let running = table.start(true);
    table.put(1, &keys[0]);
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_eq!(begun_by(ledger.as_ref(), 1, Step::Reset), 1);
    table.take(1);
    assert_one_each(&table.line, &users, &keys);
}

/// Whether the slot says that nobody touched its key. As long as the key blinks, its time is made to pass.
fn is_untouched(view: &View, key: &SimulatedKey) -> bool {
    if key.wait_for_blink(Duration::ZERO) {
        key.shift_clock(TOUCH_OVER);
    }
    wants_another(view, 1, |why| *why == Fault::TouchMissing)
}

#[test]
fn a_touch_that_never_comes_and_one_that_comes_too_late_change_nothing() {
    let table = Table::under(1, "");
    let keys = table.keys(1, None);
    keys[0].set_touch(Touch::ByHand);
    let users = table.line.drop_people("one.csv", 0..1);
    let running = table.start(true);
    table.put(1, &keys[0]);
    let before = keys[0].photograph();
    running.wait_for("nobody touched it", |view| is_untouched(view, &keys[0]));
    assert!(
        !keys[0].press(),
        "a touch after the deadline is for nothing"
    );
    assert!(keys[0].photograph() == before, "it was changed");
    table.replug(1);
    assert!(keys[0].wait_for_blink(PATIENCE) && keys[0].press());
    // The passkey's touch is asked for three times, and then the key has to be put back.
    let asked = || begun_by(running.ledger.as_ref(), 1, Step::MakeCredential);
    running.wait_for("nobody touched it", |view| {
        is_untouched(view, &keys[0]) && asked() == 3
    });
    assert!(!keys[0].press());
    keys[0].set_touch(AT_ONCE);
    table.replug(1);
    let (summary, ledger) = running.finish();
    assert_eq!(summary.done, 1, "{summary:?}");
    assert_eq!(begun_by(ledger.as_ref(), 1, Step::Reset), 2);
    table.take(1);
    assert_one_each(&table.line, &users, &keys);
}

#[test]
fn a_key_that_wants_a_long_touch_for_its_reset_says_so_and_only_then() {
    for long_touch in [true, false] {
        let table = Table::under(1, "");
        let keys = table.keys(1, None);
        table.manners.teach(
            &keys[0],
            Manner {
                long_touch,
                ..Manner::CORE
            },
        );
        keys[0].set_touch(Touch::ByHand);
        table.line.drop_people("one.csv", 0..1);
        let running = table.start(true);
        table.put(1, &keys[0]);
        for (step, long) in [(Step::Reset, long_touch), (Step::MakeCredential, false)] {
            assert!(keys[0].wait_for_blink(PATIENCE));
            running.wait_for("the slot asks for the touch", |view| {
                let slot = view.slots.get(&Slot(1));
                slot.is_some_and(|slot| slot.touch && slot.step == Some(step))
            });
            let view = running.board.view();
            assert_eq!(view.slots[&Slot(1)].long_touch, long, "{step}");
            assert!(keys[0].press());
            running.wait_for("the next step", |view| {
                view.slots[&Slot(1)].step != Some(step)
            });
        }
        let (summary, _) = running.finish();
        assert_eq!(summary.done, 1, "{summary:?}");
    }
}
