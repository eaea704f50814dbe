//! `keyline jobs cancel` beside a running station, at every moment at which a job can be in work: before a touch, between the
//! PIN and the registration, while the tenant is asked, and when it is too late.

use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use keyline::adapter::ledger::SqliteLedger;
use keyline::app::station::{Desk, Handle, Options, Request, Summary};
use keyline::domain::authenticator::Slot;
use keyline::domain::enrollment::Standing;
use keyline::domain::event::Step;
use keyline::domain::station::signal::{ConfirmCards, SlotState};
use keyline::face::control::{self, Server};
use keyline::port::{JobRecord, Ledger};
use keyline::practice::authenticator::{Bench, SimulatedKey, Touch};
use keyline::practice::tenant::{Operation, Trick};
use keyline::wire::station::Parts;
use keyline::wire::{attend, station};

use crate::line::{Knows, Line};
use crate::{err, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
/// For anything that is bound to come, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A station that runs, with one key that nobody touches by himself. The key is put in when the station watches.
struct Running {
    line: Line,
    parts: Parts,
    key: SimulatedKey,
    handle: Handle,
    socket: Option<Server>,
    thread: Option<JoinHandle<Summary>>,
}

impl Running {
    fn start() -> Self {
        let line = Line::new(1);
        line.drop_file("a.csv", &format!("user\r\n{ANNA}\r\n"));
        let parts = station::assemble(&line.config, line.keys.clone(), Knows::nothing())
            .expect("a station");
        let options = Options {
            limit: None,
            until_empty: false,
            confirm_cards: ConfirmCards::Never,
            slots: station::slots(&line.config),
            actor: "4711".to_owned(),
            tick: keyline::app::station::TICK,
            waits: parts.cancel.clone(),
        };
        let desk = Desk::new(
            parts.ports.clone(),
            parts.policies.clone(),
            parts.intake.clone(),
            parts.board.clone(),
            options,
        );
        let handle = desk.handle();
        let answer = control::over_station(
            parts.ledger.clone(),
            handle.clone(),
            parts.ports.press.clone(),
            parts.board.clone(),
            attend::erasing(parts.ledger.clone()),
        );
        let path: PathBuf = attend::socket_path(&line.config).expect("a place");
        let socket = Some(control::serve(&path, answer).expect("a socket"));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(desk.run()).expect("a run")
        });
        let key = line.maker.make(1).expect("a key");
        key.set_touch(Touch::ByHand);
        let running = Self {
            line,
            parts,
            key,
            handle,
            socket,
            thread: Some(thread),
        };
        running.until("the job", |running| {
            running.parts.board.view().counts.waiting == 1
        });
        running.insert();
        running
    }

    fn insert(&self) {
        let place = Bench::place(1);
        self.line
            .bench
            .insert(&place, &self.key)
            .expect("a free slot");
    }

    fn until(&self, what: &str, look: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !look(self) {
            assert!(Instant::now() < until, "{what}: {:?}", self.state());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn state(&self) -> Option<SlotState> {
        let slots = self.parts.board.view().slots;
        slots.get(&Slot(1)).map(|view| view.state.clone())
    }

    fn until_touch_for(&self, step: Step) {
        self.until("a touch", |running| {
            let slots = running.parts.board.view().slots;
            slots
                .get(&Slot(1))
                .is_some_and(|view| view.touch && view.step == Some(step))
        });
    }

    /// Touches the key for everything up to `step`, and not for that.
    fn touch_up_to(&self, step: Step) {
        self.until_touch_for(Step::Reset);
        if step != Step::Reset {
            assert!(self.key.press());
            self.until_touch_for(step);
        }
    }

    /// Cancels the job as typed, and says how long that took.
    fn cancel(&self) -> (std::process::Output, Duration) {
        let begun = Instant::now();
        let told = keyline(&self.line, &["jobs", "cancel", "1"]);
        (told, begun.elapsed())
    }

    fn record(&self) -> JobRecord {
        let ledger =
            SqliteLedger::open_reader(&self.line.config.path(&self.line.config.ledger.file));
        let mut jobs = ledger.expect("a ledger").jobs(None).expect("jobs");
        jobs.remove(0)
    }

    fn passkeys(&self) -> usize {
        let all = self.line.tenant(|tenant| tenant.credentials(ANNA));
        all.expect("a user").len()
    }

    fn end(mut self) -> Summary {
        self.handle.ask(Request::Stop);
        let summary = self
            .thread
            .take()
            .expect("a thread")
            .join()
            .expect("no panic");
        drop(self.socket.take());
        summary
    }
}

#[test]
fn while_a_touch_is_awaited_the_job_is_given_up_at_once_and_its_key_let_go() {
    for step in [Step::Reset, Step::MakeCredential] {
        let running = Running::start();
        running.touch_up_to(step);
        let (told, took) = running.cancel();
        assert_eq!(told.status.code(), Some(0), "{step:?}: {}", err(&told));
        assert!(out(&told).contains("is cancelled"), "{}", out(&told));
        assert!(out(&told).contains("wipe that key"), "{}", out(&told));
        assert!(took < Duration::from_secs(10), "{step:?}: {took:?}");
        assert_eq!(running.record().standing, Standing::Cancelled);
        running.until("lift", |running| {
            running.state() == Some(SlotState::LiftFirst)
        });
        let again = running.cancel().0;
        assert_eq!(again.status.code(), Some(3), "{}", err(&again));
        // The slot serves whoever comes next.
        drop(running.line.bench.pull(&Bench::place(1)));
        running.until("an empty slot", |running| {
            running.state() == Some(SlotState::Empty)
        });
        assert_eq!(running.passkeys(), 0);
        assert_eq!(running.end().done, 0);
    }
}

#[test]
fn while_the_registration_is_under_way_it_is_waited_for_and_what_it_left_is_deleted() {
    let running = Running::start();
    running.line.tenant(|tenant| {
        tenant.misbehave(Operation::Register, 1, Trick::Slow { millis: 1_500 });
    });
    running.touch_up_to(Step::MakeCredential);
    assert!(running.key.press());
    running.until("the registration", |running| {
        running
            .line
            .tenant(|tenant| tenant.requests(Operation::Register))
            == 1
    });
    let (told, _) = running.cancel();
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    assert_eq!(running.record().standing, Standing::Cancelled);
    running.until("the deletion", |running| running.passkeys() == 0);
    assert_eq!(
        running
            .line
            .tenant(|tenant| tenant.requests(Operation::Delete)),
        1
    );
    running.end();
}

#[test]
fn a_key_that_was_lifted_in_the_middle_is_not_waited_for_any_more() {
    let running = Running::start();
    running.touch_up_to(Step::MakeCredential);
    drop(running.line.bench.pull(&Bench::place(1)));
    running.until("the key back", |running| {
        matches!(
            running.state(),
            Some(SlotState::WantsBack { key_in: false, .. })
        )
    });
    let (told, _) = running.cancel();
    assert_eq!(told.status.code(), Some(0), "{}", err(&told));
    running.until("an empty slot", |running| {
        running.state() == Some(SlotState::Empty)
    });
    running.end();
}

#[test]
fn a_job_that_is_done_is_not_cancelled_and_other_changes_wait_until_the_key_is_lifted() {
    let running = Running::start();
    running.touch_up_to(Step::Reset);
    let held = keyline(&running.line, &["jobs", "hold", "1"]);
    assert_eq!(held.status.code(), Some(4), "{}", err(&held));
    assert!(err(&held).contains("lift its key"), "{}", err(&held));
    assert!(running.key.press());
    running.until_touch_for(Step::MakeCredential);
    assert!(running.key.press());
    running.until("done", |running| {
        running.record().standing == Standing::Done
    });
    let (told, _) = running.cancel();
    assert_eq!(told.status.code(), Some(3), "{}", err(&told));
    let summary = running.end();
    assert_eq!(summary.done, 1, "{summary:?}");
}
