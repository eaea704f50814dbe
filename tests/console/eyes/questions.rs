//! Every question that a policy leaves to the operator, as a card asks it in a browser and as somebody answers it there.

use std::time::Duration;

use keyline::practice::authenticator::SimulatedKey;
use serde_json::Value;

use super::world::{USED_PIN, World};
use crate::bench::driver::Browser;

/// Letters and bags are confirmed by whoever presses a button, so that no code has to be scanned.
const BY_KEY: &str = "confirm = \"key\"\nbag = \"key\"\ngap_days = 0\n";
const GLANCE: Duration = Duration::from_millis(10);

/// Presses the key as often as it blinks, until the card says this.
fn press_until(browser: &Browser, slot: u16, key: &SimulatedKey, says: &str) {
    let card =
        format!("document.querySelector('#slot-{slot} .big')?.textContent.startsWith({says:?})");
    while browser.value(&card) != Value::Bool(true) {
        if key.wait_for_blink(GLANCE) {
            browser.card_says(slot, "Touch now");
            key.press();
        }
    }
}

/// The card's two answers, each with what it leads to.
fn answers(browser: &Browser, slot: u16) -> Vec<String> {
    let buttons = browser.value(&format!(
        "[...document.querySelectorAll('#slot-{slot} .answers button')].map((one) => one.innerText)"
    ));
    let buttons = buttons.as_array().expect("buttons").iter();
    buttons
        .map(|one| one.as_str().expect("words").to_owned())
        .collect()
}

/// Waits until a button may be pressed, and presses it.
fn press(browser: &Browser, css: &str) {
    browser.until(&format!("document.querySelector({css:?}) !== null && !document.querySelector({css:?}).matches(':disabled, [aria-disabled=true], [inert], [inert] *')"));
    browser.click(css);
}

#[test]
fn a_used_key_is_wiped_by_a_button_and_its_bag_and_letter_are_confirmed_by_buttons() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let world = World::open(2, Some(BY_KEY), Vec::new());
    world.sign_in(&browser, "olga", "/bench");
    world.line.drop_file(
        "one.csv",
        "user,name\r\nanna.lang@contoso.com,Anna Lang\r\n",
    );
    browser.card_says(1, "Insert a key");
    let key = world.used_key(1);
    world.insert(1, &key);
    browser.card_says(1, "Wipe this used key?");
    let answers = answers(&browser, 1);
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(
        answers[0].contains("for Anna Lang. What is on it is lost."),
        "{answers:?}"
    );
    assert!(answers[1].contains("Nothing is changed."), "{answers:?}");
    press(&browser, "#slot-1 .answers button[value=yes]");
    press_until(&browser, 1, &key, "Key into bag B-0001");
    world.pull(1);
    press(&browser, "#slot-1 .answers button");
    browser.until("document.querySelector('#letters .letter-says') !== null");
    let letter = browser.value("document.querySelector('#letters').innerText");
    assert!(
        letter
            .as_str()
            .is_some_and(|letter| letter.contains("Anna Lang: the letter is out. Look at it.")),
        "{letter}"
    );
    press(&browser, "#letters form[action='/bench/confirm'] button");
    browser.until("document.querySelector('.batch b').innerText === '1 / 1'");
    browser.until("document.querySelector('#letters .letter-says') === null");
    browser.close();
}

#[test]
fn a_card_on_a_reader_is_taken_for_its_batch_once_somebody_said_so() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let world = World::open(2, None, Vec::new());
    world.sign_in(&browser, "olga", "/bench");
    let file =
        "user,name\r\nanna.lang@contoso.com,Anna Lang\r\nsophie.weiss@contoso.com,Sophie Weiß\r\n";
    world.line.drop_file("two.csv", file);
    browser.card_says(1, "Insert a key");
    world.lay_on_readers(true);
    let (first, second) = (world.key(1), world.key(2));
    world.insert(1, &first);
    browser.card_says(1, "Take this card?");
    let answers = answers(&browser, 1);
    assert!(
        answers[0].contains("for the whole batch two: each is wiped without a touch."),
        "{answers:?}"
    );
    press(&browser, "#slot-1 .answers button[value=no]");
    browser.until("document.querySelector('#slot-1 .answers') === null");
    world.pull(1);
    browser.card_says(1, "Insert a key");
    world.insert(2, &second);
    browser.card_says(2, "Take this card?");
    press(&browser, "#slot-2 .answers button[value=yes]");
    press_until(&browser, 2, &second, "Done: envelope");
    // The next card of this batch is not asked about.
    world.insert(1, &first);
    press_until(&browser, 1, &first, "Done: envelope");
    browser.close();
}

#[test]
fn the_pin_that_a_key_has_now_is_typed_at_its_card_and_stands_nowhere_after_that() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let world = World::open(2, None, Vec::new());
    world.sign_in(&browser, "olga", "/bench");
    let file = "user,name,policy\r\nanna.lang@contoso.com,Anna Lang,keep\r\n";
    world.line.drop_file("kept.csv", file);
    browser.card_says(1, "Insert a key");
    let key = world.used_key(1);
    world.insert(1, &key);
    browser.card_says(1, "Type its PIN");
    assert_eq!(
        browser.value("document.querySelector('#pin-1').type"),
        "password"
    );
    browser.fill("#pin-1", USED_PIN);
    press(&browser, "#slot-1 .pin .main-button");
    press_until(&browser, 1, &key, "Done: envelope");
    let everything = browser.value("document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((one) => one.value)");
    assert!(
        everything
            .as_str()
            .is_some_and(|text| !text.contains(USED_PIN))
    );
    browser.close();
}
