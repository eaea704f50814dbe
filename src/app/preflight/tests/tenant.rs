//! What the tenant's answers come to.

use std::sync::Arc;

use super::*;
use crate::domain::metadata::{Certificate, Edition, Entry, Report, Shelf, Signer, Vouching};

#[test]
fn a_clock_is_judged_at_its_limits_in_both_directions() {
    for (off, expected) in [
        (30, None),
        (31, Some(Grade::Warning)),
        (300, Some(Grade::Warning)),
        (301, Some(Grade::Stop)),
    ] {
        for ahead in [off, -off] {
            let expected: Vec<_> = expected
                .map(|grade| (grade, Topic::Clock))
                .into_iter()
                .collect();
            check_tenant(|tenant| tenant.reached = Ok(Some(ahead)), &expected);
        }
    }
    check_tenant(|tenant| tenant.reached = Ok(None), &[]);
}

#[test]
fn without_a_sign_in_nothing_else_is_said_of_the_tenant() {
    let fault = || Fault::SignIn {
        what: "no".to_owned(),
    };
    check_tenant(
        |tenant| {
            tenant.reached = Err(fault());
            tenant.grants = Err(fault());
            tenant.policy = Err(fault());
        },
        &[(Grade::Stop, Topic::SignIn)],
    );
}

#[test]
fn each_permission_is_weighed_by_what_depends_on_it() {
    let without = |missing: &str| {
        let names = PERMISSIONS.map(|permission| permission.name);
        let rest: Vec<&str> = names.into_iter().filter(|name| *name != missing).collect();
        grants(&rest, false)
    };
    for (missing, grade) in [
        ("UserAuthMethod-Passkey.ReadWrite.All", Some(Grade::Stop)),
        // The broader one does as well.
        ("User.ReadBasic.All", None),
        ("User.Read.All", None),
        ("GroupMember.Read.All", Some(Grade::Warning)),
        ("Member.Read.Hidden", None),
        // It was read, so it may be read.
        ("Policy.Read.All", None),
    ] {
        let expected: Vec<_> = grade
            .map(|grade| (grade, Topic::Permission))
            .into_iter()
            .collect();
        check_tenant(
            |tenant| tenant.grants = Ok(Some(without(missing))),
            &expected,
        );
    }
    let neither = PERMISSIONS.map(|permission| permission.name);
    let neither: Vec<&str> = neither
        .into_iter()
        .filter(|name| !name.starts_with("User."))
        .collect();
    check_tenant(
        |tenant| tenant.grants = Ok(Some(grants(&neither, false))),
        &[(Grade::Warning, Topic::Permission)],
    );
    let denied = Fault::Refused {
        status: 403,
        code: "Authorization_RequestDenied".to_owned(),
        message: "no".to_owned(),
        request_id: "r".to_owned(),
    };
    check_tenant(
        |tenant| {
            tenant.grants = Ok(Some(without("Policy.Read.All")));
            tenant.policy = Err(denied);
        },
        &[
            (Grade::Warning, Topic::Permission),
            (Grade::Warning, Topic::TenantPolicy),
        ],
    );
    check_tenant(
        |tenant| tenant.grants = Ok(None),
        &[(Grade::Warning, Topic::Permission)],
    );
}

#[test]
fn a_broader_permission_counts_and_is_named() {
    let permission = PERMISSIONS[0];
    let broad = ["UserAuthenticationMethod.ReadWrite.All".to_owned()];
    assert_eq!(permission.given_by(&broad), Some(broad[0].as_str()));
    let both = [broad[0].clone(), permission.name.to_uppercase()];
    assert_eq!(permission.given_by(&both), Some(both[1].as_str()));
    assert_eq!(permission.given_by(&["Mail.Send".to_owned()]), None);
}

#[test]
fn a_policy_that_lets_nobody_register_a_key_stops_the_work() {
    let stop = [(Grade::Stop, Topic::TenantPolicy)];
    check_policy(|policy| policy.enabled = false, &stop);
    check_policy(|policy| policy.self_service = false, &stop);
    check_policy(|policy| policy.include.clear(), &stop);
    check_policy(|policy| policy.profiles[0].device_bound = false, &stop);
    check_policy(
        |policy| {
            policy.profiles[0].restrictions = KeyRestrictions {
                enforced: true,
                allow: true,
                aaguids: Vec::new(),
            };
        },
        &stop,
    );
    check_policy(
        |policy| policy.default_profile = Some("gone".to_owned()),
        &[
            (Grade::Warning, Topic::TenantPolicy),
            (Grade::Stop, Topic::TenantPolicy),
        ],
    );
}

