//! What is walked: a policy, people and keys to begin with, what may go wrong, and who may do what in between.

use std::collections::BTreeSet;

use crate::app::admin::Change;
use crate::app::enumerator::bugs::{Bent, Bug};
use crate::app::world::{self, KeyState, Op, State, Weather, World};
use crate::app::{Policies, Ports};
use crate::domain::enrollment::{Command, Standing};
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::policy::Policy;
use crate::port::Press as _;

/// One world to begin with and all that may happen in it.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) policy: Policy,
    pub(super) root: World,
    /// The key with which each job begins, by the job's place.
    pub(super) own_keys: Vec<usize>,
    /// Calls that may be lost, or their replies.
    pub(super) ops: &'static [Op],
    /// Calls that go wrong in one life of the program.
    pub(super) troubles: usize,
    /// Seconds by which the list may lag.
    pub(super) lag: i64,
    /// What an administrator may do between two lives of the program.
    pub(super) moves: Vec<Change>,
    /// Whether a letter is torn now and then before somebody has confirmed it.
    pub(super) tears: bool,
    /// Whether somebody disables or enables the account of a job's person between two lives of the program.
    pub(super) accounts: bool,
    /// The defect that is planted.
    pub(super) bug: Option<Bug>,
}

impl Scenario {
    pub(super) fn ports(&self, world: &World) -> Ports {
        match self.bug {
            None => world.ports(),
            Some(bug) => Bent::ports(world, bug),
        }
    }

    pub(super) fn policies(&self) -> Policies {
        let policies = world::policies(self.policy.clone());
        policies.at_a_station_that_prints(self.root.prints())
    }

    /// What chance does in one life of the program.
    pub(super) fn weather(&self, script: &[usize]) -> Weather {
        Weather {
            ops: self.ops,
            lag: self.lag,
            troubles: self.troubles,
            script: script.to_vec(),
            asked: Vec::new(),
        }
    }

    /// The key that the next open job is about: the one that it is bound to, its own, or a blank one of the drawer.
    pub(super) fn next_key(&self, world: &World, refused: &BTreeSet<usize>) -> Option<usize> {
        let (job, bound) = {
            let state = world.state();
            let job = state.ledger.all_jobs().map(|job| job.id).find(|job| {
                let job = state.ledger.enrollment(*job);
                let by_hand = matches!(job.next(), Command::Await(_));
                let by_printer = state.press.prints && job.current() == Some(Step::Deliver);
                let open = matches!(job.standing(), Standing::Waiting | Standing::UnderWay);
                open && !by_hand && !by_printer
            })?;
            let wants = state.ledger.enrollment(job).wants_its_key();
            (job, state.bound.get(&job).copied().filter(|_| wants))
        };
        let own = || {
            let place = usize::try_from(job.0 - 1).ok()?;
            let own = self.own_keys.get(place).copied();
            own.filter(|key| !refused.contains(key))
        };
        Some(bound.or_else(own).unwrap_or_else(|| drawer(world)))
    }
}

/// A blank key that nobody has touched.
pub(super) fn drawer(world: &World) -> usize {
    let known = {
        let state = world.state();
        let in_slot: Vec<usize> = state.slots.values().copied().collect();
        let mut keys = (0..state.keys.len()).filter(|key| !in_slot.contains(key));
        keys.find(|key| state.keys[*key].is_untouched())
    };
    known.unwrap_or_else(|| world.add_key(KeyState::blank(None)))
}

/// Every job has come to its end.
pub(super) fn is_closed(state: &State) -> bool {
    let mut jobs = state.ledger.all_jobs().map(|job| job.id);
    jobs.all(|job: JobId| {
        matches!(
            state.ledger.enrollment(job).standing(),
            Standing::Done | Standing::Cancelled
        )
    })
}
