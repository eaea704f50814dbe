//! Whether what is walked once stands for what it claims to stand for.

use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::paper::{Bagging, Confirm};

fn hard() -> Scenario {
    let policy = Policy {
        always_uv: true,
        ..after(Policy::default())
    };
    with_old_keys(Scenario {
        ops: &[Op::Post, Op::Delete],
        lag: 20,
        moves: vec![Change::Retry],
        accounts: true,
        ..anna("the form", policy, nameless())
    })
}

/// With a printer, and people who bag, scan and tear.
fn with_paper() -> Scenario {
    let policy = printer::printed(Confirm::Scan, Bagging::Scan);
    let scenario = anna("the form of paper", policy, named());
    scenario.root.state().press.prints = true;
    Scenario {
        ops: &[Op::PressDeliver, Op::Follow, Op::WasDelivered],
        tears: true,
        ..scenario
    }
}

/// The forms of all instants of one life, their times, and whether a key lay in the slot.
fn instants(scenario: &Scenario) -> Vec<(Canon, i64, bool)> {
    let world = scenario.root.copy();
    let seen: Arc<Mutex<Vec<(Canon, i64, bool)>>> = Arc::default();
    let notes = Arc::clone(&seen);
    world.state().witness = Some(Arc::new(move |state: &State| {
        let instant = (state.canon(), state.now, !state.slots.is_empty());
        notes.lock().expect("nobody panics inside").push(instant);
    }));
    live(scenario, &world, Start::Put(0));
    let seen = seen.lock().expect("nobody panics inside");
    seen.clone()
}

#[test]
fn every_instant_of_a_life_is_what_a_cut_there_leaves_behind() {
    for scenario in [hard(), with_paper()] {
        leaves_behind(&scenario);
    }
}

fn leaves_behind(scenario: &Scenario) {
    let instants = instants(scenario);
    assert!(instants.len() > 80, "{}", instants.len());
    for (at, (seen, moment, key_in)) in instants.iter().enumerate() {
        // Whoever puts the key in does so after the cut as well.
        if !key_in {
            continue;
        }
        let world = scenario.root.copy();
        world.cut_at(at + 1);
        live(scenario, &world, Start::Put(0));
        assert!(world.mend(), "the power went at {at}");
        // The clock goes on after a cut; what it shows is no work of the program.
        world.state().now = *moment;
        assert_eq!(world.state().canon(), *seen, "cut at {at}");
    }
}

#[test]
fn two_worlds_of_one_form_have_one_future() {
    for scenario in [hard(), with_paper()] {
        have_one_future(&scenario);
    }
}

fn have_one_future(scenario: &Scenario) {
    const TWINS: usize = 400;
    let mut walk = Walk::new(scenario);
    walk.recorder.keep_twins(TWINS);
    walk.all(2);
    let twins = walk.recorder.twins();
    let states = walk.nodes.len();
    let mut compared = 0;
    for (node, state) in twins {
        let known = &walk.nodes[node];
        let known = (known.children.clone(), known.finished);
        if known.0.is_empty() {
            continue;
        }
        let trail = String::new();
        let twin = walk.expand(&Waiting { node, state, trail }, false);
        assert_eq!((twin.children, twin.finished), known, "state {node}");
        compared += 1;
    }
    assert_eq!(walk.nodes.len(), states, "nothing new was met");
    assert!(compared > TWINS / 2, "{compared}");
    println!("{compared} worlds have the future of the one that was walked");
}

#[test]
fn a_walk_counts_what_it_walks() {
    let scenario = anna("counts", Policy::default(), named());
    let report = walk(&scenario, 1);
    let mut instants = 0;
    let root = scenario.root.state().clone();
    for start in starts(&scenario, &root) {
        let mut scripts = vec![Vec::new()];
        while let Some(script) = scripts.pop() {
            let world = scenario.root.copy();
            world.state().weather = scenario.weather(&script);
            let seen = Arc::new(Mutex::new(0_u128));
            let notes = Arc::clone(&seen);
            world.state().witness = Some(Arc::new(move |_: &State| {
                *notes.lock().expect("nobody panics inside") += 1;
            }));
            live(&scenario, &world, start);
            scripts.extend(world.state().weather.further());
            // Each life ends by itself as well.
            instants += 1 + *seen.lock().expect("nobody panics inside");
        }
    }
    assert_eq!(report.histories, [1, instants]);
}
