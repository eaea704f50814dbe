//! Compares what the ledger says is at Entra with what Entra's lists say, in both directions, person by person. Looking changes
//! nothing on either side; [`delete`] deletes only what the journal calls abandoned.
//!
//! # Why
//! Each person's list is read before the ledger, so that what a running station does meanwhile is never taken for a difference:
//! a row is in the ledger before its passkey can be in the list. What the list lacks is looked for in the exclude list as well,
//! because the list lags.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::app::duties::{self, Found, Sides};
use crate::domain::credential::{CredentialId, CredentialKind, MethodId, RegisteredCredential};
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::port::{CancelFlag, Duty, Passkey, PasskeyState};

/// Seconds. A service that asks for more patience is given up.
const THROTTLED_SECONDS_MAX: u64 = 600;
/// How often in a row the service may ask for patience.
const THROTTLED_TIMES_MAX: u32 = 10;

/// What ledger and tenant disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The ledger calls it registered, and Entra does not have it.
    Missing,
    /// The journal calls it abandoned, and Entra has it.
    Abandoned,
    /// It was deleted at Entra, and is there again, or still.
    Returned,
    /// Entra has it under a name that this station gives, and the ledger has no live passkey for it.
    Unclaimed,
    /// Several entries of the list could be one passkey of the ledger's.
    Ambiguous,
}

/// What came of the wish to delete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Deleted,
    /// A running station has taken it over.
    HandedOver,
    /// It is not to be touched, or no longer there.
    Left,
}

/// One passkey over which the two sides disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub user: String,
    pub kind: Kind,
    /// The job that made it, where the ledger knows one.
    pub job: Option<JobId>,
    pub credential: Option<CredentialId>,
    /// Entra's id.
    pub method: Option<MethodId>,
    /// Its name at Entra; empty where Entra does not have it.
    pub display_name: String,
    /// `None`: nobody wished to.
    pub removal: Option<Removal>,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// People whose lists were read.
    pub people: usize,
    /// Passkeys that both sides have.
    pub agreeing: usize,
    /// Passkeys at Entra whose jobs are under way.
    pub in_flight: usize,
    /// Older passkeys that the station deletes by itself as soon as their successors are in the list.
    pub replaced: usize,
    /// Security keys that are not of this ledger.
    pub foreign_keys: usize,
    /// Passkeys in phones and computers.
    pub foreign_passkeys: usize,
    pub differences: Vec<Difference>,
    /// People who could not be compared, and why.
    pub failed: Vec<(String, Fault)>,
}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many people are done.
    Compared(usize),
    /// The service asks for so much patience.
    Waiting { seconds: u64 },
}

