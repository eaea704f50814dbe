//! Metadata of models through the whole house: the station over practice keys, the command line, and the genuine file of the
//! FIDO Metadata Service where there is one.

#[path = "support/line.rs"]
#[expect(dead_code, reason = "each test uses its part of it")]
mod line;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use jiff::civil::Date;
use keyline::adapter::mds::{Catalogue, Kept, MdsFault, Trust, chain};
use keyline::app::board::{Board, News};
use keyline::domain::authenticator::{Aaguid, Slot};
use keyline::domain::enrollment::Standing;
use keyline::domain::event::{Evidence, Happening};
use keyline::domain::fault::Fault;
use keyline::domain::metadata::{Certificate, Provenance, Signer};
use keyline::domain::pin::Pin;
use keyline::domain::time::Timestamp;
use keyline::face::say::ExitCode;
use keyline::port::{
    Attendant, Authenticator, Keeping, KeyEvent, Keys, Ledger as _, Models as _, Operator, Place,
};
use keyline::practice::authenticator::{
    Bench, Manufacturer, Model, PRACTICE_AAGUID, PRODUCT, SimulatedKey, TRAINING_AAGUID,
};
use keyline::practice::metadata::{Publisher, edition, entry};
use keyline::practice::tenant::TenantSetup;
use keyline::wire::WireFault;
use keyline::wire::commands::keys::identify_next;
use keyline::wire::config::Config;
use keyline::wire::station::{self, read_ledger};
use line::Line;

struct Nobody;

impl Operator for Nobody {
    fn current_pin(&self, _slot: Slot, _person: &str) -> Option<Pin> {
        None
    }
}

/// 2026-11-22T12:00:00Z.
const NOON: Timestamp = Timestamp(1_795_348_800_000);
/// A vendor's logo: no picture, but what is taken for one.
const LOGO: &str = "data:image/png;base64,iVBORw0KGgo=";
const JOBS: &str = "user,name,policy\r\nanna.lang@contoso.com,Anna Lang,standard\r\n";

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// A station that takes metadata of this publisher.
fn line_for(publisher: &Publisher) -> Line {
    let home = tempfile::tempdir().expect("a folder");
    let root = home.path().join("metadata-root.pem");
    std::fs::write(&root, publisher.root()).expect("it is written");
    let root = root.to_str().expect("text").to_owned();
    let settings = vec![
        ("queue", "settle_milliseconds", toml::Value::Integer(50)),
        ("queue", "rescan_seconds", toml::Value::Integer(1)),
        ("metadata", "practice_root", toml::Value::String(root)),
    ];
    Line::set(home, 1, TenantSetup::default(), settings)
}

/// Metadata of the practice model: these makers' roots, and what is reported of it.
fn practice(number: u64, roots: &[&[u8]], reports: &[(&str, Date)]) -> serde_json::Value {
    let mut model = entry(PRACTICE_AAGUID, PRODUCT, roots, reports);
    model["metadataStatement"]["icon"] = LOGO.into();
    edition(number, day("2099-01-01"), &[model])
}

fn import(line: &Line, publisher: &Publisher, edition: &serde_json::Value) {
    let blob = publisher.publish(edition).expect("a file");
    let trust = Trust::practice(publisher.root()).expect("a root");
    Kept::at(&line.config.path(&line.config.metadata.file))
        .import(blob.as_bytes(), &trust, NOON)
        .expect("an import");
}

fn keyline(line: &Line, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(words)
        .arg("--config")
        .arg(&line.config.file)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn a_genuine_key_is_enrolled_and_its_provenance_stands_in_the_journal() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let edition = practice(5, &[line.maker.root()], &[]);
    import(&line, &publisher, &edition);
    line.drop_file("a.csv", JOBS);
    let (summary, parts) = line.run(Arc::new(Nobody), vec![line.maker.make(1).expect("a key")]);
    assert_eq!(summary.done, 1, "{summary:?}");
    let job = parts.ledger.jobs(None).expect("jobs").remove(0).job.id;
    let verdict = parts
        .ledger
        .journal(job)
        .expect("a journal")
        .into_iter()
        .find_map(|row| match row.event.happening {
            Happening::Done {
                evidence: Evidence::Made { vetting, .. },
                ..
            } => vetting,
            _ => None,
        })
        .expect("a verdict");
    assert_eq!(verdict.edition, 5);
    assert_eq!(verdict.provenance, Provenance::Genuine(None));
    let shown = keyline(&line, &["jobs", "show", "1"]);
    let shown = text(&shown.stdout);
    assert!(
        shown.contains("by metadata number 5 of this model"),
        "{shown}"
    );
}

