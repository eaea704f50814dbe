//! What a line is that a hand scanner, or a person, has typed: a letter, a bag, or nothing that concerns us. Never guesses: half a
//! code is none, and what a touched security key types is none either.
//!
//! # Why
//! A hand scanner is a keyboard. It types the keys of one layout into a computer that may have another: on a German one `:` becomes
//! `Ö`, `-` becomes `ß`, and `y` and `z` change places. Digits stay what they are, and a control number carries check digits. So
//! the number counts, any one sign between the fields will do, and the batch is only held against what the ledger says of it.

use serde::{Deserialize, Serialize};

use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{CONTROL_DIGITS, ControlNumber, ControlNumberWrong};

/// How the square code of a letter begins: `PM1:batch:control:sequence`.
const SHEET: &str = "PM1";
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
}

impl Printed {
    /// Whether a letter of this batch and place says so, as far as that survives a keyboard of another country: letters and
    /// digits count, their case and signs between them do not, and `y` is as good as `z`.
    pub fn belongs_to(&self, batch: &BatchName, sequence: u32) -> bool {
        self.sequence == sequence && bones(&self.batch).eq(bones(&batch.0))
    }
}

fn bones(text: &str) -> impl Iterator<Item = char> {
    let plain = text.chars().filter(char::is_ascii_alphanumeric);
    plain.map(|c| match c.to_ascii_lowercase() {
        'z' => 'y',
        other => other,
    })
}

/// Reads a line. `None`: it is no code, or not a whole one, and answers nothing.
pub fn read(line: &str) -> Option<Code> {
    let line = line.trim();
    sheet(line).or_else(|| number(line)).or_else(|| item(line))
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
    if begun.is_some_and(|begun| begun.eq_ignore_ascii_case(SHEET)) {
        return read(line).is_none().then_some(Slip::Half);
    }
    let wrong = ControlNumber::parse(&digits(line)?);
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

/// What may stand between two fields: one sign, or a letter of another keyboard in its place.
fn is_between(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !character.is_control()
}

fn digits_at_end(text: &str) -> (&str, &str) {
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    text.split_at_checked(rest.len()).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn control() -> ControlNumber {
        ControlNumber::draw(4_820_917_355_u64.to_be_bytes()).unwrap()
    }

    fn typed(number: ControlNumber) -> Code {
        Code::Sheet {
            control: number,
            printed: None,
        }
    }

    #[test]
    fn a_number_is_taken_however_it_is_grouped() {
        let control = control();
        let digits = control.to_string();
        let grouped = control.grouped();
        for line in [
            digits.clone(),
            grouped.clone(),
            grouped.replace(' ', "-"),
            grouped.replace(' ', "ß"),
            grouped.replace(' ', "\u{a0}"),
            format!("  {digits}\r"),
        ] {
            assert_eq!(read(&line), Some(typed(control)), "{line}");
            assert_eq!(slip(&line), None, "{line}");
        }
    }

    #[test]
    fn a_square_code_survives_the_keyboards_of_other_countries() {
        let number = control();
        for line in [
            format!("PM1:easy-2026:{number}:7"),
            format!("PM1ÖeaszßÖ2026Ö{number}Ö7"),
            format!("pm1öeaszß2026ö{number}ö7"),
            format!("PM1>EASY_2026>{number}>7"),
            format!("Pm1;easy-2026;{number};7"),
            format!("PM1:easy:2026:{number}:7\n"),
        ] {
            let Some(Code::Sheet {
                control,
                printed: Some(printed),
            }) = read(&line)
            else {
                panic!("{line}");
            };
            assert_eq!(control, number);
            let batch = BatchName("easy-2026".to_owned());
            assert!(printed.belongs_to(&batch, 7), "{line}");
            assert!(!printed.belongs_to(&batch, 8));
            assert!(!printed.belongs_to(&BatchName("easy-2025".to_owned()), 7));
        }
    }

    #[test]
    fn bags_and_letters_are_told_apart() {
        for (line, code) in [
            ("B-0042", Code::Bag(Envelope(42))),
            ("b-0042", Code::Bag(Envelope(42))),
            ("Bß0042", Code::Bag(Envelope(42))),
            ("B 12345\r", Code::Bag(Envelope(12_345))),
            ("L-0042", Code::Letter(Envelope(42))),
            ("l/0042", Code::Letter(Envelope(42))),
        ] {
            assert_eq!(read(line), Some(code), "{line}");
        }
    }

    #[test]
    fn half_a_code_and_what_is_none_answer_nothing() {
        let number = control();
        let whole = format!("PM1:easy-2026:{number}:7");
        for end in 0..whole.len() - 1 {
            assert_eq!(read(&whole[..end]), None, "{}", &whole[..end]);
        }
        for start in 1..whole.len() {
            // The end of a code is one more only where it is a whole number by itself, and here it never is.
            assert_eq!(read(&whole[start..]), None, "{}", &whole[start..]);
        }
        for line in [
            "",
            "\r\n",
            "B-",
            "B-004",
            "B-00042",
            "B--0042",
            "B0042",
            "B-0042x",
            "B-99999999999",
            "X-0042",
            "P",
            "PM1",
            "PM1:",
            "quit",
            "wipe 3",
            "cccccbdefghijklnrtuvcbdefghijklnrtuvcbdefghi",
            "755224",
            "87287082",
            "4820 9173 5599",
            "٤٨٢٠٩١٧٣٥٥٨٣",
            "ÖÖÖ",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_slip_is_told_from_what_was_never_meant() {
        let wrong = "4820 9173 5599";
        assert_eq!(slip(wrong), Some(Slip::CheckDigits));
        assert_eq!(slip("PM1:easy-2026:4820"), Some(Slip::Half));
        for line in ["", "755224", "cccccbdefghi", "quit", "B-004"] {
            assert_eq!(slip(line), None, "{line}");
        }
    }

    #[test]
    fn random_digits_are_hardly_ever_a_number() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let taken = (0..20_000)
            .filter(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                read(&format!("{:012}", state % 1_000_000_000_000)).is_some()
            })
            .count();
        assert!((100..400).contains(&taken), "{taken} of 20,000");
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(line in any::<String>()) {
            let _ = (read(&line), slip(&line));
        }

        #[test]
        fn no_line_of_the_signs_of_codes_is_too_strange(line in "[PMBLpmbl1:Öß 0-9-]{0,40}") {
            let _ = slip(&line);
            if let Some(code) = read(&line) {
                prop_assert!(line.chars().filter(char::is_ascii_digit).count() >= ENVELOPE_DIGITS_MIN, "{code:?}");
            }
        }

        #[test]
        fn every_letter_is_read_back(body in any::<[u8; 8]>(), batch in "[^\\p{C}]{1,40}", sequence in 1..100_000_u32) {
            if let Some(control) = ControlNumber::draw(body) {
                let Some(Code::Sheet { control: read, printed: Some(printed) }) =
                    read(&format!("PM1:{batch}:{control}:{sequence}")) else {
                    return Err(TestCaseError::fail("no code"));
                };
                prop_assert_eq!(read, control);
                prop_assert!(printed.belongs_to(&BatchName(batch), sequence));
            }
        }

        #[test]
        fn what_a_touched_key_types_is_nothing(text in "[cbdefghijklnrtuv]{32,48}") {
            prop_assert_eq!(read(&text), None);
            prop_assert_eq!(slip(&text), None);
        }
    }
}
