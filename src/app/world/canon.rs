//! A world in canonical form: what can still make a difference, under names that do not depend on how it came about. Two
//! worlds with the same form have the same future, so one of them has to be walked only once.
//!
//! Left out are: calls and counts that nobody can see, journals (their fold is in), times that have passed, PINs and letters of
//! attempts that are over and not on any key, and keys that nobody has touched.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;

use crate::app::world::ledger::Kept;
use crate::app::world::{KeyState, State};
use crate::domain::authenticator::Binding;
use crate::domain::credential::CredentialId;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Event, Happening, Intent};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::port::{Duty, PasskeyState};

/// 128 bits that stand for a world: two hashes of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Canon([u64; 2]);

/// What is written so far, and the numbers that names were given in the order in which they came up.
#[derive(Default)]
struct Scribe<'a> {
    text: Vec<u8>,
    names: Vec<(char, &'a [u8])>,
}

impl<'a> Scribe<'a> {
    fn put(&mut self, what: std::fmt::Arguments<'_>) {
        self.text.write_fmt(what).expect("memory takes everything");
        self.text.push(b';');
    }

    fn name(&mut self, kind: char, name: &'a [u8]) {
        let known = self.names.iter().position(|known| *known == (kind, name));
        let number = known.unwrap_or_else(|| {
            self.names.push((kind, name));
            self.names.len() - 1
        });
        self.put(format_args!("{kind}{number}"));
    }

    fn maybe(&mut self, kind: char, name: Option<&'a [u8]>) {
        match name {
            Some(name) => self.name(kind, name),
            None => self.put(format_args!("-")),
        }
    }
}

