//! A folder with a copy of each letter that went to the printer, where the configuration asks for one: readable for its owner only,
//! on the disk before the printer has the letter, and gone when its sheet is confirmed or void. Holds nothing else, and without
//! a folder nothing at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::domain::fault::Fault;

/// Bits that let somebody else in.
const OTHERS: u32 = 0o077;

/// Where copies lie, if they do.
pub(super) struct Spool(Option<PathBuf>);

impl Spool {
    /// # Errors
    /// [`Fault::Mailer`] when the folder cannot be had, or is open to others.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, Fault> {
        let Some(folder) = folder else {
            return Ok(Self(None));
        };
        let wrong = |why: String| Fault::Mailer {
            what: format!(
                "the folder {} of `spool` cannot be used: {why}",
                folder.display()
            ),
        };
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(wrong(error.to_string()));
            }
            Ok(()) | Err(_) => {}
        }
        let about = std::fs::metadata(folder).map_err(|error| wrong(error.to_string()))?;
        if !about.is_dir() {
            return Err(wrong("it is no folder".to_owned()));
        }
        if about.permissions().mode() & OTHERS != 0 {
            return Err(wrong(format!(
                "others can look into it, and letters with PINs lie there: `chmod 700 {}`",
                folder.display()
            )));
        }
        Ok(Self(Some(folder.to_owned())))
    }

    /// Keeps a copy of the letter. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`Fault::Mailer`], also when one of this name was kept before: a number belongs to one sheet.
    pub(super) fn keep(&self, name: &str, letter: &[u8]) -> Result<(), Fault> {
        let Some(folder) = &self.0 else {
            return Ok(());
        };
        let path = file(folder, name);
        let written = write(&path, letter).and_then(|()| File::open(folder)?.sync_all());
        written.map_err(|error| {
            let what = if error.kind() == ErrorKind::AlreadyExists {
                format!(
                    "{} is there already: a control number belongs to one sheet",
                    path.display()
                )
            } else {
                // Half a letter is of no use, and holds a PIN.
                let _ = std::fs::remove_file(&path);
                format!("the copy {} was not written: {error}", path.display())
            };
            Fault::Mailer { what }
        })
    }

    /// The names of all copies.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when the folder cannot be read.
    pub(super) fn kept(&self) -> Result<Vec<String>, Fault> {
        let Some(folder) = &self.0 else {
            return Ok(Vec::new());
        };
        let listed = std::fs::read_dir(folder).and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<_>>>()
        });
        let names = listed.map_err(|error| Fault::Mailer {
            what: format!("the folder {} cannot be read: {error}", folder.display()),
        })?;
        let stems = names.iter().filter_map(|name| name.strip_suffix(".pdf"));
        Ok(stems.map(str::to_owned).collect())
    }

    /// Removes the copy, if there is one.
    ///
    /// # Errors
    /// [`Fault::Mailer`]: it lies there still, or may again after a power cut.
    pub(super) fn remove(&self, name: &str) -> Result<(), Fault> {
        let Some(folder) = &self.0 else {
            return Ok(());
        };
        let path = file(folder, name);
        let removed = match std::fs::remove_file(&path) {
            // An earlier removal may have been cut before its name was off the disk.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| Fault::Mailer {
                what: format!(
                    "the copy {}, which holds a PIN, cannot be removed: {error}",
                    path.display()
                ),
            })
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pdf"))
}

fn write(path: &Path, letter: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(letter)?;
    file.sync_all()
}
