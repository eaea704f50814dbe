//! The station's CTAPHID against the firmware core's own CTAPHID, report by report: hands that take their time, packets that
//! are lost or another's, an exchange that is called off, a key that falls silent or is pulled.

mod cable;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ciborium::Value;
use keyline::adapter::ctap::Key;
use keyline::adapter::ctap::hid::Hid;
use keyline::domain::credential::{CreationOptions, CredentialProtection, RpId, UserHandle};
use keyline::domain::fault::Fault;
use keyline::domain::pin::Pin;
use keyline::domain::time::Timestamp;
use keyline::port::{
    Attendant, Authenticator, CancelFlag, Conduct, Keepalive, MakeCredential, Transport,
};
use keyline::practice::authenticator::{Mishap, Touch};

use cable::{Cable, Fate, Report, connect, exchange, loses, plugged, untouched};

/// CTAP commands.
const GET_INFO: [u8; 1] = [0x04];
const RESET: [u8; 1] = [0x07];
const SELECTION: [u8; 1] = [0x0B];
/// CTAPHID commands (CTAP 2.1 §11.2.9), as they stand in a first packet.
const INIT: u8 = 0x86;
const CBOR: u8 = 0x90;
const CANCEL: u8 = 0x91;
const KEEPALIVE: u8 = 0xBB;
const ERROR: u8 = 0xBF;

/// For an answer that is bound to come, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// For an answer that will not come.
const SHORT: Duration = Duration::from_millis(400);
/// Long enough for the key to say that it is busy, or waits.
const A_WHILE: Duration = Duration::from_secs(2);

#[track_caller]
fn works(hid: &mut Hid<Cable>) {
    let answer = exchange(hid, &GET_INFO, PATIENCE).unwrap();
    assert_eq!(answer[0], 0x00);
    assert!(answer.len() > 64, "an answer in several packets");
}

/// A request in many packets that changes nothing: which of these ids does the key hold? It has none of them (0x2E).
fn long_question() -> Vec<u8> {
    let descriptor = |number: u8| {
        Value::Map(vec![
            ("id".into(), Value::Bytes(vec![number; 64])),
            ("type".into(), "public-key".into()),
        ])
    };
    let parameters = Value::Map(vec![
        (1.into(), "login.microsoft.com".into()),
        (2.into(), Value::Bytes(vec![7; 32])),
        (3.into(), Value::Array((0..5).map(descriptor).collect())),
        (5.into(), Value::Map(vec![("up".into(), false.into())])),
    ]);
    let mut request = vec![0x02];
    ciborium::into_writer(&parameters, &mut request).unwrap();
    request
}

const NOT_HELD: [u8; 1] = [0x2E];

fn options() -> CreationOptions {
    CreationOptions {
        rp_id: RpId("login.microsoft.com".to_owned()),
        rp_name: "Microsoft".to_owned(),
        user_handle: UserHandle(vec![9; 51]),
        user_name: "anna.lang@contoso.com".to_owned(),
        user_display_name: "Anna Lang".to_owned(),
        challenge: vec![7; 5198],
        algorithms: vec![-7, -257],
        exclude: Vec::new(),
        hmac_secret: true,
        credential_protection: Some(CredentialProtection::UserVerificationOptional),
        enforce_credential_protection: true,
        expires: Timestamp(i64::MAX),
    }
}

/// Reset, PIN and passkey.
fn enroll(key: &mut dyn Authenticator) -> Result<(), Fault> {
    key.reset()?;
    let pin = Pin::new("73194628").unwrap();
    key.set_pin(&pin)?;
    let options = options();
    let client_data_json = options.client_data_json();
    let made = key.make_credential(
        &MakeCredential {
            options: &options,
            client_data_json: &client_data_json,
        },
        &pin,
    )?;
    let found = key.assert_silently(&options.rp_id, &[])?;
    assert_eq!(found, Some(made.credential_id));
    Ok(())
}

fn commands(seen: &Arc<Mutex<Vec<Report>>>) -> Vec<u8> {
    let seen = seen.lock().unwrap();
    seen.iter().map(|report| report[4]).collect()
}

