//! What the papers say of journals in which everything happened that can happen to a sheet.

use super::*;
use crate::app::world::{World, began, done, request, started};
use crate::domain::event::{Evidence, Intent};
use crate::domain::job::Request;
use crate::domain::paper::{Confirm, Sheet, Ticket};

const BATCH: &str = "onboarding";

fn submit(control: &str) -> Happening {
    Happening::Started {
        step: Step::Deliver,
        intent: Intent::Deliver {
            control: control.to_owned(),
            outlet: None,
        },
    }
}

fn accepted(control: &str) -> Happening {
    let ticket = Ticket {
        printer: "ipp://localhost/p".to_owned(),
        job: 7,
        uuid: None,
        name: control.to_owned(),
    };
    Happening::Printed {
        control: control.to_owned(),
        sheet: Sheet::Accepted { ticket },
    }
}

fn told(control: &str, sheet: Sheet) -> Happening {
    Happening::Printed {
        control: control.to_owned(),
        sheet,
    }
}

fn confirm(control: &str) -> Happening {
    Happening::Done {
        step: Step::Deliver,
        evidence: Evidence::Delivered {
            control: control.to_owned(),
            target: "the printer".to_owned(),
            confirmed: Some(Confirm::Scan),
        },
    }
}

fn spoil(control: &str) -> Happening {
    Happening::Spoiled {
        control: control.to_owned(),
        reason: "torn".to_owned(),
    }
}

/// A key with everything but its letter.
fn before_letter(serial: &str) -> Vec<Happening> {
    let mut course = vec![began(serial)];
    for step in [
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::Register,
    ] {
        course.extend([started(step), done(step)]);
    }
    course
}

fn world(people: usize) -> World {
    let world = World::new();
    for number in 1..=people {
        world.add_job(Request {
            name: Some(format!("Person {number}")),
            ..request(&format!("p{number}@contoso.com"))
        });
    }
    world
}

fn batch(world: &World) -> Batch {
    gather(world, &BatchName(BATCH.to_owned()))
        .expect("it can be read")
        .expect("the batch is there")
}

/// Job by job: confirmed; spoiled afterwards; spoiled before and reissued; in doubt; at the printer; certainly not printed and
/// drawn anew; cancelled with a sheet; waiting for a key.
fn everything() -> World {
    let world = world(8);
    let tell = |job: i64, end: &[Happening]| {
        let serial = format!("1000004{job}");
        let course = before_letter(&serial).into_iter();
        world.tell(JobId(job), course.chain(end.iter().cloned()));
    };
    let on_paper = |control: &str| {
        [
            submit(control),
            accepted(control),
            told(control, Sheet::OnPaper),
        ]
    };
    let [a, b, c] = on_paper("2222");
    tell(2, &[a, b, c, confirm("2222"), spoil("2222")]);
    let [a, b, c] = on_paper("1111");
    tell(1, &[a, b, c, confirm("1111")]);
    let [a, b, c] = on_paper("3333");
    let reissued = Happening::Reissued {
        reason: "torn".to_owned(),
        void: None,
    };
    tell(3, &[a, b, c, spoil("3333"), reissued]);
    let unknown = Sheet::Unknown {
        why: "its record vanished".to_owned(),
    };
    let held = Happening::Held {
        fault: Fault::DeliveryUncertain,
    };
    tell(
        4,
        &[
            submit("4444"),
            accepted("4444"),
            told("4444", unknown),
            held,
        ],
    );
    tell(5, &[submit("5555"), accepted("5555")]);
    let failed = Happening::NotDone {
        step: Step::Deliver,
        fault: Fault::Interrupted,
    };
    tell(
        6,
        &[submit("6666"), failed, submit("6667"), accepted("6667")],
    );
    let cancelled = Happening::Cancelled { credential: None };
    tell(7, &[submit("7777"), accepted("7777"), cancelled]);
    world
}

