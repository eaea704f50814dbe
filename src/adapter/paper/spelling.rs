//! The PIN in words, by the digits and the spelling alphabet of the letter's language. What it returns is the PIN and is wiped.

use zeroize::Zeroizing;

use super::letter::{Letter, PageDirection};
use super::values::{END, FIRST_LETTER};
use crate::domain::mailer::{Mailer, pin_groups};

/// The digits in groups, and the same in words. Both are the PIN.
pub(super) fn spell(letter: &Letter, mailer: &Mailer) -> (Zeroizing<String>, Zeroizing<String>) {
    // Room beforehand, so that growing leaves no copies behind.
    const ROOM_BYTES: usize = 4096;
    let is_backwards = letter.page.direction == PageDirection::RightToLeft;
    let mut digits = Zeroizing::new(String::with_capacity(ROOM_BYTES));
    let mut words = Zeroizing::new(String::with_capacity(ROOM_BYTES));
    for (index, group) in pin_groups(&mailer.pin).iter().enumerate() {
        if index > 0 {
            digits.push(' ');
            words.push_str(" – ");
        }
        digits.push_str(group);
        for (index, character) in group.chars().enumerate() {
            if index > 0 {
                words.push_str(&letter.between);
            }
            // In a page from right to left the words stand in its order one by one, Latin ones among them.
            if is_backwards {
                words.push(FIRST_LETTER);
            }
            words.push_str(&spell_character(letter, character));
            if is_backwards {
                words.push(END);
            }
        }
    }
    (digits, words)
}

/// One character of the PIN in words; a sign that no spelling alphabet names stands for itself.
fn spell_character(letter: &Letter, character: char) -> Zeroizing<String> {
    let small = character.to_lowercase().next().unwrap_or(character);
    let digit = character
        .to_digit(10)
        .and_then(|digit| usize::try_from(digit).ok())
        .and_then(|digit| letter.digits.get(digit));
    Zeroizing::new(match (digit, letter.spelling.get(&small)) {
        (Some(word), _) => word.clone(),
        (None, Some(word)) if small == character => word.clone(),
        (None, Some(word)) => letter.capital.fill(|_| word),
        (None, None) => character.to_string(),
    })
}
