//! The trial with a test passkey: one at a time, on the disk before anything is sent, and no person in the audit chain.

use keyline::adapter::ledger::{SqliteLedger, Verdict};
use keyline::domain::credential::CredentialId;
use keyline::domain::fault::Fault;
use keyline::port::{Trial, TrialBook, TrialEnd};

use super::bench::*;

fn trial() -> Trial {
    Trial {
        user: "adele@contoso.com".to_owned(),
        credential: CredentialId(vec![0xC0; 16]),
        display_name: "keyline test 1a2b3c4d".to_owned(),
        begun: NOON,
    }
}

#[test]
fn a_trial_outlives_the_process_and_only_one_is_open_at_a_time() {
    let bench = Bench::new();
    let ledger = bench.create();
    assert_eq!(ledger.open_trial(), Ok(None));
    assert!(ledger.end_trial(TrialEnd::Deleted, ACTOR, NOON).is_err());
    ledger.begin_trial(&trial(), ACTOR).unwrap();
    drop(ledger);
    let reader = SqliteLedger::open_reader(&bench.path()).unwrap();
    assert_eq!(reader.open_trial(), Ok(Some(trial())));
    assert!(
        reader.begin_trial(&trial(), ACTOR).is_err(),
        "it only reads"
    );
    let ledger = bench.open().unwrap();
    let other = Trial {
        display_name: "keyline test 5e6f7a8b".to_owned(),
        ..trial()
    };
    let fault = ledger.begin_trial(&other, ACTOR).unwrap_err();
    assert!(matches!(fault, Fault::Internal { .. }), "{fault}");
    assert_eq!(ledger.open_trial(), Ok(Some(trial())));
    let later = NOON.plus_seconds(60);
    ledger.end_trial(TrialEnd::Deleted, ACTOR, later).unwrap();
    assert_eq!(ledger.open_trial(), Ok(None));
    ledger.begin_trial(&other, ACTOR).unwrap();
    assert_eq!(ledger.open_trial(), Ok(Some(other)));
}

#[test]
fn the_chain_names_the_credential_and_no_person_and_the_person_goes_with_the_end() {
    let bench = Bench::new();
    let ledger = bench.create();
    let named = || String::from_utf8_lossy(&bench.bytes()).contains("adele@contoso.com");
    ledger.begin_trial(&trial(), ACTOR).unwrap();
    assert!(named());
    let fault = ledger
        .erase_person("Adele@contoso.com", ACTOR, NOON)
        .unwrap_err();
    assert!(fault.to_string().contains("test passkey"), "{fault}");
    let later = NOON.plus_seconds(60);
    ledger.end_trial(TrialEnd::Refused, ACTOR, later).unwrap();
    ledger.tidy().unwrap();
    assert!(!named(), "secure_delete leaves nothing behind");
    let told = String::from_utf8_lossy(&bench.bytes()).into_owned();
    assert!(
        told.contains(&"c0".repeat(16)),
        "the deed stays in the chain"
    );
    assert!(matches!(ledger.verify(None), Ok(Verdict::Sound(_))));
}
