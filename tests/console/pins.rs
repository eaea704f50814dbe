//! PIN codes: a station opens none; over a copy the seal goes to the browser once its opening is written down, and nothing else
//! changes; in practice the station's own ledger has the note. What a browser does with the seal is shown in one.

mod command;
mod evening;
mod eyes;
mod station;
mod vendor;

use age::x25519;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use self::evening::{Evening, PIN};
use super::house::{Browser, Page};

/// Asks as the page's script does.
fn ask(browser: &Browser, job: i64, fields: &[(&str, &str)]) -> (u16, Value) {
    let page = browser.post(&format!("/pins/{job}/open"), fields);
    assert_eq!(page.header("content-type"), "application/json");
    assert!(!page.text.contains(PIN));
    let told = serde_json::from_str(&page.text).expect("JSON");
    (page.status, told)
}

/// What a refusal says; it has nothing that could be opened.
fn refused(browser: &Browser, job: i64, fields: &[(&str, &str)]) -> String {
    let (status, told) = ask(browser, job, fields);
    assert_eq!(status, 409, "{told}");
    assert_eq!(told.get("pin"), None);
    told["message"].as_str().expect("words").to_owned()
}

/// The plaintext of a seal, opened by another program's code than the page's.
fn plaintext(told: &Value, identity: &str) -> Vec<u8> {
    let sealed = told["pin"]["sealed"].as_str().expect("a seal");
    let sealed = STANDARD.decode(sealed).expect("base64");
    let line = identity.lines().find(|line| line.starts_with("AGE-SECRET"));
    let identity: x25519::Identity = line.expect("a key").parse().expect("a key");
    age::decrypt(&identity, &sealed).expect("its seal")
}

