//! The loop: wait for whatever comes next, hand it to the bench, carry out its orders. The only async code of this layer;
//! whatever blocks runs on a thread of its own.

mod candidates;
mod carry_out;
pub mod reading;
pub mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::admin::{self, Change, Changed, Unchanged};
use crate::app::board::{Board, Case, Counts, News};
use crate::app::intake::{Intake, Taken};
use crate::app::provisions::Provisions;
use crate::app::runner::{Hand, case_of};
use crate::app::station::slots::SlotMap;
use crate::app::{Policies, Ports};
use crate::domain::authenticator::Slot;
use crate::domain::fault::{Fault, Move};
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::{ConfirmCards, Ending, Reading, Signal, SlotState};
use crate::port::{CancelFlag, KeyEvent, Place};

/// How often what waits for the network is tried again, and old options are dropped: the usual [`Options::tick`].
pub const TICK: Duration = Duration::from_secs(5);

/// How the station runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many jobs may start; `None`: no limit.
    pub limit: Option<usize>,
    /// End when nothing is left to do.
    pub until_empty: bool,
    pub confirm_cards: ConfirmCards,
    pub slots: SlotMap,
    /// Badge or number of the person at the bench.
    pub actor: String,
    /// How often what waits for the network is tried again; [`TICK`] but in tests.
    pub tick: Duration,
    /// Set when the station is broken off, so that nobody goes on waiting for a tenant that asks for patience.
    pub waits: CancelFlag,
}

/// What faces ask of the station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The operator agrees to what this slot asks.
    Confirm(Slot),
    /// Another person has taken over the bench.
    Actor(String),
    /// A job changed under another hand: look again.
    Changed(JobId),
    /// Finish the steps in hand, start nothing new, end.
    Stop,
    /// Break off the exchanges in hand and end. What is in doubt is settled next time.
    StopNow,
}

/// How a run of the station ended, for the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub done: usize,
    pub rejected_files: usize,
    /// Why jobs are held at its end, whoever held them, and whenever: each of them waits for somebody.
    pub held: Vec<Fault>,
    /// The ledger failed: the station stopped at once.
    pub broken: Option<Fault>,
    pub interrupted: bool,
}

/// What reaches the loop.
enum Message {
    Key(KeyEvent),
    Folder,
    Taken {
        taken: Vec<Taken>,
        /// A file in the folder is not complete yet.
        settling: bool,
    },
    Read {
        slot: Slot,
        result: Box<Result<(Hand, Reading), Fault>>,
    },
    Ended {
        slot: Option<Slot>,
        job: JobId,
        ending: Ending,
        hand: Option<Box<Hand>>,
    },
    Provided {
        job: JobId,
        result: Result<(), Fault>,
    },
    DutiesDone {
        /// Older credentials go in a moment.
        soon: bool,
    },
    Request(Request),
    Change {
        job: JobId,
        change: Change,
        actor: String,
        reply: SyncSender<Result<Changed, Unchanged>>,
    },
}

/// A way into the loop, for faces. Cloned freely.
#[derive(Clone)]
pub struct Handle(UnboundedSender<Message>);

impl Handle {
    /// Asks the station for something. `false` when it has ended.
    pub fn ask(&self, request: Request) -> bool {
        self.0.send(Message::Request(request)).is_ok()
    }

    /// Has the station change a job, between two of its own steps, so that no run is surprised. Blocks until it is durable;
    /// `None` when the station has ended.
    pub fn change(
        &self,
        job: JobId,
        change: Change,
        actor: String,
    ) -> Option<Result<Changed, Unchanged>> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Change {
            job,
            change,
            actor,
            reply,
        };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }
}

