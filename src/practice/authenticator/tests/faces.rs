//! The framed faces: APDUs as a reader passes them, and CTAPHID reports.

use super::*;

const SELECT: &[u8] = &[
    0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01, 0x00,
];

fn card(touch: Touch) -> (Card, SimulatedKey) {
    let key = manufacturer().make(1).unwrap();
    key.set_touch(touch);
    let mut card = Card::new(key.clone());
    card.power_on().unwrap();
    let answer = card.transmit(SELECT).unwrap();
    assert_eq!(answer, b"FIDO_2_0\x90\x00");
    (card, key)
}

/// NFCCTAP_MSG, short.
fn message(p1: u8, request: &[u8]) -> Vec<u8> {
    let length = u8::try_from(request.len()).unwrap();
    [&[0x80, 0x10, p1, 0x00, length], request, &[0x00]].concat()
}

fn trailer(response: &[u8]) -> [u8; 2] {
    *response.last_chunk().unwrap()
}

/// Gives the chip's own answer, asking again for as long as it is still at it.
fn await_answer(card: &mut Card, mut response: Vec<u8>) -> (Vec<u8>, bool) {
    let mut blinked = false;
    while trailer(&response) == [0x91, 0x00] {
        blinked |= response[0] == 0x02;
        response = card.transmit(&[0x80, 0x11, 0x00, 0x00, 0x00]).unwrap();
    }
    (response, blinked)
}

#[test]
fn get_info_by_short_apdus_comes_in_parts() {
    let (mut card, _key) = card(Touch::Never);
    let mut part = card.transmit(&message(0x00, GET_INFO)).unwrap();
    let mut whole = Vec::new();
    let mut parts = 0;
    while trailer(&part)[0] == 0x61 {
        whole.extend_from_slice(&part[..part.len() - 2]);
        let room = trailer(&part)[1];
        part = card.transmit(&[0x00, 0xC0, 0x00, 0x00, room]).unwrap();
        parts += 1;
    }
    assert_eq!(trailer(&part), [0x90, 0x00]);
    whole.extend_from_slice(&part[..part.len() - 2]);
    assert!(parts > 0, "getInfo of this key is longer than 256 bytes");
    assert_eq!(aaguid(&whole), PRACTICE_AAGUID.0);
}

#[test]
fn get_info_by_an_extended_apdu_comes_whole() {
    let (mut card, _key) = card(Touch::Never);
    let apdu = [0x80, 0x10, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00, 0x00];
    let answer = card.transmit(&apdu).unwrap();
    assert_eq!(trailer(&answer), [0x90, 0x00]);
    assert_eq!(aaguid(&answer[..answer.len() - 2]), PRACTICE_AAGUID.0);
}

#[test]
fn a_chained_request_is_put_together() {
    let (mut card, key) = card(Touch::After(Duration::ZERO));
    let request = make_credential();
    let (first, rest) = request.split_at(40);
    let part = [&[0x90, 0x10, 0x00, 0x00, 40], first].concat();
    assert_eq!(card.transmit(&part).unwrap(), [0x90, 0x00]);
    let apdu = [
        &[0x80, 0x10, 0x00, 0x00, 0x00, 0x00][..],
        &[u8::try_from(rest.len()).unwrap()],
        rest,
        &[0x00, 0x00],
    ]
    .concat();
    let answer = card.transmit(&apdu).unwrap();
    assert_eq!(trailer(&answer), [0x90, 0x00]);
    let credential = credential_id(&answer[..answer.len() - 2]);
    drop(card);
    assert_eq!(status(&key, &get_assertion(&credential)), 0x00);
}

#[test]
fn a_reader_that_knows_how_is_told_of_the_touch() {
    let (mut card, _key) = card(Touch::After(Duration::from_millis(300)));
    let response = card.transmit(&message(0x80, SELECTION)).unwrap();
    let (answer, blinked) = await_answer(&mut card, response);
    assert_eq!(answer, [0x00, 0x90, 0x00]);
    assert!(blinked);
}

#[test]
fn a_reader_cancels() {
    let (mut card, key) = card(Touch::Never);
    let response = card.transmit(&message(0x80, SELECTION)).unwrap();
    assert_eq!(trailer(&response), [0x91, 0x00]);
    assert!(key.wait_for_blink(PLENTY));
    let response = card.transmit(&[0x80, 0x11, 0x11, 0x00, 0x00]).unwrap();
    let (answer, _) = await_answer(&mut card, response);
    assert_eq!(answer, [0x2D, 0x90, 0x00]);
}

#[test]
fn a_card_refuses_in_the_words_of_iso_7816() {
    let (mut card, _key) = card(Touch::Never);
    let mut says = |apdu: &[u8]| card.transmit(apdu).unwrap();
    assert_eq!(says(&[0x80, 0x10, 0x00]), [0x67, 0x00]);
    assert_eq!(says(&[0x80, 0x10, 0x00, 0x00, 5, 4]), [0x67, 0x00]);
    assert_eq!(says(&[0x80, 0x10, 0x01, 0x00, 1, 4]), [0x6A, 0x86]);
    assert_eq!(says(&[0x80, 0x77, 0x00, 0x00]), [0x6D, 0x00]);
    assert_eq!(says(&[0x80, 0x11, 0x00, 0x00]), [0x69, 0x85]);
    assert_eq!(says(&[0x00, 0xC0, 0x00, 0x00, 0x00]), [0x69, 0x85]);
    // END, and then the applet has to be selected again.
    assert_eq!(says(&[0x80, 0x12, 0x01, 0x00]), [0x90, 0x00]);
    assert_eq!(says(&message(0x00, GET_INFO)), [0x69, 0x85]);
    assert_eq!(says(&[0x00, 0xA4, 0x04, 0x00, 1, 0xA0]), [0x6A, 0x82]);
}

