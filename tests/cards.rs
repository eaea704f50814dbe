//! Simulated keys on virtual readers, seen through a real pcscd: proves the peers that other tests stand on.

#[path = "support/again.rs"]
mod again;
mod support;

use std::time::{Duration, Instant};

use again::{is_client, run_client};
use keyline::practice::authenticator::{
    ATR, Manufacturer, Model, PRACTICE_AAGUID, TRAINING_AAGUID,
};
use pcsc::{Card, Context, Disposition, Protocols, ReaderState, Scope, ShareMode, State};
use support::pcscd::{Pcscd, reader_name, unavailable};

const READERS: u16 = 8;

/// Said by the client when every card was read; then the last card is lifted.
const ALL_READ: &str = "ALL CARDS READ";

#[test]
fn eight_keys_on_eight_readers_through_a_real_pcscd() {
    if is_client() {
        return client();
    }
    if unavailable().is_some() {
        return;
    }
    let practice = Manufacturer::new(Model::practice()).unwrap();
    let training = Manufacturer::new(Model::training()).unwrap();
    let pcscd = Pcscd::start(READERS).unwrap();
    let mut cards: Vec<_> = (0..READERS)
        .map(|reader| {
            let maker = if reader.is_multiple_of(2) {
                &practice
            } else {
                &training
            };
            pcscd
                .lay(reader, maker.make(reader.into()).unwrap())
                .unwrap()
        })
        .collect();
    let name = "eight_keys_on_eight_readers_through_a_real_pcscd";
    let said = run_client(&pcscd, name, |line| {
        if line.contains(ALL_READ) {
            cards.pop();
        }
    });
    println!("{said}");
    assert!(said.contains(ALL_READ), "the client did not get so far");
}

fn client() {
    let context = Context::establish(Scope::User).unwrap();
    let mut names: Vec<_> = context.list_readers_owned().unwrap();
    names.sort();
    let expected: Vec<_> = (0..READERS).map(reader_name).collect();
    let found: Vec<_> = names.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(found, expected);
    let mut states: Vec<_> = names
        .iter()
        .map(|name| ReaderState::new(name.as_c_str(), State::UNAWARE))
        .collect();
    wait_for(&context, &mut states, State::PRESENT);

    let since = Instant::now();
    let mut exchanges = 0_u32;
    for (index, name) in names.iter().enumerate() {
        let card = context
            .connect(name, ShareMode::Exclusive, Protocols::T1)
            .unwrap();
        let status = card.status2_owned().unwrap();
        assert_eq!(status.atr(), ATR);
        select(&card);
        let aaguid = if index.is_multiple_of(2) {
            PRACTICE_AAGUID
        } else {
            TRAINING_AAGUID
        };
        let info = transmit(&card, &[0x80, 0x10, 0, 0, 0, 0, 1, 0x04, 0, 0]);
        assert_eq!(info[0], 0x00);
        assert!(info.windows(16).any(|window| window == aaguid.0));
        exchanges += 2;
        assert!(card.disconnect(Disposition::LeaveCard).is_ok());
    }
    println!(
        "{exchanges} exchanges, connections included: {:?}",
        since.elapsed()
    );

    reset_window(&context, &names[0]);

    println!("{ALL_READ}");
    let last = states.len() - 1;
    wait_for(&context, &mut states[last..], State::EMPTY);
}

/// The reset window closes with another command, and opens again when the reader takes the power away.
fn reset_window(context: &Context, reader: &std::ffi::CStr) {
    let mut card = context
        .connect(reader, ShareMode::Exclusive, Protocols::T1)
        .unwrap();
    let retries = [0x80, 0x10, 0, 0, 6, 0x06, 0xA2, 0x01, 0x01, 0x02, 0x01, 0];
    let reset = [0x80, 0x10, 0, 0, 1, 0x07, 0];
    for how in [Disposition::UnpowerCard, Disposition::ResetCard] {
        select(&card);
        assert_eq!(transmit(&card, &retries)[0], 0x00);
        assert_eq!(transmit(&card, &reset), [0x30, 0x90, 0x00]);
        card.reconnect(ShareMode::Exclusive, Protocols::T1, how)
            .unwrap();
        select(&card);
        assert_eq!(transmit(&card, &reset), [0x00, 0x90, 0x00], "{how:?}");
    }
    assert!(card.disconnect(Disposition::UnpowerCard).is_ok());
}

fn select(card: &Card) {
    let select = [
        0x00, 0xA4, 0x04, 0x00, 8, 0xA0, 0, 0, 0x06, 0x47, 0x2F, 0, 1, 0,
    ];
    assert_eq!(transmit(card, &select), b"FIDO_2_0\x90\x00");
}

fn transmit(card: &Card, apdu: &[u8]) -> Vec<u8> {
    let mut buffer = [0; pcsc::MAX_BUFFER_SIZE_EXTENDED];
    card.transmit(apdu, &mut buffer).unwrap().to_vec()
}

/// Waits until every reader is in this state.
fn wait_for(context: &Context, states: &mut [ReaderState], wanted: State) {
    while !states
        .iter()
        .all(|state| state.event_state().contains(wanted))
    {
        for state in states.iter_mut() {
            state.sync_current_state();
        }
        context
            .get_status_change(Duration::from_secs(30), states)
            .unwrap();
    }
}
