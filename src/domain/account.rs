//! Who may use the console: names, roles, and the passphrase as a secret. Pure; where accounts are kept is behind
//! [`crate::port::Accounts`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::domain::time::Timestamp;

/// Characters of a name.
pub const NAME_CHARACTERS_MAX: usize = 32;
/// Characters. Length is what makes a passphrase hard to guess (NIST SP 800-63B §3.1.1), so nothing else is asked of it.
pub const PASSPHRASE_CHARACTERS_MIN: usize = 12;
/// Bytes of UTF-8.
pub const PASSPHRASE_BYTES_MAX: usize = 256;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works at the bench: no PIN is opened, no passkey deleted, no policy changed.
    Operator,
    /// Everything that the operator may, and everything else.
    Administrator,
}

impl Role {
    /// The word that is typed and written down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }

    /// Whether whoever has this role may do what `needed` may.
    pub const fn covers(self, needed: Self) -> bool {
        match (self, needed) {
            (Self::Administrator, _) | (Self::Operator, Self::Operator) => true,
            (Self::Operator, Self::Administrator) => false,
        }
    }
}

/// The name that somebody signs in with: small letters, digits, `.`, `-` and `_`, the first a letter or digit. It stands in
/// the journal as whoever did something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = NameUnfit;

    fn from_str(text: &str) -> Result<Self, NameUnfit> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(NameUnfit::Empty);
        }
        if text.chars().count() > NAME_CHARACTERS_MAX {
            return Err(NameUnfit::TooLong);
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let begins = |text: &str| !text.starts_with(['.', '_', '-']);
        if !text.chars().all(fits) || !begins(&text) {
            return Err(NameUnfit::Characters);
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for AccountName {
    type Error = NameUnfit;

    fn try_from(text: String) -> Result<Self, NameUnfit> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameUnfit {
    #[error("the name is empty")]
    Empty,
    #[error("the name has more than {NAME_CHARACTERS_MAX} characters")]
    TooLong,
    #[error(
        "a name has letters a to z, digits, `.`, `-` and `_`, and begins with a letter or digit"
    )]
    Characters,
}

/// Somebody who may sign in to the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: AccountName,
    pub role: Role,
    /// When role or passphrase were last set. A session of an earlier one ends.
    pub set: Timestamp,
}

/// What is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    Added { role: Role },
    Removed,
    Passphrase,
}

/// A passphrase.
///
/// It has no `Display`, `Clone` or `Serialize`; `Debug` shows nothing; the memory is wiped on drop.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// One that somebody chooses for an account, normalised to NFC.
    ///
    /// # Errors
    /// [`PassphraseUnfit`], which never quotes it.
    pub fn chosen(text: &str) -> Result<Self, PassphraseUnfit> {
        let chosen = Self::offered(text);
        if chosen.0.chars().count() < PASSPHRASE_CHARACTERS_MIN {
            return Err(PassphraseUnfit::TooShort);
        }
        if chosen.0.len() > PASSPHRASE_BYTES_MAX {
            return Err(PassphraseUnfit::TooLong);
        }
        if chosen.0.chars().any(char::is_control) {
            return Err(PassphraseUnfit::ControlCharacter);
        }
        let first = chosen.0.chars().next();
        if chosen.0.chars().all(|c| Some(c) == first) {
            return Err(PassphraseUnfit::OneCharacter);
        }
        Ok(chosen)
    }

    /// One that somebody signs in with, whatever it is, normalised to NFC.
    pub fn offered(text: &str) -> Self {
        Self(Zeroizing::new(text.nfc().collect()))
    }

    /// The passphrase in clear. The only way out: every use of it can be found by this name.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether both are the same. Both come from whoever types them, so time tells nobody anything.
    pub fn is_same_as(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(****)")
    }
}

/// Why a text cannot be a passphrase. Never quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseUnfit {
    #[error("the passphrase has fewer than {PASSPHRASE_CHARACTERS_MIN} characters")]
    TooShort,
    #[error("the passphrase is longer than {PASSPHRASE_BYTES_MAX} bytes")]
    TooLong,
    #[error("the passphrase contains a control character")]
    ControlCharacter,
    #[error("the passphrase is one character over and over")]
    OneCharacter,
}

/// Why the accounts could not be read or changed. Never quotes a passphrase or what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountsFault {
    #[error("there is no account `{0}`")]
    Unknown(AccountName),
    #[error("there is an account `{0}` already")]
    Taken(AccountName),
    /// Nobody could add accounts in the console any more.
    #[error("`{0}` is the last administrator")]
    LastAdministrator(AccountName),
    /// More than fit into the file.
    #[error("there are {0} accounts already, and no more are taken")]
    TooMany(usize),
    /// Nobody changes accounts in secret: in words, why the ledger could not be told.
    #[error("it could not be noted in the ledger first: {0}")]
    Unnoted(String),
    /// What is there cannot be used, and is not written over.
    #[error("{place}: {what}")]
    Broken { place: String, what: String },
    #[error("{place} cannot be used: {what}")]
    Unusable { place: String, what: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_shows_nothing_of_itself() {
        let passphrase = Passphrase::chosen("correct horse battery").expect("it fits");
        assert_eq!(format!("{passphrase:?}"), "Passphrase(****)");
        assert_eq!(passphrase.reveal(), "correct horse battery");
    }

    #[test]
    fn what_cannot_be_a_passphrase_is_told_without_it() {
        for (text, why) in [
            ("elevenchars", PassphraseUnfit::TooShort),
            ("aaaaaaaaaaaaaaaa", PassphraseUnfit::OneCharacter),
            ("with\ta tab inside", PassphraseUnfit::ControlCharacter),
        ] {
            assert_eq!(Passphrase::chosen(text).expect_err(text), why);
        }
        let long = "ab".repeat(PASSPHRASE_BYTES_MAX);
        assert_eq!(
            Passphrase::chosen(&long).expect_err("too long"),
            PassphraseUnfit::TooLong
        );
        // Twelve characters are twelve, however many bytes they have.
        assert!(Passphrase::chosen("äöüßäöüßäöüß").is_ok());
    }

    #[test]
    fn the_same_passphrase_is_the_same_however_it_was_composed() {
        let (composed, apart) = ("pässphrase lang", "pa\u{308}ssphrase lang");
        assert!(Passphrase::offered(composed).is_same_as(&Passphrase::offered(apart)));
    }

    #[test]
    fn names_are_small_and_plain() {
        let name = |text: &str| text.parse::<AccountName>();
        assert_eq!(name(" Anna.Berg ").expect("a name").as_str(), "anna.berg");
        for (text, why) in [
            ("  ", NameUnfit::Empty),
            (".anna", NameUnfit::Characters),
            ("anna berg", NameUnfit::Characters),
            ("anna\u{202e}", NameUnfit::Characters),
            ("<b>", NameUnfit::Characters),
        ] {
            assert_eq!(name(text), Err(why), "{text}");
        }
        assert_eq!(name(&"a".repeat(33)), Err(NameUnfit::TooLong));
    }

    #[test]
    fn an_administrator_may_what_an_operator_may_and_not_the_other_way_round() {
        use Role::{Administrator, Operator};
        let covers = [(Administrator, Operator), (Operator, Administrator)];
        assert_eq!(covers.map(|(has, needs)| has.covers(needs)), [true, false]);
        assert!(Operator.covers(Operator) && Administrator.covers(Administrator));
    }
}
