//! People whose account is disabled: held, looked at again, and let go on.

use super::*;
use crate::app::eligibility::{Notice, Subject};
use crate::app::station::disabled::ACTOR;
use crate::app::world::{START, denied};
use crate::domain::event::Happening;
use crate::domain::job::JobId;

const SECOND: &str = "user2@contoso.com";
/// As many as leave a large house in a year.
const LEAVERS: usize = 500;

fn held_for_its_account() -> Happening {
    Happening::Held {
        fault: Fault::UserDisabled,
    }
}

fn disable(world: &World, user: &str) {
    let disabled = &mut world.state().directory.disabled;
    disabled.insert(user.to_owned());
}

fn asked(world: &World, op: Op) -> usize {
    let state = world.state();
    state.directory.asked.get(&op).copied().unwrap_or(0)
}

/// A station that ends only when it is told to.
fn lasting(world: &World, folder: Arc<Folder>) -> Desk {
    let options = Options {
        until_empty: false,
        ..options()
    };
    world::desk(world.ports(), folder, Policy::default(), options)
}

async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_disabled_account_is_held_and_goes_on_once_it_is_enabled() {
    let world = four_keys(|| KeyState::blank(None));
    disable(&world, SECOND);
    let desk = lasting(&world, people(3));
    let (handle, board) = (desk.handle(), Arc::clone(&desk.board));
    let running = tokio::spawn(desk.run());
    until("two done and one held", || {
        let counts = board.view().counts;
        (counts.done, counts.held) == (2, 1)
    })
    .await;
    assert_eq!(world.count(Op::Reset), 2, "no key is wiped for nothing");
    // The first round has seen that it still is disabled.
    until("a first round", || asked(&world, Op::Person) >= 4).await;
    world.state().directory.disabled.clear();
    let before = asked(&world, Op::Person);
    let mut polls = 0_u32;
    until("a second round", || {
        // It is due ten minutes of the world's after the first one has ended, which nobody sees from here. Time that flew all the
        // while would let creation options run out before they are used.
        if polls.is_multiple_of(1000) {
            world.pass_seconds(600);
        }
        polls += 1;
        asked(&world, Op::Person) > before
    })
    .await;
    until("the third done", || board.view().counts.done == 3).await;
    assert!(handle.ask(Request::Stop));
    running.await.expect("no panic").expect("it ran");
    let rows = world.journal(JobId(2)).expect("a journal");
    let words: Vec<_> = rows
        .iter()
        .take(2)
        .map(|row| &row.event.happening)
        .collect();
    assert_eq!(words, [&held_for_its_account(), &Happening::Released]);
    assert_eq!(rows[1].actor, ACTOR);
    let told = board.take_news();
    assert!(
        told.iter()
            .any(|news| matches!(news, News::Enabled { case } if case.job == JobId(2))),
        "{told:?}"
    );
    assert_eq!(world.state().broken, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_held_before_the_start_is_looked_at_when_it_starts() {
    let world = four_keys(|| KeyState::blank(None));
    let users = ["anna@contoso.com", "bo@contoso.com"];
    for user in users {
        world.add_job(request(user));
    }
    disable(&world, "bo@contoso.com");
    for job in [1, 2] {
        world.tell(JobId(job), [held_for_its_account()]);
    }
    let desk = desk(&world, people(0), Policy::default(), None);
    let board = Arc::clone(&desk.board);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 1);
    assert_eq!(summary.held, [Fault::UserDisabled]);
    let told = board.take_news();
    assert!(told.contains(&News::Disabled { jobs: 2 }), "{told:?}");
}

/// A clock that keeps whoever waits by it, as long as somebody holds its gate.
struct SlowClock {
    true_clock: Arc<dyn Clock>,
    gate: Mutex<()>,
}

impl Clock for SlowClock {
    fn now(&self) -> Timestamp {
        self.true_clock.now()
    }

    fn today(&self) -> jiff::civil::Date {
        self.true_clock.today()
    }

    fn wait(&self, duration: Duration, cancel: &CancelFlag) -> bool {
        drop(self.gate.lock().expect("no panic"));
        self.true_clock.wait(duration, cancel)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_that_ends_when_nothing_is_left_sees_its_first_round_through() {
    let world = four_keys(|| KeyState::blank(None));
    for user in ["anna@contoso.com", "bo@contoso.com"] {
        let job = world.add_job(request(user)).id;
        world.tell(job, [held_for_its_account()]);
    }
    // Anna's account stays disabled; Bo is looked at after her.
    disable(&world, "anna@contoso.com");
    let mut ports = world.ports();
    let clock = Arc::new(SlowClock {
        true_clock: ports.clock.clone(),
        gate: Mutex::new(()),
    });
    ports.clock = clock.clone();
    let (told, signs) = std::sync::mpsc::channel();
    let pulse = Pulse::new(Duration::from_millis(5), move |sign, _| {
        // At the end nobody listens any more.
        let _ = told.send(sign);
    });
    let desk = world::desk(ports, people(0), Policy::default(), options()).with_pulse(pulse);
    let held = clock.gate.lock().expect("no panic");
    let running = tokio::spawn(desk.run());
    let next = || signs.recv_timeout(Duration::from_secs(30));
    assert_eq!(next(), Ok(Sign::Stands));
    for _ in 0..20 {
        assert_eq!(next(), Ok(Sign::Lives));
    }
    drop(held);
    let summary = running.await.expect("no panic").expect("it ran");
    assert_eq!((summary.done, summary.held), (1, vec![Fault::UserDisabled]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_leavers_are_no_storm_of_calls() {
    let world = World::new();
    for number in 1..=LEAVERS {
        let user = format!("user{number}@contoso.com");
        disable(&world, &user);
        // Each of them has a second key, which costs no second call.
        for _ in 0..2 {
            let job = world.add_job(request(&user)).id;
            world.tell(job, [held_for_its_account()]);
        }
    }
    let desk = desk(&world, people(0), Policy::default(), None);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.held.len(), 2 * LEAVERS);
    assert_eq!(asked(&world, Op::Person), LEAVERS);
    assert_eq!(world.count(Op::Options), 0);
    // Never more than four in a second.
    let seconds = START.seconds_until(world.now());
    assert!(
        seconds * 4 >= i64::try_from(LEAVERS).unwrap(),
        "{seconds} s"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_ends_where_the_directory_does_not_answer_and_nobody_is_let_go_on() {
    let world = World::new();
    for number in 1..=3 {
        let job = world
            .add_job(request(&format!("user{number}@contoso.com")))
            .id;
        world.tell(job, [held_for_its_account()]);
    }
    let lost = Fault::Throttled { seconds: 30 };
    world.trick(Op::Person, world::When::Before, lost);
    let desk = desk(&world, people(0), Policy::default(), None);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.held.len(), 3);
    assert_eq!(asked(&world, Op::Person), 0, "it was asked once, in vain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_minds_no_longer_lets_them_go_on_without_a_call() {
    let world = four_keys(|| KeyState::blank(None));
    world.add_job(request("anna@contoso.com"));
    disable(&world, "anna@contoso.com");
    world.tell(JobId(1), [held_for_its_account()]);
    let lenient = Policy {
        disabled_users: crate::domain::policy::DisabledUsers::Warn,
        ..Policy::default()
    };
    let desk = desk(&world, people(0), lenient, None);
    let board = Arc::clone(&desk.board);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 1);
    let person = "Anna Lang".to_owned();
    let notice = News::Notice(Notice::Disabled { person });
    assert!(board.take_news().contains(&notice));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_directory_is_told_of_once_and_everybody_gets_a_key() {
    let world = four_keys(|| KeyState::blank(None));
    world.state().directory.hides_people = true;
    let desk = desk(&world, people(4), Policy::default(), None);
    let board = Arc::clone(&desk.board);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 4);
    let mut notices = board.take_news();
    notices.retain(|news| matches!(news, News::Notice(_)));
    let unreadable = |subject| {
        let fault = denied();
        News::Notice(Notice::Unreadable { subject, fault })
    };
    let expected = [Subject::People, Subject::PasskeyPolicy].map(unreadable);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(
        expected.iter().all(|one| notices.contains(one)),
        "{notices:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_enrollment_costs_five_calls() {
    let world = four_keys(|| KeyState::blank(None));
    let desk = desk(&world, people(4), Policy::default(), None);
    let summary = desk.run().await.expect("it ran");
    assert_eq!(summary.done, 4);
    let of = |op| world.count(op);
    let calls = [Op::Ready, Op::Person, Op::Options, Op::Post, Op::List].map(of);
    assert_eq!(calls, [8, 4, 4, 4, 0]);
    assert_eq!(
        (asked(&world, Op::Policy), asked(&world, Op::Groups)),
        (1, 0)
    );
}
