//! Void letters that still wait in the printer when the station starts, or while it was away.

use super::*;
use crate::app::world::When;
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::paper::{Bagging, Confirm};

fn policy() -> Policy {
    Policy {
        confirm: Some(Confirm::Scan),
        bag: Some(Bagging::None),
        ..Policy::default()
    }
}

fn away() -> Fault {
    Fault::PrinterAway {
        what: "it does not answer".to_owned(),
    }
}

/// A station stopped while a letter waited for paper, and then the row was written that makes it void; the printer was not asked.
async fn cut_before_the_printer_was_asked() -> World {
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
    world.tell(JobId(1), [Happening::Cancelled { credential: None }]);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_start_cancels_it() {
    let world = cut_before_the_printer_was_asked().await;
    let before = world.happenings(JobId(1));
    let next = desk(&world, Arc::default(), policy(), None);
    let board = Arc::clone(&next.board);
    next.run().await.expect("it ran");
    assert_eq!(world.count(Op::TakeBack), 1);
    world.state().feed();
    assert_eq!(world.state().press.sheets, []);
    assert_eq!(world.happenings(JobId(1)), before);
    let void = |news: &News| matches!(news, News::VoidMayPrint { .. } | News::NothingVoidWaits);
    assert!(!board.take_news().iter().any(void));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_tried_until_the_printer_is_back_and_told_once() {
    let world = cut_before_the_printer_was_asked().await;
    for _ in 0..3 {
        world.trick(Op::Waiting, When::Before, away());
    }
    let options = Options {
        until_empty: false,
        ..options()
    };
    let next = world::desk(world.ports(), Arc::default(), policy(), options);
    let (handle, board) = (next.handle(), Arc::clone(&next.board));
    let running = tokio::spawn(next.run());
    let mut news = Vec::new();
    while !news.contains(&News::NothingVoidWaits) {
        news.extend(board.take_news());
        tokio::task::yield_now().await;
    }
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let told = news
        .iter()
        .filter(|news| matches!(news, News::VoidMayPrint { fault } if *fault == away()));
    assert_eq!(told.count(), 1, "{news:?}");
    assert_eq!(world.count(Op::TakeBack), 1);
    world.state().feed();
    assert_eq!(world.state().press.sheets, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_of_a_printer_that_is_away_where_nothing_is_void() {
    let world = World::new();
    world.state().press.prints = true;
    world.trick(Op::Waiting, When::Before, away());
    let desk = desk(&world, Arc::default(), policy(), None);
    let board = Arc::clone(&desk.board);
    desk.run().await.expect("it ran");
    let news = board.take_news();
    assert!(
        !news
            .iter()
            .any(|news| matches!(news, News::VoidMayPrint { .. })),
        "{news:?}"
    );
    // The one that was planned came, so it was asked.
    assert_eq!(world.count(Op::Waiting), 0);
    assert!(world.waiting().is_ok_and(|waiting| waiting.is_empty()));
}

async fn run_with_a_printer_that_is_away(world: &World) -> usize {
    // More often than one run asks.
    for _ in 0..1000 {
        world.trick(Op::Waiting, When::Before, away());
    }
    let desk = desk(world, Arc::default(), policy(), None);
    let board = Arc::clone(&desk.board);
    desk.run().await.expect("it ran");
    // It is back.
    while world.waiting().is_err() {}
    let news = board.take_news();
    let told = |news: &&News| matches!(news, News::VoidMayPrint { .. });
    news.iter().filter(told).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_printer_that_stays_away_one_start_tells_and_the_next_ones_do_not() {
    let world = cut_before_the_printer_was_asked().await;
    for told in [1, 0, 0] {
        assert_eq!(run_with_a_printer_that_is_away(&world).await, told);
        assert_eq!(world.count(Op::TakeBack), 0);
    }
    // It is cancelled all the same, as soon as the printer is there.
    let next = desk(&world, Arc::default(), policy(), None);
    next.run().await.expect("it ran");
    world.state().feed();
    assert_eq!(world.state().press.sheets, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_letters_that_wait_nowhere_no_start_tells() {
    // It was cancelled by an earlier run, or came out before it became void.
    let cancelled = cut_before_the_printer_was_asked().await;
    let next = desk(&cancelled, Arc::default(), policy(), None);
    next.run().await.expect("it ran");
    assert_eq!(cancelled.count(Op::TakeBack), 1);
    let printed = World::new();
    printed.state().press.prints = true;
    let key = printed.add_key(KeyState::blank(None));
    printed.put(1, key);
    let desk = desk(&printed, people(1), policy(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    while board.view().unconfirmed.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    printed.take_out(1);
    printed.tell(JobId(1), [Happening::Cancelled { credential: None }]);
    for world in [cancelled, printed] {
        assert_eq!(run_with_a_printer_that_is_away(&world).await, 0);
    }
}

/// A printer that is away when a letter becomes void is asked as soon as it is back, in the same run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_becomes_void_while_the_printer_is_away_is_cancelled_later() {
    let world = World::new();
    world.state().press.prints = true;
    world.state().press.lacks_paper = true;
    let key = world.add_key(KeyState::blank(None));
    world.put(1, key);
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(1), policy(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    while board.view().standstill.is_none() {
        tokio::task::yield_now().await;
    }
    world.trick(Op::TakeBack, When::Before, away());
    world.trick(Op::Waiting, When::Before, away());
    let deed = crate::app::trail::Deed::Spoiled {
        job: JobId(1),
        reason: "jammed".to_owned(),
        sheet: None,
    };
    let asked = handle.clone();
    let told = tokio::task::spawn_blocking(move || asked.trail(deed, "4711".to_owned()));
    assert!(matches!(told.await, Ok(Some(Ok(_)))));
    let mut news = Vec::new();
    while !news.contains(&News::NothingVoidWaits) {
        news.extend(board.take_news());
        tokio::task::yield_now().await;
    }
    let told = |news: &&News| matches!(news, News::VoidMayPrint { .. });
    assert_eq!(news.iter().filter(told).count(), 1, "{news:?}");
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    world.state().feed();
    assert_eq!(world.state().press.sheets, []);
}
