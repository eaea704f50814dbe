//! A folder as press: each mailer becomes one PDF that is there whole or not at all, readable by its owner only, named after
//! envelope and control number. Never writes over a file, never leaves a half-written PIN behind a restart.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{RenameFlags, renameat_with};

use super::{Composer, copies};
use crate::domain::fault::Fault;
use crate::domain::job::Envelope;
use crate::domain::mailer::{ControlNumber, Mailer};
use crate::domain::paper::Outlet;
use crate::port::{Delivered, Press};

/// Puts letters into a folder.
pub struct FolderPress {
    composer: Composer,
    path: PathBuf,
    /// The same folder, by whatever name it was configured: how the journal knows it.
    known_as: String,
    folder: File,
}

/// Begins the name of a file that is not whole yet.
const UNFINISHED: &str = ".unfinished-";
/// The control numbers of the letters that appeared, or were about to. Whoever empties the folder of letters leaves it.
pub(super) const NOTES: &str = ".control-numbers";

impl FolderPress {
    /// Opens the folder, making it (0700) where it is missing, and removes what an earlier run left unfinished.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when the folder cannot be used.
    pub fn open(path: &Path, composer: Composer) -> Result<Self, Fault> {
        let wrong = |error: io::Error| Fault::Mailer {
            what: format!(
                "the mailer folder {} cannot be used: {error}",
                path.display()
            ),
        };
        make(path).map_err(wrong)?;
        let folder = File::open(path).map_err(wrong)?;
        for entry in std::fs::read_dir(path).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_file(entry.path()).map_err(wrong)?;
            }
        }
        // There before the first note, so that its name is on the disk with this: a note in a file that a cut takes away is none.
        let notes = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path.join(NOTES));
        match notes {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(wrong(error)),
            Ok(_) | Err(_) => {}
        }
        folder.sync_all().map_err(wrong)?;
        let known_as = path.canonicalize().map_err(wrong)?.display().to_string();
        Ok(Self {
            composer,
            path: path.to_owned(),
            known_as,
            folder,
        })
    }

    /// Whether a letter could be written now: better known before a key is wiped for it.
    fn try_to_write(&self) -> Result<(), Fault> {
        let path = self
            .path
            .join(format!("{UNFINISHED}{}", uuid::Uuid::new_v4().simple()));
        let tried = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|_| std::fs::remove_file(&path));
        tried.map_err(|error| Fault::Mailer {
            what: format!(
                "no letter can be written into {}: {error}",
                self.path.display()
            ),
        })
    }

    /// Notes, on the disk, that the letter with this number is about to appear. What is not noted never appeared.
    fn write_down(&self, control: &ControlNumber) -> io::Result<()> {
        let mut notes = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.path.join(NOTES))?;
        writeln!(notes, "{control}")?;
        notes.sync_data()
    }

    fn is_written_down(&self, control: &ControlNumber) -> Result<bool, Fault> {
        let wanted = control.to_string();
        match std::fs::read_to_string(self.path.join(NOTES)) {
            Ok(notes) => Ok(notes.lines().any(|line| line == wanted)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(_) => Err(Fault::DeliveryUncertain),
        }
    }

    fn file_name(control: &ControlNumber, envelope: Envelope) -> String {
        format!("{envelope}-{control}.pdf")
    }

    /// Writes under a name that nobody takes for a letter, until it is on the disk.
    fn write_unfinished(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn not_made(&self, name: &str, error: &io::Error) -> Fault {
        Fault::Mailer {
            what: format!(
                "{} was not written: {error}",
                self.path.join(name).display()
            ),
        }
    }
}

/// Makes the folder, and those above it that are missing, so that its name outlives a power cut: a letter that is on the disk in
/// a folder that is not would be gone, and the ledger would say that it was delivered.
fn make(path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        Some(_) | None => Path::new("."),
    };
    if !above.exists() {
        make(above)?;
    }
    let made = DirBuilder::new().mode(0o700).create(path);
    let was_there = matches!(&made, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
    if !was_there {
        made?;
    }
    // Also when it was there: the run that made it may have been cut before this.
    match File::open(above).and_then(|above| above.sync_all()) {
        // Somebody else made it, in a place that we may not even look at.
        Err(error) if was_there && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

impl Press for FolderPress {
    fn check(&self, mailer: &Mailer) -> Result<(), Fault> {
        self.composer.check(mailer)?;
        self.try_to_write()
    }

    fn outlet(&self) -> Outlet {
        Outlet::Folder {
            path: self.known_as.clone(),
        }
    }

    fn reaches(&self, outlet: &Outlet) -> bool {
        *outlet == self.outlet()
    }

    fn deliver(&self, mailer: &Mailer) -> Result<Delivered, Fault> {
        let bytes = self.composer.render(mailer)?;
        let name = Self::file_name(&mailer.control, mailer.envelope);
        let unfinished = format!("{UNFINISHED}{name}");
        let written = self
            .write_unfinished(&unfinished, &bytes)
            .and_then(|()| self.write_down(&mailer.control));
        let renamed = written.and_then(|()| {
            Ok(renameat_with(
                &self.folder,
                &unfinished,
                &self.folder,
                &name,
                RenameFlags::NOREPLACE,
            )?)
        });
        if let Err(error) = renamed {
            // The letter holds a PIN: a failed removal is worse news than the failed write.
            if let Err(left) = std::fs::remove_file(self.path.join(&unfinished))
                && left.kind() != io::ErrorKind::NotFound
            {
                return Err(Fault::Mailer {
                    what: format!(
                        "{} was not written ({error}), and its unfinished file, which holds a PIN, cannot be removed: {left}",
                        self.path.join(&name).display()
                    ),
                });
            }
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Err(Fault::Mailer {
                    what: format!(
                        "{} is there already: a control number belongs to one sheet",
                        self.path.join(&name).display()
                    ),
                });
            }
            return Err(self.not_made(&name, &error));
        }
        // The name stands; whether it outlives a power cut is not known until the folder is on the disk.
        self.folder
            .sync_all()
            .map_err(|_| Fault::DeliveryUncertain)?;
        Ok(Delivered {
            place: self.path.join(&name).display().to_string(),
            ticket: None,
        })
    }

    fn take_back(&self, control: &ControlNumber, envelope: Envelope) -> Result<(), Fault> {
        let name = Self::file_name(control, envelope);
        match std::fs::remove_file(self.path.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(Fault::Mailer {
                    what: format!(
                        "the void letter {} cannot be removed: {error}",
                        self.path.join(&name).display()
                    ),
                });
            }
            Ok(()) => {}
        }
        self.folder.sync_all().map_err(|error| Fault::Mailer {
            what: format!("the void letter {name} may still be there: {error}"),
        })
    }

    fn forget(&self, control: &ControlNumber, folder: &str) -> Result<(), Fault> {
        copies::remove(Path::new(folder), control)
    }

    fn kept(&self, folder: &str) -> Result<Vec<ControlNumber>, Fault> {
        copies::kept(Path::new(folder))
    }

    fn whereabouts(
        &self,
        control: &ControlNumber,
        envelope: Envelope,
    ) -> Result<Option<Delivered>, Fault> {
        let path = self.path.join(Self::file_name(control, envelope));
        let there = path.try_exists().map_err(|_| Fault::DeliveryUncertain)?;
        if !there && self.is_written_down(control)? {
            // Between the note and the name, or printed and taken away since: nobody can tell.
            return Err(Fault::DeliveryUncertain);
        }
        // A "yes" must outlive a power cut, because nobody will ask again.
        self.folder
            .sync_all()
            .map_err(|_| Fault::DeliveryUncertain)?;
        Ok(there.then(|| Delivered {
            place: path.display().to_string(),
            ticket: None,
        }))
    }
}
