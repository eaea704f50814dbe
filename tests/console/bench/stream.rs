//! The stream of events and the buttons, over real HTTP.

use std::time::{Duration, Instant};

use keyline::app::station::Request;
use keyline::domain::authenticator::Slot;
use keyline::domain::job::JobId;
use keyline::port::Operator as _;
use serde_json::Value;

use super::hall::{Hall, PATIENCE};
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
    let first = field(card, "asked");
    // The key is exchanged for another used one: the same words, another question.
    hall.pull(2);
    window.until("slot-2", "Insert a key");
    hall.insert(2, &hall.used_key(2));
    window.until("slot-2", "Wipe this used key?");
    let second = field(&window.shown["slot-2"], "asked");
    assert_ne!(first, second);
    let answer = |asked: &str, yes: &str| {
        let answer = guest.post(
            "/bench/answer",
            &[("slot", "2"), ("asked", asked), ("yes", yes)],
        );
        (
            answer.status().as_u16(),
            answer.json::<Value>().expect("JSON"),
        )
    };
    let (status, told) = answer(&first, "yes");
    assert_eq!(status, 409, "{told}");
    let card = told["parts"]["slot-2"].as_str().expect("the card as it is");
    assert_eq!(field(card, "asked"), second);
    let (status, told) = answer(&second, "no");
    assert_eq!((status, told["message"].as_str()), (200, Some("")));
    window.until("slot-2", "Lay it aside");
    // The second press of a double click.
    let (status, told) = answer(&second, "yes");
    assert_eq!(status, 409, "{told}");
    hall.pull(2);
    window.until("slot-2", "Insert a key");
}

/// No letter and no bag waits: how often that was said of this job.
fn refused_paper(guest: &Guest, job: &str) -> usize {
    let wishes = [
        ("/bench/spoiled", ""),
        ("/bench/reissue", ""),
        ("/bench/confirm", "letter"),
        ("/bench/confirm", "bag"),
    ];
    for (path, step) in wishes {
        let answer = guest.post(path, &[("slot", "2"), ("job", job), ("step", step)]);
        assert_eq!(answer.status(), 409, "{path} {job}");
    }
    wishes.len()
}

/// Whatever an operator's browser sends about whichever job: what stands on no card, or is not offered there, is not done.
#[test]
fn an_operator_does_what_the_bench_offers_and_nothing_else() {
    let hall = Hall::open(2, 3);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 3);
    let guest = Guest::sign_in(&hall, "ines");
    let jobs: Vec<String> = hall
        .board
        .view()
        .upcoming
        .iter()
        .map(|case| case.job.to_string())
        .collect();
    let key = hall.key(1);
    hall.insert(2, &key);
    assert!(
        key.wait_for_blink(PATIENCE),
        "the first job is at work in slot 2"
    );
    hall.wait_for("the next one", |view| view.upcoming.len() == 2);
    let at_work = ("2", jobs[0].as_str(), "cancel");
    let next = |slot| (slot, jobs[1].as_str(), "skip");
    let mut tried = 0;
    for job in [
        &jobs[0],
        &jobs[1],
        &jobs[2],
        &"99".to_owned(),
        &"anna.lang@contoso.com".to_owned(),
    ] {
        for slot in ["1", "2", "3"] {
            for change in ["skip", "another", "cancel"] {
                let wish = (slot, job.as_str(), change);
                // These stand on the cards.
                if wish == at_work || wish == next("1") || wish == next("3") {
                    continue;
                }
                let (slot, job, change) = wish;
                let answer = guest.post(
                    "/bench/job",
                    &[("slot", slot), ("job", job), ("change", change)],
                );
                assert_eq!(answer.status(), 409, "{wish:?}");
                tried += 1;
            }
        }
        tried += refused_paper(&guest, job);
    }
    assert_eq!(tried, 5 * 9 - 3 + 5 * 4);
    let view = hall.board.view();
    assert_eq!(
        (view.counts.held, view.upcoming.len()),
        (0, 2),
        "nothing was done"
    );
    // What is offered is done, in the administrator's window as well.
    let (ok, message) = guest.press(
        "/bench/job",
        &[("slot", "1"), ("job", &jobs[1]), ("change", "skip")],
    );
    assert!(ok, "{message}");
    hall.wait_for("the stop", |view| view.counts.held == 1);
    // Once more: it is the next one's turn, whom the second press does not skip.
    let again = guest.post(
        "/bench/job",
        &[("slot", "1"), ("job", &jobs[1]), ("change", "skip")],
    );
    assert_eq!(again.status(), 409);
    let told: Value = again.json().expect("JSON");
    assert!(
        told["parts"]["slot-1"]
            .as_str()
            .expect("the card")
            .contains("Cy Costa")
    );
}