#[test]
fn hands_that_take_their_time_are_waited_for() {
    let key = plugged();
    key.set_touch(Touch::After(Duration::from_millis(450)));
    let (hid, seen) = connect(&key, untouched(), untouched());
    let (sender, touches) = channel();
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(move |on| sender.send(on).unwrap()),
    };
    let mut authenticator = Key::new(Box::new(hid), attendant);
    enroll(&mut authenticator).unwrap();
    drop(authenticator);
    // One touch to wipe, one for the passkey; each is told once and taken back once.
    assert_eq!(
        touches.iter().collect::<Vec<_>>(),
        [true, false, true, false]
    );
    // The firmware said more than once that it waits.
    let waits = seen.lock().unwrap();
    let waits = waits.iter().filter(|report| report[4] == KEEPALIVE);
    assert!(waits.filter(|report| report[7] == 0x02).count() > 2);
}

#[test]
fn what_is_anothers_is_passed_over() {
    // Another program's traffic, before and after each of our packets: whole messages, torn ones, keepalives, errors.
    let foreign = |command: u8, length: u8, first: u8| {
        let mut report = [0; 64];
        report[..8].copy_from_slice(&[0xDE, 0xAD, 0xBE, 0xEF, command, 0, length, first]);
        report
    };
    let key = plugged();
    let from_key: Fate = Box::new(move |report| {
        vec![
            foreign(CBOR, 200, 0x00),
            foreign(0x00, 0, 0),
            foreign(KEEPALIVE, 1, 0x02),
            report,
            foreign(0x07, 0, 0),
            foreign(ERROR, 1, 0x06),
            foreign(CBOR, 1, 0x30),
        ]
    });
    let (hid, _) = connect(&key, untouched(), from_key);
    let (sender, touches) = channel();
    let attendant = Attendant {
        cancel: CancelFlag::default(),
        on_touch: Box::new(move |on| sender.send(on).unwrap()),
    };
    let mut authenticator = Key::new(Box::new(hid), attendant);
    enroll(&mut authenticator).unwrap();
    drop(authenticator);
    assert_eq!(
        touches.iter().filter(|on| *on).count(),
        0,
        "nobody had to wait"
    );
}

#[test]
fn a_lost_packet_is_noticed_and_the_next_message_comes_through() {
    let packets_of = |bytes: usize| 1 + bytes.saturating_sub(57).div_ceil(59);
    let question = packets_of(long_question().len());
    assert!(question > 6);
    for lost in 0..question {
        let key = plugged();
        let armed = Arc::default();
        let (mut hid, _) = connect(&key, loses(lost, &armed), untouched());
        assert_eq!(
            exchange(&mut hid, &long_question(), PATIENCE),
            Ok(NOT_HELD.to_vec())
        );
        *armed.lock().unwrap() = true;
        let answer = exchange(&mut hid, &long_question(), SHORT);
        assert!(
            matches!(answer, Err(Fault::KeyMute | Fault::Transport { .. })),
            "packet {lost} to the key: {answer:?}"
        );
        works(&mut hid);
        assert_eq!(
            exchange(&mut hid, &long_question(), PATIENCE),
            Ok(NOT_HELD.to_vec())
        );
    }

    let key = plugged();
    let (mut hid, _) = connect(&key, untouched(), untouched());
    let answer = packets_of(exchange(&mut hid, &GET_INFO, PATIENCE).unwrap().len());
    drop(hid);
    assert!(answer > 3);
    for lost in 0..answer {
        let armed = Arc::default();
        let (mut hid, _) = connect(&key, untouched(), loses(lost, &armed));
        *armed.lock().unwrap() = true;
        let said = exchange(&mut hid, &GET_INFO, PATIENCE);
        let noticed = match said {
            // Another one came in its place.
            Err(Fault::KeyGarbled { .. }) => lost < answer - 1,
            Err(Fault::KeyMute) => lost == answer - 1,
            _ => false,
        };
        assert!(noticed, "packet {lost} from the key: {said:?}");
        works(&mut hid);
    }
}

#[test]
fn a_message_whose_packets_are_late_comes_through() {
    let key = plugged();
    let late = Arc::new(Mutex::new(false));
    let is_late = Arc::clone(&late);
    let to_key: Fate = Box::new(move |report| {
        if report[4] < 0x80 && std::mem::take(&mut *is_late.lock().unwrap()) {
            // Nothing tells when the key has given up, so this is much longer than it waits.
            thread::sleep(SHORT);
        }
        vec![report]
    });
    let (mut hid, seen) = connect(&key, to_key, untouched());
    *late.lock().unwrap() = true;
    let answer = exchange(&mut hid, &long_question(), PATIENCE);
    assert_eq!(answer, Ok(NOT_HELD.to_vec()));
    assert!(commands(&seen).contains(&ERROR), "the key did not mind");
}

