//! The folder of letters, and the templates as files.

use std::os::unix::fs::PermissionsExt;

use super::super::folder::NOTES;
use super::*;
use crate::domain::paper::Outlet;

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
fn a_folder_answers_for_itself_under_each_of_its_names_and_for_no_other() {
    let home = tempfile::tempdir().unwrap();
    let (here, there) = (home.path().join("letters"), home.path().join("others"));
    let link = home.path().join("link");
    std::os::unix::fs::symlink(&here, &link).unwrap();
    let open = |path: &std::path::Path| FolderPress::open(path, composer()).unwrap();
    let (press, other) = (open(&here), open(&there));
    assert!(press.reaches(&press.outlet()));
    assert!(press.reaches(&open(&link).outlet()));
    assert!(!press.reaches(&other.outlet()));
    // Whatever is called so now, the letters are where they were.
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&there, &link).unwrap();
    assert!(!open(&link).reaches(&press.outlet()));
    let uri = "ipp://printer.example/ipp/print".to_owned();
    assert!(!press.reaches(&Outlet::Printer { uri, spool: None }));
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
