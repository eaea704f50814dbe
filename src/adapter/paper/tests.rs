//! Letters made, read back with poppler's `pdftotext`, and measured.

use std::io::Write;
use std::process::{Command, Stdio};

use unicode_normalization::UnicodeNormalization;

use super::sheet::{Ink, Part};
use super::*;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{ControlNumber, Destination};
use crate::domain::pin::Pin;
use crate::port::Press;

mod calibration;
mod files;
mod folder_of_templates;
mod fonts;
mod ink;
mod letters;
mod logo;
mod mirrored;
mod own;
mod scripts;
mod sheets;

const LANGUAGES: [&str; 4] = ["de", "en", "es", "fr"];

fn head() -> Letterhead {
    Letterhead {
        return_line: Some("Contoso Ltd · 1 Harbour Road · 20457 Hamburg".to_owned()),
        help: Some("IT service desk, +49 40 555 0100".to_owned()),
        ..Letterhead::of("Contoso Ltd")
    }
}

fn composer() -> Composer {
    Composer::new(Templates::shipped().unwrap(), head(), Stationery::default()).unwrap()
}

fn mailer(language: &str, pin: &str) -> Mailer {
    Mailer {
        language: language.to_owned(),
        recipient: "Zoë Łukasiewicz-Großmann".to_owned(),
        department: Some("Research & Development".to_owned()),
        destination: Destination::Postal(vec![
            "Große Elbstraße 145 c".to_owned(),
            "22767 Hamburg".to_owned(),
        ]),
        key_model: "YubiKey 5C NFC".to_owned(),
        serial_ending: Some("0815".to_owned()),
        envelope: Envelope(42),
        batch: BatchName("onboarding-2026-11".to_owned()),
        sequence: 17,
        control: ControlNumber::draw(4_820_117_355_u64.to_be_bytes()).unwrap(),
        date: jiff::civil::date(2026, 11, 22),
        force_pin_change: false,
        pin: Pin::new(pin).unwrap(),
    }
}

fn refusal(mailer: &Mailer) -> String {
    composer().check(mailer).unwrap_err().to_string()
}

/// `None`, loudly, where poppler is missing; an error in CI.
fn read_back(pdf: &[u8], options: &[&str]) -> Option<String> {
    let options: Vec<&str> = options.iter().chain(&["-", "-"]).copied().collect();
    piped("pdftotext", &options, pdf).map(|text| String::from_utf8(text).unwrap())
}

/// What one of poppler's programs makes of a PDF.
fn piped(program: &str, options: &[&str], pdf: &[u8]) -> Option<Vec<u8>> {
    let spawned = Command::new(program)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut reader = match spawned {
        Ok(reader) => reader,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED: {program} (package poppler-utils) cannot be started: {error}");
            return None;
        }
        Err(error) => panic!("{program} (package poppler-utils) is needed: {error}"),
    };
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "the PDF is faulty"
    );
    Some(output.stdout)
}

fn words_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_language_reads_back_with_the_pin_once() {
    let composer = composer();
    for (language, spelled, date) in [
        (
            "de",
            "sieben drei null neun – vier eins acht sechs",
            "22. November 2026",
        ),
        (
            "en",
            "seven three zero nine – four one eight six",
            "22 November 2026",
        ),
        (
            "es",
            "siete tres cero nueve – cuatro uno ocho seis",
            "22 de noviembre de 2026",
        ),
        (
            "fr",
            "sept trois zéro neuf – quatre un huit six",
            "22 novembre 2026",
        ),
    ] {
        for force_pin_change in [false, true] {
            let mut mailer = mailer(language, "73094186");
            mailer.force_pin_change = force_pin_change;
            let pdf = composer.render(&mailer).unwrap();
            let Some(text) = read_back(&pdf, &["-layout"]) else {
                return;
            };
            assert_eq!(text.matches("7309 4186").count(), 1, "{language}");
            assert_eq!(text.matches("73094186").count(), 0, "{language}");
            assert_eq!(text.matches('\u{c}').count(), 1, "{language}: one page");
            let text = words_of(&text);
            for expected in [
                spelled,
                date,
                "Zoë Łukasiewicz-Großmann",
                "0042",
                &mailer.control.grouped(),
                "onboarding-2026-11 / 17",
                "YubiKey 5C NFC",
                "0815",
                "https://aka.ms/mysecurityinfo",
            ] {
                assert!(text.contains(expected), "{language} lacks {expected}");
            }
            assert!(!text.contains(['{', '}']), "{language}");
            // The box alone gives the PIN: x, y, width and height in points of 1/72 inch.
            let box_options = ["-x", "172", "-y", "480", "-W", "251", "-H", "64", "-layout"];
            let in_box = read_back(&pdf, &box_options).unwrap();
            assert!(words_of(&in_box).starts_with("7309 4186 "), "{language}");
        }
    }
}

