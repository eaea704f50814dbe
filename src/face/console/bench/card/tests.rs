//! What a card says, for every way a slot can stand: one instruction, with a picture and words that say the same.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use expect_test::expect_file;

use super::*;
use crate::app::board::{Board, Call};
use crate::app::world::stage;
use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;
use crate::domain::job::BatchName;
use crate::domain::paper::Bagging;
use crate::domain::station::signal::InSlot;
use crate::domain::time::Timestamp;
use crate::face::console::words::Words;

const JOB: JobId = JobId(42);
const SLOT: Slot = Slot(3);

/// A way for a slot to stand, with its name in the table.
struct Way {
    name: &'static str,
    state: SlotState,
    step: Option<Step>,
    touch: Option<bool>,
    bag: Bagging,
}

fn way(name: &'static str, state: SlotState) -> Way {
    Way {
        name,
        state,
        step: None,
        touch: None,
        bag: Bagging::None,
    }
}

/// At work; `touch`: whether the touch has to last.
fn work(name: &'static str, step: Option<Step>, touch: Option<bool>) -> Way {
    Way {
        step,
        touch,
        ..way(name, SlotState::Working { job: JOB })
    }
}

fn bag(name: &'static str, lies: InSlot, bag: Bagging) -> Way {
    Way {
        bag,
        ..way(name, SlotState::Bagging { job: JOB, lies })
    }
}

fn asks(question: Question) -> SlotState {
    SlotState::Asking {
        job: JOB,
        question,
        asked: 7,
    }
}

fn bos() -> Fault {
    Fault::KeyEnrolledFor {
        holder: "Bo Berg".to_owned(),
        envelope: "0007".to_owned(),
    }
}

fn at_work() -> Vec<Way> {
    let touched = |long| Some(long);
    vec![
        work("recognises", None, None),
        work("wipes", Some(Step::Reset), None),
        work("wipes, touch", Some(Step::Reset), touched(false)),
        work("wipes, long touch", Some(Step::Reset), touched(true)),
        work("sets the PIN", Some(Step::SetPin), None),
        work("makes", Some(Step::MakeCredential), None),
        work("makes, touch", Some(Step::MakeCredential), touched(false)),
        work("registers", Some(Step::Register), None),
        work("sets rules", Some(Step::Configure), None),
        work("changes the PIN", Some(Step::ChangePin), None),
        work("bags", Some(Step::Bag), None),
        work("writes the letter", Some(Step::Deliver), None),
        work("touch, unknown why", None, touched(false)),
    ]
}

fn ways() -> Vec<Way> {
    let unreachable = || Fault::Unreachable {
        what: "connection refused".to_owned(),
    };
    let back = |name, fault, key_in| {
        let job = JOB;
        way(name, SlotState::WantsBack { job, fault, key_in })
    };
    let waits = |name, fault| way(name, SlotState::AwaitingService { job: JOB, fault });
    let asks = |name, question| way(name, asks(question));
    let refused = |name, fault| way(name, SlotState::Refused { fault });
    let held = |name, fault| way(name, SlotState::Held { job: JOB, fault });
    let batch = BatchName("onboarding".to_owned());
    let what = "the client secret has expired".to_owned();
    let why = Box::new(Fault::UserDisabled);
    let mut ways = vec![
        way("empty", SlotState::Empty),
        way("lift first", SlotState::LiftFirst),
        way("reads", SlotState::Reading),
        back("back, too late", Fault::ResetTooLate, true),
        back("back, mute", Fault::KeyMute, true),
        back("back, gone", Fault::KeyGone, false),
        back("back, wrong", Fault::WrongKey, true),
        back("back, another's", bos(), true),
        back("back, network", unreachable(), false),
        asks("asks, used", Question::WipeUsedKey),
        asks("asks, card", Question::TakeCards { batch }),
        way("options", SlotState::AwaitingOptions { job: JOB }),
        waits("waits, network", unreachable()),
        waits("waits, patience", Fault::Throttled { seconds: 30 }),
        waits("waits, sign-in", Fault::SignIn { what }),
        waits("waits, clock", Fault::Clock { seconds: 400 }),
        refused("refused, passkey", Fault::KeyHoldsPasskey),
        refused("refused, pulled", Fault::KeyGone),
        held("held", Fault::RegistrationUncertain),
        held("held, useless", Fault::PasskeyRefused { why }),
        way("done", SlotState::Done { job: JOB }),
        Way {
            bag: Bagging::Scan,
            ..way("done, bag", SlotState::Done { job: JOB })
        },
        way("key done", SlotState::KeyDone { job: JOB }),
        bag("bag, own", InSlot::Own, Bagging::Scan),
        bag("bag, own, key", InSlot::Own, Bagging::Key),
        bag("bag, lifted", InSlot::Nothing, Bagging::Scan),
        bag("bag, lifted, key", InSlot::Nothing, Bagging::Key),
        bag("bag, next", InSlot::Next, Bagging::Scan),
        bag("bag, next, key", InSlot::Next, Bagging::Key),
        way("no job", SlotState::NoJob),
    ];
    ways.extend(at_work());
    ways
}

