//! Which histories are lived through: every cut by itself, pairs of cuts by chance, and the same with a ledger that is too weak.

use std::time::Instant;

use crate::apart::apart;
use crate::client;
use crate::forgetful::Loss;
use crate::history::{Story, Told, live};
use crate::home::{PROGRAM, Person};
use crate::leg::At;
use crate::many::{Hall, conclude, report};
use crate::seed::Seed;

/// An administrator with a strict policy and an older key: every effect that there is.
const ONE: &[Person] = &[(1, "strict")];
/// With another person beside them, at another slot, who gets a PIN out of the job file.
const TWO: &[Person] = &[(1, "strict"), (6, "specified")];

/// How many pairs of cuts are drawn.
const PAIRS: usize = 48;
/// In one history of so many everybody signs in at the end, and in the last.
const SIGN_IN_EVERY: usize = 12;
/// Points and syncs that a program passes once more because it was started again.
const AGAIN: u64 = 10;

pub(crate) fn story(people: &'static [Person], cuts: Vec<At>) -> Story {
    Story {
        people,
        cuts,
        sign_in: false,
        reply_lost: false,
        more: &[],
        ends_with_cuts: false,
        paper: None,
    }
}

/// Nothing is cut. Tells how many points and syncs there are to cut at.
fn quiet(hall: &Hall, people: &'static [Person]) -> Told {
    let since = Instant::now();
    let stories = [story(people, Vec::new())];
    let told = live(hall, 0, &stories[0]);
    report(&format!(
        "{} people: {} crash points, {} syncs",
        people.len(),
        told.passed[0].len(),
        told.syncs[0]
    ));
    let told = [told];
    conclude("undisturbed", since, &stories, &told);
    let [told] = told;
    told
}

fn points(quiet: &Told) -> u64 {
    u64::try_from(quiet.passed[0].len()).unwrap()
}

/// Everybody signs in at the end of some of the stories.
pub(crate) fn with_sign_ins(mut stories: Vec<Story>) -> Vec<Story> {
    if client::is_here() {
        let last = stories.len().saturating_sub(1);
        for (at, story) in stories.iter_mut().enumerate() {
            story.sign_in = at % SIGN_IN_EVERY == 0 || at == last;
        }
    }
    stories
}

#[test]
fn every_crash_point_by_itself() {
    if !apart("stories::every_crash_point_by_itself") {
        return;
    }
    let hall = Hall::new();
    let points = points(&quiet(&hall, ONE));
    let losses: &[_] = if hall.forgetful {
        &[None, Some(Loss::All)]
    } else {
        &[None]
    };
    let since = Instant::now();
    let cuts = (1..=points).flat_map(|number| {
        losses.iter().map(move |loss| At::Point {
            number,
            loss: *loss,
        })
    });
    let stories = with_sign_ins(cuts.map(|cut| story(ONE, vec![cut])).collect());
    let told = hall.live_all(&stories);
    conclude("every crash point by itself", since, &stories, &told);
    // How many points there are depends a little on what threads do first: whoever was not cut had fewer.
    for (story, one) in stories.iter().zip(&told) {
        let passed = u64::try_from(one.passed[0].len()).unwrap();
        let reached = matches!(story.cuts[..], [At::Point { number, .. }] if number <= passed);
        assert_eq!(one.cuts, usize::from(reached), "{story:?}: {passed} points");
    }
}

#[test]
fn every_sync_by_itself() {
    if !apart("stories::every_sync_by_itself") {
        return;
    }
    let hall = Hall::new();
    if !hall.forgetful {
        return;
    }
    let syncs = quiet(&hall, ONE).syncs[0];
    let (mut chance, seed) = Seed::take();
    report(&format!("KEYLINE_TEST_SEED={seed}"));
    let since = Instant::now();
    let cuts = (1..=syncs).flat_map(|number| {
        let by_chance = Loss::Chance(chance.up_to(u64::MAX));
        [Loss::All, by_chance].map(|loss| story(ONE, vec![At::Sync { number, loss }]))
    });
    let stories = with_sign_ins(cuts.collect());
    let told = hall.live_all(&stories);
    conclude("power lost before every sync", since, &stories, &told);
}

