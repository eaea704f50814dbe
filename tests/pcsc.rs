//! Simulated keys on virtual readers, enrolled by the station's own PC/SC side through a real pcscd.

#[path = "support/again.rs"]
mod again;
#[path = "pcsc/arrivals.rs"]
mod arrivals;
mod support;

use std::ffi::CString;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use again::{is_client, run_client};
use keyline::adapter::ctap::keys::ReaderChoice;
use keyline::adapter::ctap::{Hardware, Verifier, Watched};
use keyline::domain::authenticator::Attachment;
use keyline::domain::credential::{AttestationVerdict, CreationOptions, RpId, UserHandle};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::domain::time::Timestamp;
use keyline::port::{
    Attendant, AttestationCheck, Authenticator, CancelFlag, KeyEvent, Keys, MakeCredential,
    PinVerdict, Place, Repowered,
};
use keyline::practice::authenticator::{Manufacturer, Model};
use pcsc::{Context, ReaderState, Scope, State};
use support::pcscd::{Pcscd, reader_name, unavailable};

/// Said by the client when it watches; then a second card is laid down.
const WATCHING: &str = "WATCHING";
/// Said by the client when the second card is enrolled; then that card is lifted.
const ENROLLED: &str = "ENROLLED";
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_card_is_seen_enrolled_and_missed_through_a_real_pcscd() {
    if is_client() {
        return client();
    }
    if unavailable().is_some() {
        return;
    }
    let maker = Manufacturer::new(Model::practice()).unwrap();
    let pcscd = Pcscd::start(2).unwrap();
    let _lies_there = pcscd.lay(0, maker.make(0).unwrap()).unwrap();
    let mut laid = None;
    let name = "a_card_is_seen_enrolled_and_missed_through_a_real_pcscd";
    let said = run_client(&pcscd, name, |line| {
        if line.contains(WATCHING) {
            laid = Some(pcscd.lay(1, maker.make(1).unwrap()).unwrap());
        }
        if line.contains(ENROLLED) {
            drop(laid.take());
        }
    });
    assert!(said.contains(ENROLLED), "{said}");
}

fn place(reader: u16) -> Place {
    Place(format!("reader:{}", reader_name(reader)))
}

fn attendant() -> Attendant {
    Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(|_| {}),
    }
}

fn all_readers() -> Hardware {
    Hardware::new(Watched {
        hid: false,
        readers: ReaderChoice::All,
    })
}

fn client() {
    see_a_card(0, State::PRESENT);
    let hardware = all_readers();
    let (sink, events) = mpsc::channel();
    hardware
        .watch(Box::new(move |event| sink.send(event).is_ok()))
        .unwrap();
    assert_eq!(next(&events), arrived(0, true));
    println!("{WATCHING}");
    assert_eq!(next(&events), arrived(1, false));
    let mut key = hardware.open(&place(1), attendant()).unwrap();
    // Exclusive: a second opening is refused while the first lasts.
    let second = hardware.open(&place(1), attendant()).err();
    assert_eq!(second, Some(Fault::KeyHeldElsewhere));
    enrol(&mut *key);
    reset_late(&mut *key);
    drop(key);
    hardware.open(&place(1), attendant()).unwrap();
    println!("{ENROLLED}");
    assert_eq!(next(&events), KeyEvent::Left { place: place(1) });
    assert_eq!(
        hardware.open(&place(1), attendant()).err(),
        Some(Fault::KeyGone)
    );
}

/// The service looks at its readers only now and then: what it has not seen yet cannot be there at our start.
fn see_a_card(reader: u16, state: State) {
    let context = Context::establish(Scope::User).unwrap();
    let name = CString::new(reader_name(reader)).unwrap();
    let mut states = [ReaderState::new(name, State::UNAWARE)];
    while !states[0].event_state().contains(state) {
        context.get_status_change(PATIENCE, &mut states).unwrap();
        states[0].sync_current_state();
    }
}

fn next(events: &Receiver<KeyEvent>) -> KeyEvent {
    events.recv_timeout(PATIENCE).unwrap()
}

fn arrived(reader: u16, at_start: bool) -> KeyEvent {
    KeyEvent::Arrived {
        place: place(reader),
        attachment: Attachment::Pcsc,
        at_start,
    }
}

fn enrol(key: &mut dyn Authenticator) {
    let pin = Pin::new("135790").unwrap();
    key.serial().unwrap();
    key.reset().unwrap();
    key.set_pin(&pin).unwrap();
    let options = CreationOptions {
        rp_id: RpId("login.microsoft.com".to_owned()),
        rp_name: "Microsoft".to_owned(),
        user_handle: UserHandle(vec![7; 48]),
        user_name: "zoe@contoso.com".to_owned(),
        user_display_name: "Zoë Example".to_owned(),
        challenge: vec![1; 32],
        algorithms: vec![-7, -257],
        // Long enough for chained APDUs.
        exclude: (0..20)
            .map(|n| keyline::domain::credential::CredentialId(vec![n; 64]))
            .collect(),
        hmac_secret: true,
        credential_protection: None,
        enforce_credential_protection: false,
        expires: Timestamp(0),
    };
    let client_data_json = options.client_data_json();
    let request = MakeCredential {
        options: &options,
        client_data_json: &client_data_json,
    };
    let made = key.make_credential(&request, &pin).unwrap();
    assert_eq!(Verifier.judge(&made), AttestationVerdict::Agrees);
    assert_eq!(Verifier.second_opinion(&made), AttestationVerdict::Agrees);
    // Three wrong ones block the key until its power is taken.
    let wrong = Pin::new("000000").unwrap();
    for _ in 0..2 {
        assert!(matches!(key.try_pin(&wrong), Ok(PinVerdict::Wrong { .. })));
    }
    assert_eq!(key.try_pin(&wrong), Err(Fault::PinAuthBlocked));
    assert_eq!(key.try_pin(&pin), Err(Fault::PinAuthBlocked));
    assert_eq!(key.repower(), Ok(Repowered::Yes));
    assert_eq!(key.try_pin(&pin), Ok(PinVerdict::Right));
    assert_eq!(
        key.assert_silently(&options.rp_id, &[]).unwrap(),
        Some(made.credential_id)
    );
}

/// A reset that comes too late is refused; the reader takes the card's power and gives it back, and then it is in time.
fn reset_late(key: &mut dyn Authenticator) {
    assert!(key.capabilities().unwrap().has_pin());
    assert_eq!(key.reset(), Err(Fault::ResetTooLate));
    assert_eq!(key.repower(), Ok(Repowered::Yes));
    assert_eq!(key.reset(), Ok(()));
    assert!(!key.capabilities().unwrap().has_pin());
}
