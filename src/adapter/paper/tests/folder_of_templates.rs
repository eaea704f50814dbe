//! The templates that an administrator keeps.

use super::super::template::{SHIPPED_LETTERS, SHIPPED_PROFILES};
use super::*;

/// A folder with one file in it.
fn folder_with(file: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    folder
}

fn refused(file: &str, bytes: &[u8]) -> String {
    let folder = folder_with(file, bytes);
    let loaded = Templates::load(folder.path());
    let said = loaded.err().expect("it was taken").to_string();
    // It names the file as the administrator finds it.
    assert!(
        said.contains(&folder.path().join(file).display().to_string()),
        "{said}"
    );
    said
}

fn default_profile() -> &'static str {
    let mut all = SHIPPED_PROFILES.iter();
    all.find(|(file, _)| file.ends_with("din5008b.toml"))
        .unwrap()
        .1
}

#[test]
fn a_profile_is_made_by_copying_a_file() {
    let own = default_profile()
        .replace("name = \"din5008b\"", "name = \"contoso\"")
        .replace("x = 60.0,  y = 168.5", "x = 70.0,  y = 168.5");
    let folder = folder_with("profiles/contoso.toml", own.as_bytes());
    let templates = Templates::load(folder.path()).unwrap();
    let names: Vec<&str> = templates.profiles().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "c5", "contoso", "din5008a", "din5008b", "label", "seal-z", "us10"
        ]
    );
    let stationery = Stationery {
        profile: "contoso".to_owned(),
        ..Stationery::default()
    };
    let composer = Composer::new(templates, head(), stationery).unwrap();
    let sheet = composer.sheet(&mailer("en", "73094186"), false).unwrap();
    let frame = sheet.marks.iter().find(|mark| mark.part == Part::PinFrame);
    assert!((frame.unwrap().area.x - 70.0).abs() < 0.01);
}

#[test]
fn a_file_of_the_same_name_wins_over_the_shipped_one() {
    let english = SHIPPED_LETTERS
        .iter()
        .find(|(file, _)| file.ends_with("/en.toml"))
        .unwrap()
        .1;
    let own = english.replace("Dear {name},", "Hello {name},");
    let folder = folder_with("letters/pin/en.toml", own.as_bytes());
    let templates = Templates::load(folder.path()).unwrap();
    let composer = Composer::new(templates, head(), Stationery::default()).unwrap();
    let pdf = composer.render(&mailer("en", "73094186")).unwrap();
    if let Some(text) = read_back(&pdf, &[]) {
        assert!(text.contains("Hello Zoë") && !text.contains("Dear Zoë"));
    }
    assert!(
        composer.check(&mailer("de", "73094186")).is_ok(),
        "the others stay"
    );
}

#[test]
fn a_bad_file_is_refused_with_its_path_and_the_reason() {
    let bad = default_profile().replace("x = 60.0,  y = 168.5", "x = 60.0,  y = 60.0");
    let said = refused("profiles/din5008b.toml", bad.as_bytes());
    assert!(
        said.contains("line 55: the box `pin` lies where the envelope's window"),
        "{said}"
    );
    let said = refused("profiles/mine.toml", default_profile().as_bytes());
    assert!(
        said.contains("its `name` is \"din5008b\"; it is the file's name without .toml: \"mine\""),
        "{said}"
    );
    let said = refused("profiles/mine.toml", b"name = \"mine\"\nkinds = [\n");
    assert!(said.contains("line 2") || said.contains("line 3"), "{said}");
    let said = refused("profiles/mine.toml", &vec![b'#'; 10 * 1024 * 1024]);
    assert!(said.contains("larger than 256 KB"), "{said}");
    let said = refused("profiles/mine.toml", b"name = \"\xFF\"");
    assert!(said.contains("not UTF-8 text from byte 8"), "{said}");
    let said = refused("profiles/mine.toml", b"");
    assert!(said.contains("missing field"), "{said}");
    let said = refused("letters/pin/xx.toml", b"salutation = \"Dear {pin}\"");
    assert!(said.contains("{pin}"), "{said}");
}

#[test]
fn what_is_no_folder_of_templates_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let said = |path: &std::path::Path| Templates::load(path).err().expect("taken").to_string();
    assert!(said(&folder.path().join("none")).contains("is not there, or is no folder"));
    assert!(said(folder.path()).contains("has none of profiles"));
    std::fs::create_dir_all(folder.path().join("profiles/mine.toml")).unwrap();
    assert!(said(folder.path()).contains("it is not a file"));
    let stationery = Stationery {
        profile: "din5008c".to_owned(),
        ..Stationery::default()
    };
    let unknown = Composer::new(Templates::shipped().unwrap(), head(), stationery);
    let said = unknown.err().expect("taken").to_string();
    assert!(
        said.contains("there is no profile `din5008c`; there are c5, din5008a"),
        "{said}"
    );
}

#[test]
fn a_letter_that_names_somebody_beside_the_pin_is_refused() {
    let english = SHIPPED_LETTERS
        .iter()
        .find(|(file, _)| file.ends_with("/en.toml"))
        .unwrap()
        .1;
    let own = english.replace("Keep the PIN", "{name}, keep the PIN");
    let folder = folder_with("letters/pin/en.toml", own.as_bytes());
    let said = Templates::load(folder.path())
        .err()
        .expect("taken")
        .to_string();
    assert!(
        said.contains("letters/pin/en.toml") && said.contains("in the PIN's panel"),
        "{said}"
    );
}
