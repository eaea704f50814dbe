//! What must hold (I1 to I7): I1, I2 and I6 at every instant, the rest whenever no job is in flight. The world knows the truth
//! that no port tells, and says in words what is broken.

use std::collections::BTreeSet;

use crate::app::world::{KeyState, Op, State};
use crate::domain::enrollment::{Command, Enrollment, Standing};
use crate::domain::event::{Event, Happening, Step};
use crate::domain::job::{Job, JobId};
use crate::port::Duty;

impl State {
    /// What must hold at every instant (I1, I2), whatever was cut.
    pub(super) fn watch(&mut self, op: Op) {
        for (at, key) in self.keys.iter().enumerate() {
            if let Some(pin) = key.pin_by_us()
                && !self.ledger.has_sealed(pin)
            {
                self.broken.push(format!(
                    "I1 after {op:?}: key {at} has a PIN that the ledger lacks"
                ));
            }
        }
        if let Some(at) = self.keys.iter().position(KeyState::is_worn_out) {
            self.broken.push(format!(
                "I6 after {op:?}: key {at}, a stranger's, has few tries left"
            ));
        }
        let working: BTreeSet<String> = self
            .tenant
            .methods
            .iter()
            .filter(|method| method.foreign || self.ledger.is_handed_over(&method.credential))
            .filter(|method| self.keys.iter().any(|key| key.holds(&method.credential)))
            .map(|method| method.user.clone())
            .collect();
        if matches!(op, Op::Follow | Op::WasDelivered | Op::PressDeliver) {
            self.no_pin_twice();
        }
        for user in self.protected.difference(&working) {
            self.broken.push(format!(
                "I2 after {op:?}: {user} lost the last working credential"
            ));
        }
        self.protected.extend(working);
    }

    /// I6: whatever changes a key has to be for the job that is bound to this very key.
    pub(super) fn must_be_bound(&mut self, op: Op, key: usize) {
        // Several slots at once: then the key has to be bound to one of the jobs at least.
        let bound = match self.running {
            Some(job) => self.bound.get(&job) == Some(&key),
            None => self.bound.values().any(|bound| *bound == key),
        };
        if !bound {
            self.broken.push(format!(
                "I6: {op:?} on key {key}, which is not bound to its job: {:?}",
                self.bound
            ));
        }
        if self.keys[key].not_ours {
            self.broken
                .push(format!("I6: {op:?} on key {key}, which is a stranger's"));
        }
        if op == Op::Reset {
            self.must_be_of_use(key);
            self.give_up_own_key(key);
        }
    }

    /// No key is wiped for a person who may have none, nor one of a model that they may not have, where the tenant tells.
    fn must_be_of_use(&mut self, key: usize) {
        let job = self.running.and_then(|job| self.ledger.find_job(job));
        let Some(user) = job.map(|job| job.request.user.clone()) else {
            return;
        };
        if self.directory.disabled.contains(&user) {
            let broken =
                format!("vetting: key {key} is wiped for {user}, whose account is disabled");
            self.broken.push(broken);
        }
        let model = self.keys[key].capabilities().aaguid;
        if self.directory.is_heard && self.directory.refuses(&user, model) {
            let broken = format!("vetting: key {key} is wiped for {user}, whom it cannot serve");
            self.broken.push(broken);
        }
    }

    /// A person whose own key a job that says `replace` wipes has given that key up: no act of ours, but the order.
    fn give_up_own_key(&mut self, key: usize) {
        let Some(job) = self.running.and_then(|job| self.ledger.find_job(job)) else {
            return;
        };
        let user = &job.request.user;
        let own = self.tenant.methods.iter();
        let mut own = own.filter(|method| method.user == *user);
        if job.request.replace && own.any(|method| self.keys[key].holds(&method.credential)) {
            self.protected.remove(user);
        }
    }

    /// A person whose key is lost, or came back, has lost it without us, or by order; what else they have is theirs still.
    pub(super) fn note_retirement(&mut self, job: JobId, event: &Event) {
        if !matches!(event.happening, Happening::Retired { .. }) {
            return;
        }
        if let Some(job) = self.ledger.find_job(job) {
            let user = job.request.user.clone();
            self.protected.remove(&user);
        }
    }

    /// I6: an event that binds a key has to bind the one that the job went on with, unless nothing was on it.
    pub(super) fn note_binding(&mut self, job: JobId, event: &Event) {
        let (binding, goes_on) = match &event.happening {
            Happening::Began { binding, .. } => {
                let restart = match self.ledger.state_of(job).next() {
                    Command::Bind { restart } => restart,
                    _ => Step::Reset,
                };
                (binding, restart != Step::Reset)
            }
            Happening::Rebound { binding } => (binding, true),
            _ => return,
        };
        let Some(key) = self.slots.get(&binding.slot.0).copied() else {
            return;
        };
        let exchanged = self.bound.get(&job).is_some_and(|bound| *bound != key);
        let before = self.ledger.state_of(job);
        let keeps = before.made().is_some() || before.is_reissue();
        if exchanged && (keeps || (goes_on && self.keys[key].pin.is_some())) {
            self.broken.push(format!(
                "I6: job {job} goes on with key {key}, which it never had"
            ));
        }
        self.bound.insert(job, key);
    }

