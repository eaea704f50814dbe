//! The letters of a station: read as their recipients do, and watched, because what has once lain in the folder may be printed.

#[expect(
    dead_code,
    reason = "a search for leaks is the business of another test"
)]
#[path = "../station/letters.rs"]
mod paper;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use paper::{Letter, control_on};

/// The letters that were ever seen, by envelope and number, and those that were there when the station was looked at last.
#[derive(Default)]
pub(crate) struct Watch {
    ever: BTreeSet<String>,
    now: BTreeSet<String>,
}

impl Watch {
    /// Looks into the folder. Says which letters have come back: somebody may have printed the first one.
    pub(crate) fn look(&mut self, folder: &Path) -> Vec<String> {
        let now: BTreeSet<String> = all(folder).iter().map(|file| stem(file)).collect();
        let again = now
            .iter()
            .filter(|name| self.ever.contains(*name) && !self.now.contains(*name))
            .map(|name| format!("the letter {name} was made twice"))
            .collect();
        self.ever.extend(now.iter().cloned());
        self.now = now;
        again
    }

    /// How many letters were ever seen for this envelope.
    pub(crate) fn of(&self, envelope: &str) -> usize {
        let prefix = format!("{envelope}-");
        self.ever
            .iter()
            .filter(|name| name.starts_with(&prefix))
            .count()
    }
}

/// The letters in a folder, by name; none where it is not there yet.
pub(crate) fn all(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut letters: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .collect();
    letters.sort();
    letters
}

/// What stands behind the envelope in a letter's name: the number of the sheet, which no other sheet has.
pub(crate) fn control_of(file: &Path) -> String {
    stem(file).split_once('-').unwrap().1.to_owned()
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap().to_str().unwrap().to_owned()
}
