//! Alarms, certifications, and what is kept of an entry.

use super::*;

const TODAY: &str = "2026-11-22";

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn report(status: &str, since: &str) -> Report {
    Report {
        status: status.to_owned(),
        since: (!since.is_empty()).then(|| day(since)),
        version: None,
        batch: None,
    }
}

fn update(since: &str, version: u64) -> Report {
    Report {
        version: Some(version),
        ..report("UPDATE_AVAILABLE", since)
    }
}

fn entry(reports: Vec<Report>) -> Entry {
    Entry {
        aaguid: Aaguid([1; 16]),
        name: "Acme Key".to_owned(),
        version: None,
        reports,
        vouching: Vouching::ByVendor,
        roots: Vec::new(),
        unreadable: 0,
    }
}

fn alarm(reports: Vec<Report>, firmware: Option<u64>) -> Option<String> {
    let entry = entry(reports);
    let found = entry.alarm(firmware, day(TODAY));
    found.map(|report| report.status.clone())
}

#[test]
fn what_the_standard_calls_compromised_is_an_alarm_and_nothing_else() {
    for status in [
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "SOME_LATER_COMPROMISE",
    ] {
        let found = alarm(vec![report(status, "2024-01-01")], None);
        assert_eq!(found.as_deref(), Some(status));
    }
    for status in [
        "NOT_FIDO_CERTIFIED",
        "FIDO_CERTIFIED",
        "FIDO_CERTIFIED_L3plus",
        "SELF_ASSERTION_SUBMITTED",
        "UPDATE_AVAILABLE",
        "RETIRED",
    ] {
        assert_eq!(alarm(vec![report(status, "2024-01-01")], None), None);
    }
}

#[test]
fn an_alarm_counts_from_its_day_on_and_at_once_without_one() {
    assert_eq!(alarm(vec![report("REVOKED", "2026-11-23")], None), None);
    assert!(alarm(vec![report("REVOKED", TODAY)], None).is_some());
    assert!(alarm(vec![report("REVOKED", "")], None).is_some());
}

#[test]
fn a_later_certification_does_not_lift_an_alarm_but_an_update_on_the_key_does() {
    let bypass = || report("USER_VERIFICATION_BYPASS", "2024-01-01");
    let certified = report("FIDO_CERTIFIED_L1", "2025-01-01");
    assert!(alarm(vec![bypass(), certified], Some(9)).is_some());
    let mended = |firmware| alarm(vec![bypass(), update("2024-06-01", 7)], firmware);
    assert_eq!(mended(Some(7)), None);
    assert_eq!(mended(Some(8)), None);
    assert!(mended(Some(6)).is_some());
    assert!(mended(None).is_some());
    let before = vec![bypass(), update("2023-06-01", 7)];
    assert!(alarm(before, Some(8)).is_some());
    let not_yet = vec![bypass(), update("2027-01-01", 7)];
    assert!(alarm(not_yet, Some(8)).is_some());
    let revoked = vec![report("REVOKED", "2024-01-01"), update("2024-06-01", 7)];
    assert!(alarm(revoked, Some(8)).is_some());
}

#[test]
fn a_compromised_batch_is_known_by_its_certificate_alone() {
    let bad = Certificate(vec![1, 2, 3]);
    let entry = entry(vec![Report {
        batch: Some(bad.clone()),
        ..report("ATTESTATION_KEY_COMPROMISE", "2024-01-01")
    }]);
    assert_eq!(entry.alarm(None, day(TODAY)), None);
    let good = Certificate(vec![4]);
    let of = |shown: &[Certificate]| entry.batch_alarm(shown, day(TODAY)).is_some();
    assert!(!of(&[]));
    assert!(!of(std::slice::from_ref(&good)));
    assert!(of(&[good, bad]));
}

#[test]
fn the_certification_is_the_latest_one_and_its_highest_level() {
    let certified = |reports| {
        let entry = entry(reports);
        entry
            .certification(day(TODAY))
            .map(|report| report.status.clone())
    };
    assert_eq!(certified(vec![report("NOT_FIDO_CERTIFIED", "")]), None);
    let levels = vec![
        report("FIDO_CERTIFIED_L2", "2022-01-01"),
        report("FIDO_CERTIFIED", "2022-01-01"),
        report("FIDO_CERTIFIED_L1", "2021-01-01"),
        report("FIDO_CERTIFIED_L3", "2030-01-01"),
    ];
    assert_eq!(certified(levels).as_deref(), Some("FIDO_CERTIFIED_L2"));
}

#[test]
fn a_certificate_that_is_merely_shown_proves_nothing_and_a_strangers_stays_a_strangers() {
    let unknown = AttestationVerdict::CannotJudge("COSE algorithm -8".to_owned());
    let foreign = Provenance::Foreign("another maker".to_owned());
    let genuine = Provenance::Genuine(None);
    let agrees = AttestationVerdict::Agrees;
    assert_eq!(genuine.clone().signed(&agrees), genuine);
    assert_eq!(foreign.clone().signed(&agrees), foreign);
    assert_eq!(foreign.clone().signed(&unknown), foreign);
    assert!(matches!(
        genuine.signed(&unknown),
        Provenance::Foreign(why) if why.contains("-8")
    ));
}

#[test]
fn an_entry_is_kept_as_it_is() {
    let kept = Entry {
        roots: vec![Certificate(vec![0x30, 0x03])],
        version: Some(5),
        ..entry(vec![report("REVOKED", "2024-01-01"), report("X", "")])
    };
    let text = serde_json::to_string(&kept).expect("it is written");
    assert_eq!(serde_json::from_str::<Entry>(&text).expect("read"), kept);
}

#[test]
fn an_edition_is_stale_after_the_day_of_the_next() {
    let edition = Edition {
        number: 31,
        next_update: day("2023-10-01"),
        signer: Signer::Fido,
        sha256: String::new(),
        imported: Timestamp(0),
        models: 0,
        others: 0,
        broken: 0,
        repeated: 0,
    };
    assert!(!edition.is_stale(day("2023-10-01")));
    assert!(edition.is_stale(day("2023-10-02")));
}
