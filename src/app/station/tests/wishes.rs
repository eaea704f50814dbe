//! What people at the bench ask of the station beside their keys.

use super::*;
use crate::app::board::View;
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
        let job = JobId(1);
        slot.state == SlotState::Asking { job, question }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_for_the_job_that_was_asked_for_alone() {
    let world = World::new();
    let key = world.add_key(KeyState::used(None, "739154"));
    world.put(1, key);
    let desk = desk(&world, people(1), Policy::default(), None);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let view = until(&board, "the question", asks).await;
    assert_eq!(view.upcoming, [], "nobody else waits");
    let answer = |job, yes| {
        handle.ask(Request::Answer {
            slot: Slot(1),
            job: JobId(job),
            yes,
            actor: "console:ines".to_owned(),
        })
    };
    // Of another job, and so of another question.
    assert!(answer(7, true));
    assert!(answer(1, false));
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
