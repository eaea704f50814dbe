//! The whole station over a world in memory: files in, keys in, keys out.

mod disabled;
mod elsewhere;
mod log;
mod nobody;
mod paper;
mod spool;
mod trail;
mod void;
mod wishes;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::app::world::{self, Folder, KeyState, Op, World, file_of, options, request};
use crate::domain::enrollment::Standing;
use crate::domain::job::Draft;
use crate::domain::policy::{Policy, UsedKeys};
use crate::domain::time::Timestamp;
use crate::port::{Clock, Ledger, Press};

fn desk(world: &World, folder: Arc<Folder>, policy: Policy, limit: Option<usize>) -> Desk {
    let options = Options { limit, ..options() };
    world::desk(world.ports(), folder, policy, options)
}

fn people(count: usize) -> Arc<Folder> {
    let folder = Arc::new(Folder::default());
    folder.drop_file("may.csv", 1, move || {
        let drafts = (1..=count).map(|number| Draft {
            line: u32::try_from(number).expect("few rows") + 1,
            request: request(&format!("user{number}@contoso.com")),
            pin: None,
            current_pin: None,
        });
        file_of("may", drafts.collect())
    });
    folder
}

fn four_keys(key: fn() -> KeyState) -> World {
    let world = World::new();
    for slot in 1..=4 {
        let key = world.add_key(key());
        world.put(slot, key);
    }
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_slots_enroll_four_people_from_one_file() {
    let world = four_keys(|| KeyState::blank(None));
    let desk = desk(&world, people(4), Policy::default(), None);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 4);
    assert_eq!((summary.held, summary.broken), (Vec::new(), None));
    let jobs = world.jobs(None).expect("the ledger answers");
    assert!(jobs.iter().all(|record| record.standing == Standing::Done));
    let state = world.state();
    assert_eq!(state.broken, Vec::<String>::new());
    assert_eq!(
        (state.press.sheets.len(), state.tenant.methods.len()),
        (4, 4)
    );
    let mut pins: Vec<_> = state.press.sheets.iter().map(|sheet| &sheet.pin).collect();
    pins.sort();
    pins.dedup();
    assert_eq!(pins.len(), 4, "each person has a PIN of their own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pilot_stops_at_its_limit() {
    let world = four_keys(|| KeyState::blank(None));
    let desk = desk(&world, people(4), Policy::default(), Some(2));
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 2);
    assert_eq!(world.count(Op::Reset), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_a_blank_key_before_its_reset_but_get_info() {
    let world = four_keys(|| KeyState::blank(None));
    let desk = desk(&world, people(1), Policy::default(), None);
    desk.run().await.expect("it ran");
    assert_eq!(world.count(Op::AssertSilently), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_holds_a_passkey_for_entra_is_never_wiped() {
    let world = four_keys(|| KeyState::used(None, "739154").holding(7, "bo@contoso.com"));
    let policy = Policy {
        used_keys: UsedKeys::Reset,
        ..Policy::default()
    };
    let desk = desk(&world, people(1), policy, None);
    let handle = desk.handle();
    let running = tokio::spawn(desk.run());
    // All four keys have been read and refused; the job goes on waiting for another.
    while world.count(Op::AssertSilently) < 4 {
        tokio::task::yield_now().await;
    }
    assert!(handle.ask(Request::Stop));
    let summary = running.await.expect("no panic").expect("it ran");
    assert!(summary.interrupted);
    assert_eq!((summary.done, world.count(Op::Reset)), (0, 0));
}

/// A clock that stops whoever asks it, once it is told to.
struct StuckClock {
    true_clock: Arc<dyn Clock>,
    gate: Mutex<()>,
    /// Threads that stand at the gate now.
    standing: AtomicUsize,
}

impl Clock for StuckClock {
    fn now(&self) -> Timestamp {
        self.standing.fetch_add(1, Ordering::SeqCst);
        drop(self.gate.lock().expect("no panic"));
        self.standing.fetch_sub(1, Ordering::SeqCst);
        self.true_clock.now()
    }

    fn today(&self) -> jiff::civil::Date {
        self.true_clock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        self.true_clock.wait(duration, cancel)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_that_hangs_gives_no_sign_of_life() {
    const EVERY: Duration = Duration::from_millis(5);
    let world = World::new();
    let mut ports = world.ports();
    let clock = Arc::new(StuckClock {
        true_clock: ports.clock.clone(),
        gate: Mutex::new(()),
        standing: AtomicUsize::new(0),
    });
    ports.clock = clock.clone();
    let options = Options {
        until_empty: false,
        ..options()
    };
    let (told, signs) = std::sync::mpsc::channel();
    let pulse = Pulse::new(EVERY, move |sign, _| {
        // At the end nobody listens any more.
        let _ = told.send(sign);
    });
    let desk = world::desk(ports, people(0), Policy::default(), options).with_pulse(pulse);
    let handle = desk.handle();
    let running = tokio::spawn(desk.run());
    let next = || signs.recv_timeout(Duration::from_secs(30));
    assert_eq!(next(), Ok(Sign::Stands));
    assert_eq!((next(), next()), (Ok(Sign::Lives), Ok(Sign::Lives)));

    let held = clock.gate.lock().expect("no panic");
    // The next tick of the loop asks for the time and does not come back.
    while clock.standing.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    signs.try_iter().for_each(drop);
    let silence = signs.recv_timeout(EVERY * 40);
    assert!(
        silence.is_err(),
        "{silence:?} from a loop that stands still"
    );
    drop(held);
    assert_eq!(next(), Ok(Sign::Lives));

    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let last: Vec<_> = signs
        .try_iter()
        .skip_while(|sign| *sign == Sign::Lives)
        .collect();
    assert_eq!(last, [Sign::Stops], "told once, and nothing after it");
}
