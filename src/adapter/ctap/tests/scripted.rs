//! What the firmware core never does, played by a transport with a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ciborium::Value;

use crate::adapter::ctap::cbor::{self, Builder};
use crate::adapter::ctap::key::Key;
use crate::domain::authenticator::{Attachment, Serial};
use crate::domain::fault::{CtapStatus, Fault};
use crate::port::{
    Attendant, Authenticator, CancelFlag, Conduct, Keepalive, PinVerdict, Repowered, Transport,
};

use super::pin;

/// One exchange: the command byte that must come, keepalives, then the answer.
struct Act {
    command: u8,
    keepalives: Vec<Keepalive>,
    answer: Result<Vec<u8>, Fault>,
    cancelled: bool,
    /// The station must be ready to wait so long.
    patience_seconds: u64,
}

fn act(command: u8, answer: &[u8]) -> Act {
    Act {
        command,
        keepalives: Vec::new(),
        answer: Ok(answer.to_vec()),
        cancelled: false,
        patience_seconds: 0,
    }
}

struct Script {
    acts: VecDeque<Act>,
    attachment: Attachment,
    cancel: CancelFlag,
}

impl Transport for Script {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        let act = self.acts.pop_front().expect("one exchange too many");
        assert_eq!(request[0], act.command);
        let patience = Duration::from_secs(act.patience_seconds);
        assert!(conduct.deadline >= Instant::now() + patience);
        act.keepalives
            .into_iter()
            .for_each(|keepalive| (conduct.on_keepalive)(keepalive));
        if act.cancelled {
            self.cancel.cancel();
        }
        act.answer
    }

    fn attachment(&self) -> Attachment {
        self.attachment
    }

    fn product(&self) -> String {
        "a script".to_owned()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        Ok(Serial::new("1"))
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        Ok(Repowered::NotHere)
    }
}

/// A key with a script, and what its attendant is told.
fn play(
    attachment: Attachment,
    acts: impl IntoIterator<Item = Act>,
) -> (Key, Arc<Mutex<Vec<bool>>>) {
    let cancel = CancelFlag::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    let script = Script {
        acts: acts.into_iter().collect(),
        attachment,
        cancel: cancel.clone(),
    };
    let listener = Arc::clone(&told);
    let on_touch = Box::new(move |touch| listener.lock().unwrap().push(touch));
    (
        Key::new(Box::new(script), Attendant { cancel, on_touch }),
        told,
    )
}

#[track_caller]
fn resets(attachment: Attachment, act: Act, expected: Result<(), Fault>, touches: &[bool]) {
    let (mut key, told) = play(attachment, [act]);
    assert_eq!(key.reset(), expected);
    assert_eq!(*told.lock().unwrap(), touches);
}

#[test]
fn touches_are_told_and_taken_back() {
    use Keepalive::{Processing, UserPresenceNeeded as Touch};
    let waits = |keepalives: &[Keepalive], answer: &[u8]| Act {
        keepalives: keepalives.to_vec(),
        ..act(0x07, answer)
    };
    let hid = Attachment::Hid;
    resets(hid, waits(&[], &[0x00]), Ok(()), &[]);
    resets(
        hid,
        waits(&[Processing, Touch, Touch, Processing], &[0x00]),
        Ok(()),
        &[true, false],
    );
    resets(
        hid,
        waits(&[Touch], &[0x2F]),
        Err(Fault::TouchMissing),
        &[true, false],
    );
    resets(
        hid,
        waits(&[Touch], &[0x27]),
        Err(Fault::TouchDeclined),
        &[true, false],
    );
    resets(
        hid,
        waits(&[Touch], &[0x2D]),
        Err(Fault::TouchMissing),
        &[true, false],
    );
    resets(
        hid,
        waits(&[], &[]),
        Err(Fault::KeyGarbled {
            what: "an answer without a status".to_owned(),
        }),
        &[],
    );
    let mute = |keepalives: &[Keepalive]| Act {
        answer: Err(Fault::KeyMute),
        ..waits(keepalives, &[])
    };
    resets(
        hid,
        mute(&[Touch]),
        Err(Fault::TouchMissing),
        &[true, false],
    );
    resets(
        hid,
        mute(&[Touch, Processing]),
        Err(Fault::KeyMute),
        &[true, false],
    );
    resets(hid, mute(&[]), Err(Fault::KeyMute), &[]);
    let gone = Act {
        answer: Err(Fault::KeyGone),
        ..waits(&[Touch], &[])
    };
    resets(hid, gone, Err(Fault::KeyGone), &[true, false]);
    let cancelled = Act {
        cancelled: true,
        ..waits(&[Touch], &[0x2D])
    };
    resets(hid, cancelled, Err(Fault::Cancelled), &[true, false]);
}

#[test]
fn a_reader_that_refuses_every_reset_is_told_from_a_person_who_declines() {
    resets(
        Attachment::Pcsc,
        act(0x07, &[0x27]),
        Err(Fault::ResetRefused),
        &[],
    );
    let asked = Act {
        keepalives: vec![Keepalive::UserPresenceNeeded],
        ..act(0x07, &[0x27])
    };
    resets(
        Attachment::Pcsc,
        asked,
        Err(Fault::TouchDeclined),
        &[true, false],
    );
    resets(
        Attachment::Hid,
        act(0x07, &[0x27]),
        Err(Fault::TouchDeclined),
        &[],
    );
    resets(
        Attachment::Hid,
        act(0x07, &[0x30]),
        Err(Fault::ResetTooLate),
        &[],
    );
}

