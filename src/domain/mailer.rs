//! What stands on a PIN mailer, and the control number of one printed sheet.
//!
//! A mailer carries the PIN but no account: neither user name nor mail address, and of the serial the end only. It is built
//! for one sheet, shown to a press and dropped; it cannot be cloned, serialised, or debugged with its PIN or its person.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use crate::domain::job::{BatchName, Envelope, Request};
use crate::domain::pin::Pin;

mod companion;

pub use self::companion::{Companion, CompanionKind, SheetKind};

/// The number of one printed sheet: ten random digits and two check digits (ISO 7064, MOD 97-10). It tells nothing about
/// person or key, and a sheet printed in place of another has a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ControlNumber {
    /// Below [`CONTROL_BODIES`].
    body: u64,
}

/// How many control numbers there are: ten digits.
const CONTROL_BODIES: u64 = 10_000_000_000;
/// Ten random and two check digits.
pub const CONTROL_DIGITS: usize = 12;

impl ControlNumber {
    /// Draws a number from bytes of the operating system's randomness. `None`, once in some two thousand million times,
    /// when these bytes would favour some numbers: then hand in others.
    pub fn draw(bytes: [u8; 8]) -> Option<Self> {
        let drawn = u64::from_be_bytes(bytes);
        let fair = u64::MAX - u64::MAX % CONTROL_BODIES;
        (drawn < fair).then_some(Self {
            body: drawn % CONTROL_BODIES,
        })
    }

    /// Reads a number that was scanned or typed; spaces and hyphens between digits are ignored.
    ///
    /// # Errors
    /// [`ControlNumberWrong`] when it is not twelve digits, or the check digits do not agree.
    pub fn parse(text: &str) -> Result<Self, ControlNumberWrong> {
        let mut whole: u64 = 0;
        let mut count = 0;
        for character in text.trim().chars().filter(|c| !matches!(c, ' ' | '-')) {
            let digit = character
                .to_digit(10)
                .ok_or(ControlNumberWrong::NotTwelveDigits)?;
            count += 1;
            if count > CONTROL_DIGITS {
                return Err(ControlNumberWrong::NotTwelveDigits);
            }
            whole = whole * 10 + u64::from(digit);
        }
        if count != CONTROL_DIGITS {
            return Err(ControlNumberWrong::NotTwelveDigits);
        }
        let number = Self { body: whole / 100 };
        // ISO 7064 §8: computed anew and compared, because a remainder of 1 alone also passes the check digits 00, 01 and 99.
        if number.check_digits() == whole % 100 {
            Ok(number)
        } else {
            Err(ControlNumberWrong::CheckDigits)
        }
    }

    /// The twelve digits in three groups, for reading: `4820 9173 5525`.
    pub fn grouped(self) -> String {
        let digits = self.to_string();
        let mut out = String::with_capacity(CONTROL_DIGITS + 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                out.push(' ');
            }
            out.push(digit);
        }
        out
    }

    const fn check_digits(self) -> u64 {
        98 - self.body * 100 % 97
    }
}

impl fmt::Display for ControlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}{:02}", self.body, self.check_digits())
    }
}

impl fmt::Debug for ControlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlNumber({self})")
    }
}

impl From<ControlNumber> for String {
    fn from(number: ControlNumber) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for ControlNumber {
    type Error = ControlNumberWrong;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// Why a text is no control number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlNumberWrong {
    #[error("a control number has {CONTROL_DIGITS} digits")]
    NotTwelveDigits,
    #[error("the check digits of the control number do not agree: it was misread or mistyped")]
    CheckDigits,
}

/// Where a letter goes, below the name.
#[derive(Clone, PartialEq, Eq)]
pub enum Destination {
    /// Lines of a postal address, without the name.
    Postal(Vec<String>),
    /// Internal mail: a place, or a person who hands it over.
    Internal(Option<String>),
}

impl Destination {
    /// Where `request` wants the letter: `deliver_to` wins over an address.
    pub fn of(request: &Request) -> Self {
        match (&request.deliver_to, request.address.as_slice()) {
            (Some(place), _) => Self::Internal(Some(place.clone())),
            (None, []) => Self::Internal(None),
            (None, lines) => Self::Postal(lines.to_vec()),
        }
    }

