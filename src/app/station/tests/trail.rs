//! What hands do while the station works.

use super::*;
use crate::app::trail::{Deed, Fate, Refusal, Stay, Thing, What};
use crate::domain::job::JobId;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::scan;

/// A station whose printer has one person's letter and no paper.
fn out_of_paper() -> (World, Desk) {
    let world = World::new();
    world.state().press.prints = true;
    world.state().press.lacks_paper = true;
    let key = world.add_key(KeyState::blank(None));
    world.put(1, key);
    let policy = Policy {
        confirm: Some(Confirm::Scan),
        bag: Some(Bagging::None),
        ..Policy::default()
    };
    let desk = desk(&world, people(1), policy, None);
    (world, desk)
}

fn do_it(handle: &Handle, deed: Deed) -> tokio::task::JoinHandle<Option<Result<What, Refusal>>> {
    let handle = handle.clone();
    tokio::task::spawn_blocking(move || {
        let done = handle.trail_of_bench(deed)?;
        Some(done.map(|acted| acted.what))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_leaves_while_one_of_its_letters_waits_for_paper() {
    let (world, desk) = out_of_paper();
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    while board.view().standstill.is_none() {
        tokio::task::yield_now().await;
    }
    let deed = Deed::Dispatched {
        job: JobId(1),
        rehearsal: false,
    };
    let done = do_it(&handle, deed).await.expect("no panic");
    let Some(Ok(What::Dispatched(lines))) = done else {
        panic!("{done:?}");
    };
    let fates: Vec<_> = lines.iter().map(|line| (line.thing, &line.fate)).collect();
    assert_eq!(fates, [(Thing::Letter, &Fate::Stays(Stay::NotConfirmed))]);

    // The journal names whoever is at the bench, and that may be somebody else by now.
    assert!(handle.ask(Request::Actor("B-9".to_owned())));
    let control = world.enrollment(JobId(1)).unconfirmed().map(str::to_owned);
    let code = scan::read(&control.expect("a sheet in the printer")).expect("a code");
    let done = do_it(&handle, Deed::Scanned(code)).await.expect("no panic");
    assert!(matches!(done, Some(Ok(What::Confirmed(_)))), "{done:?}");
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.held), (1, Vec::new()));
    let rows = world.journal(JobId(1)).expect("a journal");
    assert_eq!(rows.last().map(|row| row.actor.as_str()), Some("B-9"));
}
