//! The program as a person types it: what it answers, on which stream, and with which exit code.

#[test]
fn answers_stand_as_written() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .case("tests/cli/*.trycmd");
}

/// What ends the program at a chosen effect is for a test's own build (`tests/crash`); nobody else gets it.
#[cfg(not(feature = "crash-points"))]
#[test]
fn an_ordinary_build_has_no_crash_points() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_keyline")).expect("the program");
    let contains = |text: &[u8]| program.windows(text.len()).any(|found| found == text);
    assert!(contains(b"KEYLINE_LOG"), "the search finds what is there");
    assert!(!contains(b"KEYLINE_CRASH"));
}
