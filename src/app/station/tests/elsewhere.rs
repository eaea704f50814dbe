//! The printer was exchanged in the configuration while letters were in the old one.

use super::*;
use crate::app::world::When;
use crate::app::world::course;
use crate::domain::event::Happening;
use crate::domain::event::{Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::paper::{Astray, Bagging, Confirm, Outlet, Sheet};

const JOB: JobId = JobId(1);

fn policy() -> Policy {
    Policy {
        confirm: Some(Confirm::Scan),
        bag: Some(Bagging::None),
        ..Policy::default()
    }
}

/// A station stopped while a letter waited for paper, and is about to start with another printer; `prints`: or with none.
async fn letter_in_the_old_printer(prints: bool) -> World {
    let world = World::new();
    world.state().press.prints = true;
    world.state().press.lacks_paper = true;
    let key = world.add_key(KeyState::blank(None));
    world.put(1, key);
    let desk = desk(&world, people(1), policy(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    while board.view().standstill.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    world.take_out(1);
    world.state().press.moved = true;
    world.state().press.prints = prints;
    world
}

/// What a whole run says. It ends by itself, because nothing is left that it could do.
async fn next_run(world: &World) -> Vec<News> {
    let desk = desk(world, Arc::default(), policy(), None);
    let board = Arc::clone(&desk.board);
    let running = tokio::time::timeout(Duration::from_secs(60), desk.run());
    running.await.expect("an end").expect("it ran");
    board.take_news()
}

fn doubts(news: &[News]) -> Vec<(JobId, &str)> {
    let held = news.iter().filter_map(|one| match one {
        News::Held {
            case,
            fault: Fault::DeliveryUncertain,
            why: Some(why),
        } => Some((case.job, why.as_str())),
        _ => None,
    });
    held.collect()
}

fn void_elsewhere(news: &[News]) -> Vec<(&str, &str)> {
    let void = news.iter().filter_map(|one| match one {
        News::VoidElsewhere {
            envelope,
            astray: Astray::Taken { ticket },
        } => Some((envelope.as_str(), &*ticket.printer)),
        News::VoidElsewhere {
            envelope,
            astray: Astray::Perhaps { outlet, .. },
        } => Some((envelope.as_str(), place(outlet))),
        _ => None,
    });
    void.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_in_it_is_a_doubt_that_is_told_and_the_new_one_is_not_asked() {
    for prints in [true, false] {
        let world = letter_in_the_old_printer(prints).await;
        let asked = world.count(Op::Follow) + world.count(Op::WasDelivered);
        let news = next_run(&world).await;
        let told = doubts(&news);
        let [(JOB, why)] = told.as_slice() else {
            panic!("{news:?}");
        };
        for words in [
            "ipp://printer.example/ipp/print",
            "keyline 0 (job 0)",
            "look for it there",
            "cancel it there if it still waits",
        ] {
            assert!(why.contains(words), "{words}: {why}");
        }
        assert_eq!(
            asked,
            world.count(Op::Follow) + world.count(Op::WasDelivered)
        );
        let state = world.enrollment(JOB);
        assert!(matches!(state.sheet(), Some(Sheet::Unknown { .. })));
        assert_eq!(state.held(), Some(&Fault::DeliveryUncertain));
        // It is told once; the job stays held.
        assert_eq!(doubts(&next_run(&world).await), []);
        assert_eq!(world.count(Op::PressDeliver), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_for_another_reason_stays_and_its_letter_is_a_doubt_all_the_same() {
    let world = letter_in_the_old_printer(true).await;
    let hold = Fault::OnHold {
        why: "ask Anna first".to_owned(),
    };
    let fault = hold.clone();
    world.tell(JOB, [Happening::Held { fault }]);
    let news = next_run(&world).await;
    assert_eq!(doubts(&news).len(), 1, "{news:?}");
    let state = world.enrollment(JOB);
    assert!(matches!(state.sheet(), Some(Sheet::Unknown { .. })));
    assert_eq!(state.held(), Some(&hold));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_letter_in_it_is_told_once() {
    for prints in [true, false] {
        let world = letter_in_the_old_printer(prints).await;
        world.tell(JOB, [Happening::Cancelled { credential: None }]);
        // What today's printer says of the name, and whether it says anything, tells nothing.
        world.trick(Op::Waiting, When::Before, away());
        let news = next_run(&world).await;
        let printer = "ipp://printer.example/ipp/print";
        assert_eq!(void_elsewhere(&news), [("0001", printer)], "{news:?}");
        assert_eq!(doubts(&news), []);
        let untold = |one: &News| !matches!(one, News::VoidMayPrint { .. });
        assert!(news.iter().all(untold), "{news:?}");
        assert_eq!(void_elsewhere(&next_run(&world).await), []);
        // With the old one back it is cancelled there.
        world.state().press.moved = false;
        world.state().press.prints = true;
        next_run(&world).await;
        world.state().feed();
        assert_eq!(world.state().press.sheets, []);
    }
}

fn place(outlet: &Outlet) -> &str {
    match outlet {
        Outlet::Printer { uri, .. } => uri,
        Outlet::Folder { path } => path,
    }
}

const LETTER: &str = "482091735525";

/// The power went after a letter was handed over and before the answer was written down. `from` and `to`: whether the station
/// printed then, and whether it does at its next start, elsewhere.
fn cut_on_its_way(from: bool, to: bool) -> (World, Outlet) {
    let world = World::with_jobs(&["anna@contoso.com"]);
    world.state().press.prints = from;
    let mut story = course("123", Step::Register);
    let outlet = world.outlet();
    story.push(Happening::Started {
        step: Step::Deliver,
        intent: Intent::Deliver {
            control: LETTER.to_owned(),
            outlet: Some(outlet.clone()),
        },
    });
    world.tell(JOB, story);
    world.state().press.moved = true;
    world.state().press.prints = to;
    (world, outlet)
}

const MOVES: [(bool, bool); 4] = [(true, true), (true, false), (false, true), (false, false)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_was_cut_off_on_its_way_there_is_a_doubt_and_is_not_made_again() {
    for (from, to) in MOVES {
        let (world, outlet) = cut_on_its_way(from, to);
        let news = next_run(&world).await;
        let told = doubts(&news);
        let [(JOB, why)] = told.as_slice() else {
            panic!("{from} {to}: {news:?}");
        };
        for words in [place(&outlet), LETTER, "look for it there"] {
            assert!(why.contains(words), "{words}: {why}");
        }
        let state = world.enrollment(JOB);
        assert!(matches!(state.sheet(), Some(Sheet::Unknown { .. })));
        assert_eq!(state.held(), Some(&Fault::DeliveryUncertain));
        // The place that was not asked is not asked after a release either.
        world.tell(JOB, [Happening::Released]);
        next_run(&world).await;
        let asked = world.count(Op::Follow) + world.count(Op::WasDelivered);
        assert_eq!((asked, world.count(Op::PressDeliver)), (0, 0));
        assert_eq!(
            world.enrollment(JOB).held(),
            Some(&Fault::DeliveryUncertain)
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_letter_that_was_cut_off_on_its_way_there_is_told_and_not_called_gone() {
    for (from, to) in MOVES {
        let (world, outlet) = cut_on_its_way(from, to);
        world.tell(JOB, [Happening::Cancelled { credential: None }]);
        let news = next_run(&world).await;
        assert_eq!(
            void_elsewhere(&news),
            [("0001", place(&outlet))],
            "{news:?}"
        );
        assert_eq!(void_elsewhere(&next_run(&world).await), []);
        let notes = world.notes("void letter ").expect("notes");
        let gone = notes.iter().filter(|note| note.contains("in no printer"));
        assert_eq!(gone.count(), 0, "{notes:?}");
    }
}

fn away() -> Fault {
    Fault::PrinterAway {
        what: "it does not answer".to_owned(),
    }
}
