//! The same histories with a printer in them: letters are printed by `ippeveprinter`, sheets and bags are scanned, and besides the
//! station the printer fails. In the end each person has one good sheet, no PIN came out twice, and every doubt was asked.

use std::time::Instant;

use crate::apart::apart;
use crate::clerk::Manner;
use crate::forgetful::Loss;
use crate::history::{Paper, Story, Told, live};
use crate::home::Person;
use crate::leg::At;
use crate::many::{Hall, conclude, report};
use crate::printing::unavailable;
use crate::seed::Seed;
use crate::stories::{story, with_sign_ins};
use crate::tray::Mischief;

const ONE: &[Person] = &[(1, "strict")];
const TWO: &[Person] = &[(1, "strict"), (6, "standard")];

/// How many histories with two cuts are drawn.
const PAIRS: usize = 16;
/// No run comes so far.
const NEVER: At = At::Point {
    number: u64::MAX,
    loss: None,
};

/// All goes well at the printer.
const FINE: Paper = Paper {
    mischief: Mischief::None,
    manner: Manner {
        eager: false,
        tears_first: false,
    },
    trusts_what_it_finds: true,
};

const MISCHIEFS: [Mischief; 5] = [
    Mischief::OutOfPaper,
    Mischief::ForgetsAndPrints,
    Mischief::ForgetsAndPrintsLate,
    Mischief::GivesUp { with_sheet: true },
    Mischief::GivesUp { with_sheet: false },
];

fn printed(people: &'static [Person], cuts: Vec<At>, paper: Paper) -> Story {
    Story {
        paper: Some(paper),
        ..story(people, cuts)
    }
}

/// Nothing is cut. Tells what there is to cut at.
fn quiet(hall: &Hall, people: &'static [Person], paper: Paper) -> Told {
    let since = Instant::now();
    let stories = [printed(people, Vec::new(), paper)];
    let told = [live(hall, 0, &stories[0])];
    conclude("undisturbed, printed", since, &stories, &told);
    let [told] = told;
    told
}

/// The number of the first crash point of a run after the last one of a key, and of the last one.
fn way_of_the_paper(passed: &[String]) -> std::ops::RangeInclusive<u64> {
    let keys = passed
        .iter()
        .rposition(|name| name.starts_with("after key."));
    let first = keys.expect("a key") + 2;
    u64::try_from(first).unwrap()..=u64::try_from(passed.len()).unwrap()
}

/// A hall, where there are cards and printers.
fn hall(test: &str) -> Option<Hall> {
    (apart(test) && unavailable().is_none()).then(Hall::new)
}

/// Half of the cuts leave the power on. Each is had both ways, though not in one run.
fn loss(hall: &Hall, chance: &mut Seed) -> Option<Loss> {
    (chance.up_to(2) == 1 && hall.forgetful).then_some(Loss::All)
}

/// Chance for one test, whose number is printed.
fn chance() -> Seed {
    let (chance, seed) = Seed::take();
    report(&format!("KEYLINE_TEST_SEED={seed}"));
    chance
}

#[test]
fn every_crash_point_from_the_bag_to_the_envelope() {
    let Some(hall) = hall("paper::every_crash_point_from_the_bag_to_the_envelope") else {
        return;
    };
    let quiet = quiet(&hall, ONE, FINE);
    let points = way_of_the_paper(&quiet.passed[0]);
    let names = &quiet.passed[0][usize::try_from(points.start() - 1).unwrap()..];
    report(&format!("on the way of the paper: {}", names.join(", ")));
    for name in [
        "before press.deliver",
        "after press.deliver",
        "after press.forget",
    ] {
        assert!(names.iter().any(|passed| passed == name), "{name}");
    }
    let mut chance = chance();
    let since = Instant::now();
    let stories = points.map(|number| {
        let loss = loss(&hall, &mut chance);
        let manner = Manner {
            eager: chance.up_to(3) == 1,
            tears_first: false,
        };
        let cut = At::Point { number, loss };
        printed(ONE, vec![cut], Paper { manner, ..FINE })
    });
    let stories = with_sign_ins(stories.collect());
    let told = hall.live_all(&stories);
    conclude("every crash point of the paper", since, &stories, &told);
    // Hands that scan on sight make a few points more or fewer; most are reached all the same.
    let cut = told.iter().filter(|one| one.cuts == 1).count();
    assert!(
        cut * 10 >= stories.len() * 9,
        "{cut} of {} cuts",
        stories.len()
    );
}

