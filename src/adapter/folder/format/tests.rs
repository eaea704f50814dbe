//! Whole files: as spreadsheets, editors and scripts write them, and as nobody should.

use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;
use crate::domain::job::sheet::ROWS_MAX;

mod wiping;

fn rules() -> Rules {
    Rules {
        policies: vec!["standard".to_owned(), "keep".to_owned()],
        default_policy: Some("standard".to_owned()),
        languages: ["de", "en", "es", "fr"].map(str::to_owned).to_vec(),
    }
}

fn good(name: &str, bytes: &[u8]) -> JobFile {
    let file = parse(name, bytes, &rules()).expect("a usable file");
    assert_eq!(file.bad_rows, []);
    file
}

/// Line and code of every complaint, whether the file is usable or not.
fn faults(name: &str, bytes: &[u8]) -> Vec<(u32, Code)> {
    let all = match parse(name, bytes, &rules()) {
        Ok(file) => file.bad_rows,
        Err(unusable) => unusable.reasons,
    };
    all.iter().map(|bad| (bad.line, bad.code)).collect()
}

fn unusable(name: &str, bytes: &[u8]) -> Vec<BadRow> {
    parse(name, bytes, &rules())
        .expect_err("an unusable file")
        .reasons
}

fn utf16(text: &str, swap: bool) -> Vec<u8> {
    let bytes = |unit: u16| {
        if swap {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_spreadsheet_may_write_it_in_any_of_its_ways() {
    let semicolons = "user;name;note\r\nj.groß@contoso.com;x;y\r\n".replace("groß", "gross");
    let rows = "user;name;department\r\na.b@contoso.com;Jörg Groß;\"Ein; Kauf\"\r\n;;\r\n";
    let tabs = rows
        .replace("\"Ein; Kauf\"", "Ein, Kauf")
        .replace(';', "\t");
    let windows = WINDOWS_1252.encode(rows).0.into_owned();
    let with_mark = |mark: &[u8], body: Vec<u8>| [mark, &body].concat();
    let files = [
        rows.as_bytes().to_vec(),
        with_mark(b"\xEF\xBB\xBF", rows.as_bytes().to_vec()),
        windows,
        with_mark(b"\xFF\xFE", utf16(&tabs, false)),
        with_mark(b"\xFE\xFF", utf16(&tabs, true)),
        utf16(rows, false),
        utf16(rows, true),
        format!("sep=;\r\n{rows}").into_bytes(),
        rows.replace("Ein; Kauf", "Ein, Kauf")
            .replace(';', ",")
            .into_bytes(),
        rows.replace("Ein; Kauf", "Ein Kauf")
            .replace(';', "|")
            .into_bytes(),
        rows.replace("\r\n", "\r").into_bytes(),
    ];
    for (at, bytes) in files.iter().enumerate() {
        let file = good("Berlin März.csv", bytes);
        assert_eq!(file.drafts.len(), 1, "file {at}");
        let request = &file.drafts[0].request;
        assert_eq!(request.name.as_deref(), Some("Jörg Groß"), "file {at}");
        assert!(
            request
                .department
                .as_ref()
                .is_some_and(|d| d.starts_with("Ein")),
            "file {at}"
        );
        assert_eq!(file.batch.0, "Berlin März");
    }
    assert_eq!(good("a.csv", semicolons.as_bytes()).drafts.len(), 1);
    assert_eq!(
        good("a.csv", b"user\na@contoso.com\nb@contoso.com")
            .drafts
            .len(),
        2
    );
}

#[test]
fn lines_are_those_of_the_file() {
    let text = "sep=,\n\nuser,address\n\na@contoso.com,\"one\ntwo\"\n\nwrong\n,\nworse\n";
    assert_eq!(
        good("a.csv", b"user,address\na@contoso.com,\"one\ntwo\"\n").drafts[0]
            .request
            .address,
        ["one", "two"]
    );
    let file = parse("a.csv", text.as_bytes(), &rules()).unwrap();
    assert_eq!(file.drafts[0].line, 5);
    assert_eq!(
        faults("a.csv", text.as_bytes()),
        [(8, Code::UserShape), (10, Code::UserShape)]
    );
    let carriage = text.replace('\n', "\r\n");
    assert_eq!(
        faults("a.csv", carriage.as_bytes()),
        [(8, Code::UserShape), (10, Code::UserShape)]
    );
}

#[test]
fn columns_are_known_ignored_or_told_of() {
    let file = good(
        "a.csv",
        b"User,x_cost,DELIVER-TO\na@contoso.com,12,Desk 4\n",
    );
    assert_eq!(file.drafts[0].request.deliver_to.as_deref(), Some("Desk 4"));
    let bad = unusable(
        "a.csv",
        b"user,adress,name,name\na@contoso.com,x,y,z\nwrong,x,y,z\n",
    );
    let told: Vec<_> = bad.iter().map(|bad| (bad.line, bad.code)).collect();
    assert_eq!(
        told,
        [
            (1, Code::UnknownColumn),
            (1, Code::DuplicateColumn),
            (3, Code::UserShape)
        ]
    );
    assert!(bad[0].hint.contains("Did you mean address?"), "{bad:?}");
}

#[test]
fn a_file_without_header_quotes_nothing_of_its_first_line() {
    let bad = unusable("a.csv", b"a@contoso.com,geheim,48159263\n");
    assert_eq!(bad[0].code, Code::HeaderMissing);
    let told = serde_json::to_string(&bad).unwrap();
    assert!(!told.contains("geheim") && !told.contains("4815"), "{told}");
}

#[test]
fn files_of_nothing_say_so() {
    for (bytes, code) in [
        (&b""[..], Code::FileEmpty),
        (b"\n\n \r\n", Code::FileEmpty),
        (b"\xEF\xBB\xBF", Code::FileEmpty),
        (b"sep=;\n", Code::FileEmpty),
        (b"user,name\n", Code::NoRows),
        (b"user,name", Code::NoRows),
        (b"user,name\n,\n , \n", Code::NoRows),
    ] {
        assert_eq!(unusable("a.csv", bytes)[0].code, code, "{bytes:?}");
    }
    for (name, bytes, code) in [
        ("a.toml", &b""[..], Code::FileEmpty),
        ("a.toml", b"batch = 'x'\n", Code::NoRows),
        ("a.json", b"[]", Code::NoRows),
        ("a.json", b"{\"jobs\":[]}", Code::NoRows),
        ("a.json", b"7", Code::Syntax),
    ] {
        assert_eq!(unusable(name, bytes)[0].code, code, "{name} {bytes:?}");
    }
}

#[test]
fn what_is_no_job_file_says_so() {
    for (name, bytes, code) in [
        ("a.xlsx", &b"PK\x03\x04xx"[..], Code::UnknownFormat),
        ("a.csv", b"PK\x03\x04xx", Code::UnknownFormat),
        ("a.pdf", b"%PDF", Code::UnknownFormat),
        ("README", b"user\nx", Code::UnknownFormat),
        ("a.csv", b"user\0\x01\x02", Code::NotText),
        ("a.csv", b"\xFF\xFE\x00\xD8\x00\xD8", Code::NotText),
        (
            "a.csv",
            b"user,name\na@contoso.com,\"open\nb@contoso.com,x\n",
            Code::QuoteOpen,
        ),
        ("a.toml", b"[[job]]\nuser = \n", Code::Syntax),
        ("a.json", b"[{\"user\": \"a\"", Code::Syntax),
    ] {
        assert_eq!(unusable(name, bytes)[0].code, code, "{name}");
    }
    let open = unusable(
        "a.csv",
        b"user,name\nx@contoso.com,5\" disk\na@contoso.com,\"open\nb\n",
    );
    assert_eq!(open[0].line, 3);
    let long = "b".repeat(BATCH_CHARS_MAX + 1) + ".csv";
    assert_eq!(
        unusable(&long, b"user\na@contoso.com")[0].code,
        Code::FileName
    );
}

#[test]
fn rows_are_checked_against_each_other() {
    let text =
        "user,role\nA@contoso.com,\nb@contoso.com,\na@Contoso.com,primary\na@contoso.com,backup\n";
    let file = parse("a.csv", text.as_bytes(), &rules()).unwrap();
    let lines: Vec<u32> = file.drafts.iter().map(|draft| draft.line).collect();
    assert_eq!(lines, [3, 5]);
    assert_eq!(
        faults("a.csv", text.as_bytes()),
        [(2, Code::DuplicateUser), (4, Code::DuplicateUser)]
    );
    assert!(file.bad_rows[0].message.contains("see also line 4"));
    // Also when one of the two is wrong for another reason.
    let text = "user,language\na@contoso.com,xx\na@contoso.com,de\n";
    assert_eq!(
        faults("a.csv", text.as_bytes()),
        [
            (2, Code::UnknownLanguage),
            (2, Code::DuplicateUser),
            (3, Code::DuplicateUser)
        ]
    );
}

#[test]
fn a_row_with_slipped_cells_is_told_of() {
    let text =
        b"user,name,pin\na@contoso.com,Lang, Anna,48159263\nb@contoso.com\nc@contoso.com,x,,,\n";
    let file = parse("a.csv", text, &rules()).unwrap();
    assert_eq!(file.drafts.len(), 2);
    assert_eq!(faults("a.csv", text), [(2, Code::CellCount)]);
    assert!(!format!("{:?}", file.bad_rows).contains("4815"));
}

#[test]
fn too_many_rows_are_refused() {
    let rows: String = (0..=ROWS_MAX)
        .map(|n| format!("u{n}@contoso.com\n"))
        .collect();
    let text = format!("user\n{rows}");
    assert_eq!(
        unusable("a.csv", text.as_bytes())[0].code,
        Code::TooManyRows
    );
    let one_less: String = text
        .lines()
        .take(ROWS_MAX + 1)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(good("a.csv", one_less.as_bytes()).drafts.len(), ROWS_MAX);
}

#[test]
fn toml_and_json_say_the_same() {
    let toml = b"batch = 'Spring'\npolicy = 'keep'\n[[job]]\nuser = 'a@contoso.com'\naddress = ['one', 'two']\nserial = 12345678\n\
        replace = true\ncurrent_pin = '0815'\n[[job]]\nuser = 'b@contoso.com'\npolicy = 'standard'\n";
    let json = br#"{"batch":"Spring","policy":"keep","jobs":[{"user":"a@contoso.com","address":["one","two"],"serial":12345678,
        "replace":true,"current_pin":"0815","note":null},{"user":"b@contoso.com","policy":"standard"}]}"#;
    for file in [good("x.toml", toml), good("x.json", json)] {
        assert_eq!(file.batch.0, "Spring");
        let [a, b] = &file.drafts[..] else {
            panic!("two drafts")
        };
        assert_eq!((a.line, b.line), (1, 2));
        assert_eq!(
            (a.request.policy.as_str(), b.request.policy.as_str()),
            ("keep", "standard")
        );
        assert_eq!(a.request.address, ["one", "two"]);
        assert_eq!(
            a.request.serial.as_ref().map(|s| s.as_str()),
            Some("12345678")
        );
        assert!(a.request.replace && a.current_pin.is_some());
    }
    assert_eq!(
        good("x.json", br#"[{"user":"a@contoso.com"}]"#).batch.0,
        "x"
    );
}

#[test]
fn faults_of_entries_come_all_at_once() {
    let json = br#"{"bach":"x","jobs":[{"user":"a@contoso.com","polcy":"x","language":"xx"},7,
        {"user":"c@contoso.com","user":"d@contoso.com"},{"user":"e@contoso.com","pin":12345678}]}"#;
    assert_eq!(
        faults("x.json", json),
        [
            (0, Code::UnknownColumn),
            (1, Code::UnknownColumn),
            (1, Code::UnknownLanguage),
            (2, Code::NotARow),
            (3, Code::DuplicateColumn),
            (4, Code::WrongType),
        ]
    );
    let bad = unusable(
        "x.toml",
        b"policy = 'standrad'\n[[job]]\nuser = 'a@contoso.com'\n",
    );
    assert!(bad[0].hint.starts_with("Did you mean standard?"), "{bad:?}");
}

