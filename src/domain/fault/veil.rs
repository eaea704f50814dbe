//! What a log may say of a service's text. Faults are logged as they are written here, and no log line names a person, so
//! addresses are left out; at the slot and in the journal the text stands as it came.

/// What stands in place of an address.
const INSTEAD: &str = "(address)";

/// `text` without what could be a user name or a mail address.
pub fn veil(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "'\"`<>()[]{},;:=".contains(c);
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        if is_address(word) {
            shown.push_str(INSTEAD);
            shown.extend(piece.chars().skip(word.chars().count()));
        } else {
            shown.push_str(piece);
        }
    }
    shown
}

/// As it is typed, as it stands in an address line, or as the user name of a guest (`anna_fabrikam.com#EXT#@…`).
fn is_address(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["@", "%40"].iter().any(|sign| {
        word.split_once(sign)
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_told_and_nothing_else_is_lost() {
        for (text, told) in [
            (
                "Resource 'anna.lang@contoso.com' does not exist.",
                "Resource '(address)' does not exist.",
            ),
            ("users/anna%40contoso.com/x y", "(address) y"),
            (
                "anna_fabrikam.com#EXT#@contoso.onmicrosoft.com, bo@contoso.com",
                "(address), (address)",
            ),
            (
                "Ünïcode <a@b.de> and @odata.nextLink at 12:00",
                "Ünïcode <(address)> and @odata.nextLink at 12:00",
            ),
            ("", ""),
        ] {
            assert_eq!(veil(text), told);
        }
    }
}
