//! Values on the command line that have rules of their own.

/// A number of which there is one at least.
///
/// # Errors
/// In words, when it is none.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("a whole number such as 3 is needed".to_owned()),
    }
}

/// Why something is done, for the journal.
///
/// # Errors
/// In words, when there is nothing in it that could be read.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(char::is_alphanumeric) {
        Ok(text.to_owned())
    } else {
        Err("a reason has at least one letter or digit".to_owned())
    }
}

/// Characters of a badge.
const BADGE_LENGTH_MAX: usize = 40;

/// The badge of a person at the bench, as the journal keeps it.
///
/// # Errors
/// In words, when it is empty, too long, or holds characters that are not shown.
pub fn badge(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a badge has at least one character".to_owned());
    }
    if text.chars().count() > BADGE_LENGTH_MAX {
        return Err(format!("a badge has at most {BADGE_LENGTH_MAX} characters"));
    }
    if crate::face::say::clean(text) != text {
        return Err("a badge has no control or direction characters".to_owned());
    }
    Ok(text.to_owned())
}
