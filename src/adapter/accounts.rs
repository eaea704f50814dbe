//! The console's accounts, in one file that is the station's alone. Passphrases are kept as argon2id hashes; the file is always
//! whole, whoever writes it and whenever the power goes, and one that is broken is never written over.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::adapter::RegularFile;
use crate::domain::account::{
    Account, AccountChange, AccountName, AccountsFault, Passphrase, Role,
};
use crate::domain::time::Timestamp;
use crate::port::{Accounts, Clock};

/// Bytes: some thousand accounts.
const FILE_BYTES_MAX: u64 = 512 * 1024;
/// More than a hall full of people.
const ACCOUNTS_MAX: usize = 500;
/// KiB, passes, lanes: the OWASP cheat sheet's first choice for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const HEADING: &str = "# keyline: who may use the console. Written by keyline alone: `keyline console user --help`.\n\n";

/// A file that was written this short a while ago may have been written again since, without another time.
const SETTLED: Duration = Duration::from_millis(50);

/// Writes down what is about to be done to an account; what it refuses, in words, is not done.
pub type Witness = Arc<dyn Fn(&AccountName, AccountChange) -> Result<(), String> + Send + Sync>;

/// The file with the accounts. It is made with the first account.
pub struct AccountsFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    witness: Option<Witness>,
    /// What stood there when it was read last, and the file's marks then.
    seen: Mutex<Option<(Marks, Book)>>,
}

/// Two readings of a file with the same marks found the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks {
    file: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    #[serde(default, rename = "account")]
    accounts: Vec<Line>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: AccountName,
    role: Role,
    /// Milliseconds since 1970.
    set: Timestamp,
    /// A PHC string.
    passphrase: String,
}

impl Line {
    fn account(&self) -> Account {
        Account {
            name: self.name.clone(),
            role: self.role,
            set: self.set,
        }
    }
}