/// A board on which the slot stands so.
fn board(way: &Way) -> Board {
    let somebody = !matches!(
        way.state,
        SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Refused { .. }
            | SlotState::NoJob
    );
    let case = Case {
        bag: way.bag,
        department: Some("Sales".to_owned()),
        ..stage::case("Anna Lang")
    };
    let board = Board::default();
    stage::slot(&board, SLOT.0, &way.state, somebody.then_some(case));
    if let Some(step) = way.step {
        stage::step(&board, SLOT.0, step);
    }
    if let Some(long) = way.touch {
        stage::touch(&board, SLOT.0, true);
        stage::long_touch(&board, SLOT.0, long);
    }
    board
}

fn card_of(view: &View) -> Card {
    let anchor = Anchor::new(Timestamp(1_000_000));
    Scene {
        view,
        anchor,
        pins: &[],
    }
    .card(SLOT)
}

fn card(way: &Way) -> Card {
    card_of(&board(way).view())
}

fn next_is(view: &mut View, person: &str) {
    view.upcoming = vec![stage::case(person)];
}

#[test]
fn each_way_a_slot_can_stand_says_one_thing_in_each_language() {
    let mut text = String::new();
    for language in ["en", "de"] {
        let words = Words::get(language);
        assert_eq!(words.language(), language);
        for way in ways() {
            let card = card(&way);
            let small: Vec<_> = card
                .says
                .small
                .iter()
                .map(|sentence| sentence.say(words))
                .collect();
            let big = card.says.big.say(words);
            // A key is shown where no text is.
            assert!(!big.contains("bench."), "{}: {big}", way.name);
            assert!(!big.contains(['{', '}']), "{}: {big}", way.name);
            assert!(big.chars().count() <= 28, "{}: {big}", way.name);
            let _ = writeln!(
                text,
                "{language} {}: {:?}, {}: {big}\n    {}",
                way.name,
                card.says.tone,
                card.says.picture.name(),
                small.join(" ")
            );
        }
    }
    expect_file!["words.txt"].assert_eq(&text);
}

#[test]
fn a_picture_stands_for_one_tone_so_that_no_colour_is_needed() {
    let mut tones: std::collections::BTreeMap<Picture, BTreeSet<String>> = Default::default();
    for way in ways() {
        let says = card(&way).says;
        let tone = format!("{:?}", says.tone);
        tones.entry(says.picture).or_default().insert(tone);
    }
    // Lifting is asked for gently and, after a bad read, not so gently; putting in and putting back are the same move.
    let ambiguous: Vec<_> = tones
        .iter()
        .filter(|(_, tones)| tones.len() > 1)
        .map(|(picture, _)| picture.name())
        .collect();
    assert_eq!(ambiguous, ["lift"], "{tones:?}");
}

#[test]
fn every_picture_is_drawn() {
    let drawn = include_str!("../../../../../templates/console/pictures.html");
    for way in ways() {
        let name = card(&way).says.picture.name();
        assert!(drawn.contains(&format!("id=\"picture-{name}\"")), "{name}");
    }
    for other in ["pin", "pause", "idle", "key", "more"] {
        assert!(drawn.contains(&format!("id=\"picture-{other}\"")));
    }
}

#[test]
fn an_empty_slot_names_who_comes_next() {
    let way = way("empty", SlotState::Empty);
    let mut view = board(&way).view();
    assert_eq!(card_of(&view).says.big.key(), "bench.nobody.big");
    assert_eq!((card_of(&view).who, card_of(&view).offers), (None, &[][..]));
    next_is(&mut view, "Bo Berg");
    let card = card_of(&view);
    assert_eq!(card.says.big.key(), "bench.insert.big");
    let who = card.who.expect("the next person");
    assert!(who.is_next && who.person == "Bo Berg" && who.envelope == "0042");
    assert_eq!(card.offers, [Offer::Skip], "somebody can be skipped");
    view.paused = true;
    let says = card_of(&view).says;
    assert_eq!(says.big.key(), "bench.paused.big");
}

#[test]
fn a_card_that_was_never_used_is_an_empty_one() {
    let mut view = View::default();
    next_is(&mut view, "Bo Berg");
    assert_eq!(card_of(&view).says.picture, Picture::Insert);
}

