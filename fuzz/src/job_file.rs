//! Job files: whatever lies in the folder, under any of its names.

use keyline::adapter::folder::format;
use keyline::domain::job::row::Rules;

const NAMES: [&str; 5] = ["a.csv", "a.toml", "a.json", "a.tsv", "a.txt"];

/// Reads and wipes a job file. Its first byte chooses the name.
///
/// # Panics
/// Only when keyline has a defect: wiping what was wiped must find nothing that it does not know.
pub fn job_file(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    let rules = Rules {
        policies: vec!["standard".to_owned(), "keep".to_owned()],
        default_policy: Some("standard".to_owned()),
        languages: vec!["en".to_owned(), "de".to_owned()],
    };
    let _ = format::parse(name, bytes, &rules);
    let (wiped, _) = format::without_pins(name, bytes);
    let (again, _) = format::without_pins(name, &wiped);
    assert_eq!(*wiped, *again, "what was wiped is wiped differently");
}
