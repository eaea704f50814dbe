//! Files that are right, and every way of being wrong.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::*;
use crate::domain::authenticator::Aaguid;
use crate::domain::metadata::{Signer, Vouching};
use crate::domain::time::Timestamp;
use crate::practice::metadata::{Publisher, edition, entry};

mod certificates;
mod kept;

/// 2026-11-22T12:00:00Z.
const NOON: Timestamp = Timestamp(1_795_348_800_000);
const ACME: Aaguid = Aaguid([0xAC; 16]);
const OTHER: Aaguid = Aaguid([0x07; 16]);

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn publisher() -> Publisher {
    Publisher::new().expect("a publisher")
}

fn trust(publisher: &Publisher) -> Trust {
    Trust::practice(publisher.root()).expect("a root")
}

fn acme() -> Value {
    entry(ACME, "Acme Key", &[b"root"], &[])
}

fn numbered(number: u64) -> Value {
    edition(number, day("2026-12-01"), &[acme()])
}

/// Reads what `entries` come to, without a signature.
fn read(entries: &[Value]) -> entries::Read {
    let payload = blob::Payload {
        json: edition(7, day("2026-12-01"), entries)
            .to_string()
            .into_bytes(),
        sha256: "00".to_owned(),
    };
    entries::read(&payload, Signer::Practice, NOON).expect("it is read")
}

fn refusal(blob: &[u8], trust: &Trust) -> String {
    blob::open(blob, trust, NOON)
        .expect_err("it must not be taken")
        .to_string()
}

#[test]
fn the_shipped_roots_are_those_that_their_list_names() {
    use sha2::Digest as _;
    let list = include_str!("roots/README.md");
    let roots = [
        include_str!("roots/globalsign-r3.pem"),
        include_str!("roots/globalsign-r46.pem"),
    ];
    for root in roots {
        let (_, pem) = x509_parser::pem::parse_x509_pem(root.as_bytes()).expect("a certificate");
        let hash: String = sha2::Sha256::digest(&pem.contents)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(list.contains(&hash), "{hash}");
    }
    assert_eq!(Trust::fido().expect("roots").signer(), Signer::Fido);
}

#[test]
fn a_signed_file_is_taken_and_one_flipped_byte_is_not() {
    let publisher = publisher();
    let trust = trust(&publisher);
    let blob = publisher.publish(&numbered(1)).expect("a file");
    let payload = blob::open(blob.as_bytes(), &trust, NOON).expect("it is right");
    let json: Value = serde_json::from_slice(&payload.json).expect("JSON");
    assert_eq!(json, numbered(1));
    // With what an editor may put behind it.
    assert!(blob::open(format!("{blob}\r\n").as_bytes(), &trust, NOON).is_ok());
    let dots: Vec<usize> = blob.match_indices('.').map(|(at, _)| at).collect();
    for at in [dots[0] + 9, dots[1] - 9, dots[1] + 9, blob.len() - 9] {
        let mut bent = blob.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let told = refusal(&bent, &trust);
        assert!(told.contains("its signature is"), "{at}: {told}");
    }
    for at in [2, 60] {
        let mut bent = blob.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        refusal(&bent, &trust);
    }
}

