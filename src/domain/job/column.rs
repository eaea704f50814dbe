//! The columns of a job file: which there are, how people spell them, and which one they probably meant.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// Below this likeness (Jaro-Winkler, 0 to 1) a guess would puzzle more than it helps.
const LIKENESS_MIN: f64 = 0.75;

/// Columns that begin so belong to whoever wrote the file; we do not read them.
pub const IGNORED_PREFIX: &str = "x_";

/// A column that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    User,
    Policy,
    Role,
    Replace,
    Language,
    Name,
    Department,
    Address,
    DeliverTo,
    Mail,
    KeyName,
    Serial,
    Pin,
    CurrentPin,
    Note,
}

impl Column {
    /// All of them, in the order in which the documentation lists them.
    pub const ALL: [Self; 15] = [
        Self::User,
        Self::Policy,
        Self::Role,
        Self::Replace,
        Self::Language,
        Self::Name,
        Self::Department,
        Self::Address,
        Self::DeliverTo,
        Self::Mail,
        Self::KeyName,
        Self::Serial,
        Self::Pin,
        Self::CurrentPin,
        Self::Note,
    ];

    /// The word in the file's header.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Replace => "replace",
            Self::Language => "language",
            Self::Name => "name",
            Self::Department => "department",
            Self::Address => "address",
            Self::DeliverTo => "deliver_to",
            Self::Mail => "mail",
            Self::KeyName => "key_name",
            Self::Serial => "serial",
            Self::Pin => "pin",
            Self::CurrentPin => "current_pin",
            Self::Note => "note",
        }
    }

    /// Whether its values are PINs: never quoted, wiped from archived files.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Pin | Self::CurrentPin)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a header or a key turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    Known(Column),
    /// Begins with [`IGNORED_PREFIX`], or is empty and so names nothing.
    Ignored,
    Unknown {
        nearest: Option<Column>,
    },
}

impl Heading {
    /// Reads a header as people write it: `Deliver To`, `KEY-NAME` and `key_name` are what they look like.
    pub fn read(text: &str) -> Self {
        let word = normal(text);
        if word.is_empty() || word.starts_with(IGNORED_PREFIX) {
            return Self::Ignored;
        }
        let known = Column::ALL.into_iter().find(|column| column.word() == word);
        known.map_or_else(
            || Self::Unknown {
                nearest: nearest(&word, Column::ALL.map(Column::word)).and_then(|nearest| {
                    Column::ALL
                        .into_iter()
                        .find(|column| column.word() == nearest)
                }),
            },
            Self::Known,
        )
    }

    /// Whether the cells under this heading must be wiped before the file is kept. A heading that we do not know may be a
    /// misspelt `pin`, and an ignored one may say that it holds one.
    pub fn is_wiped(self, text: &str) -> bool {
        match self {
            Self::Known(column) => column.is_secret(),
            Self::Ignored => normal(text).contains("pin"),
            Self::Unknown { .. } => true,
        }
    }
}

/// The likeliest of `candidates` for a misspelt `word`, if one is like enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            // Two letters changed places in a short word: the likeness alone does not see that.
            let slip = strsim::damerau_levenshtein(word, &lower) <= 1;
            (strsim::jaro_winkler(word, &lower), slip, candidate)
        })
        .filter(|(likeness, slip, _)| *slip || *likeness >= LIKENESS_MIN)
        .max_by(|(a, slip_a, _), (b, slip_b, _)| slip_a.cmp(slip_b).then(a.total_cmp(b)))
        .map(|(_, _, candidate)| candidate)
}

/// Lower case, composed, with `_` for whatever else people put between words.
pub fn normal(text: &str) -> String {
    super::row::trim(text)
        .nfc()
        .flat_map(char::to_lowercase)
        .map(|c| {
            if c.is_whitespace() || c == '-' {
                '_'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_read_as_people_write_them() {
        for (text, column) in [
            ("user", Column::User),
            (" Deliver To ", Column::DeliverTo),
            ("KEY-NAME", Column::KeyName),
            ("\u{FEFF}Current Pin", Column::CurrentPin),
        ] {
            assert_eq!(Heading::read(text), Heading::Known(column), "{text}");
        }
        for text in ["x_cost_centre", "X_Team", "", "  "] {
            assert_eq!(Heading::read(text), Heading::Ignored, "{text}");
        }
    }

    #[test]
    fn a_misspelt_heading_gets_its_nearest_column() {
        for (text, column) in [
            ("polcy", Column::Policy),
            ("usr", Column::User),
            ("adress", Column::Address),
            ("langauge", Column::Language),
            ("pni", Column::Pin),
            ("serial number", Column::Serial),
        ] {
            let nearest = Some(column);
            assert_eq!(Heading::read(text), Heading::Unknown { nearest }, "{text}");
        }
        assert_eq!(Heading::read("zqxj"), Heading::Unknown { nearest: None });
    }

    #[test]
    fn what_may_hold_a_pin_is_wiped() {
        for (text, wiped) in [
            ("pin", true),
            ("current_pin", true),
            ("pni", true),
            ("x_old_pin", true),
            ("x_team", false),
            ("user", false),
        ] {
            assert_eq!(Heading::read(text).is_wiped(text), wiped, "{text}");
        }
    }
}