/// The station, ready to run.
pub struct Desk {
    ports: Ports,
    policies: Arc<Policies>,
    intake: Arc<Intake>,
    board: Arc<Board>,
    provisions: Arc<Provisions>,
    options: Options,
    station: Station,
    places: BTreeMap<Slot, Place>,
    hands: BTreeMap<Slot, Box<Hand>>,
    /// Breaks off the exchange in hand, per slot.
    cancels: BTreeMap<Slot, CancelFlag>,
    /// Ends runs between two steps.
    pause: CancelFlag,
    /// Jobs that run without a key.
    aside: BTreeSet<JobId>,
    /// Whose jobs stand in the slots now: the ledger is not asked again for every message.
    cases: BTreeMap<JobId, Case>,
    summary: Summary,
    /// Whether the folder is being looked at, and whether it should be once more.
    folder_busy: bool,
    folder_again: bool,
    folder_settling: bool,
    duties_busy: Arc<AtomicBool>,
    /// Something happened since the duties were last looked after.
    duties_due: bool,
    /// Older credentials go in a moment: the line is not empty yet.
    duties_soon: bool,
    waits_for_network: bool,
    stopping: bool,
    sender: UnboundedSender<Message>,
    receiver: UnboundedReceiver<Message>,
}

impl Desk {
    /// A station over these ports. Nothing happens before [`Desk::run`].
    pub fn new(
        ports: Ports,
        policies: Arc<Policies>,
        intake: Arc<Intake>,
        board: Arc<Board>,
        options: Options,
    ) -> Self {
        let (sender, receiver) = unbounded_channel();
        Self {
            station: Station::new(options.confirm_cards, options.limit),
            ports,
            policies,
            intake,
            board,
            provisions: Arc::default(),
            options,
            places: BTreeMap::new(),
            hands: BTreeMap::new(),
            cancels: BTreeMap::new(),
            pause: CancelFlag::default(),
            aside: BTreeSet::new(),
            cases: BTreeMap::new(),
            summary: Summary::default(),
            folder_busy: false,
            folder_again: false,
            folder_settling: false,
            duties_busy: Arc::default(),
            duties_due: true,
            duties_soon: false,
            waits_for_network: false,
            stopping: false,
            sender,
            receiver,
        }
    }

    /// The way in for faces.
    pub fn handle(&self) -> Handle {
        Handle(self.sender.clone())
    }

    /// Runs until it is stopped, or with `until_empty` until nothing is left to do.
    ///
    /// # Errors
    /// When keys or the folder cannot be watched, or the ledger cannot be read.
    pub async fn run(mut self) -> Result<Summary, Fault> {
        self.ports.ledger.note(
            "station started",
            &self.options.actor,
            self.ports.clock.now(),
        )?;
        self.load_jobs()?;
        self.begin_to_watch()?;
        self.look_into_folder();
        let mut tick = tokio::time::interval(self.options.tick);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.is_over() {
            tokio::select! {
                message = self.receiver.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                _ = tick.tick() => self.tick(),
            }
            self.show();
        }
        if self.summary.broken.is_none() {
            self.summary.held = candidates::held(&self.ports)?;
        }
        self.ports
            .ledger
            .note("station ended", &self.options.actor, self.ports.clock.now())?;
        Ok(self.summary)
    }

    fn begin_to_watch(&mut self) -> Result<(), Fault> {
        let to_loop = self.sender.clone();
        self.ports.keys.watch(Box::new(move |event| {
            to_loop.send(Message::Key(event)).is_ok()
        }))?;
        let to_loop = self.sender.clone();
        self.intake
            .watch(Box::new(move || to_loop.send(Message::Folder).is_ok()))
    }

