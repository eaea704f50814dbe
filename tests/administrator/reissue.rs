//! `keyline mailer reissue`, as typed: a letter that could not be made, a new PIN on the same key, and what is refused.

use keyline::domain::authenticator::Serial;
use keyline::domain::enrollment::Enrollment;
use keyline::domain::event::{Attempt, Event, Happening, Intent, Step};
use keyline::domain::job::JobId;
use keyline::domain::pin::Pin;
use keyline::domain::policy::{Configuration, Plan};
use keyline::domain::time::Timestamp;
use keyline::port::{Entry, Ledger, PinVerdict};
use keyline::practice::authenticator::SimulatedKey;
use keyline::wire::station;

use crate::line::{Knows, Line};
use crate::{err, files, keyline, out};

const ANNA: &str = "anna.lang@contoso.com";
const JOB: JobId = JobId(1);

/// Anna's key is enrolled, but her letter could not be made.
pub(crate) fn no_letter() -> (Line, SimulatedKey) {
    let line = Line::new(1);
    line.drop_file(
        "a.csv",
        &format!("user,name,policy\r\n{ANNA},Anna Lang,standard\r\n"),
    );
    // Nothing can be noted down in a folder of this name.
    std::fs::create_dir_all(notes(&line)).expect("a folder");
    let key = line.maker.make(1).expect("a key");
    let (summary, _) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.held.len(), 1, "{summary:?}");
    std::fs::remove_dir(notes(&line)).expect("an empty folder");
    (line, key)
}

fn notes(line: &Line) -> std::path::PathBuf {
    let letters = line.config.path(&line.config.letters.folder);
    letters.join(".control-numbers")
}

fn letters(line: &Line) -> usize {
    let found = files::below(&line.config.path(&line.config.letters.folder));
    let pdf = |path: &&std::path::PathBuf| path.extension().is_some_and(|end| end == "pdf");
    found.iter().filter(pdf).count()
}

fn reissue(line: &Line) -> std::process::Output {
    let arguments = [
        "mailer",
        "reissue",
        "0001",
        "--reason",
        "nobody knows whether it came out",
    ];
    keyline(line, &arguments)
}

/// What `pins show` says: the PIN, the old one while nobody knows, and the words beside them.
fn shown(line: &Line) -> (Pin, Option<Pin>, String) {
    let identity = line.identity.to_str().expect("a plain name");
    let shown = keyline(line, &["pins", "show", "1", "--identity", identity]);
    assert!(shown.status.success(), "{}", err(&shown));
    let said = out(&shown);
    let value = |title: &str| {
        let text = said.lines().find_map(|line| line.strip_prefix(title))?;
        Some(Pin::new(text.trim()).expect("a PIN"))
    };
    (
        value("PIN ").expect("a PIN"),
        value("old PIN "),
        err(&shown),
    )
}

#[test]
fn a_letter_is_made_anew_with_another_pin_on_the_same_key() {
    let (line, key) = no_letter();
    let (old, none, _) = shown(&line);
    assert!(none.is_none());
    assert_eq!(letters(&line), 0);

    let asked = reissue(&line);
    assert!(asked.status.success(), "{}", err(&asked));
    assert_eq!(
        out(&asked),
        "Job 1 (anna.lang@contoso.com, envelope 0001) gets a new PIN and a new letter. Put its key back into a slot; its passkey stays.\n"
    );
    let again = reissue(&line);
    assert_eq!(again.status.code(), Some(3), "{}", err(&again));
    assert!(err(&again).contains("already"), "{}", err(&again));
    assert_eq!(shown(&line).0, old, "it is on the key still");

    let (summary, parts) = line.run(Knows::nothing(), vec![key.clone()]);
    assert_eq!(summary.done, 1, "{summary:?}");
    drop(parts);
    let (new, none, _) = shown(&line);
    assert!(none.is_none() && new != old);
    assert_eq!(letters(&line), 1);
    let mut opened = line.open(&key);
    assert_eq!(opened.try_pin(&new), Ok(PinVerdict::Right));
    assert!(matches!(opened.try_pin(&old), Ok(PinVerdict::Wrong { .. })));

    let told = out(&keyline(&line, &["jobs", "show", "1"]));
    assert!(
        told.contains("Reason: nobody knows whether it came out."),
        "{told}"
    );
    assert!(
        told.contains("of attempt 1 (sealed), of attempt 2 (sealed)"),
        "{told}"
    );
    let late = reissue(&line);
    assert_eq!(late.status.code(), Some(3), "{}", err(&late));
    assert!(err(&late).contains("`replace` = yes"), "{}", err(&late));
}

#[test]
fn a_reissue_needs_a_reason() {
    let line = Line::new(1);
    for arguments in [
        &["mailer", "reissue", "1"][..],
        &["mailer", "reissue", "1", "--reason", " "],
        &["mailer"],
    ] {
        let refused = keyline(&line, arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    }
}

#[test]
fn both_pins_are_shown_while_nobody_knows_which_one_is_on_the_key() {
    let (line, _) = no_letter();
    let (old, ..) = shown(&line);
    assert!(reissue(&line).status.success());
    let new = Pin::new("73094186").expect("a PIN");
    cut_off_in_the_change(&line, &new);
    let (shown_new, shown_old, words) = shown(&line);
    assert!(shown_new == new && shown_old == Some(old));
    assert!(words.contains("not certain"), "{words}");
}

/// Writes what a station writes that is cut off while the key changes its PIN.
fn cut_off_in_the_change(line: &Line, new: &Pin) {
    let ledger = station::open_ledger(&line.config).expect("a ledger");
    let journal = ledger.journal(JOB).expect("a journal");
    let mut state =
        Enrollment::replay(journal.iter().map(|row| &row.event)).expect("events that follow");
    let binding = state.binding().expect("a key").clone();
    assert_eq!(
        binding.serial.as_ref().map(Serial::as_str),
        line.maker
            .make(1)
            .expect("a key")
            .serial()
            .as_ref()
            .map(Serial::as_str)
    );
    let began = Happening::Began {
        binding,
        plan: Plan {
            steps: vec![Step::ChangePin, Step::Deliver],
            configuration: Configuration::default(),
        },
    };
    let started = Happening::Started {
        step: Step::ChangePin,
        intent: Intent::Plain,
    };
    for (happening, pin) in [(began, None), (started, Some(new))] {
        let event = Event {
            attempt: Attempt(2),
            happening,
        };
        state = state.apply(&event).expect("an event that follows");
        let entry = Entry {
            job: JOB,
            event: &event,
            state: &state,
            pin,
            attestation: None,
            obligations: &[],
            forget_in_flight: false,
        };
        let now = Timestamp(1_772_443_800_000);
        ledger.append(&entry, "4711", now).expect("a disk");
    }
}
