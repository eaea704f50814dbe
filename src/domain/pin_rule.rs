//! How PINs are drawn: evenly over an alphabet, by rejection sampling from bytes handed in, and never one that people guess.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::pin::{Alphabet, PIN_BYTES_MAX, Pin, PinUnfit};

/// The shortest PIN that is drawn: NIST SP 800-63B-4 asks for six characters of an activation secret.
pub const DRAWN_LENGTH_MIN: usize = 6;
/// A PIN of the default rule is guessable less often than once in a thousand draws, so this bound is never met.
const DRAWS_MAX: usize = 1000;

/// How a policy draws PINs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PinRule {
    /// Characters.
    pub length: usize,
    pub alphabet: Alphabet,
}

impl Default for PinRule {
    fn default() -> Self {
        Self {
            length: 8,
            alphabet: Alphabet::Digits,
        }
    }
}

/// Why no PIN was drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDrawn<E> {
    #[error(transparent)]
    Unfit(#[from] PinUnfit),
    #[error("the source of randomness failed")]
    Entropy(E),
    #[error("no PIN was good enough after {DRAWS_MAX} draws")]
    Exhausted,
}

impl PinRule {
    /// Whether PINs of this rule are possible and worth having.
    ///
    /// # Errors
    /// [`PinUnfit::LengthOutOfRange`].
    pub fn check(&self) -> Result<(), PinUnfit> {
        if (DRAWN_LENGTH_MIN..=PIN_BYTES_MAX).contains(&self.length) {
            Ok(())
        } else {
            Err(PinUnfit::LengthOutOfRange {
                length: self.length,
                minimum: DRAWN_LENGTH_MIN,
            })
        }
    }

