//! The drop folder: `new/ work/ done/ rejected/ hold/` under the queue directory.
//!
//! # Why
//! Events are hints, scans are the truth: inotify loses events, follows a folder that was renamed away and says nothing of
//! network shares. A file is ours once it was renamed into `work/`, and it leaves `work/` only after its outcome is written.
//! Never follows a link, never blocks on a pipe, never overwrites, never keeps a PIN where it can be sure to find it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::domain::job::row::Rules;
use crate::domain::job::sheet::{JobFile, Unusable};
use crate::domain::mailbox::{Archived, Claim, Delivery, MailboxFault, Outcome};
use crate::port::Mailbox;

pub mod format;

mod archive;
mod claim;
mod expiry;
mod intake;
mod lying;
mod new_file;
mod room;
mod sight;
mod sweep;
mod watch;

pub use lying::lying;
pub use new_file::NewFile;

use room::{Lock, Room, Rooms};
use sight::{Look, Sights};
use watch::Signal;

/// How the folder is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A file that nobody reported complete is taken when its size and time have not changed for so long.
    pub settle: Duration,
    /// The folder is looked at anew this often, whatever was reported.
    pub rescan: Duration,
    /// For network shares, which report nothing: compare the folder this often instead of waiting for events.
    pub poll: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            rescan: Duration::from_secs(5),
            poll: None,
        }
    }
}

/// The queue directory, held by this process alone while the value lives.
pub struct Folder {
    shared: Arc<Shared>,
    watchers: Mutex<Vec<Sender<Signal>>>,
    /// Files that are complete and could not be claimed when that was tried last.
    stuck: Mutex<Vec<OsString>>,
    _lock: Lock,
}

/// Checks a job file that lies anywhere, with the answers that the queue would give, and leaves it alone.
///
/// # Errors
/// [`Unusable`] with every complaint when no row of it could be used.
pub fn check_file(path: &Path, rules: &Rules) -> Result<JobFile, Unusable> {
    intake::check_elsewhere(path, rules)
}

/// The names of the folders in a queue directory.
pub fn rooms() -> [&'static str; 5] {
    Room::ALL.map(Room::name)
}

/// What the watching thread and the station's threads share.
struct Shared {
    root: PathBuf,
    /// The HMAC key of this station.
    key: Zeroizing<[u8; 32]>,
    options: Options,
    sights: Mutex<Sights>,
}

impl Folder {
    /// Opens the queue at `root`, makes the folders that are missing (mode 0700) and locks it against other stations.
    /// `key` is the station key that content hashes are made with.
    ///
    /// # Errors
    /// [`MailboxFault::HeldByAnother`], [`MailboxFault::AcrossFileSystems`], [`MailboxFault::NotAFolder`], and whatever the
    /// file system says.
    pub fn open(root: &Path, key: [u8; 32], options: Options) -> Result<Self, MailboxFault> {
        let rooms = Rooms::create(root)?;
        let lock = rooms.lock()?;
        sweep::sweep(&rooms);
        Ok(Self {
            shared: Arc::new(Shared {
                root: root.to_owned(),
                key: Zeroizing::new(key),
                options,
                sights: Mutex::default(),
            }),
            watchers: Mutex::default(),
            stuck: Mutex::default(),
            _lock: lock,
        })
    }
}

impl Mailbox for Folder {
    fn watch(&self, wake: Box<dyn FnMut() -> bool + Send>) -> Result<(), MailboxFault> {
        let (sender, signals) = channel();
        watch::start(Arc::clone(&self.shared), sender.clone(), signals, wake)?;
        held(&self.watchers).push(sender);
        Ok(())
    }

    fn collect(&self) -> Result<Vec<Claim>, MailboxFault> {
        let ready = self.shared.look()?.ready;
        let rooms = Rooms::open(&self.shared.root)?;
        let (mut claims, mut stuck) = (Vec::new(), Vec::new());
        let mut fault = None;
        for name in ready {
            match claim::take(&rooms, &name) {
                Ok(taken) => claims.extend(taken),
                // One file that cannot be moved must not keep the others waiting.
                Err(failed) => {
                    tracing::warn!(fault = %failed, "a file in new/ could not be claimed");
                    fault = Some(failed);
                    stuck.push(name);
                }
            }
        }
        *held(&self.stuck) = stuck;
        match fault {
            Some(fault) if claims.is_empty() => Err(fault),
            _ => Ok(claims),
        }
    }

    fn is_settling(&self) -> Result<bool, MailboxFault> {
        let look = self.shared.look()?;
        // What has become complete since the last claim lies there as well: whoever ends when nothing is left must not miss it.
        // Only what cannot be claimed is waited for no longer.
        let stuck = held(&self.stuck);
        let fresh = look.ready.iter().any(|name| !stuck.contains(name));
        Ok(look.next.is_some() || fresh)
    }

    fn left_over(&self) -> Result<Vec<Claim>, MailboxFault> {
        claim::left_over(&Rooms::open(&self.shared.root)?)
    }

    fn read(&self, claim: &Claim, rules: &Rules) -> Result<Delivery, MailboxFault> {
        let rooms = Rooms::open(&self.shared.root)?;
        intake::read(&rooms, claim, rules, &self.shared.key)
    }

    fn finish(&self, claim: &Claim, outcome: &Outcome) -> Result<Archived, MailboxFault> {
        archive::finish(&Rooms::open(&self.shared.root)?, claim, outcome)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for watcher in held(&self.watchers).drain(..) {
            // A watcher that is gone needs no telling.
            let _ = watcher.send(Signal::Stop);
        }
    }
}

impl Shared {
    /// Looks at `new/` now.
    fn look(&self) -> Result<Look, MailboxFault> {
        let entries = Rooms::open(&self.root)?.entries(Room::New)?;
        let entries: Vec<(OsString, sight::Stamp)> = entries
            .into_iter()
            .filter(|(name, _)| !sight::is_ignored(name))
            .collect();
        Ok(held(&self.sights).look(entries, Instant::now(), self.options.settle))
    }
}

/// A lock whose holder panicked is taken all the same: what it guards is only hints.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
