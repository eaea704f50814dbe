//! A disk whose power can be cut: a small file system in memory, mounted through FUSE, that forgets what was not synced. It never
//! helps: what POSIX leaves open is lost, or left to chance.
//!
//! # What is forgotten
//! A file's bytes and its length are on the disk once the file was synced, a name once its folder was. A new file whose folder
//! was synced and whose bytes were not is empty after a cut; a file that was synced and whose name was not is gone; a rename
//! into another folder needs both of them, or it is in both. Permissions are kept with the inode. By [`Loss::Chance`] some of it
//! survives, as on a disk that happened to have written it: names all together, because file systems keep a journal of them, the
//! bytes of each file page by page.
//!
//! # Why not a kill alone
//! The kernel's cache outlives the process that filled it, so a killed program finds all that it ever wrote. A cut here takes the
//! mount away and mounts anew: neither the caches nor the shared memory of the old one is left.

mod serve;

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use fuser::{BackgroundSession, Config, FileType, MountOption, Session};

use crate::seed::Seed;

const ROOT: u64 = 1;
const PAGE_BYTES: usize = 4096;

/// How long a mount may be busy.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// What a cut takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Everything that was not synced.
    All,
    /// Of what was not synced, what chance takes; the same for the same number.
    Chance(u64),
}

/// A mounted disk. Dropping it unmounts it and forgets everything.
pub(crate) struct Forgetful {
    platter: Shared,
    place: PathBuf,
    session: Option<BackgroundSession>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Platter>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the disk holds, and what the kernel believes it to hold.
struct Platter {
    inodes: HashMap<u64, Inode>,
    made: u64,
    /// How many files and folders were synced since the last mount.
    syncs: u64,
    /// The power goes before the sync with this number, and this is told of it.
    cut: Option<(u64, Box<dyn FnOnce() + Send>)>,
    /// The power is away: nothing is written any more. What was there at that moment can still be looked at.
    dead: bool,
}

struct Inode {
    kind: FileType,
    mode: u16,
    touched: SystemTime,
    bytes: Vec<u8>,
    bytes_on_disk: Vec<u8>,
    names: BTreeMap<OsString, u64>,
    names_on_disk: BTreeMap<OsString, u64>,
}

impl Inode {
    fn new(kind: FileType, mode: u16) -> Self {
        Self {
            kind,
            mode,
            touched: SystemTime::now(),
            bytes: Vec::new(),
            bytes_on_disk: Vec::new(),
            names: BTreeMap::new(),
            names_on_disk: BTreeMap::new(),
        }
    }

    /// Some of the bytes that were not synced have reached the disk all the same.
    fn survive(&mut self, chance: &mut Seed) {
        if self.bytes == self.bytes_on_disk {
            return;
        }
        match chance.up_to(3) {
            1 => {}
            2 => self.bytes_on_disk.clone_from(&self.bytes),
            _ => {
                if chance.up_to(2) == 1 {
                    self.bytes_on_disk.resize(self.bytes.len(), 0);
                }
                let pages = self.bytes_on_disk.chunks_mut(PAGE_BYTES);
                for (on_disk, page) in pages.zip(self.bytes.chunks(PAGE_BYTES)) {
                    if chance.up_to(2) == 1 {
                        let both = on_disk.len().min(page.len());
                        on_disk[..both].copy_from_slice(&page[..both]);
                    }
                }
            }
        }
    }
}

impl Platter {
    fn new() -> Self {
        Self {
            inodes: HashMap::from([(ROOT, Inode::new(FileType::Directory, 0o700))]),
            made: ROOT,
            syncs: 0,
            cut: None,
            dead: false,
        }
    }

    fn add(&mut self, parent: u64, name: &OsStr, inode: Inode) -> u64 {
        self.made += 1;
        let number = self.made;
        self.inodes.insert(number, inode);
        let folder = self.inodes.get_mut(&parent).expect("a folder");
        folder.names.insert(name.to_owned(), number);
        number
    }

    fn find(&self, parent: u64, name: &OsStr) -> Option<u64> {
        self.inodes.get(&parent)?.names.get(name).copied()
    }

    /// `false` when the power goes instead.
    fn sync(&mut self, number: u64) -> bool {
        self.syncs += 1;
        if self.cut.as_ref().is_some_and(|(at, _)| *at == self.syncs) {
            self.dead = true;
            if let Some((_, tell)) = self.cut.take() {
                tell();
            }
            return false;
        }
        let inode = self.inodes.get_mut(&number).expect("an open file");
        inode.bytes_on_disk.clone_from(&inode.bytes);
        inode.names_on_disk.clone_from(&inode.names);
        true
    }

