//! Which key is wiped because it came back, and which never is; and that a cut in between costs nothing.

use super::*;
use crate::app::world::{KeyState, Op, When, World, course};
use crate::domain::event::Step;
use crate::domain::station::signal::ConfirmCards;

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

/// A key of the model that the journal names.
fn key(serial: Option<&'static str>, credential: u8) -> KeyState {
    let mut key = KeyState::used(serial, "260471").holding(credential, ANNA);
    key.model = 0x2F;
    key
}

fn annas(serial: Option<&'static str>) -> KeyState {
    key(serial, 7).lenient()
}

fn met(world: &World, looked: &Looked, rule: ConfirmCards) -> Result<Option<Met>, Fault> {
    let mut key = world.open_slot(SLOT).expect("a key");
    let wiping = Wiping {
        ledger: world,
        clock: world,
        place: &Place("practice:1".to_owned()),
        looked,
        cards: &Cards::new(rule),
        actor: "4711",
    };
    wiping.wipe_what_came_back(&mut key)
}

fn seen(world: &World) -> Result<Option<JobId>, Fault> {
    seen_again(world, &Looked::default())
}

fn seen_again(world: &World, looked: &Looked) -> Result<Option<JobId>, Fault> {
    let met = met(world, looked, ConfirmCards::Never)?;
    Ok(met.and_then(|met| match met {
        Met::Wiped(job) => Some(job),
        Met::Left(_) => None,
    }))
}

fn put_back(world: &World) {
    world.state().keys[0].power_up();
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
        let other = key(serial, 8);
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

#[test]
fn a_key_that_shows_somebody_elses_passkey_is_not_wiped_whatever_its_serial_says() {
    let world = world(key(Some("123"), 8).lenient(), [retired(Fate::Returned)]);
    let looked = Looked::default();
    for _ in 0..2 {
        let left = met(&world, &looked, ConfirmCards::Never);
        assert_eq!(left, Ok(Some(Met::Left(CameBack::Foreign))));
        put_back(&world);
    }
    assert!(has_pin(&world));
    assert_eq!(world.count(Op::Reset), 0);
    assert_eq!(world.happenings(JOB).last(), Some(&retired(Fate::Returned)));
}

#[test]
fn a_key_that_shows_no_passkey_is_known_by_serial_and_model() {
    for (model, wiped) in [(0x2F, Some(JOB)), (0x30, None)] {
        let mut bare = KeyState::used(Some("123"), "260471").lenient();
        bare.model = model;
        let world = world(bare, [retired(Fate::Returned)]);
        assert_eq!(seen(&world), Ok(wiped));
        assert_eq!(has_pin(&world), wiped.is_none());
    }
}

#[test]
fn firmware_that_takes_a_reset_first_or_never_is_looked_at_and_wiped_once_it_is_put_back() {
    for serial in [Some("123"), None] {
        let world = world(key(serial, 7), [retired(Fate::Returned)]);
        let looked = Looked::default();
        assert_eq!(seen_again(&world, &looked), Err(Fault::ResetTooLate));
        assert!(has_pin(&world));
        put_back(&world);
        assert_eq!(seen_again(&world, &looked), Ok(Some(JOB)));
        assert!(!has_pin(&world));
        assert_eq!(world.happenings(JOB).last(), Some(&Happening::Wiped));
    }
}

#[test]
fn a_key_that_stayed_away_too_long_is_looked_at_again() {
    for serial in [Some("123"), None] {
        let world = world(key(serial, 7), [retired(Fate::Returned)]);
        let looked = Looked::default();
        assert_eq!(seen_again(&world, &looked), Err(Fault::ResetTooLate));
        world.pass_seconds(PUT_BACK_SECONDS + 1);
        // Somebody has enrolled it meanwhile.
        world.state().keys[0].residents[0].credential = CredentialId(vec![8; 16]);
        put_back(&world);
        assert_eq!(seen_again(&world, &looked), Ok(None));
        assert!(has_pin(&world));
    }
}

#[test]
fn what_was_looked_at_holds_for_no_other_key_and_only_once() {
    for (mut other, first) in [
        (key(Some("999"), 8), Some("123")),
        (key(Some("999"), 8), None),
        (KeyState::blank(None), None),
        (key(None, 8), None),
    ] {
        let another_model = other.serial.is_none() && other.pin.is_some();
        other.model = if another_model { 0x30 } else { 0x2F };
        let world = world(key(first, 7), [retired(Fate::Returned)]);
        let looked = Looked::default();
        assert_eq!(seen_again(&world, &looked), Err(Fault::ResetTooLate));
        let other = world.add_key(other);
        world.put(SLOT, other);
        assert_eq!(seen_again(&world, &looked), Ok(None));
        assert_eq!(world.happenings(JOB).last(), Some(&retired(Fate::Returned)));
        // The stranger has used the look up.
        world.put(SLOT, 0);
        put_back(&world);
        assert_eq!(seen_again(&world, &looked), Err(Fault::ResetTooLate));
    }
}

#[test]
fn a_card_is_wiped_only_once_somebody_has_agreed() {
    let mut card = annas(Some("123"));
    card.attachment = Attachment::Pcsc;
    let world = world(card, [retired(Fate::Returned)]);
    let looked = Looked::default();
    let left = met(&world, &looked, ConfirmCards::Batch);
    let asks = matches!(left, Ok(Some(Met::Left(CameBack::Unconfirmed { .. }))));
    assert!(asks, "{left:?}");
    assert!(has_pin(&world));
    assert_eq!(seen(&world), Ok(Some(JOB)));
}
