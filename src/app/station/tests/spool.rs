//! Folders with copies of letters that the station spools into no more.

use super::*;
use crate::app::trail::Deed;
use crate::app::world::{NEW_SPOOL, SPOOL, When, course};
use crate::domain::event::{Happening, Intent, Step};
use crate::domain::job::JobId;
use crate::domain::mailer::ControlNumber;
use crate::domain::scan;

const JOB: JobId = JobId(1);
const LETTER: &str = "482091735525";

/// A station that has spooled a letter, and has another printer by now; `prints`: or none.
async fn moved(prints: bool) -> World {
    let world = World::with_jobs(&["anna@contoso.com"]);
    world.state().press.prints = true;
    // Before the first letter.
    start(&world).await;
    let outlet = world.outlet();
    world.tell(JOB, course("123", Step::Register));
    world.tell(
        JOB,
        [Happening::Started {
            step: Step::Deliver,
            intent: Intent::Deliver {
                control: LETTER.to_owned(),
                outlet: Some(outlet),
            },
        }],
    );
    let mut state = world.state();
    state.press.kept = vec![copy()];
    (state.press.prints, state.press.moved) = (prints, true);
    drop(state);
    world
}

fn copy() -> (String, ControlNumber) {
    let control = ControlNumber::parse(LETTER).expect("a number");
    (SPOOL.to_owned(), control)
}

/// Somebody starts the station and stops it; what it says of folders.
async fn start(world: &World) -> Vec<String> {
    let desk = desk(world, Arc::default(), Policy::default(), None);
    let board = Arc::clone(&desk.board);
    assert!(desk.handle().ask(Request::Stop));
    desk.run().await.expect("it ran");
    let news = board.take_news().into_iter();
    let troubles = news.filter_map(|one| match one {
        News::Trouble { what } => Some(what),
        _ => None,
    });
    troubles.collect()
}

/// As though the power had gone between the row and the removal.
fn cancel(world: &World) {
    world.tell(JOB, [Happening::Cancelled { credential: None }]);
}

fn reach(world: &World, folder: &str, may: bool) {
    let unreadable = &mut world.state().press.unreadable;
    unreadable.clear();
    if !may {
        unreadable.push(folder.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_in_a_former_one_goes_at_the_start_after_its_letter_is_void_and_not_before() {
    for prints in [true, false] {
        let world = moved(prints).await;
        start(&world).await;
        assert_eq!(world.state().press.kept, [copy()]);
        cancel(&world);
        assert_eq!(start(&world).await, Vec::<String>::new());
        assert_eq!(world.state().press.kept, []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_nobody_can_look_into_is_told_once_and_looked_into_at_every_start() {
    for prints in [true, false] {
        let world = moved(prints).await;
        cancel(&world);
        reach(&world, SPOOL, false);
        let told = start(&world).await;
        assert!(
            matches!(told.as_slice(), [one] if one.contains(SPOOL)),
            "{told:?}"
        );
        assert_eq!(start(&world).await, Vec::<String>::new());
        assert_eq!(world.state().press.kept, [copy()]);
        reach(&world, SPOOL, true);
        assert_eq!(start(&world).await, Vec::<String>::new());
        assert_eq!(world.state().press.kept, []);
        // Whoever takes the empty folder away hears nothing of it.
        reach(&world, SPOOL, false);
        assert_eq!(start(&world).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_without_a_letter_that_waits_may_go_and_one_with_it_may_not() {
    let world = moved(true).await;
    start(&world).await;
    reach(&world, SPOOL, false);
    assert_eq!(start(&world).await.len(), 1, "its copy may be there");
    let world = moved(true).await;
    cancel(&world);
    start(&world).await;
    reach(&world, SPOOL, false);
    assert_eq!(start(&world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_although_it_was_to_go_is_told_at_every_start() {
    let world = moved(true).await;
    cancel(&world);
    let what = "it cannot be removed".to_owned();
    for _ in 0..2 {
        let stuck = Fault::Mailer { what: what.clone() };
        world.trick(Op::Forget, When::Before, stuck.clone());
        assert_eq!(start(&world).await, [stuck.to_string()]);
    }
    assert_eq!(start(&world).await, Vec::<String>::new());
    assert_eq!(world.state().press.kept, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_used_again_is_no_former_one() {
    let world = moved(true).await;
    cancel(&world);
    start(&world).await;
    // Back to the first printer, and away from it once more while nobody can look into its folder.
    world.state().press.moved = false;
    start(&world).await;
    world.state().press.moved = true;
    reach(&world, SPOOL, false);
    assert_eq!(start(&world).await.len(), 1);
    assert_eq!(start(&world).await, Vec::<String>::new());
    // Today's is told at every start.
    reach(&world, NEW_SPOOL, false);
    assert_eq!(start(&world).await.len(), 1);
    assert_eq!(start(&world).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_the_ledger_does_not_know_stay_and_are_told_at_every_start() {
    let world = moved(true).await;
    let foreign = ControlNumber::draw(7_u64.to_be_bytes()).expect("a number");
    world.state().press.kept = vec![(SPOOL.to_owned(), foreign)];
    for _ in 0..2 {
        let told = start(&world).await;
        assert!(
            told.iter().any(|told| told.contains("does not know")),
            "{told:?}"
        );
    }
    assert_eq!(world.state().press.kept, [(SPOOL.to_owned(), foreign)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_station_a_copy_in_a_former_one_goes_with_the_deed() {
    for prints in [true, false] {
        let scanned = Deed::Scanned(scan::read(LETTER).expect("a code"));
        let spoiled = Deed::Spoiled {
            job: JOB,
            reason: "jammed".to_owned(),
            sheet: None,
        };
        for deed in [scanned, spoiled] {
            let world = moved(prints).await;
            let desk = desk(&world, Arc::default(), Policy::default(), None);
            let handle = desk.handle();
            let running = tokio::spawn(desk.run());
            let (asked, what) = (handle.clone(), deed.clone());
            let told = tokio::task::spawn_blocking(move || asked.trail(what, "4711".to_owned()));
            assert!(matches!(told.await, Ok(Some(Ok(_)))), "{deed:?}");
            // Before the answer.
            assert_eq!(world.state().press.kept, [], "{deed:?}");
            handle.ask(Request::Stop);
            running.await.expect("no panic").expect("it ran");
        }
    }
}
