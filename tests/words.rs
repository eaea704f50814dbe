//! Guards the words of the repository: no path of somebody's machine, no note of unfinished work, no test switched off.
//!
//! It reads every file that git tracks or would track. Whether the words are good ones it cannot tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of particular machines. They count where a path begins, so `target/peers/root` is none. Written in pieces,
/// because this file is judged as well.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/", "root"),
    concat!("/", "home"),
    concat!("/", "Users"),
    concat!("/", "work"),
    concat!("/", "tmp/research"),
];

/// Notes that say that something is not done, as whole words.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("HA", "CK"),
];

/// A test that is switched off hides what is broken.
const SWITCHED_OFF: &str = concat!("#[ig", "nore");

#[test]
fn the_repository_speaks_of_the_product_alone() {
    let files = tracked_files();
    assert!(files.len() >= 20, "only {} files", files.len());
    let mut faults = Vec::new();
    for file in &files {
        // A font or a picture has no words; a tracked file may have been removed from the folder.
        let Ok(text) = fs::read_to_string(file) else {
            continue;
        };
        faults.extend(
            judge(&text)
                .into_iter()
                .map(|fault| format!("{}:{fault}", file.display())),
        );
    }
    assert!(
        faults.is_empty(),
        "{} words too many:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// What is wrong with a text: line and word.
fn judge(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for folder in MACHINE_FOLDERS {
            if stands_alone(line, folder, begins_no_path, goes_on_as_name) {
                faults.push(format!("{number}: a machine's folder, {folder}"));
            }
        }
        for note in UNFINISHED {
            if stands_alone(line, note, goes_on_as_name, goes_on_as_name) {
                faults.push(format!("{number}: unfinished, {note}"));
            }
        }
        if line.contains(SWITCHED_OFF) {
            faults.push(format!("{number}: a test is switched off"));
        }
    }
    faults
}

/// Whether `word` occurs in `line` where neither the character before nor the one behind makes it part of something else.
fn stands_alone(
    line: &str,
    word: &str,
    spoilt_before: fn(char) -> bool,
    spoilt_behind: fn(char) -> bool,
) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let behind = line[at + word.len()..].chars().next();
        !before.is_some_and(spoilt_before) && !behind.is_some_and(spoilt_behind)
    })
}

/// After one of these, a slash goes on with a path (`peers/root`, `${peers}/root`) or closes a tag (`</root>`).
fn begins_no_path(before: char) -> bool {
    before.is_alphanumeric() || "_-./<})]*".contains(before)
}

fn goes_on_as_name(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_' || sign == '-'
}

/// What git tracks or would track; without git, as in an unpacked archive, every file outside `target`.
fn tracked_files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        // A checkout may belong to another user than the one who runs the tests.
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .output();
    match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8(output.stdout).expect("file names in UTF-8");
            names
                .split_terminator('\0')
                .map(PathBuf::from)
                .filter(|file| file.is_file())
                .collect()
        }
        Ok(_) | Err(_) => files_below(Path::new(".")),
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != ".git" {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(judge(text), expected, "in {text:?}");
}

#[test]
fn a_machines_folder_is_seen() {
    let root = concat!("/", "root");
    let fault = format!("1: a machine's folder, {root}");
    check(&format!("cd {root}/keyline"), &[&fault]);
    check(&format!("\"{root}\""), &[&fault]);
    check(&format!("see {root}."), &[&fault]);
    check("target/peers/root \"$peers/root\" ${peers}/root", &[]);
    check("</root> and /rooted", &[]);
    let home = concat!("/", "home");
    check(
        &format!("fine\nPATH={home}/megan/bin"),
        &[&format!("2: a machine's folder, {home}")],
    );
    check("https://contoso.com/home/", &[]);
}

#[test]
fn a_note_of_unfinished_work_is_seen() {
    for note in UNFINISHED {
        let fault = format!("1: unfinished, {note}");
        check(&format!("// {note}: later"), &[&fault]);
        check(note, &[&fault]);
        check(&format!("X{note}X"), &[]);
    }
    check("mktemp -d keyline.XXXXXX", &[]);
}

#[test]
fn a_test_that_is_switched_off_is_seen() {
    check(SWITCHED_OFF, &["1: a test is switched off"]);
    check(
        &format!("    {SWITCHED_OFF} = \"slow\"]"),
        &["1: a test is switched off"],
    );
}

#[test]
fn an_archive_without_git_is_read_as_well() {
    let files = files_below(Path::new("."));
    assert!(files.contains(&PathBuf::from("./Cargo.toml")), "{files:?}");
    assert!(
        !files.iter().any(|file| file.starts_with("./target")),
        "build products are not ours"
    );
}
