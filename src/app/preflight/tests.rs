//! Facts in, rows out: one good station, and one change in each test.

mod tenant;

use super::*;
use crate::domain::authenticator::Aaguid;
use crate::domain::passkey_policy::{KeyRestrictions, PasskeyPolicy, PasskeyProfile, Target};
use crate::domain::person::ObjectId;

const NOW: Timestamp = Timestamp(1_780_000_000_000);
const OURS: Aaguid = Aaguid([7; 16]);

fn station() -> StationFacts {
    StationFacts {
        told: Vec::new(),
        usable_policies: 2,
        printer: None,
        prints: false,
        usb: UsbFacts {
            watched: true,
            nodes: Ok(Vec::new()),
            rule: Some("/usr/lib/udev/rules.d/70-keyline.rules".to_owned()),
            all_powerful: false,
        },
        readers: ReaderFacts {
            watched: true,
            alone: false,
            found: Ok((Vec::new(), 0)),
        },
        disks: vec![DiskFacts {
            places: vec!["the ledger"],
            free_bytes: Ok(LITTLE_ROOM_BYTES),
        }],
        ledger: Some(Ok(health())),
        open_trial: None,
        shelf: None,
    }
}

fn health() -> LedgerHealth {
    LedgerHealth {
        jobs: 3,
        rows: 12,
        signed: Some((12, NOW.plus_seconds(-60))),
        in_use: false,
    }
}

fn grants(permissions: &[&str], delegated: bool) -> Grants {
    Grants {
        permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
        delegated,
        ..Grants::default()
    }
}

fn tenant() -> TenantFacts {
    TenantFacts {
        reached: Ok(Some(0)),
        grants: Ok(Some(grants(
            &PERMISSIONS.map(|permission| permission.name),
            false,
        ))),
        policy: Ok(PasskeyPolicy {
            enabled: true,
            self_service: true,
            profiles: vec![PasskeyProfile {
                id: "p1".to_owned(),
                name: "Everybody".to_owned(),
                device_bound: true,
                attestation_enforced: false,
                restrictions: KeyRestrictions::default(),
            }],
            default_profile: Some("p1".to_owned()),
            include: vec![Target {
                audience: Audience::AllUsers,
                profiles: Vec::new(),
            }],
            exclude: Vec::new(),
        }),
        groups: BTreeMap::new(),
    }
}

/// Every row that is not right: grade and topic.
fn notable(station: &StationFacts, tenant: &TenantFacts, models: &Models) -> Vec<(Grade, Topic)> {
    let rows = assemble(station, tenant, models, NOW);
    let rows = rows.iter().filter(|row| row.grade != Grade::Ok);
    rows.map(|row| (row.grade, row.topic)).collect()
}

#[track_caller]
fn check_station(change: impl FnOnce(&mut StationFacts), expected: &[(Grade, Topic)]) {
    let mut station = station();
    change(&mut station);
    let found = notable(&station, &tenant(), &Models::new());
    assert_eq!(found, expected, "{station:?}");
}

#[track_caller]
fn check_tenant(change: impl FnOnce(&mut TenantFacts), expected: &[(Grade, Topic)]) {
    let mut tenant = tenant();
    change(&mut tenant);
    let found = notable(&station(), &tenant, &Models::new());
    assert_eq!(found, expected, "{tenant:?}");
}

#[track_caller]
fn check_policy(change: impl FnOnce(&mut PasskeyPolicy), expected: &[(Grade, Topic)]) {
    check_tenant(
        |tenant| change(tenant.policy.as_mut().expect("a policy")),
        expected,
    );
}

#[test]
fn what_is_right_is_ok_in_every_row() {
    check_station(|_| {}, &[]);
    let rows = assemble(&station(), &tenant(), &Models::new(), NOW);
    assert!(rows.len() > 12, "{rows:?}");
}

#[test]
fn each_objection_stops_under_its_own_topic_and_nothing_then_calls_the_configuration_right() {
    for (topic, grade) in [
        (Topic::Configuration, Grade::Stop),
        (Topic::Policies, Grade::Stop),
        (Topic::Printer, Grade::Warning),
        (Topic::Ledger, Grade::Stop),
    ] {
        check_station(
            |station| station.told.push((topic, grade, "wrong".to_owned())),
            &[(grade, topic)],
        );
    }
    let mut station = station();
    let wrong = (Topic::Configuration, Grade::Stop, "wrong".to_owned());
    station.told.push(wrong);
    let rows = assemble(&station, &tenant(), &Models::new(), NOW);
    let right = |row: &Row| matches!(row.finding, Finding::Configured { .. });
    assert!(!rows.iter().any(right));
}