#[test]
fn a_question_has_two_ways_with_what_each_means() {
    let words = Words::get("en");
    let batch = BatchName("onboarding".to_owned());
    for (question, yes, no) in [
        (
            Question::WipeUsedKey,
            "Wipe it: for Anna Lang. What is on it is lost.",
            "Keep it: Nothing is changed. Take another key.",
        ),
        (
            Question::TakeCards { batch },
            "Take cards: for the whole batch onboarding: each is wiped without a touch.",
            "Not this one: Nothing is changed. Lift the card.",
        ),
    ] {
        let card = card(&way("asks", asks(question)));
        let asked = card.asked.expect("a question");
        assert_eq!(asked.number, 7, "the answer is for this question");
        let told = |what: &Text, means: &Text| format!("{}: {}", what.say(words), means.say(words));
        assert_eq!(told(&asked.yes, &asked.yes_means), yes);
        assert_eq!(told(&asked.no, &asked.no_means), no);
        assert_eq!(card.job, Some(JOB), "the answer is for this job");
    }
}

#[test]
fn a_touch_has_its_window_and_the_card_is_the_same_however_often_it_is_made() {
    let board = board(&work("touch", Some(Step::Reset), Some(false)));
    let view = board.view();
    let since = view.slots[&SLOT].touch_since.expect("a touch");
    let anchor = Anchor::new(Timestamp(5_000));
    let scene = Scene {
        view: &view,
        anchor,
        pins: &[],
    };
    let card = scene.card(SLOT);
    assert_eq!(card.touch, Some((anchor.ms(since) + TOUCH_MS, TOUCH_MS)));
    assert_eq!(card.since, None, "one number at a time");
    assert_eq!(card, scene.card(SLOT));
    stage::long_touch(&board, SLOT.0, true);
    let long = card_of(&board.view()).touch.expect("a touch");
    assert_eq!(long.1, LONG_TOUCH_MS);
}

#[test]
fn steps_follow_the_plan_of_the_job() {
    let way = work("makes", Some(Step::MakeCredential), None);
    let mut view = board(&way).view();
    assert_eq!(card_of(&view).steps, [], "no plan is known yet");
    let plan = vec![
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::Register,
    ];
    view.plans.insert(SLOT, plan.clone());
    let reached: Vec<_> = card_of(&view)
        .steps
        .iter()
        .map(|(_, reached)| *reached)
        .collect();
    let [done, now, later] = [Reached::Done, Reached::Now, Reached::Later];
    assert_eq!(reached, [done, done, now, later]);
    let state = SlotState::Done { job: JOB };
    if let Some(slot) = view.slots.get_mut(&SLOT) {
        slot.state = state;
    }
    let all = card_of(&view).steps;
    assert!(all.iter().all(|(_, reached)| *reached == done), "{all:?}");
}

#[test]
fn a_key_is_shown_with_its_model_and_serial() {
    let mut view = board(&work("wipes", Some(Step::Reset), None)).view();
    let key = KeyInSlot {
        aaguid: Aaguid([1; 16]),
        model: "Practice Key".to_owned(),
        serial: Some("12345678".to_owned()),
        certification: Some("FIDO_CERTIFIED_L2".to_owned()),
    };
    view.keys.insert(SLOT, key.clone());
    assert_eq!(card_of(&view).key, Some(key));
}

#[test]
fn a_slot_that_wants_a_pin_says_so_whatever_else_it_is_at() {
    let view = board(&work("wipes", Some(Step::MakeCredential), None)).view();
    let pins = [Wanted {
        slot: SLOT,
        asked: 3,
        person: "Anna Lang".to_owned(),
    }];
    let anchor = Anchor::new(Timestamp(0));
    let scene = Scene {
        view: &view,
        anchor,
        pins: &pins,
    };
    let card = scene.card(SLOT);
    assert_eq!(card.asks_pin, Some(3));
    assert_eq!(card.says.picture, Picture::Pin);
    assert_eq!(scene.card(Slot(4)).asks_pin, None);
}

#[test]
fn what_may_be_done_by_hand_surprises_no_run() {
    for way in ways() {
        let card = card(&way);
        let working = matches!(way.state, SlotState::Working { .. });
        let gentle = card.offers.iter().all(|deed| *deed == Offer::Cancel);
        assert!(!working || gentle, "{}: {:?}", way.name, card.offers);
    }
    let wants = SlotState::WantsBack {
        job: JOB,
        fault: Fault::WrongKey,
        key_in: true,
    };
    let deeds = card(&way("wrong", wants)).offers;
    assert_eq!(deeds, [Offer::Another, Offer::Skip, Offer::Cancel]);
}

#[test]
fn a_call_for_help_stands_on_its_card() {
    let mut view = board(&way("empty", SlotState::Empty)).view();
    let call = Call {
        by: "ines".to_owned(),
        at: Timestamp(0),
    };
    view.calls.insert(Some(SLOT), call);
    assert_eq!(card_of(&view).call.as_deref(), Some("ines"));
}

#[test]
fn an_instant_is_on_the_wall_clock_where_it_belongs() {
    let anchor = Anchor::new(Timestamp(10_000));
    let later = Instant::now() + Duration::from_secs(5);
    let off = anchor.ms(later) - 15_000;
    assert!((0..1_000).contains(&off), "{off}");
}
