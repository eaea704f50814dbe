//! One life of the program on one slot: the bench decides, and its orders are carried out one after another by the very code that
//! the station's threads run. So a life has one course, and every instant of it can be looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::app::admin::{self, Change, Changed, Unchanged};
use crate::app::board::Board;
use crate::app::enumerator::scenario::Scenario;
use crate::app::provisions::Provisions;
use crate::app::runner::{self, Bench, Hand};
use crate::app::station::{candidates, carry_out, disabled, reading};
use crate::app::world::World;
use crate::app::{Policies, Ports, duties};
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{ConfirmCards, Ending, Order, Signal, SlotState};
use crate::port::{CancelFlag, Place};

pub(super) const ACTOR: &str = "B-7";
/// The one slot.
pub(super) const SLOT: u16 = 1;
/// Older credentials that go in a moment are waited for.
const NEAR_ROUNDS: usize = 4;

/// A station that has just been started.
pub(super) struct Shift<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) world: World,
    pub(super) ports: Ports,
    pub(super) policies: Policies,
    provisions: Provisions,
    board: Arc<Board>,
    station: Station,
    hand: Option<Hand>,
    signals: VecDeque<Signal>,
}

impl<'a> Shift<'a> {
    pub(super) fn new(scenario: &'a Scenario, world: World) -> Self {
        let ports = scenario.ports(&world);
        let mut shift = Self {
            scenario,
            world,
            policies: scenario.policies(),
            provisions: Provisions::new(&ports),
            ports,
            board: Arc::default(),
            station: Station::new(ConfirmCards::Never, None),
            hand: None,
            signals: VecDeque::new(),
        };
        if let Ok(open) = candidates::all(&shift.ports, &shift.policies) {
            shift.tell(Signal::Jobs(open.candidates));
        }
        shift.look_after_disabled();
        shift
    }

    /// What the slot says.
    pub(super) fn slot(&self) -> SlotState {
        let mut slots = self.station.slots();
        let slot = slots.find(|(slot, _)| *slot == Slot(SLOT));
        slot.map_or(SlotState::Empty, |(_, state)| state.clone())
    }

    /// Puts a key into the slot.
    pub(super) fn put(&mut self, key: usize) {
        self.lift();
        self.world.put(SLOT, key);
        self.tell(Signal::Arrived {
            slot: Slot(SLOT),
            at_start: false,
        });
    }

    /// What lies in the slot lay there before the program started.
    pub(super) fn find_key_in(&mut self) {
        if self.world.state().slots.contains_key(&SLOT) {
            self.tell(Signal::Arrived {
                slot: Slot(SLOT),
                at_start: true,
            });
        }
    }

    pub(super) fn lift(&mut self) {
        self.world.take_out(SLOT);
        self.hand = None;
        self.tell(Signal::Left { slot: Slot(SLOT) });
    }

    pub(super) fn confirm(&mut self) {
        self.tell(Signal::Confirmed { slot: Slot(SLOT) });
    }

    /// Some seconds pass.
    pub(super) fn tick(&mut self, seconds: i64) {
        self.world.pass_seconds(seconds);
        for job in self.provisions.expire(self.ports.clock.now()) {
            self.tell(Signal::Expired { job });
        }
        self.look_after_duties();
        self.look_after_disabled();
        self.tell(Signal::Tick);
    }

    /// As the station does at its start and every ten minutes. Who is held is what it remembers, as a board does.
    fn look_after_disabled(&mut self) {
        let Ok(open) = candidates::all(&self.ports, &self.policies) else {
            return;
        };
        let mut held = open.held;
        held.retain(|_, fault| disabled::is_disabled(fault));
        let jobs: Vec<JobId> = held.into_keys().collect();
        let ledger = self.ports.ledger.as_ref();
        let Ok(people) = disabled::people(ledger, &self.policies, &jobs) else {
            return;
        };
        let (eligibility, stop) = (self.provisions.eligibility(), CancelFlag::default());
        let mut enabled = Vec::new();
        disabled::round(&self.ports, eligibility, people, &stop, &mut |jobs| {
            enabled.extend(jobs);
        });
        for job in enabled {
            let now = self.ports.clock.now();
            if disabled::go_on(self.ports.ledger.as_ref(), &self.policies, job, now) == Ok(true) {
                self.changed(job);
            }
        }
    }