#[test]
fn a_forced_change_changes_the_words() {
    let composer = composer();
    let mut letter = mailer("en", "73094186");
    let Some(kept) = read_back(&composer.render(&letter).unwrap(), &[]) else {
        return;
    };
    letter.force_pin_change = true;
    let changed = read_back(&composer.render(&letter).unwrap(), &[]).unwrap();
    assert!(!words_of(&kept).contains("When asked for a new PIN, choose one"));
    assert!(words_of(&changed).contains("new PIN, choose one that only you know"));
    assert!(words_of(&changed).contains("Your PIN for the first use"));
}

#[test]
fn only_the_address_stands_where_the_window_is_and_the_pin_in_its_box() {
    let composer = composer();
    let profile = composer.templates.profile("din5008b").unwrap();
    let zone = profile.window.unwrap().slides;
    let frame = profile.boxes.pin.as_ref().unwrap().area();
    for language in LANGUAGES {
        let mut letter = mailer(language, "wxrq-WXRQ");
        letter.force_pin_change = true;
        let sheet = composer.sheet(&letter, false).unwrap();
        let mut secrets = 0;
        for mark in &sheet.marks {
            if mark.area.touches(&zone) {
                assert_eq!(mark.part, Part::Address, "{language}");
            }
            if mark.part == Part::Pin {
                secrets += 1;
                assert!(frame.holds(&mark.area), "{language}");
                assert!(matches!(mark.ink, Ink::Text { .. }));
            }
        }
        assert!(secrets >= 2, "{language}: digits and words");

        // The same from the outside, where poppler sees each word.
        let pdf = composer.render(&letter).unwrap();
        let Some(boxes) = read_back(&pdf, &["-bbox"]) else {
            return;
        };
        let in_zone: Vec<String> = boxes
            .lines()
            .filter(|line| line.trim_start().starts_with("<word"))
            .filter(|line| {
                let mm = |name: &str| {
                    let value = line.split(&format!("{name}=\"")).nth(1).unwrap();
                    value.split('"').next().unwrap().parse::<f32>().unwrap() * 25.4 / 72.0
                };
                mm("xMin") < 113.0 && mm("xMax") > 0.0 && mm("yMin") < 102.0 && mm("yMax") > 42.0
            })
            .map(|line| line.split(['>', '<']).nth(2).unwrap().to_owned())
            .collect();
        assert_eq!(
            in_zone.join(" "),
            "Contoso Ltd · 1 Harbour Road · 20457 Hamburg Zoë Łukasiewicz-Großmann Research &amp; Development \
             Große Elbstraße 145 c 22767 Hamburg",
            "{language}"
        );
    }
}

#[test]
fn the_last_look_stops_a_mark_that_strayed() {
    let composer = composer();
    let profile = composer.templates.profile("din5008b").unwrap();
    for (part, x, y) in [
        (Part::Pin, 60.0, 60.0),
        (Part::Pin, 60.0, 230.0),
        (Part::Letter, 100.0, 90.0),
        (Part::Letter, 62.0, 170.0),
        (Part::Account, 30.0, 150.0),
        (Part::Account, 30.0, 70.0),
        (Part::Address, 62.0, 170.0),
        (Part::Sender, 30.0, 70.0),
    ] {
        let mut sheet = composer.sheet(&mailer("en", "73094186"), false).unwrap();
        sheet.guard(profile).unwrap();
        let mark = sheet.marks.iter_mut().find(|mark| mark.part == part);
        let area = &mut mark.unwrap().area;
        (area.x, area.y) = (x, y);
        let said = sheet.guard(profile).unwrap_err().to_string();
        assert!(said.contains("must not stand"), "{said}");
    }
}

#[test]
fn a_missing_glyph_is_named_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let press = FolderPress::open(folder.path(), composer()).unwrap();
    let mut letter = mailer("en", "73094186");
    letter.recipient = "山田 Taro".to_owned();
    let said = press.deliver(&letter).unwrap_err().to_string();
    assert!(
        said.contains("the recipient's name holds “山” (U+5C71)"),
        "{said}"
    );
    let names = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), [folder::NOTES]);

    let mut letter = mailer("en", "7309漢186");
    letter.force_pin_change = true;
    let said = refusal(&letter);
    assert!(said.contains("the PIN holds a character"), "{said}");
    assert!(!said.contains('漢'), "a refusal never quotes the PIN");
}

