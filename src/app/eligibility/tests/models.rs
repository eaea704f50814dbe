//! Models that prove nothing where attestation is enforced, and people at Entra's limit.

use super::*;
use crate::app::world::Knowledge;
use crate::domain::metadata::{
    Certificate, Edition, Entry, Provenance, Report, Shelf, Signer, Vouching,
};

#[test]
fn where_attestation_is_enforced_the_metadata_decides_where_it_tells() {
    let mut policy = policy_for(Audience::AllUsers, &[]);
    for profile in &mut policy.profiles {
        profile.attestation_enforced = true;
    }
    for (listed, stale, says) in [
        (Some(&["FIDO_CERTIFIED_L1"][..]), false, None),
        (Some(&["NOT_FIDO_CERTIFIED"]), false, Some("at no level")),
        (None, false, Some("metadata 31")),
        (None, true, None),
    ] {
        let (world, eligibility) = over(with_policy(policy.clone()));
        assert_eq!(eligibility.key_may(ANNA, model(ALLOWED)), Ok(()), "untold");
        let today = world.ports().clock.now().utc_day();
        let due = if stale { today.yesterday() } else { Ok(today) };
        world.state().knowledge = Some(knowledge(listed, due.unwrap()));
        match (eligibility.key_may(ANNA, model(ALLOWED)), says) {
            (Ok(()), None) => {}
            (Err(Fault::TenantRefuses { why }), Some(says)) => {
                assert!(why.contains(says), "{why}");
            }
            (other, _) => panic!("{listed:?}, {stale}: {other:?}"),
        }
    }
}

/// What a station knows that has imported the FIDO Alliance's metadata, in which the allowed model has these reports.
fn knowledge(listed: Option<&[&str]>, next_update: jiff::civil::Date) -> Knowledge {
    let entry = |reports: &[&str]| Entry {
        aaguid: model(ALLOWED),
        name: "Acme Key".to_owned(),
        version: None,
        reports: reports
            .iter()
            .map(|status| Report {
                status: (*status).to_owned(),
                since: None,
                version: None,
                batch: None,
            })
            .collect(),
        vouching: Vouching::ByVendor,
        roots: vec![Certificate(vec![1])],
        unreadable: 0,
    };
    let edition = Edition {
        number: 31,
        next_update,
        signer: Signer::Fido,
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
            models: listed
                .map(|reports| (model(ALLOWED), Arc::new(entry(reports))))
                .into_iter()
                .collect(),
        }),
        provenance: Provenance::Unclaimed(String::new()),
    }
}

#[test]
fn a_400_is_everybodys_only_where_the_policy_is_read_and_closed() {
    let refusal = Fault::Refused {
        status: 400,
        code: "badRequest".to_owned(),
        message: "No.".to_owned(),
        request_id: "r-1".to_owned(),
    };
    let policy = |enabled, self_service| {
        with_policy(PasskeyPolicy {
            enabled,
            self_service,
            ..policy_for(Audience::AllUsers, &[])
        })
    };
    for (directory, closed) in [
        (policy(false, true), Some("disabled in this tenant")),
        (policy(true, false), Some("self-service set-up")),
        (policy(true, true), None),
        (DirectoryState::default(), None),
    ] {
        let (world, eligibility) = over(directory);
        let weighed = eligibility.weigh_refusal(&world, &anna(), refusal.clone(), false);
        match (weighed, closed) {
            (Fault::NotPermitted { why, refused }, Some(part)) => {
                // Of somebody who stands alone with it, it is their own.
                let own = eligibility.weigh_refusal(&world, &anna(), refusal.clone(), true);
                assert_eq!(own, refusal);
                assert_eq!(refused, [""; 0]);
                assert!(why.contains(part) && why.contains("r-1"), "{why}");
            }
            (other, None) => assert_eq!(other, refusal),
            (other, Some(_)) => panic!("{other}"),
        }
    }
    // What was read a while ago, and cannot be read now, closes nothing: it may have been opened.
    let (world, eligibility) = over(policy(false, true));
    assert_eq!(eligibility.person_may(&anna()), Ok(()));
    world.trick(Op::Policy, When::Before, lost());
    world.pass_seconds(120);
    let weighed = eligibility.weigh_refusal(&world, &anna(), refusal.clone(), false);
    assert_eq!(weighed, refusal);
}

#[test]
fn a_refusal_to_somebody_with_many_passkeys_says_that_this_may_be_why() {
    let refusal = |status| Fault::Refused {
        status,
        code: "badRequest".to_owned(),
        message: "No more of them.".to_owned(),
        request_id: "r-1".to_owned(),
    };
    for (passkeys, status, says) in [
        (PASSKEYS_BELIEVED_MAX, 400, true),
        (PASSKEYS_BELIEVED_MAX, 403, false),
        (PASSKEYS_BELIEVED_MAX - 1, 400, false),
    ] {
        let (world, eligibility) = over(DirectoryState::default());
        for number in 1..=passkeys {
            let number = u8::try_from(number).unwrap();
            world.add_foreign(ANNA, number, CredentialKind::SecurityKey);
        }
        match eligibility.weigh_refusal(&world, &anna(), refusal(status), false) {
            Fault::UserUnfit { why } if says => {
                for part in ["10 passkeys", "400 badRequest", "No more of them", "r-1"] {
                    assert!(why.contains(part), "{why}");
                }
            }
            other => assert_eq!(other, refusal(status)),
        }
        assert_eq!(world.count(Op::List), usize::from(status == 400));
    }
}
