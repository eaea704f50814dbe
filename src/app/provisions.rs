//! Creation options fetched ahead of time, so that no operator waits for the network with a key in hand. A key is wiped
//! only when its job's options are in here, and they come only for people for whom Entra registers keys.

mod stop;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::Ports;
use crate::app::eligibility::{Applicant, Eligibility};
use crate::app::provisions::stop::Stop;
use crate::domain::credential::CreationOptions;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::RelyingParty;

pub use stop::REFUSED_HELD;

/// Seconds. Options with less time left are fetched anew before the passkey is made.
pub const LIFETIME_MIN_SECONDS: i64 = 180;

/// The options at hand, by job.
pub struct Provisions {
    eligibility: Eligibility,
    options: Mutex<HashMap<JobId, AtHand>>,
    /// Jobs whose letter was tried and can be set.
    letters: Mutex<HashSet<JobId>>,
    /// Whether Entra refuses everybody.
    stop: Stop,
}

struct AtHand {
    options: CreationOptions,
    /// By a clock that nobody can set back: good until then at most.
    until: Instant,
}

impl AtHand {
    fn new(options: CreationOptions, now: Timestamp) -> Self {
        let left = now
            .plus_seconds(LIFETIME_MIN_SECONDS)
            .millis_until(options.expires);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        let begun = Instant::now();
        Self {
            options,
            // A day that no clock can count to has no end that matters.
            until: begun.checked_add(left).unwrap_or(begun),
        }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now.seconds_until(self.options.expires) >= LIFETIME_MIN_SECONDS
            && Instant::now() <= self.until
    }
}

impl Provisions {
    /// Nothing is at hand yet.
    pub fn new(ports: &Ports) -> Self {
        Self {
            eligibility: Eligibility::new(ports),
            options: Mutex::default(),
            letters: Mutex::default(),
            stop: Stop::default(),
        }
    }

    /// Who may get a key, and which.
    pub const fn eligibility(&self) -> &Eligibility {
        &self.eligibility
    }

    /// Fetches the options of a job, unless good ones are at hand.
    ///
    /// # Errors
    /// As [`RelyingParty::ready`], [`Eligibility::person_may`] and [`RelyingParty::creation_options`]; [`Fault::UserUnfit`] when
    /// Entra refuses options to somebody who may be at its limit; [`Fault::NotPermitted`] while Entra refuses everybody, without a
    /// call for each job.
    pub fn provide(
        &self,
        relying_party: &dyn RelyingParty,
        applicant: &Applicant<'_>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let job = applicant.job;
        if self.is_fresh(job, now) {
            return Ok(());
        }
        self.stop.let_through(applicant.user, now)?;
        relying_party.ready()?;
        self.eligibility.person_may(applicant)?;
        let options = relying_party
            .creation_options(applicant.user)
            .map_err(|refusal| {
                let alone = self.stop.is_alone(applicant.user);
                self.eligibility
                    .weigh_refusal(relying_party, applicant, refusal, alone)
            });
        let options = self.stop.weigh(applicant.user, options, now)?;
        self.eligibility
            .count_passkeys(relying_party, applicant, &options);
        self.lock().insert(job, AtHand::new(options, now));
        Ok(())
    }

    /// Notes that the job's letter can be set.
    pub fn note_letter(&self, job: JobId) {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(job);
    }

