//! What is seen to before keys come: a test passkey that a killed test of the tenant left, by the station that begins; and models
//! that a tenant with enforced attestation will refuse, by the metadata.

use std::fs;
use std::time::{Duration, Instant};

use keyline::adapter::ledger::SqliteLedger;
use keyline::adapter::mds::{Kept, Trust};
use keyline::app::board::News;
use keyline::domain::time::Timestamp;
use keyline::port::TrialBook;
use keyline::practice::authenticator::{PRACTICE_AAGUID, PRODUCT};
use keyline::practice::metadata::{Publisher, edition, entry};
use keyline::practice::tenant::{EVERY_PERMISSION, Faults, Operation, TenantSetup, Trick};
use keyline::wire::station::Parts;
use serde_json::{Value, json};

use super::{err, keyline, out};
use crate::line::{Knows, Line};

const TESTER: &str = "emily.carter@contoso.com";
const OTHER: &str = "user\r\nanna.lang@contoso.com\r\n";
/// 2026-11-22T12:00:00Z.
const NOON: Timestamp = Timestamp(1_795_348_800_000);

fn line(more: Vec<(&'static str, &'static str, toml::Value)>) -> Line {
    let home = tempfile::tempdir().expect("a folder");
    let setup = TenantSetup {
        permissions: EVERY_PERMISSION.map(str::to_owned).to_vec(),
        ..TenantSetup::default()
    };
    let mut settings = vec![
        ("slots", "readers", toml::Value::Boolean(false)),
        ("queue", "settle_milliseconds", toml::Value::Integer(50)),
    ];
    settings.extend(more);
    Line::set(home, 1, setup, settings)
}

/// A test whose passkey could not be deleted.
fn leave_a_test(line: &Line) {
    let fail = Trick::Fail { status: 403 };
    line.tenant(|tenant| tenant.misbehave(Operation::Delete, 1, fail));
    let told = keyline(line, &["check", "--online", "--enrol-test", TESTER]);
    assert_eq!(told.status.code(), Some(6), "{}", out(&told));
    assert!(is_open(line));
    line.tenant(|tenant| tenant.set_faults(Faults::default()));
}

fn is_open(line: &Line) -> bool {
    let path = line.config.path(&line.config.ledger.file);
    let ledger = SqliteLedger::open_reader(&path).expect("a ledger");
    ledger.open_trial().expect("a look").is_some()
}

fn at_entra(line: &Line) -> usize {
    let those = line.tenant(|tenant| tenant.credentials(TESTER));
    those.expect("a user").len()
}

/// Runs one job; what the board says before the first key comes, as soon as it says `wanted`.
fn run_until(line: &Line, wanted: impl Fn(&News) -> bool) -> Vec<News> {
    line.drop_file("a.csv", OTHER);
    let key = line.maker.make(1).expect("a key");
    let mut heard = Vec::new();
    let (summary, parts) = line.run_attended(Knows::nothing(), vec![key], |parts: &Parts, _| {
        let begun = Instant::now();
        while !heard.iter().any(&wanted) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{heard:?}");
            heard.extend(parts.board.take_news());
            std::thread::yield_now();
        }
    });
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    heard
}

#[test]
fn a_station_that_begins_deletes_what_a_test_left_and_says_so() {
    let line = line(Vec::new());
    leave_a_test(&line);
    assert_eq!(at_entra(&line), 1);
    let heard = run_until(&line, |news| matches!(news, News::TestSettled { .. }));
    let told: Vec<String> = heard.iter().map(keyline::face::say::news::line).collect();
    assert!(
        told.iter()
            .any(|line| line.contains(TESTER)
                && line.contains("was at Entra still, and is deleted now")),
        "{told:?}"
    );
    assert_eq!((at_entra(&line), is_open(&line)), (0, false));
}

#[test]
fn a_station_that_cannot_look_says_so_once_and_enrols_all_the_same() {
    let line = line(Vec::new());
    leave_a_test(&line);
    let fail = Trick::Fail { status: 403 };
    line.tenant(|tenant| tenant.misbehave(Operation::List, 1, fail));
    let heard = run_until(&line, |news| matches!(news, News::Trouble { .. }));
    let told: Vec<String> = heard.iter().map(keyline::face::say::news::line).collect();
    let about = |line: &&String| line.contains("An earlier test may have left a passkey");
    assert_eq!(told.iter().filter(about).count(), 1, "{told:?}");
    assert_eq!((at_entra(&line), is_open(&line)), (1, true));
}

#[test]
fn models_that_prove_nothing_are_told_by_the_metadata_before_a_tenant_refuses_them() {
    let publisher = Publisher::new().expect("a publisher");
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().join("root.pem");
    fs::write(&root, publisher.root()).expect("it is written");
    let root = toml::Value::String(root.to_str().expect("text").to_owned());
    let line = line(vec![("metadata", "practice_root", root)]);
    line.tenant(|tenant| {
        let mut policy = tenant.policy();
        policy["isAttestationEnforced"] = json!(true);
        tenant.set_policy(policy);
    });
    let policies = line.config.path(&line.config.queue.policies);
    let file = policies.join("standard.toml");
    let standard = fs::read_to_string(&file).expect("a policy");
    let rest = standard
        .lines()
        .filter(|line| !line.starts_with("models ="));
    let rest: Vec<&str> = rest.collect();
    let listing = format!("models = [\"{PRACTICE_AAGUID}\"]\n{}", rest.join("\n"));
    fs::write(&file, listing).expect("it is written");

    let models = || {
        let told = keyline(&line, &["check", "--online", "--json"]);
        let told: Value = serde_json::from_slice(&told.stdout)
            .unwrap_or_else(|_| panic!("{}{}", out(&told), err(&told)));
        let rows = told["rows"].as_array().expect("rows").clone();
        let row = rows.into_iter().find(|row| row["topic"] == "models");
        row.expect("a row of models").to_string()
    };
    let untold = models();
    assert!(untold.contains("no metadata was imported"), "{untold}");
    let day = |text: &str| text.parse().expect("a day");
    let trust = Trust::practice(publisher.root()).expect("a root");
    for (number, reports, grade, says) in [
        (1, &[][..], "\"ok\"", "the tenant takes 1."),
        (
            2,
            &[("REVOKED", day("2026-01-01"))][..],
            "\"stop\"",
            "metadata 2 calls it revoked",
        ),
    ] {
        let model = entry(PRACTICE_AAGUID, PRODUCT, &[line.maker.root()], reports);
        let blob = publisher
            .publish(&edition(number, day("2099-01-01"), &[model]))
            .expect("a file");
        Kept::at(&line.config.path(&line.config.metadata.file))
            .import(blob.as_bytes(), &trust, NOON)
            .expect("an import");
        let told = models();
        assert!(told.contains(grade) && told.contains(says), "{told}");
    }
}
