//! The people after the last disturbance: an operator who does what the slot says, and an administrator who releases what is
//! held. Following whoever's move it is, the work has to come to its end.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::admin::{self, Change};
use crate::app::duties;
use crate::app::enumerator::scenario::{Scenario, is_closed};
use crate::app::enumerator::shift::{ACTOR, Shift};
use crate::app::world::{State, Weather, World};
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::signal::SlotState;

/// More moves than any honest day needs.
const MOVES_MAX: usize = 24;
/// A job that is held again and again is started anew.
const RELEASES_MAX: usize = 2;
const TICK_SECONDS: i64 = 60;
/// What was said on a day that does not end repeats itself.
const SAID_MAX: usize = 8;
/// Hours during which what may still turn up at Entra is looked for.
const LOOKS: usize = 5;

/// Lets the work come to its end undisturbed. In words what is wrong then, or on the way.
pub(super) fn undisturbed(scenario: &Scenario, mut state: State) -> Vec<String> {
    state.witness = None;
    state.weather = Weather::default();
    let world = World::from(state);
    let mut wrong = day(scenario, &world);
    if wrong.is_empty() {
        wrong = at_rest(scenario, &world);
    }
    wrong
}

/// A day on which people do what they are told until all jobs are closed. In words why they never were.
pub(super) fn day(scenario: &Scenario, world: &World) -> Vec<String> {
    let mut day = Day {
        shift: Shift::new(scenario, world.clone()),
        refused: BTreeSet::new(),
        releases: BTreeMap::new(),
        said: Vec::new(),
    };
    day.shift.find_key_in();
    if day.comes_to_its_end() {
        return Vec::new();
    }
    day.said.dedup();
    let said: Vec<&str> = day.said.iter().take(SAID_MAX).map(String::as_str).collect();
    let stories = stories(&world.state());
    vec![format!(
        "liveness: it never ended: {} [{stories}]",
        said.join("; ")
    )]
}