    /// The lines as they stand on paper.
    pub fn lines(&self) -> &[String] {
        match self {
            Self::Postal(lines) => lines,
            Self::Internal(place) => place.as_slice(),
        }
    }
}

/// The content of one PIN letter.
pub struct Mailer {
    /// BCP 47 primary tag of the letter's words, such as `de`.
    pub language: String,
    /// The name of the person.
    pub recipient: String,
    pub department: Option<String>,
    pub destination: Destination,
    /// The model, as people call it.
    pub key_model: String,
    /// The last characters of the serial, where the key has one (see `Serial::ending`).
    pub serial_ending: Option<String>,
    pub envelope: Envelope,
    pub batch: BatchName,
    /// Place in the batch, from 1.
    pub sequence: u32,
    pub control: ControlNumber,
    /// The day on the letter, in the station's time zone.
    pub date: jiff::civil::Date,
    /// Whether the key demands a new PIN at first use: the words follow.
    pub force_pin_change: bool,
    pub pin: Pin,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({}, {})", self.envelope, self.control)
    }
}

impl Mailer {
    /// Refuses what paper cannot show truly: control characters, marks that turn the direction of text, invisible ones, marks
    /// piled on one letter, and blanks in a PIN.
    ///
    /// # Errors
    /// [`MailerUnfit`], naming the field; of a PIN never a character.
    pub fn check(&self) -> Result<(), MailerUnfit> {
        check_fields(self.fields())?;
        if self.recipient.trim().is_empty() {
            return Err(MailerUnfit::NoRecipient);
        }
        // A blank would drown in the gaps between the groups.
        if self
            .pin
            .reveal()
            .chars()
            .any(|c| c.is_whitespace() || is_deceptive(c))
            || piles_marks(self.pin.reveal())
        {
            return Err(MailerUnfit::PinUnreadable);
        }
        Ok(())
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let address = self.destination.lines().iter();
        [
            ("the recipient's name", Some(self.recipient.as_str())),
            ("the department", self.department.as_deref()),
            ("the key model", Some(self.key_model.as_str())),
            ("the serial", self.serial_ending.as_deref()),
            ("the batch name", Some(self.batch.0.as_str())),
        ]
        .into_iter()
        .filter_map(|(field, text)| text.map(|text| (field, text)))
        .chain(address.map(|line| ("the address", line.as_str())))
    }
}

/// Refuses the first field that holds what paper cannot show truly.
fn check_fields<'a>(
    fields: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<(), MailerUnfit> {
    for (field, text) in fields {
        if let Some(character) = text.chars().find(|c| is_deceptive(*c)) {
            return Err(MailerUnfit::Character {
                field,
                code: u32::from(character),
            });
        }
        if piles_marks(text) {
            return Err(MailerUnfit::Marks { field });
        }
    }
    Ok(())
}

/// The PIN in groups for the eye, of four characters or a little less, so that none stands alone: 4+4, 3+3, 4+3.
pub fn pin_groups(pin: &Pin) -> Vec<Zeroizing<String>> {
    const GROUP_MAX: usize = 4;
    let count = pin.code_points();
    let groups = count.div_ceil(GROUP_MAX).max(1);
    let (size, larger) = (count / groups, count % groups);
    let mut characters = pin.reveal().chars();
    (0..groups)
        .map(|index| {
            let length = size + usize::from(index < larger);
            // Room for the longest characters, so that no half-filled copy is left behind by growing.
            let mut group = Zeroizing::new(String::with_capacity(length * 4));
            group.extend(characters.by_ref().take(length));
            group
        })
        .collect()
}

/// Why a mailer cannot stand on paper.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailerUnfit {
    #[error(
        "{field} holds the invisible or control character U+{code:04X}; remove it from the job file"
    )]
    Character { field: &'static str, code: u32 },
    #[error(
        "{field} has more than {MARKS_MAX} accents or other marks on one letter; write it without them"
    )]
    Marks { field: &'static str },
    #[error("the recipient has no name; the job file has a column `name` for it")]
    NoRecipient,
    #[error(
        "the PIN holds a blank, an invisible character or marks piled on one letter, which nobody can read from paper"
    )]
    PinUnreadable,
}

/// On one letter. Hebrew has four with a point, a vowel, a dagesh and an accent, Vietnamese and Thai two.
const MARKS_MAX: usize = 4;

/// Whether more than [`MARKS_MAX`] marks stand on one letter: piled up they would be seen far from their line, over whatever
/// stands there. A joiner between them begins no new letter.
pub fn piles_marks(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|c| {
        if is_combining_mark(c) {
            marks += 1;
        } else if !matches!(c, '\u{200C}' | '\u{200D}') {
            marks = 0;
        }
        marks > MARKS_MAX
    })
}

