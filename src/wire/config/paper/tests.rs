//! What `[paper]` takes, what it refuses, and that it never repeats a password.

use super::*;

fn told(settings: &str) -> String {
    Config::parse(&format!("[paper]\n{settings}\n")).expect_err("this must not run")
}

/// Objections to a configuration that parses, those of `[paper]` alone.
fn checked(settings: &str) -> Vec<String> {
    let config = Config::parse(&format!("[paper]\n{settings}\n")).expect("it parses");
    config.check_paper()
}

#[test]
fn the_shipped_section_prints_nowhere_and_has_no_objection() {
    let config = Config::parse("").expect("the defaults");
    assert_eq!(config.paper.printer.uri(), None);
    assert_eq!(config.paper.media.size_mm(), (210.0, 297.0));
    assert_eq!(config.paper.sides.keyword(), "one-sided");
    assert_eq!(config.paper.spool, Spool::None);
    assert_eq!(config.check_paper(), Vec::<String>::new());
    assert_eq!(config.paper_files(), Vec::new());
}

#[test]
fn a_printer_is_ipp_or_ipps_with_a_host() {
    for (uri, why) in [
        ("http://localhost:631/printers/x", "ipp or ipps only"),
        ("localhost:631", "ipp or ipps only"),
        ("ipp:", "names no host"),
        ("ipp:///printers/x", "names no host"),
        ("printer", "relative URL without a base"),
        ("ipp://localhost/x#letters", "has no `#`"),
    ] {
        let told = told(&format!("printer = \"{uri}\""));
        assert!(told.starts_with("line 2, column 1: `printer`:"), "{told}");
        assert!(told.contains(why) && told.contains("ipp://HOST"), "{told}");
    }
    for uri in [
        "ipp://localhost/printers/mailers",
        "ipps://printer.contoso.com:631/ipp/print",
        "ipp://[::1]:8631/ipp/print",
        "ipp://localhost/x?waitjob=false",
    ] {
        let text = format!("[paper]\nprinter = \"{uri}\"\n");
        let config = Config::parse(&text).expect(uri);
        assert_eq!(config.paper.printer.uri().map(Url::as_str), Some(uri));
    }
}

#[test]
fn no_password_is_repeated_wherever_it_stands() {
    for settings in [
        "password = \"hunter2\"",
        "password = { value = \"hunter2\" }",
        "password = \"hunter2",
        "pasword = \"hunter2\"",
        "printer = \"ipp://printer/ipp?key=hunter2#\"",
        "printer = \"http://printer/ipp?key=hunter2\"",
        "printer = \"ipp://anna:hunter2@printer/ipp\"",
        "printer = \"ipp://anna:hunter2@\"",
        "printer = \"anna:hunter2@printer\"",
    ] {
        let told = told(settings);
        assert!(
            !told.contains("hunter2") && told.starts_with("line 2"),
            "{told}"
        );
    }
    assert!(told("password = \"hunter2\"").contains("{ env = \"NAME\" }"));
}

#[test]
fn a_sheet_has_a_class_a_name_and_a_size() {
    for media in [
        "A4",
        "iso_a4",
        "iso_a4_210x297",
        "iso_a4_210x297cm",
        "iso_a4_210mm",
        "iso_A4_210x297mm",
        "ios_a4_210x297mm",
        "iso_a4_0x297mm",
        "iso_a4_210x297mm_x",
        "iso__210x297mm",
        "iso_a4_21e1x297mm",
    ] {
        let told = told(&format!("media = \"{media}\""));
        assert!(told.contains("is no name of a sheet"), "{told}");
    }
    let letter = Media::try_from("na_letter_8.5x11in".to_owned()).expect("a sheet");
    let (width, height) = letter.size_mm();
    assert!((width - 215.9).abs() < 0.01 && (height - 279.4).abs() < 0.01);
}

#[test]
fn sides_are_one_of_three_words() {
    let told = told("sides = \"duplex\"");
    for word in ["one-sided", "two-sided-long-edge", "two-sided-short-edge"] {
        assert!(told.contains(word), "{told}");
    }
    for sides in [
        Sides::OneSided,
        Sides::TwoSidedLongEdge,
        Sides::TwoSidedShortEdge,
    ] {
        let text = format!("[paper]\nsides = \"{}\"\n", sides.keyword());
        assert_eq!(Config::parse(&text).expect("a word").paper.sides, sides);
    }
}

#[test]
fn settings_that_say_nothing_without_a_printer_are_told_with_their_lines() {
    let told = checked("user = \"anna\"\npassword = { env = \"P\" }\ntray = \"tray-2\"");
    let lines = [
        "line 2: [paper] user is meant",
        "line 3: [paper] password is meant",
        "line 4: [paper] tray is meant",
    ];
    assert_eq!(told.len(), lines.len(), "{told:?}");
    for (told, line) in told.iter().zip(lines) {
        assert!(told.starts_with(line), "{told}");
    }
}

#[test]
fn user_and_password_come_together() {
    let printer = "printer = \"ipps://printer/ipp/print\"\n";
    let told = checked(&format!("{printer}user = \"anna\""));
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("line 3: [paper] user has no password"))
    );
    let told = checked(&format!("{printer}password = {{ env = \"P\" }}"));
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("line 3: [paper] password has no user"))
    );
    let told = checked(&format!(
        "{printer}user = \"an:na\"\npassword = {{ env = \"P\" }}"
    ));
    assert!(matches!(told.as_slice(), [one] if one.contains("colon")));
}

#[test]
fn a_printer_across_the_network_is_warned_of_when_it_hears_pins_in_clear() {
    let warned = |uri: &str| {
        let text = format!("[paper]\nprinter = \"{uri}\"\n");
        Config::parse(&text).expect("it parses").paper_warnings()
    };
    for uri in [
        "ipp://printer.contoso.com/ipp",
        "ipp://10.0.0.9/ipp",
        "ipp://[fd00::9]/ipp",
    ] {
        let warnings = warned(uri);
        assert!(
            matches!(warnings.as_slice(), [one] if one.starts_with("line 2: [paper] printer")),
            "{uri}: {warnings:?}"
        );
    }
    for uri in [
        "ipp://localhost/p",
        "ipp://127.0.0.1:631/p",
        "ipp://[::1]/p",
        "ipps://printer/p",
    ] {
        assert_eq!(warned(uri), Vec::<String>::new(), "{uri}");
    }
}

#[test]
fn a_spool_is_none_or_a_folder() {
    assert!(told("spool = \"\"").contains("write \"none\", or a folder"));
    let config = Config::parse("[paper]\nspool = \"spool\"\n").expect("a folder");
    assert_eq!(config.paper.spool, Spool::Folder("spool".into()));
}
