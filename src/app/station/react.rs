//! What the loop does about each thing that reaches it.

use crate::app::admin::{self, Change, Changed, Unchanged};
use crate::app::board::{News, Standstill};
use crate::app::intake::Taken;
use crate::app::journal;
use crate::app::runner::Hand;
use crate::app::station::handle::{PutOff, Request, Said};
use crate::app::station::pulse::Sign;
use crate::app::station::{Desk, candidates, carry_out};
use crate::domain::authenticator::Slot;
use crate::domain::credential::CredentialId;
use crate::domain::enrollment::Enrollment;
use crate::domain::fault::{Fault, Move, kind};
use crate::domain::job::JobId;
use crate::domain::station::signal::{Ending, Reading, Signal};
use crate::port::{CancelFlag, KeyEvent};

impl Desk {
    /// Does something to a job by hand. Whoever follows its sheet just now stops first: that may take as long as nobody fills in
    /// paper, and the sheet that is to be confirmed may be in somebody's hand already. A job that is given up for good lets go of
    /// its key first: nobody has to touch it, or lift it, for that.
    pub(super) fn in_turn(&mut self, job: JobId, wish: PutOff) {
        match (self.aside.get(&job), self.station.works_in(job)) {
            (Some(run), _) if self.station.prints(job) => {
                run.cancel();
                self.put_off.entry(job).or_default().push(wish);
            }
            (None, Some(slot)) if wish.gives_up() => {
                self.break_off_slot(slot);
                self.put_off.entry(job).or_default().push(wish);
            }
            (Some(_) | None, _) => self.fulfil(wish),
        }
    }

    /// Whoever asked may have gone; what was done stands all the same.
    pub(super) fn fulfil(&mut self, wish: PutOff) {
        match wish {
            PutOff::Change {
                job,
                change,
                actor,
                reply,
            } => drop(reply.send(self.change(job, &change, &actor))),
            PutOff::Trail { deed, actor, reply } => drop(reply.send(self.trail(&deed, &actor))),
        }
    }

    /// Changes a job by hand, unless it is in work.
    fn change(&mut self, job: JobId, change: &Change, actor: &str) -> Result<Changed, Unchanged> {
        if self.station.is_working_on(job) || self.aside.contains_key(&job) {
            return Err(Unchanged::InWork);
        }
        self.make(job, change, actor)
    }

    /// Changes a job by hand that nobody works on.
    fn make(&mut self, job: JobId, change: &Change, actor: &str) -> Result<Changed, Unchanged> {
        let (ledger, now) = (self.ports.ledger.as_ref(), self.ports.clock.now());
        let changed = admin::change(ledger, &self.policies, job, change, actor, now)?;
        if changed.void().is_some() {
            // Whoever asked takes it back beside the loop; a printer that is away just then is asked again.
            self.void_letters.become_due();
        }
        self.changed(job);
        self.ended.insert(job);
        self.duties_due = true;
        self.look_after_duties();
        Ok(changed)
    }

    /// Takes up the duty to be rid of an abandoned credential once more.
    pub(super) fn reopen(&mut self, credential: &CredentialId, actor: &str) -> Result<(), Fault> {
        let now = self.ports.clock.now();
        self.ports.ledger.reopen(credential, actor, now)?;
        self.duties_due = true;
        self.look_after_duties();
        Ok(())
    }

