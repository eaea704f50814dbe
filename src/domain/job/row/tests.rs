//! One row at a time: a good one, and what each single fault says. No complaint ever holds a PIN.

use expect_test::{Expect, expect};

use zeroize::Zeroizing;

use super::*;
use crate::domain::authenticator::Serial;
use crate::domain::pin::Pin;

fn rules() -> Rules {
    Rules {
        policies: vec!["standard".to_owned(), "keep".to_owned()],
        default_policy: Some("standard".to_owned()),
        languages: ["de", "en", "es", "fr"].map(str::to_owned).to_vec(),
    }
}

fn row(cells: &[(Column, &str)]) -> RawRow {
    let mut all = vec![(Column::User, Cell::text("anna.lang@contoso.com"))];
    for (column, text) in cells {
        all.retain(|(known, _)| known != column);
        all.push((*column, Cell::text(*text)));
    }
    RawRow {
        line: 7,
        cells: all,
        refused: false,
    }
}

fn check_says(cells: &[(Column, &str)], wanted: Expect) {
    let text: String = match check(&row(cells), &rules()) {
        Ok(draft) => format!("{:?}\n", draft.request),
        Err(bad) => bad
            .iter()
            .map(|bad| {
                let column = bad.column.as_deref().unwrap_or("-");
                format!("{column} {:?}: {} -> {}\n", bad.code, bad.message, bad.hint)
            })
            .collect(),
    };
    wanted.assert_eq(&text);
}

fn good(cells: &[(Column, &str)]) -> Draft {
    check(&row(cells), &rules()).expect("a good row")
}

#[test]
fn a_row_of_a_user_alone_is_good() {
    let draft = good(&[]);
    assert_eq!(draft.line, 7);
    assert_eq!(draft.request.user, "anna.lang@contoso.com");
    assert_eq!(draft.request.policy, "standard");
    assert_eq!(draft.request.role, Role::Primary);
    assert!(draft.pin.is_none() && draft.current_pin.is_none());
}

#[test]
fn everything_is_trimmed_and_composed() {
    let draft = good(&[
        (
            Column::User,
            "\u{FEFF} 0A1B2C3D-0000-4444-8888-1234567890AB\u{A0}",
        ),
        (Column::Name, " Jose\u{301} "),
        (Column::Language, "DE-at"),
        (Column::Role, "Backup"),
        (Column::Replace, "WAHR"),
        (Column::Address, " Hauptstr. 1 |\n| 10115 Berlin"),
        (Column::Note, "first\r\nsecond"),
        (Column::Serial, " 00123 "),
        (Column::Pin, " 48159263 "),
    ]);
    let request = draft.request;
    assert_eq!(request.user, "0a1b2c3d-0000-4444-8888-1234567890ab");
    assert_eq!(request.name.as_deref(), Some("José"));
    assert_eq!(request.language.as_deref(), Some("de"));
    assert_eq!(request.role, Role::Backup);
    assert!(request.replace);
    assert_eq!(request.address, ["Hauptstr. 1", "10115 Berlin"]);
    assert_eq!(request.note.as_deref(), Some("first / second"));
    assert_eq!(request.serial, Serial::new("00123"));
    assert!(draft.pin == Pin::new("48159263").ok());
}

#[test]
fn formulas_stay_text() {
    let draft = good(&[(Column::Name, "=HYPERLINK(\"x\")"), (Column::Note, "=1+1")]);
    assert_eq!(draft.request.name.as_deref(), Some("=HYPERLINK(\"x\")"));
    assert_eq!(draft.request.note.as_deref(), Some("=1+1"));
}