    /// As the station does after each job, and as long as older credentials go in a moment.
    pub(super) fn look_after_duties(&self) {
        for _ in 0..NEAR_ROUNDS {
            // What the tenant does not do now it is asked for again.
            drop(duties::work(&self.ports, ACTOR));
            if !duties::are_near(&self.ports).unwrap_or(false) {
                return;
            }
            self.world.pass_seconds(10);
        }
    }

    /// The administrator changes a job.
    pub(super) fn change(&mut self, job: JobId, change: &Change) -> Result<Changed, Unchanged> {
        let (ledger, now) = (self.ports.ledger.as_ref(), self.ports.clock.now());
        let done = admin::change(ledger, &self.policies, job, change, ACTOR, now);
        self.changed(job);
        done
    }

    /// A job is another one now, under another hand.
    pub(super) fn changed(&mut self, job: JobId) {
        if let Ok(open) = candidates::one(&self.ports, &self.policies, job) {
            let now = open.candidates.into_iter().next().map(Box::new);
            self.tell(Signal::Changed { job, now });
        }
    }

    fn tell(&mut self, signal: Signal) {
        self.signals.push_back(signal);
        while let Some(signal) = self.signals.pop_front() {
            for order in self.station.handle(signal) {
                self.carry_out(order);
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Read { slot } => self.read(slot),
            Order::Run { slot, job } => {
                let hand = self.hand.take();
                self.run(Some(slot), job, hand);
            }
            Order::RunAside { job } => self.run(None, job, None),
            Order::Prepare { job } => {
                let provided =
                    carry_out::provide(&self.ports, &self.policies, &self.provisions, job);
                self.signals.push_back(match provided {
                    Ok(()) => Signal::Prepared { job },
                    Err(fault) => Signal::Unprepared { job, fault },
                });
            }
            Order::Hold { job, fault } => {
                if carry_out::hold(&self.ports, job, fault, ACTOR).is_ok() {
                    self.job_changed(job);
                }
            }
        }
    }

    fn read(&mut self, slot: Slot) {
        let place = Place(format!("practice:{}", slot.0));
        let cancel = CancelFlag::default();
        let returns = reading::Returns {
            looked: Arc::default(),
            cards: self.station.cards().clone(),
        };
        let read = reading::read(
            &self.ports,
            &self.board,
            slot,
            &place,
            cancel,
            ACTOR,
            &returns,
        );
        let signal = match read {
            Ok((hand, reading)) => {
                self.hand = Some(hand);
                Signal::Read {
                    slot,
                    reading: Box::new(reading),
                }
            }
            Err(fault) => Signal::Unreadable { slot, fault },
        };
        self.signals.push_back(signal);
    }

    fn run(&mut self, slot: Option<Slot>, job: JobId, mut hand: Option<Hand>) {
        let cancel = CancelFlag::default();
        let bench = Bench {
            ports: &self.ports,
            policies: &self.policies,
            provisions: &self.provisions,
            board: &self.board,
            actor: ACTOR,
            cancel: &cancel,
        };
        self.world.state().running = Some(job);
        let ending = match self.ports.ledger.job(job) {
            Ok(Some(record)) => runner::run(&bench, &record.job, hand.as_mut()),
            Ok(None) => Ending::Stopped(Fault::Internal {
                what: "the job is not there".to_owned(),
            }),
            Err(fault) => Ending::Stopped(fault),
        };
        self.world.state().running = None;
        let pulled = !self.world.state().slots.contains_key(&SLOT);
        if let (true, Some(slot)) = (pulled, slot) {
            self.signals.push_back(Signal::Left { slot });
        }
        self.job_changed(job);
        drop(duties::work(&self.ports, ACTOR));
        self.signals.push_back(match slot {
            Some(slot) => {
                self.hand = hand.filter(|_| !pulled);
                Signal::Ended { slot, job, ending }
            }
            None => Signal::EndedAside { job, ending },
        });
    }

    fn job_changed(&mut self, job: JobId) {
        if let Ok(open) = candidates::one(&self.ports, &self.policies, job) {
            let now = open.candidates.into_iter().next().map(Box::new);
            self.signals.push_back(Signal::Changed { job, now });
        }
    }
}
