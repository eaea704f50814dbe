//! The loop: wait for whatever comes next, hand it to the bench, carry out its orders. The only async code of this layer;
//! whatever blocks runs on a thread of its own.

pub(in crate::app) mod candidates;
pub(in crate::app) mod carry_out;
pub(in crate::app) mod disabled;
mod elsewhere;
mod handle;
pub mod offers;
pub mod pulse;
mod react;
pub mod reading;
pub mod slots;
mod stock;
mod tidy;
mod trail;
mod void;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::board::{Awaited, Board, Case, Counts, News, Unconfirmed};
use crate::app::intake::Intake;
use crate::app::provisions::Provisions;
use crate::app::restock::Looked;
use crate::app::runner::{Hand, case_of};
use crate::app::station::disabled::Rounds;
pub use crate::app::station::handle::{Handle, Options, Request, Said, Summary};
use crate::app::station::handle::{Message, PutOff};
use crate::app::station::pulse::{Pulse, Sign};
use crate::app::station::stock::Stock;
use crate::app::station::void::VoidLetters;
use crate::app::{Policies, Ports};
use crate::domain::authenticator::Slot;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::Station;
use crate::domain::station::signal::SlotState;
use crate::domain::stock::Unlisted;
use crate::port::{CancelFlag, Place};

