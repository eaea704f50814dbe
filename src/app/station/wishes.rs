//! What people at the bench ask of the station beside their keys: an answer, a pause, the supervisor; and what the board shows of
//! keys and of those who come next. Nothing here touches a key.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::admin::Unchanged;
use crate::app::board::{Call, Case, KeyInSlot, News};
use crate::app::station::Desk;
use crate::app::station::handle::{PutOff, Said};
use crate::app::station::offers::Offered;
use crate::app::trail::Refusal;
use crate::domain::authenticator::{Binding, Slot};
use crate::domain::job::JobId;
use crate::domain::station::signal::{Question, Reading, Signal, SlotState};

/// So many people are shown who come next.
const UPCOMING_MAX: usize = 8;

impl Desk {
    /// Answers what the slot asks, if it still asks under that number; whether it did. `actor`: `None` is whoever is at the bench.
    pub(super) fn answer(&mut self, said: &Said, actor: Option<&str>) -> bool {
        let Said { slot, asked, yes } = *said;
        let stands = self.station.slots().find_map(|(other, state)| {
            if let SlotState::Asking {
                job,
                question,
                asked: number,
            } = state
                && other == slot
                && *number == asked
            {
                Some((*job, question.clone()))
            } else {
                None
            }
        });
        let Some((job, question)) = stands else {
            return false;
        };
        let about = match question {
            Question::WipeUsedKey => "wipe the used key",
            Question::TakeCards { .. } => "take cards for the batch",
        };
        let word = if yes { "yes" } else { "no" };
        let what = format!("{slot}: {about}: {word} (job {job})");
        let actor = actor.unwrap_or(&self.options.actor).to_owned();
        self.write_down(&what, &actor);
        self.signal(if yes {
            Signal::Confirmed { slot }
        } else {
            Signal::Declined { slot }
        });
        true
    }

    /// Does what the bench offers, if it offers it now: what a window shows may be over, and a browser may send anything.
    pub(super) fn at_bench(&mut self, offered: Offered, wish: PutOff) {
        // The board stands as the last message left it.
        if !offered.stands(&self.board.view()) {
            return match wish {
                PutOff::Change { reply, .. } => drop(reply.send(Err(Unchanged::NotOffered))),
                PutOff::Trail { reply, .. } => drop(reply.send(Err(Refusal::NotOffered))),
            };
        }
        self.in_turn(offered.job, wish);
    }

    /// Somebody has looked after all that is on hold.
    pub(super) fn stops_seen(&mut self, actor: &str) {
        let held: BTreeSet<JobId> = self.held.keys().copied().collect();
        if self.seen == held {
            return;
        }
        let news = held.difference(&self.seen).count();
        self.write_down(&format!("stops seen: {news}"), actor);
        self.seen = held;
    }

    /// Jobs on hold that nobody has looked after. One that is held once more counts once more.
    pub(super) fn unseen(&mut self) -> usize {
        self.seen.retain(|job| self.held.contains_key(job));
        self.held.len().saturating_sub(self.seen.len())
    }

    /// Starts no new job, or starts them again.
    pub(super) fn pause_line(&mut self, paused: bool, actor: String) {
        if self.station.is_paused() == paused {
            return;
        }
        self.write_down(
            if paused {
                "line paused"
            } else {
                "line goes on"
            },
            &actor,
        );
        self.board.set_paused(paused);
        self.board.announce(News::Paused { actor, paused });
        self.signal(Signal::Pause { paused });
    }

    /// Calls for the supervisor, or says that they have come.
    pub(super) fn help(&mut self, slot: Option<Slot>, wanted: bool, actor: String) {
        let stands = self.board.view().calls.contains_key(&slot);
        if stands == wanted {
            return;
        }
        let place = slot.map_or_else(|| "the bench".to_owned(), |slot| slot.to_string());
        let what = if wanted { "help called" } else { "help came" };
        self.write_down(&format!("{what}: {place}"), &actor);
        let at = self.ports.clock.now();
        let call = wanted.then(|| Call {
            by: actor.clone(),
            at,
        });
        self.board.set_call(slot, call);
        self.board.announce(if wanted {
            News::Help { slot, actor }
        } else {
            News::HelpCame { slot, actor }
        });
    }

    fn write_down(&mut self, what: &str, actor: &str) {
        let note = self.ports.ledger.note(what, actor, self.ports.clock.now());
        self.survive(note);
    }

    /// What lies in the slot, as far as reading it told.
    pub(super) fn show_key(&self, slot: Slot, reading: &Reading) {
        let identity = &reading.identity;
        let aaguid = identity.capabilities.aaguid;
        let today = self.ports.clock.today();
        let shelf = self.ports.models.shelf();
        let entry = shelf.and_then(|shelf| shelf.models.get(&aaguid).cloned());
        let certification = entry.and_then(|entry| {
            let report = entry.certification(today);
            report.map(|report| report.status.clone())
        });
        let key = KeyInSlot {
            aaguid,
            model: Binding::new(slot, identity).model,
            serial: identity.serial.as_ref().map(ToString::to_string),
            certification,
        };
        self.board.set_key(slot, Some(key));
    }

    /// Whose keys come next. `cases`: those that are known already, and are kept.
    pub(super) fn show_upcoming(&self, cases: &mut BTreeMap<JobId, Case>) {
        let mut upcoming = Vec::new();
        for job in self.station.upcoming(UPCOMING_MAX) {
            let known = self.cases.get(&job).cloned();
            if let Some(case) = known.or_else(|| self.case(job)) {
                cases.insert(job, case.clone());
                upcoming.push(case);
            }
        }
        self.board.set_upcoming(upcoming);
    }
}
