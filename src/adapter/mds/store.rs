//! The kept file: what was read of the last edition, one line of JSON each: the edition, the models, then the logos, which a
//! station at its start does not read. It is there whole or not at all, and its number never goes back.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::MdsFault;
use super::blob::{self, BLOB_BYTES_MAX, Trust};
use super::entries::{self, LOGO_LENGTH_MAX};
use super::floors::Floors;
use crate::adapter::RegularFile;
use crate::domain::authenticator::Aaguid;
use crate::domain::metadata::{Edition, Entry, Shelf, Signer};
use crate::domain::time::Timestamp;

/// The version of the kept file that is written, and the only one that is read: it can be imported anew at any time. The first one
/// had no check sum over its edition, so nobody could tell whether its number, signer and date were still those of the import.
const VERSION: u32 = 2;
/// Bytes of the edition and its models, without logos.
const MODELS_BYTES_MAX: u64 = 64 << 20;
/// Bytes. Models and logos come out of one file of the service.
const KEPT_BYTES_MAX: u64 = MODELS_BYTES_MAX + BLOB_BYTES_MAX;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    keyline_metadata: u32,
    /// SHA-256 of the edition's JSON and a line break, then the models' lines. It shows damage, not who did it: whoever may write
    /// the file can write this as well.
    sha256: String,
    edition: Edition,
}

/// What every version of the first line has.
#[derive(Deserialize)]
struct Written {
    keyline_metadata: u32,
}

#[derive(Serialize, Deserialize)]
struct Logo {
    aaguid: Aaguid,
    logo: String,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub edition: Edition,
    /// The number that was here before, under the same signer.
    pub before: Option<u64>,
    /// The first entries that could not be read, and why.
    pub complaints: Vec<String>,
}

/// The kept file's place.
#[derive(Clone, Debug)]
pub struct Kept {
    file: PathBuf,
    floors: Floors,
    /// A file for practice counts as none.
    genuine_only: bool,
}

