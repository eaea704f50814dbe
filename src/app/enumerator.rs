//! Every history of a job, walked on the model: the power goes before or after any effect and any commit, once, twice, three
//! times; after each cut the same key, another one or none lies in the slot; every call to Entra, the press or the key may be
//! lost, or its reply; an administrator steps in. The real domain and the real app code run on ports in memory.
//!
//! # Why
//! A life of the program that is not cut passes through every state that a cut could leave behind. So one run stands for all
//! cuts in it, and each state that was met before (in canonical form, [`Canon`]) stands for all histories that lead to it. The
//! number of those histories is counted over the graph of states.
//!
//! What must hold is asserted by the world ([`State::unsound`]); what must come to an end, by people who do what they are told
//! ([`people`]). For tests alone.

mod bugs;
mod hands;
mod people;
mod record;
mod scenario;
mod shift;
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::app::admin::{self, Change};
use crate::app::enumerator::record::Recorder;
use crate::app::enumerator::scenario::{Scenario, drawer, is_closed};
use crate::app::enumerator::shift::{ACTOR, SLOT, Shift};
use crate::app::world::{Canon, State, World};
use crate::domain::job::JobId;

/// A planted defect shows itself soon; a real one needs no more examples than this.
const VIOLATIONS_MAX: usize = 40;
/// A pause after which every challenge has run out.
const LATE_SECONDS: i64 = 7200;

/// What was found.
struct Report {
    name: &'static str,
    states: usize,
    runs: usize,
    /// Histories with at most so many disturbances, from none.
    histories: Vec<u128>,
    /// What was broken, and one way there.
    violations: BTreeMap<String, String>,
    took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (states, runs, violations) = (self.states, self.runs, self.violations.len());
        write!(f, "{}: {states} states, {runs} runs", self.name)?;
        for (cuts, histories) in self.histories.iter().enumerate().skip(1) {
            write!(f, ", {histories} histories of {cuts}")?;
        }
        let seconds = self.took.as_secs_f64();
        write!(f, ", {violations} violations, {seconds:.1} s")?;
        for (broken, trail) in &self.violations {
            write!(f, "\n  {broken}\n    by {trail}")?;
        }
        Ok(())
    }
}

/// A state from which the program starts.
#[derive(Default)]
struct Node {
    /// The states that one more disturbance leads to, and in how many ways.
    children: BTreeMap<usize, u64>,
    /// Lives from here that came to the end of all work.
    finished: u64,
}

/// What the program finds when it starts.
#[derive(Clone, Copy, Debug)]
enum Start {
    Put(usize),
    /// The same after some hours.
    PutLate(usize),
    /// What lies in the slot lay there all the time, and nobody lifts it.
    LeftIn,
    LeftInLate,
}

struct Waiting {
    node: usize,
    state: State,
    trail: String,
}

struct Walk<'a> {
    scenario: &'a Scenario,
    recorder: Recorder,
    nodes: Vec<Node>,
    rested: HashSet<Canon>,
    waiting: Vec<Waiting>,
    violations: BTreeMap<String, String>,
    runs: usize,
}

/// Walks every history with up to `disturbances` cuts, lives that came to nothing, and moves of the administrator.
fn walk(scenario: &Scenario, disturbances: usize) -> Report {
    let begun = Instant::now();
    let mut walk = Walk::new(scenario);
    walk.all(disturbances);
    Report {
        name: scenario.name,
        states: walk.nodes.len(),
        runs: walk.runs,
        histories: walk.histories(disturbances),
        violations: walk.violations,
        took: begun.elapsed(),
    }
}