    /// Whether the job's letter was tried and can be set.
    pub fn has_letter(&self, job: JobId) -> bool {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&job)
    }

    /// Whether options with enough time left are at hand.
    pub fn is_fresh(&self, job: JobId, now: Timestamp) -> bool {
        self.lock()
            .get(&job)
            .is_some_and(|at_hand| at_hand.is_fresh(now))
    }

    /// Takes the options out for the ceremony: each challenge is used once.
    ///
    /// # Errors
    /// As [`RelyingParty::creation_options`], when they have to be fetched anew.
    pub fn take(
        &self,
        relying_party: &dyn RelyingParty,
        job: JobId,
        user: &str,
        now: Timestamp,
    ) -> Result<CreationOptions, Fault> {
        let at_hand = self
            .lock()
            .remove(&job)
            .filter(|at_hand| at_hand.is_fresh(now));
        match at_hand {
            Some(at_hand) => Ok(at_hand.options),
            None => relying_party.creation_options(user),
        }
    }

    /// Drops what has become too old and says whose it was.
    pub fn expire(&self, now: Timestamp) -> Vec<JobId> {
        let mut held = self.lock();
        let old: Vec<JobId> = held
            .iter()
            .filter(|(_, at_hand)| !at_hand.is_fresh(now))
            .map(|(job, _)| *job)
            .collect();
        for job in &old {
            held.remove(job);
        }
        old
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, AtHand>> {
        // A panicked holder leaves a whole map behind: each change is one call.
        self.options.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::world::{Op, START, When, World};
    use crate::domain::policy::DisabledUsers;

    const JOB: JobId = JobId(1);
    const USER: &str = "anna@contoso.com";
    const ANNA: Applicant<'_> = Applicant {
        job: JOB,
        user: USER,
        person: "Anna Lang",
        disabled_users: DisabledUsers::Hold,
    };

    fn after(seconds: i64) -> Timestamp {
        START.plus_seconds(seconds)
    }

    fn nothing_at_hand() -> (World, Provisions) {
        let world = World::new();
        let provisions = Provisions::new(&world.ports());
        (world, provisions)
    }

    #[test]
    fn options_are_fetched_once_while_they_are_good() {
        let (world, provisions) = nothing_at_hand();
        for seconds in [0, 100, 420] {
            assert_eq!(provisions.provide(&world, &ANNA, after(seconds)), Ok(()));
        }
        assert_eq!(world.count(Op::Options), 1);
        // Under three minutes are left: they are fetched anew.
        assert_eq!(provisions.provide(&world, &ANNA, after(421)), Ok(()));
        assert_eq!(world.count(Op::Options), 2);
    }

    #[test]
    fn each_challenge_is_handed_out_once() {
        let (world, provisions) = nothing_at_hand();
        provisions.provide(&world, &ANNA, after(0)).unwrap();
        let first = provisions.take(&world, JOB, USER, after(1)).unwrap();
        assert!(!provisions.is_fresh(JOB, after(1)));
        let second = provisions.take(&world, JOB, USER, after(1)).unwrap();
        assert_ne!(first.challenge, second.challenge);
    }

    #[test]
    fn options_that_are_about_to_run_out_are_not_handed_out() {
        let (world, provisions) = nothing_at_hand();
        provisions.provide(&world, &ANNA, after(0)).unwrap();
        provisions.take(&world, JOB, USER, after(421)).unwrap();
        assert_eq!(world.count(Op::Options), 2);
    }

    #[test]
    fn what_has_become_too_old_is_dropped_and_named() {
        let (world, provisions) = nothing_at_hand();
        provisions.provide(&world, &ANNA, after(0)).unwrap();
        assert_eq!(provisions.expire(after(420)), []);
        assert_eq!(provisions.expire(after(421)), [JOB]);
        assert_eq!(provisions.expire(after(421)), []);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_make_options_last_longer() {
        let (world, provisions) = nothing_at_hand();
        // They are good for a moment only.
        let late = Timestamp(after(420).0 - 20);
        provisions.provide(&world, &ANNA, late).unwrap();
        let set_back = after(-3600);
        let begun = Instant::now();
        while provisions.is_fresh(JOB, set_back) {
            assert!(begun.elapsed() < Duration::from_secs(5), "they live on");
            std::thread::yield_now();
        }
        assert_eq!(provisions.expire(set_back), [JOB]);
        // Set ahead, it only has them fetched anew.
        provisions.provide(&world, &ANNA, after(0)).unwrap();
        provisions.take(&world, JOB, USER, after(86_400)).unwrap();
        assert_eq!(world.count(Op::Options), 3);
    }

    #[test]
    fn a_service_that_is_not_ready_gives_no_options() {
        let (world, provisions) = nothing_at_hand();
        let fault = Fault::Clock { seconds: 400 };
        world.trick(Op::Ready, When::Before, fault.clone());
        assert_eq!(provisions.provide(&world, &ANNA, after(0)), Err(fault));
        assert!(!provisions.is_fresh(JOB, after(0)));
        assert_eq!(world.count(Op::Options), 0);
    }
}
