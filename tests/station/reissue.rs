//! A letter that could not be made is made anew while the station runs: the card comes back, and its person signs in with what
//! the new letter says. What the old one would have said opens nothing.

use std::fs;

use crate::cards::{Bench, all_done};
use crate::client::{Case, is_here, sign_in};
use crate::home::{job_file, said};
use crate::letters::read_all;

/// The PIN that the recovery identity opens for a job.
fn shown(bench: &Bench, job: &str) -> zeroize::Zeroizing<String> {
    let arguments = ["pins", "show", job, "--identity", "recovery.txt"];
    let shown = bench.home.keyline(&arguments);
    assert!(shown.status.success());
    let text = zeroize::Zeroizing::new(String::from_utf8(shown.stdout).unwrap());
    let pin = text.lines().find_map(|line| line.strip_prefix("PIN "));
    zeroize::Zeroizing::new(pin.expect("a PIN").trim().to_owned())
}

#[test]
fn a_person_signs_in_with_the_letter_of_a_reissue() {
    let Some(mut bench) = Bench::new(2, "never").filter(|_| is_here()) else {
        return;
    };
    let people = [(1, "strict"), (0, "standard")];
    bench.home.drop_file("onboarding.csv", &job_file(&people));
    // Nothing can be noted down in a folder of this name: the first letter fails.
    let notes = bench.home.path("mailers/.control-numbers");
    fs::create_dir_all(&notes).unwrap();
    let mut program = bench.start(&[]);
    program.wait_for_line("onboarding.csv was taken: 2 jobs");
    let card = bench.lay(0);
    program.wait_for_line("slot 1: lay this key aside");
    fs::remove_dir(&notes).unwrap();
    let old = shown(&bench, "0001");

    let arguments = ["mailer", "reissue", "0001", "--reason", "no paper"];
    let asked = bench.home.keyline(&arguments);
    assert!(asked.status.success(), "{}", said(&asked));
    program.wait_for_line("slot 1: lift and put back");
    bench.cards.remove(&0);
    program.wait_for_line("slot 1: put the key back");
    let again = bench.pcscd.lay(0, card.clone()).unwrap();
    bench.cards.insert(0, (card, again));
    program.wait_for("the first key done", |lines| {
        (all_done(lines).len() == 1).then_some(())
    });
    bench.lay(1);
    let ended = program.wait_for_end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr.join("\n"));

    let letters = read_all(&bench.home.letters());
    let users: Vec<String> = bench.home.jobs().into_iter().map(|job| job.user).collect();
    assert_eq!((letters.len(), users.len()), (2, 2));
    let case = |at: usize, pin: &str| Case {
        user: users[at].clone(),
        pin: pin.to_owned().into(),
        change_pin: letters[at].change_pin,
        reader: u16::try_from(at).unwrap(),
    };
    assert!(letters[0].change_pin, "the change is forced again");
    let refused = sign_in(&bench.home, &bench.pcscd, &[case(0, &old)]);
    assert!(!refused[0].wrong.is_empty(), "the old PIN opens the key");
    let cases = [case(0, &letters[0].pin), case(1, &letters[1].pin)];
    for verdict in sign_in(&bench.home, &bench.pcscd, &cases) {
        assert!(
            verdict.wrong.is_empty() && verdict.credential_id.is_some(),
            "{verdict:?}"
        );
    }
}