#[test]
fn a_disk_is_judged_at_its_limits() {
    for (free, expected) in [
        (LITTLE_ROOM_BYTES, None),
        (LITTLE_ROOM_BYTES - 1, Some(Grade::Warning)),
        (NO_ROOM_BYTES, Some(Grade::Warning)),
        (NO_ROOM_BYTES - 1, Some(Grade::Stop)),
        (0, Some(Grade::Stop)),
    ] {
        let expected: Vec<_> = expected
            .map(|grade| (grade, Topic::Disk))
            .into_iter()
            .collect();
        check_station(|station| station.disks[0].free_bytes = Ok(free), &expected);
    }
    check_station(
        |station| station.disks[0].free_bytes = Err("no".to_owned()),
        &[(Grade::Warning, Topic::Disk)],
    );
}

#[test]
fn a_key_that_cannot_be_opened_stops_and_a_missing_rule_is_a_warning() {
    let node = |reachable| ("/dev/hidraw3".to_owned(), reachable);
    check_station(
        |station| station.usb.nodes = Ok(vec![node(true), node(false)]),
        &[(Grade::Stop, Topic::UsbKeys)],
    );
    let without_rule = |nodes: Vec<(String, bool)>| {
        move |station: &mut StationFacts| {
            station.usb.nodes = Ok(nodes);
            station.usb.rule = None;
        }
    };
    check_station(
        without_rule(Vec::new()),
        &[(Grade::Warning, Topic::UsbKeys)],
    );
    // What can be opened without it needs no rule.
    check_station(without_rule(vec![node(true)]), &[]);
    let root = |station: &mut StationFacts| {
        without_rule(Vec::new())(station);
        station.usb.all_powerful = true;
    };
    check_station(root, &[]);
    check_station(
        |station| station.usb.nodes = Err(Fault::KeyMute),
        &[(Grade::Stop, Topic::UsbKeys)],
    );
    check_station(
        |station| {
            station.usb.watched = false;
            station.usb.rule = None;
        },
        &[],
    );
}

#[test]
fn readers_stop_the_work_only_where_there_is_nothing_else() {
    let readers = |watched, alone, found: Result<(Vec<String>, usize), String>| {
        move |station: &mut StationFacts| {
            station.readers = ReaderFacts {
                watched,
                alone,
                found,
            };
        }
    };
    let away = || Err("not running".to_owned());
    check_station(readers(false, false, away()), &[]);
    check_station(
        readers(true, false, away()),
        &[(Grade::Warning, Topic::Readers)],
    );
    check_station(
        readers(true, true, away()),
        &[(Grade::Stop, Topic::Readers)],
    );
    check_station(readers(true, false, Ok((Vec::new(), 0))), &[]);
    check_station(
        readers(true, false, Ok((Vec::new(), 2))),
        &[(Grade::Warning, Topic::Readers)],
    );
    check_station(
        readers(true, true, Ok((Vec::new(), 0))),
        &[(Grade::Warning, Topic::Readers)],
    );
    check_station(readers(true, true, Ok((vec!["ACME".to_owned()], 1))), &[]);
}

#[test]
fn a_ledger_whose_end_nobody_signed_is_a_warning_unless_somebody_works_on_it() {
    let signed = |signed, in_use| {
        move |station: &mut StationFacts| {
            let health = LedgerHealth {
                signed,
                in_use,
                ..health()
            };
            station.ledger = Some(Ok(health));
        }
    };
    let warning = [(Grade::Warning, Topic::Ledger)];
    check_station(signed(Some((9, NOW)), false), &warning);
    check_station(signed(Some((9, NOW)), true), &[]);
    check_station(signed(None, false), &warning);
    check_station(signed(Some((12, NOW.plus_seconds(3600))), false), &warning);
    let damaged = Fault::Ledger {
        what: "damaged".to_owned(),
    };
    check_station(
        |station| station.ledger = Some(Err(damaged)),
        &[(Grade::Stop, Topic::Ledger)],
    );
}

#[test]
fn a_trial_that_the_policy_foretold_is_no_stop() {
    use enrol_test::{Outcome, Stage};
    let refused = || Outcome::Refused {
        stage: Stage::Registration,
        fault: Fault::UserDisabled,
    };
    let passed = |listed_after| Outcome::Passed {
        listed_after,
        reply_lost: false,
    };
    for (outcome, foretold, grade) in [
        (passed(Some(4)), None, Grade::Ok),
        (passed(None), None, Grade::Warning),
        (refused(), Some("attestation".to_owned()), Grade::Warning),
        (refused(), None, Grade::Stop),
        (Outcome::Open { fault: None }, None, Grade::Stop),
    ] {
        let row = trial(TrialResult {
            user: "test@contoso.com".to_owned(),
            outcome,
            foretold,
            seconds: 1,
        });
        assert_eq!(row.grade, grade, "{row:?}");
    }
}