    /// What must hold whenever no job is in flight (I3, I4, I5), in words where it does not.
    pub(crate) fn unsound(&self) -> Vec<String> {
        let mut wrong = self.broken.clone();
        wrong.extend(self.pins_told());
        wrong.extend(self.unknown_methods());
        let jobs: Vec<&Job> = self.ledger.all_jobs().collect();
        for job in &jobs {
            let state = self.ledger.enrollment(job.id);
            match state.standing() {
                Standing::Done => {
                    let replaced = jobs.iter().any(|other| self.replaces(other, job));
                    let retired = state.custody().retired.is_some();
                    if !replaced && !retired {
                        wrong.extend(self.unsound_job(job.id, state));
                    }
                    wrong.extend(self.copies_left(job.id));
                }
                Standing::Cancelled => wrong.extend(self.copies_left(job.id)),
                Standing::Waiting | Standing::UnderWay | Standing::Held => {}
            }
        }
        wrong
    }

    /// Whether `other` put a new credential in the place of this job's, or wiped its key for the same person.
    fn replaces(&self, other: &Job, job: &Job) -> bool {
        let (before, after) = (&job.request, &other.request);
        let same_key = self.bound.get(&job.id) == self.bound.get(&other.id);
        other.id > job.id
            && after.replace
            && after.user == before.user
            && match self.ledger.enrollment(other.id).standing() {
                Standing::Done => same_key || after.role == before.role,
                // The person's own key was taken for this job, which was then given up: after a reset the ledger still says that
                // they have it. That is the administrator's order; no cut leads there.
                Standing::Cancelled => same_key,
                Standing::Waiting | Standing::UnderWay | Standing::Held => false,
            }
    }

    /// I7: what is on disk in plain, and told to logs and reports, shows no PIN that anybody ever had. Nothing is ever taken from
    /// the journal, so it is enough to look at its end.
    fn pins_told(&self) -> Option<String> {
        let mut events = self.ledger.journal.values().flatten();
        let shown = events.any(|row| {
            let text = serde_json::to_string(&row.event).expect("events are plain data");
            self.ledger.secrets().any(|pin| text.contains(pin))
        });
        let named = self.tenant.names.iter();
        let mut named = named.filter(|name| self.ledger.secrets().any(|pin| name.contains(pin)));
        (shown || named.next().is_some()).then(|| "I7: a PIN stands in plain text".to_owned())
    }

    /// I3, one way: whatever we registered has a row that says so, or a duty that ends it.
    fn unknown_methods(&self) -> Vec<String> {
        let duties = self.ledger.open_duties();
        let ours = self.tenant.methods.iter().filter(|method| !method.foreign);
        let unknown = ours.filter(|method| {
            let known = self.ledger.all_jobs().any(|job| {
                let state = self.ledger.enrollment(job.id);
                let in_flight = state.standing() != Standing::Cancelled;
                let made = state.made().map(|made| &made.credential);
                in_flight
                    && (state.method() == Some(&method.id) || made == Some(&method.credential))
            });
            !known
                && !duties.contains(&Duty::Orphan(method.credential.clone()))
                && !duties.contains(&Duty::Replaced(method.id.clone()))
        });
        unknown
            .map(|method| format!("I3: {} is at Entra without a row", method.id.0))
            .collect()
    }

    fn unsound_job(&self, id: JobId, job: &Enrollment) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(key) = self.bound.get(&id).map(|key| &self.keys[*key]) else {
            return vec![format!("I6: job {id} is done without a key")];
        };
        let method = self
            .tenant
            .methods
            .iter()
            .find(|known| job.method() == Some(&known.id));
        match method {
            None => wrong.push(format!("I3: the credential of job {id} is not at Entra")),
            Some(method) if !key.holds(&method.credential) => {
                wrong.push(format!("I4: job {id}'s credential is not on its key"));
            }
            Some(_) => {}
        }
        if !job
            .plan()
            .configuration
            .missing(&key.capabilities())
            .is_empty()
        {
            wrong.push(format!("policy: job {id}'s key is not configured"));
        }
        let Some(attempt) = job.pin_of() else {
            return wrong;
        };
        let sealed = self.ledger.sealed.get(&(id, attempt));
        if sealed.is_none() || key.pin.as_ref() != sealed {
            wrong.push(format!("I5: job {id}'s PIN is not the one on its key"));
        }
        if let Some(control) = job.delivered() {
            let sheets = self.press.sheets.iter();
            let current: Vec<_> = sheets.filter(|sheet| Some(&sheet.pin) == sealed).collect();
            if current.len() != 1 {
                wrong.push(format!(
                    "I5: {} sheets of job {id} carry its PIN",
                    current.len()
                ));
            }
            if current.iter().any(|sheet| sheet.is_void) {
                wrong.push(format!("I5: job {id}'s letter is void, and confirmed"));
            }
            if !current.iter().any(|sheet| sheet.control == control) {
                wrong.push(format!(
                    "I5: job {id}'s sheet is not for the PIN on its key"
                ));
            }
        }
        wrong
    }

    fn copies_left(&self, id: JobId) -> Option<String> {
        let mut copies = self.ledger.in_flight.keys();
        copies
            .any(|(job, _)| *job == id)
            .then(|| format!("the station's own copy of job {id}'s PIN outlives the job"))
    }
}
