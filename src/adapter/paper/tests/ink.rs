//! Marks above and below letters, as many as anybody writes and many more: none reaches out of its line, on no kind of paper.

use super::scripts::composer_with;
use super::*;
use crate::domain::mailer::{Companion, CompanionKind};

#[test]
fn marks_never_reach_out_of_their_line() {
    for profile in ["din5008b", "seal-z"] {
        let shipped = || composer_with(profile, &[]);
        for mark in ["\u{301}", "\u{323}", "\u{E49}"] {
            let pile = format!("Schnuppe{}", mark.repeat(90));
            let mut letter = mailer("en", "73094186");
            letter.recipient = pile.clone();
            let slip = Companion::of(CompanionKind::Key, &letter);
            for refused in [shipped().check(&letter), shipped().check_companion(&slip)] {
                let said = refused.unwrap_err().to_string();
                assert!(
                    said.contains("the recipient's name has more than 4 accents"),
                    "{profile} U+{:04X}: {said}",
                    u32::from(mark.chars().next().unwrap())
                );
            }
            // What the letterhead says is no field of the letter: there the ink is looked at.
            for (field, head) in [
                ("the organisation's name", Letterhead::of(&pile)),
                (
                    "the line on where to ask",
                    Letterhead {
                        help: Some(format!("Ask {pile}")),
                        ..head()
                    },
                ),
            ] {
                let stationery = Stationery {
                    profile: profile.to_owned(),
                    ..Stationery::default()
                };
                let composer =
                    Composer::new(Templates::shipped().unwrap(), head, stationery).unwrap();
                let letter = mailer("en", "73094186");
                let said = composer.check(&letter).unwrap_err().to_string();
                // No face has a Latin letter under a mark of another script, which is said before any ink is looked at.
                let why = if mark == "\u{E49}" {
                    format!("{field} holds “\u{E49}” (U+0E49), a character of the script Thai")
                } else {
                    format!("{field} is too high for the letter")
                };
                assert!(said.contains(&why), "{profile}: {said}");
            }
        }
        // Four marks on a letter are the most that a script has; they stay where they belong or are refused in words.
        for name in [
            "NGUYỄN THỊ ÁNH TUYẾT",
            "Nguye\u{302}\u{303}n Thi\u{323} Tuye\u{302}\u{301}t",
            "น้ำผึ้ง ที่รัก ปู่ ฐู",
            "\u{5E9}\u{5C1}\u{5BC}\u{5B8}\u{596}לוֹם",
            "अनुष्का क्षत्रिय र्त्स्न्यां",
            "مُحَمَّد بِنْ عَبْدِ اللَّهِ",
        ] {
            let mut letter = mailer("en", "73094186");
            letter.recipient = name.to_owned();
            if let Err(fault) = shipped().check(&letter) {
                panic!("{profile} {name}: {fault}");
            }
        }
    }
}
