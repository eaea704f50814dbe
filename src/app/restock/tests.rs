//! Which key is wiped because it came back, and which never is; and that a cut in between costs nothing.

use super::*;
use crate::app::world::{KeyState, Op, When, World, course};
use crate::domain::event::Step;

const JOB: JobId = JobId(1);
const ANNA: &str = "anna@contoso.com";
const SLOT: u16 = 1;

fn retired(fate: Fate) -> Happening {
    Happening::Retired {
        fate,
        reason: "left".to_owned(),
    }
}

/// Anna's key lies in the slot, and this happened to it after its job.
fn world(key: KeyState, after: impl IntoIterator<Item = Happening>) -> World {
    let world = World::with_jobs(&[ANNA]);
    world.tell(JOB, course(key.serial.unwrap_or(""), Step::Deliver));
    world.tell(JOB, after);
    let key = world.add_key(key);
    world.state().bound.insert(JOB, key);
    world.put(SLOT, key);
    world
}

fn annas(serial: Option<&'static str>) -> KeyState {
    KeyState::used(serial, "260471").holding(7, ANNA).lenient()
}

fn seen(world: &World) -> Result<Option<JobId>, Fault> {
    let mut key = world.open_slot(SLOT).expect("a key");
    wipe_what_came_back(world, world, &mut key, "4711")
}

fn has_pin(world: &World) -> bool {
    world.state().keys[0].pin.is_some()
}

#[test]
fn what_came_back_is_wiped_once_and_that_is_written_down() {
    for serial in [Some("123"), None] {
        let world = world(annas(serial), [retired(Fate::Returned)]);
        assert_eq!(seen(&world), Ok(Some(JOB)));
        assert!(!has_pin(&world));
        assert_eq!(world.happenings(JOB).last(), Some(&Happening::Wiped));
        assert_eq!(seen(&world), Ok(None));
        assert_eq!(world.count(Op::Reset), 1);
    }
}

#[test]
fn what_the_ledger_could_not_take_is_written_down_the_next_time() {
    let world = world(annas(Some("123")), [retired(Fate::Returned)]);
    let full = Fault::Ledger {
        what: "the disk is full".to_owned(),
    };
    world.trick(Op::Append, When::Before, full.clone());
    assert_eq!(seen(&world), Err(full));
    assert!(!has_pin(&world));
    // It is blank by now, so nobody has to touch it again.
    assert_eq!(seen(&world), Ok(Some(JOB)));
    assert_eq!(world.count(Op::Reset), 1);
}

#[test]
fn a_key_that_takes_no_reset_stays_what_it_is_and_is_wiped_the_next_time() {
    let world = world(annas(Some("123")), [retired(Fate::Returned)]);
    world.trick(Op::Reset, When::Before, Fault::TouchMissing);
    assert_eq!(seen(&world), Err(Fault::TouchMissing));
    assert_eq!(world.happenings(JOB).last(), Some(&retired(Fate::Returned)));
    assert_eq!(seen(&world), Ok(Some(JOB)));
}

#[test]
fn no_other_key_is_wiped() {
    for after in [
        vec![],
        vec![Happening::HandedOver],
        vec![retired(Fate::Lost)],
        vec![retired(Fate::Scrapped)],
        vec![retired(Fate::Returned), retired(Fate::Lost)],
        vec![retired(Fate::Returned), Happening::Wiped],
    ] {
        let world = world(annas(Some("123")), after.clone());
        assert_eq!(seen(&world), Ok(None), "{after:?}");
        assert!(has_pin(&world));
    }
    // Another person's key, of the same make.
    for serial in [Some("999"), None] {
        let other = KeyState::used(serial, "260471").holding(8, ANNA);
        let mut told = course("123", Step::Deliver);
        told.push(retired(Fate::Returned));
        let world = World::with_jobs(&[ANNA]);
        world.tell(JOB, told);
        let key = world.add_key(other);
        world.put(SLOT, key);
        assert_eq!(seen(&world), Ok(None));
        assert!(has_pin(&world));
    }
}

#[test]
fn a_lost_key_that_turns_up_is_wiped_once_it_is_taken_back() {
    let after = [retired(Fate::Lost), retired(Fate::Returned)];
    assert_eq!(seen(&world(annas(Some("123")), after)), Ok(Some(JOB)));
}
