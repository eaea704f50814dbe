//! Whether Entra will register a key for a person, as far as that can be known before the key is wiped: the account, the tenant's
//! passkey policy, the model. Reads alone; whatever cannot be read stops nobody.
//!
//! # Why
//! Only what the tenant says for certain stops a job: the account is disabled, or a guest's; the policy leaves the person out, or
//! refuses the model. A tenant that keeps its directory or its policy to itself is told of once, and Entra's own answer decides
//! then, later and dearer. A policy that is closed to everybody is left to the creation options, which Entra refuses in its own
//! words: what we hold of a policy may be ten minutes old. Where it refuses them, and the policy, asked anew, is closed, that is
//! nobody's own matter: the line stops, and no job is held.
//!
//! The number of keys stops nobody either, unless Entra refuses creation options to somebody who has that many. That Entra takes ten of one person stands in no document of Microsoft's; a stop for a
//! number that may be wrong leaves somebody without a key, a refused registration costs one touch.
//!
//! Each answer counts for ten minutes. So a person costs one call, one more where the policy speaks of groups, however often
//! their creation options run out meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::Ports;
use crate::app::tenant_policy::{Known, TenantPolicy};
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::CreationOptions;
use crate::domain::fault::{Fault, Move};
use crate::domain::job::JobId;
use crate::domain::metadata::Proof;
use crate::domain::passkey_policy::{PasskeyPolicy, PolicyVerdict};
use crate::domain::person::{ObjectId, Person, UserType};
use crate::domain::policy::DisabledUsers;
use crate::domain::time::Timestamp;
use crate::port::{Clock, Directory, Models, RelyingParty};

/// How long an answer counts, in seconds.
const FRESH_SECONDS: i64 = 600;
/// How old a policy, or a user's groups, may be by which somebody is refused, in seconds: it may have been mended meanwhile.
const REFUSAL_SECONDS: i64 = 60;
/// Passkeys that Entra is believed to take of one person. Unproved.
pub const PASSKEYS_BELIEVED_MAX: usize = 10;

/// Who is to get a key.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    pub job: JobId,
    /// UPN or object id.
    pub user: &'a str,
    /// What people call them.
    pub person: &'a str,
    pub disabled_users: DisabledUsers,
}

/// What a tenant may keep to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    People,
    Groups,
    PasskeyPolicy,
}

/// What the bench should know, and what stops nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Told once in a run.
    Unreadable { subject: Subject, fault: Fault },
    /// People can be read, but not whether their accounts are enabled. Told once in a run.
    EnabledUntold,
    /// The account is disabled, and the policy says that the key is made all the same.
    Disabled { person: String },
    /// The person has so many passkeys at Entra that it may take no more.
    ManyPasskeys { person: String, passkeys: usize },
}

#[derive(Default)]
struct Notes {
    /// People whose account is fit, by user in small letters, and when that was said.
    fit: HashMap<String, Timestamp>,
    groups: HashMap<String, (Timestamp, BTreeSet<ObjectId>)>,
    /// What was denied, and when.
    denied: BTreeMap<Subject, Timestamp>,
    /// Said once in a run.
    said: BTreeSet<Said>,
    notices: Vec<Notice>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Unreadable(Subject),
    EnabledUntold,
    Disabled(JobId),
    Passkeys(JobId),
}

/// What one station knows of the people and keys of its tenant.
pub struct Eligibility {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    policy: TenantPolicy,
    models: Arc<dyn Models>,
    notes: Mutex<Notes>,
}

impl Eligibility {
    /// Asks nothing yet.
    pub fn new(ports: &Ports) -> Self {
        let (directory, clock) = (ports.directory.clone(), ports.clock.clone());
        Self {
            policy: TenantPolicy::new(directory.clone(), clock.clone()),
            directory,
            clock,
            models: ports.models.clone(),
            notes: Mutex::default(),
        }
    }

    /// Whether a key may be prepared for this person at all.
    ///
    /// # Errors
    /// [`Fault::UserUnknown`], [`Fault::UserDisabled`], [`Fault::UserUnfit`]: somebody has to mend it. What is to be waited for, when
    /// the directory does not answer.
    pub fn person_may(&self, applicant: &Applicant<'_>) -> Result<(), Fault> {
        if !self.is_known_fit(applicant.user) && !self.is_denied(Subject::People) {
            match self.directory.person(applicant.user) {
                Ok(person) => self.judge(applicant, &person)?,
                Err(fault) => self.unread_person(fault)?,
            }
        }
        self.judged(applicant.user, included)
    }

