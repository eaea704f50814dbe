//! Where the refresh token of an administrator who signed in is kept: sealed with `age` to a key of the station's own, in a file
//! of mode 0600 that is replaced as a whole, or in memory alone, or nowhere. It is never on the disk in clear, never in a log or an error.
//!
//! # Why
//! The file lies beside the ledger and its key among the station's keys, so that a copy of the ledger's folder opens nothing.
//! What is sealed names tenant and application: a file from elsewhere is told, and its token is not sent to somebody else.
//! Whoever refreshes holds a lock on the key, because two programs of one station may ask at the same moment.

mod key;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use age::x25519;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::adapter::RegularFile;
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::secret::open_to_others;

/// The age identity that the refresh token is sealed to.
const KEY_FILE: &str = "sign-in.key";
/// The file with the sealed token, beside the ledger.
pub const SEALED_FILE: &str = "entra-sign-in.age";
/// Bytes. Entra's refresh tokens have some two thousand.
const SEALED_BYTES_MAX: u64 = 64 * 1024;

/// A sign-in that lasts. No `Debug`; wiped on drop.
#[derive(Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(super) struct Kept {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) refresh_token: String,
    /// When somebody signed in, in milliseconds since 1970.
    pub(super) since: i64,
}

/// The place of the refresh token.
pub struct Keep(Place);

enum Place {
    Nowhere,
    Sealed(Sealed),
    Memory(Mutex<Option<Kept>>),
}

pub(super) struct Sealed {
    keys: PathBuf,
    /// Where systemd handed the key over instead.
    handed: Option<PathBuf>,
    file: PathBuf,
}

impl Keep {
    /// Sealed in the folder of the ledger, to a key in `keys` (or in `credentials`, systemd's `$CREDENTIALS_DIRECTORY`, when
    /// it lies there).
    pub fn sealed(ledger: &Path, keys: &Path, credentials: Option<&Path>) -> Self {
        let handed = credentials.filter(|folder| folder.join(KEY_FILE).exists());
        Self(Place::Sealed(Sealed {
            keys: keys.to_owned(),
            handed: handed.map(Path::to_owned),
            file: ledger.join(SEALED_FILE),
        }))
    }

    /// For a sign-in that ends with its first token: no other is asked for, so that none is left to be taken.
    pub const fn nowhere() -> Self {
        Self(Place::Nowhere)
    }

    /// Whether a refresh token is wanted.
    pub(super) const fn lasts(&self) -> bool {
        match self.0 {
            Place::Nowhere => false,
            Place::Sealed(_) | Place::Memory(_) => true,
        }
    }

    /// For one run of a program: nothing is written anywhere.
    pub fn in_memory() -> Self {
        Self(Place::Memory(Mutex::default()))
    }

