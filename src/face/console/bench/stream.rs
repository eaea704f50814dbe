//! The bench, live: server-sent events with the parts of the page that are another than before, and a beat each second.
//!
//! # Why
//! The first event of a window holds all of its parts, so a connection that broke mends itself: whatever was missed is in it.
//! A part is compared as text. One task for each language that somebody reads makes the parts, however many windows look on.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::part;
use crate::app::board::View;
use crate::domain::authenticator::Slot;
use crate::domain::station::signal::SlotState;
use crate::face::console::Shared;
use crate::face::console::session::SessionId;
use crate::face::console::words::Words;

/// How often the board is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the parts are made although the board says nothing new: the disk fills by itself.
const MAKE_EVERY: Duration = Duration::from_secs(5);
/// A window that hears nothing for two of these has lost its station.
const BEAT: Duration = Duration::from_secs(1);
/// A browser that lost its connection tries again after so long.
const RETRY: Duration = Duration::from_millis(500);

/// All parts at one moment, in one language.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) version: u64,
    pub(super) parts: BTreeMap<String, Arc<str>>,
}

/// Makes the parts for all windows.
#[derive(Default)]
pub struct Hub {
    frames: Mutex<BTreeMap<String, watch::Sender<Arc<Frame>>>>,
    made: AtomicUsize,
}

impl Hub {
    /// How often the parts were made so far.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// The parts in these words, from now on.
    pub(super) fn join(shared: &Arc<Shared>, words: &'static Words) -> watch::Receiver<Arc<Frame>> {
        let hub = &shared.bench.hub;
        let mut frames = hub.lock();
        if let Some(sender) = frames.get(words.language()) {
            return sender.subscribe();
        }
        let first = Arc::new(make(shared, words, &Frame::default()));
        let (sender, receiver) = watch::channel(first);
        frames.insert(words.language().to_owned(), sender.clone());
        drop(frames);
        let making = Making {
            shared: Arc::clone(shared),
            words,
            sender,
        };
        tokio::spawn(making.go_on());
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<Arc<Frame>>>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the parts of one language for whoever looks on. When it ends, however it ends, nobody waits for it any more: windows that
/// still look on come again, and another one begins.
struct Making {
    shared: Arc<Shared>,
    words: &'static Words,
    sender: watch::Sender<Arc<Frame>>,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.leave(&mut self.shared.bench.hub.lock());
    }
}

impl Making {
    /// Makes the parts anew whenever the board has changed, until nobody looks on.
    async fn go_on(self) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut seen, mut made) = (None, Instant::now());
        loop {
            look.tick().await;
            let bench = &self.shared.bench;
            {
                // Whoever joins holds the lock, so nobody is left with a hub that has just ended.
                let mut frames = bench.hub.lock();
                if self.sender.receiver_count() == 0 {
                    self.leave(&mut frames);
                    return;
                }
            }
            let now = (self.shared.board.version(), bench.prompt.version());
            if seen != Some(now) || made.elapsed() >= MAKE_EVERY {
                (seen, made) = (Some(now), Instant::now());
                let before = Arc::clone(&self.sender.borrow());
                let frame = make(&self.shared, self.words, &before);
                if frame.parts != before.parts {
                    self.sender.send_replace(Arc::new(frame));
                }
            }
        }
    }

    /// Lets go of the place in the hub, unless somebody else has it by now.
    fn leave(&self, frames: &mut BTreeMap<String, watch::Sender<Arc<Frame>>>) {
        let language = self.words.language();
        let own = frames.get(language);
        if own.is_some_and(|sender| sender.same_channel(&self.sender)) {
            frames.remove(language);
        }
    }
}

/// The parts as the board is now. What is as it was `before` stays the same piece of memory.
pub(super) fn make(shared: &Shared, words: &'static Words, before: &Frame) -> Frame {
    let bench = &shared.bench;
    bench.hub.made.fetch_add(1, Ordering::Relaxed);
    let view = shared.board.view();
    let pins = bench.prompt.asking();
    let news = bench.last_news(&shared.board);
    let sight = part::Sight {
        view: &view,
        anchor: bench.anchor,
        pins: &pins,
        news: &news,
        facts: &bench.facts,
        free_bytes: bench.free_bytes(),
    };
    let parts = part::parts(&sight, words)
        .into_iter()
        .map(|(name, text)| {
            let same = before.parts.get(&name).filter(|same| ***same == *text);
            let text = same.map_or_else(|| Arc::from(text), Arc::clone);
            (name, text)
        })
        .collect();
    Frame {
        version: view.version,
        parts,
    }
}

/// What a window is shown of all parts.
pub(super) struct Window {
    pub(super) shared: Arc<Shared>,
    pub(super) words: &'static Words,
    pub(super) session: SessionId,
    /// The slots of other benches.
    pub(super) elsewhere: BTreeSet<Slot>,
    pub(super) is_administrator: bool,
}

