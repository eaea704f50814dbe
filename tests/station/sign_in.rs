//! Everybody signs in with the key, the PIN and the user that belong together by what was printed; and with anything swapped,
//! nobody does.

use std::collections::{BTreeMap, BTreeSet};

use crate::cards::{Batch, Bench, EIGHT, all_done, enroll_at_once};
use crate::client::{Case, Verdict, is_here, sign_in};
use crate::home::JobLine;
use crate::letters::{Letter, leaks, read_all};

const WRONG_PIN: &str = "the letter's PIN is not the PIN of this key";
const OTHER_USER: &str = "the key signs in as another user";
const OTHER_PASSKEY: &str = "the tenant does not hold this passkey for this user";
const OTHER_KEY: &str =
    "the signature does not verify with the public key that the tenant holds for this user";

/// Puts together what a person gets: the letter of an envelope, the key that the operator put into it, and whose envelope it is.
fn hand_out(bench: &Bench, batch: &Batch, letters: &[Letter]) -> Vec<Case> {
    let slots: BTreeMap<String, u16> = all_done(&batch.ended.stderr)
        .into_iter()
        .map(|(slot, envelope)| (envelope, slot))
        .collect();
    let users: BTreeMap<String, JobLine> = bench
        .home
        .jobs()
        .into_iter()
        .map(|job| (job.envelope.clone(), job))
        .collect();
    letters
        .iter()
        .map(|letter| Case {
            user: users[&letter.envelope].user.clone(),
            pin: letter.pin.clone(),
            change_pin: letter.change_pin,
            reader: slots[&letter.envelope] - 1,
        })
        .collect()
}

fn is_right(verdict: &Verdict) -> bool {
    verdict.wrong.is_empty() && verdict.credential_id.is_some()
}

#[test]
fn eight_people_sign_in_with_what_they_were_given() {
    let Some(mut bench) = Bench::new(8, "never").filter(|_| is_here()) else {
        return;
    };
    let batch = enroll_at_once(&mut bench, &EIGHT);
    let ended = &batch.ended;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));
    let jobs = bench.home.jobs();
    assert!(jobs.iter().all(|job| job.standing == "done"), "{jobs:?}");

    let letters = read_all(&bench.home.letters());
    let cases = hand_out(&bench, &batch, &letters);
    assert_eq!(cases.len(), EIGHT.len());
    for (letter, case) in letters.iter().zip(&cases) {
        let person = bench.home.tenant.people();
        let at = person.iter().position(|one| one.upn == case.user).unwrap();
        assert!(
            letter.text.contains(&person[at].display_name),
            "{}",
            case.user
        );
        assert!(letter.text.contains(&letter.envelope), "{}", case.user);
        let strict = EIGHT.contains(&(at, "strict"));
        assert_eq!(letter.change_pin, strict, "{}", case.user);
    }
    let pins: BTreeSet<&str> = letters.iter().map(|letter| letter.pin.as_str()).collect();
    assert!(pins.len() == EIGHT.len(), "two people have one PIN");

    let verdicts = sign_in(&bench.home, &bench.pcscd, &cases);
    for (verdict, case) in verdicts.iter().zip(&cases) {
        assert!(is_right(verdict), "{verdict:?}");
        assert_eq!(verdict.user, case.user);
        assert_eq!(verdict.changed_pin, case.change_pin, "{verdict:?}");
        assert!(verdict.sign_count > Some(0), "{verdict:?}");
    }
    let credentials: BTreeSet<_> = verdicts.iter().map(|one| &one.credential_id).collect();
    assert_eq!(credentials.len(), EIGHT.len());

    let pins: Vec<&str> = pins.into_iter().collect();
    // What finds nothing must be able to find something.
    let printed = letters[0].text.replace(' ', "");
    assert!(!leaks(&pins, "a letter", printed.as_bytes()).is_empty());
    let talk = [ended.stderr.join("\n"), ended.stdout.join("\n")].join("\n");
    assert!(!ended.seen.is_empty());
    let mut found = leaks(&pins, "what it said", talk.as_bytes());
    found.extend(leaks(&pins, "arguments or environment", &ended.seen));
    for (file, bytes) in bench.home.other_files() {
        found.extend(leaks(&pins, &file.display().to_string(), &bytes));
    }
    assert_eq!(found, Vec::<String>::new());
}

/// The check itself is put to the test: each swap that could happen at a bench makes it fail, for its own reason.
#[test]
fn whatever_is_swapped_is_noticed() {
    let Some(mut bench) = Bench::new(4, "never").filter(|_| is_here()) else {
        return;
    };
    let people = [
        (0, "standard"),
        (6, "standard"),
        (1, "strict"),
        (7, "strict"),
    ];
    let batch = enroll_at_once(&mut bench, &people);
    assert_eq!(
        batch.ended.code,
        Some(0),
        "{}",
        batch.ended.stderr.join("\n")
    );
    let letters = read_all(&bench.home.letters());
    let right = hand_out(&bench, &batch, &letters);
    let [plain, strict] = [false, true].map(|change| -> [Case; 2] {
        let pair: Vec<_> = right
            .iter()
            .filter(|case| case.change_pin == change)
            .cloned()
            .collect();
        pair.try_into().ok().unwrap()
    });
    let try_out = |cases: [Case; 2]| sign_in(&bench.home, &bench.pcscd, &cases);
    let all_say = |verdicts: &[Verdict], complaints: &[&str]| {
        for verdict in verdicts {
            let said = |what: &&str| verdict.wrong.iter().any(|wrong| wrong == what);
            assert!(complaints.iter().all(said), "{verdict:?}");
        }
    };

    for pair in [&plain, &strict] {
        let letters_swapped = swap(pair, |a, b| std::mem::swap(&mut a.pin, &mut b.pin));
        all_say(&try_out(letters_swapped), &[WRONG_PIN]);
        let keys_swapped = swap(pair, |a, b| std::mem::swap(&mut a.reader, &mut b.reader));
        all_say(&try_out(keys_swapped), &[WRONG_PIN]);
    }
    // The right PIN on the right key, and still somebody else.
    let users_swapped = swap(&plain, |a, b| std::mem::swap(&mut a.user, &mut b.user));
    all_say(
        &try_out(users_swapped),
        &[
            OTHER_USER,
            OTHER_PASSKEY,
            OTHER_KEY,
            "the tenant refuses the sign-in (400)",
        ],
    );
    // A letter that keeps silent about the change that the key demands.
    let silent = strict.clone().map(|case| Case {
        change_pin: false,
        ..case
    });
    all_say(
        &try_out(silent),
        &["the key wants a new PIN, and the letter does not tell so"],
    );

    // Nothing but the swaps was wrong.
    for pair in [plain, strict] {
        let verdicts = try_out(pair);
        assert!(verdicts.iter().all(is_right), "{verdicts:?}");
    }
}

fn swap(pair: &[Case; 2], exchange: impl Fn(&mut Case, &mut Case)) -> [Case; 2] {
    let mut pair = pair.clone();
    let [a, b] = &mut pair;
    exchange(a, b);
    pair
}
