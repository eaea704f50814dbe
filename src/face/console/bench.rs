//! The bench: one card per slot, the top line, and what waits for a person's word. It shows the board and passes on what
//! people want to the station, which decides. It never shows a PIN, and keeps none that is typed.
//!
//! # Where things are
//! `card`, `top` and `hands` say what is to be seen, from the board alone and in no language; `part` makes HTML of it; `stream`
//! sends what has changed to every window; `act` is what the buttons do.

mod act;
mod card;
mod hands;
mod moment;
mod part;
mod stream;
pub(super) mod text;
mod top;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use url::form_urlencoded;

use crate::app::board::{Board, View};
use crate::domain::account::Role;
use crate::domain::authenticator::Slot;
use crate::domain::time::Timestamp;
use crate::face::console::bench::moment::Anchor;
use crate::face::console::bench::stream::{Frame, Window};
use crate::face::console::page::{self, Shell};
use crate::face::console::visit::{Visit, query};
use crate::face::console::words::Words;
use crate::face::prompt::Prompt;
use crate::face::say::news;

pub(super) use act::{answer, confirm, help, job, line, pin, reissue, scan, spoiled};
pub use stream::Hub;

/// The disk is asked no more often.
const DISK_EVERY: Duration = Duration::from_secs(5);

/// Tells how many bytes are free where the ledger is.
pub type FreeBytes = Box<dyn Fn() -> Option<u64> + Send + Sync>;

/// What the bench shows that does not change while the station runs.
pub struct Facts {
    pub tenant: String,
    /// The printer's name; `None`: letters become files.
    pub printer: Option<String>,
    /// So many slots the station was taught; their cards stand there before any key does.
    pub learned: u16,
    pub free_bytes: FreeBytes,
}

impl Facts {
    /// The slots that have a card: those that were taught, and those that a key was ever in.
    fn slots(&self, view: &View) -> BTreeSet<Slot> {
        let learned = (1..=self.learned).map(Slot);
        learned.chain(view.slots.keys().copied()).collect()
    }

    fn printer_name(&self, words: &Words) -> String {
        match &self.printer {
            Some(name) => name.clone(),
            None => words.say("bench.no_printer").to_owned(),
        }
    }
}

/// What the pages of the bench share.
pub struct Bench {
    pub facts: Facts,
    /// Where whoever looks on types the PIN that a key has now.
    pub prompt: Arc<Prompt>,
    pub hub: Hub,
    anchor: Anchor,
    disk: Mutex<Option<(Instant, Option<u64>)>>,
}

impl Bench {
    /// A bench that nobody looks at yet. `prompt` is the same that the station's ports have.
    pub fn new(facts: Facts, prompt: Arc<Prompt>, now: Timestamp) -> Self {
        Self {
            facts,
            prompt,
            hub: Hub::default(),
            anchor: Anchor::new(now),
            disk: Mutex::default(),
        }
    }

    fn free_bytes(&self) -> Option<u64> {
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        match *disk {
            Some((asked, free)) if asked.elapsed() < DISK_EVERY => free,
            Some(_) | None => {
                let free = (self.facts.free_bytes)();
                *disk = Some((Instant::now(), free));
                free
            }
        }
    }

    fn last_news(&self, board: &Board) -> String {
        board
            .last_news()
            .map_or_else(String::new, |last| news::line(&last))
    }
}

/// A way to another bench.
struct Way {
    path: String,
    name: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "bench.html")]
struct Page<'a> {
    shell: Shell,
    title: String,
    benches: Vec<Way>,
    count: usize,
    top: &'a str,
    cards: Vec<&'a str>,
    letters: &'a str,
    news: &'a str,
    /// One for administrators, none for others.
    pace: Vec<&'a str>,
    /// Whoever may end the station.
    may_stop: bool,
    events: String,
}

/// `GET /bench`: the slots that stand on no bench with a name.
pub(super) async fn unnamed(visit: Visit) -> Response {
    show(&visit, "")
}

/// `GET /bench/{name}`
pub(super) async fn named(visit: Visit, Path(name): Path<String>) -> Response {
    show(&visit, &name)
}