impl<'a> Walk<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            recorder: Recorder::default(),
            nodes: Vec::new(),
            rested: HashSet::new(),
            waiting: Vec::new(),
            violations: BTreeMap::new(),
            runs: 0,
        }
    }

    fn all(&mut self, disturbances: usize) {
        let root = self.scenario.root.copy();
        self.recorder.note(&root.state());
        self.welcome("");
        for left in (1..=disturbances).rev() {
            for one in std::mem::take(&mut self.waiting) {
                if self.violations.len() < VIOLATIONS_MAX {
                    let node = self.expand(&one, left > 1);
                    self.nodes[one.node] = node;
                }
            }
        }
    }

    /// Every life of the program that can begin in this state, each with all its cuts.
    fn expand(&mut self, one: &Waiting, goes_on: bool) -> Node {
        let mut node = Node::default();
        for start in starts(self.scenario, &one.state) {
            let mut scripts = vec![Vec::new()];
            while let Some(script) = scripts.pop() {
                let world = World::from(one.state.clone());
                world.state().weather = self.scenario.weather(&script);
                self.recorder.attend(&world);
                live(self.scenario, &world, start);
                scripts.extend(world.state().weather.further());
                let label = format!("{start:?} {script:?}");
                self.ended(
                    &mut node,
                    &world,
                    &format!("{} | {label}", one.trail),
                    goes_on,
                );
            }
        }
        let open = open_jobs(&one.state);
        let all: Vec<JobId> = one.state.ledger.all_jobs().map(|job| job.id).collect();
        for change in &self.scenario.moves {
            let given_out = matches!(change, Change::HandOver | Change::Retire { .. });
            for job in if given_out { &all } else { &open } {
                let world = World::from(one.state.clone());
                let ports = self.scenario.ports(&world);
                self.recorder.attend(&world);
                let changed = admin::change(
                    ports.ledger.as_ref(),
                    &self.scenario.policies(),
                    *job,
                    change,
                    ACTOR,
                    ports.clock.now(),
                );
                if changed.is_ok() {
                    let trail = format!("{} | {change:?} {job}", one.trail);
                    self.ended(&mut node, &world, &trail, goes_on);
                } else {
                    self.recorder.forget();
                }
            }
        }
        if self.scenario.accounts {
            for job in &open {
                let world = World::from(one.state.clone());
                self.recorder.attend(&world);
                world.state().turn_account(*job);
                let trail = format!("{} | account of {job}", one.trail);
                self.ended(&mut node, &world, &trail, goes_on);
            }
        }
        if self.scenario.tears {
            for job in open {
                let world = World::from(one.state.clone());
                self.recorder.attend(&world);
                let shift = Shift::new(self.scenario, world.clone());
                if hands::tear(&shift, job) {
                    let trail = format!("{} | torn {job}", one.trail);
                    self.ended(&mut node, &world, &trail, goes_on);
                } else {
                    self.recorder.forget();
                }
            }
        }
        node
    }

    /// A life has ended by itself: what it passed through is what cuts in it would have left.
    fn ended(&mut self, node: &mut Node, world: &World, trail: &str, goes_on: bool) {
        self.runs += 1;
        let mut state = world.state().clone();
        let whole = state.broken.is_empty();
        for broken in std::mem::take(&mut state.broken) {
            let told = || format!("{trail}\n    {}", people::stories(&state));
            self.violations.entry(broken).or_insert_with(told);
        }
        for (child, times) in self.recorder.cuts() {
            *node.children.entry(child).or_default() += times;
        }
        let over = is_closed(&state)
            && state.ledger.open_duties().is_empty()
            && !people::wait_for_hand_over(self.scenario, &state);
        if whole && over {
            node.finished += 1;
            if self.rested.insert(state.canon()) {
                state.witness = None;
                let wrong = people::at_rest(self.scenario, &World::from(state));
                self.note(wrong, trail);
            }
        } else if whole {
            let child = self.recorder.note(&state);
            *node.children.entry(child).or_default() += 1;
        }
        let before = self.waiting.len();
        self.welcome(trail);
        if !goes_on {
            self.waiting.truncate(before);
        }
    }

    /// From each state that was met for the first time the work has to come to its end undisturbed.
    fn welcome(&mut self, trail: &str) {
        for (node, cut, state) in self.recorder.fresh() {
            let trail = format!("{trail} cut {cut}");
            let wrong = people::undisturbed(self.scenario, state.clone());
            self.note(wrong, &trail);
            self.nodes.resize_with(node + 1, Node::default);
            self.waiting.push(Waiting { node, state, trail });
        }
    }

    fn note(&mut self, wrong: Vec<String>, trail: &str) {
        for one in wrong {
            self.violations
                .entry(one)
                .or_insert_with(|| trail.to_owned());
        }
    }

    /// How many histories with at most 0, 1, 2, … disturbances the graph stands for.
    fn histories(&self, disturbances: usize) -> Vec<u128> {
        let mut with: Vec<u128> = vec![1; self.nodes.len()];
        let mut histories = vec![1];
        for _ in 0..disturbances {
            let ways = |node: &Node| {
                let further = node.children.iter();
                let further = further.map(|(child, times)| u128::from(*times) * with[*child]);
                u128::from(node.finished.max(1)) + further.sum::<u128>()
            };
            with = self.nodes.iter().map(ways).collect();
            histories.push(with[0]);
        }
        histories
    }
}

/// One life of the program: what lies in the slot is worked on as far as it goes, and nobody touches the key meanwhile.
fn live(scenario: &Scenario, world: &World, start: Start) {
    if matches!(start, Start::PutLate(_) | Start::LeftInLate) {
        world.pass_seconds(LATE_SECONDS);
    }
    if matches!(start, Start::Put(_) | Start::PutLate(_)) {
        world.take_out(SLOT);
    }
    let mut shift = Shift::new(scenario, world.clone());
    match start {
        Start::Put(key) | Start::PutLate(key) => shift.put(key),
        Start::LeftIn | Start::LeftInLate => shift.find_key_in(),
    }
    shift.tick(10);
    // Where there is a printer, there is somebody who looks into its tray.
    shift.lend_hands();
}

/// What may lie in the slot when the program starts again.
fn starts(scenario: &Scenario, state: &State) -> Vec<Start> {
    let waits = !state.ledger.open_duties().is_empty();
    if is_closed(state) {
        return if waits {
            vec![Start::LeftIn, Start::LeftInLate]
        } else {
            Vec::new()
        };
    }
    let world = World::from(state.clone());
    let same = state.slots.get(&SLOT).copied();
    let same = same.or_else(|| scenario.next_key(&world, &BTreeSet::new()));
    let mut starts: Vec<Start> = same.into_iter().map(Start::Put).collect();
    starts.push(Start::LeftIn);
    let in_doubt = open_jobs(state).into_iter().any(|job| {
        let job = state.ledger.enrollment(job);
        job.made().is_some() && job.method().is_none()
    });
    if in_doubt || waits {
        starts.extend(same.map(Start::PutLate));
    }
    let others = (0..state.keys.len()).filter(|key| Some(*key) != same);
    starts.extend(
        others
            .filter(|key| !state.keys[*key].is_untouched())
            .map(Start::Put),
    );
    let blank = drawer(&world);
    if Some(blank) != same && blank < state.keys.len() {
        starts.push(Start::Put(blank));
    }
    starts
}

fn open_jobs(state: &State) -> Vec<JobId> {
    let jobs = state.ledger.all_jobs().map(|job| job.id);
    let open = jobs.filter(|job| {
        use crate::domain::enrollment::Standing;
        let standing = state.ledger.enrollment(*job).standing();
        !matches!(standing, Standing::Done | Standing::Cancelled)
    });
    open.collect()
}
