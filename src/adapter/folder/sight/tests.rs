//! When a file is complete, told by made-up moments.

use super::*;

const SETTLE: Duration = Duration::from_secs(2);

fn stamp(size: u64) -> Stamp {
    Stamp {
        inode: 1,
        size,
        modified: (0, 0),
        links: 1,
        is_file: true,
    }
}

/// The seconds and milliseconds after which a file is taken that looks like `stamp` all the time.
fn taken_after(stamp: Stamp, hint: Option<Hint>) -> Duration {
    let start = Instant::now();
    let mut sights = Sights::default();
    if let Some(hint) = hint {
        sights.hint("a.csv".into(), hint, start);
    }
    let entries = || vec![(OsString::from("a.csv"), stamp)];
    let first = sights.look(entries(), start, SETTLE);
    let Some(wait) = first.next else {
        assert_eq!(first.ready, ["a.csv"]);
        return Duration::ZERO;
    };
    let early = sights.look(entries(), start + wait - Duration::from_millis(1), SETTLE);
    assert_eq!(early.ready, Vec::<OsString>::new());
    let then = sights.look(entries(), start + wait, SETTLE);
    assert_eq!(then.ready, ["a.csv"]);
    wait
}

#[test]
fn a_hint_of_completeness_shortens_the_wait() {
    let second = stamp(0);
    let linked = Stamp {
        links: 2,
        ..stamp(5)
    };
    let folder = Stamp {
        is_file: false,
        ..stamp(5)
    };
    for (stamp, hint, wait) in [
        (stamp(5), Some(Hint::Arrived), Duration::ZERO),
        (stamp(5), Some(Hint::Closed), CLOSED_QUIET),
        (stamp(5), None, SETTLE),
        (stamp(5), Some(Hint::Writing), SETTLE * WRITING_PATIENCE),
        (second, Some(Hint::Closed), SETTLE),
        (linked, Some(Hint::Arrived), SETTLE),
        (folder, Some(Hint::Arrived), SETTLE),
    ] {
        assert_eq!(taken_after(stamp, hint), wait, "{hint:?} {stamp:?}");
    }
}

#[test]
fn a_growing_file_is_not_taken() {
    let start = Instant::now();
    let mut sights = Sights::default();
    for second in 0..10 {
        let now = start + SETTLE * second;
        let look = sights.look(
            vec![("a.csv".into(), stamp(u64::from(second) + 1))],
            now,
            SETTLE,
        );
        assert_eq!(look.ready, Vec::<OsString>::new());
        assert_eq!(look.next, Some(SETTLE));
    }
}

#[test]
fn after_lost_events_no_hint_is_believed() {
    let start = Instant::now();
    let mut sights = Sights::default();
    sights.hint("a.csv".into(), Hint::Writing, start);
    sights.forget_hints();
    let look = sights.look(vec![("a.csv".into(), stamp(5))], start, SETTLE);
    assert_eq!(look.next, Some(SETTLE));
}

#[test]
fn names_in_the_making_are_ignored() {
    for name in [
        ".a.csv",
        "a.csv~",
        "~$a.csv",
        "a.csv.tmp",
        "A.TMP",
        "a.part",
        "a.partial",
        "a.crdownload",
    ] {
        assert!(is_ignored(OsStr::new(name)), "{name}");
    }
    for name in ["a.csv", "tmp.csv", "part", "a.tmp.csv"] {
        assert!(!is_ignored(OsStr::new(name)), "{name}");
    }
}
