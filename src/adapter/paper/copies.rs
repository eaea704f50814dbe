//! Copies of letters in a folder into which the station's press, or an earlier one, has spooled them: seen and removed there. Takes
//! nothing for a copy but a regular file of exactly the name that one has, never follows a symbolic link, and never opens one.
//!
//! # Why
//! The configuration may name another folder, another printer or none by the time a letter is confirmed, and its copy holds a PIN. So
//! the folder comes from the journal, years later perhaps, and whoever owns its place by then must not have other files deleted.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2, statat, unlinkat,
};
use rustix::io::Errno;

use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;
use crate::domain::paper::job_name;

/// A folder, for reading its names.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What the copy of the letter with this number is called.
pub(super) fn file_name(control: &ControlNumber) -> String {
    format!("{}.pdf", job_name(control))
}

/// The numbers of all letters with a copy in the folder.
///
/// # Errors
/// [`Fault::Mailer`] when the folder is gone or cannot be read.
pub(super) fn kept(folder: &Path) -> Result<Vec<ControlNumber>, Fault> {
    list(folder).map_err(|why| Fault::Mailer {
        what: format!(
            "nobody can look for copies of letters, which hold PINs, in {}: {why}",
            folder.display()
        ),
    })
}

/// Removes the copy of the letter with this number, if there is one.
///
/// # Errors
/// [`Fault::Mailer`]: it lies there still, or may again after a power cut, or the folder is gone or cannot be read.
pub(super) fn remove(folder: &Path, control: &ControlNumber) -> Result<(), Fault> {
    let name = file_name(control);
    take_away(folder, &name).map_err(|why| Fault::Mailer {
        what: format!(
            "the copy {}, which holds a PIN, cannot be removed: {why}",
            folder.join(&name).display()
        ),
    })
}

fn list(folder: &Path) -> Result<Vec<ControlNumber>, String> {
    let opened = open(folder)?;
    let mut found = Vec::new();
    for entry in Dir::read_from(&opened).map_err(in_words)? {
        let entry = entry.map_err(in_words)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        let Some(control) = name.to_str().and_then(control_of) else {
            continue;
        };
        match is_regular(&opened, &file_name(&control)) {
            Ok(true) => found.push(control),
            // Not ours, or removed since it was listed.
            Ok(false) | Err(Errno::NOENT) => {}
            Err(error) => return Err(in_words(error)),
        }
    }
    Ok(found)
}

/// The number in the name of a copy. A number that is written otherwise is in the name of somebody else's file.
fn control_of(name: &str) -> Option<ControlNumber> {
    let number = name.strip_prefix("PM-")?.strip_suffix(".pdf")?;
    let control = ControlNumber::parse(number).ok()?;
    (file_name(&control) == name).then_some(control)
}

fn take_away(folder: &Path, name: &str) -> Result<(), String> {
    let opened = open(folder)?;
    match is_regular(&opened, name) {
        Ok(true) => unlinkat(&opened, name, AtFlags::empty()).map_err(in_words)?,
        Ok(false) => {
            return Err("it is no regular file, so the station did not put it there: look at it, and remove it by hand".to_owned());
        }
        // An earlier removal may have been cut before its name was off the disk.
        Err(Errno::NOENT) => {}
        Err(error) => return Err(in_words(error)),
    }
    File::from(opened)
        .sync_all()
        .map_err(|error| error.to_string())
}

fn is_regular(folder: &OwnedFd, name: &str) -> Result<bool, Errno> {
    let about = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(about.st_mode) == FileType::RegularFile)
}

