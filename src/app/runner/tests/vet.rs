//! What the metadata says of models and keys: before the reset, before the upload, and when it says nothing.

use std::sync::Arc;

use super::*;
use crate::app::world::Knowledge;
use crate::app::world::When;
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{Attestation, AttestationVerdict};
use crate::domain::event::Evidence;
use crate::domain::metadata::{
    Certificate, Edition, Entry, Provenance, Report, Shelf, Signer, Vetting, Vouching,
};
use crate::domain::policy::{AttestationRule, RevokedModels};
use crate::domain::time::Timestamp;
use crate::port::AttestationCheck;

/// The model of the keys of a world.
const ACME: Aaguid = Aaguid([1; 16]);

fn report(status: &str) -> Report {
    Report {
        status: status.to_owned(),
        since: None,
        version: None,
        batch: None,
    }
}

/// What the station knows of the model of its keys.
fn known(aaguid: Aaguid, reports: &[&str], provenance: Provenance) -> Knowledge {
    let entry = Entry {
        aaguid,
        name: "Acme Key with a name of its own".to_owned(),
        version: None,
        reports: reports.iter().map(|status| report(status)).collect(),
        vouching: Vouching::ByVendor,
        roots: Vec::new(),
        unreadable: 0,
    };
    let edition = Edition {
        number: 31,
        next_update: "2026-04-01".parse().expect("a day"),
        signer: Signer::Practice,
        sha256: String::new(),
        imported: Timestamp(0),
        models: 1,
        others: 0,
        broken: 0,
        repeated: 0,
    };
    Knowledge {
        shelf: Arc::new(Shelf {
            edition,
            models: BTreeMap::from([(aaguid, Arc::new(entry))]),
        }),
        provenance,
    }
}

fn line(policy: Policy, knowledge: Knowledge) -> Line {
    let line = Line::new(policy, key());
    line.world.state().knowledge = Some(knowledge);
    line
}

fn vetting(line: &Line) -> Option<Vetting> {
    line.world
        .happenings(line.job.id)
        .into_iter()
        .find_map(|happening| match happening {
            Happening::Done {
                evidence: Evidence::Made { vetting, .. },
                ..
            } => Some(vetting.map(|vetting| *vetting)),
            _ => None,
        })
        .expect("a passkey was made")
}

#[test]
fn a_genuine_key_is_called_by_its_metadata_and_the_journal_keeps_the_verdict() {
    let line = line(
        Policy::default(),
        known(ACME, &["FIDO_CERTIFIED"], Provenance::Genuine(None)),
    );
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(
        line.state().binding().expect("a key").model,
        "Acme Key with a name of its own"
    );
    assert_eq!(
        vetting(&line),
        Some(Vetting {
            edition: 31,
            provenance: Provenance::Genuine(None),
            alarm: None,
        })
    );
    line.assert_sound("a known model");
}

#[test]
fn of_a_model_that_the_metadata_does_not_know_nothing_is_claimed() {
    let foreign = Provenance::Foreign("never asked".to_owned());
    let line = line(
        Policy::default(),
        known(Aaguid([9; 16]), &["REVOKED"], foreign),
    );
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(line.state().binding().expect("a key").model, "Practice Key");
    assert_eq!(vetting(&line), None);
}

#[test]
fn a_revoked_model_is_laid_aside_before_anything_is_done_to_it() {
    for status in [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    ] {
        let line = line(
            Policy::default(),
            known(ACME, &[status], Provenance::Genuine(None)),
        );
        assert_eq!(
            line.run(),
            Ending::AnotherKey(Fault::ModelRevoked {
                model: "Acme Key with a name of its own".to_owned(),
                status: status.to_owned(),
            })
        );
        assert_eq!(line.story(), "", "not even bound");
        assert_eq!(line.world.count(Op::Reset), 0);
        assert_eq!(line.world.count(Op::Options), 0, "the tenant was not asked");
        let mut other = key();
        other.model = 2;
        let other = line.world.add_key(other);
        line.put(other);
        assert_eq!(line.run(), Ending::Finished);
        line.assert_sound(status);
    }
}

#[test]
fn a_policy_that_only_warns_takes_it_and_the_journal_says_so() {
    let policy = Policy {
        revoked_models: RevokedModels::Warn,
        ..Policy::default()
    };
    let line = line(policy, known(ACME, &["REVOKED"], Provenance::Genuine(None)));
    assert_eq!(line.run(), Ending::Finished);
    let vetting = vetting(&line).expect("a verdict");
    assert_eq!(vetting.alarm.as_deref(), Some("REVOKED"));
}

#[test]
fn a_model_that_is_revoked_while_its_key_waits_is_not_reset() {
    let line = Line::new(Policy::default(), key());
    line.world.trick(Op::Reset, When::Before, Fault::KeyGone);
    assert_eq!(line.run(), Ending::Stopped(Fault::KeyGone));
    line.world.state().knowledge = Some(known(ACME, &["REVOKED"], Provenance::Genuine(None)));
    line.put(0);
    let ending = line.run();
    assert!(
        matches!(ending, Ending::AnotherKey(Fault::ModelRevoked { .. })),
        "{ending:?}"
    );
    assert_eq!(line.world.count(Op::Reset), 0);
    let mut other = key();
    other.model = 2;
    other.serial = Some("32070002");
    let other = line.world.add_key(other);
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("another key");
}

