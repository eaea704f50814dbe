//! Letters as their recipients read them: off the printed page. Nothing is taken from the program that made them.

use std::path::Path;
use std::process::Command;

use keyline::domain::mailer::{CONTROL_DIGITS, ControlNumber};
use zeroize::Zeroizing;

/// The files with the words of the letters, to find out which of two things a page says.
const WORDS: [&str; 4] = [
    include_str!("../../templates/mailer/letters/pin/de.toml"),
    include_str!("../../templates/mailer/letters/pin/en.toml"),
    include_str!("../../templates/mailer/letters/pin/es.toml"),
    include_str!("../../templates/mailer/letters/pin/fr.toml"),
];

/// What one letter says. No `Debug`: it holds a PIN.
pub(crate) struct Letter {
    pub(crate) envelope: String,
    pub(crate) pin: Zeroizing<String>,
    /// The recipient is told to choose a PIN of their own at first use.
    pub(crate) change_pin: bool,
    /// The page, word by word.
    pub(crate) text: Zeroizing<String>,
}

impl Letter {
    /// Reads a printed letter with `pdftotext`.
    pub(crate) fn read(file: &Path) -> Self {
        Self::read_for(file, envelope(file))
    }

    /// Reads a sheet whose file has another name, for the envelope on which it goes.
    pub(crate) fn read_for(file: &Path, envelope: String) -> Self {
        let page = Command::new("pdftotext")
            .arg("-layout")
            .args([file, Path::new("-")])
            .output()
            .expect("pdftotext (package poppler-utils)");
        assert!(page.status.success() && page.stderr.is_empty(), "{file:?}");
        let page = Zeroizing::new(String::from_utf8(page.stdout).unwrap());
        let text = Zeroizing::new(page.split_whitespace().collect::<Vec<_>>().join(" "));
        Self {
            envelope,
            pin: pin(&page),
            change_pin: change_pin(&text),
            text,
        }
    }
}

/// The one control number on the page: twelve digits in three groups whose check digits agree.
///
/// # Panics
/// When the page has none, or two.
pub(crate) fn control_on(text: &str) -> ControlNumber {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<ControlNumber> = words
        .windows(3)
        .map(|groups| groups.concat())
        .filter(|digits| digits.len() == CONTROL_DIGITS)
        .filter_map(|digits| ControlNumber::parse(&digits).ok())
        .collect();
    found.dedup();
    assert_eq!(found.len(), 1, "one control number on a sheet");
    found[0]
}

/// All letters of a folder, in the order of their envelopes.
pub(crate) fn read_all(files: &[impl AsRef<Path>]) -> Vec<Letter> {
    files
        .iter()
        .map(|file| Letter::read(file.as_ref()))
        .collect()
}

/// The envelope on which the sheet goes, which begins the file's name; that the page says the same is for the test to see.
fn envelope(file: &Path) -> String {
    let name = file.file_stem().unwrap().to_str().unwrap();
    name.split('-').next().unwrap().to_owned()
}

/// The one line on the page that holds groups of digits and nothing else.
fn pin(page: &str) -> Zeroizing<String> {
    let mut found = page.lines().filter(|line| {
        let digits = line.chars().filter(char::is_ascii_digit).count();
        digits >= 6 && line.chars().all(|c| c.is_ascii_digit() || c == ' ')
    });
    let line = found.next().expect("a line with the PIN");
    assert!(
        found.next().is_none(),
        "more than one line could be the PIN"
    );
    Zeroizing::new(line.chars().filter(char::is_ascii_digit).collect())
}

fn change_pin(text: &str) -> bool {
    let says = |name: &str| {
        WORDS.iter().any(|words| {
            let words: toml::Table = words.parse().unwrap();
            let label = words[name].as_str().unwrap();
            let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
            text.contains(&label)
        })
    };
    let (change, keep) = (says("opening_change"), says("opening_keep"));
    assert!(change != keep, "the letter says one of the two");
    change
}

/// Where in `files` one of `secrets` stands: as it is, in base64 or in hexadecimal digits.
pub(crate) fn leaks(secrets: &[&str], name: &str, bytes: &[u8]) -> Vec<String> {
    use base64::Engine;
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    secrets
        .iter()
        .enumerate()
        .filter(|(_, secret)| {
            let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
            // The last sign depends on what follows.
            let base64 = &base64[..base64.len() - 1];
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            [secret.as_bytes(), base64.as_bytes(), hex.as_bytes()]
                .into_iter()
                .any(holds)
        })
        .map(|(index, _)| format!("PIN {index} is in {name}"))
        .collect()
}
