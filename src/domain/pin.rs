//! The PIN as a secret, and the rule it is drawn by. A PIN is made from bytes handed in and can be read in one way only.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A client PIN (CTAP 2.1 §6.5.1): 4 or more code points, at most 63 bytes of UTF-8 in NFC, no NUL.
///
/// It has no `Display`, `Clone` or `Serialize`; `Debug` shows nothing; the memory is wiped on drop.
pub struct Pin(Zeroizing<String>);

/// Bytes, CTAP 2.1 §6.5.1.
pub const PIN_BYTES_MAX: usize = 63;
/// Code points, CTAP 2.1 §6.5.1.
pub const PIN_CODE_POINTS_MIN: usize = 4;

impl Pin {
    /// Takes a PIN that someone gave us, normalised to NFC.
    ///
    /// # Errors
    /// [`PinUnfit`] when CTAP would refuse it. The error never quotes the PIN.
    pub fn new(text: &str) -> Result<Self, PinUnfit> {
        let text = Zeroizing::new(text.nfc().collect::<String>());
        if text.chars().count() < PIN_CODE_POINTS_MIN {
            return Err(PinUnfit::TooShort {
                minimum: PIN_CODE_POINTS_MIN,
            });
        }
        if text.len() > PIN_BYTES_MAX {
            return Err(PinUnfit::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PinUnfit::ControlCharacter);
        }
        Ok(Self(text))
    }

    /// The PIN in clear. The only way out: every use of it can be found by this name.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A second copy for a second owner, wiped like the first. Named, because a copy is a decision.
    pub fn duplicate(&self) -> Self {
        Self(Zeroizing::new(self.0.as_str().to_owned()))
    }

    /// Length in Unicode code points, as CTAP counts it.
    pub fn code_points(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(****)")
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        // Lengths of PINs are no secret here; the contents are compared without an early exit.
        self.0.len() == other.0.len()
            && self
                .0
                .bytes()
                .zip(other.0.bytes())
                .fold(0, |seen, (a, b)| seen | (a ^ b))
                == 0
    }
}

/// Why a text cannot be a PIN. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinUnfit {
    #[error("the PIN has fewer than {minimum} characters")]
    TooShort { minimum: usize },
    #[error("the PIN is longer than {PIN_BYTES_MAX} bytes")]
    TooLong,
    #[error("the PIN contains a control character")]
    ControlCharacter,
    #[error("the PIN is easy to guess ({0})")]
    Guessable(&'static str),
    #[error("a PIN of {length} characters is asked for; {minimum} to {PIN_BYTES_MAX} are possible")]
    LengthOutOfRange { length: usize, minimum: usize },
}

/// Which characters a PIN is drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// 0 to 9.
    #[default]
    Digits,
    /// Digits and lower-case letters without look-alikes.
    Alphanumeric,
}

impl Alphabet {
    /// The characters, all ASCII.
    pub const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            // Without 0 1 i l o u: they are read wrongly, or make words.
            Self::Alphanumeric => b"23456789abcdefghjkmnpqrstvwxyz",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_shows_nothing_of_itself() {
        let pin = Pin::new("48209173").unwrap();
        assert_eq!(format!("{pin:?}"), "Pin(****)");
        assert_eq!(format!("{:?}", Some(&pin)), "Some(Pin(****))");
        assert_eq!(pin.reveal(), "48209173");
    }

    #[test]
    fn the_limits_are_those_of_ctap_in_code_points_and_bytes() {
        let minimum = PIN_CODE_POINTS_MIN;
        assert_eq!(Pin::new("123"), Err(PinUnfit::TooShort { minimum }));
        assert!(Pin::new("1234").is_ok());
        assert!(Pin::new(&"1".repeat(63)).is_ok());
        assert_eq!(Pin::new(&"1".repeat(64)), Err(PinUnfit::TooLong));
        // Three code points of four bytes are too few, sixteen are too long.
        assert_eq!(Pin::new("🔑🔑🔑"), Err(PinUnfit::TooShort { minimum }));
        assert_eq!(Pin::new("🔑🔑🔑🔑").unwrap().code_points(), 4);
        assert_eq!(Pin::new(&"🔑".repeat(16)), Err(PinUnfit::TooLong));
    }

    #[test]
    fn a_pin_with_a_control_character_is_refused() {
        for text in ["1234\0", "12\n34", "1234\u{7f}"] {
            assert_eq!(Pin::new(text), Err(PinUnfit::ControlCharacter));
        }
    }

    #[test]
    fn a_pin_is_kept_in_nfc() {
        let composed = Pin::new("\u{e9}t\u{e9}1").unwrap();
        let decomposed = Pin::new("e\u{301}te\u{301}1").unwrap();
        assert!(composed == decomposed);
        assert_eq!(decomposed.code_points(), 4);
        // Four code points as typed, three as CTAP counts them.
        assert!(Pin::new("e\u{301}t1").is_err());
    }

    #[test]
    fn pins_are_equal_only_when_every_byte_is() {
        let pin = Pin::new("48209173").unwrap();
        assert!(pin == pin.duplicate());
        for other in ["48209174", "58209173", "4820917", "482091730"] {
            assert!(pin != Pin::new(other).unwrap());
        }
    }

    #[test]
    fn no_objection_quotes_the_pin() {
        for text in ["482", "482091\0", &"482091".repeat(20)] {
            let unfit = Pin::new(text).unwrap_err();
            assert!(!format!("{unfit} {unfit:?}").contains("482"));
        }
    }
}