#[test]
fn at_the_deadline_the_key_is_called_off_and_has_done_nothing() {
    let key = plugged();
    key.set_touch(Touch::Never);
    let (mut hid, seen) = connect(&key, untouched(), untouched());
    let before = key.photograph();
    assert_eq!(exchange(&mut hid, &RESET, A_WHILE), Err(Fault::KeyMute));
    assert!(before == key.photograph());
    assert!(!key.press(), "it still blinks");
    let said = commands(&seen);
    assert!(
        said.contains(&KEEPALIVE) && said.contains(&CANCEL),
        "{said:02X?}"
    );
    // It has said how it ended, so the channel is in step without another INIT.
    assert_eq!(said.last(), Some(&CBOR));
    works(&mut hid);
    let since = commands(&seen).split_off(said.len());
    assert!(!since.contains(&INIT), "{since:02X?}");
}

#[test]
fn whoever_cancels_is_heard_while_the_key_blinks() {
    let key = plugged();
    key.set_touch(Touch::ByHand);
    let (mut hid, seen) = connect(&key, untouched(), untouched());
    let before = key.photograph();
    let cancel = CancelFlag::default();
    let (blinking, flag) = (key.clone(), cancel.clone());
    let hand = thread::spawn(move || {
        assert!(blinking.wait_for_blink(PATIENCE));
        flag.cancel();
    });
    let mut conduct = Conduct {
        deadline: Instant::now() + PATIENCE,
        cancel: &cancel,
        on_keepalive: &mut |_| {},
    };
    assert_eq!(hid.exchange(&RESET, &mut conduct), Err(Fault::Cancelled));
    hand.join().unwrap();
    assert!(before == key.photograph());
    assert!(!key.press(), "it still blinks");
    assert!(commands(&seen).contains(&CANCEL));
    // Under a new flag the same channel goes on, with a hand that touches.
    key.set_touch(Touch::After(Duration::ZERO));
    assert_eq!(exchange(&mut hid, &RESET, PATIENCE), Ok(vec![0x00]));
}

#[test]
fn a_key_that_another_program_uses_is_waited_for_and_then_left_alone() {
    let key = plugged();
    key.set_touch(Touch::ByHand);
    // The other program talks over the same cable: its packets leave with ours, and its answers are for its own channel.
    let others: Arc<Mutex<Vec<Report>>> = Arc::default();
    let outbox = Arc::clone(&others);
    let to_key: Fate = Box::new(move |report| {
        let mut reports = std::mem::take(&mut *outbox.lock().unwrap());
        reports.push(report);
        reports
    });
    let others_channel = Arc::new(Mutex::new(None));
    let hurries = Arc::new(Mutex::new(false));
    let (channel_seen, in_a_hurry, hand) = (
        Arc::clone(&others_channel),
        Arc::clone(&hurries),
        key.clone(),
    );
    let from_key: Fate = Box::new(move |report| {
        if report[..7] == [0xFF, 0xFF, 0xFF, 0xFF, INIT, 0, 17] && report[7..15] == *b"somebody" {
            *channel_seen.lock().unwrap() = report[15..19].first_chunk::<4>().copied();
        }
        // As soon as we hear that the key is busy with the other one.
        if report[4] == ERROR && report[7] == 0x06 && *in_a_hurry.lock().unwrap() {
            assert!(hand.press());
        }
        vec![report]
    });
    let (mut hid, seen) = connect(&key, to_key, from_key);
    let mut hello = [0; 64];
    hello[..7].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, INIT, 0, 8]);
    hello[7..15].copy_from_slice(b"somebody");
    others.lock().unwrap().push(hello);
    works(&mut hid);
    let channel = others_channel
        .lock()
        .unwrap()
        .expect("a channel of its own");

    let mut select = [0; 64];
    select[..4].copy_from_slice(&channel);
    select[4..8].copy_from_slice(&[CBOR, 0, 1, SELECTION[0]]);
    others.lock().unwrap().push(select);
    let held = exchange(&mut hid, &GET_INFO, A_WHILE);
    assert_eq!(held, Err(Fault::KeyHeldElsewhere));
    assert!(
        key.wait_for_blink(PATIENCE),
        "the other one still waits for its touch"
    );
    assert!(key.press());
    works(&mut hid);

    // A program that is done in time is not even noticed.
    *hurries.lock().unwrap() = true;
    others.lock().unwrap().push(select);
    let said = commands(&seen).len();
    works(&mut hid);
    assert!(
        commands(&seen)[said..].contains(&ERROR),
        "it was busy at first"
    );
}

