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
