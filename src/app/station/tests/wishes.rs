//! What people at the bench ask of the station beside their keys.

use super::*;
use crate::app::admin::Unchanged;
use crate::app::board::View;
use crate::app::station::Said;
use crate::app::station::offers::{AtBench, Offer, Offered};
use crate::app::trail::Refusal;
use crate::domain::job::JobId;
use crate::domain::station::signal::Question;

/// Waits until the board shows what is looked for.
async fn until(board: &Board, what: &str, seen: impl Fn(&View) -> bool) -> View {
    let patience = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let view = board.view();
        if seen(&view) {
            return view;
        }
        assert!(std::time::Instant::now() < patience, "{what}: {view:?}");
        tokio::task::yield_now().await;
    }
}

fn asks(view: &View) -> bool {
    view.slots.values().any(|slot| {
        let question = Question::WipeUsedKey;
        matches!(&slot.state, SlotState::Asking { job: JobId(1), question: stands, .. } if *stands == question)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_for_the_question_with_its_number_alone() {
    let world = World::new();
    let key = world.add_key(KeyState::used(None, "739154"));
    world.put(1, key);
    let desk = desk(&world, people(1), Policy::default(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let view = until(&board, "the question", asks).await;
    assert_eq!(view.upcoming, [], "nobody else waits");
    let SlotState::Asking { asked, .. } = view.slots[&Slot(1)].state else {
        panic!("it asks");
    };
    let answer = |slot, asked, yes| {
        let slot = Slot(slot);
        handle.answer(Said { slot, asked, yes }, "console:ines".to_owned())
    };
    // Other questions, and so none of this slot's.
    assert_eq!(answer(1, asked + 1, true), Some(false));
    assert_eq!(answer(1, 0, true), Some(false));
    assert_eq!(answer(2, asked, true), Some(false));
    assert_eq!(answer(1, asked, false), Some(true));
    // The second press of a double click.
    assert_eq!(answer(1, asked, true), Some(false));
    let refused = |view: &View| {
        let fault = Fault::KeyUsed;
        view.slots[&Slot(1)].state == SlotState::Refused { fault }
    };
    until(&board, "the refusal", refused).await;
    assert_eq!(world.count(Op::Reset), 0, "the key is as it was");
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let notes = world.state().ledger.notes.clone();
    let said = notes.iter().filter(|(_, what)| what.contains("used"));
    let said: Vec<String> = said.map(|(who, what)| format!("{who}: {what}")).collect();
    assert_eq!(
        said,
        ["console:ines: slot 1: wipe the used key: no (job 1)"],
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_line_takes_no_new_key_until_it_goes_on() {
    let world = World::new();
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(1), Policy::default(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let pause = |paused| {
        handle.ask(Request::Pause {
            paused,
            actor: "console:ines".to_owned(),
        })
    };
    pause(true);
    let key = world.add_key(KeyState::blank(None));
    world.put(1, key);
    let running = tokio::spawn(desk.run());
    let lies = |view: &View| {
        let slot = view.slots.get(&Slot(1));
        let reads_on = slot.is_none_or(|slot| slot.state != SlotState::NoJob);
        view.paused && view.upcoming.len() == 1 && !reads_on
    };
    let view = until(&board, "the key", lies).await;
    assert!(view.keys.contains_key(&Slot(1)), "it was read");
    assert_eq!(world.count(Op::Reset), 0);
    pause(false);
    until(&board, "the key to be done", |view| view.counts.done == 1).await;
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let told: Vec<News> = board.take_news();
    let paused = |paused| News::Paused {
        actor: "console:ines".to_owned(),
        paused,
    };
    assert!(told.contains(&paused(true)) && told.contains(&paused(false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_for_help_stands_until_somebody_came() {
    let world = World::new();
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(0), Policy::default(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let slot = Some(Slot(2));
    let call = |wanted, actor: &str| {
        handle.ask(Request::Help {
            slot,
            wanted,
            actor: actor.to_owned(),
        })
    };
    call(true, "console:ines");
    call(true, "console:omar");
    let view = until(&board, "the call", |view| !view.calls.is_empty()).await;
    assert_eq!(view.calls[&slot].by, "console:ines", "the first one stands");
    call(false, "console:omar");
    until(&board, "help", |view| view.calls.is_empty()).await;
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let told = board.take_news();
    let calls = told.iter().filter(|one| matches!(one, News::Help { .. }));
    assert_eq!(calls.count(), 1, "{told:?}");
}

/// Whatever a browser sends: what no card offers is not done, and what one offers is done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_the_bench_offers_is_done_for_whoever_stands_there() {
    let world = World::new();
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(3), Policy::default(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let view = until(&board, "the jobs", |view| view.upcoming.len() == 3).await;
    let jobs: Vec<JobId> = view.upcoming.iter().map(|case| case.job).collect();
    let try_out = |slot: Option<u16>, job, offer| {
        let slot = slot.map(Slot);
        let came = handle.at_bench(Offered { slot, job, offer }, "console:ines".to_owned());
        match came.expect("a station") {
            AtBench::Changed(Err(Unchanged::NotOffered))
            | AtBench::Acted(Err(Refusal::NotOffered)) => false,
            AtBench::Changed(Ok(_)) | AtBench::Acted(Ok(_)) => true,
            other => panic!("{other:?}"),
        }
    };
    let offers = [
        Offer::Skip,
        Offer::Another,
        Offer::Cancel,
        Offer::Bagged,
        Offer::Good,
        Offer::Spoiled,
        Offer::Reissue,
    ];
    for offer in offers {
        for slot in [None, Some(1)] {
            assert!(!try_out(slot, jobs[1], offer), "{offer:?} of the second");
            assert!(!try_out(slot, JobId(99), offer), "{offer:?} of nobody");
            let first = try_out(slot, jobs[0], offer);
            assert_eq!(first, (slot, offer) == (Some(1), Offer::Skip), "{offer:?}");
        }
        // It was the first one's turn, and is not any more.
        assert!(!try_out(Some(1), jobs[0], Offer::Skip));
    }
    let view = until(&board, "the stop", |view| view.counts.held == 1).await;
    assert_eq!((view.upcoming.len(), view.unseen), (2, 1));
    // Somebody looks after it, once and for all; the next one that stops is new.
    handle.ask(Request::Seen {
        actor: "console:ines".to_owned(),
    });
    until(&board, "the look", |view| view.unseen == 0).await;
    assert!(try_out(Some(2), jobs[1], Offer::Skip));
    until(&board, "the next stop", |view| view.unseen == 1).await;
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
}
