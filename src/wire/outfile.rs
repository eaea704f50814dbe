//! Files that a command writes where somebody asked for them: there whole or not at all, for their owner alone. Never writes over
//! anything unless told to, and over nothing but files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// A file that has all its bytes, but not its name.
pub(super) struct Unnamed {
    path: PathBuf,
    whole: PathBuf,
    named: bool,
}

impl Unnamed {
    /// Writes `bytes` beside `path`, onto the disk.
    ///
    /// # Errors
    /// Those of the folder and its disk; nothing is left behind then.
    pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let name = format!(".unfinished-{}", uuid::Uuid::new_v4().simple());
        let whole = folder_of(path).join(name);
        // From here on it is removed when anything fails.
        let unnamed = Self {
            path: path.to_owned(),
            whole,
            named: false,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unnamed.whole)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(unnamed)
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something has that name and `over` is false, or what has it is no file; those of
    /// the folder.
    pub(super) fn name(mut self, over: bool) -> io::Result<()> {
        // A device that lost its name to a file would be missed by the whole machine; a link is not followed.
        let is_file = || match std::fs::symlink_metadata(&self.path) {
            Ok(about) => Ok(about.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        if over && is_file()? {
            std::fs::rename(&self.whole, &self.path)?;
        } else {
            match renameat_with(CWD, &self.whole, CWD, &self.path, RenameFlags::NOREPLACE) {
                // Some network shares do not know the flag.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                    std::fs::hard_link(&self.whole, &self.path)?;
                    std::fs::remove_file(&self.whole)?;
                }
                renamed => renamed?,
            }
        }
        self.named = true;
        File::open(folder_of(&self.path))?.sync_all()
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if !self.named {
            // There is nobody left to tell.
            let _gone = std::fs::remove_file(&self.whole);
        }
    }
}

/// Where a file lies; a bare name lies in the current folder.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_there_whole_for_its_owner_or_not_at_all() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("a.pdf");
        let entries = || std::fs::read_dir(home.path()).expect("entries").count();
        drop(Unnamed::write(&path, b"one").expect("written"));
        assert_eq!(entries(), 0, "what gets no name goes");
        let one = Unnamed::write(&path, b"one").expect("written");
        one.name(false).expect("named");
        let mode = path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let two = Unnamed::write(&path, b"two").expect("written");
        let refused = two.name(false).expect_err("it is there already");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).expect("bytes"), b"one");
        let two = Unnamed::write(&path, b"two").expect("written");
        two.name(true).expect("written over");
        assert_eq!(std::fs::read(&path).expect("bytes"), b"two");
        assert_eq!(entries(), 1);
    }

    #[test]
    fn only_a_file_is_written_over() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).expect("bound");
        let link = home.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
        for path in [&path, &link] {
            let before = std::fs::symlink_metadata(path).expect("it is there");
            let one = Unnamed::write(path, b"one").expect("written");
            let refused = one.name(true).expect_err("no file");
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            let after = std::fs::symlink_metadata(path).expect("it is there still");
            assert_eq!(before.file_type(), after.file_type());
        }
        assert_eq!(std::fs::read_dir(home.path()).expect("entries").count(), 2);
        let new = home.path().join("new.pdf");
        let one = Unnamed::write(&new, b"one").expect("written");
        one.name(true).expect("there was none before");
    }
}