#[test]
fn a_counterfeit_is_never_registered_and_its_job_takes_another_key() {
    let why = "signed by nobody".to_owned();
    let line = line(
        Policy::default(),
        known(ACME, &[], Provenance::Foreign(why.clone())),
    );
    assert_eq!(
        line.run(),
        Ending::AnotherKey(Fault::AttestationForeign { why })
    );
    assert_eq!(line.world.count(Op::Post), 0);
    line.world.state().knowledge = Some(known(ACME, &[], Provenance::Genuine(None)));
    let other = line.world.add_key(KeyState::blank(Some("32070002")));
    line.put(other);
    assert_eq!(line.run(), Ending::Finished);
    line.assert_sound("another key");
}

#[test]
fn a_key_of_a_compromised_batch_is_never_registered_unless_the_policy_only_warns() {
    let status = "ATTESTATION_KEY_COMPROMISE".to_owned();
    let batch = || known(ACME, &[], Provenance::Compromised(status.clone()));
    let strict = line(Policy::default(), batch());
    let ending = strict.run();
    assert!(
        matches!(&ending, Ending::AnotherKey(Fault::ModelRevoked { status: told, .. }) if *told == status),
        "{ending:?}"
    );
    assert_eq!(strict.world.count(Op::Post), 0);
    let policy = Policy {
        revoked_models: RevokedModels::Warn,
        ..Policy::default()
    };
    let lenient = line(policy, batch());
    assert_eq!(lenient.run(), Ending::Finished);
    assert_eq!(vetting(&lenient).and_then(|it| it.alarm), Some(status));
}

#[test]
fn a_site_may_take_keys_that_do_not_prove_their_model_and_the_journal_says_so() {
    let foreign = Provenance::Foreign("an unknown batch".to_owned());
    let policy = Policy {
        attestation: AttestationRule::Warn,
        ..Policy::default()
    };
    let line = line(policy, known(ACME, &[], foreign.clone()));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(vetting(&line).map(|it| it.provenance), Some(foreign));
    let unclaimed = Provenance::Unclaimed("no roots".to_owned());
    let line = self::line(Policy::default(), known(ACME, &[], unclaimed.clone()));
    assert_eq!(line.run(), Ending::Finished);
    assert_eq!(vetting(&line).map(|it| it.provenance), Some(unclaimed));
}

/// A check that cannot tell whether the signature is right, and may not be able to read the certificates.
struct Doubting(Result<Vec<Certificate>, Fault>);

impl AttestationCheck for Doubting {
    fn judge(&self, _: &Attestation) -> AttestationVerdict {
        AttestationVerdict::CannotJudge("COSE algorithm -8".to_owned())
    }

    fn certificates(&self, _: &Attestation) -> Result<Vec<Certificate>, Fault> {
        self.0.clone()
    }

    fn second_opinion(&self, attestation: &Attestation) -> AttestationVerdict {
        self.judge(attestation)
    }
}

#[test]
fn certificates_under_a_signature_that_nobody_can_check_prove_nothing_good_and_everything_bad() {
    let run = |attestation, knows: Provenance, shown| {
        let policy = Policy {
            attestation,
            ..Policy::default()
        };
        let line = line(policy, known(ACME, &[], knows));
        let ports = Ports {
            attestation_check: Arc::new(Doubting(shown)),
            ..line.world.ports()
        };
        let ending = line.run_on(&ports, &CancelFlag::default());
        (ending, line)
    };
    // Whoever names a format that nobody here knows, and shows a copied certificate, is no further than a stranger.
    let copied = Provenance::Genuine(None);
    let (ending, line) = run(AttestationRule::Warn, copied.clone(), Ok(Vec::new()));
    assert_eq!(ending, Ending::Finished);
    let told = vetting(&line).map(|it| it.provenance);
    assert!(
        matches!(&told, Some(Provenance::Foreign(why)) if why.contains("-8")),
        "{told:?}"
    );
    let (ending, line) = run(AttestationRule::Verify, copied, Ok(Vec::new()));
    assert!(
        matches!(&ending, Ending::AnotherKey(Fault::AttestationForeign { why }) if why.contains("-8")),
        "{ending:?}"
    );
    assert_eq!(line.world.count(Op::Post), 0);
    let stranger = Provenance::Foreign("another maker".to_owned());
    let garbled = Fault::KeyGarbled {
        what: "x5c".to_owned(),
    };
    for (knows, shown) in [
        (stranger, Ok(Vec::new())),
        (Provenance::Genuine(None), Err(garbled)),
    ] {
        let (ending, line) = run(AttestationRule::Verify, knows, shown);
        assert!(
            matches!(ending, Ending::AnotherKey(Fault::AttestationForeign { .. })),
            "{ending:?}"
        );
        assert_eq!(line.world.count(Op::Post), 0);
    }
}