/// Characters that make a text look like another. The joiners U+200C and U+200D are not among them: Persian and Indic names
/// need them.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{180E}'
                | '\u{200B}'
                | '\u{200E}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFF}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_number_reads_back_and_knows_every_slip() {
        let number = ControlNumber::draw(4_820_917_355_u64.to_be_bytes()).unwrap();
        let text = number.to_string();
        assert_eq!(text.len(), CONTROL_DIGITS);
        assert_eq!(ControlNumber::parse(&number.grouped()), Ok(number));
        // ISO 7064 MOD 97-10: the whole leaves a remainder of 1.
        assert_eq!(text.parse::<u64>().unwrap() % 97, 1);
        for at in 0..CONTROL_DIGITS {
            for digit in '0'..='9' {
                let slip: String = text
                    .chars()
                    .enumerate()
                    .map(|(index, c)| if index == at { digit } else { c })
                    .collect();
                assert_eq!(ControlNumber::parse(&slip).is_ok(), slip == text, "{slip}");
            }
            let mut swapped: Vec<char> = text.chars().collect();
            if at + 1 < CONTROL_DIGITS {
                swapped.swap(at, at + 1);
                let swapped: String = swapped.into_iter().collect();
                assert_eq!(
                    ControlNumber::parse(&swapped).is_ok(),
                    swapped == text,
                    "{swapped}"
                );
            }
        }
    }

    #[test]
    fn bytes_that_would_favour_some_numbers_are_refused() {
        assert_eq!(ControlNumber::draw([0xFF; 8]), None);
        let last_fair = u64::MAX - u64::MAX % CONTROL_BODIES - 1;
        assert!(
            ControlNumber::draw(last_fair.to_be_bytes())
                .is_some_and(|number| number.to_string().starts_with("9999999999"))
        );
        assert_eq!(ControlNumber::draw((last_fair + 1).to_be_bytes()), None);
    }

    #[test]
    fn what_is_not_twelve_digits_is_no_control_number() {
        for text in [
            "",
            "1",
            "cccccbdefghijk",
            "4820917355831",
            "48209173558",
            "٤٨٢٠٩١٧٣٥٥٨٣",
        ] {
            assert_eq!(
                ControlNumber::parse(text),
                Err(ControlNumberWrong::NotTwelveDigits),
                "{text}"
            );
        }
        assert!(serde_json::from_str::<ControlNumber>("\"000000000000\"").is_err());
    }

    #[test]
    fn pins_fall_into_even_groups() {
        for (pin, groups) in [
            ("4820", "4820"),
            ("48209", "482 09"),
            ("482091", "482 091"),
            ("4820917", "4820 917"),
            ("48209173", "4820 9173"),
            ("482091735", "482 091 735"),
            ("4820917355", "4820 917 355"),
        ] {
            let shown: Vec<String> = pin_groups(&Pin::new(pin).unwrap())
                .iter()
                .map(|group| group.as_str().to_owned())
                .collect();
            assert_eq!(shown.join(" "), groups);
        }
    }

    #[test]
    fn marks_pile_on_no_letter_and_every_script_keeps_its_own() {
        for mark in ['\u{301}', '\u{323}', '\u{E49}', '\u{20DD}', '\u{94D}'] {
            let of = |count: usize| format!("Schnuppe{}", mark.to_string().repeat(count));
            assert!(!piles_marks(&of(MARKS_MAX)));
            assert!(piles_marks(&of(MARKS_MAX + 1)));
            assert!(piles_marks(&of(90)));
            assert!(piles_marks(&format!("{}\u{200D}{mark}", of(MARKS_MAX))));
        }
        for name in [
            "Nguye\u{302}\u{303}n Thi\u{323} A\u{301}nh Tuye\u{302}\u{301}t",
            "น้ำผึ้ง ที่รัก",
            // Shin with its dot, a dagesh, a vowel and an accent.
            "\u{5E9}\u{5C1}\u{5BC}\u{5B8}\u{596}לוֹם",
            "अनुष्का क्षत्रिय शर्मा",
            "مُحَمَّد",
        ] {
            assert!(!piles_marks(name), "{name}");
        }
    }

    #[test]
    fn internal_mail_wins_over_an_address() {
        let mut request = Request {
            address: vec!["1 Main Street".to_owned()],
            ..Request::default()
        };
        assert_eq!(
            Destination::of(&request).lines(),
            ["1 Main Street".to_owned()]
        );
        request.deliver_to = Some("Building 7, post room".to_owned());
        assert_eq!(
            Destination::of(&request).lines(),
            ["Building 7, post room".to_owned()]
        );
        assert!(Destination::of(&Request::default()).lines().is_empty());
    }
}
