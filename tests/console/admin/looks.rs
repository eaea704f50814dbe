//! The pages that only look: log and preflight.

use super::audit::over;
use super::desk::{Desk, HOSTILE};

#[test]
fn the_end_of_the_log_is_shown_by_level_the_newest_line_first() {
    let desk = Desk::new();
    assert!(desk.page("/log").text.contains("There is no such line."));
    let config = &desk.house.config;
    let folder = config.path(&config.log.folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let line = |level: &str, message: &str| {
        let value = serde_json::json!({
            "timestamp": "2026-03-02T09:30:00.5Z", "level": level,
            "fields": { "message": message, "job": 7 }, "target": "keyline::app",
        });
        format!("{value}\n")
    };
    let text = [
        "cut off\"}\n".to_owned(),
        line("INFO", "first note"),
        line("ERROR", "an error"),
        line("WARN", HOSTILE),
        line("INFO", "last note"),
    ]
    .concat();
    std::fs::write(folder.join("keyline.2026-03-02.jsonl"), text).expect("a file");
    let page = desk.page("/log");
    let place = |text: &str| {
        page.text
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {}", page.text))
    };
    assert!(place("last note") < place("&#60;script") && place("an error") < place("first note"));
    assert!(place("job=7") > 0);
    let warnings = desk.page("/log?level=warn").text;
    assert!(warnings.contains("an error") && warnings.contains("&#60;script"));
    assert!(!warnings.contains("first note"));
    let errors = desk.page("/log?level=error").text;
    assert!(errors.contains("an error") && !errors.contains("&#60;script"));
}

#[test]
fn the_preflight_is_made_when_somebody_presses_the_button_and_not_again_at_once() {
    let desk = Desk::new();
    let page = desk.page("/preflight");
    assert!(!page.text.contains("grade-"), "{}", page.text);
    let sent = desk.adam.post("/preflight", &[]);
    assert_eq!((sent.status, sent.header("location")), (303, "/preflight"));
    let page = over(&desk, "/preflight");
    // No client is named in this configuration, so nobody can sign in.
    assert!(
        page.text.contains("grade-stop") && page.text.contains("client_id"),
        "{}",
        page.text
    );
    assert!(page.text.contains(">disk</th>"), "{}", page.text);
    desk.adam.post("/preflight", &[]);
    let page = desk.page("/preflight");
    assert!(page.text.contains("It ended just now."), "{}", page.text);
    desk.house.clock.on(10);
    assert_eq!(desk.adam.post("/preflight", &[]).status, 303);
    assert!(
        !over(&desk, "/preflight")
            .text
            .contains("It ended just now.")
    );
}
