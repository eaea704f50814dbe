//! The stream of events and the buttons, over real HTTP.

use std::time::Duration;

use keyline::app::station::Request;
use keyline::domain::authenticator::Slot;
use keyline::port::Operator as _;

use super::hall::Hall;
use super::http::{Events, Guest};

/// Puts a blank key into the slot and presses it whenever the window says so, until its card is done. What the window heard.
fn work(hall: &Hall, slot: u16, number: u32, eyes: &mut Events) -> Vec<(String, String)> {
    let key = hall.key(number);
    hall.insert(slot, &key);
    let done = usize::try_from(number).expect("a few keys");
    let (card, mut came) = (format!("slot-{slot}"), Vec::new());
    while hall.board.view().counts.done < done {
        if key.wait_for_blink(Duration::from_millis(20)) {
            came.extend(eyes.until(&card, "Touch now"));
            key.press();
            hall.wait_for("the end of the touch", |view| {
                !view.slots[&Slot(slot)].touch
            });
        }
    }
    came.extend(eyes.until(&card, "Done: envelope"));
    came
}

#[test]
fn the_first_event_is_whole_and_later_ones_hold_only_what_changed() {
    let hall = Hall::open(2, 2);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 2);
    let guest = Guest::sign_in(&hall, "ines");
    // The bench without a name has all slots but the first, which stands on the left one.
    let mut window = guest.events("");
    let whole = window.next_parts();
    assert_eq!(
        whole,
        ["letters", "news", "slot-2", "top"],
        "and no pace: that is for administrators"
    );
    let mut left = guest.events("?bench=left");
    assert_eq!(left.next_parts(), ["letters", "news", "slot-1", "top"]);
    assert!(
        window.shown["slot-2"].contains("Ada Ammann"),
        "who comes next"
    );
    let came = work(&hall, 2, 1, &mut window);
    let said = |text: &str| {
        let mut cards = came.iter().filter(|(name, _)| name == "slot-2");
        cards.any(|(_, card)| card.contains(text))
    };
    assert!(said("Touch now") && said("data-until="), "{came:#?}");
    assert!(
        came.iter().all(|(name, _)| name != "slot-1"),
        "that stands elsewhere"
    );
    let next = left.until("slot-1", "Bo Berg");
    assert!(next.iter().all(|(name, _)| name != "slot-2"));
}

#[test]
fn two_windows_show_the_same_and_a_third_one_that_comes_later_as_well() {
    let hall = Hall::open(3, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    let (ines, adam) = (Guest::sign_in(&hall, "ines"), Guest::sign_in(&hall, "adam"));
    let (mut one, mut two) = (ines.events(""), adam.events(""));
    work(&hall, 2, 1, &mut one);
    two.until("slot-2", "Done: envelope");
    let mut late = ines.events("");
    late.next_parts();
    // What came with the last change may be split over two events.
    for window in [&mut one, &mut two] {
        while window.shown["top"] != late.shown["top"] {
            window.next_parts();
        }
    }
    assert!(
        two.shown.contains_key("pace"),
        "administrators see the pace"
    );
    two.shown.remove("pace");
    assert_eq!(one.shown, two.shown);
    assert_eq!(one.shown, late.shown);
}

#[test]
fn a_beat_comes_each_second_and_the_stream_ends_with_its_session() {
    let hall = Hall::open(1, 0);
    let guest = Guest::sign_in(&hall, "ines");
    let mut window = guest.events("");
    assert_eq!(window.next().expect("an event").kind, "parts");
    let mut beats = Vec::new();
    while beats.len() < 3 {
        let event = window.next().expect("an event");
        if event.kind == "beat" {
            beats.push(event.data["now"].as_i64().expect("a moment"));
        }
    }
    let apart: Vec<i64> = beats.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(
        apart.iter().all(|apart| (500..2000).contains(apart)),
        "{apart:?}"
    );
    // Whoever goes away from the desk leaves nothing behind that goes on.
    guest.post("/lock", &[]);
    let last = std::iter::from_fn(|| window.next())
        .last()
        .expect("an event");
    assert_eq!(last.kind, "over");
}

#[test]
fn a_used_key_is_asked_about_and_the_answer_is_the_operators() {
    let hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    let guest = Guest::sign_in(&hall, "ines");
    let mut window = guest.events("");
    hall.insert(2, &hall.used_key(1));
    window.until("slot-2", "Wipe this used key?");
    let card = &window.shown["slot-2"];
    assert!(card.contains("What is on it is lost.") && card.contains("Nothing is changed."));
    let job = card.split("name=\"job\" value=\"").nth(1).expect("a job");
    let job = job.split('"').next().expect("a job").to_owned();
    let other = guest.press(
        "/bench/answer",
        &[("slot", "2"), ("job", "99"), ("yes", "yes")],
    );
    assert!(other.0, "it is passed on, and the station knows better");
    let (ok, message) = guest.press(
        "/bench/answer",
        &[("slot", "2"), ("job", &job), ("yes", "no")],
    );
    assert_eq!((ok, message.as_str()), (true, ""));
    window.until("slot-2", "Lay it aside");
    hall.pull(2);
    window.until("slot-2", "Insert a key");
}

#[test]
fn the_line_is_paused_and_help_is_called_for_in_every_window() {
    let hall = Hall::open(2, 1);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 1);
    let (ines, adam) = (Guest::sign_in(&hall, "ines"), Guest::sign_in(&hall, "adam"));
    let mut window = adam.events("");
    window.next_parts();
    assert!(ines.press("/bench/line", &[("what", "pause")]).0);
    window.until("slot-2", "Paused");
    assert!(window.shown["top"].contains("The line is paused."));
    assert!(
        ines.press("/bench/help", &[("slot", "2"), ("wanted", "yes")])
            .0
    );
    window.until("slot-2", "Help called by ines");
    assert!(
        adam.press("/bench/help", &[("slot", "2"), ("wanted", "no")])
            .0
    );
    assert!(adam.press("/bench/line", &[("what", "go")]).0);
    window.until("slot-2", "Insert a key");
    assert!(!window.shown["slot-2"].contains("Help called by"));
    let (ok, message) = ines.press("/bench/line", &[("what", "dance")]);
    assert!(!ok && message.contains("Nothing was done"), "{message}");
}

