//! The bench, what the station sees of it, and the hands.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::domain::authenticator::Attachment;
use crate::port::{Attendant, KeyEvent, Keys, Place};

fn arrived(place: &Place, at_start: bool) -> KeyEvent {
    KeyEvent::Arrived {
        place: place.clone(),
        attachment: Attachment::Practice,
        at_start,
    }
}

fn left(place: &Place) -> KeyEvent {
    KeyEvent::Left {
        place: place.clone(),
    }
}

fn keys(bench: &Bench) -> PracticeKeys {
    PracticeKeys::new(
        bench.clone(),
        Box::new(|_, _| panic!("the command layer is tested elsewhere")),
    )
}

fn watch(keys: &PracticeKeys) -> Receiver<KeyEvent> {
    let (sender, events) = channel();
    keys.watch(Box::new(move |event| sender.send(event).is_ok()))
        .unwrap();
    events
}

#[test]
fn what_lies_there_comes_first_and_then_what_happens() {
    let maker = manufacturer();
    let (bench, one, two) = (Bench::new(2), Bench::place(1), Bench::place(2));
    assert_eq!(bench.places(), [one.clone(), two.clone()]);
    bench.insert(&two, &maker.make(1).unwrap()).unwrap();
    let keys = keys(&bench);
    let events = watch(&keys);
    // Told before `watch` returned.
    assert_eq!(events.try_recv(), Ok(arrived(&two, true)));

    let key = maker.make(2).unwrap();
    bench.insert(&one, &key).unwrap();
    assert_eq!(events.recv_timeout(PLENTY), Ok(arrived(&one, false)));
    bench.replug(&one).unwrap();
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&one)));
    assert_eq!(events.recv_timeout(PLENTY), Ok(arrived(&one, false)));
    let out = bench.swap(&one, &maker.make(3).unwrap()).unwrap().unwrap();
    assert!(out.is(&key));
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&one)));
    assert_eq!(events.recv_timeout(PLENTY), Ok(arrived(&one, false)));
    assert_ne!(bench.key_at(&one).unwrap().serial(), key.serial());

    // A repower in software is nobody's departure.
    let key = bench.key_at(&two).unwrap();
    PracticeTransport::open(&key).unwrap().repower().unwrap();
    key.arrange(Mishap::BeforeCommand(0x04));
    let mut transport = PracticeTransport::open(&key).unwrap();
    assert_eq!(ask(&mut transport, GET_INFO), Err(Fault::KeyGone));
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&two)));
    assert!(bench.key_at(&two).is_none());

    drop(keys);
    assert!(events.recv().is_err(), "the watcher ends with the value");
}

#[test]
fn a_bench_refuses_what_hands_could_not_do() {
    let maker = manufacturer();
    let bench = Bench::new(1);
    let key = maker.make(1).unwrap();
    bench.insert(&Bench::place(1), &key).unwrap();
    assert!(
        bench
            .insert(&Bench::place(1), &maker.make(2).unwrap())
            .is_err()
    );
    assert!(
        bench
            .insert(&Bench::place(9), &maker.make(2).unwrap())
            .is_err()
    );
    assert!(bench.insert(&Bench::place(1), &key).is_err());
    assert!(bench.pull(&Bench::place(9)).is_none());
}

#[test]
fn opening_hands_the_transport_to_the_command_layer() {
    let bench = Bench::new(1);
    let place = Bench::place(1);
    let (sender, opened) = channel();
    let sender = std::sync::Mutex::new(sender);
    let keys = PracticeKeys::new(
        bench.clone(),
        Box::new(move |mut transport, _attendant| {
            sender.lock().unwrap().send(transport.serial()).unwrap();
            Box::new(Nothing)
        }),
    );
    let attendant = || Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    };
    assert_eq!(keys.open(&place, attendant()).err(), Some(Fault::KeyGone));
    let key = manufacturer().make(77).unwrap();
    bench.insert(&place, &key).unwrap();
    let held = PracticeTransport::open(&key).unwrap();
    assert_eq!(
        keys.open(&place, attendant()).err(),
        Some(Fault::KeyHeldElsewhere)
    );
    drop(held);
    keys.open(&place, attendant()).unwrap();
    assert_eq!(opened.recv().unwrap(), Ok(key.serial()));
}

