//! One job on keys in memory: the good day, every kind of bad day, and every doubt.

mod doubts;
mod faults;
mod modes;
mod print;
mod reissue;
mod reply;
mod tries;
mod vet;
mod whom;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::*;
use crate::app::duties;
use crate::app::world::{self, KeyState, Op, World, request};
use crate::domain::event::Intent;
use crate::domain::fault::Move;
use crate::domain::policy::Policy;

/// A bench with one job for Anna in a world of its own.
pub(super) struct Line {
    pub(super) world: World,
    pub(super) job: Job,
    policy: Policy,
    provisions: Provisions,
    pub(super) board: Board,
}

impl Line {
    /// Under this policy, with this key in slot 1.
    pub(super) fn new(policy: Policy, key: KeyState) -> Self {
        let world = World::new();
        let job = world.add_job(request("anna@contoso.com"));
        let key = world.add_key(key);
        world.put(1, key);
        Self::on(world, job, policy)
    }

    pub(super) fn on(world: World, job: Job, policy: Policy) -> Self {
        let provisions = Provisions::new(&world.ports());
        Self {
            world,
            job,
            policy,
            provisions,
            board: Board::default(),
        }
    }

    /// Another line that stands where this one stands, as after a restart of the program.
    pub(super) fn copy(&self) -> Self {
        Self::on(self.world.copy(), self.job.clone(), self.policy.clone())
    }

    pub(super) fn run(&self) -> Ending {
        self.run_on(&self.world.ports(), &CancelFlag::default())
    }

    /// A run on these ports, until it is cancelled.
    pub(super) fn run_on(&self, ports: &Ports, cancel: &CancelFlag) -> Ending {
        let mut hand = self.world.open_slot(1).map(|key| Hand {
            slot: Slot(1),
            key: Box::new(key),
            arrived: Instant::now(),
            key_time: Duration::ZERO,
        });
        let policies = self.policies();
        let bench = Bench {
            ports,
            policies: &policies,
            provisions: &self.provisions,
            board: &self.board,
            actor: "B-7",
            cancel,
        };
        self.world.state().running = Some(self.job.id);
        let ending = run(&bench, &self.job, hand.as_mut());
        self.world.state().running = None;
        ending
    }

    pub(super) fn policies(&self) -> Policies {
        let policies = world::policies(self.policy.clone());
        policies.at_a_station_that_prints(self.world.ports().press.prints())
    }

    /// Takes the key out of slot 1 and puts this one in.
    pub(super) fn put(&self, key: usize) {
        self.world.take_out(1);
        self.world.put(1, key);
    }

    pub(super) fn state(&self) -> Enrollment {
        self.world.enrollment(self.job.id)
    }

    /// The journal in short words.
    pub(super) fn story(&self) -> String {
        self.world.state().ledger.story(self.job.id)
    }

    /// A patient operator and an administrator who releases what is held: goes on until the job is finished. `Err` says why it
    /// never was.
    pub(super) fn carry_on(&self) -> Result<(), String> {
        let own = self
            .world
            .state()
            .bound
            .get(&self.job.id)
            .copied()
            .or(Some(0));
        let mut faults = Vec::new();
        for _ in 0..12 {
            let ending = self.run();
            let fault = match ending {
                Ending::Finished => return Ok(()),
                Ending::KeyDone | Ending::Awaits(_) => {
                    return Err("a person's word is missing".to_owned());
                }
                Ending::Held(fault) => {
                    self.world.tell(self.job.id, [Happening::Released]);
                    self.replug(own);
                    fault
                }
                Ending::AnotherKey(fault) => {
                    let blank = self.world.add_key(KeyState::blank(None));
                    self.put(blank);
                    fault
                }
                Ending::Stopped(fault) => {
                    match fault.whose_move() {
                        Move::PutBack | Move::AnotherKey => {
                            let bound = self.world.state().bound.get(&self.job.id).copied();
                            self.replug(bound.or(own));
                        }
                        Move::Wait => self.world.pass_seconds(60),
                        Move::Administrator => self.replug(own),
                    }
                    fault
                }
            };
            faults.push(fault.to_string());
        }
        Err(format!("{faults:?} after [{}]", self.story()))
    }

    fn replug(&self, key: Option<usize>) {
        if let Some(key) = key {
            self.put(key);
        }
    }

