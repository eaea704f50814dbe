//! The parts as HTML: everything has words, nothing of others' is taken for HTML, and the same board is the same text.

use super::*;
use crate::app::board::{Awaited, Board, Call, Standstill};
use crate::app::world::stage;
use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::paper::Confirm;
use crate::domain::station::signal::{Question, SlotState};
use crate::domain::time::Timestamp;

const JOB: JobId = JobId(42);

/// A bench at which everything happens at once.
fn busy() -> View {
    let board = Board::default();
    let case = || Some(stage::case("<b>Anna & Bo</b>"));
    let question = Question::WipeUsedKey;
    let fault = Fault::KeyHoldsPasskey;
    let states = [
        SlotState::Working { job: JOB },
        SlotState::Asking {
            job: JOB,
            question,
            asked: 1,
        },
        SlotState::Refused { fault },
        SlotState::Done { job: JOB },
        SlotState::WantsBack {
            job: JOB,
            fault: Fault::KeyMute,
            key_in: true,
        },
    ];
    for (slot, state) in (1..).zip(states) {
        stage::slot(&board, slot, &state, case());
    }
    stage::touch(&board, 1, true);
    let letter = |doubtful, by| Awaited::Letter {
        control: "12345678".to_owned(),
        by,
        doubtful,
    };
    let letters = [letter(true, Confirm::Scan), letter(false, Confirm::Key)];
    let letters = (1..).zip(letters);
    let letters = letters.map(|(job, awaited)| stage::unconfirmed(job, awaited));
    stage::await_words(&board, letters.collect());
    stage::standstill(&board, Standstill::WaitsFor("paper in tray 2".to_owned()));
    let mut view = board.view();
    view.upcoming = vec![stage::case("Cy Costa")];
    view.paused = true;
    view.plans = (1..=5)
        .map(|slot| (Slot(slot), vec![Step::Reset, Step::Deliver]))
        .collect();
    let key = KeyInSlot {
        aaguid: Aaguid([1; 16]),
        model: "<i>Key</i>".to_owned(),
        serial: Some("1\u{202e}2".to_owned()),
        certification: Some("FIDO_CERTIFIED_L2".to_owned()),
    };
    view.keys.insert(Slot(1), key);
    let call = Call {
        by: "console:ines".to_owned(),
        at: Timestamp(0),
    };
    view.calls.insert(Some(Slot(1)), call.clone());
    view.calls.insert(None, call);
    view
}

fn html(view: &View, language: &str) -> BTreeMap<String, String> {
    let facts = Facts {
        tenant: "contoso.com".to_owned(),
        printer: None,
        learned: 6,
        free_bytes: Box::new(|| None),
    };
    let sight = Sight {
        view,
        anchor: Anchor::new(Timestamp(1_000)),
        pins: &[Wanted {
            slot: Slot(5),
            asked: 3,
            person: "Anna".to_owned(),
        }],
        news: "may.csv was taken: 2 jobs.",
        facts: &facts,
        free_bytes: Some(100 << 20),
    };
    let made = parts(&sight, Words::get(language));
    assert_eq!(made, parts(&sight, Words::get(language)), "the same again");
    made
}

#[test]
fn everything_has_words_in_each_language() {
    for language in ["en", "de"] {
        let made = html(&busy(), language);
        let names: Vec<_> = made.keys().map(String::as_str).collect();
        let slots = ["slot-1", "slot-2", "slot-3", "slot-4", "slot-5", "slot-6"];
        let others = ["letters", "news", "pace"];
        assert_eq!(names, [&others[..], &slots[..], &["top"][..]].concat());
        for (name, html) in made {
            // The key of a text that nobody wrote stands for itself.
            assert!(!html.contains("bench."), "{language} {name}: {html}");
            assert!(!html.contains("{"), "{language} {name}: {html}");
            assert!(html.contains(&format!("id=\"{name}\"")), "{name}: {html}");
        }
    }
}

#[test]
fn text_from_outside_is_never_html() {
    for (name, html) in html(&busy(), "en") {
        assert!(!html.contains("<b>Anna") && !html.contains("<i>"), "{name}");
        assert!(!html.contains('\u{202e}'), "{name} turns the text around");
    }
}

#[test]
fn a_card_carries_nothing_that_a_strict_page_would_not_run() {
    for (name, html) in html(&busy(), "en") {
        for forbidden in ["style=", "onclick", "<script", "javascript:", "http"] {
            assert!(!html.contains(forbidden), "{name} has {forbidden}: {html}");
        }
    }
}

#[test]
fn what_is_urgent_sounds_and_what_is_not_does_not() {
    let made = html(&busy(), "en");
    let sound = |slot: u16| {
        let html = &made[&format!("slot-{slot}")];
        let at = html.split("data-sound=\"").nth(1).expect("a sound");
        at.split('"').next().unwrap_or_default().to_owned()
    };
    let sounds: Vec<String> = (1..=6).map(sound).collect();
    assert_eq!(sounds, ["touch", "ask", "stop", "done", "ask", ""]);
}

#[test]
fn what_is_said_of_a_fault_is_in_the_language_of_the_page() {
    let (english, german) = ("There is a passkey for Entra", "ist ein Passkey für Entra");
    let slot = |language: &'static str| html(&busy(), language)["slot-3"].clone();
    assert!(slot("en").contains(english));
    assert!(slot("de").contains(german) && !slot("de").contains(english));
    // A driver's words behind ours stay as they are, and are marked.
    let board = Board::default();
    let what = "no such device".to_owned();
    let fault = Fault::Transport { what };
    stage::slot(&board, 1, &SlotState::Refused { fault }, None);
    let slot = html(&board.view(), "de")["slot-1"].clone();
    assert!(
        slot.contains("<span lang=\"en\">no such device.</span>"),
        "{slot}"
    );
    assert!(
        slot.contains("<span>Die Verbindung zum Schlüssel ist gestört:</span>"),
        "{slot}"
    );
}