#[test]
fn the_hands_fill_the_bench_and_do_as_told() {
    let maker = manufacturer();
    let supply: Vec<_> = (1..=3).map(|number| maker.make(number).unwrap()).collect();
    let bench = Bench::new(2);
    let keys = keys(&bench);
    let events = watch(&keys);
    let quick = Duration::from_millis(2);
    let habits = Habits {
        fetch: quick,
        touch: quick,
        pull: quick,
        seed: 7,
    };
    let hands = PracticeOperator::start(bench.clone(), supply.clone(), habits).unwrap();
    let mut first = [
        events.recv_timeout(PLENTY).unwrap(),
        events.recv_timeout(PLENTY).unwrap(),
    ];
    first.sort_by_key(|event| format!("{event:?}"));
    let (one, two) = (Bench::place(1), Bench::place(2));
    assert_eq!(first, [arrived(&one, false), arrived(&two, false)]);

    let before = bench.key_at(&one).unwrap();
    hands.put_back(&one);
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&one)));
    assert_eq!(events.recv_timeout(PLENTY), Ok(arrived(&one, false)));
    assert!(bench.key_at(&one).unwrap().is(&before));

    hands.pull(&one);
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&one)));
    assert_eq!(events.recv_timeout(PLENTY), Ok(arrived(&one, false)));
    let third = bench.key_at(&one).unwrap();
    assert!(third.is(&supply[2]));
    assert_eq!(status(&third, RESET), 0x00, "the hands touch it");

    hands.pull(&two);
    assert_eq!(events.recv_timeout(PLENTY), Ok(left(&two)));
    drop(hands);
    assert!(bench.key_at(&two).is_none(), "the crate is empty");
}

/// Stands where the command layer would.
struct Nothing;

mod nothing {
    //! The port, answered by nobody.
    use super::Nothing;
    use crate::domain::authenticator::{Attachment, Capabilities, Serial};
    use crate::domain::credential::{Attestation, CredentialId, RpId};
    use crate::domain::fault::Fault;
    use crate::domain::pin::Pin;
    use crate::domain::policy::Configuration;
    use crate::port::{Authenticator, MakeCredential, PinVerdict, Repowered};

    impl Authenticator for Nothing {
        fn capabilities(&mut self) -> Result<Capabilities, Fault> {
            Err(Fault::KeyGone)
        }
        fn serial(&mut self) -> Result<Option<Serial>, Fault> {
            Err(Fault::KeyGone)
        }
        fn attachment(&self) -> Attachment {
            Attachment::Practice
        }
        fn product(&self) -> String {
            String::new()
        }
        fn reset(&mut self) -> Result<(), Fault> {
            Err(Fault::KeyGone)
        }
        fn repower(&mut self) -> Result<Repowered, Fault> {
            Err(Fault::KeyGone)
        }
        fn set_pin(&mut self, _: &Pin) -> Result<(), Fault> {
            Err(Fault::KeyGone)
        }
        fn change_pin(&mut self, _: &Pin, _: &Pin) -> Result<(), Fault> {
            Err(Fault::KeyGone)
        }
        fn pin_retries(&mut self) -> Result<u32, Fault> {
            Err(Fault::KeyGone)
        }
        fn try_pin(&mut self, _: &Pin) -> Result<PinVerdict, Fault> {
            Err(Fault::KeyGone)
        }
        fn make_credential(
            &mut self,
            _: &MakeCredential<'_>,
            _: &Pin,
        ) -> Result<Attestation, Fault> {
            Err(Fault::KeyGone)
        }
        fn assert_silently(
            &mut self,
            _: &RpId,
            _: &[CredentialId],
        ) -> Result<Option<CredentialId>, Fault> {
            Err(Fault::KeyGone)
        }
        fn configure(&mut self, _: &Pin, _: Configuration) -> Result<(), Fault> {
            Err(Fault::KeyGone)
        }
    }
}