#[test]
fn an_operator_may_pause_the_line_and_an_administrator_may_end_it() {
    let hall = Hall::open(1, 0);
    let (ines, adam) = (Guest::sign_in(&hall, "ines"), Guest::sign_in(&hall, "adam"));
    let stop = [("what", "stop")];
    assert_eq!(ines.post("/bench/line", &stop).status(), 403);
    assert!(ines.press("/bench/line", &[("what", "pause")]).0);
    let page = |guest: &Guest| guest.get("/bench").text().expect("a page");
    assert!(!page(&ines).contains("value=\"stop\""));
    assert!(page(&adam).contains("value=\"stop\""));
    hall.wait_for("the pause", |view| view.paused);
    assert!(adam.press("/bench/line", &stop).0);
    // The station's loop is gone once it has finished what it was at.
    let until = Instant::now() + PATIENCE;
    while hall.handle.ask(Request::Changed(JobId(1))) {
        assert!(Instant::now() < until, "it runs on");
        std::thread::yield_now();
    }
}

#[test]
fn a_stop_that_somebody_has_seen_is_no_longer_counted() {
    let hall = Hall::open(1, 2);
    hall.wait_for("the jobs", |view| view.upcoming.len() == 2);
    let guest = Guest::sign_in(&hall, "ines");
    let mut window = guest.events("");
    window.next_parts();
    assert!(!window.shown["top"].contains("I have seen them"));
    let job = hall.board.view().upcoming[0].job.to_string();
    assert!(
        guest
            .press(
                "/bench/job",
                &[("slot", "1"), ("job", &job), ("change", "skip")]
            )
            .0
    );
    window.until("top", "I have seen them");
    assert!(window.shown["top"].contains("Stops <b class=\"figures\">1</b>"));
    assert!(guest.press("/bench/line", &[("what", "seen")]).0);
    window.until("top", "Stops <b class=\"figures\">0</b>");
    assert!(!window.shown["top"].contains("I have seen them"));
}

/// The value of a hidden field of a card.
fn field(card: &str, name: &str) -> String {
    let (_, rest) = card
        .split_once(&format!("name=\"{name}\" value=\""))
        .expect(card);
    rest.split('"').next().expect("a value").to_owned()
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
    let nowhere = [("slot", "900"), ("wanted", "yes")];
    assert!(!ines.press("/bench/help", &nowhere).0, "it has no card");
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
    let (ok, message) = guest.press(
        "/bench/job",
        &[("slot", "2"), ("job", &job), ("change", "skip")],
    );
    assert!(ok, "{message}");
    window.until("slot-2", "Bo Berg");
    hall.wait_for("the stop", |view| view.counts.held == 1);
}

#[test]
fn a_pin_is_typed_at_its_card_and_told_to_nobody_else() {
    let hall = Hall::open(2, 0);
    let guest = Guest::sign_in(&hall, "ines");
    let type_in = |asked: &str, pin: &str| {
        guest.press(
            "/bench/pin",
            &[("slot", "2"), ("asked", asked), ("pin", pin)],
        )
    };
    assert!(!type_in("1", "739154").0, "nobody asked");
    let mut window = guest.events("");
    window.next_parts();
    let ask = || {
        let prompt = hall.prompt.clone();
        std::thread::spawn(move || prompt.current_pin(Slot(2), "Ada Ammann"))
    };
    let asking = ask();
    window.until("slot-2", "Type its PIN");
    let card = &window.shown["slot-2"];
    assert!(card.contains("type=\"password\"") && card.contains("autocomplete=\"new-password\""));
    let first = field(card, "asked");
    // Nobody knows it, and the next key in the slot is asked about: what was typed for the first one is not tried on it.
    assert!(
        guest
            .press(
                "/bench/pin",
                &[("slot", "2"), ("asked", &first), ("unknown", "yes")]
            )
            .0
    );
    assert!(asking.join().expect("no panic").is_none());
    let asking = ask();
    let second = loop {
        window.next_parts();
        let card = &window.shown["slot-2"];
        if card.contains("Type its PIN") && field(card, "asked") != first {
            break field(card, "asked");
        }
    };
    let (ok, message) = type_in(&first, "739154");
    assert!(!ok && message.contains("no PIN is asked for"), "{message}");
    for scanned in [
        "B-0042",
        "PM1:onboarding:4",
        "cccccccbdefghijklnrtuvcbdefghijklnrtuvcbdefg",
    ] {
        let (ok, message) = type_in(&second, scanned);
        assert!(
            !ok && message.contains("not from a person's hands"),
            "{message}"
        );
    }
    let (ok, message) = type_in(&second, "1");
    assert!(!ok && message.contains("four characters"), "{message}");
    let (ok, message) = type_in(&second, "739154");
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