#[test]
fn a_counterfeit_is_laid_aside_before_its_passkey_reaches_the_tenant() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let edition = practice(5, &[line.maker.root()], &[]);
    import(&line, &publisher, &edition);
    line.drop_file("a.csv", JOBS);
    // It calls itself the same, and another maker has certified it.
    let forger = Manufacturer::new(Model::practice()).expect("a manufacturer");
    let supply = vec![
        forger.make(666).expect("a key"),
        line.maker.make(1).expect("a key"),
    ];
    let (summary, parts) = line.run(Arc::new(Nobody), supply);
    assert_eq!(summary.done, 1, "{summary:?}");
    let records = parts.ledger.jobs(None).expect("jobs");
    assert_eq!(records[0].standing, Standing::Done);
    let serial = records[0].serial.as_ref().expect("a serial");
    assert_eq!(serial.to_string(), "PRACTICE-000001");
    let there = line.tenant(|tenant| tenant.credentials("anna.lang@contoso.com"));
    assert_eq!(there.map(|all| all.len()), Ok(1));
    let shown = text(&keyline(&line, &["jobs", "show", "1"]).stdout);
    assert!(
        shown.contains("does not prove that it is of the model"),
        "{shown}"
    );
}

#[test]
fn a_revoked_model_is_refused_before_its_reset_and_another_model_takes_the_job() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let revoked = [("REVOKED", day("2026-01-01"))];
    let edition = practice(5, &[line.maker.root()], &revoked);
    import(&line, &publisher, &edition);
    line.drop_file("a.csv", JOBS);
    let refused = line.maker.make(1).expect("a key");
    // Of a model that the metadata does not know, of which nothing is claimed.
    let other = Manufacturer::new(Model::training())
        .and_then(|maker| maker.make(2))
        .expect("a key");
    let before = refused.photograph();
    let (summary, parts) = line.run(Arc::new(Nobody), vec![refused.clone(), other]);
    assert_eq!(summary.done, 1, "{summary:?}");
    let there = line
        .tenant(|tenant| tenant.credentials("anna.lang@contoso.com"))
        .expect("a person");
    let models: Vec<Aaguid> = there.iter().map(|one| one.aaguid).collect();
    assert_eq!(models, [TRAINING_AAGUID]);
    let job = parts.ledger.jobs(None).expect("jobs").remove(0).job.id;
    let bound = parts.ledger.journal(job).expect("a journal");
    let begun = bound
        .iter()
        .filter(|row| matches!(row.event.happening, Happening::Began { .. }));
    assert_eq!(begun.count(), 1, "the refused key was never bound");
    assert!(refused.photograph() == before, "nothing on it was changed");
}

/// A hand that puts a key into slot 1 as soon as somebody watches.
struct Hand<'a>(&'a Line, SimulatedKey);

impl Keys for Hand<'_> {
    fn watch(&self, sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        self.0.keys.watch(sink)?;
        self.0.bench.insert(&Bench::place(1), &self.1)
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        self.0.keys.open(place, attendant)
    }
}

