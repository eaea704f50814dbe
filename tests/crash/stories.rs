//! Which histories are lived through.

use std::time::Instant;

use crate::apart::apart;
use crate::client;
use crate::history::{Story, live};
use crate::leg::At;
use crate::many::{Hall, conclude, report};

/// An administrator with a strict policy and an older key: every effect that there is.
const ONE: &[(usize, &str)] = &[(1, "strict")];

fn story(cuts: Vec<At>) -> Story {
    Story {
        people: ONE,
        nameless: false,
        cuts,
        sign_in: false,
        more: &[],
        ends_with_cuts: false,
    }
}

#[test]
fn every_crash_point_by_itself() {
    if !apart("stories::every_crash_point_by_itself") {
        return;
    }
    let signs_in = client::is_here();
    let hall = Hall::new();
    let since = Instant::now();
    let quiet = Story {
        sign_in: signs_in,
        ..story(Vec::new())
    };
    let told = live(&hall, 0, &quiet);
    assert!(told.wrong.is_empty(), "{:?}\n{}", told.wrong, told.evidence);
    let points = told.passed[0].len();
    report(&format!("{points} crash points, {} syncs: {:.1} s", told.syncs[0], since.elapsed().as_secs_f64()));
    for (at, name) in told.passed[0].iter().enumerate() {
        report(&format!("  {} {name}", at + 1));
    }
    let since = Instant::now();
    let stories: Vec<_> = (1..=u64::try_from(points).unwrap())
        .map(|number| story(vec![At::Point { number, power: true }]))
        .collect();
    let told = hall.live_all(&stories);
    conclude("singles", since, &stories, &told);
}
