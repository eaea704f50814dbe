//! CTAPHID against a key with a script, report by report.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

type Report = [u8; REPORT_BYTES];

const OURS: [u8; 4] = [1, 2, 3, 4];
const FOREIGN: [u8; 4] = [9, 9, 9, 9];

/// Answers INIT by itself, and each whole message with the next entry of its script. Never waits.
#[derive(Default)]
struct Scripted {
    script: VecDeque<Vec<Report>>,
    inbox: VecDeque<Report>,
    /// Command and bytes of each message that came in.
    heard: Vec<(u8, Vec<u8>)>,
    missing: usize,
    gone: bool,
    mute: bool,
}

impl Reports for Scripted {
    fn write(&mut self, report: &Report) -> Result<(), Fault> {
        if self.gone {
            return Err(Fault::KeyGone);
        }
        if report[4] & FIRST_PACKET != 0 {
            let length = usize::from(u16::from_be_bytes([report[5], report[6]]));
            self.heard.push((
                report[4],
                report[7..].iter().copied().take(length).collect(),
            ));
            self.missing = length.saturating_sub(57);
        } else {
            let taken = self.missing.min(59);
            self.heard
                .last_mut()
                .unwrap()
                .1
                .extend(&report[5..5 + taken]);
            self.missing -= taken;
        }
        if self.missing == 0 && !self.mute {
            let (command, message) = self.heard.last().unwrap().clone();
            if command == command::INIT {
                // Somebody else's answer comes first: another nonce.
                for nonce in [vec![0; 8], message] {
                    let body = [nonce.as_slice(), &OURS, &[2, 5, 4, 3, CAPABILITY_CBOR]].concat();
                    let to = [report[0], report[1], report[2], report[3]];
                    self.inbox.extend(packets(to, command::INIT, &body));
                }
            } else if let Some(answer) = self.script.pop_front() {
                self.inbox.extend(answer);
            }
        }
        Ok(())
    }

    fn read(&mut self, _timeout: Duration) -> Result<Option<Report>, Fault> {
        Ok(self.inbox.pop_front())
    }
}

/// A message as packets.
fn packets(to: [u8; 4], command: u8, message: &[u8]) -> Vec<Report> {
    let first = message.len().min(57);
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    let mut list = vec![report(
        &[&to[..], &[command], &length, &message[..first]].concat(),
    )];
    for (sequence, part) in message[first..].chunks(59).enumerate() {
        list.push(report(
            &[&to[..], &[u8::try_from(sequence).unwrap()], part].concat(),
        ));
    }
    list
}

fn report(bytes: &[u8]) -> Report {
    let mut report = [0; REPORT_BYTES];
    report[..bytes.len()].copy_from_slice(bytes);
    report
}

fn answer(message: &[u8]) -> Vec<Report> {
    packets(OURS, command::CBOR, message)
}

fn keepalive(status: u8) -> Vec<Report> {
    packets(OURS, command::KEEPALIVE, &[status])
}

fn error(code: u8) -> Vec<Report> {
    packets(OURS, command::ERROR, &[code])
}

fn open(script: impl IntoIterator<Item = Vec<Report>>) -> Hid<Scripted> {
    let mut hid = Hid::open(Scripted::default(), YUBICO_VENDOR_ID, "a key".to_owned()).unwrap();
    hid.reports.script = script.into_iter().collect();
    hid.reports.heard.clear();
    hid
}

/// One exchange with 30 ms of patience, and the keepalives.
fn exchange(
    hid: &mut Hid<Scripted>,
    request: &[u8],
    cancel: &CancelFlag,
) -> (Result<Vec<u8>, Fault>, Vec<Keepalive>) {
    let mut seen = Vec::new();
    let mut conduct = Conduct {
        deadline: Instant::now() + Duration::from_millis(30),
        cancel,
        on_keepalive: &mut |keepalive| seen.push(keepalive),
    };
    let answer = hid.exchange(request, &mut conduct);
    (answer, seen)
}

#[track_caller]
fn check(script: Vec<Report>, expected: Result<Vec<u8>, Fault>) {
    let (answer, _) = exchange(&mut open([script]), &[4], &CancelFlag::default());
    assert_eq!(answer, expected);
}

fn is_garbled(script: Vec<Report>) {
    let (answer, _) = exchange(&mut open([script]), &[4], &CancelFlag::default());
    assert!(
        matches!(answer, Err(Fault::KeyGarbled { .. })),
        "{answer:?}"
    );
}

#[test]
fn messages_of_every_length_go_both_ways() {
    for length in [0, 1, 57, 58, 116, 117, 1024, MESSAGE_BYTES_MAX] {
        let message: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut hid = open([answer(&message)]);
        assert_eq!(
            exchange(&mut hid, &message, &CancelFlag::default()).0,
            Ok(message.clone()),
            "{length}"
        );
        assert_eq!(hid.reports.heard, [(command::CBOR, message)]);
    }
    let (refused, _) = exchange(
        &mut open([]),
        &[0; MESSAGE_BYTES_MAX + 1],
        &CancelFlag::default(),
    );
    assert!(matches!(refused, Err(Fault::Transport { .. })));
}

