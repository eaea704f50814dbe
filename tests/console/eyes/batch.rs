//! A whole batch: an administrator drops a file onto a page, an operator watches the cards, four keys are pressed when their
//! cards say so, and two windows show the same.

use std::time::Duration;

use keyline::practice::authenticator::SimulatedKey;
use serde_json::{Value, json};

use super::pages::{SIZES, picture};
use super::world::World;
use crate::bench::driver::Browser;

const SLOTS: u16 = 4;
/// Who gets the keys: the practice tenant knows them.
const USERS: [(&str, &str); 4] = [
    ("anna.lang", "Anna Lang"),
    ("juergen.mueller", "Jürgen Müller"),
    ("sophie.weiss", "Sophie Weiß"),
    ("kaethe.groessl", "Käthe Größl"),
];
/// A look at a key.
const GLANCE: Duration = Duration::from_millis(10);
/// Notes every text that a card says, in order.
const FOLLOW: &str = "
  window.said = {};
  const note = () => {
    for (const card of document.querySelectorAll('.card')) {
      const list = window.said[card.id] ??= [];
      const says = card.querySelector('.big')?.textContent;
      if (list[list.length - 1] !== says) list.push(says);
    }
  };
  note();
  new MutationObserver(note).observe(document.getElementById('cards'), { subtree: true, childList: true, attributes: true, characterData: true });
";
/// What a window shows of every card, and above them.
const SHOWN: &str = "[...document.querySelectorAll('.card')].map((card) => card.dataset.announce).concat(document.querySelector('.batch').innerText)";

/// Drops a file where a page takes files, as a browser tells the page of it.
pub(super) fn drop_file(browser: &Browser, name: &str, text: &str) {
    browser.run(&format!(
        "const zone = document.querySelector('[data-drop]');
         const dataTransfer = new DataTransfer();
         dataTransfer.items.add(new File([{text}], {name}));
         for (const kind of ['dragenter', 'dragover', 'drop']) {{
           zone.dispatchEvent(new DragEvent(kind, {{ bubbles: true, cancelable: true, dataTransfer }}));
         }}",
        text = json!(text),
        name = json!(name),
    ));
}

fn job_file(users: &[(&str, &str)]) -> String {
    let mut file = "user,name,department\r\n".to_owned();
    for (user, person) in users {
        file.push_str(&format!("{user}@contoso.com,{person},Sales\r\n"));
    }
    file
}

/// An administrator drops a file with a bad row, reads what is wrong, and drops one without.
fn hand_over(world: &World, adam: &Browser) {
    world.sign_in(adam, "adam", "/people");
    let bad = job_file(&USERS) + "nobody at all,Somebody,Sales\r\n";
    drop_file(adam, "may.csv", &bad);
    adam.until("document.querySelector('[data-answer] table.wrong tbody tr') !== null");
    let row = adam.value("document.querySelector('table.wrong tbody tr').innerText");
    assert!(
        row.as_str().is_some_and(|row| row.starts_with("line 6\t")),
        "{row}"
    );
    assert_eq!(world.board.view().upcoming.len(), 0, "nothing of it counts");
    drop_file(adam, "may.csv", &job_file(&USERS));
    adam.until("document.querySelector('[data-answer] .note') !== null");
    let told = adam.value("document.querySelector('[data-answer]').innerText");
    assert!(
        told.as_str()
            .is_some_and(|told| told.contains("4") && told.contains("may.csv")),
        "{told}"
    );
}

/// Presses every key as often as it blinks, each time after its card said so, until all cards say that they are done.
fn press_all(world: &World, olga: &Browser) {
    let keys: Vec<(u16, SimulatedKey)> = (1..=SLOTS)
        .map(|slot| (slot, world.key(u32::from(slot))))
        .collect();
    for (slot, key) in &keys {
        world.insert(*slot, key);
    }
    let all_done = format!(
        "[...document.querySelectorAll('.card .big')].filter((big) => big.textContent.startsWith('Done: envelope')).length === {SLOTS}"
    );
    while olga.value(&all_done) != Value::Bool(true) {
        for (slot, key) in &keys {
            if key.wait_for_blink(GLANCE) {
                olga.card_says(*slot, "Touch now");
                key.press();
            }
        }
    }
}

#[test]
fn a_batch_goes_from_the_dropped_file_to_its_last_key() {
    let Some(adam) = Browser::open(1280, 800) else {
        return;
    };
    let olga = Browser::open(1024, 600).expect("the same browser again");
    let world = World::open(SLOTS, None, Vec::new());
    world.sign_in(&olga, "olga", "/bench");
    olga.until(&format!(
        "document.querySelectorAll('.card').length === {SLOTS}"
    ));
    olga.card_says(1, "Nothing to do");
    hand_over(&world, &adam);
    olga.card_says(1, "Insert a key");
    assert_eq!(
        olga.value("document.querySelector('#slot-1 .person').innerText"),
        "Next: Anna Lang"
    );
    olga.run(FOLLOW);
    // The administrator watches in a second tab, beside the page with the file.
    adam.open_tab();
    adam.go_to(&world.url("/bench"));

    press_all(&world, &olga);

    let said = olga.value("window.said");
    for slot in 1..=SLOTS {
        let heard = said[format!("slot-{slot}")].as_array().expect("words");
        let place = |text: &str| {
            let says = |one: &Value| one.as_str().is_some_and(|one| one.starts_with(text));
            heard.iter().position(says)
        };
        let touch = place("Touch now");
        assert!(place("Insert a key") < touch, "{heard:?}");
        assert!(touch < place("Done: envelope 000"), "{heard:?}");
    }
    olga.until("document.querySelector('.batch b').innerText === '4 / 4'");
    let shown = olga.value(SHOWN);
    adam.until(&format!(
        "JSON.stringify({SHOWN}) === {}",
        json!(shown.to_string())
    ));
    for (width, height) in SIZES {
        olga.resize(width, height);
        picture(&olga, &format!("bench-done-{width}"));
    }

    // The operator sees nothing of the rest, and the administrator sees whose keys are done.
    assert_eq!(
        olga.value("[...document.querySelectorAll('.ways a')].map((way) => way.pathname)"),
        json!(["/bench", "/sessions"])
    );
    olga.go_to(&world.url("/queue"));
    let status = "performance.getEntriesByType('navigation')[0].responseStatus";
    assert_eq!(olga.value(status), 403);
    adam.go_to(&world.url("/queue"));
    assert_eq!(
        adam.value("document.querySelectorAll('tbody .mark.standing-done').length"),
        4
    );
    adam.click("tbody a");
    adam.until("document.querySelector('h1 .standing-done') !== null");
    olga.close();
    adam.close();
}