/// Compares the passkeys of these users.
///
/// # Errors
/// Those of the ledger, and of the tenant when they concern not one user alone.
pub fn compare(
    sides: &Sides<'_>,
    users: &[String],
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Fault> {
    let mut comparison = Comparison {
        sides,
        cancel,
        progress,
        counted: BTreeSet::new(),
        report: Report::default(),
    };
    for (done, user) in (1..).zip(users) {
        match comparison.person(user) {
            Ok(()) => comparison.report.people += 1,
            Err(fault) if duties::concerns_one_user(&fault) => comparison.failed(user, fault)?,
            Err(fault) => return Err(fault),
        }
        (comparison.progress)(Progress::Compared(done));
    }
    let mut report = comparison.report;
    report
        .differences
        .sort_by(|one, other| (&one.user, one.kind).cmp(&(&other.user, other.kind)));
    Ok(report)
}

/// Deletes an abandoned credential at Entra now. The intent is in the ledger before the DELETE.
///
/// # Errors
/// [`Fault::Ledger`] when the journal does not call it abandoned; those of ledger and tenant. The duty then stays open.
pub fn delete(sides: &Sides<'_>, credential: &CredentialId, actor: &str) -> Result<Removal, Fault> {
    let duty = Duty::Orphan(credential.clone());
    let open = || -> Result<_, Fault> {
        let mut open = duties::open_orphans(sides.ledger, sides.clock.now())?.into_iter();
        Ok(open.find(|one| one.duty == duty))
    };
    let orphan = match open()? {
        Some(orphan) => Some(orphan),
        None => {
            let now = sides.clock.now();
            sides.ledger.reopen(credential, actor, now)?;
            open()?
        }
    };
    let Some(orphan) = orphan else {
        return Ok(Removal::Left);
    };
    Ok(match duties::hunt(sides, &orphan, actor)? {
        Found::Deleted => Removal::Deleted,
        Found::Nothing | Found::Spared => Removal::Left,
    })
}

struct Comparison<'a, 'b> {
    sides: &'a Sides<'b>,
    cancel: &'a CancelFlag,
    progress: &'a mut dyn FnMut(Progress),
    /// A person who is named in two ways has one list.
    counted: BTreeSet<MethodId>,
    report: Report,
}

impl Comparison<'_, '_> {
    fn person(&mut self, user: &str) -> Result<(), Fault> {
        let tenant = self.sides.relying_party;
        let mut listed = self.patiently(|| tenant.credentials(user))?;
        let ours = self.sides.ledger.passkeys_of_user(user)?;
        let mut known = Vec::with_capacity(listed.len());
        for entry in &listed {
            known.push(self.passkey_of(&ours, entry)?);
        }
        let seen: BTreeSet<CredentialId> = known
            .iter()
            .flatten()
            .map(|passkey| passkey.credential.clone())
            .collect();
        self.missing(user, &ours, &seen)?;
        let mut entries: BTreeMap<&CredentialId, usize> = BTreeMap::new();
        for passkey in known.iter().flatten() {
            *entries.entry(&passkey.credential).or_default() += 1;
        }
        let methods: Vec<MethodId> = listed.iter().map(|entry| entry.method.clone()).collect();
        let live = self.sides.ledger.live_among(&methods)?;
        for (entry, passkey) in listed.drain(..).zip(&known) {
            if !self.counted.insert(entry.method.clone()) {
                continue;
            }
            match passkey {
                Some(passkey) => {
                    let alone = entries.get(&passkey.credential) == Some(&1);
                    self.ours(user, &entry, passkey, alone);
                }
                None if live.contains(&entry.method) => self.report.agreeing += 1,
                None => self.stranger(user, &entry)?,
            }
        }
        Ok(())
    }

    /// The passkey of the ledger's that an entry is: by Entra's id where we were told it, otherwise by the credential id in any
    /// of its encodings.
    fn passkey_of(
        &self,
        ours: &[Passkey],
        entry: &RegisteredCredential,
    ) -> Result<Option<Passkey>, Fault> {
        let told = |passkey: &&Passkey| passkey.method.as_ref() == Some(&entry.method);
        if let Some(passkey) = ours.iter().find(told) {
            return Ok(Some(passkey.clone()));
        }
        for id in &entry.may_be {
            if let Some(passkey) = self.sides.ledger.passkey(id)? {
                return Ok(Some(passkey));
            }
        }
        Ok(None)
    }

    /// An entry that is a passkey of the ledger's; `alone` when no other entry could be it.
    fn ours(&mut self, user: &str, entry: &RegisteredCredential, passkey: &Passkey, alone: bool) {
        let kind = match passkey.state {
            _ if !alone => Kind::Ambiguous,
            PasskeyState::Registered => {
                self.report.agreeing += 1;
                return;
            }
            PasskeyState::Made => {
                self.report.in_flight += 1;
                return;
            }
            PasskeyState::Replaced => {
                self.report.replaced += 1;
                return;
            }
            PasskeyState::Abandoned => Kind::Abandoned,
            PasskeyState::Gone if passkey.given_up => Kind::Abandoned,
            PasskeyState::Gone => Kind::Returned,
        };
        self.differ(user, kind, Some(passkey), Some(entry));
    }

    /// An entry that the ledger does not know.
    fn stranger(&mut self, user: &str, entry: &RegisteredCredential) -> Result<(), Fault> {
        if self.is_named_by_us(user, entry)? {
            self.differ(user, Kind::Unclaimed, None, Some(entry));
            return Ok(());
        }
        match entry.kind {
            CredentialKind::SecurityKey => self.report.foreign_keys += 1,
            CredentialKind::OtherPasskey => self.report.foreign_passkeys += 1,
        }
        Ok(())
    }

    /// Whether its name begins with the serial of a key that was bound for this person, or with an envelope of theirs: so does
    /// every name that this station gives by its default.
    fn is_named_by_us(&self, user: &str, entry: &RegisteredCredential) -> Result<bool, Fault> {
        let Some(first) = entry.display_name.split_whitespace().next() else {
            return Ok(false);
        };
        let ledger = self.sides.ledger;
        for record in ledger.find(user)? {
            if !record.job.request.user.eq_ignore_ascii_case(user) {
                continue;
            }
            let mut serials = Vec::new();
            for row in ledger.journal(record.job.id)? {
                if let Happening::Began { binding, .. } | Happening::Rebound { binding } =
                    row.event.happening
                {
                    serials.extend(binding.serial);
                }
            }
            let envelope = record.job.envelope.to_string();
            let begun = !serials.is_empty() || record.serial.is_some();
            if serials.iter().any(|serial| serial.as_str() == first) || (begun && envelope == first)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the ledger calls registered and the list lacks. The list lags; what stands in the exclude list is there.
    fn missing(
        &mut self,
        user: &str,
        ours: &[Passkey],
        seen: &BTreeSet<CredentialId>,
    ) -> Result<(), Fault> {
        let missing: Vec<&Passkey> = ours
            .iter()
            .filter(|one| one.state == PasskeyState::Registered && !seen.contains(&one.credential))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let tenant = self.sides.relying_party;
        let options = self.patiently(|| tenant.creation_options(user))?;
        for passkey in missing {
            if options.exclude.contains(&passkey.credential) {
                self.report.agreeing += 1;
            } else {
                self.differ(user, Kind::Missing, Some(passkey), None);
            }
        }
        Ok(())
    }

    /// A user whom the tenant does not know, and of whom the ledger expects nothing, is no difference.
    fn failed(&mut self, user: &str, fault: Fault) -> Result<(), Fault> {
        let ours = self.sides.ledger.passkeys_of_user(user)?;
        let unknown = matches!(fault, Fault::UserUnknown { .. });
        if !unknown || ours.iter().any(|one| one.state == PasskeyState::Registered) {
            self.report.failed.push((user.to_owned(), fault));
        }
        Ok(())
    }

    fn differ(
        &mut self,
        user: &str,
        kind: Kind,
        passkey: Option<&Passkey>,
        entry: Option<&RegisteredCredential>,
    ) {
        let told = passkey.and_then(|passkey| passkey.method.clone());
        self.report.differences.push(Difference {
            user: user.to_owned(),
            kind,
            job: passkey.map(|passkey| passkey.job),
            credential: passkey.map(|passkey| passkey.credential.clone()),
            method: entry.map(|entry| entry.method.clone()).or(told),
            display_name: entry.map_or_else(String::new, |entry| entry.display_name.clone()),
            removal: None,
        });
    }

    /// Asks the tenant, and waits as long as it wishes.
    fn patiently<T>(&mut self, ask: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
        for _ in 0..THROTTLED_TIMES_MAX {
            let seconds = match ask() {
                Err(Fault::Throttled { seconds }) if seconds <= THROTTLED_SECONDS_MAX => seconds,
                answer => return answer,
            };
            (self.progress)(Progress::Waiting { seconds });
            if !self
                .sides
                .clock
                .wait(Duration::from_secs(seconds), self.cancel)
            {
                return Err(Fault::Cancelled);
            }
        }
        ask()
    }
}

#[cfg(test)]
mod tests;
