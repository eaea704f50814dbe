//! The station's own keys: the identity that copies of PINs in flight are sealed to, the key that signs checkpoints, and the
//! key of the content hash of job files. They lie in files of mode 0600 or come as systemd credentials; they never
//! travel, and none of them opens a PIN that is no longer in flight.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519;
use ed25519_dalek::{SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::fault::Fault;

use super::trouble::{file_fault, ledger_fault};

const IN_FLIGHT_FILE: &str = "in-flight.key";
const SIGNING_FILE: &str = "signing.key";
const CONTENT_FILE: &str = "content.key";
/// Names the ledger that the keys serve.
const LEDGER_FILE: &str = "ledger.id";
/// Any of these files is far shorter.
const KEY_FILE_BYTES_MAX: u64 = 4096;
const KEY_BYTES: usize = 32;

/// The keys of one station. Wiped when dropped.
pub struct StationKeys {
    in_flight: x25519::Identity,
    signing: SigningKey,
    content: Zeroizing<[u8; KEY_BYTES]>,
    /// Where the in-flight identity may be replaced; `None` when it came as a credential.
    home: Option<PathBuf>,
}

impl StationKeys {
    /// Makes new keys in `directory`, each in a file of mode 0600.
    ///
    /// # Errors
    /// [`Fault::StationKeys`] when one of the files is there already, or cannot be written.
    pub fn create(directory: &Path) -> Result<Self, Fault> {
        let signing = SigningKey::from_bytes(&*random()?);
        let content = random()?;
        let in_flight = x25519::Identity::generate();
        write_new(
            directory,
            IN_FLIGHT_FILE,
            in_flight.to_string().expose_secret(),
        )?;
        write_new(directory, SIGNING_FILE, &hex(signing.as_bytes()))?;
        write_new(directory, CONTENT_FILE, &hex(&*content))?;
        sync_directory(directory)?;
        Ok(Self {
            in_flight,
            signing,
            content,
            home: Some(directory.to_owned()),
        })
    }

    /// The keys in `directory`, or those in `credentials` (systemd's `$CREDENTIALS_DIRECTORY`) when they lie there.
    ///
    /// # Errors
    /// [`Fault::StationKeys`] when a file is missing, readable by others, or not what it should be.
    pub fn load(directory: &Path, credentials: Option<&Path>) -> Result<Self, Fault> {
        let handed = handed(credentials);
        let from = handed.unwrap_or(directory);
        Ok(Self {
            in_flight: read_identity(from)?,
            signing: SigningKey::from_bytes(&*read_hex(from, SIGNING_FILE)?),
            content: read_hex(from, CONTENT_FILE)?,
            home: handed.is_none().then(|| directory.to_owned()),
        })
    }

    /// Everything that keeps [`StationKeys::load`] from loading, not the first thing alone.
    pub fn objections(directory: &Path, credentials: Option<&Path>) -> Vec<Fault> {
        let from = handed(credentials).unwrap_or(directory);
        [
            read_identity(from).err(),
            read_hex(from, SIGNING_FILE).err(),
            read_hex(from, CONTENT_FILE).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// HMAC-SHA256 of a job file's bytes: tells known content without telling anything about it.
    pub fn content_hash(&self, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.content, bytes)
    }

    /// The key of [`StationKeys::content_hash`], for the drop folder, which hashes what it reads.
    pub fn content_key(&self) -> [u8; KEY_BYTES] {
        *self.content
    }

    /// The public half of the key that signs checkpoints.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.signing.verifying_key()
    }

    pub(super) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    pub(super) fn in_flight(&self) -> &x25519::Identity {
        &self.in_flight
    }

    /// Marks the keys as those of this ledger. Two ledgers must not share them: each replaces the in-flight identity when
    /// nothing of its own is in flight.
    pub(super) fn belong_to(&self, ledger_id: &str) -> Result<(), Fault> {
        let marked = self.check_home(ledger_id)?;
        match &self.home {
            Some(home) if !marked => {
                write_new(home, LEDGER_FILE, ledger_id)?;
                sync_directory(home)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the keys are marked as those of this ledger; an error when they are another's.
    pub(super) fn check_home(&self, ledger_id: &str) -> Result<bool, Fault> {
        let Some(home) = &self.home else {
            return Ok(false);
        };
        let path = home.join(LEDGER_FILE);
        if !path.exists() {
            return Ok(false);
        }
        if read(home, LEDGER_FILE)?.trim() == ledger_id {
            return Ok(true);
        }
        Err(keys_fault(format!(
            "those in {} belong to another ledger ({} names it); this ledger needs its own keys",
            home.display(),
            path.display()
        )))
    }

    /// Replaces the in-flight identity, so that what was sealed to the old one can never be opened again. Only for a moment
    /// in which nothing is in flight. Returns `false` for keys that came as credentials: systemd owns those.
    pub(super) fn rotate_in_flight(&mut self) -> Result<bool, Fault> {
        let Some(home) = &self.home else {
            return Ok(false);
        };
        let fresh = x25519::Identity::generate();
        let waiting = home.join("in-flight.key.new");
        match std::fs::remove_file(&waiting) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(file_fault("remove", &waiting, &error));
            }
            // One that a power cut left behind was never used.
            Ok(()) | Err(_) => {}
        }
        write_new(home, "in-flight.key.new", fresh.to_string().expose_secret())?;
        let path = home.join(IN_FLIGHT_FILE);
        std::fs::rename(&waiting, &path).map_err(|error| file_fault("replace", &path, &error))?;
        sync_directory(home)?;
        self.in_flight = fresh;
        Ok(true)
    }
}

/// Generates a recovery pair for practice: the private half goes to the new file `path` (mode 0600), the recipient is returned.
/// In production the administrator makes the pair elsewhere, and the station never sees the private half.
///
/// # Errors
/// [`Fault::Recipients`] when the file is there already or cannot be written.
pub fn generate_practice_identity(path: &Path) -> Result<String, Fault> {
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let text = Zeroizing::new(format!(
        "# practice recovery identity; whoever has this file can open every PIN\n# public key: {recipient}\n{}",
        identity.to_string().expose_secret()
    ));
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str());
    let refused = |what| Fault::Recipients { what };
    let name = name.ok_or_else(|| refused(format!("{} is no file name", path.display())))?;
    create_file(directory, name, &text).map_err(refused)?;
    Ok(recipient)
}

/// Unpredictable bytes for a key or a salt.
pub(super) fn random() -> Result<Zeroizing<[u8; KEY_BYTES]>, Fault> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .map_err(|error| ledger_fault(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// HMAC-SHA256 (RFC 2104).
pub(super) fn hmac_sha256(key: &[u8; KEY_BYTES], message: &[u8]) -> [u8; 32] {
    // A key shorter than a block is padded with zeros; done here, the key type fits and nothing can fail.
    let mut block = Zeroizing::new([0; 64]);
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(super) fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        for digit in [byte >> 4, byte & 0x0F] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

pub(super) fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for pair in digits.chunks_exact(2) {
        let mut byte = 0;
        for digit in pair {
            byte = byte << 4 | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        }
        bytes.push(byte);
    }
    Some(bytes)
}

fn write_new(directory: &Path, name: &str, text: &str) -> Result<(), Fault> {
    create_file(directory, name, text).map_err(keys_fault)
}

/// The error is in words, for the caller to say whose file it is.
fn create_file(directory: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = directory.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

pub(super) fn sync_directory(directory: &Path) -> Result<(), Fault> {
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    File::open(directory)
        .and_then(|handle| handle.sync_all())
        .map_err(|error| file_fault("sync", directory, &error))
}

fn read(directory: &Path, name: &str) -> Result<Zeroizing<String>, Fault> {
    let path = directory.join(name);
    let failed = |error: io::Error| keys_fault(format!("cannot read {}: {error}", path.display()));
    let mut file = File::open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(keys_fault(format!(
            "{} is open to others (mode {:03o}); run: chmod 600 {}",
            path.display(),
            mode & 0o777,
            path.display()
        )));
    }
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(unfit(directory, name));
    }
    // Room for everything at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(KEY_FILE_BYTES_MAX).unwrap_or(0),
    ));
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The credentials, when the keys lie there.
fn handed(credentials: Option<&Path>) -> Option<&Path> {
    credentials.filter(|path| path.join(IN_FLIGHT_FILE).exists())
}

fn read_identity(directory: &Path) -> Result<x25519::Identity, Fault> {
    read(directory, IN_FLIGHT_FILE)?
        .trim()
        .parse()
        .map_err(|_| unfit(directory, IN_FLIGHT_FILE))
}

fn read_hex(directory: &Path, name: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, Fault> {
    let bytes = unhex(read(directory, name)?.trim()).ok_or_else(|| unfit(directory, name))?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != KEY_BYTES {
        return Err(unfit(directory, name));
    }
    key.copy_from_slice(&bytes);
    Ok(key)
}

fn unfit(directory: &Path, name: &str) -> Fault {
    keys_fault(format!(
        "{} is not a station key",
        directory.join(name).display()
    ))
}

fn keys_fault(what: String) -> Fault {
    Fault::StationKeys { what }
}