    /// Takes the sign-in away; `false` when there was none. Waits for whoever is renewing it, who would store it again; a key that
    /// cannot be opened renews nothing, and keeps nobody from signing out.
    ///
    /// # Errors
    /// [`Fault::SignIn`] when the file cannot be removed.
    pub fn forget(&self) -> Result<bool, Fault> {
        match &self.0 {
            Place::Nowhere => Ok(false),
            Place::Memory(kept) => Ok(locked(kept).take().is_some()),
            Place::Sealed(sealed) => {
                let _lock = sealed.key();
                match std::fs::remove_file(&sealed.file) {
                    Ok(()) => {
                        sync_folder(&sealed.file)
                            .map_err(|error| unusable(&sealed.file, "removed", &error))?;
                        Ok(true)
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                    Err(error) => Err(unusable(&sealed.file, "removed", &error)),
                }
            }
        }
    }

    /// Why the sign-in cannot be used, without asking the tenant; `Ok(None)`: nobody has signed in.
    ///
    /// # Errors
    /// As [`Held::read`].
    pub fn check(&self) -> Result<Option<Timestamp>, Fault> {
        let held = self.hold()?;
        Ok(held.read()?.map(|kept| Timestamp(kept.since)))
    }

    /// Makes the key when there is none, and looks at it, so that nobody signs in for nothing.
    ///
    /// # Errors
    /// As [`Keep::hold`].
    pub(super) fn prepare(&self) -> Result<(), Fault> {
        match &self.0 {
            Place::Nowhere | Place::Memory(_) => Ok(()),
            Place::Sealed(sealed) => sealed.prepare(),
        }
    }

    /// Holds the place, so that nobody else changes it meanwhile; waits a while for whoever holds it.
    ///
    /// # Errors
    /// [`Fault::SignIn`] when somebody else holds it for too long, the key is damaged, or nothing is kept; [`Fault::StationKeys`].
    pub(super) fn hold(&self) -> Result<Held<'_>, Fault> {
        match &self.0 {
            Place::Nowhere => Err(Fault::SignIn {
                what: "the administrator's sign-in has ended, because it was for an hour or so and is kept nowhere".to_owned(),
            }),
            Place::Memory(kept) => Ok(Held::Memory(locked(kept))),
            Place::Sealed(sealed) => match sealed.key()? {
                None => Ok(Held::Nothing(sealed)),
                Some((lock, identity)) => Ok(Held::Sealed {
                    sealed,
                    identity,
                    _lock: lock,
                }),
            },
        }
    }
}

/// The place, held by one.
pub(super) enum Held<'a> {
    Memory(MutexGuard<'a, Option<Kept>>),
    /// There is no key, so nothing was ever kept here.
    Nothing(&'a Sealed),
    Sealed {
        sealed: &'a Sealed,
        identity: x25519::Identity,
        /// The open key file bears the lock.
        _lock: File,
    },
}

impl Held<'_> {
    /// What is kept; `None`: nobody has signed in.
    ///
    /// # Errors
    /// [`Fault::SignIn`]: it is damaged, open to others, or sealed to another station.
    pub(super) fn read(&self) -> Result<Option<Kept>, Fault> {
        match self {
            Held::Memory(kept) => Ok(kept.as_ref().map(Kept::copy)),
            Held::Nothing(sealed) if sealed.file.exists() => Err(again(&format!(
                "the key of the sign-in in {} is not here (it was made for another station, or lost)",
                sealed.file.display()
            ))),
            Held::Nothing(_) => Ok(None),
            Held::Sealed {
                sealed, identity, ..
            } => sealed.read(identity),
        }
    }

    /// Replaces what is kept.
    ///
    /// # Errors
    /// [`Fault::SignIn`]: then the old one is still there.
    pub(super) fn store(&mut self, kept: Kept) -> Result<(), Fault> {
        match self {
            Held::Memory(place) => {
                **place = Some(kept);
                Ok(())
            }
            Held::Nothing(sealed) => Err(no_key_to_seal_to(&sealed.key_path())),
            Held::Sealed {
                sealed, identity, ..
            } => sealed.store(&identity.to_public(), &kept),
        }
    }

    /// Replaces what is kept by what it was renewed to. Where somebody has taken it away meanwhile, it stays away.
    ///
    /// # Errors
    /// As [`Held::store`].
    pub(super) fn renew(&mut self, kept: Kept) -> Result<(), Fault> {
        let is_there = match self {
            Held::Memory(place) => place.is_some(),
            Held::Nothing(_) => false,
            Held::Sealed { sealed, .. } => sealed.file.exists(),
        };
        if is_there { self.store(kept) } else { Ok(()) }
    }
}

impl Kept {
    fn copy(&self) -> Self {
        Self {
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            refresh_token: self.refresh_token.clone(),
            since: self.since,
        }
    }
}

impl Sealed {
    fn key_path(&self) -> PathBuf {
        self.handed.as_ref().unwrap_or(&self.keys).join(KEY_FILE)
    }

