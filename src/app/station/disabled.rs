//! People whose account was disabled when their key was to be prepared. They are looked at again, at the start and every ten
//! minutes, one after another and a few in a second at most: their jobs go on by themselves once the account is enabled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::admin::{self, Change, Unchanged};
use crate::app::board::News;
use crate::app::eligibility::Eligibility;
use crate::app::station::{Desk, Message};
use crate::app::{Policies, Ports};
use crate::domain::enrollment::Standing;
use crate::domain::fault::{Fault, kind};
use crate::domain::job::JobId;
use crate::domain::policy::DisabledUsers;
use crate::domain::time::Timestamp;
use crate::port::{CancelFlag, Ledger};

/// Between the end of one round and the next, in seconds.
const EVERY_SECONDS: i64 = 600;
/// Between two people of one round.
const PAUSE_MILLISECONDS: u64 = 250;
/// Who lets such a job go on, in the journal.
pub(in crate::app) const ACTOR: &str = "keyline";

/// The rounds of one station.
#[derive(Default)]
pub(super) struct Rounds {
    /// When the last one ended; `None`: there was none yet.
    ended: Option<Timestamp>,
    is_under_way: bool,
}

impl Rounds {
    pub(super) const fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    fn is_due(&self, now: Timestamp) -> bool {
        // A clock that was set back must not end the rounds for ever.
        let rests = |ended: Timestamp| (0..EVERY_SECONDS).contains(&ended.seconds_until(now));
        !self.is_under_way && !self.ended.is_some_and(rests)
    }
}

/// A person with a disabled account, and the jobs that are held for it.
pub(in crate::app) type Person = (String, Vec<JobId>);

impl Desk {
    /// Begins a round, when one is due and somebody is held for their account.
    pub(super) fn look_after_disabled(&mut self) {
        if self.stopping || !self.disabled.is_due(self.ports.clock.now()) {
            return;
        }
        let held = self.held.iter().filter(|(_, fault)| is_disabled(fault));
        let jobs: Vec<JobId> = held.map(|(job, _)| *job).collect();
        let people = match people(self.ports.ledger.as_ref(), &self.policies, &jobs) {
            Ok(people) => people,
            Err(fault) => {
                tracing::warn!(fault = %fault.brief(), "people with disabled accounts are not looked at");
                return;
            }
        };
        if people.is_empty() {
            return;
        }
        if self.disabled.ended.is_none() {
            let jobs = jobs.len();
            self.board.announce(News::Disabled { jobs });
        }
        self.disabled.is_under_way = true;
        let (ports, provisions) = (self.ports.clone(), Arc::clone(&self.provisions));
        let (stop, to_loop) = (self.pause.clone(), self.sender.clone());
        tokio::task::spawn_blocking(move || {
            let eligibility = provisions.eligibility();
            round(&ports, eligibility, people, &stop, &mut |jobs| {
                drop(to_loop.send(Message::Enabled { jobs }));
            });
            drop(to_loop.send(Message::RoundEnded));
        });
    }

    /// These jobs were held for a disabled account, and need not be any more.
    pub(super) fn enabled(&mut self, jobs: Vec<JobId>) {
        for job in jobs {
            let now = self.ports.clock.now();
            match go_on(self.ports.ledger.as_ref(), &self.policies, job, now) {
                Ok(true) => {
                    self.changed(job);
                    if let Some(case) = self.case(job) {
                        self.board.announce(News::Enabled { case });
                    }
                }
                Ok(false) => {}
                Err(fault) => self.break_off(fault),
            }
        }
    }

    pub(super) fn round_ended(&mut self) {
        self.disabled = Rounds {
            ended: Some(self.ports.clock.now()),
            is_under_way: false,
        };
    }

    /// Tells what was noticed about people beforehand.
    pub(super) fn tell_notices(&self) {
        for notice in self.provisions.eligibility().take_notices() {
            self.board.announce(News::Notice(notice));
        }
    }
}

/// Whether a job with this fault is held for a disabled account.
pub(in crate::app) const fn is_disabled(fault: &Fault) -> bool {
    matches!(fault, Fault::UserDisabled)
}

/// Who these jobs are for, each person once, in the order of the jobs. Nobody has to be asked about jobs whose policy does not mind
/// any more: they come first, under no name.
pub(in crate::app) fn people(
    ledger: &dyn Ledger,
    policies: &Policies,
    jobs: &[JobId],
) -> Result<Vec<Person>, Fault> {
    let mut at: BTreeMap<String, usize> = BTreeMap::new();
    let mut people: Vec<Person> = Vec::new();
    for job in jobs {
        let Some(record) = ledger.job(*job)? else {
            continue;
        };
        let policy = policies.get(&record.job.request.policy);
        let minds = policy.is_ok_and(|policy| policy.disabled_users == DisabledUsers::Hold);
        let user = record.job.request.user.to_ascii_lowercase();
        let user = if minds { user } else { String::new() };
        let place = *at.entry(user.clone()).or_insert(people.len());
        match people.get_mut(place) {
            Some((_, jobs)) => jobs.push(*job),
            None => people.push((user, vec![*job])),
        }
    }
    people.sort_by_key(|(user, _)| !user.is_empty());
    Ok(people)
}

/// Looks at these people one after another, and hands over the jobs of those who need not be held any more. Ends early where the
/// directory does not answer: the next round comes.
pub(in crate::app) fn round(
    ports: &Ports,
    eligibility: &Eligibility,
    people: Vec<Person>,
    stop: &CancelFlag,
    enabled: &mut dyn FnMut(Vec<JobId>),
) {
    for (user, jobs) in people {
        if stop.is_cancelled() {
            return;
        }
        if user.is_empty() {
            enabled(jobs);
            continue;
        }
        match eligibility.is_enabled_again(&user) {
            Ok(true) => enabled(jobs),
            Ok(false) => {}
            Err(fault) => {
                tracing::info!(fault = %fault.brief(), "people with disabled accounts are looked at later");
                return;
            }
        }
        let pause = Duration::from_millis(PAUSE_MILLISECONDS);
        if !ports.clock.wait(pause, stop) {
            return;
        }
    }
}

/// Lets the job go on, if it still is held for a disabled account and for nothing else. Whether it was.
pub(in crate::app) fn go_on(
    ledger: &dyn Ledger,
    policies: &Policies,
    job: JobId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let record = ledger.job(job)?;
    let held = record.is_some_and(|record| {
        record.standing == Standing::Held && record.held.as_ref().is_some_and(is_disabled)
    });
    if !held {
        return Ok(false);
    }
    match admin::change(ledger, policies, job, &Change::Release, ACTOR, now) {
        Ok(_) => Ok(true),
        Err(Unchanged::Fault(fault)) => Err(fault),
        Err(other) => {
            tracing::warn!(job = job.0, why = kind(&other), "the job stays held");
            Ok(false)
        }
    }
}
