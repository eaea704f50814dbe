//! What the operator types: whole words, never Enter alone, and never what a touched key types. What is not understood is
//! never repeated on the screen, because it may be a PIN.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use zeroize::Zeroizing;

use crate::app::board::Board;
use crate::app::station::{Handle, Request};
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::pin::Pin;
use crate::domain::scan::{self, Code, Slip};
use crate::domain::station::signal::{Question, SlotState};
use crate::face::cli::badge;
use crate::face::prompt::{ends_in_password, is_from_a_device, modhex_at_end};
use crate::face::say::clean::clean;
use crate::face::terminal::hands::{self, Named, Tell};
use crate::face::terminal::keyboard::{Heard, Line, Quiet, listen};
use crate::face::terminal::{Look, Prompt};

/// Lengths of the passwords that keys type as digits.
const HOTP_LENGTHS: [usize; 2] = [6, 8];

/// What a typed line asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Word {
    Wipe(Slot),
    Take(Slot),
    Cards,
    Badge(String),
    /// `None`: it is not known.
    Pin(Slot, Option<Pin>),
    Quit,
    /// A hand scanner typed it, or somebody in its place.
    Scanned(Code),
    /// The one key for what waits longest: a bag, or a letter.
    Pressed(Step),
    /// Enter alone, or a key typed it.
    Nothing,
    /// What was meant could not be told; this helps.
    Unclear(&'static str),
}

const WORDS: &str = "Words that are understood: wipe N, take N, cards, pin N PIN, p, b, badge NAME, quit, and the codes of letters and bags. N is the number of a slot.";
const WHICH_SLOT: &str = "Which slot? Type its number as well, such as: wipe 3";
const MISREAD: &str = "The check digits of this number do not agree: it was misread or mistyped. Nothing was written.";
const HALF: &str = "The code was not read to its end: scan it once more. Nothing was written.";
const BAD_BADGE: &str = "A badge is 1 to 40 visible characters, such as: badge 4711";
const NOT_TYPED: &str =
    "A scanner or a key typed that, not a person, so it is no PIN. Nothing was tried.";
const BAD_PIN: &str =
    "That cannot be a PIN: 4 characters or more, and at most 63 bytes. Nothing was tried.";

/// Reads one line.
pub(super) fn read(line: &str) -> Word {
    let line = line.trim();
    if line.is_empty() || typed_by_a_key(line) {
        return Word::Nothing;
    }
    if let Some(code) = scan::read(line) {
        return Word::Scanned(code);
    }
    if let Some(slip) = scan::slip(line) {
        return Word::Unclear(match slip {
            Slip::CheckDigits => MISREAD,
            Slip::Half => HALF,
        });
    }
    let (word, rest) = line
        .split_once(char::is_whitespace)
        .map_or((line, ""), |(word, rest)| (word, rest.trim()));
    match (word.to_ascii_lowercase().as_str(), rest) {
        ("wipe", rest) => with_slot(rest, Word::Wipe),
        ("take", rest) => with_slot(rest, Word::Take),
        ("cards", "") => Word::Cards,
        ("badge", rest) => badge(rest).map_or(Word::Unclear(BAD_BADGE), Word::Badge),
        ("pin", rest) => pin(rest),
        ("p", "") => Word::Pressed(Step::Deliver),
        ("b", "") => Word::Pressed(Step::Bag),
        ("quit", "") => Word::Quit,
        _ => Word::Unclear(WORDS),
    }
}

/// Whether this is a one-time password and not a word: nothing that ends in one is, either.
fn typed_by_a_key(line: &str) -> bool {
    let digits = line.chars().all(|c| c.is_ascii_digit());
    ends_in_password(line) || (digits && HOTP_LENGTHS.contains(&line.len()))
}

fn with_slot(rest: &str, word: impl FnOnce(Slot) -> Word) -> Word {
    slot(rest).map_or(Word::Unclear(WHICH_SLOT), word)
}

fn slot(text: &str) -> Option<Slot> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(Slot)
}