    /// Whether Entra will take a key of this model for this person; where attestation is enforced, by what the metadata says.
    ///
    /// # Errors
    /// [`Fault::TenantRefuses`]: another model is needed. [`Fault::UserUnfit`]: no model would do.
    pub fn key_may(&self, user: &str, aaguid: Aaguid) -> Result<(), Fault> {
        let shelf = self.models.shelf();
        let proof = Proof::of(shelf.as_deref(), aaguid, self.clock.now().utc_day());
        self.judged(user, |policy, groups| {
            included(policy, groups)?;
            match proof.verdict(policy, aaguid, groups) {
                PolicyVerdict::Allowed => Ok(()),
                PolicyVerdict::Refused(why) => Err(Fault::TenantRefuses { why }),
                PolicyVerdict::Unclear(why) => {
                    tracing::debug!(%aaguid, %why, "the passkey policy leaves it open");
                    Ok(())
                }
            }
        })
    }

    /// Whether an account that was disabled is enabled now. `false` as well where that cannot be read any more.
    ///
    /// # Errors
    /// What is to be waited for.
    pub fn is_enabled_again(&self, user: &str) -> Result<bool, Fault> {
        if self.is_denied(Subject::People) {
            return Ok(false);
        }
        match self.directory.person(user) {
            Ok(person) => Ok(person.enabled == Some(true)),
            // Whoever is gone stays held as what they were.
            Err(Fault::UserUnknown { .. }) => Ok(false),
            Err(fault) => self.unread_person(fault).map(|()| false),
        }
    }

    /// Looks once per job, of those whose options exclude many credentials, how many passkeys the person really has: one id may
    /// stand there in two readings.
    pub fn count_passkeys(
        &self,
        relying_party: &dyn RelyingParty,
        applicant: &Applicant<'_>,
        options: &CreationOptions,
    ) {
        if options.exclude.len() < PASSKEYS_BELIEVED_MAX
            || !self.notes().said.insert(Said::Passkeys(applicant.job))
        {
            return;
        }
        match relying_party.credentials(applicant.user) {
            Ok(list) if list.len() >= PASSKEYS_BELIEVED_MAX => {
                let (person, passkeys) = (applicant.person.to_owned(), list.len());
                let notice = Notice::ManyPasskeys { person, passkeys };
                self.notes().notices.push(notice);
            }
            Ok(_) => {}
            Err(fault) => {
                tracing::info!(job = applicant.job.0, fault = %fault.brief(), "nobody counts passkeys")
            }
        }
    }

    /// What a refusal of creation options comes to. Under a policy that is closed it is everybody's, unless this person stands `alone`
    /// with it. Of a person who has as many passkeys as Entra is believed to take, it is told that this may be why, with Entra's own
    /// words: it does not say so in any way that a program could go by.
    pub fn weigh_refusal(
        &self,
        relying_party: &dyn RelyingParty,
        applicant: &Applicant<'_>,
        refusal: Fault,
        alone: bool,
    ) -> Fault {
        // 401, 403 and 404 say what they mean, and a 5xx is no refusal.
        let Fault::Refused {
            status: 400 | 409 | 422,
            ..
        } = refusal
        else {
            return refusal;
        };
        if !alone && let Some(closed) = self.closed() {
            return Fault::NotPermitted {
                why: format!("{closed}. {refusal}"),
                refused: Vec::new(),
            };
        }
        match relying_party.credentials(applicant.user) {
            Ok(list) if list.len() >= PASSKEYS_BELIEVED_MAX => unfit(&format!(
                "they have {} passkeys there, which is as many as it is believed to take of one person. {refusal}. If that is why, delete old ones (`keyline keys list`, `keyline keys remove`)",
                list.len()
            )),
            Ok(_) => refusal,
            Err(fault) => {
                tracing::info!(job = applicant.job.0, fault = %fault.brief(), "nobody counts passkeys");
                refusal
            }
        }
    }

