//! The key that an administrator's sign-in is sealed to: made whole or not at all, read, and locked by whoever uses it. Never
//! replaced: what has its name stays.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use age::secrecy::ExposeSecret;
use age::x25519;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use zeroize::Zeroizing;

use crate::adapter::RegularFile;
use crate::domain::fault::Fault;

use super::super::secret::open_to_others;
use super::{again, sync_folder};

/// Bytes. The key has under a hundred.
const KEY_BYTES_MAX: u64 = 4096;
/// Who holds the lock asks the tenant meanwhile, which takes a second or two.
const LOCK_WAIT_SECONDS_MAX: u64 = 10;
/// The kernel tells nobody who waits with a limit, so it is asked again.
const LOCK_RETRY_MS: u64 = 50;

/// Makes a key at `path`. One that somebody else made there meanwhile is as good.
///
/// # Errors
/// [`Fault::StationKeys`]; then nothing is left behind.
pub(super) fn make(path: &Path) -> Result<(), Fault> {
    let name = format!("sign-in.key.unfinished-{}", uuid::Uuid::new_v4().simple());
    let draft = path.with_file_name(name);
    let made = write(&draft).and_then(|()| give_name(&draft, path));
    if made.is_err() {
        // Nobody is left to be told when even that fails.
        let _gone = std::fs::remove_file(&draft);
    }
    made.and_then(|()| sync_folder(path))
        .map_err(|error| keys_fault(format!("cannot make {}: {error}", path.display())))
}

/// The key at `path`, and the file that bears its lock; `None` when there is no key. One that was `handed` over by systemd bears
/// the mode that systemd gave it.
///
/// # Errors
/// [`Fault::SignIn`] when it is no key, or somebody else holds it for too long; [`Fault::StationKeys`].
pub(super) fn open(path: &Path, handed: bool) -> Result<Option<(File, x25519::Identity)>, Fault> {
    let failed = |error: io::Error| keys_fault(format!("cannot read {}: {error}", path.display()));
    let file = match RegularFile::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !handed && let Some(why) = open_to_others(path) {
        return Err(keys_fault(why));
    }
    if !lock(&file, Duration::from_secs(LOCK_WAIT_SECONDS_MAX)).map_err(failed)? {
        return Err(held_by_another(path));
    }
    // Room from the start: a growing buffer would leave copies behind.
    let room = usize::try_from(KEY_BYTES_MAX).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    (&file)
        .take(KEY_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let key = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    match key {
        Some(key) => Ok(Some((file, key))),
        None => Err(no_key(path, handed)),
    }
}

fn write(draft: &Path) -> io::Result<()> {
    let identity = x25519::Identity::generate();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(identity.to_string().expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Gives the draft its name, unless something has that name.
fn give_name(draft: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => std::fs::remove_file(draft),
        // Some network shares do not know the flag.
        Err(Errno::INVAL | Errno::NOSYS) => match std::fs::hard_link(draft, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => std::fs::remove_file(draft),
        },
        Err(errno) => Err(errno.into()),
    }
}

/// Whether the lock came within `patience`.
fn lock(file: &File, patience: Duration) -> io::Result<bool> {
    let end = Instant::now() + patience;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if Instant::now() >= end => return Ok(false),
            Err(Errno::WOULDBLOCK) => {
                std::thread::sleep(Duration::from_millis(LOCK_RETRY_MS));
            }
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn held_by_another(path: &Path) -> Fault {
    let path = path.display();
    Fault::SignIn {
        what: format!(
            "another program has held {path} for {LOCK_WAIT_SECONDS_MAX} s; `fuser -v {path}` tells which, and if it hangs, end it"
        ),
    }
}

fn no_key(path: &Path, handed: bool) -> Fault {
    let path = path.display();
    if handed {
        again(&format!(
            "{path}, which systemd handed over, is no key of a sign-in; take the credential out of the unit"
        ))
    } else {
        again(&format!(
            "{path} is damaged or was cut off; delete it (nothing but the sign-in is lost with it)"
        ))
    }
}

fn keys_fault(what: String) -> Fault {
    Fault::StationKeys { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_makes_the_first_key_at_once_with_others_has_the_same_and_no_draft_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("sign-in.key");
        let start = std::sync::Barrier::new(8);
        let recipient = || {
            start.wait();
            make(&path).expect("a key");
            let (_lock, key) = open(&path, false).expect("read").expect("a key");
            key.to_public().to_string()
        };
        let keys: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(recipient)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("ended"))
                .collect()
        });
        assert!(keys.windows(2).all(|two| two[0] == two[1]), "{keys:?}");
        assert_eq!(std::fs::read_dir(home.path()).expect("entries").count(), 1);
    }

    #[test]
    fn a_key_that_cannot_be_written_leaves_nothing_behind() {
        let home = tempfile::tempdir().expect("a folder");
        // A name that is too long for the file system fails once the draft is written.
        let path = home.path().join("k".repeat(300));
        let fault = make(&path).expect_err("no such name");
        assert!(matches!(fault, Fault::StationKeys { .. }), "{fault}");
        assert_eq!(std::fs::read_dir(home.path()).expect("entries").count(), 0);
    }

    #[test]
    fn a_key_that_was_cut_off_is_told_with_what_to_delete() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("sign-in.key");
        make(&path).expect("a key");
        let whole = std::fs::read(&path).expect("bytes");
        for bytes in [&[][..], &whole[..20], &[0xFF; 10][..]] {
            std::fs::write(&path, bytes).expect("written");
            match open(&path, false) {
                Err(Fault::SignIn { what }) => {
                    assert!(what.contains("sign-in.key is damaged"), "{what}");
                    assert!(what.contains("delete it"), "{what}");
                    assert!(what.contains("keyline entra login"), "{what}");
                }
                Err(other) => panic!("{other}"),
                Ok(found) => panic!("read: {}", found.is_some()),
            }
        }
    }

    #[test]
    fn a_lock_that_another_holds_is_waited_for_with_a_limit() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("sign-in.key");
        make(&path).expect("a key");
        let held = open(&path, false).expect("read").expect("a key");
        let other = RegularFile::open(&path).expect("a file");
        assert!(!lock(&other, Duration::ZERO).expect("asked"));
        let fault = held_by_another(&path).to_string();
        assert!(fault.contains("fuser -v"), "{fault}");
        drop(held);
        assert!(lock(&other, Duration::ZERO).expect("asked"));
    }
}
