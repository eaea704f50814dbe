//! A profile that brings its own logo and its own fonts.

use super::super::template::SHIPPED_PROFILES;
use super::logo::{png, promise};
use super::scripts::japanese_font;
use super::*;
use crate::adapter::paper::logo::LOGO_BYTES_MAX;
use crate::domain::mailer::{Companion, CompanionKind};

/// A folder of templates with copies of two shipped profiles, each with lines before its `paper`, and a picture beside them.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(profile: &str, lines: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.0.path().join("profiles")).unwrap();
        folder.add(profile, lines);
        folder.put("logo.png", &picture(40, 10));
        folder
    }

    fn add(&self, profile: &str, lines: &str) {
        let file = format!("profiles/{profile}.toml");
        let shipped = SHIPPED_PROFILES.iter().find(|(name, _)| *name == file);
        let (_, text) = shipped.expect("a shipped one");
        let text = text.replacen("paper = {", &format!("{lines}\npaper = {{"), 1);
        self.put(&format!("{profile}.toml"), text.as_bytes());
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join("profiles").join(name), bytes).unwrap();
    }

    fn load(&self) -> Result<Templates, Fault> {
        Templates::load(self.0.path())
    }

    fn refused(&self) -> String {
        let refused = self.load().err().expect("it was taken");
        refused.to_string()
    }

    fn composer(&self, station: Stationery) -> Composer {
        Composer::new(self.load().expect("templates"), head(), station).expect("a composer")
    }
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    png(png::ColorType::Grayscale, width, height, |_, _| vec![90])
}

fn station_with_a_logo() -> Stationery {
    Stationery {
        logo: Some(Logo::decode("station.png", &picture(80, 80)).unwrap()),
        ..Stationery::default()
    }
}

fn width_of_logo(composer: &Composer, profile: &str) -> Option<u32> {
    composer.logos.get(profile).map(|logo| logo.width)
}

#[test]
fn its_logo_beats_the_stations_and_lies_beside_it_or_anywhere() {
    let away = tempfile::tempdir().unwrap();
    let absolute = away.path().join("elsewhere.png");
    std::fs::write(&absolute, picture(40, 10)).unwrap();
    let absolute = format!("logo = {:?}", absolute.display().to_string());
    for line in ["logo = \"logo.png\"", absolute.as_str()] {
        let folder = Folder::with("din5008b", line);
        let composer = folder.composer(station_with_a_logo());
        assert_eq!(width_of_logo(&composer, "din5008b"), Some(40), "{line}");
        let pdf = composer.render(&mailer("en", "73094186")).unwrap();
        if let Some(list) = piped("pdfimages", &["-list", "-"], &pdf) {
            let list = String::from_utf8(list).unwrap();
            assert_eq!(list.lines().count(), 3, "{list}");
            assert!(list.contains(" 40 "), "{list}");
        }
    }
    let without = Folder::with("din5008b", "");
    let composer = without.composer(station_with_a_logo());
    assert_eq!(width_of_logo(&composer, "din5008b"), Some(80));
}

#[test]
fn a_profile_that_stands_in_for_another_brings_its_own() {
    let folder = Folder::with("label", "logo = \"logo.png\"");
    let said = folder.refused();
    assert!(
        said.contains("line 5: `logo` names a picture, and [boxes] has no box `logo`"),
        "{said}"
    );
    let file = folder.0.path().join("profiles/label.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(
        "qr         = { x = 70.0, y = 6.0,",
        "logo = { x = 70.0, y = 36.0, width = 29.0, height = 10.0 }\nqr         = { x = 70.0, y = 6.0,",
    );
    folder.put("label.toml", text.as_bytes());
    let composer = folder.composer(station_with_a_logo());
    assert_eq!(width_of_logo(&composer, "label"), Some(40));
    assert_eq!(width_of_logo(&composer, "din5008b"), Some(80));
    let label = Companion::of(CompanionKind::Label, &mailer("en", "73094186"));
    composer.companion(&label).unwrap();
}

#[test]
fn its_fonts_beat_the_stations() {
    let japanese = mailer("ja", "73094186");
    let named = format!("fonts = [{:?}]", japanese_font().display().to_string());
    let with = Folder::with("din5008b", &named).composer(Stationery::default());
    assert_eq!(with.check(&japanese), Ok(()));
    // None of its own is none at all, whatever the station has.
    let station = Stationery {
        fonts: vec![japanese_font()],
        ..Stationery::default()
    };
    let without = Folder::with("din5008b", "fonts = []").composer(station.clone());
    assert!(without.check(&japanese).is_err());
    let silent = Folder::with("din5008b", "").composer(station);
    assert_eq!(silent.check(&japanese), Ok(()));
}

#[test]
fn what_cannot_be_used_is_refused_with_file_line_and_reason() {
    let fonts = format!("fonts = [{}]", "\"a.ttf\", ".repeat(17));
    for (line, words) in [
        ("logo = \"none.png\"", "none.png cannot be read"),
        ("logo = \"\"", "`logo` names a file without a name"),
        ("logo = \"din5008b.toml\"", "save it as PNG"),
        ("logo = \"huge.png\"", "8000 x 5000 pixels"),
        ("logo = \"fat.png\"", "is larger than 5 MB"),
        ("fonts = [\"none.ttf\"]", "none.ttf cannot be read"),
        (
            "fonts = [\"logo.png\"]",
            "has to be a whole .ttf, .otf or .ttc file",
        ),
        ("fonts = [\"\"]", "`fonts` names a file without a name"),
        (
            fonts.as_str(),
            "`fonts` names 17 font files; keyline takes 16",
        ),
    ] {
        let folder = Folder::with("din5008b", line);
        folder.put("huge.png", &promise(8000, 5000));
        let fat = usize::try_from(LOGO_BYTES_MAX).unwrap() + 1;
        folder.put("fat.png", &vec![0; fat]);
        let said = folder.refused();
        let file = folder.0.path().join("profiles/din5008b.toml");
        assert!(said.contains(&file.display().to_string()), "{said}");
        assert!(said.contains("line 14: "), "{line}: {said}");
        assert!(said.contains(words), "{line}: {said}");
    }
    // And where one file alone is looked over.
    let folder = Folder::with("din5008b", "logo = \"none.png\"");
    let file = folder.0.path().join("profiles/din5008b.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let said = Templates::try_out(None, &file, &text).unwrap_err();
    assert!(said.to_string().contains("line 14: "), "{said}");
    folder.put("none.png", &picture(4, 4));
    assert_eq!(Templates::try_out(None, &file, &text), Ok(()));
}
