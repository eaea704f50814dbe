//! Profiles that must be refused, each in its own words; and that those which come with keyline are not.

use super::super::template::{SHIPPED_LETTERS, SHIPPED_PROFILES};
use super::*;

mod folds;

fn shipped(name: &str) -> &'static str {
    let file = format!("profiles/{name}.toml");
    let mut all = SHIPPED_PROFILES.iter();
    all.find(|(known, _)| *known == file).unwrap().1
}

/// The shipped profile with `from` in place of `to`, once; what is said of it.
fn planted(name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = shipped(name).to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    match Profile::parse(&text) {
        Ok(_) => panic!("{name} with {changes:?} was taken"),
        Err(said) => said,
    }
}

#[test]
fn every_shipped_profile_is_proved() {
    for (file, text) in SHIPPED_PROFILES {
        let profile = Profile::parse(text).unwrap_or_else(|said| panic!("{file}: {said}"));
        assert_eq!(file, format!("profiles/{}.toml", profile.name));
        if !profile.serves(SheetKind::Pin) {
            continue;
        }
        // The same from the outside, by numbers alone.
        let pin = profile.boxes.pin.as_ref().unwrap().area();
        for shown in profile.shown() {
            assert!(!shown.touches(&pin), "{file}");
        }
        let panel = profile.pin_panel().unwrap();
        assert!(panel.inset(5.0).holds(&pin), "{file}: clear of folds");
        let outer = profile.outer.iter().map(|number| usize::from(number - 1));
        for number in outer {
            assert!(profile.panels()[number] != panel, "{file}: outer panel");
        }
        let boxes = &profile.boxes;
        for account in [&boxes.address, &boxes.info, &boxes.salutation] {
            assert!(!account.as_ref().unwrap().area().touches(&panel), "{file}");
        }
        let pins = SHIPPED_LETTERS
            .iter()
            .filter(|(file, _)| file.contains("/pin/"));
        for (language, text) in pins {
            let letter: Letter = toml::from_str(text).unwrap();
            profile
                .check_words(&letter)
                .unwrap_or_else(|said| panic!("{file}, {language}: {said}"));
        }
    }
}

/// Where din5008b has its PIN.
const PIN: &str = "y = 168.5, width = 90.0";

/// A profile, what is changed in it, and why it is refused then.
type Planted = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

const SHOWING: &[Planted] = &[
    (
        "din5008b",
        &[(PIN, "y = 60.0, width = 90.0")],
        "the box `pin` lies where the envelope's window can show it",
    ),
    (
        "din5008b",
        &[(PIN, "y = 10.0, width = 90.0")],
        "outside when the sheet is folded",
    ),
    (
        "din5008b",
        &[(PIN, "y = 183.0, width = 90.0"), ("y = 194.0", "y = 208.0")],
        "nearer than 5 mm to the fold at 210",
    ),
    (
        "din5008b",
        &[(PIN, "y = 170.0, width = 90.0"), ("y = 194.0", "y = 193.0")],
        "overlap",
    ),
    (
        "din5008b",
        &[
            (PIN, "y = 140.0, width = 90.0"),
            ("height = 51.0", "height = 20.0"),
        ],
        "right behind the window",
    ),
    (
        "din5008a",
        &[
            ("y = 149.5, width", "y = 151.0, width"),
            ("y = 175.0", "y = 175.5"),
        ],
        "too short to cover the box `pin`",
    ),
    (
        "seal-z",
        &[("y = 159.0, width", "y = 70.0, width")],
        "an outer panel, which everybody sees",
    ),
    (
        "din5008b",
        &[
            ("fold = \"z\"", "fold = \"none\""),
            ("folds = [105.0, 210.0]", ""),
        ],
        "no folds",
    ),
    (
        "din5008b",
        &[
            ("fold = \"z\"", "fold = \"wrap\""),
            ("outer = [1]", "outer = [1, 2]"),
        ],
        "outside when the sheet is folded",
    ),
    (
        "c5",
        &[
            ("fold = \"z\"", "fold = \"half\""),
            ("folds = [148.5, 222.75]", "folds = [148.5]"),
            ("outer = [1]", "outer = [1, 2]"),
        ],
        "outside when the sheet is folded",
    ),
];

#[test]
fn a_profile_that_could_show_the_pin_is_refused() {
    for (name, changes, reason) in SHOWING {
        let said = planted(name, changes);
        assert!(said.contains(reason), "{name} {changes:?}: {said}");
        assert!(said.starts_with("line "), "{said}");
    }
}

