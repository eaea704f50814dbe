//! Letters and names in many scripts: which face sets what, in which order it is seen, and what is refused.

use std::path::{Path, PathBuf};

use unicode_normalization::char::is_combining_mark;

use super::super::fonts;
use super::super::letters::SHIPPED_LETTERS;
use super::super::shape::{Base, Faces, Line, Style};
use super::letters::ALL_LANGUAGES;
use super::*;
use crate::domain::mailer::{Companion, CompanionKind, SheetKind};

/// A font with the characters of the Japanese letters, as an administrator would name one.
pub(super) fn japanese_font() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapter/paper/tests/fonts/japanese.otf")
}

pub(super) fn composer_with(profile: &str, fonts: &[PathBuf]) -> Composer {
    let stationery = Stationery {
        profile: profile.to_owned(),
        fonts: fonts.to_owned(),
        ..Stationery::default()
    };
    Composer::new(Templates::shipped().unwrap(), head(), stationery).unwrap()
}

pub(super) fn faces() -> Faces {
    Faces::load(&fonts::shipped()).unwrap()
}

/// What a line reads from left to right.
fn seen(line: &Line) -> String {
    line.glyphs
        .iter()
        .map(|glyph| glyph.text.as_str())
        .collect()
}

fn lines(text: &str, width: f32, base: Base) -> Vec<String> {
    let lines = faces()
        .wrap(Style::Regular, 10.0, text, width, base)
        .unwrap();
    lines.iter().map(seen).collect()
}

