//! Whose a key is, as the ledger tells by its serial.

use super::*;
use crate::app::world::{KeyState, World, began, course, started};
use crate::domain::event::Happening;
use crate::domain::job::JobId;

const SERIAL: &str = "32070001";

/// Whose the key is after job 1 has gone so far with it.
fn whose(happenings: impl IntoIterator<Item = Happening>) -> Option<String> {
    let world = World::with_jobs(&["anna@contoso.com"]);
    world.tell(JobId(1), happenings);
    let key = world.add_key(KeyState::used(Some(SERIAL), "739154"));
    world.put(1, key);
    let mut key = world.open_slot(1).expect("a key is in");
    let reading = examine(&world, &mut key).expect("it can be read");
    reading.enrolled_for.map(|holder| holder.person)
}

fn held(last: Step) -> Vec<Happening> {
    let mut course = course(SERIAL, last);
    let why = "ask first".to_owned();
    course.push(Happening::Held {
        fault: Fault::OnHold { why },
    });
    course
}

#[test]
fn a_key_is_somebodys_from_its_binding_on_and_when_its_job_is_held_from_its_registration_on() {
    let anna = Some("Person 1".to_owned());
    for last in [Step::Reset, Step::Register, Step::Deliver] {
        assert_eq!(whose(course(SERIAL, last)), anna, "{last}");
    }
    assert_eq!(whose(held(Step::Register)), anna);
    assert_eq!(whose(held(Step::MakeCredential)), None, "it was laid aside");
    let mut in_doubt = held(Step::MakeCredential);
    in_doubt.insert(in_doubt.len() - 1, started(Step::Register));
    assert_eq!(whose(in_doubt), anna, "its passkey may be at Entra");
    let mut cancelled = course(SERIAL, Step::SetPin);
    cancelled.push(Happening::Cancelled { credential: None });
    assert_eq!(whose(cancelled), None);
}

#[test]
fn a_key_is_of_the_job_that_was_bound_to_it_last_whatever_is_written_to_earlier_ones() {
    let world = World::with_jobs(&["anna@contoso.com", "bob@contoso.com"]);
    let why = "ask first".to_owned();
    let fault = Fault::OnHold { why };
    world.tell(
        JobId(1),
        [
            began(SERIAL),
            started(Step::Reset),
            Happening::Held { fault },
        ],
    );
    world.tell(JobId(2), course(SERIAL, Step::Register));
    world.tell(JobId(1), [Happening::Released]);
    let key = world.add_key(KeyState::used(Some(SERIAL), "739154"));
    world.put(1, key);
    let mut key = world.open_slot(1).expect("a key is in");
    let reading = examine(&world, &mut key).expect("it can be read");
    assert_eq!(
        reading.enrolled_for.map(|holder| holder.job),
        Some(JobId(2))
    );
}
