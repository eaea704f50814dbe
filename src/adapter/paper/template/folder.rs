//! The templates that an administrator keeps: the text files of one folder, read with limits. Never follows into other folders,
//! never reads what is no file.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::broken;
use crate::domain::fault::Fault;

/// A template is a page of text; what is larger is none.
pub(super) const TEMPLATE_BYTES_MAX: u64 = 256 * 1024;
/// More files in one folder are a mistake.
const TEMPLATES_MAX: usize = 500;

/// A file and what stands in it.
pub(super) struct Found {
    pub(super) file: String,
    /// Where it is.
    pub(super) folder: PathBuf,
    pub(super) text: String,
}

/// The folders that hold templates, within the one that the configuration names.
const FOLDERS: [&str; 4] = ["profiles", "letters/pin", "letters/key", "letters/receipt"];

/// Every `.toml` in them, in the order of their names.
pub(super) fn read(folder: &Path) -> Result<Vec<Found>, Fault> {
    let wrong = |why: &str| Fault::Mailer {
        what: format!("the folder of templates {} {why}", folder.display()),
    };
    if !folder.is_dir() {
        return Err(wrong("is not there, or is no folder"));
    }
    let mut found = Vec::new();
    let mut any = false;
    for name in FOLDERS {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        any = true;
        let entries = fs::read_dir(&path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(&format!("has {name}, which cannot be read: {error}")))?;
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        paths.sort();
        if paths.len() > TEMPLATES_MAX {
            return Err(wrong(&format!(
                "has more than {TEMPLATES_MAX} files in {name}"
            )));
        }
        for path in paths {
            let text = text_of(&path)?;
            found.push(Found {
                file: path.display().to_string(),
                folder: folder.join(name),
                text,
            });
        }
    }
    if any {
        Ok(found)
    } else {
        Err(wrong(&format!("has none of {}", FOLDERS.join(", "))))
    }
}

fn text_of(path: &Path) -> Result<String, Fault> {
    let file = path.display().to_string();
    let unreadable = |error: std::io::Error| broken(&file, &format!("it cannot be read: {error}"));
    let is_file = fs::metadata(path).map_err(unreadable)?.is_file();
    // A pipe would be waited for.
    if !is_file {
        return Err(broken(&file, &"it is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(unreadable)?
        .take(TEMPLATE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > TEMPLATE_BYTES_MAX) {
        let reason = format!("it is larger than {} KB", TEMPLATE_BYTES_MAX / 1024);
        return Err(broken(&file, &reason));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        broken(&file, &format!("it is not UTF-8 text from byte {at} on"))
    })
}