#[test]
fn a_key_at_hand_is_told_with_its_model_and_what_is_known_against_it() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let reports = [
        ("FIDO_CERTIFIED_L2", day("2025-01-01")),
        ("USER_KEY_PHYSICAL_COMPROMISE", day("2026-01-01")),
    ];
    import(&line, &publisher, &practice(5, &[], &reports));
    let ledger = read_ledger(&line.config).expect("a ledger");
    let models = Catalogue::open(&line.config.path(&line.config.metadata.file)).expect("models");
    let told_as = |key: SimulatedKey, json| {
        let mut out = Vec::new();
        let patience = std::time::Duration::from_secs(20);
        let ended = identify_next(
            &Hand(&line, key),
            &ledger,
            &models,
            patience,
            json,
            &mut out,
        );
        assert_eq!(ended.expect("an answer"), ExitCode::Done);
        drop(line.bench.pull(&Bench::place(1)));
        text(&out)
    };
    let told = |key| told_as(key, false);
    let json = told_as(line.maker.make(1).expect("a key"), true);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&json["model"]["certification"], &json["model"]["alarm"]),
        (
            &"FIDO_CERTIFIED_L2".into(),
            &"USER_KEY_PHYSICAL_COMPROMISE".into()
        )
    );
    let known = told(line.maker.make(1).expect("a key"));
    assert!(
        known.contains("FIDO certified, L2 (FIDO_CERTIFIED_L2, since 2025-01-01)")
            && known.contains("alarm           passkeys can be stolen from it by whoever has it"),
        "{known}"
    );
    let other = Manufacturer::new(Model::training()).and_then(|maker| maker.make(2));
    let unknown = told(other.expect("a key"));
    assert!(
        unknown.contains(&TRAINING_AAGUID.to_string())
            && !unknown.contains("certification")
            && !unknown.contains("alarm"),
        "{unknown}"
    );
}

#[test]
fn damaged_and_old_metadata_is_told_before_a_run() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let check = || {
        let file = line.config.file.to_str().expect("text").to_owned();
        let output = keyline(&line, &["check", &file]);
        let told = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), told)
    };
    let old = edition(
        5,
        day("2026-01-01"),
        &[entry(PRACTICE_AAGUID, PRODUCT, &[], &[])],
    );
    import(&line, &publisher, &old);
    let (code, told) = check();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("out of date since 2026-01-01"), "{told}");
    let file = line.config.path(&line.config.metadata.file);
    std::fs::write(&file, "nonsense").expect("it is written");
    let (code, told) = check();
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("[metadata] file: "), "{told}");
    let parts = station::assemble(&line.config, line.keys.clone(), Arc::new(Nobody));
    assert!(matches!(
        parts.map(drop),
        Err(WireFault::Metadata(MdsFault::Damaged { .. }))
    ));
}

