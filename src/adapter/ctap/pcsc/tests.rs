//! APDU framing against a card with a script.

use std::collections::VecDeque;

use proptest::prelude::*;

use crate::port::CancelFlag;

use super::*;

/// Answers each APDU with the next entry of its script, and keeps what came in.
#[derive(Default)]
struct Scripted {
    script: VecDeque<Vec<u8>>,
    heard: Vec<Vec<u8>>,
    powered: u32,
}

impl Apdus for Scripted {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        self.heard.push(apdu.to_vec());
        self.script.pop_front().ok_or(Fault::KeyGone)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.powered += 1;
        Ok(Repowered::Yes)
    }
}

const OK: [u8; 2] = [0x90, 0x00];

fn ok(data: &[u8]) -> Vec<u8> {
    [data, &OK].concat()
}

fn open<'a>(script: impl IntoIterator<Item = &'a [u8]>) -> Nfc<Scripted> {
    let select = Scripted {
        script: [ok(b"FIDO_2_0")].into(),
        ..Scripted::default()
    };
    let mut nfc = Nfc::open(select, "ACME 00 00".to_owned()).unwrap();
    assert_eq!(
        nfc.card.heard,
        [[&[0x00, 0xA4, 0x04, 0x00, 0x08][..], &FIDO_AID, &[0x00]].concat()]
    );
    nfc.card.heard.clear();
    nfc.card.script = script.into_iter().map(<[u8]>::to_vec).collect();
    nfc
}

fn exchange(
    nfc: &mut Nfc<Scripted>,
    request: &[u8],
    millis: u64,
) -> (Result<Vec<u8>, Fault>, Vec<Keepalive>) {
    let mut seen = Vec::new();
    let mut conduct = Conduct {
        deadline: Instant::now() + Duration::from_millis(millis),
        cancel: &CancelFlag::default(),
        on_keepalive: &mut |keepalive| seen.push(keepalive),
    };
    let answer = nfc.exchange(request, &mut conduct);
    (answer, seen)
}

#[test]
fn a_short_request_is_one_apdu() {
    let mut nfc = open([&ok(&[0, 0xA0])[..]]);
    assert_eq!(exchange(&mut nfc, &[4], 1000).0, Ok(vec![0, 0xA0]));
    assert_eq!(
        nfc.card.heard,
        [vec![0x80, 0x10, 0x80, 0x00, 0x01, 0x04, 0x00]]
    );
}

#[test]
fn a_long_request_goes_in_a_chain() {
    let request: Vec<u8> = (0..=249).cycle().take(500).collect();
    let mut nfc = open([&OK[..], &OK, &ok(&[0])]);
    assert_eq!(exchange(&mut nfc, &request, 1000).0, Ok(vec![0]));
    let heads: Vec<_> = nfc
        .card
        .heard
        .iter()
        .map(|apdu| apdu[..5].to_vec())
        .collect();
    assert_eq!(
        heads,
        [
            [0x90, 0x10, 0x80, 0x00, 240],
            [0x90, 0x10, 0x80, 0x00, 240],
            [0x80, 0x10, 0x80, 0x00, 20]
        ]
    );
    let sent: Vec<u8> = nfc
        .card
        .heard
        .iter()
        .flat_map(|apdu| apdu[5..apdu.len() - 1].to_vec())
        .collect();
    assert_eq!(sent, request);
}

#[test]
fn a_card_without_chains_is_sent_extended_apdus() {
    let request = [7; 300];
    let mut nfc = open([&[0x68, 0x84][..], &ok(&[0]), &ok(&[0])]);
    assert_eq!(exchange(&mut nfc, &request, 1000).0, Ok(vec![0]));
    let expected = [
        &[0x80, 0x10, 0x80, 0x00, 0x00, 0x01, 0x2C][..],
        &request,
        &[0x00, 0x00],
    ]
    .concat();
    assert_eq!(nfc.card.heard[1], expected);
    // The second time it knows.
    assert_eq!(exchange(&mut nfc, &request, 1000).0, Ok(vec![0]));
    assert_eq!(nfc.card.heard.len(), 3);
}

#[test]
fn a_long_answer_is_collected() {
    let mut nfc = open([
        &[0, 1, 2, 0x61, 0x00][..],
        &[3, 0x61, 0x01],
        &[4, 0x90, 0x00],
    ]);
    assert_eq!(exchange(&mut nfc, &[4], 1000).0, Ok(vec![0, 1, 2, 3, 4]));
    assert_eq!(
        nfc.card.heard[1..],
        [
            [0x00, 0xC0, 0x00, 0x00, 0x00],
            [0x00, 0xC0, 0x00, 0x00, 0x01]
        ]
    );
    // Some cards know GET RESPONSE under the class of the applet only.
    let mut nfc = open([&[0, 0x61, 0x01][..], &[0x6E, 0x00], &[5, 0x90, 0x00]]);
    assert_eq!(exchange(&mut nfc, &[4], 1000).0, Ok(vec![0, 5]));
    assert_eq!(nfc.card.heard[2], [0x80, 0xC0, 0x00, 0x00, 0x01]);
}

#[test]
fn an_answer_without_an_end_is_refused() {
    let part = [&[0; 200][..], &[0x61, 0x00]].concat();
    let mut nfc = open(vec![&part[..]; 1000]);
    assert!(matches!(
        exchange(&mut nfc, &[4], 1000).0,
        Err(Fault::KeyGarbled { .. })
    ));
    let mut nfc = open(vec![&[0x61, 0x00][..]; 1000]);
    assert!(matches!(
        exchange(&mut nfc, &[4], 1000).0,
        Err(Fault::KeyGarbled { .. })
    ));
    assert!(nfc.card.heard.len() <= ANSWER_PARTS_MAX + 1);
}