impl Kept {
    /// At `file`, which need not be there.
    pub fn at(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            floors: Floors::default(),
            genuine_only: false,
        }
    }

    /// The same, where a file that a practice root has signed counts as none: nobody names such a root.
    #[must_use]
    pub const fn genuine_only(mut self) -> Self {
        self.genuine_only = true;
        self
    }

    /// The same, where these numbers were here once, whatever lies there now.
    #[must_use]
    pub fn not_below(mut self, floors: Floors) -> Self {
        self.floors = floors;
        self
    }

    /// The numbers that it never goes below.
    pub(super) const fn floors(&self) -> Floors {
        self.floors
    }

    /// Where it lies.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Verifies `blob`, reads it and keeps what is in it, in the place of an earlier edition of the same signer.
    ///
    /// # Errors
    /// Whatever is wrong with it; then what was kept before counts on.
    pub fn import(&self, blob: &[u8], trust: &Trust, now: Timestamp) -> Result<Import, MdsFault> {
        let payload = blob::open(blob, trust, now)?;
        let read = entries::read(&payload, trust.signer(), now)?;
        if read.shelf.models.is_empty() {
            return Err(MdsFault::NotMetadata {
                what: "it names no FIDO2 model".to_owned(),
            });
        }
        let wrong = |error: io::Error| MdsFault::files(&self.file, &error);
        let _held = self.lock().map_err(wrong)?;
        // A damaged file is what an import mends, and one that went back as well.
        let before = match self.read() {
            Ok(shelf) => shelf.map(|shelf| shelf.edition),
            Err(MdsFault::Damaged { .. }) => None,
            Err(other) => return Err(other),
        };
        let floors = before.as_ref().map_or(self.floors, |edition| {
            self.floors.with(edition.signer, edition.number)
        });
        let before = before
            .filter(|edition| edition.signer == trust.signer())
            .map(|edition| edition.number);
        let edition = read.shelf.edition.clone();
        if let Some(kept) = floors.above(&edition) {
            return Err(MdsFault::Older {
                offered: edition.number,
                kept,
            });
        }
        let lines =
            lines(&read.shelf, &read.logos).map_err(|error| MdsFault::files(&self.file, &error))?;
        self.replace(&lines).map_err(wrong)?;
        Ok(Import {
            edition,
            before,
            complaints: read.complaints,
        })
    }

    /// What is kept, without the logos; `None` when nothing is.
    ///
    /// # Errors
    /// [`MdsFault::Damaged`] when it is not what was written, [`MdsFault::GoneBack`] when a newer one was here before.
    pub fn load(&self) -> Result<Option<Shelf>, MdsFault> {
        let genuine = |shelf: &Shelf| shelf.edition.signer == Signer::Fido;
        let shelf = self
            .read()?
            .filter(|shelf| !self.genuine_only || genuine(shelf));
        if let Some(edition) = shelf.as_ref().map(|shelf| &shelf.edition)
            && let Some(newest) = self.floors.above(edition)
        {
            return Err(MdsFault::GoneBack {
                file: self.file.display().to_string(),
                number: edition.number,
                newest,
            });
        }
        Ok(shelf)
    }

    fn read(&self) -> Result<Option<Shelf>, MdsFault> {
        let Some(mut reader) = self.reader(MODELS_BYTES_MAX)? else {
            return Ok(None);
        };
        let head = self.head(&mut reader)?;
        let mut models = BTreeMap::new();
        let mut digest = begun(&head.edition)
            .map_err(|error| self.damaged(format!("its edition cannot be read ({error})")))?;
        let mut line = String::new();
        for _ in 0..head.edition.models {
            self.line(&mut reader, &mut line)?;
            digest.update(line.as_bytes());
            let entry: Entry = serde_json::from_str(&line)
                .map_err(|error| self.damaged(format!("a model cannot be read ({error})")))?;
            models.insert(entry.aaguid, Arc::new(entry));
        }
        if hex(&digest.finalize()) != head.sha256 || models.len() != head.edition.models {
            return Err(self.damaged("its edition and models are not those that were written"));
        }
        Ok(Some(Shelf {
            edition: head.edition,
            models,
        }))
    }

    /// The vendor's logo of this model, a data URL that nobody has looked into: at most [`LOGO_LENGTH_MAX`] bytes.
    ///
    /// # Errors
    /// As [`Kept::load`].
    pub fn logo(&self, aaguid: Aaguid) -> Result<Option<String>, MdsFault> {
        let Some(mut reader) = self.reader(KEPT_BYTES_MAX)? else {
            return Ok(None);
        };
        let models = self.head(&mut reader)?.edition.models;
        let mut line = String::new();
        for _ in 0..models {
            self.line(&mut reader, &mut line)?;
        }
        loop {
            line.clear();
            let read = reader
                .read_line(&mut line)
                .map_err(|error| self.unread(&error))?;
            if read == 0 {
                return Ok(None);
            }
            let logo: Logo = serde_json::from_str(&line)
                .map_err(|error| self.damaged(format!("a logo cannot be read ({error})")))?;
            if logo.aaguid == aaguid {
                return Ok((logo.logo.len() <= LOGO_LENGTH_MAX).then_some(logo.logo));
            }
        }
    }

    fn reader(&self, bytes_max: u64) -> Result<Option<BufReader<io::Take<File>>>, MdsFault> {
        match RegularFile::open(&self.file) {
            Ok(file) => Ok(Some(BufReader::new(file.take(bytes_max)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(MdsFault::files(&self.file, &error)),
        }
    }

    fn head(&self, reader: &mut impl io::BufRead) -> Result<Head, MdsFault> {
        let mut line = String::new();
        self.line(reader, &mut line)?;
        let strange = |_| self.damaged("it does not begin as keyline writes it");
        let written: Written = serde_json::from_str(&line).map_err(strange)?;
        match written.keyline_metadata {
            VERSION => serde_json::from_str(&line).map_err(strange),
            0..VERSION => Err(self.damaged(
                "an older keyline wrote it, without a check sum over its number, signer and date",
            )),
            _ => Err(self.damaged("another version of keyline wrote it")),
        }
    }

    /// The next line, which has to be there.
    fn line(&self, reader: &mut impl io::BufRead, line: &mut String) -> Result<(), MdsFault> {
        line.clear();
        match reader.read_line(line) {
            Ok(0) => Err(self.damaged("it is cut off")),
            Ok(_) => Ok(()),
            Err(error) => Err(self.unread(&error)),
        }
    }

    fn unread(&self, error: &io::Error) -> MdsFault {
        if error.kind() == io::ErrorKind::InvalidData {
            self.damaged("it is not text")
        } else {
            MdsFault::files(&self.file, error)
        }
    }

    fn damaged(&self, what: impl Into<String>) -> MdsFault {
        MdsFault::Damaged {
            file: self.file.display().to_string(),
            what: what.into(),
        }
    }

    /// Held while the number is compared and the file exchanged: two imports at once must not go back.
    fn lock(&self) -> io::Result<File> {
        let mut name = self.file.clone().into_os_string();
        name.push(".lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(name)?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(lock)
    }

    fn replace(&self, lines: &str) -> io::Result<()> {
        let folder = match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let draft = folder.join(format!(
            ".metadata-unfinished-{}",
            uuid::Uuid::new_v4().simple()
        ));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(lines.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&draft, &self.file));
        if let Err(error) = written {
            // Nobody is left to be told when even that fails.
            let _gone = std::fs::remove_file(&draft);
            return Err(error);
        }
        File::open(folder)?.sync_all()
    }
}

fn lines(shelf: &Shelf, logos: &BTreeMap<Aaguid, String>) -> serde_json::Result<String> {
    let mut models = String::new();
    for entry in shelf.models.values() {
        models.push_str(&serde_json::to_string(&**entry)?);
        models.push('\n');
    }
    let mut digest = begun(&shelf.edition)?;
    digest.update(models.as_bytes());
    let head = Head {
        keyline_metadata: VERSION,
        sha256: hex(&digest.finalize()),
        edition: shelf.edition.clone(),
    };
    let mut lines = serde_json::to_string(&head)? + "\n" + &models;
    for (aaguid, logo) in logos {
        let logo = Logo {
            aaguid: *aaguid,
            logo: logo.clone(),
        };
        lines.push_str(&serde_json::to_string(&logo)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// A digest that has taken in the edition.
fn begun(edition: &Edition) -> serde_json::Result<Sha256> {
    let text = serde_json::to_string(edition)? + "\n";
    Ok(Sha256::new_with_prefix(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
