//! What people at the bench ask of the station beside their keys: an answer, a pause, the supervisor; and what the board shows of
//! keys and of those who come next. Nothing here touches a key.

use std::collections::BTreeMap;

use crate::app::board::{Call, Case, KeyInSlot, News};
use crate::app::station::Desk;
use crate::domain::authenticator::{Binding, Slot};
use crate::domain::job::JobId;
use crate::domain::station::signal::{Question, Reading, Signal, SlotState};

/// So many people are shown who come next.
const UPCOMING_MAX: usize = 8;

impl Desk {
    /// Answers what the slot asks, if it still asks it for this job.
    pub(super) fn answer(&mut self, slot: Slot, job: JobId, yes: bool, actor: &str) {
        let asked = self.station.slots().find_map(|(other, state)| match state {
            SlotState::Asking {
                job: asked,
                question,
            } if other == slot && *asked == job => Some(question.clone()),
            SlotState::Asking { .. }
            | SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Reading
            | SlotState::Working { .. }
            | SlotState::WantsBack { .. }
            | SlotState::AwaitingOptions { .. }
            | SlotState::AwaitingService { .. }
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::Bagging { .. }
            | SlotState::NoJob => None,
        });
        let Some(question) = asked else {
            return;
        };
        let about = match question {
            Question::WipeUsedKey => "wipe the used key",
            Question::TakeCards { .. } => "take cards for the batch",
        };
        let said = if yes { "yes" } else { "no" };
        self.write_down(&format!("{slot}: {about}: {said} (job {job})"), actor);
        self.signal(if yes {
            Signal::Confirmed { slot }
        } else {
            Signal::Declined { slot }
        });
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
