//! A PIN is opened in a real browser, with a real identity: it is the ledger's, it is gone after its time, and neither it nor the
//! private key ever goes over the network. What does not fit is told in words.

use std::io::Write as _;
use std::iter;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use age::x25519;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::evening::{Evening, LOST_PIN, PIN};
use crate::bench::driver::Browser;
use crate::house::PASSPHRASE;

/// Of the locked identity.
const SECRET: &str = "correct horse battery staple";
/// Of scrypt: less than `age` takes, so that a busy machine is done in time. What it takes itself is tried once.
const WORK_FACTOR: u8 = 12;
/// As `age` itself takes it.
const WORK_FACTOR_OF_AGE: u8 = 18;

fn sign_in(browser: &Browser, evening: &Evening) {
    browser.go_to(&format!("{}/sign-in?next=/pins/1", evening.base()));
    browser.fill("input[name=name]", "ada");
    browser.fill("input[name=passphrase]", PASSPHRASE);
    browser.fill("input[name=passphrase]", "\u{e007}");
    browser.until("document.querySelector('[data-open-pin]') !== null");
}

/// Opens the PIN of the page that is shown; waits for what it says or shows.
fn open(browser: &Browser, identity: &Path, passphrase: &str) {
    let file = identity.to_str().expect("a plain name");
    browser.run("document.querySelector('[data-reason]').value = 'the letter was torn';");
    browser.fill("[data-identity]", file);
    if !passphrase.is_empty() {
        browser.fill("[data-passphrase]", passphrase);
    }
    press(browser);
}

fn press(browser: &Browser) {
    browser.run("document.querySelector('[data-open]').click();");
    browser.until(
        "!document.querySelector('[data-open]').disabled && (document.querySelector('[data-told] .trouble') !== null || !document.querySelector('[data-shown]').hidden)",
    );
}

fn pin(browser: &Browser) -> String {
    let pin = browser.value("document.querySelector('[data-pin]').textContent");
    pin.as_str().expect("a text").to_owned()
}

/// What went wrong; then nothing is shown.
fn trouble(browser: &Browser) -> String {
    assert_eq!(pin(browser), "");
    let told = browser.value("document.querySelector('[data-told]').textContent");
    told.as_str().expect("a text").to_owned()
}

/// An identity file that is locked with a passphrase.
fn locked(evening: &Evening, name: &str, work_factor: u8, armored: bool) -> PathBuf {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(SECRET.to_owned()));
    recipient.set_work_factor(work_factor);
    let recipient: &dyn age::Recipient = &recipient;
    let encryptor = age::Encryptor::with_recipients(iter::once(recipient)).expect("a recipient");
    let mut bytes = Vec::new();
    let mut out = encryptor.wrap_output(&mut bytes).expect("a file");
    out.write_all(evening.identity().as_bytes())
        .expect("a file");
    out.finish().expect("a file");
    if armored {
        bytes = armor(&bytes).into_bytes();
    }
    let file = evening.identity_file().with_file_name(name);
    std::fs::write(&file, bytes).expect("a file");
    file
}

/// As `age --armor` writes it: base64 in lines of 64.
fn armor(bytes: &[u8]) -> String {
    let letters: Vec<char> = STANDARD.encode(bytes).chars().collect();
    let lines: Vec<String> = letters
        .chunks(64)
        .map(|line| line.iter().collect())
        .collect();
    let text = lines.join("\n");
    format!("-----BEGIN AGE ENCRYPTED FILE-----\n{text}\n-----END AGE ENCRYPTED FILE-----\n")
}

fn file(evening: &Evening, name: &str, text: &str) -> PathBuf {
    let file = evening.identity_file().with_file_name(name);
    std::fs::write(&file, text).expect("a file");
    file
}

#[test]
fn the_pin_is_shown_for_its_time_and_the_network_never_has_it_nor_the_key() {
    let Some(browser) = Browser::open(1024, 768) else {
        return;
    };
    let evening = Evening::with(4, |_| {});
    sign_in(&browser, &evening);
    open(&browser, &evening.identity_file(), "");
    assert_eq!(pin(&browser), PIN);
    assert_eq!(evening.openings().len(), 1);
    // A key that a person presses, so that the browser lets the page copy.
    browser.fill("[data-copy]", "\u{e007}");
    browser.until("document.querySelector('[data-said-copied]').textContent !== ''");
    let copied = browser.value("document.querySelector('[data-said-copied]').textContent");
    assert!(
        copied
            .as_str()
            .is_some_and(|told| told.contains("clipboard")),
        "{copied}"
    );
    browser.until("document.querySelector('[data-shown]').hidden");
    let whole = "document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((one) => one.value).join()";
    let page = browser.value(whole).to_string();
    let identity = evening.identity();
    let key = identity
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .expect("a key");
    for secret in [PIN, key] {
        assert!(!page.contains(secret), "it is still in the page");
    }
    assert!(page.contains("is gone from this page"), "it says so");

    // The second one came by its passphrase, as `age` locks a file.
    let locked = locked(&evening, "locked.age", WORK_FACTOR_OF_AGE, false);
    open(&browser, &locked, SECRET);
    assert_eq!(pin(&browser), PIN);
    let typed = browser.value("document.querySelector('[data-passphrase]').value");
    assert_eq!(typed, "");

    let log = browser.log("performance");
    let text = log.to_string();
    assert!(text.contains("/pins/1/open"), "the log has what was sent");
    assert!(text.contains("the+letter+was+torn"), "and its body");
    let inside = key.trim_start_matches("AGE-SECRET-KEY-1");
    for secret in [PIN, inside, SECRET] {
        assert!(!text.contains(secret), "the network has a secret");
    }
    assert_eq!(strangers(&log, evening.base()), Vec::<String>::new());
    // What it merely recommends is its makers' taste.
    let said = browser.log("browser");
    let said = said.as_array().expect("entries").iter();
    let complaints: Vec<_> = said.filter(|one| one["level"] != "DEBUG").collect();
    assert_eq!(complaints, Vec::<&Value>::new(), "the browser complains");
    browser.close();
}

