//! The whole station with a printer.

use super::*;
use crate::app::admin::{Change, Changed};
use crate::app::board::{Awaited, Standstill};
use crate::app::trail::Deed;
use crate::app::world::SPOOL;
use crate::domain::job::JobId;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::scan;

fn printing(people: usize) -> World {
    let world = World::new();
    world.state().press.prints = true;
    for slot in 1..=people {
        let key = world.add_key(KeyState::blank(None));
        world.put(u16::try_from(slot).expect("few people"), key);
    }
    world
}

fn policy(confirm: Confirm, bag: Bagging) -> Policy {
    Policy {
        confirm: Some(confirm),
        bag: Some(bag),
        ..Policy::default()
    }
}

/// Waits for what somebody at the bench would see.
async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

/// Says the word to all that waits for one. The station answers when it has written it down.
async fn confirm_all(board: &Board, handle: &Handle) {
    for one in board.view().unconfirmed {
        let code = match one.awaited {
            Awaited::Bag { .. } => scan::read(&format!("B-{}", one.case.envelope)),
            Awaited::Letter { control, .. } => scan::read(&control),
        };
        let deed = Deed::Scanned(code.expect("a code"));
        let handle = handle.clone();
        let told = tokio::task::spawn_blocking(move || handle.trail(deed, "4711".to_owned()));
        assert!(matches!(told.await, Ok(Some(Ok(_)))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_letters_come_out_one_after_another() {
    let world = printing(4);
    let policy = policy(Confirm::Device, Bagging::None);
    let desk = desk(&world, people(4), policy, None);
    let summary = desk.run().await.expect("it ran");
    assert_eq!((summary.done, summary.held), (4, Vec::new()));
    let state = world.state();
    assert_eq!(state.broken, Vec::<String>::new());
    assert_eq!(state.press.sheets.len(), 4);
    assert_eq!(state.press.most_at_once, 1, "one job in flight per printer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_until_empty_ends_when_every_bag_and_letter_is_confirmed() {
    let world = printing(4);
    let desk = desk(&world, people(4), Policy::default(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let (mut news, mut rounds) = (Vec::new(), 0);
    // Four bags, and then four letters: each time nothing else is left.
    while rounds < 2 {
        news.extend(board.take_news());
        let view = board.view();
        let only_words = view.unconfirmed.len() == 4
            && news.iter().any(|one| match one {
                News::OnlyWords { letters, .. } => *letters == 4 * rounds,
                _ => false,
            });
        // The counts are taken anew a moment after the news.
        if only_words && view.counts.to_confirm == 4 * rounds {
            assert!(!running.is_finished());
            confirm_all(&board, &handle).await;
            rounds += 1;
        }
        tokio::task::yield_now().await;
    }
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.interrupted), (4, false));
    let (bags, letters) = (4, 4);
    assert!(news.contains(&News::OnlyWords {
        bags,
        letters: 0,
        held: 0
    }));
    assert!(news.contains(&News::OnlyWords {
        bags: 0,
        letters,
        held: 0
    }));
    let finished = board.finished(0);
    assert!(finished.len() == 4 && finished.iter().all(|one| one.slot.is_some()));
    assert_eq!(world.state().press.forgotten.len(), 4);
    assert_eq!(world.state().press.most_at_once, 1);
    assert_eq!(world.state().unsound(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_that_is_told_to_stop_waits_for_no_paper_and_no_person() {
    let world = printing(2);
    world.state().press.lacks_paper = true;
    let policy = policy(Confirm::Scan, Bagging::None);
    let desk = desk(&world, people(2), policy, None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let waits = Standstill::WaitsFor("paper in tray 2".to_owned());
    until(|| board.view().standstill.as_ref() == Some(&waits) && world.count(Op::Post) == 2).await;
    assert!(handle.ask(Request::Stop));
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.interrupted), (0, true));
    assert_eq!(world.count(Op::PressDeliver), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_sheet_waits_for_paper_can_be_changed_by_hand() {
    let world = printing(1);
    world.state().press.lacks_paper = true;
    let policy = policy(Confirm::Scan, Bagging::None);
    let desk = desk(&world, people(1), policy, None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    // The run tells of the printer by itself, and the loop of the counts.
    until(|| board.view().standstill.is_some() && board.view().counts.to_print == 1).await;
    let change = Change::Hold {
        reason: "ask Anna first".to_owned(),
    };
    let asked = handle.clone();
    let answer = tokio::task::spawn_blocking(move || {
        asked.change(JobId(1), change, "administrator".to_owned())
    });
    assert_eq!(answer.await.expect("no panic"), Some(Ok(Changed::Held)));
    // Nothing else is left, and a job on hold is waited for by nobody.
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.held.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sheet_that_is_in_somebodys_hand_is_confirmed_although_the_printer_is_still_asked() {
    let world = printing(1);
    world.state().press.lacks_paper = true;
    let policy = policy(Confirm::Scan, Bagging::None);
    let desk = desk(&world, people(1), policy, None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    until(|| board.view().standstill.is_some()).await;
    let control = world.enrollment(JobId(1)).unconfirmed().map(str::to_owned);
    let code = scan::read(&control.expect("a sheet in the printer"));
    let deed = Deed::Scanned(code.expect("a code"));
    let told = tokio::task::spawn_blocking(move || handle.trail(deed, "4711".to_owned()));
    assert!(matches!(told.await, Ok(Some(Ok(_)))));
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.held), (1, Vec::new()));
    assert_eq!(world.count(Op::PressDeliver), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_outlived_its_confirmation_goes_at_the_next_start() {
    let world = printing(2);
    let scan_only = || policy(Confirm::Scan, Bagging::None);
    let first = desk(&world, people(2), scan_only(), None);
    let (handle, board) = (first.handle(), Arc::clone(&first.board));
    let running = tokio::spawn(first.run());
    until(|| board.view().unconfirmed.len() == 2).await;
    let controls: Vec<_> = {
        let state = world.state();
        let sheets = state.press.sheets.iter();
        sheets.map(|sheet| sheet.control.clone()).collect()
    };
    let deed = Deed::Scanned(scan::read(&controls[0]).expect("a code"));
    let asked = handle.clone();
    let told = tokio::task::spawn_blocking(move || asked.trail(deed, "4711".to_owned()));
    assert!(matches!(told.await, Ok(Some(Ok(_)))));
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");

    // As though the power had gone before the removal.
    let copies: Vec<_> = controls
        .iter()
        .map(|control| ControlNumber::parse(control).expect("a number"))
        .map(|control| (SPOOL.to_owned(), control))
        .collect();
    world.state().press.forgotten.clear();
    world.state().press.kept.clone_from(&copies);
    let next = desk(&world, Arc::new(Folder::default()), scan_only(), None);
    let (handle, running) = (next.handle(), tokio::spawn(next.run()));
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    assert_eq!(world.state().press.forgotten, copies[..1]);
    assert_eq!(world.state().press.kept, copies[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_that_becomes_doubtful_is_told_although_no_slot_shows_it() {
    let world = printing(2);
    world.state().press.lacks_paper = true;
    let policy = policy(Confirm::Scan, Bagging::None);
    let desk = desk(&world, people(2), policy, None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    until(|| board.view().standstill.is_some() && world.count(Op::Post) == 2).await;
    {
        let mut state = world.state();
        state.press.accepted[0].is_known = false;
        state.press.lacks_paper = false;
    }
    let mut news = Vec::new();
    let (bags, letters, held) = (0, 1, 1);
    let only_words = News::OnlyWords {
        bags,
        letters,
        held,
    };
    while !news.contains(&only_words) {
        news.extend(board.take_news());
        tokio::task::yield_now().await;
    }
    let told: Vec<_> = news
        .iter()
        .filter_map(|one| match one {
            News::Held { case, fault, why } => Some((case.job, fault.clone(), why.as_deref())),
            _ => None,
        })
        .collect();
    let lost = world
        .enrollment(JobId(1))
        .held()
        .map_or(JobId(2), |_| JobId(1));
    let why = Some("aborted by the system");
    assert_eq!(told, [(lost, Fault::DeliveryUncertain, why)]);
    assert!(handle.ask(Request::Stop));
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!(summary.held, [Fault::DeliveryUncertain]);
}