    fn is_over(&self) -> bool {
        if self.station.is_working() || !self.aside.is_empty() {
            return false;
        }
        let empty = self.options.until_empty
            && !self.folder_busy
            && !self.folder_again
            && !self.folder_settling
            && self.station.is_idle();
        let settled =
            !self.duties_due && !self.duties_soon && !self.duties_busy.load(Ordering::SeqCst);
        self.stopping || self.summary.broken.is_some() || (empty && settled)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Key(event) => self.key(event),
            Message::Folder => self.look_into_folder(),
            Message::Taken { taken, settling } => self.taken(taken, settling),
            Message::Read { slot, result } => self.read(slot, *result),
            Message::Ended {
                slot,
                job,
                ending,
                hand,
            } => self.ended(slot, job, ending, hand),
            Message::Provided { job, result } => self.provided(job, result),
            Message::DutiesDone { soon } => {
                self.duties_soon = soon;
                if self.duties_due {
                    self.look_after_duties();
                }
            }
            Message::Request(request) => self.request(request),
            Message::Change {
                job,
                change,
                actor,
                reply,
            } => {
                let answer = self.change(job, &change, &actor);
                // Whoever asked may have gone; the change stands all the same.
                drop(reply.send(answer));
            }
        }
    }

    /// Changes a job by hand, unless it is in work.
    fn change(&mut self, job: JobId, change: &Change, actor: &str) -> Result<Changed, Unchanged> {
        if self.station.is_working_on(job) || self.aside.contains(&job) {
            return Err(Unchanged::InWork);
        }
        let now = self.ports.clock.now();
        let changed = admin::change(self.ports.ledger.as_ref(), job, change, actor, now)?;
        self.changed(job);
        self.duties_due = true;
        self.look_after_duties();
        Ok(changed)
    }

    fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Arrived {
                place, at_start, ..
            } => {
                let slot = self.options.slots.slot_of(&place);
                self.places.insert(slot, place);
                self.signal(Signal::Arrived { slot, at_start });
            }
            KeyEvent::Left { place } => {
                let slot = self.options.slots.slot_of(&place);
                self.hands.remove(&slot);
                self.signal(Signal::Left { slot });
            }
        }
    }

    fn read(&mut self, slot: Slot, result: Result<(Hand, Reading), Fault>) {
        match result {
            Ok((hand, reading)) => {
                self.hands.insert(slot, Box::new(hand));
                self.signal(Signal::Read {
                    slot,
                    reading: Box::new(reading),
                });
            }
            Err(fault) => {
                tracing::warn!(%slot, %fault, "the key could not be read");
                self.signal(Signal::Unreadable { slot, fault });
            }
        }
    }

    fn ended(&mut self, slot: Option<Slot>, job: JobId, ending: Ending, hand: Option<Box<Hand>>) {
        tracing::info!(job = job.0, ?ending, "run ended");
        match &ending {
            Ending::Finished => self.summary.done = self.summary.done.saturating_add(1),
            Ending::Held(fault) => self.summary.held.push(fault.clone()),
            Ending::Stopped(fault @ Fault::Ledger { .. }) => {
                self.summary.broken = Some(fault.clone())
            }
            Ending::Stopped(_) | Ending::AnotherKey(_) => {}
        }
        match &ending {
            Ending::Stopped(fault) if fault.whose_move() == Move::Wait => self.network(Some(fault)),
            Ending::Finished => self.network(None),
            // They tell nothing of the network.
            Ending::Stopped(_) | Ending::AnotherKey(_) | Ending::Held(_) => {}
        }
        self.changed(job);
        self.duties_due = true;
        self.look_after_duties();
        match slot {
            Some(slot) => {
                if let Some(hand) = hand {
                    self.hands.insert(slot, hand);
                }
                self.signal(Signal::Ended { slot, job, ending });
            }
            None => {
                self.aside.remove(&job);
                self.signal(Signal::EndedAside { job, ending });
            }
        }
    }

    fn provided(&mut self, job: JobId, result: Result<(), Fault>) {
        match result {
            Ok(()) => {
                self.network(None);
                self.signal(Signal::Prepared { job });
            }
            Err(fault) => {
                tracing::warn!(job = job.0, %fault, "no creation options");
                if fault.whose_move() == Move::Wait {
                    self.network(Some(&fault));
                }
                self.signal(Signal::Unprepared { job, fault });
            }
        }
    }

    /// Says once that the line waits for the network, and once that it no longer does.
    fn network(&mut self, fault: Option<&Fault>) {
        match (fault, self.waits_for_network) {
            (Some(fault), false) => self.board.announce(News::Network {
                fault: fault.to_string(),
            }),
            (None, true) => self.board.announce(News::NetworkBack),
            (Some(_), true) | (None, false) => {}
        }
        self.waits_for_network = fault.is_some();
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Confirm(slot) => self.signal(Signal::Confirmed { slot }),
            Request::Actor(actor) => {
                // No slot stops for a change of shift: runs in hand keep the name they began with.
                let note = self
                    .ports
                    .ledger
                    .note("shift change", &actor, self.ports.clock.now());
                self.survive(note);
                self.board.announce(News::Actor {
                    actor: actor.clone(),
                });
                self.options.actor = actor;
            }
            Request::Changed(job) => {
                self.changed(job);
                self.signal(Signal::Tick);
            }
            Request::Stop => self.stop(),
            Request::StopNow => {
                self.stop();
                self.options.waits.cancel();
                self.cancels.values().for_each(CancelFlag::cancel);
            }
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.summary.interrupted = true;
        self.pause.cancel();
        self.signal(Signal::Drain);
    }

    fn tick(&mut self) {
        for job in self.provisions.expire(self.ports.clock.now()) {
            self.signal(Signal::Expired { job });
        }
        self.signal(Signal::Tick);
        self.look_after_duties();
    }

    fn load_jobs(&mut self) -> Result<(), Fault> {
        let jobs = candidates::all(&self.ports, &self.policies)?;
        self.signal(Signal::Jobs(jobs));
        Ok(())
    }

    fn changed(&mut self, job: JobId) {
        match candidates::one(&self.ports, &self.policies, job) {
            Ok(now) => self.signal(Signal::Changed {
                job,
                now: now.map(Box::new),
            }),
            Err(fault) => self.summary.broken = Some(fault),
        }
    }

    fn taken(&mut self, taken: Vec<Taken>, settling: bool) {
        self.folder_busy = false;
        self.folder_settling = settling;
        let mut admitted = false;
        for one in taken {
            match &one {
                Taken::Admitted { .. } => admitted = true,
                Taken::Rejected { .. } => {
                    self.summary.rejected_files = self.summary.rejected_files.saturating_add(1);
                }
                Taken::Held { .. } => {}
            }
            self.board.announce(one.news());
        }
        if admitted && let Err(fault) = self.load_jobs() {
            self.summary.broken = Some(fault);
        }
        if std::mem::take(&mut self.folder_again) {
            self.look_into_folder();
        }
    }

    /// A note that could not be written does not stop the line, but it is told.
    fn survive(&mut self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.board.announce(News::Trouble {
                what: fault.to_string(),
            });
        }
    }

    fn show(&mut self) {
        let (waiting, under_way) = self.station.queue();
        self.board.set_counts(Counts {
            waiting,
            under_way,
            held: self.summary.held.len(),
            done: self.summary.done,
        });
        let mut cases = BTreeMap::new();
        for (slot, state) in self.station.slots() {
            let case = job_of(state).and_then(|job| {
                let known = self.cases.get(&job).cloned();
                let case = known.or_else(|| self.case(job))?;
                cases.insert(job, case.clone());
                Some(case)
            });
            self.board.set_slot(slot, state, case);
        }
        self.cases = cases;
    }

    fn case(&self, job: JobId) -> Option<Case> {
        let record = self.ports.ledger.job(job).ok().flatten()?;
        Some(case_of(&record.job))
    }

    fn hold(&mut self, job: JobId, fault: Fault) {
        let result = carry_out::hold(&self.ports, job, fault.clone(), &self.options.actor);
        match result {
            Ok(()) => self.summary.held.push(fault),
            Err(fault) => self.summary.broken = Some(fault),
        }
    }
}

/// The job that a slot is about.
fn job_of(state: &SlotState) -> Option<JobId> {
    match state {
        SlotState::Working { job }
        | SlotState::WantsBack { job, .. }
        | SlotState::Asking { job, .. }
        | SlotState::AwaitingOptions { job }
        | SlotState::AwaitingService { job, .. }
        | SlotState::Held { job, .. }
        | SlotState::Done { job } => Some(*job),
        SlotState::Empty
        | SlotState::LiftFirst
        | SlotState::Reading
        | SlotState::Refused { .. }
        | SlotState::NoJob => None,
    }
}

#[cfg(test)]
mod tests;