#[test]
fn packets_to_others_are_passed_over() {
    let mut script = packets(FOREIGN, command::CBOR, &[0, 1]);
    let mut ours = answer(&[7; 100]);
    let last = ours.pop().unwrap();
    script.extend(ours);
    script.extend(packets(FOREIGN, command::CBOR, &[8; 100]));
    script.push(last);
    check(script, Ok(vec![7; 100]));
}

#[test]
fn lost_and_swapped_packets_are_noticed() {
    let whole = answer(&[7; 250]);
    let without = |lost: usize| {
        let mut list = whole.clone();
        list.remove(lost);
        list
    };
    is_garbled(without(0));
    is_garbled(without(1));
    is_garbled(without(2));
    check(without(4), Err(Fault::KeyMute));
    let mut swapped = whole.clone();
    swapped.swap(1, 2);
    is_garbled(swapped);
    let mut twice = whole.clone();
    twice.insert(2, whole[1]);
    is_garbled(twice);
    let mut inside = whole.clone();
    inside.insert(2, whole[0]);
    is_garbled(inside);
    is_garbled(packets(OURS, command::INIT, &[0]));
    is_garbled(vec![report(
        &[&OURS[..], &[command::CBOR, 0xFF, 0xFF]].concat(),
    )]);
}

#[test]
fn after_a_torn_answer_the_channel_is_brought_back_in_step() {
    let mut hid = open([vec![answer(&[7; 100])[0]], answer(&[0])]);
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Err(Fault::KeyMute)
    );
    // What was missing comes late.
    hid.reports.inbox.push_back(answer(&[7; 100])[1]);
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Ok(vec![0])
    );
    let commands: Vec<u8> = hid
        .reports
        .heard
        .iter()
        .map(|(command, _)| *command)
        .collect();
    assert_eq!(commands, [command::CBOR, command::INIT, command::CBOR]);
}

#[test]
fn keepalives_are_told() {
    let script = [
        keepalive(1),
        keepalive(2),
        keepalive(2),
        keepalive(1),
        answer(&[0]),
    ]
    .concat();
    let (answer, seen) = exchange(&mut open([script]), &[1], &CancelFlag::default());
    assert_eq!(answer, Ok(vec![0]));
    use Keepalive::{Processing, UserPresenceNeeded};
    assert_eq!(
        seen,
        [
            Processing,
            UserPresenceNeeded,
            UserPresenceNeeded,
            Processing
        ]
    );
}

#[test]
fn a_key_that_is_not_touched_is_called_off_at_the_deadline() {
    // To the request it says "touch me", to CANCEL its KEEPALIVE_CANCEL.
    let mut hid = open([
        keepalive(2),
        [keepalive(2), answer(&[0x2D])].concat(),
        answer(&[0]),
    ]);
    assert_eq!(
        exchange(&mut hid, &[1], &CancelFlag::default()).0,
        Err(Fault::KeyMute)
    );
    assert_eq!(
        hid.reports.heard,
        [(command::CBOR, vec![1]), (command::CANCEL, vec![])]
    );
    // It ended cleanly: no INIT before the next one.
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Ok(vec![0])
    );
    assert_eq!(hid.reports.heard.last(), Some(&(command::CBOR, vec![4])));
}

#[test]
fn a_touch_in_the_last_moment_counts() {
    let mut hid = open([keepalive(2), answer(&[0, 0xA0])]);
    assert_eq!(
        exchange(&mut hid, &[1], &CancelFlag::default()).0,
        Ok(vec![0, 0xA0])
    );
}

#[test]
fn a_cancelled_exchange_ends() {
    let cancel = CancelFlag::default();
    let mut hid = open([keepalive(2), answer(&[0x2D])]);
    let flag = cancel.clone();
    let mut conduct = Conduct {
        deadline: Instant::now() + Duration::from_secs(60),
        cancel: &cancel,
        on_keepalive: &mut |_| flag.cancel(),
    };
    assert_eq!(hid.exchange(&[1], &mut conduct), Err(Fault::Cancelled));
    assert_eq!(
        hid.reports.heard,
        [(command::CBOR, vec![1]), (command::CANCEL, vec![])]
    );
    // Nothing more is sent under a cancelled flag.
    assert_eq!(exchange(&mut hid, &[4], &cancel).0, Err(Fault::Cancelled));
    assert_eq!(hid.reports.heard.len(), 2);
}

