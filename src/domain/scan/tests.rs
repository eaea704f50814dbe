//! Which lines are codes, from whatever keyboard, and which are none.

use proptest::prelude::*;

use super::*;

fn control() -> ControlNumber {
    ControlNumber::draw(4_820_917_355_u64.to_be_bytes()).unwrap()
}

fn typed(number: ControlNumber) -> Code {
    Code::Sheet {
        control: number,
        printed: None,
    }
}

#[test]
fn a_number_is_taken_however_it_is_grouped() {
    let control = control();
    let digits = control.to_string();
    let grouped = control.grouped();
    for line in [
        digits.clone(),
        grouped.clone(),
        grouped.replace(' ', "-"),
        grouped.replace(' ', "ß"),
        grouped.replace(' ', "\u{a0}"),
        format!("  {digits}\r"),
    ] {
        assert_eq!(read(&line), Some(typed(control)), "{line}");
        assert_eq!(slip(&line), None, "{line}");
    }
}

#[test]
fn a_square_code_survives_the_keyboards_of_other_countries() {
    let number = control();
    for line in [
        format!("PM1:easy-2026:{number}:7"),
        format!("PM1ÖeaszßÖ2026Ö{number}Ö7"),
        format!("pm1öeaszß2026ö{number}ö7"),
        format!("PM1>EASY_2026>{number}>7"),
        format!("Pm1;easy-2026;{number};7"),
        format!("PM1:easy:2026:{number}:7\n"),
    ] {
        let Some(Code::Sheet {
            control,
            printed: Some(printed),
        }) = read(&line)
        else {
            panic!("{line}");
        };
        assert_eq!(control, number);
        let batch = BatchName("easy-2026".to_owned());
        assert!(printed.belongs_to(&batch, 7), "{line}");
        assert!(!printed.belongs_to(&batch, 8));
        assert!(!printed.belongs_to(&BatchName("easy-2025".to_owned()), 7));
    }
}

/// The line as a French keyboard types it without shift: its digits alone, or everything.
fn in_french(line: &str, everything: bool) -> String {
    line.chars()
        .map(|c| match c {
            '0'..='9' => {
                let at = usize::try_from(c.to_digit(10).unwrap()).unwrap();
                "à&é\"'(-è_ç".chars().nth(at).unwrap()
            }
            'a' if everything => 'q',
            'M' if everything => '?',
            ':' if everything => 'M',
            '-' if everything => ')',
            other => other,
        })
        .collect()
}

#[test]
fn a_french_keyboard_is_read_where_it_makes_a_whole_code() {
    let number = control();
    let whole = format!("PM1:easy-2026:{number}:67");
    for (line, digits) in [
        (in_french(&whole, true), false),
        (in_french(&whole, false), true),
        (format!("PM1{}", in_french(&whole[3..], false)), true),
    ] {
        let Some(Code::Sheet {
            control,
            printed: Some(printed),
        }) = read(&line)
        else {
            panic!("{line}");
        };
        assert_eq!((control, printed.signs), (number, digits));
        let belongs =
            |batch: &str, sequence| printed.belongs_to(&BatchName(batch.to_owned()), sequence);
        assert!(belongs("easy-2026", 67), "{line}");
        assert!(!belongs("easy-2026", 66) && !belongs("easy-2025", 67));
    }
    for line in [number.to_string(), number.grouped()] {
        let line = in_french(&line, false);
        assert_eq!(read(&line), Some(typed(number)), "{line}");
        let half: String = line.chars().skip(1).collect();
        assert_eq!((read(&half), slip(&half)), (None, None), "{half}");
    }
    // Half of them signs, half digits: nobody's keyboard does that, and a hyphen is none of its digits then.
    let mixed = format!(
        "{}{}",
        &number.to_string()[..6],
        in_french(&number.to_string()[6..], false)
    );
    for line in [mixed.as_str(), "------------", "- - -", "))))"] {
        assert_eq!((read(line), slip(line)), (None, None), "{line}");
    }
}

#[test]
fn a_bag_is_read_from_a_french_keyboard_as_well() {
    for number in [42, 1234, 5678, 6666, 9000, 12_345] {
        for (letter, code) in [
            ('B', Code::Bag(Envelope(number))),
            ('b', Code::Bag(Envelope(number))),
            ('L', Code::Letter(Envelope(number))),
        ] {
            let label = format!("{letter}-{number:04}");
            let typed = in_french(&label, true);
            assert_eq!(read(&typed), Some(code.clone()), "{typed}");
            let digits = in_french(&label, false);
            // A hyphen and four sixes is a line that somebody drew.
            let expected = (number != 6666).then_some(code);
            assert_eq!(read(&digits), expected, "{digits}");
        }
    }
    for line in [
        "B)àà'",
        "Bàà'é",
        "B)àà4é",
        "B)àà'é!",
        "B)ààà'é",
        "B------",
        "B))))))",
        "X)àà'é",
        "B)",
        "b-",
    ] {
        assert_eq!((read(line), slip(line)), (None, None), "{line}");
    }
}

