//! The five folders as open directories, and the few file system calls that everything else is made of. Every failure becomes
//! a [`MailboxFault`] in words, here and nowhere else.

use std::ffi::{OsStr, OsString};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, CWD, Dir, FlockOperation, Mode, OFlags, RenameFlags, Stat};
use rustix::io::Errno;

use super::sight::Stamp;
use crate::domain::mailbox::MailboxFault;

/// Whoever may read a job file may read PINs.
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
const FOLDER_MODE: Mode = Mode::RWXU;
/// Begins the name of a file in the making. Names that begin with a dot are left alone by every station.
pub(super) const DRAFT: &str = ".writing-";
const LOCK_NAME: &str = ".lock";
/// A process number fits.
const HOLDER_BYTES_MAX: u64 = 32;

/// One of the five folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    New,
    Work,
    Done,
    Rejected,
    Hold,
}

impl Room {
    pub(super) const ALL: [Self; 5] = [
        Self::New,
        Self::Work,
        Self::Done,
        Self::Rejected,
        Self::Hold,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Work => "work",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Hold => "hold",
        }
    }
}

/// The queue directory, opened anew for each act: a folder that was replaced is then the new one.
pub(super) struct Rooms {
    path: PathBuf,
    root: OwnedFd,
}

/// Held by one station at a time.
pub(super) struct Lock(std::fs::File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A program that another thread is just starting has a copy of the file until it runs; that must hold nobody up.
        let _closed_anyway = self.0.unlock();
    }
}

impl Rooms {
    /// Makes what is missing.
    pub(super) fn create(path: &Path) -> Result<Self, MailboxFault> {
        match fs::mkdir(path, FOLDER_MODE) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(fault(errno, "make a folder", path)),
        }
        let rooms = Self::open(path)?;
        let device = |fd: &OwnedFd, path: &Path| match fs::fstat(fd) {
            Ok(stat) => Ok(stat.st_dev),
            Err(errno) => Err(fault(errno, "look", path)),
        };
        let home = device(&rooms.root, path)?;
        for room in Room::ALL {
            let place = path.join(room.name());
            match fs::mkdirat(&rooms.root, room.name(), FOLDER_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(fault(errno, "make a folder", &place)),
            }
            if device(&rooms.enter(room)?, &place)? != home {
                let place = place.display().to_string();
                return Err(MailboxFault::AcrossFileSystems { place });
            }
        }
        Ok(rooms)
    }

    pub(super) fn open(path: &Path) -> Result<Self, MailboxFault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open(path, flags, Mode::empty()).map_err(|e| fault(e, "look", path))?;
        let path = path.to_owned();
        Ok(Self { path, root })
    }

    /// Takes the lock that one station at a time may hold. It ends with what is given back, also in a crash.
    pub(super) fn lock(&self) -> Result<Lock, MailboxFault> {
        let place = self.path.join(LOCK_NAME);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = fs::openat(&self.root, LOCK_NAME, flags, FILE_MODE)
            .map_err(|e| fault(e, "open the lock", &place))?;
        match fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // The number is a courtesy; without it the message is still right.
                let _ = std::fs::File::from(lock)
                    .take(HOLDER_BYTES_MAX)
                    .read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "its process is not known".to_owned(),
                    pid => format!("process {pid}"),
                };
                let queue = self.path.display().to_string();
                return Err(MailboxFault::HeldByAnother { queue, holder });
            }
            Err(errno) => return Err(fault(errno, "lock the queue", &place)),
        }
        let mut file = std::fs::File::from(lock);
        // As above: a full disk must not keep the station from starting.
        let _ = file.set_len(0);
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Lock(file))
    }

    pub(super) fn path(&self, room: Room) -> PathBuf {
        self.path.join(room.name())
    }

    pub(super) fn enter(&self, room: Room) -> Result<OwnedFd, MailboxFault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(&self.root, room.name(), flags, Mode::empty())
            .map_err(|e| fault(e, "look", &self.path(room)))
    }

    /// What lies in a room, in name order, without following anything. Entries that vanish meanwhile are left out.
    pub(super) fn entries(&self, room: Room) -> Result<Vec<(OsString, Stamp)>, MailboxFault> {
        let fault = |errno| fault(errno, "look", &self.path(room));
        let fd = self.enter(room)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&fd).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            if let Ok(stat) = fs::statat(&fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                entries.push((name, Stamp::of(&stat)));
            }
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(entries)
    }

    pub(super) fn stat(&self, room: Room, name: &OsStr) -> Result<Option<Stat>, MailboxFault> {
        match fs::statat(self.enter(room)?, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(fault(errno, "look", &self.path(room))),
        }
    }

    /// Opens a file for reading: follows no link, waits for no writer of a pipe. The error is the system's, for the caller to
    /// judge.
    pub(super) fn open_file(&self, room: Room, name: &OsStr) -> Result<OwnedFd, Errno> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = self.enter(room).map_err(|_| Errno::NOENT)?;
        fs::openat(fd, name, flags, Mode::empty())
    }

    /// Moves an entry, whatever it is, to a name that is free, and makes both folders durable. `false` when it is not there.
    pub(super) fn rename(
        &self,
        from: (Room, &OsStr),
        to: (Room, &OsStr),
    ) -> Result<bool, MailboxFault> {
        let source = self.enter(from.0)?;
        let target = self.enter(to.0)?;
        match rename_to_free(&source, from.1, &target, to.1) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(fault(errno, "move a file", &self.path(to.0))),
        }
        self.sync(to.0, &target)?;
        self.sync(from.0, &source)?;
        Ok(true)
    }

    /// Writes a file, complete and durable or not at all. Replaces one of the same name only when `replace`.
    pub(super) fn write(
        &self,
        room: Room,
        name: &OsStr,
        bytes: &[u8],
        replace: bool,
    ) -> Result<(), MailboxFault> {
        let place = self.path(room);
        let fault = |errno| fault(errno, "write", &place);
        let folder = self.enter(room)?;
        let mut draft = OsString::from(DRAFT);
        draft.push(name);
        // What a cut left of an earlier try is ours: the queue is locked.
        let _ = fs::unlinkat(&folder, &draft, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = fs::openat(&folder, &draft, flags, FILE_MODE).map_err(fault)?;
        let mut file = std::fs::File::from(file);
        let written = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
            .and_then(|()| {
                if replace {
                    fs::renameat(&folder, &draft, &folder, name)
                } else {
                    rename_to_free(&folder, &draft, &folder, name)
                }
            });
        if let Err(errno) = written {
            let _ = fs::unlinkat(&folder, &draft, AtFlags::empty());
            return Err(fault(errno));
        }
        self.sync(room, &folder)
    }

    /// Removes a file for good. One that is gone already is no fault.
    pub(super) fn remove(&self, room: Room, name: &OsStr) -> Result<(), MailboxFault> {
        let folder = self.enter(room)?;
        match fs::unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => self.sync(room, &folder),
            Err(errno) => Err(fault(errno, "remove a file", &self.path(room))),
        }
    }

    /// Takes a regular file from the reach of everyone but its owner, as far as we may.
    pub(super) fn close_to_others(&self, room: Room, name: &OsStr) {
        if let Ok(file) = self.open_file(room, name) {
            // Somebody else's file in our folder (0700) is out of reach for others already.
            let _ = fs::fchmod(file, FILE_MODE);
        }
    }

    fn sync(&self, room: Room, folder: &OwnedFd) -> Result<(), MailboxFault> {
        match fs::fsync(folder) {
            // Some network file systems cannot sync a folder; they have nothing better.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(fault(errno, "make a change durable", &self.path(room))),
        }
    }
}

