//! Entra refuses everybody: the line stops once, its jobs wait, and it goes on by itself.

use super::*;
use crate::app::board::News;
use crate::domain::passkey_policy::{Audience, PasskeyPolicy};

/// People in the job file.
const PEOPLE: usize = 9;
/// So many ask at once before anything is known, with four slots.
const PREPARED: usize = 8;

async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// A station with four keys and many people, of whom every one is refused with `fault`; then it is mended.
async fn refused_for_a_while(fault: Fault, held: usize) {
    let world = four_keys(|| KeyState::blank(None));
    for _ in 0..100 {
        world.trick(Op::Options, world::When::Before, fault.clone());
    }
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(PEOPLE), Policy::default(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let mut news = Vec::new();
    until("the news of it", || {
        news.extend(board.take_news());
        news.iter().any(|news| matches!(news, News::Network { fault } if matches!(fault, Fault::NotPermitted { .. })))
    })
    .await;
    let counts = || board.view().counts;
    until("those who were refused first are held", || {
        counts().held == held
    })
    .await;
    // One job asks in each minute, however many ticks there are, and no other is held.
    for _ in 0..3 {
        // Whoever may ask looks first whether the service is there.
        let asked = world.count(Op::Ready);
        world.pass_seconds(76);
        until("one more has asked", || world.count(Op::Ready) > asked).await;
        assert_eq!(
            (counts().held, counts().waiting, counts().done),
            (held, PEOPLE - held, 0)
        );
    }
    assert!(world.count(Op::Ready) <= PREPARED + 3, "a storm of calls");
    assert_eq!(world.count(Op::Reset), 0, "no key is wiped for nothing");
    let told = |news: &[News]| {
        let stops = news
            .iter()
            .filter(|one| matches!(one, News::Network { .. }));
        stops.count()
    };
    news.extend(board.take_news());
    assert_eq!(told(&news), 1, "{news:?}");

    world.untrick();
    world.pass_seconds(76);
    until("four are done", || counts().done == 4).await;
    assert_eq!(counts().held, held);
    news.extend(board.take_news());
    assert!(news.contains(&News::NetworkBack));
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_without_the_permission_stops_the_line_once_and_holds_nobody() {
    let why = "the token bears nothing".to_owned();
    let refused = Vec::new();
    refused_for_a_while(Fault::NotPermitted { why, refused }, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_three_people_who_were_refused_nobody_else_is_held() {
    let fault = Fault::Refused {
        status: 403,
        code: "accessDenied".to_owned(),
        message: "Request Authorization failed".to_owned(),
        request_id: "r-1".to_owned(),
    };
    refused_for_a_while(fault, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_closed_stops_the_line_once_and_holds_nobody() {
    const MANY: usize = 40;
    let world = four_keys(|| KeyState::blank(None));
    let open = world::policy_for(Audience::AllUsers, &[]);
    let policy = |enabled| PasskeyPolicy {
        enabled,
        ..open.clone()
    };
    world.state().directory.policy = Some(policy(false));
    let options = Options {
        until_empty: false,
        ..options()
    };
    let desk = world::desk(world.ports(), people(MANY), Policy::default(), options);
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    let mut news = Vec::new();
    let counts = || board.view().counts;
    until("the news of it", || {
        news.extend(board.take_news());
        news.iter().any(|news| matches!(news, News::Network { .. }))
    })
    .await;
    for _ in 0..3 {
        let asked = world.count(Op::Ready);
        world.pass_seconds(76);
        until("one more has asked", || world.count(Op::Ready) > asked).await;
        let counts = counts();
        assert_eq!((counts.held, counts.waiting, counts.done), (0, MANY, 0));
    }
    // Whoever may ask looks first whether the service is there.
    assert!(world.count(Op::Ready) <= PREPARED + 3, "a storm of calls");
    assert_eq!(world.count(Op::List), 0, "nobody's keys are counted for it");
    assert_eq!(world.count(Op::Reset), 0, "no key is wiped for nothing");
    news.extend(board.take_news());
    let told: Vec<&Fault> = news
        .iter()
        .filter_map(|one| match one {
            News::Network { fault } => Some(fault),
            _ => None,
        })
        .collect();
    let [Fault::NotPermitted { why, refused }] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(refused.is_empty(), "{refused:?}");
    for part in ["disabled in this tenant", "Passkey (FIDO2)", "400", "r-1"] {
        assert!(why.contains(part), "{why}");
    }

    world.state().directory.policy = Some(policy(true));
    world.pass_seconds(76);
    until("four are done", || counts().done == 4).await;
    assert_eq!(counts().held, 0);
    news.extend(board.take_news());
    assert!(news.contains(&News::NetworkBack));
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_may_not_be_acted_on_stand_in_nobodys_way() {
    // More than ask at once: everybody who is looked at is refused.
    const UNTOUCHABLE: usize = PREPARED + 2;
    let world = four_keys(|| KeyState::blank(None));
    world.state().directory.untouchable = (1..=UNTOUCHABLE)
        .map(|number| format!("user{number}@contoso.com"))
        .collect();
    let folder = people(UNTOUCHABLE + 4);
    let desk = world::desk(world.ports(), folder, Policy::default(), options());
    let board = Arc::clone(&desk.board);
    let running = tokio::spawn(desk.run());
    let mut news = Vec::new();
    until("the news of it", || {
        news.extend(board.take_news());
        news.iter().any(|news| matches!(news, News::Network { .. }))
    })
    .await;
    let mut minutes = 0;
    while !news.contains(&News::NetworkBack) {
        assert!(minutes < UNTOUCHABLE, "the line stands: {news:?}");
        minutes += 1;
        let asked = world.count(Op::Ready);
        world.pass_seconds(61);
        until("one more has asked", || world.count(Op::Ready) > asked).await;
        // What came of it is told, or else the next one has to ask.
        let settled = std::time::Instant::now();
        while !news.contains(&News::NetworkBack) && settled.elapsed() < Duration::from_millis(200) {
            news.extend(board.take_news());
            tokio::task::yield_now().await;
        }
    }
    let summary = tokio::time::timeout(Duration::from_secs(30), running);
    let summary = summary.await.expect("it ends").expect("no panic");
    let summary = summary.expect("it ran");
    assert_eq!((summary.done, summary.held.len()), (4, UNTOUCHABLE));
    assert_eq!(world.count(Op::Reset), 4, "no key is wiped for nothing");
    let jobs = world.jobs(None).expect("the ledger answers");
    for record in jobs.iter().filter(|job| job.standing != Standing::Done) {
        assert_eq!(record.standing, Standing::Held);
        let state = crate::app::journal::replay(&world, record.job.id).expect("it replays");
        let held = matches!(state.held(), Some(Fault::Refused { status: 403, .. }));
        assert!(held, "{record:?}");
    }
}