#[test]
fn a_slip_of_a_french_keyboard_is_told_as_well() {
    let wrong = in_french("4820 9173 5599", true);
    assert_eq!(slip(&wrong), Some(Slip::CheckDigits), "{wrong}");
    for everything in [false, true] {
        let half = in_french("PM1:easy-2026:4820", everything);
        assert_eq!(slip(&half), Some(Slip::Half), "{half}");
    }
}

#[test]
fn a_turkish_keyboard_types_an_i_of_its_own() {
    let number = control();
    let Some(Code::Sheet {
        printed: Some(printed),
        ..
    }) = read(&format!("PM1:bıg-fİx:{number}:7"))
    else {
        panic!("no code");
    };
    assert!(printed.belongs_to(&BatchName("big-fix".to_owned()), 7));
    assert!(!printed.belongs_to(&BatchName("bg-fx".to_owned()), 7));
}

#[test]
fn bags_and_letters_are_told_apart() {
    for (line, code) in [
        ("B-0042", Code::Bag(Envelope(42))),
        ("b-0042", Code::Bag(Envelope(42))),
        ("Bß0042", Code::Bag(Envelope(42))),
        ("B 12345\r", Code::Bag(Envelope(12_345))),
        ("L-0042", Code::Letter(Envelope(42))),
        ("l/0042", Code::Letter(Envelope(42))),
    ] {
        assert_eq!(read(line), Some(code), "{line}");
    }
}

#[test]
fn half_a_code_and_what_is_none_answer_nothing() {
    let number = control();
    let whole = format!("PM1:easy-2026:{number}:7");
    for end in 0..whole.len() - 1 {
        assert_eq!(read(&whole[..end]), None, "{}", &whole[..end]);
    }
    for start in 1..whole.len() {
        // The end of a code is one more only where it is a whole number by itself, and here it never is.
        assert_eq!(read(&whole[start..]), None, "{}", &whole[start..]);
    }
    for line in [
        "",
        "\r\n",
        "B-",
        "B-004",
        "B-00042",
        "B--0042",
        "B0042",
        "B-0042x",
        "B-99999999999",
        "X-0042",
        "P",
        "PM1",
        "PM1:",
        "quit",
        "wipe 3",
        "cccccbdefghijklnrtuvcbdefghijklnrtuvcbdefghi",
        "755224",
        "87287082",
        "4820 9173 5599",
        "٤٨٢٠٩١٧٣٥٥٨٣",
        "ÖÖÖ",
    ] {
        assert_eq!(read(line), None, "{line}");
    }
}

#[test]
fn a_slip_is_told_from_what_was_never_meant() {
    let wrong = "4820 9173 5599";
    assert_eq!(slip(wrong), Some(Slip::CheckDigits));
    assert_eq!(slip("PM1:easy-2026:4820"), Some(Slip::Half));
    for line in ["", "755224", "cccccbdefghi", "quit", "B-004"] {
        assert_eq!(slip(line), None, "{line}");
    }
}

#[test]
fn random_digits_are_hardly_ever_a_number() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let taken = (0..20_000)
        .filter(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            read(&format!("{:012}", state % 1_000_000_000_000)).is_some()
        })
        .count();
    assert!((100..400).contains(&taken), "{taken} of 20,000");
}

proptest! {
    #[test]
    fn no_line_is_too_strange(line in any::<String>()) {
        let _ = (read(&line), slip(&line));
    }

    #[test]
    fn no_line_of_the_signs_of_codes_is_too_strange(line in "[PMBLpmbl1:Öß 0-9-]{0,40}") {
        let _ = slip(&line);
        if let Some(code) = read(&line) {
            prop_assert!(line.chars().filter(char::is_ascii_digit).count() >= ENVELOPE_DIGITS_MIN, "{code:?}");
        }
    }

    #[test]
    fn every_letter_is_read_back(body in any::<[u8; 8]>(), batch in "[^\\p{C}]{1,40}", sequence in 1..100_000_u32) {
        if let Some(control) = ControlNumber::draw(body) {
            let Some(Code::Sheet { control: read, printed: Some(printed) }) =
                read(&format!("PM1:{batch}:{control}:{sequence}")) else {
                return Err(TestCaseError::fail("no code"));
            };
            prop_assert_eq!(read, control);
            prop_assert!(printed.belongs_to(&BatchName(batch), sequence));
        }
    }

    #[test]
    fn what_a_touched_key_types_is_nothing(text in "[cbdefghijklnrtuv]{32,48}") {
        prop_assert_eq!(read(&text), None);
        prop_assert_eq!(slip(&text), None);
    }
}
