//! What a station lies on: a disk that forgets, or, where there can be none, an ordinary folder whose power nobody cuts.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::forgetful::{Forgetful, Loss};
use crate::support::pcscd::skip;

/// Where a station lies.
pub(crate) enum Disk {
    Forgetful(Forgetful),
    Plain,
}

impl Disk {
    /// Whether disks that forget can be had here; says it when not.
    pub(crate) fn can_forget() -> bool {
        let tried = tempfile::tempdir().and_then(|folder| {
            drop(Forgetful::mount(folder.path())?);
            Ok(())
        });
        match tried {
            Ok(()) => true,
            Err(error) => {
                skip(&format!(
                    "the power cannot be cut, because nothing can be mounted through /dev/fuse ({})",
                    error.kind()
                ));
                false
            }
        }
    }

    /// An empty one in the folder `root`.
    pub(crate) fn new(root: &Path, forgetful: bool) -> io::Result<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(root)?;
        if forgetful {
            Forgetful::mount(root).map(Self::Forgetful)
        } else {
            Ok(Self::Plain)
        }
    }

    /// A folder that has been there for years.
    pub(crate) fn plant_folder(&self, root: &Path, path: &Path) -> io::Result<()> {
        match self {
            Self::Forgetful(disk) => {
                disk.plant_folder(path);
                Ok(())
            }
            Self::Plain => std::fs::DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(root.join(path)),
        }
    }

    /// A file that has been there for years, in folders that were planted before.
    pub(crate) fn plant(&self, root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Forgetful(disk) => {
                disk.plant(path, bytes);
                Ok(())
            }
            Self::Plain => {
                use io::Write as _;
                std::fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(root.join(path))?
                    .write_all(bytes)
            }
        }
    }

    /// Cuts the power, where that can be done.
    pub(crate) fn cut(&mut self, loss: Loss) -> io::Result<()> {
        match self {
            Self::Forgetful(disk) => disk.cut(loss),
            Self::Plain => Ok(()),
        }
    }
}