#[test]
fn pairs_of_cuts_with_two_people() {
    if !apart("stories::pairs_of_cuts_with_two_people") {
        return;
    }
    let hall = Hall::new();
    let quiet = quiet(&hall, TWO);
    let (points, syncs) = (points(&quiet), quiet.syncs[0]);
    let (mut chance, seed) = Seed::take();
    report(&format!("KEYLINE_TEST_SEED={seed}"));
    let since = Instant::now();
    let stories = (0..PAIRS).map(|_| {
        let first = cut(&mut chance, points, syncs, hall.forgetful);
        // After it less is left to do, and the start comes again.
        let (points, syncs) = match first {
            At::Point { number, .. } => (points - number, syncs * (points - number) / points),
            At::Sync { number, .. } => (points * (syncs - number) / syncs, syncs - number),
            At::Named { .. } => (points, syncs),
        };
        let second = cut(&mut chance, points + AGAIN, syncs + AGAIN, hall.forgetful);
        Story {
            reply_lost: chance.up_to(3) == 1,
            ..story(TWO, vec![first, second])
        }
    });
    let stories = with_sign_ins(stories.collect());
    let told = hall.live_all(&stories);
    conclude("pairs of cuts", since, &stories, &told);
}

/// One cut by chance: half of them leave the power on.
fn cut(chance: &mut Seed, points: u64, syncs: u64, forgetful: bool) -> At {
    let loss = match chance.up_to(2) {
        1 => Loss::All,
        _ => Loss::Chance(chance.up_to(u64::MAX)),
    };
    match chance.up_to(4) {
        1 if forgetful => At::Sync {
            number: chance.up_to(syncs),
            loss,
        },
        kind => At::Point {
            number: chance.up_to(points),
            loss: (kind == 2 && forgetful).then_some(loss),
        },
    }
}

/// The test of the tests: under `synchronous=NORMAL` a power cut takes what the program was told to be on the disk, and that
/// is noticed; a kill takes nothing, so a kill alone would not notice anything.
#[test]
fn a_ledger_that_does_not_sync_is_noticed() {
    if !apart("stories::a_ledger_that_does_not_sync_is_noticed") {
        return;
    }
    let hall = Hall::new();
    if !hall.forgetful {
        return;
    }
    let since = Instant::now();
    let stories: Vec<_> = [
        ("after key.set_pin", "I1:"),
        ("after entra.register", "I3:"),
    ]
    .into_iter()
    .flat_map(|(name, found)| {
        [(Some(Loss::All), found), (None, "")].map(|(loss, found)| {
            let weak = Story {
                more: &[("KEYLINE_CRASH_SYNCHRONOUS", "normal")],
                ends_with_cuts: true,
                ..story(ONE, vec![At::Named { name, loss }])
            };
            (weak, found)
        })
    })
    .collect();
    for (weak, found) in &stories {
        let told = live(&hall, 0, weak);
        report(&format!("under NORMAL, {:?}: {:?}", weak.cuts, told.wrong));
        assert_eq!(told.cuts, 1);
        if found.is_empty() {
            assert!(
                told.wrong.is_empty(),
                "a kill alone takes nothing: {:?}",
                told.wrong
            );
        } else {
            let noticed = told.wrong.iter().any(|wrong| wrong.starts_with(found));
            assert!(noticed, "{found} was not noticed: {:?}", told.wrong);
        }
    }
    report(&format!(
        "a weak ledger: {:.1} s",
        since.elapsed().as_secs_f64()
    ));
}

/// Otherwise the search in ordinary builds (`tests/cli.rs`) would find nothing anywhere.
#[test]
fn this_build_has_crash_points() {
    let program = std::fs::read(PROGRAM).unwrap();
    let variable = b"KEYLINE_CRASH_AT";
    assert!(program.windows(variable.len()).any(|text| text == variable));
}