/// What is wrong while no job is in flight, now and once everything is cleared up.
pub(super) fn at_rest(scenario: &Scenario, world: &World) -> Vec<String> {
    let mut wrong = world.state().unsound();
    let ports = scenario.ports(world);
    hand_over(scenario, world);
    for _ in 0..LOOKS {
        if let Err(fault) = duties::work(&ports, ACTOR) {
            wrong.push(format!("liveness: duties stopped: {fault}"));
        }
        world.pass_seconds(4000);
    }
    wrong.extend(world.state().unsound());
    wrong.extend(left_over(scenario, world));
    let open = world.state().ledger.open_duties();
    if !open.is_empty() {
        wrong.push(format!("liveness: duties stay open: {open:?}"));
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// Whether somebody may still say that a person has their key.
pub(super) fn wait_for_hand_over(scenario: &Scenario, state: &State) -> bool {
    let says = scenario.moves.contains(&Change::HandOver);
    let mut jobs = state.ledger.all_jobs();
    says && jobs.any(|job| !state.ledger.enrollment(job.id).pending().is_empty())
}

/// In the end everybody has their key.
fn hand_over(scenario: &Scenario, world: &World) {
    if !scenario.moves.contains(&Change::HandOver) {
        return;
    }
    let ports = scenario.ports(world);
    let jobs: Vec<JobId> = world.state().ledger.all_jobs().map(|job| job.id).collect();
    for job in jobs {
        let (ledger, now) = (ports.ledger.as_ref(), ports.clock.now());
        let policies = scenario.policies();
        // What is said already, or of a key that is not there, changes nothing.
        let _said = admin::change(ledger, &policies, job, &Change::HandOver, ACTOR, now);
    }
}

/// Older keys that nobody will ever delete, although somebody has the key that they waited for.
fn left_over(scenario: &Scenario, world: &World) -> Vec<String> {
    if !scenario.moves.contains(&Change::HandOver) {
        return Vec::new();
    }
    let state = world.state();
    let jobs = state.ledger.all_jobs();
    let gone: Vec<_> = jobs
        .map(|job| state.ledger.enrollment(job.id))
        .filter(|job| job.custody().handed_over && job.custody().retired.is_none())
        .flat_map(|job| job.after_handover().iter().cloned())
        .collect();
    let methods = state.tenant.methods.iter();
    methods
        .filter(|method| gone.contains(&method.id))
        .map(|method| format!("liveness: {} outlives the hand-over", method.id.0))
        .collect()
}

/// The journals in short words.
pub(super) fn stories(state: &State) -> String {
    let jobs = state.ledger.all_jobs();
    let stories: Vec<String> = jobs.map(|job| state.ledger.story(job.id)).collect();
    stories.join(" / ")
}

struct Day<'a> {
    shift: Shift<'a>,
    /// Keys in the red tray.
    refused: BTreeSet<usize>,
    releases: BTreeMap<JobId, usize>,
    said: Vec<String>,
}

impl Day<'_> {
    fn comes_to_its_end(&mut self) -> bool {
        for _ in 0..MOVES_MAX {
            if is_closed(&self.shift.world.state()) {
                self.shift.tick(0);
                return true;
            }
            self.administrator();
            self.operator();
        }
        is_closed(&self.shift.world.state())
    }

    fn administrator(&mut self) {
        let held: Vec<JobId> = {
            let state = self.shift.world.state();
            let jobs = state.ledger.all_jobs().map(|job| job.id);
            jobs.filter(|job| state.ledger.enrollment(*job).standing() == Standing::Held)
                .collect()
        };
        for job in held {
            let held = self.shift.world.enrollment(job).held().cloned();
            if held == Some(Fault::UserDisabled) {
                // Nobody has to release it after that.
                self.shift.world.state().directory.disabled.clear();
                self.said.push(format!("enabled for {job}"));
                self.shift.tick(TICK_SECONDS);
                continue;
            }
            let releases = self.releases.entry(job).or_default();
            *releases += 1;
            let void = self.shift.world.enrollment(job).is_void();
            let again = void || *releases > RELEASES_MAX;
            // A letter that nobody can find is made anew, and only for that the key need not be.
            let letter = self.shift.world.enrollment(job).may_reissue();
            let change = match (again, letter) {
                (false, _) => Change::Release,
                (true, true) => Change::Reissue {
                    reason: "nobody has seen the letter".to_owned(),
                },
                (true, false) => Change::Retry,
            };
            let done = self.shift.change(job, &change);
            self.said.push(format!("{change:?} {job}: {done:?}"));
        }
    }

    fn operator(&mut self) {
        self.shift.lend_hands();
        let slot = self.shift.slot();
        self.said.push(format!("{slot:?}"));
        match slot {
            SlotState::WantsBack { job, .. } => {
                let bound = self.shift.world.state().bound.get(&job).copied();
                match bound {
                    Some(key) => self.shift.put(key),
                    None => self.next_key(),
                }
            }
            SlotState::Asking { .. } if !self.strange() => self.shift.confirm(),
            SlotState::Refused { .. } => {
                let key = self.in_slot();
                self.refused.extend(key);
                self.next_key();
            }
            SlotState::AwaitingService { .. } | SlotState::AwaitingOptions { .. } => {
                self.shift.tick(TICK_SECONDS);
            }
            SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Asking { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::Bagging { .. }
            | SlotState::NoJob
            | SlotState::Reading
            | SlotState::Working { .. } => {
                self.shift.tick(TICK_SECONDS);
                self.next_key();
            }
        }
    }

    fn in_slot(&self) -> Option<usize> {
        self.shift.world.state().slots.values().next().copied()
    }

    fn strange(&self) -> bool {
        let key = self.in_slot();
        key.is_some_and(|key| self.shift.world.state().keys[key].not_ours)
    }

    /// Takes out what is in, and puts in the key that the next open job is about.
    fn next_key(&mut self) {
        let key = self
            .shift
            .scenario
            .next_key(&self.shift.world, &self.refused);
        match key {
            Some(key) => self.shift.put(key),
            None => self.shift.lift(),
        }
    }
}