#[test]
fn greek_cyrillic_and_composed_names_are_set() {
    for name in [
        "Ἀλέξανδρος Παπαδόπουλος",
        "Наталія Ґалаґан",
        "Nguyễn Thị Ánh",
        "Ștefan Țăran",
        "J\u{30c}ana No\u{308}el",
    ] {
        let mut letter = mailer("fr", "73094186");
        letter.recipient = name.to_owned();
        let pdf = composer().render(&letter).unwrap();
        let Some(text) = read_back(&pdf, &[]) else {
            return;
        };
        // Poppler sets a mark apart that the face draws as a glyph of its own.
        let solid = |text: &str| -> String {
            let text: String = text.split_whitespace().collect();
            text.nfc().collect()
        };
        assert!(solid(&text).contains(&solid(name)), "{name}");
    }
}

#[test]
fn a_long_name_shrinks_and_wraps_or_is_refused_in_words() {
    let mut letter = mailer("de", "73094186");
    letter.recipient = "Maria Theresia ".repeat(13).trim().to_owned();
    letter.destination = Destination::Internal(None);
    letter.department = None;
    assert!(letter.recipient.len() > 190);
    composer().check(&letter).unwrap();
    letter.recipient = "Großmann".repeat(25);
    composer().check(&letter).unwrap();
    letter.destination = Destination::Postal(vec!["Weg 1".to_owned(); 6]);
    let said = refusal(&letter);
    assert!(said.contains("the address is too long"), "{said}");
    letter.recipient = "W".repeat(2000);
    let said = refusal(&letter);
    assert!(said.contains("the recipient's name is too long"), "{said}");
}

#[test]
fn what_would_deceive_the_eye_is_refused() {
    for (name, code) in [
        ("Anna\u{202E}Berg", "U+202E"),
        ("Anna\u{7}", "U+0007"),
        ("Anna\nBerg", "U+000A"),
        ("An\u{200B}na", "U+200B"),
        ("\u{2066}Anna", "U+2066"),
    ] {
        let mut letter = mailer("en", "73094186");
        letter.recipient = name.to_owned();
        let said = refusal(&letter);
        assert!(
            said.contains("the recipient's name") && said.contains(code),
            "{said}"
        );
    }
    assert!(refusal(&mailer("en", "7309 186")).contains("the PIN holds a blank"));
}

#[test]
fn braces_in_a_name_are_only_braces() {
    let mut letter = mailer("en", "73094186");
    letter.recipient = "Anna {control} {pin}".to_owned();
    let pdf = composer().render(&letter).unwrap();
    if let Some(text) = read_back(&pdf, &[]) {
        assert!(text.contains("Dear Anna {control} {pin},"));
    }
}

#[test]
fn the_same_letter_gives_the_same_bytes_and_tells_nothing_in_its_metadata() {
    let letter = mailer("de", "73094186");
    let composer = composer();
    let first = composer.render(&letter).unwrap();
    assert!(*first == *composer.render(&letter).unwrap());
    assert!(*first == *self::composer().render(&letter).unwrap());
    assert!(*first != *composer.render(&mailer("de", "73094187")).unwrap());
    let raw = String::from_utf8_lossy(&first);
    assert!(raw.contains("D:20261122000000"));
    for secret in [
        "73094186",
        "7309 4186",
        "Großmann",
        "Hamburg",
        "YubiKey",
        "onboarding",
    ] {
        assert!(!raw.contains(secret), "{secret} in plain");
        // Metadata are UTF-16 with the high byte first.
        let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let found = first.windows(wide.len()).any(|part| part == wide);
        assert!(!found, "{secret} in the metadata");
    }
    assert!(first.len() < 45 * 1024, "{} bytes", first.len());
}

#[test]
fn letters_and_signs_are_spelled() {
    let composer = composer();
    let pdf = composer.render(&mailer("en", "aB3-x9z7")).unwrap();
    if let Some(text) = read_back(&pdf, &[]) {
        assert!(text.contains("aB3- x9z7"));
        assert!(
            words_of(&text).contains("Alfa capital Bravo three - – X-ray nine Zulu seven"),
            "{text}"
        );
        assert!(words_of(&text).contains("Letters are small unless"));
    }
    for length in 4..=16 {
        composer.check(&mailer("fr", &"8".repeat(length))).unwrap();
    }
    let said = refusal(&mailer("fr", &"q".repeat(63)));
    assert!(
        said.contains("a PIN of 63 characters does not fit"),
        "{said}"
    );
}
