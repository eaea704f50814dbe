//! Key models in the console: taken in by a file, listed, one by one, and a vendor's picture that can do nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyline::practice::authenticator::{PRACTICE_AAGUID, PRODUCT, TRAINING_AAGUID};
use keyline::practice::metadata::{Publisher, edition, entry};
use reqwest::Method;

use super::house::{Browser, Page};
use super::office::Desk;

fn day(text: &str) -> jiff::civil::Date {
    text.parse().expect("a day")
}

fn upload(browser: &Browser, file: &str) -> Page {
    let csrf = browser.get("/models").field("csrf").expect("a token");
    let headers = [
        ("origin", browser.base.as_str()),
        ("content-type", "application/octet-stream"),
        ("x-keyline-csrf", csrf.as_str()),
    ];
    browser.send(Method::POST, "/models/import", &headers, file)
}

/// Metadata with a model that has a logo, and one with a name that is a page and an alarm.
fn metadata(publisher: &Publisher, number: u64, logo: &[u8]) -> String {
    let certified = [("FIDO_CERTIFIED_L1", day("2024-01-01"))];
    let mut with_logo = entry(PRACTICE_AAGUID, PRODUCT, &[&[1, 2, 3]], &certified);
    let url = format!("data:image/png;base64,{}", STANDARD.encode(logo));
    with_logo["metadataStatement"]["icon"] = url.into();
    let alarmed = [("REVOKED", day("2024-02-01"))];
    let odd = entry(
        TRAINING_AAGUID,
        "<script>alert(1)</script>",
        &[&[1]],
        &alarmed,
    );
    let edition = edition(number, day("2099-01-01"), &[with_logo, odd]);
    publisher.publish(&edition).expect("a file")
}

/// A desk that takes metadata of this publisher.
fn desk(publisher: &Publisher) -> (Desk, tempfile::NamedTempFile) {
    let root = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(root.path(), publisher.root()).expect("a root");
    let path = root.path().to_str().expect("text").to_owned();
    (
        Desk::set(0, vec![("metadata", "practice_root", path.into())]),
        root,
    )
}

#[test]
fn metadata_is_taken_in_and_models_are_shown() {
    let publisher = Publisher::new().expect("a publisher");
    let (desk, _root) = desk(&publisher);
    let adam = desk.signed_in("adam");
    let empty = adam.get("/models").text;
    assert!(
        empty.contains("There is no metadata of models here yet."),
        "{empty}"
    );
    assert_eq!(adam.get(&format!("/models/{PRACTICE_AAGUID}")).status, 404);
    let page = upload(&adam, &metadata(&publisher, 5, b"x"));
    assert!(
        page.text.contains("Taken in.") && page.text.contains("number 5"),
        "{}",
        page.text
    );
    let list = adam.get("/models").text;
    assert!(
        list.contains("2 models") && list.contains(PRODUCT),
        "{list}"
    );
    assert!(
        list.contains("has revoked it") && !list.contains("<script>alert"),
        "{list}"
    );
    let name = PRODUCT.to_uppercase().replace(' ', "+");
    let found = adam.get(&format!("/models?find={name}")).text;
    assert!(
        found.contains("1 model") && !found.contains("alert(1)"),
        "{found}"
    );
    let one = adam.get(&format!("/models/{PRACTICE_AAGUID}")).text;
    for told in ["FIDO_CERTIFIED_L1", "2024-01-01", "1 root of the vendor"] {
        assert!(one.contains(told), "{told}: {one}");
    }
    assert!(
        !one.contains("/logo\""),
        "what is no picture is not shown: {one}"
    );
    assert_eq!(desk.signed_in("olga").get("/models").status, 403);
}

#[test]
fn metadata_that_is_not_to_be_trusted_or_is_older_changes_nothing() {
    let publisher = Publisher::new().expect("a publisher");
    let (desk, _root) = desk(&publisher);
    let adam = desk.signed_in("adam");
    let stranger = Publisher::new().expect("a publisher");
    let page = upload(&adam, &metadata(&stranger, 9, b"x"));
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    assert!(page.text.contains("Nothing was changed"), "{}", page.text);
    upload(&adam, &metadata(&publisher, 5, b"x"));
    let page = upload(&adam, &metadata(&publisher, 4, b"x"));
    assert!(
        page.text.contains("number 5 is here already"),
        "{}",
        page.text
    );
    assert!(adam.get("/models").text.contains("number 5"));
}

#[test]
fn an_older_file_is_refused_also_when_the_newer_one_is_lost() {
    let publisher = Publisher::new().expect("a publisher");
    let (desk, _root) = desk(&publisher);
    let adam = desk.signed_in("adam");
    let page = upload(&adam, &metadata(&publisher, 5, b"x"));
    assert!(page.text.contains("Taken in."), "{}", page.text);
    // Whoever can delete a file, or copies the station without it, brings no old one back: the ledger knows the number.
    let config = &desk.line.config;
    std::fs::remove_file(config.path(&config.metadata.file)).expect("the models");
    let page = upload(&adam, &metadata(&publisher, 4, b"x"));
    assert!(page.text.contains("role=\"alert\""), "{}", page.text);
    assert!(
        page.text.contains("number 5") && !page.text.contains("Taken in."),
        "{}",
        page.text
    );
    assert!(!adam.get("/models").text.contains("number 4"));
    // The same one, and newer ones, are taken.
    for number in [5, 6] {
        let page = upload(&adam, &metadata(&publisher, number, b"x"));
        assert!(page.text.contains("Taken in."), "{number}: {}", page.text);
    }
    assert!(adam.get("/models").text.contains("number 6"));
}

#[test]
fn a_vendors_picture_is_served_as_what_it_is_and_can_do_nothing() {
    let publisher = Publisher::new().expect("a publisher");
    let (desk, _root) = desk(&publisher);
    let adam = desk.signed_in("adam");
    // It says that it is a PNG and is none.
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    upload(&adam, &metadata(&publisher, 5, svg));
    let one = adam.get(&format!("/models/{PRACTICE_AAGUID}")).text;
    assert!(one.contains("/logo\"") && !one.contains("data:"), "{one}");
    let logo = adam.get(&format!("/models/{PRACTICE_AAGUID}/logo"));
    assert_eq!(
        (logo.status, logo.header("content-type")),
        (200, "image/svg+xml")
    );
    let policy = logo.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        policy.contains("sandbox") && !policy.contains("script-src"),
        "{policy}"
    );
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert_eq!(
        adam.get(&format!("/models/{TRAINING_AAGUID}/logo")).status,
        404
    );
    for nonsense in ["nonsense", "..%2Fx"] {
        assert_eq!(
            adam.get(&format!("/models/{nonsense}/logo")).status,
            404,
            "{nonsense}"
        );
    }
}