const IMPOSSIBLE: &[(&str, &str, &str)] = &[
    ("outer = [1]", "outer = [2]", "`outer` = [1] or [3]"),
    ("outer = [1]", "outer = [3]", "the window can show panel 1"),
    (
        "folds = [105.0, 210.0]",
        "folds = [210.0, 105.0]",
        "in rising order",
    ),
    ("folds = [105.0, 210.0]", "folds = [105.0]", "has 2 `folds`"),
    (
        "folds = [105.0, 210.0]",
        "folds = [105.0, 400.0]",
        "on the paper",
    ),
    (
        "height = 60.0 }",
        "height = 40.0 }",
        "holds the window's `opening`",
    ),
    (
        "x = 125.0, y = 41.0",
        "x = 100.0, y = 41.0",
        "the box `info` lies where",
    ),
    (
        "x = 135.0, y = 224.0",
        "x = 160.0, y = 224.0",
        "leaves the printable part",
    ),
    ("margin = 5.0", "margin = 1.0", "`margin` is at least"),
    (
        "width = 210.0, height = 297.0",
        "width = 2100.0, height = 297.0",
        "mm wide and high",
    ),
    (
        "sizes = [26.0, 22.0",
        "sizes = [22.0, 26.0",
        "largest first",
    ),
    (
        "sizes = [26.0, 22.0, 18.0, 14.0]",
        "sizes = []",
        "largest first",
    ),
    (
        "leading = 28.0",
        "leading = 20.0",
        "no smaller than the first",
    ),
    ("indent = 28.0", "indent = 80.0", "wider than the box"),
    ("indent = 28.0", "ident = 28.0", "ident"),
    (
        "y = 62.7,",
        "y = 70.0,",
        "does not lie in the window's `opening`",
    ),
    (
        "kinds = [\"pin\", \"key\", \"receipt\"]",
        "kinds = []",
        "`kinds` is empty",
    ),
    (
        "kinds = [\"pin\", \"key\", \"receipt\"]",
        "kinds = [\"label\"]",
        "needs the box `bag`",
    ),
    (
        "kinds = [\"pin\", \"key\", \"receipt\"]",
        "kinds = [\"poster\"]",
        "poster",
    ),
    ("spelled = {", "spelled_out = {", "spelled_out"),
    (
        "x = 5.0, y = 105.0, length = 4.0",
        "x = -5.0, y = 105.0, length = 4.0",
        "a fold mark leaves",
    ),
    (
        "width = 25.0,  height = 25.0",
        "width = 0.0,  height = 25.0",
        "no width",
    ),
    (
        "width = 25.0,  height = 25.0",
        "width = nan,  height = 25.0",
        "leaves the printable",
    ),
    ("height = 27.3", "height = inf", "leaves the printable"),
    (
        "folds = [105.0, 210.0]",
        "folds = [nan, 210.0]",
        "in rising order",
    ),
    (
        "leading = 28.0",
        "leading = nan",
        "no smaller than the first",
    ),
    (
        "size = 8.0, leading = 10.5",
        "size = nan, leading = 10.5",
        "`spelled` needs",
    ),
    (
        "size = 8.0, leading = 10.5",
        "size = 8.0, leading = 1e30",
        "`spelled` needs",
    ),
    ("margin = 5.0", "margin = nan", "`margin` is at least"),
    (
        "x = 0.0, y = 42.0",
        "x = nan, y = 42.0",
        "holds the window's `opening`",
    ),
];

#[test]
fn a_profile_whose_numbers_cannot_be_is_refused() {
    for (from, to, reason) in IMPOSSIBLE {
        let said = planted("din5008b", &[(from, to)]);
        assert!(said.contains(reason), "{from} -> {to}: {said}");
    }
}

#[test]
fn a_profile_that_sets_pin_and_account_in_one_panel_is_refused() {
    for (changes, key) in [
        (
            vec![
                ("y = 214.0, width = 165.0", "y = 110.0, width = 165.0"),
                (
                    "y = 110.0, width = 165.0, height = 51.0",
                    "y = 120.0, width = 165.0, height = 41.0",
                ),
            ],
            "salutation",
        ),
        (
            vec![
                ("x = 125.0, y = 41.0, ", "x = 25.0, y = 172.0, "),
                (
                    "width = 70.0,  height = 34.0",
                    "width = 34.0, height = 34.0",
                ),
            ],
            "info",
        ),
    ] {
        let said = planted("din5008b", &changes);
        assert!(
            said.contains(&format!(
                "the box `{key}` tells whose key it is and lies in the PIN's panel"
            )),
            "{said}"
        );
    }
}

