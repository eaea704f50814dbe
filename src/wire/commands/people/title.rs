//! The name of a batch that is made of a group: it stands on every letter, so only what the station's letters can set comes into
//! it. Never names a person.

use unicode_normalization::UnicodeNormalization as _;

use crate::adapter::paper::Composer;
use crate::adapter::system::SystemClock;
use crate::domain::job::sheet::ROWS_MAX;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{Destination, Mailer};
use crate::domain::person::Group;
use crate::face::say::clean;
use crate::port::Clock;
use crate::wire::WireFault;
use crate::wire::trials::{no_number, pin};

/// So much of a group's name stands in the batch's name that the minute behind it still fits.
const NAME_CHARS_MAX: usize = 50;
/// So much of a group's id tells it from the others of a tenant.
const ID_CHARS: usize = 8;
/// It is set to be looked at, and thrown away.
const PIN: &str = "12345678";

/// The batch's name: so much of the group's as letters can have, and `minute`.
pub(in crate::wire) fn of(
    group: &Group,
    minute: &str,
    composer: &Composer,
    language: &str,
) -> Result<String, WireFault> {
    let mut letter = letter(language)?;
    let mut fits = |title: &str| {
        title.clone_into(&mut letter.batch.0);
        composer.check(&letter).is_ok()
    };
    let name = name(group, &mut |name| fits(&format!("{name} {minute}")));
    Ok(format!("{name} {minute}"))
}

/// What `fits` says of a name is asked of every character that is not plain, and of the whole.
fn name(group: &Group, fits: &mut dyn FnMut(&str) -> bool) -> String {
    let id: String = group.id.0.chars().take(ID_CHARS).collect();
    let plain = format!("group {id}");
    if !fits(&plain) {
        // No letter can be made at all, so nothing is learnt of the name.
        return plain;
    }
    // A letter and its accent are one character where there is one for both.
    let shown: String = group.display_name.nfc().take(NAME_CHARS_MAX).collect();
    let mut lost = false;
    let mut kept = String::new();
    for character in shown.chars() {
        if character.is_whitespace() {
            kept.push(' ');
        } else if character.is_ascii_graphic()
            || is_seen(character) && fits(&format!("{plain}{character}"))
        {
            kept.push(character);
        } else {
            lost = true;
        }
    }
    let mut kept = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    while !kept.is_empty() && !fits(&kept) {
        kept.pop();
        lost = true;
    }
    let kept = kept.trim_end();
    // What is left of a name in a script that cannot be set is seldom more than a number.
    if kept.is_empty() || lost && !kept.chars().any(char::is_alphabetic) {
        return plain;
    }
    kept.to_owned()
}

/// Neither steers a line nor hides in it: nobody could type the name of such a batch.
fn is_seen(character: char) -> bool {
    let hidden = matches!(
        character,
        '\u{AD}' | '\u{34F}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}'
    );
    let as_text = character.to_string();
    !hidden && clean(&as_text) == as_text
}

/// A letter of nobody's, as wide as any in what stands beside the batch's name.
fn letter(language: &str) -> Result<Mailer, WireFault> {
    Ok(Mailer {
        language: language.to_owned(),
        recipient: "Anna Lang".to_owned(),
        department: None,
        destination: Destination::Postal(vec!["12 Example Street".to_owned()]),
        key_model: "Security Key NFC".to_owned(),
        serial_ending: Some("0000".to_owned()),
        envelope: Envelope(999_999),
        batch: BatchName(String::new()),
        sequence: u32::try_from(ROWS_MAX).unwrap_or(u32::MAX),
        control: no_number()?,
        date: SystemClock.today(),
        force_pin_change: true,
        pin: pin(PIN)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::paper::Templates;
    use crate::domain::person::ObjectId;
    use crate::wire::stationery::shipped_composer;

    const MINUTE: &str = "2026-11-22 2259";
    const ID: &str = "9a000000-0000-4000-8000-000000000001";

    fn group(name: &str) -> Group {
        Group {
            id: ObjectId(ID.to_owned()),
            display_name: name.to_owned(),
            description: None,
        }
    }

    #[test]
    fn what_letters_cannot_set_does_not_come_into_the_batchs_name() {
        let composer = shipped_composer(Templates::PROFILE).expect("a composer");
        let check = |name: &str, wanted: &str| {
            let title = of(&group(name), MINUTE, &composer, "en").expect("a name");
            assert_eq!(title, format!("{wanted} {MINUTE}"), "{name}");
            let mut letter = letter("en").expect("a letter");
            letter.batch = BatchName(title);
            assert_eq!(composer.check(&letter), Ok(()), "{name}");
        };
        check("Vertrieb Süd (A & B)", "Vertrieb Süd (A & B)");
        check("Łódź", "Łódź");
        check("Zu\u{308}rich", "Zürich");
        check("Sales\u{202E}gpj", "Salesgpj");
        check("Sa\u{AD}les\u{200B} \u{1F512}\u{FE0F} EU", "Sales EU");
        check("Line\r\nbreak\u{1b}[2J", "Line break[2J");
        check("新しい", "group 9a000000");
        check("新しい 2026", "group 9a000000");
        check("2026", "2026");
        check("\u{1F512}", "group 9a000000");
        check(" ", "group 9a000000");
    }

    #[test]
    fn a_name_is_cut_until_it_fits_and_stays_where_nothing_is_learnt() {
        let long = "Ü".repeat(300);
        let cut = name(&group(&long), &mut |name| name.chars().count() <= 20);
        assert_eq!(cut, "Ü".repeat(20));
        assert_eq!(name(&group("Sales"), &mut |_| false), "group 9a000000");
        let composer = shipped_composer(Templates::PROFILE).expect("a composer");
        let title = of(&group(&long), MINUTE, &composer, "en").expect("a name");
        assert!(title.starts_with("ÜÜÜÜÜÜÜÜÜÜ"), "{title}");
    }
}
