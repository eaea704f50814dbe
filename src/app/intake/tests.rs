//! Files in: admitted once, whatever is repeated; and what a row must have for its policy.

use std::collections::BTreeMap;

use super::*;
use crate::app::world::{Folder, Op, When, World, course, file_of, request};
use crate::domain::authenticator::Serial;
use crate::domain::custody::Fate;
use crate::domain::event::{Happening, Step};
use crate::domain::job::{Draft, JobId, Request, Role};
use crate::domain::pin::Pin;
use crate::domain::policy::{Address, Policy, ResetMode};
use crate::port::Ledger;

fn draft(line: u32, user: &str) -> Draft {
    Draft {
        line,
        request: request(user),
        pin: None,
        current_pin: None,
    }
}

struct Way {
    world: World,
    folder: Arc<Folder>,
    intake: Intake,
}

impl Way {
    /// What a round took, or what failed in it.
    fn collect(&self, actor: &str) -> Result<Vec<Taken>, Fault> {
        let (taken, fault) = self.intake.collect(actor);
        fault.map_or(Ok(taken), Err)
    }
}

fn policies() -> Policies {
    let specified = Policy {
        reset: ResetMode::Specified,
        min_pin_length: Some(6),
        ..Policy::default()
    };
    let post = Policy {
        address: Address::Required,
        ..Policy::default()
    };
    Policies {
        by_name: BTreeMap::from([
            ("standard".to_owned(), Policy::default()),
            ("specified".to_owned(), specified),
            ("post".to_owned(), post),
        ]),
        default_name: "standard".to_owned(),
        default_language: "en".to_owned(),
    }
}

fn way(habits: Habits) -> Way {
    over(World::new(), Arc::default(), habits)
}

/// A fresh start of the program over what is there.
fn over(world: World, folder: Arc<Folder>, habits: Habits) -> Way {
    let intake = Intake::new(
        folder.clone(),
        Arc::new(world.clone()),
        Arc::new(world.clone()),
        Arc::new(policies()),
        vec!["en".to_owned()],
        habits,
    );
    Way {
        world,
        folder,
        intake,
    }
}

fn users(world: &World) -> Vec<String> {
    let jobs = world.jobs(None).expect("the ledger answers");
    jobs.into_iter()
        .map(|record| record.job.request.user)
        .collect()
}

#[test]
fn a_good_file_is_admitted_and_then_moved_on() {
    let way = way(Habits::default());
    way.folder.drop_file("may.csv", 1, || {
        file_of(
            "may",
            vec![draft(2, "a@contoso.com"), draft(3, "b@contoso.com")],
        )
    });
    let (file, jobs) = ("may.csv".to_owned(), 2);
    assert_eq!(way.collect("B-7"), Ok(vec![Taken::Admitted { file, jobs }]));
    assert_eq!(users(&way.world), ["a@contoso.com", "b@contoso.com"]);
    assert!(matches!(
        &way.folder.finished()[..],
        [(_, Outcome::Done { .. })]
    ));
    assert_eq!(way.collect("B-7"), Ok(Vec::new()));
}

#[test]
fn a_cut_between_admission_and_move_admits_nobody_twice() {
    let way = way(Habits::default());
    way.folder.drop_file("may.csv", 1, || {
        file_of("may", vec![draft(2, "a@contoso.com")])
    });
    way.folder.fail_to_finish(1);
    assert!(way.collect("B-7").is_err());
    let again = over(way.world, way.folder, Habits::default());
    assert!(again.collect("B-7").is_ok());
    assert_eq!(users(&again.world).len(), 1);
    assert_eq!(again.folder.finished().len(), 1);
}

#[test]
fn a_folder_that_failed_once_is_made_good_without_a_restart() {
    let way = way(Habits::default());
    for (name, content, user) in [("a.csv", 1, "a@contoso.com"), ("b.csv", 2, "b@contoso.com")] {
        way.folder
            .drop_file(name, content, move || file_of(name, vec![draft(2, user)]));
    }
    way.folder.fail_to_finish(1);
    assert!(matches!(way.collect("B-7"), Err(Fault::Folder { .. })));
    assert_eq!(
        users(&way.world).len(),
        2,
        "the second file is not kept waiting"
    );
    assert!(way.collect("B-7").is_ok());
    assert_eq!(way.folder.finished().len(), 2);
    assert_eq!(users(&way.world).len(), 2);
}