/// Opens the folder where no part of its path is a symbolic link, as it was when its path was written down.
fn open(folder: &Path) -> Result<OwnedFd, String> {
    let opened = match openat2(
        CWD,
        folder,
        FOLDER,
        Mode::empty(),
        ResolveFlags::NO_SYMLINKS,
    ) {
        // Linux before 5.6, and filters of system calls from then: at least the folder itself is none.
        Err(Errno::NOSYS | Errno::PERM) => openat(CWD, folder, FOLDER, Mode::empty()),
        opened => opened,
    };
    opened.map_err(|error| match error {
        Errno::NOENT => "the folder is gone. Where it was moved, or lies on a disk that is not there now, bring it back: each start of the station looks for it".to_owned(),
        Errno::LOOP => "its path leads through a symbolic link now, and the station follows none".to_owned(),
        Errno::NOTDIR => "it is no folder any more".to_owned(),
        error => in_words(error),
    })
}

fn in_words(error: Errno) -> String {
    io::Error::from(error).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    fn number(drawn: u64) -> ControlNumber {
        ControlNumber::draw(drawn.to_be_bytes()).expect("a number")
    }

    /// The real path: a folder for temporary files may lie behind a link.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().canonicalize().expect("a path");
        (home, path)
    }

    fn lay(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, "482913").expect("a file");
        path
    }

    #[test]
    fn a_copy_is_seen_and_removed_and_nothing_else() {
        let (_home, spool) = folder();
        let name = file_name(&number(1));
        let copy = lay(&spool, &name);
        let others = [
            "PM-1.pdf".to_owned(),
            format!("x{name}"),
            format!("{name}~"),
            name.to_lowercase(),
            format!("PM-{}.pdf", number(1).grouped()),
            name.replace(".pdf", ".PDF"),
        ]
        .map(|name| lay(&spool, &name));
        assert_eq!(kept(&spool), Ok(vec![number(1)]));
        assert_eq!(remove(&spool, &number(1)), Ok(()));
        assert!(!copy.exists());
        // Once more, as after a cut; and one that was never there.
        assert_eq!(remove(&spool, &number(1)), Ok(()));
        assert_eq!(remove(&spool, &number(2)), Ok(()));
        assert_eq!(kept(&spool), Ok(Vec::new()));
        assert!(others.iter().all(|other| other.exists()));
    }

    #[test]
    fn what_bears_its_name_and_is_no_file_stays() {
        let (_home, spool) = folder();
        let (_elsewhere, target) = folder();
        let precious = lay(&target, "precious.pdf");
        symlink(&precious, spool.join(file_name(&number(1)))).expect("a link");
        fs::create_dir(spool.join(file_name(&number(2)))).expect("a folder");
        assert_eq!(kept(&spool), Ok(Vec::new()));
        for one in [1, 2] {
            let left = remove(&spool, &number(one))
                .expect_err("no file")
                .to_string();
            assert!(left.contains("it is no regular file"), "{left}");
            let name = spool.join(file_name(&number(one)));
            assert!(name.symlink_metadata().is_ok(), "{name:?}");
        }
        assert!(precious.exists());
    }

    #[test]
    fn nobody_is_led_elsewhere_by_a_link_in_the_path() {
        let (_home, top) = folder();
        let real = top.join("real/spool");
        fs::create_dir_all(&real).expect("a folder");
        let copy = lay(&real, &file_name(&number(1)));
        symlink(top.join("real"), top.join("way")).expect("a link");
        symlink(&real, top.join("spool")).expect("a link");
        for led in [top.join("way/spool"), top.join("spool")] {
            let told = kept(&led).expect_err("a link").to_string();
            assert!(
                told.contains("symbolic link") || told.contains("no folder"),
                "{told}"
            );
            assert!(remove(&led, &number(1)).is_err());
        }
        assert!(copy.exists());
        assert_eq!(remove(&real, &number(1)), Ok(()));
    }

    #[test]
    fn a_folder_that_is_gone_is_no_empty_one() {
        let (_home, top) = folder();
        let gone = top.join("gone");
        for told in [
            kept(&gone).expect_err("nothing").to_string(),
            remove(&gone, &number(1)).expect_err("nothing").to_string(),
        ] {
            assert!(told.contains("the folder is gone"), "{told}");
        }
        let file = lay(&top, "file");
        let told = kept(&file).expect_err("a file").to_string();
        assert!(told.contains("no folder any more"), "{told}");
    }
}
