//! What became of each passkey that the ledger made, and one that was given up and is looked for again.

use keyline::adapter::ledger::Verdict;
use keyline::domain::authenticator::Serial;
use keyline::domain::credential::CredentialId;
use keyline::domain::event::Happening;
use keyline::domain::fault::Fault;
use keyline::domain::job::JobId;
use keyline::port::{Duty, DutyOutcome, Ledger, PasskeyState};

use super::bench::*;

#[test]
fn what_became_of_a_passkey_is_told_and_a_given_up_one_can_be_looked_for_again() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    let (lost, live) = (credential(jobs[0], 1), credential(jobs[1], 1));
    let told = |credential: &CredentialId| {
        let passkey = ledger.passkey(credential).unwrap();
        passkey.map(|passkey| (passkey.job, passkey.method, passkey.state, passkey.given_up))
    };
    let mut hand = Hand::new(&ledger, jobs[0]);
    hand.reset("1").set_pin(&pin("48261739")).make();
    assert_eq!(
        told(&lost),
        Some((jobs[0], None, PasskeyState::Made, false))
    );
    hand.register(&[]);
    let named = Some(method(jobs[0], 1));
    assert_eq!(
        told(&lost),
        Some((jobs[0], named.clone(), PasskeyState::Registered, false))
    );
    assert!(ledger.reopen(&lost, ACTOR, hand.at).is_err(), "it is live");
    hand.write(Happening::Cancelled {
        credential: Some(lost.clone()),
    });
    Hand::new(&ledger, jobs[1]).enroll("2", &pin("73519264"));
    assert!(ledger.reopen(&live, ACTOR, hand.at).is_err(), "it is live");
    let abandoned = Some((jobs[0], named.clone(), PasskeyState::Abandoned, true));
    assert_eq!(told(&lost), abandoned);
    assert_eq!(told(&credential(JobId(9), 9)), None);
    let of_adele = ledger.passkeys_of_user("Adele@contoso.com").unwrap();
    assert_eq!(of_adele.len(), 1);
    assert_eq!(of_adele[0].credential, lost);

    let due = ledger.obligations(hand.at).unwrap();
    let settled = DutyOutcome::Settled { deleted: false };
    ledger.settle(due[0].id, &settled, ACTOR, hand.at).unwrap();
    assert_eq!(
        told(&lost),
        Some((jobs[0], named, PasskeyState::Gone, true))
    );
    assert_eq!(ledger.obligations(hand.at).unwrap(), []);
    let later = hand.at.plus_seconds(90_000);
    ledger.reopen(&lost, ACTOR, later).unwrap();
    assert_eq!(told(&lost), abandoned);
    let again = ledger.obligations(later).unwrap();
    assert_eq!((again.len(), again[0].looks), (1, 0));
    assert_eq!(again[0].duty, Duty::Orphan(lost));
    assert!(matches!(ledger.verify(None).unwrap(), Verdict::Sound(_)));
}

#[test]
fn the_job_that_was_bound_to_a_key_last_comes_first_whatever_is_written_to_another_later() {
    let bench = Bench::new();
    let ledger = bench.create();
    let jobs = admit(&ledger, "a", &["adele@contoso.com", "alex@contoso.com"]);
    let why = "ask first".to_owned();
    let fault = Fault::OnHold { why };
    let mut first = Hand::new(&ledger, jobs[0]);
    first.begin("1").write(Happening::Held { fault });
    Hand::new(&ledger, jobs[1]).begin("1");
    // Long after, by the clock as well.
    first.at = first.at.plus_seconds(1000);
    first.write(Happening::Released);
    let holders = ledger
        .holders_of_serial(&Serial::new("1").unwrap())
        .unwrap();
    let order: Vec<_> = holders.iter().map(|holder| holder.job).collect();
    assert_eq!(order, [jobs[1], jobs[0]]);
}
