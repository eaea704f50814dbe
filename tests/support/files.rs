//! Everything in a folder, for tests that look into all of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Every entry below `folder`, `folder` itself first. Links are not followed.
pub(crate) fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while let Some(path) = found.get(at).cloned() {
        at += 1;
        if path.is_dir() && !path.is_symlink() {
            for entry in std::fs::read_dir(&path).expect("a folder") {
                found.push(entry.expect("an entry").path());
            }
        }
    }
    found
}

/// Entries that somebody other than the owner can reach, or that their owner can run.
pub(crate) fn too_open(folder: &Path) -> Vec<String> {
    below(folder)
        .iter()
        .filter_map(|path| {
            let about = std::fs::symlink_metadata(path).expect("an entry");
            let mode = about.permissions().mode() & 0o7777;
            let right = if about.is_dir() { 0o700 } else { 0o600 };
            (mode != right).then(|| format!("{} has {mode:o}", path.display()))
        })
        .collect()
}
