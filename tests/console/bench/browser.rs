//! The bench in a real browser: cards are followed until their keys are done, a question is answered from the keyboard, and a
//! station that went away is missed within two seconds and comes back as it is by then.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::key::Key;
use keyline::app::station::Request;
use keyline::practice::authenticator::SimulatedKey;
use serde_json::Value;

use super::driver::Browser;
use super::hall::{Hall, PASSPHRASE, PEOPLE};

/// A window without a word from its station says so within this.
const LOST_WITHIN: Duration = Duration::from_secs(2);
/// What the driver may need to look, on a busy machine.
const LOOK_SLACK: Duration = Duration::from_millis(500);
/// Notes every text that a card shows, in order.
const FOLLOW: &str = "
  window.said = {};
  const note = () => {
    for (const card of document.querySelectorAll('.card')) {
      const list = window.said[card.id] ??= [];
      const says = card.dataset.announce;
      if (list[list.length - 1] !== says) list.push(says);
    }
  };
  note();
  new MutationObserver(note).observe(document.getElementById('cards'), { subtree: true, childList: true, attributes: true, characterData: true });
";

pub(crate) fn sign_in(browser: &Browser, hall: &Hall, path: &str) {
    sign_in_as(browser, hall, "ines", path);
}

fn sign_in_as(browser: &Browser, hall: &Hall, name: &str, path: &str) {
    let way = hall.url(&format!("/sign-in?next={path}"));
    browser.go_to(&way);
    browser.fill("input[name=name]", name);
    browser.fill("input[name=passphrase]", PASSPHRASE);
    browser.fill("input[name=passphrase]", "\u{e007}");
    browser.until("document.getElementById('bench') !== null");
}

/// Presses the key as often as it blinks, each time after the card said so, until the card says that it is done.
fn follow(browser: &Browser, hall: &Hall, slot: u16, key: &SimulatedKey) {
    hall.insert(slot, key);
    let done =
        format!("document.querySelector('#slot-{slot} .big').textContent.startsWith('Done:')");
    while browser.value(&done) != Value::Bool(true) {
        if key.wait_for_blink(Duration::from_millis(20)) {
            browser.card_says(slot, "Touch now");
            // A card may still show the touch before this one, whose seconds are gone a moment later.
            browser.until(&format!(
                "((left) => left >= 1 && left <= 30)(parseInt(document.querySelector('#slot-{slot} .left-text')?.textContent))"
            ));
            key.press();
        }
    }
}

#[test]
fn cards_are_followed_until_four_people_have_their_keys() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let hall = Hall::open(4, 4);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 4);
    sign_in(&browser, &hall, "/bench");
    browser.run(FOLLOW);
    for (slot, number) in (2..=4).zip(1..) {
        follow(&browser, &hall, slot, &hall.key(number));
    }
    let said = browser.value("window.said");
    for (slot, person) in (2..=4).zip(PEOPLE) {
        let heard = said[format!("slot-{slot}")].as_array().expect("words");
        let at = |text: &str| {
            let says = |one: &Value| one.as_str().is_some_and(|one| one.contains(text));
            heard.iter().position(says)
        };
        let touch = at(&format!("Slot {slot}: Touch now. {person}."));
        let done = at(&format!("Slot {slot}: Done: envelope"));
        assert!(touch.is_some() && touch < done, "{heard:#?}");
    }
    let top = browser.value("document.querySelector('.batch b').textContent");
    assert_eq!(top, "3 / 4");
    for (width, height) in [(1024, 600), (1920, 1080), (3840, 2160)] {
        browser.resize(width, height);
        for look in ["light", "dark"] {
            browser.run(&format!(
                "document.documentElement.dataset.look = {look:?};"
            ));
            picture(&browser, &format!("{width}-{look}"));
        }
        fits(&browser);
    }
    browser.close();
}

