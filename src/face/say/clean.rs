//! Text from outside (names, file names, answers of services), made harmless for a terminal: it can neither move the cursor
//! nor turn the direction of the line around it. Letters of every script stay as they are.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands in place of a character that is not shown.
const INSTEAD: char = '\u{FFFD}';

/// One line of text, without control and direction characters.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if is_harmless(c) { c } else { INSTEAD })
        .collect()
}

/// As [`clean`], but line feeds stay: for texts of our own that quote others.
pub fn lines(text: &str) -> String {
    text.chars()
        .map(|c| {
            if is_harmless(c) || c == '\n' {
                c
            } else {
                INSTEAD
            }
        })
        .collect()
}

/// `text` made harmless and cut to `width` columns, with an ellipsis where it was cut.
pub fn fit(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.width() <= width {
        return text;
    }
    let room = width.saturating_sub(1);
    let mut used = 0_usize;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            used = used.saturating_add(c.width().unwrap_or(0));
            used <= room
        })
        .collect();
    short.push('…');
    short
}

/// `text` made harmless, cut and filled with spaces to exactly `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let text = fit(text, width);
    let missing = width.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// As [`pad`], with the text at the right.
pub fn pad_left(text: &str, width: usize) -> String {
    let text = fit(text, width);
    " ".repeat(width.saturating_sub(text.width())) + &text
}

fn is_harmless(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            // Direction: marks, embeddings, overrides, isolates.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators, and what shows nothing and joins nothing.
            | '\u{2028}' | '\u{2029}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_line_is_not_shown() {
        for (from, to) in [
            ("Anna Lang", "Anna Lang"),
            ("Łukasz Żółć 王芳 עדי", "Łukasz Żółć 王芳 עדי"),
            ("a\u{1b}[2Jb", "a\u{FFFD}[2Jb"),
            ("a\u{9b}31mb", "a\u{FFFD}31mb"),
            ("gpj\u{202E}.exe", "gpj\u{FFFD}.exe"),
            ("a\r\nb\tc", "a\u{FFFD}\u{FFFD}b\u{FFFD}c"),
            ("نیم\u{200C}فاصله", "نیم\u{200C}فاصله"),
            ("a\u{2067}b\u{2069}", "a\u{FFFD}b\u{FFFD}"),
        ] {
            assert_eq!(clean(from), to);
        }
    }

    #[test]
    fn columns_count_what_the_eye_sees() {
        assert_eq!(pad("王芳", 6), "王芳  ");
        assert_eq!(fit("王芳王芳", 6), "王芳…");
        assert_eq!(pad_left("7", 3), "  7");
        assert_eq!(fit("Anna", 4), "Anna");
        assert_eq!(fit("Annas", 4), "Ann…");
    }
}