#[test]
fn words_beside_the_pin_name_nobody() {
    let profile = Profile::parse(shipped("din5008b")).unwrap();
    let english = SHIPPED_LETTERS
        .iter()
        .find(|(file, _)| *file == "letters/pin/en.toml")
        .unwrap()
        .1;
    for (from, to, message) in [
        (
            "Keep the PIN to yourself.",
            "{name}, keep the PIN to yourself.",
            "`opening`",
        ),
        ("Your PIN\"", "PIN of {name}\"", "`pin_label`"),
        ("security key\"", "{key}\"", "`subject`"),
        (
            "type the PIN without it.\"",
            "type the PIN of the {key} without it.\"",
            "`pin_note`",
        ),
    ] {
        assert!(english.contains(from), "{from}");
        let letter: Letter = toml::from_str(&english.replacen(from, to, 1)).unwrap();
        let said = profile.check_words(&letter).unwrap_err();
        assert!(
            said.starts_with(message) && said.contains("in the PIN's panel"),
            "{said}"
        );
    }
    // Where it stands elsewhere it may.
    let letter: Letter =
        toml::from_str(&english.replacen("Touch the key", "{name}, touch the {key}", 1)).unwrap();
    profile.check_words(&letter).unwrap();
    let c5 = Profile::parse(shipped("c5")).unwrap();
    let letter: Letter =
        toml::from_str(&english.replacen("Keep the PIN", "{name}, keep the PIN", 1)).unwrap();
    c5.check_words(&letter).unwrap();
}

/// din5008b with the PIN, its window and its folds elsewhere; the other boxes of the PIN's panel out of the way, so that what is
/// refused is refused for the PIN's sake.
fn moved(top: f32, left: f32, shift: f32, (first, second): (f32, f32)) -> String {
    let mut text = shipped("din5008b")
        .replace(
            "x = 60.0,  y = 168.5",
            &format!("x = {left:.1}, y = {top:.1}"),
        )
        .replace(
            "x = 0.0, y = 42.0",
            &format!("x = 0.0, y = {:.1}", 42.0 + shift),
        )
        .replace(
            "x = 15.0, y = 47.5",
            &format!("x = 15.0, y = {:.1}", 47.5 + shift),
        )
        .replace("[105.0, 210.0]", &format!("[{first:.1}, {second:.1}]"));
    for (key, x) in [("opening", 160), ("pin_label", 170), ("pin_note", 180)] {
        let is_box = |line: &&str| line.starts_with(key) && line.contains("sizes");
        let line = text.lines().find(is_box).unwrap().to_owned();
        let (_, sizes) = line.split_once("sizes").unwrap();
        let small =
            format!("{key} = {{ x = {x}.0, y = 80.0, width = 3.0, height = 3.0, sizes{sizes}");
        text = text.replace(&line, &small);
    }
    text
}

#[test]
fn whatever_numbers_are_written_a_profile_that_is_taken_hides_its_pin() {
    let (mut taken, mut refused) = (0, 0);
    for top in (100_u8..=214).step_by(3) {
        for left in [5.0, 60.0, 110.0] {
            for shift in [-3.0, 0.0, 2.0] {
                for folds in [
                    (105.0, 210.0),
                    (110.0, 213.0),
                    (104.0, 200.0),
                    (120.0, 190.0),
                ] {
                    match Profile::parse(&moved(f32::from(top), left, shift, folds)) {
                        Ok(profile) => {
                            taken += 1;
                            hides_its_pin(&profile, folds);
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(
        taken > 50 && refused > 500,
        "{taken} taken, {refused} refused"
    );
}

/// Point by point, on the folded sheet.
fn hides_its_pin(profile: &Profile, (first, second): (f32, f32)) {
    let pin = profile.boxes.pin.as_ref().unwrap().area();
    let slides = profile.window.unwrap().slides;
    let is_shown =
        |x: f32, y: f32| slides.x < x && x < slides.right() && slides.y < y && y < slides.bottom();
    for down in 0_u8..=12 {
        let y = pin.y + f32::from(down) * pin.height / 12.0;
        // In the middle panel; folded, this of the first panel lies behind it, and this of the third before it.
        assert!(first < y && y < second, "{pin:?}");
        let (behind, before) = (2.0 * first - y, 2.0 * second - y);
        assert!((0.0..=first).contains(&behind), "{pin:?}");
        assert!((second..=profile.paper.height).contains(&before), "{pin:?}");
        for across in 0_u8..=9 {
            let x = pin.x + f32::from(across) * pin.width / 9.0;
            assert!(!is_shown(x, y) && !is_shown(x, behind), "{pin:?}");
        }
    }
}