#[test]
fn a_syntax_error_quotes_nothing() {
    for (name, text) in [
        (
            "a.toml",
            "[[job]]\nuser = 'a@contoso.com'\npin = 048159263\n",
        ),
        ("a.toml", "[[job]]\npin = 48159263x\n"),
        ("a.toml", "[[job]]\npin = '48159263'\npin = '48159263'\n"),
        ("a.json", "[{\"pin\": 048159263}]"),
        ("a.json", "[{\"pin\": 48159263"),
    ] {
        let bad = unusable(name, text.as_bytes());
        assert!(!format!("{bad:?}").contains("4815926"), "{bad:?}");
        assert_eq!(bad[0].code, Code::Syntax);
    }
}

#[test]
fn ten_thousand_rows_are_read_in_no_time() {
    let rows: String = (0..10_000)
        .map(|n| format!("user{n}@contoso.com;standard;de;\"Groß; Jörg {n}\";Einkauf;Straße {n}|10115 Berlin;{}\r\n", 10_000_000 + n))
        .collect();
    let text = format!("user;policy;language;name;department;address;serial\r\n{rows}");
    let begun = std::time::Instant::now();
    let file = good("big.csv", text.as_bytes());
    let took = begun.elapsed();
    eprintln!("10,000 rows, {} bytes: {took:?}", text.len());
    assert_eq!(file.drafts.len(), 10_000);
    // The aim is half a second on a quiet machine; this bound only catches what grows with the square.
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), format in 0_usize..3) {
        let name = ["a.csv", "a.toml", "a.json"][format];
        let _ = parse(name, &bytes, &rules());
        let _ = without_pins(name, &bytes);
    }

    #[test]
    fn no_table_makes_the_reader_panic(text in "(user|pin|name|,|;|\"|\n|\r|\t|a@b\\.c|é|sep=;|=|\u{FEFF}){0,60}") {
        let _ = parse("a.csv", text.as_bytes(), &rules());
        let _ = without_pins("a.csv", text.as_bytes());
    }

    #[test]
    fn no_pin_is_told_or_kept(pin in "[a-z]{3}[0-9]{5}Q", user in "[a-z@. ]{0,12}", name in "[a-z,;\" ]{0,9}", column in "(pin|current_pin|pni)") {
        let text = format!("user,name,{column}\n{user},{name},{pin}\n");
        let told = match parse("a.csv", text.as_bytes(), &rules()) {
            Ok(file) => format!("{file:?}"),
            Err(unusable) => format!("{unusable:?}"),
        };
        prop_assert!(!told.contains(&pin), "{}", told);
        let (kept, pins) = without_pins("a.csv", text.as_bytes());
        let kept = String::from_utf8_lossy(&kept).into_owned();
        prop_assert!(pins == PinsLeft::Unknown || !kept.contains(&pin), "{}", kept);
    }
}