    /// Draws a PIN from `fill`, which fills a slice with unpredictable bytes. Every acceptable PIN is equally likely.
    ///
    /// # Errors
    /// [`NotDrawn`]; the failure of `fill` is handed on.
    pub fn draw<E>(
        &self,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Pin, NotDrawn<E>> {
        self.check()?;
        for _ in 0..DRAWS_MAX {
            let text = self.draw_text(&mut fill).map_err(NotDrawn::Entropy)?;
            if guessable(&text).is_none() {
                return Ok(Pin::new(&text)?);
            }
        }
        Err(NotDrawn::Exhausted)
    }

    fn draw_text<E>(
        &self,
        fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Zeroizing<String>, E> {
        let characters = self.alphabet.characters();
        let count = u8::try_from(characters.len()).unwrap_or(u8::MAX).max(1);
        // Bytes at or above the largest multiple of `count` are thrown away, or the first characters would be likelier.
        let limit = u16::from(count) * (256 / u16::from(count));
        let mut text = Zeroizing::new(String::with_capacity(self.length));
        let mut byte = Zeroizing::new([0_u8; 1]);
        while text.len() < self.length {
            fill(byte.as_mut_slice())?;
            let [drawn] = *byte;
            if u16::from(drawn) < limit
                && let Some(character) = characters.get(usize::from(drawn % count))
            {
                text.push(char::from(*character));
            }
        }
        Ok(text)
    }
}

/// Refuses a PIN that an administrator specified when it is one that people guess.
///
/// # Errors
/// [`PinUnfit::Guessable`] with the kind of pattern, never the PIN.
pub fn refuse_guessable(pin: &Pin) -> Result<(), PinUnfit> {
    guessable(pin.reveal()).map_or(Ok(()), |why| Err(PinUnfit::Guessable(why)))
}

const COMMON: [&str; 9] = [
    "123456", "123123", "654321", "123321", "112233", "121212", "520520", "123654", "159753",
];
const KEYBOARD_ROWS: [&str; 3] = [
    "qwertzuiopasdfghjklyxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
];

/// Which guessable pattern a PIN follows.
fn guessable(text: &str) -> Option<&'static str> {
    let characters = Zeroizing::new(text.to_lowercase().bytes().collect::<Vec<u8>>());
    let digits = characters.iter().all(u8::is_ascii_digit);
    if distinct(&characters) <= 2 {
        Some("few different characters")
    } else if is_run(&characters) {
        Some("a run")
    } else if repeats_a_block(&characters) {
        Some("a repeated block")
    } else if pairs(&characters) {
        Some("doubled characters")
    } else if characters.iter().eq(characters.iter().rev()) {
        Some("a palindrome")
    } else if digits && is_keypad_walk(&characters) {
        Some("a path on the keypad")
    } else if digits && is_date(&characters) {
        Some("a date")
    } else if !digits && is_on_a_keyboard_row(&characters) {
        Some("a row of the keyboard")
    } else if COMMON.contains(&text) {
        Some("among the most common")
    } else {
        None
    }
}

fn distinct(characters: &[u8]) -> usize {
    let mut seen = [false; 256];
    characters
        .iter()
        .filter(|character| {
            seen.get_mut(usize::from(**character))
                .is_some_and(|seen| !std::mem::replace(seen, true))
        })
        .count()
}

/// Up or down by one at each step; 9 and 0 are neighbours.
fn is_run(characters: &[u8]) -> bool {
    let steps = |difference: i16| {
        characters.windows(2).all(|pair| match pair {
            [a, b] => {
                let step = i16::from(*b) - i16::from(*a);
                step == difference
                    || (step == -9 * difference && a.is_ascii_digit() && b.is_ascii_digit())
            }
            _ => false,
        })
    };
    steps(1) || steps(-1)
}

fn repeats_a_block(characters: &[u8]) -> bool {
    (1..=characters.len() / 2)
        .filter(|size| characters.len().is_multiple_of(*size))
        .any(|size| {
            let first = characters.get(..size).unwrap_or(&[]);
            characters.chunks(size).all(|chunk| chunk == first)
        })
}

fn pairs(characters: &[u8]) -> bool {
    characters.len().is_multiple_of(2)
        && characters
            .chunks(2)
            .all(|pair| matches!(pair, [a, b] if a == b))
}

/// Each digit is the same as the last one or beside, above or below it on a telephone keypad.
fn is_keypad_walk(digits: &[u8]) -> bool {
    let place = |digit: u8| match digit {
        b'0' => (3_i8, 1_i8),
        _ => {
            let index = i8::try_from(digit.saturating_sub(b'1')).unwrap_or(0);
            (index / 3, index % 3)
        }
    };
    digits.windows(2).all(|pair| match pair {
        [a, b] => {
            let ((row_a, column_a), (row_b, column_b)) = (place(*a), place(*b));
            (row_a - row_b).abs() + (column_a - column_b).abs() <= 1
        }
        _ => false,
    })
}

/// Neighbours on a keyboard, from left to right or back.
fn is_on_a_keyboard_row(characters: &[u8]) -> bool {
    KEYBOARD_ROWS.iter().any(|row| {
        row.as_bytes()
            .windows(characters.len())
            .any(|part| part == characters || part.iter().eq(characters.iter().rev()))
    })
}

/// A day of a month with a year, in any usual order, over the whole PIN of six or eight digits.
fn is_date(digits: &[u8]) -> bool {
    let number = |range: std::ops::Range<usize>| {
        digits
            .get(range)
            .unwrap_or(&[])
            .iter()
            .fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    };
    let day_month = |at: usize| {
        let (a, b) = (number(at..at + 2), number(at + 2..at + 4));
        let is = |day: u32, month: u32| (1..=31).contains(&day) && (1..=12).contains(&month);
        is(a, b) || is(b, a)
    };
    let year = |at: usize| (1920..=2039).contains(&number(at..at + 4));
    match digits.len() {
        8 => (day_month(0) && year(4)) || (year(0) && day_month(4)),
        6 => day_month(0) || day_month(2),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
