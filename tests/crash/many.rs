//! Many histories at once, each on readers of its own, and what they come to together.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::Instant;

use keyline::adapter::ledger::Identities;
use keyline::practice::authenticator::{Manufacturer, Model};

use crate::disk::Disk;
use crate::eyes::Eyes;
use crate::history::{Story, Told, live};
use crate::home::Template;
use crate::support::pcscd::Pcscd;

/// Readers of the one service that all share.
const READERS: u16 = 8;

/// Of so many bad histories everything is shown.
const SHOWN_MAX: usize = 4;

/// What all histories share.
pub(crate) struct Hall {
    pub(crate) template: Template,
    pub(crate) identities: Identities,
    // The eyes close before the service ends.
    pub(crate) eyes: Eyes,
    pub(crate) pcscd: Pcscd,
    /// Whether disks that forget can be had.
    pub(crate) forgetful: bool,
    pub(crate) maker: Manufacturer,
}

impl Hall {
    pub(crate) fn new() -> Self {
        let template = Template::new();
        let pcscd = Pcscd::start(READERS).unwrap();
        Self {
            identities: template.identities(),
            template,
            eyes: Eyes::open(&pcscd, READERS),
            pcscd,
            forgetful: Disk::can_forget(),
            maker: Manufacturer::new(Model::practice()).unwrap(),
        }
    }

    /// Lives through all stories, as many at once as there are readers for. What they told is in their order.
    pub(crate) fn live_all(&self, stories: &[Story]) -> Vec<Told> {
        let widest = stories.iter().map(|story| story.people.len()).max();
        let seats = u16::try_from(widest.unwrap_or(1)).unwrap();
        let told = Mutex::new(BTreeMap::new());
        let next = Mutex::new(stories.iter().enumerate());
        std::thread::scope(|scope| {
            for worker in 0..READERS / seats {
                let (told, next) = (&told, &next);
                scope.spawn(move || {
                    loop {
                        let story = next.lock().unwrap().next();
                        let Some((number, story)) = story else { break };
                        let one = live(self, worker * seats, story);
                        told.lock().unwrap().insert(number, one);
                    }
                });
            }
        });
        told.into_inner().unwrap().into_values().collect()
    }
}

/// Says something that is to be read although the test passes.
pub(crate) fn report(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Tells what the stories came to, and fails with the first that went wrong.
pub(crate) fn conclude(name: &str, since: Instant, stories: &[Story], told: &[Told]) {
    let sum = |of: fn(&Told) -> usize| -> usize { told.iter().map(of).sum() };
    let decisions = told.iter().flat_map(|one| &one.decisions);
    let mut why = BTreeMap::new();
    for decision in decisions {
        *why.entry(decision.as_str()).or_insert(0_usize) += 1;
    }
    report(&format!(
        "{name}: {} histories, {} cuts, {} of them of the power, {} starts, {} sheets, {} sign-ins, {:.1} s",
        stories.len(),
        sum(|one| one.cuts),
        sum(|one| one.power_cuts),
        sum(|one| one.starts),
        sum(|one| one.sheets),
        sum(|one| one.signed_in),
        since.elapsed().as_secs_f64()
    ));
    for (why, times) in why {
        report(&format!("  decided by a person, {times} times: {why}"));
    }
    let bad: Vec<_> = stories
        .iter()
        .zip(told)
        .filter(|(_, one)| !one.wrong.is_empty())
        .collect();
    for (story, one) in &bad {
        report(&format!(
            "  WRONG {:?}\n    {}",
            story.cuts,
            one.wrong.join("\n    ")
        ));
    }
    for (story, one) in bad.iter().take(SHOWN_MAX) {
        report(&format!("--- {story:?}\n{}", one.evidence));
    }
    assert!(
        bad.is_empty(),
        "{} of {} histories went wrong",
        bad.len(),
        stories.len()
    );
}