#[test]
fn attestation_is_a_warning_only_where_somebody_comes_under_it() {
    check_policy(
        |policy| policy.profiles[0].attestation_enforced = true,
        &[(Grade::Warning, Topic::TenantPolicy)],
    );
    check_policy(
        |policy| {
            let mut unused = policy.profiles[0].clone();
            unused.id = "p2".to_owned();
            unused.attestation_enforced = true;
            policy.profiles.push(unused);
        },
        &[],
    );
}

#[test]
fn groups_go_by_their_names_where_these_may_be_read() {
    let group = |id: &str| ObjectId(id.to_owned());
    let mut tenant = tenant();
    let policy = tenant.policy.as_mut().expect("a policy");
    policy.include = ["a", "b"]
        .map(|id| Target {
            audience: Audience::Group(group(id)),
            profiles: Vec::new(),
        })
        .to_vec();
    tenant.groups.insert(group("a"), "Pilots".to_owned());
    let rows = assemble(&station(), &tenant, &Models::new(), NOW);
    let audiences = rows.iter().find_map(|row| match &row.finding {
        Finding::Profile(profile) => Some(profile.audiences.clone()),
        _ => None,
    });
    assert_eq!(
        audiences,
        Some(vec!["group Pilots".to_owned(), "group b".to_owned()])
    );
}

#[test]
fn models_that_the_tenant_refuses_are_told_per_policy() {
    let mut tenant = tenant();
    tenant.policy.as_mut().expect("a policy").profiles[0].restrictions = KeyRestrictions {
        enforced: true,
        allow: false,
        aaguids: vec![OURS],
    };
    for (models, expected) in [
        (vec![], None),
        (vec![OURS], Some(Grade::Stop)),
        (vec![OURS, Aaguid([8; 16])], Some(Grade::Warning)),
        (vec![Aaguid([8; 16])], None),
    ] {
        let models = Models::from([("standard".to_owned(), models)]);
        let expected: Vec<_> = expected
            .map(|grade| (grade, Topic::Models))
            .into_iter()
            .collect();
        assert_eq!(
            notable(&station(), &tenant, &models),
            expected,
            "{models:?}"
        );
    }
}

#[test]
fn models_that_do_not_prove_themselves_are_told_where_attestation_is_enforced() {
    let mut tenant = tenant();
    tenant.policy.as_mut().expect("a policy").profiles[0].attestation_enforced = true;
    let models = Models::from([("standard".to_owned(), vec![OURS])]);
    let row = |shelf: Option<Shelf>| {
        let station = StationFacts {
            shelf: shelf.map(Arc::new),
            ..station()
        };
        let rows = assemble(&station, &tenant, &models, NOW);
        let row = rows.into_iter().find(|row| row.topic == Topic::Models);
        row.expect("a row of models")
    };
    let edition = |models| Shelf {
        edition: Edition {
            number: 31,
            next_update: NOW.utc_day(),
            signer: Signer::Fido,
            sha256: String::new(),
            imported: NOW,
            models: 1,
            others: 0,
            broken: 0,
            repeated: 0,
        },
        models,
    };
    let certified = Entry {
        aaguid: OURS,
        name: "Acme Key".to_owned(),
        version: None,
        reports: vec![Report {
            status: "FIDO_CERTIFIED_L1".to_owned(),
            since: None,
            version: None,
            batch: None,
        }],
        vouching: Vouching::ByVendor,
        roots: vec![Certificate(vec![1])],
        unreadable: 0,
    };
    let listed = [(OURS, Arc::new(certified))].into();
    for (shelf, grade, counts, says) in [
        (None, Grade::Ok, (0, 0, 1), "no metadata was imported"),
        (Some(edition(listed)), Grade::Ok, (1, 0, 0), ""),
        (
            Some(edition(BTreeMap::new())),
            Grade::Stop,
            (0, 1, 0),
            "metadata 31 of the FIDO Alliance does not list it",
        ),
    ] {
        let row = row(shelf);
        let Finding::Models {
            taken,
            refused,
            unclear,
            ..
        } = row.finding
        else {
            panic!("{row:?}");
        };
        assert_eq!(row.grade, grade, "{says}");
        assert_eq!((taken, refused.len(), unclear.len()), counts, "{says}");
        let said = [refused, unclear].concat().concat();
        assert!(said.contains(says), "{said}");
    }
}