#[test]
fn metadata_is_imported_shown_and_never_taken_back_on_the_command_line() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let none = keyline(&line, &["mds", "show"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("no metadata of models here yet"));
    let file = |name: &str, edition: &serde_json::Value| {
        let path = line.home.path().join(name);
        let blob = publisher.publish(edition).expect("a file");
        std::fs::write(&path, blob).expect("it is written");
        path.to_str().expect("text").to_owned()
    };
    let revoked = [("REVOKED", day("2026-01-01"))];
    let newer = file("newer.jwt", &practice(8, &[line.maker.root()], &revoked));
    let older = file("older.jwt", &practice(7, &[line.maker.root()], &[]));
    let imported = keyline(&line, &["mds", "import", &newer]);
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let told = text(&imported.stdout);
    assert!(told.starts_with("Metadata number 8 for practice"), "{told}");
    let refused = keyline(&line, &["mds", "import", &older]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("number 8 is here already"));
    let shown = keyline(&line, &["mds", "show", &PRACTICE_AAGUID.to_string()]);
    let shown = text(&shown.stdout);
    assert!(
        shown.contains(PRODUCT) && shown.contains("has revoked it"),
        "{shown}"
    );
    let json = keyline(&line, &["mds", "show", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(
        (&json["number"], &json["stale"]),
        (&8.into(), &false.into())
    );
    let again = keyline(&line, &["mds", "import", &newer, "--json"]);
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(again["before"], 8);
    assert_eq!(again["complaints"], serde_json::json!([]));
    for field in ["number", "next_update", "sha256", "models", "stale"] {
        assert_eq!(again["metadata"][field], json[field], "{field}");
    }
    let refused = keyline(&line, &["mds", "import", &older, "--json"]);
    let refused: serde_json::Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(refused["error"]["exit_code"], 3, "{refused}");
    let one = keyline(
        &line,
        &["mds", "show", &PRACTICE_AAGUID.to_string(), "--json"],
    );
    let one: serde_json::Value = serde_json::from_slice(&one.stdout).expect("JSON");
    assert_eq!(
        (&one["alarm"], &one["roots"]),
        (&"REVOKED".into(), &1.into())
    );
    assert_eq!(one["logo"], LOGO);
    let unknown = keyline(&line, &["mds", "show", &Aaguid([9; 16]).to_string()]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("says nothing of a model"));
    let stale = edition(
        9,
        day("2026-01-01"),
        &[entry(PRACTICE_AAGUID, PRODUCT, &[], &[])],
    );
    let stale = keyline(&line, &["mds", "import", &file("stale.jwt", &stale)]);
    assert!(stale.status.success(), "age alone refuses nothing");
    assert!(text(&stale.stderr).contains("out of date since 2026-01-01"));
    let folder = keyline(&line, &["mds", "import", "/"]);
    assert_eq!(folder.status.code(), Some(2));
    let device = keyline(&line, &["mds", "import", "/dev/zero"]);
    assert_eq!(device.status.code(), Some(2));
}

/// The file may be removed, damaged, put back from a copy, or replaced by another signer's: the ledger remembers the number.
#[test]
fn the_number_does_not_go_back_when_the_kept_file_does() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let kept = line.config.path(&line.config.metadata.file);
    let take_in = |number: u64| {
        let path = line.home.path().join("offered.jwt");
        let blob = publisher
            .publish(&practice(number, &[line.maker.root()], &[]))
            .expect("a file");
        std::fs::write(&path, blob).expect("it is written");
        let output = keyline(&line, &["mds", "import", path.to_str().expect("text")]);
        let told = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), told)
    };
    let refuses = |number: u64, newest: &str| {
        let (code, told) = take_in(number);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains(newest), "{told}");
    };
    let starts = || station::assemble(&line.config, line.keys.clone(), Arc::new(Nobody)).map(drop);
    assert_eq!(take_in(7).0, Some(0));
    let of_seven = std::fs::read(&kept).expect("the file");
    assert_eq!(take_in(8).0, Some(0));
    std::fs::remove_file(&kept).expect("it goes");
    refuses(7, "number 8 is here already");
    starts().expect("a station that knows no model, as it knew none but for practice");
    let file = line.config.file.to_str().expect("text");
    let checked = keyline(&line, &["check", file]);
    let told = text(&checked.stdout) + &text(&checked.stderr);
    assert!(told.contains("Metadata number 8 was here"), "{told}");
    std::fs::write(&kept, "nonsense").expect("it is written");
    refuses(7, "number 8 is here already");
    std::fs::write(&kept, &of_seven).expect("it is put back");
    refuses(7, "number 8 is here already");
    let gone_back = starts().expect_err("it went back");
    assert!(
        matches!(
            gone_back,
            WireFault::Metadata(MdsFault::GoneBack {
                number: 7,
                newest: 8,
                ..
            })
        ),
        "{gone_back}"
    );
    let checked = keyline(&line, &["check", file]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(text(&checked.stderr).contains("number 8 was here before"));
    let shown = keyline(&line, &["mds", "show"]);
    assert_eq!(shown.status.code(), Some(8), "{}", text(&shown.stderr));
    assert_eq!(take_in(8).0, Some(0));
    starts().expect("it is mended");

    // An import that the power cut off before the ledger heard of it is made up for by the next start.
    import(&line, &publisher, &practice(9, &[line.maker.root()], &[]));
    starts().expect("a station");
    std::fs::remove_file(&kept).expect("it goes");
    refuses(8, "number 9 is here already");
    let verified = keyline(&line, &["ledger", "verify"]);
    assert!(verified.status.success(), "{}", text(&verified.stderr));
}

