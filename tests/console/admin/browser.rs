//! The administrator's pages in a real browser: somebody is found, their passkeys deleted, a job file is dropped, models are taken
//! in, the chain is verified, a job is held and released. Everything by the page's own buttons.

use std::path::Path;

use keyline::practice::authenticator::{PRACTICE_AAGUID, PRODUCT};
use keyline::practice::metadata::{Publisher, edition, entry};
use serde_json::{Value, json};

use super::super::bench::driver::Browser;
use super::super::house::PASSPHRASE;
use super::super::office::Desk as Office;
use super::desk::Desk;

const ANNA: &str = "anna.lang@contoso.com";
const RETURN: &str = "\u{e007}";

fn sign_in(browser: &Browser, base: &str, path: &str) {
    browser.go_to(&format!("{base}/sign-in?next={path}"));
    browser.fill("input[name=name]", "adam");
    browser.fill("input[name=passphrase]", PASSPHRASE);
    browser.fill("input[name=passphrase]", RETURN);
    browser.until(&format!("location.pathname === '{path}'"));
}

fn click(browser: &Browser, css: &str) {
    browser.until(&format!("document.querySelector({css:?}) !== null"));
    browser.run(&format!("document.querySelector({css:?}).click();"));
}

fn shows(browser: &Browser, text: &str) {
    browser.until(&format!("document.body.innerText.includes({text:?})"));
}

/// Drops a file onto the page, as a hand does.
fn drop_file(browser: &Browser, name: &str, text: &str) {
    browser.until("document.querySelector('[data-drop]') !== null");
    let (name, text) = (json!(name), json!(text));
    browser.run(&format!(
        "const carried = new DataTransfer();
         carried.items.add(new File([{text}], {name}));
         const how = {{ dataTransfer: carried, bubbles: true, cancelable: true }};
         document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', how));"
    ));
}

/// Nothing is wider than its window.
fn fits(browser: &Browser) {
    let wide = browser.value("document.documentElement.scrollWidth > innerWidth");
    assert_eq!(
        wide,
        Value::Bool(false),
        "{}",
        browser.value("location.href")
    );
}

/// Keeps a picture of the page where one is asked for: KEYLINE_TEST_PICTURES names the folder.
fn picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("KEYLINE_TEST_PICTURES") {
        let file = Path::new(&folder).join(format!("admin-{name}.png"));
        std::fs::write(file, browser.picture()).expect("a folder");
    }
    fits(browser);
}

#[test]
fn people_are_found_and_their_passkeys_deleted_and_a_file_dropped() {
    let Some(browser) = Browser::open(1024, 700) else {
        return;
    };
    let office = Office::new(0);
    office.give(ANNA, "blue key");
    office.give(ANNA, "red key");
    sign_in(&browser, &office.base, "/people");
    browser.fill("#find", "anna");
    browser.fill("#find", RETURN);
    click(&browser, &format!("input[name=user][value='{ANNA}']"));
    picture(&browser, "found");
    click(&browser, "#pick p:last-child .main-button");
    shows(&browser, "Selected users");
    browser.until("document.querySelectorAll('input[name=key]').length === 2");
    shows(&browser, "blue key");
    picture(&browser, "selected");
    click(&browser, "button[value=all_passkeys]");
    browser.until("document.querySelector('input[name=last]') !== null");
    shows(&browser, "has no other passkey");
    picture(&browser, "consequence");
    // Without a word to that, the browser itself sends nothing.
    click(&browser, ".stop-button");
    assert_eq!(office.keys(ANNA).len(), 2);
    click(&browser, "input[name=last]");
    click(&browser, ".stop-button");
    shows(&browser, "red key: deleted");
    assert_eq!(office.keys(ANNA).len(), 0);

    browser.go_to(&format!("{}/people", office.base));
    let wrong = format!("user,name,policy\r\nnobody,X,standard\r\n{ANNA},Anna,nosuch\r\n");
    drop_file(&browser, "April.csv", &wrong);
    browser.until("document.querySelectorAll('.wrong tbody tr').length >= 2");
    shows(&browser, "line 3");
    picture(&browser, "wrong-rows");
    assert_eq!(office.queue().len(), 0);
    let right = format!("user,name,policy\r\n{ANNA},Anna,standard\r\n");
    drop_file(&browser, "April.csv", &right);
    shows(&browser, "1 job was put into the queue.");
    assert_eq!(office.queue(), [("April.csv".to_owned(), right)]);

    browser.go_to(&format!(
        "{}/policies/preview?policy=standard&user={ANNA}",
        office.base
    ));
    browser.until("document.querySelectorAll('.forecast li').length > 3");
    picture(&browser, "preview");
    browser.go_to(&format!("{}/policies", office.base));
    shows(&browser, "[entra]");
    picture(&browser, "policies");

    // In German, and without a network: the page says so, and is still a page.
    browser.run("document.querySelector('button[name=language][value=de]').click();");
    browser.until("document.documentElement.lang === 'de'");
    drop(office.line.tenant.lock().expect("a tenant").take());
    browser.go_to(&format!("{}/people?find=anna", office.base));
    shows(&browser, "antwortet nicht:");
    assert_eq!(
        browser.value("document.querySelectorAll('[role=alert]').length"),
        1
    );
    assert_eq!(
        browser.value("document.querySelector('#find').value"),
        "anna"
    );
    browser.run("document.documentElement.dataset.look = 'dark';");
    picture(&browser, "offline");
    browser.close();
}