impl State {
    pub(crate) fn canon(&self) -> Canon {
        let mut scribe = Scribe::default();
        let keys = self.keys_that_matter();
        for key in &keys {
            self.key(&mut scribe, &self.keys[*key]);
        }
        let place = |key: &usize| keys.iter().position(|known| known == key);
        for (slot, key) in &self.slots {
            scribe.put(format_args!("slot {slot} {:?}", place(key)));
        }
        for job in self.ledger.all_jobs() {
            let state = self.ledger.enrollment(job.id);
            let bound = self.bound.get(&job.id).filter(|_| is_on_a_key(state));
            scribe.put(format_args!("job {} {:?}", job.id, bound.and_then(place)));
            self.job(&mut scribe, job.id, state);
        }
        self.rows(&mut scribe);
        for user in &self.protected {
            scribe.put(format_args!("{user}"));
        }
        for user in &self.directory.disabled {
            scribe.put(format_args!("disabled {user}"));
        }
        Canon([0, 1].map(|salt| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(&scribe.text);
            hasher.finish()
        }))
    }

    /// A key that nobody has touched is like any other of the drawer.
    fn keys_that_matter(&self) -> Vec<usize> {
        let jobs = self.ledger.all_jobs().map(|job| job.id);
        let bound: Vec<usize> = jobs
            .filter(|job| is_on_a_key(self.ledger.enrollment(*job)))
            .filter_map(|job| self.bound.get(&job).copied())
            .collect();
        let matters = |at: &usize| {
            let in_slot = self.slots.values().any(|key| key == at);
            in_slot || bound.contains(at) || !self.keys[*at].is_untouched()
        };
        (0..self.keys.len()).filter(matters).collect()
    }

    fn key<'a>(&'a self, scribe: &mut Scribe<'a>, key: &'a KeyState) {
        scribe.put(format_args!(
            "key {:?} {} {} {} {} {} {}",
            key.serial,
            key.pin_is_ours,
            key.not_ours,
            key.retries,
            key.always_uv,
            key.min_pin_length,
            key.force_pin_change
        ));
        scribe.maybe('p', key.pin.as_deref().map(str::as_bytes));
        for resident in &key.residents {
            scribe.name('c', &resident.credential.0);
            scribe.name('u', &resident.user);
        }
    }

    fn job<'a>(&'a self, scribe: &mut Scribe<'a>, id: JobId, job: &'a Enrollment) {
        let ledger = &self.ledger;
        // A hold lies on top of the state: what is under it shows when it is taken away.
        let release = Event {
            attempt: job.attempt(),
            happening: Happening::Released,
        };
        let under = job.held().map(|_| job.clone().apply(&release));
        let next = under
            .and_then(Result::ok)
            .map_or(job.next(), |under| under.next());
        scribe.put(format_args!("{next:?} {:?}", job.held()));
        scribe.put(format_args!("{}", job.attempt().0 == 0));
        let plan = job.plan();
        scribe.put(format_args!("{:?} {:?}", job.current(), plan.steps));
        binding(scribe, job.binding());
        scribe.put(format_args!("{} {}", job.has_sealed(), job.is_reissue()));
        scribe.put(format_args!("{:?}", self.was_too_late(id)));
        for attempt in job.pin_of().into_iter().chain(job.pin_before()) {
            scribe.put(format_args!("pin {}", attempt == job.attempt()));
            let slot = (id, attempt);
            scribe.maybe('p', ledger.sealed.get(&slot).map(String::as_bytes));
            scribe.maybe('p', ledger.in_flight.get(&slot).map(String::as_bytes));
        }
        if let Some(made) = job.made() {
            let open = job.method().is_none();
            let left = if open {
                self.left(made.expires.0 + 1)
            } else {
                0
            };
            let kept = ledger.attestations.contains_key(&(id, made.attempt));
            scribe.put(format_args!(
                "made {} {kept} {left}",
                made.attempt == job.attempt()
            ));
            scribe.name('c', &made.credential.0);
        }
        scribe.maybe('m', job.method().map(|method| method.0.as_bytes()));
        for method in job.replaces() {
            scribe.name('m', method.0.as_bytes());
        }
        scribe.put(format_args!("custody {:?}", job.custody()));
        for method in job.after_handover() {
            scribe.name('m', method.0.as_bytes());
        }
        scribe.maybe('s', job.delivered().map(str::as_bytes));
        match job.intent() {
            None => scribe.put(format_args!("-")),
            Some(Intent::Plain | Intent::Register { .. }) => scribe.put(format_args!("doubt")),
            Some(Intent::Deliver { control, .. }) => scribe.name('s', control.as_bytes()),
        }
        let pin = job
            .pin_of()
            .and_then(|attempt| ledger.sealed.get(&(id, attempt)));
        for sheet in &self.press.sheets {
            let number = Some(sheet.control.as_str());
            let in_doubt = match job.intent() {
                Some(Intent::Deliver { control, .. }) => Some(control.as_str()),
                _ => None,
            };
            if number == job.delivered() || number == in_doubt || Some(&sheet.pin) == pin {
                scribe.name('s', sheet.control.as_bytes());
                scribe.name('p', sheet.pin.as_bytes());
            }
        }
        self.paper(scribe, job);
        scribe.put(format_args!(
            "given {} {}",
            ledger.specified.contains_key(&id),
            ledger.current.contains_key(&id)
        ));
    }

    /// How far the letter is, and what the printer has of it.
    fn paper<'a>(&'a self, scribe: &mut Scribe<'a>, job: &'a Enrollment) {
        if !self.press.prints {
            return;
        }
        let ticket = job.ticket().map(|ticket| ticket.job);
        scribe.put(format_args!(
            "paper {:?} {:?}",
            job.sheet().map(std::mem::discriminant),
            job.spoiled()
        ));
        for (number, accepted) in self.press.accepted.iter().enumerate() {
            let control = Some(accepted.sheet.control.as_str());
            let followed = ticket.is_some_and(|ticket| usize::try_from(ticket) == Ok(number));
            if followed || control == job.unconfirmed() {
                scribe.put(format_args!("{} {}", accepted.is_out, accepted.is_known));
                scribe.name('s', accepted.sheet.control.as_bytes());
            }
        }
        for sheet in &self.press.sheets {
            if Some(sheet.control.as_str()) == job.unconfirmed().or(job.delivered()) {
                scribe.put(format_args!("tray {} {}", sheet.is_void, sheet.is_scanned));
            }
        }
    }

    /// Whether the last attempt ended because its reset came too late: the next one is patient no more.
    fn was_too_late(&self, id: JobId) -> Option<bool> {
        let rows = self.ledger.journal.get(&id).into_iter().flatten().rev();
        let mut reasons = rows.filter_map(|row| match &row.event.happening {
            Happening::Abandoned { reason, .. } => Some(*reason == Fault::ResetTooLate),
            _ => None,
        });
        reasons.next()
    }

    /// What Entra has, what the ledger knows of it, and what is to be deleted there.
    fn rows<'a>(&'a self, scribe: &mut Scribe<'a>) {
        for method in &self.tenant.methods {
            scribe.put(format_args!(
                "at Entra {} {:?} {} {}",
                method.user,
                method.kind,
                method.foreign,
                self.left(method.visible_from)
            ));
            scribe.name('m', method.id.0.as_bytes());
            scribe.name('c', &method.credential.0);
        }
        for due in self.ledger.duties.iter().filter(|due| due.open) {
            let one = &due.obligation;
            scribe.put(format_args!(
                "due {} {} {}",
                one.job,
                one.looks,
                self.left(one.due.0)
            ));
            match &one.duty {
                Duty::Replaced(method) | Duty::Retired(method) => {
                    scribe.name('m', method.0.as_bytes())
                }
                Duty::Orphan(credential) => scribe.name('c', &credential.0),
            }
        }
        for kept in &self.ledger.passkeys {
            if self.still_matters(kept) {
                scribe.put(format_args!("row {} {:?}", kept.job, kept.state));
                scribe.name('c', &kept.credential.0);
                scribe.maybe('m', kept.method.as_ref().map(|method| method.0.as_bytes()));
            }
        }
    }

    /// A credential that is nowhere any more cannot be seen by anybody.
    fn still_matters(&self, kept: &Kept) -> bool {
        let on_a_key = |wanted: &CredentialId| self.keys.iter().any(|key| key.holds(wanted));
        let methods = &mut self.tenant.methods.iter();
        kept.state == PasskeyState::Registered
            || on_a_key(&kept.credential)
            || methods.any(|method| method.credential == kept.credential)
            || self
                .ledger
                .open_duties()
                .contains(&Duty::Orphan(kept.credential.clone()))
    }

    /// Milliseconds from now; 0 when it has passed.
    fn left(&self, moment: i64) -> i64 {
        (moment - self.now).max(0)
    }
}

/// Whether a key is bound to the job, so that it makes a difference which one it really is.
fn is_on_a_key(job: &Enrollment) -> bool {
    job.binding().is_some()
}

fn binding(scribe: &mut Scribe<'_>, binding: Option<&Binding>) {
    match binding {
        None => scribe.put(format_args!("-")),
        Some(binding) => scribe.put(format_args!(
            "{} {:?} {:?}",
            binding.slot, binding.serial, binding.fingerprint.aaguid.0[0]
        )),
    }
}
