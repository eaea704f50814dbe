//! Not one panic is reachable from outside: whatever a key, a card, Microsoft Graph or a job file says.
//!
//! The eaters and the seeds are those of the fuzzer (`fuzz/`, run by `scripts/fuzz`). Here each seed is eaten as it is, with
//! a few changes by chance, and every case that the fuzzer ever found is eaten again.

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a library of its own for the fuzzer")]
mod eaters;

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// Changed inputs in an ordinary run, for eaters that wait for nothing.
const MANY: u32 = 40_000;
/// For eaters that now and then wait, as for a busy key, or read whole files.
const SOME: u32 = 4_000;

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index),
    Remove(Index, usize),
    Repeat(Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    // Lengths, types and limits live in these bytes.
    let telling = prop_oneof![
        any::<u8>(),
        proptest::sample::select(
            b"\x00\x01\x17\x18\x1B\x3B\x5F\x7F\x80\x9F\xA0\xBB\xBF\xF6\xFF[]{}\",;-0".to_vec()
        ),
    ];
    prop_oneof![
        (any::<Index>(), telling.clone()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<Index>(), proptest::collection::vec(telling, 1..12))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), 1_usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), 1_usize..90).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let end = bytes.len();
    match change {
        Change::Put(at, byte) => bytes[at.index(end)] = *byte,
        Change::Flip(at, bit) => bytes[at.index(end)] ^= 1 << bit,
        Change::Insert(at, more) => {
            let at = at.index(end);
            bytes.splice(at..at, more.iter().copied());
        }
        Change::Cut(at) => bytes.truncate(at.index(end)),
        Change::Remove(at, count) => {
            let at = at.index(end);
            bytes.drain(at..(at + count).min(end));
        }
        Change::Repeat(at, count) => {
            let at = at.index(end);
            let piece = bytes[at..(at + count).min(end)].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

/// As proptest does, but with the input in hexadecimal digits: that is how `fuzz/found` keeps it.
fn eats_everything(eater: &'static str, cases: u32) {
    assert!(eaters::EATERS.contains(&eater));
    let seeds = eaters::seeds(eater);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        eaters::feed(eater, seed);
    }
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/found");
    for (name, bytes) in eaters::found(&known, eater) {
        println!("once found: {name}");
        eaters::feed(eater, &bytes);
    }
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let inputs = (
        proptest::sample::select(seeds),
        proptest::collection::vec(change(), 1..6),
    )
        .prop_map(|(mut bytes, changes)| {
            changes.iter().for_each(|change| apply(&mut bytes, change));
            bytes
        });
    let outcome = TestRunner::new(config).run(&inputs, |bytes| {
        eaters::feed(eater, &bytes);
        Ok(())
    });
    if let Err(proptest::test_runner::TestError::Fail(why, bytes)) = outcome {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        panic!("{eater}: {why}\nkeep this as fuzz/found/{eater}/<name>.hex:\n{hex}");
    }
    outcome.unwrap();
}

#[test]
fn ctaphid_reports() {
    eats_everything("ctaphid", SOME);
}

#[test]
fn response_apdus() {
    eats_everything("apdus", SOME);
}

#[test]
fn answers_of_a_key() {
    eats_everything("answers", MANY);
}

#[test]
fn cbor_and_attestation_objects() {
    eats_everything("attestation", MANY);
}

#[test]
fn answers_of_graph() {
    eats_everything("graph", SOME);
}

#[test]
fn job_files() {
    eats_everything("job_file", SOME);
}