#[test]
fn every_letter_can_be_set_with_every_profile() {
    let templates = Templates::shipped().unwrap();
    let profiles: Vec<(String, Vec<SheetKind>)> = templates
        .profiles()
        .map(|(name, kinds)| (name.to_owned(), kinds.to_vec()))
        .collect();
    let mut refused = Vec::new();
    for (profile, kinds) in profiles {
        let composer = composer_with(&profile, &[japanese_font()]);
        for language in ALL_LANGUAGES {
            for (force_pin_change, pin) in [(false, "73094186"), (true, "wxRq-9Kz")] {
                let mut letter = mailer(language, pin);
                letter.force_pin_change = force_pin_change;
                for kind in &kinds {
                    let checked =
                        match kind {
                            SheetKind::Pin => composer.check(&letter),
                            SheetKind::Key => composer
                                .check_companion(&Companion::of(CompanionKind::Key, &letter)),
                            SheetKind::Receipt => composer
                                .check_companion(&Companion::of(CompanionKind::Receipt, &letter)),
                            SheetKind::Label => composer
                                .check_companion(&Companion::of(CompanionKind::Label, &letter)),
                        };
                    if let Err(fault) = checked {
                        refused.push(format!("{profile} {kind:?} {language} {pin}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// The words of `text` without marks of direction and of letters, Latin ones apart from others: beside a change of
/// direction poppler may lose the blank that stands on paper, and a mark may stand apart.
fn words_read(text: &str) -> Vec<String> {
    let bare: Vec<char> = text
        .nfd()
        .filter(|c| !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .filter(|c| !is_combining_mark(*c))
        .collect();
    bare.chunk_by(|one, next| {
        one.is_alphanumeric() == next.is_alphanumeric() && one.is_ascii() == next.is_ascii()
    })
    .filter(|word| word[0].is_alphanumeric())
    .map(|word| word.iter().collect())
    .collect()
}

#[test]
fn every_language_reads_back() {
    let composer = composer_with("din5008b", &[japanese_font()]);
    for language in ALL_LANGUAGES {
        let mut letter = mailer(language, "73094186");
        letter.force_pin_change = true;
        let slip = |kind| Companion::of(kind, &letter);
        for (kind, pdf) in [
            ("pin", composer.render(&letter)),
            ("key", composer.companion(&slip(CompanionKind::Key))),
            ("receipt", composer.companion(&slip(CompanionKind::Receipt))),
        ] {
            let pdf = pdf.unwrap();
            let Some(text) = read_back(&pdf, &[]) else {
                return;
            };
            // Arabic shares glyphs between letters, so that not every word of it can be read back; Japanese has no words.
            let least = if language == "ar" { 0.65 } else { 0.97 };
            let found = words_read(&text);
            let solid: String = found.concat();
            let file = format!("letters/{kind}/{language}.toml");
            let (_, words) = SHIPPED_LETTERS
                .iter()
                .find(|(name, _)| *name == file)
                .unwrap();
            let words: toml::Table = words.parse().unwrap();
            let mut expected = Vec::new();
            for message in [
                "subject",
                "opening",
                "steps_change",
                "steps",
                "statement",
                "help",
            ] {
                for line in words.get(message).map(toml::Value::to_string).iter() {
                    let text = line.replace("\\u00a0", " ").replace('\u{a0}', " ");
                    let open = text.split('{').map(|part| part.rsplit('}').next().unwrap());
                    expected.extend(open.flat_map(words_read));
                }
            }
            let is_there = |word: &&String| match language {
                "ja" => solid.contains(word.as_str()),
                _ => found.contains(word),
            };
            let lost: Vec<&String> = expected.iter().filter(|word| !is_there(word)).collect();
            let there = expected.len() - lost.len();
            let part = f32::from(u16::try_from(there).unwrap())
                / f32::from(u16::try_from(expected.len()).unwrap());
            assert!(
                part >= least,
                "{language} {kind}: {there} of {}, lost {lost:?}",
                expected.len()
            );
            let pins = text.matches("7309 4186").count();
            assert_eq!(pins, usize::from(kind == "pin"), "{language} {kind}");
            assert_eq!(
                text.matches('\u{c}').count(),
                1,
                "{language} {kind}: one page"
            );
            let most = if language == "ja" { 60 } else { 45 };
            assert!(
                pdf.len() < most * 1024,
                "{language} {kind}: {} bytes",
                pdf.len()
            );
        }
    }
}

#[test]
fn right_to_left_text_is_seen_from_the_right_with_its_numbers_from_the_left() {
    // The blanks beside the number stay.
    let hebrew = lines("הקוד שלך 1234 למפתח", 200.0, Base::RightToLeft);
    assert_eq!(hebrew, ["חתפמל 1234 ךלש דוקה"]);
    let control = "מספר בקרה \u{2066}4820\u{A0}1173\u{A0}5551\u{2069};";
    assert_eq!(
        lines(control, 200.0, Base::RightToLeft),
        [";4820\u{A0}1173\u{A0}5551 הרקב רפסמ"]
    );
    // Each line is put in order by itself.
    let wrapped = lines("שלום עולם 12 ועוד מילים כאן", 25.0, Base::RightToLeft);
    assert!(wrapped.len() > 1);
    assert!(
        wrapped[0].ends_with("םולש") && wrapped.last().unwrap().starts_with("ןאכ"),
        "{wrapped:?}"
    );
    // A bracket is turned with its text, by the face's mirrored glyph.
    assert_eq!(lines("(אב)", 200.0, Base::RightToLeft), [")בא("]);
    // Left to right text keeps a name from right to left in its place.
    let name = lines(
        "Dear \u{2068}נועה כהן\u{2069}, hello",
        200.0,
        Base::LeftToRight,
    );
    assert_eq!(name, ["Dear ןהכ העונ, hello"]);
}

#[test]
fn arabic_letters_are_joined_and_digits_stay_european() {
    let faces = faces();
    let glyphs = |text: &str| {
        let line = faces
            .line(Style::Regular, 10.0, text, Base::RightToLeft)
            .unwrap();
        line.glyphs
            .iter()
            .map(|glyph| (glyph.face, glyph.id))
            .collect::<Vec<_>>()
    };
    let apart: Vec<_> = ["م", "ح", "د"]
        .iter()
        .flat_map(|letter| glyphs(letter))
        .collect();
    let mut joined = glyphs("محد");
    joined.reverse();
    assert_eq!(joined.len(), apart.len());
    assert!(
        joined.iter().zip(&apart).any(|(one, other)| one != other),
        "not joined"
    );
    let digits = glyphs("رقم 42");
    let latin = glyphs("42");
    assert!(digits.starts_with(&latin), "{digits:?} {latin:?}");
}

#[test]
fn a_right_to_left_page_begins_at_the_right() {
    let composer = composer();
    for language in ["ar", "he"] {
        let mut letter = mailer(language, "73094186");
        letter.force_pin_change = true;
        letter.recipient = "محمد الأحمد".to_owned();
        letter.destination = Destination::Postal(vec!["Harbour Road 1".to_owned()]);
        let sheet = composer.sheet(&letter, false).unwrap();
        let other = composer.sheet(&mailer("en", "73094186"), false).unwrap();
        let ends = |sheet: &Sheet, part: Part| {
            let marks = sheet.marks.iter().filter(|mark| mark.part == part);
            marks
                .filter(|mark| matches!(mark.ink, Ink::Text { .. }))
                .map(|mark| (mark.area.x, mark.area.right()))
                .collect::<Vec<_>>()
        };
        let profile = composer.templates.profile("din5008b").unwrap();
        let address = profile.boxes.address.as_ref().unwrap().area();
        for (_, right) in ends(&sheet, Part::Address).iter().skip(1) {
            assert!(
                (right - address.right()).abs() < 0.01,
                "{language}: the address"
            );
        }
        for (left, _) in ends(&other, Part::Address).iter().skip(1) {
            assert!((left - address.x).abs() < 0.01, "the address in English");
        }
        // Opening, steps and advice are flush at the right edge of the text, nothing at the left one.
        let opening = profile.boxes.opening.as_ref().unwrap().area();
        let flush = |at: f32, with: f32| (at - with).abs() < 0.01;
        let all = ends(&sheet, Part::Letter);
        assert!(
            all.iter()
                .filter(|(_, right)| flush(*right, opening.right()))
                .count()
                >= 8,
            "{language}"
        );
        assert!(
            !all.iter().any(|(left, _)| flush(*left, opening.x)),
            "{language}"
        );
        // The PIN is read from the left.
        let pin = sheet
            .marks
            .iter()
            .find_map(|mark| match (&mark.ink, mark.part) {
                (Ink::Text { line, .. }, Part::Pin) => Some(seen(line)),
                _ => None,
            });
        assert_eq!(pin.as_deref(), Some("7309 4186"), "{language}");
    }
}

#[test]
fn names_of_many_scripts_are_set_and_read_back() {
    let composer = composer_with("din5008b", &[japanese_font()]);
    for name in [
        "Zażółć Gęślą-Jaźń",
        "Nguyễn Thị Ánh Tuyết",
        "Ἀλέξανδρος Παπαδόπουλος",
        "Наталія Ґалаґан",
        "გიორგი ბერიძე",
        "Արամ Խաչատրյան",
        "נועה כהן־לוי",
        "สมชาย ใจดี",
        "山田太郎",
    ] {
        for language in ["en", "he"] {
            let mut letter = mailer(language, "73094186");
            letter.recipient = name.to_owned();
            let pdf = composer.render(&letter).unwrap();
            let Some(text) = read_back(&pdf, &[]) else {
                return;
            };
            let found = words_read(&text).concat();
            let expected = words_read(name).concat();
            assert!(found.contains(&expected), "{name} in {language}: {text}");
        }
    }
    // Glyphs that stand for parts of letters do not read back letter by letter; they are there.
    for name in [
        "محمد بن عبد الله",
        "अनुष्का क्षत्रिय शर्मा",
        "น้ำผึ้ง",
        "کوروش\u{200C}نژاد",
    ] {
        let mut letter = mailer("en", "73094186");
        letter.recipient = name.to_owned();
        composer.check(&letter).unwrap();
        let line = faces()
            .line(Style::Regular, 10.0, name, Base::FirstLetter)
            .unwrap();
        assert!(line.glyphs.iter().all(|glyph| glyph.id != 0), "{name}");
    }
}

#[test]
fn a_pin_with_piled_marks_is_refused_unsaid() {
    let pile = format!("7309e{}4186", "\u{E49}".repeat(5));
    for pin in [pile.as_str(), "7309e\u{E49}\u{E49}\u{E49}\u{E49}"] {
        let said = refusal(&mailer("en", pin));
        assert!(said.contains("the PIN holds"), "{said}");
        assert!(!said.contains("7309"), "a PIN was said");
    }
}

#[test]
fn a_mark_is_set_by_the_face_of_its_letter() {
    let faces = faces();
    for text in ["J\u{30C}x", "क\u{94D}ष", "ท\u{E35}\u{E48}", "مُ"] {
        let line = faces
            .line(Style::Bold, 10.0, text, Base::FirstLetter)
            .unwrap();
        let mut used: Vec<_> = line.glyphs.iter().map(|glyph| glyph.face).collect();
        used.dedup();
        assert_eq!(used.len(), 1, "{text}");
    }
}

#[test]
fn a_name_of_two_hundred_characters_is_set_in_every_script_or_refused_in_words() {
    let composer = composer_with("din5008b", &[japanese_font()]);
    for part in [
        "Großmann ",
        "נועה ",
        "محمد ",
        "Ιωάννης ",
        "अनुष्का ",
        "สมชาย",
        "山田",
        "W",
    ] {
        let mut letter = mailer("en", "73094186");
        letter.recipient = part
            .chars()
            .cycle()
            .take(200)
            .collect::<String>()
            .trim()
            .to_owned();
        letter.department = None;
        letter.destination = Destination::Internal(None);
        match composer.check(&letter) {
            Ok(()) => {}
            Err(fault) => {
                let said = fault.to_string();
                assert!(
                    said.contains("is too long for the letter"),
                    "{part}: {said}"
                );
            }
        }
    }
}

#[test]
fn a_telephone_number_is_read_from_the_left_beside_arabic_words() {
    let head = Letterhead {
        help: Some("مكتب الدعم، هاتف +49 40 555-0100 داخلي 12".to_owned()),
        ..Letterhead::of("Contoso Ltd")
    };
    let composer = Composer::new(Templates::shipped().unwrap(), head, Stationery::default());
    let sheet = composer
        .unwrap()
        .sheet(&mailer("ar", "73094186"), false)
        .unwrap();
    let lines = sheet.marks.iter().filter_map(|mark| match &mark.ink {
        Ink::Text { line, .. } => Some(seen(line)),
        _ => None,
    });
    let all: Vec<String> = lines.collect();
    assert!(
        all.iter().any(|line| line.contains("+49 40 555-0100")),
        "{all:?}"
    );
}
