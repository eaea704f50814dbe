//! A station at work, and quick hands that work for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyline::app::board::{Board, News, View};
use keyline::app::station::{Desk, Handle, Options, Request, Summary};
use keyline::domain::authenticator::Slot;
use keyline::domain::station::signal::SlotState;
use keyline::port::Ledger;
use keyline::practice::authenticator::{Bench, SimulatedKey};
use keyline::wire::station::Parts;

use super::{Line, PATIENCE};

/// How often the hands look at the board.
const GLANCE: Duration = Duration::from_millis(5);

/// A station at work.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) board: Arc<Board>,
    pub(crate) ledger: Arc<dyn Ledger>,
    station: Option<JoinHandle<Summary>>,
    hands: Option<JoinHandle<()>>,
    rest: Arc<AtomicBool>,
    news: Mutex<Vec<News>>,
}

impl Running {
    pub(super) fn start(line: &Line, parts: Parts, options: Options) -> Self {
        let board = parts.board.clone();
        let ledger: Arc<dyn Ledger> = parts.ledger.clone();
        let desk = Desk::new(
            parts.ports.clone(),
            parts.policies.clone(),
            parts.intake.clone(),
            board.clone(),
            options,
        );
        let handle = desk.handle();
        let station = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            let summary = runtime.block_on(desk.run()).expect("a run");
            drop(parts);
            summary
        });
        let rest = Arc::new(AtomicBool::new(line.idle_hands));
        let mut hands = Hands {
            bench: line.bench.clone(),
            slots: line.slots,
            supply: line.crate_of_keys.clone(),
            own: BTreeMap::new(),
            seen: BTreeMap::new(),
            handle: handle.clone(),
        };
        let (eyes, resting) = (board.clone(), rest.clone());
        let hands = std::thread::spawn(move || {
            while !resting.load(Ordering::SeqCst) {
                hands.work(&eyes.view());
                std::thread::sleep(GLANCE);
            }
        });
        Self {
            handle,
            board,
            ledger,
            station: Some(station),
            hands: Some(hands),
            rest,
            news: Mutex::default(),
        }
    }

    /// All news so far.
    pub(crate) fn news(&self) -> Vec<News> {
        let mut news = self.news.lock().unwrap();
        news.extend(self.board.take_news());
        news.clone()
    }

    /// Waits until the board looks so.
    pub(crate) fn wait_for(&self, what: &str, mut is: impl FnMut(&View) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is(&self.board.view()) {
            assert!(
                Instant::now() < until,
                "{what} did not come: {:?} {:?}",
                self.board.view(),
                self.news()
            );
            std::thread::sleep(GLANCE);
        }
    }

    /// Whether the news say that the line waits for the network.
    pub(crate) fn says_network(&self) -> bool {
        self.news()
            .iter()
            .any(|news| matches!(news, News::Network { .. }))
    }

    /// Waits until the station ends by itself.
    pub(crate) fn finish(self) -> (Summary, Arc<dyn Ledger>) {
        self.finish_within(PATIENCE, || ())
    }

    /// The same, for a long day on which somebody keeps an eye on it.
    pub(crate) fn finish_within(
        mut self,
        patience: Duration,
        watch: impl Fn(),
    ) -> (Summary, Arc<dyn Ledger>) {
        let station = self.station.take().expect("a station");
        let until = Instant::now() + patience;
        while !station.is_finished() {
            watch();
            assert!(
                Instant::now() < until,
                "the station does not end: {:?} {:?}",
                self.board.view(),
                self.news()
            );
            std::thread::sleep(GLANCE);
        }
        let summary = station.join().expect("a run");
        self.end_hands();
        (summary, self.ledger.clone())
    }

    /// Breaks everything off at once.
    pub(crate) fn stop_now(self) -> Summary {
        self.handle.ask(Request::StopNow);
        self.finish().0
    }

    fn end_hands(&mut self) {
        self.rest.store(true, Ordering::SeqCst);
        if let Some(hands) = self.hands.take() {
            hands.join().expect("hands");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.ask(Request::StopNow);
        self.rest.store(true, Ordering::SeqCst);
    }
}

/// Quick hands that do what the board says.
struct Hands {
    bench: Bench,
    slots: u16,
    supply: Arc<Mutex<VecDeque<SimulatedKey>>>,
    /// The key that was last at a slot, for a job that wants it back.
    own: BTreeMap<u16, SimulatedKey>,
    /// What was acted on: the state and since when it is so.
    seen: BTreeMap<Slot, (SlotState, Instant)>,
    handle: Handle,
}

impl Hands {
    fn work(&mut self, view: &View) {
        for number in 1..=self.slots {
            let place = Bench::place(number);
            let slot = Slot(number);
            let here = self.bench.key_at(&place);
            if let Some(key) = &here {
                self.own.insert(number, key.clone());
            }
            let state = match view.slots.get(&slot) {
                Some(seen) => {
                    let now = (seen.state.clone(), seen.since);
                    // A free place takes the next key whenever there is one; everything else is done once.
                    if here.is_some() && self.seen.get(&slot) == Some(&now) {
                        continue;
                    }
                    self.seen.insert(slot, now);
                    seen.state.clone()
                }
                None => SlotState::Empty,
            };
            match (state, here) {
                (SlotState::Empty, None) => {
                    let next = self.supply.lock().unwrap().pop_front();
                    match next {
                        // It has not been let go of everywhere yet: later.
                        Some(key) if key.is_plugged() => {
                            self.supply.lock().unwrap().push_back(key);
                        }
                        Some(key) => self.bench.insert(&place, &key).expect("a free place"),
                        None => {}
                    }
                }
                (SlotState::WantsBack { .. }, None) => {
                    if let Some(key) = self.own.get(&number) {
                        self.bench.insert(&place, key).expect("a free place");
                    }
                }
                (SlotState::WantsBack { key_in: true, .. } | SlotState::LiftFirst, Some(_)) => {
                    self.bench.replug(&place).expect("the same key");
                }
                (
                    SlotState::Done { .. } | SlotState::Refused { .. } | SlotState::Held { .. },
                    Some(_),
                ) => {
                    self.bench.pull(&place);
                }
                (SlotState::Asking { asked, .. }, Some(_)) => {
                    self.handle.ask(Request::Confirm { slot, asked });
                }
                _ => {}
            }
        }
    }
}