#[test]
fn a_key_that_falls_silent_is_given_up() {
    let key = plugged();
    let silent = Arc::new(Mutex::new(false));
    let falls = Arc::clone(&silent);
    let from_key: Fate = Box::new(move |report| {
        if *falls.lock().unwrap() {
            vec![]
        } else {
            vec![report]
        }
    });
    let (mut hid, _) = connect(&key, untouched(), from_key);
    works(&mut hid);
    *silent.lock().unwrap() = true;
    let since = Instant::now();
    assert_eq!(exchange(&mut hid, &GET_INFO, SHORT), Err(Fault::KeyMute));
    assert!(since.elapsed() >= SHORT);
    // Not even INIT is answered.
    assert_eq!(exchange(&mut hid, &GET_INFO, SHORT), Err(Fault::KeyMute));
    // It wakes up again, and what it says late belongs to nobody.
    *silent.lock().unwrap() = false;
    works(&mut hid);
}

#[test]
fn a_key_pulled_while_it_blinks_is_gone_at_once() {
    let key = plugged();
    key.set_touch(Touch::Never);
    let (mut hid, _) = connect(&key, untouched(), untouched());
    let mut waited = false;
    let mut conduct = Conduct {
        deadline: Instant::now() + PATIENCE,
        cancel: &CancelFlag::default(),
        on_keepalive: &mut |why| {
            if why == Keepalive::UserPresenceNeeded {
                waited = true;
                key.unplug();
            }
        },
    };
    let since = Instant::now();
    assert_eq!(hid.exchange(&RESET, &mut conduct), Err(Fault::KeyGone));
    assert!(waited && since.elapsed() < PATIENCE);
    assert_eq!(exchange(&mut hid, &GET_INFO, PATIENCE), Err(Fault::KeyGone));
}

#[test]
fn a_key_pulled_around_a_command_has_done_it_or_not() {
    for (mishap, done) in [
        (Mishap::BeforeCommand(RESET[0]), false),
        (Mishap::AfterCommand(RESET[0]), true),
    ] {
        let key = plugged();
        let (hid, _) = connect(&key, untouched(), untouched());
        let attendant = Attendant {
            cancel: CancelFlag::default(),
            on_touch: Box::new(|_| {}),
        };
        enroll(&mut Key::new(Box::new(hid), attendant)).unwrap();
        let before = key.photograph();
        key.plug().unwrap();
        let (mut hid, _) = connect(&key, untouched(), untouched());
        key.arrange(mishap);
        // What is said of other commands does not count.
        works(&mut hid);
        assert_eq!(exchange(&mut hid, &RESET, PATIENCE), Err(Fault::KeyGone));
        assert_eq!(key.photograph() != before, done, "{mishap:?}");
    }
}

#[test]
fn a_key_pulled_in_the_middle_of_writing_can_be_enrolled_afterwards() {
    let mut cuts = 0;
    for writes in 1.. {
        let key = plugged();
        key.arrange(Mishap::AfterWrites(writes));
        let (hid, _) = connect(&key, untouched(), untouched());
        let attendant = || Attendant {
            cancel: CancelFlag::default(),
            on_touch: Box::new(|_| {}),
        };
        match enroll(&mut Key::new(Box::new(hid), attendant())) {
            Err(Fault::KeyGone) => cuts += 1,
            // So many writes there are not.
            Ok(()) => break,
            Err(other) => panic!("after {writes} writes: {other:?}"),
        }
        key.plug().unwrap();
        let (hid, _) = connect(&key, untouched(), untouched());
        enroll(&mut Key::new(Box::new(hid), attendant())).unwrap();
    }
    assert!(cuts > 3, "{cuts}");
}