impl AccountsFile {
    /// The accounts in the file at `path`, whose folder is the station's.
    pub fn at(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            path,
            clock,
            witness: None,
            seen: Mutex::default(),
        }
    }

    /// Whoever is told of each change before it is made.
    #[must_use]
    pub fn told(mut self, witness: Witness) -> Self {
        self.witness = Some(witness);
        self
    }

    /// The file's marks, where it has been left alone for long enough to go by them.
    fn marks(&self) -> Option<Marks> {
        let about = fs::metadata(&self.path).ok()?;
        let changed = UNIX_EPOCH.checked_add(Duration::new(
            u64::try_from(about.ctime()).ok()?,
            u32::try_from(about.ctime_nsec()).ok()?,
        ))?;
        let is_settled = SystemTime::now().duration_since(changed).ok()? >= SETTLED;
        is_settled.then(|| Marks {
            file: (about.dev(), about.ino()),
            bytes: about.len(),
            written: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }

    fn unusable(&self, what: &impl ToString) -> AccountsFault {
        AccountsFault::Unusable {
            place: self.path.display().to_string(),
            what: what.to_string(),
        }
    }

    fn broken(&self, what: impl Into<String>) -> AccountsFault {
        AccountsFault::Broken {
            place: self.path.display().to_string(),
            what: what.into(),
        }
    }

    /// What stands in the file, without reading it again where it is the same as before: each request of a browser asks.
    fn read(&self) -> Result<Book, AccountsFault> {
        let marks = self.marks();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, book)) = seen.as_ref()
            && Some(*of) == marks
        {
            return Ok(book.clone());
        }
        *seen = None;
        let book = self.read_anew()?;
        // Somebody may have written between the two looks.
        if let Some(marks) = marks.filter(|marks| self.marks() == Some(*marks)) {
            *seen = Some((marks, book.clone()));
        }
        Ok(book)
    }

    fn read_anew(&self) -> Result<Book, AccountsFault> {
        let bytes = match RegularFile::read(&self.path, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Book::default()),
            Err(error) => return Err(self.unusable(&error)),
        };
        let mode = fs::metadata(&self.path).map_err(|error| self.unusable(&error))?;
        let mode = mode.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(self.broken(format!(
                "it is open to others (mode {mode:03o}); run: chmod 600 {}",
                self.path.display()
            )));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| self.broken("it is not text"))?;
        let book: Book = toml::from_str(text).map_err(|error| {
            // Its own words quote the line, which holds what is kept of a passphrase.
            let line = error.span().map_or(0, |span| {
                let before = text.get(..span.start).unwrap_or(text);
                before.matches('\n').count() + 1
            });
            self.broken(format!("line {line}: {}", error.message()))
        })?;
        self.check(&book)?;
        Ok(book)
    }

    fn check(&self, book: &Book) -> Result<(), AccountsFault> {
        for (index, line) in book.accounts.iter().enumerate() {
            if PasswordHash::new(&line.passphrase).is_err() {
                let what = format!(
                    "what is kept of the passphrase of `{}` is damaged",
                    line.name
                );
                return Err(self.broken(what));
            }
            let mut later = book.accounts.iter().skip(index + 1);
            if later.any(|other| other.name == line.name) {
                return Err(self.broken(format!("`{}` stands there twice", line.name)));
            }
        }
        Ok(())
    }

    /// Reads, changes and writes while nobody else does. What `change` refuses is not written.
    fn change<T>(
        &self,
        (name, what): (&AccountName, AccountChange),
        change: impl FnOnce(&mut Book) -> Result<T, AccountsFault>,
    ) -> Result<T, AccountsFault> {
        let _turn = self.turn().map_err(|error| self.unusable(&error))?;
        let mut book = self.read_anew()?;
        let changed = change(&mut book)?;
        // Nothing stands in its way any more, and nobody else can write between.
        if let Some(witness) = &self.witness {
            witness(name, what).map_err(AccountsFault::Unnoted)?;
        }
        book.accounts.sort_by(|a, b| a.name.cmp(&b.name));
        self.write(&book).map_err(|error| self.unusable(&error))?;
        Ok(changed)
    }

    /// Waits until nobody else writes. The lock is a file of its own, because the accounts' file is another one after each change.
    fn turn(&self) -> io::Result<File> {
        let lock = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.path.with_extension("lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(lock)
    }

    fn write(&self, book: &Book) -> io::Result<()> {
        let lines = toml::to_string(book).map_err(io::Error::other)?;
        let draft = self.path.with_extension("draft");
        // Left there by somebody who was cut off: it is our turn now, so nobody writes it.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = File::options()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(HEADING.as_bytes())?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        // The new name is there after a power cut as well.
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn line(
        &self,
        name: &AccountName,
        role: Role,
        passphrase: &Passphrase,
    ) -> Result<Line, AccountsFault> {
        Ok(Line {
            name: name.clone(),
            role,
            set: self.clock.now(),
            passphrase: hashed(passphrase).map_err(|what| self.unusable(&what))?,
        })
    }
}

impl Accounts for AccountsFile {
    fn list(&self) -> Result<Vec<Account>, AccountsFault> {
        Ok(self.read()?.accounts.iter().map(Line::account).collect())
    }

    fn add(
        &self,
        name: &AccountName,
        role: Role,
        passphrase: &Passphrase,
    ) -> Result<Account, AccountsFault> {
        let line = self.line(name, role, passphrase)?;
        self.change((name, AccountChange::Added { role }), |book| {
            if book.accounts.iter().any(|known| known.name == *name) {
                return Err(AccountsFault::Taken(name.clone()));
            }
            if book.accounts.len() >= ACCOUNTS_MAX {
                return Err(AccountsFault::TooMany(book.accounts.len()));
            }
            let account = line.account();
            book.accounts.push(line);
            Ok(account)
        })
    }

    fn add_first(
        &self,
        name: &AccountName,
        passphrase: &Passphrase,
    ) -> Result<Option<Account>, AccountsFault> {
        let role = Role::Administrator;
        let line = self.line(name, role, passphrase)?;
        let added = self.change((name, AccountChange::Added { role }), |book| {
            if !book.accounts.is_empty() {
                return Err(AccountsFault::Taken(name.clone()));
            }
            let account = line.account();
            book.accounts.push(line);
            Ok(account)
        });
        match added {
            Err(AccountsFault::Taken(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    fn remove(&self, name: &AccountName) -> Result<(), AccountsFault> {
        self.change((name, AccountChange::Removed), |book| {
            let found = book.accounts.iter().position(|known| known.name == *name);
            let Some(index) = found else {
                return Err(AccountsFault::Unknown(name.clone()));
            };
            book.accounts.remove(index);
            let mut left = book.accounts.iter();
            if !book.accounts.is_empty() && !left.any(|line| line.role == Role::Administrator) {
                return Err(AccountsFault::LastAdministrator(name.clone()));
            }
            Ok(())
        })
    }

    fn set_passphrase(
        &self,
        name: &AccountName,
        passphrase: &Passphrase,
    ) -> Result<Account, AccountsFault> {
        let hash = hashed(passphrase).map_err(|what| self.unusable(&what))?;
        self.change((name, AccountChange::Passphrase), |book| {
            let line = book.accounts.iter_mut().find(|line| line.name == *name);
            let Some(line) = line else {
                return Err(AccountsFault::Unknown(name.clone()));
            };
            // Never the same moment twice: sessions of the passphrase before end by it.
            line.set = self
                .clock
                .now()
                .max(Timestamp(line.set.0.saturating_add(1)));
            line.passphrase = hash;
            Ok(line.account())
        })
    }

    fn verify(
        &self,
        name: &str,
        passphrase: &Passphrase,
    ) -> Result<Option<Account>, AccountsFault> {
        let book = self.read()?;
        let name = name.parse::<AccountName>().ok();
        let line = book
            .accounts
            .iter()
            .find(|line| Some(&line.name) == name.as_ref());
        let right = match line {
            Some(line) => is_right(&line.passphrase, passphrase),
            // Its answer does not matter, but its time does.
            None => {
                let _ = is_right(nobodys(), passphrase);
                false
            }
        };
        Ok(line.filter(|_| right).map(Line::account))
    }
}

fn hasher() -> Result<Argon2<'static>, String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What is kept of a passphrase, with a salt of its own.
fn hashed(passphrase: &Passphrase) -> Result<String, String> {
    hasher()?
        .hash_password(passphrase.reveal().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| error.to_string())
}

fn is_right(kept: &str, passphrase: &Passphrase) -> bool {
    let Ok(kept) = PasswordHash::new(kept) else {
        return false;
    };
    // The parameters are those that it was made with.
    hasher().is_ok_and(|hasher| {
        hasher
            .verify_password(passphrase.reveal().as_bytes(), &kept)
            .is_ok()
    })
}

/// Compared with where nobody has that name: it takes as long, and how long it takes tells nobody who has an account.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hashed(&Passphrase::offered("nobody has this one")).unwrap_or_default())
}

#[cfg(test)]
mod tests;