/// A genuine file that is gone does not lift what it said: neither by its removal, nor because what lies there does not count.
#[test]
fn genuine_metadata_that_is_gone_stops_a_station_that_refuses_revoked_models() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let kept = line.config.path(&line.config.metadata.file);
    let assemble = || station::assemble(&line.config, line.keys.clone(), Arc::new(Nobody));
    let parts = assemble().expect("a station that never knew any");
    let genuine = Keeping::Metadata {
        signer: Signer::Fido,
        number: 31,
    };
    parts
        .ledger
        .keep(&genuine, "anna", NOON)
        .expect("it is noted");
    drop(parts);
    let lost = assemble().map(drop).expect_err("it is gone");
    assert!(
        matches!(
            &lost,
            WireFault::Metadata(MdsFault::Lost { number: 31, .. })
        ),
        "{lost}"
    );
    let file = line.config.file.to_str().expect("text");
    let checked = keyline(&line, &["check", file]);
    let told = text(&checked.stdout) + &text(&checked.stderr);
    assert_eq!(checked.status.code(), Some(2), "{told}");
    for part in ["metadata number 31 was here", "keyline mds import FILE"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let run = keyline(&line, &["run"]);
    let told = text(&run.stderr);
    assert_eq!(run.status.code(), Some(8), "{told}");
    for part in ["keyline mds import FILE", "revoked_models = \"warn\""] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // What counts here is less than what was here, and that is told: nobody's real keys are in it.
    import(&line, &publisher, &practice(7, &[line.maker.root()], &[]));
    let parts = assemble().expect("a station for practice");
    let told = troubles(&parts.board);
    assert!(told.contains("Metadata number 31 was here"), "{told}");
    drop(parts);
    // Without a practice root the same file counts as none.
    let mut config = line.config.clone();
    config.metadata.practice_root = PathBuf::new();
    let lost = station::assemble(&config, line.keys.clone(), Arc::new(Nobody));
    assert!(matches!(
        lost.map(drop),
        Err(WireFault::Metadata(MdsFault::Lost { .. }))
    ));
    std::fs::remove_file(&kept).expect("it goes");
}

fn troubles(board: &Board) -> String {
    let troubles = board.take_news().into_iter().filter_map(|news| match news {
        News::Trouble { what } => Some(what),
        _ => None,
    });
    troubles.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_bench_is_told_of_metadata_that_is_out_of_date_or_does_not_count() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let old = |until: &str| {
        let model = entry(PRACTICE_AAGUID, PRODUCT, &[line.maker.root()], &[]);
        edition(5, day(until), &[model])
    };
    let told = |config: &Config| {
        let parts = station::assemble(config, line.keys.clone(), Arc::new(Nobody));
        troubles(&parts.expect("a station").board)
    };
    import(&line, &publisher, &old("2099-01-01"));
    assert_eq!(told(&line.config), "");
    import(&line, &publisher, &old("2026-01-01"));
    let stale = told(&line.config);
    assert!(stale.contains("out of date since 2026-01-01"), "{stale}");
    let mut config = line.config.clone();
    config.metadata.practice_root = PathBuf::new();
    let left_out = told(&config);
    assert!(left_out.contains("is signed for practice"), "{left_out}");
    assert!(!left_out.contains("out of date"), "{left_out}");
}