#[test]
fn each_fault_of_words_says_what_and_what_to_do() {
    use Column as C;
    check_says(
        &[(C::User, "")],
        expect![[r#"
        user UserMissing: There is no user in this row. -> Write the user principal name, such as anna.lang@contoso.com, or the object id.
    "#]],
    );
    check_says(
        &[(C::User, "anna.lang")],
        expect![[r#"
        user UserShape: "anna.lang" is not a user principal name: it has no @. -> Write it as in Entra, such as anna.lang@contoso.com, or write the object id (8-4-4-4-12 hexadecimal digits).
    "#]],
    );
    check_says(
        &[(C::User, "anna lang@contoso.com")],
        expect![[r#"
        user UserShape: "anna lang@contoso.com" is not a user principal name: it has a space in it. -> Write it as in Entra, such as anna.lang@contoso.com, or write the object id (8-4-4-4-12 hexadecimal digits).
    "#]],
    );
    check_says(
        &[(C::User, "jürgen@contoso.com")],
        expect![[r#"
        user UserShape: "jürgen@contoso.com" is not a user principal name: Entra does not take the character ü in it. -> Write it as in Entra, such as anna.lang@contoso.com, or write the object id (8-4-4-4-12 hexadecimal digits).
    "#]],
    );
    check_says(
        &[(C::Policy, "standrad")],
        expect![[r#"
        policy UnknownPolicy: There is no policy "standrad". -> Did you mean standard? The policies are: standard, keep.
    "#]],
    );
    check_says(
        &[(C::Role, "second")],
        expect![[r#"
        role UnknownRole: "second" is not a role. -> The roles are: primary, backup.
    "#]],
    );
    check_says(
        &[(C::Replace, "maybe")],
        expect![[r#"
        replace NotYesOrNo: "maybe" is neither yes nor no. -> Write yes or no; an empty cell means no.
    "#]],
    );
    check_says(
        &[(C::Language, "it")],
        expect![[r#"
        language UnknownLanguage: There are no letters in the language "it". -> The languages are: de, en, es, fr.
    "#]],
    );
}

#[test]
fn each_fault_of_shape_says_what_and_what_to_do() {
    use Column as C;
    check_says(
        &[(C::Mail, "Anna <anna@contoso.com>")],
        expect![[r#"
        mail MailShape: "Anna <anna@contoso.com>" is not a mail address. -> Write one address, such as anna.lang@contoso.com, without a name around it.
    "#]],
    );
    check_says(
        &[(C::Address, "1|2|3|4|5|6")],
        expect![[r#"
        address AddressTooLong: The address has 6 lines; 5 fit under the name in the window. -> Join lines, or use deliver_to for internal mail.
    "#]],
    );
    check_says(
        &[(C::Name, "a\nb")],
        expect![[r#"
            name ControlCharacter: There is a line break in it. -> Write it in one line. Only address and note may have several.
        "#]],
    );
    check_says(
        &[(C::Department, "a\u{7}b")],
        expect![[r#"
            department ControlCharacter: There is an invisible control character in it. -> Type the text anew instead of pasting it.
        "#]],
    );
    let piled = format!("Schnuppe{}", "\u{323}".repeat(90));
    check_says(
        &[(C::Name, &piled)],
        expect![[r#"
            name ControlCharacter: Accents or other marks are piled up on one letter of it. -> Type the text anew, without them.
        "#]],
    );
    check_says(
        &[(C::KeyName, "1234567890123456789012345678901")],
        expect![[r#"
            key_name KeyNameTooLong: The key name has 31 characters; Entra takes 30 at most. -> Shorten it, or leave it empty: then the policy names the key.
        "#]],
    );
    check_says(
        &[(C::Serial, "1.23E+07")],
        expect![[r#"
        serial SerialRounded: The serial "1.23E+07" was rounded by the spreadsheet; its last digits are lost. -> Format the column as text, type the serial again, and save.
    "#]],
    );
    check_says(
        &[(C::Serial, "=\"0012\"")],
        expect![[r#"
        serial SerialShape: "="0012"" is not a serial number. -> Write it as it is printed on the key, without formulas, spaces or quotation marks.
    "#]],
    );
    check_says(
        &[(C::Pin, "123")],
        expect![[r#"
        pin PinUnfit: The PIN has fewer than 4 characters. -> A PIN has 4 characters or more. Did the spreadsheet drop a leading zero? Then format the column as text.
    "#]],
    );
    check_says(
        &[(C::Pin, "1,5E+07")],
        expect![[r#"
        pin PinRounded: The PIN looks like a number that a spreadsheet rounded; its last digits are lost. -> Format the column as text, type the PIN again, and save.
    "#]],
    );
}

#[test]
fn all_faults_of_a_row_come_at_once() {
    let cells = [
        (Column::User, "nobody"),
        (Column::Policy, "none"),
        (Column::Language, "xx"),
        (Column::CurrentPin, "1"),
    ];
    let bad = check(&row(&cells), &rules()).expect_err("four faults");
    let codes: Vec<Code> = bad.iter().map(|bad| bad.code).collect();
    assert_eq!(
        codes,
        [
            Code::UserShape,
            Code::UnknownPolicy,
            Code::UnknownLanguage,
            Code::PinUnfit
        ]
    );
}

#[test]
fn a_pin_is_never_quoted_wherever_it_stands() {
    use Column as C;
    for column in [
        C::User,
        C::Policy,
        C::Role,
        C::Replace,
        C::Language,
        C::Mail,
        C::Serial,
    ] {
        for pin in ["48159263", "kx7?pq w", "é48159"] {
            // Once with the PIN in its own column as well, once for digits that slipped alone.
            let slipped = format!("{pin} ?");
            for cells in [
                vec![(column, slipped.as_str()), (C::Pin, pin)],
                vec![(column, slipped.as_str())],
            ] {
                if cells.len() == 1 && (!pin.contains("4815") || column == C::Serial) {
                    continue;
                }
                let bad = check(&row(&cells), &rules()).expect_err("not a value of this column");
                let told = serde_json::to_string(&bad).unwrap();
                assert!(!told.contains(pin), "{column}: {told}");
            }
        }
    }
    let short = check(&row(&[(C::Pin, "zq9")]), &rules()).expect_err("too short");
    assert!(!format!("{short:?}").contains("zq9"));
}

#[test]
fn numbers_and_lists_are_taken_only_where_nothing_is_lost() {
    let with = |column: Column, cell: Cell| {
        let mut row = row(&[]);
        row.cells.push((column, cell));
        check(&row, &rules())
    };
    let number = |digits: &str| Cell::Number(Zeroizing::new(digits.to_owned()));
    let lines = || Cell::Lines(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(
        with(Column::Serial, number("123")).unwrap().request.serial,
        Serial::new("123")
    );
    assert_eq!(
        with(Column::Address, lines()).unwrap().request.address,
        ["a", "b"]
    );
    assert!(
        with(Column::Replace, Cell::Flag(true))
            .unwrap()
            .request
            .replace
    );
    for (column, cell) in [
        (Column::Pin, number("12345678")),
        (Column::Name, lines()),
        (Column::Note, Cell::Other),
    ] {
        let bad = with(column, cell).expect_err("a wrong type");
        assert!(bad.iter().all(|bad| bad.code == Code::WrongType), "{bad:?}");
    }
}