    /// The old credentials and the orphans are looked after for some hours.
    pub(super) fn clear_up(&self) {
        for _ in 0..5 {
            duties::work(&self.world.ports(), "B-7").expect("nothing is cut any more");
            self.world.pass_seconds(4000);
        }
    }

    /// I1, I2, I6 and I7 were watched all the time; here the rest as well, while nothing is in flight.
    pub(super) fn assert_sound(&self, context: &str) {
        let wrong = self.world.state().unsound();
        assert_eq!(wrong, Vec::<String>::new(), "{context}\n{}", self.story());
    }
}

fn key() -> KeyState {
    KeyState::blank(Some("32070001"))
}

fn plain_key() -> KeyState {
    KeyState::blank(None)
}

#[test]
fn a_good_day_enrolls_the_key_and_prints_one_letter() {
    let line = Line::new(Policy::default(), key());
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(
        line.story(),
        "began 1, reset, done, set PIN, done, make passkey, done, register, done, deliver, done"
    );
    let world = line.world.state();
    assert_eq!(world.press.sheets.len(), 1);
    assert_eq!(world.press.sheets[0].recipient, "Anna Lang");
    assert_eq!(world.tenant.of("anna@contoso.com").len(), 1);
    assert_eq!(world.tenant.names, ["32070001 Practice Key"]);
    drop(world);
    line.assert_sound("a good day");
}

#[test]
fn everything_that_can_fail_without_an_effect_comes_before_the_reset() {
    let line = Line::new(Policy::default(), key());
    assert_eq!(line.run(), Ending::Finished);
    let calls = line.world.state().calls.clone();
    let at = |op| calls.iter().position(|call| *call == op);
    let reset = at(Op::Reset);
    assert!(at(Op::PressCheck) < reset && at(Op::Options) < reset && at(Op::Ready) < reset);
    // One fetch is enough: the options of the gate are those of the ceremony.
    assert_eq!(line.world.count(Op::Options), 1);
}

#[test]
fn running_a_finished_job_again_changes_nothing() {
    let line = Line::new(Policy::default(), key());
    assert_eq!(line.run(), Ending::Finished);
    let calls = line.world.count(Op::Append);
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.world.count(Op::Append), calls);
    line.assert_sound("run twice");
}

#[test]
fn a_held_job_stays_held_whatever_key_comes() {
    let line = Line::new(Policy::default(), key());
    let fault = Fault::OnHold {
        why: "ask Anna first".to_owned(),
    };
    let held = Happening::Held {
        fault: fault.clone(),
    };
    line.world.tell(line.job.id, [held]);
    assert_eq!(line.run(), Ending::Held(fault));
    assert_eq!(line.world.count(Op::Capabilities), 0);
    line.world.tell(line.job.id, [Happening::Released]);
    assert_eq!(line.run(), Ending::Finished);
}

#[test]
fn a_cancelled_bench_stops_between_two_steps_and_leaves_no_trace() {
    let line = Line::new(Policy::default(), key());
    let ports = line.world.ports();
    let cancel = CancelFlag::default();
    cancel.cancel();
    let bench = Bench {
        ports: &ports,
        policies: &Policies {
            by_name: BTreeMap::from([("standard".to_owned(), Policy::default())]),
            ..Policies::default()
        },
        provisions: &line.provisions,
        board: &Board::default(),
        actor: "B-7",
        cancel: &cancel,
    };
    assert_eq!(
        run(&bench, &line.job, None),
        Ending::Stopped(Fault::Cancelled)
    );
    assert_eq!(line.world.count(Op::Append), 0);
}

#[test]
fn a_job_whose_policy_is_gone_is_held_before_the_key_is_looked_at() {
    let line = Line::new(Policy::default(), key());
    let mut job = line.job.clone();
    job.request.policy = "gone".to_owned();
    let line = Line::on(line.world, job, Policy::default());
    let fault = Fault::PolicyMissing {
        policy: "gone".to_owned(),
    };
    assert_eq!(line.run(), Ending::Held(fault));
    assert_eq!(line.world.count(Op::Capabilities), 0);
}

/// The control numbers that a job's deliveries began with.
fn controls(line: &Line) -> Vec<String> {
    line.world
        .happenings(line.job.id)
        .into_iter()
        .filter_map(|happening| match happening {
            Happening::Started {
                intent: Intent::Deliver { control, .. },
                ..
            } => Some(control),
            _ => None,
        })
        .collect()
}