    pub(super) fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Arrived {
                place, at_start, ..
            } => {
                let slot = self.options.slots.slot_of(&place);
                self.places.insert(slot, place);
                self.board.set_key(slot, None);
                self.signal(Signal::Arrived { slot, at_start });
            }
            KeyEvent::Left { place } => {
                let slot = self.options.slots.slot_of(&place);
                self.hands.remove(&slot);
                self.board.set_key(slot, None);
                self.signal(Signal::Left { slot });
            }
            KeyEvent::Blind { why } => self.board.announce(News::Trouble { what: why }),
        }
    }

    pub(super) fn read(&mut self, slot: Slot, result: Result<(Hand, Reading), Fault>) {
        match result {
            Ok((hand, reading)) => {
                let capabilities = &reading.identity.capabilities;
                tracing::debug!(
                    slot = slot.0,
                    versions = ?capabilities.versions,
                    aaguid = %capabilities.aaguid,
                    "key read"
                );
                self.hands.insert(slot, Box::new(hand));
                self.show_key(slot, &reading);
                self.signal(Signal::Read {
                    slot,
                    reading: Box::new(reading),
                });
            }
            Err(fault) => {
                tracing::warn!(%slot, fault = %fault.brief(), "the key could not be read");
                self.signal(Signal::Unreadable { slot, fault });
            }
        }
    }

    pub(super) fn ended(
        &mut self,
        slot: Option<Slot>,
        job: JobId,
        ending: Ending,
        hand: Option<Box<Hand>>,
    ) {
        let slot_number = slot.map(|slot| slot.0);
        let fault = match &ending {
            Ending::Stopped(fault) | Ending::AnotherKey(fault) | Ending::Held(fault) => {
                Some(fault.brief().to_string())
            }
            Ending::Finished | Ending::KeyDone | Ending::Awaits(_) => None,
        };
        tracing::info!(
            job = job.0,
            slot = slot_number,
            ending = kind(&ending),
            fault,
            "run ended"
        );
        match &ending {
            Ending::Finished => {
                self.summary.done = self.summary.done.saturating_add(1);
                self.ended.insert(job);
            }
            Ending::Stopped(fault @ (Fault::Ledger { .. } | Fault::LedgerUnfit { .. })) => {
                self.break_off(fault.clone());
            }
            Ending::KeyDone
            | Ending::Awaits(_)
            | Ending::Stopped(_)
            | Ending::AnotherKey(_)
            | Ending::Held(_) => {}
        }
        match &ending {
            Ending::Stopped(Fault::PrinterAway { what }) => {
                let away = Standstill::Away(what.clone());
                self.board.set_standstill(Some(away));
            }
            Ending::Stopped(fault) if fault.whose_move() == Move::Wait => self.network(Some(fault)),
            Ending::Finished => self.network(None),
            // They tell nothing of the network.
            Ending::KeyDone
            | Ending::Awaits(_)
            | Ending::Stopped(_)
            | Ending::AnotherKey(_)
            | Ending::Held(_) => {}
        }
        self.changed(job);
        self.duties_due = true;
        self.look_after_duties();
        match slot {
            Some(slot) => {
                self.runs.remove(&slot);
                let given_up = self.give_up(job);
                // A hand whose exchanges were broken off does nothing more: the key is opened anew when it is put in again.
                if let Some(hand) = hand.filter(|_| !given_up) {
                    self.hands.insert(slot, hand);
                }
                self.signal(Signal::Ended { slot, job, ending });
            }
            None => {
                self.aside.remove(&job);
                if let Ending::Held(fault) = &ending {
                    self.tell_held(job, fault);
                }
                self.signal(Signal::EndedAside { job, ending });
                for wish in self.put_off.remove(&job).into_iter().flatten() {
                    self.fulfil(wish);
                }
            }
        }
    }

    /// The run has ended: what its job was broken off for is done before anything goes on with it, such as its letter. Whether
    /// there was anything.
    fn give_up(&mut self, job: JobId) -> bool {
        let wishes = self.put_off.remove(&job).unwrap_or_default();
        let given_up = !wishes.is_empty();
        for wish in wishes {
            match wish {
                PutOff::Change {
                    job,
                    change,
                    actor,
                    reply,
                } => drop(reply.send(self.make(job, &change, &actor))),
                trail @ PutOff::Trail { .. } => self.fulfil(trail),
            }
        }
        given_up
    }

    pub(super) fn provided(&mut self, job: JobId, result: Result<(), Fault>) {
        match result {
            Ok(()) => {
                self.network(None);
                self.signal(Signal::Prepared { job });
            }
            Err(fault) => {
                let waits = fault.whose_move() == Move::Wait;
                // What every job waits for is told once, not by each job at each tick.
                if waits && self.waits_for_network == Some(kind(&fault)) {
                    tracing::debug!(job = job.0, fault = %fault.brief(), "still no creation options");
                } else {
                    tracing::warn!(job = job.0, fault = %fault.brief(), "no creation options");
                }
                if waits {
                    self.network(Some(&fault));
                }
                self.signal(Signal::Unprepared { job, fault });
            }
        }
    }

    /// Says once that the line waits for the network, and once that it no longer does.
    pub(super) fn network(&mut self, fault: Option<&Fault>) {
        match (fault, self.waits_for_network.is_some()) {
            (Some(fault), false) => self.board.announce(News::Network {
                fault: fault.clone(),
            }),
            (None, true) => self.board.announce(News::NetworkBack),
            (Some(_), true) | (None, false) => {}
        }
        self.waits_for_network = fault.map(kind);
    }

    pub(super) fn request(&mut self, request: Request) {
        match request {
            Request::Confirm { slot, asked } => {
                let yes = true;
                self.answer(&Said { slot, asked, yes }, None);
            }
            Request::Seen { actor } => self.stops_seen(&actor),
            Request::Pause { paused, actor } => self.pause_line(paused, actor),
            Request::Help {
                slot,
                wanted,
                actor,
            } => self.help(slot, wanted, actor),
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
            Request::StopBy { actor } => {
                let note = self
                    .ports
                    .ledger
                    .note("line stopped", &actor, self.ports.clock.now());
                self.survive(note);
                self.stop();
            }
            Request::StopNow => {
                self.stop();
                self.options.waits.cancel();
                self.cancels.values().for_each(CancelFlag::cancel);
            }
        }
    }

    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.summary.interrupted = true;
        self.sign(Sign::Stops);
        self.pause();
        self.signal(Signal::Drain);
    }

    pub(super) fn tick(&mut self) {
        for job in self.provisions.expire(self.ports.clock.now()) {
            self.signal(Signal::Expired { job });
        }
        self.signal(Signal::Tick);
        // What a failed round has claimed lies in no folder that is watched.
        if self.summary.folder.is_some() {
            self.look_into_folder();
        }
        self.look_after_duties();
        self.look_after_void_letters();
        self.look_after_disabled();
        self.count_stock();
    }

    pub(super) fn load_jobs(&mut self) -> Result<(), Fault> {
        let open = candidates::all(&self.ports, &self.policies)?;
        self.held = open.held;
        self.unconfirmed = open.unconfirmed;
        self.signal(Signal::Jobs(open.candidates));
        self.count_stock();
        Ok(())
    }

    pub(super) fn changed(&mut self, job: JobId) {
        match candidates::one(&self.ports, &self.policies, job) {
            Ok(open) => {
                self.held.remove(&job);
                self.held.extend(open.held);
                self.unconfirmed.remove(&job);
                self.unconfirmed.extend(open.unconfirmed);
                let now = open.candidates.into_iter().next().map(Box::new);
                self.signal(Signal::Changed { job, now });
            }
            Err(fault) => self.break_off(fault),
        }
    }

    pub(super) fn taken(&mut self, taken: Vec<Taken>, settling: bool, fault: Option<Fault>) {
        self.folder_busy = false;
        self.folder_settling = settling;
        // A file may be in the ledger although it could not be moved on.
        let mut admitted = fault.is_some();
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
        if let Some(fault) = &fault
            && self.summary.folder.as_ref() != Some(fault)
        {
            self.board.announce(News::Trouble {
                what: fault.to_string(),
            });
        }
        self.summary.folder = fault;
        if admitted && let Err(fault) = self.load_jobs() {
            self.break_off(fault);
        }
        if std::mem::take(&mut self.folder_again) {
            self.look_into_folder();
        }
    }

    /// A note that could not be written does not stop the line, but it is told.
    pub(super) fn survive(&mut self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            self.board.announce(News::Trouble {
                what: fault.to_string(),
            });
        }
    }

    pub(super) fn hold(&mut self, job: JobId, fault: Fault) {
        match carry_out::hold(&self.ports, job, fault.clone(), &self.options.actor) {
            Ok(()) => {
                self.tell_held(job, &fault);
                self.changed(job);
            }
            Err(fault) => self.break_off(fault),
        }
    }

    /// No slot shows that this job is held, so a line says it.
    fn tell_held(&self, job: JobId, fault: &Fault) {
        let Some(case) = self.case(job) else {
            return;
        };
        let state = journal::replay(self.ports.ledger.as_ref(), job).ok();
        let why = state.as_ref().and_then(Enrollment::doubt);
        self.board.announce(News::Held {
            case,
            fault: fault.clone(),
            why: why.map(str::to_owned),
        });
    }

    /// The ledger takes nothing any more. The steps in hand end, since a touch may be under way, but no key is taken for a job
    /// that could not be written down.
    pub(super) fn break_off(&mut self, fault: Fault) {
        if self.summary.broken.is_some() {
            return;
        }
        tracing::error!(fault = %fault.brief(), "the station ends, because its ledger fails");
        self.board.announce(News::Trouble {
            what: fault.to_string(),
        });
        self.summary.broken = Some(fault);
        self.pause();
        self.signal(Signal::Drain);
    }
}