/// How often what waits for the network is tried again, and old options are dropped: the usual [`Options::tick`].
pub const TICK: Duration = Duration::from_secs(5);

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
    /// What ends the run in a slot between two steps.
    runs: BTreeMap<Slot, CancelFlag>,
    /// Jobs that run without a key, and what ends such a run between two steps.
    aside: BTreeMap<JobId, CancelFlag>,
    /// What is to be done by hand as soon as nobody works on its job any more.
    put_off: BTreeMap<JobId, Vec<PutOff>>,
    /// Keys that came back, and are to be lifted and put back before they can be wiped.
    looked: Arc<Looked>,
    /// Whose jobs stand in the slots now: the ledger is not asked again for every message.
    cases: BTreeMap<JobId, Case>,
    summary: Summary,
    /// Why the jobs are held that are.
    held: BTreeMap<JobId, Fault>,
    /// Those of them that somebody has looked after.
    seen: BTreeSet<JobId>,
    /// Bags and letters that wait for a person's word.
    unconfirmed: BTreeMap<JobId, Unconfirmed>,
    /// Whether it was told that nothing else is left.
    only_words: bool,
    /// Whether the folder is being looked at, and whether it should be once more.
    folder_busy: bool,
    folder_again: bool,
    folder_settling: bool,
    /// Until the loop has taken in what came of them.
    duties_busy: bool,
    /// Something happened since the duties were last looked after.
    duties_due: bool,
    /// Jobs that ended since then.
    ended: BTreeSet<JobId>,
    /// Older credentials go in a moment: the line is not empty yet.
    duties_soon: bool,
    /// The kind of fault for which the line waits.
    waits_for_network: Option<String>,
    void_letters: VoidLetters,
    disabled: Rounds,
    stopping: bool,
    stock: Stock,
    pulse: Pulse,
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
            provisions: Arc::new(Provisions::new(&ports)),
            ports,
            policies,
            intake,
            board,
            options,
            places: BTreeMap::new(),
            hands: BTreeMap::new(),
            cancels: BTreeMap::new(),
            runs: BTreeMap::new(),
            pause: CancelFlag::default(),
            aside: BTreeMap::new(),
            put_off: BTreeMap::new(),
            looked: Arc::default(),
            cases: BTreeMap::new(),
            summary: Summary::default(),
            held: BTreeMap::new(),
            seen: BTreeSet::new(),
            unconfirmed: BTreeMap::new(),
            only_words: false,
            folder_busy: false,
            folder_again: false,
            folder_settling: false,
            duties_busy: false,
            duties_due: true,
            ended: BTreeSet::new(),
            duties_soon: false,
            waits_for_network: None,
            void_letters: VoidLetters::default(),
            disabled: Rounds::default(),
            stopping: false,
            stock: Stock::default(),
            pulse: Pulse::unheard(),
            sender,
            receiver,
        }
    }

    /// Has the loop tell that it lives.
    #[must_use]
    pub fn with_pulse(mut self, pulse: Pulse) -> Self {
        self.pulse = pulse;
        self
    }

    /// What becomes of keys that the stock list does not have; they stop, when nobody says otherwise.
    #[must_use]
    pub fn with_unlisted(mut self, unlisted: Unlisted) -> Self {
        self.stock.unlisted = unlisted;
        self
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
        self.clear_spools()?;
        self.doubt_letters_elsewhere()?;
        self.load_jobs()?;
        let (waiting, under_way) = self.station.queue();
        self.board.announce(News::Ready { waiting, under_way });
        self.begin_to_watch()?;
        self.cancel_void_letters(None);
        self.look_into_folder();
        self.look_after_disabled();
        self.show();
        self.sign(Sign::Stands);
        let mut beats = self.pulse.beats();
        let mut tick = tokio::time::interval(self.options.tick);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.is_over() {
            tokio::select! {
                message = self.receiver.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                _ = tick.tick() => self.tick(),
                _ = beats.tick() => self.sign(Sign::Lives),
            }
            self.show();
        }
        self.sign(Sign::Stops);
        self.summary.held = self.held.into_values().collect();
        let note =
            self.ports
                .ledger
                .note("station ended", &self.options.actor, self.ports.clock.now());
        if let Err(fault) = note {
            // What was done is told all the same.
            self.summary.broken.get_or_insert(fault);
        }
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
        let empty =
            self.is_empty() && self.expected().next().is_none() && !self.disabled.is_under_way();
        let settled = !self.duties_due && !self.duties_soon && !self.duties_busy;
        let settled = settled && !self.void_letters.is_asking();
        self.stopping || self.summary.broken.is_some() || (empty && settled)
    }

    /// With `until_empty`: nothing is left for the station to do. People may still have to confirm something.
    fn is_empty(&self) -> bool {
        self.options.until_empty
            && !self.folder_busy
            && !self.folder_again
            && !self.folder_settling
            && self.station.is_idle()
    }

    /// What waits for a person's word, of jobs that go on with it.
    fn expected(&self) -> impl Iterator<Item = &Unconfirmed> {
        let unconfirmed = self.unconfirmed.values();
        unconfirmed.filter(|one| one.is_expected())
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Key(event) => self.key(event),
            Message::Folder => self.look_into_folder(),
            Message::Taken {
                taken,
                settling,
                fault,
            } => self.taken(taken, settling, fault),
            Message::Read { slot, result } => self.read(slot, *result),
            Message::Ended {
                slot,
                job,
                ending,
                hand,
            } => self.ended(slot, job, ending, hand),
            Message::Provided { job, result } => self.provided(job, result),
            Message::Enabled { jobs } => self.enabled(jobs),
            Message::RoundEnded => self.round_ended(),
            Message::DutiesDone { soon } => {
                self.duties_busy = false;
                self.duties_soon = soon;
                if self.duties_due {
                    self.look_after_duties();
                }
            }
            Message::VoidLettersAsked { result, untold } => self.void_letters_asked(result, untold),
            Message::Request(request) => self.request(request),
            Message::Change {
                job,
                change,
                actor,
                reply,
            } => {
                let wish = PutOff::Change {
                    job,
                    change,
                    actor,
                    reply,
                };
                self.in_turn(job, wish);
            }
            Message::Answer { said, actor, reply } => {
                // Whoever asked may have gone; what was said stands all the same.
                let _ = reply.send(self.answer(&said, Some(&actor)));
            }
            Message::AtBench { offered, wish } => self.at_bench(offered, wish),
            Message::Reopen {
                credential,
                actor,
                reply,
            } => drop(reply.send(self.reopen(&credential, &actor))),
            Message::Keep {
                keeping,
                actor,
                reply,
            } => drop(reply.send(self.keep(&keeping, &actor))),
            Message::Trail { deed, actor, reply } => {
                let about = deed.clone();
                let actor = actor.unwrap_or_else(|| self.options.actor.clone());
                self.trail_in_turn(PutOff::Trail { deed, actor, reply }, &about);
            }
        }
    }

    fn counts(&self) -> Counts {
        let (waiting, under_way) = self.station.queue();
        let letters = self.expected().filter(|one| !is_bag(one)).count();
        Counts {
            waiting,
            under_way: under_way.saturating_add(letters),
            held: self.held.len(),
            done: self.summary.done,
            to_print: self.station.to_print(),
            to_confirm: letters,
            spare: self.stock.spare,
        }
    }

    pub(super) fn sign(&mut self, sign: Sign) {
        let counts = self.counts();
        self.pulse.tell(sign, counts);
    }

    fn show(&mut self) {
        self.tell_notices();
        self.board.set_counts(self.counts());
        let unseen = self.unseen();
        self.board.set_unseen(unseen);
        if self.station.to_print() == 0 {
            self.board.forget_standstill();
        }
        let unconfirmed = self.unconfirmed.values().cloned().collect();
        self.board.set_unconfirmed(unconfirmed);
        let bags = self.expected().filter(|one| is_bag(one)).count();
        let letters = self.expected().count().saturating_sub(bags);
        let only_words = self.is_empty() && bags.saturating_add(letters) > 0;
        if only_words && !std::mem::replace(&mut self.only_words, only_words) {
            let held = self.held.len();
            self.board.announce(News::OnlyWords {
                bags,
                letters,
                held,
            });
        }
        self.only_words = only_words;
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
        self.show_upcoming(&mut cases);
        self.cases = cases;
    }

    fn case(&self, job: JobId) -> Option<Case> {
        let record = self.ports.ledger.job(job).ok().flatten()?;
        let policy = self.policies.get(&record.job.request.policy);
        // The jobs of a policy that is gone are held.
        Some(case_of(&record.job, &policy.cloned().unwrap_or_default()))
    }
}

fn is_bag(one: &Unconfirmed) -> bool {
    matches!(one.awaited, Awaited::Bag { .. })
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
        | SlotState::Bagging { job, .. }
        | SlotState::KeyDone { job }
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