#[test]
fn a_ledger_that_fails_leaves_the_file_claimed_and_takes_it_at_the_next_look() {
    let way = way(Habits::default());
    way.folder.drop_file("may.csv", 1, || {
        file_of("may", vec![draft(2, "a@contoso.com")])
    });
    let what = "the disk is full".to_owned();
    way.world
        .trick(Op::Admit, When::Before, Fault::Ledger { what });
    assert!(way.collect("B-7").is_err());
    assert!(way.folder.finished().is_empty());
    assert!(way.collect("B-7").is_ok());
    assert_eq!(users(&way.world).len(), 1);
}

#[test]
fn the_same_content_again_is_held_with_a_reason() {
    let way = way(Habits::default());
    for name in ["may.csv", "copy.csv"] {
        way.folder
            .drop_file(name, 1, || file_of("may", vec![draft(2, "a@contoso.com")]));
    }
    // The second file names the same person, so it is its content that is looked at.
    let habits = Habits {
        already_enrolled: AlreadyEnrolled::Replace,
        ..Habits::default()
    };
    let way = over(way.world, way.folder, habits);
    let taken = way.collect("B-7").expect("both are read");
    assert!(matches!(&taken[1], Taken::Held { why, .. } if why.contains("`may`")));
    assert_eq!(users(&way.world).len(), 1);
}

/// What is said of one row under this policy.
fn objections_to(policy: &str, change: impl Fn(&mut Draft)) -> Vec<String> {
    let mut row = draft(2, "a@contoso.com");
    row.request.policy = policy.to_owned();
    change(&mut row);
    let file = file_of("may", vec![row]);
    let bad = objections(
        file,
        &policies(),
        Habits::default(),
        &World::new(),
        &mut |_, _| Ok(None),
    );
    let bad = bad.expect("the ledger answers");
    bad.into_iter()
        .map(|bad| {
            format!(
                "{}: {} {}",
                bad.column.unwrap_or_default(),
                bad.message,
                bad.hint
            )
        })
        .collect()
}

fn pin(text: &str) -> Option<Pin> {
    Some(Pin::new(text).expect("a PIN"))
}

#[test]
fn a_row_must_have_what_its_policy_needs_and_nothing_that_it_forbids() {
    assert!(objections_to("standard", |_| {}).is_empty());
    assert!(objections_to("specified", |row| row.pin = pin("739154")).is_empty());
    for (bad, column) in [
        (objections_to("specified", |_| {}), "pin"),
        (
            objections_to("specified", |row| row.pin = pin("123456")),
            "pin",
        ),
        (
            objections_to("specified", |row| row.pin = pin("7391")),
            "pin",
        ),
        (
            objections_to("standard", |row| row.pin = pin("739154")),
            "pin",
        ),
        (
            objections_to("standard", |row| row.current_pin = pin("739154")),
            "current_pin",
        ),
        (objections_to("post", |_| {}), "address"),
    ] {
        assert_eq!(bad.len(), 1, "{bad:?}");
        assert!(bad[0].starts_with(&format!("{column}: ")), "{bad:?}");
        assert!(
            !bad[0].contains("123456") && !bad[0].contains("7391"),
            "{bad:?}"
        );
    }
}

fn mixed() -> JobFile {
    let mut bad = draft(3, "b@contoso.com");
    bad.request.policy = "post".to_owned();
    file_of("may", vec![draft(2, "a@contoso.com"), bad])
}

#[test]
fn one_bad_row_rejects_the_file_or_waits_alone_as_configured() {
    let strict = way(Habits::default());
    strict.folder.drop_file("may.csv", 1, mixed);
    let taken = strict.collect("B-7").expect("it is read");
    assert!(matches!(taken[..], [Taken::Rejected { reasons: 1, .. }]));
    assert!(users(&strict.world).is_empty());

    let lenient = way(Habits {
        bad_rows: BadRows::HoldRows,
        ..Habits::default()
    });
    lenient.folder.drop_file("may.csv", 1, mixed);
    let taken = lenient.collect("B-7").expect("it is read");
    assert!(matches!(taken[..], [Taken::Admitted { jobs: 1, .. }]));
    assert_eq!(users(&lenient.world), ["a@contoso.com"]);
    assert!(matches!(
        &lenient.folder.finished()[..],
        [(_, Outcome::Done { bad_rows, .. })] if bad_rows.len() == 1
    ));
}