#[test]
fn what_is_no_signed_file_is_told_as_that() {
    let publisher = publisher();
    let trust = trust(&publisher);
    let blob = publisher.publish(&numbered(1)).expect("a file");
    let half = &blob[..blob.len() / 2];
    let cut = &blob[..blob.len() - 4];
    let huge = vec![b'a'; usize::try_from(blob::BLOB_BYTES_MAX).expect("a length") + 1];
    let cases: [(&[u8], &str); 9] = [
        (b"", "it has no signature"),
        (b"{\"no\": 1}", "it has no signature"),
        (b"a.b", "it has no header"),
        (b"a.b.c.d", "it has more than three parts"),
        (b"\xFF.\xFF.\xFF", "it is not text"),
        (b"e30.e30.e30", "its header cannot be read"),
        (half.as_bytes(), "it has no signature"),
        (cut.as_bytes(), "its signature is"),
        (&huge, "it has more than 64 MB"),
    ];
    for (blob, expected) in cases {
        let told = refusal(blob, &trust);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn only_the_signers_own_algorithm_is_taken() {
    let publisher = publisher();
    let practice = trust(&publisher);
    for alg in ["none", "HS256", "RS256", "ES384", "es256", ""] {
        let mut header = publisher.header();
        header["alg"] = json!(alg);
        let blob = publisher.sign(&header, b"{}").expect("a file");
        let told = refusal(blob.as_bytes(), &practice);
        assert!(told.contains("the signer uses ES256 alone"), "{told}");
    }
    let blob = publisher.publish(&numbered(1)).expect("a file");
    let fido = Trust::fido().expect("roots");
    let told = refusal(blob.as_bytes(), &fido);
    assert!(told.contains("the signer uses RS256 alone"), "{told}");
    let mut header = publisher.header();
    header["alg"] = json!("RS256");
    let blob = publisher.sign(&header, b"{}").expect("a file");
    let told = refusal(blob.as_bytes(), &fido);
    assert!(told.contains("no root that is trusted"), "{told}");
}

#[test]
fn the_certificate_must_be_there_lead_to_the_root_be_for_the_host_and_be_of_its_time() {
    let publisher = publisher();
    let practice = trust(&publisher);
    for (chain, expected) in [
        (json!([]), "carries no certificate"),
        (Value::Null, "header cannot be read"),
        (json!(["%%%"]), "is not base64"),
        (json!(["AAAA"]), "certificates do not hold"),
        (json!(vec!["AAAA"; 11]), "more than 10 certificates"),
    ] {
        let mut header = publisher.header();
        header["x5c"] = chain;
        let blob = publisher.sign(&header, b"{}").expect("a file");
        let told = refusal(blob.as_bytes(), &practice);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let mut header = publisher.header();
    header.as_object_mut().expect("an object").remove("x5c");
    let blob = publisher.sign(&header, b"{}").expect("a file");
    assert!(refusal(blob.as_bytes(), &practice).contains("carries no certificate"));
    let stranger = self::publisher().publish(&numbered(1)).expect("a file");
    assert!(refusal(stranger.as_bytes(), &practice).contains("signer is forged"));
    let elsewhere = Publisher::for_host("mds.contoso.com").expect("a publisher");
    let blob = elsewhere.publish(&numbered(1)).expect("a file");
    let told = refusal(blob.as_bytes(), &trust(&elsewhere));
    assert!(told.contains("is not for mds.fidoalliance.org"), "{told}");
    let blob = publisher.publish(&numbered(1)).expect("a file");
    let early = blob::open(blob.as_bytes(), &practice, Timestamp(0)).expect_err("not yet");
    assert!(
        early.to_string().contains("begins on 1975-01-01"),
        "{early}"
    );
    let late = Timestamp(67_100_000_000_000);
    let late = blob::open(blob.as_bytes(), &practice, late).expect_err("no more");
    assert!(late.to_string().contains("ended on 4096-01-01"), "{late}");
}

#[test]
fn a_payload_that_is_none_is_refused() {
    for (payload, expected) in [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "missing field `no`"),
        (
            r#"{"no": -1, "nextUpdate": "2026-12-01", "entries": []}"#,
            "invalid value",
        ),
        (
            r#"{"no": 1, "nextUpdate": "soon", "entries": []}"#,
            "nextUpdate is no date",
        ),
        (
            r#"{"no": 1, "nextUpdate": "2026-12-01", "entries": {}}"#,
            "invalid type",
        ),
        (
            r#"{"no": 1, "no": 2, "nextUpdate": "2026-12-01", "entries": []}"#,
            "duplicate",
        ),
    ] {
        let payload = blob::Payload {
            json: payload.as_bytes().to_vec(),
            sha256: String::new(),
        };
        let told = entries::read(&payload, Signer::Practice, NOON).expect_err("no metadata");
        assert!(told.to_string().contains(expected), "{expected}: {told}");
    }
}

#[test]
fn a_broken_entry_costs_only_itself() {
    let mut foreign = acme();
    foreign.as_object_mut().expect("an object").remove("aaguid");
    let read = read(&[
        json!("x"),
        json!({ "aaguid": 7 }),
        json!({ "aaguid": "not one" }),
        foreign,
        acme(),
        json!({ "aaguid": OTHER.to_string(), "metadataStatement": [], "statusReports": {} }),
    ]);
    let edition = &read.shelf.edition;
    assert_eq!((edition.models, edition.others, edition.broken), (2, 1, 3));
    assert_eq!(read.complaints.len(), 3);
    assert!(
        read.complaints[0].starts_with("entry 1: "),
        "{:?}",
        read.complaints
    );
    let acme = &read.shelf.models[&ACME];
    assert_eq!((acme.name.as_str(), acme.unreadable), ("Acme Key", 0));
    let bare = &read.shelf.models[&OTHER];
    assert_eq!((bare.name.clone(), bare.unreadable), (OTHER.to_string(), 1));
}

#[test]
fn nesting_without_end_costs_one_entry() {
    let deep = "[".repeat(500_000) + &"]".repeat(500_000);
    let text = format!(
        r#"{{"no": 7, "nextUpdate": "2026-12-01", "bomb": {deep}, "entries": [{{"aaguid": {deep}}}, {}]}}"#,
        acme()
    );
    let payload = blob::Payload {
        json: text.into_bytes(),
        sha256: String::new(),
    };
    let read = entries::read(&payload, Signer::Practice, NOON).expect("the rest is read");
    assert_eq!(
        (read.shelf.edition.models, read.shelf.edition.broken),
        (1, 1)
    );
    assert!(
        read.complaints[0].contains("recursion"),
        "{:?}",
        read.complaints
    );
}

#[test]
fn members_that_cannot_be_read_are_counted_and_the_others_count() {
    let read = read(&[json!({
        "aaguid": ACME.to_string(),
        "metadataStatement": {
            "friendlyNames": { "de-DE": "Acme-Schlüssel", "en-US": "Acme\u{7} Key" },
            "attestationTypes": ["basic_full", "basic_surrogate"],
            "attestationRootCertificates": ["cm9v\ndA==", "%", 7, ""],
            "icon": "javascript:alert(1)",
        },
        "statusReports": [
            { "status": "REVOKED", "effectiveDate": "the 31st" },
            { "effectiveDate": "2024-01-01" },
            { "status": "UPDATE_AVAILABLE", "effectiveDate": "2024-01-01", "authenticatorVersion": 5 },
        ],
    })]);
    let entry = &read.shelf.models[&ACME];
    assert_eq!(entry.name, "Acme Key");
    assert_eq!(entry.vouching, Vouching::BySelf);
    assert_eq!(
        entry.roots,
        [crate::domain::metadata::Certificate(b"root".to_vec())]
    );
    assert_eq!(entry.unreadable, 4);
    assert_eq!(entry.reports[1].version, Some(5));
    // A date that nobody can read does not keep the alarm from counting.
    let alarm = entry.alarm(Some(9), NOON.utc_day()).expect("an alarm");
    assert_eq!(alarm.status, "REVOKED");
    assert!(read.logos.is_empty());
}

#[test]
fn a_model_that_stands_there_twice_keeps_every_alarm() {
    let revoked = entry(
        ACME,
        "Another",
        &[b"other"],
        &[("REVOKED", day("2024-01-01"))],
    );
    let read = read(&[acme(), revoked]);
    assert_eq!(
        (read.shelf.edition.models, read.shelf.edition.repeated),
        (1, 1)
    );
    let acme = &read.shelf.models[&ACME];
    assert_eq!((acme.name.as_str(), acme.roots.len()), ("Acme Key", 1));
    assert!(acme.alarm(None, NOON.utc_day()).is_some());
}

#[test]
fn an_address_that_is_not_safe_is_not_asked() {
    let objection = |url: &str| {
        let source = Source {
            url: url.parse().expect("an address"),
            ca_file: None,
        };
        source.objection()
    };
    assert_eq!(objection("https://mds3.fidoalliance.org/"), None);
    assert_eq!(objection("http://127.0.0.1:8080/blob"), None);
    assert!(objection("http://mds3.fidoalliance.org/").is_some());
    assert!(objection("https://anna:secret@contoso.com/").is_some());
    assert!(objection("data:text/plain,x").is_some());
}
