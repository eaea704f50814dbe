//! Every profile made into paper, rendered, and looked at by a reader of codes.

use super::*;
use crate::domain::mailer::{Companion, CompanionKind, SheetKind};

const DPI: &str = "200";

fn composer_of(profile: &str, logo: Option<Logo>) -> Composer {
    let stationery = Stationery {
        profile: profile.to_owned(),
        logo,
        ..Stationery::default()
    };
    Composer::new(Templates::shipped().unwrap(), head(), stationery).unwrap()
}

fn profiles_for(kind: SheetKind) -> Vec<String> {
    let templates = Templates::shipped().unwrap();
    let serving = templates
        .profiles()
        .filter(|(_, kinds)| kinds.contains(&kind));
    serving.map(|(name, _)| name.to_owned()).collect()
}

/// A page as greys, rendered by poppler; `None`, loudly, where it is missing.
fn rendered(pdf: &[u8]) -> Option<(usize, usize, Vec<u8>)> {
    let options = ["-r", DPI, "-gray", "-"];
    let page = piped("pdftoppm", &options, pdf)?;
    // PGM: P5, width and height, the white value, each ended by one blank; then the greys.
    let mut rest = page.as_slice();
    let mut header = Vec::new();
    while header.len() < 4 {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap();
        header.push(String::from_utf8(rest[..end].to_vec()).unwrap());
        rest = &rest[end + 1..];
    }
    assert_eq!((header[0].as_str(), header[3].as_str()), ("P5", "255"));
    let (width, height) = (header[1].parse().unwrap(), header[2].parse().unwrap());
    Some((width, height, rest.to_vec()))
}

fn codes(pdf: &[u8]) -> Option<Vec<String>> {
    let (width, height, greys) = rendered(pdf)?;
    let at = |x: usize, y: usize| greys[y * width + x];
    let mut page = rqrr::PreparedImage::prepare_from_greyscale(width, height, at);
    let grids = page.detect_grids();
    Some(
        grids
            .iter()
            .filter_map(|grid| grid.decode().ok())
            .map(|(_, text)| text)
            .collect(),
    )
}

#[test]
fn the_code_of_every_profile_reads_back_from_a_picture() {
    for name in profiles_for(SheetKind::Pin) {
        let composer = composer_of(&name, None);
        for batch in [
            "onboarding-2026-11",
            "Zürich Süd, Nachlieferung vom November 2026 (zweiter Teil)",
        ] {
            let mut letter = mailer("de", "73094186");
            letter.batch = BatchName(batch.to_owned());
            let pdf = composer.render(&letter).unwrap();
            let Some(found) = codes(&pdf) else { return };
            let expected = format!("PM1:{batch}:{}:17", letter.control);
            assert_eq!(found, [expected], "{name}");
        }
    }
    let label = Companion::of(CompanionKind::Label, &mailer("de", "73094186"));
    let pdf = composer_of("us10", None).companion(&label).unwrap();
    assert_eq!(codes(&pdf).unwrap(), ["B-0042"]);
}

#[test]
fn what_was_printed_before_changes_no_letter() {
    let usual = mailer("de", "73094186");
    let mut rare = mailer("de", "kQ7-zz90");
    rare.recipient = "Ἀλέξανδρος Ґалаґан".to_owned();
    let one = composer();
    let first = one.render(&usual).unwrap();
    let then = one.render(&rare).unwrap();
    let other = composer();
    assert_eq!(*then, *other.render(&rare).unwrap());
    assert_eq!(*first, *other.render(&usual).unwrap());
    // A glyph that is not shared is there all the same.
    if let Some(text) = read_back(&then, &[]) {
        assert!(text.contains("kQ7- zz90"), "{text}");
    }
    // And whose fonts are cut for one letter alone still says that they are cut.
    for pdf in [&first, &then] {
        let Some(list) = piped("pdffonts", &["-"], pdf) else {
            return;
        };
        let list = String::from_utf8(list).unwrap();
        assert!(
            list.lines()
                .skip(2)
                .all(|line| line.contains("yes yes yes")),
            "{list}"
        );
        assert!(
            list.lines().skip(2).all(|line| line.starts_with("KEYL")),
            "{list}"
        );
    }
}

#[test]
fn the_fonts_of_a_letter_do_not_tell_its_digits() {
    // Two letters that differ in the PIN alone differ in the page's stream alone: the fonts in them are the same.
    let fonts = |pin: &str| -> Vec<Vec<u8>> {
        let mut letter = mailer("en", pin);
        letter.recipient = "Zoë Großmann".to_owned();
        let pdf = composer().render(&letter).unwrap();
        streams(&pdf)
            .filter(|stream| stream.starts_with(&[0, 1, 0, 0]))
            .collect()
    };
    let (one, other) = (fonts("11111111"), fonts("23456789"));
    assert_eq!(one.len(), 3);
    assert!(one == other);
}

/// Every deflated stream of a PDF, plain.
fn streams(pdf: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let begins = pdf
        .windows(7)
        .enumerate()
        .filter(|(_, bytes)| bytes == b"stream\n");
    begins.filter_map(|(at, _)| {
        let mut plain = Vec::new();
        let mut inflated = flate2::read::ZlibDecoder::new(&pdf[at + 7..]);
        std::io::Read::read_to_end(&mut inflated, &mut plain).ok()?;
        Some(plain)
    })
}

#[test]
fn every_sheet_has_room_for_long_content_in_every_profile_and_language() {
    let templates = Templates::shipped().unwrap();
    let mut refused = Vec::new();
    for (profile, kinds) in templates.profiles() {
        let composer = composer_of(profile, None);
        for kind in kinds {
            // Japanese needs a font that does not come with keyline.
            for language in templates
                .languages_of(*kind)
                .filter(|language| *language != "ja")
            {
                for forced in [false, true] {
                    let mut letter = mailer(language, "7309418652730941");
                    letter.force_pin_change = forced;
                    letter.recipient =
                        "Maximiliane-Friederike von Hohenlohe-Schillingsfürst".to_owned();
                    letter.department = Some("Forschung und Entwicklung, Werk Nord II".to_owned());
                    letter.destination = Destination::Postal(vec![
                        "Musterhausgesellschaft mbH & Co. KG".to_owned(),
                        "Bürgermeister-Schwarzmüller-Straße 145 c".to_owned(),
                        "22767 Hamburg-Altona".to_owned(),
                        "Deutschland".to_owned(),
                    ]);
                    letter.key_model = "Sécurité Clé USB-C NFC Édition".to_owned();
                    letter.batch = BatchName("onboarding-november-2026-hamburg-altona".to_owned());
                    letter.sequence = 1234;
                    if let Err(fault) = composer.specimen(*kind, &letter) {
                        refused.push(format!("{profile}, {}, {language}: {fault}", kind.word()));
                    }
                }
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