fn pin(rest: &str) -> Word {
    let (number, pin) = rest
        .split_once(char::is_whitespace)
        .map_or((rest, ""), |(number, pin)| (number, pin.trim()));
    match (slot(number), pin) {
        (None, _) => Word::Unclear(WHICH_SLOT),
        (Some(slot), "-") => Word::Pin(slot, None),
        (Some(_), pin) if is_from_a_device(pin) => Word::Unclear(NOT_TYPED),
        (Some(slot), pin) => match Pin::new(pin) {
            Ok(pin) => Word::Pin(slot, Some(pin)),
            Err(_) => Word::Unclear(BAD_PIN),
        },
    }
}

/// What of a line may be seen while it is typed: the beginning of a word of ours. A PIN and a one-time password are dots.
pub(super) fn visible(line: &str) -> String {
    if modhex_at_end(line) > SHOWN_MODHEX_MAX {
        return String::new();
    }
    let lower = line.trim_start().to_ascii_lowercase();
    let mut letters = lower.chars();
    let label = matches!(letters.next(), Some('b' | 'l'))
        && letters.next().is_some_and(|sign| !sign.is_alphanumeric())
        && letters.all(|digit| digit.is_ascii_digit());
    if label {
        return clean(line);
    }
    let known = ["wipe", "take", "cards", "badge", "quit"]
        .iter()
        .any(|word| lower.starts_with(word) || word.starts_with(lower.trim_end()));
    if known {
        return clean(line);
    }
    let mut spaces = 0_usize;
    line.chars()
        .map(|c| {
            let open =
                "pin".starts_with(lower.trim_end()) || (lower.starts_with("pin ") && spaces < 2);
            if c.is_whitespace() {
                spaces = spaces.saturating_add(1);
            }
            match (open, c.is_whitespace() || c.is_ascii_alphanumeric()) {
                (true, true) => c,
                (true, false) | (false, _) => '•',
            }
        })
        .collect()
}

/// No word or name has more of those letters in a row.
const SHOWN_MODHEX_MAX: usize = 12;

/// What stands on the input line now, for the view.
#[derive(Default)]
pub(super) struct Typed(Mutex<String>);

