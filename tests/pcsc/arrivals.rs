//! No key on a reader is overlooked: one that lay badly at first, one that took another's place while nobody looked, one beside a
//! reader that somebody else keeps busy.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use keyline::adapter::ctap::Hardware;
use keyline::domain::fault::Fault;
use keyline::port::{KeyEvent, Keys};
use keyline::practice::authenticator::{Manufacturer, Model, SimulatedKey};
use pcsc::{Context, Protocols, Scope, ShareMode, State};
use rustix::process::{Pid, Signal, kill_process};

use crate::again::{is_client, run_client};
use crate::support::pcscd::{Pcscd, reader_name, unavailable};
use crate::support::vpcd::Laid;
use crate::{PATIENCE, WATCHING, all_readers, arrived, attendant, next, place, see_a_card};

/// Said by the client when it has met the key; then the key is lifted.
const MET: &str = "MET";
/// Between two looks at whether a key has power, which gives no sign.
const GLANCE: Duration = Duration::from_millis(5);

fn keys(count: u32) -> Vec<SimulatedKey> {
    let maker = Manufacturer::new(Model::practice()).unwrap();
    (0..count)
        .map(|number| maker.make(number).unwrap())
        .collect()
}

fn watch() -> (Arc<Hardware>, Receiver<KeyEvent>) {
    let hardware = Arc::new(all_readers());
    let (sink, events) = mpsc::channel();
    let (watches, watching) = mpsc::channel();
    let watched = Arc::clone(&hardware);
    std::thread::spawn(move || {
        let begun = watched.watch(Box::new(move |event| sink.send(event).is_ok()));
        watches.send(begun).unwrap();
    });
    watching.recv_timeout(PATIENCE).unwrap().unwrap();
    (hardware, events)
}

fn left(reader: u16) -> KeyEvent {
    KeyEvent::Left {
        place: place(reader),
    }
}

#[test]
fn a_key_that_slipped_when_it_was_laid_arrives_all_the_same() {
    if is_client() {
        let (hardware, events) = watch();
        println!("{WATCHING}");
        assert_eq!(next(&events), arrived(0, false));
        let mut key = hardware.open(&place(0), attendant()).unwrap();
        assert!(!key.capabilities().unwrap().has_pin());
        println!("{MET}");
        assert_eq!(next(&events), left(0));
        return;
    }
    if unavailable().is_some() {
        return;
    }
    let pcscd = Pcscd::start(2).unwrap();
    let mut laid = None;
    let name = "arrivals::a_key_that_slipped_when_it_was_laid_arrives_all_the_same";
    let said = run_client(&pcscd, name, |line| {
        if line.contains(WATCHING) {
            let [key] = keys(1).try_into().ok().unwrap();
            laid = Some(pcscd.lay(0, Laid { key, slips: 1 }).unwrap());
        }
        if line.contains(MET) {
            drop(laid.take());
        }
    });
    assert!(said.contains(MET), "{said}");
}

/// It is told as a key that does not answer, and not passed over. Some readers say the same of nothing at all, all day long:
/// what was mute when the station came is no key.
#[test]
fn a_key_that_stays_mute_is_told_unless_it_was_there_before() {
    if is_client() {
        see_a_card(0, State::MUTE);
        let (hardware, events) = watch();
        println!("{WATCHING}");
        assert_eq!(next(&events), arrived(1, false));
        let opened = hardware.open(&place(1), attendant()).err();
        assert_eq!(opened, Some(Fault::KeyMute));
        println!("{MET}");
        assert_eq!(next(&events), left(1));
        assert_eq!(next(&events), arrived(0, false));
        return;
    }
    if unavailable().is_some() {
        return;
    }
    let pcscd = Pcscd::start(2).unwrap();
    let [first, second, third] = keys(3).try_into().ok().unwrap();
    let mute = |key| Laid {
        key,
        slips: usize::MAX,
    };
    let mut laid = vec![pcscd.lay(0, mute(first)).unwrap()];
    let name = "arrivals::a_key_that_stays_mute_is_told_unless_it_was_there_before";
    let said = run_client(&pcscd, name, |line| {
        if line.contains(WATCHING) {
            laid.push(pcscd.lay(1, mute(second.clone())).unwrap());
        }
        if line.contains(MET) {
            laid.pop();
            laid.pop();
            laid.push(pcscd.lay(0, third.clone()).unwrap());
        }
    });
    assert!(said.contains(MET), "{said}");
}

#[test]
fn a_key_that_took_anothers_place_while_nobody_looked_is_another_one() {
    if is_client() {
        let (_hardware, events) = watch();
        println!("{WATCHING} {}", std::process::id());
        assert_eq!(next(&events), arrived(0, false));
        println!("{MET}");
        assert_eq!(next(&events), left(0));
        assert_eq!(next(&events), arrived(0, false));
        return;
    }
    if unavailable().is_some() {
        return;
    }
    let pcscd = Pcscd::start(2).unwrap();
    let [first, second] = keys(2).try_into().ok().unwrap();
    let (mut laid, mut client) = (None, None);
    let name = "arrivals::a_key_that_took_anothers_place_while_nobody_looked_is_another_one";
    let said = run_client(&pcscd, name, |line| {
        if let Some((_, number)) = line.split_once(WATCHING) {
            client = Pid::from_raw(number.trim().parse().unwrap());
            laid = Some(pcscd.lay(0, first.clone()).unwrap());
        }
        if line.contains(MET) {
            let client = client.unwrap();
            kill_process(client, Signal::STOP).unwrap();
            laid = None;
            laid = Some(pcscd.lay(0, second.clone()).unwrap());
            // The reader gives power to a card that it sees for the first time.
            let until = Instant::now() + PATIENCE;
            while !second.is_plugged() && Instant::now() < until {
                std::thread::sleep(GLANCE);
            }
            kill_process(client, Signal::CONT).unwrap();
        }
    });
    assert!(said.contains(MET) && laid.is_some(), "{said}");
}

#[test]
fn a_reader_that_another_program_keeps_busy_hides_no_other() {
    if is_client() {
        see_a_card(0, State::PRESENT);
        let other = Context::establish(Scope::User).unwrap();
        let name = std::ffi::CString::new(reader_name(0)).unwrap();
        let mut card = other
            .connect(&name, ShareMode::Shared, Protocols::ANY)
            .unwrap();
        let _transaction = card.transaction().unwrap();
        let (_hardware, events) = watch();
        assert_eq!(next(&events), arrived(0, true));
        println!("{WATCHING}");
        assert_eq!(next(&events), arrived(1, false));
        println!("{MET}");
        return;
    }
    if unavailable().is_some() {
        return;
    }
    let pcscd = Pcscd::start(2).unwrap();
    let [first, second] = keys(2).try_into().ok().unwrap();
    let _first = pcscd.lay(0, first).unwrap();
    let mut laid = None;
    let name = "arrivals::a_reader_that_another_program_keeps_busy_hides_no_other";
    let said = run_client(&pcscd, name, |line| {
        if line.contains(WATCHING) {
            laid = Some(pcscd.lay(1, second.clone()).unwrap());
        }
    });
    assert!(said.contains(MET), "{said}");
}
