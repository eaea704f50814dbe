//! The program as a person types it: what it answers, on which stream, and with which exit code.

#[test]
fn answers_stand_as_written() {
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .case("tests/cli/*.trycmd");
}
