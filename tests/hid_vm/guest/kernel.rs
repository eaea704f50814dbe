//! Cases without udevd, as in a container or a small appliance: the kernel announces keys, and their nodes belong to root.

use std::time::Duration;

use keyline::practice::authenticator::{Mishap, SimulatedKey, Touch};

use super::bench::{Bench, Handed, MAKE_CREDENTIAL, PORTS, end_well, hear, hear_done, node_of};
use super::uhid::{Plugged, VENDOR};
use super::{case, libfido2, log};
use crate::home::job_file;
use crate::program::{PATIENCE, Program};

pub(crate) fn act(bench: &mut Bench) {
    let keys = [
        bench.practice_key(),
        bench.training_key(),
        bench.practice_key(),
    ];
    bench.home.drop_file(
        "onboarding.csv",
        &job_file(&[(0, "standard"), (6, "standard"), (12, "standard")]),
    );
    let (mut program, one) = case(
        "a key that was there first does not count; the one that quickly takes its place does",
        || early_key(bench, &keys[0]),
    );
    let [one, two] = case(
        "two keys are enrolled at once; one is pulled when it has made its passkey, and comes back",
        || two_keys(bench, &mut program, one, &keys[1]),
    );
    case("libfido2 sees the same two keys", || second_opinion(bench));
    let three = case(
        "a key is exchanged faster than anybody looks; the other one is pulled while it blinks, and comes back",
        || quick_exchange(bench, &mut program, one.1, &keys[2]),
    );
    case("everybody is done", || {
        end_well(program);
        bench.all_are_done();
        three.1.pull();
        two.1.pull();
    });
    case("every arrival was announced by the kernel", || {
        log::announced_and_seen(&bench.home, &bench.insertions);
    });
    case("everybody signs in through libfido2", || {
        for (envelope, key) in [one.0, two.0, three.0].into_iter().zip(keys) {
            bench.sign_in(&Handed { envelope, key }, PORTS[0]);
        }
    });
}

/// The program, and the key that counts.
fn early_key(bench: &mut Bench, key: &SimulatedKey) -> (Program, Plugged) {
    let early = bench.practice_key();
    let plugged = Plugged::new(&early, PORTS[0]);
    node_of(PORTS[0]);
    let before = early.photograph();
    let mut program = Program::start(bench.home.command(&["run", "--until-empty"]));
    program.wait_for_line("onboarding.csv was taken: 3 jobs");
    let heard = hear(&mut program, 0, 1, "lift this key");
    // The program has not opened it, so its node is free for the other one.
    let there = bench.exchange(plugged, key, PORTS[0]);
    hear(&mut program, heard, 1, "leave it in");
    assert!(before == early.photograph(), "the early key was changed");
    (program, there)
}

/// Envelope and key of each slot; the first one is at work already.
fn two_keys(
    bench: &mut Bench,
    program: &mut Program,
    one: Plugged,
    second: &SimulatedKey,
) -> [(String, Plugged); 2] {
    second.arrange(Mishap::AfterCommand(MAKE_CREDENTIAL));
    let two = bench.plug(second, PORTS[1]);
    let back = hear(program, 0, 2, "put the key back");
    two.wait_until_gone();
    let two = bench.plug(second, PORTS[1]);
    let (_, second_envelope) = hear_done(program, back, 2);
    let (_, first_envelope) = hear_done(program, 0, 1);
    assert_ne!(first_envelope, second_envelope);
    [(first_envelope, one), (second_envelope, two)]
}

/// While the program has both nodes open.
fn second_opinion(bench: &Bench) {
    let listed = libfido2::list();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let mut models = Vec::new();
    for (slot, port) in (1..).zip(PORTS) {
        let key = &listed[&port.product];
        assert_eq!((key.vendor, &key.node), (VENDOR, &node_of(port)));
        let theirs = libfido2::ask(&key.node);
        let ours = log::first_read(&bench.home, slot);
        assert_eq!(theirs.versions, ours.versions);
        assert_eq!(theirs.aaguid, ours.aaguid);
        assert!(theirs.has_pin, "{theirs:?}");
        models.push(theirs.aaguid);
    }
    assert_ne!(models[0], models[1], "two models");
}

fn quick_exchange(
    bench: &mut Bench,
    program: &mut Program,
    done: Plugged,
    key: &SimulatedKey,
) -> (String, Plugged) {
    key.set_touch(Touch::ByHand);
    let heard = program.wait_for("anything", |lines| Some(lines.len()));
    let exchanged = bench.exchange(done, key, PORTS[0]);
    let heard = hear(program, heard, 1, "touch the key");
    assert!(key.wait_for_blink(PATIENCE));
    exchanged.pull();
    let heard = hear(program, heard, 1, "put the key back");
    key.set_touch(Touch::After(Duration::from_millis(300)));
    let back = bench.plug(key, PORTS[0]);
    let (_, envelope) = hear_done(program, heard, 1);
    (envelope, back)
}
