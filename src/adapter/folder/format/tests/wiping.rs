//! What is left of PINs in a file that is kept: nothing, wherever they stood, or an honest "unknown".

use super::*;

fn wiped(name: &str, text: &str) -> (String, PinsLeft) {
    let (bytes, pins) = without_pins(name, text.as_bytes());
    (String::from_utf8(bytes.to_vec()).unwrap(), pins)
}

#[test]
fn pins_are_wiped_and_the_rest_stays_readable() {
    let (text, pins) = wiped(
        "a.csv",
        "sep=;\nuser;name;pin;current_pin\na@contoso.com;\"Groß; Jörg\";48159263;\nb@contoso.com;;;0815\n",
    );
    assert_eq!(pins, PinsLeft::Wiped);
    assert_eq!(
        text,
        "\u{FEFF}user;name;pin;current_pin\r\na@contoso.com;\"Groß; Jörg\";***;\r\nb@contoso.com;;;***\r\n"
    );
    let (text, pins) = wiped(
        "a.toml",
        "[[job]]\nuser = 'a@contoso.com'\nnote = 'n'\npin = '48159263'\n",
    );
    assert_eq!(pins, PinsLeft::Wiped);
    assert_eq!(
        good("a.toml", text.replace("***", "****").as_bytes())
            .drafts
            .len(),
        1,
        "{text}"
    );
    let (text, pins) = wiped(
        "a.json",
        r#"{"policy":"keep","jobs":[{"user":"a@contoso.com","serial":7,"pin":12345678}]}"#,
    );
    assert_eq!(pins, PinsLeft::Wiped);
    assert!(
        text.contains("\"***\"") && !text.contains("1234") && text.contains("\"serial\": 7"),
        "{text}"
    );
    assert!(text.contains("\"keep\""), "{text}");
}

#[test]
fn pins_in_places_that_nobody_meant_are_wiped_too() {
    for (name, text) in [
        ("a.csv", "user,pni\na@contoso.com,48159263\n"),
        ("a.csv", "user,pin,pin\na@contoso.com,,48159263\n"),
        (
            "a.csv",
            "user,name,pin\na@contoso.com,Lang, Anna,48159263\n",
        ),
        ("a.csv", "user,pin,name\nLang, Anna,48159263,Anna Lang\n"),
        ("a.csv", "user,x_old_pin\na@contoso.com,48159263\n"),
        ("a.json", r#"[{"user":"a","geheimzahl":"48159263"}]"#),
        ("a.json", r#"{"pin":"48159263","jobs":[]}"#),
        (
            "a.json",
            r#"{"jobs":[{"user":"a","pin":{"deep":["48159263"]}}]}"#,
        ),
        ("a.toml", "[[job]]\nuser = 'a'\ncurrent_pin = 48159263\n"),
    ] {
        let (text, pins) = wiped(name, text);
        assert_eq!(pins, PinsLeft::Wiped, "{text}");
        assert!(!text.contains("4815"), "{text}");
    }
}

#[test]
fn a_file_without_pins_is_kept_as_it_came() {
    for (name, text) in [
        ("a.csv", "user;pin\r\na@contoso.com;\r\n"),
        ("a.csv", "user\na@contoso.com\n"),
        ("a.toml", "# spring\n[[job]]\nuser = 'a@contoso.com'\n"),
        ("a.json", "[ { \"user\":\"a\", \"pin\":null } ]"),
    ] {
        assert_eq!(wiped(name, text), (text.to_owned(), PinsLeft::NoneThere));
    }
    for (name, text) in [
        ("a.csv", "a@contoso.com,48159263\n"),
        ("a.toml", "pin = ="),
        ("a.pdf", "x"),
        ("a.csv", "user,pin\n\"a,1"),
    ] {
        assert_eq!(wiped(name, text), (text.to_owned(), PinsLeft::Unknown));
    }
}
