//! What a line is that a hand scanner, or a person, has typed: a letter, a bag, or nothing that concerns us. Never guesses: half a
//! code is none, and what a touched security key types is none either.
//!
//! # Why
//! A hand scanner is a keyboard. It types the keys of one layout into a computer that may have another: on a German one `:` becomes
//! `Ö`, `-` becomes `ß`, and `y` and `z` change places. Digits stay what they are, and a control number carries check digits. So
//! the number counts, any one sign between the fields will do, and the batch is only held against what the ledger says of it.
//! A French keyboard has its digits behind shift: `à&é"'(-è_ç` are digits where the whole line makes a code with them. Each sign is
//! one digit and no other, so a bag's label, which has no check digits, is read from them as well.

use serde::{Deserialize, Serialize};

use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{CONTROL_DIGITS, ControlNumber, ControlNumberWrong};

/// How the square code of a letter begins: `PM1:batch:control:sequence`.
const SHEET: &str = "PM1";
/// The same where the digits of a French keyboard became signs.
const SHEET_IN_SIGNS: &str = "PM&";
/// The same where every key became what a French keyboard has there.
const SHEET_IN_FRENCH: &str = "P?&";
/// Envelopes are shown with at least so many digits: fewer of them are half a code.
const ENVELOPE_DIGITS_MIN: usize = 4;

/// What was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A printed letter, by the number that only this sheet has.
    Sheet {
        control: ControlNumber,
        /// What its square code says besides; `None`: the number alone was typed.
        printed: Option<Printed>,
    },
    /// The key's bag, `B-0042`.
    Bag(Envelope),
    /// The letter as lists call it, `L-0042`. It is on no sheet, so whoever types it need not have one in hand.
    Letter(Envelope),
}

/// Batch and place of a letter, as its square code was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    batch: String,
    sequence: u32,
    /// The digits came as the signs of a French keyboard, where a hyphen may be a six.
    #[serde(default)]
    signs: bool,
}

impl Printed {
    /// Whether a letter of this batch and place says so, as far as that survives a keyboard of another country: letters and
    /// digits count, their case and signs between them do not, and `y` is as good as `z`.
    pub fn belongs_to(&self, batch: &BatchName, sequence: u32) -> bool {
        let counts = |c: &char| !(self.signs && *c == '6');
        let (printed, known) = (bones(&self.batch), bones(&batch.0));
        self.sequence == sequence && printed.filter(counts).eq(known.filter(counts))
    }
}

fn bones(text: &str) -> impl Iterator<Item = char> {
    // A Turkish keyboard has an `ı` where others have their `i`.
    let latin = text.chars().map(|c| match c {
        'ı' | 'İ' => 'i',
        other => other,
    });
    let plain = latin.filter(char::is_ascii_alphanumeric);
    plain.map(|c| match c.to_ascii_lowercase() {
        'z' => 'y',
        other => other,
    })
}

/// Reads a line. `None`: it is no code, or not a whole one, and answers nothing.
pub fn read(line: &str) -> Option<Code> {
    let line = line.trim();
    sheet(line)
        .or_else(|| number(line))
        .or_else(|| item(line))
        .or_else(|| french(line))
}

/// Why a line is no code although somebody may have meant one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// Twelve digits whose check digits do not agree.
    CheckDigits,
    /// The square code of a letter, but not all of it.
    Half,
}

/// Looks whether a line that [`read`] does not take was meant for it.
pub fn slip(line: &str) -> Option<Slip> {
    let line = line.trim();
    let begun = line.get(..SHEET.len());
    let begins = |code: &str| begun.is_some_and(|begun| begun.eq_ignore_ascii_case(code));
    if [SHEET, SHEET_IN_SIGNS, SHEET_IN_FRENCH]
        .into_iter()
        .any(begins)
    {
        return read(line).is_none().then_some(Slip::Half);
    }
    let wrong = ControlNumber::parse(&digits(line).or_else(|| digits_in_signs(line))?);
    (wrong == Err(ControlNumberWrong::CheckDigits)).then_some(Slip::CheckDigits)
}

fn sheet(line: &str) -> Option<Code> {
    let begun = line.get(..SHEET.len())?;
    if !begun.eq_ignore_ascii_case(SHEET) {
        return None;
    }
    let rest = line.get(SHEET.len()..)?.strip_prefix(is_between)?;
    // From its end, because a batch may be called anything.
    let (rest, sequence) = digits_at_end(rest);
    let sequence = sequence.parse().ok()?;
    let rest = rest.strip_suffix(is_between)?;
    let (rest, control) = rest.split_at_checked(rest.len().checked_sub(CONTROL_DIGITS)?)?;
    let control = whole_number(control)?;
    let batch = rest.strip_suffix(is_between)?;
    let printed = Printed {
        batch: batch.to_owned(),
        sequence,
        signs: false,
    };
    Some(Code::Sheet {
        control,
        printed: Some(printed),
    })
}

fn whole_number(digits: &str) -> Option<ControlNumber> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| ControlNumber::parse(digits).ok()).flatten()
}

