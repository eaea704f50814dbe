//! The folder of letters, and the templates as files.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use super::super::folder::NOTES;
use super::super::template::{SHIPPED_LETTERS, SHIPPED_PROFILES};
use super::*;

#[test]
fn a_folder_takes_each_sheet_once_and_for_its_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("mailers");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join(".unfinished-0041-1.pdf"), b"half a letter").unwrap();
    std::fs::write(path.join("notes.txt"), b"somebody's").unwrap();
    let press = FolderPress::open(&path, composer()).unwrap();
    let letter = mailer("es", "73094186");
    assert_eq!(
        press.whereabouts(&letter.control, letter.envelope),
        Ok(None)
    );
    let delivered = press.deliver(&letter).unwrap();
    let expected = path.join(format!("0042-{}.pdf", letter.control));
    assert_eq!(delivered.place, expected.display().to_string());
    let mode = std::fs::metadata(&expected).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(
        press.whereabouts(&letter.control, letter.envelope),
        Ok(Some(delivered))
    );
    let before = std::fs::read(&expected).unwrap();
    assert!(before == *composer().render(&letter).unwrap());

    let second = mailer("es", "11111111");
    let said = press.deliver(&second).unwrap_err().to_string();
    assert!(said.contains("is there already"), "{said}");
    assert!(before == std::fs::read(&expected).unwrap());
    let mut names: Vec<String> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            NOTES.to_owned(),
            format!("0042-{}.pdf", letter.control),
            "notes.txt".to_owned()
        ]
    );
}

#[test]
fn every_letter_has_the_same_messages() {
    fn keys(table: &toml::Table, prefix: &str, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let path = format!("{prefix}{key}");
            match value {
                toml::Value::Table(inner) => keys(inner, &format!("{path}."), found),
                toml::Value::Array(items) => {
                    found.insert(format!("{path}[{}]", items.len()));
                }
                _ => {
                    found.insert(path);
                }
            }
        }
    }
    let sets: Vec<BTreeSet<String>> = SHIPPED_LETTERS
        .iter()
        .map(|(_, text)| {
            let mut found = BTreeSet::new();
            keys(&text.parse().unwrap(), "", &mut found);
            found
        })
        .collect();
    for (set, (file, _)) in sets.iter().zip(SHIPPED_LETTERS) {
        assert_eq!(*set, sets[0], "{file}");
    }
}

#[test]
fn a_broken_template_is_refused_with_file_and_reason() {
    let english = SHIPPED_LETTERS[1].1;
    let refused = |letter: &str| {
        let letters = [("letters/pin/en.toml", letter)];
        let parsed = Templates::parse(&SHIPPED_PROFILES, &letters);
        parsed.err().expect("it was taken").to_string()
    };
    for (from, to, reason) in [
        ("Dear {name}", "Dear {pin}", "there is no placeholder {pin}"),
        ("Dear {name}", "Dear {name", "no closing brace"),
        ("Dear {name}", "Dear {year}", "cannot use the placeholder"),
        ("steps_heading", "steps_haeding", "steps_haeding"),
        ("z = \"Zulu\"", "", "lacks the letter `z`"),
    ] {
        let said = refused(&english.replace(from, to));
        assert!(
            said.contains(reason) && said.contains("letters/pin/en.toml"),
            "{said}"
        );
    }
}

#[test]
fn an_unknown_language_is_refused_with_those_there_are() {
    let said = refusal(&mailer("ja", "73094186"));
    assert!(
        said.contains("no letter in the language `ja`; there are de, en, es, fr"),
        "{said}"
    );
}

#[test]
fn nothing_of_a_mailer_can_be_debugged_but_its_numbers() {
    let shown = format!("{:?}", mailer("en", "73094186"));
    assert_eq!(shown, "Mailer(0042, 482011735551)");
}

#[test]
fn a_letter_that_was_taken_away_is_not_taken_for_one_that_never_was() {
    let home = tempfile::tempdir().unwrap();
    let press = FolderPress::open(home.path(), composer()).unwrap();
    let letter = mailer("en", "73094186");
    let there = || {
        let found = press.whereabouts(&letter.control, letter.envelope);
        found.map(|found| found.is_some())
    };
    assert_eq!(there(), Ok(false));
    let delivered = press.deliver(&letter).unwrap();
    assert_eq!(there(), Ok(true));
    std::fs::remove_file(delivered.place).unwrap();
    assert_eq!(there(), Err(Fault::DeliveryUncertain));
}

#[test]
fn a_void_letter_is_taken_back_and_its_number_stays_used() {
    let home = tempfile::tempdir().unwrap();
    let press = FolderPress::open(home.path(), composer()).unwrap();
    let letter = mailer("en", "73094186");
    let take_back = || press.take_back(&letter.control, letter.envelope);
    assert_eq!(take_back(), Ok(()), "there was none");
    let delivered = press.deliver(&letter).unwrap();
    let other = home.path().join("0042-111111111111.pdf");
    std::fs::write(&other, b"another letter").unwrap();
    assert_eq!(take_back(), Ok(()));
    assert!(!std::path::Path::new(&delivered.place).exists() && other.exists());
    assert_eq!(take_back(), Ok(()));
    let notes = std::fs::read_to_string(home.path().join(NOTES)).unwrap();
    assert!(notes.contains(&letter.control.to_string()));
    // What cannot be removed is told.
    std::fs::create_dir(&delivered.place).unwrap();
    let stays = take_back().unwrap_err().to_string();
    assert!(stays.contains("cannot be removed"), "{stays}");
}