impl Typed {
    pub(super) fn shown(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, text: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

/// What was asked when a line was begun. Whoever types answers what they saw then: a question that came meanwhile, at the same
/// slot and in the same words, may be about another key.
#[derive(Debug, Default)]
pub(super) struct Seen {
    questions: BTreeMap<Slot, u64>,
    pins: BTreeMap<Slot, u64>,
}

impl Seen {
    /// What is asked now.
    pub(super) fn now(board: &Board, prompt: &Prompt) -> Self {
        let pins = prompt.asking();
        Self {
            questions: asking(board)
                .map(|(slot, asked, _)| (slot, asked))
                .collect(),
            pins: pins.iter().map(|pin| (pin.slot, pin.asked)).collect(),
        }
    }

    /// The number of the question of this kind that the slot asks, and asked when the line was begun.
    fn question(&self, board: &Board, slot: Slot, kind: impl Fn(&Question) -> bool) -> Option<u64> {
        let asked = asking(board).find(|(at, _, question)| *at == slot && kind(question));
        let (_, asked, _) = asked?;
        (self.questions.get(&slot) == Some(&asked)).then_some(asked)
    }
}

/// What the keyboard's thread works with.
pub(super) struct Desk {
    pub(super) board: Arc<Board>,
    pub(super) station: Handle,
    pub(super) look: Look,
    pub(super) prompt: Arc<Prompt>,
    pub(super) typed: Arc<Typed>,
    /// Lines for the operator.
    pub(super) tell: Sender<String>,
    pub(super) over: Arc<AtomicBool>,
    pub(super) named: Named,
}

/// Reads the keyboard until it ends or `desk.over`.
pub(super) fn start(desk: Desk) -> JoinHandle<()> {
    thread::spawn(move || {
        let quiet = if desk.look.keyboard {
            Quiet::new()
        } else {
            None
        };
        let mut line = Line::default();
        let mut seen = Seen::default();
        while !desk.over.load(Ordering::SeqCst) {
            match listen() {
                Heard::Bytes(bytes) => {
                    if line.so_far().is_empty() {
                        seen = Seen::now(&desk.board, &desk.prompt);
                    }
                    for whole in line.feed(&bytes) {
                        desk.heard(&whole, &seen);
                    }
                    desk.typed.show(visible(&line.so_far()));
                }
                Heard::Nothing => {}
                Heard::End => break,
            }
        }
        drop(quiet);
    })
}

impl Desk {
    fn heard(&self, line: &Zeroizing<String>, seen: &Seen) {
        let way = Way {
            ask: &|request| self.station.ask(request),
            tell: &|deed| self.station.trail_of_bench(deed),
            named: &self.named,
            seen,
        };
        if let Some(answer) = act(read(line), &self.board, &self.prompt, &way) {
            // A view that has ended shows nothing more.
            drop(self.tell.send(answer));
        }
    }
}

/// How the station is reached.
pub(super) struct Way<'a> {
    pub(super) ask: &'a dyn Fn(Request) -> bool,
    pub(super) tell: Tell<'a>,
    pub(super) named: &'a Named,
    pub(super) seen: &'a Seen,
}

/// Does what the word asks for; the answer, if it needs one, is a line for the operator.
pub(super) fn act(word: Word, board: &Board, prompt: &Prompt, way: &Way<'_>) -> Option<String> {
    let ask = way.ask;
    let answer = match word {
        Word::Nothing => return None,
        Word::Unclear(help) => help.to_owned(),
        Word::Wipe(slot) => {
            let wipe = |question: &Question| *question == Question::WipeUsedKey;
            return confirm(slot, way.seen.question(board, slot, wipe), ask);
        }
        Word::Take(slot) => {
            return confirm(slot, way.seen.question(board, slot, is_cards), ask);
        }
        Word::Cards => {
            let asked: Vec<(Slot, u64)> = asking(board)
                .filter_map(|(slot, ..)| Some((slot, way.seen.question(board, slot, is_cards)?)))
                .collect();
            if !asked.is_empty() {
                asked.into_iter().for_each(|(slot, asked)| {
                    ask(Request::Confirm { slot, asked });
                });
                return None;
            }
            "No slot asks about cards now.".to_owned()
        }
        Word::Scanned(code) => hands::scanned(code, board, way.tell),
        Word::Pressed(step) => hands::pressed(step, board, way.named, way.tell),
        Word::Badge(name) => {
            ask(Request::Actor(name));
            return None;
        }
        Word::Pin(slot, pin) => {
            let asked = way.seen.pins.get(&slot);
            if asked.is_some_and(|asked| prompt.answer(slot, *asked, pin)) {
                return None;
            }
            format!(
                "Nothing was tried: no PIN is asked for at {slot} now, or for another key than when you began to type."
            )
        }
        Word::Quit => {
            ask(Request::Stop);
            "The station finishes the steps in hand and ends.".to_owned()
        }
    };
    Some(answer)
}

fn confirm(slot: Slot, asked: Option<u64>, ask: &dyn Fn(Request) -> bool) -> Option<String> {
    if let Some(asked) = asked {
        ask(Request::Confirm { slot, asked });
        return None;
    }
    Some(format!(
        "Nothing was done: that is not asked at {slot} now, or about another key than when you began to type."
    ))
}

fn asking(board: &Board) -> impl Iterator<Item = (Slot, u64, Question)> {
    board
        .view()
        .slots
        .into_iter()
        .filter_map(|(slot, view)| match view.state {
            SlotState::Asking {
                question, asked, ..
            } => Some((slot, asked, question)),
            SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Working { .. }
            | SlotState::WantsBack { .. }
            | SlotState::AwaitingOptions { .. }
            | SlotState::AwaitingService { .. }
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::Bagging { .. }
            | SlotState::NoJob => None,
        })
}

fn is_cards(question: &Question) -> bool {
    match question {
        Question::TakeCards { .. } => true,
        Question::WipeUsedKey => false,
    }
}
