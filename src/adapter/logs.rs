//! The station's log files, for whoever looks at their end. Reads a bounded part of the newest one, and never writes.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::adapter::RegularFile;

/// Bytes from the end of the log that are looked at: some thousand lines.
const LOG_BYTES_MAX: u64 = 512 * 1024;
/// The names of log files begin and end so; between them stands the day.
const LOG_NAMES: (&str, &str) = ("keyline.", ".jsonl");

/// The newest log file and the text at its end; nothing where there is none yet. The first line may be cut.
///
/// # Errors
/// Those of the folder and the file.
pub fn tail(folder: &Path) -> io::Result<Option<(PathBuf, String)>> {
    let Some(newest) = newest(folder)? else {
        return Ok(None);
    };
    let mut file = RegularFile::open(&newest)?;
    let length = file.metadata()?.len();
    let begin = length.saturating_sub(LOG_BYTES_MAX);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some((newest, String::from_utf8_lossy(&bytes).into_owned())))
}

/// Their names order as their days do.
fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut newest = None;
    for entry in entries {
        let name = entry?.file_name();
        let is_log = name
            .to_str()
            .is_some_and(|name| name.starts_with(LOG_NAMES.0) && name.ends_with(LOG_NAMES.1));
        if is_log && newest.as_ref().is_none_or(|known| known < &name) {
            newest = Some(name);
        }
    }
    Ok(newest.map(|name| folder.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_newest_log_is_read_and_no_more() {
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(tail(&home.path().join("log")).ok(), Some(None));
        let put = |name: &str, text: &str| {
            std::fs::write(home.path().join(name), text).expect("a file");
        };
        put("keyline.2026-03-01.jsonl", "old\n");
        put("zzz.txt", "no log\n");
        put(
            "keyline.2026-03-02.jsonl",
            &"0123456789abcde\n".repeat(100_000),
        );
        let (file, text) = tail(home.path()).expect("a folder").expect("a log");
        assert!(
            file.ends_with("keyline.2026-03-02.jsonl"),
            "{}",
            file.display()
        );
        assert_eq!(u64::try_from(text.len()), Ok(LOG_BYTES_MAX));
        assert!(text.ends_with("0123456789abcde\n"));
    }
}