/// `GET /bench/events`: `bench` is the name of the bench.
pub(super) async fn events(visit: Visit, uri: Uri) -> Response {
    let name = query(&uri, "bench").unwrap_or_default();
    let (Some(elsewhere), Some(guest)) = (elsewhere(&visit, &name), &visit.guest) else {
        let nothing = visit.words.say("refusal.nothing");
        return visit.refuse(StatusCode::NOT_FOUND, nothing);
    };
    stream::events(Window {
        shared: Arc::clone(&visit.shared),
        words: visit.words,
        session: guest.session,
        elsewhere,
        is_administrator: visit.may(Role::Administrator),
    })
}

fn show(visit: &Visit, name: &str) -> Response {
    let Some(elsewhere) = elsewhere(visit, name) else {
        let nothing = visit.words.say("refusal.nothing");
        return visit.refuse(StatusCode::NOT_FOUND, nothing);
    };
    let shared = &visit.shared;
    let view = shared.board.view();
    let frame = stream::make(shared, visit.words, &Frame::default());
    let part = |id: &str| frame.parts.get(id).map_or("", |text| &**text);
    let here = shared.bench.facts.slots(&view);
    let here = here.iter().filter(|slot| !elsewhere.contains(slot));
    let cards: Vec<&str> = here.map(|slot| part(&part::of_slot(*slot))).collect();
    let title = if name.is_empty() {
        visit.words.say("bench.title").to_owned()
    } else {
        visit.words.fill("bench.titled", &[("name", name)])
    };
    let bench: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let pace = visit
        .may(Role::Administrator)
        .then(|| part(part::PACE))
        .into_iter();
    page::page(
        StatusCode::OK,
        &Page {
            shell: Shell::of(visit),
            title,
            benches: ways(visit, name),
            count: cards.len(),
            top: part("top"),
            letters: part("letters"),
            news: part("news"),
            pace: pace.collect(),
            may_stop: visit.may(Role::Administrator),
            cards,
            events: format!(
                "/bench/events?bench={bench}&lang={}",
                visit.words.language()
            ),
        },
    )
}

/// The slots that stand on other benches than the one with this name. `None`: there is no such bench.
fn elsewhere(visit: &Visit, name: &str) -> Option<BTreeSet<Slot>> {
    let benches = &visit.shared.settings.benches;
    elsewhere_of(
        benches,
        &visit.shared.bench.facts.slots(&visit.shared.board.view()),
        name,
    )
}

fn elsewhere_of(
    benches: &BTreeMap<String, Vec<Slot>>,
    all: &BTreeSet<Slot>,
    name: &str,
) -> Option<BTreeSet<Slot>> {
    if name.is_empty() {
        return Some(benches.values().flatten().copied().collect());
    }
    let own = benches.get(name)?;
    Some(
        all.iter()
            .filter(|slot| !own.contains(slot))
            .copied()
            .collect(),
    )
}

/// The ways between the benches, where there is more than one.
fn ways(visit: &Visit, here: &str) -> Vec<Way> {
    let benches = &visit.shared.settings.benches;
    if benches.is_empty() {
        return Vec::new();
    }
    let unnamed = std::iter::once((String::new(), visit.words.say("bench.title").to_owned()));
    let named = benches.keys().map(|name| (name.clone(), name.clone()));
    unnamed
        .chain(named)
        .map(|(name, label)| Way {
            path: if name.is_empty() {
                "/bench".to_owned()
            } else {
                let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
                format!("/bench/{name}")
            },
            here: name == here,
            name: label,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_stands_on_one_bench_alone() {
        let benches = BTreeMap::from([("left".to_owned(), vec![Slot(1), Slot(2)])]);
        let all: BTreeSet<Slot> = (1..=4).map(Slot).collect();
        let slots = |numbers: &[u16]| numbers.iter().copied().map(Slot).collect::<BTreeSet<_>>();
        let elsewhere = |name| elsewhere_of(&benches, &all, name);
        assert_eq!(elsewhere(""), Some(slots(&[1, 2])));
        assert_eq!(elsewhere("left"), Some(slots(&[3, 4])));
        assert_eq!(elsewhere("right"), None);
    }
}
