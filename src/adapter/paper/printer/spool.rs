//! A folder with a copy of each letter that went to the printer, where the configuration asks for one: readable for its owner only,
//! on the disk before the printer has the letter. Holds nothing else, and without a folder nothing at all. A copy of a confirmed or
//! void letter goes by what the journal says, since the configuration may have changed meanwhile.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::copies;
use crate::domain::fault::Fault;
use crate::domain::mailer::ControlNumber;

/// Bits that let somebody else in.
const OTHERS: u32 = 0o077;

/// Where copies lie, if they do: the real path, which the journal can name.
pub(super) struct Spool(Option<String>);

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
        let real = folder
            .canonicalize()
            .map_err(|error| wrong(error.to_string()))?;
        match real.into_os_string().into_string() {
            Ok(path) => Ok(Self(Some(path))),
            Err(_) => Err(wrong(
                "its path is no UTF-8, so the ledger cannot name it".to_owned(),
            )),
        }
    }

    /// The folder, for whoever removes a copy when its letter is confirmed or void.
    pub(super) fn known_as(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Keeps a copy of the letter. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`Fault::Mailer`], also when one of this name was kept before: a number belongs to one sheet.
    pub(super) fn keep(&self, control: &ControlNumber, letter: &[u8]) -> Result<(), Fault> {
        let Some(folder) = &self.0 else {
            return Ok(());
        };
        let path = Path::new(folder).join(copies::file_name(control));
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

    /// Removes the copy of a letter that the printer refused, if there is one.
    ///
    /// # Errors
    /// [`Fault::Mailer`]: it lies there still, or may again after a power cut.
    pub(super) fn remove(&self, control: &ControlNumber) -> Result<(), Fault> {
        match &self.0 {
            Some(folder) => copies::remove(Path::new(folder), control),
            None => Ok(()),
        }
    }
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