#[test]
fn every_drawn_number_is_somewhere() {
    let batch = batch(&everything());
    let fates: Vec<(&str, &Fate)> = batch
        .items
        .iter()
        .flat_map(|item| &item.sheets)
        .map(|sheet| (sheet.control.as_str(), &sheet.fate))
        .collect();
    let spoiled = |confirmed| Fate::Void {
        why: Void::Spoiled {
            reason: "torn".to_owned(),
            confirmed,
        },
    };
    assert_eq!(
        fates,
        [
            (
                "1111",
                &Fate::Confirmed {
                    how: Some(Confirm::Scan)
                }
            ),
            ("2222", &spoiled(true)),
            ("3333", &spoiled(false)),
            (
                "4444",
                &Fate::Unknown {
                    why: Some("its record vanished".to_owned())
                }
            ),
            ("5555", &Fate::Waiting),
            ("6666", &Fate::NeverPrinted),
            ("6667", &Fate::Waiting),
            (
                "7777",
                &Fate::Void {
                    why: Void::Cancelled
                }
            ),
        ]
    );
    let count = batch.count();
    let expected = Count {
        drawn: 8,
        confirmed: 1,
        void: 3,
        unknown: 1,
        waiting: 2,
        never_printed: 1,
    };
    assert_eq!(count, expected);
    let parts = [
        count.confirmed,
        count.void,
        count.unknown,
        count.waiting,
        count.never_printed,
    ];
    assert_eq!(parts.iter().sum::<usize>(), count.drawn);
}

#[test]
fn the_hand_takes_sheets_as_they_came_out_and_the_rest_in_order() {
    let batch = batch(&everything());
    let order: Vec<i64> = batch.by_hand().iter().map(|item| item.job.0).collect();
    // The second letter was drawn first; the last job has not begun.
    assert_eq!(order, [2, 1, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn what_a_job_waits_for_and_which_key_it_has_is_told() {
    let batch = batch(&everything());
    let next: Vec<Option<Next>> = batch.items.iter().map(|item| item.next).collect();
    assert_eq!(
        next,
        [
            None,
            None,
            Some(Next::Key),
            None,
            Some(Next::Step(Step::Deliver)),
            Some(Next::Step(Step::Deliver)),
            None,
            None
        ]
    );
    let serials: Vec<Option<&str>> = batch
        .items
        .iter()
        .map(|item| item.key.as_ref()?.serial_ending.as_deref())
        .collect();
    assert_eq!(
        serials,
        [
            Some("0041"),
            Some("0042"),
            Some("0043"),
            Some("0044"),
            Some("0045"),
            Some("0046"),
            None,
            None
        ]
    );
    let letters: Vec<bool> = batch.items.iter().map(Item::has_letter).collect();
    assert_eq!(letters.iter().filter(|has| **has).count(), 1);
    assert_eq!(batch.missing(), []);
}

#[test]
fn a_hole_in_the_sequence_is_found_in_each_file() {
    let mut batch = batch(&world(5));
    batch.items.remove(2);
    batch.items.truncate(3);
    let mut again = batch.items.clone();
    for item in &mut again {
        item.file = 2;
    }
    again.remove(0);
    batch.items.extend(again);
    assert_eq!(batch.missing(), [(1, 3), (2, 1), (2, 3)]);
}

#[test]
fn an_unknown_batch_is_none() {
    let none = gather(&world(1), &BatchName("x".to_owned()));
    assert_eq!(none, Ok(None));
}

#[test]
fn a_bag_and_what_left_the_bench_have_their_moments() {
    let world = world(1);
    let Happening::Began { binding, mut plan } = began("10000042") else {
        panic!("it begins");
    };
    plan.steps.insert(4, Step::Bag);
    let mut course = vec![Happening::Began { binding, plan }];
    course.extend(before_letter("10000042").into_iter().skip(1));
    course.extend([
        Happening::Bagged,
        submit("1111"),
        accepted("1111"),
        confirm("1111"),
    ]);
    course.extend(
        [
            Leaving::LetterEnveloped,
            Leaving::BagDispatched,
            Leaving::LetterDispatched,
        ]
        .map(|what| Happening::Left { what }),
    );
    world.tell(JobId(1), course);
    let batch = batch(&world);
    let [item] = batch.items.as_slice() else {
        panic!("one job");
    };
    for moment in [
        item.bagged,
        item.letter_enveloped,
        item.bag_dispatched,
        item.letter_dispatched,
    ] {
        assert!(moment.is_some(), "{item:?}");
    }
}
