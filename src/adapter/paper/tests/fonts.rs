//! What the fonts have, and what is refused of them: a character that none has, a file that is no font.

use super::super::fonts as font_files;
use super::super::letters::SHIPPED_LETTERS;
use super::super::shape::{Faces, Style};
use super::scripts::{composer_with, faces, japanese_font};
use super::*;
use crate::domain::mailer::{Companion, CompanionKind};

#[test]
fn the_shipped_fonts_have_every_character_of_every_letter_but_japanese() {
    let own = faces();
    let named =
        Faces::load(&font_files::with_files(&[japanese_font()], "`paper.fonts`").unwrap()).unwrap();
    for (file, text) in SHIPPED_LETTERS {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            for style in [Style::Regular, Style::Bold] {
                let missing = own.missing(style, line);
                let is_japanese = file.ends_with("/ja.toml");
                assert!(
                    is_japanese || missing.is_none(),
                    "{file}: {missing:?} in {line}"
                );
                let missing = named.missing(style, line);
                assert!(missing.is_none(), "{file}: {missing:?} in {line}");
            }
        }
    }
    assert!(own.missing(Style::Regular, "新しい").is_some());
}

#[test]
fn what_no_font_has_is_told_before_anything_is_printed() {
    let mut letter = mailer("en", "73094186");
    for (name, expected) in [
        (
            "山田 Taro",
            "the recipient's name holds “山” (U+5C71), a character of the script Han, which keyline's own fonts do not have; \
             install the package fonts-noto-cjk and name its NotoSansCJK-Regular.ttc in `paper.fonts`",
        ),
        ("김민준", "a character of the script Hangul"),
        ("さくら", "a character of the script Hiragana"),
        (
            "তানভীর",
            "“ত” (U+09A4), a character of the script Bengali, which no font of the letter has",
        ),
        (
            "Anna 😀",
            "“😀” (U+1F600), a sign or picture that no font of the letter has; leave it out",
        ),
        ("👩\u{200D}💻 Anna", "“👩” (U+1F469), a sign or picture"),
        ("Anna \u{E000}", "(U+E000), a sign or picture"),
        ("Anna ☺", "“☺” (U+263A), a sign or picture"),
    ] {
        letter.recipient = name.to_owned();
        let said = refusal(&letter);
        assert!(said.contains(expected), "{said}");
    }
    let said = refusal(&mailer("ja", "73094186"));
    assert!(
        said.contains(
            "the letter in the language `ja` holds “新” (U+65B0), a character of the script Han"
        ) && said.contains("fonts-noto-cjk")
            && said.contains("`paper.fonts`"),
        "{said}"
    );
    let slip = Companion::of(CompanionKind::Receipt, &mailer("ja", "73094186"));
    let said = composer().check_companion(&slip).unwrap_err().to_string();
    assert!(said.contains("the letter in the language `ja`"), "{said}");
    composer_with("din5008b", &[japanese_font()])
        .check(&mailer("ja", "73094186"))
        .unwrap();
}

#[test]
fn a_font_file_that_is_none_is_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let said = font_files::with_files(&[path], "`paper.fonts`")
            .err()
            .expect("taken")
            .to_string();
        assert!(
            said.contains(name) && said.contains("`paper.fonts`"),
            "{said}"
        );
        said
    };
    let whole = std::fs::read(japanese_font()).unwrap();
    assert!(refused("empty.ttf", b"").contains("cannot be read; it has to be a whole"));
    assert!(refused("text.ttf", b"not a font at all").contains("cannot be read"));
    assert!(refused("cut.otf", &whole[..whole.len() / 2]).contains("cannot be read"));
    assert!(refused("web.woff2", b"wOF2....").contains("is a web font"));
    let missing = font_files::with_files(&[home.path().join("none.ttf")], "`paper.fonts`");
    assert!(
        missing
            .err()
            .unwrap()
            .to_string()
            .contains("none.ttf of `paper.fonts` cannot be read")
    );
    let folder = font_files::with_files(&[home.path().to_owned()], "`paper.fonts`");
    assert!(folder.err().unwrap().to_string().contains("is not a file"));
    let huge = home.path().join("huge.ttf");
    std::fs::File::create(&huge)
        .unwrap()
        .set_len(65 * 1024 * 1024)
        .unwrap();
    let said = font_files::with_files(&[huge], "`paper.fonts`")
        .err()
        .unwrap()
        .to_string();
    assert!(said.contains("is larger than 64 MB"), "{said}");
    let many = vec![japanese_font(); 17];
    assert!(
        font_files::with_files(&many, "`paper.fonts`")
            .err()
            .unwrap()
            .to_string()
            .contains("names 17 font files")
    );
    // A table renamed is a table lost: no outlines, no characters.
    for (table, reason) in [
        (b"CFF ", "has no outlines"),
        (b"cmap", "has no glyph for any character"),
    ] {
        let mut bytes = whole.clone();
        let at = bytes.windows(4).position(|window| window == table).unwrap();
        bytes[at] = b'X';
        let said = refused("lacking.otf", &bytes);
        assert!(said.contains(reason), "{said}");
    }
}
