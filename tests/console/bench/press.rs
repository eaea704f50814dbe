//! What a press of a button may do, in a real browser: nothing that nobody could have read, nothing twice, and no PIN that no hand typed.

use std::time::{Duration, Instant};

use keyline::domain::authenticator::Slot;
use keyline::domain::station::signal::SlotState;
use keyline::port::Operator as _;
use serde_json::Value;

use super::browser::sign_in;
use super::driver::Browser;
use super::hall::{Hall, PATIENCE};

/// What has just come takes no press for so long.
const INERT: Duration = Duration::from_millis(600);
/// Presses every question as soon as its buttons stand there, and notes when.
const HASTE: &str = "
  window.pressed = [];
  new MutationObserver(() => {
    const asked = document.querySelector('#slot-2 .answers [name=asked]')?.value;
    if (asked && !window.pressed.includes(asked)) {
      window.pressed.push(asked);
      document.querySelector('#slot-2 .answers button[value=yes]').click();
    }
  }).observe(document.getElementById('cards'), { subtree: true, childList: true, attributes: true });
";
/// Types into the field of a PIN, with so many milliseconds from key to key.
const TYPE: &str = "
  window.typed = false;
  const [pin, gap] = [PIN, GAP];
  const field = document.querySelector('#slot-2 input[name=pin]');
  const type = (index) => {
    field.value += pin[index];
    field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText', data: pin[index] }));
    const next = () => (index + 1 < pin.length ? type(index + 1) : (window.typed = true));
    if (gap === 0) next(); else setTimeout(next, gap);
  };
  type(0);
";

#[test]
fn a_question_that_has_just_come_takes_no_press_and_the_same_words_about_another_key_are_another_one()
 {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    sign_in(&browser, &hall, "/bench");
    browser.card_says(2, "Insert a key");
    browser.run(HASTE);
    for (number, presses) in [(1, 1), (2, 2)] {
        hall.insert(2, &hall.used_key(number));
        browser.until(&format!("window.pressed.length === {presses}"));
        // Long enough for a press that counted to arrive, and more.
        let until = Instant::now() + INERT;
        while Instant::now() < until {
            let slot = &hall.board.view().slots[&Slot(2)];
            let asks = matches!(slot.state, SlotState::Asking { .. });
            assert!(asks, "nobody could have read it: {:?}", slot.state);
            std::thread::yield_now();
        }
        if number == 1 {
            hall.pull(2);
            browser.card_says(2, "Insert a key");
        }
    }
    // By now whoever presses has read it.
    browser.run("document.querySelector('#slot-2 .answers button[value=no]').click();");
    browser.card_says(2, "Lay it aside");
    browser.close();
}

#[test]
fn what_cannot_be_taken_back_takes_two_presses_in_two_places() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    sign_in(&browser, &hall, "/bench");
    hall.insert(2, &hall.used_key(1));
    browser.card_says(2, "Wipe this used key?");
    browser.run("document.querySelector('#slot-2 .more > summary').click();");
    let seen = |css: &str| {
        let found = format!("document.querySelector('#slot-2 {css}')?.checkVisibility() === true");
        browser.value(&found) == Value::Bool(true)
    };
    assert!(seen(".more-body form button"), "one press skips somebody");
    let cancel = ".sure form:has([value=cancel]) button";
    assert!(!seen(cancel), "one press cancels nothing");
    let twice = format!(
        "document.querySelector('#slot-2 .sure:has([value=cancel]) summary').click();
         document.querySelector('#slot-2 {cancel}').click();"
    );
    browser.run(&twice);
    assert!(seen(cancel));
    // The second press of a double click came too soon; the third one was read.
    let until = Instant::now() + INERT;
    while Instant::now() < until {
        assert_eq!(
            hall.board.view().slots[&Slot(2)]
                .case
                .as_ref()
                .map(|case| case.job.0),
            Some(1)
        );
        std::thread::yield_now();
    }
    browser.run(&format!(
        "document.querySelector('#slot-2 {cancel}').click();"
    ));
    hall.wait_for("the end of the job", |view| {
        view.slots[&Slot(2)].case.is_none()
    });
    browser.close();
}

#[test]
fn a_pin_is_typed_by_hand_and_by_nothing_that_is_faster() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let hall = Hall::open(2, 0);
    sign_in(&browser, &hall, "/bench");
    browser.card_says(2, "Nothing to do");
    let prompt = hall.prompt.clone();
    let asking = std::thread::spawn(move || prompt.current_pin(Slot(2), "Ada Ammann"));
    browser.card_says(2, "Type its PIN");
    browser.until("document.activeElement !== document.getElementById('scan')");
    // What is typed beside the field stands nowhere.
    browser.press("739154");
    assert_eq!(browser.value("document.getElementById('scan').value"), "");
    let type_in = |gap: u32| {
        let script = TYPE
            .replace("PIN", "'739154'")
            .replace("GAP", &gap.to_string());
        browser.run(&script);
        browser.until("window.typed");
        browser.run("document.querySelector('#slot-2 .pin button').click();");
    };
    let until = Instant::now() + PATIENCE;
    let told = "document.getElementById('answer').textContent";
    while browser.value(told) == "" {
        assert!(Instant::now() < until);
        type_in(0);
    }
    let said = browser.value(told);
    assert!(
        said.as_str()
            .is_some_and(|said| said.contains("not from a person")),
        "{said}"
    );
    assert_eq!(
        browser.value("document.querySelector('#slot-2 input[name=pin]').value"),
        ""
    );
    assert!(!asking.is_finished(), "nothing was tried");
    type_in(60);
    let pin = asking.join().expect("no panic").expect("a PIN");
    assert_eq!(pin.reveal(), "739154");
    browser.close();
}