/// A person with a key comes again under this habit.
fn again(already_enrolled: AlreadyEnrolled, change: fn(&mut Request)) -> Way {
    let way = way(Habits {
        already_enrolled,
        ..Habits::default()
    });
    way.world.add_job(request("a@contoso.com"));
    way.folder.drop_file("may.csv", 1, move || {
        let mut row = draft(2, "A@contoso.com");
        change(&mut row.request);
        file_of("may", vec![row, draft(3, "b@contoso.com")])
    });
    way.collect("B-7").expect("it is read");
    way
}

#[test]
fn a_person_who_has_a_key_already_is_held_skipped_or_replaced_as_configured() {
    let open = |way: &Way| way.world.open_jobs().expect("the ledger answers");
    let held = open(&again(AlreadyEnrolled::Hold, |_| {}));
    assert_eq!(held.len(), 3);
    assert!(matches!(&held[1].held, Some(Fault::OnHold { why }) if why.contains("0001")));
    assert!(held[2].held.is_none());
    let skipped = open(&again(AlreadyEnrolled::Skip, |_| {}));
    assert_eq!(skipped.len(), 2);
    let replaced = open(&again(AlreadyEnrolled::Replace, |_| {}));
    assert!(replaced[1].job.request.replace && replaced[1].held.is_none());
}

#[test]
fn a_backup_key_or_an_asked_for_replacement_is_no_second_key() {
    let changes: [fn(&mut Request); 2] = [|row| row.role = Role::Backup, |row| row.replace = true];
    for change in changes {
        let way = again(AlreadyEnrolled::Hold, change);
        let open = way.world.open_jobs().expect("the ledger answers");
        assert!(open.iter().all(|record| record.held.is_none()));
    }
}

/// A row that asks for the key with this number, after what was told of job 1, whose key it is.
fn asks_for_a_key(more: Option<Fate>, user: &str, replace: bool) -> Option<Fault> {
    let way = way(Habits::default());
    way.world.add_job(request("a@contoso.com"));
    way.world.tell(JobId(1), course("123", Step::Deliver));
    way.world.tell(
        JobId(1),
        more.map(|fate| Happening::Retired {
            fate,
            reason: "left".to_owned(),
        }),
    );
    let mut row = draft(2, user);
    row.request.serial = Serial::new("123");
    row.request.replace = replace;
    let row = Mutex::new(Some(row));
    way.folder.drop_file("may.csv", 1, move || {
        let row = row.lock().expect("nobody panicked").take();
        file_of("may", row.into_iter().collect())
    });
    way.collect("B-7").expect("it is read");
    let open = way.world.open_jobs().expect("the ledger answers");
    let [record] = open.as_slice() else {
        panic!("{open:?}");
    };
    record.held.clone()
}

/// Without it the job would wait for that key for ever: every slot refuses it.
#[test]
fn a_row_that_wants_somebody_elses_key_is_held_from_the_start() {
    for (more, user, replace) in [
        (None, "b@contoso.com", false),
        (None, "b@contoso.com", true),
        (Some(Fate::Lost), "b@contoso.com", true),
        (Some(Fate::Scrapped), "a@contoso.com", true),
    ] {
        let held = asks_for_a_key(more, user, replace);
        let Some(Fault::OnHold { why }) = held else {
            panic!("{more:?} {user} {replace}: {held:?}");
        };
        assert!(why.contains("123") && why.contains("0001"), "{why}");
        assert_eq!(why.contains("lost"), more == Some(Fate::Lost), "{why}");
    }
    for (more, user, replace) in [
        (None, "A@contoso.com", true),
        (Some(Fate::Returned), "b@contoso.com", false),
    ] {
        assert_eq!(asks_for_a_key(more, user, replace), None);
    }
}

#[test]
fn a_key_that_is_not_its_persons_any_more_is_no_first_key() {
    let way = way(Habits {
        already_enrolled: AlreadyEnrolled::Hold,
        ..Habits::default()
    });
    way.world.add_job(request("a@contoso.com"));
    way.world.tell(JobId(1), course("123", Step::Deliver));
    let lost = Happening::Retired {
        fate: Fate::Lost,
        reason: "stolen".to_owned(),
    };
    way.world.tell(JobId(1), [lost]);
    let rows = || file_of("may", vec![draft(2, "a@contoso.com")]);
    way.folder.drop_file("may.csv", 1, rows);
    way.collect("B-7").expect("it is read");
    let open = way.world.open_jobs().expect("the ledger answers");
    assert_eq!(open.len(), 1);
    assert!(open.iter().all(|record| record.held.is_none()));
}