#[test]
fn a_question_is_answered_from_the_keyboard() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    sign_in(&browser, &hall, "/bench");
    hall.insert(2, &hall.used_key(1));
    browser.card_says(2, "Wipe this used key?");
    picture(&browser, "question");
    // Alt and the slot's number, then Tab to the second answer.
    let key = |key: Key| String::from(char::from(key));
    browser.press(&format!("{}2{}", key(Key::Alt), key(Key::Null)));
    browser.until("document.activeElement.id === 'slot-2'");
    for _ in 0..2 {
        browser.press(&key(Key::Tab));
    }
    let answer = browser.value("document.activeElement.value");
    assert_eq!(answer, "no", "the second answer has the focus");
    // What has just come takes no press, so nobody answers a question that they have not read.
    let aside = "document.querySelector('#slot-2 .big').textContent === 'Lay it aside'";
    while browser.value(aside) != Value::Bool(true) {
        browser.try_press(&key(Key::Enter));
    }
    browser.close();
}

#[test]
fn a_station_that_went_away_is_missed_at_once_and_comes_back_as_it_is_by_then() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    let mut hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    sign_in(&browser, &hall, "/bench");
    browser.card_says(2, "Insert a key");
    let lost = "document.getElementById('lost').hidden === false";
    assert_eq!(browser.value(lost), Value::Bool(false));

    hall.kill_console();
    let gone = Instant::now();
    browser.until(lost);
    let missed = gone.elapsed();
    assert!(missed < LOST_WITHIN + LOOK_SLACK, "missed after {missed:?}");
    picture(&browser, "lost");

    // Meanwhile the line is paused.
    assert!(hall.handle.ask(Request::Pause {
        paused: true,
        actor: "4711".to_owned(),
    }));
    hall.wait_for("the pause", |view| view.paused);
    hall.restart_console();
    browser.until("document.getElementById('lost').hidden");
    browser.card_says(2, "Paused");
    let paused = "document.querySelector('#top .paused') !== null";
    browser.until(paused);
    browser.close();
}

/// A card with a touch, one with a question and one where help is called, on the smallest screen, in both languages.
#[test]
fn eight_small_cards_cut_nothing_off() {
    let Some(browser) = Browser::open(1024, 600) else {
        return;
    };
    // Slot 1 is the bench `left`'s.
    let hall = Hall::open(9, 4);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 4);
    sign_in_as(&browser, &hall, "adam", "/bench");
    hall.insert(2, &hall.key(1));
    browser.card_says(2, "Touch now");
    hall.insert(3, &hall.used_key(2));
    browser.card_says(3, "Wipe this used key?");
    browser.until("(document.querySelector('#slot-4 form[action=\"/bench/help\"] button:not([value=no])')?.click(), document.querySelector('#slot-4 .called') !== null)");
    assert_eq!(
        browser.value("document.querySelectorAll('.card').length"),
        8
    );
    for language in ["en", "de"] {
        browser.run(&format!(
            "document.querySelector('[name=language][value={language}]').click();"
        ));
        browser.until(&format!(
            "document.documentElement.lang === {language:?} && document.querySelector('#slot-4 .called') !== null"
        ));
        picture(&browser, &format!("eight-{language}"));
        let cut = browser.value(
            "[...document.querySelectorAll('.card-body')].filter((one) => one.scrollHeight > one.clientHeight)
              .map((one) => `${one.closest('.card').id}: ${one.scrollHeight} > ${one.clientHeight}, card ${one.closest('.card').clientHeight}, bar ${document.querySelector('.bar').clientHeight}, top ${document.querySelector('.top').clientHeight}`)",
        );
        assert_eq!(cut, Value::Array(Vec::new()), "{language}");
        fits(&browser);
    }
    browser.close();
}

/// Nothing of the bench is off the screen, and nothing is scrolled.
fn fits(browser: &Browser) {
    let off = browser.value(
        "[document.documentElement, ...document.querySelectorAll('.card, .strip, .top')].filter((one) => {
          const at = one.getBoundingClientRect();
          return at.top < 0 || at.left < 0 || at.bottom > innerHeight || at.right > innerWidth;
        }).map((one) => one.outerHTML.slice(0, 80))",
    );
    assert_eq!(off, Value::Array(Vec::new()));
    let scrolled = "document.documentElement.scrollHeight > innerHeight";
    assert_eq!(browser.value(scrolled), Value::Bool(false));
}

/// Keeps a picture of the page where one is asked for: KEYLINE_TEST_PICTURES names the folder.
fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("KEYLINE_TEST_PICTURES") {
        let file = Path::new(&folder).join(format!("bench-{name}.png"));
        std::fs::write(file, browser.picture()).expect("a folder");
    }
}