#[test]
fn a_card_that_waits_for_a_touch_is_polled() {
    let mut nfc = open([
        &[1, 0x91, 0x00][..],
        &[2, 0x91, 0x00],
        &[0, 0x61, 0x01],
        &[9, 0x90, 0x00],
    ]);
    let (answer, seen) = exchange(&mut nfc, &[7], 5000);
    assert_eq!(answer, Ok(vec![0, 9]));
    assert_eq!(seen, [Keepalive::Processing, Keepalive::UserPresenceNeeded]);
    assert_eq!(nfc.card.heard[1..3], [[0x80, 0x11, 0x00, 0x00, 0x00]; 2]);
}

#[test]
fn a_card_that_is_not_touched_is_called_off() {
    let mut nfc = open([&[2, 0x91, 0x00][..], &[0x2D, 0x90, 0x00]]);
    assert_eq!(exchange(&mut nfc, &[7], 0).0, Err(Fault::KeyMute));
    assert_eq!(nfc.card.heard[1], [0x80, 0x11, 0x11, 0x00, 0x00]);
    // A touch in the last moment counts.
    let mut nfc = open([&[2, 0x91, 0x00][..], &[2, 0x91, 0x00], &ok(&[0])]);
    assert_eq!(exchange(&mut nfc, &[7], 0).0, Ok(vec![0]));
    let cancel = CancelFlag::default();
    let mut nfc = open([&[2, 0x91, 0x00][..], &[0x2D, 0x90, 0x00]]);
    let flag = cancel.clone();
    let mut conduct = Conduct {
        deadline: Instant::now() + Duration::from_secs(60),
        cancel: &cancel,
        on_keepalive: &mut |_| flag.cancel(),
    };
    assert_eq!(nfc.exchange(&[7], &mut conduct), Err(Fault::Cancelled));
}

#[test]
fn refusals_and_departures_are_named() {
    let mut nfc = open([&[0x69, 0x85][..], &[]]);
    let refused = Fault::Transport {
        what: "the card answered NFCCTAP_MSG with 6985".to_owned(),
    };
    assert_eq!(exchange(&mut nfc, &[4], 1000).0, Err(refused));
    assert!(matches!(
        exchange(&mut nfc, &[4], 1000).0,
        Err(Fault::KeyGarbled { .. })
    ));
    assert_eq!(exchange(&mut nfc, &[4], 1000).0, Err(Fault::KeyGone));
    let other = Scripted {
        script: [vec![0x6A, 0x82]].into(),
        ..Scripted::default()
    };
    assert!(matches!(
        Nfc::open(other, String::new()).err(),
        Some(Fault::Unsupported { .. })
    ));
    use ::pcsc::Error;
    assert_eq!(card::fault(Error::RemovedCard), Fault::KeyGone);
    assert_eq!(card::fault(Error::NotTransacted), Fault::KeyGone);
    for lies_badly in [Error::UnpoweredCard, Error::UnresponsiveCard] {
        assert_eq!(card::fault(lies_badly), Fault::KeyMute);
    }
    assert_eq!(
        card::fault(Error::SharingViolation),
        Fault::KeyHeldElsewhere
    );
    assert!(matches!(
        card::fault(Error::NoService),
        Fault::Transport { .. }
    ));
}

#[test]
fn the_serial_is_read_and_the_fido_applet_selected_again() {
    let configuration = ok(&[
        0x0A, 0x01, 0x02, 0x02, 0x3F, 0x02, 0x04, 0x00, 0xE4, 0xE1, 0xC0,
    ]);
    let mut nfc = open([&ok(b"5.4.3")[..], &configuration, &OK]);
    assert_eq!(nfc.serial(), Ok(Serial::new("15000000")));
    assert_eq!(nfc.card.heard[0][5..13], YUBICO_MANAGEMENT_AID);
    assert_eq!(nfc.card.heard[1], [0x00, 0x1D, 0x00, 0x00, 0x00]);
    assert_eq!(nfc.card.heard[2][5..13], FIDO_AID);
    // No such applet, no such instruction, a broken answer: the FIDO applet comes back each time.
    let mut nfc = open([
        &[0x6A, 0x82][..],
        &OK,
        &OK,
        &[0x6D, 0x00],
        &OK,
        &OK,
        &[9, 0x90, 0x00],
        &OK,
    ]);
    assert_eq!(nfc.serial(), Ok(None));
    assert_eq!(nfc.serial(), Ok(None));
    assert!(matches!(nfc.serial(), Err(Fault::KeyGarbled { .. })));
    assert_eq!(nfc.card.heard.last().unwrap()[5..13], FIDO_AID);
    assert!(nfc.card.script.is_empty());
}

#[test]
fn after_new_power_the_applet_is_selected_again() {
    let mut nfc = open([&OK[..]]);
    assert_eq!(nfc.repower(), Ok(Repowered::Yes));
    assert_eq!((nfc.card.powered, nfc.card.heard.len()), (1, 1));
}

proptest! {
    #[test]
    fn foreign_responses_never_panic(script in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5)) {
        let mut nfc = open(script.iter().map(Vec::as_slice));
        let _ = exchange(&mut nfc, &[4], 0);
        let _ = nfc.serial();
    }
}
