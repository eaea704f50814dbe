//! [`Models`] over the kept file. It is read once, and again when another one lies in its place: an import counts at once, in a
//! station that runs. What was read counts on when its file is gone or damaged later.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::MdsFault;
use super::chain;
use super::store::Kept;
use crate::domain::metadata::{Certificate, Entry, Provenance, Shelf};
use crate::domain::time::Timestamp;
use crate::port::Models;

/// What is known of models, as the kept file has it.
pub struct Catalogue {
    loaded: Mutex<Loaded>,
}

struct Loaded {
    kept: Kept,
    seen: Option<Stamp>,
    shelf: Option<Arc<Shelf>>,
}

/// Tells one file from another that was put into its place: an import always makes a new one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Catalogue {
    /// Reads the kept file, if there is one.
    ///
    /// # Errors
    /// When there is one and it cannot be used: a station that forgot its alarms must not run as if there were none.
    pub fn open(file: &Path) -> Result<Self, MdsFault> {
        Self::over(Kept::at(file))
    }

    /// The same, over a kept file of which more is known.
    ///
    /// # Errors
    /// As [`Catalogue::open`].
    pub fn over(kept: Kept) -> Result<Self, MdsFault> {
        let seen = stamp(kept.file());
        let shelf = kept.load()?.map(Arc::new);
        let mut loaded = Loaded { kept, seen, shelf };
        loaded.raise();
        Ok(Self {
            loaded: Mutex::new(loaded),
        })
    }
}

impl Loaded {
    /// What was read once is not gone back behind.
    fn raise(&mut self) {
        if let Some(edition) = self.shelf.as_ref().map(|shelf| &shelf.edition) {
            let floors = self.kept.floors().with(edition.signer, edition.number);
            self.kept = self.kept.clone().not_below(floors);
        }
    }
}

impl Models for Catalogue {
    fn shelf(&self) -> Option<Arc<Shelf>> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let there = stamp(loaded.kept.file());
        if there.is_some() && there != loaded.seen {
            loaded.seen = there;
            match loaded.kept.load() {
                Ok(Some(shelf)) => {
                    tracing::info!(number = shelf.edition.number, "new metadata of models");
                    loaded.shelf = Some(Arc::new(shelf));
                    loaded.raise();
                }
                Ok(None) => {}
                Err(fault) => {
                    tracing::error!(%fault, "the metadata of models that was read before counts on");
                }
            }
        }
        loaded.shelf.clone()
    }

    fn provenance(&self, entry: &Entry, shown: &[Certificate], now: Timestamp) -> Provenance {
        chain::provenance(entry, shown, now)
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(file).ok()?;
    Some(Stamp {
        inode: about.ino(),
        length: about.len(),
        modified: (about.mtime(), about.mtime_nsec()),
    })
}