/// A rename that overwrites nothing.
fn rename_to_free(
    source: &OwnedFd,
    from: &OsStr,
    target: &OwnedFd,
    to: &OsStr,
) -> Result<(), Errno> {
    match fs::renameat_with(source, from, target, to, RenameFlags::NOREPLACE) {
        // Some network file systems know no flags. Nobody but us writes under these names while we hold the lock.
        Err(Errno::INVAL | Errno::NOSYS) => {
            match fs::statat(target, to, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => fs::renameat(source, from, target, to),
                Ok(_) => Err(Errno::EXIST),
                Err(errno) => Err(errno),
            }
        }
        other => other,
    }
}

/// The folder that `path` names just now; `None` when there is none.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let stat = fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

pub(super) fn fault(errno: Errno, act: &str, place: &Path) -> MailboxFault {
    // A name that is not UTF-8 is shown as well as it can be.
    let place = String::from_utf8_lossy(place.as_os_str().as_bytes()).into_owned();
    let act = act.to_owned();
    match errno {
        Errno::NOSPC | Errno::DQUOT => MailboxFault::NoSpace { place },
        Errno::ACCESS | Errno::PERM | Errno::ROFS => MailboxFault::Denied { act, place },
        Errno::XDEV => MailboxFault::AcrossFileSystems { place },
        Errno::NOTDIR | Errno::LOOP => MailboxFault::NotAFolder { place },
        Errno::NOENT => MailboxFault::Failed {
            act,
            place,
            what: "it is not there".to_owned(),
        },
        other => MailboxFault::Failed {
            act,
            place,
            what: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_words() {
        for (errno, words) in [
            (
                Errno::NOSPC,
                "the disk that holds /queue/done is full: make room, the file waits where it is",
            ),
            (
                Errno::ACCESS,
                "this station may not write in /queue/done: check the owner and the mode of the folder",
            ),
            (
                Errno::XDEV,
                "/queue/done is a folder of another file system: a queue has to lie on one",
            ),
            (
                Errno::NOENT,
                "could not write in /queue/done: it is not there",
            ),
        ] {
            let fault = fault(errno, "write", Path::new("/queue/done"));
            assert_eq!(fault.to_string(), words);
        }
    }
}