#[test]
fn whoever_is_skipped_waits_and_the_next_one_comes() {
    let hall = Hall::open(2, 2);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 2);
    let guest = Guest::sign_in(&hall, "ines");
    let mut window = guest.events("");
    window.next_parts();
    let card = &window.shown["slot-2"];
    assert!(card.contains("Ada Ammann") && card.contains("Skip this person"));
    let job = hall.board.view().upcoming[0].job.to_string();
    let (ok, message) = guest.press("/bench/job", &[("job", &job), ("change", "skip")]);
    assert!(ok, "{message}");
    window.until("slot-2", "Bo Berg");
    hall.wait_for("the stop", |view| view.counts.held == 1);
}

#[test]
fn a_pin_is_typed_at_its_card_and_told_to_nobody_else() {
    let hall = Hall::open(2, 0);
    let guest = Guest::sign_in(&hall, "ines");
    let nobody = guest.press("/bench/pin", &[("slot", "2"), ("pin", "739154")]);
    assert!(!nobody.0, "nobody asked");
    let mut window = guest.events("");
    window.next_parts();
    let prompt = hall.prompt.clone();
    let asking = std::thread::spawn(move || prompt.current_pin(Slot(2), "Ada Ammann"));
    window.until("slot-2", "Type its PIN");
    assert!(window.shown["slot-2"].contains("type=\"password\""));
    let (ok, message) = guest.press("/bench/pin", &[("slot", "2"), ("pin", "1")]);
    assert!(!ok && message.contains("four characters"), "{message}");
    let (ok, message) = guest.press("/bench/pin", &[("slot", "2"), ("pin", "739154")]);
    assert_eq!(
        (ok, message.as_str()),
        (true, ""),
        "no word of it comes back"
    );
    let pin = asking.join().expect("no panic").expect("a PIN");
    assert_eq!(pin.reveal(), "739154");
    window.until("slot-2", "Nothing to do");
    assert!(window.shown.values().all(|text| !text.contains("739154")));
    assert!(hall.handle.ask(Request::Stop), "the station is well");
}

#[test]
fn a_bench_that_is_not_there_is_told_and_nobody_looks_on_without_a_session() {
    let hall = Hall::open(1, 0);
    let guest = Guest::sign_in(&hall, "ines");
    assert_eq!(guest.get("/bench/right").status(), 404);
    assert_eq!(guest.get("/bench/left").status(), 200);
    assert_eq!(guest.get("/bench/events?bench=right").status(), 404);
    let stranger = guest.stranger().post("/bench/help", &[]);
    assert_eq!(stranger.status(), 401);
}
