//! One cell: what it may be, how it is trimmed, how it may be quoted, and the shapes that texts have to have.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A quotation in an error is no longer than this.
const QUOTE_CHARS_MAX: usize = 40;
/// A run of so many digits in a wrong place may be a PIN that slipped into the next column.
const DIGITS_SUSPECT: usize = 4;

/// A cell as the file had it. CSV knows texts alone.
pub enum Cell {
    Text(Zeroizing<String>),
    Flag(bool),
    /// A number, in the digits of the file as far as the format keeps them.
    Number(Zeroizing<String>),
    Lines(Vec<String>),
    /// Something that no column takes.
    Other,
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(trim(text)),
            Self::Flag(_) | Self::Lines(_) | Self::Other => None,
        }
    }
}

impl fmt::Debug for Cell {
    // A cell may hold a PIN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(..)")
    }
}

/// Without white space at either end, nor the invisible marks that copying from pages and spreadsheets brings along.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}' | '\u{2060}')
    })
}

/// In NFC. Most text is ASCII, which is composed already.
pub(super) fn composed(text: &str) -> String {
    if text.is_ascii() {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}

/// Quotes values in errors, unless they may be a PIN.
pub(super) struct Quoter<'a> {
    secrets: Vec<&'a str>,
}

impl<'a> Quoter<'a> {
    pub(super) fn new(secrets: Vec<&'a str>) -> Self {
        Self { secrets }
    }

    /// The value in quotation marks, shortened; or words saying that it is not shown.
    pub(super) fn quote(&self, text: &str) -> String {
        let mut run = 0;
        let digits = text.chars().any(|c| {
            run = if c.is_numeric() { run + 1 } else { 0 };
            run >= DIGITS_SUSPECT
        });
        if digits && !text.contains('@') {
            return "the value (not shown here: it could be a PIN)".to_owned();
        }
        self.quote_number(text)
    }

    /// The same for a column where long numbers belong.
    pub(super) fn quote_number(&self, text: &str) -> String {
        let holds_secret = |secret: &&str| !secret.is_empty() && text.contains(secret);
        if self.secrets.iter().any(holds_secret) {
            return "the value (not shown here: it holds the PIN)".to_owned();
        }
        quote(text)
    }
}

/// A text that is no secret, in quotation marks, on one line and shortened.
pub(super) fn quote(text: &str) -> String {
    let mut short: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(QUOTE_CHARS_MAX)
        .collect();
    if text.chars().count() > QUOTE_CHARS_MAX {
        short.push('…');
    }
    format!("\"{short}\"")
}

/// `1.23E+07`, as spreadsheets write long numbers, with either decimal sign.
pub(in crate::domain) fn looks_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix('+');
    digits(whole) && digits(fraction) && exponent.is_some_and(digits)
}

/// 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_object_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let hexadecimal = |group: &&str| group.chars().all(|c| c.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(hexadecimal)
}

/// The shape of a user principal name, as far as it can be judged from here: who exists, only the tenant knows.
pub(super) fn check_upn(text: &str) -> Result<(), String> {
    let Some((local, domain)) = text.split_once('@') else {
        return Err("it has no @".to_owned());
    };
    if domain.contains('@') {
        return Err("it has more than one @".to_owned());
    }
    if local.is_empty() || domain.is_empty() {
        return Err("a part beside the @ is missing".to_owned());
    }
    if !is_domain(domain) {
        return Err("what follows the @ is not a domain".to_owned());
    }
    let wrong = |c: &char| !c.is_ascii_graphic() || r#""<>()[]{}\/|,;:?%*"#.contains(*c);
    match text.chars().find(wrong) {
        Some(c) if c.is_whitespace() => Err("it has a space in it".to_owned()),
        Some(c) => Err(format!("Entra does not take the character {c} in it")),
        None => Ok(()),
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    text.contains('.') && text.split('.').all(label)
}

/// One mail address, bare.
pub(super) fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        let wrong = |c: char| c.is_whitespace() || r#""<>(),;:\"#.contains(c);
        !local.is_empty() && !local.chars().any(wrong) && is_domain(domain)
    })
}

/// Yes and no, also as spreadsheets in our languages write them.
pub(super) fn read_flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" | "on" | "ja" | "oui" | "sí" | "si" | "wahr" | "vrai"
        | "verdadero" => Some(true),
        "false" | "no" | "n" | "0" | "off" | "nein" | "non" | "falsch" | "faux" | "falso" => {
            Some(false)
        }
        _ => None,
    }
}

/// A fault's text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(chars)
        .chain(['.'])
        .collect()
}