#[test]
fn the_station_is_cut_down_while_the_printer_fails() {
    let Some(hall) = hall("paper::the_station_is_cut_down_while_the_printer_fails") else {
        return;
    };
    let since = Instant::now();
    let names = [
        None,
        Some("before press.deliver"),
        Some("after press.deliver"),
    ];
    let mut chance = chance();
    let stories = MISCHIEFS
        .into_iter()
        .flat_map(|mischief| names.map(|name| (mischief, name)));
    let stories = stories.map(|(mischief, name)| {
        let loss = loss(&hall, &mut chance);
        let cut = name.map(|name| At::Named { name, loss });
        let paper = Paper {
            mischief,
            trusts_what_it_finds: chance.up_to(2) == 1,
            manner: Manner {
                eager: chance.up_to(3) == 1,
                tears_first: false,
            },
        };
        printed(ONE, cut.into_iter().collect(), paper)
    });
    let stories: Vec<_> = stories.collect();
    let stories = with_sign_ins(stories);
    let told = hall.live_all(&stories);
    conclude("while the printer fails", since, &stories, &told);
    for (story, one) in stories.iter().zip(&told) {
        assert_eq!(one.cuts, story.cuts.len(), "{story:?}");
        // Nobody can tell what became of a job that the printer has forgotten, or given up. Whoever scans on sight is not asked.
        let paper = story.paper.expect("a printer");
        if story.cuts.is_empty() && !paper.manner.eager {
            let harmless = paper.mischief.is_harmless();
            assert_eq!(one.decisions.is_empty(), harmless, "{story:?}");
        }
    }
}

/// A torn sheet is void, and the same key gets another PIN and another sheet: cut at every second effect of that, or at the others.
#[test]
fn crash_points_of_a_letter_that_is_made_anew() {
    let Some(hall) = hall("paper::crash_points_of_a_letter_that_is_made_anew") else {
        return;
    };
    let torn = Paper {
        manner: Manner {
            eager: false,
            tears_first: true,
        },
        ..FINE
    };
    let quiet = quiet(&hall, ONE, torn);
    assert_eq!((quiet.starts, quiet.sheets), (2, 2));
    let points = u64::try_from(quiet.passed[1].len()).unwrap();
    let mut chance = chance();
    let since = Instant::now();
    let first = chance.up_to(2);
    let stories = (first..=points).step_by(2).map(|number| {
        let loss = loss(&hall, &mut chance);
        printed(ONE, vec![NEVER, At::Point { number, loss }], torn)
    });
    let stories = with_sign_ins(stories.collect());
    let told = hall.live_all(&stories);
    conclude("crash points of a reissue", since, &stories, &told);
}

#[test]
fn pairs_of_cuts_with_two_people_and_a_printer() {
    let Some(hall) = hall("paper::pairs_of_cuts_with_two_people_and_a_printer") else {
        return;
    };
    let quiet = quiet(&hall, TWO, FINE);
    let points = u64::try_from(quiet.passed[0].len()).unwrap();
    let mut chance = chance();
    let since = Instant::now();
    // Most of them where paper is about; the first letter may come out while the second key is still worked on.
    let paper = points / 2;
    let stories = (0..PAIRS).map(|_| {
        let first = cut(&mut chance, paper, points - paper, hall.forgetful);
        let second = cut(&mut chance, 0, points - paper, hall.forgetful);
        let kinds = u64::try_from(MISCHIEFS.len()).unwrap();
        let drawn = usize::try_from(chance.up_to(kinds * 2)).unwrap();
        let story = printed(
            TWO,
            vec![first, second],
            Paper {
                mischief: *MISCHIEFS.get(drawn - 1).unwrap_or(&Mischief::None),
                manner: Manner {
                    eager: chance.up_to(2) == 1,
                    tears_first: chance.up_to(4) == 1,
                },
                trusts_what_it_finds: chance.up_to(3) > 1,
            },
        );
        Story {
            reply_lost: chance.up_to(4) == 1,
            ..story
        }
    });
    let stories = with_sign_ins(stories.collect());
    let told = hall.live_all(&stories);
    conclude("pairs of cuts, printed", since, &stories, &told);
}

fn cut(chance: &mut Seed, after: u64, points: u64, forgetful: bool) -> At {
    let loss = match chance.up_to(3) {
        1 => None,
        2 => Some(Loss::All),
        _ => Some(Loss::Chance(chance.up_to(u64::MAX))),
    };
    At::Point {
        number: after + chance.up_to(points),
        loss: loss.filter(|_| forgetful),
    }
}