/// Addresses elsewhere that the browser asked for.
fn strangers(log: &Value, base: &str) -> Vec<String> {
    let entries = log.as_array().expect("entries").iter();
    let addresses = entries.filter_map(|entry| {
        let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
        let url = message["message"]["params"]["request"]["url"].as_str()?;
        Some(url.to_owned())
    });
    // The browser's own pages, such as the one of an empty tab, are on no network.
    let near = ["data:", "chrome://", base];
    let ours = |url: &String| near.iter().any(|near| url.starts_with(near));
    addresses.filter(|url| !ours(url)).collect()
}

#[test]
fn what_does_not_fit_is_told_and_nothing_is_shown() {
    let Some(browser) = Browser::open(1024, 768) else {
        return;
    };
    let evening = Evening::new();
    sign_in(&browser, &evening);
    // Nothing of this is an opening: no key was there that could open anything.
    press(&browser);
    assert!(trouble(&browser).contains("a reason has at least"));
    browser.run("document.querySelector('[data-reason]').value = 'the letter was torn';");
    press(&browser);
    assert!(trouble(&browser).contains("Choose the file"));
    let plugin = "AGE-PLUGIN-YUBIKEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP\n";
    let armored = locked(&evening, "locked.txt", WORK_FACTOR, true);
    for (identity, passphrase, words) in [
        (
            file(&evening, "letter.txt", "Dear Anna\n"),
            "",
            "is no age identity",
        ),
        (
            file(&evening, "bad.txt", "AGE-SECRET-KEY-1QQQQ\n"),
            "",
            "is no age identity",
        ),
        (file(&evening, "plugin.txt", plugin), "", "hardware key"),
        (armored.clone(), "", "type its passphrase"),
        (armored.clone(), "wrong", "The passphrase is wrong"),
    ] {
        open(&browser, &identity, passphrase);
        let told = trouble(&browser);
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(evening.openings(), Vec::<Value>::new());

    // Whether a key fits is known when it is tried, and then somebody tried.
    use age::secrecy::ExposeSecret as _;
    let other = x25519::Identity::generate().to_string();
    let other = file(&evening, "other.txt", other.expose_secret());
    open(&browser, &other, "");
    let told = trouble(&browser);
    assert!(told.contains("another recovery identity"), "{told}");
    assert_eq!(evening.openings().len(), 1);

    open(&browser, &armored, SECRET);
    assert_eq!(pin(&browser), PIN);

    // A PIN that is void, for whoever says so.
    browser.go_to(&format!("{}/pins/3", evening.base()));
    browser.until("document.querySelector('[data-open-pin]') !== null");
    open(&browser, &evening.identity_file(), "");
    let told = trouble(&browser);
    assert!(told.contains("Tick the box"), "{told}");
    assert_eq!(evening.openings().len(), 2);
    browser.run("document.querySelector('[data-void]').checked = true;");
    press(&browser);
    assert_eq!(pin(&browser), LOST_PIN);
    let said = browser.value("document.querySelector('[data-doubt]').textContent");
    assert!(
        said.as_str().is_some_and(|said| said.starts_with("VOID")),
        "{said}"
    );
    browser.close();
}

#[test]
fn a_row_that_was_moved_does_not_open() {
    let Some(browser) = Browser::open(1024, 768) else {
        return;
    };
    let other_job = "UPDATE sealed_pin SET sealed = (SELECT sealed FROM sealed_pin WHERE job = 3) WHERE job = 1";
    let other_user = "UPDATE request SET request = json_set(request, '$.user', 'mallory@contoso.com') WHERE job = 1";
    let other_key = "UPDATE attempt SET serial = '6666' WHERE job = 1";
    let other_tenant = "UPDATE meta SET value = 'fabrikam.com' WHERE key = 'tenant'";
    let cut = "UPDATE sealed_pin SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE job = 1";
    for (statement, words) in [
        (other_job, "the row was moved"),
        (other_user, "the row was moved"),
        (other_key, "the row was moved"),
        (other_tenant, "the row was moved"),
        (cut, "is damaged"),
    ] {
        let evening = Evening::with(60, |db| {
            db.execute_batch("DROP TRIGGER IF EXISTS sealed_pin_keeps_its_rows")
                .expect("a ledger");
            assert_eq!(
                db.execute(statement, []).expect("a ledger"),
                1,
                "{statement}"
            );
        });
        sign_in(&browser, &evening);
        open(&browser, &evening.identity_file(), "");
        let told = trouble(&browser);
        assert!(told.contains(words), "{statement}: {told}");
    }
    browser.close();
}
