//! Files that somebody named, opened without waiting: a pipe would be waited for until somebody writes to it, for ever, and
//! opening a device may do something. Only regular files are read, and only so much of them. Never writes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

/// Set on top of what std sets (O_CLOEXEC): the name may stand for something else by the time it is opened.
const DOOR: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// A regular file, and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegularFile;

impl RegularFile {
    /// Opens the file at `path` for reading; a link is followed.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`], in words, for what is no regular file; those of the file.
    pub(crate) fn open(path: &Path) -> io::Result<File> {
        must_be_file(&std::fs::metadata(path)?)?;
        let file = File::options()
            .read(true)
            .custom_flags(DOOR.bits().cast_signed())
            .open(path)?;
        must_be_file(&file.metadata()?)?;
        Ok(file)
    }

    /// All of the file at `path`, of at most `bytes_max` bytes. The buffer has room from the start, because a growing one would
    /// leave copies of a secret behind, and is wiped on drop.
    ///
    /// # Errors
    /// As [`RegularFile::open`], and [`io::ErrorKind::FileTooLarge`].
    pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        let room = bytes_max.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0)));
        Self::open(path)?.take(room).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > bytes_max) {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it is larger than {bytes_max} bytes"),
            ));
        }
        Ok(bytes)
    }

    /// Text without the byte order mark that some editors put before it: before a line of PEM it hides that line.
    pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
        bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes)
    }
}

fn must_be_file(metadata: &std::fs::Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_fifo() {
        "a pipe (such as `<(…)` of a shell is, too)"
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("it is {what}, and only a regular file is read; put it into one"),
    ))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_read_and_only_so_much_of_it() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("file");
        std::fs::write(&path, b"four").expect("a file");
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        for name in [&path, &link] {
            assert_eq!(**RegularFile::read(name, 4).expect("bytes"), *b"four");
        }
        let refused = RegularFile::read(&path, 3).expect_err("too large");
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
        let pipe = home.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).expect("a pipe");
        for (other, what) in [
            (pipe.as_path(), "a pipe"),
            (home.path(), "a folder"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let refused = RegularFile::read(other, 4).expect_err("no file");
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{other:?}");
            assert!(refused.to_string().contains(what), "{refused}");
        }
    }
}