#[test]
fn metadata_is_picked_as_a_file_and_a_model_is_looked_at() {
    let Some(browser) = Browser::open(1024, 700) else {
        return;
    };
    let publisher = Publisher::new().expect("a publisher");
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root.pem");
    std::fs::write(&root, publisher.root()).expect("a root");
    let root = root.to_str().expect("text").to_owned();
    let office = Office::set(0, vec![("metadata", "practice_root", root.into())]);
    let certified = [("FIDO_CERTIFIED_L1", "2024-01-01".parse().expect("a day"))];
    let one = entry(PRACTICE_AAGUID, PRODUCT, &[&[1, 2, 3]], &certified);
    let all = edition(7, "2099-01-01".parse().expect("a day"), &[one]);
    let file = folder.path().join("blob.jwt");
    std::fs::write(&file, publisher.publish(&all).expect("a file")).expect("a file");
    sign_in(&browser, &office.base, "/models");
    shows(&browser, "There is no metadata of models here yet.");
    browser.fill("#mds-file", file.to_str().expect("text"));
    shows(&browser, "Taken in.");
    click(&browser, "[data-answer] a[href='/models']");
    shows(&browser, PRODUCT);
    picture(&browser, "models");
    click(&browser, &format!("a[href='/models/{PRACTICE_AAGUID}']"));
    shows(&browser, "FIDO_CERTIFIED_L1");
    picture(&browser, "model");
    browser.close();
}

#[test]
fn a_job_is_held_and_released_and_the_chain_verified() {
    let Some(browser) = Browser::open(1024, 700) else {
        return;
    };
    let desk = Desk::new();
    sign_in(&browser, &desk.house.base, "/queue");
    browser.until("document.querySelectorAll('tbody tr').length >= 5");
    picture(&browser, "queue");
    click(&browser, ".choices .standing-held");
    browser.until("document.querySelector('.choices .standing-held[aria-current]') !== null");
    let job = format!("{}/queue/jobs/{}", desk.house.base, desk.waiting);
    browser.go_to(&job);
    browser.run("document.querySelector('input[name=reason]').closest('details').open = true;");
    browser.fill("input[name=reason]", "waits for the card");
    click(&browser, "button[value=hold]");
    shows(&browser, "waits for the card");
    browser.until("document.querySelector('h1 .standing-held') !== null");
    picture(&browser, "job");
    click(&browser, "button[value=release]");
    browser.until("document.querySelector('h1 .standing-waiting') !== null");
    assert!(
        browser
            .value("document.querySelectorAll('.timeline li').length")
            .as_u64()
            >= Some(2)
    );

    browser.go_to(&format!("{}/audit", desk.house.base));
    click(&browser, "#walk form button");
    // The section comes anew by itself.
    browser.until("document.querySelector('#walk .told-good') !== null");
    picture(&browser, "audit");
    let text = browser.value("document.querySelector('.exports a').href");
    assert!(
        text.as_str()
            .is_some_and(|text| text.ends_with("/audit/export.csv")),
        "{text}"
    );
    for page in ["preflight", "log"] {
        browser.go_to(&format!("{}/{page}", desk.house.base));
        browser.until("document.querySelector('h1') !== null");
        picture(&browser, page);
    }
    browser.close();
}