fn number(line: &str) -> Option<Code> {
    let control = ControlNumber::parse(&digits(line)?).ok()?;
    Some(Code::Sheet {
        control,
        printed: None,
    })
}

/// The digits of a line that has nothing else but what stands between their groups: blanks and hyphens, also as a German
/// keyboard types them.
fn digits(line: &str) -> Option<String> {
    let mut digits = String::with_capacity(CONTROL_DIGITS);
    for character in line.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '-' | 'ß' | '\u{2010}'..='\u{2013}' => {}
            blank if blank.is_whitespace() => {}
            _ => return None,
        }
    }
    Some(digits)
}

fn item(line: &str) -> Option<Code> {
    let mut letters = line.chars();
    let code = match letters.next()? {
        'b' | 'B' => Code::Bag,
        'l' | 'L' => Code::Letter,
        _ => return None,
    };
    let number = letters.as_str().strip_prefix(is_between)?;
    let padded = number.len() > ENVELOPE_DIGITS_MIN && number.starts_with('0');
    if number.len() < ENVELOPE_DIGITS_MIN
        || padded
        || !number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    number.parse().ok().map(Envelope).map(code)
}

/// The same from a French keyboard, if it is a whole code then.
fn french(line: &str) -> Option<Code> {
    let as_on_ours: String = line.chars().map(on_our_keyboard).collect();
    // The whole line was typed there, letters and all.
    sheet(&as_on_ours)
        .or_else(|| signs_for_digits(line))
        .or_else(|| number(&digits_in_signs(line)?))
        .or_else(|| item_in_signs(line))
}

/// The digits of a line that has nothing but their signs, and what stands between their groups.
fn digits_in_signs(line: &str) -> Option<String> {
    // A line of hyphens is a line, and no row of sixes.
    if line
        .chars()
        .all(|c| matches!(c, '-' | ')') || c.is_whitespace())
    {
        return None;
    }
    let mut digits = String::with_capacity(CONTROL_DIGITS);
    for character in line.chars() {
        match french_digit(character) {
            Some(digit) => digits.push(digit),
            None if character == ')' || character.is_whitespace() => {}
            None => return None,
        }
    }
    Some(digits)
}

/// A bag or a letter whose hyphen may have become a bracket, and whose digits all became signs.
fn item_in_signs(line: &str) -> Option<Code> {
    let mut signs = line.chars();
    let letter = signs.next()?;
    let between = signs.next()?;
    let rest = signs.as_str();
    let is_line = between == '-' && rest.chars().all(|c| c == '-');
    if is_line || !matches!(between, '-' | ')') {
        return None;
    }
    let digits: Option<String> = rest.chars().map(french_digit).collect();
    item(&format!("{letter}-{}", digits?))
}

/// A square code of which the digits alone became signs.
fn signs_for_digits(line: &str) -> Option<Code> {
    let begun = line.get(..SHEET.len())?;
    let rest = line.get(SHEET.len()..)?;
    let known = begun.eq_ignore_ascii_case(SHEET) || begun.eq_ignore_ascii_case(SHEET_IN_SIGNS);
    if !known {
        return None;
    }
    // Where shift is the wrong way round, it is so for the signs as well.
    let rest = rest.chars().map(|c| match french_digit(c) {
        Some(digit) => digit,
        None if c.is_ascii_digit() => '-',
        None => c,
    });
    let line: String = SHEET.chars().chain(rest).collect();
    match sheet(&line)? {
        Code::Sheet {
            control,
            printed: Some(printed),
        } => Some(Code::Sheet {
            control,
            printed: Some(Printed {
                signs: true,
                ..printed
            }),
        }),
        Code::Sheet { printed: None, .. } | Code::Bag(_) | Code::Letter(_) => None,
    }
}

/// What the row of digits types on a French keyboard without shift.
const fn french_digit(sign: char) -> Option<char> {
    Some(match sign {
        '&' => '1',
        'é' => '2',
        '"' => '3',
        '\'' => '4',
        '(' => '5',
        '-' => '6',
        'è' => '7',
        '_' => '8',
        'ç' => '9',
        'à' => '0',
        _ => return None,
    })
}

/// What the key that types this on a French keyboard types on an American one, as far as names of batches need it.
fn on_our_keyboard(typed: char) -> char {
    match typed {
        'a' => 'q',
        'q' => 'a',
        'w' => 'z',
        'z' => 'w',
        'A' => 'Q',
        'Q' => 'A',
        'W' => 'Z',
        'Z' => 'W',
        ',' => 'm',
        '?' => 'M',
        'm' => ';',
        'M' => ':',
        ';' => ',',
        ':' => '.',
        '!' => '/',
        ')' => '-',
        '°' => '_',
        // With shift they are the signs above the digits.
        '0'..='9' => '#',
        other => french_digit(other).unwrap_or(other),
    }
}

/// What may stand between two fields: one sign, or a letter of another keyboard in its place.
fn is_between(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !character.is_control()
}

fn digits_at_end(text: &str) -> (&str, &str) {
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    text.split_at_checked(rest.len()).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests;
