//! Where the client secret comes from. It is read at each use, so that a rotated secret counts at once, and wiped after;
//! it is never part of the configuration, a log or an error.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::adapter::RegularFile;
use crate::domain::fault::Fault;

/// Bytes. Entra's secrets have about 40 characters; a larger file is another file.
const SECRET_BYTES_MAX: u64 = 4096;

/// Where the packaged unit has the file of the credential.
const PACKAGED: &str = "/etc/keyline";

/// Names the place of the client secret; in the configuration `{ env = "…" }`, `{ file = "…" }` or `{ credential = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; a line end behind the secret is ignored.
    File(PathBuf),
    /// A systemd credential: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

/// The client secret. No `Debug`, `Display`, `Clone` or `Serialize`; wiped on drop.
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret in clear, for the token request alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl SecretSource {
    /// Whether the secret can be read here and now, by this user.
    ///
    /// # Errors
    /// [`Fault::SignIn`], naming the place and never the content.
    pub fn check(&self) -> Result<(), Fault> {
        self.read().map(drop)
    }

    /// Reads the secret now.
    ///
    /// # Errors
    /// [`Fault::SignIn`], naming the place and never the content.
    pub(super) fn read(&self) -> Result<Secret, Fault> {
        // Whoever reads it can register passkeys for everybody.
        if let Some(what) = self.open_to_others() {
            return Err(Fault::SignIn { what });
        }
        self.reveal_as("client secret")
            .map(Secret)
            .map_err(|what| Fault::SignIn { what })
    }

    /// Reads another secret that the configuration names in the same way, such as a printer's password; `what` is its name in
    /// an error.
    ///
    /// # Errors
    /// In words, naming the place and never the content.
    pub fn reveal_as(&self, what: &str) -> Result<Zeroizing<String>, String> {
        let bytes = self.bytes_as(what, SECRET_BYTES_MAX)?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| self.unreadable(what, "it is not text"))?;
        let secret = text.trim();
        if secret.is_empty() {
            return Err(format!("the {what} is empty"));
        }
        Ok(Zeroizing::new(secret.to_owned()))
    }

    /// Reads what lies there, as it is, such as a certificate and its key.
    ///
    /// # Errors
    /// In words, naming the place and never the content.
    pub fn bytes_as(&self, what: &str, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, String> {
        match self {
            Self::Env(name) => std::env::var(name)
                .map(|text| Zeroizing::new(text.into_bytes()))
                .map_err(|_| {
                    format!(
                        "the environment variable {name}, which shall hold the {what}, is not set or not text"
                    )
                }),
            Self::File(path) => read_file(path, what, bytes_max),
            Self::Credential(name) => {
                let directory = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    format!(
                        "the systemd credential {name} reaches only what systemd starts, and $CREDENTIALS_DIRECTORY is not set here. A unit needs LoadCredential={name}:FILE. Before a command that you type, put this, with the user and the file of your unit: `sudo systemd-run --pipe --wait --uid=keyline --property=LoadCredential={name}:{PACKAGED}/{name}`"
                    )
                })?;
                if name.is_empty() || name.contains('/') || name == ".." {
                    return Err(format!("`{name}` cannot name a credential"));
                }
                read_file(&PathBuf::from(directory).join(name), what, bytes_max)
            }
        }
    }

    /// That what lies there is of no use.
    pub(super) fn unreadable(&self, what: &str, why: &str) -> String {
        format!("{} with the {what} cannot be read: {why}", self.place())
    }

    /// Where it is, for a person.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("the environment variable {name}"),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Credential(name) => format!("the systemd credential {name}"),
        }
    }

    /// Why others can read what lies there, and what to do. Only of a file can that be told: systemd hands a credential
    /// to nobody else.
    pub fn open_to_others(&self) -> Option<String> {
        match self {
            Self::File(path) => open_to_others(path),
            Self::Env(_) | Self::Credential(_) => None,
        }
    }
}

/// Why others than the station can read or change the file at `path`, and what to do; `None` when they cannot.
///
/// A file of somebody else's, such as root's, may be lent to the station through its group.
pub(super) fn open_to_others(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let allowed = if ours { 0o700 } else { 0o740 };
    let mode = metadata.mode() & 0o777;
    (mode & !allowed != 0).then(|| {
        let path = path.display();
        let right = if ours { "600" } else { "640" };
        format!("{path} is open to others (mode {mode:03o}); run: chmod {right} {path}")
    })
}

fn read_file(path: &Path, what: &str, bytes_max: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    RegularFile::read(path, bytes_max).map_err(|error| {
        format!(
            "the file {} with the {what} cannot be read: {error}",
            path.display()
        )
    })
}