    /// The folder at this path, made where it is missing.
    fn folder(&mut self, path: &Path) -> u64 {
        path.iter().fold(ROOT, |folder, name| {
            self.find(folder, name)
                .unwrap_or_else(|| self.add(folder, name, Inode::new(FileType::Directory, 0o700)))
        })
    }

    fn settle(&mut self) {
        for inode in self.inodes.values_mut() {
            inode.bytes_on_disk.clone_from(&inode.bytes);
            inode.names_on_disk.clone_from(&inode.names);
        }
    }

    fn forget(&mut self, loss: Loss) {
        let mut chance = match loss {
            Loss::All => None,
            Loss::Chance(number) => Some(Seed::of(number)),
        };
        let mut numbers: Vec<_> = self.inodes.keys().copied().collect();
        numbers.sort_unstable();
        let names_survive = chance.as_mut().is_some_and(|chance| chance.up_to(2) == 1);
        for number in numbers {
            let inode = self.inodes.get_mut(&number).expect("it is there");
            if names_survive {
                inode.names_on_disk.clone_from(&inode.names);
            }
            if let Some(chance) = &mut chance {
                inode.survive(chance);
            }
            inode.bytes.clone_from(&inode.bytes_on_disk);
            inode.names.clone_from(&inode.names_on_disk);
        }
    }
}

impl Forgetful {
    /// An empty disk, mounted on the folder `place`.
    pub(crate) fn mount(place: &Path) -> io::Result<Self> {
        let mut disk = Self {
            platter: Shared(Arc::new(Mutex::new(Platter::new()))),
            place: place.to_owned(),
            session: None,
        };
        disk.power_up()?;
        Ok(disk)
    }

    fn power_up(&mut self) -> io::Result<()> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("forgetful".to_owned()),
            MountOption::NoDev,
            MountOption::NoSuid,
            MountOption::NoAtime,
        ];
        {
            let mut platter = self.platter.lock();
            platter.dead = false;
            platter.syncs = 0;
            platter.cut = None;
        }
        self.session = Some(Session::new(self.platter.clone(), &self.place, &config)?.spawn()?);
        Ok(())
    }

    /// Puts a folder on the disk, with those above it, as though it had been there for years. Like [`Forgetful::plant`] not
    /// through the mount, so only where nobody has looked yet.
    pub(crate) fn plant_folder(&self, path: &Path) {
        let mut platter = self.platter.lock();
        platter.folder(path);
        platter.settle();
    }

    /// Puts a file on the disk, with the folders above it.
    pub(crate) fn plant(&self, path: &Path, bytes: &[u8]) {
        let mut platter = self.platter.lock();
        let folder = platter.folder(path.parent().expect("a path in the disk"));
        let mut file = Inode::new(FileType::RegularFile, 0o600);
        file.bytes = bytes.to_vec();
        platter.add(folder, path.file_name().expect("a file"), file);
        platter.settle();
    }

    /// The power will go before the sync with this number, counted from the last mount; `tell` is called at that moment, and
    /// has to end whoever works on the disk.
    pub(crate) fn cut_at_sync(&self, number: u64, tell: impl FnOnce() + Send + 'static) {
        self.platter.lock().cut = Some((number, Box::new(tell)));
    }

    /// The power will stay after all.
    pub(crate) fn stay(&self) {
        self.platter.lock().cut = None;
    }

    /// How many files and folders were synced since the last mount.
    pub(crate) fn syncs(&self) -> u64 {
        self.platter.lock().syncs
    }

    /// The power goes: from now on nothing is written.
    pub(crate) fn die(&self) {
        self.platter.lock().dead = true;
    }

    /// The power goes and comes back. Whoever had a file open must have ended.
    pub(crate) fn cut(&mut self, loss: Loss) -> io::Result<()> {
        self.die();
        self.unmount()?;
        self.platter.lock().forget(loss);
        self.power_up()
    }

    /// By the system's own command, because it can be tried again. Whoever had a file open has ended, but another thread may start
    /// a process just now, which has all our files until it becomes that program.
    fn unmount(&mut self) -> io::Result<()> {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        let until = Instant::now() + BUSY_MAX;
        loop {
            let tried = Command::new("umount").arg(&self.place).output()?;
            if tried.status.success() {
                return session.join();
            }
            if Instant::now() > until {
                let said = String::from_utf8_lossy(&tried.stderr).into_owned();
                return Err(io::Error::other(said));
            }
        }
    }
}

impl Drop for Forgetful {
    fn drop(&mut self) {
        self.die();
        // The mount goes with the namespace of the test in any case.
        let _ = self.unmount();
    }
}

#[cfg(test)]
mod tests;