#[test]
fn a_touch_may_begin_at_the_last_moment_and_last_as_long_as_the_key_wants() {
    for (long_touch, patience_seconds) in [(false, 30), (true, 40)] {
        let info = Builder::new()
            .with(1, Value::Array(vec!["FIDO_2_1".into()]))
            .with(3, vec![7; 16])
            .with(0x18, long_touch);
        let reset = Act {
            patience_seconds,
            ..act(0x07, &[0x00])
        };
        let (mut key, _) = play(Attachment::Hid, [act(0x04, &answer(info)), reset]);
        let told = key.capabilities().unwrap().long_touch_for_reset;
        assert_eq!((told, key.reset()), (long_touch, Ok(())));
    }
}

fn answer(body: impl Into<Value>) -> Vec<u8> {
    let mut answer = vec![0x00];
    answer.extend(cbor::encode(&body.into()).unwrap());
    answer
}

fn info(force: bool) -> Vec<u8> {
    let options = Builder::new()
        .with("rk", true)
        .with("clientPin", true)
        .with("pinUvAuthToken", true);
    let info = Builder::new()
        .with(1, Value::Array(vec!["FIDO_2_1".into()]))
        .with(3, vec![7; 16])
        .with(4, options)
        .with(6, Value::Array(vec![1.into()]))
        .with(0x0C, force)
        // Members of days to come.
        .with(0x77, "new")
        .with("vendor", 1);
    answer(info)
}

fn key_agreement() -> Vec<u8> {
    let point = "1f140146bfb1b251f84f4ddbe0d4cdcfd77afd984a9520e35794021f8312bb9e\
                 ec995a08b1fa7704df3dcc0b50a9665263fb7711f95f9f8a449c5096e47c892b";
    let bytes: Vec<u8> = (0..point.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&point[at..at + 2], 16).unwrap())
        .collect();
    let (x, y) = bytes.split_at(32);
    let key = Builder::new()
        .with(1, 2)
        .with(3, -25)
        .with(-1, 1)
        .with(-2, x.to_vec())
        .with(-3, y.to_vec());
    answer(Builder::new().with(1, key))
}

fn retries(left: u8) -> Vec<u8> {
    answer(Builder::new().with(3, left))
}

#[track_caller]
fn tries(force: bool, status: u8, left: Option<u8>, expected: Result<PinVerdict, Fault>) {
    let mut acts = vec![
        act(0x04, &info(force)),
        act(0x06, &key_agreement()),
        act(0x06, &[status]),
    ];
    acts.extend(left.map(|left| act(0x06, &retries(left))));
    let (mut key, _) = play(Attachment::Hid, acts);
    assert_eq!(key.try_pin(&pin("135790")), expected);
}

#[test]
fn a_full_counter_after_a_forced_change_proves_the_pin() {
    let wrong = |left| {
        Ok(PinVerdict::Wrong {
            retries_left: Some(left),
        })
    };
    for status in [0x31, 0x37] {
        tries(true, status, Some(8), Ok(PinVerdict::Right));
        tries(true, status, Some(7), wrong(7));
    }
    // Without a forced change the counter proves nothing.
    tries(false, 0x31, Some(8), wrong(8));
    tries(false, 0x31, Some(7), wrong(7));
    tries(false, 0x32, None, Err(Fault::PinBlocked));
    tries(false, 0x34, None, Err(Fault::PinAuthBlocked));
    let not_set = Fault::Ctap {
        command: "authenticatorClientPIN getPinToken".to_owned(),
        status: CtapStatus::PIN_NOT_SET,
    };
    tries(false, 0x35, None, Err(not_set));
}

#[test]
fn get_info_ignores_what_it_does_not_know() {
    let (mut key, _) = play(Attachment::Hid, [act(0x04, &info(true))]);
    let info = key.capabilities().unwrap();
    assert_eq!(info.versions, ["FIDO_2_1"]);
    assert_eq!(
        (
            info.max_message_size,
            info.min_pin_length,
            info.force_pin_change
        ),
        (1024, 4, true)
    );
    assert_eq!((info.max_credentials_in_list, info.always_uv), (None, None));
}

#[test]
fn get_info_with_a_wrong_type_is_garbled() {
    for (member, value) in [
        (1, Value::from(1)),
        (3, Value::from(vec![7; 15])),
        (4, Value::from("rk")),
        (4, Builder::new().with("rk", 1).into()),
        (5, Value::from(-1)),
        (6, Value::Array(vec!["one".into()])),
        (
            0x0A,
            Value::Array(vec![Builder::new().with("type", "public-key").into()]),
        ),
        (0x0C, Value::from(1)),
        (0x0D, Value::from("six")),
    ] {
        let mut info = Builder::new().with(member, value.clone());
        if member != 3 {
            info = info.with(3, vec![7; 16]);
        }
        let (mut key, _) = play(Attachment::Hid, [act(0x04, &answer(info))]);
        let read = key.capabilities();
        assert!(
            matches!(read, Err(Fault::KeyGarbled { .. })),
            "{member}: {value:?} gave {read:?}"
        );
    }
}

#[test]
fn a_key_without_ctap2_is_named() {
    let (mut key, _) = play(Attachment::Pcsc, [act(0x04, &[0x01])]);
    assert_eq!(
        key.capabilities(),
        Err(Fault::Unsupported {
            what: "FIDO2".to_owned()
        })
    );
}
