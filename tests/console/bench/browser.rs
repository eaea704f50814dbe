//! The bench in a real browser: cards are followed until their keys are done, a question is answered from the keyboard, and a
//! station that went away is missed within two seconds and comes back as it is by then.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::key::Key;
use keyline::app::station::Request;
use keyline::practice::authenticator::SimulatedKey;
use serde_json::Value;

use super::driver::Browser;
use super::hall::{Hall, PASSPHRASE, PEOPLE};

/// A window without a word from its station says so within this.
const LOST_WITHIN: Duration = Duration::from_secs(2);
/// What the driver may need to look, on a busy machine.
const LOOK_SLACK: Duration = Duration::from_millis(1500);
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

async fn sign_in(browser: &Browser, hall: &Hall, path: &str) {
    let way = hall.url(&format!("/sign-in?next={path}"));
    browser.client.goto(&way).await.expect("a page");
    browser.fill("input[name=name]", "ines").await;
    browser.fill("input[name=passphrase]", PASSPHRASE).await;
    browser.fill("input[name=passphrase]", "\u{e007}").await;
    browser
        .until("document.getElementById('bench') !== null")
        .await;
}

fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

/// Presses the key as often as it blinks, each time after the card said so, until the card says that it is done.
async fn follow(browser: &Browser, hall: &Hall, slot: u16, key: &SimulatedKey) {
    hall.insert(slot, key);
    let done =
        format!("document.querySelector('#slot-{slot} .big').textContent.startsWith('Done:')");
    while browser.value(&done).await != Value::Bool(true) {
        if key.wait_for_blink(Duration::from_millis(20)) {
            browser.card_says(slot, "Touch now").await;
            let left = format!("document.querySelector('#slot-{slot} .left-text').textContent");
            let left = browser.value(&left).await;
            let left = left.as_str().and_then(|left| left.strip_suffix(" s"));
            let left: u32 = left.and_then(|left| left.parse().ok()).expect("seconds");
            assert!((1..=30).contains(&left), "{left} s left of a touch");
            key.press();
        }
    }
}

#[test]
fn cards_are_followed_until_four_people_have_their_keys() {
    run(async {
        let Some(browser) = Browser::open(1024, 600).await else {
            return;
        };
        let hall = Hall::open(4, 4);
        hall.wait_for("the jobs", |view| view.upcoming.len() == 4);
        sign_in(&browser, &hall, "/bench").await;
        browser
            .client
            .execute(FOLLOW, Vec::new())
            .await
            .expect("a script");
        for (slot, number) in (2..=4).zip(1..) {
            follow(&browser, &hall, slot, &hall.key(number)).await;
        }
        let said = browser.value("window.said").await;
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
        let top = browser
            .value("document.querySelector('.batch b').textContent")
            .await;
        assert_eq!(top, "3 / 4");
        // Nothing of it is off the screen, and nothing is scrolled.
        let fits = "document.documentElement.scrollHeight <= innerHeight && [...document.querySelectorAll('.card, .strip, .top')].every((one) => { const at = one.getBoundingClientRect(); return at.top >= 0 && at.bottom <= innerHeight && at.right <= innerWidth; })";
        assert_eq!(browser.value(fits).await, Value::Bool(true));
        picture(&browser, "followed").await;
        browser.close().await;
    });
}

#[test]
fn a_question_is_answered_from_the_keyboard() {
    run(async {
        let Some(browser) = Browser::open(1024, 600).await else {
            return;
        };
        let hall = Hall::open(2, 1);
        hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
        sign_in(&browser, &hall, "/bench").await;
        hall.insert(2, &hall.used_key(1));
        browser.card_says(2, "Wipe this used key?").await;
        picture(&browser, "question").await;
        // Alt and the slot's number, then Tab to the second answer.
        let body = browser
            .client
            .find(Locator::Css("#scan"))
            .await
            .expect("a field");
        let alt_two = format!("{}2{}", char::from(Key::Alt), char::from(Key::Null));
        body.send_keys(&alt_two).await.expect("keys");
        let focused = "document.activeElement.id === 'slot-2'";
        browser.until(focused).await;
        for _ in 0..2 {
            let active = browser.client.active_element().await.expect("somewhere");
            let tab = String::from(char::from(Key::Tab));
            active.send_keys(&tab).await.expect("keys");
        }
        let answer = browser.value("document.activeElement.value").await;
        assert_eq!(answer, "no", "the second answer has the focus");
        let active = browser.client.active_element().await.expect("the answer");
        let enter = String::from(char::from(Key::Enter));
        active.send_keys(&enter).await.expect("keys");
        browser.card_says(2, "Lay it aside").await;
        browser.close().await;
    });
}

#[test]
fn a_station_that_went_away_is_missed_at_once_and_comes_back_as_it_is_by_then() {
    run(async {
        let Some(browser) = Browser::open(1024, 600).await else {
            return;
        };
        let mut hall = Hall::open(2, 1);
        hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
        sign_in(&browser, &hall, "/bench").await;
        browser.card_says(2, "Insert a key").await;
        let lost = "document.getElementById('lost').hidden === false";
        assert_eq!(browser.value(lost).await, Value::Bool(false));

        hall.kill_console();
        let gone = Instant::now();
        browser.until(lost).await;
        let missed = gone.elapsed();
        assert!(missed < LOST_WITHIN + LOOK_SLACK, "missed after {missed:?}");
        picture(&browser, "lost").await;

        // Meanwhile the line is paused.
        assert!(hall.handle.ask(Request::Pause {
            paused: true,
            actor: "4711".to_owned(),
        }));
        hall.wait_for("the pause", |view| view.paused);
        hall.restart_console();
        browser
            .until("document.getElementById('lost').hidden")
            .await;
        browser.card_says(2, "Paused").await;
        let paused = "document.querySelector('#top .paused') !== null";
        browser.until(paused).await;
        browser.close().await;
    });
}

/// Keeps a picture of the page where one is asked for: KEYLINE_TEST_PICTURES names the folder.
async fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("KEYLINE_TEST_PICTURES") {
        let png = browser.client.screenshot().await.expect("a picture");
        let file = Path::new(&folder).join(format!("bench-{name}.png"));
        std::fs::write(file, png).expect("a folder");
    }
}