    /// What is to be told, each once.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.notes().notices)
    }

    fn judge(&self, applicant: &Applicant<'_>, person: &Person) -> Result<(), Fault> {
        match person.user_type {
            // Nothing that happens to their account makes them a member, so this comes first.
            UserType::Guest => {
                let why = "they are a guest (B2B), and guests sign in where they come from";
                return Err(unfit(why));
            }
            UserType::Member | UserType::Unknown => {}
        }
        match (person.enabled, applicant.disabled_users) {
            (Some(true), _) => {}
            (Some(false), DisabledUsers::Hold) => return Err(Fault::UserDisabled),
            (Some(false), DisabledUsers::Warn) => {
                let person = applicant.person.to_owned();
                self.say(Said::Disabled(applicant.job), Notice::Disabled { person });
            }
            (None, _) => self.say(Said::EnabledUntold, Notice::EnabledUntold),
        }
        let now = self.clock.now();
        let mut notes = self.notes();
        notes.fit.retain(|_, at| is_fresh(*at, now));
        notes.fit.insert(applicant.user.to_ascii_lowercase(), now);
        Ok(())
    }

    /// What is said of a directory that did not tell of a person.
    fn unread_person(&self, fault: Fault) -> Result<(), Fault> {
        let passes = matches!(fault, Fault::Cancelled) || fault.whose_move() == Move::Wait;
        if passes || matches!(fault, Fault::UserUnknown { .. }) {
            return Err(fault);
        }
        self.unread(Subject::People, fault);
        Ok(())
    }

    fn unread(&self, subject: Subject, fault: Fault) {
        if !matches!(fault, Fault::Refused { status: 403, .. }) {
            tracing::warn!(?subject, fault = %fault.brief(), "it cannot be read, so it is not gone by");
            return;
        }
        self.notes().denied.insert(subject, self.clock.now());
        self.say(
            Said::Unreadable(subject),
            Notice::Unreadable { subject, fault },
        );
    }

    /// By what is known; before somebody is refused by something old, by what is asked anew.
    fn judged(
        &self,
        user: &str,
        judge: impl Fn(&PasskeyPolicy, Option<&BTreeSet<ObjectId>>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let at_most = |seconds_ago| match self.policy_for(user, seconds_ago) {
            Some((known, groups)) => judge(&known.policy, groups.as_ref())
                .map_err(|fault| of_its_age(fault, known.age_seconds)),
            None => Ok(()),
        };
        at_most(FRESH_SECONDS).or_else(|_| at_most(REFUSAL_SECONDS))
    }

    /// The policy, where it can be read and is open, and the user's groups, where it speaks of groups and they can be read.
    fn policy_for(
        &self,
        user: &str,
        seconds_ago: i64,
    ) -> Option<(Known, Option<BTreeSet<ObjectId>>)> {
        let known = match self.policy.at_most(seconds_ago) {
            Ok(known) => known,
            Err(fault) => {
                self.unread(Subject::PasskeyPolicy, fault);
                return None;
            }
        };
        if !known.policy.is_open() {
            tracing::warn!("the tenant's passkey policy is closed; what Entra says of it decides");
            return None;
        }
        let asks = known.policy.speaks_of_groups();
        let groups = asks.then(|| self.groups_of(user, seconds_ago));
        Some((known, groups.flatten()))
    }

    /// What is closed to everybody in the policy, where it could be read of late.
    fn closed(&self) -> Option<&'static str> {
        let known = self.policy.at_most(REFUSAL_SECONDS).ok()?;
        // What was heard longer ago may be open by now, and the refusal this person's own.
        (known.age_seconds < REFUSAL_SECONDS)
            .then(|| known.policy.closed())
            .flatten()
    }

    fn groups_of(&self, user: &str, seconds_ago: i64) -> Option<BTreeSet<ObjectId>> {
        let (name, now) = (user.to_ascii_lowercase(), self.clock.now());
        if let Some((at, groups)) = self.notes().groups.get(&name)
            && (0..seconds_ago).contains(&at.seconds_until(now))
        {
            return Some(groups.clone());
        }
        if self.is_denied(Subject::Groups) {
            return None;
        }
        match self.directory.groups_of(user) {
            Ok(groups) => {
                let mut notes = self.notes();
                notes.groups.retain(|_, (at, _)| is_fresh(*at, now));
                notes.groups.insert(name, (now, groups.clone()));
                Some(groups)
            }
            Err(fault) => {
                self.unread(Subject::Groups, fault);
                None
            }
        }
    }

    fn is_known_fit(&self, user: &str) -> bool {
        let now = self.clock.now();
        let notes = self.notes();
        let at = notes.fit.get(&user.to_ascii_lowercase());
        at.is_some_and(|at| is_fresh(*at, now))
    }

    /// A right that is given meanwhile counts after some minutes, without a restart.
    fn is_denied(&self, subject: Subject) -> bool {
        let now = self.clock.now();
        let notes = self.notes();
        let at = notes.denied.get(&subject);
        at.is_some_and(|at| is_fresh(*at, now))
    }

    fn say(&self, once: Said, notice: Notice) {
        let mut notes = self.notes();
        if notes.said.contains(&once) {
            return;
        }
        // The notice names a person, whom no log line may name.
        tracing::warn!(about = ?once, "the bench is told");
        notes.said.insert(once);
        notes.notices.push(notice);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // A panicked holder leaves whole notes behind: each change is one call.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back must not keep an answer for ever.
fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    (0..FRESH_SECONDS).contains(&at.seconds_until(now))
}

fn included(policy: &PasskeyPolicy, groups: Option<&BTreeSet<ObjectId>>) -> Result<(), Fault> {
    policy
        .leaves_out(groups)
        .map_or(Ok(()), |why| Err(unfit(why)))
}

/// Where a refusal goes by a policy that could not be asked for anew, it says how old that is: it may have been mended since.
fn of_its_age(mut fault: Fault, age_seconds: i64) -> Fault {
    let minutes = age_seconds / 60;
    let noun = if minutes == 1 { "minute" } else { "minutes" };
    if age_seconds >= REFUSAL_SECONDS
        && let Fault::TenantRefuses { why } | Fault::UserUnfit { why } = &mut fault
    {
        why.push_str(&format!(
            " (as the policy was {minutes} {noun} ago; it cannot be read now)"
        ));
    }
    fault
}

fn unfit(why: &str) -> Fault {
    Fault::UserUnfit {
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests;