#[test]
fn taking_the_field_away_reopens_the_reset_window() {
    let (mut card, key) = card(Touch::After(Duration::ZERO));
    key.shift_clock(Duration::from_secs(11));
    let late = card.transmit(&message(0x00, RESET)).unwrap();
    assert_eq!(late, [NOT_ALLOWED, 0x90, 0x00]);
    card.reset().unwrap();
    card.transmit(SELECT).unwrap();
    let early = card.transmit(&message(0x00, RESET)).unwrap();
    assert_eq!(early, [0x00, 0x90, 0x00]);
    card.power_off();
    assert_eq!(card.transmit(SELECT), Err(Fault::KeyGone));
}

const BROADCAST: [u8; 4] = [0xFF; 4];

fn report(channel: [u8; 4], command: u8, payload: &[u8]) -> [u8; 64] {
    let mut report = [0; 64];
    report[..4].copy_from_slice(&channel);
    report[4] = 0x80 | command;
    report[6] = u8::try_from(payload.len()).unwrap();
    report[7..7 + payload.len()].copy_from_slice(payload);
    report
}

fn read(pipe: &ReportPipe) -> [u8; 64] {
    pipe.read(PLENTY).unwrap().expect("a report")
}

/// CTAPHID_INIT; returns the new channel.
fn init(pipe: &ReportPipe) -> [u8; 4] {
    let nonce = [1, 2, 3, 4, 5, 6, 7, 8];
    pipe.write(&report(BROADCAST, 0x06, &nonce)).unwrap();
    let reply = read(pipe);
    assert_eq!(reply[4], 0x86);
    assert_eq!(reply[7..15], nonce);
    reply[15..19].try_into().unwrap()
}

/// Reads one message, past keepalives; says whether there was one that asked for a touch.
fn read_message(pipe: &ReportPipe) -> (u8, Vec<u8>, bool) {
    let mut blinked = false;
    let mut first = read(pipe);
    while first[4] == 0xBB {
        blinked |= first[7] == 0x02;
        first = read(pipe);
    }
    let length = usize::from(u16::from_be_bytes([first[5], first[6]]));
    let mut payload = first[7..].to_vec();
    let mut sequence = 0;
    while payload.len() < length {
        let more = read(pipe);
        assert_eq!(more[4], sequence);
        sequence += 1;
        payload.extend_from_slice(&more[5..]);
    }
    payload.truncate(length);
    (first[4], payload, blinked)
}

#[test]
fn get_info_by_reports() {
    let pipe = ReportPipe::open(&plugged(1)).unwrap();
    let channel = init(&pipe);
    pipe.write(&report(channel, 0x10, GET_INFO)).unwrap();
    let (kind, answer, _) = read_message(&pipe);
    assert_eq!(kind, 0x90);
    assert_eq!(aaguid(&answer), PRACTICE_AAGUID.0);
}

#[test]
fn a_late_touch_keeps_the_channel_alive_and_others_busy() {
    let key = plugged(1);
    key.set_touch(Touch::ByHand);
    let pipe = ReportPipe::open(&key).unwrap();
    let (ours, other) = (init(&pipe), init(&pipe));
    pipe.write(&report(ours, 0x10, SELECTION)).unwrap();
    assert!(key.wait_for_blink(PLENTY));
    pipe.write(&report(other, 0x10, GET_INFO)).unwrap();
    let busy = loop {
        let report = read(&pipe);
        if report[4] != 0xBB {
            break report;
        }
    };
    assert_eq!((&busy[..4], busy[4]), (&other[..], 0xBF));
    assert_eq!(busy[7], 0x06, "ERR_CHANNEL_BUSY");
    // A keepalive comes without being asked for.
    assert_eq!((read(&pipe)[4], read(&pipe)[7]), (0xBB, 0x02));
    assert!(key.press());
    let (kind, answer, _) = read_message(&pipe);
    assert_eq!((kind, answer), (0x90, vec![0x00]));
}

#[test]
fn cancel_by_report_ends_the_wait() {
    let key = plugged(1);
    key.set_touch(Touch::Never);
    let pipe = ReportPipe::open(&key).unwrap();
    let channel = init(&pipe);
    pipe.write(&report(channel, 0x10, SELECTION)).unwrap();
    assert!(key.wait_for_blink(PLENTY));
    pipe.write(&report(channel, 0x11, &[])).unwrap();
    let (kind, answer, _) = read_message(&pipe);
    assert_eq!((kind, answer), (0x90, vec![0x2D]));
    key.unplug();
    assert_eq!(pipe.read(PLENTY), Err(Fault::KeyGone));
    assert_eq!(pipe.write(&[0; 64]), Err(Fault::KeyGone));
}