/// One event with parts.
#[derive(Serialize)]
struct Parts<'a> {
    version: u64,
    /// The station's clock, in milliseconds: a page may run on a computer whose clock is wrong.
    now: i64,
    parts: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Beat {
    now: i64,
}

/// What a window has been sent, and what it waits for.
struct Watching {
    window: Window,
    frames: watch::Receiver<Arc<Frame>>,
    sent: BTreeMap<String, Arc<str>>,
    beat: Interval,
    /// Whoever could type a PIN looks on as long as this lives.
    _seat: crate::face::prompt::Seat,
    over: bool,
    first: bool,
}

/// Events for this window, until its session is over or nobody reads them.
pub(super) fn events(window: Window) -> Response {
    let frames = Hub::join(&window.shared, window.words);
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let seat = window
        .shared
        .bench
        .prompt
        .sit_down(window.elsewhere.clone());
    let watching = Watching {
        window,
        frames,
        sent: BTreeMap::new(),
        beat,
        _seat: seat,
        over: false,
        first: true,
    };
    let stream = unfold(watching, |mut watching| async move {
        let event = watching.next().await?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    Sse::new(stream).into_response()
}

impl Watching {
    /// The next event; `None`: the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if std::mem::take(&mut self.first) {
            return Some(self.parts().unwrap_or_default().retry(RETRY));
        }
        loop {
            tokio::select! {
                changed = self.frames.changed() => {
                    if changed.is_err() {
                        return None;
                    }
                    if let Some(event) = self.parts() {
                        return Some(event);
                    }
                }
                _ = self.beat.tick() => return Some(self.beat().await),
            }
        }
    }

    /// The parts that are another than what was sent; `None`: none is.
    fn parts(&mut self) -> Option<Event> {
        let frame = Arc::clone(&self.frames.borrow_and_update());
        let window = &self.window;
        let mut parts = BTreeMap::new();
        for (name, text) in &frame.parts {
            let known = self.sent.get(name).is_some_and(|sent| sent == text);
            if !known && window.is_shown(name) {
                parts.insert(name.as_str(), &**text);
                self.sent.insert(name.clone(), Arc::clone(text));
            }
        }
        if parts.is_empty() {
            return None;
        }
        let event = Parts {
            version: frame.version,
            now: window.shared.now().0,
            parts,
        };
        Event::default().event("parts").json_data(event).ok()
    }

    /// Whoever is signed out, or away from the desk, or has no such account any more, sees nothing more.
    async fn beat(&mut self) -> Event {
        let (window, now) = (&self.window, self.window.shared.now().0);
        let stands = window.shared.stands(window.session).await;
        let view = window.shared.board.view();
        let at_work = is_at_work(&view, &window.elsewhere, window.is_administrator);
        if !stands || !window.shared.lives(window.session, at_work) {
            self.over = true;
            return Event::default().event("over").data("{}");
        }
        let beat = Event::default().event("beat").json_data(Beat { now });
        beat.unwrap_or_default()
    }
}

impl Window {
    fn is_shown(&self, part: &str) -> bool {
        if part == part::PACE {
            return self.is_administrator;
        }
        let mut elsewhere = self.elsewhere.iter();
        !elsewhere.any(|slot| part::of_slot(*slot) == part)
    }
}

/// Whether keys are worked on at a bench, which is a sign of life of the operator there although nobody clicks. An
/// administrator's window is open to more than a bench, so it is closed when nobody clicks.
fn is_at_work(view: &View, elsewhere: &BTreeSet<Slot>, is_administrator: bool) -> bool {
    let is_working =
        |state: &SlotState| matches!(state, SlotState::Working { .. } | SlotState::Reading);
    let mut slots = view.slots.iter();
    !is_administrator
        && slots.any(|(slot, shown)| !elsewhere.contains(slot) && is_working(&shown.state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::board::Board;
    use crate::app::world::stage;
    use crate::domain::job::JobId;

    #[test]
    fn work_is_a_sign_of_life_at_the_operators_own_bench_alone() {
        let board = Board::default();
        stage::slot(&board, 1, &SlotState::Reading, None);
        stage::slot(&board, 2, &SlotState::Done { job: JobId(1) }, None);
        let view = board.view();
        let here = |slots: &[u16], is_administrator| {
            let elsewhere = slots.iter().copied().map(Slot).collect();
            is_at_work(&view, &elsewhere, is_administrator)
        };
        assert!(here(&[], false) && here(&[2], false));
        assert!(!here(&[1], false), "another bench works");
        assert!(!here(&[], true), "an administrator's window is no bench");
    }
}
