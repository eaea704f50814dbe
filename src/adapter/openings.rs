//! Who opened which PIN out of a copy of a ledger: a file beside the copy that only grows, one line of JSON per opening. A copy has
//! no writer and no audit chain that could take a row. Never a PIN, and never written over.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

/// The file with the openings of one copy.
#[derive(Clone, Debug)]
pub struct Openings {
    path: PathBuf,
}

impl Openings {
    /// The file beside `copy`; made where there is none, so that whoever cannot write it learns so before they ask for a PIN.
    ///
    /// # Errors
    /// Those of the folder and of the file; [`io::ErrorKind::InvalidInput`] where something else has its name.
    pub fn beside(copy: &Path) -> io::Result<Self> {
        let mut name = copy.as_os_str().to_owned();
        name.push(".openings.jsonl");
        let openings = Self {
            path: PathBuf::from(name),
        };
        openings.file(true)?.sync_all()?;
        // The name of a new file is durable with its folder.
        let folder = openings.path.parent().filter(|at| *at != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(openings)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line, which has no line end in it. On the disk when this returns.
    ///
    /// # Errors
    /// Those of the file.
    pub fn append(&self, line: &str) -> io::Result<()> {
        // Opened anew, and not made anew: what somebody took away is missed, and holds what this would leave out.
        let mut file = self.file(false)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let mut text = String::with_capacity(line.len().saturating_add(2));
        // What was cut off by a power cut stays a line of its own.
        if !ends_a_line(&mut file)? {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn file(&self, make: bool) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);
        let file = fs::OpenOptions::new()
            .read(true)
            .append(true)
            .create(make)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&self.path)?;
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ))
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_is_there_stays_and_a_line_that_was_cut_off_ends() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        let openings = Openings::beside(&copy).unwrap();
        openings.append("{\"job\":1}").unwrap();
        let mut text = fs::read_to_string(openings.path()).unwrap();
        text.push_str("{\"jo");
        fs::write(openings.path(), text).unwrap();
        Openings::beside(&copy)
            .unwrap()
            .append("{\"job\":2}")
            .unwrap();
        let text = fs::read_to_string(openings.path()).unwrap();
        assert_eq!(text, "{\"job\":1}\n{\"jo\n{\"job\":2}\n");
        let mode = fs::metadata(openings.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Somebody takes it away: nothing is noted anywhere else.
        fs::remove_file(openings.path()).unwrap();
        assert!(openings.append("{\"job\":3}").is_err());
        assert!(!openings.path().exists());
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (copy, other) = (folder.path().join("copy.db"), folder.path().join("other"));
        fs::write(&other, "mine").unwrap();
        symlink(&other, folder.path().join("copy.db.openings.jsonl")).unwrap();
        assert!(Openings::beside(&copy).is_err());
        assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
    }
}