#[test]
fn a_mute_key_is_no_hang() {
    let mut hid = open([]);
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Err(Fault::KeyMute)
    );
    let mute = Scripted {
        mute: true,
        ..Scripted::default()
    };
    assert_eq!(
        Hid::open(mute, 1, String::new()).err(),
        Some(Fault::KeyMute)
    );
    let gone = Scripted {
        gone: true,
        ..Scripted::default()
    };
    assert_eq!(
        Hid::open(gone, 1, String::new()).err(),
        Some(Fault::KeyGone)
    );
}

#[test]
fn a_busy_key_is_asked_again_but_not_for_ever() {
    let mut hid = open([error(0x06), answer(&[0])]);
    let mut conduct = Conduct {
        deadline: Instant::now() + Duration::from_secs(60),
        cancel: &CancelFlag::default(),
        on_keepalive: &mut |_| {},
    };
    assert_eq!(hid.exchange(&[4], &mut conduct), Ok(vec![0]));
    assert_eq!(hid.reports.heard.len(), 2);
    let mut hid = open(vec![error(0x06); 1000]);
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Err(Fault::KeyHeldElsewhere)
    );
}

#[test]
fn a_message_that_came_too_slowly_is_sent_again_but_not_for_ever() {
    let slow = || error(error::MSG_TIMEOUT);
    let long = [7; PACKET_BYTES + 1];
    let mut hid = open([[slow(), slow()].concat(), slow(), answer(&[0])]);
    assert_eq!(
        exchange(&mut hid, &long, &CancelFlag::default()).0,
        Ok(vec![0])
    );
    let sent: Vec<u8> = hid.reports.heard.iter().map(|heard| heard.0).collect();
    let (cbor, init) = (command::CBOR, command::INIT);
    assert_eq!(sent, [cbor, init, cbor, init, cbor]);
    assert!(
        hid.reports
            .heard
            .iter()
            .all(|(kind, bytes)| *kind == init || *bytes == long)
    );

    let mut hid = open(vec![slow(); 9]);
    assert!(matches!(
        exchange(&mut hid, &long, &CancelFlag::default()).0,
        Err(Fault::Transport { .. })
    ));
    let sent = hid
        .reports
        .heard
        .iter()
        .filter(|heard| heard.0 == cbor)
        .count();
    assert_eq!(u32::try_from(sent), Ok(SLOW_TRIES_MAX));

    // It may have acted: it was at work, or there was nothing to wait for.
    for (message, said) in [
        (&long[..], [keepalive(1), slow()].concat()),
        (&long[..PACKET_BYTES], slow()),
    ] {
        let mut hid = open([said, answer(&[0])]);
        assert!(matches!(
            exchange(&mut hid, message, &CancelFlag::default()).0,
            Err(Fault::Transport { .. })
        ));
        assert_eq!(hid.reports.heard.len(), 1);
    }
}

#[test]
fn other_errors_are_named_and_a_lost_channel_is_found_again() {
    check(
        error(0x05),
        Err(Fault::Transport {
            what: "CTAPHID error 0x05 ERR_MSG_TIMEOUT".to_owned(),
        }),
    );
    let mut hid = open([error(0x0B), answer(&[0])]);
    assert!(matches!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Err(Fault::Transport { .. })
    ));
    assert_eq!(
        exchange(&mut hid, &[4], &CancelFlag::default()).0,
        Ok(vec![0])
    );
    assert_eq!(hid.channel, OURS);
}

#[test]
fn a_yubikey_tells_its_serial_and_others_are_not_asked() {
    let configuration = [
        0x0A, 0x01, 0x02, 0x02, 0x3F, 0x02, 0x04, 0x00, 0xE4, 0xE1, 0xC0,
    ];
    let mut hid = open([
        packets(OURS, command::YUBICO_READ_CONFIG, &configuration),
        error(0x01),
    ]);
    assert_eq!(hid.serial(), Ok(Serial::new("15000000")));
    assert_eq!(hid.reports.heard, [(0xC2, vec![0])]);
    // The Security Key series does not know the command.
    assert_eq!(hid.serial(), Ok(None));
    let mut other = Hid::open(Scripted::default(), 0x1209, String::new()).unwrap();
    other.reports.heard.clear();
    assert_eq!(other.serial(), Ok(None));
    assert!(other.reports.heard.is_empty());
}

proptest! {
    #[test]
    fn foreign_packets_never_panic(reports in prop::collection::vec(any::<[u8; 32]>(), 0..6), ours in any::<bool>()) {
        let script = reports
            .into_iter()
            .map(|half| {
                let mut bytes = half.to_vec();
                if ours {
                    bytes[..4].copy_from_slice(&OURS);
                    bytes[4] |= 0x80;
                }
                report(&bytes)
            })
            .collect();
        let mut hid = open([script]);
        let mut conduct = Conduct {
            deadline: Instant::now() + Duration::from_millis(1),
            cancel: &CancelFlag::default(),
            on_keepalive: &mut |_| {},
        };
        let _ = hid.exchange(&[4], &mut conduct);
    }
}