    fn prepare(&self) -> Result<(), Fault> {
        if self.key()?.is_none() {
            key::make(&self.key_path())?;
            // Such as a link to nowhere.
            if self.key()?.is_none() {
                return Err(no_key_to_seal_to(&self.key_path()));
            }
        }
        Ok(())
    }

    /// The key, and the file that bears its lock; `None` when there is no key.
    fn key(&self) -> Result<Option<(File, x25519::Identity)>, Fault> {
        key::open(&self.key_path(), self.handed.is_some())
    }

    fn read(&self, identity: &x25519::Identity) -> Result<Option<Kept>, Fault> {
        let sealed = match RegularFile::read(&self.file, SEALED_BYTES_MAX) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&self.file, "read", &error)),
        };
        if let Some(why) = open_to_others(&self.file) {
            return Err(Fault::SignIn { what: why });
        }
        let told = |why: &str| again(&format!("{} {why}", self.file.display()));
        let damaged = || told("is damaged");
        let decryptor = age::Decryptor::new(sealed.as_slice()).map_err(|_| damaged())?;
        let mut reader = decryptor
            .decrypt(std::iter::once::<&dyn age::Identity>(identity))
            .map_err(|error| {
                if matches!(error, age::DecryptError::NoMatchingKeys) {
                    told("was sealed by another station")
                } else {
                    damaged()
                }
            })?;
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        reader.read_to_end(&mut plain).map_err(|_| damaged())?;
        serde_json::from_slice(&plain)
            .map(Some)
            .map_err(|_| damaged())
    }

    /// A new file beside the old one, then renamed over it: a cut leaves the one or the other.
    fn store(&self, recipient: &x25519::Recipient, kept: &Kept) -> Result<(), Fault> {
        let sealed = seal(recipient, kept).map_err(|why| Fault::Internal {
            what: format!("the sign-in cannot be sealed: {why}"),
        })?;
        let beside = self.file.with_extension("age.new");
        let write = || {
            match std::fs::remove_file(&beside) {
                // One that a power cut left behind.
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&beside)?;
            file.write_all(&sealed)?;
            file.sync_all()?;
            std::fs::rename(&beside, &self.file)?;
            sync_folder(&self.file)
        };
        write().map_err(|error| unusable(&self.file, "written", &error))
    }
}

fn seal(recipient: &x25519::Recipient, kept: &Kept) -> Result<Vec<u8>, String> {
    // Room from the start: a growing buffer would leave copies behind. JSON makes of a byte six at the most.
    let room = kept.tenant.len() + kept.client_id.len() + kept.refresh_token.len() + 100;
    let mut plain = Zeroizing::new(Vec::with_capacity(room * 6));
    serde_json::to_writer(&mut *plain, kept).map_err(|error| error.to_string())?;
    let encryptor =
        age::Encryptor::with_recipients(std::iter::once::<&dyn age::Recipient>(recipient))
            .map_err(|error| error.to_string())?;
    let mut sealed = Vec::with_capacity(plain.len() * 2);
    let mut writer = encryptor
        .wrap_output(&mut sealed)
        .map_err(|error| error.to_string())?;
    writer
        .write_all(&plain)
        .and_then(|()| writer.finish().map(drop))
        .map_err(|error| error.to_string())?;
    Ok(sealed)
}

fn locked(kept: &Mutex<Option<Kept>>) -> MutexGuard<'_, Option<Kept>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn unusable(file: &Path, what: &str, error: &io::Error) -> Fault {
    Fault::SignIn {
        what: format!("{} cannot be {what}: {error}", file.display()),
    }
}

fn no_key_to_seal_to(path: &Path) -> Fault {
    again(&format!(
        "there is no key in {} to seal the sign-in to; delete what has that name",
        path.display()
    ))
}

/// A sign-in that is of no use any more: somebody has to sign in anew.
pub(super) fn again(why: &str) -> Fault {
    Fault::SignIn {
        what: format!("{why}; sign in again: `keyline entra login`"),
    }
}
