//! Several slots at once, and a way that breaks.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, Sender};

use super::*;
use crate::app::world::{World, policy_for};
use crate::domain::credential::RegisteredCredential;
use crate::domain::passkey_policy::Audience;
use crate::domain::person::{Grants, Group, ObjectId, Person};
use crate::port::{Bookmark, Page};

type Answer = Result<PasskeyPolicy, Fault>;

/// A tenant that says when it is asked, and answers when the test lets it.
struct Scripted {
    asked: Mutex<Sender<()>>,
    answers: Mutex<Receiver<Answer>>,
}

impl Scripted {
    fn new() -> (Arc<Self>, Receiver<()>, Sender<Answer>) {
        let (asked, hears) = mpsc::channel();
        let (says, answers) = mpsc::channel();
        let scripted = Self {
            asked: Mutex::new(asked),
            answers: Mutex::new(answers),
        };
        (Arc::new(scripted), hears, says)
    }
}

fn none<T>() -> Result<T, Fault> {
    Err(Fault::Interrupted)
}

impl Directory for Scripted {
    fn person(&self, _: &str) -> Result<Person, Fault> {
        none()
    }
    fn find_people(&self, _: &str, _: usize) -> Result<Vec<Person>, Fault> {
        none()
    }
    fn find_groups(&self, _: &str, _: usize) -> Result<Vec<Group>, Fault> {
        none()
    }
    fn group(&self, _: &ObjectId) -> Result<Group, Fault> {
        none()
    }
    fn members(&self, _: &ObjectId, _: Option<&Bookmark>) -> Result<Page, Fault> {
        none()
    }
    fn groups_of(&self, _: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        none()
    }
    fn credentials_of(
        &self,
        _: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
        none()
    }
    fn passkey_policy(&self) -> Answer {
        self.asked.lock().unwrap().send(()).unwrap();
        self.answers.lock().unwrap().recv().unwrap()
    }
    fn grants(&self) -> Result<Option<Grants>, Fault> {
        none()
    }
}

fn older() -> PasskeyPolicy {
    policy_for(Audience::AllUsers, &[1])
}

fn newer() -> PasskeyPolicy {
    policy_for(Audience::AllUsers, &[1, 2])
}

fn lost() -> Fault {
    Fault::Unreachable {
        what: "lost".to_owned(),
    }
}

/// The policy as it was read at the start, and the world's clock.
fn read_once() -> (World, Arc<TenantPolicy>, Receiver<()>, Sender<Answer>) {
    let world = World::new();
    let (directory, asked, says) = Scripted::new();
    let policy = TenantPolicy::new(directory, world.ports().clock);
    says.send(Ok(older())).unwrap();
    assert_eq!(*policy.current().unwrap(), older());
    asked.recv().unwrap();
    (world, Arc::new(policy), asked, says)
}

#[test]
fn whoever_comes_while_another_slot_asks_waits_for_that_answer() {
    let (world, policy, asked, says) = read_once();
    world.pass_seconds(120);
    let (going, goes) = mpsc::channel();
    let ask = || {
        let (policy, going) = (policy.clone(), going.clone());
        std::thread::spawn(move || {
            going.send(()).unwrap();
            policy.at_most(60)
        })
    };
    let first = ask();
    asked.recv().unwrap();
    let others: Vec<_> = (0..7).map(|_| ask()).collect();
    for _ in 0..8 {
        goes.recv().unwrap();
    }
    says.send(Ok(newer())).unwrap();
    for slot in std::iter::once(first).chain(others) {
        let known = slot.join().unwrap().unwrap();
        assert_eq!((&*known.policy, known.age_seconds), (&newer(), 0));
    }
    assert!(asked.try_recv().is_err(), "one has asked for all");
}

#[test]
fn whoever_has_waited_in_vain_says_how_old_it_is_what_they_have() {
    let (world, _, _, _) = read_once();
    let (directory, asked, says) = Scripted::new();
    let policy = TenantPolicy::new(directory, world.ports().clock);
    let policy = Arc::new(policy.with_patience(Duration::from_millis(1)));
    let slow = |policy: &Arc<TenantPolicy>| {
        let policy = policy.clone();
        std::thread::spawn(move || policy.at_most(60))
    };
    let first = slow(&policy);
    asked.recv().unwrap();
    let nothing = policy.at_most(60);
    assert!(
        matches!(nothing, Err(Fault::Unreachable { .. })),
        "{nothing:?}"
    );
    says.send(Ok(older())).unwrap();
    first.join().unwrap().unwrap();

    world.pass_seconds(120);
    let second = slow(&policy);
    asked.recv().unwrap();
    let known = policy.at_most(60).unwrap();
    assert_eq!((&*known.policy, known.age_seconds), (&older(), 120));
    says.send(Ok(newer())).unwrap();
    assert_eq!(*second.join().unwrap().unwrap().policy, newer());
}

#[test]
fn a_lost_call_makes_nothing_newer_and_is_not_repeated_for_each_key() {
    let (world, policy, asked, says) = read_once();
    let mut age = 0;
    let mut after = |seconds: i64, answer: Option<Answer>| {
        world.pass_seconds(seconds);
        age += seconds;
        let calls = usize::from(answer.is_some());
        if let Some(answer) = answer {
            says.send(answer).unwrap();
        }
        let known = policy.at_most(60);
        assert_eq!(asked.try_iter().count(), calls, "at {age} s");
        known.map(|known| (known.policy, known.age_seconds))
    };
    for (seconds, answer, age) in [
        (59, None, 59),
        (1, Some(Err(lost())), 60),
        (59, None, 119),
        (1, Some(Err(lost())), 120),
        (600, Some(Err(lost())), 720),
    ] {
        assert_eq!(after(seconds, answer), Ok((Arc::new(older()), age)));
    }
    // Whoever would take ten minutes asks as well: it is older than that.
    assert_eq!(after(60, Some(Ok(newer()))), Ok((Arc::new(newer()), 0)));
    let denied = crate::app::world::denied();
    assert_eq!(after(60, Some(Err(denied.clone()))), Err(denied.clone()));
    assert_eq!(after(59, None), Err(denied));
}

#[test]
fn one_that_was_stopped_lets_the_next_ask() {
    let (world, policy, asked, says) = read_once();
    world.pass_seconds(60);
    says.send(Err(Fault::Cancelled)).unwrap();
    assert_eq!(policy.at_most(60), Err(Fault::Cancelled));
    says.send(Ok(newer())).unwrap();
    assert_eq!(*policy.at_most(60).unwrap().policy, newer());
    assert_eq!(asked.try_iter().count(), 2);
}