/// Answers one request with `answer`, on a free port of this computer; gives back the address.
fn serve(answer: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a byte") == 1 {
            request.push(byte[0]);
        }
        // The caller may have heard enough.
        let _ = stream.write_all(&answer);
        String::from_utf8(request).expect("text")
    });
    (format!("http://{address}/"), thread)
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn metadata_is_fetched_proved_and_kept_when_the_next_fetch_fails() {
    let publisher = Publisher::new().expect("a publisher");
    let line = line_for(&publisher);
    let shipped = std::fs::read_to_string(&line.config.file).expect("the configuration");
    let update_from = |url: &str| {
        let changed = shipped.replace("https://mds3.fidoalliance.org/", url);
        assert_ne!(changed, shipped);
        std::fs::write(&line.config.file, changed).expect("it is written");
        keyline(&line, &["mds", "update"])
    };
    let blob = publisher.publish(&practice(8, &[], &[])).expect("a file");
    let (url, server) = serve(ok(&blob));
    let fetched = update_from(&url);
    assert!(fetched.status.success(), "{}", text(&fetched.stderr));
    let request = server.join().expect("a server");
    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
    for (answer, code, expected) in [
        (ok(&blob[..blob.len() - 9]), 3, "its signature is"),
        (ok("<html>"), 3, "it has no signature"),
        (
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec(),
            6,
            "answered 503",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhalf".to_vec(),
            6,
            "broke off",
        ),
        (Vec::new(), 6, "127.0.0.1"),
    ] {
        let (url, server) = serve(answer);
        let failed = update_from(&url);
        server.join().expect("a server");
        let told = text(&failed.stderr);
        assert_eq!(failed.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let json = keyline(&line, &["mds", "show", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["number"], 8);
    let unsafe_way = update_from("http://mds.contoso.com/");
    assert_eq!(unsafe_way.status.code(), Some(2));
}

/// The genuine file of 2023-09-29, number 31, which this repository must not hold: the service's terms come with it.
fn genuine() -> Option<Vec<u8>> {
    let path = std::env::var_os("KEYLINE_TEST_MDS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/mds-blob-31.jwt"),
        PathBuf::from,
    );
    let blob = std::fs::read(&path).ok();
    if blob.is_none() {
        // Past the capture of the test's output: a skipped test must be seen.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no genuine metadata to verify; KEYLINE_TEST_MDS names the file"
        );
    }
    blob
}

/// 2023-09-29T12:00:00Z.
const THEN: Timestamp = Timestamp(1_695_988_800_000);

#[test]
fn the_genuine_metadata_is_verified_at_its_own_date_and_one_flipped_byte_is_refused() {
    let Some(blob) = genuine() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Kept::at(&folder.path().join("models.jsonl"));
    let trust = Trust::fido().expect("roots");
    let import = kept.import(&blob, &trust, THEN).expect("it is genuine");
    let edition = &import.edition;
    assert_eq!((edition.number, edition.signer), (31, Signer::Fido));
    assert_eq!(edition.next_update, day("2023-10-01"));
    assert_eq!((edition.models, edition.others), (108, 66));
    assert_eq!((edition.broken, edition.repeated), (0, 0));
    let middle = blob.len() / 2;
    let mut bent = blob.clone();
    bent[middle] = if bent[middle] == b'A' { b'B' } else { b'A' };
    let refused = kept.import(&bent, &trust, THEN);
    assert!(
        matches!(&refused, Err(MdsFault::NotTrusted { what }) if what.contains("signature is wrong")),
        "{refused:?}"
    );
    // Today its signer's certificate has ended.
    let late = kept.import(&blob, &trust, NOON);
    assert!(
        matches!(&late, Err(MdsFault::NotTrusted { what }) if what.contains("ended on")),
        "{late:?}"
    );
    let yubikey = Aaguid::try_from("2fc0579f-8113-47ea-b116-bb5a8db9202a").expect("an AAGUID");
    let shelf = kept.load().expect("it loads").expect("it is there");
    let entry = &shelf.models[&yubikey];
    assert_eq!(entry.name, "YubiKey 5 Series with NFC");
    assert!(entry.certification(day("2023-09-29")).is_some());
    assert!(entry.alarm(None, day("2023-09-29")).is_none());
    assert_eq!(entry.unreadable, 0);
    let logo = kept.logo(yubikey).expect("it is read").expect("a logo");
    assert!(logo.starts_with("data:image/png;base64,"));
}

#[test]
fn no_genuine_model_takes_a_practice_key_for_its_own() {
    let Some(blob) = genuine() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("models.jsonl");
    let trust = Trust::fido().expect("roots");
    Kept::at(&file)
        .import(&blob, &trust, THEN)
        .expect("genuine");
    let shelf = Catalogue::open(&file)
        .expect("a catalogue")
        .shelf()
        .expect("a shelf");
    let maker = Manufacturer::new(Model::practice()).expect("a manufacturer");
    let shown = [
        Certificate(maker.batch_certificate().to_vec()),
        Certificate(maker.root().to_vec()),
    ];
    let (mut foreign, mut unclaimed, mut own) = (0, 0, 0);
    for entry in shelf.models.values() {
        match chain::provenance(entry, &shown, NOON) {
            Provenance::Foreign(_) => foreign += 1,
            Provenance::Unclaimed(_) => unclaimed += 1,
            other => panic!("{}: {other:?}", entry.name),
        }
        // A listed certificate is its own proof, whatever else it is.
        for root in &entry.roots {
            let verdict = chain::provenance(entry, std::slice::from_ref(root), THEN);
            assert!(matches!(verdict, Provenance::Genuine(_)), "{}", entry.name);
            own += 1;
        }
    }
    // Nearly every model can tell its own from others.
    assert!(foreign >= 100 && unclaimed <= 8, "{foreign} {unclaimed}");
    assert!(own > 100, "{own}");
}