/// The state that the list has of a job.
fn state(page: &Page, job: i64) -> &str {
    let row = page.text.split("<tr>").find(|row| {
        let link = format!("href=\"/pins/{job}\"");
        row.contains(&link)
    });
    let (_, rest) = row.expect("a row").split_once("mark pin-").expect("a mark");
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn the_list_tells_states_and_no_pin() {
    let evening = Evening::new();
    let found = evening.page("/pins?text=contoso");
    assert_eq!(state(&found, 1), "current");
    assert_eq!(state(&found, 2), "none");
    assert_eq!(state(&found, 3), "void");
    for text in ["10000044", "0001", "Name%20of%20anna"] {
        let found = evening.page(&format!("/pins?text={text}"));
        assert_eq!(state(&found, 1), "current", "{text}");
        assert!(!found.text.contains("/pins/3"), "{text}");
    }
    // Nobody is listed before somebody is looked for.
    assert!(!evening.page("/pins").text.contains("contoso.com"));
}

#[test]
fn the_seal_comes_once_its_opening_is_on_the_disk() {
    let evening = Evening::new();
    assert_eq!(evening.openings(), Vec::<Value>::new());
    let (status, told) = ask(&evening.browser, 1, &[("reason", "Anna lost the letter")]);
    assert_eq!(status, 200, "{told}");
    let noted = evening.openings();
    assert_eq!(noted.len(), 1);
    let note = &noted[0];
    assert_eq!(note["who"], "console:ada");
    assert_eq!(note["reason"], "Anna lost the letter");
    assert_eq!(
        (&note["job"], &note["envelope"]),
        (&1.into(), &"0001".into())
    );
    assert_eq!(note["void"], false);
    let at: jiff::Timestamp = note["at"].as_str().expect("a moment").parse().expect("one");
    assert!(at.duration_until(jiff::Timestamp::now()).as_secs().abs() < 600);

    let plain = plaintext(&told, &evening.identity());
    assert_eq!(plain.len(), 512);
    let text = String::from_utf8_lossy(&plain);
    for inside in ["contoso.com", "anna@contoso.com", "10000044", PIN] {
        assert!(text.contains(inside), "{inside}");
    }
    assert_eq!(told["pin"]["user"], "anna@contoso.com");
    assert_eq!(told["pin"]["serial"], "10000044");
    assert_eq!(
        (&told["pin"]["code"], &told["pin"]["attempt"]),
        (&1.into(), &1.into())
    );
    assert_eq!(told["before"], Value::Null);
}

#[test]
fn without_a_reason_or_a_pin_there_is_neither_note_nor_seal() {
    let evening = Evening::new();
    for reason in ["", "  ", "…", "a\nb"] {
        let told = refused(&evening.browser, 1, &[("reason", reason)]);
        assert!(told.contains("nobody said why"), "{told}");
    }
    let told = refused(&evening.browser, 2, &[("reason", "curious")]);
    assert!(told.contains("no PIN of ours"), "{told}");
    let told = refused(&evening.browser, 99, &[("reason", "curious")]);
    assert!(told.contains("no such job"), "{told}");
    assert_eq!(evening.openings(), Vec::<Value>::new());
}

#[test]
fn a_void_pin_is_opened_for_whoever_wants_it_all_the_same() {
    let evening = Evening::new();
    let page = evening.page("/pins/3");
    assert!(page.text.contains("data-void"), "it is asked for");
    assert!(!evening.page("/pins/1").text.contains("data-void"));
    let why = ("reason", "found in a drawer");
    let told = refused(&evening.browser, 3, &[why]);
    assert!(told.contains("its key is lost"), "{told}");
    assert_eq!(evening.openings(), Vec::<Value>::new());
    let (status, told) = ask(&evening.browser, 3, &[why, ("void", "yes")]);
    assert_eq!(status, 200, "{told}");
    let void = told["void"].as_str().expect("words");
    assert!(void.starts_with("VOID: its key is lost"), "{void}");
    assert_eq!(evening.openings()[0]["void"], true);
}

#[test]
fn what_cannot_be_written_down_is_not_opened() {
    let evening = Evening::new();
    std::fs::remove_file(evening.openings_file()).expect("a file");
    std::fs::create_dir(evening.openings_file()).expect("a folder");
    let told = refused(&evening.browser, 1, &[("reason", "curious")]);
    assert!(told.contains("The PIN was not opened"), "{told}");
}

#[test]
fn a_copy_is_looked_at_and_never_changed() {
    let evening = Evening::new();
    let before = std::fs::read(evening.copy()).expect("a copy");
    let page = evening.page("/pins/1");
    assert!(!page.text.contains("value=\"reissue\""), "{}", page.text);
    assert!(page.text.contains("nothing is changed here"));
    for (path, fields) in [
        ("/pins/1", [("change", "reissue"), ("reason", "torn")]),
        ("/pins/1", [("change", "hand_over"), ("reason", "")]),
        ("/queue/jobs/2", [("change", "cancel"), ("reason", "")]),
    ] {
        let sent = evening.browser.post(path, &fields);
        assert_eq!(sent.status, 303, "{}", sent.text);
        let page = evening.page(path);
        assert!(page.text.contains("This is a copy of a ledger"), "{path}");
    }
    // The pages that need only a ledger, and no way to the others.
    let start = evening.browser.get("/");
    assert_eq!(start.header("location"), "/pins");
    for path in ["/queue", "/queue/jobs/1", "/audit", "/sessions"] {
        let page = evening.page(path);
        let ways: Vec<&str> = page
            .text
            .split("<nav class=\"ways\"")
            .nth(1)
            .and_then(|nav| nav.split("</nav>").next())
            .expect("ways")
            .split("href=\"")
            .skip(1)
            .map(|link| link.split('"').next().unwrap_or_default())
            .collect();
        assert_eq!(ways, ["/pins", "/queue", "/audit", "/sessions"], "{path}");
    }
    for path in [
        "/people",
        "/policies",
        "/models",
        "/log",
        "/preflight",
        "/bench",
    ] {
        let page = evening.browser.get(path);
        assert!(page.status < 600, "{path}: {}", page.text);
        assert_ne!(page.status, 500, "{path}: {}", page.text);
    }
    assert_eq!(std::fs::read(evening.copy()).expect("a copy"), before);
}
